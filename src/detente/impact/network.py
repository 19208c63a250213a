"""The supply network of a case on a day, as arrays."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide.facts import facts_of
from detente.decide.sale import legal_party
from detente.record import Case
from detente.record.load import as_day

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CLASSES = {"critical": 2, "important": 1, "other": 0}
UNCLASSED = "important"  # a sale whose input the case does not class weighs with its share of all purchases


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Units and the yearly sales between them, as they stand on ``day``.

    ``units`` is a frame with a row a unit: unit, name, party (whoever owns it that day), side, country, item,
    output_usd_m (USD m a year, with _low and _high), tags. ``links`` are ids of the sales that exist that day; ``rows``
    their positions among the case's links; ``seller`` and ``buyer`` index ``units``; ``value`` is USD m a year;
    ``link_class`` 2 critical, 1 important, 0 other; ``n_unclassed`` sales are of an input that the case does not class.
    """

    day: dt.date
    units: pl.DataFrame
    links: tuple[str, ...]
    rows: Ints
    seller: Ints
    buyer: Ints
    value: Floats
    link_class: npt.NDArray[np.int8]
    n_unclassed: int
    record: str

    @property
    def output(self) -> Floats:
        """Output of each unit without the measures, USD m a year."""
        return self.units["output_usd_m"].to_numpy()

    @classmethod
    def of(cls, case: Case, day: dt.date | str) -> Network:
        """The network of a case on a day: units and links that exist then, each unit with its owner of that day."""
        when = as_day(day, "day")
        facts = facts_of(case)
        units = case["units"].filter(_holds(when)).sort("id")
        owners = {p: legal_party(p, facts, when)[0] for p in units["party"].unique()}
        parties = case["parties"].select("id", "side", pl.col("name").alias("party_name"))
        table = (
            units.with_columns(pl.col("party").replace(owners))
            .join(parties, left_on="party", right_on="id", how="left", maintain_order="left")
            .select(
                pl.col("id").alias("unit"), "name", "party", "party_name", "side", "country", "item",
                "output_usd_m", "output_usd_m_low", "output_usd_m_high", "tags",
            )
        )  # fmt: skip
        index = pl.DataFrame({"unit": table["unit"], "i": np.arange(table.height)})
        links = (
            case["links"]
            .with_row_index("row")
            .filter(_holds(when))
            .join(index.rename({"unit": "seller", "i": "s"}), on="seller", how="inner", maintain_order="left")
            .join(index.rename({"unit": "buyer", "i": "b"}), on="buyer", how="inner", maintain_order="left")
        )
        seller, buyer = links["s"].to_numpy(), links["b"].to_numpy()
        classes, n_unclassed = _classes(case, table, seller, buyer, when)
        return cls(
            day=when,
            units=table,
            links=tuple(links["id"]),
            rows=links["row"].cast(pl.Int64).to_numpy(),
            seller=seller,
            buyer=buyer,
            value=links["value_usd_m"].to_numpy(),
            link_class=classes,
            n_unclassed=n_unclassed,
            record=case.digest,
        )


def _holds(day: dt.date) -> pl.Expr:
    return (pl.col("since").is_null() | (pl.col("since") <= day)) & (
        pl.col("through").is_null() | (pl.col("through") >= day)
    )


def _classes(
    case: Case, units: pl.DataFrame, seller: Ints, buyer: Ints, day: dt.date
) -> tuple[npt.NDArray[np.int8], int]:
    """The class of each sale: the row for its buyer unit, else the row for what the buyer makes."""
    own: dict[tuple[str, str], str] = {}
    general: dict[tuple[str, str], str] = {}
    for made, used, unit, class_ in (
        case["inputs"].filter(_holds(day)).select("made", "used", "unit", "class").iter_rows()
    ):
        if unit is not None:
            own[unit, used] = class_
        else:
            general[made, used] = class_
    items, names = units["item"].to_list(), units["unit"].to_list()
    n_unclassed = 0
    answer = np.empty(seller.size, dtype=np.int8)
    for k, (s, b) in enumerate(zip(seller.tolist(), buyer.tolist(), strict=True)):
        found = own.get((names[b], items[s])) or general.get((items[b], items[s]))
        n_unclassed += found is None
        answer[k] = CLASSES[found or UNCLASSED]
    return answer, n_unclassed

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
    ``stock_days`` is links x 3, the days of use that the buyer usually holds of what it buys: low, central, high; NaN
    where the case does not say, None where nothing is known of stocks.
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
    stock_days: Floats | None = None

    @property
    def output(self) -> Floats:
        """Output of each unit without the measures, USD m a year."""
        return self.units["output_usd_m"].to_numpy()

    @property
    def revenue(self) -> Floats:
        """Output, or sales where rounding of the record makes those larger, USD m a year."""
        return np.maximum(self.output, np.bincount(self.seller, self.value, self.units.height))

    @property
    def value_added_share(self) -> Floats:
        """Share of each unit's output that is not purchases inside the network; 0 where it makes nothing."""
        n, revenue = self.units.height, self.revenue
        bought = np.bincount(self.buyer, self.value, n).astype(np.float64)
        share: Floats = np.divide(revenue - bought, revenue, out=np.zeros(n), where=revenue > 0)
        return share

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
        classes, stock, n_unclassed = _inputs(case, table, seller, buyer, when)
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
            stock_days=stock,
        )


def _holds(day: dt.date) -> pl.Expr:
    return (pl.col("since").is_null() | (pl.col("since") <= day)) & (
        pl.col("through").is_null() | (pl.col("through") >= day)
    )


def _inputs(
    case: Case, units: pl.DataFrame, seller: Ints, buyer: Ints, day: dt.date
) -> tuple[npt.NDArray[np.int8], Floats, int]:
    """Class and stock of each sale: from the row for its buyer unit, else from the row for what the buyer makes."""
    own: dict[tuple[str, str], tuple[str, list[float | None]]] = {}
    general: dict[tuple[str, str], tuple[str, list[float | None]]] = {}
    columns = ("made", "used", "unit", "class", "stock_days_low", "stock_days", "stock_days_high")
    for made, used, unit, class_, low, days, high in case["inputs"].filter(_holds(day)).select(columns).iter_rows():
        said = class_, [days if low is None else low, days, days if high is None else high]
        if unit is not None:
            own[unit, used] = said
        else:
            general[made, used] = said
    items, names = units["item"].to_list(), units["unit"].to_list()
    n_unclassed = 0
    answer, stock = np.empty(seller.size, dtype=np.int8), np.full((seller.size, 3), np.nan)
    for k, (s, b) in enumerate(zip(seller.tolist(), buyer.tolist(), strict=True)):
        near, far = own.get((names[b], items[s])), general.get((items[b], items[s]))
        found = near or far
        n_unclassed += found is None
        answer[k] = CLASSES[found[0] if found else UNCLASSED]
        known = [row[1] for row in (near, far) if row is not None and row[1][1] is not None]
        if known:
            stock[k] = np.array(known[0], dtype=np.float64)
    return answer, stock, n_unclassed

"""A network that did not come from a case, and what the law permits on it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import ArrayLike

from detente.decide.permits import OnDay
from detente.decide.verdict import STATES
from detente.impact.calibration import NetworkError, amounts
from detente.impact.network import CLASSES, UNCLASSED, Network

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NO_DAY = dt.date.min  # of a network that is of no particular day


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A network and what was known besides.

    ``final_usd_m`` is n x k: what the final buyers ``final_to`` take from each unit, USD m a year, as the source has
    it; a unit's output less its sales in ``network`` may exceed its row, as sales left out are taken for final ones.
    ``left_out`` has a row a reason: reason, n, usd_m. ``tables`` are what else the source says.
    """

    network: Network
    final_to: tuple[str, ...]
    final_usd_m: Floats
    left_out: pl.DataFrame
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)


def left_out(rows: Sequence[tuple[str, int, float]]) -> pl.DataFrame:
    """The frame of what was left out, the reasons that occur only."""
    schema = {"reason": pl.String, "n": pl.Int64, "usd_m": pl.Float64}
    return pl.DataFrame([r for r in rows if r[1]], schema=schema, orient="row")


def network_of(
    units: pl.DataFrame, seller: Ints, buyer: Ints, value: Floats, *, link_class: npt.NDArray[np.int8] | None,
    day: dt.date, n_unclassed: int = 0, links: Sequence[str] | None = None,
) -> Network:  # fmt: skip
    """A ``Network`` of a frame of units and arrays of sales, USD m a year.

    ``units`` has unit, item and output_usd_m; name, party, party_name, side and country are filled in where they are
    missing (the unit's id, and an empty text). ``link_class`` None: every sale is ``important`` and counts as
    unclassed. ``links`` None: ``seller>buyer:item``. The record's digest is of all that.
    """
    filled = {
        "name": pl.col("unit"), "party": pl.col("unit"), "party_name": pl.col("unit"), "side": pl.lit(""),
        "country": pl.lit(""), "output_usd_m_low": pl.lit(None, pl.Float64),
        "output_usd_m_high": pl.lit(None, pl.Float64), "tags": pl.lit([], pl.List(pl.String)),
    }  # fmt: skip
    table = units.with_columns(e.alias(c) for c, e in filled.items() if c not in units.columns).select(
        "unit", "name", "party", "party_name", "side", "country", "item",
        "output_usd_m", "output_usd_m_low", "output_usd_m_high", "tags",
    )  # fmt: skip
    if link_class is None:
        link_class, n_unclassed = np.full(seller.size, CLASSES[UNCLASSED], dtype=np.int8), seller.size
    names, items = table["unit"], table["item"]
    ids = (
        pl.Series(links, dtype=pl.String)
        if links is not None
        else names[seller] + ">" + names[buyer] + ":" + items[seller]
    )
    digest = hashlib.sha256()
    digest.update(table.select("unit", "party", "side", "country", "item", "output_usd_m").write_csv().encode())
    for array in (seller, buyer, value, link_class):
        digest.update(np.ascontiguousarray(array).tobytes())
    return Network(
        day=day,
        units=table,
        links=tuple(ids.to_list()),
        rows=np.arange(seller.size),
        seller=seller.astype(np.int64),
        buyer=buyer.astype(np.int64),
        value=value.astype(np.float64),
        link_class=link_class,
        n_unclassed=int(n_unclassed),
        record=digest.hexdigest(),
    )


def classes_by_item(
    items: pl.Series, seller: Ints, buyer: Ints, classes: pl.DataFrame | None
) -> tuple[npt.NDArray[np.int8] | None, int]:
    """The class of each sale from a frame with made, used and class, as in ``inputs.csv``; how many it does not name.

    Raises ``NetworkError`` for a class that is none, or a pair of items that is classed twice.
    """
    if classes is None:
        return None, seller.size
    wrong = classes.filter(~pl.col("class").is_in(list(CLASSES)) | pl.col("class").is_null())
    if wrong.height:
        raise NetworkError(f"classes: got {wrong['class'][0]!r}; expected {', '.join(CLASSES)}")
    if classes.select("made", "used").is_duplicated().any():
        raise NetworkError("classes: some pair of made and used stands in two rows; expected one class for an input")
    asked = pl.DataFrame({"made": items[buyer], "used": items[seller]})
    found = asked.join(classes.select("made", "used", "class"), on=["made", "used"], how="left", maintain_order="left")
    n_unclassed = found["class"].null_count()
    number = found["class"].fill_null(UNCLASSED).replace_strict(CLASSES, return_dtype=pl.Int8)
    return number.to_numpy().copy(), n_unclassed


def sales_where(
    network: Network, *, seller: pl.Expr | None = None, buyer: pl.Expr | None = None
) -> npt.NDArray[np.bool_]:
    """Which sales have a seller and a buyer of this kind: expressions over the columns of ``network.units``.

    >>> from detente.impact.sources import random_network
    >>> network = random_network(100, seed=1).network
    >>> bool(sales_where(network, seller=pl.col("side") == "a").all())
    False
    """
    answer = np.ones(network.seller.size, dtype=np.bool_)
    for asked, ends in ((seller, network.seller), (buyer, network.buyer)):
        if asked is not None:
            answer &= network.units.select(asked.fill_null(False)).to_series().to_numpy()[ends]
    return answer


def allow(network: Network, share: ArrayLike = 1.0) -> OnDay:
    """Permits for a network that has no measures of its own: the share of each sale that may go on, from 0 to 1.

    ``share`` is one for all or one a sale; nothing is unknown, and no verdict stands behind it.

    Raises ``NetworkError`` for a share out of range.

    >>> from detente.impact.sources import random_network
    >>> network = random_network(100, seed=1).network
    >>> closed = sales_where(network, seller=pl.col("side") == "a", buyer=pl.col("side") == "b")
    >>> permits = allow(network, np.where(closed, 0.0, 1.0))
    """
    m = network.seller.size
    given = amounts("share", np.broadcast_to(np.asarray(share, dtype=np.float64), (m,)), m)
    if given.max(initial=0.0) > 1:
        raise NetworkError(f"share: got {given.max()}; expected shares from 0 to 1 (0.5, not 50)")
    state = np.where(
        given >= 1.0, STATES.index("open"), np.where(given > 0, STATES.index("capped"), STATES.index("closed"))
    )
    return OnDay(
        day=network.day, links=network.links, state=state.astype(np.int8), allowed=given, low=given, high=given,
        verdict=(None,) * m, record=network.record,
    )  # fmt: skip

"""Who else could supply a buyer: other makers of what it buys, and what the law says of sales nobody made yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from detente.decide import Permits, permits
from detente.record import Case, DetenteError

RESIDUAL = "residual"  # tag of a unit that stands for many sellers and is no maker anybody could turn to


@dataclass(frozen=True, slots=True, eq=False)
class Newcomers:
    """Sales that could be: seller and buyer (ids of units), a sale of the record that each is like, and its permits.

    Row k of ``permits`` (``permits.link == k``) is row k of ``seller``, ``buyer`` and ``like``.
    """

    seller: tuple[str, ...]
    buyer: tuple[str, ...]
    like: tuple[str, ...]
    permits: Permits


def newcomers(
    case: Case, since: dt.date, through: dt.date, progress: Callable[[int, int], None] | None = None
) -> Newcomers | None:
    """Every maker of an item that a buyer buys, but not from it; None where there is none.

    The law is asked about each as it would be about a sale of the record with the seller's usual goods, to the same
    buyer for the same use. So foreign availability is what the law and the makers' goods allow, not an assumption.
    A unit tagged ``residual`` is a sum of sellers, and no newcomer; neither is one that makes nothing.
    """
    rows = _candidates(case)
    if rows.height == 0:
        return None
    asked = _with_links(case, rows)
    found = permits(asked, since, through)
    if progress is not None:
        progress(1, 1)
    return Newcomers(
        tuple(rows["seller"]), tuple(rows["buyer"]), tuple(rows["like"]), replace(found, record=case.digest)
    )


def could_be(case: Case) -> Case | None:
    """The case with the sales that could be in place of those that are, in the order of `Newcomers`; None: no such."""
    rows = _candidates(case)
    return None if rows.height == 0 else _with_links(case, rows)


def _with_links(case: Case, rows: pl.DataFrame) -> Case:
    tables = {**case.tables, "links": rows.select(case["links"].columns)}
    return replace(case, tables=tables, digest=f"{case.digest} newcomers")


def _candidates(case: Case) -> pl.DataFrame:
    """Rows like those of the links, with ``like``: the sale that each copies its use from."""
    units = case["units"].select("id", "item", "output_usd_m", "tags")
    if units["id"].is_duplicated().any():
        raise DetenteError(
            "A unit stands in two rows of the record; one row a unit is needed to look for other makers."
        )
    links = case["links"].join(units.select(pl.col("id").alias("seller"), "item"), on="seller", how="left")
    bought = links.filter(pl.col("value_usd_m") > 0).sort("id").unique(["buyer", "item"], keep="first")
    makers = units.filter((pl.col("output_usd_m") > 0) & ~pl.col("tags").fill_null([]).list.contains(RESIDUAL))
    pairs = (
        bought.rename({"seller": "usual", "id": "like"})
        .join(makers.select(pl.col("id").alias("seller"), "item"), on="item")
        .filter(pl.col("seller") != pl.col("buyer"))
        .join(links.select("seller", "buyer", "item"), on=["seller", "buyer", "item"], how="anti")
        .sort("buyer", "item", "seller")
    )
    taken = set(case["links"]["id"])
    ids = [f"{s}>{b}:{i}" for s, b, i in pairs.select("seller", "buyer", "item").iter_rows()]
    free = [i if i not in taken else f"{i} (new)" for i in ids]
    return pairs.with_columns(
        pl.Series("id", free, dtype=pl.String),
        pl.lit(None, pl.String).alias("variant"),
        *(pl.lit(0.0).alias(f"value_usd_m{end}") for end in ("", "_low", "_high")),
        pl.lit(None, pl.Date).alias("since"),
        pl.lit(None, pl.Date).alias("through"),
    ).with_columns(pl.col("since", "through").cast(case["links"].schema["since"]))

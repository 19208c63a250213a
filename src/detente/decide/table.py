"""Verdicts as a table: one row a link, and one a line of the order book."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import Executor
from pathlib import Path

import polars as pl

from detente.decide.book import Book, check_book, read_book
from detente.decide.book.book import silent
from detente.decide.book.licensed import Progress
from detente.decide.permits import permits
from detente.decide.sale import link_rows
from detente.decide.verdict import Verdict
from detente.record import Case
from detente.record.load import as_day

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "sale": pl.String, "day": pl.Date, "outcome": pl.String, "state": pl.String,
    "allowed": pl.Float64, "allowed_low": pl.Float64, "allowed_high": pl.Float64,
    "limbs": pl.List(pl.String), "authorisations": pl.List(pl.String), "licences": pl.List(pl.String),
    "review": pl.String, "needs": pl.List(pl.String), "because": pl.String, "otherwise": pl.String,
}  # fmt: skip
Orders = pl.DataFrame | str | Path


def check(
    case: Case, as_of: dt.date | str, *, orders: Orders | None = None, executor: Executor | None = None
) -> pl.DataFrame:
    """Who may sell what to whom on a day.

    One row a link that exists on the day, then one a line of the case's order book; with ``orders`` (a file in CSV,
    Parquet or XLSX, or a frame with the columns of the table ``orders``) one row a line of that book instead:
    ``sale``, ``kind`` (link or order), ``seller``, ``buyer``, ``item``, ``seller_country``, ``value_usd_m`` (USD m; a
    year for a link), ``day`` it was decided on (an order whose export is recorded: that day), ``outcome``, ``state``,
    ``allowed`` (share of the value that may be sold, with ``allowed_low`` and ``allowed_high``), ``limbs``,
    ``authorisations``, ``licences``, ``review``, ``needs`` (facts that are missing), ``because`` and ``otherwise`` (the
    outcome without the rules that are not certain, where that is another one).

    Raises ``RecordError`` with every fault of a book that cannot be read.
    """
    day = as_day(as_of, "as_of")
    if orders is not None:
        return order_book(case, day, orders, executor=executor).frame()
    rows = [_row(v) for v in permits(case, day, day).on(day).verdict if v is not None]
    links = _names(case).join(pl.DataFrame(rows, schema=_SCHEMA), on="sale", how="inner", maintain_order="left")
    if case["orders"].height == 0:
        return links
    return pl.concat([links, order_book(case, day, executor=executor).frame()])


def order_book(
    case: Case,
    as_of: dt.date | str,
    orders: Orders | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> Book:
    """The order book of the case, or another, decided on a day: its table, its draws, the reasons of any line.

    Raises ``RecordError`` with every fault of a book that cannot be read.
    """
    lines = case["orders"] if orders is None else orders if isinstance(orders, pl.DataFrame) else None
    if lines is None:
        lines = read_book(str(orders), case)
    return check_book(case, lines, as_of, executor=executor, progress=progress)


def _row(v: Verdict) -> dict[str, object]:
    return {
        "sale": v.sale, "day": v.as_of, "outcome": v.outcome, "state": v.state, "allowed": v.share,
        "allowed_low": v.share_low, "allowed_high": v.share_high, "limbs": list(v.limbs),
        "authorisations": list(v.authorisations), "licences": list(v.licences), "review": v.review,
        "needs": list(v.needs), "because": v.headline, "otherwise": v.otherwise,
    }  # fmt: skip


def _names(case: Case) -> pl.DataFrame:
    columns = ("kind", "seller", "buyer", "item", "seller_country", "value_usd_m")
    return link_rows(case).with_columns(pl.lit("link").alias("kind")).select(pl.col("id").alias("sale"), *columns)

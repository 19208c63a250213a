"""Verdicts as a table: one row a link, and one an order where the case has orders."""

from __future__ import annotations

import datetime as dt

import polars as pl

from detente.decide.facts import facts_of
from detente.decide.permits import permits
from detente.decide.sale import link_rows, order_of
from detente.decide.verdict import Verdict, decide
from detente.record import Case
from detente.record.load import as_day

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "sale": pl.String, "day": pl.Date, "outcome": pl.String, "state": pl.String,
    "allowed": pl.Float64, "allowed_low": pl.Float64, "allowed_high": pl.Float64,
    "limbs": pl.List(pl.String), "authorisations": pl.List(pl.String), "licences": pl.List(pl.String),
    "review": pl.String, "needs": pl.List(pl.String), "because": pl.String,
}  # fmt: skip


def check(case: Case, as_of: dt.date | str) -> pl.DataFrame:
    """Who may sell what to whom on a day.

    One row a link that exists on the day, then one an order: ``sale``, ``kind`` (link or order), ``seller``, ``buyer``,
    ``item``, ``seller_country``, ``value_usd_m`` (USD m; a year for a link), ``day`` it was decided on (an order whose
    export is recorded: that day), ``outcome``, ``state``, ``allowed`` (share of the value that may be sold, with
    ``allowed_low`` and ``allowed_high``), ``limbs``, ``authorisations``, ``licences``, ``review``, ``needs`` (facts
    that are missing) and ``because``.
    """
    day = as_day(as_of, "as_of")
    rows = [
        {
            "sale": v.sale,
            "day": v.as_of,
            "outcome": v.outcome,
            "state": v.state,
            "allowed": v.share,
            "allowed_low": v.share_low,
            "allowed_high": v.share_high,
            "limbs": list(v.limbs),
            "authorisations": list(v.authorisations),
            "licences": list(v.licences),
            "review": v.review,
            "needs": list(v.needs),
            "because": v.headline,
        }
        for v in (*_of_links(case, day), *_of_orders(case, day))
    ]
    return _names(case).join(pl.DataFrame(rows, schema=_SCHEMA), on="sale", how="inner", maintain_order="left")


def _names(case: Case) -> pl.DataFrame:
    columns = ("kind", "seller", "buyer", "item", "seller_country", "value_usd_m")
    links = link_rows(case).with_columns(pl.lit("link").alias("kind")).select(pl.col("id").alias("sale"), *columns)
    orders = (
        case["orders"]
        .select("id", "link", "value_usd_m")
        .join(links.drop("value_usd_m", "kind"), left_on="link", right_on="sale", how="left", maintain_order="left")
        .with_columns(pl.lit("order").alias("kind"))
        .select(pl.col("id").alias("sale"), *columns)
    )
    return pl.concat([links, orders])


def _of_links(case: Case, day: dt.date) -> list[Verdict]:
    """Verdicts of links are those of the permits of that one day."""
    return [v for v in permits(case, day, day).on(day).verdict if v is not None]


def _of_orders(case: Case, day: dt.date) -> list[Verdict]:
    facts = facts_of(case)
    links = {r["id"]: r for r in link_rows(case).iter_rows(named=True)}
    return [
        decide(case, order_of(o, links.get(o["link"]), facts), facts, day) for o in case["orders"].iter_rows(named=True)
    ]

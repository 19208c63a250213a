"""Verdicts as a table: one row a link, or one an order where the case has orders."""

from __future__ import annotations

import datetime as dt

import polars as pl

from detente.decide.facts import facts_of
from detente.decide.permits import permits
from detente.decide.sale import link_rows, sale_of
from detente.decide.verdict import Verdict, decide
from detente.record import Case
from detente.record.load import as_day


def check(case: Case, as_of: dt.date | str) -> pl.DataFrame:
    """Who may sell what to whom on a day.

    One row a link that exists on the day, or one an order where the case has orders: ``sale``, ``seller``, ``buyer``,
    ``item``, ``value_usd_m`` (USD m a year for a link), ``outcome``, ``state``, ``allowed`` (share of the value that
    may be sold, with ``allowed_low`` and ``allowed_high``), ``limbs``, ``authorisations``, ``licences``, ``review``,
    ``needs`` (facts that are missing) and ``because``.
    """
    day = as_day(as_of, "as_of")
    verdicts = _of_orders(case, day) if case["orders"].height else _of_links(case, day)
    rows = [
        {
            "sale": v.sale,
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
        for v in verdicts
    ]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "sale": pl.String, "outcome": pl.String, "state": pl.String,
        "allowed": pl.Float64, "allowed_low": pl.Float64, "allowed_high": pl.Float64,
        "limbs": pl.List(pl.String), "authorisations": pl.List(pl.String), "licences": pl.List(pl.String),
        "review": pl.String, "needs": pl.List(pl.String), "because": pl.String,
    }  # fmt: skip
    return _names(case).join(pl.DataFrame(rows, schema=schema), on="sale", how="inner", maintain_order="left")


def _names(case: Case) -> pl.DataFrame:
    units = case["units"].select("id", "item", "country")
    links = (
        link_rows(case)
        .join(units.select("id", "item"), left_on="seller", right_on="id", how="left")
        .select(pl.col("id").alias("sale"), "seller", "buyer", "item", "seller_country", "value_usd_m")
    )
    if case["orders"].height == 0:
        return links
    orders = case["orders"].select("id", "link", "value_usd_m")
    joined = orders.join(links.drop("value_usd_m"), left_on="link", right_on="sale", how="left")
    return joined.select(pl.col("id").alias("sale"), "seller", "buyer", "item", "seller_country", "value_usd_m")


def _of_links(case: Case, day: dt.date) -> list[Verdict]:
    """Verdicts of links are those of the permits of that one day."""
    return [v for v in permits(case, day, day).on(day).verdict if v is not None]


def _of_orders(case: Case, day: dt.date) -> list[Verdict]:
    facts = facts_of(case)
    links = {r["id"]: r for r in link_rows(case).iter_rows(named=True)}
    return [decide(case, sale_of(links[o["link"]], facts, o), facts, day) for o in case["orders"].iter_rows(named=True)]

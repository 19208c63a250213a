"""The figures that the terminal and the page both tell: who could sell on which day, and what that adds up to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from detente.decide import Permits
from detente.decide.facts import facts_of
from detente.decide.sale import legal_party
from detente.decide.verdict import STATES
from detente.record import Case

KINDS = ("open", "general licence", "licensed", "not known", "closed")


def story_days(case: Case) -> tuple[dt.date, ...]:
    """The days the case's story is told on; the default day where it names none."""
    return case.about.story or (case.about.default_as_of,)


def focus_units(case: Case) -> pl.DataFrame:
    """Units whose purchases the story follows: those that the focus group owns on the first day of the horizon.

    Without a focus group: every unit. With one, sales between its units are not part of the story.
    """
    group = case.about.focus_group
    if group is None:
        return case["units"]
    facts = facts_of(case)
    day = case.about.horizon.since
    mine = [p for p in case["units"]["party"].unique() if facts.parties[legal_party(p, facts, day)[0]].group == group]
    return case["units"].filter(pl.col("party").is_in(mine))


def sales_on(case: Case, permits: Permits, day: dt.date) -> pl.DataFrame:
    """Every sale to the focus units from outside on a day, split by kind.

    One row a sale: link, seller, buyer, item, country (of the seller's party), value_usd_m, outcome, state, a column
    for each of ``KINDS`` in USD m a year, and ``is_sold``: the focus group no longer owns the buyer on that day.
    """
    now = permits.on(day)
    countries = case["parties"].select("id", "country")
    sellers = (
        case["units"]
        .select(pl.col("id").alias("seller"), "item", "party")
        .join(countries, left_on="party", right_on="id", how="left", maintain_order="left")
        .drop("party")
    )
    focus = focus_units(case)["id"].implode()
    from_outside = pl.lit(True) if case.about.focus_group is None else ~pl.col("seller").is_in(focus)
    table = pl.DataFrame(
        {
            "link": permits.links,
            "state": [STATES[s] for s in now.state],
            "allowed": now.allowed,
            "outcome": [None if v is None else v.outcome for v in now.verdict],
        },
        schema={"link": pl.String, "state": pl.String, "allowed": pl.Float64, "outcome": pl.String},
    )
    value, allowed = pl.col("value_usd_m"), pl.col("allowed")
    lifted = pl.col("outcome") == "allowed_by_exception"
    covered = pl.col("outcome") == "covered_by_licence"
    unknown = pl.col("state") == "unknown"
    closed = pl.col("state") == "closed"
    zero = pl.lit(0.0)
    return (
        case["links"]
        .select(pl.col("id").alias("link"), "seller", "buyer", "value_usd_m")
        .join(sellers, on="seller", how="left", maintain_order="left")
        .join(table, on="link", how="inner", maintain_order="left")
        .filter(pl.col("buyer").is_in(focus) & from_outside)
        .filter(pl.col("state") != "absent")
        .with_columns(
            pl.when(lifted | covered | unknown | closed).then(zero).otherwise(value).alias("open"),
            pl.when(lifted).then(value).otherwise(zero).alias("general licence"),
            pl.when(covered).then(value * allowed).otherwise(zero).alias("licensed"),
            pl.when(unknown).then(value).otherwise(zero).alias("not known"),
            pl.when(closed).then(value).when(covered).then(value * (1 - allowed)).otherwise(zero).alias("closed"),
            pl.col("buyer").is_in(_sold(case, day)).alias("is_sold"),
        )
    )


def _sold(case: Case, day: dt.date) -> list[str]:
    """Focus units that the focus group no longer owns on a day."""
    facts, group = facts_of(case), case.about.focus_group
    if group is None:
        return []
    return [
        unit
        for unit, party in focus_units(case).select("id", "party").iter_rows()
        if facts.parties[legal_party(party, facts, day)[0]].group != group
    ]


def by_country(case: Case, permits: Permits, days: Sequence[dt.date]) -> pl.DataFrame:
    """USD m a year of sales to the focus units by day and the seller's country: total and a column for each kind.

    Also ``sellers``, the number of parties, and ``sellers_open``, of those who may sell something on that day.
    """
    parts = []
    party = case["units"].select(pl.col("id").alias("seller"), "party")
    for day in days:
        sales = sales_on(case, permits, day).join(party, on="seller", how="left")
        may = pl.col("state").is_in(["open", "capped"])
        parts.append(
            sales.group_by("country")
            .agg(
                pl.col("value_usd_m").sum(), *(pl.col(k).sum() for k in KINDS),
                pl.col("party").n_unique().alias("sellers"),
                pl.col("party").filter(may).n_unique().alias("sellers_open"),
            )
            .with_columns(pl.lit(day).alias("day"))
            .sort("value_usd_m", "country", descending=[True, False])
        )  # fmt: skip
    return pl.concat(parts).select("day", "country", "value_usd_m", *KINDS, "sellers", "sellers_open")

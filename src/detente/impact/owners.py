"""Whose unit it is, day by day: a unit that is sold takes its losses and gains to its new owner's side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from detente.decide.facts import facts_of
from detente.decide.sale import legal_party
from detente.impact.network import Network
from detente.record import Case

SCHEMA = {"unit": pl.String, "since": pl.Date, "party": pl.String, "party_name": pl.String, "side": pl.String}


def owners_of(case: Case, units: Sequence[str], first: dt.date, last: dt.date) -> pl.DataFrame:
    """One row a unit and owner: unit, since (the first day counted here), party, party_name, side; sorted by both."""
    facts = facts_of(case)
    starts = case["stakes"]["since"].drop_nulls().to_list()
    ends = [d + dt.timedelta(days=1) for d in case["stakes"]["through"].drop_nulls() if d < dt.date.max]
    days = [first, *sorted({d for d in (*starts, *ends) if first < d <= last})]
    of = dict(case["units"].select("id", "party").iter_rows())
    rows: list[tuple[str, dt.date, str, str, str]] = []
    for unit in sorted(set(units)):
        before = None
        for day in days:
            party = legal_party(of[unit], facts, day)[0]
            if party != before:
                about = facts.parties[party]
                rows.append((unit, day, party, about.name, about.side))
            before = party
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def owners_in(network: Network, first: dt.date) -> pl.DataFrame:
    """The owners that a network names, as if they stayed."""
    return network.units.select(
        "unit", pl.lit(first, pl.Date).alias("since"), "party", "party_name", "side"
    ).sort("unit")  # fmt: skip

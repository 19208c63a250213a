"""What the closed sales cost, as the page tells it: on one day, and over time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl

from detente.decide import Permits
from detente.impact.costs import bracket
from detente.impact.models import Bracket
from detente.impact.world import World
from detente.record import Case

MAX_SALE_RUNS = 100_000  # sales times stretches: some minutes; beyond that the page tells of one day only


def world_of(case: Case, permits: Permits, first: dt.date, last: dt.date) -> World:
    """The case made ready for the models, from the first day of its horizon where that is earlier than the page's."""
    start = min(first, case.about.horizon.since)
    known = permits if (permits.first, permits.last) == (start, last) else None
    return World.of(case, start, last, permits_of=known)


def on_day(world: World, day: dt.date) -> Bracket:
    """What the permits of a day cost a year, if they lasted."""
    return bracket(world, day, day, at_rest=True)


def over(
    world: World, first: dt.date, last: dt.date, progress: Callable[[int, int], None] | None = None
) -> Bracket | None:
    """The costs day by day; None where the case is so large that a page would take too long."""
    if len(world.days(first, last)) * len(world.permits.links) > MAX_SALE_RUNS:
        return None
    return bracket(world, first, last, at_rest=False, detail=False, progress=progress)


def by_firm(found: Bracket, *, top: int = 20) -> pl.DataFrame:
    """The parties that lose most by the flow, with the range over the models and the two parts of the figure."""
    return (
        found.by_party()
        .filter(pl.col("loss_usd_m_high") > 0)
        .sort("loss_usd_m", "loss_usd_m_high", "party", descending=[True, True, False])
        .head(top)
    )


def gainers(found: Bracket, *, top: int = 12) -> pl.DataFrame:
    """The units that gain most by the flow: what they take from rivals, and what they sell besides."""
    gains = found.gains().filter(pl.col("gained_usd_m") > 0.05)
    taken = pl.min_horizontal("diverted_usd_m", "gained_usd_m")
    return gains.with_columns(taken.alias("taken_usd_m"), (pl.col("gained_usd_m") - taken).alias("sold_usd_m")).head(
        top
    )

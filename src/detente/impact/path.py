"""Costs over time: one static run a span in which no permit changes, added up by days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from detente.decide import Permits
from detente.impact.cascade import run
from detente.impact.network import Network
from detente.impact.outcome import Outcome
from detente.record import Case

DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Outcomes of successive spans: ``outcomes[k]`` holds from its day to the day before the next one's.

    Static: each span is looked at as if it lasted, stocks and adapting are left out.
    """

    outcomes: tuple[Outcome, ...]
    last: dt.date

    def frame(self) -> pl.DataFrame:
        """One row a span and side: since, through, days, side, loss a year and loss in the span, USD m, with ranges."""
        ends = [o.day - dt.timedelta(days=1) for o in self.outcomes[1:]] + [self.last]
        parts = []
        for outcome, end in zip(self.outcomes, ends, strict=True):
            days = (end - outcome.day).days + 1
            parts.append(
                outcome.by_side().select(
                    pl.lit(outcome.day).alias("since"), pl.lit(end).alias("through"), pl.lit(days).alias("days"),
                    "side", "closed_sales_usd_m", "unknown_sales_usd_m",
                    *(pl.col(c).alias(c.replace("loss_usd_m", "loss_a_year_usd_m")) for c in _LOSSES),
                    *((pl.col(c) * days / DAYS_A_YEAR) for c in _LOSSES),
                )
            )  # fmt: skip
        return pl.concat(parts)

    def by_side(self) -> pl.DataFrame:
        """One row a side: loss over the whole time, USD m, with range."""
        return self.frame().group_by("side").agg(pl.col(c).sum() for c in _LOSSES).sort("side")


def _days(case: Case, found: Permits) -> list[dt.date]:
    """The days on which permits, units, sales, inputs or owners change: between two of them nothing does."""
    days = set(found.days())
    for table in ("units", "links", "inputs", "stakes"):
        days |= set(case[table]["since"].drop_nulls())
        ends = case[table]["through"].drop_nulls()
        days |= {d + dt.timedelta(days=1) for d in ends if d < dt.date.max}
    return sorted(d for d in days if found.first <= d <= found.last)


_LOSSES = ("loss_usd_m", "loss_usd_m_low", "loss_usd_m_high")


def path(case: Case, found: Permits, progress: Callable[[int, int], None] | None = None) -> Path:
    """The path of costs under permits that are already decided."""
    days = _days(case, found)
    outcomes = []
    for k, day in enumerate(days):
        outcomes.append(run(Network.of(case, day), found.on(day)))
        if progress is not None:
            progress(k + 1, len(days))
    return Path(tuple(outcomes), found.last)

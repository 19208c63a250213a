"""What the closed sales cost, as the page tells it: on one day, and over time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl

from detente.decide import Permits
from detente.impact import cascade
from detente.impact.network import Network
from detente.impact.outcome import Outcome
from detente.impact.path import Path, path
from detente.record import Case

MAX_SALE_RUNS = 100_000  # sales times runs: about a minute; beyond that the page tells of one day only


def outcome_on(case: Case, permits: Permits, day: dt.date) -> Outcome:
    """What the permits of a day cost a year, if they lasted."""
    return cascade.run(Network.of(case, day), permits.on(day))


def path_of(case: Case, permits: Permits, progress: Callable[[int, int], None] | None = None) -> Path | None:
    """The costs span by span; None where the case is so large that a page would take too long."""
    n_spans = len(set(permits.since.tolist()))
    return path(case, permits, progress) if n_spans * len(permits.links) <= MAX_SALE_RUNS else None


def by_firm(outcome: Outcome, *, top: int = 20) -> pl.DataFrame:
    """The parties that lose most: party, name, side, output, loss with range, and its two parts.

    ``direct_usd_m`` is the part of the loss that the party's own closed sales explain, ``unknown_usd_m`` that of its
    sales whose verdict is not known, ``network_usd_m`` what came to it through the network: inputs cut off, or buyers
    that make less.
    """
    return (
        outcome.by_party()
        .filter(pl.col("loss_usd_m_high") > 0)
        .with_columns(pl.min_horizontal("closed_sales_usd_m", "loss_usd_m").alias("direct_usd_m"))
        .with_columns((pl.col("loss_usd_m") - pl.col("direct_usd_m")).alias("rest"))
        .with_columns(pl.min_horizontal("unknown_sales_usd_m", "rest").alias("unknown_usd_m"))
        .with_columns((pl.col("rest") - pl.col("unknown_usd_m")).alias("network_usd_m"))
        .sort("loss_usd_m", "loss_usd_m_high", "party", descending=[True, True, False])
        .head(top)
    )

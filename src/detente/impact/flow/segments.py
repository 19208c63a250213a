"""Stretches of days in which the record's network stays as it is, and what a run carries from one to the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detente.impact.calibration import NetworkError
from detente.impact.flow._kernels import F64
from detente.impact.flow.network import FlowNetwork, group_of_cells
from detente.impact.network import Network
from detente.record import Case

TABLES = ("units", "links", "inputs", "markets")


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Days from ``start`` to before ``stop``, numbered from the first of the run, with their network."""

    start: int
    stop: int
    network: Network


def networks_of(case: Case, first: dt.date, last: dt.date) -> tuple[Network, ...]:
    """The networks of a case over some days, one for each stretch in which no unit, sale or input starts or ends.

    Owners may change inside a stretch: the network of its first day names those of that day.
    """
    days = {first}
    for name in TABLES:
        days |= set(case[name]["since"].drop_nulls())
        days |= {d + dt.timedelta(days=1) for d in case[name]["through"].drop_nulls() if d < dt.date.max}
    return tuple(Network.of(case, d) for d in sorted(days) if first <= d <= last)


def segments(
    networks: Sequence[Network], first: dt.date, n_days: int, ready: Sequence[int] = ()
) -> tuple[Segment, ...]:
    """Cut ``n_days`` days from ``first`` where a network begins, and on the days in ``ready``.

    Raises ``NetworkError`` where no network holds on the first day, or they are not in order.
    """
    starts = [(n.day - first).days for n in networks]
    if not starts or starts != sorted(set(starts)):
        raise NetworkError(f"networks: got those of {[str(n.day) for n in networks]}; expected rising days")
    starts[0] = 0  # the first network holds from the start, whatever day it is of
    cuts = sorted({s for s in (*starts, *ready) if 0 <= s < n_days})
    at = np.searchsorted(starts, cuts, side="right") - 1
    ends = [*cuts[1:], n_days]
    return tuple(Segment(a, b, networks[int(k)]) for a, b, k in zip(cuts, ends, at, strict=True))


def cells_of(flow: FlowNetwork, network: Network, items: Sequence[str]) -> list[tuple[str, str]]:
    """Buyer and item of each stock cell by name; ``items`` are those of the network, sorted."""
    buyers, item = group_of_cells(flow)
    names = network.units["unit"].to_list()
    return [(names[b], items[k]) for b, k in zip(buyers.tolist(), item.tolist(), strict=True)]


def carried(
    before: F64, full_before: F64, cells_before: Sequence[tuple[str, str]], full: F64,
    cells: Sequence[tuple[str, str]],
) -> F64:  # fmt: skip
    """Stocks on the first day of a segment: each keeps its share of its target; a new one is full."""
    share = np.divide(before, full_before, out=np.ones(before.size), where=full_before > 0)
    of = dict(zip(cells_before, share.tolist(), strict=True))
    kept: F64 = np.array([of.get(c, 1.0) for c in cells], dtype=np.float64) * full
    return kept

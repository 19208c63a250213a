"""What hits a network: capacity lost and how it comes back, what is to be rebuilt, and sales that the law restricts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from detente.impact.calibration import NetworkError
from detente.impact.flow import _kernels as k
from detente.impact.flow.network import FlowNetwork

Recovery = Literal[
    "none", "by_start", "by_point", "at_once", "exponential", "neighbours", "linear", "convex", "convex_unscaled",
    "concave",
]  # fmt: skip
KINDS = {
    "none": k.HOLD, "by_start": k.BY_START, "by_point": k.BY_POINT, "at_once": k.AT_ONCE,
    "exponential": k.EXPONENTIAL, "neighbours": k.NEIGHBOURS, "linear": k.LINEAR, "convex": k.CONVEX,
    "convex_unscaled": k.CONVEX_UNSCALED, "concave": k.CONCAVE,
}  # fmt: skip


_NONE_I, _NONE_F, _NONE_P = np.empty(0, np.int32), np.empty(0), np.empty(0, np.int64)
NO_LAW = k.Law(
    ptr=_NONE_P, link=_NONE_I, lane=_NONE_I, share=_NONE_F, cell=_NONE_I, link_ptr=_NONE_I, maker=_NONE_I,
    weight=_NONE_F, reach=_NONE_F, seller_ptr=_NONE_P, seller_link=_NONE_I, pull=_NONE_F,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shock:
    """Capacity that a unit loses in one scenario.

    ``share`` of capacity is lost from day ``start`` (0 is the first day). From day ``recover`` (None: the day after) it
    comes back: "by_start" by share/tau a day, "by_point" by 1/tau a day, "at_once", "exponential" (share exp(-t/tau),
    t counted from day 0), "neighbours" (faster where suppliers and clients are whole), or in closed form of the days
    since then: "linear", "convex", "convex_unscaled", "concave". From day ``until`` on nothing is lost. ``digits``
    rounds the loss to so many decimals.
    """

    unit: int
    share: float
    start: int = 0
    recover: int | None = None
    until: int | None = None
    recovery: Recovery = "none"
    tau: float = 1.0
    digits: int | None = None
    scenario: int = 0


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """Goods of ``maker`` wanted to replace capital that ``victim`` lost.

    ``amount`` money a day-unit of the network, lost on day ``start`` and ordered from day ``demand_from``, a share
    1/``tau`` of what is left each day. ``capital`` is the victim's, times the goods wanted for each unit lost.
    """

    maker: int
    victim: int
    amount: float
    capital: float
    start: int
    demand_from: int
    tau: float
    digits: int | None = None
    scenario: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Share of a link's usual flow that the law allows from day ``since`` to before day ``until`` (None: the end).

    A link allowed 1 is unrestricted and may be asked for more than usual; one allowed less gets at most its share of a
    year's value spread evenly over the days; one allowed 0 gets nothing. ``link`` numbers links as they were given.
    """

    link: int
    allowed: float
    since: int = 0
    until: int | None = None
    scenario: int = 0


def shock_arrays(shocks: Sequence[Shock], n: int, n_scenarios: int) -> k.Shocks:
    """Shocks as the loops read them, by scenario and unit. Raises ``NetworkError``."""
    rows = sorted(shocks, key=lambda s: (s.scenario, s.unit, s.start))
    for s in rows:
        if not (0 <= s.unit < n and 0 <= s.scenario < n_scenarios and 0.0 <= s.share <= 1.0 and s.tau > 0.0):
            raise NetworkError(f"shocks: got {s}; expected a unit below {n}, a share from 0 to 1 and tau above 0")
        if s.recovery not in KINDS:
            raise NetworkError(f"recovery: got {s.recovery!r}; expected one of {', '.join(KINDS)}")
    i32 = np.int32
    return k.Shocks(
        firm=np.array([s.unit for s in rows], i32),
        lane=np.array([s.scenario for s in rows], i32),
        share=np.array([s.share for s in rows], np.float64),
        start=np.array([s.start for s in rows], i32),
        recover=np.array([s.start + 1 if s.recover is None else s.recover for s in rows], i32),
        until=np.array([k.NEVER if s.until is None else s.until for s in rows], i32),
        kind=np.array([KINDS[s.recovery] for s in rows], i32),
        tau=np.array([s.tau for s in rows], np.float64),
        digits=np.array([0.0 if s.digits is None else 10.0**s.digits for s in rows], np.float64),
    )


def rebuild_arrays(rebuilding: Sequence[Rebuilding]) -> k.Rebuild:
    """Rebuilding as the loops read it."""
    i32 = np.int32
    return k.Rebuild(
        maker=np.array([r.maker for r in rebuilding], i32),
        victim=np.array([r.victim for r in rebuilding], i32),
        lane=np.array([r.scenario for r in rebuilding], i32),
        amount=np.array([r.amount for r in rebuilding], np.float64),
        start=np.array([r.start for r in rebuilding], i32),
        demand_from=np.array([r.demand_from for r in rebuilding], i32),
        tau=np.array([r.tau for r in rebuilding], np.float64),
        capital=np.array([r.capital for r in rebuilding], np.float64),
        digits=np.array([0.0 if r.digits is None else 10.0**r.digits for r in rebuilding], np.float64),
    )


def law_arrays(spans: Sequence[Span], network: FlowNetwork, n_days: int) -> k.Law:
    """Spans as changes by day. A later span of a link wins over an earlier one; between spans it is open."""
    changes: dict[tuple[int, int, int], float] = {}
    for span in sorted(spans, key=lambda s: (s.scenario, s.link, s.since)):
        if not (0 <= span.link < network.place.size and 0.0 <= span.allowed <= 1.0):
            raise NetworkError(f"permits: got {span}; expected a link below {network.place.size} and a share of 0 to 1")
        since, end = max(0, span.since), n_days + 1 if span.until is None else span.until
        if since > n_days or end <= since:
            continue
        at = int(network.place[span.link])
        changes[since, span.scenario, at] = span.allowed
        if end <= n_days:
            changes[end, span.scenario, at] = 1.0
    if not changes:
        return NO_LAW
    keys = sorted(changes)
    day, lane, link = np.array(keys, np.int64).T
    net, i32 = network.net, np.int32
    cell = np.unique(network.cell[link])
    many = net.link_to[cell] - net.link_from[cell]
    ptr = np.concatenate(([0], np.cumsum(many)))
    links = np.repeat(net.link_from[cell] - ptr[:-1], many) + np.arange(ptr[-1])  # of these cells: ascending
    maker = net.maker[links]
    restricted = np.zeros(net.weight.size, np.bool_)
    restricted[links] = True
    pull = net.seller_weight.copy()
    pull[restricted[net.seller_link]] = 0.0
    return k.Law(
        ptr=np.searchsorted(day, np.arange(n_days + 2)).astype(np.int64),
        link=np.searchsorted(links, link).astype(i32),
        lane=lane.astype(i32),
        share=np.array([changes[key] for key in keys], np.float64),
        cell=cell,
        link_ptr=ptr.astype(i32),
        maker=maker,
        weight=net.weight[links],
        reach=net.reach[links] if net.reach.size else net.weight[links],
        seller_ptr=np.concatenate(([0], np.cumsum(np.bincount(maker, minlength=network.n)))).astype(np.int64),
        seller_link=np.argsort(maker, kind="stable").astype(i32),
        pull=pull,
    )

"""Run the flow model: arrays in, a day-by-day record out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
import polars as pl

from detente.impact.calibration import NetworkError
from detente.impact.flow import _kernels as k
from detente.impact.flow.network import FlowNetwork
from detente.impact.flow.shocks import (
    KINDS,
    Rebuilding,
    Shock,
    Span,
    law_arrays,
    rebuild_arrays,
    shock_arrays,
)
from detente.impact.flow.switches import Switches

NO_MARKET = k.Market(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0))
LANES = (1, 4, 16)  # scenarios run at a time: each width is compiled once, and 16 fill the caches
Hit = TypeVar("Hit", Shock, Span, Rebuilding)
Keep = Literal["totals", "units", "all"]


@dataclass(frozen=True, slots=True, eq=False)
class FlowRun:
    """What happened, day by day. Amounts are money a day; arrays are days x units x scenarios unless said otherwise.

    ``output``, ``final`` (final demand met, with what was diverted to the unit and rebuilt) and ``wanted`` (all demand)
    are empty where only totals were kept; the others where not all was. ``totals`` is days x 3 x scenarios: output,
    final demand met, final demand wanted. ``orders`` are those of units, ``capacity`` after losses and spare capacity,
    ``spare`` capacity over baseline without losses, ``lost`` the share of capacity lost, ``bound`` the limit that
    critical inputs set, ``asked`` what the unit has on order that day. ``limiting`` (days x scenarios) counts stocks
    short of what the day called for. ``stock`` and ``delivered`` are kept at the end of ``snap_days``: days x cells (or
    links, in the order of the network) x scenarios.
    """

    network: FlowNetwork
    switches: Switches
    n_days: int
    n_scenarios: int
    snap_days: tuple[int, ...]
    output: k.F64
    final: k.F64
    wanted: k.F64
    totals: k.F64
    orders: k.F64
    capacity: k.F64
    spare: k.F64
    lost: k.F64
    rebuild: k.F64
    rebuilt: k.F64
    bound: k.F64
    asked: k.F64
    limiting: k.I64
    stock: k.F64
    delivered: k.F64

    def frame(self) -> pl.DataFrame:
        """One row a day and scenario: output, final demand met and wanted, money a day."""
        day, scenario = np.divmod(np.arange(self.n_days * self.n_scenarios), self.n_scenarios)
        return pl.DataFrame(
            {
                "day": day,
                "scenario": scenario,
                "output": self.totals[:, 0].reshape(-1),
                "final_met": self.totals[:, 1].reshape(-1),
                "final_wanted": self.totals[:, 2].reshape(-1),
            }
        )


def simulate(
    network: FlowNetwork, switches: Switches, n_days: int, *, shocks: Sequence[Shock] = (),
    permits: Sequence[Span] = (), rebuilding: Sequence[Rebuilding] = (), market: k.Market = NO_MARKET,
    n_scenarios: int = 1, keep: Keep = "units", snap_days: Sequence[int] = (), first_stock: k.F64 | None = None,
) -> FlowRun:  # fmt: skip
    """Run ``n_days`` days of every scenario.

    Scenarios share the network and nothing else: a run of many gives what runs of one give.

    Args:
        network: who sells what to whom.
        switches: how a day runs.
        n_days: days, more than 0.
        shocks, permits, rebuilding: what hits whom in which scenario.
        market: where unmet final demand goes; see `detente.impact.flow.markets`.
        n_scenarios: number of scenarios, numbered from 0.
        keep: "totals", "units" (output, final demand, demand of each), or "all".
        snap_days: days at whose end stocks and deliveries are kept.
        first_stock: stock of each cell on the first day, money. None: the target.

    Raises:
        NetworkError: something given has not this shape, kind or range.

    Example:
        >>> from detente.impact.flow.network import FlowNetwork
        >>> net = FlowNetwork.of(2, [0], [1], [365.0], ["lens", "phone"], final=[0.0, 730.0], stock_days=3.0)
        >>> run = simulate(net, Switches(), 6, permits=[Span(link=0, allowed=0.0)])
        >>> run.output[:, :, 0].T
        array([[0., 0., 0., 0., 0., 0.],
               [2., 2., 2., 0., 0., 0.]])

    """
    if n_days < 1 or n_scenarios < 1:
        raise NetworkError(f"n_days, n_scenarios: got {n_days} and {n_scenarios}; expected 1 or more of each")
    rule = switches.rule()
    if rule.rationing >= k.WATER or any(s.recovery == "neighbours" for s in shocks):
        network = network.with_clients()
    wrong = {r.scenario for r in shocks} | {r.scenario for r in permits} | {r.scenario for r in rebuilding}
    wrong -= set(range(n_scenarios))
    if wrong:
        raise NetworkError(f"scenario: got {min(wrong)}; expected a scenario from 0 to {n_scenarios - 1}")
    if permits and not network.cell.size:
        raise NetworkError("permits: a table of industries has no links to restrict; give the network as links")
    if switches.resource and not network.net.reach.size:
        network = replace(network, net=network.net._replace(reach=network.net.weight))
    snaps = sorted(set(snap_days))
    wide = next(width for width in LANES if width >= min(n_scenarios, LANES[-1]))
    records = []
    for first in range(0, n_scenarios, wide):
        record = _record(network.net, n_days, wide, keep, snaps)
        law = law_arrays(_of_block(permits, first, wide), network, n_days)
        ones = k.Day(*(np.ones((network.n, wide)) for _ in k.Day._fields))
        k.simulate(
            (0,) * wide, n_days, network.net, law,
            shock_arrays(_of_block(shocks, first, wide), network.n, wide),
            rebuild_arrays(_of_block(rebuilding, first, wide)),
            market, rule, _state(network, rule, wide, law.link.size > 0, first_stock), ones, record,
        )  # fmt: skip
        records.append(record)
    kept = {
        name: getattr(records[0], name) if len(records) == 1 and wide == n_scenarios
        else np.concatenate([getattr(r, name) for r in records], axis=-1)[..., :n_scenarios]
        for name in k.Record._fields if name != "snap"
    }  # fmt: skip
    return FlowRun(network, switches, n_days, n_scenarios, tuple(snaps), **kept)


def _of_block(rows: Sequence[Hit], first: int, wide: int) -> list[Hit]:
    """What hits the scenarios of a block, numbered from its first."""
    return [replace(row, scenario=row.scenario - first) for row in rows if first <= row.scenario < first + wide]


def _state(network: FlowNetwork, rule: k.Rule, L: int, has_law: bool, first_stock: k.F64 | None) -> k.State:
    net, n = network.net, network.n
    C, E = net.use.size, net.weight.size
    stock = net.days[net.pace] * net.use if first_stock is None else np.asarray(first_stock, dtype=np.float64)
    if stock.shape != (C,):
        raise NetworkError(f"first_stock: got shape {stock.shape}; expected ({C},), one for each stock")
    n_extra = C if has_law and rule.resource else 0
    return k.State(
        stock=np.repeat(stock[:, None], L, axis=1),
        rate=np.zeros((C, L)),
        extra_rate=np.zeros((n_extra, L)),
        ready=np.full((n_extra, L), k.NEVER, np.int32),
        limited=np.zeros(C if has_law else 0, np.int8),
        allowed=np.ones((E if has_law else 0, L)),
        allowed_next=np.ones((E if has_law else 0, L)),
        y=np.repeat(net.output[:, None], L, axis=1),
        spare=np.full((n, L), rule.spare_base),
        lost=np.zeros((n, L)),
        orders=np.zeros((n, L)),
        extra=np.zeros((n, L)),
        diverted=np.zeros((n, L)),
        rebuild=np.zeros((n, L)),
        asked=np.zeros((n, L)),
        bound=np.full((n, L), np.inf),
        bound_half=np.full((n, L), np.inf),
    )


def _record(net: k.Net, T: int, L: int, keep: Keep, snaps: Sequence[int]) -> k.Record:
    if keep not in ("totals", "units", "all"):
        raise NetworkError(f"keep: got {keep!r}; expected 'totals', 'units' or 'all'")
    if snaps and not 0 <= snaps[0] <= snaps[-1] < T:
        raise NetworkError(f"snap_days: got {snaps[0]} to {snaps[-1]}; expected days from 0 to {T - 1}")
    everything = (T if keep == "all" else 0, net.output.size, L)
    units = everything if keep == "totals" else (T, net.output.size, L)
    snap = np.full(T, -1, np.int64)
    snap[list(snaps)] = np.arange(len(snaps))
    days = {"output": units, "final": units, "wanted": units, "totals": (T, 3, L)}
    money = {
        name: np.zeros(days.get(name, everything)) for name in k.Record._fields
        if name not in ("limiting", "snap", "stock", "delivered")
    }  # fmt: skip
    return k.Record(
        **money,
        limiting=np.zeros((T if keep == "all" else 0, L), np.int64),
        snap=snap,
        stock=np.zeros((len(snaps), net.use.size, L)),
        delivered=np.zeros((len(snaps), net.weight.size, L)),
    )


__all__ = ["KINDS", "NO_MARKET", "FlowRun", "Keep", "simulate"]

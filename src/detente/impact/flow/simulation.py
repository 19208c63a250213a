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
from detente.impact.flow.threads import run_days

NO_MARKET = k.Market(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0))
ALONE = 3  # up to so many scenarios run one after the other: a lane costs less alone than among two or three
LANES = 16  # scenarios of a network run at a time, which fill the first cache
TABLE_LANES, TABLE_BYTES = 40, 2**27  # of a table: wide matrix products, and stocks of at most so many bytes
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
    threads: int | None = None,
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
        threads: how many share a day's work; the numbers are the same. None: the processors there are where the network
            is large, else 1.

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
    wide = _lanes(network.net, n_scenarios)
    market = _by_rival(market, network.n)
    records = []
    for first in range(0, n_scenarios, wide):
        L = min(wide, n_scenarios - first)
        record = _record(network.net, n_days, L, keep, snaps)
        law = law_arrays(_of_block(permits, first, L), network, n_days)
        hit = shock_arrays(_of_block(shocks, first, L), network.n, L)
        rebuild = rebuild_arrays(_of_block(rebuilding, first, L))
        state = _state(network, rule, L, law, hit, rebuild, first_stock)
        ones = k.Day(*(np.ones((network.n, L)) for _ in k.Day._fields))
        lanes = (0,) if L == 1 else np.zeros(L, np.int64)
        run_days(threads, lanes, n_days, network.net, law, hit, rebuild, market, rule, state, ones, record)
        records.append(record)
    kept = {
        name: getattr(records[0], name) if len(records) == 1
        else np.concatenate([getattr(r, name) for r in records], axis=-1)
        for name in k.Record._fields if name != "snap"
    }  # fmt: skip
    return FlowRun(network, switches, n_days, n_scenarios, tuple(snaps), **kept)


def _of_block(rows: Sequence[Hit], first: int, wide: int) -> list[Hit]:
    """What hits the scenarios of a block, numbered from its first."""
    return [replace(row, scenario=row.scenario - first) for row in rows if first <= row.scenario < first + wide]


def _lanes(net: k.Net, n_scenarios: int) -> int:
    """How many scenarios to run at a time, all blocks nearly alike."""
    if net.seller_ptr.size:
        if n_scenarios <= ALONE:
            return 1
        most = LANES
    else:
        most = max(1, min(TABLE_LANES, TABLE_BYTES // (16 * net.use.size)))
    return -(-n_scenarios // -(-n_scenarios // most))


def _by_rival(market: k.Market, n: int) -> k.Market:
    """The same market as the loops read it: whose demand each unit takes over."""
    if not market.ptr.size:
        return market
    order = np.argsort(market.rival, kind="stable")
    loser = np.repeat(np.arange(n, dtype=np.int32), np.diff(market.ptr))
    ptr = np.concatenate(([0], np.cumsum(np.bincount(market.rival, minlength=n)))).astype(np.int64)
    return k.Market(ptr, loser[order], market.share[order])


def _state(
    network: FlowNetwork, rule: k.Rule, L: int, law: k.Law, shocks: k.Shocks, rebuild: k.Rebuild,
    first_stock: k.F64 | None,
) -> k.State:  # fmt: skip
    net, n = network.net, network.n
    C, Q, M = net.use.size, law.cell.size, law.maker.size
    stock = net.days[net.pace] * net.use if first_stock is None else np.asarray(first_stock, dtype=np.float64)
    if stock.shape != (C,):
        raise NetworkError(f"first_stock: got shape {stock.shape}; expected ({C},), one for each stock")
    strips = 0 if net.seller_ptr.size else -(-n // k.strip_of(n))
    return k.State(
        stock=np.repeat(stock[:, None], L, axis=1),
        rate=np.zeros((C, L)),
        ready=np.full((Q, L), k.NEVER, np.int32),
        allowed=np.ones((M, L)),
        placed=np.zeros((M, L)),
        wished=np.zeros((M if rule.resource else 0, L)),
        sent=np.zeros((strips, n, L)),
        y=np.repeat(net.output[:, None], L, axis=1),
        spare=np.full((n, L), rule.spare_base),
        lost=np.zeros((n, L)),
        orders=np.zeros((n, L)),
        extra=np.zeros((n, L)),
        diverted=np.zeros((n, L)),
        rebuild=np.zeros((n, L)),
        asked=np.zeros((n, L)),
        bound=np.full((n, L), np.inf),
        bound_half=np.full((n if (net.binds == k.IMPORTANT).any() else 0, L), np.inf),
        sums=np.zeros((-(-n // k.BLOCK), 3, L)),
        now=np.zeros(shocks.firm.size),
        left=rebuild.amount.copy(),
        moves=np.ones(L),
        closes=np.ones(L),
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

"""The preset that is the firm model of Inoue and Todo (2019): fixed links, a stock of every supplier's goods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from detente.impact.calibration import NetworkError
from detente.impact.flow.network import FlowNetwork
from detente.impact.flow.shocks import Recovery, Shock, Span
from detente.impact.flow.simulation import FlowRun, Keep, simulate
from detente.impact.flow.switches import Rationing, Switches, Target

ORDERS: dict[int, tuple[Target, bool]] = {0: ("output", False), 1: ("baseline", False), 2: ("output", True)}
RULES: tuple[Rationing, ...] = ("proportional", "clients_first", "water", "clients_first_water")
RECOVERIES: dict[int, Recovery] = {
    0: "by_start", 1: "by_point", 2: "at_once", 3: "at_once", 4: "exponential", 5: "neighbours",
}  # fmt: skip


def inoue_switches(rationing: int = 0, order: int = 0, *, as_reference: bool = False) -> Switches:
    """The switches of the model: no spare capacity, inputs bind fully, stocks go with yesterday's output."""
    if rationing not in range(4) or order not in ORDERS:
        raise NetworkError(f"rationing, order: got {rationing}, {order}; expected 0 to 3 and 0 to 2")
    target, gap_floor = ORDERS[order]
    return Switches(
        rationing=RULES[rationing], target=target, gap_floor=gap_floor, spare_limit=1.0, spare_tau=0.0,
        leaky=as_reference and rationing >= 2, exact=True,
    )  # fmt: skip


def inoue_network(
    n: int, supplier: ArrayLike, client: ArrayLike, amount: ArrayLike, final: ArrayLike, sector: ArrayLike, *,
    stock_days: ArrayLike | float = 15.0, tau: float = 6.0,
) -> FlowNetwork:  # fmt: skip
    """The network of the model: amounts a day, one target stock in days for all clients or one each.

    Of several entries for one supplier and client the first counts, as in the reference (trap I5).
    """
    sell, buy, money = np.asarray(supplier), np.asarray(client), np.asarray(amount, dtype=np.float64)
    _, first = np.unique(sell.astype(np.int64) * n + buy, return_index=True)
    first.sort()
    sell, buy, money = sell[first], buy[first], money[first]
    days = np.asarray(stock_days, dtype=np.float64)
    return FlowNetwork.of(
        n, sell, buy, money, sector, final=final, stock_days=days[buy] if days.ndim else float(days), tau=tau,
        a_stock_for="link", days_a_year=1.0,
    )  # fmt: skip


def inoue_todo(
    network: FlowNetwork, n_days: int, *, lost: Sequence[tuple[int, float] | tuple[int, float, int]] = (),
    intervals: Sequence[tuple[int, float, int, int]] = (), rationing: int = 0, order: int = 0,
    recovery: int | None = None, recovery_days: float | None = None, recovery_wait: int = 0,
    permits: Sequence[Span] = (), as_reference: bool = False, keep: Keep = "units",
    snap_days: Sequence[int] = (), scenario: Literal[0] = 0, threads: int | None = None,
) -> FlowRun:  # fmt: skip
    """Run the firm model of Inoue and Todo.

    Args:
        network: from `inoue_network`.
        n_days: days after the shock.
        lost: (firm, share[, day]) of capacity lost from that day on (option -d).
        intervals: (firm, share, first day, last day) of capacity lost for a time (option -Z). Between two intervals of
            a firm the last value stays, and it ends one day after the last interval (trap I7).
        rationing: 0 proportional, 1 clients first, 2 everyone to one level of the usual, 3 clients first, then so.
        order: 0 target stock goes with output, 1 stays, 2 stock above target does not lower orders.
        recovery: 0 by an equal part of the first loss a day, 1 by 1/R a day, 2 at once, 4 exponential, 5 faster where
            neighbours are whole; 3 acts as 2, as in the reference (trap I6). None: 0 where ``recovery_days`` is given.
        recovery_days: R. None: no recovery.
        recovery_wait: days before recovery starts.
        permits: restrictions on links, which the reference does not know.
        as_reference: rationing 2 and 3 leak and feed clients who ordered nothing, as in the reference (I3, I4).
        keep, snap_days, threads: as in `detente.impact.flow.simulate`.
        scenario: the only one.

    Source: Inoue, Todo 2019, doi 10.1038/s41893-019-0351-x; their ProductionNetworkSimulator.
    """
    kind: Recovery = "none" if recovery_days is None else RECOVERIES[0 if recovery is None else recovery]
    shocks = []
    for row in lost:
        unit, share, day = row if len(row) == 3 else (*row, 0)
        shocks.append(
            Shock(
                int(unit),
                float(share),
                int(day),
                int(day) + 1 + recovery_wait,
                None,
                kind,
                1.0 if recovery_days is None else recovery_days,
                None,
                scenario,
            )
        )
    shocks += _intervals(intervals)
    run = simulate(
        network, inoue_switches(rationing, order, as_reference=as_reference), n_days, shocks=shocks,
        permits=permits, keep=keep, snap_days=snap_days, threads=threads,
    )  # fmt: skip
    return replace(run)


def value_added_share(network: FlowNetwork) -> np.ndarray:
    """Value added of each firm over its output: what it does not buy."""
    net = network.net
    bought = np.add.reduceat(np.append(net.use, 0.0), net.cell_ptr[net.group_ptr[:-1]].astype(np.int64))
    bought[np.diff(net.group_ptr) == 0] = 0.0
    share: np.ndarray = np.divide(net.output - bought, net.output, out=np.zeros(network.n), where=net.output > 0)
    return share


def _intervals(rows: Sequence[tuple[int, float, int, int]]) -> list[Shock]:
    ordered = sorted(rows, key=lambda row: (row[0], row[2]))
    found = []
    for at, (unit, share, first, last) in enumerate(ordered):
        follows = at + 1 < len(ordered) and ordered[at + 1][0] == unit
        until = ordered[at + 1][2] if follows else last + 1
        found.append(Shock(int(unit), float(share), int(first), None, int(until)))
    return found

"""Compiled loops for scenarios in which many firms fail: both channels of the whole network, sixteen side by side.

Where a shock reaches a large part of the network within a few steps, looking for what a step touches costs more than
working out everything anew for `LANES` scenarios at once. The steps are those of `_kernels.run_scenarios`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from detente.impact._kernels import Answers, Links, Market, Orders, Rule, Shocks
from detente.impact._lanes import (
    LANES,
    add_times,
    any_above,
    at_most_one,
    larger,
    load,
    minus,
    over,
    splat,
    store,
    times,
    where_above,
    zero,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
F = TypeVar("F", bound=Callable[..., object])

_jit: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True))  # numba's types would hide the kernels' own

EMPTY = 1e-12  # as in `_kernels`


class Tables(NamedTuple):
    """Losses of each firm before and after a step, and what its buyers feel of it; rows are lanes.

    Those of the upstream channel are by place in `Orders`.
    """

    down: F64
    down_next: F64
    up: F64
    up_next: F64
    felt: F64
    scale: F64  # by market: 1 / what is left of it


@_jit
def _markets_left(of: I32, size: F64, down: F64, empty: F64, scale: F64) -> None:
    """Divide 1 by what is left of each market; where nothing is, by so little that any size makes more than 1 of it."""
    one = splat(1.0)
    scale[:] = 0.0
    for i in range(of.size):
        store(scale, of[i], add_times(load(scale, of[i]), size[i], minus(one, load(down, i))))
    for g in range(scale.shape[0]):
        left = load(scale, g)
        store(scale, g, where_above(left, splat(empty[g, 0]), over(one, left), splat(empty[g, 1])))


@_jit
def _felt_losses(ptr: I64, of: I32, size: F64, down: F64, scale: F64, felt: F64) -> None:
    """Work out what buyers feel of each firm's loss, as its market replaces it."""
    for i in range(down.shape[0]):
        if ptr[i] < ptr[i + 1]:
            loss = load(down, i)
            if size.size > 0 and any_above(loss, zero()):
                loss = times(loss, at_most_one(times(splat(size[i]), load(scale, of[i]))))
            store(felt, i, loss)


@_jit
def _down_step(input_ptr: I64, in_ptr: I64, seller: I32, share: F64, felt: F64, now: F64, after: F64) -> Any:
    """Add up anew what every input misses; return the largest growth of a loss, lane by lane."""
    grown = zero()
    for j in range(now.shape[0]):
        old = load(now, j)
        worst = old
        for a in range(input_ptr[j], input_ptr[j + 1]):
            lost = zero()
            for e in range(in_ptr[a], in_ptr[a + 1]):
                lost = add_times(lost, share[e], load(felt, seller[e]))
            worst = larger(worst, lost)
        worst = at_most_one(worst)
        store(after, j, worst)
        grown = larger(grown, minus(worst, old))
    return grown


@_jit
def _up_step(ptr: I64, buyer: I32, share: F64, now: F64, after: F64) -> Any:
    """Do the same for what every seller loses in orders; `after` of firms that sell nothing is set once."""
    grown = zero()
    for i in range(ptr.size - 1):
        lost = zero()
        for e in range(ptr[i], ptr[i + 1]):
            lost = add_times(lost, share[e], load(now, buyer[e]))
        old = load(now, i)
        worst = larger(old, at_most_one(lost))
        store(after, i, worst)
        grown = larger(grown, minus(worst, old))
    return grown


@_jit
def _weigh(firm: I32, tables: Tables, weights: F64, sums: F64) -> None:
    """Weigh the losses after the step (both, down, up, weight by weight) and, in the last row, both before it."""
    last = sums.shape[0] - 1
    sums[:] = 0.0
    for q in range(weights.shape[1]):
        both, down, up, before = zero(), zero(), zero(), zero()
        for x in range(firm.size):
            i = firm[x]
            w, d, u = weights[i, q], load(tables.down_next, i), load(tables.up_next, x)
            both, down, up = add_times(both, w, larger(d, u)), add_times(down, w, d), add_times(up, w, u)
            if q == 0:
                before = add_times(before, w, larger(load(tables.down, i), load(tables.up, x)))
        store(sums, 3 * q, both)
        store(sums, 3 * q + 1, down)
        store(sums, 3 * q + 2, up)
        if q == 0:
            store(sums, last, before)


@_jit
def _answer(k: int, lane: int, step: int, stopped: bool, sums: F64, row: I32, tables: Tables, answers: Answers) -> None:
    """Write the answers of a lane."""
    answers.iterations[k], answers.converged[k] = step, stopped
    for q in range(answers.losses.shape[1]):
        for c in range(3):
            answers.losses[k, q, c] = sums[3 * q + c, lane]
    answers.path[k, 0], answers.path[k, 1] = sums[sums.shape[0] - 1, lane], sums[0, lane]
    kept = answers.row[k]
    if kept >= 0:
        for i in range(row.size):
            answers.loss_down[kept, i] = tables.down_next[i, lane]
            answers.loss_up[kept, i] = tables.up_next[row[i], lane]


@_jit
def _put_shocks(first: int, scenarios: I64, shocks: Shocks, row: I32, tables: Tables) -> None:
    """Clear the tables and put a shock into each lane."""
    tables.down[:] = 0.0
    tables.up[:] = 0.0
    tables.up_next[:] = 0.0
    for lane in range(min(LANES, scenarios.size - first)):
        k = scenarios[first + lane]
        for e in range(shocks.down_ptr[k], shocks.down_ptr[k + 1]):
            tables.down[shocks.down_firm[e], lane] = shocks.down_loss[e]
        for e in range(shocks.up_ptr[k], shocks.up_ptr[k + 1]):
            x = row[shocks.up_firm[e]]
            tables.up[x, lane] = tables.up_next[x, lane] = shocks.up_loss[e]


@_jit
def run_together(
    links: Links, orders: Orders, market: Market, shocks: Shocks, weights: F64, rule: Rule, answers: Answers,
    tables: Tables, scenarios: I64,
) -> None:  # fmt: skip
    """Run some scenarios, `LANES` at a time, until no loss of a lane grows by more than the tolerance."""
    change, sums = np.zeros((2, LANES)), np.zeros((3 * weights.shape[1] + 1, LANES))
    empty = np.zeros((market.n_markets, 2))
    for i in range(market.of.size):
        empty[market.of[i], 0] += EMPTY * market.size[i]
    for g in range(market.n_markets):
        empty[g, 1] = 1.0 / max(EMPTY * empty[g, 0], 1e-300)
    for first in range(0, scenarios.size, LANES):
        width = min(LANES, scenarios.size - first)
        _put_shocks(first, scenarios, shocks, orders.row, tables)
        running, step = np.arange(LANES) < width, 0
        down, after, up, up_after = tables.down, tables.down_next, tables.up, tables.up_next
        while running.any():
            step += 1
            if market.n_markets > 0:
                _markets_left(market.of, market.size, down, empty, tables.scale)
            _felt_losses(links.down_ptr, market.of, market.size, down, tables.scale, tables.felt)
            store(change, 0, _down_step(
                links.input_ptr, links.in_ptr, links.in_seller, links.in_share, tables.felt, down, after
            ))  # fmt: skip
            store(change, 1, _up_step(orders.ptr, orders.buyer, orders.share, up, up_after))
            weighed = False
            for lane in range(width):
                quiet = max(change[0, lane], change[1, lane]) <= rule.tolerance
                if running[lane] and (quiet or step >= rule.max_iterations):
                    now = Tables(down, after, up, up_after, tables.felt, tables.scale)
                    if not weighed:
                        _weigh(orders.firm, now, weights, sums)
                        weighed = True
                    _answer(scenarios[first + lane], lane, step, quiet, sums, orders.row, now, answers)
                    running[lane] = False
            down, after = after, down
            up, up_after = up_after, up

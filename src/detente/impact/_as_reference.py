"""The published program's own recursion, where it differs from the index it stands for; every firm in every step.

Callees and constants stand in this file, as numba's cache does not see edits elsewhere.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from detente.impact._kernels import F64, Answers, Links, Market, Rule, Shocks

F = TypeVar("F", bound=Callable[..., object])

_jit: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True))  # numba's types would hide the kernels' own

EMPTIED = 1e-10  # money, in whatever currency W has: a market with no more left gets 1 instead


@_jit
def _next_down(links: Links, market: Market, left: F64, cap: F64, now: F64, sums: F64, after: F64) -> None:
    """What is left of each firm's output downstream after a step; a firm's loss counts more as its market empties."""
    left[:], sums[:] = 0.0, 0.0
    for i in range(market.of.size):
        left[market.of[i]] += market.size[i] * now[i]
    for i in range(now.size):
        felt = 1.0 - now[i]
        if felt != 0.0 and market.n_markets > 0:
            rest = left[market.of[i]]
            felt *= min(1.0, market.size[i] / (1.0 if rest <= EMPTIED else rest))
        if felt != 0.0:
            for e in range(links.down_ptr[i], links.down_ptr[i + 1]):
                sums[links.down_input[e]] += links.down_share[e] * felt
    for j in range(now.size):
        best = cap[j]
        for a in range(links.input_ptr[j], links.input_ptr[j + 1]):
            best = min(best, 1.0 - sums[a])
        after[j] = max(0.0, best)


@_jit
def _next_up(links: Links, cap: F64, now: F64, sums: F64, after: F64) -> None:
    """Do the same upstream."""
    sums[:] = 0.0
    for j in range(now.size):
        if now[j] != 1.0:
            for e in range(links.up_ptr[j], links.up_ptr[j + 1]):
                sums[links.up_seller[e]] += links.up_share[e] * (1.0 - now[j])
    for i in range(now.size):
        after[i] = max(0.0, min(cap[i], 1.0 - sums[i]))


@_jit
def _index(weights: F64, q: int, down: F64, up: F64) -> float:
    total = 0.0
    for i in range(down.size):
        total += weights[i, q] * (1.0 - min(down[i], up[i]))
    return total


@_jit
def run_as_reference(links: Links, market: Market, shocks: Shocks, weights: F64, rule: Rule, answers: Answers) -> None:
    """Run every scenario as the reference program does and write its answers.

    An emptied market counts as 1 unit of money, so output can rise again and a run may never stop.
    """
    n = links.down_ptr.size - 1
    left, down_sums, up_sums = np.zeros(market.n_markets), np.zeros(links.input_ptr[n]), np.zeros(n)
    next_down, next_up = np.zeros(n), np.zeros(n)
    for k in range(answers.iterations.size):
        cap_down, cap_up = np.ones(n), np.ones(n)
        for e in range(shocks.down_ptr[k], shocks.down_ptr[k + 1]):
            cap_down[shocks.down_firm[e]] -= shocks.down_loss[e]
        for e in range(shocks.up_ptr[k], shocks.up_ptr[k + 1]):
            cap_up[shocks.up_firm[e]] -= shocks.up_loss[e]
        down, up = cap_down.copy(), cap_up.copy()
        before, after, step, stopped = 0.0, _index(weights, 0, down, up), 0, False
        while not stopped and step < rule.max_iterations:
            step += 1
            _next_down(links, market, left, cap_down, down, down_sums, next_down)
            _next_up(links, cap_up, up, up_sums, next_up)
            fall = max((down - next_down).max(), (up - next_up).max())
            before, after = after, _index(weights, 0, next_down, next_up)
            if rule.by_index:
                stopped = after == 0.0 if before == 0.0 else after / before <= 1.0 + rule.tolerance
            else:
                stopped = fall <= rule.tolerance
            down[:], up[:] = next_down, next_up
        answers.iterations[k], answers.converged[k] = step, stopped
        answers.path[k, 0], answers.path[k, 1] = before, after
        for q in range(weights.shape[1]):
            answers.losses[k, q, 0] = _index(weights, q, down, up)
            answers.losses[k, q, 1] = _index(weights, q, down, down)
            answers.losses[k, q, 2] = _index(weights, q, up, up)
        if answers.row[k] >= 0:
            answers.loss_down[answers.row[k]] = 1.0 - down
            answers.loss_up[answers.row[k]] = 1.0 - up

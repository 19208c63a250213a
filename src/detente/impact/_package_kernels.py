"""Compiled loops of packages: the cascade of closed sales, sixteen packages side by side in the lanes of a vector.

Losses only ever grow, so the order in which units are worked out changes how soon the fixed point is reached and not
where it lies. Units are therefore numbered along the chains of supply: a sweep carries losses from sellers to buyers
(and back, for orders) through a chain of any length at once, and only cycles need more sweeps. A sweep works out a unit
only if something that it buys, or sells, has changed in some lane. A lane that is quiet is frozen, and nothing in it
moves but by its own inputs: what a package costs does not depend, to the last bit, on the packages beside it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from detente.impact._lanes import (
    LANES,
    add_times,
    any_above,
    at_most_one,
    larger,
    load,
    minus,
    over,
    plus,
    splat,
    store,
    times,
    where_above,
    zero,
)

F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., object])

_jit: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True))  # numba's types would hide the kernels' own

EMPTY = 1e-12  # a market with less than this share of its own size left counts as empty, as in `_kernels`
CRITICAL, ORDINARY = 2, 1


class Chains(NamedTuple):
    """The network as the loops read it. Units are numbered along the chains of supply, a link is all sales of a pair.

    Links stand buyer by buyer and, within a buyer, group by group: a group is what a buyer buys of one item, which is
    one input and comes from one market.
    """

    group_ptr: I64  # n + 1, by buyer
    market: I32  # by group
    link_ptr: I64  # by group, one more
    seller: I32  # by link
    up_ptr: I64  # n + 1, by seller
    up_link: I32  # place of the link above
    up_buyer: I32
    of: I32  # market of each unit
    sale_ptr: I64  # by link, one more
    sale: I32  # sales of the pair


class Shares(NamedTuple):
    """What each link is to its buyer and to its seller."""

    down: F64  # by link
    up: F64
    binds: I8  # class by group
    size: F64  # of each unit in its market; empty where nobody can be replaced
    value: F64  # by sale


class Tables(NamedTuple):
    """Work tables; their rows are lanes."""

    allowed: F64  # links
    down: F64  # n, loss for want of inputs
    up: F64  # n, the worse of both
    open: F64  # markets, what is left
    error: F64  # markets, its rounding error


class Clock(NamedTuple):
    """When each unit was last worked out, and when each market last changed, counted from 1; 0: never."""

    now: I64  # one cell
    done: I64  # n
    moved: I64  # markets; empty where nobody can be replaced


class Asked(NamedTuple):
    """The packages: what is allowed of each sale and what units lose at the start; one row, or one a package."""

    allowed: F64  # K x sales
    stopped: F64  # K x n, in the order of `unit`; no row: nothing
    unit: I32  # which unit each number stands for
    tolerance: float
    max_sweeps: int


class Costs(NamedTuple):
    """Where the loops write: losses of units, or sums of them by `weights` where these have columns."""

    loss_down: F64  # K x n
    loss: F64  # K x n
    weights: F64  # n x Q
    sums: F64  # K x Q
    sweeps: I64  # K, of both channels
    converged: Flags  # K


@_jit
def chain_order(n: int, ptr: I64, buyer: I32) -> I32:
    """Number units so that sellers come before their buyers, as far as cycles let them (depth first)."""
    order, state, next_edge, stack = np.empty(n, np.int32), np.zeros(n, np.int8), ptr[:n].copy(), np.empty(n, np.int32)
    left = n
    for root in range(n):
        if state[root] != 0:
            continue
        stack[0], depth, state[root] = root, 1, 1
        while depth > 0:
            i = stack[depth - 1]
            if next_edge[i] < ptr[i + 1]:
                j = buyer[next_edge[i]]
                next_edge[i] += 1
                if state[j] == 0:
                    stack[depth], state[j] = j, 1
                    depth += 1
            else:
                depth -= 1
                left -= 1
                order[left] = i
    return order


@_jit
def _allow(first: int, width: int, chains: Chains, value: F64, allowed: F64, cell: I32, table: F64) -> int:
    """Put what is allowed of restricted links into the table, and each link's row of it (or -1) into `cell`."""
    count, same = 0, allowed.shape[0] == 1
    for e in range(chains.seller.size):
        begin, end = chains.sale_ptr[e], chains.sale_ptr[e + 1]
        whole = 0.0
        for s in range(begin, end):
            whole += value[chains.sale[s]]
        cell[e] = -1
        if whole <= 0.0:
            continue
        least = 1.0
        for lane in range(LANES):
            share = 1.0
            if lane < width:
                k = 0 if same else first + lane
                if end == begin + 1:
                    share = allowed[k, chains.sale[begin]]
                else:
                    part = 0.0
                    for s in range(begin, end):
                        part += value[chains.sale[s]] * allowed[k, chains.sale[s]]
                    share = min(1.0, part / whole)
            table[count, lane] = share
            least = min(least, share)
        if least < 1.0:
            cell[e] = count
            count += 1
    return count


@_jit
def _add(open_: F64, error: F64, g: int, value: Any) -> None:
    """Add to what is left of a market and to the rounding error it has gathered (Knuth); 0 changes nothing."""
    total = load(open_, g)
    new = plus(total, value)
    part = minus(new, total)
    store(open_, g, new)
    store(error, g, plus(load(error, g), plus(minus(total, minus(new, part)), minus(value, part))))


@_jit
def _start(
    first: int, width: int, chains: Chains, size: F64, asked: Asked, cell: I32, tables: Tables, dirty: Flags
) -> None:  # fmt: skip
    """Put shocks in their place, fill the markets with what is left, and mark units that feel something at once."""
    down = tables.down
    down[:] = 0.0
    tables.open[:] = 0.0
    tables.error[:] = 0.0
    for j in range(chains.of.size):
        if asked.stopped.shape[0] > 0:
            for lane in range(width):
                k = 0 if asked.stopped.shape[0] == 1 else first + lane
                down[j, lane] = asked.stopped[k, asked.unit[j]]
            if any_above(load(down, j), zero()):
                for e in range(chains.up_ptr[j], chains.up_ptr[j + 1]):
                    dirty[chains.up_buyer[e]] = True
        for e in range(chains.link_ptr[chains.group_ptr[j]], chains.link_ptr[chains.group_ptr[j + 1]]):
            if cell[e] >= 0:
                dirty[j] = True
        if size.size > 0:
            _add(tables.open, tables.error, chains.of[j], times(splat(size[j]), minus(splat(1.0), load(down, j))))


@_jit
def _felt(table: F64, row: int, loss: Any) -> Any:
    """Return what a buyer misses of a link, or a seller of an order: what is closed and what is lost of the rest."""
    share = load(table, row)
    return plus(minus(splat(1.0), share), times(share, loss))


@_jit
def _missing(j: int, chains: Chains, shares: Shares, empty: F64, cell: I32, tables: Tables) -> Any:
    """Return what unit j loses for want of inputs: the most of a critical one, or the sum of those by their share."""
    down, worst, ordinary, one = tables.down, zero(), zero(), splat(1.0)
    for a in range(chains.group_ptr[j], chains.group_ptr[j + 1]):
        if shares.binds[a] == 0:
            continue
        begin, end, lost = chains.link_ptr[a], chains.link_ptr[a + 1], zero()
        if shares.size.size == 0:
            for e in range(begin, end):
                loss = load(down, chains.seller[e])
                lost = add_times(lost, shares.down[e], loss if cell[e] < 0 else _felt(tables.allowed, cell[e], loss))
        else:
            g, shut = chains.market[a], zero()
            for e in range(begin, end):
                if cell[e] >= 0:
                    kept = times(minus(one, load(down, chains.seller[e])), minus(one, load(tables.allowed, cell[e])))
                    shut = add_times(shut, shares.size[chains.seller[e]], kept)
            left = plus(minus(load(tables.open, g), shut), load(tables.error, g))
            scale = where_above(left, splat(empty[g, 0]), over(one, left), splat(empty[g, 1]))
            for e in range(begin, end):
                loss = load(down, chains.seller[e])
                felt = loss if cell[e] < 0 else _felt(tables.allowed, cell[e], loss)
                sigma = at_most_one(times(splat(shares.size[chains.seller[e]]), scale))
                lost = add_times(lost, shares.down[e], times(sigma, felt))
        if shares.binds[a] == CRITICAL:
            worst = larger(worst, lost)
        else:
            ordinary = plus(ordinary, lost)
    return at_most_one(larger(worst, ordinary))


@_jit
def _empty(of: I32, size: F64, n_markets: int) -> F64:
    """Return below what each market counts as empty, and what makes of any size in it a share of 1 or more."""
    empty = np.zeros((n_markets, 2))
    for j in range(size.size):
        empty[of[j], 0] += EMPTY * size[j]
    for g in range(n_markets):
        empty[g, 1] = 1.0 / max(EMPTY * empty[g, 0], 1e-300)
    return empty


@_jit
def _freeze(change: F64, alive: F64, tolerance: float, sweeps: I64) -> bool:
    """Count a sweep, freeze lanes that it left quiet, and return whether any is left."""
    left = False
    for lane in range(LANES):
        if alive[0, lane] > 0.0:
            sweeps[lane] += 1
            if change[0, lane] <= tolerance:
                alive[0, lane] = 0.0
            else:
                left = True
    return left


@_jit
def _market_moved(j: int, group_ptr: I64, market: I32, moved: I64, since: int) -> bool:
    """Whether a market that unit j buys from has changed since it was last worked out."""
    last = 0
    for a in range(group_ptr[j], group_ptr[j + 1]):
        last = max(last, moved[market[a]])
    return last > since


@_jit
def _sweep_down(
    chains: Chains, shares: Shares, empty: F64, cell: I32, tables: Tables, dirty: Flags, clock: Clock, alive: F64,
    change: F64,
) -> None:  # fmt: skip
    """Work out, sellers first, every unit whose inputs have changed.

    A unit that was never worked out misses nothing, whatever its markets do: only what it buys itself wakes it.
    """
    down, grown, live, done, moved = tables.down, zero(), load(alive, 0), clock.done, clock.moved
    for j in range(chains.of.size):
        if not dirty[j] and not (
            done[j] > 0 and moved.size > 0 and _market_moved(j, chains.group_ptr, chains.market, moved, done[j])
        ):
            continue
        clock.now[0] += 1
        dirty[j], done[j] = False, clock.now[0]
        old = load(down, j)
        new = where_above(live, zero(), larger(old, _missing(j, chains, shares, empty, cell, tables)), old)
        if not any_above(new, old):
            continue
        store(down, j, new)
        grown = larger(grown, minus(new, old))
        for e in range(chains.up_ptr[j], chains.up_ptr[j + 1]):
            dirty[chains.up_buyer[e]] = True
        if shares.size.size > 0:
            g, size = chains.of[j], splat(shares.size[j])
            gone, kept = times(size, minus(old, splat(1.0))), times(size, minus(splat(1.0), new))
            _add(tables.open, tables.error, g, where_above(new, old, gone, zero()))
            _add(tables.open, tables.error, g, where_above(new, old, kept, zero()))
            clock.now[0] += 1
            moved[g] = clock.now[0]
    store(change, 0, grown)


@_jit
def _mark_sellers(j: int, chains: Chains, dirty: Flags) -> None:
    for e in range(chains.link_ptr[chains.group_ptr[j]], chains.link_ptr[chains.group_ptr[j + 1]]):
        dirty[chains.seller[e]] = True


@_jit
def _start_up(chains: Chains, cell: I32, tables: Tables, dirty: Flags) -> None:
    """Begin with what could not be made for want of inputs, and mark the sellers who feel it or may not sell."""
    for j in range(chains.of.size):
        loss = load(tables.down, j)
        store(tables.up, j, loss)
        if any_above(loss, zero()):
            _mark_sellers(j, chains, dirty)
    for e in range(cell.size):
        if cell[e] >= 0:
            dirty[chains.seller[e]] = True


@_jit
def _sweep_up(
    chains: Chains, share: F64, cell: I32, tables: Tables, dirty: Flags, alive: F64, change: F64
) -> None:  # fmt: skip
    """Work out, buyers first, every unit whose orders have changed."""
    up, grown, live = tables.up, zero(), load(alive, 0)
    for i in range(chains.of.size - 1, -1, -1):
        if not dirty[i]:
            continue
        dirty[i] = False
        lost = zero()
        for x in range(chains.up_ptr[i], chains.up_ptr[i + 1]):
            e, loss = chains.up_link[x], load(up, chains.up_buyer[x])
            lost = add_times(lost, share[e], loss if cell[e] < 0 else _felt(tables.allowed, cell[e], loss))
        old = load(up, i)
        new = where_above(live, zero(), larger(old, at_most_one(lost)), old)
        if any_above(new, old):
            store(up, i, new)
            grown = larger(grown, minus(new, old))
            _mark_sellers(i, chains, dirty)
    store(change, 0, grown)


@_jit
def _write(first: int, width: int, tables: Tables, unit: I32, costs: Costs) -> None:
    """Write the losses of a vector of packages, or their sums."""
    down, up = tables.down, tables.up
    for j in range(unit.size):
        i = unit[j]
        for lane in range(width):
            if costs.weights.shape[1] == 0:
                costs.loss_down[first + lane, i] = down[j, lane]
                costs.loss[first + lane, i] = up[j, lane]
            elif up[j, lane] > 0.0:
                for q in range(costs.weights.shape[1]):
                    costs.sums[first + lane, q] += costs.weights[i, q] * up[j, lane]


@_jit
def run_packages(chains: Chains, shares: Shares, asked: Asked, tables: Tables, costs: Costs) -> None:
    """Take every package to its fixed point, inputs first and then orders, and write what it costs."""
    n, K = chains.of.size, costs.sweeps.size
    cell, dirty = np.empty(chains.seller.size, np.int32), np.zeros(n, np.bool_)
    n_markets = tables.open.shape[0] if shares.size.size > 0 else 0
    clock = Clock(np.zeros(1, np.int64), np.zeros(n, np.int64), np.zeros(n_markets, np.int64))
    alive, change, sweeps = np.zeros((1, LANES)), np.zeros((1, LANES)), np.zeros(LANES, np.int64)
    empty = _empty(chains.of, shares.size, n_markets)
    for first in range(0, K, LANES):
        width = min(LANES, K - first)
        sweeps[:] = 0
        _allow(first, width, chains, shares.value, asked.allowed, cell, tables.allowed)
        _start(first, width, chains, shares.size, asked, cell, tables, dirty)
        clock.now[0] = 0
        clock.done[:] = 0
        clock.moved[:] = 0
        alive[0, :width] = 1.0
        running, taken = True, 0
        while running and taken < asked.max_sweeps:
            taken += 1
            _sweep_down(chains, shares, empty, cell, tables, dirty, clock, alive, change)
            running = _freeze(change, alive, asked.tolerance, sweeps)
        costs.converged[first : first + width] = alive[0, :width] == 0.0
        dirty[:] = False
        _start_up(chains, cell, tables, dirty)
        alive[0, :width] = 1.0
        running, taken = True, 0
        while running and taken < asked.max_sweeps:
            taken += 1
            _sweep_up(chains, shares.up, cell, tables, dirty, alive, change)
            running = _freeze(change, alive, asked.tolerance, sweeps)
        for lane in range(width):
            costs.converged[first + lane] &= alive[0, lane] == 0.0
            costs.sweeps[first + lane] = sweeps[lane]
        dirty[:] = False
        alive[:] = 0.0
        _write(first, width, tables, asked.unit, costs)

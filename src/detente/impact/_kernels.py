"""Compiled loops of the impact models; every callee and constant stands in this file.

Losses are kept, not outputs: a firm that no shock reached has loss 0.0 and is never visited. Two facts keep the
incremental sums exact. Losses never fall from one step to the next, so every amount added to an input or to a seller's
lost orders is positive and nothing cancels. And every running sum carries its rounding error in a second cell, so that
its value is as good as if it were summed anew from its links (relative error of a few 1e-16, however many steps).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., object])

_jit: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True))  # numba's types would hide the kernels' own

EMPTY = 1e-12  # a market with less than this share of its own size left counts as empty: rounding, in any currency


class Links(NamedTuple):
    """The network as the loops read it: inputs by seller, orders by buyer.

    An input is what binds a buyer at once: one critical product, or all its inputs that bind by their share. Inputs
    are numbered buyer by buyer: those of buyer j are `input_ptr[j]` to `input_ptr[j + 1]`.
    """

    input_ptr: I64  # n + 1
    down_ptr: I64  # n + 1, by seller; links that bind nothing are left out
    down_input: I32
    down_buyer: I32
    down_share: F64
    up_ptr: I64  # n + 1, by buyer
    up_seller: I32
    up_share: F64


class Market(NamedTuple):
    """Market of each firm and its size; `of` is empty where nothing can be replaced."""

    of: I32
    size: F64
    n_markets: int


class Closed(NamedTuple):
    """Links that need their own arithmetic because some link of the same buyer and market is restricted.

    `ptr` groups them by buyer and market. `up_seller` and `up_loss` are the orders that closed links take from sellers.
    """

    ptr: I64
    market: I32  # -1 where nothing can be replaced
    seller: I32
    buyer: I32
    input: I32  # -1 where the link binds nothing
    share: F64
    allowed: F64
    up_seller: I32
    up_loss: F64


class Shocks(NamedTuple):
    """Scenarios as columns: firms and loss shares of scenario k are at `ptr[k]` to `ptr[k + 1]`."""

    down_ptr: I64
    down_firm: I32
    down_loss: F64
    up_ptr: I64
    up_firm: I32
    up_loss: F64


class Rule(NamedTuple):
    """When a scenario stops."""

    tolerance: float
    by_index: bool
    max_iterations: int


class Answers(NamedTuple):
    """Where the loops write; a scenario whose `row` is -1 keeps no losses."""

    losses: F64  # scenarios x weights x (both, down, up)
    path: F64  # scenarios x (index before the last step, after it)
    iterations: I64
    converged: NDArray[np.bool_]
    row: I64
    loss_down: F64  # rows x n
    loss_up: F64


class _Channel(NamedTuple):
    """Work arrays of one channel; all zero between scenarios."""

    now: F64  # loss of each firm
    next: F64  # loss after this step
    sent: F64  # loss, after replacement, already passed on
    sums: F64  # what is missing so far, each sum beside its rounding error: by input (down), by firm (up)


class _Left(NamedTuple):
    """Size still in each market and at the start, each beside its rounding error; step of its last change."""

    open: F64
    full: F64
    moved: I64


@_jit
def _two_sum(total: float, error: float, value: float) -> tuple[float, float]:
    """Add to a running sum and to the rounding error it has gathered (Knuth)."""
    new = total + value
    part = new - total
    return new, error + ((total - (new - part)) + (value - part))


@_jit
def _raise(now: F64, after: F64, j: int, loss: float, touched: I32, count: int) -> int:
    """Raise the next loss of firm j and note it once; return how many firms are noted."""
    old = after[j]
    if loss > old and old < 1.0:
        if old == now[j]:
            touched[count] = j
            count += 1
        after[j] = min(1.0, loss)
    return count


@_jit
def _send(
    source: I32, more: F64, n_source: int, ptr: I64, cell: I32, firm: I32, share: F64,
    sums: F64, now: F64, after: F64, touched: I32, count: int,
) -> int:  # fmt: skip
    """Pass on along every link of the source firms what their losses have grown by; nearly all time is spent here.

    The body of `_raise` is repeated: a call with arrays in it costs six times the rest of the loop.
    """
    for c in range(n_source):
        i = source[c]
        for e in range(ptr[i], ptr[i + 1]):
            a = cell[e]
            total, error = _two_sum(sums[a, 0], sums[a, 1], share[e] * more[c])
            sums[a, 0] = total
            sums[a, 1] = error
            j = firm[e]
            old = after[j]
            if total + error > old and old < 1.0:
                if old == now[j]:
                    touched[count] = j
                    count += 1
                after[j] = min(1.0, total + error)
    return count


@_jit
def _replaceable(size: float, left: float, full: float) -> float:
    """Return the share of a seller's loss that its buyers feel: its size against what is left of the market."""
    if left <= EMPTY * full or size >= left:
        return 1.0
    return size / left


@_jit
def _growth(changed: I32, n_changed: int, now: F64, sent: F64, more: F64) -> None:
    """Write what each changed loss has grown by."""
    for c in range(n_changed):
        i = changed[c]
        more[c] = now[i] - sent[i]
        sent[i] = now[i]


@_jit
def _felt_growth(
    hit: I32, n_hit: int, step: int, of: I32, size: F64, left: F64, full: F64, moved: I64, now: F64, sent: F64,
    source: I32, more: F64,
) -> int:  # fmt: skip
    """List the firms whose loss buyers feel more, as it grew or as less is left of its market, and by how much."""
    n_source = 0
    for c in range(n_hit):
        i = hit[c]
        g = of[i]
        if moved[g] == step:
            felt = now[i] * _replaceable(size[i], left[g, 0] + left[g, 1], full[g, 0])
            if felt > sent[i]:
                source[n_source] = i
                more[n_source] = felt - sent[i]
                sent[i] = felt
                n_source += 1
    return n_source


@_jit
def _send_closed(
    closed: Closed, sent: F64, market: Market, left: _Left, channel: _Channel, touched: I32, count: int
) -> int:
    """Pass on what buyers with restricted links miss; each sees its own market, without the sales closed to it."""
    down, sums = channel.now, channel.sums
    for p in range(closed.market.size):
        g = closed.market[p]
        open_, full, error = 0.0, 0.0, 0.0
        if g >= 0:
            open_, error, full = left.open[g, 0], left.open[g, 1], left.full[g, 0]
            for e in range(closed.ptr[p], closed.ptr[p + 1]):
                i = closed.seller[e]
                shut = market.size[i] * (1.0 - down[i]) * (1.0 - closed.allowed[e])
                open_, error = _two_sum(open_, error, -shut)
        for e in range(closed.ptr[p], closed.ptr[p + 1]):
            i, a = closed.seller[e], closed.input[e]
            felt = (1.0 - closed.allowed[e]) + closed.allowed[e] * down[i]
            if g >= 0:
                felt *= _replaceable(market.size[i], open_ + error, full)
            if a >= 0 and felt > sent[e]:
                sums[a, 0], sums[a, 1] = _two_sum(sums[a, 0], sums[a, 1], closed.share[e] * (felt - sent[e]))
                sent[e] = felt
                count = _raise(down, channel.next, closed.buyer[e], sums[a, 0] + sums[a, 1], touched, count)
    return count


@_jit
def _index(seen: I32, n_seen: int, weights: F64, q: int, down: F64, up: F64) -> float:
    total = 0.0
    for c in range(n_seen):
        i = seen[c]
        total += weights[i, q] * max(down[i], up[i])
    return total


@_jit
def _quiet(touched: I32, count: int, now: F64, after: F64, tolerance: float) -> bool:
    for c in range(count):
        i = touched[c]
        if after[i] - now[i] > tolerance:
            return False
    return True


@_jit
def _channel(n: int, n_sums: int) -> _Channel:
    return _Channel(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((n_sums, 2)))


@_jit
def _note_seen(touched: I32, count: int, now: F64, other: F64, seen: I32, n_seen: int) -> int:
    """List the firms that a step reaches for the first time."""
    for c in range(count):
        i = touched[c]
        if now[i] == 0.0 and other[i] == 0.0:
            seen[n_seen] = i
            n_seen += 1
    return n_seen


@_jit
def _commit(touched: I32, count: int, now: F64, after: F64) -> None:
    """Make the next losses the present ones."""
    for c in range(count):
        now[touched[c]] = after[touched[c]]


@_jit
def _shrink_markets(
    touched: I32, count: int, now: F64, after: F64, of: I32, size: F64, left: F64, moved: I64, step: int,
    hit: I32, n_hit: int,
) -> int:  # fmt: skip
    """Take what is about to be lost out of the markets and list the firms that lose for the first time."""
    for c in range(count):
        i = touched[c]
        g = of[i]
        total, error = _two_sum(left[g, 0], left[g, 1], -(size[i] * (1.0 - now[i])))
        left[g, 0], left[g, 1] = _two_sum(total, error, size[i] * (1.0 - after[i]))
        moved[g] = step
        if now[i] == 0.0:
            hit[n_hit] = i
            n_hit += 1
    return n_hit


@_jit
def _keep(seen: I32, n_seen: int, loss: F64, row: F64) -> None:
    for c in range(n_seen):
        row[seen[c]] = loss[seen[c]]


@_jit
def _clear(seen: I32, n_seen: int, cells: I64, now: F64, after: F64, sent: F64, sums: F64) -> None:
    """Clear what a scenario touched in one channel, and nothing else."""
    for c in range(n_seen):
        i = seen[c]
        now[i] = after[i] = sent[i] = 0.0
        for a in range(cells[i], cells[i + 1]):
            sums[a, 0] = sums[a, 1] = 0.0


@_jit
def _full(market: Market) -> F64:
    """Sum the sizes of each market, each beside its rounding error."""
    full = np.zeros((market.n_markets, 2))
    for i in range(market.of.size):
        g = market.of[i]
        full[g, 0], full[g, 1] = _two_sum(full[g, 0], full[g, 1], market.size[i])
    return full


@_jit
def run_scenarios(
    links: Links, market: Market, closed: Closed, shocks: Shocks, weights: F64, rule: Rule, answers: Answers
) -> None:
    """Run every scenario to its stop and write its answers.

    Both channels take each step together, from the state before it: the number of steps is part of the published
    index. A step is kept only after the stopping test, so the index is known before and after the last one.
    """
    n = links.down_ptr.size - 1
    left = _Left(np.zeros((market.n_markets, 2)), _full(market), np.zeros(market.n_markets, np.int64))
    left.open[:] = left.full
    down, up = _channel(n, links.input_ptr[n]), _channel(n, n)
    own_cell, sent_closed = np.arange(n + 1), np.zeros(closed.seller.size)
    seen, hit = np.empty(n, np.int32), np.empty(n, np.int32)
    source, more = np.empty(n, np.int32), np.empty(n)
    touched_down, touched_up = np.empty(n, np.int32), np.empty(n, np.int32)
    for k in range(answers.iterations.size):
        n_down = n_up = n_hit = step = 0
        for e in range(shocks.down_ptr[k], shocks.down_ptr[k + 1]):
            n_down = _raise(down.now, down.next, shocks.down_firm[e], shocks.down_loss[e], touched_down, n_down)
        for e in range(shocks.up_ptr[k], shocks.up_ptr[k + 1]):
            n_up = _raise(up.now, up.next, shocks.up_firm[e], shocks.up_loss[e], touched_up, n_up)
        n_seen = _note_seen(touched_down, n_down, down.now, up.now, seen, 0)
        n_seen = _note_seen(touched_up, n_up, up.now, down.next, seen, n_seen)
        after = _index(seen, n_seen, weights, 0, down.next, up.next)
        while True:
            step += 1
            if market.n_markets > 0:
                n_hit = _shrink_markets(
                    touched_down, n_down, down.now, down.next, market.of, market.size, left.open, left.moved, step,
                    hit, n_hit,
                )  # fmt: skip
                _commit(touched_down, n_down, down.now, down.next)
                n_source = _felt_growth(
                    hit, n_hit, step, market.of, market.size, left.open, left.full, left.moved, down.now, down.sent,
                    source, more,
                )  # fmt: skip
            else:
                _commit(touched_down, n_down, down.now, down.next)
                _growth(touched_down, n_down, down.now, down.sent, more)
                source, touched_down, n_source = touched_down, source, n_down
            n_down = _send(
                source, more, n_source, links.down_ptr, links.down_input, links.down_buyer, links.down_share,
                down.sums, down.now, down.next, touched_down, 0,
            )  # fmt: skip
            if closed.market.size > 0:
                n_down = _send_closed(closed, sent_closed, market, left, down, touched_down, n_down)
            _commit(touched_up, n_up, up.now, up.next)
            _growth(touched_up, n_up, up.now, up.sent, more)
            source, touched_up = touched_up, source
            n_up = _send(
                source, more, n_up, links.up_ptr, links.up_seller, links.up_seller, links.up_share,
                up.sums, up.now, up.next, touched_up, 0,
            )  # fmt: skip
            if step == 1:
                for e in range(closed.up_seller.size):
                    i = closed.up_seller[e]
                    up.sums[i, 0], up.sums[i, 1] = _two_sum(up.sums[i, 0], up.sums[i, 1], closed.up_loss[e])
                    n_up = _raise(up.now, up.next, i, up.sums[i, 0] + up.sums[i, 1], touched_up, n_up)
            n_seen = _note_seen(touched_down, n_down, down.now, up.now, seen, n_seen)
            n_seen = _note_seen(touched_up, n_up, up.now, down.next, seen, n_seen)
            if rule.by_index:
                before, after = after, _index(seen, n_seen, weights, 0, down.next, up.next)
                stopped = after == 0.0 if before == 0.0 else after / before <= 1.0 + rule.tolerance
            else:
                stopped = _quiet(touched_down, n_down, down.now, down.next, rule.tolerance) and _quiet(
                    touched_up, n_up, up.now, up.next, rule.tolerance
                )
            if stopped or step >= rule.max_iterations:
                break
        answers.iterations[k] = step
        answers.converged[k] = stopped
        answers.path[k, 0] = _index(seen, n_seen, weights, 0, down.now, up.now)
        answers.path[k, 1] = _index(seen, n_seen, weights, 0, down.next, up.next)
        for q in range(weights.shape[1]):
            answers.losses[k, q, 0] = _index(seen, n_seen, weights, q, down.next, up.next)
            answers.losses[k, q, 1] = _index(seen, n_seen, weights, q, down.next, down.next)
            answers.losses[k, q, 2] = _index(seen, n_seen, weights, q, up.next, up.next)
        if answers.row[k] >= 0:
            _keep(seen, n_seen, down.next, answers.loss_down[answers.row[k]])
            _keep(seen, n_seen, up.next, answers.loss_up[answers.row[k]])
        _clear(seen, n_seen, links.input_ptr, down.now, down.next, down.sent, down.sums)
        _clear(seen, n_seen, own_cell, up.now, up.next, up.sent, up.sums)
        for c in range(n_seen if market.n_markets > 0 else 0):
            g = market.of[seen[c]]
            left.open[g, 0] = left.full[g, 0]
            left.open[g, 1] = left.full[g, 1]
            left.moved[g] = 0
        sent_closed[:] = 0.0

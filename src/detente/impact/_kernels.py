"""Compiled loops of the cascade; but for the lanes' arithmetic every callee and constant stands in this file.

Losses are kept, not outputs: a firm that no shock reached has loss 0.0 and is never visited. Two facts keep the
incremental sums exact. Losses never fall from one step to the next, so every amount added to an input or to a seller's
lost orders is positive and nothing cancels. And every running sum carries its rounding error in a second cell, so that
its value is as good as if it were summed anew from its links (relative error of a few 1e-16, however many steps).

A scenario starts alone, touching only what it reaches. Where lost orders spread to so many sellers that the next step
is cheaper for `LANES` scenarios at once over the whole network, its upstream channel moves into a lane of a table
n x LANES, and the lane goes to the next scenario once this one stops. Its downstream channel, which reaches far fewer
firms and needs none of the upstream losses, is run anew when the upstream one is quiet: state for every lane would
not stay in the cache. Both ways take the same steps.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from detente.impact._lanes import LANES, add_times, at_most_one, larger, load, minus, store, times, zero

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., object])

_jit: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True))  # numba's types would hide the kernels' own

EMPTY = 1e-12  # a market with less than this share of its own size left counts as empty: rounding, in any currency
QUIET = 2.0**-53  # a loss that has grown by less is passed on later: an output near 1 could not show it
GATHER = 4  # following a link costs so many times what adding it up in its place does
N_STATES = 4  # of a scenario: firms touched by the last step, firms seen, firms hit, steps (all downstream)


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
    in_ptr: I64  # the downstream links once more, by input
    in_seller: I32
    in_share: F64


class Orders(NamedTuple):
    """The same orders by seller, as lanes add them up; firms that sell anything come first, in the order of `firm`."""

    row: I32  # n, place of each firm in `firm`
    firm: I32  # n
    ptr: I64  # by place of the seller, one more than there are sellers
    buyer: I32  # place
    share: F64


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


class Lanes(NamedTuple):
    """Two tables n x LANES, zero, for the upstream losses of scenarios that reach far; they are used in turn.

    `heavy` is the number of orders beyond which a step is taken in a lane. Tables without rows: no lanes, one scenario
    after the other.
    """

    now: F64
    next: F64
    heavy: int


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


class _Scenario(NamedTuple):
    """Work arrays of one scenario's downstream channel, and lists of firms: seen, hit, touched by the last step."""

    down: _Channel
    left: _Left
    seen: I32
    hit: I32
    touched: I32
    sent_closed: F64


class _Shared(NamedTuple):
    """Work arrays that scenarios use in turn."""

    up: _Channel
    seen_up: I32
    touched_up: I32
    source: I32
    more: F64


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
def _gather(links: Links, sent: F64, sums: F64, now: F64, after: F64, touched: I32) -> int:
    """Add up anew what every input misses; cheaper than `_send` where losses grow nearly everywhere."""
    count = 0
    for j in range(now.size):
        worst = 0.0
        for a in range(links.input_ptr[j], links.input_ptr[j + 1]):
            total = 0.0
            for e in range(links.in_ptr[a], links.in_ptr[a + 1]):
                total += links.in_share[e] * sent[links.in_seller[e]]
            sums[a, 0], sums[a, 1] = total, 0.0
            worst = max(worst, total)
        old = after[j]
        if worst > old and old < 1.0:
            touched[count] = j
            count += 1
            after[j] = min(1.0, worst)
    return count


@_jit
def _replaceable(size: float, left: float, full: float) -> float:
    """Return the share of a seller's loss that its buyers feel: its size against what is left of the market."""
    if left <= EMPTY * full or size >= left:
        return 1.0
    return size / left


@_jit
def _growth(changed: I32, n_changed: int, now: F64, sent: F64, source: I32, more: F64) -> int:
    """List the firms whose loss has grown, and by how much."""
    n_source = 0
    for c in range(n_changed):
        i = changed[c]
        if now[i] - sent[i] > QUIET:
            source[n_source] = i
            more[n_source] = now[i] - sent[i]
            sent[i] = now[i]
            n_source += 1
    return n_source


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
            if felt - sent[i] > QUIET:
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
def _quiet(touched: I32, count: int, now: F64, after: F64, tolerance: float) -> bool:
    for c in range(count):
        i = touched[c]
        if after[i] - now[i] > tolerance:
            return False
    return True


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
def _clear(seen: I32, n_seen: int, now: F64, after: F64, sent: F64) -> None:
    """Clear what a scenario touched in one channel, and nothing else."""
    for c in range(n_seen):
        i = seen[c]
        now[i] = after[i] = sent[i] = 0.0


@_jit
def _full(market: Market) -> F64:
    """Sum the sizes of each market, each beside its rounding error."""
    full = np.zeros((market.n_markets, 2))
    for i in range(market.of.size):
        g = market.of[i]
        full[g, 0], full[g, 1] = _two_sum(full[g, 0], full[g, 1], market.size[i])
    return full


@_jit
def _note_seen(touched: I32, count: int, now: F64, seen: I32, n_seen: int) -> int:
    """List the firms that a step reaches for the first time."""
    for c in range(count):
        i = touched[c]
        if now[i] == 0.0:
            seen[n_seen] = i
            n_seen += 1
    return n_seen


@_jit
def _lost(seen: I32, n_seen: int, weights: F64, q: int, loss: F64) -> float:
    """Weigh the losses of one channel."""
    total = 0.0
    for c in range(n_seen):
        total += weights[seen[c], q] * loss[seen[c]]
    return total


@_jit
def _beyond(seen: I32, n_seen: int, weights: F64, q: int, down: F64, up: F64, row: I32) -> float:
    """Weigh what firms lose downstream beyond what they lose upstream: with the latter, the worse channel of each.

    `up` is by place in `row`.
    """
    total = 0.0
    for c in range(n_seen):
        i = seen[c]
        beyond = down[i] - up[row[i]]
        if beyond > 0.0:
            total += weights[i, q] * beyond
    return total


@_jit
def _stops(before: float, after: float, tolerance: float) -> bool:
    """Whether the index has stopped to grow."""
    return after == 0.0 if before == 0.0 else after / before <= 1.0 + tolerance


@_jit
def _n_orders(touched: I32, n_touched: int, ptr: I64) -> int:
    """Count the orders along which a step would go."""
    total = 0
    for c in range(n_touched):
        total += ptr[touched[c] + 1] - ptr[touched[c]]
    return total


@_jit
def _down_start(k: int, one: _Scenario, state: I64, shocks: Shocks) -> None:
    """Put the shocks of a scenario where its first step finds them."""
    n_touched = 0
    for e in range(shocks.down_ptr[k], shocks.down_ptr[k + 1]):
        i, loss = shocks.down_firm[e], shocks.down_loss[e]
        n_touched = _raise(one.down.now, one.down.next, i, loss, one.touched, n_touched)
    state[0], state[1] = n_touched, _note_seen(one.touched, n_touched, one.down.now, one.seen, 0)
    state[2] = state[3] = 0


@_jit
def _down_step(one: _Scenario, state: I64, shared: _Shared, links: Links, market: Market, closed: Closed) -> None:
    """Take the losses of the last step as the present ones and pass on what they add."""
    down, left, touched, n_touched, step = one.down, one.left, one.touched, state[0], state[3]
    source, more = shared.source, shared.more
    if market.n_markets > 0:
        n_hit = _shrink_markets(
            touched, n_touched, down.now, down.next, market.of, market.size, left.open, left.moved, step, one.hit,
            state[2],
        )  # fmt: skip
        state[2] = n_hit
        _commit(touched, n_touched, down.now, down.next)
        n_source = _felt_growth(
            one.hit, n_hit, step, market.of, market.size, left.open, left.full, left.moved, down.now, down.sent,
            source, more,
        )  # fmt: skip
    else:
        _commit(touched, n_touched, down.now, down.next)
        n_source = _growth(touched, n_touched, down.now, down.sent, source, more)
    n_links = links.down_share.size
    if closed.market.size == 0 and _n_orders(source, n_source, links.down_ptr) * GATHER > n_links:
        n_touched = _gather(links, down.sent, down.sums, down.now, down.next, touched)
    else:
        n_touched = _send(
            source, more, n_source, links.down_ptr, links.down_input, links.down_buyer, links.down_share, down.sums,
            down.now, down.next, touched, 0,
        )  # fmt: skip
    if closed.market.size > 0:
        n_touched = _send_closed(closed, one.sent_closed, market, left, down, touched, n_touched)
    state[0] = n_touched
    state[1] = _note_seen(touched, n_touched, down.now, one.seen, state[1])


@_jit
def _up_step(shared: _Shared, n_touched: int, links: Links, closed: Closed, step: int) -> int:
    """Do the same upstream; return how many firms the step touches."""
    up, touched, source, more = shared.up, shared.touched_up, shared.source, shared.more
    _commit(touched, n_touched, up.now, up.next)
    n_source = _growth(touched, n_touched, up.now, up.sent, source, more)
    n_touched = _send(
        source, more, n_source, links.up_ptr, links.up_seller, links.up_seller, links.up_share, up.sums, up.now,
        up.next, touched, 0,
    )  # fmt: skip
    if step == 1:
        for e in range(closed.up_seller.size):
            i = closed.up_seller[e]
            up.sums[i, 0], up.sums[i, 1] = _two_sum(up.sums[i, 0], up.sums[i, 1], closed.up_loss[e])
            n_touched = _raise(up.now, up.next, i, up.sums[i, 0] + up.sums[i, 1], touched, n_touched)
    return n_touched


@_jit
def _alone(
    k: int, one: _Scenario, state: I64, shared: _Shared, links: Links, market: Market, closed: Closed, shocks: Shocks,
    weights: F64, rule: Rule, answers: Answers, heavy: int, lane: int, row: I32, own: I32, table: F64, total: F64,
) -> bool:  # fmt: skip
    """Run a scenario by itself; True where it reached so far that it was moved into its lane of the table."""
    down, up, seen = one.down, shared.up, one.seen
    _down_start(k, one, state, shocks)
    n_up, moved = 0, False
    for e in range(shocks.up_ptr[k], shocks.up_ptr[k + 1]):
        n_up = _raise(up.now, up.next, shocks.up_firm[e], shocks.up_loss[e], shared.touched_up, n_up)
    n_seen_up = _note_seen(shared.touched_up, n_up, up.now, shared.seen_up, 0)
    after, stopped = 0.0, False
    may_move = table.shape[0] > 0 and not rule.by_index  # the index needs both channels after every step
    if rule.by_index:
        after = _lost(shared.seen_up, n_seen_up, weights, 0, up.next)
        after += _beyond(seen, state[1], weights, 0, down.next, up.next, own)
    while True:
        if may_move and _n_orders(shared.touched_up, n_up, links.up_ptr) > heavy:
            moved = True
            break
        state[3] += 1
        _down_step(one, state, shared, links, market, closed)
        n_up = _up_step(shared, n_up, links, closed, state[3])
        n_seen_up = _note_seen(shared.touched_up, n_up, up.now, shared.seen_up, n_seen_up)
        if rule.by_index:
            before, after = after, _lost(shared.seen_up, n_seen_up, weights, 0, up.next)
            after += _beyond(seen, state[1], weights, 0, down.next, up.next, own)
            stopped = _stops(before, after, rule.tolerance)
        else:
            stopped = _quiet(one.touched, state[0], down.now, down.next, rule.tolerance) and _quiet(
                shared.touched_up, n_up, up.now, up.next, rule.tolerance
            )
        if stopped or state[3] >= rule.max_iterations:
            break
    for q in range(weights.shape[1]):
        total[q, lane] = _lost(shared.seen_up, n_seen_up, weights, q, up.next)
    if moved:
        for c in range(n_seen_up):
            table[row[shared.seen_up[c]], lane] = up.next[shared.seen_up[c]]
    else:
        before = _lost(shared.seen_up, n_seen_up, weights, 0, up.now)
        _answer(k, one, state, weights, answers, stopped, before, total[:, lane], up.now, up.next, own)
        if answers.row[k] >= 0:
            _keep(shared.seen_up, n_seen_up, up.next, answers.loss_up[answers.row[k]])
    _forget(one, state, links, market)
    _clear(shared.seen_up, n_seen_up, up.now, up.next, up.sent)
    for c in range(n_seen_up):
        up.sums[shared.seen_up[c], 0] = up.sums[shared.seen_up[c], 1] = 0.0
    return moved


@_jit
def _down_to(
    step: int, k: int, one: _Scenario, state: I64, shared: _Shared, links: Links, market: Market, closed: Closed,
    shocks: Shocks, rule: Rule,
) -> bool:  # fmt: skip
    """Take a scenario downstream from its start to a step; return whether that step is quiet."""
    _down_start(k, one, state, shocks)
    while state[3] < step:
        state[3] += 1
        _down_step(one, state, shared, links, market, closed)
    return _quiet(one.touched, state[0], one.down.now, one.down.next, rule.tolerance)


@_jit
def _next_quiet(
    one: _Scenario, state: I64, shared: _Shared, links: Links, market: Market, closed: Closed, rule: Rule
) -> int:  # fmt: skip
    """Go on downstream to the next quiet step and return its number."""
    while state[3] < rule.max_iterations:
        state[3] += 1
        _down_step(one, state, shared, links, market, closed)
        if _quiet(one.touched, state[0], one.down.now, one.down.next, rule.tolerance):
            break
    return int(state[3])


@_jit
def _park(one: _Scenario, state: I64, firm: I32, loss: F64) -> int:
    """Put the losses of a step, and of the one before, aside; return of how many firms."""
    for c in range(state[1]):
        i = one.seen[c]
        firm[c] = i
        loss[c, 0], loss[c, 1] = one.down.now[i], one.down.next[i]
    return int(state[1])


@_jit
def _restore(one: _Scenario, state: I64, firm: I32, loss: F64, n_parked: int, step: int) -> None:
    """Bring them back, enough to answer with."""
    for c in range(n_parked):
        i = firm[c]
        one.seen[c] = i
        one.down.now[i], one.down.next[i] = loss[c, 0], loss[c, 1]
    state[0], state[1], state[2], state[3] = 0, n_parked, 0, step


@_jit
def _answer(
    k: int, one: _Scenario, state: I64, weights: F64, answers: Answers, stopped: bool, before: float, total: F64,
    up_now: F64, up_next: F64, row: I32,
) -> None:  # fmt: skip
    """Write the answers; `before` and `total` are the weighed upstream losses before and after the last step."""
    down, seen, n_seen = one.down, one.seen, state[1]
    answers.iterations[k] = state[3]
    answers.converged[k] = stopped
    answers.path[k, 0] = before + _beyond(seen, n_seen, weights, 0, down.now, up_now, row)
    for q in range(weights.shape[1]):
        answers.losses[k, q, 0] = total[q] + _beyond(seen, n_seen, weights, q, down.next, up_next, row)
        answers.losses[k, q, 1] = _lost(seen, n_seen, weights, q, down.next)
        answers.losses[k, q, 2] = total[q]
    answers.path[k, 1] = answers.losses[k, 0, 0]
    if answers.row[k] >= 0:
        _keep(seen, n_seen, down.next, answers.loss_down[answers.row[k]])


@_jit
def _forget(one: _Scenario, state: I64, links: Links, market: Market) -> None:
    """Clear what a scenario touched downstream, and nothing else."""
    down, left = one.down, one.left
    _clear(one.seen, state[1], down.now, down.next, down.sent)
    for c in range(state[1]):
        i = one.seen[c]
        for a in range(links.input_ptr[i], links.input_ptr[i + 1]):
            down.sums[a, 0] = down.sums[a, 1] = 0.0
        if market.n_markets > 0:
            g = market.of[i]
            left.open[g, 0], left.open[g, 1] = left.full[g, 0], left.full[g, 1]
            left.moved[g] = 0
    one.sent_closed[:] = 0.0


@_jit
def _lane_step(orders: Orders, now: F64, after: F64, alive: F64, weights: F64, change: F64, total: F64) -> None:
    """Add up anew what every seller loses, in all lanes at once; write 0 into lanes that are not alive.

    `change` gets the largest growth of a loss and `total` the weighed losses, lane by lane; `weights` are by place.
    """
    live, grown, first = load(alive, 0), zero(), zero()
    for q in range(1, weights.shape[1]):
        store(total, q, zero())
    for i in range(orders.ptr.size - 1):
        lost = zero()
        for e in range(orders.ptr[i], orders.ptr[i + 1]):
            lost = add_times(lost, orders.share[e], load(now, orders.buyer[e]))
        lost = at_most_one(times(lost, live))
        store(after, i, lost)
        grown = larger(grown, minus(lost, load(now, i)))
        first = add_times(first, weights[i, 0], lost)
        for q in range(1, weights.shape[1]):
            store(total, q, add_times(load(total, q), weights[i, q], lost))
    store(change, 0, grown)
    store(total, 0, first)


@_jit
def _hold_shocks(k: int, lane: int, shocks: Shocks, weights: F64, orders: Orders, table: F64, total: F64) -> None:
    """Keep the shocked firms of a lane at their shock or worse; `weights` are by place."""
    for e in range(shocks.up_ptr[k], shocks.up_ptr[k + 1]):
        i, loss = orders.row[shocks.up_firm[e]], shocks.up_loss[e]
        sells = i < orders.ptr.size - 1
        if not sells or table[i, lane] < loss:
            for q in range(weights.shape[1]):
                total[q, lane] += weights[i, q] * (loss - table[i, lane] if sells else loss)
            table[i, lane] = loss


@_jit
def run_scenarios(
    links: Links, orders: Orders, market: Market, closed: Closed, shocks: Shocks, weights: F64, rule: Rule,
    answers: Answers, lanes: Lanes, scenarios: I64,
) -> None:  # fmt: skip
    """Run some scenarios to their stop and write their answers.

    Both channels take each step together, from the state before it: the number of steps is part of the published
    index. A step is kept only after the stopping test, so the index is known before and after the last one.
    """
    n, n_markets, K = links.down_ptr.size - 1, market.n_markets, scenarios.size
    n_lanes = LANES if lanes.now.shape[0] > 0 else 1
    full = _full(market)
    one = _Scenario(
        _Channel(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((links.input_ptr[n], 2))),
        _Left(full.copy(), full, np.zeros(n_markets, np.int64)),
        np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32), np.zeros(closed.seller.size),
    )  # fmt: skip
    shared = _Shared(
        _Channel(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((n, 2))),
        np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n),
    )  # fmt: skip
    state = np.zeros(N_STATES, np.int64)
    job, steps, due = np.full(n_lanes, -1), np.zeros(n_lanes, np.int64), np.zeros(n_lanes, np.int64)
    parked, n_parked = np.zeros(n_lanes, np.int64), np.zeros(n_lanes, np.int64)
    parked_firm, parked_loss = np.empty((n_lanes, n), np.int32), np.empty((n_lanes, n, 2))
    clean, alive, change = np.ones(n_lanes, np.bool_), np.zeros((1, LANES)), np.zeros((1, LANES))
    total, before = np.zeros((weights.shape[1], LANES)), np.zeros(LANES)
    table, other, own, placed = lanes.now, lanes.next, np.arange(n).astype(np.int32), weights[orders.firm]
    next_k = n_running = 0
    while next_k < K or n_running > 0:
        for s in range(n_lanes):
            while job[s] < 0 and clean[s] and next_k < K:
                k, next_k = scenarios[next_k], next_k + 1
                if _alone(
                    k, one, state, shared, links, market, closed, shocks, weights, rule, answers, lanes.heavy, s,
                    orders.row, own, table, total,
                ):  # fmt: skip
                    job[s], steps[s], due[s], parked[s], alive[0, s] = k, state[3], 0, 0, 1.0
                    n_running += 1
        if n_lanes == 1:
            continue
        before[:] = total[0]
        _lane_step(orders, table, other, alive, placed, change, total)
        for s in range(n_lanes):
            k = job[s]
            clean[s] = True
            if k < 0:
                continue
            steps[s] += 1
            _hold_shocks(k, s, shocks, placed, orders, other, total)
            quiet = change[0, s] <= rule.tolerance and steps[s] >= due[s]
            if not quiet and steps[s] < rule.max_iterations:
                continue
            if parked[s] == steps[s]:
                _restore(one, state, parked_firm[s], parked_loss[s], n_parked[s], steps[s])
                stopped = quiet
            else:
                stopped = _down_to(steps[s], k, one, state, shared, links, market, closed, shocks, rule) and quiet
            if stopped or steps[s] >= rule.max_iterations:
                _answer(
                    k, one, state, weights, answers, stopped, before[s], total[:, s], table[:, s], other[:, s],
                    orders.row,
                )  # fmt: skip
                if answers.row[k] >= 0:
                    for i in range(n):
                        answers.loss_up[answers.row[k], i] = other[orders.row[i], s]
                for e in range(shocks.up_ptr[k], shocks.up_ptr[k + 1]):
                    i = orders.row[shocks.up_firm[e]]
                    table[i, s] = other[i, s] = 0.0
                job[s], alive[0, s], clean[s] = -1, 0.0, False
                n_running -= 1
            else:
                due[s] = parked[s] = _next_quiet(one, state, shared, links, market, closed, rule)
                n_parked[s] = _park(one, state, parked_firm[s], parked_loss[s])
                if not _quiet(one.touched, state[0], one.down.now, one.down.next, rule.tolerance):
                    parked[s] = 0
            _forget(one, state, links, market)
        table, other = other, table

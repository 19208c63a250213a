"""The compiled day of the flow model; every callee and constant stands in this file.

One pass a day over firms (demand, capacity, output, rationing) and one over links (goods arrive, stocks change, orders
go out). Orders are never stored by link: what buyer j orders of seller i is ``weight * multiple of i * rate of the
stock cell``, so that a dense table of industries is read once a day and nothing of its size is written.

Scenarios are lanes, the innermost axis of every state array. ``lanes`` is a tuple of that length: its length is known
when the loops are compiled, so one lane costs what a program without lanes would.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]
Lanes = tuple[int, ...]
F = TypeVar("F", bound=Callable[..., object])

# cast: numba's types would hide the kernels' own; error_model: no division here has a zero below it, and the test costs
# a fifth of the time. Hot loops call nothing: a call counts every array in its arguments, which is worth a dozen links.
_jit: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True, error_model="numpy"))
_inline: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True, inline="always", error_model="numpy"))

PROPORTIONAL, CLIENTS_FIRST, WATER, CLIENTS_FIRST_WATER = 0, 1, 2, 3  # rationing
TO_OUTPUT, TO_BASELINE, TO_WANTED = 0, 1, 2  # what the target stock goes with
CRITICAL, IMPORTANT = 2, 1
HOLD, BY_START, BY_POINT, AT_ONCE, EXPONENTIAL, NEIGHBOURS = 0, 1, 2, 3, 4, 5  # recovery, one day from the last
LINEAR, CONVEX, CONVEX_UNSCALED, CONCAVE = 10, 11, 12, 13  # recovery, in closed form
NEVER = 2**31 - 1
SATED = 1e-9  # unless exact: a smaller part than this is rounding, which stocks and orders would blow up
CLOSE_RELATIVE, CLOSE_ABSOLUTE = 1e-5, 1e-8  # numpy.allclose, as the reference uses it
SMALL = 24  # a seller with fewer clients than this is sorted by insertion


class Net(NamedTuple):
    """Buyers have groups of inputs, groups have stock cells, cells have links; n buyers, G groups, C cells, E links.

    The link ``e`` of cell ``c`` comes from ``maker[maker_at[c] + e - link_ptr[c]]``; where ``maker_at`` is empty, from
    ``maker[e]``. The first form lets all buyers of a dense table share one list of makers.
    """

    output: F64  # n, a day
    final: F64  # n, a day
    group_ptr: I64  # n + 1
    cell_ptr: I32  # G + 1
    binds: I8  # G, class of the input
    link_ptr: I32  # C + 1
    use: F64  # C, a day at the baseline output
    pace: I32  # C, row of the three tables below
    days: F64  # target stock, days of use
    tau: F64  # days in which a gap is closed
    hold: F64  # days of use that must lie in stock for a day's output
    weight: F64  # E, a day
    maker: I32
    maker_at: I32
    reach: F64  # E or 0: weight of a link for orders that found no place elsewhere; a newcomer has nothing else
    seller_ptr: I64  # n + 1 or 0
    seller_link: I32  # E or 0
    link_cell: I32  # E or 0


class Law(NamedTuple):
    """Changes of permission, by day: those of day t are ``ptr[t]`` to ``ptr[t + 1]``; days are T + 1."""

    ptr: I64
    link: I32
    cell: I32
    lane: I32
    share: F64


class Shocks(NamedTuple):
    """Capacity lost, a row a shock."""

    firm: I32
    lane: I32
    share: F64
    start: I32
    recover: I32  # the first day on which less may be lost than at the start
    until: I32  # from this day on nothing is lost
    kind: I32
    tau: F64
    digits: F64  # power of ten to which the loss is rounded, 0 for none


class Rebuild(NamedTuple):
    """Goods wanted to replace lost capital, a row a (maker, victim)."""

    maker: I32
    victim: I32
    lane: I32
    amount: F64
    start: I32
    demand_from: I32
    tau: F64
    capital: F64  # of the victim times the goods wanted for each unit lost
    digits: F64


class Market(NamedTuple):
    """Where unmet final demand goes: share ``share[e]`` of that of j goes to ``rival[e]``, the rest is lost."""

    ptr: I64  # n + 1 or 0
    rival: I32
    share: F64


class Rule(NamedTuple):
    """The switches."""

    rationing: int
    target: int
    gap_floor: bool
    follow_capacity: bool
    resource: bool
    qualification_days: int
    spare_base: float
    spare_limit: float
    spare_tau: float
    spare_from: int
    important: float
    leaky: bool  # water-filling of the reference, traps I3 and I4
    freeze: bool  # stocks nearly in balance stay as they are, trap B7
    exact: bool


class State(NamedTuple):
    """What lasts from day to day; the last axis is the lane."""

    stock: F64  # C
    rate: F64  # C
    extra_rate: F64  # C or 0
    ready: I32  # C or 0: day from which newcomers may be asked
    limited: I8  # C or 0: some link of it is or was restricted
    allowed: F64  # E or 0: permission of the orders now under way
    allowed_next: F64  # E or 0: of those placed now
    y: F64  # n
    spare: F64
    lost: F64
    orders: F64
    extra: F64
    diverted: F64
    rebuild: F64
    asked: F64
    bound: F64
    bound_half: F64


class Day(NamedTuple):
    """What the pass over firms leaves for the pass over links; n x lanes."""

    multiple: F64  # of the orders under way
    multiple_next: F64
    give: F64  # share of an order delivered, times its multiple
    grant: F64  # share of an extra order taken
    low: F64  # clients who want no more than this share of the usual are served in full,
    level: F64  # the others up to this one
    first: F64  # what a client without an order gets, trap I4
    served: F64  # share of final demand met
    used: F64  # output over baseline
    goal: F64


class Record(NamedTuple):
    """What is kept: T x n x lanes or empty; totals are T x 3 x lanes (output, final demand met, wanted)."""

    output: F64
    final: F64
    wanted: F64
    orders: F64
    capacity: F64
    spare: F64
    lost: F64
    rebuild: F64
    rebuilt: F64
    bound: F64
    asked: F64
    totals: F64
    limiting: I64
    snap: I64  # T: place of the day among those whose stocks and deliveries are kept, or -1
    stock: F64
    delivered: F64


@_jit
def _recovered(kind: int, share: float, elapsed: float, tau: float) -> float:
    """Return the loss left after a time, in closed form."""
    if kind == LINEAR:
        return max(0.0, share * (1.0 - elapsed / tau))
    if kind == CONVEX:
        return float(share * (1.0 - 1.0 / tau) ** (4.0 * elapsed))
    if kind == CONVEX_UNSCALED:
        return float(share * (1.0 - 1.0 / tau) ** elapsed)
    steep = 1e-6
    power = (np.log(tau) - np.log(steep)) / (np.log(tau) - np.log(2.0))
    return float(share * tau / (tau + steep * elapsed**power))


@_jit
def _rounded(value: float, digits: float) -> float:
    return value if digits == 0.0 else float(np.rint(value * digits) / digits)


@_jit
def _mean_loss_around(net: Net, j: int, s: int, lost: F64) -> float:
    """Mean loss of suppliers and clients; one that is both counts twice."""
    total, count = 0.0, 0
    for c in range(net.cell_ptr[net.group_ptr[j]], net.cell_ptr[net.group_ptr[j + 1]]):
        for e in range(net.link_ptr[c], net.link_ptr[c + 1]):
            total += lost[_maker(net, c, e), s]
            count += 1
    for k in range(net.seller_ptr[j], net.seller_ptr[j + 1]):
        total += lost[_buyer(net, net.link_cell[net.seller_link[k]]), s]
        count += 1
    return total / count if count else 0.0


@_jit
def _buyer(net: Net, c: int) -> int:
    group = np.searchsorted(net.cell_ptr, c, side="right") - 1
    return int(np.searchsorted(net.group_ptr, group, side="right") - 1)


@_inline
def _maker(net: Net, c: int, e: int) -> int:
    if net.maker_at.size > 0:
        return int(net.maker[net.maker_at[c] + e - net.link_ptr[c]])
    return int(net.maker[e])


@_jit
def _shock(t: int, net: Net, shocks: Shocks, now: F64, lost: F64) -> None:
    """Bring the capacity lost to day t."""
    for k in range(shocks.firm.size):
        j, s = shocks.firm[k], shocks.lane[k]
        if t < shocks.start[k]:
            continue
        kind, tau, share = shocks.kind[k], shocks.tau[k], shocks.share[k]
        if t == shocks.start[k]:
            now[k] = share
        elif t >= shocks.until[k]:
            now[k] = 0.0
        elif kind >= LINEAR:
            now[k] = share if t < shocks.recover[k] else _recovered(kind, share, t - shocks.recover[k], tau)
        elif t >= shocks.recover[k] and now[k] > 0.0:
            if kind == BY_START:
                now[k] -= share / tau
            elif kind == BY_POINT:
                now[k] -= 1.0 / tau
            elif kind == AT_ONCE:
                now[k] = 0.0
            elif kind == EXPONENTIAL:
                now[k] = share * np.exp(-(t - 1) / tau)
            elif kind == NEIGHBOURS:
                now[k] *= 1.0 - (1.0 / tau) * (1.0 - _mean_loss_around(net, j, s, lost))
            now[k] = max(0.0, now[k])
        if kind == NEIGHBOURS:
            lost[j, s] = now[k]  # the reference updates in place, firm by firm
    for k in range(shocks.firm.size):
        lost[shocks.firm[k], shocks.lane[k]] = 0.0
    for k in range(shocks.firm.size):
        if t >= shocks.start[k]:
            j, s = shocks.firm[k], shocks.lane[k]
            lost[j, s] = max(lost[j, s], _rounded(now[k], shocks.digits[k]))


@_jit
def _damage(t: int, rebuild: Rebuild, left: F64, lost: F64, wanted: F64) -> None:
    """Turn what is still to be rebuilt into capacity lost and into demand of the day."""
    wanted[:] = 0.0
    for k in range(rebuild.maker.size):
        lost[rebuild.victim[k], rebuild.lane[k]] = 0.0
    for k in range(rebuild.maker.size):
        s = rebuild.lane[k]
        if t >= rebuild.start[k]:
            lost[rebuild.victim[k], s] += left[k] / rebuild.capital[k]
        if t >= rebuild.demand_from[k]:
            wanted[rebuild.maker[k], s] += left[k] / rebuild.tau[k]


@_jit
def _rebuilt(t: int, rebuild: Rebuild, left: F64, served: F64, wanted: F64) -> None:
    """Take what was delivered off what is to be rebuilt."""
    for k in range(rebuild.maker.size):
        if t >= rebuild.demand_from[k]:
            i, s = rebuild.maker[k], rebuild.lane[k]
            part = left[k] / rebuild.tau[k] * served[i, s]
            wanted[i, s] -= part
            left[k] = _rounded(left[k] - part, rebuild.digits[k])


@_jit
def _reach(net: Net, state: State, t: int, c: int, e: int, s: int, allowed: F64) -> float:
    """Weight of a link for orders that found no place elsewhere; nothing for a restricted or unqualified maker."""
    if allowed[e, s] < 1.0 or (net.weight[e] == 0.0 and t < state.ready[c, s]):
        return 0.0
    return float(net.reach[e])


@_jit
def _order(net: Net, state: State, day: Day, t: int, c: int, e: int, i: int, s: int) -> float:
    """Return what was ordered over a link for day t and taken."""
    order = net.weight[e] * day.multiple[i, s] * state.rate[c, s]
    if state.limited.size > 0 and state.limited[c]:
        if state.allowed[e, s] < 1.0:
            order = min(order, state.allowed[e, s] * net.weight[e])
        if state.extra_rate.size > 0 and state.extra_rate[c, s] > 0.0:
            order += _reach(net, state, t, c, e, s, state.allowed) * state.extra_rate[c, s] * day.grant[i, s]
    return float(order)


@_inline
def _usual(net: Net, e: int) -> float:
    """What a link is measured by when goods are rationed by level."""
    return float(net.weight[e] if net.weight[e] > 0.0 or net.reach.size == 0 else net.reach[e])


@_jit
def _sort(ratio: F64, usual: F64, n: int) -> None:
    """Sort pairs by ratio, in place."""
    if n > SMALL:
        order = np.argsort(ratio[:n], kind="mergesort")
        ratio[:n] = ratio[:n][order]
        usual[:n] = usual[:n][order]
        return
    for a in range(1, n):
        r, u = ratio[a], usual[a]
        b = a - 1
        while b >= 0 and ratio[b] > r:
            ratio[b + 1], usual[b + 1] = ratio[b], usual[b]
            b -= 1
        ratio[b + 1], usual[b + 1] = r, u


@_jit
def _fill(ratio: F64, usual: F64, tail: F64, n: int, goods: float) -> float:
    """Return the level at which everyone's ``min(ratio, level) * usual`` adds up to the goods; pairs are sorted."""
    tail[n] = 0.0
    for a in range(n - 1, -1, -1):
        tail[a] = tail[a + 1] + usual[a]
    gone, low = 0.0, 0.0
    for a in range(n):
        step = (ratio[a] - low) * tail[a]
        if step > goods - gone:
            return float(low + (goods - gone) / tail[a])
        gone += step
        low = ratio[a]
    return low


@_jit
def _fill_leaky(
    ratio: F64, usual: F64, tail: F64, n: int, final: float, want_final: float, goods: float
) -> tuple[float, float, float]:  # fmt: skip
    """Fill as the reference does (traps I3, I4): return the last full level, the last level, and the first.

    Whether a round can be filled is asked of a total that holds final demand even when it is served, and in the first
    round clients who ordered nothing, who are then served at that level; what is taken off the goods holds them too.
    What is left for the last round goes to those still waiting, even beyond their order.
    """
    tail[n] = 0.0
    for a in range(n - 1, -1, -1):
        tail[a] = tail[a + 1] + usual[a]
    low, first, a = 0.0, 0.0, 0
    while a < n and ratio[a] <= 0.0:
        a += 1
    total = tail[0] + final
    while a < n:
        r = ratio[a]
        if (r - low) * total > goods:
            waiting = tail[a] + final if low < want_final else tail[a]
            return low, low + goods / waiting if waiting > 0.0 else low, first
        goods -= (r - low) * total
        if low == 0.0:
            first = r
        low = r
        while a < n and ratio[a] == r:
            a += 1
        total = tail[a] + final
    return low, low, first


@_jit
def _ration(
    net: Net, state: State, day: Day, rule: Rule, t: int, i: int, s: int, final: float, wanted: float,
    ratio: F64, usual: F64, tail: F64,
) -> None:  # fmt: skip
    """Share a seller's output out between its clients and final demand: links get give, level and first, final served.

    ``final`` is final demand of the day with what is diverted and rebuilt, ``wanted`` all demand.
    """
    y = state.y[i, s]
    day.low[i, s], day.first[i, s] = np.inf, 0.0
    if wanted <= 0.0:
        day.give[i, s], day.served[i, s] = 0.0, 0.0
        return
    clients = wanted - final
    served, part = 1.0, 1.0
    short = wanted > y
    if short and rule.rationing != WATER:
        served = max(0.0, final - (wanted - y)) / final if final > 0.0 else 0.0
        short = clients > y
        if short and rule.rationing == CLIENTS_FIRST:
            part = y / clients
    if rule.rationing >= WATER and (short or rule.leaky):
        goods = y if short or rule.rationing == WATER else clients
        level = _level(net, state, day, rule, t, i, s, final, goods, ratio, usual, tail)
        if rule.rationing == WATER:
            served = level
    day.give[i, s] = part * day.multiple[i, s]
    day.served[i, s] = served


@_jit
def _level(
    net: Net, state: State, day: Day, rule: Rule, t: int, i: int, s: int, final: float, goods: float,
    ratio: F64, usual: F64, tail: F64,
) -> float:  # fmt: skip
    """Find the water level of a seller that is short; return the share of final demand served."""
    n, watched = 0, state.limited.size > 0
    for k in range(net.seller_ptr[i], net.seller_ptr[i + 1]):
        e = net.seller_link[k]
        c = net.link_cell[e]
        own = net.weight[e]
        order = own * day.multiple[i, s] * state.rate[c, s]
        if watched and state.limited[c] > 0:  # not called for others: a call counts every array of its arguments
            own = _usual(net, e)
            order = _order(net, state, day, t, c, e, i, s)
        if own > 0.0 and (order > 0.0 or rule.leaky):
            ratio[n], usual[n] = order / own, own
            n += 1
    usual_final = net.final[i] if net.final[i] > 0.0 else final
    want = final / usual_final if usual_final > 0.0 else 0.0
    shares = rule.rationing == WATER and want > 0.0
    if shares:
        ratio[n], usual[n] = want, 0.0 if rule.leaky else usual_final
        n += 1
    _sort(ratio, usual, n)
    if rule.leaky:
        low, level, first = _fill_leaky(ratio, usual, tail, n, usual_final if shares else 0.0, want, goods)
        day.first[i, s] = first
    else:
        low = level = _fill(ratio, usual, tail, n, goods)
    day.low[i, s], day.level[i, s] = low, level
    if not shares:
        return 0.0
    return 1.0 if want <= low else level / want


@_jit
def _limiting(L: int, t: int, net: Net, state: State, day: Day, limiting: I64) -> None:
    """Count the inputs that lie below what the day's goal calls for."""
    for j in range(net.output.size):
        for g in range(net.group_ptr[j], net.group_ptr[j + 1]):
            if net.binds[g] != CRITICAL:
                continue
            c0, c1 = net.cell_ptr[g], net.cell_ptr[g + 1]
            for s in range(L):
                stock, need = 0.0, 0.0
                for c in range(c0, c1):
                    stock += state.stock[c, s]
                    need += net.use[c]
                if stock * net.output[j] < day.goal[j, s] * need * net.hold[net.pace[c0]]:
                    limiting[t, s] += 1


@_jit
def _part(amount: float, whole: float, exact: bool) -> float:
    """Return a share of the baseline; 1 where only rounding makes a difference."""
    if whole <= 0.0:
        return 0.0
    part = amount / whole
    return 1.0 if not exact and abs(part - 1.0) <= SATED else part


@_jit
def _firms(
    lanes: Lanes, t: int, net: Net, market: Market, rebuild: Rebuild, rule: Rule, state: State, day: Day, left: F64,
    record: Record, ratio: F64, usual: F64, tail: F64,
) -> None:  # fmt: skip
    """Demand, capacity, output and rationing of every firm on day t."""
    n, L = net.output.size, len(lanes)
    for i in range(n):
        x = net.output[i]
        for s in range(L):
            own = net.final[i]
            final = own + state.diverted[i, s] + state.rebuild[i, s]
            base, extra = state.orders[i, s] + final, state.extra[i, s]
            if t >= rule.spare_from and rule.spare_tau > 0.0:
                wanted = base + extra
                short = (wanted - state.y[i, s]) / wanted if wanted != 0.0 else 0.0
                if (short == 0.0) if rule.exact else (short <= SATED):
                    short = 0.0 if rule.exact else max(short, 0.0)
                    spare = state.spare[i, s] + (rule.spare_limit - state.spare[i, s]) * short / rule.spare_tau
                    spare += (rule.spare_base - state.spare[i, s]) / rule.spare_tau
                else:
                    spare = state.spare[i, s] + (rule.spare_limit - state.spare[i, s]) * short / rule.spare_tau
                state.spare[i, s] = max(1.0, spare)
            capacity = state.spare[i, s] * (1.0 - state.lost[i, s]) * x
            grant = 1.0
            if extra > 0.0:
                grant = min(1.0, max(0.0, capacity - base) / extra)
            day.grant[i, s] = grant
            wanted = base + grant * extra
            goal = min(wanted, capacity)
            loose = np.inf
            if state.bound_half[i, s] < np.inf:
                loose = rule.important * state.bound_half[i, s] + (1.0 - rule.important) * capacity
            y = min(goal, state.bound[i, s], loose)
            state.y[i, s] = y
            if rule.rationing == PROPORTIONAL or (wanted <= y and not rule.leaky):  # a call with arrays costs more
                part = y / wanted if wanted > 0.0 else 0.0
                day.give[i, s], day.served[i, s], day.low[i, s], day.first[i, s] = part, part, np.inf, 0.0
                day.give[i, s] *= day.multiple[i, s]
            else:
                _ration(net, state, day, rule, t, i, s, final, wanted, ratio, usual, tail)
            served = day.served[i, s]
            if record.output.size > 0:
                record.output[t, i, s], record.final[t, i, s] = y, served * final
                record.wanted[t, i, s] = wanted
            if record.orders.size > 0:
                record.orders[t, i, s], record.capacity[t, i, s] = wanted - final, capacity
                record.spare[t, i, s], record.lost[t, i, s] = state.spare[i, s], state.lost[i, s]
                record.rebuild[t, i, s] = state.rebuild[i, s]
                record.rebuilt[t, i, s] = state.rebuild[i, s] * served
                record.bound[t, i, s], record.asked[t, i, s] = state.bound[i, s], state.asked[i, s]
            record.totals[t, 0, s] += y
            record.totals[t, 1, s] += served * final
            record.totals[t, 2, s] += final
            day.used[i, s] = _part(y, x, rule.exact)
            day.goal[i, s] = goal
            day.multiple_next[i, s] = 1.0
            if rule.follow_capacity:
                day.multiple_next[i, s] = capacity / x if x > 0.0 else 0.0
    if record.limiting.size > 0:
        _limiting(L, t, net, state, day, record.limiting)
    if rebuild.maker.size > 0:
        before = state.rebuild.copy()
        _rebuilt(t, rebuild, left, day.served, state.rebuild)
        for i in range(n):
            for s in range(L):
                if before[i, s] > 0.0:
                    wanted = state.orders[i, s] + net.final[i] + state.diverted[i, s] + state.rebuild[i, s]
                    capacity = state.spare[i, s] * (1.0 - state.lost[i, s]) * net.output[i]
                    day.goal[i, s] = min(wanted, capacity)
    for i in range(n):
        for s in range(L):
            if rule.target == TO_WANTED:
                day.goal[i, s] = _part(day.goal[i, s], net.output[i], rule.exact)
            else:
                day.goal[i, s] = 1.0 if rule.target == TO_BASELINE else day.used[i, s]
    if market.ptr.size > 0:
        state.diverted[:] = 0.0
        for j in range(n):
            if market.ptr[j + 1] > market.ptr[j]:
                for s in range(L):
                    missed = net.final[j] * (1.0 - day.served[j, s])
                    if missed > SATED * net.final[j]:
                        for e in range(market.ptr[j], market.ptr[j + 1]):
                            state.diverted[market.rival[e], s] += market.share[e] * missed


@_jit
def _table_in(net: Net, day: Day, follow: bool, inward: F64, whole: F64) -> None:
    """For a dense table: what each cell's links deliver for a unit of its rate and weigh tomorrow, K x n x lanes."""
    n = net.output.size
    table = net.weight.reshape((n, n))
    for k in range(net.group_ptr[1]):
        lo = net.maker_at[k]
        hi = lo + net.link_ptr[k + 1] - net.link_ptr[k]
        part = np.ascontiguousarray(table[:, lo:hi])
        inward[k] = np.dot(part, day.give[net.maker[lo:hi]])
        if follow:
            whole[k] = np.dot(part, day.multiple_next[net.maker[lo:hi]])


@_jit
def _table_out(net: Net, day: Day, rate: F64, orders: F64) -> None:
    """For a dense table: add up the orders that all cells send to each maker."""
    n, L = orders.shape
    K = net.group_ptr[1]
    table, rates = net.weight.reshape((n, n)), rate.reshape((n, K, L))
    for k in range(K):
        lo = net.maker_at[k]
        hi = lo + net.link_ptr[k + 1] - net.link_ptr[k]
        part = np.ascontiguousarray(table[:, lo:hi])
        sent = np.dot(part.T, np.ascontiguousarray(rates[:, k]))
        for a in range(hi - lo):
            i = net.maker[lo + a]
            for s in range(L):
                orders[i, s] += sent[a, s] * day.multiple_next[i, s]


@_jit
def _delivered(net: Net, state: State, day: Day, t: int, c: int, e: int, i: int, s: int) -> float:
    """What arrives over a link on day t."""
    order = _order(net, state, day, t, c, e, i, s)
    if order <= 0.0:
        return float(day.first[i, s] * net.weight[e])
    if day.low[i, s] < np.inf:
        own = _usual(net, e)
        return order if order / own <= day.low[i, s] else day.level[i, s] * own
    return order * (day.give[i, s] / day.multiple[i, s]) if day.multiple[i, s] > 0.0 else 0.0


@_jit
def _ask_limited(net: Net, state: State, day: Day, rule: Rule, t: int, c: int, s: int, request: float) -> None:
    """Split a request for day t over a cell some of whose links are restricted.

    Each link is first asked for its usual share, as far as permitted. What that leaves goes to the unrestricted
    makers, and to qualified newcomers, as extra orders which they take up to their spare capacity. A network with
    restrictions is no table: link ``e`` has its own maker.
    """
    lo, hi = net.link_ptr[c], net.link_ptr[c + 1]
    whole, reach, placed = 0.0, 0.0, 0.0
    for e in range(lo, hi):
        whole += net.weight[e] * day.multiple_next[net.maker[e], s]
    rate = request / whole if whole > 0.0 else 0.0
    state.rate[c, s] = rate
    short = False
    for e in range(lo, hi):
        i = net.maker[e]
        order = net.weight[e] * day.multiple_next[i, s] * rate
        if state.allowed_next[e, s] < 1.0 and order > state.allowed_next[e, s] * net.weight[e]:
            order = state.allowed_next[e, s] * net.weight[e]
            short = True
        placed += order
        state.orders[i, s] += order
    if not rule.resource:
        return
    state.extra_rate[c, s] = 0.0
    if not short:
        return
    if state.ready[c, s] == NEVER:
        state.ready[c, s] = t + rule.qualification_days
    for e in range(lo, hi):
        reach += _reach(net, state, t, c, e, s, state.allowed_next)
    if reach <= 0.0:
        return
    extra = max(0.0, request - placed) / reach
    state.extra_rate[c, s] = extra
    for e in range(lo, hi):
        state.extra[net.maker[e], s] += _reach(net, state, t, c, e, s, state.allowed_next) * extra


@_jit
def _links(
    lanes: Lanes, t: int, net: Net, rule: Rule, state: State, day: Day, frozen: I8, level_stock: I8, opening: bool
) -> None:  # fmt: skip
    """Goods of day t arrive, inputs are used, and orders for day t + 1 go out; nearly all time is spent here.

    ``frozen`` and ``level_stock`` say by lane that stocks do not move or that no gap is closed (trap B7). On the
    ``opening`` day there is nothing to receive: only orders go out.
    """
    n, L = net.output.size, len(lanes)
    linear = rule.rationing <= CLIENTS_FIRST
    follow, pooled, watched = rule.follow_capacity, net.maker_at.size > 0, state.limited.size > 0
    got, whole, ask = np.zeros(L), np.zeros(L), np.zeros(L)
    held, left = np.zeros(L), np.zeros(L)
    give, multiple, orders = day.give.reshape(-1), day.multiple_next.reshape(-1), state.orders.reshape(-1)
    wide = np.uint64(L)
    state.orders[:] = 0.0
    state.extra[:] = 0.0
    blas = pooled and L > 1  # a table of many lanes is three matrix products an item
    K = net.group_ptr[1] if blas else 0
    inward, inward_whole = np.zeros((K, n, L)), np.zeros((K, n, L))
    if blas:
        _table_in(net, day, follow, inward, inward_whole)
    for j in range(n):
        for s in range(L):
            state.bound[j, s] = state.bound_half[j, s] = np.inf
            state.asked[j, s] = 0.0
        x = net.output[j]
        for g in range(net.group_ptr[j], net.group_ptr[j + 1]):
            c0, c1 = net.cell_ptr[g], net.cell_ptr[g + 1]
            need = 0.0
            single = c1 - c0 == 1
            for c in range(c0, c1):
                need += net.use[c]
            for s in range(L):
                left[s] = held[s] = 0.0
            if not single:
                for c in range(c0, c1):
                    for s in range(L):
                        held[s] += state.stock[c, s]
            for c in range(c0, c1):
                lo, hi = net.link_ptr[c], net.link_ptr[c + 1]
                at = net.maker_at[c] - lo if pooled else 0
                plain = not (watched and state.limited[c] > 0)
                if not opening and not (plain and linear):
                    for s in range(L):
                        total = 0.0
                        for e in range(lo, hi):
                            i = net.maker[at + e]
                            if not plain:
                                total += _delivered(net, state, day, t, c, e, i, s)
                                continue
                            w1 = net.weight[e]
                            if day.low[i, s] == np.inf:
                                total += w1 * day.give[i, s] * state.rate[c, s]
                                continue
                            order = w1 * day.multiple[i, s] * state.rate[c, s]
                            if order <= 0.0:
                                total += day.first[i, s] * w1
                            elif order / w1 <= day.low[i, s]:
                                total += order
                            else:
                                total += day.level[i, s] * w1
                        got[s] = total
                        if follow and plain:
                            total = 0.0
                            for e in range(lo, hi):
                                total += net.weight[e] * day.multiple_next[net.maker[at + e], s]
                            whole[s] = total
                elif blas:
                    for s in range(L):
                        got[s] = inward[c - net.group_ptr[j], j, s] * state.rate[c, s]
                        whole[s] = inward_whole[c - net.group_ptr[j], j, s]
                elif L == 1:  # unsigned indices spare the test for negative ones, four sums the wait for each other
                    a0 = a1 = b0 = b1 = 0.0
                    e = lo
                    if follow:
                        while e + 1 < hi:
                            i, q = np.uint64(net.maker[np.uint64(at + e)]), np.uint64(net.maker[np.uint64(at + e + 1)])
                            w0, w1 = net.weight[np.uint64(e)], net.weight[np.uint64(e + 1)]
                            a0 += w0 * give[i]
                            a1 += w1 * give[q]
                            b0 += w0 * multiple[i]
                            b1 += w1 * multiple[q]
                            e += 2
                        if e < hi:
                            i = np.uint64(net.maker[np.uint64(at + e)])
                            a0 += net.weight[e] * give[i]
                            b0 += net.weight[e] * multiple[i]
                    else:
                        for e in range(lo, hi):
                            a0 += net.weight[np.uint64(e)] * give[np.uint64(net.maker[np.uint64(at + e)])]
                    got[0], whole[0] = (a0 + a1) * state.rate[c, 0], b0 + b1
                else:
                    for s in range(L):
                        got[s] = whole[s] = 0.0
                    for e in range(lo, hi):
                        w1, base = net.weight[e], np.uint64(net.maker[at + e]) * wide
                        for s in range(L):
                            got[s] += w1 * give[base + np.uint64(s)]
                        if follow:
                            for s in range(L):
                                whole[s] += w1 * multiple[base + np.uint64(s)]
                    for s in range(L):
                        got[s] *= state.rate[c, s]
                p, use = net.pace[c], net.use[c]
                days, tau = net.days[p], net.tau[p]
                for s in range(L):
                    stock = state.stock[c, s]
                    if x > 0.0:
                        if not opening and not frozen[s]:
                            used = use * day.used[j, s]
                            if not single:
                                used = need * day.used[j, s] * stock / held[s] if held[s] > 0.0 else 0.0
                            stock = max(0.0, stock - used) + got[s]
                            state.stock[c, s] = stock
                        gap = 0.0 if level_stock[s] else days * use * day.goal[j, s] - stock
                        if (rule.gap_floor and gap < 0.0) or (not rule.exact and abs(gap) <= SATED * stock):
                            gap = 0.0
                        request = max(0.0, use * day.used[j, s] + gap / tau)
                    else:
                        request = use
                    left[s] += stock
                    ask[s] = request
                    state.asked[j, s] += request
                if not plain:
                    for s in range(L):
                        _ask_limited(net, state, day, rule, t + 1, c, s, ask[s])
                    continue
                for s in range(L):
                    total = whole[s] if follow else use
                    ask[s] = ask[s] / total if total > 0.0 else 0.0
                    state.rate[c, s] = ask[s]
                if blas:
                    continue
                if L == 1:
                    a0 = ask[0]
                    if follow:
                        for e in range(lo, hi):
                            i = np.uint64(net.maker[np.uint64(at + e)])
                            orders[i] += net.weight[np.uint64(e)] * multiple[i] * a0
                    else:
                        for e in range(lo, hi):
                            orders[np.uint64(net.maker[np.uint64(at + e)])] += net.weight[np.uint64(e)] * a0
                else:
                    for e in range(lo, hi):
                        w1, base = net.weight[e], np.uint64(net.maker[at + e]) * wide
                        for s in range(L):
                            q = base + np.uint64(s)
                            orders[q] += w1 * (multiple[q] if follow else 1.0) * ask[s]
            kind = net.binds[g]
            if need > 0.0 and x > 0.0 and kind >= IMPORTANT:
                per = need * net.hold[net.pace[c0]]
                for s in range(L):
                    limit = left[s] / per * x
                    if kind == CRITICAL:
                        state.bound[j, s] = min(state.bound[j, s], limit)
                    else:
                        state.bound_half[j, s] = min(state.bound_half[j, s], limit)
    if blas:
        _table_out(net, day, state.rate, state.orders)


@_jit
def _close(a: float, b: float) -> bool:
    return abs(a - b) <= CLOSE_ABSOLUTE + CLOSE_RELATIVE * abs(b)


@_jit
def _nearly_still(
    L: int, net: Net, state: State, day: Day, frozen: I8, level_stock: I8
) -> None:  # fmt: skip
    """Say by lane whether all stocks are nearly in balance and all gaps nearly closed (trap B7).

    Both questions are about the whole table, so nothing may move before they are answered; a lane is left as soon as
    both are.
    """
    pooled = net.maker_at.size > 0
    for s in range(L):
        still, even_moved, even_still = True, True, True
        for j in range(net.output.size):
            for g in range(net.group_ptr[j], net.group_ptr[j + 1]):
                for c in range(net.cell_ptr[g], net.cell_ptr[g + 1]):
                    lo, hi = net.link_ptr[c], net.link_ptr[c + 1]
                    got = 0.0
                    at = net.maker_at[c] - lo if pooled else 0
                    for e in range(lo, hi):
                        got += net.weight[e] * day.give[net.maker[at + e], s]
                    got *= state.rate[c, s]
                    used, stock = net.use[c] * day.used[j, s], state.stock[c, s]
                    goal = net.days[net.pace[c]] * net.use[c] * day.goal[j, s]
                    still = still and _close(got, used)
                    even_moved = even_moved and _close(stock - used + got, goal)
                    even_still = even_still and _close(stock, goal)
                if not still and not even_moved:
                    break
            if not still and not even_moved:
                break
        frozen[s] = still
        level_stock[s] = even_still if still else even_moved


@_jit
def _permit(law: Law, t: int, state: State) -> None:
    """Bring the permissions of the next orders to day t."""
    for k in range(law.ptr[t], law.ptr[t + 1]):
        state.limited[law.cell[k]] = 1
        state.allowed_next[law.link[k], law.lane[k]] = law.share[k]


@_jit
def _permitted(law: Law, t: int, state: State) -> None:
    """Orders placed under the permissions of day t are the ones under way."""
    for k in range(law.ptr[t], law.ptr[t + 1]):
        state.allowed[law.link[k], law.lane[k]] = law.share[k]


@_jit
def simulate(
    lanes: Lanes, n_days: int, net: Net, law: Law, shocks: Shocks, rebuild: Rebuild, market: Market, rule: Rule,
    state: State, day: Day, record: Record,
) -> None:  # fmt: skip
    """Run every lane for n days from the state given, and write what is asked for into the record."""
    n, L = net.output.size, len(lanes)
    now, left = np.zeros(shocks.firm.size), rebuild.amount.copy()
    frozen, level_stock = np.zeros(L, np.int8), np.zeros(L, np.int8)
    widest = 0
    if net.seller_ptr.size > 0:
        for i in range(n):
            widest = max(widest, net.seller_ptr[i + 1] - net.seller_ptr[i])
    ratio, usual, tail = np.empty(widest + 1), np.empty(widest + 1), np.empty(widest + 2)
    has_law = law.ptr.size > 0
    if has_law:
        _permit(law, 0, state)
    _links(lanes, -1, net, rule, state, day, frozen, level_stock, True)
    if has_law:
        _permitted(law, 0, state)
    for t in range(n_days):
        _shock(t, net, shocks, now, state.lost)
        if rebuild.maker.size > 0:
            _damage(t, rebuild, left, state.lost, state.rebuild)
        _firms(lanes, t, net, market, rebuild, rule, state, day, left, record, ratio, usual, tail)
        snap = record.snap[t]
        if snap >= 0:
            for c in range(net.use.size):
                for e in range(net.link_ptr[c], net.link_ptr[c + 1]):
                    i = _maker(net, c, e)
                    for s in range(L):
                        record.delivered[snap, e, s] = _delivered(net, state, day, t, c, e, i, s)
        if rule.freeze:
            _nearly_still(L, net, state, day, frozen, level_stock)
        if has_law:
            _permit(law, t + 1, state)
        _links(lanes, t, net, rule, state, day, frozen, level_stock, False)
        if has_law:
            _permitted(law, t + 1, state)
        if rule.follow_capacity:
            day.multiple[:] = day.multiple_next
        if snap >= 0:
            record.stock[snap] = state.stock

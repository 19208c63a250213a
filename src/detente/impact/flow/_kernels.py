"""The compiled day of the flow model; every callee and constant stands in this file.

One file although it is long: numba's cache keeps a compiled function until the file that it stands in changes, so a
callee elsewhere could change without the kernel.

A day has two passes, and each writes only what its own units own, so that threads may share it and get the same
numbers. *Firms* gather their orders over their clients' cells, produce and ration. *Buyers* gather what their makers
deliver, use it, and set the rate of each stock cell: what buyer j orders of maker i is ``weight * multiple of i *
rate``, so that orders are never stored by link. Only links of cells that the law restricts have places of their own.
A table of industries is multiplied by blocks of buyers, and orders are added up by strips of buyers, always the same.

Scenarios are lanes, the innermost axis of every state array. ``lanes`` is anything of that length: of a tuple it is
known when the loops are compiled, so one lane costs what a program without lanes would; of an array it is not.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from detente.impact.flow.arrays import (
    F64,
    I32,
    I64,
    Day,
    Law,
    Market,
    Net,
    Rebuild,
    Record,
    Rule,
    Shocks,
    State,
)

Lanes = tuple[int, ...] | I64
F = TypeVar("F", bound=Callable[..., object])

# cast: numba's types would hide the kernels' own; error_model: no division here has a zero below it, and the test costs
# a fifth of the time. Loops over units and links call nothing that takes many arrays: a call counts each of them.
# Only what Python calls has a way in from Python, and is cached: to unpack a hundred arrays is as long as a kernel.
_entry: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True, error_model="numpy"))
_inner: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_jit: Callable[[F], F] = cast(Any, njit(**_inner))
_inline: Callable[[F], F] = cast(Any, njit(inline="always", **_inner))

PROPORTIONAL, CLIENTS_FIRST, WATER, CLIENTS_FIRST_WATER = 0, 1, 2, 3  # rationing
TO_OUTPUT, TO_BASELINE, TO_WANTED = 0, 1, 2  # what the target stock goes with
CRITICAL, IMPORTANT = 2, 1
HOLD, BY_START, BY_POINT, AT_ONCE, EXPONENTIAL, NEIGHBOURS = 0, 1, 2, 3, 4, 5  # recovery, one day from the last
LINEAR, CONVEX, CONVEX_UNSCALED, CONCAVE = 10, 11, 12, 13  # recovery, in closed form
NEVER = 2**31 - 1
SATED = 1e-9  # unless exact: a smaller part than this is rounding, which stocks and orders would blow up
CLOSE_RELATIVE, CLOSE_ABSOLUTE = 1e-5, 1e-8  # numpy.allclose, as the reference uses it
SMALL = 24  # a seller with fewer clients than this is sorted by insertion
BY_LEVEL = -1.0  # a share given: look at the level
BLOCK = 1024  # units whose output is added up at a time, always the same ones
STRIPS = 8  # of buyers of a table
CELLS = 2048  # stock cells, times lanes, whose goods are held at a time: they stay in the first cache
HELD = 3 * 2**14  # the same for a table, twice the lanes: they stay in the second cache
PRODUCT = 2**18  # multiplications in one matrix product: above this OpenBLAS starts threads of its own
ONE = np.uint64(1)
OPEN, FIRMS, TURN, BUYERS, CLOSE = 0, 1, 2, 3, 4  # parts of a day


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
        for e in range(net.link_from[c], net.link_to[c]):
            total += lost[_maker(net, c, e), s]
            count += 1
    for k in range(net.seller_ptr[j], net.seller_ptr[j + 1]):
        group = np.searchsorted(net.cell_ptr, net.seller_cell[k], side="right") - 1
        total += lost[np.searchsorted(net.group_ptr, group, side="right") - 1, s]
        count += 1
    return total / count if count else 0.0


@_inline
def _maker(net: Net, c: int, e: int) -> int:
    if net.maker_at.size > 0:
        return int(net.maker[net.maker_at[c] + e - net.link_from[c]])
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
def _part(amount: float, whole: float, exact: bool) -> float:
    """Return a share of the baseline; 1 where only rounding makes a difference."""
    if whole <= 0.0:
        return 0.0
    part = amount / whole
    return 1.0 if not exact and abs(part - 1.0) <= SATED else part


@_jit
def _close(a: float, b: float) -> bool:
    return abs(a - b) <= CLOSE_ABSOLUTE + CLOSE_RELATIVE * abs(b)


@_jit
def _gather_orders(
    lanes: Lanes, lo: int, hi: int, ptr: I64, cell: I32, pull: F64, rate2: F64, sent: F64, multiple: F64, orders: F64
) -> None:  # fmt: skip
    """Add up what clients order of each firm of a range, but for restricted cells."""
    L = len(lanes)
    if ptr.size == 0:
        for i in range(lo, hi):
            for s in range(L):
                total = 0.0
                for part in range(sent.shape[0]):
                    total += sent[part, i, s]
                orders[i, s] = total * multiple[i, s]
        return
    rate, wide = rate2.reshape(-1), np.uint64(L)
    for i in range(lo, hi):
        if L == 1:
            total = 0.0
            for k in range(ptr[i], ptr[i + 1]):  # unsigned indices spare the test for negative ones
                total += pull[np.uint64(k)] * rate[np.uint64(cell[np.uint64(k)])]
            orders[i, 0] = total * multiple[i, 0]
        else:
            for s in range(L):
                orders[i, s] = 0.0
            for k in range(ptr[i], ptr[i + 1]):
                w, base = pull[k], np.uint64(cell[k]) * wide
                for s in range(L):
                    orders[i, s] += w * rate[base + np.uint64(s)]
            for s in range(L):
                orders[i, s] *= multiple[i, s]


@_jit
def _gather_limited(
    lanes: Lanes, lo: int, hi: int, at: I64, links: I32, placed: F64, wished: F64, orders: F64, extra: F64
) -> None:  # fmt: skip
    """Add what is ordered over the links of restricted cells, and what is wished for beyond the usual."""
    L = len(lanes)
    for i in range(lo, hi):
        for s in range(L):
            extra[i, s] = 0.0
        for k in range(at[i], at[i + 1]):
            for s in range(L):
                orders[i, s] += placed[links[k], s]
            if wished.size > 0:
                for s in range(L):
                    extra[i, s] += wished[links[k], s]


@_jit
def _firms(
    lanes: Lanes, t: int, lo: int, hi: int, net: Net, law: Law, rule: Rule, state: State, day: Day, record: Record
) -> None:
    """Demand, capacity and output of the firms of a range on day t, and what share of an order each client gets."""
    L = len(lanes)
    by_level = rule.rationing >= WATER
    moving, record_units, record_all = (
        t >= rule.spare_from and rule.spare_tau > 0.0,
        record.output.size,
        record.lost.size,
    )
    pull = law.pull if law.pull.size > 0 else net.seller_weight
    asking, follow, spare_tau = state.wished.size > 0, rule.follow_capacity, rule.spare_tau
    exact, leaky, rationing, halved = rule.exact, rule.leaky, rule.rationing, state.bound_half.size > 0
    output, own_final, orders, extra = net.output, net.final, state.orders, state.extra
    diverted, rebuild, spares, lost = state.diverted, state.rebuild, state.spare, state.lost
    outputs, bound, bound_half, sums = state.y, state.bound, state.bound_half, state.sums
    old, new, gives, served = day.multiple, day.multiple_next, day.give, day.served
    if follow:
        for i in range(lo, hi):
            for s in range(L):
                old[i, s] = new[i, s]
    for b0 in range(lo, hi, BLOCK):
        b1 = min(b0 + BLOCK, hi)
        _gather_orders(lanes, b0, b1, net.seller_ptr, net.seller_cell, pull, state.rate, state.sent, old, orders)
        if law.cell.size > 0:
            _gather_limited(lanes, b0, b1, law.seller_ptr, law.seller_link, state.placed, state.wished, orders, extra)
        leveled = False
        for s in range(L):
            for i in range(b0, b1):
                x, own = output[i], own_final[i]
                final = own + diverted[i, s] + rebuild[i, s]
                base, more = orders[i, s] + final, 0.0
                if asking:
                    more = extra[i, s]
                if moving:
                    wanted = base + more
                    spare = spares[i, s]
                    short = (wanted - outputs[i, s]) / wanted if wanted != 0.0 else 0.0
                    if (short == 0.0) if exact else (short <= SATED):
                        short = 0.0 if exact else max(short, 0.0)
                        after = spare + (rule.spare_limit - spare) * short / spare_tau
                        after += (rule.spare_base - spare) / spare_tau
                    else:
                        after = spare + (rule.spare_limit - spare) * short / spare_tau
                    spares[i, s] = max(1.0, after)
                capacity = spares[i, s] * (1.0 - lost[i, s]) * x
                wanted = base
                if asking:
                    grant = min(1.0, max(0.0, capacity - base) / more) if more > 0.0 else 1.0
                    day.grant[i, s] = grant
                    wanted = base + grant * more
                goal = min(wanted, capacity)
                loose = np.inf
                if halved and bound_half[i, s] < np.inf:
                    loose = rule.important * bound_half[i, s] + (1.0 - rule.important) * capacity
                y = min(goal, bound[i, s], loose)
                outputs[i, s] = y
                give = part = y / wanted if wanted > 0.0 else 0.0
                if rationing != PROPORTIONAL and wanted > 0.0 and (wanted > y or leaky):
                    give = part = 1.0
                    clients = wanted - final
                    short_now = wanted > y
                    if short_now and rationing != WATER:
                        part = max(0.0, final - (wanted - y)) / final if final > 0.0 else 0.0
                        short_now = clients > y
                        if short_now and rationing == CLIENTS_FIRST:
                            give = y / clients
                    if by_level and (short_now or leaky):
                        give = BY_LEVEL
                        leveled = True
                gives[i, s] = give * old[i, s] if give >= 0.0 else BY_LEVEL
                served[i, s] = part
                day.used[i, s] = _part(y, x, exact)
                day.goal[i, s] = goal
                if follow:
                    new[i, s] = capacity / x if x > 0.0 else 0.0
        if leveled:
            _levels(lanes, b0, b1, net, law, rule, state, day)
        for s in range(L):
            made = met = asked = 0.0
            for i in range(b0, b1):
                final = own_final[i] + diverted[i, s] + rebuild[i, s]
                made += outputs[i, s]
                met += served[i, s] * final
                asked += final
                if record_units > 0:
                    wanted = orders[i, s] + final
                    if asking:
                        wanted += day.grant[i, s] * extra[i, s]
                    record.output[t, i, s], record.final[t, i, s] = outputs[i, s], served[i, s] * final
                    record.wanted[t, i, s] = wanted
            sums[b0 // BLOCK, 0, s], sums[b0 // BLOCK, 1, s], sums[b0 // BLOCK, 2, s] = made, met, asked
        if record_all > 0:
            _keep(lanes, t, b0, b1, net, state, day, record)


@_jit
def _keep(lanes: Lanes, t: int, lo: int, hi: int, net: Net, state: State, day: Day, record: Record) -> None:
    """Write what else is kept of the units of a range where all is."""
    L = len(lanes)
    for i in range(lo, hi):
        for s in range(L):
            final = net.final[i] + state.diverted[i, s] + state.rebuild[i, s]
            record.orders[t, i, s] = record.wanted[t, i, s] - final
            record.capacity[t, i, s] = state.spare[i, s] * (1.0 - state.lost[i, s]) * net.output[i]
            record.spare[t, i, s], record.lost[t, i, s] = state.spare[i, s], state.lost[i, s]
            record.rebuild[t, i, s] = state.rebuild[i, s]
            record.rebuilt[t, i, s] = state.rebuild[i, s] * day.served[i, s]
            record.bound[t, i, s], record.asked[t, i, s] = state.bound[i, s], state.asked[i, s]


@_jit
def _levels(lanes: Lanes, lo: int, hi: int, net: Net, law: Law, rule: Rule, state: State, day: Day) -> None:
    """Find the water level of each seller of a range that shares goods out by level."""
    L = len(lanes)
    watched, shared, leaky = law.cell.size > 0, rule.rationing == WATER, rule.leaky
    pull, ptr, cell, rate, outputs = net.seller_weight, net.seller_ptr, net.seller_cell, state.rate, state.y
    if law.pull.size > 0:
        pull = law.pull
    law_ptr, law_link, law_weight, law_reach = law.seller_ptr, law.seller_link, law.weight, law.reach
    placed, wished, grant = state.placed, state.wished, day.grant
    gives, served, multiples, own_final = day.give, day.served, day.multiple, net.final
    room = 64
    ratio, usual, tail = np.empty(room + 1), np.empty(room + 1), np.empty(room + 2)
    for i in range(lo, hi):
        links = ptr[i + 1] - ptr[i]
        for s in range(L):
            if gives[i, s] >= 0.0:
                continue
            if links > room:
                room = links
                ratio, usual, tail = np.empty(room + 1), np.empty(room + 1), np.empty(room + 2)
            final, n, multiple = own_final[i] + state.diverted[i, s] + state.rebuild[i, s], 0, multiples[i, s]
            wanted = state.orders[i, s] + final
            for k in range(ptr[i], ptr[i + 1]):
                own, part = pull[k], multiple * rate[cell[k], s]
                if own > 0.0 and (part > 0.0 or leaky):
                    ratio[n], usual[n] = part, own
                    n += 1
            if watched:
                for k in range(law_ptr[i], law_ptr[i + 1]):
                    m = law_link[k]
                    order, own = placed[m, s], law_weight[m]
                    if wished.size > 0:
                        order += wished[m, s] * grant[i, s]
                        own = own if own > 0.0 else law_reach[m]
                    if own > 0.0 and (order > 0.0 or leaky):
                        ratio[n], usual[n] = order / own, own
                        n += 1
                if wished.size > 0:
                    wanted += grant[i, s] * state.extra[i, s]
            usual_final = own_final[i] if own_final[i] > 0.0 else final
            want = final / usual_final if shared and usual_final > 0.0 else 0.0
            if want > 0.0:
                ratio[n], usual[n] = want, 0.0 if leaky else usual_final
                n += 1
            _sort(ratio, usual, n)
            goods = outputs[i, s] if shared else min(outputs[i, s], wanted - final)
            if leaky:
                filled = usual_final if want > 0.0 else 0.0
                low, level, day.first[i, s] = _fill_leaky(ratio, usual, tail, n, filled, want, goods)
            else:
                low = level = _fill(ratio, usual, tail, n, goods)
                day.first[i, s] = 0.0
            day.low[i, s], day.level[i, s] = low, level
            if shared:
                served[i, s] = 0.0 if want <= 0.0 else 1.0 if want <= low else level / want


@_jit
def _limiting(lanes: Lanes, t: int, net: Net, state: State, day: Day, limiting: I64) -> None:
    """Count the inputs that lie below what the day's goal calls for."""
    L = len(lanes)
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
def _arrive_alone(
    c0: int, c1: int, net: Net, rate: F64, day: Day, by_level: bool, follow: bool, got: F64, whole: F64
) -> None:  # fmt: skip
    """As `_arrive`, for one lane. Unsigned indices spare the test for negative ones."""
    give, multiple, rates = day.give.reshape(-1), day.multiple_next.reshape(-1), rate.reshape(-1)
    weight, maker, maker_at, link_from, link_to = net.weight, net.maker, net.maker_at, net.link_from, net.link_to
    old, low, level, first = day.multiple.reshape(-1), day.low.reshape(-1), day.level.reshape(-1), day.first.reshape(-1)
    pooled, start = maker_at.size > 0, np.uint64(c0)
    if net.use.size == weight.size and not (by_level or follow or pooled):  # every link has its stock
        for e in range(start, np.uint64(c1)):
            got[e - start] = weight[e] * give[np.uint64(maker[e])] * rates[e]
        return
    for c in range(start, np.uint64(c1)):
        lo, hi, r = np.uint64(link_from[c]), np.uint64(link_to[c]), rates[c]
        at = maker_at[c] - link_from[c] if pooled else 0
        total = by = weights = 0.0
        for e in range(lo, hi):
            i, w = np.uint64(maker[np.uint64(at + np.int64(e))]), weight[e]
            part = give[i]
            if part >= 0.0:
                total += w * part
            else:
                part = old[i] * r
                by += w * (part if 0.0 < part <= low[i] else level[i] if part > 0.0 else first[i])
            if follow:
                weights += w * multiple[i]
        got[c - start], whole[c - start] = total * r + by, weights


@_jit
def _arrive(
    lanes: Lanes, c0: int, c1: int, net: Net, rate: F64, day: Day, by_level: bool, follow: bool, got: F64, whole: F64
) -> None:  # fmt: skip
    """For the cells of a range: goods that arrive, and with ``follow`` the weight of their makers tomorrow."""
    L, wide, zero = len(lanes), np.uint64(len(lanes)), np.uint64(0)
    give, multiple = day.give.reshape(-1), day.multiple_next.reshape(-1)
    weight, maker, maker_at, link_from, link_to = net.weight, net.maker, net.maker_at, net.link_from, net.link_to
    old, low, level, first = day.multiple, day.low, day.level, day.first
    for c in range(c0, c1):
        lo, hi = link_from[c], link_to[c]
        at, to = maker_at[c] - lo if maker_at.size > 0 else 0, (c - c0) * L
        into = np.uint64(to)
        for s in range(L):
            got[to + s] = whole[to + s] = 0.0
        for e in range(lo, hi):
            i, w = maker[at + e], weight[e]
            base = np.uint64(i) * wide
            if not by_level:
                for s in range(zero, wide):
                    got[into + s] += w * give[base + s]
            else:
                for s in range(L):
                    part = give[base + np.uint64(s)]
                    if part < 0.0:
                        part = old[i, s] * rate[c, s]
                        part = part if 0.0 < part <= low[i, s] else level[i, s] if part > 0.0 else first[i, s]
                        got[to + s] += w * part
                    else:
                        got[to + s] += w * part * rate[c, s]
            if follow:
                for s in range(zero, wide):
                    whole[into + s] += w * multiple[base + s]
        if not by_level:
            for s in range(L):
                got[to + s] *= rate[c, s]


@_jit
def _arrive_limited(
    lanes: Lanes, q0: int, q1: int, c0: int, law: Law, state: State, day: Day, got: F64
) -> None:  # fmt: skip
    """The same for restricted cells, whose orders stand by link."""
    L = len(lanes)
    cell, ptr, maker, weight, reach = law.cell, law.link_ptr, law.maker, law.weight, law.reach
    placed, wished, give, grant, multiple = state.placed, state.wished, day.give, day.grant, day.multiple
    low, level, first = day.low, day.level, day.first
    for q in range(q0, q1):
        to = (cell[q] - c0) * L
        for s in range(L):
            total = 0.0
            for m in range(ptr[q], ptr[q + 1]):
                i, order, own = maker[m], placed[m, s], weight[m]
                if wished.size > 0:
                    order += wished[m, s] * grant[i, s]
                    own = own if own > 0.0 else reach[m]
                if give[i, s] >= 0.0:
                    total += order * (give[i, s] / multiple[i, s]) if multiple[i, s] > 0.0 else 0.0
                elif order <= 0.0:
                    total += first[i, s] * weight[m]
                else:
                    total += order if order / own <= low[i, s] else level[i, s] * own
            got[to + s] = total


@_jit
def _asks(gap: float, stock: float, used: float, tau: float, least: float, sated: float) -> float:
    """What a cell asks for: what was used, and a part of the gap in its stock, ``least`` or more; no jumps."""
    gap = gap if gap > least else least
    gap = 0.0 if abs(gap) <= sated * stock else gap
    request = used + gap / tau
    return request if request > 0.0 else 0.0


@_jit
def _use_alone(
    j0: int, j1: int, opening: bool, net: Net, rule: Rule, state: State, day: Day, got: F64, ask: F64
) -> None:  # fmt: skip
    """As `_use`, for one lane: a cell at a time instead of a lane at a time."""
    exact, target, halved = rule.exact, rule.target, state.bound_half.size > 0
    least, sated = 0.0 if rule.gap_floor else -np.inf, -1.0 if exact else SATED
    stocks, useds, goals = state.stock.reshape(-1), day.used.reshape(-1), day.goal.reshape(-1)
    askeds, bounds, halves = state.asked.reshape(-1), state.bound.reshape(-1), state.bound_half.reshape(-1)
    output, uses, paces, moving = net.output, net.use, net.pace, not opening and state.moves[0] > 0.0
    groups, cells, binds, days, taus, holds = net.group_ptr, net.cell_ptr, net.binds, net.days, net.tau, net.hold
    closes, first = state.closes[0], np.uint64(cells[groups[j0]])
    for j in range(np.uint64(j0), np.uint64(j1)):
        x, used, asked, bound, half = output[j], useds[j], 0.0, np.inf, np.inf
        aim = 1.0 if target == TO_BASELINE or opening else used if target == TO_OUTPUT else _part(goals[j], x, exact)
        for g in range(np.uint64(groups[j]), np.uint64(groups[j + ONE])):
            c0, c1 = np.uint64(cells[g]), np.uint64(cells[g + ONE])
            need, share, kept = uses[c0], 0.0, 0.0
            single = c1 == c0 + ONE
            if not single:
                held = need = 0.0
                for c in range(c0, c1):
                    held += stocks[c]
                    need += uses[c]
                share = need * used / held if held > 0.0 else 0.0
            for c in range(c0, c1):
                p, use, stock = np.uint64(paces[c]), uses[c], stocks[c]
                if x <= 0.0:
                    ask[c - first] = use
                    asked += use
                    continue
                if moving:
                    stock = max(0.0, stock - (use * used if single else stock * share)) + got[c - first]
                    stocks[c] = stock
                request = _asks(closes * (days[p] * use * aim - stock), stock, use * used, taus[p], least, sated)
                ask[c - first] = request
                asked += request
                kept += stock
            if need > 0.0 and x > 0.0 and binds[g] >= IMPORTANT:
                limit = kept / (need * holds[np.uint64(paces[c0])]) * x
                if binds[g] == CRITICAL:
                    bound = min(bound, limit)
                else:
                    half = min(half, limit)
        askeds[j], bounds[j] = asked, bound
        if halved:
            halves[j] = half


@_jit
def _use(
    lanes: Lanes, j0: int, j1: int, opening: bool, net: Net, rule: Rule, state: State, day: Day, aim: F64, held: F64,
    kept: F64, got: F64, ask: F64,
) -> None:  # fmt: skip
    """Buyers of a range use inputs and put goods in stock; leaves what each cell asks for."""
    L, wide, zero = len(lanes), np.uint64(len(lanes)), np.uint64(0)
    exact, target, halved = rule.exact, rule.target, state.bound_half.size > 0
    least, sated = 0.0 if rule.gap_floor else -np.inf, -1.0 if exact else SATED
    stocks, useds, goals = state.stock.reshape(-1), day.used.reshape(-1), day.goal
    askeds, bounds, halves = state.asked.reshape(-1), state.bound.reshape(-1), state.bound_half.reshape(-1)
    moves, closes, output, uses, paces = state.moves, state.closes, net.output, net.use, net.pace
    groups, cells, binds, days, taus, holds = net.group_ptr, net.cell_ptr, net.binds, net.days, net.tau, net.hold
    first = cells[groups[j0]]
    for j in range(j0, j1):
        x, own = output[j], np.uint64(j) * wide
        for s in range(zero, wide):
            askeds[own + s] = 0.0
            bounds[own + s] = np.inf
            if halved:
                halves[own + s] = np.inf
            aim[s] = 1.0 if target == TO_BASELINE else useds[own + s]
        if target == TO_WANTED:
            for s in range(L):
                aim[s] = _part(goals[j, s], x, exact) if not opening else 1.0
        for g in range(groups[j], groups[j + 1]):
            c0, c1 = cells[g], cells[g + 1]
            need, single = 0.0, c1 - c0 == 1
            for c in range(c0, c1):
                need += uses[c]
            for s in range(zero, wide):
                kept[s] = 0.0
            if not single:
                for s in range(zero, wide):
                    held[s] = 0.0
                for c in range(c0, c1):
                    at = np.uint64(c) * wide
                    for s in range(zero, wide):
                        held[s] += stocks[at + s]
                for s in range(zero, wide):
                    held[s] = need * useds[own + s] / held[s] if held[s] > 0.0 else 0.0
            for c in range(c0, c1):
                p, use = paces[c], uses[c]
                tau, goal = taus[p], days[p] * use
                at, to = np.uint64(c) * wide, np.uint64(c - first) * wide
                if x <= 0.0:
                    for s in range(zero, wide):
                        ask[to + s] = use
                        askeds[own + s] += use
                    continue
                if not opening:
                    for s in range(zero, wide):
                        stock = stocks[at + s]
                        gone = use * useds[own + s] if single else stock * held[s]
                        after = max(0.0, stock - gone) + got[to + s]
                        stocks[at + s] = after if moves[s] > 0.0 else stock
                for s in range(zero, wide):
                    stock = stocks[at + s]
                    gap = closes[s] * (goal * aim[s] - stock)
                    ask[to + s] = _asks(gap, stock, use * useds[own + s], tau, least, sated)
                for s in range(zero, wide):
                    askeds[own + s] += ask[to + s]
                for s in range(zero, wide):
                    kept[s] += stocks[at + s]
            kind = binds[g]
            if need > 0.0 and x > 0.0 and kind >= IMPORTANT:
                per = need * holds[paces[c0]]
                if kind == CRITICAL:
                    for s in range(zero, wide):
                        bounds[own + s] = min(bounds[own + s], kept[s] / per * x)
                else:
                    for s in range(zero, wide):
                        halves[own + s] = min(halves[own + s], kept[s] / per * x)


@_jit
def _place(lanes: Lanes, c0: int, c1: int, use: F64, rate: F64, follow: bool, ask: F64, whole: F64) -> None:
    """Turn what cells of a range ask for into rates."""
    L = len(lanes)
    rates = rate.reshape(-1)
    if follow:
        base = np.uint64(c0) * np.uint64(L)
        for q in range(np.uint64(0), np.uint64((c1 - c0) * L)):
            rates[base + q] = ask[q] / whole[q] if whole[q] > 0.0 else 0.0
        return
    if L == 1:
        for c in range(np.uint64(c0), np.uint64(c1)):
            rates[c] = ask[c - np.uint64(c0)] / use[c] if use[c] > 0.0 else 0.0
        return
    for c in range(c0, c1):
        total = use[c]
        for s in range(L):
            rate[c, s] = ask[(c - c0) * L + s] / total if total > 0.0 else 0.0


@_jit
def _place_limited(
    lanes: Lanes, t: int, q0: int, q1: int, c0: int, law: Law, rule: Rule, state: State, multiple: F64, ask: F64
) -> None:  # fmt: skip
    """Split requests for day t over cells some of whose links are restricted.

    Each link is first asked for its usual share, as far as permitted. What that leaves goes to the unrestricted
    makers, and to qualified newcomers, as extra orders which they take up to their spare capacity.
    """
    L, resource = len(lanes), rule.resource
    cell, ptr, maker, weight, reach = law.cell, law.link_ptr, law.maker, law.weight, law.reach
    rates, allowed, placed, wished, ready = state.rate, state.allowed, state.placed, state.wished, state.ready
    for q in range(q0, q1):
        c = cell[q]
        for s in range(L):
            sum_placed, short, rate = 0.0, False, rates[c, s]
            for m in range(ptr[q], ptr[q + 1]):
                order = weight[m] * multiple[maker[m], s] * rate
                if allowed[m, s] < 1.0 and order > allowed[m, s] * weight[m]:
                    order = allowed[m, s] * weight[m]
                    short = True
                placed[m, s] = order
                sum_placed += order
            if not resource:
                continue
            if short and ready[q, s] == NEVER:
                ready[q, s] = t + rule.qualification_days
            room = 0.0
            for m in range(ptr[q], ptr[q + 1]):
                wished[m, s] = 0.0
                if short and allowed[m, s] >= 1.0 and (weight[m] > 0.0 or t >= ready[q, s]):
                    wished[m, s] = reach[m]
                    room += reach[m]
            if room > 0.0:
                extra = max(0.0, ask[(c - c0) * L + s] - sum_placed) / room
                for m in range(ptr[q], ptr[q + 1]):
                    wished[m, s] *= extra


@_jit
def _pack(lanes: Lanes, net: Net, day: Day, follow: bool) -> F64:
    """What makers of a table give, and with ``follow`` their multiples too, side by side, by item."""
    n, L = net.output.size, len(lanes)
    pack = np.empty((n, 2 * L if follow else L))
    for a in range(n):
        i = net.maker[a]
        for s in range(L):
            pack[a, s] = day.give[i, s]
            if follow:
                pack[a, L + s] = day.multiple_next[i, s]
    return pack


@_jit
def _arrive_table(
    lanes: Lanes, j0: int, j1: int, net: Net, rate: F64, pack: F64, product: F64, got: F64, whole: F64
) -> None:  # fmt: skip
    """As `_arrive`, for buyers of a table: a matrix product an item."""
    L, K, B = len(lanes), net.group_ptr[1], j1 - j0
    wide = pack.shape[1]
    for k in range(K):
        a0, m = net.maker_at[k], net.link_to[k] - net.link_from[k]
        start = net.link_from[j0 * K + k]
        part = net.weight[start : start + B * m].reshape((B, m))
        out = product[: B * wide].reshape((B, wide))
        np.dot(part, pack[a0 : a0 + m], out)
        for b in range(B):
            to, c = (b * K + k) * L, (j0 + b) * K + k
            for s in range(L):
                got[to + s] = out[b, s] * rate[c, s]
            if wide > L:
                for s in range(L):
                    whole[to + s] = out[b, L + s]


@_jit
def _send_table(lanes: Lanes, j0: int, j1: int, net: Net, rate: F64, product: F64, sent: F64) -> None:
    """Add what buyers of a table ask of each maker, before the maker's multiple."""
    L, K, B = len(lanes), net.group_ptr[1], j1 - j0
    for k in range(K):
        a0, m = net.maker_at[k], net.link_to[k] - net.link_from[k]
        start = net.link_from[j0 * K + k]
        part = net.weight[start : start + B * m].reshape((B, m))
        rates = product[: B * L].reshape((B, L))
        for b in range(B):
            for s in range(L):
                rates[b, s] = rate[(j0 + b) * K + k, s]
        out = product[B * L : (B + m) * L].reshape((m, L))
        np.dot(part.T, rates, out)
        for a in range(m):
            i = net.maker[a0 + a]
            for s in range(L):
                sent[i, s] += out[a, s]


@_entry
def strip_of(n: int) -> int:
    """Number of buyers in a strip of a table."""
    return (n + STRIPS - 1) // STRIPS


@_jit
def _rows(net: Net, wide: int) -> int:
    """Buyers of a table in a block: as many as one small matrix product of the widest item takes."""
    most = 1
    for k in range(net.group_ptr[1]):
        most = max(most, net.link_to[k] - net.link_from[k])
    return int(max(1, min(128, PRODUCT // (most * wide), max(8, HELD // (net.group_ptr[1] * wide)))))


@_jit
def _buyers(
    lanes: Lanes, t: int, lo: int, hi: int, net: Net, law: Law, market: Market, rule: Rule, state: State, day: Day
) -> None:
    """Buyers of a range receive goods of day t, use inputs, and set the rates of their orders for day t + 1.

    On the opening day, t = -1, there is nothing to receive: only rates are set.
    """
    L, n, opening, follow = len(lanes), net.output.size, t < 0, rule.follow_capacity
    dense, by_level = net.seller_ptr.size == 0, rule.rationing >= WATER
    groups, cells, limited, law_cell = net.group_ptr, net.cell_ptr, law.cell.size > 0, law.cell
    aim, held, kept = np.empty(L), np.empty(L), np.empty(L)
    room, rows, q1 = CELLS, 1, 0
    pack, product = np.empty((0, 0)), np.empty(0)
    if dense:
        pack = _pack(lanes, net, day, follow)
        rows = _rows(net, pack.shape[1])
    if dense:
        product = np.empty((rows + n) * pack.shape[1])
        for b in range(lo // strip_of(n), (hi - 1) // strip_of(n) + 1):
            state.sent[b] = 0.0
    if limited:
        q1 = np.searchsorted(law_cell, cells[groups[lo]])
    got, whole, ask = np.empty(room), np.empty(room), np.empty(room)
    j0 = lo
    while j0 < hi:
        j1 = j0 + 1
        if dense:
            j1 = min(j0 + rows, hi, (j0 // strip_of(n) + 1) * strip_of(n))
        else:
            while j1 < hi and (cells[groups[j1 + 1]] - cells[groups[j0]]) * L <= room:
                j1 += 1
        c0, c1 = cells[groups[j0]], cells[groups[j1]]
        if (c1 - c0) * L > room:
            room = (c1 - c0) * L
            got, whole, ask = np.empty(room), np.empty(room), np.empty(room)
        q0 = q1
        while limited and q1 < law_cell.size and law_cell[q1] < c1:
            q1 += 1
        if dense:
            _arrive_table(lanes, j0, j1, net, state.rate, pack, product, got, whole)
        elif L == 1:
            _arrive_alone(c0, c1, net, state.rate, day, by_level, follow, got, whole)
        else:
            _arrive(lanes, c0, c1, net, state.rate, day, by_level, follow, got, whole)
        if q1 > q0 and not opening:
            _arrive_limited(lanes, q0, q1, c0, law, state, day, got)
        if L == 1:
            _use_alone(j0, j1, opening, net, rule, state, day, got, ask)
        else:
            _use(lanes, j0, j1, opening, net, rule, state, day, aim, held, kept, got, ask)
        _place(lanes, c0, c1, net.use, state.rate, follow, ask, whole)
        if q1 > q0:
            _place_limited(lanes, t + 1, q0, q1, c0, law, rule, state, day.multiple_next, ask)
        if dense:
            _send_table(lanes, j0, j1, net, state.rate, product, state.sent[j0 // strip_of(n)])
        j0 = j1
    if market.ptr.size > 0 and not opening:
        _divert(lanes, lo, hi, market, net.final, day.served, state.diverted)


@_jit
def _divert(lanes: Lanes, lo: int, hi: int, market: Market, final: F64, served: F64, diverted: F64) -> None:
    """Final demand that units of a range take over tomorrow."""
    L = len(lanes)
    ptr, loser, share = market.ptr, market.rival, market.share
    for i in range(lo, hi):
        for s in range(L):
            diverted[i, s] = 0.0
        for e in range(ptr[i], ptr[i + 1]):
            j = loser[e]
            for s in range(L):
                missed = final[j] * (1.0 - served[j, s])
                if missed > SATED * final[j]:
                    diverted[i, s] += share[e] * missed


@_jit
def _nearly_still(lanes: Lanes, net: Net, rule: Rule, state: State, day: Day) -> None:
    """Say by lane whether all stocks are nearly in balance and all gaps nearly closed (trap B7).

    Both questions are about the whole table, so nothing may move before they are answered; a lane is left as soon as
    both are.
    """
    for s in range(len(lanes)):
        still, even_moved, even_still = True, True, True
        for j in range(net.output.size):
            for g in range(net.group_ptr[j], net.group_ptr[j + 1]):
                for c in range(net.cell_ptr[g], net.cell_ptr[g + 1]):
                    got = 0.0
                    for e in range(net.link_from[c], net.link_to[c]):
                        got += net.weight[e] * day.give[_maker(net, c, e), s]
                    got *= state.rate[c, s]
                    used, stock = net.use[c] * day.used[j, s], state.stock[c, s]
                    aim = 1.0 if rule.target == TO_BASELINE else day.used[j, s]
                    if rule.target == TO_WANTED:
                        aim = _part(day.goal[j, s], net.output[j], rule.exact)
                    goal = net.days[net.pace[c]] * net.use[c] * aim
                    still = still and _close(got, used)
                    even_moved = even_moved and _close(stock - used + got, goal)
                    even_still = even_still and _close(stock, goal)
                if not still and not even_moved:
                    break
            if not still and not even_moved:
                break
        state.moves[s] = 0.0 if still else 1.0
        state.closes[s] = 0.0 if (even_still if still else even_moved) else 1.0


@_jit
def _deliveries(lanes: Lanes, net: Net, law: Law, state: State, day: Day, delivered: F64) -> None:
    """Write what arrives over each link on the day."""
    for s in range(len(lanes)):
        q = 0
        for c in range(net.use.size):
            while q < law.cell.size and law.cell[q] < c:
                q += 1
            limited = q < law.cell.size and law.cell[q] == c
            for e in range(net.link_from[c], net.link_to[c]):
                i, own = _maker(net, c, e), net.weight[e]
                order = own * day.multiple[i, s] * state.rate[c, s]
                if limited:
                    m = law.link_ptr[q] + e - net.link_from[c]
                    order = state.placed[m, s]
                    if state.wished.size > 0:
                        order += state.wished[m, s] * day.grant[i, s]
                        own = own if own > 0.0 else law.reach[m]
                if day.give[i, s] >= 0.0:
                    order *= day.give[i, s] / day.multiple[i, s] if day.multiple[i, s] > 0.0 else 0.0
                elif order <= 0.0:
                    order = day.first[i, s] * net.weight[e]
                elif (order / own if limited else day.multiple[i, s] * state.rate[c, s]) > day.low[i, s]:
                    order = day.level[i, s] * own
                delivered[e, s] = order


@_jit
def _turn(
    lanes: Lanes, t: int, net: Net, law: Law, rebuild: Rebuild, rule: Rule, state: State, day: Day, record: Record
) -> None:  # fmt: skip
    """What the whole network is looked at for between the two passes."""
    if record.limiting.size > 0:
        _limiting(lanes, t, net, state, day, record.limiting)
    if rebuild.maker.size > 0:
        before = state.rebuild.copy()
        _rebuilt(t, rebuild, state.left, day.served, state.rebuild)
        for i in range(net.output.size):
            for s in range(len(lanes)):
                if before[i, s] > 0.0:
                    wanted = state.orders[i, s] + net.final[i] + state.diverted[i, s] + state.rebuild[i, s]
                    capacity = state.spare[i, s] * (1.0 - state.lost[i, s]) * net.output[i]
                    day.goal[i, s] = min(wanted, capacity)
    if record.snap[t] >= 0:
        _deliveries(lanes, net, law, state, day, record.delivered[record.snap[t]])
    if rule.freeze:
        _nearly_still(lanes, net, rule, state, day)


@_jit
def _start(t: int, net: Net, shocks: Shocks, rebuild: Rebuild, state: State) -> None:
    """Bring capacity lost and goods wanted for rebuilding to day t."""
    if shocks.firm.size > 0:
        _shock(t, net, shocks, state.now, state.lost)
    if rebuild.maker.size > 0:
        _damage(t, rebuild, state.left, state.lost, state.rebuild)


@_entry
def run(
    parts: tuple[int, int], lanes: Lanes, days: tuple[int, int], units: tuple[int, int], net: Net, law: Law,
    shocks: Shocks, rebuild: Rebuild, market: Market, rule: Rule, state: State, day: Day, record: Record,
) -> None:  # fmt: skip
    """Run some parts of some days; firms and buyers of a range only, a range of firms starting at a block.

    Whole days need all parts and all units. Day -1 is the opening, when the first orders are placed. One entry for all,
    for each is compiled anew; a call of many arrays costs as much as ten units, so there is none for nothing.
    """
    for t in range(days[0], days[1]):
        for part in range(parts[0], parts[1]):
            if part == TURN:
                if t >= 0:
                    for b in range(state.sums.shape[0]):
                        record.totals[t] += state.sums[b]
                    if record.limiting.size + rebuild.maker.size > 0 or record.snap[t] >= 0 or rule.freeze:
                        _turn(lanes, t, net, law, rebuild, rule, state, day, record)
                if law.ptr.size > 0:
                    for k in range(law.ptr[t + 1], law.ptr[t + 2]):
                        state.allowed[law.link[k], law.lane[k]] = law.share[k]
            elif part == BUYERS:
                _buyers(lanes, t, units[0], units[1], net, law, market, rule, state, day)
            elif t < 0:
                continue
            elif part == FIRMS:
                _firms(lanes, t, units[0], units[1], net, law, rule, state, day, record)
            elif part == OPEN:
                if shocks.firm.size + rebuild.maker.size > 0:
                    _start(t, net, shocks, rebuild, state)
            elif record.snap[t] >= 0:
                record.stock[record.snap[t]] = state.stock


__all__ = ["F64", "I32", "I64", "Day", "Law", "Market", "Net", "Rebuild", "Record", "Rule", "Shocks", "State", "run"]

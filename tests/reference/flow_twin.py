"""A plain twin of the flow model: dense matrices of links, every amount in money, straight from docs/flow.md.

Nothing is shared with the package. Orders are kept link by link, which is what the package never does.
"""

import numpy as np


def flow_twin(world, rule, n_days, shocks, spans, market=None):
    """One scenario of the native model; world as given to FlowNetwork.of, in money a year of 365 days."""
    n, seller, buyer = world["n"], world["seller"], world["buyer"]
    w, reach = world["value"] / 365, world["reach"] / 365
    E, x = w.size, world["output"] / 365
    C = np.maximum(x - np.bincount(seller, w, n), 0.0)
    cells = sorted({(b, world["item"][s]) for s, b in zip(seller, buyer, strict=True)})
    cell = np.array([cells.index((b, world["item"][s])) for s, b in zip(seller, buyer, strict=True)], int)
    owner = np.array([c[0] for c in cells], int)
    K = len(cells)
    use = np.bincount(cell, w, K)
    days, kind = np.zeros(K), np.zeros(K)
    days[cell], kind[cell] = world["stock_days"], world["link_class"]
    tau = world["tau"]
    stock = days * use
    y, spare, goal, diverted = x.copy(), np.full(n, rule.spare_base), np.ones(n), np.zeros(n)
    state = {"multiple": np.ones(n), "ready": np.full(K, 10**9), "touched": np.zeros(K, bool)}
    divide = lambda a, b: np.divide(a, b, out=np.zeros_like(a), where=b > 0)  # noqa: E731
    snap = lambda part: np.where(np.abs(part - 1) <= 1e-9, 1.0, part)  # noqa: E731
    usual = np.where(w > 0, w, reach)

    def allowed(day):
        share = np.ones(E)
        for s in sorted(spans, key=lambda s: s.since):
            if s.since <= day < s.until:
                share[s.link] = s.allowed
        return share

    def place(request, multiple, day):
        """What is ordered of each link for a day: the usual part, and the wish for more."""
        share = allowed(day)
        basis = w * multiple[seller]
        order = basis * divide(request, np.bincount(cell, basis, K))[cell]
        stopped = (share < 1) & (order > share * w)
        order = np.where(stopped, share * w, order)
        extra = np.zeros(E)
        if rule.resource:
            hit = np.bincount(cell, stopped, K) > 0
            state["ready"] = np.where(hit & (state["ready"] == 10**9), day + rule.qualification_days, state["ready"])
            free = np.where((share < 1) | ((w == 0) & (day < state["ready"][cell])), 0.0, reach) * hit[cell]
            rest = np.maximum(0.0, request - np.bincount(cell, order, K))
            extra = free * divide(rest, np.bincount(cell, free, K))[cell]
        return order, extra

    def loss(t):
        lost = np.zeros(n)
        for s in shocks:
            if t < s.start:
                continue
            e = t - s.start
            past = max(0, e - 1)  # recovery in closed form starts the day after
            left = {
                "none": s.share, "by_start": max(0.0, s.share * (1 - e / s.tau)),
                "exponential": s.share if e == 0 else s.share * np.exp(-(t - 1) / s.tau),
                "linear": max(0.0, s.share * (1 - past / s.tau)), "convex": s.share * (1 - 1 / s.tau) ** (4 * past),
            }[s.recovery]  # fmt: skip
            lost[s.unit] = max(lost[s.unit], left)
        return lost

    order, extra = place(use.copy(), np.ones(n), 0)
    record = {"output": [], "final": []}
    bound = np.full(n, np.inf)
    half = np.full(n, np.inf)
    for c in range(K):
        if use[c] > 0 and kind[c] > 0:
            which = bound if kind[c] == 2 else half
            which[owner[c]] = min(which[owner[c]], stock[c] / use[c] * x[owner[c]])
    for t in range(n_days):
        final = C + diverted
        asked = np.bincount(seller, order, n) + final
        wish = np.bincount(seller, extra, n)
        if t >= rule.spare_from and rule.spare_tau > 0:
            short = divide(asked + wish - y, asked + wish)
            short = np.where(short > 1e-9, short, 0.0)
            rest = np.where(short > 0, 0.0, rule.spare_base - spare)
            spare = np.maximum(1.0, spare + ((rule.spare_limit - spare) * short + rest) / rule.spare_tau)
        cap = spare * (1 - loss(t)) * x
        grant = np.where(wish > 0, np.minimum(1, np.maximum(0, cap - asked) / np.where(wish > 0, wish, 1)), 1.0)
        taken = order + extra * grant[seller]
        wanted = asked + grant * wish
        goal_money = np.minimum(wanted, cap)
        loose = np.where(np.isinf(half), np.inf, rule.important * np.where(np.isinf(half), 0, half)
                         + (1 - rule.important) * cap)  # fmt: skip
        y = np.minimum(goal_money, np.minimum(bound, loose))
        got, met = ration(rule.rationing, taken, usual, seller, final, C, y, wanted, n)
        record["output"].append(y.copy())
        record["final"].append(met)
        diverted = np.zeros(n)
        if market is not None:
            for j in range(n):
                missed = C[j] * (1 - met[j] / final[j]) if final[j] > 0 else 0.0
                if missed > 1e-9 * C[j]:
                    for e in range(market.ptr[j], market.ptr[j + 1]):
                        diverted[market.rival[e]] += market.share[e] * missed
        used = snap(divide(y, x))
        goal = {"wanted": snap(divide(goal_money, x)), "baseline": np.ones(n), "output": used}[rule.target]
        multiple = divide(cap, x) if rule.follow_capacity else np.ones(n)
        stock = np.maximum(0, stock - use * used[owner]) + np.bincount(cell, got, K)
        gap = days * use * goal[owner] - stock
        gap = np.where(np.abs(gap) <= 1e-9 * stock, 0.0, gap)
        gap = np.maximum(gap, 0) if rule.gap_floor else gap
        request = np.maximum(0, use * used[owner] + gap / tau)
        order, extra = place(request, multiple, t + 1)
        bound, half = np.full(n, np.inf), np.full(n, np.inf)
        for c in range(K):
            if use[c] > 0 and kind[c] > 0:
                which = bound if kind[c] == 2 else half
                which[owner[c]] = min(which[owner[c]], stock[c] / use[c] * x[owner[c]])
    return {name: np.array(rows) for name, rows in record.items()}


def ration(kind, order, usual, seller, final, C, y, wanted, n):
    got, met = np.zeros_like(order), np.zeros(n)
    for i in range(n):
        mine = np.flatnonzero((seller == i) & (order > 0))
        o, f = order[mine], final[i]
        if wanted[i] <= 0:
            continue
        if kind == "proportional" or wanted[i] <= y[i]:
            part = y[i] / wanted[i] if kind == "proportional" else 1.0
            got[mine], met[i] = o * part, f * part
            continue
        a = usual[mine]
        if kind == "water":
            a_all = np.append(a, C[i] if C[i] > 0 else f)
            all_ = pour(np.append(o, f), a_all, y[i])
            got[mine], met[i] = all_[:-1], all_[-1]
            continue
        met[i] = max(0.0, f - (wanted[i] - y[i]))
        left = y[i] - met[i]
        if o.sum() <= y[i]:
            got[mine] = o
        else:
            met[i] = 0.0
            left = y[i]
            got[mine] = o * left / o.sum() if kind == "clients_first" else pour(o, a, left)
    return got, met


def pour(want, usual, goods):
    """Everyone gets min(want, level * usual), by trying every level at which somebody is served."""
    live = usual > 0
    ratio = np.where(live, want / np.where(live, usual, 1), 0)
    for top in np.unique(ratio):
        if np.minimum(want, top * usual).sum() >= goods:
            full = ratio < top
            level = (goods - want[full].sum()) / usual[~full].sum()
            return np.where(full, want, level * usual)
    return want

"""Plain twins of the search's kernels and of attribution, straight from the definitions."""

from itertools import combinations, pairwise, permutations

import numpy as np


def beats(a, b):
    return bool((a >= b).all() and (a > b).any())


def not_beaten_twin(points):
    return np.array([not any(beats(q, p) for q in points) for p in points], dtype=bool)


def fronts_twin(points, violation):
    left, number, answer = set(range(len(points))), 0, np.zeros(len(points), dtype=np.int64)

    def above(i, j):
        return violation[i] < violation[j] or (violation[i] == violation[j] and beats(points[i], points[j]))

    while left:
        now = {j for j in left if not any(above(i, j) for i in left)}
        answer[list(now)] = number
        left -= now
        number += 1
    return answer


def hypervolume_twin(points, reference):
    """By inclusion and exclusion over all sets of points."""
    points = np.asarray(points, dtype=float) - reference
    points = points[(points > 0).all(axis=1)]
    total = 0.0
    for k in range(1, len(points) + 1):
        for chosen in combinations(range(len(points)), k):
            total += (-1) ** (k + 1) * np.prod(points[list(chosen)].min(axis=0))
    return total


def crowding_twin(points, front):
    answer = np.zeros(len(points))
    for f in set(front.tolist()):
        members = np.flatnonzero(front == f)
        for column in points[members].T:
            order = members[np.argsort(column, kind="stable")]
            value = np.sort(column)
            answer[order[0]] = answer[order[-1]] = np.inf
            if value[-1] > value[0]:
                for c in range(1, len(order) - 1):
                    answer[order[c]] += (value[c + 1] - value[c - 1]) / (value[-1] - value[0])
    return answer


def shapley_twin(value, n):
    """By all orders in which the players can come."""
    worth = {}
    for mask in range(2**n):
        members = np.array([(mask >> i) & 1 for i in range(n)], dtype=bool)
        worth[mask] = value(members[None, :])[0]
    orders = list(permutations(range(n)))
    shares = np.zeros((n, worth[0].size))
    for order in orders:
        mask = 0
        for i in order:
            shares[i] += worth[mask | (1 << i)] - worth[mask]
            mask |= 1 << i
    return shares / len(orders)


def owen_twin(value, unions):
    """By all orders in which no union is interrupted."""
    n = len(unions)
    groups = sorted(set(unions))
    shares, count = 0.0, 0
    for order in permutations(range(n)):
        seen = [unions[i] for i in order]
        blocks = sum(a != b for a, b in pairwise(seen)) + 1
        if blocks != len(groups):
            continue
        rows = np.zeros((n + 1, n), dtype=bool)
        for k, i in enumerate(order):
            rows[k + 1 :, i] = True
        worth = value(rows)
        gain = np.zeros((n, worth.shape[1]))
        gain[list(order)] = np.diff(worth, axis=0)
        shares, count = shares + gain, count + 1
    return shares / count

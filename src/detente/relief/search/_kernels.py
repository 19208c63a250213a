"""Compiled loops over points whose every coordinate is to be large; all callees and constants stand in this file."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., object])

_jit: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True))  # numba's types would hide the kernels' own


@_jit
def compare(points: F64, a: int, b: int) -> int:
    """Return 1 where point a beats b (no coordinate smaller, one larger), -1 where b beats a, 0 else."""
    larger, smaller = False, False
    for m in range(points.shape[1]):
        if points[a, m] > points[b, m]:
            larger = True
        elif points[a, m] < points[b, m]:
            smaller = True
    if larger and not smaller:
        return 1
    return -1 if smaller and not larger else 0


@_jit
def unbeaten(points: F64, order: I64) -> Bools:
    """Say which points no other beats; `order` has them by falling sum, so that only earlier ones can beat."""
    n = points.shape[0]
    answer = np.zeros(n, np.bool_)
    kept = np.empty(n, np.int64)
    n_kept = 0
    for c in range(n):
        i = order[c]
        beaten = False
        for k in range(n_kept):
            if compare(points, kept[k], i) > 0:
                beaten = True
                break
        if not beaten:
            kept[n_kept] = i
            n_kept += 1
            answer[i] = True
    return answer


@_jit
def fronts(points: F64, violation: F64) -> I64:
    """Number the front of each point, 0 the best (Deb et al. 2002): the less violation beats, then the better point."""
    n = points.shape[0]
    beats = np.zeros((n, n), np.bool_)
    n_above = np.zeros(n, np.int64)
    for i in range(n):
        for j in range(i + 1, n):
            way = compare(points, i, j)
            if violation[i] != violation[j]:
                way = 1 if violation[i] < violation[j] else -1
            if way > 0:
                beats[i, j] = True
                n_above[j] += 1
            elif way < 0:
                beats[j, i] = True
                n_above[i] += 1
    front = np.full(n, -1, np.int64)
    left, number = n, 0
    while left > 0:
        now = np.flatnonzero((n_above == 0) & (front < 0))
        front[now] = number
        for best in now:
            for k in range(n):
                if beats[best, k]:
                    n_above[k] -= 1
        left -= int(now.size)
        number += 1
    return front


@_jit
def crowding(points: F64, front: I64) -> F64:
    """Return how far apart each point's neighbours in its front are, summed over coordinates; inf at the ends."""
    n = points.shape[0]
    distance = np.zeros(n)
    for f in range(front.max() + 1 if n else 0):
        members = np.flatnonzero(front == f)
        for m in range(points.shape[1]):
            value = points[members, m]
            order = np.argsort(value, kind="mergesort")
            span = value[order[-1]] - value[order[0]]
            distance[members[order[0]]] = np.inf
            distance[members[order[-1]]] = np.inf
            if span <= 0.0:
                continue
            for c in range(1, order.size - 1):
                distance[members[order[c]]] += (value[order[c + 1]] - value[order[c - 1]]) / span
    return distance


@_jit
def thin(points: F64, keep: int, fixed: Bools) -> Bools:
    """Take away the point nearest to another until `keep` are left, and of the nearest two the later one.

    Coordinates are comparable. `fixed` points stay.
    """
    n = points.shape[0]
    left = np.ones(n, np.bool_)
    near = np.full(n, -1, np.int64)
    distance = np.full(n, np.inf)
    for i in range(n):
        near[i], distance[i] = _nearest(points, left, i)
    for _ in range(n - keep):
        out = -1
        for i in range(n):
            if left[i] and not fixed[i] and (out < 0 or distance[i] <= distance[out]):
                out = i
        if out < 0:
            break
        left[out] = False
        for i in range(n):
            if left[i] and near[i] == out:
                near[i], distance[i] = _nearest(points, left, i)
    return left


@_jit
def _nearest(points: F64, left: Bools, i: int) -> tuple[int, float]:
    best, who = np.inf, -1
    for j in range(points.shape[0]):
        if j != i and left[j]:
            total = 0.0
            for m in range(points.shape[1]):
                d = points[i, m] - points[j, m]
                total += d * d
            if total < best:
                best, who = total, j
    return who, best


@_jit
def _area(points: F64, order: I64, count: int, xs: F64, ys: F64) -> float:
    """Area between 0 and the first `count` points of `order` by their first two coordinates."""
    n, area = 0, 0.0
    for c in range(count):
        x, y = points[order[c], 0], points[order[c], 1]
        area, n = _step(xs, ys, n, area, x, y)
    return area


@_jit
def _step(xs: F64, ys: F64, n: int, area: float, x: float, y: float) -> tuple[float, int]:
    """Put a point into a staircase (xs rising, ys falling); return the area under it and its number of steps."""
    at = int(np.searchsorted(xs[:n], x))
    if at < n and ys[at] >= y:
        return area, n
    low = int(at)  # steps low..at-1 lie under the new one
    while low > 0 and ys[low - 1] <= y:
        low -= 1
    high = at + 1 if at < n and xs[at] == x else at
    edge = xs[low - 1] if low > 0 else 0.0
    for k in range(low, high):
        area -= (xs[k] - edge) * ys[k]
        edge = xs[k]
    if high < n:
        area -= (xs[high] - edge) * ys[high]
        area += (xs[high] - x) * ys[high]
    left = xs[low - 1] if low > 0 else 0.0
    area += (x - left) * y
    moved = n - high
    for k in range(moved):  # make room for one in the place of high - low
        source = high + (moved - 1 - k) if high - low < 1 else high + k
        xs[source + 1 - (high - low)] = xs[source]
        ys[source + 1 - (high - low)] = ys[source]
    xs[low], ys[low] = x, y
    return area, n + 1 - (high - low)


@_jit
def _solid(points: F64, order: I64, xs: F64, ys: F64) -> float:
    """Volume between 0 and points by their first three coordinates; `order` has them by falling third."""
    n, area, volume = 0, 0.0, 0.0
    for c in range(order.size):
        i = order[c]
        area, n = _step(xs, ys, n, area, points[i, 0], points[i, 1])
        floor = points[order[c + 1], 2] if c + 1 < order.size else 0.0
        volume += area * (points[i, 2] - floor)
    return volume


@_jit
def volume(points: F64) -> float:
    """Volume between 0 and points of one to four coordinates, all above 0."""
    n, d = points.shape
    if n == 0:
        return 0.0
    if d == 1:
        return float(points[:, 0].max())
    xs, ys = np.empty(n + 1), np.empty(n + 1)
    if d == 2:
        return _area(points, np.arange(n), n, xs, ys)
    if d == 3:
        return _solid(points, np.argsort(-points[:, 2], kind="mergesort"), xs, ys)
    by_third = np.argsort(-points[:, 2], kind="mergesort")
    by_fourth = np.argsort(-points[:, 3], kind="mergesort")
    place = np.empty(n, np.int64)
    place[by_fourth] = np.arange(n)
    total = 0.0
    for c in range(n):
        floor = points[by_fourth[c + 1], 3] if c + 1 < n else 0.0
        height = points[by_fourth[c], 3] - floor
        if height > 0.0:
            total += height * _solid(points, by_third[place[by_third] <= c], xs, ys)
    return total

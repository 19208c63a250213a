"""Points not beaten by another, how they lie to one another, and the volume they cover."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from detente.record import DetenteError
from detente.relief.search import _kernels
from detente.relief.search._kernels import F64, I64, Bools


def not_beaten(points: ArrayLike) -> Bools:
    """Say which of n points (n x M, every coordinate the larger the better) no other beats; equal points all stay.

    >>> not_beaten([[1, 0], [0, 1], [0, 0]])
    array([ True,  True, False])
    """
    given = _points(points)
    order = np.argsort(-given.sum(axis=1), kind="stable").astype(np.int64)
    ties = given.sum(axis=1)[order]
    if (np.diff(ties) >= 0).any():  # sums that are equal after rounding: the first coordinate decides
        order = np.lexsort((*(-given.T[::-1]), -given.sum(axis=1))).astype(np.int64)
    return _kernels.unbeaten(given, order)


def fronts(points: ArrayLike, violation: ArrayLike | None = None) -> I64:
    """Number the front each point is in, 0 for those not beaten, 1 for those then not beaten, and so on.

    ``violation`` (n, 0 or more): the point with the less of it beats the other, whatever the points.

    Source: Deb, Pratap, Agarwal, Meyarivan 2002, doi 10.1109/4235.996017, sections III and VI.

    >>> fronts([[1, 1], [0, 0], [2, 2]], [0, 0, 1])
    array([0, 1, 2])
    """
    given = _points(points)
    wrong = np.zeros(given.shape[0]) if violation is None else np.asarray(violation, dtype=np.float64)
    if wrong.shape != (given.shape[0],):
        raise DetenteError(f"violation: got shape {wrong.shape}; expected {given.shape[0]} numbers, one a point.")
    return _kernels.fronts(given, wrong)


def crowding(points: ArrayLike, front: I64) -> F64:
    """Return the crowding distance of each point within its front (n): the larger, the more alone; inf at the ends.

    Source: Deb, Pratap, Agarwal, Meyarivan 2002, doi 10.1109/4235.996017, section III B.
    """
    return _kernels.crowding(_points(points), front)


def spread(points: ArrayLike, keep: int) -> Bools:
    """Say which of n points to keep so that those left lie far apart; the best of every coordinate always stay.

    >>> spread([[0, 3], [1, 2], [1.1, 1.9], [3, 0]], 3)
    array([ True,  True, False,  True])
    """
    given = _points(points)
    if given.shape[0] <= keep:
        return np.ones(given.shape[0], dtype=np.bool_)
    least, most = given.min(axis=0), given.max(axis=0)
    span = np.where(most > least, most - least, 1.0)
    fixed = np.zeros(given.shape[0], dtype=np.bool_)
    fixed[given.argmax(axis=0)] = True
    return _kernels.thin((given - least) / span, keep, fixed)


def hypervolume(points: ArrayLike, reference: ArrayLike) -> float:
    """Return the volume that points (n x M, larger is better) cover above a reference point (M), exactly.

    A point that is not above the reference in every coordinate covers nothing. Two and three coordinates take
    n log n to n^2 steps, four n^3; beyond four the points are taken one by one (While, Bradstreet, Barone 2012,
    doi 10.1109/TEVC.2010.2077298), which is meant for some hundred points.

    >>> hypervolume([[2, 1], [1, 2]], [0, 0])
    3.0

    Source: Zitzler, Thiele 1999, doi 10.1109/4235.797969.
    """
    given, base = _points(points), np.asarray(reference, dtype=np.float64)
    if base.shape != (given.shape[1],):
        raise DetenteError(f"reference: got shape {base.shape}; expected {given.shape[1]} numbers, one a coordinate.")
    above = given - base
    above = np.unique(above[(above > 0).all(axis=1)], axis=0)
    return _volume(np.ascontiguousarray(above[not_beaten(above)])) if above.size else 0.0


def _volume(points: F64) -> float:
    if points.shape[1] <= 4:
        return float(_kernels.volume(points))
    points = points[np.argsort(-points[:, -1], kind="stable")]
    total = 0.0
    for k in range(points.shape[0]):  # what each covers that none after it does
        limited = np.minimum(points[k + 1 :], points[k])
        inside = np.ascontiguousarray(limited[not_beaten(limited)]) if limited.size else limited
        total += float(np.prod(points[k])) - (_volume(np.unique(inside, axis=0)) if inside.size else 0.0)
    return total


def _points(points: ArrayLike) -> F64:
    given = np.ascontiguousarray(points, dtype=np.float64)
    if given.ndim != 2:
        raise DetenteError(f"points: got shape {given.shape}; expected n x M, a row a point.")
    if np.isnan(given).any():
        raise DetenteError("points: some are not numbers; expected a number in every cell.")
    return given

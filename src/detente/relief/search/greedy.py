"""A first idea of the frontier: proposals taken one after the other, the most useful first, in several directions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from detente.relief.search.evaluation import Known
from detente.relief.search.moves import flips
from detente.relief.values import Floats

Ints = npt.NDArray[np.int64]
LOOKED_AT = 32  # proposals whose worth is looked at anew before one is taken
STEPS = 50  # so many rounds, each of which takes one proposal or, where there are more, some


def directions(n_coordinates: int, parts: int = 4) -> Floats:
    """Weights of M coordinates in steps of 1/parts, none of them 0 for all gains: what greedy looks along.

    >>> directions(2, 2)
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    cuts = combinations(range(parts + n_coordinates - 1), n_coordinates - 1)
    rows = [np.diff([-1, *cut, parts + n_coordinates - 1]) - 1 for cut in cuts]
    return np.array(rows, dtype=np.float64)[::-1] / parts


def climb(known: Known, start: npt.NDArray[np.bool_], weight: Floats, scale: Floats) -> Ints:
    """Take or drop proposals from ``start`` on as long as the weighed point grows; return all rows valued on the way.

    Each round looks anew only at those that looked best when last seen. ``scale`` makes coordinates comparable.
    """
    P = known.evaluator.n_proposals
    at_once = max(1, P // STEPS)
    seen: list[Ints] = []
    here = known.rows(start[None, :])
    current, best = start, _worth(known, here, weight, scale)[0]
    stale = np.full(P, np.inf)
    for _ in range(2 * STEPS):
        looked = np.argsort(-stale, kind="stable")[: P if np.isposinf(stale).any() else LOOKED_AT]
        rows = known.rows(flips(current, known.evaluator, looked))
        seen.append(rows)
        worth = _worth(known, rows, weight, scale)
        stale[looked] = worth - best
        good = np.argsort(-worth, kind="stable")[:at_once]
        good = good[worth[good] > best]
        if not good.size:
            break
        top = known.packages[rows[good[0]]]
        if good.size > 1:
            changed = (known.packages[rows[good]] ^ current).any(axis=0)
            several = known.rows((current ^ changed)[None, :])
            seen.append(several)
            if _worth(known, several, weight, scale)[0] > worth[good[0]]:
                top = known.packages[several[0]]
        stale[top != current] = -np.inf
        current = top
        best = _worth(known, known.rows(current[None, :]), weight, scale)[0]
    return np.concatenate(seen)


def _worth(known: Known, rows: Ints, weight: Floats, scale: Floats) -> Floats:
    value: Floats = (known.points[rows] / scale) @ weight
    return np.where(np.isfinite(known.violation[rows]), value - known.violation[rows], -np.inf)

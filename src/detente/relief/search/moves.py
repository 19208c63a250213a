"""Small changes of packages: one more, one less, one for another, and children of two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from detente.relief.values import Bools, Evaluator

Ints = npt.NDArray[np.int64]
CROSSED, SWAPPED, FURTHER = 0.6, 0.35, 0.4  # shares of children: of two parents, with a swap, with one more change


def children(first: Bools, second: Bools, draw: np.random.Generator) -> Bools:
    """Cross some pairs of parents (K x P each) proposal by proposal, then flip or swap one or more in each child."""
    K, P = first.shape
    mixed = draw.random(K) < CROSSED
    take = draw.random((K, P)) < np.where(mixed, draw.random(K) * 0.5, 0.0)[:, None]
    rows = np.where(take, second, first)
    same = (rows == first).all(axis=1)
    active = same | (draw.random(K) < 0.5)  # a child like its parent always changes
    while active.any():
        at = np.flatnonzero(active)
        swap = draw.random(at.size) < SWAPPED
        one = draw.integers(P, size=at.size)
        lot = draw.random((at.size, P))
        off = np.where(rows[at], lot, -1.0).argmax(axis=1)
        on = np.where(rows[at], -1.0, lot).argmax(axis=1)
        can = swap & rows[at].any(axis=1) & ~rows[at].all(axis=1)
        rows[at[can], off[can]] = False
        rows[at[can], on[can]] = True
        rows[at[~can], one[~can]] ^= True
        active[at] = draw.random(at.size) < FURTHER
    return rows


def flips(package: Bools, evaluator: Evaluator, of: Sequence[int] | Ints) -> Bools:
    """The package with each of some proposals put in or taken out, with what that brings along.

    A proposal put in replaces the others of its exclusive groups and brings its first prerequisite that lacks; one
    taken out leaves what needs it behind. Rows may still break a rule where rules pull both ways.
    """
    rows = np.broadcast_to(package, (len(of), package.size)).copy()
    for row, p in zip(rows, of, strict=True):
        if row[p]:
            row[p] = False
        else:
            _put(row, int(p), evaluator)
        lacking = True
        while lacking:
            lacking = False
            for q, any_of in evaluator.requires:
                if row[q] and q != p and not row[list(any_of)].any():
                    row[q] = False
                    lacking = True
    return rows


def _put(row: Bools, p: int, evaluator: Evaluator) -> None:
    wanted, put = [p], set()
    while wanted:
        q = wanted.pop()
        put.add(q)
        for group in evaluator.exclusive:
            if q in group:
                row[list(group)] = False
        row[q] = True
        for needing, any_of in evaluator.requires:
            if needing == q and any_of and not row[list(any_of)].any() and any_of[0] not in put:
                wanted.append(any_of[0])

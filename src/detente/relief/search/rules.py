"""What may be put together: packages repaired to the rules, and all that the rules allow."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
import numpy.typing as npt

from detente.relief.values import Bools, Evaluator, feasible

Ints = npt.NDArray[np.int64]


def repair(packages: Bools, evaluator: Evaluator, draw: np.random.Generator) -> Bools:
    """Change packages as little as needed so that they keep the rules.

    A prerequisite that lacks is added or its proposal dropped, by lot; of an exclusive group one stays, by lot;
    whatever still lacks a prerequisite is dropped.
    """
    rows = packages.copy()
    for proposal, any_of in evaluator.requires:
        lacks = np.flatnonzero(rows[:, proposal] & ~rows[:, list(any_of)].any(axis=1))
        adds = lacks[draw.random(lacks.size) < 0.5]
        rows[adds, draw.choice(any_of, adds.size)] = True
    for group in evaluator.exclusive:
        members = np.array(group)
        over = np.flatnonzero(rows[:, members].sum(axis=1) > 1)
        lot = draw.random((over.size, members.size)) * rows[np.ix_(over, members)]
        rows[np.ix_(over, members)] = False
        rows[over, members[lot.argmax(axis=1)]] = True
    dropped = True
    while dropped:
        dropped = False
        for proposal, any_of in evaluator.requires:
            bare = rows[:, proposal] & ~rows[:, list(any_of)].any(axis=1)
            rows[bare, proposal] = False
            dropped |= bool(bare.any())
    return rows


def count_packages(evaluator: Evaluator) -> int:
    """How many packages hold at most one of each exclusive group; prerequisites may rule out some of them."""
    return prod(len(options) for _, options in _slots(evaluator))


def all_packages(evaluator: Evaluator, chunk: int = 4096) -> Iterator[Bools]:
    """All packages that keep the rules, some thousand at a time, the status quo first."""
    slots = _slots(evaluator)
    total = prod(len(options) for _, options in slots)
    for start in range(0, total, chunk):
        number = np.arange(start, min(total, start + chunk))
        rows = np.zeros((number.size, evaluator.n_proposals), dtype=np.bool_)
        for members, options in slots:
            rows[:, members] = options[number % len(options)]
            number = number // len(options)
        good = rows[feasible(rows, evaluator.exclusive, evaluator.requires)]
        if good.size:
            yield good


def _slots(evaluator: Evaluator) -> list[tuple[list[int], Bools]]:
    """Proposals that exclude one another, directly or not, with all choices among them; one alone has two."""
    leader = list(range(evaluator.n_proposals))
    for group in evaluator.exclusive:
        low = min(leader[p] for p in group)
        joined = {leader[p] for p in group}
        leader = [low if x in joined else x for x in leader]
    slots = []
    for low in sorted(set(leader)):
        members = [p for p, x in enumerate(leader) if x == low]
        groups = [tuple(members.index(p) for p in g) for g in evaluator.exclusive if leader[g[0]] == low and len(g) > 1]
        slots.append((members, _choices(len(members), groups)))
    return slots


def _choices(n: int, groups: list[tuple[int, ...]]) -> Bools:
    """All sets of n proposals with at most one of each group, the empty one first."""
    if groups == [tuple(range(n))]:
        return np.concatenate((np.zeros((1, n), dtype=np.bool_), np.eye(n, dtype=np.bool_)))
    rows = [np.zeros(n, dtype=np.bool_)]
    for p in range(n):
        for row in list(rows):
            if not any(p in g and row[list(g)].any() for g in groups):
                more = row.copy()
                more[p] = True
                rows.append(more)
    return np.array(rows)

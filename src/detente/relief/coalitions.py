"""Proposals that are harmless alone and dangerous together, and those that every or no good package has."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.record import DetenteError
from detente.relief.frontier import CAPABILITY_GRAIN, Frontier
from detente.relief.search.evaluation import evaluate
from detente.relief.values import Bools, Evaluator

CHUNK = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Coalitions:
    """Minimal sets of proposals that break a cap: each set does, no proper subset of it does.

    ``sets`` are places of proposals, the smallest sets first. Sets of up to ``complete_to`` proposals are all there;
    larger ones were found from all proposals by taking away, and there may be more. ``evaluations``: packages valued.
    """

    capability: str
    cap: float
    sets: tuple[tuple[int, ...], ...]
    complete_to: int
    evaluations: int

    @property
    def alone(self) -> tuple[int, ...]:
        """Proposals that break the cap by themselves."""
        return tuple(s[0] for s in self.sets if len(s) == 1)


def dangerous(
    evaluator: Evaluator, cap: float, capability: str | None = None, *, most_size: int = 3,
    evaluations: int = 50_000, further: int = 50, seed: int = 0, executor: Executor | None = None,
) -> Coalitions:  # fmt: skip
    """Find the minimal sets of proposals that together lift a capability above a cap.

    Sets grow one proposal at a time, and only those none of whose subsets breaks the cap: as the potential capability
    never falls when more is granted, no minimal set is missed. Where the next size would take more than
    ``evaluations`` packages in all, larger sets are looked for by taking proposals away from all of them, ``further``
    times in orders by lot. Proposals that exclude one another are never in one set; prerequisites are not asked for, as
    a set is about what licences do together and not about how they are got.

    Raises:
        DetenteError: no such capability, or one must be named, or even the status quo breaks the cap.

    >>> from detente.relief.blocs.drawn import two_blocs
    >>> found = dangerous(two_blocs(40, 8, seed=3), cap=0.9)
    >>> all(len(s) <= 8 for s in found.sets)
    True
    """
    column, name = _column(evaluator, capability)
    P = evaluator.n_proposals
    count = 0

    def breaks(rows: Bools) -> npt.NDArray[np.bool_]:
        nonlocal count
        count += rows.shape[0]
        answer = [
            evaluate(evaluator, rows[a : a + CHUNK], executor).capability[:, column] > cap + CAPABILITY_GRAIN
            for a in range(0, rows.shape[0], CHUNK)
        ]
        return np.concatenate(answer) if answer else np.zeros(0, dtype=np.bool_)

    if breaks(np.zeros((1, P), dtype=np.bool_))[0]:
        raise DetenteError(f"cap: the status quo is above {cap} already; no licence is needed to break it.")
    barred = {(a, b) for group in evaluator.exclusive for a in group for b in group if a != b}
    found: list[tuple[int, ...]] = []
    harmless: set[tuple[int, ...]] = {()}
    complete = 0
    for size in range(1, min(most_size, P) + 1):
        wanted = _one_more(harmless, size, P, barred)
        if count + len(wanted) > evaluations:
            break
        bad = breaks(_as_rows(wanted, P))
        found += [s for s, b in zip(wanted, bad, strict=True) if b]
        harmless = {s for s, b in zip(wanted, bad, strict=True) if not b}
        complete = size
    if complete < P and harmless:
        draw = np.random.default_rng(seed)
        for _ in range(further):
            one = _shrink(draw, found, barred, P, breaks)
            if one is not None and one not in found:
                found.append(one)
    found.sort(key=lambda s: (len(s), s))
    return Coalitions(name, cap, tuple(found), complete if harmless else P, count)


def _one_more(harmless: set[tuple[int, ...]], size: int, P: int, barred: set[tuple[int, int]]) -> list[tuple[int, ...]]:
    """Sets of a size all of whose subsets, one smaller, are harmless."""
    answer = []
    for base in sorted(harmless):
        for p in range(base[-1] + 1 if base else 0, P):
            if any((q, p) in barred for q in base):
                continue
            wider = (*base, p)
            if size < 2 or all(wider[:k] + wider[k + 1 :] in harmless for k in range(size - 1)):
                answer.append(wider)
    return answer


def _shrink(
    draw: np.random.Generator, found: list[tuple[int, ...]], barred: set[tuple[int, int]], P: int,
    breaks: Callable[[Bools], Bools],
) -> tuple[int, ...] | None:  # fmt: skip
    """A minimal set that breaks the cap and holds none found so far whole, or None where none was met."""
    order = draw.permutation(P).tolist()
    row = np.ones(P, dtype=np.bool_)
    for k, p in enumerate(order):  # of proposals that exclude one another the first in order stays
        if any((p, q) in barred for q in order[:k] if row[q]):
            row[p] = False
    for one in found:  # leave out a member of each set that is known
        if row[list(one)].all():
            row[draw.choice(one)] = False
    if not breaks(row[None, :])[0]:
        return None
    members = [p for p in order if row[p]]
    step = max(1, len(members) // 2)
    while step >= 1:  # take away halves, then quarters, down to single ones
        at = 0
        while at < len(members):
            fewer = row.copy()
            fewer[members[at : at + step]] = False
            if fewer.any() and breaks(fewer[None, :])[0]:
                row = fewer
                del members[at : at + step]
            else:
                at += step
        if step == 1:
            break
        step = max(1, step // 2)
    return tuple(np.flatnonzero(row).tolist())


def _as_rows(sets: list[tuple[int, ...]], P: int) -> Bools:
    rows = np.zeros((len(sets), P), dtype=np.bool_)
    for row, members in zip(rows, sets, strict=True):
        row[list(members)] = True
    return rows


def _column(evaluator: Evaluator, capability: str | None) -> tuple[int, str]:
    kinds = list(evaluator.capabilities)
    if capability is None and len(kinds) != 1:
        raise DetenteError(f"capability: there are {', '.join(kinds) or 'none'}; name one of them.")
    name = kinds[0] if capability is None else capability
    if name not in kinds:
        raise DetenteError(f"capability: got {name!r}; expected one of {', '.join(kinds) or 'none'}.")
    return kinds.index(name), name


def appearance(frontier: Frontier, cap: float | None = None, found: Coalitions | None = None) -> pl.DataFrame:
    """How often each proposal is in the packages that leave no side worse off and keep the cap.

    Of packages that come to the same point a frontier has one, the smallest. A row a proposal: proposal, n_packages (of
    those that it is in), share, always (in all of them), never (in none), breaks_alone (breaks
    the cap of ``found`` by itself; null where none is given). ``always`` and ``never`` are null where there is no such
    package, or only the status quo.
    """
    kept = -frontier.points[:, frontier.axes.side.size :]
    good = frontier.win_win & frontier.packages.any(axis=1)
    if cap is not None:
        good &= np.all(kept <= cap + CAPABILITY_GRAIN, axis=1)
    n = int(good.sum())
    count = frontier.packages[good].sum(axis=0).astype(np.int64)
    alone = [None if found is None else p in found.alone for p in range(len(frontier.names))]
    return pl.DataFrame(
        {
            "proposal": frontier.names,
            "n_packages": count,
            "share": count / n if n else [None] * count.size,
            "always": count == n if n else [None] * count.size,
            "never": count == 0 if n else [None] * count.size,
            "breaks_alone": alone,
        },
        schema={
            "proposal": pl.String, "n_packages": pl.Int64, "share": pl.Float64, "always": pl.Boolean,
            "never": pl.Boolean, "breaks_alone": pl.Boolean,
        },
    ).sort("n_packages", "proposal", descending=[True, False])  # fmt: skip

"""What it is worth to put both sides' concessions into one package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from detente.record import DetenteError
from detente.relief.bargaining import bargains
from detente.relief.frontier import Frontier
from detente.relief.values import Bools, Evaluator, Requires, Values

TOGETHER = "together"


@dataclass(frozen=True, slots=True, eq=False)
class Only:
    """An ``Evaluator`` of some of another's proposals; the others are never granted.

    A proposal all of whose prerequisites were left out can never be taken.
    """

    whole: Evaluator
    kept: tuple[int, ...]

    @property
    def n_proposals(self) -> int:
        """How many were kept."""
        return len(self.kept)

    @property
    def names(self) -> Sequence[str]:
        """Those of the proposals kept."""
        return [self.whole.names[p] for p in self.kept]

    @property
    def exclusive(self) -> Sequence[tuple[int, ...]]:
        """Groups as far as two or more of their proposals were kept."""
        at = {p: k for k, p in enumerate(self.kept)}
        groups = [tuple(at[p] for p in g if p in at) for g in self.whole.exclusive]
        return [g for g in groups if len(g) > 1]

    @property
    def requires(self) -> Sequence[Requires]:
        """Prerequisites as far as they were kept."""
        at = {p: k for k, p in enumerate(self.kept)}
        return [(at[p], tuple(at[q] for q in any_of if q in at)) for p, any_of in self.whole.requires if p in at]

    @property
    def sides(self) -> Sequence[str]:
        """All sides."""
        return self.whole.sides

    @property
    def capabilities(self) -> Sequence[str]:
        """All capabilities."""
        return self.whole.capabilities

    def evaluate(self, packages: Bools) -> Values:
        """Value packages of the proposals kept."""
        rows = np.zeros((packages.shape[0], self.whole.n_proposals), dtype=np.bool_)
        rows[:, list(self.kept)] = packages
        return self.whole.evaluate(rows)


def bundling(
    evaluator: Evaluator, by: Sequence[str], search: Callable[[Evaluator], Frontier], cap: float | None = None
) -> pl.DataFrame:
    """Compare packages of both sides' proposals with packages of one side's alone.

    Args:
        evaluator: of all proposals.
        by: whose proposal each one is (P).
        search: finds a frontier, such as ``exhaustive``, for all proposals and for those of each side.
        cap: packages with no more of any capability; None: any.

    Returns:
        A row for each who proposes, and ``together``: who, n_proposals, n_packages (that leave no side worse off and
        keep the cap, the status quo left out), joint_gain_usd_m (the most in one of them; 0 where there is none),
        gain_usd_m_SIDE in the Nash package (null where no package leaves every side better off). What ``together`` has
        more than the sum of the others is what only an exchange brings.

    Raises:
        DetenteError: not one name a proposal.
    """
    if len(by) != evaluator.n_proposals:
        raise DetenteError(f"by: got {len(by)} names; expected {evaluator.n_proposals}, one a proposal.")
    rows = []
    for who in (*sorted(set(by)), TOGETHER):
        kept = tuple(p for p in range(len(by)) if who in (TOGETHER, by[p]))
        found = search(evaluator if who == TOGETHER else Only(evaluator, kept))
        n_sides = found.axes.side.size
        gain = found.points[:, :n_sides] - found.origin[:n_sides]
        good = found.win_win & found.packages.any(axis=1)
        if cap is not None:
            good &= np.all(-found.points[:, n_sides:] <= cap + 1e-9, axis=1)
        nash = bargains(found, cap).nash
        row: dict[str, object] = {
            "who": who, "n_proposals": len(kept), "n_packages": int(good.sum()),
            "joint_gain_usd_m": float(gain[good].sum(axis=1).max(initial=0.0)),
        }  # fmt: skip
        for s, side in enumerate(found.axes.names[:n_sides]):
            row[f"gain_usd_m_{side}"] = None if nash is None else float(gain[nash, s])
        rows.append(row)
    return pl.DataFrame(rows)

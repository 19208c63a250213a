"""What a search needs to know of proposals, and what packages of them are worth: the wall between law and search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Requires = tuple[int, tuple[int, ...]]
"""A proposal, and those of which at least one must be in the package with it (the modes of one prerequisite)."""


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """What K packages are worth to S sides, and what they leave of C capabilities.

    ``gain`` (K x S) is the loss avoided against the status quo, USD m a year, as the model's figure;
    ``gain_low`` and ``gain_high`` are the least and the most of it over the model's readings. ``capability`` (K x C)
    is an upper bound of the potential capability, a share of what it is with every sale open: 0 none, 1 all of it.
    ``feasible`` (K) says whether a package may be put together: at most one of each exclusive group, prerequisites met.
    Rows of packages that are not feasible are evaluated as if they were.
    """

    gain: Floats
    gain_low: Floats
    gain_high: Floats
    capability: Floats
    feasible: Bools

    def __len__(self) -> int:
        return int(self.feasible.size)


class Evaluator(Protocol):
    """Anything that values packages. A package is a row of P booleans, one a proposal (a mode counts as one).

    ``names`` are the proposals' ids. ``exclusive`` are groups of proposals of which a package holds at most one,
    ``requires`` pairs of a proposal and those of which one must be with it. ``sides`` name the columns of ``gain``,
    ``capabilities`` those of ``capability``.
    """

    @property
    def n_proposals(self) -> int:
        """P."""

    @property
    def names(self) -> Sequence[str]:
        """Id of each proposal."""

    @property
    def exclusive(self) -> Sequence[tuple[int, ...]]:
        """Groups of which at most one may be taken."""

    @property
    def requires(self) -> Sequence[Requires]:
        """Prerequisites: (proposal, any of these)."""

    @property
    def sides(self) -> Sequence[str]:
        """Columns of ``gain``."""

    @property
    def capabilities(self) -> Sequence[str]:
        """Columns of ``capability``."""

    def evaluate(self, packages: Bools) -> Values:
        """Value K packages, a bool K x P."""


def feasible(packages: Bools, exclusive: Sequence[tuple[int, ...]], requires: Sequence[Requires]) -> Bools:
    """Which of K packages (bool K x P) hold at most one of each exclusive group and meet every prerequisite.

    >>> feasible(np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=bool), [(0, 1)], [(2, (0, 1))])
    array([False,  True, False])
    """
    good = np.ones(packages.shape[0], dtype=np.bool_)
    for group in exclusive:
        good &= packages[:, list(group)].sum(axis=1) <= 1
    for proposal, any_of in requires:
        good &= ~packages[:, proposal] | packages[:, list(any_of)].any(axis=1)
    return good

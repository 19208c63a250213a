"""The best packages seen so far, at most so many, spread over the frontier."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from detente.relief.search.dominance import not_beaten, spread
from detente.relief.search.evaluation import Known

Ints = npt.NDArray[np.int64]
SLACK = 1.25  # so many times the size before the archive is thinned


@dataclass(slots=True)
class Archive:
    """Rows of ``known`` that no other known package beats and that keep all bounds; beyond ``size`` they are thinned.

    Where every package misses a bound it is empty.
    """

    size: int
    rows: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def offer(self, known: Known, rows: Ints) -> Ints:
        """Take in what is not beaten of some rows of ``known``, and return those that came in."""
        new = np.unique(rows[known.violation[rows] == 0])
        new = new[~np.isin(new, self.rows)]
        if not new.size:
            return new
        both = np.concatenate((self.rows, new))
        points = known.points[both]
        _, first = np.unique(points, axis=0, return_index=True)  # of equal points the earlier one
        first.sort()
        kept = both[first][not_beaten(points[first])]
        if kept.size > SLACK * self.size:
            kept = kept[spread(known.points[kept], self.size)]
        self.rows = kept
        return kept[np.isin(kept, new)]

    def final(self, known: Known) -> Ints:
        """The rows, no more than ``size``."""
        return self.rows[spread(known.points[self.rows], self.size)] if self.rows.size > self.size else self.rows

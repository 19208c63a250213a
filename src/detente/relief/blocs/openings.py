"""Which sales each package opens, where that is known sale by sale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detente.record import DetenteError
from detente.relief.blocs import _kernels

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Openings:
    """What is allowed of each of m sales today, and what more each of c clauses allows.

    ``base`` (m) is the share allowed today. Clause k lets ``share[k]`` of sale ``link[k]`` go on where a package holds
    all proposals ``needs[k]``: two where two rules close the sale. Of several clauses the most generous counts, and
    none closes anything. Clauses stand by sale.
    """

    n_proposals: int
    base: Floats
    link: Ints
    share: Floats
    needs: tuple[tuple[int, ...], ...]

    def allowed(self, packages: Bools) -> Floats:
        """The share allowed of each sale under each of K packages (bool K x P): K x m.

        >>> opened = openings(2, [0.0, 0.0], [(0, 1.0, (0,)), (1, 0.5, (0, 1))])
        >>> opened.allowed(np.array([[True, False], [True, True]]))
        array([[1. , 0. ],
               [1. , 0.5]])
        """
        table = np.broadcast_to(self.base, (packages.shape[0], self.base.size)).copy()
        sizes = [len(needs) for needs in self.needs]
        ptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        need = np.array([p for needs in self.needs for p in needs], dtype=np.int64)
        _kernels.open_sales(np.ascontiguousarray(packages), self.link, self.share, ptr, need, table)
        return table


def openings(n_proposals: int, base: npt.ArrayLike, clauses: Sequence[tuple[int, float, tuple[int, ...]]]) -> Openings:
    """Check clauses (sale, share allowed, proposals needed) and put them in order.

    Raises ``DetenteError`` for a share out of range, or a sale or proposal that does not exist.
    """
    today = np.array(base, dtype=np.float64)
    if today.ndim != 1 or not ((today >= 0) & (today <= 1)).all():
        raise DetenteError("base: expected one share a sale, from 0 to 1.")
    for sale, share, needs in clauses:
        if not (0 <= sale < today.size and 0 <= share <= 1 and needs and all(0 <= p < n_proposals for p in needs)):
            raise DetenteError(
                f"clause {(sale, share, needs)}: expected a sale below {today.size}, a share from 0 to 1, and at least "
                f"one proposal, each below {n_proposals}."
            )
    ordered = sorted(clauses, key=lambda c: (c[0], c[2], c[1]))
    return Openings(
        n_proposals,
        today,
        np.array([c[0] for c in ordered], dtype=np.int64),
        np.array([c[1] for c in ordered], dtype=np.float64),
        tuple(tuple(sorted(set(c[2]))) for c in ordered),
    )

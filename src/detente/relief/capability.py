"""Potential capability: the most that some units could make, whichever of the permitted sales are used.

It grows with every licence and never falls with one, so that a promise to keep it under a cap can be kept: whatever
the market then does, it cannot make more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from detente.impact.network import CLASSES, Network
from detente.impact.optimum_pools import inputs_of
from detente.impact.optimum_programme import Programme
from detente.impact.optimum_solver import solve
from detente.record import DetenteError
from detente.relief._kernels import reach

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """A network as capability sees it: what each unit needs of each item, and who sells it.

    ``order`` sorts the E sales by input; input q is that of unit ``buyer[q]``, sales ``ptr[q]`` to ``ptr[q + 1]``.
    Inputs that do not bind are left out, and so are their sales. Values are USD m a year.
    """

    n: int
    n_sales: int
    order: Ints
    seller: Ints
    value: Floats
    ptr: Ints
    buyer: Ints
    is_critical: Ints
    need: Floats
    revenue: Floats

    @classmethod
    def of(cls, network: Network) -> Supply:
        """Measure a network. Raises ``NetworkError`` where an input has sales of two classes."""
        n = network.units.height
        items = np.unique(network.units["item"].to_numpy(), return_inverse=True)[1].astype(np.int64)
        use = inputs_of(network, items, network.value)
        sold = np.bincount(network.seller, network.value, n)
        revenue = np.maximum(network.output, sold)
        binds = (use.kind > CLASSES["other"]) & (use.need > 0) & (revenue[use.buyer] > 0)
        kept = np.flatnonzero(binds[use.of])
        order = kept[np.argsort(use.of[kept], kind="stable")].astype(np.int64)
        there = np.flatnonzero(binds)
        ptr = np.searchsorted(use.of[order], np.append(there, use.need.size)).astype(np.int64)
        return cls(
            n, network.value.size, order, network.seller[order].astype(np.int64), network.value[order], ptr,
            use.buyer[there].astype(np.int64), (use.kind[there] == CLASSES["critical"]).astype(np.int64),
            use.need[there], revenue,
        )  # fmt: skip


def bound(supply: Supply, allowed: npt.ArrayLike) -> Floats:
    """The most that each unit could make under each of K sets of permits, as a share of its output: K x n.

    ``allowed`` is K x E, the share of each sale that may go on. A unit makes no more than its scarcest critical input
    allows, and lacks half of what it lacks of an important one; a seller passes on no more than it could make itself.
    The greatest such shares are an upper bound of `exact`, for each buyer counts on all of what a seller makes. It
    never falls where a permit grows, and is 1 where all are open.

    >>> from detente import load
    >>> network = Network.of(load("huawei"), "2021-01-20")
    >>> float(bound(Supply.of(network), np.ones((1, network.value.size))).min())
    1.0

    Source: the greatest fixed point of a monotone map; Tarski, A lattice-theoretical fixpoint theorem, 1955.
    """
    table = _table(supply, allowed)
    h = np.ones((table.shape[0], supply.n))
    reach(
        np.ascontiguousarray(table[:, supply.order]), supply.seller, supply.value, supply.ptr, supply.buyer,
        supply.is_critical, supply.need, supply.revenue, TOLERANCE, h,
    )  # fmt: skip
    return h


def exact(supply: Supply, allowed: npt.ArrayLike, weight: npt.ArrayLike, *, time_limit_s: float = 60.0) -> float:
    """The most of ``weight @ output`` (weight a value a unit, output as a share) over all flows that permits allow.

    ``allowed`` has E shares. Raises ``DetenteError`` where HiGHS finds no optimum within the time limit.
    """
    share, w = _table(supply, allowed)[0][supply.order], np.asarray(weight, dtype=np.float64)
    if w.shape != (supply.n,) or not (np.isfinite(w).all() and (w >= 0).all()):
        raise DetenteError(f"weight: got shape {w.shape}; expected {supply.n} finite values of 0 or more, one a unit")
    n, m, n_inputs = supply.n, supply.seller.size, supply.buyer.size
    e, q = np.arange(m), np.arange(n_inputs)
    of = np.repeat(q, np.diff(supply.ptr))
    makes = np.where(supply.revenue > 0, supply.revenue, 1.0)
    factor = np.where(supply.is_critical == 1, 1.0, 2.0)
    rows = np.concatenate((np.arange(n), supply.seller, n + of, n + q))
    columns = np.concatenate((np.arange(n), n + e, n + e, supply.buyer))
    cells = np.concatenate((
        np.where(supply.revenue > 0, 1.0, 0.0), -supply.value / makes[supply.seller], supply.value / supply.need[of],
        -factor,
    ))  # fmt: skip
    A = sparse.coo_array((cells, (rows, columns)), shape=(n + n_inputs, n + m)).tocsc()
    low = np.concatenate((np.zeros(n), np.where(supply.is_critical == 1, 0.0, -1.0)))
    gain = np.concatenate((w, np.zeros(m)))
    programme = Programme(
        n, m, gain, np.concatenate((np.ones(n), share)), np.ones(n + m), A, low, np.full(n + n_inputs, np.inf),
        supply.revenue, np.zeros(n), 0.0, 1.0, 0,
    )  # fmt: skip
    return solve(programme, method=None, time_limit_s=time_limit_s).value


def _table(supply: Supply, allowed: npt.ArrayLike) -> Floats:
    table = np.atleast_2d(np.asarray(allowed, dtype=np.float64))
    if table.ndim != 2 or table.shape[1] != supply.n_sales:
        raise DetenteError(f"allowed: got shape {np.shape(allowed)}; expected (K, {supply.n_sales}), a share a sale")
    if table.size and not (table.min() >= 0 and table.max() <= 1):
        raise DetenteError(f"allowed: got {table.min()} to {table.max()}; expected shares from 0 to 1")
    return table

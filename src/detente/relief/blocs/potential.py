"""The most that tagged units could make with what the law lets them buy, whatever the market does with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detente.impact.network import CLASSES, Network
from detente.impact.optimum_pools import inputs_of
from detente.record import DetenteError
from detente.relief.blocs import _kernels

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Potential:
    """A network made ready for the potential of C groups of units; ``of`` a package is a share of the record's."""

    supply: _kernels.Supply
    first: Ints
    weight: Floats

    def of(self, allowed: Floats) -> Floats:
        """Potential of each group (K x C), a share from 0 to 1, where ``allowed`` (K x m) of each sale may go on.

        An upper bound of what any flows within the permits could reach: every unit may use up what all its suppliers
        may still make, as if no other buyer wanted it. It never falls when more is allowed.
        """
        return _kernels.potential(self.supply, np.ascontiguousarray(allowed), self.first, self.weight)


def potential(network: Network, groups: Sequence[Floats], varies: npt.NDArray[np.bool_] | None = None) -> Potential:
    """Measure a network once for the potential of groups of units.

    ``groups`` are weights of the n units, such as their output where they are tagged and 0 elsewhere. ``varies`` (m)
    are the sales that may be closed; None: any. A critical input binds in full, half of what lacks of an important one
    is lacking in output, another binds nothing, as in ``detente.impact.optimum``.

    Raises ``DetenteError`` where a group has no weight at all.
    """
    n, m = network.units.height, network.value.size
    items = np.unique(network.units["item"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    use = inputs_of(network, items, network.value)
    output = np.maximum(network.output, np.bincount(network.seller, network.value, n))
    order = np.argsort(use.of, kind="stable")
    need = use.need[use.of[order]]
    scale = np.divide(1.0, need, out=np.zeros(m), where=need > 0)
    pairs = np.unique(network.seller * n + network.buyer)
    kind = np.where(use.need > 0, use.kind, CLASSES["other"]).astype(np.int8)
    supply = _kernels.Supply(
        np.searchsorted(use.buyer, np.arange(n + 1)).astype(np.int64),
        kind,
        np.searchsorted(use.of[order], np.arange(use.need.size + 1)).astype(np.int64),
        order.astype(np.int64),
        network.seller[order],
        network.value[order] * scale,
        output[network.seller[order]] * scale,
        np.searchsorted(pairs // n, np.arange(n + 1)).astype(np.int64),
        pairs % n,
    )
    weight = np.stack([np.asarray(g, dtype=np.float64) for g in groups], axis=1) if groups else np.zeros((n, 0))
    total = weight.sum(axis=0)
    if not (total > 0).all():
        raise DetenteError(f"group {int(np.argmin(total))}: no unit of it makes anything; nothing could be limited.")
    buyers = np.unique(network.buyer if varies is None else network.buyer[varies])
    return Potential(supply, buyers.astype(np.int64), np.ascontiguousarray(weight / total))

"""Packages that open sales of a network, valued on the cascade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from detente.impact.network import Network
from detente.impact.packages import READINGS, Prepared, evaluate, prepare
from detente.record import DetenteError
from detente.relief.blocs.openings import Openings
from detente.relief.capability import Supply, bound
from detente.relief.values import Requires, Values, feasible

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class OpenedNetwork:
    """An ``Evaluator`` for a network without a law of its own: what packages open is listed sale by sale.

    Gain is output lost under the status quo less output lost under the package (USD m a year) by the cascade of
    ``detente.impact.cascade.run``; with nothing unknown in the law its range is how inputs bind and who can be
    replaced. Made by ``opened``.
    """

    network: Network
    openings: Openings
    names: tuple[str, ...]
    exclusive: tuple[tuple[int, ...], ...]
    requires: tuple[Requires, ...]
    sides: tuple[str, ...]
    capabilities: tuple[str, ...]
    ready: Prepared
    supply: Supply
    tagged: Floats
    by_side: Floats
    today: Floats
    ranged: bool = True

    @property
    def n_proposals(self) -> int:
        """Number of proposals."""
        return len(self.names)

    def evaluate(self, packages: Bools) -> Values:
        """Value K packages (bool K x P)."""
        allowed = self.openings.allowed(packages)
        gain = self.today - self.losses(allowed)
        unknown = np.full_like(gain[:, 0], np.nan)
        return Values(
            gain=gain[:, 0],
            gain_low=gain.min(axis=1) if self.ranged else unknown,
            gain_high=gain.max(axis=1) if self.ranged else unknown,
            capability=bound(self.supply, allowed) @ self.tagged,
            feasible=feasible(packages, self.exclusive, self.requires),
        )

    def capability(self, packages: Bools) -> Floats:
        """Potential capability of K packages alone: K x C."""
        return self.reach(packages) @ self.tagged

    def reach(self, packages: Bools) -> Floats:
        """The most that each unit could make under K packages, as a share of its output: K x n."""
        return bound(self.supply, self.openings.allowed(packages))

    def quick(self) -> OpenedNetwork:
        """The same without ranges, which a search does not need: a third of the work, and NaN in their place."""
        return replace(self, ranged=False)

    def losses(self, allowed: Floats) -> Floats:
        """Output lost (K x 3 x S, USD m a year; K x 1 x S without ranges): the figure, the low and the high run."""
        asked = READINGS if self.ranged else READINGS[:1]
        found = evaluate(self.ready, allowed, readings=asked, weights=self.by_side)
        return np.stack([found[name].sums for name in asked], axis=1)


def opened(
    network: Network,
    openings: Openings,
    names: Sequence[str],
    *,
    exclusive: Sequence[tuple[int, ...]] = (),
    requires: Sequence[Requires] = (),
    sides: Sequence[str] | None = None,
    capabilities: Mapping[str, Bools] | None = None,
    diversion: float = 0.0,
) -> OpenedNetwork:
    """Make an evaluator of packages that open sales of a network.

    Args:
        network: units and sales.
        openings: what is allowed today of each sale, and what packages open.
        names: of the proposals.
        exclusive, requires: as in ``Evaluator``.
        sides: whose gains count; None: every side of the network.
        capabilities: kinds of capability and the units (bool n) that have it; their output is the weight.
        diversion: share of what a unit does not sell that other makers of its item sell instead, by their output, from
            0 to 1: the plain logit of ``detente.impact.market``. A side then gains where a rival's unit stands still.

    Raises:
        DetenteError: numbers of proposals, sales or units that do not fit, or a side without units.

    Example:
        >>> from detente.impact.sources import random_network
        >>> from detente.relief.blocs.openings import openings
        >>> network = random_network(50, seed=1).network
        >>> shut = np.where(np.arange(network.value.size) < 3, 0.0, 1.0)
        >>> made = opened(network, openings(1, shut, [(0, 1.0, (0,))]), ["open-0"])
        >>> bool((made.evaluate(np.array([[False]])).gain == 0).all())
        True
    """
    n, m = network.units.height, network.value.size
    sides = sorted(network.units["side"].unique()) if sides is None else list(sides)
    side = network.units["side"].to_numpy()
    kinds = dict(capabilities or {})
    wrong = [s for s in sides if not (side == s).any()]
    if len(names) != openings.n_proposals or openings.base.size != m or wrong:
        raise DetenteError(
            f"got {len(names)} names for {openings.n_proposals} proposals and openings of {openings.base.size} sales "
            f"for a network of {m}; sides without a unit: {', '.join(wrong) or 'none'}."
        )
    if any(np.shape(mask) != (n,) for mask in kinds.values()):
        raise DetenteError(f"capabilities: expected {n} booleans a kind, one a unit.")
    output = np.maximum(network.output, np.bincount(network.seller, network.value, n))
    tagged = np.zeros((n, len(kinds)))
    for c, mask in enumerate(kinds.values()):
        tagged[mask, c] = output[mask]
    if not (tagged.sum(axis=0) > 0).all():
        raise DetenteError("capabilities: some kind has no unit that makes anything; nothing of it could be limited.")
    if not 0 <= diversion <= 1:
        raise DetenteError(f"diversion: got {diversion}; expected a share from 0 to 1.")
    by_side = _weights(network, sides, diversion)
    bare = OpenedNetwork(
        network, openings, tuple(names), tuple(exclusive), tuple(requires), tuple(sides), tuple(kinds),
        prepare(network), Supply.of(network), tagged / tagged.sum(axis=0), by_side, np.zeros((1, 3, len(sides))),
    )  # fmt: skip
    return replace(bare, today=bare.losses(openings.base[None, :]))


def _weights(network: Network, sides: Sequence[str], diversion: float) -> Floats:
    """What each side loses where a unit loses all its output (n x S, USD m a year)."""
    output, side = network.output, network.units["side"].to_numpy()
    own = np.stack([np.where(side == s, output, 0.0) for s in sides], axis=1)
    market = np.unique(network.units["item"].to_numpy(), return_inverse=True)[1]
    made = np.stack([np.bincount(market, column) for column in own.T], axis=1)[market] - own  # by the others
    others = np.bincount(market, output)[market] - output
    share = np.divide(made, others[:, None], out=np.zeros_like(made), where=others[:, None] > 0)
    weights: Floats = own - diversion * output[:, None] * share
    return weights

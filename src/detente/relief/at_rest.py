"""Packages valued by the flow model at rest: re-sourcing, rivals and stocks count, as they do where costs are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from detente.impact.assumptions import Assumptions
from detente.impact.lasting import Lasting
from detente.impact.newcomers import could_be
from detente.impact.world import World
from detente.relief.menu import Menu
from detente.relief.objectives import Objectives
from detente.relief.values import Bools, Floats, Requires, Values

KEPT = 200_000  # laws whose losses are kept


@dataclass(frozen=True, slots=True, eq=False)
class AtRest:
    """An ``Evaluator`` of the same packages as ``objectives``, with the flow model's figure as the gain.

    ``gain`` is what the flow says once the package has lasted, against the status quo that has lasted as long;
    ``gain_low`` and ``gain_high`` take in what the cascade says in its three readings. Capability is that of
    ``objectives``. ``new`` are the sales that could be, compiled for the same proposals: a licence can also let a maker
    step in.
    """

    objectives: Objectives
    world: World
    lasting: Lasting
    new: Menu | None
    known: dict[bytes, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, objectives: Objectives, assumptions: Assumptions | None = None) -> AtRest:
        """Lay the case of some objectives out for the flow model.

        Raises what ``World.of`` and ``Menu.of`` raise.
        """
        menu = objectives.menu
        world = World.of(menu.case, menu.day, menu.day, assumptions=assumptions)
        asked = None if world.newcomers is None else could_be(menu.case)
        new = None if asked is None else Menu.of(asked, menu.proposals, menu.day)
        return cls(objectives, world, Lasting.of(world, menu.day, network=menu.network), new)

    @property
    def n_proposals(self) -> int:
        """How many proposals, each mode counted."""
        return self.objectives.n_proposals

    @property
    def names(self) -> Sequence[str]:
        """Id of each proposal."""
        return self.objectives.names

    @property
    def exclusive(self) -> Sequence[tuple[int, ...]]:
        """Groups of which a package holds at most one."""
        return self.objectives.exclusive

    @property
    def requires(self) -> Sequence[Requires]:
        """Prerequisites: (proposal, any of these)."""
        return self.objectives.requires

    @property
    def sides(self) -> Sequence[str]:
        """Columns of ``gain``."""
        return self.objectives.sides

    @property
    def capabilities(self) -> Sequence[str]:
        """Columns of ``capability``."""
        return self.objectives.capabilities

    def losses(self, packages: npt.ArrayLike) -> Floats:
        """The share of its output that each unit loses under each of K packages, K x n; the same law is run once."""
        table = np.asarray(packages, dtype=np.bool_)
        allowed = self.objectives.menu.shares(table)[0]
        fresh = self.spread(table)
        laws = np.concatenate((allowed, fresh), axis=1)
        keys = [row.tobytes() for row in laws]
        ask = {key: k for k, key in enumerate(keys) if key not in self.known}
        rows = list(ask.values())
        found = self.lasting.run(allowed[rows], fresh[rows], executor=self.objectives.executor)
        if len(self.known) + len(rows) > KEPT:
            keep = set(keys)
            for key in [k for k in self.known if k not in keep]:
                del self.known[key]
        self.known.update(zip(ask, found, strict=True))
        return np.array([self.known[k] for k in keys]).reshape(table.shape[0], self.lasting.flow.n)

    def spread(self, packages: npt.ArrayLike) -> Floats:
        """The figure of the share allowed of each sale that could be, those whose units do not exist closed: K x N."""
        table = np.asarray(packages, dtype=np.bool_)
        return np.zeros((table.shape[0], 0)) if self.new is None else _spread(self.new, self.new.shares(table)[0])

    def new_shares(self, packages: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
        """What the law would leave of each sale that could be and whose units exist on the day: figure, low, high."""
        table = np.asarray(packages, dtype=np.bool_)
        if self.new is None:
            return (none := np.zeros((table.shape[0], 0))), none, none
        figure, low, high = (_spread(self.new, x)[:, self.lasting.new] for x in self.new.shares(table))
        return figure, low, high

    def evaluate(self, packages: Bools) -> Values:
        """Value K packages, a bool K x P; see `Values`."""
        table = np.asarray(packages, dtype=np.bool_)
        told = self.objectives.evaluate(table)
        none = np.zeros((1, self.n_proposals), dtype=np.bool_)
        gain = self.objectives.gains(self.losses(none)[0] - self.losses(table), table)
        return Values(
            gain, np.minimum(told.gain_low, gain), np.maximum(told.gain_high, gain), told.capability, told.feasible
        )


def _spread(menu: Menu, share: Floats) -> Floats:
    """Shares in the order of all sales that could be; those whose units do not exist on the day are closed."""
    whole = np.zeros((share.shape[0], menu.case["links"].height))
    whole[:, menu.network.rows] = share
    return whole

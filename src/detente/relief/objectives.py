"""What each side gets out of a package: loss avoided, with its range, and what is left of what it wants held back."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from detente.impact.packages import READINGS, Prepared, evaluate, prepare
from detente.record import DetenteError
from detente.record.case import Security
from detente.relief.capability import Supply, bound
from detente.relief.menu import Menu
from detente.relief.values import Bools, Floats, Requires, Values, feasible

Of = Literal["output", "value_added"]
Reading = Literal["figure", "high"]
BATCH = 4096  # packages at a time: what is kept of them is K x E and K x n
RESTRICTED = "restricted_capability"


@dataclass(frozen=True, slots=True, eq=False)
class Objectives:
    """Values packages of a menu, with no weights: each side's gain and each capability stand side by side.

    ``of`` is what is lost and avoided: output, or value added (output less what is bought of others in the network).
    ``reading`` of the law is that of capability: ``high`` counts what may be allowed as allowed, ``figure`` does not.
    ``size`` is what each unit loses where all of it is lost, USD m a year; ``capabilities`` are the security
    objectives of case.toml, or, where it has none, one for each side with units tagged ``restricted_capability``.
    """

    menu: Menu
    of: Of
    reading: Reading
    prepared: Prepared
    supply: Supply
    size: Floats
    aims: tuple[Security, ...]
    status_quo: dict[str, Floats]
    executor: Executor | None = None

    @classmethod
    def of_menu(
        cls, menu: Menu, *, of: Of = "output", reading: Reading = "high", executor: Executor | None = None
    ) -> Objectives:
        """Measure the network of a menu, and what the status quo costs. Raises ``DetenteError`` for other words.

        >>> from detente.record import load
        >>> from detente.relief.proposals import proposals
        >>> case = load("huawei")
        >>> menu = Menu.of(case, proposals(case, ["licence-rf"]), "2021-01-20")
        >>> Objectives.of_menu(menu).evaluate([[False]]).gain
        array([[0., 0., 0.]])
        """
        if of not in get_args(Of):
            raise DetenteError(f"of: got {of!r}; expected output or value_added")
        if reading not in get_args(Reading):
            raise DetenteError(f"reading: got {reading!r}; expected figure or high")
        network = menu.network
        ready = prepare(network)
        bought = np.bincount(network.buyer, network.value, network.units.height)
        size = network.output if of == "output" else network.output - bought
        none = np.zeros((1, menu.n_proposals), dtype=np.bool_)
        found = cls(menu, of, reading, ready, Supply.of(network), size, _aims(menu), {}, executor)
        found.status_quo.update({r: x[0] for r, x in found._losses(*menu.shares(none)).items()})
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """Id of each proposal."""
        return self.menu.names

    @property
    def n_proposals(self) -> int:
        """How many proposals, each mode counted."""
        return self.menu.n_proposals

    @property
    def exclusive(self) -> Sequence[tuple[int, ...]]:
        """Groups of which a package holds at most one."""
        return self.menu.exclusive

    @property
    def requires(self) -> Sequence[Requires]:
        """Prerequisites: (proposal, any of these)."""
        return self.menu.requires

    @property
    def sides(self) -> tuple[str, ...]:
        """Columns of ``gain``."""
        return tuple(self.menu.case.about.sides)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Columns of ``capability``: ids of the security objectives."""
        return tuple(a.id for a in self.aims)

    def evaluate(self, packages: npt.ArrayLike) -> Values:
        """Value K packages, a bool K x P; see `Values`.

        What a unit no longer loses is gained by the side of whoever owns it under the package; the price of a unit
        that is sold is between seller and buyer, and not counted. Fees count where ``of`` is value added, for they
        are money and not output. Each reading of the cascade is set against the status quo in the same reading.
        """
        table = np.asarray(packages, dtype=np.bool_)
        parts = [self._batch(table[a : a + BATCH]) for a in range(0, max(len(table), 1), BATCH)]
        return Values(*(np.concatenate([getattr(p, name) for p in parts]) for name in Values.__slots__))

    def fees(self, packages: npt.ArrayLike) -> Floats:
        """What each side is paid less what it pays for K packages, USD m a year: K x S."""
        table = np.asarray(packages, dtype=np.bool_)
        each = np.zeros((self.n_proposals, len(self.sides)))
        for i, p in enumerate(self.menu.proposals):
            if p.fee_usd_m and p.paid_by is not None:
                each[i, self.sides.index(p.side)] += p.fee_usd_m
                each[i, self.sides.index(p.paid_by)] -= p.fee_usd_m
        return table.astype(np.float64) @ each

    def gains(self, avoided: Floats, packages: npt.ArrayLike) -> Floats:
        """What each side gains where units avoid these losses (K x n, shares of output), fees as in ``evaluate``."""
        table = np.asarray(packages, dtype=np.bool_)
        found = self._by_side(avoided, self.menu.sides(table))
        return found + self.fees(table) if self.of == "value_added" else found

    def _batch(self, table: Bools) -> Values:
        shares = self.menu.shares(table)
        side = self.menu.sides(table)
        losses = self._losses(*shares)
        gains = np.stack([self._by_side(self.status_quo[r] - losses[r], side) for r in READINGS])
        if self.of == "value_added":
            gains += self.fees(table)
        capability = self._capability(shares[0] if self.reading == "figure" else shares[2], side)
        good = feasible(table, self.exclusive, self.requires)
        return Values(gains[READINGS.index("figure")], gains.min(axis=0), gains.max(axis=0), capability, good)

    def _losses(self, figure: Floats, low: Floats, high: Floats) -> dict[str, Floats]:
        """Share of output that each unit loses, K x n, in each reading of the cascade."""
        found = evaluate(self.prepared, figure, low=low, high=high, executor=self.executor)
        return {reading: x.loss for reading, x in found.items()}

    def _by_side(self, avoided: Floats, side: npt.NDArray[np.int64]) -> Floats:
        """What is avoided, K x n as shares, summed by the side of the owner: K x S in USD m a year."""
        money = avoided * self.size
        return np.stack([np.where(side == s, money, 0.0).sum(axis=1) for s in range(len(self.sides))], axis=1)

    def _capability(self, allowed: Floats, side: npt.NDArray[np.int64]) -> Floats:
        """Each capability, K x C, as a share of what it is where every sale is open and nothing was sold."""
        makes = bound(self.supply, allowed) * self.supply.revenue
        now = [self.sides.index(a.of) for a in self.aims]
        before = self.menu.sides(np.zeros((1, self.n_proposals), dtype=np.bool_))[0]
        answer = np.zeros((len(makes), len(self.aims)))
        for c, s in enumerate(now):
            tagged = self.tagged(c)
            whole = float(self.supply.revenue[tagged & (before == s)].sum())
            part = np.where(tagged & (side == s), makes, 0.0).sum(axis=1)
            answer[:, c] = part / whole if whole > 0 else 0.0
        return answer

    def tagged(self, capability: int) -> Bools:
        """Which of the n units count for a capability, whoever owns them."""
        tags = set(self.aims[capability].tags)
        return np.array(
            [bool(tags & set(words or ())) for words in self.menu.network.units["tags"].to_list()], dtype=np.bool_
        )


def _aims(menu: Menu) -> tuple[Security, ...]:
    about, units = menu.case.about, menu.network.units
    if about.security:
        return about.security
    tagged = {s for s, words in units.select("side", "tags").iter_rows() if RESTRICTED in (words or ())}
    return tuple(
        Security(id=f"{RESTRICTED}.{s}", title=f"Restricted capability of {label}", side=s, of=s, tags=(RESTRICTED,))
        for s, label in about.sides.items()
        if s in tagged
    )

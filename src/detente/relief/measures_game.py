"""What any set of the measures in force costs each side: the set function that attribution shares out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from detente.decide.facts import Facts, facts_of
from detente.decide.limbs import tester
from detente.decide.permits import alike
from detente.decide.sale import Sale, link_rows, sale_of, taking_part
from detente.decide.scope import window_on
from detente.decide.truth import FALSE
from detente.decide.verdict import decide
from detente.impact.network import Network
from detente.impact.packages import READINGS, Prepared, Reading, evaluate, prepare
from detente.impact.ranking import REACH
from detente.record import Case, DetenteError, NotFound
from detente.record.limb import Limb
from detente.record.load import as_day

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Kind = Literal["measure", "limb"]
Share = tuple[float, float, float]
CELLS = 2_000_000  # shares held at a time, a row a set and a column a sale


@dataclass(frozen=True, slots=True, eq=False)
class _Alike:
    """Links that the law cannot tell apart, the members that can matter to them, and what is decided so far.

    ``known`` has the share allowed (figure, low, high) by the set of these members in force, a bit a member.
    """

    links: Ints
    sale: Sale
    members: Ints
    known: dict[int, Share] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class MeasuresGame:
    """The measures (or limbs) in force on a day as members of a set function.

    ``names`` are the N members: those with a limb in force that can close or open a sale. What only defines (what is
    within a law's reach, who owns whom) stays in force throughout. ``titles`` and ``unions`` (the regime of each) go
    with them. ``sides`` are the columns.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    unions: tuple[str, ...]
    sides: tuple[str, ...]
    day: dt.date
    case: Case
    limbs: tuple[frozenset[str], ...]
    groups: tuple[_Alike, ...]
    ready: Prepared
    by_side: Floats

    def losses(self, in_force: Bools, reading: Reading = "figure") -> Floats:
        """Output lost by each side, USD m a year (K x S), where only the members of each row (K x N) are in force.

        Give it to ``shapley`` or ``owen``. ``reading`` is one of the cascade's: figure, low or high. Verdicts are
        worked out once for links that the law cannot tell apart and each set of the members that reach them.

        Raises ``DetenteError`` for another shape or reading.
        """
        sets = np.asarray(in_force, dtype=np.bool_)
        if sets.ndim != 2 or sets.shape[1] != len(self.names):
            raise DetenteError(f"in_force: got shape {sets.shape}; expected K x {len(self.names)}.")
        if reading not in READINGS:
            raise DetenteError(f"reading: got {reading!r}; expected one of {', '.join(READINGS)}.")
        self._decide(sets)
        shares = np.empty((sets.shape[0], len(self.groups), 3))
        for g, group in enumerate(self.groups):
            codes, at = np.unique(_code(sets[:, group.members]), return_inverse=True)
            shares[:, g] = np.array([group.known[int(c)] for c in codes]).reshape(-1, 3)[at]
        distinct, at = np.unique(shares.reshape(sets.shape[0], -1), axis=0, return_inverse=True)
        table = distinct.reshape(-1, len(self.groups), 3)
        of = np.empty(self.ready.value.size, dtype=np.int64)
        for g, group in enumerate(self.groups):
            of[group.links] = g
        size = max(1, CELLS // max(of.size, 1))
        parts = [self._run(table[a : a + size, of], reading) for a in range(0, table.shape[0], size)]
        answer: Floats = np.concatenate(parts)[at.ravel()]
        return answer

    def _run(self, shares: Floats, reading: Reading) -> Floats:
        figure, low, high = (np.ascontiguousarray(shares[:, :, k]) for k in range(3))
        found = evaluate(self.ready, figure, low=low, high=high, readings=(reading,), weights=self.by_side)
        return found[reading].sums

    def _decide(self, sets: Bools) -> None:
        """Work out every verdict that is not known yet, all of one state of the law together."""
        wanted: dict[frozenset[str], list[tuple[_Alike, int]]] = {}
        for group in self.groups:
            for code in np.unique(_code(sets[:, group.members])).tolist():
                if code not in group.known:
                    off = [m for k, m in enumerate(group.members.tolist()) if not code >> k & 1]
                    lifted = frozenset[str]().union(*(self.limbs[m] for m in off))
                    wanted.setdefault(lifted, []).append((group, code))
        for lifted, asked in wanted.items():
            case, facts = _without(self.case, facts_of(self.case), lifted)
            for group, code in asked:
                found = decide(case, group.sale, facts, self.day)
                group.known[code] = (found.share, found.share_low, found.share_high)


def measures_game(
    case: Case, as_of: dt.date | str | None = None, kind: Kind = "measure", *, sides: Sequence[str] | None = None
) -> MeasuresGame:
    """Make the set function of the measures, or limbs, in force on a day.

    Args:
        case: the record.
        as_of: a day; None: the case's default day.
        kind: "measure", or "limb" for parts of measures one by one.
        sides: whose losses; None: every side with a unit.

    Raises:
        DetenteError: no unit exists on the day, or a word is unknown.
        NotFound: no such measure is in force on the day.

    Example:
        >>> from detente import load
        >>> from detente.relief.attribution import shapley
        >>> game = measures_game(load("huawei"), "2020-12-31")
        >>> found = shapley(game.losses, game.names)
        >>> bool(np.allclose(found.share.sum(axis=0), found.total))
        True
    """
    if kind not in get_args(Kind):
        raise DetenteError(f"kind: got {kind!r}; expected measure or limb.")
    day = case.about.default_as_of if as_of is None else as_day(as_of, "as_of")
    network = Network.of(case, day)
    known = sorted(network.units["side"].unique())
    asked = known if sides is None else list(sides)
    if network.units.height == 0 or not set(asked) <= set(known):
        raise DetenteError(f"No unit exists on {day} of {', '.join(sorted(set(asked) - set(known))) or 'any side'}.")
    members = _members(case, day, kind)
    if not members:
        raise NotFound(f"No {kind} that closes or opens a sale is in force on {day}: there is nothing to share out.")
    limbs = tuple(m[3] for m in members)
    side = network.units["side"].to_numpy()
    return MeasuresGame(
        names=tuple(m[0] for m in members), titles=tuple(m[1] for m in members), unions=tuple(m[2] for m in members),
        sides=tuple(asked), day=day, case=case, limbs=limbs, groups=tuple(_groups(case, network, day, limbs)),
        ready=prepare(network),
        by_side=np.stack([np.where(side == s, network.output, 0.0) for s in asked], axis=1),
    )  # fmt: skip


def _members(case: Case, day: dt.date, kind: Kind) -> list[tuple[str, str, str, frozenset[str]]]:
    """Id, title, regime and limbs of all that can close or open a sale on the day."""
    found = []
    for m in case.measures:
        live = [x for x in m.limbs if x.effect not in REACH and window_on(x.in_force, day, case.as_known) is not None]
        if kind == "measure" and live:
            found.append((m.id, m.title, m.regime, frozenset(x.id for x in live)))
        elif kind == "limb":
            found += [(x.id, x.text, m.regime, frozenset([x.id])) for x in live]
    return found


def _groups(case: Case, network: Network, day: dt.date, limbs: tuple[frozenset[str], ...]) -> list[_Alike]:
    """The network's links by what the law makes of them. A member can matter where a limb of it may bite at all.

    Whether a limb bites does not hang on others but those that define, which stay: so all may be in force to see it.
    """
    facts = facts_of(case)
    readings = [facts, facts_of(case, "otherwise")] if facts.is_doubtful(day) else [facts]
    group, examples = alike(link_rows(case), facts)
    of = group[network.rows]
    answer = []
    for g in np.unique(of):
        sale = sale_of(examples.row(int(g), named=True), facts)
        when = sale.on(day)
        biting: set[str] = set()
        for reading in readings:
            test = tester(sale, taking_part(sale, reading, when), reading, when, full=False)
            biting |= {x for mine in limbs for x in mine if test(x).truth is not FALSE}
        members = [k for k, mine in enumerate(limbs) if mine & biting]
        answer.append(_Alike(np.flatnonzero(of == g), sale, np.array(members, dtype=np.int64)))
    return answer


def _without(case: Case, facts: Facts, lifted: frozenset[str]) -> tuple[Case, Facts]:
    """The case and its facts with some limbs never in force; whatever else is known stays as it is."""

    def off(limb: Limb) -> Limb:
        return limb.model_copy(update={"in_force": ()}) if limb.id in lifted else limb

    measures = tuple(m.model_copy(update={"limbs": tuple(off(x) for x in m.limbs)}) for m in case.measures)
    other = replace(case, measures=measures, digest=f"{case.digest} without {', '.join(sorted(lifted))}")
    limbs = {x.id: (m, x) for m in measures for x in m.limbs}
    return other, replace(facts, limbs=limbs, windows={}, held={})


def _code(sets: Bools) -> Ints:
    """Each row as a whole number, a bit a column."""
    return sets @ (1 << np.arange(sets.shape[1], dtype=np.int64))

"""Proposals compiled: what the law leaves of every sale under any package, looked up instead of decided anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide.facts import Facts, facts_of
from detente.decide.permits import alike
from detente.decide.sale import legal_party, link_rows, sale_of
from detente.decide.verdict import Verdict, decide
from detente.impact.network import Network
from detente.record import Case, DetenteError, NotFound
from detente.record.load import as_day
from detente.record.problems import did_you_mean, show
from detente.relief.apply import apply, changed_case, settle
from detente.relief.concern import concerns, movers
from detente.relief.proposals import Proposal
from detente.relief.values import Bools, Floats, Requires

Ints = npt.NDArray[np.int64]
_FEW = 16  # up to so many proposals at one place are coded as a whole number that indexes a table
_KEPT = 64  # changed cases kept, with their facts


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Links that the law treats alike and the same proposals concern: ``links`` among the network's, ``proposals``.

    ``known`` has what is left of them under each set of those proposals decided so far: figure, low, high.
    """

    links: Ints
    row: int
    proposals: tuple[int, ...]
    known: dict[int, tuple[float, float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Menu:
    """Proposals of a case on a day, ready for any number of packages.

    ``network`` is that of the case on the day: links and units keep its order. ``proposals`` are settled (a grant says
    its goods, buyers and rules). A verdict is decided once for each set of the proposals that can concern its link;
    the rest is looked up. ``exclusive`` and ``requires`` are positions, as the search takes them.
    """

    case: Case
    day: dt.date
    proposals: tuple[Proposal, ...]
    network: Network
    exclusive: tuple[tuple[int, ...], ...]
    requires: tuple[Requires, ...]
    places: tuple[Place, ...]
    parties: tuple[str, ...]
    party_side: Ints
    _movers: tuple[tuple[int, tuple[int, ...]], ...]
    _owner: Ints
    _owners: dict[tuple[int, int], int]
    _changed: dict[int, _Changed]

    @classmethod
    def of(cls, case: Case, proposals: Sequence[Proposal], as_of: dt.date | str) -> Menu:
        """Compile proposals. Raises ``DetenteError`` where two have one id, where a prerequisite is none of them, or
        where an overlay changes what the network is made of.

        >>> from detente.record import load
        >>> from detente.relief.proposals import proposals
        >>> case = load("huawei")
        >>> menu = Menu.of(case, proposals(case, ["suspend-fdpr-2020-08"]), "2021-01-20")
        >>> [float(x[0, menu.network.links.index("tsmc>hisilicon:wafers")]) for x in menu.shares([[False]])]
        [0.0, 0.0, 0.0]
        """
        day = as_day(as_of, "as_of")
        settled = tuple(settle(case, p, day) for p in proposals)
        _check(case, settled, day)
        network = Network.of(case, day)
        concerned, moving = concerns(case, settled, day), movers(case, settled, day)
        sides = _sides_of_parties(case, settled, day)
        number = {p: i for i, p in enumerate(sides)}
        units = {u: i for i, u in enumerate(case["units"]["id"])}
        order = [units[u] for u in network.units["unit"]]
        return cls(
            case=case,
            day=day,
            proposals=settled,
            network=network,
            exclusive=_exclusive(settled),
            requires=_requires(settled),
            places=_places(case, network, concerned),
            parties=tuple(sides),
            party_side=np.array([list(case.about.sides).index(s) for s in sides.values()], dtype=np.int64),
            _movers=tuple(
                (i, tuple(np.flatnonzero(moving[:, at]).tolist())) for i, at in enumerate(order) if moving[:, at].any()
            ),
            _owner=np.array([number[p] for p in network.units["party"]], dtype=np.int64),
            _owners={},
            _changed={},
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Id of each proposal."""
        return tuple(p.id for p in self.proposals)

    @property
    def n_proposals(self) -> int:
        """How many proposals, each mode counted."""
        return len(self.proposals)

    def package(self, ids: Sequence[str]) -> Bools:
        """The row of P booleans of a package given by ids. Raises ``NotFound``."""
        row = np.zeros(self.n_proposals, dtype=np.bool_)
        for name in ids:
            if name not in self.names:
                hint = did_you_mean(name, self.names)
                raise NotFound(f"No proposal {show(name)} is among these. {hint[:1].upper()}{hint[1:]}".strip())
            row[self.names.index(name)] = True
        return row

    def shares(self, packages: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
        """What the law leaves of each sale under each of K packages (bool K x P): figure, low and high, each K x E.

        Links are those of ``network.links``. The same as ``permits(apply(case, package)).on(day)``, looked up; verdicts
        that no earlier package needed are decided on the way.
        """
        table = self._checked(packages)
        K, E = table.shape[0], len(self.network.links)
        figure, low, high = np.ones((K, E)), np.ones((K, E)), np.ones((K, E))
        for place in self.places:
            found, which = self._look_up(place, table)
            for into, column in ((figure, 0), (low, 1), (high, 2)):
                into[:, place.links] = found[which, column][:, None]
        return figure, low, high

    def owners(self, packages: npt.ArrayLike) -> Ints:
        """Who owns each unit under each of K packages: positions in ``parties``, K x N in the order of the network."""
        table = self._checked(packages)
        answer = np.repeat(self._owner[None, :], table.shape[0], axis=0)
        units, number = self.network.units["unit"], {p: i for i, p in enumerate(self.parties)}
        for unit, options in self._movers:
            codes, which = _codes(table[:, list(options)])
            found = np.empty(len(codes), dtype=np.int64)
            for k, code in enumerate(codes):
                key = (unit, code)
                if key not in self._owners:
                    changed = self._with(_subset(options, code))
                    party = changed.unit_party[units[unit]]
                    self._owners[key] = number[legal_party(party, changed.facts, self.day)[0]]
                found[k] = self._owners[key]
            answer[:, unit] = found[which]
        return answer

    def sides(self, packages: npt.ArrayLike) -> Ints:
        """The side of each unit's owner under each of K packages: positions in the case's sides, K x N."""
        found: Ints = self.party_side[self.owners(packages)]
        return found

    def verdict(self, link: str, package: npt.ArrayLike) -> Verdict:
        """The verdict of one sale under one package, with every reason. Raises ``NotFound`` for an unknown link."""
        if link not in self.network.links:
            raise NotFound(f"The network has no link {show(link)}. {did_you_mean(link, self.network.links)}".strip())
        taken = self._checked(np.asarray(package)[None])[0]
        row = int(self.network.rows[self.network.links.index(link)])
        changed = self._with(tuple(np.flatnonzero(taken).tolist()))
        return changed.decide(row, self.day, full=True)

    def applied(self, package: npt.ArrayLike) -> Case:
        """The case with one package (P booleans) acted on."""
        taken = self._checked(np.asarray(package)[None])[0]
        return apply(self.case, [p for p, x in zip(self.proposals, taken, strict=True) if x], self.day)

    def _checked(self, packages: npt.ArrayLike) -> Bools:
        table = np.asarray(packages, dtype=np.bool_)
        if table.ndim != 2 or table.shape[1] != self.n_proposals:
            raise DetenteError(
                f"packages: got shape {table.shape}; expected K rows of {self.n_proposals} booleans, one a proposal"
            )
        return table

    def _look_up(self, place: Place, table: Bools) -> tuple[Floats, Ints]:
        codes, which = _codes(table[:, list(place.proposals)])
        for code in codes:
            if code not in place.known:
                v = self._with(_subset(place.proposals, code)).decide(place.row, self.day)
                place.known[code] = (v.share, v.share_low, v.share_high)
        return np.array([place.known[c] for c in codes]).reshape(-1, 3), which

    def _with(self, taken: tuple[int, ...]) -> _Changed:
        """The case with some proposals acted on; the last few are kept."""
        key = sum(1 << i for i in taken)
        if key not in self._changed:
            if len(self._changed) >= _KEPT:
                self._changed.pop(next(iter(self._changed)))
            case = changed_case(self.case, [self.proposals[i] for i in taken], self.day)
            party = dict(case["units"].select("id", "party").iter_rows())
            self._changed[key] = _Changed(case, facts_of(case), link_rows(case), party)
        return self._changed[key]


@dataclass(frozen=True, slots=True, eq=False)
class _Changed:
    """A case with a package acted on, ready to decide its links."""

    case: Case
    facts: Facts
    rows: pl.DataFrame
    unit_party: dict[str, str]

    def decide(self, row: int, day: dt.date, *, full: bool = False) -> Verdict:
        """The verdict on the link in a row."""
        return decide(self.case, sale_of(self.rows.row(row, named=True), self.facts), self.facts, day, full=full)


def _check(case: Case, package: Sequence[Proposal], day: dt.date) -> None:
    names = [p.id for p in package]
    for again in sorted({n for n in names if names.count(n) > 1}):
        raise DetenteError(f"proposals: {show(again)} stands there twice; give each an id of its own.")
    for p in package:
        for other in p.requires:
            if all(other not in (q.of, q.id) for q in package):
                raise DetenteError(f"{p.id} requires {show(other)}, which is not among the proposals; add it.")
        if p.kind != "overlay":
            continue
        there = changed_case(case, [p], day)
        for table in ("units", "links", "inputs"):
            bare = [c for c in case[table].columns if not c.startswith("_")]
            if not case[table].select(bare).equals(there[table].select(bare)):
                raise DetenteError(
                    f"The overlay {p.targets[0]} changes {table}: what a package is weighed on is one network. "
                    "Load the case with that overlay and compile the other proposals on it."
                )


def _sides_of_parties(case: Case, package: Sequence[Proposal], day: dt.date) -> dict[str, str]:
    """The side of every party there is under some proposal."""
    found = dict(case["parties"].select("id", "side").iter_rows())
    for p in package:
        if p.kind in {"overlay", "divest"}:
            found = {**dict(changed_case(case, [p], day)["parties"].select("id", "side").iter_rows()), **found}
    return found


def _exclusive(package: Sequence[Proposal]) -> tuple[tuple[int, ...], ...]:
    """Modes of one proposal, pairs that exclude one another, and sales of one thing to several owners."""
    of: dict[str, list[int]] = {}
    sold: dict[str, list[int]] = {}
    for i, p in enumerate(package):
        of.setdefault(p.of, []).append(i)
        for target in p.targets if p.kind == "divest" else ():
            sold.setdefault(target, []).append(i)
    groups = [tuple(g) for g in (*of.values(), *sold.values()) if len(g) > 1]
    for i, p in enumerate(package):
        groups += [tuple(sorted((i, j))) for j, q in enumerate(package) if i != j and {q.of, q.id} & set(p.excludes)]
    return tuple(dict.fromkeys(groups))


def _requires(package: Sequence[Proposal]) -> tuple[Requires, ...]:
    return tuple(
        (i, tuple(j for j, q in enumerate(package) if other in (q.of, q.id)))
        for i, p in enumerate(package)
        for other in p.requires
    )


def _places(case: Case, network: Network, concerned: Bools) -> tuple[Place, ...]:
    """Links of the network in groups that share verdicts under every package."""
    group, _ = alike(link_rows(case), facts_of(case))
    found: dict[tuple[int, bytes], list[int]] = {}
    for k, row in enumerate(network.rows.tolist()):
        found.setdefault((int(group[row]), concerned[:, row].tobytes()), []).append(k)
    return tuple(
        Place(np.array(links), row := int(network.rows[links[0]]), tuple(np.flatnonzero(concerned[:, row]).tolist()))
        for links in found.values()
    )


def _codes(taken: Bools) -> tuple[list[int], Ints]:
    """The different rows of a table of booleans as whole numbers (bit i: column i), and which one each row is."""
    K, k = taken.shape
    if k <= _FEW:
        numbers = taken @ (1 << np.arange(k, dtype=np.int64)) if k else np.zeros(K, dtype=np.int64)
        there = np.bincount(numbers, minlength=1 << k) > 0
        at = np.cumsum(there) - 1
        return np.flatnonzero(there).tolist(), at[numbers]
    packed = np.packbits(taken, axis=1, bitorder="little")
    rows, which = np.unique(packed, axis=0, return_inverse=True)
    return [int.from_bytes(r.tobytes(), "little") for r in rows], which.astype(np.int64).ravel()


def _subset(proposals: Sequence[int], code: int) -> tuple[int, ...]:
    return tuple(p for i, p in enumerate(proposals) if code >> i & 1)

"""Which limbs mean each party, and from when: by name, by its entry on a list, or because listed parties own it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from detente.decide.asked import Asked
from detente.decide.book.codes import Coded, Ints
from detente.decide.book.lenses import Lenses, window_days
from detente.decide.facts import Facts
from detente.decide.limbs import at_home
from detente.decide.members import is_meant, ownership_days
from detente.decide.rows import Party, span_days
from detente.decide.rules import strictest
from detente.decide.sale import Taking, legal_party
from detente.decide.truth import FALSE, TRUE, Reason, Truth
from detente.record.limb import Limb, Parties, Policy
from detente.record.measures import Measure

ROLES = ("purchaser", "ultimate_consignee", "end_user", "intermediate_consignee")
Limbs = tuple[tuple[Measure, Limb], ...]


def _ordered(left: tuple[str, ...]) -> Iterator[str]:
    """Policies from the strictest on."""
    while left:
        first = strictest(left)
        yield first or ""
        left = tuple(p for p in left if p != first)


POLICIES = tuple(_ordered(get_args(Policy)))


def rank(policies: Iterable[str]) -> int:
    """The place of the strictest of some policies in ``POLICIES``; one beyond the last where there is none."""
    return min((POLICIES.index(p) for p in policies), default=len(POLICIES))


def behind(reason: Reason) -> Iterator[str]:
    """Ids of the entries of lists that a reason rests on: those of steps that are true, below steps that are."""
    if reason.truth is TRUE:
        yield from (f.id for f in reason.facts if f.table == "listings")
        for step in reason.children:
            yield from behind(step)


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """What each party is to the limbs over time.

    ``start`` and ``since`` list the spans of each party in order of the day from which they hold, ``at`` what it is
    then: a row of ``meant`` and ``home`` (bits of the limbs for which it is sure, and for which it may be) and of
    ``review`` (the rank of the strictest policy among the entries through which each limb means it).
    """

    start: Ints
    since: Ints
    at: Ints
    meant: npt.NDArray[np.uint64]
    home: npt.NDArray[np.uint64]
    review: npt.NDArray[np.int8]


def people_of(book: Coded, facts: Facts, limbs: Limbs, wanted: Sequence[int], lenses: Lenses) -> People:
    """What all parties that take part in a book are to some limbs."""
    return _Finder(book, facts, limbs, wanted, lenses).found()


class _Finder:
    def __init__(self, book: Coded, facts: Facts, limbs: Limbs, wanted: Sequence[int], lenses: Lenses) -> None:
        self.book, self.facts, self.n = book, facts, len(limbs)
        self.words = max(1, -(-self.n // 64))
        specs: dict[str, tuple[Parties, list[int]]] = {}
        for k in wanted:
            parties = limbs[k][1].parties
            if parties is not None:
                key = parties.model_dump_json(exclude={"roles", "not_roles", "text"})
                specs.setdefault(key, (parties, []))[1].append(k)
        self.specs = list(specs.values())
        some = [(k, *limbs[k]) for k in wanted]
        self.homes = [(k, m.regime, x.places.headquartered_in) for k, m, x in some
                      if x.places and x.places.headquartered_in]  # fmt: skip
        rules = {p.ownership for p, _ in self.specs if p.ownership}
        self.graph = set(facts.stakes) if rules else set()
        self.named = {n for p, _ in self.specs for n in p.names}
        self.owner_days = lenses.breaks.owners()
        self.owned_days: set[int] = set()
        for rule in (facts.ownership_rules[r] for r in rules if r in facts.ownership_rules):
            self.owned_days |= {*ownership_days(rule, facts), *window_days(rule.in_force)}
        owners = {s.owner for rows in facts.stakes.values() for s in rows}
        for parties, _ in self.specs:
            if parties.ownership and parties.listed_on:
                self.owned_days |= lenses.breaks.entries(owners, parties.listed_on)
        lines = [rows for p, rows in facts.stakes.items() if facts.parties[p].kind == "business"]
        whose = {s.owner for rows in lines for s in rows}
        self.line_days = {*self.owner_days, *span_days(e.span for p in whose for e in facts.listings.get(p, ()))}
        self.geo_days = {d for _, regime, words in self.homes for d in lenses.breaks.geo(words, regime)}

    def found(self) -> People:
        """Go through the parties of the book."""
        if not self.specs and not self.homes:
            n = len(self.book.parties)
            meant, home, review = self._blank()
            zeros = np.zeros(n, np.int64)
            each = np.arange(n + 1, dtype=np.int64)
            return People(each, zeros, zeros, meant[None], home[None], review[None])
        columns = [self.book.columns[r] for r in ROLES[:3]]
        used = np.zeros(len(self.book.parties) + 1, dtype=bool)
        for column in (*columns, self.book.between_party):
            used[column] = True
        known: dict[Hashable, int] = {}
        rows: list[tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.int8]]] = []
        start, since, at = [0], [], []
        for number, party in enumerate(self.book.parties):
            if used[number]:
                row = self.facts.parties[party]
                like = self._like(row)
                for day in self._days(row):
                    if (like, day) not in known:
                        known[like, day] = len(rows)
                        rows.append(self._row(row, day))
                    since.append(day)
                    at.append(known[like, day])
            start.append(len(since))
        if not rows:
            rows.append(self._blank())
        meant, home = np.stack([r[0] for r in rows]), np.stack([r[1] for r in rows])
        review = np.stack([r[2] for r in rows])
        return People(np.array(start, np.int64), np.array(since, np.int64), np.array(at, np.int64), meant, home, review)

    def _blank(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.int8]]:
        shape = (2, self.words)
        return np.zeros(shape, np.uint64), np.zeros(shape, np.uint64), np.full(self.n, rank(()), np.int8)

    def _like(self, row: Party) -> Hashable:
        """The same for parties that no limb can tell apart."""
        if row.kind == "business" or row.id in self.graph:
            return row.id
        entries = tuple((e.list, e.tags, e.span, e.review) for e in self.facts.listings.get(row.id, ()))
        return (
            entries, row.headquarters if self.homes else None, row.group if row.group in self.named else None,
            row.id if row.id in self.named else None,
        )  # fmt: skip

    def _days(self, row: Party) -> list[int]:
        """The days from which a party may be something else to a limb."""
        days = {0, *span_days(e.span for e in self.facts.listings.get(row.id, ()))}
        if row.kind == "business":  # whoever owns it on the day counts, with all there is about that one
            days |= self.line_days | self.owned_days
        if row.id in self.graph:
            days |= self.owned_days
        return sorted(days | self.geo_days)

    def _row(self, row: Party, day: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.int8]]:
        """What a party is to every limb from a day on."""
        when = dt.date.fromordinal(min(max(day, 1), dt.date.max.toordinal()))
        legal, reason = legal_party(row.id, self.facts, when)
        who = Taking(legal, "purchaser", reason)
        meant, home, review = self._blank()
        lists = {e.list for e in self.facts.listings.get(row.id, ())}
        for parties, which in self.specs:
            if row.kind != "business" and not self._concerns(parties, row, lists):
                continue
            step = is_meant(parties, who, self.facts, when)
            _put(meant, which, step.truth)
            if step.truth is TRUE:
                review[which] = rank(self.facts.entry[f].review for f in behind(step))
        for k, regime, countries in self.homes:
            asked = Asked(self.book.sale(0), (), self.facts, when, _nothing)
            _put(home, [k], at_home(who, countries, asked, regime).truth)
        return meant, home, review

    def _concerns(self, parties: Parties, row: Party, lists: set[str]) -> bool:
        """Whether a rule can mean a party at all: by its name, by a list it is on, or as what somebody owns."""
        if parties.ownership is not None and row.id in self.graph:
            return True
        named = bool({row.id, row.group} & set(parties.names))
        if parties.listed_on is None:
            return named
        return parties.listed_on in lists and (named or not parties.names)


def _put(pair: npt.NDArray[np.uint64], which: Iterable[int], answer: Truth) -> None:
    """Write one answer for some limbs."""
    for k in which:
        bit = np.uint64(1) << np.uint64(k % 64)
        if answer is TRUE:
            pair[0, k // 64] |= bit
        if answer is not FALSE:
            pair[1, k // 64] |= bit


def _nothing(_limb: str) -> Reason:
    raise AssertionError("a condition that looks at one more thing than the book was told")

"""The lines on which a licence may matter, in groups to which every licence stands alike before balances are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detente.decide.asked import Asked
from detente.decide.book import _kernels
from detente.decide.book.answers import Answer, Pattern, answer_of, worse
from detente.decide.book.codes import Coded, Ints, together
from detente.decide.book.lenses import Lens, Lenses, numbered, window_days
from detente.decide.book.people import ROLES
from detente.decide.book.tables import Tables
from detente.decide.facts import Facts
from detente.decide.licensing.ledger import Own, own_draw
from detente.decide.licensing.licences import CONFIRMATION, Cover, covers
from detente.decide.rows import Licence, span_days
from detente.decide.truth import FALSE, UNKNOWN

Progress = Callable[[str, int, int], None]


class Answers:
    """Answers by number, each kept once."""

    def __init__(self, n: int) -> None:
        self.all: list[Answer] = []
        self.of: Ints = np.zeros(n, dtype=np.int64)
        self.numbers: dict[Answer, int] = {}

    def number(self, answer: Answer) -> int:
        """The number of an answer, a new one where it is new."""
        if answer not in self.numbers:
            self.numbers[answer] = len(self.all)
            self.all.append(answer)
        return self.numbers[answer]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Lines to which rules and licences stand alike before balances are looked at, in each reading.

    ``own`` is what the record says was drawn for the line itself, by licence and line.
    """

    patterns: tuple[Pattern, ...]
    covers: tuple[Mapping[str, tuple[Cover, ...]], ...]
    tables: tuple[Tables, ...]
    own: tuple[tuple[tuple[str, int], Own], ...]
    is_limited: bool

    def settled(self) -> Answer:
        """The answer where licences have no limits."""
        each = zip(self.patterns, self.covers, self.tables, strict=True)
        return worse([answer_of(p, c, t) for p, c, t in each])


@dataclass(frozen=True, slots=True, eq=False)
class Licensed:
    """Groups of the lines on which a licence may matter: ``lines``, and ``of`` which group each belongs to."""

    groups: tuple[Group, ...]
    lines: Ints
    of: Ints

    def may_be_unknown(self) -> dict[str, npt.NDArray[np.bool_]]:
        """By limb, the groups in which it may not be known whether a licence covers a line against it."""
        found: dict[str, npt.NDArray[np.bool_]] = {}
        for n, group in enumerate(self.groups):
            for limb, mine in (x for one in group.covers for x in one.items()):
                tight = group.is_limited
                if any(c.reason.truth is UNKNOWN or (tight and c.rest is not FALSE) for c in mine):
                    found.setdefault(limb, np.zeros(len(self.groups) + 1, dtype=bool))[n] = True
        return found


def is_limited(covers: Sequence[Cover], own: Collection[tuple[str, int]]) -> bool:
    """Whether what a licence still allows may matter: a line that may cover the sale has a limit."""
    return any(
        (x.line == number and (x.value_usd_m is not None or x.quantity is not None)) or (c.licence.id, number) in own
        for c in covers
        if c.rest is not FALSE
        for number, _ in c.lines
        for x in c.licence.lines
    )


def licensed(
    book: Coded, readings: Sequence[Facts], built: Sequence[Tables], numbers: Sequence[Ints],
    patterns: Sequence[Sequence[Pattern]], answers: Answers, progress: Progress,
) -> Licensed:  # fmt: skip
    """Give every line on which no licence can matter its answer, and group the others."""
    facts, lenses = readings[0], built[0].lenses
    wants = np.zeros(book.n, dtype=bool)
    for number, some in zip(numbers, patterns, strict=True):
        wants |= np.array([bool(p.licensable) for p in some] + [False])[number]
    holders = np.array([p in facts.licences or facts.parties[p].kind == "business" for p in book.parties] + [False])
    may = holders[book.columns["seller"]]
    lent: Lens = ("told", frozenset(), frozenset({CONFIRMATION}))
    is_lent = any(d.licence for rows in facts.documents.values() for d in rows)
    wants &= may | (lenses.codes(lent) > 0) if is_lent else may
    rest = np.flatnonzero(~wants)
    first, number = together([x[rest] for x in numbers])
    plain = [
        answers.number(worse([answer_of(patterns[k][x[i]], {}, built[k]) for k, x in enumerate(numbers) if x[i] >= 0]))
        for i in rest[first].tolist()
    ]
    answers.of[rest] = np.array(plain, dtype=np.int64)[number]
    lines = np.flatnonzero(wants)
    if lines.size == 0:
        return Licensed((), lines, lines)
    first, seen = together(_Seen(book, facts, lenses, is_lent).columns(lines))
    finder = _Covers(book, readings, lines[first], is_lent)
    one, number = together([*(x[lines] for x in numbers), seen])
    groups: list[Group] = []
    for k, j in enumerate(one.tolist()):
        i = int(lines[j])
        mine = [(r, patterns[r][x[i]]) for r, x in enumerate(numbers) if x[i] >= 0]
        found = [{x: finder.of(int(seen[j]), r, x) for x in pattern.licensable} for r, pattern in mine]
        name = lenses.own_names.get(i, "")
        own = _own(facts, name, book.when(i)) if name else {}
        is_tight = any(is_limited(c, own) for each in found for c in each.values())
        groups.append(
            Group(
                tuple(p for _, p in mine), tuple(found), tuple(built[r] for r, _ in mine), tuple(own.items()), is_tight
            )
        )
        if k % 1000 == 0:
            progress("licences", k, one.size)
    return Licensed(tuple(groups), lines, number)


def _own(facts: Facts, order: str, day: dt.date) -> dict[tuple[str, int], Own]:
    """What the record says was drawn for an order, by licence and line."""
    lines = dict.fromkeys((d.licence, d.line) for d in facts.draws if d.order == order)
    found = {x: own_draw(facts, order, *x, day) for x in lines}
    return {x: own for x, own in found.items() if own is not None}


class _Covers:
    """How licences stand to lines that they cannot tell apart, asked once for each limb, or for limbs alike."""

    def __init__(self, book: Coded, readings: Sequence[Facts], examples: Ints, is_lent: bool) -> None:
        self.book, self.readings, self.examples = book, readings, examples
        self._asked: dict[tuple[int, int], Asked] = {}
        self._known: dict[Hashable, tuple[Cover, ...]] = {}
        facts, every = readings[0], tuple(readings[0].licence.values())
        self.like: dict[str, Hashable] = {
            x.id: x.id if is_lent else (m.regime, tuple(c.id for c in every if x.id in c.overcomes))
            for m, x in facts.limbs.values()
        }  # fmt: skip

    def of(self, seen: int, reading: int, limb: str) -> tuple[Cover, ...]:
        """What covers some lines against a limb."""
        key = (seen, reading, self.like[limb])
        if key not in self._known:
            facts, i = self.readings[reading], int(self.examples[seen])
            if (seen, reading) not in self._asked:
                self._asked[seen, reading] = self.book.asked(i, facts)
            asked = self._asked[seen, reading]
            self._known[key] = covers(limb, asked.sale, asked.taking, facts, asked.day)
        return self._known[key]


class _Seen:
    """What licences can tell apart: only what some licence of the case names."""

    def __init__(self, book: Coded, facts: Facts, lenses: Lenses, is_lent: bool) -> None:
        self.book, self.facts, self.lenses, self.is_lent = book, facts, lenses, is_lent
        self.every = tuple(facts.licence.values())
        papers = (d for rows in facts.documents.values() for d in rows)
        self.lent = tuple(facts.licence[x] for x in dict.fromkeys(d.licence for d in papers if d.licence))
        self._signs: dict[Hashable, Hashable] = {}
        self._groups: dict[str, tuple[frozenset[str], ...]] = {}

    def columns(self, lines: Ints) -> list[Ints]:
        """Codes of some lines."""
        book, lenses, every = self.book, self.lenses, self.every
        found = [self._seller(lines), *self._parties(lines), self._goods()[lenses.codes(("good",))[lines]]]
        asks = tuple(dict.fromkeys(x.destinations for x in every if x.destinations))
        if any(x.intermediates for x in every):
            found.append(book.columns["destination"][lines])
        regimes = dict.fromkeys(m.regime for m, _ in self.facts.limbs.values()) if asks else ()
        found += [lenses.codes(("place", regime, asks))[lines] for regime in regimes]
        if any(x.end_uses for x in every):
            found.append(book.columns["end_use"][lines])
        if self.is_lent:
            found.append(lenses.codes(("told", frozenset(), frozenset({CONFIRMATION})))[lines])
        if self.facts.draws:
            own = np.full(book.n, -1, dtype=np.int64)
            drawn = [i for i, name in lenses.own_names.items() if any(d.order == name for d in self.facts.draws)]
            own[drawn] = drawn
            found.append(own[lines])
        rules = [w for rows in self.facts.licence_rules.values() for r in rows for w in r.in_force]
        days = frozenset(window_days(rules)) | lenses.breaks.owners()
        return [*found, lenses.codes(("day", days))[lines]]

    def _seller(self, lines: Ints) -> Ints:
        """The seller, and between which days of its licences a line lies."""
        start, since = [0], []
        for party in self.book.parties:
            since += sorted({0, *(d for x in self._licences_of(party) for d in _licence_days(x))})
            start.append(len(since))
        found = np.empty(lines.size, dtype=np.int64)
        seller, day = self.book.columns["seller"][lines], self.book.day[lines]
        _kernels.segments(np.array(start, np.int64), np.array(since, np.int64), seller, day, found)
        return found

    def _parties(self, lines: Ints) -> list[Ints]:
        """The customers, as far as the licences of the seller, or events of them, name them."""
        book = self.book
        lists = [tuple(book.between_party[a:b].tolist()) for a, b in zip(
            book.between_start[:-1].tolist(), book.between_start[1:].tolist(), strict=True)]  # fmt: skip
        first, number = together([book.columns[c][lines] for c in ("seller", *ROLES[:3], "between")])
        rows = [book.columns[c][lines[first]].tolist() for c in ("seller", *ROLES[:3], "between")]
        signs: list[Hashable] = []
        for seller, *three, between in zip(*rows, strict=True):
            mine = self._licences_of(book.parties[seller])
            signs.append((*(self._sign(p, mine) for p in three), *(self._sign(p, mine) for p in lists[between])))
        return [numbered(signs)[number]]

    def _licences_of(self, seller: str) -> tuple[Licence, ...]:
        """The licences under which a party may sell."""
        if self.facts.parties[seller].kind == "business":
            return self.every
        return (*self.facts.licences.get(seller, ()), *self.lent)

    def _sign(self, party: int, licences: tuple[Licence, ...]) -> Hashable:
        """Which of some licences name a party, and as what."""
        name = self.book.parties[party]
        key = (party, tuple(x.id for x in licences))
        if key not in self._signs:
            is_line = self.facts.parties[name].kind == "business"
            by_name = is_line or any(x.intermediates for x in licences)
            named = tuple(tuple(name in group for group in self._named(x)) for x in licences)
            self._signs[key] = name if by_name else named
        return self._signs[key]

    def _named(self, licence: Licence) -> tuple[frozenset[str], ...]:
        """The parties that a licence and its events name."""
        if licence.id not in self._groups:
            each = (licence.consignees, licence.end_users, *(e.parties for e in licence.events))
            self._groups[licence.id] = tuple(frozenset(x) for x in each)
        return self._groups[licence.id]

    def _goods(self) -> Ints:
        """Goods that licence lines tell apart: by item and, where some line names codes, by code."""
        named = {x.item for licence in self.every for x in licence.lines}
        by_code = any(x.codes for licence in self.every for x in licence.lines)
        return numbered(
            (item.id if item.id in named else "", (good is None, good and good.codes) if by_code else None)
            for item, good in self.lenses.goods
        )


def _licence_days(licence: Licence) -> set[int]:
    """The days on which a licence may begin or cease to cover something."""
    days = set(span_days([licence.span, *(x.span for x in licence.lines)]))
    return days | {e.date.toordinal() for e in licence.events}

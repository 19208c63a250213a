"""The lines on which a licence may matter, in groups to which every licence stands alike before balances are read."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detente.decide.book import _kernels
from detente.decide.book.answers import Answer, Pattern, answer_of, worse
from detente.decide.book.codes import Coded, Ints, together
from detente.decide.book.lenses import Lens, Lenses, span_days, window_days
from detente.decide.book.tables import ROLES, Tables
from detente.decide.facts import Facts
from detente.decide.licences import CONFIRMATION, Cover, covers
from detente.decide.rows import Licence
from detente.decide.truth import FALSE

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
    """Lines to which rules and licences stand alike before balances are looked at, in each reading."""

    patterns: tuple[Pattern, ...]
    covers: tuple[Mapping[str, tuple[Cover, ...]], ...]
    tables: tuple[Tables, ...]
    own: frozenset[tuple[str, int]]
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


def is_limited(covers: Sequence[Cover], own: frozenset[tuple[str, int]]) -> bool:
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
    columns = _Seen(book, facts, lenses, is_lent).columns(lines)
    first, number = together([*(x[lines] for x in numbers), *columns])
    groups: list[Group] = []
    for k, i in enumerate(lines[first].tolist()):
        groups.append(_group(book, i, readings, built, numbers, patterns, lenses))
        if k % 1000 == 0:
            progress("licences", k, first.size)
    return Licensed(tuple(groups), lines, number)


def _group(
    book: Coded, i: int, readings: Sequence[Facts], built: Sequence[Tables], numbers: Sequence[Ints],
    patterns: Sequence[Sequence[Pattern]], lenses: Lenses,
) -> Group:  # fmt: skip
    mine: list[Pattern] = []
    found: list[dict[str, tuple[Cover, ...]]] = []
    used: list[Tables] = []
    for r, facts in enumerate(readings):
        if numbers[r][i] < 0:
            continue
        pattern = patterns[r][numbers[r][i]]
        asked = book.asked(i, facts)
        mine.append(pattern)
        used.append(built[r])
        found.append({x: covers(x, asked.sale, asked.taking, facts, asked.day) for x in pattern.licensable})
    name = lenses.own_names.get(i, "")
    own = frozenset((d.licence, d.line) for d in readings[0].draws if d.order == name)
    is_tight = any(is_limited(c, own) for one in found for c in one.values())
    return Group(tuple(mine), tuple(found), tuple(used), own, is_tight)


def alike(columns: Sequence[Ints], which: npt.NDArray[np.bool_]) -> list[tuple[int, Ints]]:
    """Groups of lines with the same codes: one line of each, and all of them."""
    lines = np.flatnonzero(which)
    if lines.size == 0:
        return []
    first, number = together([c[lines] for c in columns])
    order = np.argsort(number, kind="stable")
    ends = np.cumsum(np.bincount(number, minlength=first.size))
    starts = np.concatenate(([0], ends[:-1]))
    return [(int(lines[first[k]]), lines[order[a:b]]) for k, (a, b) in enumerate(zip(starts, ends, strict=True))]


class _Seen:
    """What licences can tell apart: only what some licence of the case names."""

    def __init__(self, book: Coded, facts: Facts, lenses: Lenses, is_lent: bool) -> None:
        self.book, self.facts, self.lenses, self.is_lent = book, facts, lenses, is_lent
        self.every = tuple(facts.licence.values())

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
        lent = [self.facts.licence[d.licence] for rows in self.facts.documents.values() for d in rows if d.licence]
        start, since = [0], []
        for party in self.book.parties:
            is_line = self.facts.parties[party].kind == "business"
            mine = self.every if is_line else (*self.facts.licences.get(party, ()), *lent)
            since += sorted({0, *(d for x in mine for d in _licence_days(x))})
            start.append(len(since))
        found = np.empty(lines.size, dtype=np.int64)
        seller, day = self.book.columns["seller"][lines], self.book.day[lines]
        _kernels.segments(np.array(start, np.int64), np.array(since, np.int64), seller, day, found)
        return found

    def _parties(self, lines: Ints) -> list[Ints]:
        """The customers, as far as a licence or an event of one names them."""
        book, every = self.book, self.every
        named = {p for x in every for p in (*x.consignees, *x.end_users, *x.intermediates)}
        named |= {p for x in every for e in x.events for p in e.parties}
        signs: list[Hashable] = [
            p if p in named or self.facts.parties[p].kind == "business" else "" for p in book.parties
        ]
        known: dict[Hashable, int] = {}
        kind = np.array([known.setdefault(s, len(known)) for s in signs], dtype=np.int64)
        found = [kind[book.columns[r][lines]] for r in ROLES[:3]]
        if book.between_party.size:
            is_asked = any(x.intermediates for x in every)
            lists = [
                tuple(p if is_asked else int(kind[p]) for p in book.between_party[a:b].tolist())
                for a, b in zip(book.between_start[:-1].tolist(), book.between_start[1:].tolist(), strict=True)
            ]
            seen: dict[Hashable, int] = {}
            of = np.array([seen.setdefault(x, len(seen)) for x in lists], dtype=np.int64)
            found.append(of[book.columns["between"][lines]])
        return found

    def _goods(self) -> Ints:
        """Goods that licence lines tell apart: by item and, where some line names codes, by code."""
        named = {x.item for licence in self.every for x in licence.lines}
        by_code = any(x.codes for licence in self.every for x in licence.lines)
        known: dict[Hashable, int] = {}
        signs = [
            (item.id if item.id in named else "", (good is None, good and good.codes) if by_code else None)
            for item, good in self.lenses.goods
        ]
        return np.array([known.setdefault(s, len(known)) for s in signs], dtype=np.int64)


def _licence_days(licence: Licence) -> set[int]:
    """The days on which a licence may begin or cease to cover something."""
    days = set(span_days([licence.span, *(x.span for x in licence.lines)]))
    return days | {e.date.toordinal() for e in licence.events}

"""Which line draws on which licence: one line after another, in an order that the book itself declares.

Lines are taken by the day they are decided on, then by the day of the order, then by id. So the same book draws on the
same licences, whatever the order of its rows, its chunks or its workers. A line that is held draws on nothing.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from detente.decide.book import _kernels
from detente.decide.book.answers import answer_of, with_room, worse
from detente.decide.book.codes import NEVER, Coded, Ints
from detente.decide.book.licensed import Answers, Group, Licensed
from detente.decide.facts import Facts
from detente.decide.licensing import ledger
from detente.decide.licensing.licences import Cover
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Truth

Line = tuple[str, int]
_ROOM = (FALSE, UNKNOWN, TRUE)
_BITS = 31  # slots in a word of a key, two bits each


@dataclass(frozen=True, eq=False)
class Draws:
    """What the lines of a book draw, in the order in which they do.

    ``at`` is the line of the book, ``line`` the line of the licence, ``value`` and ``quantity`` are the amounts.
    ``turns`` says of each line that was looked at in turn how many draws came before it (-1: it was not), ``stand``
    which of the ways in which balances may stand to its group it met.
    """

    at: list[int] = field(default_factory=list)
    line: list[Line] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    quantity: list[int] = field(default_factory=list)
    turns: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    stand: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    @cached_property
    def turn(self) -> Mapping[int, int]:
        """The lines that were looked at in turn: how many draws came before each."""
        lines = np.flatnonzero(self.turns >= 0)
        return dict(zip(lines.tolist(), self.turns[lines].tolist(), strict=True))

    @cached_property
    def _by_line(self) -> Mapping[Line, tuple[list[int], list[tuple[int, int]]]]:
        """The draws on each line of a licence: their numbers, and what had been drawn before each and after all."""
        found: dict[Line, tuple[list[int], list[tuple[int, int]]]] = {}
        for k, (line, value, quantity) in enumerate(zip(self.line, self.value, self.quantity, strict=True)):
            numbers, sums = found.setdefault(line, ([], [(0, 0)]))
            numbers.append(k)
            sums.append((sums[-1][0] + value, sums[-1][1] + quantity))
        return found

    def before(self, i: int, line: Line) -> tuple[int, int]:
        """What the book had drawn on a line of a licence when the turn of a line of the book came."""
        numbers, sums = self._by_line.get(line, ([], [(0, 0)]))
        turn = int(self.turns[i]) if i < self.turns.size else -1
        return sums[len(numbers) if turn < 0 else bisect_left(numbers, turn)]


def in_turn(book: Coded, lines: Ints) -> Ints:
    """Lines in the declared order."""
    ordered = book.columns["ordered"][lines]
    late = np.where(ordered == NEVER, np.iinfo(np.int64).max, ordered)
    by_day = np.lexsort((late, book.day[lines]))
    lines, late = lines[by_day], late[by_day]
    day = book.day[lines]
    again = (day[1:] == day[:-1]) & (late[1:] == late[:-1])
    tied = np.concatenate((again, [False])) | np.concatenate(([False], again))
    if tied.any():  # ids are compared only where the days are the same
        where = np.flatnonzero(tied)
        ids = book.full["id"].gather(lines[where]).rank("ordinal").to_numpy()
        lines[where] = lines[where][np.lexsort((ids, late[where], day[where]))]
    return lines


class _Slots:
    """The lines of licences that a group may draw on, each with its limits, numbered from 0 on."""

    def __init__(self, group: Group, day: dt.date, facts: Facts, accounts: dict[Line, int]) -> None:
        self.place: dict[Line, int] = {}
        self.rows: list[tuple[int, ...]] = []
        for covers in group.covers:
            for c in (c for mine in covers.values() for c in mine):
                for number, _ in c.lines:
                    self._add(c, number, group, day, facts, accounts)

    def _add(
        self, cover: Cover, number: int, group: Group, day: dt.date, facts: Facts, accounts: dict[Line, int]
    ) -> None:
        name = (cover.licence.id, number)
        line = ledger.line_on(cover.licence, number, day)
        own = next((own for mine, own in group.own if mine == name), None)
        if name in self.place or line is None:
            return
        if line.value_usd_m is None and line.quantity is None and own is None:
            return
        limit = ledger.limits(cover.licence, line, facts, day)
        full = limit.full if limit.stops_when_full else None
        account = accounts.setdefault(name, len(accounts))
        self.place[name] = len(self.rows)
        drawn = (-1, 0, 0, 0)
        if own is not None:
            drawn = (own.value, own.quantity, own.counted_value, own.counted_quantity)
        self.rows.append((account, _or(limit.value), _or(limit.quantity), _or(full), *drawn))


def _or(limit: int | None) -> int:
    return -1 if limit is None else limit


def allocate(
    book: Coded, facts: Facts, found: Licensed, answers: Answers, progress: Callable[[int, int], None]
) -> Draws:
    """Give the lines on which a licence may matter their answers, and let those draw that limited licences cover.

    What the case records as drawn counts from its day on.
    """
    groups = found.groups
    limited = np.array([g.is_limited for g in groups], dtype=bool)
    settled = np.array([-1 if g.is_limited else answers.number(g.settled()) for g in groups], dtype=np.int64)
    free = ~limited[found.of] if groups else np.zeros(0, dtype=bool)
    answers.of[found.lines[free]] = settled[found.of[free]]
    lines = found.lines[~free]
    if lines.size == 0:
        return Draws()
    return _Run(book, facts, found, answers).draw(in_turn(book, lines), progress)


class _Run:
    """One run through the lines whose licences are limited."""

    def __init__(self, book: Coded, facts: Facts, found: Licensed, answers: Answers) -> None:
        self.book, self.found, self.answers = book, found, answers
        self.group = np.full(book.n, -1, dtype=np.int64)
        self.group[found.lines] = found.of
        accounts: dict[Line, int] = {}
        self.slots: list[_Slots | None] = [None] * len(found.groups)
        first = np.full(len(found.groups), -1, dtype=np.int64)
        first[found.of[::-1]] = found.lines[::-1]
        for k, group in enumerate(found.groups):
            if group.is_limited:
                self.slots[k] = _Slots(group, book.when(int(first[k])), facts, accounts)
        each = [[] if s is None else s.rows for s in self.slots]
        self.start = np.concatenate(([0], np.cumsum([len(x) for x in each]))).astype(np.int64)
        rows = np.array([row for x in each for row in x], dtype=np.int64).reshape(-1, 8)
        self.columns = [np.ascontiguousarray(c) for c in rows.T[:4]]
        self.own = np.ascontiguousarray(rows[:, 4:])
        self.words = max(1, -(-max((len(x) for x in each), default=0) // _BITS))
        past = [(d.date.toordinal(), accounts[d.licence, d.line], ledger.value_of(d.value_usd_m),
                 0 if d.quantity is None else ledger.quantity_of(d.quantity))
                for d in facts.draws if (d.licence, d.line) in accounts]  # fmt: skip
        self.past = np.array(sorted(past), dtype=np.int64).reshape(-1, 4)
        self.accounts = accounts
        self.known: list[tuple[int, int]] = []  # group and answer
        self.takes: list[tuple[int, ...]] = []

    def draw(self, turns: Ints, progress: Callable[[int, int], None]) -> Draws:
        """Go through the lines in turn."""
        book, n = self.book, self.book.n
        value = _whole(book.full["value_usd_m"], ledger.VALUE, turns, n)
        quantity = _whole(book.full["quantity"], ledger.QUANTITY, turns, n)
        state, key = np.zeros(3, np.int64), np.zeros(self.words, np.int64)
        drawn = np.zeros((len(self.accounts), 2), np.int64)
        stand, before = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
        draw = np.empty((max(1024, turns.size), 4), np.int64)
        capacity = 1024
        known, table = np.zeros((capacity, 2 + self.words), np.int64), np.full(4 * capacity, -1, np.int64)
        at_once = 200_000
        for last in range(at_once, turns.size + at_once, at_once):
            while True:
                start = np.concatenate(([0], np.cumsum([len(x) for x in self.takes]))).astype(np.int64)
                takes = np.array([a for x in self.takes for a in x], dtype=np.int64)
                stop = _kernels.allocate(
                    turns[:last], self.group, book.day, value, quantity, self.start, *self.columns, self.own, self.past,
                    state, drawn, known, table, start, takes, key, stand, draw, before,
                )  # fmt: skip
                if stop == -1:
                    break
                if stop == -2:
                    draw = np.concatenate((draw, np.empty_like(draw)))
                    continue
                if len(self.known) == capacity:
                    capacity *= 4
                    known = np.concatenate((known, np.zeros((capacity - known.shape[0], known.shape[1]), np.int64)))
                    table = np.full(4 * capacity, -1, np.int64)
                    for k, (g, _) in enumerate(self.known):
                        _kernels.insert(table, g, known[k, 2:], k)
                group = int(self.group[turns[stop]])
                known[len(self.known), 0], known[len(self.known), 2:] = group, key
                _kernels.insert(table, group, key, len(self.known))
                self._learn(group, key)
            progress(min(last, turns.size), turns.size)
        self.answers.of[turns] = np.array([a for _, a in self.known], dtype=np.int64)[stand[turns]]
        made = draw[: state[2]]
        names = list(self.accounts)
        return Draws(
            made[:, 0].tolist(), [names[a] for a in made[:, 1].tolist()], made[:, 2].tolist(), made[:, 3].tolist(),
            before, stand,
        )  # fmt: skip

    def _learn(self, g: int, key: Ints) -> None:
        """The answer of a group where its balances stand so, and what a line with that answer draws on."""
        group, slots = self.found.groups[g], self.slots[g]
        if slots is None:
            raise AssertionError("a group without limits has no turn")
        each = []
        for pattern, covers, tables in zip(group.patterns, group.covers, group.tables, strict=True):
            now = {limb: _standing(mine, slots.place, key) for limb, mine in covers.items()}
            each.append(answer_of(pattern, now, tables))
        answer = worse(each)
        self.known.append((g, self.answers.number(answer)))
        self.takes.append(tuple(self.accounts[x] for x in answer.draws))


def _standing(covers: Sequence[Cover], place: Mapping[Line, int], key: Ints) -> tuple[Cover, ...]:
    """Licences with the balances of their lines looked at, best first."""
    found = []
    for c in covers:
        best: Truth = c.hidden
        fit = None
        for number, sure in c.lines:
            truth, slot = sure, place.get((c.licence.id, number))
            if slot is not None:
                room = _ROOM[int(key[slot // _BITS]) >> 2 * (slot % _BITS) & 3]
                if fit is None and truth is TRUE and room is TRUE:
                    fit = number
                truth = min(truth, room)
            best = max(best, truth)
        found.append(with_room(c, min(c.rest, best), fit))
    return tuple(sorted(found, key=lambda c: (-c.reason.truth, -c.share, c.licence.id)))


def _whole(column: pl.Series, unit: int, lines: Ints, n: int) -> Ints:
    """Amounts of some lines in whole units; -1 where they are not known."""
    found = np.full(n, -1, dtype=np.int64)
    amounts = np.rint(column.gather(lines).to_numpy() * unit)  # an empty cell comes as NaN
    found[lines] = np.where(np.isnan(amounts), -1, amounts).astype(np.int64)
    return found

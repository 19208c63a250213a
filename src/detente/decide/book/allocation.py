"""Which line draws on which licence: one line after another, in an order that the book itself declares.

Lines are taken by the day they are decided on, then by the day of the order, then by id. So the same book draws on the
same licences, whatever the order of its rows, its chunks or its workers. A line that is held draws on nothing.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np

from detente.decide import ledger
from detente.decide.book.answers import Answer, Pattern, answer_of, with_room
from detente.decide.book.codes import NEVER, Coded, Ints
from detente.decide.book.tables import Tables
from detente.decide.facts import Facts
from detente.decide.licences import Cover
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Truth
from detente.decide.verdict import WORSE

Line = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Lines to which rules and licences stand alike before balances are looked at, in each reading."""

    patterns: tuple[Pattern, ...]
    covers: tuple[Mapping[str, tuple[Cover, ...]], ...]
    tables: tuple[Tables, ...]
    is_limited: bool
    answers: dict[tuple[object, ...], Answer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What the lines of a book draw, in the order in which they do: line of the book, line of a licence, amounts."""

    at: list[int] = field(default_factory=list)
    line: list[Line] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    quantity: list[int] = field(default_factory=list)
    turn: dict[int, int] = field(default_factory=dict)  # line of the book: how many draws came before its turn


def is_limited(covers: Sequence[Cover]) -> bool:
    """Whether what a licence still allows may matter: a line that may cover the sale has a limit."""
    return any(
        x.line == number and (x.value_usd_m is not None or x.quantity is not None)
        for c in covers
        if c.rest is not FALSE
        for number, _ in c.lines
        for x in c.licence.lines
    )


def settle(group: Group) -> Answer:
    """The answer for a group whose licences have no limits."""
    if () not in group.answers:
        found = [answer_of(p, c, t) for p, c, t in zip(group.patterns, group.covers, group.tables, strict=True)]
        group.answers[()] = worse(found)
    return group.answers[()]


def worse(answers: Sequence[Answer]) -> Answer:
    """The worse of the answers in the two readings, with the other one beside it."""
    if len(answers) == 1 or answers[0].outcome == answers[1].outcome:
        return answers[0]
    bad, good = sorted(answers, key=lambda a: WORSE.index(a.outcome), reverse=True)
    return Answer(
        bad.outcome, bad.state, bad.share, bad.low, max(bad.high, good.high), bad.limbs, bad.authorisations,
        bad.licences, bad.standing, bad.unknown, bad.reading, bad.is_saved, bad.draws,
        good.outcome,
    )  # fmt: skip


def in_turn(book: Coded, lines: Ints) -> Ints:
    """Lines in the declared order."""
    ids = book.full["id"].gather(lines).rank("ordinal").to_numpy()
    ordered = book.columns["ordered"][lines]
    late = np.where(ordered == NEVER, np.iinfo(np.int64).max, ordered)
    return lines[np.lexsort((ids, late, book.day[lines]))]


def allocate(
    book: Coded, facts: Facts, lines: Ints, group_of: Ints, groups: Sequence[Group],
    write: Callable[[int, Answer], None], progress: Callable[[int, int], None],
) -> Draws:  # fmt: skip
    """Go through the lines whose licences are limited, in turn, and draw what each is covered by.

    What the case records as drawn counts from its day on. ``write`` takes the number of a line and its answer.
    """
    drawn: dict[Line, tuple[int, int]] = {}
    past = sorted(facts.draws, key=lambda d: (d.date, d.licence, d.line, d.order))
    days = [d.date.toordinal() for d in past]
    own = {(d.order, d.licence, d.line) for d in past}
    with_own = {d.order for d in past}
    done = 0
    limit = _Limits(facts)
    draws = Draws()
    turns = in_turn(book, lines).tolist()
    ids = book.full["id"]
    values = (book.full["value_usd_m"] * ledger.VALUE).round().cast(int).to_list() if turns else []
    pieces = book.full["quantity"].to_list() if turns else []
    when, groups_of = book.day.tolist(), group_of.tolist()
    for turn, i in enumerate(turns):
        day = when[i]
        upto = bisect_left(days, day + 1)
        for d in past[done:upto]:
            more = 0 if d.quantity is None else ledger.quantity_of(d.quantity)
            _add(drawn, (d.licence, d.line), ledger.value_of(d.value_usd_m), more)
        done = upto
        name = ids[i]
        quantity = None if pieces[i] is None else ledger.quantity_of(pieces[i])
        mine = own if name in with_own else frozenset()
        answer = _answer(groups[groups_of[i]], name, mine, day, values[i], quantity, drawn, limit)
        write(i, answer)
        draws.turn[i] = len(draws.at)
        for line in answer.draws:
            if (name, *line) in mine:
                continue
            draws.at.append(i)
            draws.line.append(line)
            draws.value.append(values[i])
            draws.quantity.append(quantity or 0)
            _add(drawn, line, values[i], quantity or 0)
        if turn % 20_000 == 0:
            progress(turn, len(turns))
    return draws


def _add(drawn: dict[Line, tuple[int, int]], line: Line, value: int, quantity: int) -> None:
    before = drawn.get(line, (0, 0))
    drawn[line] = (before[0] + value, before[1] + quantity)


class _Limits:
    """The limits of licence lines by day, worked out once each."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.known: dict[tuple[str, int, int], ledger.Limits | None] = {}

    def of(self, cover: Cover, number: int, day: int) -> ledger.Limits | None:
        """The limits of a line on a day; None where it has none."""
        key = (cover.licence.id, number, day)
        if key not in self.known:
            when = dt.date.fromordinal(day)
            line = ledger.line_on(cover.licence, number, when)
            free = line is None or (line.value_usd_m is None and line.quantity is None)
            self.known[key] = None if free or line is None else ledger.limits(cover.licence, line, self.facts, when)
        return self.known[key]


def _answer(
    group: Group, name: str, own: Set[tuple[str, str, int]], day: int, value: int,
    quantity: int | None, drawn: Mapping[Line, tuple[int, int]], limit: _Limits,
) -> Answer:  # fmt: skip
    """The answer for one line at its turn; what the balances make of the licences is worked out once each."""
    stands: list[object] = []
    for covers in group.covers:
        for mine in covers.values():
            for c in mine:
                stands.append(_stand(c, name, own, day, value, quantity, drawn, limit))  # noqa: PERF401
    key = tuple(stands)
    if key not in group.answers:
        rest = iter(stands)
        found = []
        for pattern, covers, tables in zip(group.patterns, group.covers, group.tables, strict=True):
            now = {
                limb: tuple(
                    sorted(
                        (with_room(c, *next(rest)) for c in mine),  # type: ignore[misc]
                        key=lambda c: (-c.reason.truth, -c.share, c.licence.id),
                    )
                )
                for limb, mine in covers.items()
            }
            found.append(answer_of(pattern, now, tables))
        group.answers[key] = worse(found)
    return group.answers[key]


def _stand(
    cover: Cover, name: str, own: Set[tuple[str, str, int]], day: int, value: int,
    quantity: int | None, drawn: Mapping[Line, tuple[int, int]], limit: _Limits,
) -> tuple[Truth, int | None]:  # fmt: skip
    """How sure it is that a licence covers a line with its balances looked at, and the line of it that is drawn on."""
    best, fit = cover.hidden, None
    for number, truth in cover.lines:
        limits = limit.of(cover, number, day)
        if limits is not None:
            if (name, cover.licence.id, number) in own:
                answer: bool | None = True
            else:
                answer = ledger.has_room(limits, value, quantity, drawn.get((cover.licence.id, number), (0, 0)))
            room = TRUE if answer else UNKNOWN if answer is None else FALSE
            if fit is None and truth is TRUE and room is TRUE:
                fit = number
            truth = min(truth, room)
        best = max(best, truth)
    return min(cover.rest, best), fit

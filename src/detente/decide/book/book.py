"""A book of orders, decided: the answer of every line, what each draws on, and the reasons of one when asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import polars as pl

from detente.decide.book.allocation import Draws, allocate
from detente.decide.book.answers import Answer, Pattern, pattern_of
from detente.decide.book.codes import Coded, Ints, as_days, coded
from detente.decide.book.frame import frame_of
from detente.decide.book.licensed import Answers, Progress, licensed
from detente.decide.book.match import bites, match
from detente.decide.book.needs import Needs, needs
from detente.decide.book.people import POLICIES
from detente.decide.book.reviews import NONE, reviews
from detente.decide.book.tables import build
from detente.decide.facts import facts_of
from detente.decide.licensing import ledger
from detente.decide.sale import Sale
from detente.decide.verdict import Verdict, decide
from detente.record import Case, NotFound
from detente.record.load import as_day

CHUNK = 100_000


def silent(_what: str, _done: int, _of: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, eq=False)
class Book:
    """An order book as decided on a day.

    ``answer`` is the number of each line's answer in ``answers``, ``policy`` the place in ``POLICIES`` of how an
    application for it is looked at (one beyond the last: nothing is said), ``needs`` the facts still needed. ``draws``
    are what the lines draw on licences, in turn.
    """

    coded: Coded
    answers: tuple[Answer, ...]
    answer: Ints
    policy: Ints
    needs: Needs
    draws: Draws

    @property
    def case(self) -> Case:
        """The case it was decided in."""
        return self.coded.case

    @property
    def as_of(self) -> dt.date:
        """The day that was asked about: of lines that have not left."""
        return self.coded.as_of

    @cached_property
    def review(self) -> Mapping[int, str]:
        """The policy of each line that needs a licence, where one is stated."""
        lines = np.flatnonzero(self.policy < NONE)
        return {i: POLICIES[k] for i, k in zip(lines.tolist(), self.policy[lines].tolist(), strict=True)}

    def frame(self) -> pl.DataFrame:
        """One row a line, with the columns of ``detente.check`` and ``otherwise``."""
        return frame_of(self.coded, self.answers, self.answer, self.policy, self.needs)

    def drawn_before(self, i: int) -> ledger.Drawn:
        """What had been drawn on a line of a licence when the turn of a line of the book came."""
        base = ledger.recorded(self.coded.facts, self.coded.when(i), self.coded.full["id"][i])
        return lambda licence, line: ledger.total((base(licence, line), self.draws.before(i, (licence, line))))

    def place(self, line: str) -> int:
        """Where a line stands in the book. Raises ``NotFound`` for an id that the book does not have."""
        found = self.coded.full["id"].index_of(line)
        if found is None:
            raise NotFound(f"The book has no line {line!r}.")
        return found

    def sale(self, line: str) -> Sale:
        """The sale of a line. Raises ``NotFound`` for an id that the book does not have."""
        return self.coded.sale(self.place(line))

    def verdict(self, line: str) -> Verdict:
        """The reasons for one line. Raises ``NotFound`` for an id that the book does not have."""
        found = self.place(line)
        facts = self.coded.facts
        return decide(self.case, self.coded.sale(found), facts, self.as_of, full=True, drawn=self.drawn_before(found))

    def ledger(self) -> pl.DataFrame:
        """One row a draw, in turn: order, licence, line, date, value_usd_m, quantity."""
        d, at = self.draws, np.array(self.draws.at, dtype=np.int64)
        return pl.DataFrame(
            {
                "order": self.coded.full["id"].gather(at),
                "licence": pl.Series([x[0] for x in d.line], dtype=pl.String),
                "line": pl.Series([x[1] for x in d.line], dtype=pl.Int64),
                "date": as_days(self.coded.day[at]),
                "value_usd_m": np.array(d.value, dtype=np.int64) / ledger.VALUE,
                "quantity": np.array(d.quantity, dtype=np.int64) / ledger.QUANTITY,
            }
        )


def check_book(
    case: Case,
    lines: pl.DataFrame,
    as_of: dt.date | str,
    *,
    executor: Executor | None = None,
    chunk: int = CHUNK,
    progress: Progress = silent,
) -> Book:
    """Decide every line of an order book.

    ``lines`` has the columns of the table ``orders`` (``read_book`` reads a file). A line whose export is recorded is
    decided on that day, the others on ``as_of``. The verdicts do not depend on the order of the rows, on ``chunk`` or
    on the ``executor`` whose workers share the chunks (None: none). ``progress`` is called with what is being done, how
    much of it is done and how much there is.

    Each line gets the verdict that it would get alone, after what the lines before its turn have drawn on licences.
    """
    day = as_day(as_of, "as_of")
    facts = facts_of(case)
    book = coded(lines, case, facts, day)
    doubtful = np.zeros(book.n, dtype=bool)
    for since, through in facts.doubts:
        doubtful |= (since.toordinal() <= book.day) & (book.day <= through.toordinal())
    readings = [facts, facts_of(case, "otherwise")] if doubtful.any() else [facts]
    built = build(book, readings, partial(bites, book))
    for tables in built:
        tables.lenses.forget()
    numbers: list[Ints] = []
    patterns: list[list[Pattern]] = []
    for k, tables in enumerate(built):
        number, keys = match(book, tables, executor, chunk, partial(progress, "deciding"))
        numbers.append(np.where(doubtful, number, -1) if k else number)
        patterns.append([pattern_of(key, tables, k) for key in keys])
    answers = Answers(book.n)
    found = licensed(book, readings, built, numbers, patterns, answers, progress)
    draws = allocate(book, facts, found, answers, partial(progress, "drawing"))
    bare = Book(book, (), answers.of, answers.of, Needs(answers.of, ()), draws)
    said = needs(book, readings, built, numbers, patterns, answers, found, draws, bare.drawn_before)
    return Book(book, tuple(answers.all), answers.of, reviews(book, readings, built, answers), said, draws)

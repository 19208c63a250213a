"""A book of orders, decided: the answer of every line, what each draws on, and the reasons of one when asked."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from detente.decide import ledger
from detente.decide.book.allocation import Draws
from detente.decide.book.answers import Answer, Pattern, pattern_of
from detente.decide.book.codes import Coded, Ints, coded
from detente.decide.book.licensed import Answers, Progress, licensed
from detente.decide.book.match import match
from detente.decide.book.shown import needs, reviews
from detente.decide.book.tables import build
from detente.decide.facts import facts_of
from detente.decide.verdict import Verdict, decide, headline
from detente.record import Case, NotFound
from detente.record.load import as_day

CHUNK = 100_000


def silent(_what: str, _done: int, _of: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """An order book as decided on a day.

    ``answer`` is the number of each line's answer in ``answers``, ``review`` the policy of those that need a licence
    and ``needs`` the facts still needed, by line. ``draws`` are what the lines draw on licences, in turn.
    """

    coded: Coded
    answers: tuple[Answer, ...]
    answer: Ints
    review: dict[int, str]
    needs: dict[int, tuple[str, ...]]
    draws: Draws

    @property
    def case(self) -> Case:
        """The case it was decided in."""
        return self.coded.case

    @property
    def as_of(self) -> dt.date:
        """The day that was asked about: of lines that have not left."""
        return self.coded.as_of

    def frame(self) -> pl.DataFrame:
        """One row a line, with the columns of ``detente.check`` and ``otherwise``."""
        return _frame(self)

    def drawn_before(self, i: int) -> ledger.Drawn:
        """What had been drawn on a line of a licence when the turn of a line of the book came."""
        facts, day = self.coded.facts, dt.date.fromordinal(int(self.coded.day[i]))
        base = ledger.recorded(facts, day, self.coded.full["id"][i])
        turn = self.draws.turn.get(i, len(self.draws.at))
        return lambda licence, number: ledger.total(
            (
                base(licence, number),
                *(
                    (v, q)
                    for line, v, q in zip(
                        self.draws.line[:turn], self.draws.value[:turn], self.draws.quantity[:turn], strict=True
                    )
                    if line == (licence, number)
                ),
            )
        )

    def verdict(self, line: str) -> Verdict:
        """The reasons for one line. Raises ``NotFound`` for an id that the book does not have."""
        found = self.coded.full["id"].index_of(line)
        if found is None:
            raise NotFound(f"The book has no line {line!r}.")
        facts = self.coded.facts
        return decide(self.case, self.coded.sale(found), facts, self.as_of, full=True, drawn=self.drawn_before(found))

    def ledger(self) -> pl.DataFrame:
        """One row a draw, in turn: order, licence, line, date, value_usd_m, quantity."""
        d, day = self.draws, dt.date.fromordinal
        return pl.DataFrame(
            {
                "order": [self.coded.full["id"][i] for i in d.at],
                "licence": [x[0] for x in d.line],
                "line": [x[1] for x in d.line],
                "date": [day(int(self.coded.day[i])) for i in d.at],
                "value_usd_m": [v / ledger.VALUE for v in d.value],
                "quantity": [q / ledger.QUANTITY for q in d.quantity],
            },
            schema={"order": pl.String, "licence": pl.String, "line": pl.Int64, "date": pl.Date,
                    "value_usd_m": pl.Float64, "quantity": pl.Float64},
        )  # fmt: skip


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
    n = book.n
    doubtful = np.zeros(n, dtype=bool)
    for since, through in facts.doubts:
        doubtful |= (since.toordinal() <= book.day) & (book.day <= through.toordinal())
    readings = [facts, facts_of(case, "otherwise")] if doubtful.any() else [facts]
    built = [build(book, f) for f in readings]
    numbers: list[Ints] = []
    patterns: list[list[Pattern]] = []
    for k, (f, tables) in enumerate(zip(readings, built, strict=True)):
        number, keys = match(book, tables, executor, chunk, partial(progress, "deciding"))
        numbers.append(np.where(doubtful, number, -1) if k else number)
        patterns.append([pattern_of(key, tables, f, k) for key in keys])
    answers = Answers(n)
    draws = licensed(book, readings, built, numbers, patterns, answers, progress)
    bare = Book(book, tuple(answers.all), answers.of, {}, {}, draws)
    said = needs(book, readings, built, answers, bare.drawn_before)
    return Book(book, bare.answers, bare.answer, reviews(book, readings, built, answers), said, draws)


def _frame(book: Book) -> pl.DataFrame:
    """The table of a book."""
    full, facts = book.coded.full, book.coded.facts
    told = pl.DataFrame(
        [
            {
                "outcome": a.outcome, "state": a.state, "allowed": a.share, "allowed_low": a.low,
                "allowed_high": a.high, "limbs": list(a.limbs), "authorisations": list(a.authorisations),
                "licences": list(a.licences), "otherwise": a.otherwise,
                "because": headline(a.outcome, (a.share, a.low, a.high), a.is_saved, a.otherwise),
            }
            for a in book.answers
        ],
        schema={
            "outcome": pl.String, "state": pl.String, "allowed": pl.Float64, "allowed_low": pl.Float64,
            "allowed_high": pl.Float64, "limbs": pl.List(pl.String), "authorisations": pl.List(pl.String),
            "licences": pl.List(pl.String), "because": pl.String, "otherwise": pl.String,
        },
    )  # fmt: skip
    ships = {v: x.shipped_from for v, x in facts.variants.items()}
    n = full.height
    review = pl.Series("review", [book.review.get(i) for i in range(n)] if book.review else [None] * n, dtype=pl.String)
    needs = pl.Series(
        "needs", [book.needs.get(i, ()) for i in range(n)] if book.needs else [()] * n, dtype=pl.List(pl.String)
    )
    names = full.select(
        pl.col("id").alias("sale"),
        pl.lit("order").alias("kind"),
        pl.coalesce("seller_unit", "seller").alias("seller"),
        pl.coalesce("buyer_unit", "purchaser").alias("buyer"),
        "item",
        pl.col("variant").replace_strict(ships, default=None, return_dtype=pl.String).alias("seller_country"),
        "value_usd_m",
    )
    day = pl.Series("day", book.coded.day - dt.date(1970, 1, 1).toordinal()).cast(pl.Int32).cast(pl.Date)
    rows = told[book.answer] if n else told
    return pl.concat([names.with_columns(day), rows.with_columns(review, needs)], how="horizontal").select(
        "sale", "kind", "seller", "buyer", "item", "seller_country", "value_usd_m", "day", "outcome", "state",
        "allowed", "allowed_low", "allowed_high", "limbs", "authorisations", "licences", "review", "needs", "because",
        "otherwise",
    )  # fmt: skip

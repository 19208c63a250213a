"""What the sales of a record are told on a day, as a few different answers and the number of each sale's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from detente.decide.book import Book
from detente.decide.book.licensed import Progress
from detente.decide.facts import facts_of
from detente.decide.permits import ABSENT, permits
from detente.decide.sale import link_rows, sale_of
from detente.decide.table import Orders, order_book
from detente.decide.verdict import Verdict, decide
from detente.record import Case
from detente.record.case import Outcome

_ALIKE = {
    "link": ("item", "variant", "seller", "buyer", "seller_party", "buyer_party", "destination", "end_user", "end_use",
             "since", "through"),
    "order": ("item", "variant", "seller_unit", "seller", "purchaser", "intermediate_consignee", "ultimate_consignee",
              "end_user", "destination", "via", "end_use", "act"),
}  # fmt: skip
_ABOUT = {
    "link": ("id", "seller", "buyer"),
    "order": ("id", "link", "seller_unit", "buyer_unit"),
}


class Told(NamedTuple):
    """An answer, as far as two of them may differ."""

    outcome: Outcome
    state: str
    share: float
    low: float
    high: float
    limbs: tuple[str, ...]
    authorisations: tuple[str, ...]
    licences: tuple[str, ...]
    review: str | None
    otherwise: Outcome | None
    is_saved: bool

    @property
    def is_open(self) -> bool:
        """Whether at least a part of the sale may go ahead."""
        return self.state in {"open", "capped"}


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """All links, or all lines of an order book, on one day.

    ``rows`` has ``sale``, ``at`` (its row in ``full``) and ``told`` (the number of its answer in ``told``). ``verdict``
    gives the reasons of the sale in a row of ``full``.
    """

    case: Case
    kind: str
    rows: pl.DataFrame
    full: pl.DataFrame
    told: Sequence[Told]
    verdict: Callable[[int], Verdict]
    book: Book | None = None

    def names(self, at: pl.Series) -> pl.DataFrame:
        """Who sells what to whom in some rows of ``full``: seller, buyer, item, value_usd_m; null where ``at`` is."""
        order = self.kind == "order"
        seller = pl.coalesce("seller_unit", "seller") if order else pl.col("seller")
        buyer = pl.coalesce("buyer_unit", "purchaser") if order else pl.col("buyer")
        wanted = [seller.alias("seller"), buyer.alias("buyer"), pl.col("item"), pl.col("value_usd_m")]
        return self.full.select(*wanted).select(pl.all().gather(at))

    def alike(self, at: pl.Series) -> pl.Series:
        """The same text for sales that the law can hardly tell apart: parties, good, destination, use, findings."""
        facts = facts_of(self.case)
        spoken = list({about for about, _ in facts.findings} | set(facts.documents))
        schema = self.full.schema
        own = [pl.when(pl.col(c).is_in(spoken)).then(pl.col(c)) for c in _ABOUT[self.kind]]
        rest = [
            pl.col(c).list.join(";") if schema[c] == pl.List(pl.String) else pl.col(c).cast(pl.String)
            for c in _ALIKE[self.kind]
        ]
        parts = [*own, *rest]
        text = pl.concat_str([p.fill_null("") for p in parts], separator="\x1f")
        return self.full.select(pl.all().gather(at)).select(text.alias("key")).to_series()

    def came_and_went(self, at: int, *, is_new: bool, is_same: bool) -> tuple[str, tuple[str, ...]]:
        """Why a sale is there on one side only, and its sources."""
        row = self.full.row(at, named=True)
        day = row.get("since" if is_new else "through") if self.kind == "link" else None
        if is_same and day is not None:
            text = f"the sale starts on {day}" if is_new else f"the sale ends on {day}"
        else:
            recorded = f", recorded on {row['recorded']}" if row.get("recorded") else ""
            text = f"only the {'second' if is_new else 'first'} record has the sale{recorded}"
        sources = tuple(row.get("source") or ())
        return text + (f" [{', '.join(sources)}]" if sources else ""), sources


def links_of(case: Case, day: dt.date) -> View:
    """The links of a case that exist on a day."""
    full, facts = link_rows(case), facts_of(case)
    found = permits(case, day, day)
    numbers: dict[Told, int] = {}
    of = np.array([numbers.setdefault(_of_verdict(v), len(numbers)) for v in found.decided] + [ABSENT], dtype=np.int64)
    rows = pl.DataFrame({"sale": full["id"], "at": np.arange(full.height), "told": of[found.verdict]})

    def reasons(at: int) -> Verdict:
        return decide(case, sale_of(full.row(at, named=True), facts), facts, day, full=True)

    return View(case, "link", rows.filter(pl.col("told") != ABSENT), full, tuple(numbers), reasons)


def orders_of(
    case: Case, day: dt.date, orders: Orders | None, executor: Executor | None, progress: Progress
) -> View:  # fmt: skip
    """The lines of a case's order book, or of another one, on a day."""
    book = order_book(case, day, orders, executor=executor, progress=progress)
    facts, full, n = book.coded.facts, book.coded.full, book.coded.n
    review = [book.review.get(i) for i in range(n)] if book.review else [None] * n
    lines = pl.DataFrame(
        {"sale": full["id"], "at": np.arange(n), "answer": book.answer, "review": pl.Series(review, dtype=pl.String)}
    )
    kinds = lines.select("answer", "review").unique(maintain_order=True)
    numbers: dict[Told, int] = {}
    of = [numbers.setdefault(_of_answer(book, k, policy), len(numbers)) for k, policy in kinds.iter_rows()]
    kinds = kinds.with_columns(pl.Series("told", of, dtype=pl.Int64))
    rows = lines.join(kinds, on=["answer", "review"], nulls_equal=True, how="left", maintain_order="left")

    def reasons(at: int) -> Verdict:
        return decide(case, book.coded.sale(at), facts, day, full=True, drawn=book.drawn_before(at))

    return View(case, "order", rows.select("sale", "at", "told"), full, tuple(numbers), reasons, book)


def _of_verdict(v: Verdict) -> Told:
    return Told(
        v.outcome, v.state, v.share, v.share_low, v.share_high, v.limbs, v.authorisations, v.licences, v.review,
        v.otherwise, v.is_saved,
    )  # fmt: skip


def _of_answer(book: Book, number: int, review: str | None) -> Told:
    a = book.answers[number]
    return Told(
        a.outcome, a.state, a.share, a.low, a.high, a.limbs, a.authorisations, a.licences, review, a.otherwise,
        a.is_saved,
    )  # fmt: skip

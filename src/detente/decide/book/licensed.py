"""The lines on which a licence may matter: what covers each, alone or, where a balance may be short, in turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from detente.decide.book.allocation import Draws, Group, allocate, is_limited, settle, worse
from detente.decide.book.answers import Answer, Pattern, answer_of
from detente.decide.book.codes import Coded, Ints, buckets, together
from detente.decide.book.tables import Tables
from detente.decide.facts import Facts
from detente.decide.licences import Cover, covers
from detente.decide.rows import Licence, Span

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

    def write(self, i: int, answer: Answer) -> None:
        """Give a line its answer."""
        self.of[i] = self.number(answer)


def licensed(
    book: Coded, readings: list[Facts], built: list[Tables], numbers: list[Ints], patterns: list[list[Pattern]],
    answers: Answers, progress: Progress,
) -> Draws:  # fmt: skip
    """Give every line its answer, looking at licences where one may matter."""
    facts = readings[0]
    wants = np.zeros(book.n, dtype=bool)
    for number, some, tables in zip(numbers, patterns, built, strict=True):
        open_ = np.array([bool(p.licensable(tables)) for p in some] + [False])
        wants |= open_[number]
    holders = [p in facts.licences or facts.parties[p].kind == "business" for p in book.parties]
    lent = any(d.licence for group in facts.documents.values() for d in group)
    wants &= np.array(holders, dtype=bool)[book.columns["seller"]] | (lent & (book.columns["told"] > 0))
    for one, group in alike(numbers, ~wants):
        plain = [
            answer_of(patterns[k][x[one]], {}, built[k]) for k, x in enumerate(numbers) if x[one] >= 0
        ]  # fmt: skip
        answers.of[group] = answers.number(worse(plain))
    lines = np.flatnonzero(wants)
    if lines.size == 0:
        return Draws()
    columns = _licence_columns(book, facts)
    first, number = together([*(x[lines] for x in numbers), *(c[lines] for c in columns)])
    groups: list[Group] = []
    for k, i in enumerate(lines[first].tolist()):
        mine: list[Pattern] = []
        found: list[dict[str, tuple[Cover, ...]]] = []
        used: list[Tables] = []
        for r, f in enumerate(readings):
            if numbers[r][i] < 0:
                continue
            pattern = patterns[r][numbers[r][i]]
            asked = book.asked(i, f)
            mine.append(pattern)
            used.append(built[r])
            found.append({x: covers(x, asked.sale, asked.taking, f, asked.day) for x in pattern.licensable(built[r])})
        is_tight = any(is_limited(c) for one in found for c in one.values())
        groups.append(Group(tuple(mine), tuple(found), tuple(used), is_tight))
        if k % 1000 == 0:
            progress("licences", k, first.size)
    limited = np.array([g.is_limited for g in groups])
    settled = np.array([-1 if g.is_limited else answers.number(settle(g)) for g in groups], dtype=np.int64)
    free = ~limited[number]
    answers.of[lines[free]] = settled[number[free]]
    group_of = np.full(book.n, -1, dtype=np.int64)
    group_of[lines] = number
    return allocate(book, facts, lines[~free], group_of, groups, answers.write, partial(progress, "drawing"))


def alike(columns: list[Ints], which: npt.NDArray[np.bool_]) -> list[tuple[int, Ints]]:
    """Groups of lines with the same codes: one line of each, and all of them."""
    lines = np.flatnonzero(which)
    if lines.size == 0:
        return []
    first, number = together([c[lines] for c in columns])
    order = np.argsort(number, kind="stable")
    ends = np.cumsum(np.bincount(number, minlength=first.size))
    starts = np.concatenate(([0], ends[:-1]))
    return [(int(lines[first[k]]), lines[order[a:b]]) for k, (a, b) in enumerate(zip(starts, ends, strict=True))]


def _licence_columns(book: Coded, facts: Facts) -> list[Ints]:
    """What a licence looks at: only what some licence of the case names."""
    every = list(facts.licence.values())
    names = ["seller", "purchaser", "ultimate_consignee", "end_user", "between", "good", "told"]
    names += ["destination"] if any(x.intermediates or x.destinations for x in every) else []
    names += ["end_use"] if any(x.end_uses for x in every) else []
    days = {d for x in every for d in _licence_days(x)}
    spans = [x.span for group in facts.stakes.values() for x in group]
    spans += [x.span for group in facts.documents.values() for x in group]
    spans += [Span(w.since, e) for group in facts.licence_rules.values() for r in group for w in r.in_force
              for e in (w.through, w.written_through)]  # fmt: skip
    if any(x.destinations for x in every):
        spans += [x.span for group in facts.groups.values() for x in group]
    days |= {d for span in spans for d in span_days(span)}
    return [*(book.columns[c] for c in names), buckets(book.day, days)]


def _licence_days(licence: Licence) -> list[int]:
    days = span_days(licence.span)
    for line in licence.lines:
        days += span_days(line.span)
    return days + [e.date.toordinal() for e in licence.events]


def span_days(span: Span) -> list[int]:
    """The days from which a span holds and no longer holds, as ordinals."""
    days = [] if span.since is None else [span.since.toordinal()]
    return days if span.through is None else [*days, span.through.toordinal() + 1]

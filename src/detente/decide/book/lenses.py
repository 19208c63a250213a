"""What a condition can tell apart, as columns of codes: lines with the same code stand alike to it.

A condition that asks whether a good goes to a group of countries cannot tell two countries of the group apart, and one
that asks the chart cannot tell two goods of the same codes apart. Each lens puts the same questions to the record as
the condition does, once for each country, good or party and each span of days; so there are few cases left to decide.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from detente.decide.book.codes import NEVER, PLACES, Coded, Ints, buckets, together
from detente.decide.facts import Facts
from detente.decide.goods import codes_of
from detente.decide.places import needs_licence, read_as, within
from detente.decide.rows import Item, Span, Variant
from detente.record.limb import Window

Lens = tuple[Any, ...]
"""The name of a lens, then what it is set to."""
SLOTS = ("id", "link", "seller_unit", "variant", "buyer_unit", "seller", "purchaser", "ultimate_consignee", "end_user")
_PARTY = {"seller", "purchaser", "ultimate_consignee", "end_user"}
Words = tuple[str, ...]


def span_days(spans: Iterable[Span]) -> Iterator[int]:
    """The days from which spans hold and no longer hold, as ordinals."""
    for span in spans:
        if span.since is not None:
            yield span.since.toordinal()
        if span.through is not None:
            yield span.through.toordinal() + 1


def window_days(windows: Iterable[Window]) -> Iterator[int]:
    """The days on which windows begin and end, as they were written or are now."""
    for w in windows:
        yield from span_days(Span(w.since, end) for end in {w.through, w.written_through})


class Lenses:
    """The codes of a book under each lens, made when they are first asked for."""

    def __init__(self, book: Coded, facts: Facts, outs: Callable[[frozenset[str]], Ints]) -> None:
        self.book, self.facts = book, facts
        self._outs = outs
        self._made: dict[Lens, Ints] = {}
        first, self._good = together([book.columns["good"]])
        made = book.columns["good"][first] % 2 == 1
        self.goods: list[tuple[Item, Variant | None]] = [
            (sale.item, sale.variant if is_made else None)
            for sale, is_made in zip(book.sales(first), made.tolist(), strict=True)
        ]

    @cached_property
    def own_lines(self) -> dict[str, int]:
        """The lines of which a finding, a paper or a recorded draw speaks by their own id."""
        spoken = {about for about, _ in self.facts.findings} | set(self.facts.documents)
        spoken |= {d.order for d in self.facts.draws}
        if not spoken:
            return {}
        ids = self.book.full["id"]
        return {ids[i]: i for i in ids.is_in(list(spoken)).arg_true().to_list()}

    @cached_property
    def own_names(self) -> dict[int, str]:
        """The same lines with their ids."""
        return {i: name for name, i in self.own_lines.items()}

    def codes(self, lens: Lens) -> Ints:
        """A code a line: the same for lines that stand alike."""
        if lens not in self._made:
            name, *settings = lens
            self._made[lens] = getattr(self, f"_{name}_")(*settings)
        return self._made[lens]

    def rows(self, lenses: Iterable[Lens], among: Ints | None = None) -> tuple[Ints, Ints]:
        """A first line of each combination of codes, and the number of its combination for each line (or some)."""
        some = slice(None) if among is None else among
        columns = [self.codes(x)[some] for x in lenses]
        n = self.book.n if among is None else among.size
        first, number = together(columns) if columns else (np.zeros(min(n, 1), np.int64), np.zeros(n, np.int64))
        return (first if among is None else among[first]), number

    def geo_days(self, words: Iterable[str], regime: str) -> frozenset[int]:
        """The days on which what is inside the places named may change, to a regime."""
        names = set(words)
        if not names:
            return frozenset()
        spans = [x.span for name in names for x in self.facts.groups.get(name, ())]
        spans += [x.span for rows in self.facts.territories.values() for x in rows if x.regime == regime]
        return frozenset(span_days(spans))

    def code_days(self, regime: str) -> frozenset[int]:
        """The days on which the code table of a regime changes."""
        rows = (x for (r, _), rows in self.facts.codes.items() if r == regime for x in rows)
        return frozenset(span_days(x.span for x in rows))

    def chart_days(self, regime: str) -> frozenset[int]:
        """The days on which a code may begin or cease to need a licence to a country."""
        words = {w for (r, _), rows in self.facts.codes.items() if r == regime for x in rows for w in x.to}
        marks = (x.span for (r, _), rows in self.facts.chart.items() if r == regime for x in rows)
        return self.code_days(regime) | frozenset(span_days(marks)) | self.geo_days({*words, "*"}, regime)

    def told_days(self, facts: Iterable[str], kinds: Iterable[str]) -> frozenset[int]:
        """The days on which what findings and papers of some kinds say may change."""
        names, papers = set(facts), set(kinds)
        spans = [x.span for (_, fact), rows in self.facts.findings.items() if fact in names for x in rows]
        spans += [d.span for rows in self.facts.documents.values() for d in rows if d.kind in papers]
        return frozenset(span_days(spans))

    def entry_days(self, who: Iterable[str], list_: str) -> frozenset[int]:
        """The days on which it may change whether some parties are on a list."""
        rows = (x for p in who for x in self.facts.listings.get(p, ()) if x.list == list_)
        return frozenset(span_days(x.span for x in rows))

    def _column_(self, name: str) -> Ints:
        return self.book.columns[name]

    def _day_(self, days: frozenset[int]) -> Ints:
        return buckets(self.book.day, days)

    def _good_(self) -> Ints:
        """Which good."""
        return self._good

    def _kind_(self) -> Ints:
        """Goods that have the same in common: made so where and of what, classified so, of a kind of item."""
        return _numbered([self._looks(item, good) for item, good in self.goods])[self._good]

    def _looks(self, item: Item, good: Variant | None) -> Hashable:
        if good is None:
            return item.kind, item.tags
        words = (good.codes, good.made_with_codes, good.made_with_origin, good.plant_codes, good.plant_origin,
                 good.designed_by, good.contains_ic_codes, good.contains_ic_origin)  # fmt: skip
        maker = self.facts.parties[good.maker].headquarters
        figures = tuple(sorted(good.params.items()))
        return item.kind, item.tags, good.origin, good.shipped_from, good.content, words, figures, maker

    def _place_(self, regime: str, asks: tuple[Words, ...]) -> Ints:
        """Destinations that are, or are not, inside the same of some sets of places."""
        days = self.geo_days({w for words in asks for w in words}, regime)
        facts = self.facts
        return self._by_place(days, lambda country, day: tuple(within(country, w, regime, facts, day) for w in asks))

    def _by_place(self, days: frozenset[int], sign: Callable[[str, dt.date], Hashable]) -> Ints:
        """Destinations and spans of days with the same sign."""
        to, span = self.book.columns["destination"], buckets(self.book.day, days)
        used = np.flatnonzero(np.bincount(to, minlength=len(PLACES)))
        starts = _starts(days)
        known: dict[Hashable, int] = {}
        table = np.zeros((len(PLACES), len(starts)), dtype=np.int64)
        for place in used.tolist():
            for k, day in enumerate(starts):
                table[place, k] = known.setdefault(sign(PLACES[place], day), len(known))
        return table[to, span]

    def _chart_(self, regime: str, only: Words) -> Ints:
        """Goods and destinations for which the chart says the same of every code of the good."""
        return self._by_code(regime, only, [codes_of(good, regime) for _, good in self.goods])

    def _content_(self, regime: str) -> Ints:
        """Goods and destinations for which the chart says the same of all content of the good."""
        parts: list[tuple[str, ...] | None] = []
        for _, good in self.goods:
            content = () if good is None or good.content is None else good.content
            parts.append(tuple(dict.fromkeys(p.code for p in content if p.code is not None)))
        return self._by_code(regime, (), parts)

    def _by_code(self, regime: str, only: Words, codes: Sequence[tuple[str, ...] | None]) -> Ints:
        days, starts = self.chart_days(regime), _starts(self.chart_days(regime))
        every = sorted({c for mine in codes for c in mine or ()})

        def said(country: str, day: dt.date) -> tuple[int, ...]:
            return tuple(needs_licence(c, country, regime, self.facts, day, only).truth for c in every)

        words = sorted({w for (r, _), rows in self.facts.codes.items() if r == regime for x in rows for w in x.to})
        to, span = self.book.columns["destination"], buckets(self.book.day, days)
        first, number = together([to, span])
        answers: dict[Hashable, tuple[int, ...]] = {}
        alike: list[tuple[int, ...]] = []
        for i in first.tolist():
            country, k = PLACES[to[i]], int(span[i])
            sign = (k, self._chart_sign(country, regime, words, starts[k]))
            if sign not in answers:
                answers[sign] = said(country, starts[k])
            alike.append(answers[sign])
        at = {c: k for k, c in enumerate(every)}
        where = [None if mine is None else [at[c] for c in mine] for mine in codes]
        kinds: dict[tuple[int, ...], int] = {}
        kind_of = np.array([kinds.setdefault(a, len(kinds)) for a in alike], dtype=np.int64)
        known: dict[Hashable, int] = {}
        table = np.zeros((len(codes), len(kinds)), dtype=np.int64)
        for g, mine in enumerate(where):
            for answer, k in kinds.items():
                said_of = None if mine is None else tuple(answer[c] for c in mine)
                table[g, k] = known.setdefault(said_of, len(known))
        return table[self._good, kind_of[number]]

    def _chart_sign(self, country: str, regime: str, words: Iterable[str], day: dt.date) -> Hashable:
        """What the chart and the groups know of a country on a day."""
        rows = self.facts.chart.get((regime, read_as(country, regime, self.facts, day)), ())
        marks = tuple((r.reasons, r.elsewhere) for r in rows if r.span.holds(day))
        return marks, tuple(within(country, (w,), regime, self.facts, day) for w in words)

    def _use_(self, words: Words) -> Ints:
        """Whether a use is one of some words, another one, or not known."""
        uses = self.book.lists["end_use"]
        return _numbered([(bool(set(x) & set(words)), bool(x)) for x in uses])[self.book.columns["end_use"]]

    def _usd_(self, limits: tuple[float, ...]) -> Ints:
        """How many of some limits the value of a line is over, to the cent."""
        usd = self.book.full["value_usd_m"].to_numpy() * 1e6
        over = np.zeros(usd.size, dtype=np.int64)
        for limit in limits:
            is_over = usd > limit
            for i in np.flatnonzero(np.abs(usd - limit) < 0.02).tolist():
                is_over[i] = round(float(usd[i]), 2) > limit
            over += is_over
        return over

    def _event_(self, event: str, cuts: frozenset[int]) -> Ints:
        """Before or after which of some days an event lies; -1 where it is not recorded."""
        column = self.book.columns["aboard_carrier" if event == "en_route" else event]
        return np.where(column == NEVER, -1, buckets(column, cuts))

    def _seller_(self, addressed: frozenset[str]) -> Ints:
        """Sellers that a rule binds alike: by country, or by name where a letter is addressed to them."""
        sellers, lines = self.book.columns["seller"], []
        first, number = together([sellers])
        is_line = np.zeros(first.size, dtype=bool)
        for k, i in enumerate(first.tolist()):
            row = self.facts.parties[self.book.parties[sellers[i]]]
            is_line[k] = row.kind == "business"
            lines.append((row.id,) if is_line[k] or row.id in addressed else (row.country, ""))
        found = _numbered(lines)[number]
        if not is_line.any():
            return found
        return together([found, np.where(is_line[number], buckets(self.book.day, self.owner_days()), 0)])[1]

    def owner_days(self) -> frozenset[int]:
        """The days on which a line of business may change hands."""
        rows = [x for p, rows in self.facts.stakes.items() if self.facts.parties[p].kind == "business" for x in rows]
        return frozenset(span_days(x.span for x in rows))

    def _told_(self, facts: frozenset[str], kinds: frozenset[str]) -> Ints:
        """What findings and papers of some kinds say of a line: 0 where they say nothing."""
        abouts = {about for about, fact in self.facts.findings if fact in facts}
        abouts |= {about for about, rows in self.facts.documents.items() if any(d.kind in kinds for d in rows)}
        columns = [c for c in (self.spoken(slot, abouts) for slot in SLOTS) if c is not None]
        if not columns:
            return np.zeros(self.book.n, dtype=np.int64)
        some = np.flatnonzero(np.maximum.reduce(columns) > 0)
        days = buckets(self.book.day[some], self.told_days(facts, kinds))
        found = np.zeros(self.book.n, dtype=np.int64)
        found[some] = 1 + together([*(c[some] for c in columns), days])[1]
        return found

    def spoken(self, slot: str, abouts: set[str]) -> Ints | None:
        """Which of some things a line has in a slot, from 1 on, 0 where none; None where no line can have any."""
        book = self.book
        if slot == "id":
            mine = sorted(abouts & self.own_lines.keys())
            found = np.zeros(book.n, dtype=np.int64)
            for k, name in enumerate(mine):
                found[self.own_lines[name]] = k + 1
            return found if mine else None
        values: Sequence[str] = (
            book.parties if slot in _PARTY else book.variants if slot == "variant"
            else tuple(book.links) if slot == "link" else book.units
        )  # fmt: skip
        at = np.array([k for k, v in enumerate(values) if v in abouts], dtype=np.int64)
        if at.size == 0:
            return None
        flags = np.zeros(len(values) + 1, dtype=np.int64)  # the last one for -1: nothing there
        flags[at] = np.arange(1, at.size + 1)
        return flags[book.columns[slot]]

    def _out_(self, limbs: frozenset[str]) -> Ints:
        """Whether each of some limbs takes the line out of a scope."""
        return self._outs(limbs)


def _numbered(signs: Iterable[Hashable]) -> Ints:
    """A number for each thing, the same for the same."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(sign, len(known)) for sign in signs], dtype=np.int64)


def _starts(days: frozenset[int]) -> list[dt.date]:
    """A day in each span between break days."""
    ordered = sorted(days)
    first = ordered[0] - 1 if ordered else 1
    return [dt.date.fromordinal(min(max(1, day), dt.date.max.toordinal())) for day in (first, *ordered)]

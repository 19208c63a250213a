"""What a condition can tell apart, as columns of codes: lines with the same code stand alike to it.

A condition that asks whether a good goes to a group of countries cannot tell two countries of the group apart, and one
that asks the chart cannot tell two goods of the same codes apart. Each lens puts the same questions to the record as
the condition does, once for each country, good or party and each span of days; so there are few cases left to decide.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np

from detente.decide.book.codes import NEVER, PLACES, Coded, Ints, buckets, together
from detente.decide.facts import Facts
from detente.decide.goods import codes_of
from detente.decide.places import chart_days, code_days, needs_licence, place_days, read_as, within
from detente.decide.rows import Item, Span, Variant, span_days
from detente.record.limb import Window

Lens = tuple[Any, ...]
"""The name of a lens, then what it is set to."""
Words = tuple[str, ...]
SLOTS = ("id", "link", "seller_unit", "variant", "buyer_unit", "seller", "purchaser", "ultimate_consignee", "end_user")
_PARTY = {"seller", "purchaser", "ultimate_consignee", "end_user"}
_WHOLE = {"told", "out"}  # lenses that are laid over the whole book at once


def window_days(windows: Iterable[Window]) -> Iterator[int]:
    """The days on which windows begin and end, as they were written or are now."""
    for w in windows:
        yield from span_days(Span(w.since, end) for end in {w.through, w.written_through})


class Breaks:
    """The days on which the record changes, by what changes."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._known: dict[tuple[str, str], frozenset[int]] = {}

    def geo(self, words: Iterable[str], regime: str) -> frozenset[int]:
        """What is inside the places named, to a regime."""
        return place_days(words, regime, self.facts)

    def codes(self, regime: str) -> frozenset[int]:
        """The code table of a regime."""
        return self._of("codes", regime, code_days)

    def chart(self, regime: str) -> frozenset[int]:
        """Whether a code needs a licence to a country."""
        return self._of("chart", regime, chart_days)

    def _of(self, what: str, regime: str, find: Callable[[str, Facts], frozenset[int]]) -> frozenset[int]:
        """The days of a regime, worked out once."""
        if (what, regime) not in self._known:
            self._known[what, regime] = find(regime, self.facts)
        return self._known[what, regime]

    def told(self, facts: Iterable[str], kinds: Iterable[str]) -> frozenset[int]:
        """What findings and papers of some kinds say."""
        names, papers = set(facts), set(kinds)
        spans = [x.span for (_, fact), rows in self.facts.findings.items() if fact in names for x in rows]
        spans += [d.span for rows in self.facts.documents.values() for d in rows if d.kind in papers]
        return frozenset(span_days(spans))

    def owners(self) -> frozenset[int]:
        """Who owns a line of business."""
        rows = [x for p, rows in self.facts.stakes.items() if self.facts.parties[p].kind == "business" for x in rows]
        return frozenset(span_days(x.span for x in rows))

    def entries(self, who: Iterable[str], list_: str) -> frozenset[int]:
        """Whether some parties are on a list."""
        rows = (x for p in who for x in self.facts.listings.get(p, ()) if x.list == list_)
        return frozenset(span_days(x.span for x in rows))


class Lenses:
    """The codes of a book under each lens, made when they are first asked for; of all its lines, or of some."""

    def __init__(self, book: Coded, facts: Facts, outs: Callable[[frozenset[str]], Ints]) -> None:
        self.book, self.facts, self.breaks = book, facts, Breaks(facts)
        self.lines: Ints | None = None
        self.whole = self
        self._outs = outs
        self._made: dict[Lens, Ints] = {}
        self._rows: dict[tuple[Lens, ...], tuple[Ints, Ints]] = {}
        self._answers: dict[Hashable, tuple[int, ...]] = {}
        first, self._goods = together([book.columns["good"]])
        made = book.columns["good"][first] % 2 == 1
        self.goods: list[tuple[Item, Variant | None]] = [
            (sale.item, sale.variant if is_made else None)
            for sale, is_made in zip(book.sales(first), made.tolist(), strict=True)
        ]

    def of(self, lines: Ints) -> Lenses:
        """The lenses on some lines only."""
        view = object.__new__(Lenses)
        view.book, view.facts, view.breaks = self.book, self.facts, self.breaks
        view.goods, view._goods, view._outs = self.goods, self.whole._goods[lines], self._outs
        view.lines, view.whole, view._made, view._rows = lines, self.whole, {}, {}
        return view

    def forget(self) -> None:
        """Let go of the codes made so far, eight bytes a line each, but for those that are asked for again."""
        self._made = {lens: codes for lens, codes in self._made.items() if lens[0] in _WHOLE}
        self._rows.clear()

    @property
    def n(self) -> int:
        """How many lines."""
        return self.book.n if self.lines is None else self.lines.size

    @cached_property
    def own_names(self) -> dict[int, str]:
        """The lines of which a finding, a paper or a recorded draw speaks by their own id, with that id."""
        spoken = {about for about, _ in self.facts.findings} | set(self.facts.documents)
        spoken |= {d.order for d in self.facts.draws}
        if not spoken:
            return {}
        ids = self.book.full["id"]
        return {i: ids[i] for i in ids.is_in(list(spoken)).arg_true().to_list()}

    def codes(self, lens: Lens) -> Ints:
        """A code a line: the same for lines that stand alike."""
        if lens not in self._made:
            name, *settings = lens
            if self.lines is not None and name in _WHOLE:
                self._made[lens] = self.whole.codes(lens)[self.lines]
            else:
                self._made[lens] = getattr(self, f"_{name}_")(*settings)
        return self._made[lens]

    def rows(self, lenses: Iterable[Lens]) -> tuple[Ints, Ints]:
        """A first line of each combination of codes, and the number of the combination of each line."""
        key = tuple(dict.fromkeys(lenses))
        if key not in self._rows:
            self._rows[key] = together([np.zeros(self.n, np.int64), *(self.codes(x) for x in key)])
        return self._rows[key]

    def raw(self, lenses: Iterable[Lens]) -> tuple[Lens, ...]:
        """The plain columns that some lenses are made of, with the days that matter to any of them."""
        found: dict[Lens, None] = {}
        cuts: dict[Lens, frozenset[int]] = {}
        limits: set[float] = set()
        for lens in (x for one in lenses for x in self._raw(one)):
            match lens[0]:
                case "day" | "event":
                    cuts[lens[:-1]] = cuts.get(lens[:-1], frozenset()) | lens[-1]
                case "usd":
                    limits |= set(lens[1])
                case _:
                    found[lens] = None
        more = [("usd", tuple(sorted(limits)))] if limits else []
        return (*found, *more, *((*name, days) for name, days in cuts.items() if days or name[0] == "event"))

    def _raw(self, lens: Lens) -> Iterator[Lens]:
        name, *settings = lens
        match name:
            case "kind":
                yield ("good",)
            case "place":
                yield "column", "destination"
                yield "day", self.breaks.geo((w for words in settings[1] for w in words), settings[0])
            case "chart" | "content":
                yield from (("good",), ("column", "destination"), ("day", self.breaks.chart(settings[0])))
            case "use":
                yield "column", "end_use"
            case "seller":
                yield "column", "seller"
                yield "day", self.breaks.owners()
            case _:
                yield lens

    def _column(self, name: str) -> Ints:
        column = self.book.columns[name]
        return column if self.lines is None else column[self.lines]

    @cached_property
    def day(self) -> Ints:
        """The day each line is decided on."""
        return self.book.day if self.lines is None else self.book.day[self.lines]

    def _column_(self, name: str) -> Ints:
        return self._column(name)

    def _exact_(self) -> Ints:
        """The very day."""
        return self.day

    def _day_(self, days: frozenset[int]) -> Ints:
        """Between which of some days."""
        return buckets(self.day, days)

    def _good_(self) -> Ints:
        """Which good."""
        return self._goods

    def _kind_(self) -> Ints:
        """Goods that have everything in common but their names."""
        return numbered([_looks(item, good) for item, good in self.goods])[self._goods]

    def _place_(self, regime: str, asks: tuple[Words, ...]) -> Ints:
        """Destinations that are, or are not, inside the same of some sets of places."""
        days = self.breaks.geo((w for words in asks for w in words), regime)
        starts = _starts(days)

        def sign(country: str, k: int) -> Hashable:
            return tuple(within(country, words, regime, self.facts, starts[k]) for words in asks)

        return self._by_place(days, sign)

    def _by_place(self, days: frozenset[int], sign: Callable[[str, int], Hashable]) -> Ints:
        """Destinations and spans of days with the same sign."""
        first, number = self.rows((("column", "destination"), ("day", days)))
        places, spans = self._column("destination")[first].tolist(), self.codes(("day", days))[first].tolist()
        return numbered(sign(PLACES[p], k) for p, k in zip(places, spans, strict=True))[number]

    def _chart_(self, regime: str, only: Words) -> Ints:
        """Goods and destinations for which the chart says the same of every code of the good."""
        return self._by_code(regime, only, [codes_of(good, regime) for _, good in self.goods])

    def _content_(self, regime: str) -> Ints:
        """Goods and destinations for which the chart says the same of all content of the good."""
        content = [() if good is None or good.content is None else good.content for _, good in self.goods]
        parts = [tuple(dict.fromkeys(p.code for p in each if p.code is not None)) for each in content]
        return self._by_code(regime, (), parts)

    def _by_code(self, regime: str, only: Words, codes: Sequence[Words | None]) -> Ints:
        """Goods and destinations for which the chart says the same of some codes of the good."""
        days = self.breaks.chart(regime)
        starts = _starts(days)
        words = sorted({w for (r, _), rows in self.facts.codes.items() if r == regime for x in rows for w in x.to})
        every = tuple(sorted({c for mine in codes for c in mine or ()}))
        answers = self.whole._answers

        def said(country: str, k: int) -> tuple[int, ...]:
            mark = (regime, only, starts[k], every, self._marks(country, regime, words, starts[k]))
            if mark not in answers:
                each = (needs_licence(c, country, regime, self.facts, starts[k], only) for c in every)
                answers[mark] = tuple(int(r.truth) for r in each)
            return answers[mark]

        kinds: dict[tuple[int, ...], None] = {}

        def sign(country: str, k: int) -> Hashable:
            kinds[said(country, k)] = None
            return said(country, k)

        kind = self._by_place(days, sign)
        at = {c: k for k, c in enumerate(every)}
        known: dict[Hashable, int] = {}
        table = np.zeros((len(codes), len(kinds)), dtype=np.int64)
        for g, mine in enumerate(codes):
            where = None if mine is None else [at[c] for c in mine]
            for k, answer in enumerate(kinds):  # in the order in which they were numbered
                said_of = None if where is None else tuple(answer[c] for c in where)
                table[g, k] = known.setdefault(said_of, len(known))
        return table[self._goods, kind]

    def _marks(self, country: str, regime: str, words: Iterable[str], day: dt.date) -> Hashable:
        """What the chart and the groups know of a country on a day."""
        rows = self.facts.chart.get((regime, read_as(country, regime, self.facts, day)), ())
        marks = tuple((r.reasons, r.elsewhere) for r in rows if r.span.holds(day))
        return marks, tuple(within(country, (w,), regime, self.facts, day) for w in words)

    def _use_(self, words: Words) -> Ints:
        """Which of some words the uses are, whether there is another one, or none at all."""
        uses = [frozenset(x) for x in self.book.lists["end_use"]]
        return numbered([(x & set(words), x <= set(words)) for x in uses])[self._column("end_use")]

    def _usd_(self, limits: tuple[float, ...]) -> Ints:
        """How many of some limits the value of a line is over, to the cent."""
        usd = self.book.full["value_usd_m"].to_numpy() * 1e6
        usd = usd if self.lines is None else usd[self.lines]
        over = np.zeros(usd.size, dtype=np.int64)
        for limit in limits:
            is_over = usd > limit
            for i in np.flatnonzero(np.abs(usd - limit) < 0.02).tolist():
                is_over[i] = round(float(usd[i]), 2) > limit
            over += is_over
        return over

    def _event_(self, event: str, cuts: frozenset[int]) -> Ints:
        """Before or after which of some days an event lies; -1 where it is not recorded."""
        column = self._column("aboard_carrier" if event == "en_route" else event)
        return np.where(column == NEVER, -1, buckets(column, cuts))

    def _seller_(self, addressed: frozenset[str]) -> Ints:
        """Sellers that a rule binds alike: by country, or by name where a letter is addressed to them."""
        first, number = self.rows((("column", "seller"),))
        rows = [self.facts.parties[self.book.parties[p]] for p in self._column("seller")[first].tolist()]
        is_line = np.array([row.kind == "business" for row in rows], dtype=bool)
        found = numbered((r.id,) if r.kind == "business" or r.id in addressed else (r.country, "") for r in rows)[
            number
        ]
        if not is_line.any():
            return found
        return together([found, np.where(is_line[number], self.codes(("day", self.breaks.owners())), 0)])[1]

    def _told_(self, facts: frozenset[str], kinds: frozenset[str]) -> Ints:
        """What findings and papers of some kinds say of a line: 0 where they say nothing."""
        abouts = {about for about, fact in self.facts.findings if fact in facts}
        abouts |= {about for about, rows in self.facts.documents.items() if any(d.kind in kinds for d in rows)}
        found = np.zeros(self.n, dtype=np.int64)
        columns = [c for c in (self._spoken(slot, abouts) for slot in SLOTS) if c is not None] if abouts else []
        if columns:
            some = np.flatnonzero(np.maximum.reduce(columns) > 0)
            days = buckets(self.day[some], self.breaks.told(facts, kinds))
            found[some] = 1 + together([*(c[some] for c in columns), days])[1]
        return found

    def _spoken(self, slot: str, abouts: set[str]) -> Ints | None:
        """Which of some things a line has in a slot, from 1 on, 0 where none; None where no line can have any."""
        book = self.book
        if slot == "id":
            found = np.zeros(book.n, dtype=np.int64)
            for i, name in self.own_names.items():
                found[i] = i + 1 if name in abouts else 0
            return found if found.any() else None
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


_NAMES = {"id", "item", "name", "fact", "sources", "span"}  # of an item or a good: what no condition tells it by


def _looks(item: Item, good: Variant | None) -> Hashable:
    """What a condition may see of a good."""
    found = [getattr(x, f.name) for x in (item, good) if x is not None for f in fields(x) if f.name not in _NAMES]
    return good is None, tuple(tuple(sorted(x.items())) if isinstance(x, Mapping) else x for x in found)


def numbered(signs: Iterable[Hashable]) -> Ints:
    """A number for each thing, the same for the same, in the order in which they first come."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(sign, len(known)) for sign in signs], dtype=np.int64)


def _starts(days: frozenset[int]) -> list[dt.date]:
    """A day in each span between break days."""
    ordered = sorted(days)
    first = ordered[0] - 1 if ordered else 1
    return [dt.date.fromordinal(min(max(1, day), dt.date.max.toordinal())) for day in (first, *ordered)]

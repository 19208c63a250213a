"""The lines of a book as whole numbers: a code for each thing that a rule may look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide.asked import Asked
from detente.decide.book import _kernels
from detente.decide.book.lines import completed
from detente.decide.facts import Facts
from detente.decide.limbs import tester
from detente.decide.places import NOT_KNOWN
from detente.decide.sale import Sale, link_rows, order_of, taking_part
from detente.record import Case
from detente.record.countries import COUNTRIES

Ints = npt.NDArray[np.int64]
EVENTS = ("production_started", "aboard_carrier", "exported", "received", "ordered")
NEVER = np.iinfo(np.int32).min  # the day of an event that is not recorded
PLACES = tuple(COUNTRIES)
_FIRST = dt.date(1970, 1, 1).toordinal()
_UNIT = "\x1f"


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A book as codes, an array of one whole number a line each.

    ``columns`` has, by name: ``seller``, ``purchaser``, ``ultimate_consignee`` and ``end_user`` (places of the party
    in ``parties``), ``variant`` (place in ``variants``, -1 for none), ``good`` (variant and whether it is made so on
    the day), ``destination`` (place in ``PLACES``), ``between``, ``via`` and ``end_use`` (places in ``lists``),
    ``move`` (what kind of movement), ``link`` and ``seller_unit``, ``buyer_unit`` (places in ``links`` and ``units``,
    -1 for none), and the days of its events. ``day`` is the ordinal of the day each line is decided on.
    """

    case: Case
    facts: Facts
    lines: pl.DataFrame
    full: pl.DataFrame
    links: dict[str, dict[str, Any]]
    units: tuple[str, ...]
    parties: tuple[str, ...]
    variants: tuple[str, ...]
    columns: dict[str, Ints]
    lists: dict[str, list[list[str]]]
    between_start: Ints
    between_party: Ints
    day: Ints
    as_of: dt.date

    @property
    def n(self) -> int:
        """How many lines."""
        return self.lines.height

    def sale(self, i: int) -> Sale:
        """The sale of a line."""
        row = self.lines.row(i, named=True)
        return order_of(row, self.links.get(row["link"]), self.facts)

    def sales(self, lines: Ints, names: Sequence[str] | None = None) -> list[Sale]:
        """The sales of some lines, which may go by other names than their ids."""
        some = self.lines[lines] if names is None else self.lines[lines].with_columns(pl.Series("id", names))
        rows = some.iter_rows(named=True)
        return [order_of(row, self.links.get(row["link"]), self.facts) for row in rows]

    def when(self, i: int) -> dt.date:
        """The day a line is decided on."""
        return dt.date.fromordinal(int(self.day[i]))

    def asked(self, i: int, facts: Facts, sale: Sale | None = None) -> Asked:
        """The question that a line puts, or another sale on its day."""
        asked, when = sale or self.sale(i), self.when(i)
        taking = taking_part(asked, facts, when)
        return Asked(asked, taking, facts, when, tester(asked, taking, facts, when, full=False))


def coded(lines: pl.DataFrame, case: Case, facts: Facts, as_of: dt.date) -> Coded:
    """Number everything in a book that a rule may ask about."""
    rows = completed(lines, case)
    parties, variants, units = tuple(case["parties"]["id"]), tuple(facts.variants), tuple(case["units"]["id"])
    has_links = rows["link"].null_count() < rows.height
    links = {r["id"]: r for r in link_rows(case).iter_rows(named=True)} if has_links else {}
    day = rows.select(_ordinal(pl.coalesce("exported", pl.lit(as_of)))).to_series().to_numpy()
    who = ("seller", "purchaser", "ultimate_consignee", "end_user")
    columns = {c: _places(rows[c], parties) for c in who}
    columns["variant"] = _places(rows["variant"], variants)
    columns["link"] = _places(rows["link"], tuple(links))
    columns |= {c: _places(rows[c], units) for c in ("seller_unit", "buyer_unit")}
    columns["destination"] = _places(rows["destination"], PLACES)
    lists: dict[str, list[list[str]]] = {}
    for name, column in (("between", "intermediate_consignee"), ("via", "via"), ("end_use", "end_use")):
        lists[name], columns[name] = _lists(rows[column])
    full = _with_items(rows, columns, facts)
    columns["good"] = _good(full, columns, facts, day)
    columns["move"] = _move(full, columns, facts)
    columns |= {e: rows.select(_ordinal(pl.col(e)).fill_null(NEVER)).to_series().to_numpy() for e in EVENTS}
    number = {p: k for k, p in enumerate(parties)} if any(lists["between"]) else {}
    spread = [[number[p] for p in x] for x in lists["between"]]
    start = np.concatenate(([0], np.cumsum([len(x) for x in spread]))).astype(np.int64)
    flat = np.array([p for x in spread for p in x], dtype=np.int64)
    return Coded(
        case, facts, lines, full, links, units, parties, variants, columns, lists, start, flat, day, as_of
    )  # fmt: skip


def _ordinal(day: pl.Expr) -> pl.Expr:
    """Days as Python counts them: 1 is 0001-01-01."""
    return day.cast(pl.Int32).cast(pl.Int64) + _FIRST


def as_days(ordinals: Ints) -> pl.Series:
    """Days from ordinals."""
    return pl.Series("day", ordinals - _FIRST).cast(pl.Int32).cast(pl.Date)


def _places(column: pl.Series, values: Sequence[str]) -> Ints:
    """The place of each cell among some values; -1 where it is empty."""
    if column.null_count() == column.len():
        return np.full(column.len(), -1, dtype=np.int64)
    found = column.cast(pl.Enum(values)).to_physical().cast(pl.Int64)
    return found.fill_null(-1).to_numpy()


def _lists(column: pl.Series) -> tuple[list[list[str]], Ints]:
    """The different lists of a column, the empty one first, and the number of the list of each line."""
    n = column.len()
    if column.null_count() == n or not column.list.len().max():
        return [[]], np.zeros(n, dtype=np.int64)
    text = column.list.join(_UNIT).fill_null("")
    values = ["", *sorted(set(text.unique()) - {""})]
    return [v.split(_UNIT) if v else [] for v in values], _places(text, values)


def _with_items(rows: pl.DataFrame, columns: dict[str, Ints], facts: Facts) -> pl.DataFrame:
    """The lines with the item of each: that of its variant, else of its link."""
    of = pl.Series([x.item for x in facts.variants.values()] + [None], dtype=pl.String)
    mine = of[columns["variant"]] if len(facts.variants) else of.new_from_index(0, rows.height)
    return rows.with_columns(pl.coalesce(mine, pl.col("link_item")).alias("item")).drop("link_item")


def _good(full: pl.DataFrame, columns: dict[str, Ints], facts: Facts, day: Ints) -> Ints:
    """Twice the number of the good, plus one where it is made so on the day; goods without a variant by who sells."""
    variant, every = columns["variant"], tuple(facts.variants.values())
    first = np.array([0 if x.span.since is None else x.span.since.toordinal() for x in every] + [0], dtype=np.int64)
    last = np.array([_last(x.span.through) for x in every] + [0], dtype=np.int64)
    good = 2 * variant + ((variant >= 0) & (first[variant] <= day) & (day <= last[variant]))
    bare = np.flatnonzero(variant < 0)
    if bare.size:
        items = tuple(facts.items)
        _, number = together([columns["seller_unit"][bare], _places(full["item"].gather(bare), items)])
        good[bare] = 2 * (len(every) + number)
    return good


def _last(day: dt.date | None) -> int:
    return dt.date.max.toordinal() if day is None else day.toordinal()


def _move(full: pl.DataFrame, columns: dict[str, Ints], facts: Facts) -> Ints:
    """What a line's movement is, as far as acts can tell: what the order says, the kind of good, where it crosses."""
    every, good, to = tuple(facts.variants.values()), columns["good"], columns["destination"]
    acts = full["act"]
    act = _places(acts, sorted(set(acts.drop_nulls()))) if acts.null_count() < acts.len() else np.full(good.size, -1)
    kinds = sorted({x.kind for x in facts.items.values()})
    kind_of = {i: kinds.index(x.kind) for i, x in facts.items.items()}
    kind = np.array([kind_of[x.item] for x in every] + [-1], dtype=np.int64)[columns["variant"]]
    bare = np.flatnonzero(columns["variant"] < 0)
    if bare.size:
        kind[bare] = np.array(list(kind_of.values()))[_places(full["item"].gather(bare), tuple(kind_of))]
    number, unknown = {c: k for k, c in enumerate(PLACES)}, PLACES.index(NOT_KNOWN)
    ships = np.array([number[x.shipped_from] for x in every] + [unknown], dtype=np.int64)[columns["variant"]]
    is_known = (good % 2 == 1) & (ships != unknown) & (to != unknown)
    way = np.where(is_known, np.where(ships == to, 1, 2), 0)
    start = ships if any(m.home for m, _ in facts.limbs.values()) else np.zeros_like(ships)
    return together([act, kind, way, np.where(is_known, start, -1)])[1]


def buckets(days: Ints, breaks: Iterable[int]) -> Ints:
    """The number of the span between break days that each day lies in."""
    ordered = np.unique(np.fromiter(breaks, dtype=np.int64))
    return np.searchsorted(ordered, days, side="right") if ordered.size else np.zeros(days.size, dtype=np.int64)


def together(columns: Sequence[Ints]) -> tuple[Ints, Ints]:
    """The first line of each different combination of codes, and the number of the combination of each line.

    Combinations are numbered in the order in which they first occur.
    """
    n = columns[0].size if columns else 0
    key, most = np.zeros(n, dtype=np.int64), 1
    for column in columns:
        low, high = (int(column.min()), int(column.max())) if n else (0, 0)
        width = high - low + 1
        if width == 1:
            continue
        if most * width >= 1 << 62:
            first, key = _numbered(key, most)
            most = first.size
        key *= width
        key += column
        key -= low
        most *= width
    return _numbered(key, most)


def _numbered(key: Ints, most: int) -> tuple[Ints, Ints]:
    """The first line of each different key below ``most``, and the number of the key of each line."""
    first, number = np.empty(key.size, dtype=np.int64), np.empty(key.size, dtype=np.int64)
    count = _kernels.number(key, most, number, first)
    return first[:count].copy(), number

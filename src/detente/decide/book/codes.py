"""The lines of a book as whole numbers: a code for each thing that a condition of a rule may look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide.asked import Asked
from detente.decide.book.lines import completed
from detente.decide.facts import Facts
from detente.decide.limbs import tester
from detente.decide.places import NOT_KNOWN
from detente.decide.sale import Sale, link_rows, order_of, taking_part
from detente.record import Case

Ints = npt.NDArray[np.int64]
EVENTS = ("production_started", "aboard_carrier", "exported", "received", "ordered")
NEVER = np.iinfo(np.int32).min  # the day of an event that is not recorded
_DENSE = 1 << 23


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A book as codes, an array of one whole number a line each.

    ``columns`` has, by name: ``seller`` and the other roles (places of the party in ``parties``), ``good`` (variant and
    whether it is made so on the day), ``destination``, ``via``, ``end_use``, ``move`` (what kind of movement),
    ``usd`` (value in cents), ``told`` (which of the things a finding or paper speaks of), and the days of its events.
    ``day`` is the ordinal of the day each line is decided on.
    """

    case: Case
    facts: Facts
    lines: pl.DataFrame
    full: pl.DataFrame
    links: dict[str, dict[str, Any]]
    parties: tuple[str, ...]
    columns: dict[str, Ints]
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

    def asked(self, i: int, facts: Facts, day: dt.date | None = None) -> Asked:
        """The question that a line puts, on its own day unless another is given."""
        sale = self.sale(i)
        when = day or dt.date.fromordinal(int(self.day[i]))
        taking = taking_part(sale, facts, when)
        return Asked(sale, taking, facts, when, tester(sale, taking, facts, when, full=False))


def coded(lines: pl.DataFrame, case: Case, facts: Facts, as_of: dt.date) -> Coded:
    """Number everything in a book that a rule may ask about."""
    full = completed(lines, case)
    parties = tuple(case["parties"]["id"])
    place = pl.DataFrame({"id": parties, "at": np.arange(len(parties), dtype=np.int64)})

    def of(column: str) -> Ints:
        return _joined(full[column], place)

    day = full.select(_ordinal(pl.coalesce("exported", pl.lit(as_of)))).to_series().to_numpy()
    good = _good(full, facts, day)
    lists, between = _lists(full["intermediate_consignee"])
    spread = [[parties.index(p) for p in x] for x in lists] if any(lists) else [[] for _ in lists]
    columns: dict[str, Ints] = {
        "seller": of("seller"),
        "purchaser": of("purchaser"),
        "ultimate_consignee": of("ultimate_consignee"),
        "end_user": of("end_user"),
        "between": between,
        "good": good,
        "destination": _ranked(full["destination"]),
        "via": _lists(full["via"])[1],
        "end_use": _lists(full["end_use"])[1],
        "move": _move(full, facts, good),
        "usd": (full["value_usd_m"] * 1e8).round().cast(pl.Int64).to_numpy(),
        "told": _told(full, facts),
    }
    for event in EVENTS:
        columns[event] = full.select(_ordinal(pl.col(event)).fill_null(NEVER)).to_series().to_numpy()
    links = (
        {r["id"]: r for r in link_rows(case).iter_rows(named=True)} if full["link"].null_count() < full.height else {}
    )
    start = np.concatenate(([0], np.cumsum([len(x) for x in spread]))).astype(np.int64)
    flat = np.array([p for x in spread for p in x], dtype=np.int64)
    return Coded(case, facts, lines, full, links, parties, columns, start, flat, day, as_of)


def _ordinal(day: pl.Expr) -> pl.Expr:
    """Days as Python counts them: 1 is 0001-01-01."""
    return day.cast(pl.Int32).cast(pl.Int64) + dt.date(1970, 1, 1).toordinal()


def _joined(column: pl.Series, place: pl.DataFrame) -> Ints:
    found = column.to_frame("id").join(place, on="id", how="left", maintain_order="left")["at"]
    return found.fill_null(-1).to_numpy().astype(np.int64)


def _ranked(column: pl.Series) -> Ints:
    """A number for each value, the same for the same; 0 for an empty cell."""
    return column.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()


def _lists(column: pl.Series) -> tuple[list[list[str]], Ints]:
    """The different lists of a column, the empty one first, and the number of the list of each line."""
    text = column.list.join("\x1f").fill_null("")
    values = ["", *sorted(set(text.unique()) - {""})]
    place = pl.DataFrame({"id": values, "at": np.arange(len(values), dtype=np.int64)})
    return [v.split("\x1f") if v else [] for v in values], _joined(text, place)


def _good(full: pl.DataFrame, facts: Facts, day: Ints) -> Ints:
    """Twice the number of the good, plus one where it is made so on the day; goods without a variant by who sells."""
    named = tuple(facts.variants)
    place = pl.DataFrame(
        {"id": named, "at": np.arange(len(named), dtype=np.int64)}, schema={"id": pl.String, "at": pl.Int64}
    )
    variant = _joined(full["variant"], place)
    bare = full.select(pl.concat_str("seller_unit", "item", separator="\x1f", ignore_nulls=True).rank("dense"))
    good = np.where(variant >= 0, variant, len(named) + bare.to_series().fill_null(0).cast(pl.Int64).to_numpy())
    first = np.array([_first(facts.variants[v].span.since) for v in named] + [0], dtype=np.int64)
    last = np.array([_last(facts.variants[v].span.through) for v in named] + [0], dtype=np.int64)
    own = np.where(variant >= 0, variant, len(named))
    return 2 * good + ((variant >= 0) & (first[own] <= day) & (day <= last[own]))


def _first(day: dt.date | None) -> int:
    return 0 if day is None else day.toordinal()


def _last(day: dt.date | None) -> int:
    return dt.date.max.toordinal() if day is None else day.toordinal()


def _move(full: pl.DataFrame, facts: Facts, good: Ints) -> Ints:
    """What a line's movement is, as far as acts can tell: what the order says, the kind of good, whether it crosses."""
    ships = {v: x.shipped_from for v, x in facts.variants.items()}
    kinds = {i: x.kind for i, x in facts.items.items()}
    known = good % 2 == 1
    shipped = full["variant"].replace_strict(ships, default=None, return_dtype=pl.String)
    parts = full.select(
        pl.col("act").fill_null(""),
        pl.col("item").replace_strict(kinds, default="", return_dtype=pl.String).alias("kind"),
        shipped.fill_null("") if any(m.home for m, _ in facts.limbs.values()) else pl.lit("").alias("ships"),
        pl.when(~pl.Series(known) | (shipped == NOT_KNOWN) | (pl.col("destination") == NOT_KNOWN)).then(pl.lit("?"))
        .when(shipped == pl.col("destination")).then(pl.lit("=")).otherwise(pl.lit("/")).alias("way"),
    )  # fmt: skip
    return _ranked(parts.select(pl.concat_str(pl.all(), separator="\x1f")).to_series())


def _told(full: pl.DataFrame, facts: Facts) -> Ints:
    """Which of the things about a line a finding or a paper speaks of: 0 where none does."""
    spoken = list({about for about, _ in facts.findings} | set(facts.documents))
    if not spoken:
        return np.zeros(full.height, dtype=np.int64)
    slots = (
        "id", "link", "seller_unit", "variant", "buyer_unit", "seller", "purchaser", "ultimate_consignee", "end_user",
    )  # fmt: skip
    said = [pl.when(pl.col(c).is_in(spoken)).then(pl.col(c)).fill_null("") for c in slots]
    text = full.select(pl.concat_str(said, separator="\x1f").alias("t")).to_series()
    nothing = "\x1f" * (len(slots) - 1)
    values = [nothing, *sorted(set(text.unique()) - {nothing})]
    place = pl.DataFrame({"id": values, "at": np.arange(len(values), dtype=np.int64)})
    return _joined(text, place)


def buckets(days: Ints, breaks: Iterable[int]) -> Ints:
    """The number of the span between break days that each day lies in."""
    ordered = np.unique(np.fromiter(breaks, dtype=np.int64))
    return np.searchsorted(ordered, days, side="right")


def together(columns: Sequence[Ints]) -> tuple[Ints, Ints]:
    """The first line of each different combination of codes, and the number of the combination of each line."""
    n = columns[0].size if columns else 0
    key = np.zeros(n, dtype=np.int64)
    for column in columns:
        low, high = (int(column.min()), int(column.max())) if n else (0, 0)
        width = high - low + 1
        most = int(key.max()) + 1 if n else 1
        if most * width >= 1 << 62:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            column = np.unique(column, return_inverse=True)[1].astype(np.int64)
            low, width = 0, int(column.max()) + 1
        key = key * width + (column - low)
    most = int(key.max()) + 1 if n else 0
    if most > max(_DENSE, 4 * n):
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        return first.astype(np.int64), inverse.astype(np.int64)
    where = np.full(most, -1, dtype=np.int64)
    where[key[::-1]] = np.arange(n - 1, -1, -1)
    first = where[where >= 0]
    number = np.cumsum(where >= 0) - 1
    return first, number[key]

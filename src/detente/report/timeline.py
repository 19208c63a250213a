"""Who could sell on which day, as rows of bars: a row a sale, or a row a seller where there are many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from detente.decide import Permits
from detente.record import Case
from detente.report.story import KINDS, sales_on
from detente.report.words import country, shorten

MAX_ROWS = 40  # more rows than that cannot be read at a glance
NO_VALUE = 1e-3  # USD m: what a sale without a value of its own weighs, so that it is seen
KIND_OF = {
    "allowed_by_exception": "general licence", "covered_by_licence": "licensed", "needs_facts": "not known",
    "conflict": "not known", "licence_required": "closed", "denied": "closed",
}  # fmt: skip
_NEXT = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """A span without change, both days inclusive, and what says so.

    ``kinds`` are USD m a year in the order of ``KINDS``; a sale without a value of its own weighs ``NO_VALUE``.
    """

    since: dt.date
    through: dt.date
    kinds: tuple[float, ...]
    because: str

    @property
    def value_usd_m(self) -> float:
        """Sales with and without leave, USD m a year."""
        return sum(self.kinds)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the timeline: who sells (and what to whom, where the row is one sale), and the spans.

    ``is_rest``: the smallest sellers of a country in one row, which stands last.
    """

    key: str
    name: str
    short: str
    country: str
    value_usd_m: float
    bars: tuple[Bar, ...]
    is_rest: bool = False


def history(case: Case, permits: Permits, since: dt.date, through: dt.date) -> pl.DataFrame:
    """Every sale to the focus units on every day from which something differs.

    The columns of ``story.sales_on`` (a sale without a value of its own weighs ``NO_VALUE``), and ``day`` and ``until``
    (the span, inclusive), ``party`` (the seller's), ``limbs`` and ``because`` (the headline of the verdict). Sorted by
    link and day.
    """
    first, last = since.toordinal(), through.toordinal()
    starts = sorted({first, *(d for d in permits.since.tolist() if first < d <= last)})
    days = [dt.date.fromordinal(d) for d in starts]
    ends = [*(d - _NEXT for d in days[1:]), through]
    parts = []
    for day, until in zip(days, ends, strict=True):
        verdicts = permits.on(day).verdict
        reasons = pl.DataFrame(
            {
                "link": permits.links,
                "limbs": [[] if v is None else list(v.limbs) for v in verdicts],
                "because": ["" if v is None else v.headline for v in verdicts],
            },
            schema_overrides={"limbs": pl.List(pl.String)},
        )
        sales = sales_on(case, permits, day).join(reasons, on="link", how="left", maintain_order="left")
        parts.append(_weighed(sales).with_columns(pl.lit(day).alias("day"), pl.lit(until).alias("until")))
    party = case["units"].select(pl.col("id").alias("seller"), "party")
    return pl.concat(parts).join(party, on="seller", how="left", maintain_order="left").sort("link", "day")


def _weighed(sales: pl.DataFrame) -> pl.DataFrame:
    """Sales of value 0 (no figure is published, say) with a hair of weight in the kind they are of."""
    kind = pl.col("outcome").replace_strict(KIND_OF, default="open")
    bare = pl.col("value_usd_m") == 0
    return sales.with_columns(
        pl.when(bare & (kind == k)).then(pl.lit(NO_VALUE)).otherwise(pl.col(k)).alias(k) for k in KINDS
    )


def by_sale(case: Case, sales: pl.DataFrame) -> tuple[Row, ...]:
    """One row a sale, sorted by country (the one with most sales first), then by value."""
    units = dict(case["units"].select("id", "name").iter_rows())
    items = dict(case["items"].select("id", "name").iter_rows())
    rows = []
    for group in sales.partition_by("link", maintain_order=True):
        first = group.row(0, named=True)
        name = f"{units[first['seller']]} → {units[first['buyer']]}: {items[first['item']]}"
        short = f"{shorten(units[first['seller']], 30)} → {shorten(units[first['buyer']], 24)}"
        value = first["value_usd_m"]
        rows.append(Row(first["link"], name, short, country(first["country"]), value, tuple(_bars(group))))
    return _ordered(rows)


def by_seller(case: Case, sales: pl.DataFrame, *, at_most: int = MAX_ROWS) -> tuple[Row, ...]:
    """One row a seller, its sales added up; the smallest sellers of a country share a row where there are too many."""
    names = dict(case["parties"].select("id", "name").iter_rows())
    biggest = _biggest(sales, at_most)
    keyed = sales.with_columns(
        pl.when(pl.col("party").is_in(biggest)).then("party").otherwise(pl.lit(None)).alias("own")
    )
    rows = []
    for group in keyed.partition_by("country", "own", maintain_order=True):
        own, code = group["own"][0], group["country"][0]
        n = group["party"].n_unique()
        name = f"{n} smaller sellers" if own is None else names[own]
        if own is None and n == 1:
            name = names[group["party"][0]]
        added = (
            group.group_by("day", "until", maintain_order=True)
            .agg(pl.col("value_usd_m").sum(), *(pl.col(k).sum() for k in KINDS), pl.lit("").alias("because"))
            .with_columns(pl.lit([], dtype=pl.List(pl.String)).alias("limbs"))
            .sort("day")
        )
        value = float(added["value_usd_m"].max() or 0.0)  # type: ignore[arg-type]
        rows.append(
            Row(f"{code}:{own}", name, shorten(name, 44), country(code), value, tuple(_bars(added)), own is None)
        )
    return _ordered(rows)


def _biggest(sales: pl.DataFrame, at_most: int) -> list[str]:
    """The sellers that get a row of their own; the others need a row a country."""
    top = (
        sales.group_by("link", "party").agg(pl.col("value_usd_m").max())
        .group_by("party").agg(pl.col("value_usd_m").sum())
        .sort("value_usd_m", "party", descending=[True, False])["party"].to_list()
    )  # fmt: skip
    return top if len(top) <= at_most else top[: max(1, at_most - sales["country"].n_unique())]


def _bars(group: pl.DataFrame) -> Iterator[Bar]:
    """Spans of one row, equal neighbours joined."""
    held: Bar | None = None
    for row in group.iter_rows(named=True):
        kinds = tuple(round(row[k], 6) for k in KINDS)
        because = row["because"] + (f" Rules: {', '.join(row['limbs'])}." if row["limbs"] else "")
        if held and held.through + _NEXT == row["day"] and held.kinds == kinds and held.because == because:
            held = Bar(held.since, row["until"], kinds, because)
            continue
        if held:
            yield held
        held = Bar(row["day"], row["until"], kinds, because)
    if held:
        yield held


def _ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    kept = [r for r in rows if r.bars]
    totals: dict[str, float] = {}
    for row in kept:
        totals[row.country] = totals.get(row.country, 0.0) + row.value_usd_m
    return tuple(sorted(kept, key=lambda r: (-totals[r.country], r.country, r.is_rest, -r.value_usd_m, r.key)))


@dataclass(frozen=True, slots=True)
class Mark:
    """A day marked on the timeline: ``sign`` is a letter for a day of the story, a number where a rule starts."""

    sign: str
    day: dt.date
    text: str
    is_story: bool


def marks(case: Case, story: Iterable[dt.date], as_of: dt.date, since: dt.date, through: dt.date) -> tuple[Mark, ...]:
    """The days of the story, and every day on which a rule or a listing starts, in order."""
    told = [
        Mark(_letter(i), day, "the day of the answer" if day == as_of else "told of in section 2", True)
        for i, day in enumerate(d for d in sorted(set(story)) if since <= d <= through)
    ]
    starts: dict[dt.date, list[str]] = {}
    for measure in case.measures:
        for day in sorted({w.since for limb in measure.limbs for w in limb.in_force}):
            ids = [limb.id for limb in measure.limbs if day in {w.since for w in limb.in_force}]
            starts.setdefault(day, []).append(f"{measure.title} ({', '.join(ids)})")
    listed = case["listings"].filter(pl.col("since").is_not_null())
    for day, list_, n in listed.group_by("since", "list").len().sort("since", "list").iter_rows():
        starts.setdefault(day, []).append(f"{n} {'entry' if n == 1 else 'entries'} of {list_}")
    days = [d for d in sorted(starts) if since <= d <= through]
    return (*told, *(Mark(str(i), d, "; ".join(starts[d]), False) for i, d in enumerate(days, 1)))


def _letter(index: int) -> str:
    """A, B, ... Z, AA, AB, ..."""
    return (_letter(index // 26 - 1) if index >= 26 else "") + chr(ord("A") + index % 26)

"""The story's figures as tables: each stands beside a chart and says the same in words and numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from detente.impact.outcome import Outcome
from detente.impact.path import Path
from detente.report.numbers import amount, loss_range, money, money_span, percent, percents
from detente.report.story import KINDS
from detente.report.tables import Cell, Table, table, text_number, whole
from detente.report.timeline import NO_VALUE, Row
from detente.report.totals import DayTotal
from detente.report.words import country

_KIND_HEADS = tuple(f"#{k[:1].upper()}{k[1:]}" for k in KINDS)


def day_table(totals: Sequence[DayTotal]) -> Table:
    """One row a day of the story: sales by kind, what may be sold with its range, and by how many sellers."""
    rows = []
    for t in totals:
        shares = percents([t.share(k) for k in KINDS])
        rows.append(
            (Cell(t.day.isoformat()), _money(t.value_usd_m),
             *(_kind(t.kinds[k], share) for k, share in zip(KINDS, shares, strict=True)),
             text_number(f"{money(t.may_usd_m)} ({money_span(t.may_low, t.may_high)})", t.may_usd_m),
             Cell(f"{t.n_sellers_open} of {t.n_sellers}"))
        )  # fmt: skip
    heads = ("@Day", "#Sales a year", *_KIND_HEADS, "#May be sold (range)", "Sellers that may sell")
    return table("days", "Each day of the story: what the law left open", heads, rows)


def country_tables(by_country: pl.DataFrame) -> tuple[tuple[dt.date, Table], ...]:
    """A table for each day: sales by the seller's country and kind, USD m a year."""
    tables = []
    for (day,), group in by_country.sort("day").group_by("day", maintain_order=True):
        if not isinstance(day, dt.date):
            raise AssertionError(f"a day that is none: {day!r}")
        ordered = group.sort("value_usd_m", "country", descending=[True, False])
        rows: list[tuple[Cell | str, ...]] = [
            (country(r["country"]), whole(r["value_usd_m"]), *(whole(r[k]) for k in KINDS),
             f"{r['sellers_open']} of {r['sellers']}")
            for r in ordered.iter_rows(named=True)
        ]  # fmt: skip
        heads = ("Country", "#Sales", *_KIND_HEADS, "Sellers that may sell")
        id_ = f"countries-{day.isoformat()}"
        tables.append((day, table(id_, f"By the seller's country on {day}, USD m a year", heads, rows)))
    return tuple(tables)


def item_table(items: pl.DataFrame, day: dt.date) -> Table:
    """One row an item: sales by kind on a day."""
    rows = [(r["name"], whole(r["value_usd_m"]), *(whole(r[k]) for k in KINDS)) for r in items.iter_rows(named=True)]
    return table("items", f"By item on {day}, USD m a year", ("Item", "#Sales", *_KIND_HEADS), rows)


def span_table(rows: Sequence[Row]) -> Table:
    """One row a sale and span without change: the timeline in words."""
    cells = [
        (Cell(row.name), row.country, bar.since.isoformat(), bar.through.isoformat(), Cell(_said(bar.kinds),
         kind=_main(bar.kinds)), whole(bar.value_usd_m if bar.value_usd_m > NO_VALUE else 0.0), bar.because)
        for row in rows for bar in row.bars
    ]  # fmt: skip
    heads = ("Sale", "=Country", "@Since", "@Through", "=State", "#USD m a year", "Because")
    return table("spans", "Every sale and span", heads, cells, is_long=True)


def side_table(outcome: Outcome, labels: Mapping[str, str]) -> Table:
    """One row a side: output, its own closed sales, and the loss as a range, with the figure as classed."""
    rows = [
        (labels.get(r["side"], r["side"]), _money(r["output_usd_m"]), _money(r["closed_sales_usd_m"]),
         _money(r["unknown_sales_usd_m"]),
         *_loss(r, "loss_usd_m"), _of_output(r))
        for r in outcome.by_side().sort("loss_usd_m", "side", descending=[True, False]).iter_rows(named=True)
    ]  # fmt: skip
    heads = (
        "Side", "#Output a year", "#Own sales closed", "#Not known", "#Output lost a year", "#As classed",
        "#Of its output",
    )  # fmt: skip
    return table("sides", f"Loss by side if the permits of {outcome.day} lasted a year", heads, rows)


def firm_table(firms: pl.DataFrame, labels: Mapping[str, str]) -> Table:
    """One row a firm: the loss as a range, and the parts of its figure as classed."""
    rows = [
        (r["party_name"], labels.get(r["side"], r["side"]), *_loss(r, "loss_usd_m"), _money(r["direct_usd_m"]),
         _money(r["unknown_usd_m"]), _money(r["network_usd_m"]), _money(r["closed_inputs_usd_m"]), _of_output(r))
        for r in firms.iter_rows(named=True)
    ]  # fmt: skip
    heads = (
        "Firm", "Side", "#Output lost a year", "#As classed", "#of it: own sales closed", "#of it: own sales not known",
        "#of it: through the network",
        "#Own purchases closed", "#Of its output",
    )  # fmt: skip
    return table("firms", f"The {len(rows)} firms that lose most", heads, rows)


def path_table(path: Path, labels: Mapping[str, str]) -> Table:
    """One row a span and side: the loss a year while it lasted, and in the span."""
    rows = [
        (r["since"].isoformat(), r["through"].isoformat(), labels.get(r["side"], r["side"]),
         *_loss(r, "loss_a_year_usd_m"), *_loss(r, "loss_usd_m"))
        for r in path.frame().iter_rows(named=True)
    ]  # fmt: skip
    heads = ("@Since", "@Through", "=Side", "#Loss a year", "#As classed", "#Loss in the span", "#As classed")
    return table("path", "Loss by span and side", heads, rows, is_long=True)


def _loss(row: Mapping[str, float], column: str) -> tuple[Cell, Cell]:
    """The range, and the figure with inputs as classed."""
    value, low, high = (row[f"{column}{end}"] for end in ("", "_low", "_high"))
    return text_number(loss_range(low, high), high), _money(value)


def _of_output(row: Mapping[str, float]) -> Cell:
    """The loss as a share of output, low to high."""
    output = row["output_usd_m"]
    if output <= 0:
        return Cell("", -1.0)
    low, high = (percent(row[f"loss_usd_m{end}"] / output) for end in ("_low", "_high"))
    return text_number(low if low == high else f"{low} to {high}", row["loss_usd_m_high"] / output)


def _money(value: float) -> Cell:
    return text_number("–" if value == 0 else money(value), value)


def _kind(value: float, share: str) -> Cell:
    """Money and its share of the day's sales."""
    return Cell("–", 0.0) if value == 0 else Cell(money(value), float(f"{value:.7g}"), lines=(share,))


def _said(kinds: Sequence[float]) -> str:
    """The kinds that are there, with their value where there are several."""
    there = [(k, v) for k, v in zip(KINDS, kinds, strict=True) if v > 0]
    return there[0][0] if len(there) == 1 else ", ".join(f"{k} {amount(v)}" for k, v in there)


def _main(kinds: Sequence[float]) -> str:
    """The kind of the larger part."""
    return max(zip(kinds, KINDS, strict=True), key=lambda p: p[0])[1]

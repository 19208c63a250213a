"""The story's figures as tables: each stands beside a chart and says the same in words and numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from detente.impact.models import Bracket
from detente.report.numbers import amount, balance_range, loss_or_gain, money, money_span, percent, percents
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


def side_table(found: Bracket, labels: Mapping[str, str]) -> Table:
    """One row a side: output, its own closed sales, and the loss by each model."""
    sales = {r["side"]: r for r in found.by_side("sales").iter_rows(named=True)}
    added = {r["side"]: r for r in found.by_side("value_added").iter_rows(named=True)}
    rows = [
        (labels.get(r["side"], r["side"]), _money(r["output_usd_m"]), _sales(sales[r["side"]]), _range(r, "optimum"),
         _both(r, "flow"), _both(r, "cascade"), _of_output(r),
         _figure(added[r["side"]], "flow"))
        for r in found.by_side().sort("loss_usd_m", "side", descending=[True, False]).iter_rows(named=True)
    ]  # fmt: skip
    heads = (
        "Side", "#Output a year", "#Own sales closed", "#Output lost: optimum", "#flow", "#cascade",
        "#of output (flow)", "#Value added lost (flow)",
    )  # fmt: skip
    return table("sides", f"Output lost a year by side if the permits of {found.since} lasted", heads, rows)


def firm_table(firms: pl.DataFrame, labels: Mapping[str, str]) -> Table:
    """One row a firm: the loss by each model, and the parts of the flow's figure."""
    rows = [
        (r["party_name"], labels.get(r["side"], r["side"]), _range(r, "optimum"), _figure(r, "flow"),
         _range(r, "cascade"), _money(r["direct_usd_m"]), _figure(r, "network"), _of_output(r))
        for r in firms.iter_rows(named=True)
    ]  # fmt: skip
    heads = (
        "Firm", "Side", "#Optimum", "#Flow", "#Cascade", "#of the flow: own sales closed",
        "#of the flow: through the network", "#Of its output",
    )  # fmt: skip
    return table("firms", f"The {len(rows)} firms that lose most, USD a year", heads, rows)


def gain_table(units: pl.DataFrame, labels: Mapping[str, str]) -> Table:
    """One row a unit that gains, by the flow."""
    rows = [
        (r["name"], labels.get(r["side"], r["side"]), country(r["country"]), _money(r["gained_usd_m"]),
         text_number(money_span(r["gained_usd_m_low"], r["gained_usd_m_high"]), r["gained_usd_m_high"]),
         _money(r["taken_usd_m"]), _money(r["sold_usd_m"]))
        for r in units.iter_rows(named=True)
    ]  # fmt: skip
    heads = ("Unit", "Side", "Where", "#Output gained", "#its range", "#taken over from rivals", "#more parts sold")
    return table("gains", "Who makes more than without the measures, USD a year", heads, rows)


def stop_table(found: Bracket, labels: Mapping[str, str]) -> Table:
    """One row a unit that stops, by the flow."""
    rows = [
        (r["name"], labels.get(r["side"], r["side"]), *(_day(r[c]) for c in ("stops", "earliest", "latest")))
        for r in found.stops().iter_rows(named=True)
    ]
    heads = ("Unit", "Side", "@First day", "@Earliest", "@Latest")
    return table("stops", "What stops, and when", heads, rows)


def path_table(found: Bracket, labels: Mapping[str, str]) -> Table:
    """One row a month and side: output lost by the three models."""
    month = pl.col("day").dt.strftime("%Y-%m").alias("month")
    sums = ("flow_usd_m", "flow_usd_m_low", "flow_usd_m_high", "optimum_usd_m_low", "cascade_usd_m_high")
    months = found.by_day().group_by(month, "side").agg(pl.col(c).sum() for c in sums).sort("month", "side")
    rows = [
        (r["month"], labels.get(r["side"], r["side"]), _figure(r, "flow"), _range(r, "flow"),
         text_number(_span(r["optimum_usd_m_low"], r["cascade_usd_m_high"]), r["cascade_usd_m_high"]))
        for r in months.iter_rows(named=True)
    ]  # fmt: skip
    heads = ("@Month", "=Side", "#Flow", "#its range", "#Optimum to cascade")
    return table("path", "Output lost by month and side, USD", heads, rows, is_long=True)


def _day(day: dt.date | None) -> str:
    return "not in the days run" if day is None else day.isoformat()


def _span(low: float, high: float) -> str:
    a, b = (0.0 if abs(v) < 0.05 else v for v in (low, high))
    return balance_range(a, b).removesuffix(" *")


def _range(row: Mapping[str, float], model: str) -> Cell:
    low, high = row[f"{model}_usd_m_low"], row[f"{model}_usd_m_high"]
    return Cell("not looked for", -1.0) if low is None else text_number(_span(low, high), high)


def _both(row: Mapping[str, float], model: str) -> Cell:
    """The figure, and the model's own range below it."""
    figure = _figure(row, model)
    low, high = row[f"{model}_usd_m_low"], row[f"{model}_usd_m_high"]
    return Cell(figure.text, figure.sort, lines=(_span(low, high).replace("USD ", ""),))


def _figure(row: Mapping[str, float], model: str) -> Cell:
    value = row[f"{model}_usd_m"]
    text = "–" if abs(value) < 0.05 else loss_or_gain(value)
    star = " *" if model == "flow" and not row.get("is_supported", True) else ""
    return text_number(f"{text}{star}", value)


def _sales(row: Mapping[str, float]) -> Cell:
    low, value, high = (row[f"sales_usd_m{end}"] for end in ("_low", "", "_high"))
    if high == 0:
        return Cell("–", 0.0)
    return Cell(money(value), float(f"{value:.7g}"), lines=(money_span(low, high),))


def _of_output(row: Mapping[str, float]) -> Cell:
    """The loss by the flow as a share of output."""
    output, loss = row["output_usd_m"], row["loss_usd_m"]
    if output <= 0:
        return Cell("", -1.0)
    return text_number(percent(loss / output) if loss >= 0 else f"gain of {percent(-loss / output)}", loss / output)


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

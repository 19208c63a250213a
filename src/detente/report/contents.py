"""What the page says, before it is a page: the answer, the marks, tables and figures."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

import detente
from detente.decide import Permits
from detente.impact.assumptions import Assumptions
from detente.impact.models import Bracket
from detente.record import Case
from detente.record.load import overlay_about
from detente.relief.answer import Relief
from detente.report import course_figures, evidence, figures, ledgers, loss_figures, losses, story_tables
from detente.report.laws import MeasureText, measure_texts
from detente.report.numbers import balance_range, listed, long_day, loss_or_gain, money, money_span, percent, percents
from detente.report.relief_contents import Answer, Weighed, refused, weighed
from detente.report.story import KINDS, by_country, story_days
from detente.report.tables import Table
from detente.report.timeline import MAX_ROWS, Mark, by_sale, by_seller, history, marks
from detente.report.totals import DayTotal, by_item, day_total, flows
from detente.report.words import spoken

_SAID = {
    "open": "open", "general licence": "under a general licence", "licensed": "licensed",
    "not known": "not known", "closed": "closed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One of the figures below the answer."""

    name: str
    value: str
    beside: str


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything the template asks for. ``tables`` and ``figures`` are by name."""

    title: str
    summary: str
    answer: str
    meta: tuple[tuple[str, str], ...]
    key_figures: tuple[KeyFigure, ...]
    focus: str
    as_of: dt.date
    since: dt.date
    through: dt.date
    has_sales: bool
    has_star: bool
    has_losses: bool
    flow_days: int
    n_newcomers: int
    is_by_seller: bool
    n_sales: int
    marks: tuple[Mark, ...]
    kinds: tuple[str, ...]
    figures: Mapping[str, go.Figure]
    tables: Mapping[str, Table]
    country_tables: tuple[tuple[dt.date, Table], ...]
    sold: str
    path_total: str
    assumptions: tuple[str, ...]
    measures: tuple[MeasureText, ...]
    relief: Weighed | None
    relief_note: str


def contents(
    case: Case,
    permits: Permits,
    since: dt.date,
    through: dt.date,
    as_of: dt.date,
    progress: Callable[[int, int, str], None] | None = None,
    found: Relief | str | None = None,
    answers: tuple[Answer, ...] = (),
) -> Contents:
    """Work out all that the page says of a case.

    ``found`` is its relief, or, in a sentence, why there is none; None leaves that part out.
    ``answers`` are those to the questions of the case.
    """
    sides = case.about.sides
    told = tuple(d for d in sorted({*story_days(case), as_of}) if since <= d <= through)
    totals = tuple(day_total(case, permits, d) for d in told)
    now = totals[told.index(as_of)]
    sales = history(case, permits, since, through)
    rows = by_sale(case, sales)
    is_by_seller = len(rows) > MAX_ROWS
    signs = marks(case, told, as_of, since, through)
    world = losses.world_of(case, permits, since, through)
    day = losses.on_day(world, as_of)
    firms, gainers = losses.by_firm(day), losses.gainers(day)
    days = None if progress is None else lambda done, of: progress(done, of, "Running the network day by day")
    span = losses.over(world, since, through, days)
    places = evidence.sources_of(case)
    charts = {
        "timeline": figures.timeline(by_seller(case, sales) if is_by_seller else rows, signs, since, through),
        "sides": loss_figures.by_side(day.by_side(), sides),
        "waterfall": course_figures.waterfall(day.waterfall(), sides),
        "firms": loss_figures.by_firm(firms, sides),
    }
    tables = [
        story_tables.day_table(totals),
        story_tables.item_table(by_item(case, permits, as_of), as_of),
        story_tables.span_table(rows),
        story_tables.side_table(day, sides),
        story_tables.firm_table(firms, sides),
        story_tables.gain_table(gainers, sides),
        story_tables.stop_table(day if span is None else span, sides),
        evidence.confidence_table(case),
        evidence.source_table(case),
        evidence.sale_table(case, permits, as_of, places),
        evidence.unit_table(case, places),
        evidence.listing_table(case, places),
        evidence.licence_table(case, places),
        ledgers.order_table(case, as_of),
        ledgers.stake_table(case, places),
        ledgers.finding_table(case, places),
        ledgers.account_table(case, places),
    ]
    streams = flows(case, permits, as_of)
    if streams.height:
        charts["flow"] = figures.flow(streams)
    if is_by_seller:
        charts["every-sale"] = figures.timeline(rows, signs, since, through)
    if gainers.height:
        charts["gains"] = loss_figures.gains(gainers, sides)
    if span is not None:
        charts["path"] = course_figures.path(span.by_day(), sides)
        tables.append(story_tables.path_table(span, sides))
    weighs = weighed(found, places, answers) if isinstance(found, Relief) else None
    if weighs is not None:
        charts |= weighs.figures
        tables += weighs.tables.values()
    elif found is not None and case["proposals"].height:
        tables.append(refused(case, as_of))
    group = case.about.focus_group
    focus = "all buyers" if group is None else spoken(group)
    return Contents(
        title=case.about.title,
        summary=case.about.summary,
        answer=answer(now, day, focus, sides),
        meta=_meta(case, as_of),
        key_figures=_key_figures(case, now, day, focus),
        focus=focus,
        as_of=as_of,
        since=since,
        through=through,
        has_sales=bool(rows),
        has_star=not (day.by_side()["is_supported"].all() and firms["is_supported"].all()),
        has_losses=bool((day.by_side()["loss_usd_m_high"] > 0).any()),
        flow_days=day.flow.n_days,
        n_newcomers=int(day.settings["newcomers"]),
        is_by_seller=is_by_seller,
        n_sales=len(rows),
        marks=signs,
        kinds=KINDS,
        figures=charts,
        tables={t.id: t for t in tables},
        country_tables=story_tables.country_tables(by_country(case, permits, told)) if rows else (),
        sold="" if now.sold_usd_m == 0 else money(now.sold_usd_m),
        path_total="" if span is None else _by_side(span.by_side().iter_rows(named=True), sides),
        assumptions=_assumptions(world.assumptions),
        measures=measure_texts(case, places),
        relief=weighs,
        relief_note=found if isinstance(found, str) else "",
    )


def answer(now: DayTotal, found: Bracket, focus: str, sides: Mapping[str, str]) -> str:
    """The whole page in one sentence."""
    if now.value_usd_m > 0:
        shares = zip(KINDS, percents([now.share(k) for k in KINDS]), strict=True)
        first, *others = [f"{share} {_SAID[k]}" for k, share in shares if now.kinds[k] > 0]
        parts = [first.replace(" ", " was ", 1) if not first.startswith("under") else first, *others]
        total = f"of about {money(now.value_usd_m)} of sales a year to {focus}"
        what = f"On {long_day(now.day)}, {total}, {listed(parts)}"
    else:
        what = f"On {long_day(now.day)} the record has no sales to {focus} with a value"
    lost = _by_side(found.by_side().iter_rows(named=True), sides)
    if not lost:
        return f"{what}; no output is lost."
    return (
        f"{what}; if that lasted, the output lost a year would be {lost}: from what is lost where everybody adapts as "
        "well as the law allows to what is lost where nobody does."
    )


def _span(row: Mapping[str, Any]) -> str:
    return balance_range(row["loss_usd_m_low"], row["loss_usd_m_high"])


def _assumptions(assumed: Assumptions) -> tuple[str, ...]:
    """What the record does not say, with its range."""
    spans = ((f.name, getattr(assumed, f.name)) for f in dataclasses.fields(assumed))
    return tuple(f"{name.replace('_', ' ')} {s.central:g} ({s.low:g} to {s.high:g})" for name, s in spans)


def _meta(case: Case, as_of: dt.date) -> tuple[tuple[str, str], ...]:
    known = "everything recorded" if case.as_known is None else f"on {long_day(case.as_known)}"
    told = [
        ("As of", long_day(as_of)),
        ("As known", known),
        ("Record", case.digest[:12]),
        ("Models", f"optimum, flow and cascade, detente {detente.__version__}"),
    ]
    if case.overlays:
        what = (overlay_about(case, name) for name in case.overlays)
        told.insert(2, ("What-if", "; ".join(f"{o.title}. {o.summary}".strip() for o in what)))
    return tuple(told)


def _key_figures(case: Case, now: DayTotal, found: Bracket, focus: str) -> tuple[KeyFigure, ...]:
    told = [
        KeyFigure(f"Sales a year to {focus}", money(now.value_usd_m), _reported(case)),
        KeyFigure("May be sold on the day", money(now.may_usd_m), f"range {money_span(now.may_low, now.may_high)}"),
        KeyFigure("Closed on the day", money(now.kinds["closed"]), f"{percent(now.share('closed'))} of the sales"),
    ]
    sides = case.about.sides
    for r in found.by_side().sort("loss_usd_m_high", "side", descending=[True, False]).iter_rows(named=True):
        name = f"Output lost a year: {sides.get(r['side'], r['side'])}"
        told.append(KeyFigure(name, _span(r), f"optimum to cascade; flow: {loss_or_gain(r['flow_usd_m'])}"))
    return tuple(told)


def _reported(case: Case) -> str:
    """The total that a source reports for the focus group's purchases, where the record has one."""
    group = case.about.focus_group
    for r in case["accounts"].iter_rows(named=True):
        if r["buyer_group"] == group and r["seller_country"] is None and r["seller_side"] is None and group is not None:
            return f"reported total: {money(r['reported_usd_m'])}"
    return "all sales added up"


def _by_side(rows: Iterable[Mapping[str, Any]], sides: Mapping[str, str]) -> str:
    """The losses of all sides in words, the largest first; empty where nothing is lost."""
    hurt = sorted((r for r in rows if r["loss_usd_m_high"] > 0), key=lambda r: (-r["loss_usd_m_high"], r["side"]))
    spans = (_span(r).removesuffix(" *") for r in hurt)
    return listed([f"{span} ({sides.get(r['side'], r['side'])})" for span, r in zip(spans, hurt, strict=True)])

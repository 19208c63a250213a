"""Answers to the questions of a case as people read them: two sentences and a figure each, recommending nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import polars as pl

from detente.relief.answer import Relief
from detente.relief.questions import Answered
from detente.relief.uncertainty import UNSUPPORTED
from detente.report.gains import agree, in_words, signed_span, span_of, told
from detente.report.numbers import listed, long_day, money, percent
from detente.report.style import FAINT, GRID, INK, SIDES, layout
from detente.report.words import clean, label, shorten

MOST, NAMED = 8, 3
BAR_PX = 30


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A question, two sentences that answer it, and a figure. The text is plain; the figure's is escaped."""

    id: str
    question: str
    sentences: tuple[str, str]
    figure: go.Figure


def tell(found: Answered) -> Told:
    """Put an answer into words and draw it."""
    sentences, figure = _KINDS[found.question.kind](found)
    return Told(found.question.id, clean(found.question.text), sentences, figure)


def headline(found: Relief) -> str:
    """What stands on top of a search for relief: what the package that all sides would have taken buys whom."""
    return f"{_headline(found)} {who_counts(found)}".strip()


def who_counts(found: Relief) -> str:
    """Whose gains count, in a sentence; empty where every side's do."""
    if set(found.between) == set(found.sides):
        return ""
    sides = found.case.about.sides
    return f"Only {listed([clean(sides[s]) for s in found.between])} count as sides here; others may lose."


def _headline(found: Relief) -> str:
    when = f"On {long_day(found.day)}"
    rows = {r["package"]: r for r in found.packages().iter_rows(named=True)}
    nash = next((r for r in rows.values() if "Nash" in r["why"]), None)
    if nash is None and not len(found.frontier):
        now = ", ".join(
            f"{k} {percent(float(c))}" for k, c in zip(found.capabilities, found.frontier.status_quo.capability[0],
                                                       strict=True)
        )  # fmt: skip
        return f"{when} no package found keeps the caps that were asked for; the status quo has {now}."
    if nash is None:
        better = int((found.frontier.win_win & found.frontier.packages.any(axis=1)).sum())
        some = "some leave no side worse off" if better else "none leaves every side as well off as it is"
        return f"{when} no package found leaves every side better off than it is; {some}."
    parts = [f"{clean(found.case.about.sides[s])} {_told(nash, s)}" for s in found.sides if _counts(found, s)]
    titles = {p.id: clean(p.title) for p in found.proposed}
    names = [titles[p] for p in nash["proposals"]]
    which = f"{len(names)} proposals" if len(names) > NAMED else f"“{listed(names)}”"
    unsure = "" if nash["is_supported"] else f"; the models differ by more than a factor of three, so {UNSUPPORTED}"
    sure = nash.get("p_win_win")
    often = "" if sure is None else f"; no side is worse off in {percent(sure)} of the worlds drawn"
    what = "output" if found.objectives.of == "output" else "value added"
    return f"{when} the Nash package of {which} buys, in {what} a year: {'; '.join(parts)}{often}{unsure}."


def _counts(found: Relief, side: str) -> bool:
    return side in found.frontier.sides


def _told(row: Mapping[str, Any], side: str) -> str:
    low, high = span_of(row, side)
    return told(float(row[f"gain_usd_m_{side}_flow"]), low, high, supported=agree(row, side))


def _by_side(found: Answered, lead: str) -> tuple[tuple[str, str], go.Figure]:
    sides = found.case.about.sides
    rows = list(found.table.iter_rows(named=True))
    parts = [
        f"{clean(sides[r['side']])} {told(r['gain_usd_m'], r['low'], r['high'], supported=r['is_supported'])}"
        for r in rows
    ]  # fmt: skip
    first = f"{lead}, in output a year: {'; '.join(parts)} ({_basis(found)})."
    moved = [
        f"{_lower(clean(r['title']))} {percent(r['before'])} before and {percent(r['after'])} after"
        for r in found.capability.iter_rows(named=True) if abs(r["after"] - r["before"]) >= 0.005
    ]  # fmt: skip
    loose = [clean(sides[r["side"]]) for r in rows if not r["is_supported"]]
    notes = []
    if loose:
        who = "every side" if len(loose) == len(rows) else listed(loose)
        notes.append(f"the models differ by more than a factor of three for {who}, so {UNSUPPORTED} there")
    if found.capability.height:
        notes.append(f"what could be made at most of it all: {'; '.join(moved)}" if moved else
                     "no capability changes")  # fmt: skip
    if found.refused:
        n = len(found.refused)
        notes.append(f"{n} more {'proposals do' if n > 1 else 'proposal does'} not count, as by the law "
                     f"{'they free' if n > 1 else 'it frees'} nothing here")  # fmt: skip
    return (first, _sentence(notes)), _bars(
        [clean(sides[r["side"]]) for r in rows], rows, [list(sides).index(r["side"]) for r in rows]
    )


def _package(found: Answered) -> tuple[tuple[str, str], go.Figure]:
    names = list(found.taken)
    what = f"“{listed([clean(n) for n in names])}”" if len(names) <= NAMED else f"{len(names)} proposals"
    return _by_side(found, f"On {long_day(found.question.as_of)} {what} {'are' if len(names) > 1 else 'is'} worth")


def _whatif(found: Answered) -> tuple[tuple[str, str], go.Figure]:
    return _by_side(found, f"“{clean(found.taken[0])}” On {long_day(found.question.as_of)} that makes")


def _price(found: Answered) -> tuple[tuple[str, str], go.Figure]:
    """The dearest, and those that cost the side and deny nothing."""
    side = clean(found.case.about.sides[str(found.question.side)])
    aims = {a.id: clean(a.title) for a in found.case.about.security}
    free = found.table.group_by("proposal", maintain_order=True).agg(
        pl.col("title", "low", "high", "gain_usd_m", "is_supported").first(),
        pl.col("price_usd_m").is_null().all().alias("free"),
    ).filter("free").sort("gain_usd_m", descending=True)  # fmt: skip
    dear = found.table.filter(pl.col("price_usd_m").is_not_null())
    parts = [f"“{clean(r['title'])}” ({_plain(r)})" for r in free.head(NAMED).iter_rows(named=True)]
    first = (
        f"Withholding these costs {side} output and denies nothing of what was asked about, each taken alone: "
        f"{'; '.join(parts)} ({_basis(found)})."
        if parts
        else f"Each licence that costs {side} output also denies some of what was asked about ({_basis(found)})."
    )
    parts = [
        f"“{clean(r['title'])}” {in_words(r['price_low'], r['price_high']).removesuffix(' more')} for a hundredth of "
        f"{_lower(aims.get(r['capability'], r['capability']))}"
        for r in dear.head(NAMED).iter_rows(named=True)
    ]  # fmt: skip
    second = (
        f"Of the others, dearest first: {'; '.join(parts)}, each granted alone."
        if parts
        else "None of the licences, granted alone, adds to what is held back: only several together would."
    )
    top = pl.concat((free.head(MOST // 2).select("title", "gain_usd_m", "low", "high"),
                     dear.unique("title", maintain_order=True).filter(~pl.col("title").is_in(free["title"].implode()))
                     .head(MOST // 2).select("title", "gain_usd_m", "low", "high")))  # fmt: skip
    rows = list(top.iter_rows(named=True))
    colour = list(found.case.about.sides).index(str(found.question.side))
    return (first, second), _bars([clean(r["title"]) for r in rows], rows, [colour] * len(rows))


def _plain(row: Mapping[str, Any]) -> str:
    return told(row["gain_usd_m"], row["low"], row["high"], supported=row["is_supported"]).replace(" more", "")


def _bargain(found: Answered) -> tuple[tuple[str, str], go.Figure]:
    search = found.relief
    assert search is not None  # a bargain is read from a search
    sides, titles = found.case.about.sides, {p.id: clean(p.title) for p in search.proposed}
    rules = [
        r for r in found.table.iter_rows(named=True) if {"Nash", "Kalai-Smorodinsky", "egalitarian"} & set(r["why"])
    ]
    second = "No rule of fair division picks a package, as none leaves every side better off."
    shown = next((r for r in rules if "Nash" in r["why"]), None)
    if shown is not None:
        in_all = set.intersection(*(set(r["proposals"]) for r in rules))
        core = listed([f"“{titles[p]}”" for p in shown["proposals"] if p in in_all][:NAMED])
        agree = (
            "all three rules of fair division pick it" if len(rules) == 1 else "the three rules pick different packages"
        )
        also = f"; {core} stand in each" if core and len(rules) > 1 else f"; in it, {core}" if core else ""
        second = (
            f"{agree[:1].upper()}{agree[1:]}{also}: what each side would ask beside output is not in these figures."
        )
    rows, names, colours = [], [], []
    for r in rules:
        why = listed([w for w in r["why"] if w in ("Nash", "Kalai-Smorodinsky", "egalitarian")])
        for s in search.sides:
            low, high = span_of(r, s)
            rows.append({"gain_usd_m": r[f"gain_usd_m_{s}_flow"], "low": low, "high": high})
            names.append(f"{clean(sides[s])}, {why}")
            colours.append(list(sides).index(s))
    return (headline(search), second), _bars(names, rows, colours)


def _gainers(found: Answered) -> tuple[tuple[str, str], go.Figure]:
    sides = found.case.about.sides
    rows = list(found.table.head(MOST).iter_rows(named=True))
    when = long_day(found.question.as_of)
    if not rows:
        return (
            f"Nobody gains from what is in force on {when} ({_basis(found)}).",
            "All lose or stay as they are.",
        ), _bars([], [], [])
    parts = [
        f"{clean(r['name'])} ({clean(sides.get(r['side'], r['side']))}) {in_words(r['low'], r['high'])}"
        for r in rows[:NAMED]
    ]
    first = f"With the law of {when} these gain most, in output a year: {'; '.join(parts)} ({_basis(found)})."
    by = (
        found.table.group_by("side", maintain_order=True)
        .agg(pl.col("gain_usd_m", "diverted_usd_m").sum())
        .sort("gain_usd_m", descending=True)
    )
    each = [f"{clean(sides.get(s, s))} {money(g)}" for s, g, _ in by.iter_rows()]
    taken = float(by["diverted_usd_m"].sum()) / max(float(by["gain_usd_m"].sum()), 1e-9)
    second = (
        f"All gainers together, before what others of their side lose: {'; '.join(each)}, of which "
        f"{percent(min(taken, 1.0))} is sales to final buyers taken over from rivals; this is the flow "
        "model's answer, for in the two others nobody takes over."
    )
    names = [f"{clean(r['name'])} ({clean(sides.get(r['side'], r['side']))})" for r in rows]
    return (first, second), _bars(names, rows, [list(sides).index(r["side"]) for r in rows])


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _basis(found: Answered) -> str:
    drawn = f" and {found.draws} worlds drawn from the facts' ranges" if found.draws else ""
    models = "the flow's runs" if found.question.kind == "gainers" else "three models"
    return f"ranges over {models}{drawn}"


def _sentence(parts: Sequence[str]) -> str:
    text = "; ".join(parts) or "the models agree within a factor of three"
    return f"{text[:1].upper()}{text[1:]}."


def _bars(names: Sequence[str], rows: Sequence[Mapping[str, Any]], colours: Sequence[int]) -> go.Figure:
    """A bar a row from nothing to its figure, a line over its range, and the range in words at the end."""
    most = max((abs(r[e]) for r in rows for e in ("low", "high")), default=1.0)
    unit, scale = ("bn", 1000.0) if most >= 995 else ("m", 1.0)
    figure = go.Figure()
    for k, (name, row) in enumerate(zip(names, rows, strict=True)):
        low, value, high = (float(row[c]) / scale for c in ("low", "gain_usd_m", "high"))
        colour = SIDES[colours[k] % len(SIDES)]
        text = f"<b>{label(name)}</b><br>USD {signed_span(row['low'], row['high'])} a year"
        figure.add_bar(
            orientation="h", y=[k], x=[value], width=0.55, showlegend=False, hoverinfo="text", hovertext=[text],
            marker={"color": colour, "line": {"width": 0}},
            error_x={"type": "data", "symmetric": False, "array": [max(high - value, 0.0)],
                     "arrayminus": [max(value - low, 0.0)], "color": INK, "thickness": 1.5, "width": 5},
        )  # fmt: skip
        figure.add_scatter(
            x=[max(high, 0.0)], y=[k], mode="text", text=[f"   {signed_span(row['low'], row['high'])}"],
            textposition="middle right", textfont={"color": INK, "size": 12}, showlegend=False, hoverinfo="skip",
            cliponaxis=False,
        )  # fmt: skip
    figure.update_layout(**layout(height=70 + BAR_PX * max(len(rows), 1), margin={"l": 8, "r": 8, "t": 8, "b": 44}))
    lows, highs = [r["low"] / scale for r in rows], [r["high"] / scale for r in rows]
    least, top = min([0.0, *lows]), max([0.0, *highs])
    width = max(top - least, 1e-9)
    figure.update_xaxes(
        title={"text": f"USD {unit} of output a year, less or more", "font": {"color": FAINT}}, gridcolor=GRID,
        zerolinecolor=INK, range=[least - 0.04 * width, top + 0.45 * width], fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(
        tickmode="array", tickvals=list(range(len(names))), ticktext=[label(shorten(n, 44)) for n in names],
        autorange="reversed", automargin=True, fixedrange=True,
    )  # fmt: skip
    return figure


_KINDS = {"package": _package, "whatif": _whatif, "price": _price, "bargain": _bargain, "gainers": _gainers}

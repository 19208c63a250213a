"""The figures of the law: who could sell when, and where a year of sales goes on one day.

All text that comes from a case goes through ``words.label``: a chart reads its labels as a kind of HTML.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import polars as pl

from detente.report.numbers import money
from detente.report.story import KINDS
from detente.report.style import FAINT, GRID, INK, KIND_COLOURS, KIND_SOFT, layout, marker
from detente.report.timeline import NO_VALUE, Mark, Row
from detente.report.words import country, label

DAY_MS = 86_400_000
ROW_PX = 21


def timeline(rows: Sequence[Row], marks: Sequence[Mark], since: dt.date, through: dt.date) -> go.Figure:
    """A bar row a sale or seller; a bar's height is split between the kinds by their value."""
    places: list[tuple[float, str]] = []
    narrow: list[str] = []  # labels for a small screen
    bars: dict[str, list[dict[str, Any]]] = {k: [] for k in KINDS}
    at, last = 0, None
    for row in rows:
        if row.country != last:
            places.append((at, f"<b>{label(row.country)}</b>"))
            narrow.append(f"<b>{label(row.country, 17)}</b>")
            at, last = at + 1, row.country
        places.append((at, label(row.short)))
        narrow.append(label(row.short, 17))
        for bar in row.bars:
            low = -0.42
            for kind, value in zip(KINDS, bar.kinds, strict=True):
                height = 0.84 * value / bar.value_usd_m if bar.value_usd_m else 0.0
                if height > 0.004:
                    text = (
                        f"<b>{label(row.name)}</b><br>{bar.since} to {bar.through}<br>"
                        f"{_said(kind, value, bar.value_usd_m)}"
                    )
                    days = (bar.through - bar.since).days + 1
                    bars[kind].append(
                        {
                            "base": bar.since.isoformat(),
                            "x": days * DAY_MS,
                            "y": at,
                            "offset": round(low, 3),
                            "width": round(height, 3),
                            "hovertext": f"{text}<br>{label(bar.because)}" if bar.because else text,
                        }
                    )
                low += height
        at += 1
    figure = go.Figure()
    for kind in KINDS:
        columns = {k: [b[k] for b in bars[kind]] for k in ("base", "x", "y", "offset", "width", "hovertext")}
        figure.add_bar(name=kind, orientation="h", marker=marker(kind), hoverinfo="text", **columns)
    figure.update_layout(
        layout(height=ROW_PX * max(at, 3) + 76, margin={"l": 40, "r": 16, "t": 60, "b": 16}),
        barmode="overlay",
        bargap=0,
        hovermode="closest",
        showlegend=False,
        xaxis={
            "type": "date", "side": "top", "range": [since.isoformat(), (through + dt.timedelta(days=1)).isoformat()],
            "gridcolor": GRID, "fixedrange": True, "tickformat": "%b %Y", "nticks": 9, "tickangle": 0,
            "ticks": "outside",
        },
        yaxis={
            "range": [at - 0.4, -0.6], "tickmode": "array", "tickvals": [y for y, _ in places],
            "ticktext": [t for _, t in places], "showgrid": False, "zeroline": False, "fixedrange": True,
            "automargin": True, "ticklabelstandoff": 6,
        },
    )  # fmt: skip
    figure.layout.meta = {"narrow": narrow}
    levels = _mark(figure, marks, since, through)
    figure.layout.margin.t += 17 * levels
    figure.layout.height += 17 * levels
    return figure


def _said(kind: str, value: float, total: float) -> str:
    if total <= NO_VALUE:
        return f"{kind}; no value of its own is recorded"
    return f"{kind}: {money(value)} of {money(total)} a year"


def _mark(figure: go.Figure, marks: Sequence[Mark], since: dt.date, through: dt.date) -> int:
    """Lines on the marked days; their signs on as many levels as it takes for none to cover another (returned)."""
    total = max(1, (through - since).days)
    ends: list[float] = []
    for mark in sorted(marks, key=lambda m: (m.day, m.is_story)):
        place = (mark.day - since).days / total
        level = next((i for i, end in enumerate(ends) if place >= end), len(ends))
        if level == len(ends):
            ends.append(0.0)
        ends[level] = place + 0.034
        x = mark.day.isoformat()
        line = {"color": INK, "width": 1.6} if mark.is_story else {"color": FAINT, "width": 1, "dash": "dot"}
        figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, yref="paper", line=line, layer="above")
        figure.add_annotation(
            x=x, y=1, yref="paper", yanchor="bottom", yshift=28 + 17 * level, showarrow=False,
            text=f"<b>{mark.sign}</b>" if mark.is_story else mark.sign,
            font={"size": 11, "color": INK if mark.is_story else FAINT}, borderpad=1,
            bordercolor=INK if mark.is_story else "rgba(0,0,0,0)",
        )  # fmt: skip
    return len(ends)


def flow(flows: pl.DataFrame) -> go.Figure:
    """From supplier country to item, to what the law says, to buying unit; USD m a year."""
    nodes: dict[tuple[str, str], float] = {}
    edges: dict[tuple[tuple[str, str], tuple[str, str], str], float] = {}
    names = {("kind", k): k for k in KINDS}
    for row in flows.iter_rows(named=True):
        kind, value = row["kind"], row["value_usd_m"]
        stops = [("country", row["country"]), ("item", row["item"]), ("kind", kind), ("buyer", row["buyer"])]
        names |= {stops[0]: country(row["country"]), stops[1]: row["item_name"], stops[3]: row["buyer_name"]}
        for stop in stops:
            nodes[stop] = nodes.get(stop, 0.0) + value
        for a, b in pairwise(stops):
            edges[a, b, kind] = edges.get((a, b, kind), 0.0) + value
    index = {node: i for i, node in enumerate(nodes)}
    room = {"country": 30, "item": 32, "kind": 30, "buyer": 22}
    texts = [f"{label(names[n], room[n[0]])} {money(v).removeprefix('USD ')}" for n, v in nodes.items()]
    colours = [KIND_COLOURS[n[1]] if n[0] == "kind" else FAINT for n in nodes]
    hover = [f"{label(names[a])} → {label(names[b])}<br>{kind}: {money(v)} a year" for (a, b, kind), v in edges.items()]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": texts, "color": colours, "pad": 11, "thickness": 14, "line": {"width": 0},
                "customdata": [f"{label(names[n])}<br>{money(v)} a year" for n, v in nodes.items()],
                "hovertemplate": "%{customdata}<extra></extra>",
            },
            link={
                "source": [index[a] for a, _, _ in edges], "target": [index[b] for _, b, _ in edges],
                "value": [round(v, 6) for v in edges.values()], "color": [KIND_SOFT[k] for _, _, k in edges],
                "customdata": hover, "hovertemplate": "%{customdata}<extra></extra>",
            },
        )
    )  # fmt: skip
    deepest = max((sum(1 for n in nodes if n[0] == stage) for stage in ("country", "item", "buyer")), default=1)
    figure.update_layout(layout(height=150 + 38 * deepest, margin={"l": 8, "r": 8, "t": 34, "b": 10}))
    heads = ("Supplier's country", "Item", "On the day", "Buying unit")
    for x, anchor, text in zip((0, 1 / 3, 2 / 3, 1), ("left", "center", "center", "right"), heads, strict=True):
        figure.add_annotation(
            x=x, xanchor=anchor, y=1, yanchor="bottom", yshift=10, xref="paper", yref="paper", showarrow=False,
            text=f"<b>{text}</b>", font={"size": 12, "color": FAINT},
        )  # fmt: skip
    return figure

"""The figures of the cost: by side, by firm, and over time.

All text that comes from a case goes through ``words.label``: a chart reads its labels as a kind of HTML.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl

from detente.report.numbers import long_day, loss_range, money
from detente.report.style import DASHES, FAINT, GRID, INK, KIND_COLOURS, LEGEND, NETWORK, SIDES, faded, layout, pattern
from detente.report.words import label

LOSSES = ("loss_usd_m", "loss_usd_m_low", "loss_usd_m_high")
BAR_PX = 28


def by_side(sides: pl.DataFrame, labels: Mapping[str, str]) -> go.Figure:
    """A bar a side: full up to the low end of the range, hatched from there to the high end."""
    rows = sides.sort("loss_usd_m_high", "side", descending=[True, False])
    names = [label(labels.get(s, s), 34) for s in rows["side"]]
    figure, scale = _ranged(rows, names, height=BAR_PX * 1.5, left=40)
    order = list(labels)
    spans = rows.select("side", "loss_usd_m_low", "loss_usd_m_high").iter_rows()
    for i, ((side, low, high), text) in enumerate(zip(spans, _texts(names, rows), strict=True)):
        colour = SIDES[order.index(side) % len(SIDES)] if side in order else FAINT
        for start, end, shape in ((0.0, low, ""), (low, high, "/")):
            figure.add_bar(
                orientation="h", y=[i], base=_numbers([start], scale), x=_numbers([end - start], scale), width=0.55,
                marker={"color": colour, "pattern": {**pattern(shape), "solidity": 0.5}}, showlegend=False,
                hoverinfo="text", hovertext=[text],
            )  # fmt: skip
    figure.update_layout(barmode="overlay")
    return figure


def by_firm(firms: pl.DataFrame, labels: Mapping[str, str]) -> go.Figure:
    """A bar a firm up to the figure as classed, its own closed and unknown sales apart, and a line over the range."""
    names = [
        f"{label(n, 32)} ({label(labels.get(s, s), 16)})" for n, s in firms.select("party_name", "side").iter_rows()
    ]
    figure, scale = _ranged(firms, names, height=BAR_PX, left=40)
    figure.layout.meta = {"narrow": [label(n, 17) for n in firms["party_name"]]}
    texts = _texts(names, firms)
    for column, name, colour, shape in (
        ("direct_usd_m", "own sales closed", KIND_COLOURS["closed"], "\\"),
        ("unknown_usd_m", "own sales not known", KIND_COLOURS["not known"], "x"),
        ("network_usd_m", "through the network", NETWORK, ""),
    ):
        parts = firms[column].to_list()
        figure.add_bar(
            orientation="h", y=list(range(len(names))), x=_numbers(parts, scale), width=0.6, name=name,
            hovertext=[f"{t}<br>as classed, {name}: {money(v)} a year" for t, v in zip(texts, parts, strict=True)],
            marker={"color": colour, "pattern": pattern(shape)}, hoverinfo="text",
            **({"error_x": _errors(firms, scale)} if column == "network_usd_m" else {}),
        )  # fmt: skip
    figure.update_layout(barmode="stack", showlegend=True, legend={**LEGEND, "traceorder": "normal"})
    figure.layout.margin.t = 44
    figure.layout.height += 32
    return figure


def path(table: pl.DataFrame, labels: Mapping[str, str]) -> go.Figure:
    """The loss a year by side, a step a span: a band for the range, a line for the figure as classed."""
    figure = go.Figure()
    unit, scale = _scale(table["loss_a_year_usd_m_high"])
    for i, (side, name) in enumerate(labels.items()):
        rows = table.filter(pl.col("side") == side).sort("since")
        if rows.height == 0:
            continue
        colour = SIDES[i % len(SIDES)]
        days = [d.isoformat() for d in (*rows["since"].to_list(), rows["through"][-1] + dt.timedelta(days=1))]
        middle, low, high = ([*v, v[-1]] for v in (_numbers(rows[_a_year(c)], scale) for c in LOSSES))
        edge = {"x": days, "mode": "lines", "hoverinfo": "skip", "legendgroup": side, "showlegend": False}
        thin = {"shape": "hv", "width": 0.8, "color": colour}
        figure.add_scatter(y=low, line=thin, **edge)
        figure.add_scatter(y=high, line=thin, fill="tonexty", fillcolor=faded(colour), **edge)
        figure.add_scatter(
            x=days, y=middle, mode="lines", name=label(name, 34), legendgroup=side, hoverinfo="text",
            line={"shape": "hv", "width": 2.6, "color": colour, "dash": DASHES[i % len(DASHES)]},
            hovertext=[_spoken(label(name), r) for r in (*rows.iter_rows(named=True), rows.row(-1, named=True))],
        )  # fmt: skip
    figure.update_layout(
        layout(height=400, margin={"l": 70, "r": 16, "t": 44, "b": 36}),
        legend=LEGEND,
        hovermode="closest",
        xaxis={"type": "date", "gridcolor": GRID, "fixedrange": True, "tickformat": "%b %Y", "nticks": 10},
        yaxis={
            "title": {"text": f"USD {unit} of output a year"}, "gridcolor": GRID, "fixedrange": True,
            "rangemode": "tozero", "tickformat": ",~r", "zerolinecolor": FAINT,
        },
    )  # fmt: skip
    return figure


def _a_year(column: str) -> str:
    return column.replace("loss_usd_m", "loss_a_year_usd_m")


def _spoken(name: str, row: Mapping[str, Any]) -> str:
    span = f"{long_day(row['since'])} to {long_day(row['through'])}"
    return f"<b>{name}</b>, {span}<br>{loss_range(row[_a_year(LOSSES[1])], row[_a_year(LOSSES[2])])} a year"


def _texts(names: Sequence[str], rows: pl.DataFrame) -> list[str]:
    spans = rows.select("loss_usd_m_low", "loss_usd_m_high").iter_rows()
    return [f"<b>{n}</b><br>{loss_range(*s)} a year" for n, s in zip(names, spans, strict=True)]


def _ranged(rows: pl.DataFrame, names: Sequence[str], *, height: float, left: int) -> tuple[go.Figure, float]:
    """Axes for horizontal bars with the range in words at the end of each, and what to divide USD m by."""
    unit, scale = _scale(rows["loss_usd_m_high"])
    at = list(range(len(names)))
    ends = _numbers(rows["loss_usd_m_high"], scale)
    spans = rows.select("loss_usd_m_low", "loss_usd_m_high").iter_rows()
    figure = go.Figure(
        go.Scatter(
            x=ends, y=at, mode="text", hoverinfo="skip", showlegend=False, cliponaxis=False,
            text=[f"  {loss_range(*s)}" for s in spans], textposition="middle right",
            textfont={"color": INK, "size": 12},
        )
    )  # fmt: skip
    figure.update_layout(
        layout(height=round(64 + height * max(1, len(names))), margin={"l": left, "r": 12, "t": 12, "b": 48}),
        showlegend=False,
        xaxis={
            "title": {"text": f"USD {unit} of output a year"}, "range": [0, max([*ends, 1e-9]) * 1.4],
            "gridcolor": GRID, "fixedrange": True, "zerolinecolor": FAINT, "nticks": 8, "tickformat": ",~r",
        },
        yaxis={
            "tickmode": "array", "tickvals": at, "ticktext": list(names), "range": [len(names) - 0.4, -0.6],
            "showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True, "ticklabelstandoff": 6,
        },
    )  # fmt: skip
    return figure, scale


def _scale(values: pl.Series) -> tuple[str, float]:
    """The unit of an axis, and what to divide USD m by."""
    most = values.max()
    return ("bn", 1000.0) if isinstance(most, float) and most >= 2000 else ("m", 1.0)


def _errors(rows: pl.DataFrame, scale: float) -> dict[str, Any]:
    value = rows["loss_usd_m"]
    return {
        "type": "data", "symmetric": False, "color": INK, "thickness": 1.4, "width": 4,
        "array": _numbers(rows["loss_usd_m_high"] - value, scale),
        "arrayminus": _numbers(value - rows["loss_usd_m_low"], scale),
    }  # fmt: skip


def _numbers(values: Iterable[float], scale: float) -> list[float]:
    """Plain numbers with the digits that a chart can show, so that the page is the same to the byte each time."""
    return [float(f"{v / scale:.6g}") for v in values]

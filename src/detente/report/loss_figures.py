"""The figures of the cost on a day: by side and model, by firm, and who gains.

All text that comes from a case goes through ``words.label``: a chart reads its labels as a kind of HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl

from detente.report.numbers import balance_range, loss_or_gain, money, money_span
from detente.report.style import FAINT, GRID, INK, KIND_COLOURS, LEGEND, NETWORK, SIDES, layout, pattern
from detente.report.words import label

MODELS = ("optimum", "flow", "cascade")
SHAPES = {"optimum": ".", "flow": "", "cascade": "/"}
BAR_PX = 28


def by_side(sides: pl.DataFrame, labels: Mapping[str, str]) -> go.Figure:
    """Three bars a side, one a model, each over its own range, with a mark at its figure."""
    rows = [r for s in labels for r in sides.filter(pl.col("side") == s).iter_rows(named=True)]
    unit, scale = scale_of(sides["loss_usd_m_high"])
    figure, ticks, at = go.Figure(), [], 0.0
    for r in rows:
        colour = SIDES[list(labels).index(r["side"]) % len(SIDES)]
        ticks.append((at, f"<b>{label(labels[r['side']], 34)}</b>", f"<b>{label(labels[r['side']], 17)}</b>"))
        for model in MODELS:
            at += 1
            ticks.append((at, model, model))
            low, high = r[f"{model}_usd_m_low"], r[f"{model}_usd_m_high"]
            if low is None:
                continue
            figures = [] if model == "optimum" else [r[f"{model}_usd_m"]]
            text = f"<b>{label(labels[r['side']])}</b>, {model}<br>{balance_range(low, high).removesuffix(' *')} a year"
            text += f"<br>figure: {loss_or_gain(figures[0])}" if figures else ""
            start, width = numbers([low, max(high - low, 0.0)], scale)
            figure.add_bar(
                orientation="h", y=[at], base=[start], x=[width], width=0.6, showlegend=False, hoverinfo="text",
                hovertext=[text], marker={"color": colour, "pattern": {**pattern(SHAPES[model]), "solidity": 0.4},
                                          "line": {"width": 1.5, "color": colour}},
            )  # fmt: skip
            figure.add_scatter(
                x=numbers(figures, scale),
                y=[at] * len(figures),
                mode="markers",
                showlegend=False,
                hoverinfo="skip",
                marker={"symbol": "diamond", "size": 11, "color": INK, "line": {"width": 1, "color": GRID}},
            )
            figure.add_scatter(
                x=numbers([high], scale),
                y=[at],
                mode="text",
                showlegend=False,
                hoverinfo="skip",
                cliponaxis=False,
                text=[f"    {balance_range(low, high).removesuffix(' *').replace('USD ', '')}"],
                textposition="middle right",
                textfont={"color": INK, "size": 12},
            )
        at += 1.4
    _across(figure, ticks, at, unit)
    least = min([0.0, *(r["loss_usd_m_low"] for r in rows)])
    most = max([1e-9, *(r["loss_usd_m_high"] for r in rows), *(r["optimum_usd_m_high"] or 0.0 for r in rows)])
    figure.layout.xaxis.range = numbers([1.06 * least, most * 1.32], scale)
    return figure


def by_firm(firms: pl.DataFrame, labels: Mapping[str, str]) -> go.Figure:
    """A bar a firm up to the flow's figure, its own closed sales apart, and a line over the range of the models."""
    names = [
        f"{label(n, 32)} ({label(labels.get(s, s), 16)})" for n, s in firms.select("party_name", "side").iter_rows()
    ]
    narrow = [label(n, 17) for n in firms["party_name"]]
    spans = list(firms.select("loss_usd_m_low", "loss_usd_m_high").iter_rows())
    ends = [balance_range(*s).removesuffix(" *").replace("USD ", "") for s in spans]
    figure, scale = _bars(names, narrow, firms["loss_usd_m_high"], ends, "USD {} of output a year")
    texts = [f"<b>{n}</b><br>{balance_range(*s).removesuffix(' *')} a year" for n, s in zip(names, spans, strict=True)]
    for column, name, colour, shape in (
        ("direct_usd_m", "own sales closed", KIND_COLOURS["closed"], "\\"),
        ("network_usd_m", "through the network", NETWORK, ""),
    ):
        parts = firms[column].to_list()
        figure.add_bar(
            orientation="h", y=list(range(len(names))), x=numbers(parts, scale), width=0.6, name=name,
            hovertext=[f"{t}<br>flow, {name}: {loss_or_gain(v)} a year" for t, v in zip(texts, parts, strict=True)],
            marker={"color": colour, "pattern": pattern(shape)}, hoverinfo="text",
            **({"error_x": _errors(firms, "loss_usd_m", scale)} if column == "network_usd_m" else {}),
        )  # fmt: skip
    return _with_legend(figure)


def gains(units: pl.DataFrame, labels: Mapping[str, str]) -> go.Figure:
    """A bar a unit that gains: what it takes over from rivals, and what else it sells; a line over the flow's range."""
    names = [f"{label(n, 32)} ({label(labels.get(s, s), 16)})" for n, s in units.select("name", "side").iter_rows()]
    narrow = [label(n, 17) for n in units["name"]]
    spans = list(units.select("gained_usd_m_low", "gained_usd_m_high").iter_rows())
    ends = [money_span(*s) for s in spans]
    figure, scale = _bars(names, narrow, units["gained_usd_m_high"], ends, "USD {} of output a year")
    for column, name, colour, shape in (
        ("taken_usd_m", "final sales taken over from rivals", KIND_COLOURS["licensed"], ""),
        ("sold_usd_m", "more parts sold", KIND_COLOURS["open"], "/"),
    ):
        parts = units[column].to_list()
        figure.add_bar(
            orientation="h", y=list(range(len(names))), x=numbers(parts, scale), width=0.6, name=name,
            hovertext=[f"<b>{n}</b><br>{name}: {money(v)} a year" for n, v in zip(names, parts, strict=True)],
            marker={"color": colour, "pattern": pattern(shape)}, hoverinfo="text",
            **({"error_x": _errors(units, "gained_usd_m", scale)} if column == "sold_usd_m" else {}),
        )  # fmt: skip
    return _with_legend(figure)


def _bars(
    names: Sequence[str], narrow: Sequence[str], highs: pl.Series, ends: Sequence[str], title: str
) -> tuple[go.Figure, float]:
    """Axes for horizontal bars with the range in words at the end of each, and what to divide USD m by."""
    unit, scale = scale_of(highs)
    at = list(range(len(names)))
    figure = go.Figure(
        go.Scatter(
            x=numbers(highs, scale), y=at, mode="text", hoverinfo="skip", showlegend=False, cliponaxis=False,
            text=[f"  {e}" for e in ends], textposition="middle right", textfont={"color": INK, "size": 12},
        )
    )  # fmt: skip
    _across(figure, list(zip(at, names, narrow, strict=True)), len(names), unit, title)
    figure.layout.xaxis.range = [0, max([*numbers(highs, scale), 1e-9]) * 1.4]
    return figure, scale


def _across(
    figure: go.Figure, ticks: Sequence[tuple[float, str, str]], end: float, unit: str,
    title: str = "USD {} of output a year",
) -> None:  # fmt: skip
    figure.update_layout(
        layout(height=round(70 + BAR_PX * max(1.0, end)), margin={"l": 40, "r": 12, "t": 12, "b": 48}),
        showlegend=False, barmode="overlay", meta={"narrow": [t for _, _, t in ticks]},
        xaxis={
            "title": {"text": title.format(unit)}, "gridcolor": GRID, "fixedrange": True, "zerolinecolor": FAINT,
            "zerolinewidth": 1.5, "nticks": 8, "tickformat": ",~r",
        },
        yaxis={
            "tickmode": "array", "tickvals": [a for a, _, _ in ticks], "ticktext": [t for _, t, _ in ticks],
            "range": [end - 0.4, -0.6], "showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True,
            "ticklabelstandoff": 6,
        },
    )  # fmt: skip


def _with_legend(figure: go.Figure) -> go.Figure:
    figure.update_layout(barmode="relative", showlegend=True, legend={**LEGEND, "traceorder": "normal"})
    figure.layout.margin.t = 44
    figure.layout.height += 32
    return figure


def scale_of(values: pl.Series) -> tuple[str, float]:
    """The unit of an axis, and what to divide USD m by."""
    most = values.max()
    return ("bn", 1000.0) if isinstance(most, float) and most >= 2000 else ("m", 1.0)


def _errors(rows: pl.DataFrame, column: str, scale: float) -> dict[str, Any]:
    value = rows[column]
    return {
        "type": "data", "symmetric": False, "color": INK, "thickness": 1.4, "width": 4,
        "array": numbers(rows[f"{column}_high"] - value, scale),
        "arrayminus": numbers(value - rows[f"{column}_low"], scale),
    }  # fmt: skip


def numbers(values: Iterable[float], scale: float) -> list[float]:
    """Plain numbers with the digits that a chart can show, so that the page is the same to the byte each time."""
    return [float(f"{v / scale:.5g}") for v in values]

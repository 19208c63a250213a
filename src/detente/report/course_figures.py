"""The figures of how a loss comes about: from closed sales to lost output, and over the days.

All text that comes from a case goes through ``words.label``: a chart reads its labels as a kind of HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from detente.report.loss_figures import numbers as plain
from detente.report.loss_figures import scale_of
from detente.report.numbers import balance_range, loss_or_gain
from detente.report.style import FAINT, GRID, INK, KIND_COLOURS, LEGEND, NETWORK, SIDES, faded, layout, pattern
from detente.report.words import label

STEPS = {
    "held": "own sales closed", "network": "through the network, nobody adapts", "stocks": "stocks and freed goods",
    "resourced": "new suppliers, spare capacity", "diverted": "sales taken over from rivals", "left": "output lost",
}  # fmt: skip
NARROW = ("own sales closed", "network", "stocks", "new suppliers", "rivals' sales", "output lost")
YEAR = 365.25
POINTS = 320  # days that a chart of a long span shows


def waterfall(steps: pl.DataFrame, labels: Mapping[str, str]) -> go.Figure:
    """For each side, from its own closed sales to what it loses in the end: what adds, what takes off, what is left."""
    sides = [s for s in labels if steps.filter((pl.col("side") == s) & (pl.col("usd_m").abs() > 0.5)).height]
    figure = go.Figure()
    places: list[tuple[float, str, str]] = []
    at, most, least = 0.0, 1e-9, 0.0
    unit, scale = scale_of(steps["total_usd_m"])
    for side in sides:
        places.append((at, f"<b>{label(labels[side], 34)}</b>", f"<b>{label(labels[side], 17)}</b>"))
        rows = steps.filter(pl.col("side") == side)
        before = 0.0
        for k, r in enumerate(rows.iter_rows(named=True)):
            at += 1
            places.append((at, STEPS[r["step"]], NARROW[k]))
            start, end = (0.0, r["usd_m"]) if r["step"] == "left" else (before, before + r["usd_m"])
            _step(
                figure, at, k, r, label(labels[side]), SIDES[list(labels).index(side) % len(SIDES)], start, end, scale
            )
            before = end
        most, least = max(most, *rows["total_usd_m"]), min(least, *rows["total_usd_m"])
        at += 1.5
    figure.update_layout(
        layout(height=round(70 + 26 * max(1.0, at)), margin={"l": 40, "r": 12, "t": 8, "b": 48}), barmode="overlay",
        showlegend=False, meta={"narrow": [t for _, _, t in places]},
        xaxis={
            "title": {"text": f"USD {unit} of output a year"}, "range": plain([least * 1.1, most * 1.3], scale),
            "gridcolor": GRID, "fixedrange": True, "zerolinecolor": FAINT, "nticks": 8, "tickformat": ",~r",
        },
        yaxis={
            "tickmode": "array", "tickvals": [a for a, _, _ in places], "ticktext": [t for _, t, _ in places],
            "range": [at - 0.6, -0.6], "showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True,
            "ticklabelstandoff": 6,
        },
    )  # fmt: skip
    return figure


def _step(
    figure: go.Figure, at: float, k: int, row: Mapping[str, Any], side: str, colour: str, start: float, end: float,
    scale: float,
) -> None:  # fmt: skip
    """One bar from where the step before ended, with what it adds or takes off in words."""
    whole, value = row["step"] == "left", row["usd_m"]
    colour, shape = (
        (colour, "") if whole else (KIND_COLOURS["licensed"], ".") if value < 0
        else (KIND_COLOURS["closed"], "\\") if k == 0 else (NETWORK, "/")
    )  # fmt: skip
    sign = "" if whole or k == 0 or abs(value) < 0.05 else "+ " if value > 0 else "– "
    said = loss_or_gain(0.0 if abs(value) < 0.05 else value if whole else abs(value))
    low, width = plain([min(start, end), abs(end - start)], scale)
    figure.add_bar(
        orientation="h", y=[at], base=[low], x=[width], width=0.66, hoverinfo="text",
        marker={"color": colour, "pattern": pattern(shape)},
        hovertext=[f"<b>{side}</b><br>{STEPS[row['step']]}: {sign}{said}"],
    )  # fmt: skip
    figure.add_scatter(
        x=plain([max(start, end)], scale), y=[at], mode="text", text=[f"  {sign}{said.replace('USD ', '')}"],
        textposition="middle right", textfont={"size": 12, "color": INK}, hoverinfo="skip", cliponaxis=False,
    )  # fmt: skip


def path(days: pl.DataFrame, labels: Mapping[str, str]) -> go.Figure:
    """A panel a side over the days: the flow as a line in its own range, between optimum and cascade."""
    sides = [s for s in labels if days.filter(pl.col("side") == s).height]
    titles = [f"<b>{label(labels[s], 34)}</b>" for s in sides]
    figure = make_subplots(
        rows=max(1, len(sides)), cols=1, shared_xaxes=True, subplot_titles=titles or None, vertical_spacing=0.08
    )
    for i, side in enumerate(sides):
        rows = days.filter(pl.col("side") == side).sort("day").gather_every(max(1, days["day"].n_unique() // POINTS))
        colour = SIDES[list(labels).index(side) % len(SIDES)]
        x = [d.isoformat() for d in rows["day"]]
        numbers = [c for c in rows.columns if c not in ("day", "side")]
        values = {c: rows[c].fill_null(0.0).to_numpy() * YEAR for c in numbers}
        unit, scale = scale_of(pl.Series([max(float(v.max()) for v in values.values())]))
        edge = {"x": x, "mode": "lines", "hoverinfo": "skip", "showlegend": False, "row": i + 1, "col": 1}
        first = i == 0
        for low, high, dash, name, shape in (
            ("optimum_usd_m_low", "cascade_usd_m_high", "dot", "optimum to cascade", "hv"),
            ("flow_usd_m_low", "flow_usd_m_high", "solid", "range of the flow", "linear"),
        ):
            thin = {"width": 0.9, "color": colour, "dash": dash, "shape": shape}
            figure.add_scatter(y=plain(values[low], scale), line=thin, **edge)
            figure.add_scatter(
                y=plain(values[high], scale),
                line=thin,
                fill="tonexty",
                fillcolor=faded(colour),
                name=name,
                legendgroup=name,
                **{**edge, "showlegend": first},
            )
        figure.add_scatter(
            x=x, y=plain(values["flow_usd_m"], scale), mode="lines", name="flow", legendgroup="flow", showlegend=first,
            line={"width": 2.6, "color": colour}, hoverinfo="text", row=i + 1, col=1,
            hovertext=[
                f"<b>{label(labels[side])}</b>, {d}<br>flow: {loss_or_gain(_quiet(f))} a year<br>"
                f"optimum to cascade: {balance_range(_quiet(a), _quiet(b)).removesuffix(' *')}"
                for d, f, a, b in zip(x, *(values[c].tolist() for c in (
                    "flow_usd_m", "optimum_usd_m_low", "cascade_usd_m_high")), strict=True)
            ],
        )  # fmt: skip
        figure.update_yaxes(
            row=i + 1,
            col=1,
            title={"text": f"USD {unit} a year"},
            gridcolor=GRID,
            fixedrange=True,
            rangemode="tozero",
            tickformat=",~r",
            zerolinecolor=FAINT,
            nticks=6,
        )
    figure.update_xaxes(type="date", gridcolor=GRID, fixedrange=True, tickformat="%b %Y", nticks=10)
    figure.update_layout(
        layout(height=110 + 220 * max(1, len(sides)), margin={"l": 70, "r": 16, "t": 66, "b": 36}), legend=LEGEND,
        hovermode="closest",
    )  # fmt: skip
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure


def _quiet(value: float) -> float:
    return 0.0 if abs(value) < 0.5 else value

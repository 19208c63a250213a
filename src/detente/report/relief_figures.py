"""The figures of the third question: the frontier, who gains, the models, who imposed it, and what is used of it.

All text that comes from a case goes through ``words.label``: a chart reads its labels as a kind of HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from detente.relief.answer import Relief
from detente.relief.attribution import Attribution
from detente.report.comparison import MODELS
from detente.report.gains import signed, signed_span
from detente.report.loss_figures import numbers, scale_of
from detente.report.numbers import money, percent
from detente.report.relief_tables import moved
from detente.report.relief_words import (
    TODAY,
    capability_titles,
    changes,
    letter,
    main_packages,
    package_label,
    titles,
    two_sides,
)
from detente.report.style import DASHES, FAINT, GRID, INK, LEGEND, SIDES, layout, pattern
from detente.report.words import label

SCALE = [(0.0, "#440154"), (0.25, "#3b528b"), (0.5, "#21918c"), (0.75, "#5ec962"), (1.0, "#fde725")]  # viridis
MARKS = {"Nash": "star", "Kalai-Smorodinsky": "diamond", "egalitarian": "square"}
SIGNS = {"optimum": "triangle-up", "flow": "circle", "cascade": "diamond"}
SHAPES = ("", "/", "x", ".")
MOST_POINTS = 1200  # packages on the chart; those that leave no side worse off come first
MOST_FIRMS = 14
ROW_PX = 26
Row = tuple[float, str, str]


def frontier(found: Relief) -> go.Figure:
    """Packages not beaten by the gains of the two sides, coloured by capability; the points of fair division marked.

    ``meta.colours`` are the capabilities that the reader can choose between, each with its value for every package.
    """
    first, second = two_sides(found)
    sides, caps, names = found.case.about.sides, capability_titles(found), titles(found)
    f, at = found.frontier, [found.sides.index(s) for s in (first, second)]
    order = np.argsort(~f.win_win, kind="stable")[:MOST_POINTS]
    gains, kept = f.values.gain[order], f.values.capability[order]
    unit, scale = scale_of(pl.Series(np.abs(f.values.gain[:, at]).ravel()))
    texts = [
        "<br>".join([
            *(f"<b>{label(sides[s])}</b> {signed(float(g))}" for s, g in zip(found.sides, row, strict=True)),
            *(f"{label(caps[c], 50)}: {percent(float(v))}" for c, v in zip(found.capabilities, has, strict=True)),
            package_label(names, f.members(int(k))),
        ])
        for k, row, has in zip(order, gains, kept, strict=True)
    ]  # fmt: skip
    colours = [
        {"name": label(caps[c], 46), "values": [float(f"{v:.4g}") for v in kept[:, i]]}
        for i, c in enumerate(found.capabilities)
    ]
    figure = go.Figure(
        go.Scatter(
            x=numbers(gains[:, at[0]], scale), y=numbers(gains[:, at[1]], scale), mode="markers", showlegend=False,
            hoverinfo="text", hovertext=texts,
            marker={
                "size": 9, "line": {"width": 0.8, "color": FAINT}, "color": colours[0]["values"] if colours else FAINT,
                "colorscale": SCALE, "cmin": 0, "cmax": 1, "showscale": bool(colours),
                "colorbar": {
                    "title": {"text": colours[0]["name"] if colours else "", "side": "top"}, "orientation": "h",
                    "y": -0.16, "yanchor": "top", "x": 0, "xanchor": "left", "thickness": 11, "len": 0.7,
                    "tickformat": ".0%", "outlinewidth": 0,
                },
            },
        )
    )  # fmt: skip
    for name, symbol, points in _points(found, at):
        figure.add_scatter(
            x=numbers([x for x, _, _ in points], scale), y=numbers([y for _, y, _ in points], scale), name=name,
            mode="markers+text", hoverinfo="skip", text=[f"<b>{text}</b>" for _, _, text in points],
            marker={"symbol": f"{symbol}-open", "size": 15, "line": {"width": 2.4, "color": INK}, "color": INK},
            textposition="top center", textfont={"color": INK, "size": 13}, cliponaxis=False,
        )  # fmt: skip
    axis = {
        "gridcolor": GRID,
        "zerolinecolor": INK,
        "zerolinewidth": 1.2,
        "fixedrange": True,
        "tickformat": ",~r",
        "nticks": 7,
    }
    figure.update_layout(
        layout(height=560, margin={"l": 64, "r": 24, "t": 60, "b": 120}), hovermode="closest",
        showlegend=True, legend={**LEGEND, "itemclick": False, "itemdoubleclick": False},
        meta={"colours": colours},
        xaxis={**axis, "title": {"text": f"{label(sides[first], 40)}: gain, USD {unit} a year"}},
        yaxis={**axis, "title": {"text": f"{label(sides[second], 40)}: gain, USD {unit} a year"}},
    )  # fmt: skip
    return figure


def _points(found: Relief, at: Sequence[int]) -> list[tuple[str, str, list[tuple[float, float, str]]]]:
    """Name, symbol and (x, y, letters) of the status quo, each rule of fair division, and the other packages shown."""
    places: dict[tuple[float, float], list[int]] = {}
    for k, one in enumerate(found.shown):
        x, y = (float(one.values.gain[0, s]) for s in at)
        places.setdefault((round(x, 3), round(y, 3)), []).append(k)
    words = {k: (*xy, ", ".join(letter(j) for j in ks if j)) for xy, ks in places.items() for k in ks}
    answer = [(TODAY, "x", [words[0]])]
    rest = set(range(1, len(found.shown)))
    for rule, symbol in MARKS.items():
        mine = [k for k in range(1, len(found.shown)) if rule in found.shown[k].why]
        answer += [(rule, symbol, [words[k] for k in mine])] if mine else []
        rest -= set(mine)
    return answer + ([("others in the table", "circle", [words[k] for k in sorted(rest)])] if rest else [])


def who_gains(found: Relief, package: int) -> go.Figure:
    """A bar a firm for the flow's figure, coloured by side, with a line over the range of the models."""
    sides = found.case.about.sides
    rows = list(moved(changes(found, package, "party")).head(MOST_FIRMS).iter_rows(named=True))
    unit, scale = scale_of(pl.Series([max(abs(r["low"]), abs(r["high"])) for r in rows], dtype=pl.Float64))
    figure = go.Figure()
    for i, s in enumerate(sides):
        mine = [(y, r) for y, r in enumerate(rows) if r["side"] == s]
        figure.add_bar(
            orientation="h", y=[y for y, _ in mine], x=numbers([r["gain"] for _, r in mine], scale), width=0.6,
            name=label(sides[s], 30), hoverinfo="text",
            hovertext=[
                f"<b>{label(r['party_name'])}</b><br>{signed_span(r['low'], r['high'])} a year<br>"
                f"flow: {signed(r['gain'])}"
                for _, r in mine
            ],
            marker={"color": SIDES[i % len(SIDES)], "pattern": pattern(SHAPES[i % len(SHAPES)])},
            error_x={
                "type": "data", "symmetric": False, "color": INK, "thickness": 1.4, "width": 4,
                "array": numbers([max(0.0, r["high"] - r["gain"]) for _, r in mine], scale),
                "arrayminus": numbers([max(0.0, r["gain"] - r["low"]) for _, r in mine], scale),
            },
        )  # fmt: skip
    ticks: list[Row] = [(y, f"{label(r['party_name'], 32)}", label(r["party_name"], 17)) for y, r in enumerate(rows)]
    return _across(figure, ticks, f"USD {unit} of output a year: gain, or loss below 0")


def models(found: Relief) -> go.Figure:
    """For each package shown and side a line over the range, and a mark for each model."""
    sides, ticks, at = found.case.about.sides, list[Row](), 0.0
    rows: list[tuple[float, str, Mapping[str, Any]]] = []
    for k in range(1, len(found.shown)):
        ticks.append((at, f"<b>Package {letter(k)}</b>", f"<b>{letter(k)}</b>"))
        by = {r["side"]: r for r in changes(found, k, "side").iter_rows(named=True)}
        for s in [s for s in found.sides if s in by]:
            at += 1
            ticks.append((at, label(sides[s], 30), label(sides[s], 17)))
            rows.append((at, s, by[s]))
        at += 1.3
    unit, scale = scale_of(pl.Series([max(abs(r["low"]), abs(r["high"])) for _, _, r in rows], dtype=pl.Float64))
    figure = go.Figure()
    for i, s in enumerate(sides):
        xs, ys = list[float | None](), list[float | None]()
        for y, side, r in rows:
            if side == s:
                xs += [*numbers([r["low"], r["high"]], scale), None]
                ys += [y, y, None]
        figure.add_scatter(x=xs, y=ys, mode="lines", hoverinfo="skip", showlegend=False,
                           line={"width": 7, "color": SIDES[i % len(SIDES)]})  # fmt: skip
    for m in MODELS:
        column = f"{m}_low" if m == "optimum" else m
        mine = [(y, s, r) for y, s, r in rows if column in r]
        figure.add_scatter(
            x=numbers([r[column] for _, _, r in mine], scale), y=[y for y, _, _ in mine], mode="markers",
            hoverinfo="text",
            name="optimum, low end" if m == "optimum" else m,
            hovertext=[
                f"<b>{label(sides[s])}</b><br>{m}: {signed_span(r[f'{m}_low'], r[f'{m}_high'])}" for _, s, r in mine
            ],
            marker={"symbol": SIGNS[m], "size": 10, "color": INK, "line": {"width": 1, "color": GRID}},
        )  # fmt: skip
    return _across(figure, ticks, f"USD {unit} of output a year: gain, or loss below 0")


def attribution(found: Relief, shares: Attribution) -> go.Figure:
    """A bar a measure and side for its Shapley share of the side's loss."""
    sides, names = found.case.about.sides, {m.id: m.title for m in found.case.measures}
    frame = shares.frame(found.measure_sides)
    size = (
        frame.group_by("id").agg(pl.col("share_usd_m").abs().sum()).sort("share_usd_m", "id", descending=[True, False])
    )
    order = [i for i, v in size.iter_rows() if v >= 0.5]
    unit, scale = scale_of(frame["share_usd_m"].abs())
    figure = go.Figure()
    for i, s in enumerate(sides):
        by = {r["id"]: r for r in frame.filter(pl.col("side") == s).iter_rows(named=True)}
        if not by:
            continue
        values = [by[n]["share_usd_m"] for n in order]
        figure.add_bar(
            orientation="h", y=list(range(len(order))), x=numbers(values, scale), name=label(sides[s], 30),
            hoverinfo="text",
            hovertext=[f"<b>{label(names.get(n, n))}</b><br>{label(sides[s])}: {money(v)} of its loss"
                       for n, v in zip(order, values, strict=True)],
            marker={"color": SIDES[i % len(SIDES)], "pattern": pattern(SHAPES[i % len(SHAPES)])},
            error_x={"type": "data", "array": numbers([2 * by[n]["standard_error_usd_m"] for n in order], scale),
                     "color": INK, "thickness": 1.2, "width": 3},
        )  # fmt: skip
    ticks: list[Row] = [(y, label(names.get(n, n), 44), label(names.get(n, n), 18)) for y, n in enumerate(order)]
    made = _across(figure, ticks, f"USD {unit} of output lost a year", row_px=24 + 16 * len(found.measure_sides))
    made.update_layout(barmode="group")
    return made


def ladder(found: Relief) -> go.Figure:
    """A line a side and package over how much of what is newly permitted is used."""
    sides = found.case.about.sides
    packages = main_packages(found)
    shown = found.ladder.filter(pl.col("package").is_in(list(packages)))
    columns = [f"gain_usd_m_{s}" for s in found.sides]
    unit, scale = scale_of(pl.Series([abs(float(v)) for c in columns for v in shown[c]], dtype=pl.Float64))
    figure = go.Figure()
    for dash, k in zip(DASHES, packages, strict=False):
        rows = shown.filter(pl.col("package") == k).sort("used")
        for s in found.sides:
            i = list(sides).index(s)
            values = rows[f"gain_usd_m_{s}"].to_list()
            figure.add_scatter(
                x=[f"{u:.0%}" for u in rows["used"]], y=numbers(values, scale), mode="lines+markers",
                name=f"{letter(k)}: {label(sides[s], 26)}", hoverinfo="text",
                hovertext=[f"<b>Package {letter(k)}, {label(sides[s])}</b><br>{percent(u)} used: {signed(v)} a year"
                           for u, v in zip(rows["used"], values, strict=True)],
                line={"color": SIDES[i % len(SIDES)], "dash": dash, "width": 2.4}, marker={"size": 8},
            )  # fmt: skip
    figure.update_layout(
        layout(height=380, margin={"l": 60, "r": 16, "t": 64, "b": 48}), showlegend=True, legend={**LEGEND},
        xaxis={
            "title": {"text": "used of what is newly permitted"}, "type": "category", "fixedrange": True,
            "showgrid": False,
        },
        yaxis={
            "title": {"text": f"gain, USD {unit} a year"}, "gridcolor": GRID, "zerolinecolor": INK, "fixedrange": True,
            "tickformat": ",~r", "nticks": 7,
        },
    )  # fmt: skip
    return figure


def _across(figure: go.Figure, ticks: Sequence[Row], title: str, *, row_px: int = ROW_PX) -> go.Figure:
    """Horizontal rows with a legend above, labels for wide and narrow screens, and the zero line marked."""
    end = max((y for y, _, _ in ticks), default=0.0) + 1
    figure.update_layout(
        layout(height=round(118 + row_px * end), margin={"l": 40, "r": 20, "t": 44, "b": 48}), barmode="overlay",
        showlegend=True, legend={**LEGEND, "traceorder": "normal"}, meta={"narrow": [t for _, _, t in ticks]},
        xaxis={
            "title": {"text": title}, "gridcolor": GRID, "fixedrange": True, "zerolinecolor": INK, "zerolinewidth": 1.3,
            "nticks": 8, "tickformat": ",~r",
        },
        yaxis={
            "tickmode": "array", "tickvals": [y for y, _, _ in ticks], "ticktext": [t for _, t, _ in ticks],
            "range": [end - 0.4, -0.7], "showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True,
            "ticklabelstandoff": 6,
        },
    )  # fmt: skip
    return figure

"""How figures look: colours, patterns and layout, the same on every chart.

Colours are the light theme's; the page swaps each for a CSS variable, so that a dark page has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detente.report.story import KINDS

INK, FAINT, GRID = "#1d2433", "#5b6475", "#d5dae3"
KIND_COLOURS = dict(zip(KINDS, ("#4a90c8", "#9fcdea", "#2a9d78", "#8a8f99", "#b23c0c"), strict=True))
KIND_SOFT = dict(zip(KINDS, ("#a6c8e4", "#cfe6f5", "#9ad1bf", "#c8cbd1", "#d99a80"), strict=True))
PATTERNS = dict(zip(KINDS, ("", "/", ".", "x", "\\"), strict=True))
NETWORK = "#c9a227"  # what came through the network: apart from every kind of sale
SIDES = ("#5b4fa3", "#a87400", "#2f7d86", "#a03d70", "#5f6b2f", "#6b5b53")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def faded(colour: str) -> str:
    """A colour as a band behind a line of it."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"


LEGEND = {"orientation": "h", "x": 0, "xref": "container", "y": 1, "yref": "container", "yanchor": "top"}
# Colour of the light theme -> name of the CSS variable that the page puts in its place.
PALETTE: Mapping[str, str] = {
    INK: "--ink", FAINT: "--faint", GRID: "--grid",
    **{c: f"--{k.replace(' ', '-')}" for k, c in KIND_COLOURS.items()},
    **{c: f"--{k.replace(' ', '-')}-soft" for k, c in KIND_SOFT.items()},
    NETWORK: "--network",
    **{c: f"--side-{i}" for i, c in enumerate(SIDES)},
    **{faded(c): f"--side-{i}-soft" for i, c in enumerate(SIDES)},
}  # fmt: skip


def layout(*, height: int, margin: Mapping[str, int]) -> dict[str, Any]:
    """What all figures have in common: no background of their own, plain text, no dragging."""
    return {
        "template": "none",
        "height": height,
        "margin": dict(margin),
        "dragmode": False,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": INK},
        "hoverlabel": {"align": "left", "namelength": -1},
    }


def marker(kind: str) -> dict[str, Any]:
    """Colour and pattern of a kind of sale."""
    return {"color": KIND_COLOURS[kind], "pattern": pattern(PATTERNS[kind]), "line": {"width": 0}}


def pattern(shape: str) -> dict[str, Any]:
    """White lines over the colour; the colour is told apart by its pattern too."""
    return {"shape": shape, "fgcolor": "rgba(255,255,255,0.75)", "size": 7, "solidity": 0.22, "fillmode": "overlay"}

"""How figures are written for people: two significant figures for what a model says, never more than is known."""

from __future__ import annotations

import math


def significant(value: float, figures: int = 2) -> float:
    """The value rounded to so many significant figures."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    return round(value, figures - 1 - math.floor(math.log10(abs(value))))


def plain(value: float) -> str:
    """A number without needless zeros, thousands separated."""
    text = f"{value:,.2f}" if abs(value) < 1 else f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def usd(millions: float, *, modelled: bool = True) -> str:
    """USD millions in words: ``USD 4.3 bn``; two significant figures where a model made the figure."""
    value = significant(millions) if modelled else millions
    return f"USD {plain(value / 1000)} bn" if abs(value) >= 1000 else f"USD {plain(value)} m"


def usd_range(low: float, high: float) -> str:
    """A range of modelled USD millions: ``1.2 to 4.3 bn``; one figure where both ends round to the same."""
    a, b = usd(low), usd(high)
    if a == b:
        return a
    (x, unit_a), (y, unit_b) = a.removeprefix("USD ").split(), b.removeprefix("USD ").split()
    return f"{x} to {y} {unit_b}" if unit_a == unit_b else f"{x} {unit_a} to {y} {unit_b}"


def share(value: float) -> str:
    """A fraction as a percentage of two significant figures."""
    return f"{plain(significant(value * 100))} %"

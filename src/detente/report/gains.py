"""Gains as people read them: what a side would make more or less, to two figures, with the range that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detente.relief.answer import is_supported
from detente.report.numbers import money, money_span

NOTHING = 0.05  # USD m a year: less is nothing
ENDS = ("flow", "flow_low", "flow_high", "cascade", "optimum", "p05", "p95")
"""What the range of a gain is taken over: the three models, and nine in ten of the worlds drawn."""


def span_of(row: Mapping[str, Any], side: str) -> tuple[float, float]:
    """The least and the most of a side's gain in a row of ``Relief.packages`` or of an answered question."""
    values = [row.get(f"gain_usd_m_{side}_{end}") for end in ENDS]
    known = [float(v) for v in values if v is not None]
    return min(known, default=0.0), max(known, default=0.0)


def agree(row: Mapping[str, Any], side: str) -> bool:
    """Whether the three models' gains of a side have one sign and lie within a factor of three."""
    return is_supported([float(row[f"gain_usd_m_{side}_{model}"]) for model in ("flow", "cascade", "optimum")])


def signed(value: float) -> str:
    """A gain in a table: ``+1.2 bn``, ``-340 m``, ``0``."""
    if abs(value) < NOTHING:
        return "0"
    return ("+" if value > 0 else "-") + money(abs(value)).replace("USD ", "")


def signed_span(low: float, high: float) -> str:
    """The range of a gain in a table: ``-1.1 to +2.0 bn``."""
    a, b = signed(low), signed(high)
    if a == b:
        return a
    return f"{a[:-3] if a[-3:] == b[-3:] else a} to {b}"


def in_words(low: float, high: float) -> str:
    """The range of a gain in a sentence: ``USD 0.90 to 1.4 bn more``, ``USD 1.0 bn less to USD 2.0 bn more``."""
    low, high = (0.0 if abs(x) < NOTHING else x for x in (low, high))
    if low == high == 0.0:
        return "nothing"
    if low >= 0.0:
        return f"up to {money(high)} more" if low == 0.0 else f"{_between(low, high)} more"
    if high <= 0.0:
        return f"up to {money(-low)} less" if high == 0.0 else f"{_between(-high, -low)} less"
    return f"{money(-low)} less to {money(high)} more"


def told(value: float, low: float, high: float, *, supported: bool) -> str:
    """A gain in a sentence: its figure with the range, or the range alone where no figure is supported."""
    if abs(low) < NOTHING and abs(high) < NOTHING:
        return "nothing"
    if not supported or abs(value) < NOTHING:
        return in_words(low, high)
    return f"{money(abs(value))} {'more' if value > 0 else 'less'} ({in_words(low, high)})"


def _between(low: float, high: float) -> str:
    return money(high) if money(low) == money(high) else f"USD {money_span(low, high)}"

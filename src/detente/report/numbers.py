"""Numbers as people read them: two significant figures, units, and the range beside."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
NOT_KNOWN = "not known"
FACTOR = 3.0  # where the ends of a range are further apart than this, no single figure is supported


def is_number(value: float | None) -> bool:
    """Whether there is a finite number to show."""
    return value is not None and math.isfinite(value)


def two(value: float) -> str:
    """A number with two significant figures, written out with commas: 12345 is 12,000 and 0.0456 is 0.046."""
    rounded = _rounded(value)
    return "0" if rounded == 0 else f"{rounded:,.{max(0, 1 - math.floor(math.log10(abs(rounded))))}f}"


def _rounded(value: float) -> float:
    return 0.0 if value == 0 else round(value, 1 - math.floor(math.log10(abs(value))))


def money(value_usd_m: float | None) -> str:
    """USD m as text, in m or bn: 12345 is ``USD 12 bn``."""
    if value_usd_m is None or not is_number(value_usd_m):
        return NOT_KNOWN
    if 0 < abs(value_usd_m) < 0.095:
        return "under USD 0.1 m"
    return f"USD {_scaled(value_usd_m, _unit(value_usd_m))} {_unit(value_usd_m)}"


def money_range(value: float | None, low: float | None, high: float | None) -> str:
    """USD m with its range, which is left out only where both ends read the same: ``USD 12 bn (9.0 to 14 bn)``."""
    if low is None or high is None or not (is_number(low) and is_number(high)):
        return f"{money(value)} (no range recorded)" if is_number(value) else NOT_KNOWN
    return f"{money(value)} ({money_span(low, high)})"


def money_span(low: float, high: float) -> str:
    """The two ends of a range: ``0.90 to 1.4 bn``."""
    a, b = _unit(low), _unit(high)
    start, end = _scaled(low, a), _scaled(high, b)
    if (start, a) == (end, b):
        return f"{end} {b} at both ends"
    return f"{start} to {end} {b}" if a == b or start == "0" else f"{start} {a} to {end} {b}"


def loss_range(low: float, high: float) -> str:
    """What a range of a modelled loss supports: the range, and a star where its ends are too far apart for a figure."""
    if high <= 0:
        return "nothing"
    text = money(high) if money(low) == money(high) else f"USD {money_span(low, high)}"
    return text if 0 < high <= FACTOR * low else f"{text} *"


def loss_or_gain(value: float) -> str:
    """A modelled loss: money, or the gain that a loss below nothing is."""
    return f"gain of {money(-value)}" if value < 0 else "nothing" if value == 0 else money(value)


def balance_range(low: float, high: float) -> str:
    """`loss_range` where the low end, or both, may be gains: ``gain of USD 1.2 bn to loss of USD 3.4 bn *``."""
    if low >= 0:
        return loss_range(low, high)
    gain = money(-low)
    if high > 0:
        return f"gain of {gain} to loss of {money(high)} *"
    text = f"gain of {gain}" if high == low else f"gain of USD {money_span(-high, -low)}"
    return text if high < 0 and low >= FACTOR * high else f"{text} *"


def _unit(value_usd_m: float) -> str:
    return "bn" if abs(value_usd_m) >= 995 else "m"


def _scaled(value_usd_m: float, unit: str) -> str:
    value = _rounded(value_usd_m)
    return "0" if abs(value) < 0.095 else two(value / 1000 if unit == "bn" else value)


def percent(share: float | None) -> str:
    """A share as a whole percentage; the two ends of the scale are kept for what is exactly none or all."""
    if share is None or not is_number(share):
        return NOT_KNOWN
    if 0 < share < 0.01:
        return "under 1%"
    if 0.99 < share < 1:
        return "over 99%"
    return f"{share:.0%}"


def percents(shares: Sequence[float]) -> list[str]:
    """Shares that add up to one as whole percentages that add up to 100; what is there but small is "under 1%"."""
    floors = [math.floor(100 * s + 1e-9) for s in shares]
    rest = sorted(range(len(shares)), key=lambda i: (floors[i] - 100 * shares[i], i))
    for i in rest[: max(0, round(100 * sum(shares)) - sum(floors))]:
        floors[i] += 1
    return ["under 1%" if n == 0 and s > 0 else f"{n}%" for n, s in zip(floors, shares, strict=True)]


def amount(value: float | None) -> str:
    """A figure of the record in a table: as many digits as a reader can use, no unit."""
    if value is None or not is_number(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:,.3g}"


def span(low: float | None, high: float | None) -> str:
    """A recorded range in a table; empty where none is recorded."""
    return f"{amount(low)} to {amount(high)}" if is_number(low) and is_number(high) else ""


def long_day(day: dt.date) -> str:
    """A day in prose: 20 January 2021."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def listed(words: list[str]) -> str:
    """Words as a list in prose: ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""

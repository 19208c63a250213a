"""What is left of a licence line: what it licenses, what the rules tolerate on top, what has been drawn.

Money and quantities are counted in whole thousandths of a US cent and millionths of a piece, so that a balance of
nothing is nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from detente.decide.facts import Facts
from detente.decide.rows import Draw, Licence, Line
from detente.decide.scope import window_on
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason
from detente.record.limb import LicenceRule

VALUE = 10**11  # one USD m in thousandths of a cent
QUANTITY = 10**6
Drawn = Callable[[str, int], tuple[int, int]]
"""What has been drawn on a line of a licence before the sale that is asked about: value and quantity."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a line allows in all, in whole units; None: without limit. ``full`` is the quantity licensed."""

    value: int | None
    quantity: int | None
    full: int | None
    stops_when_full: bool
    rule: LicenceRule | None


def value_of(usd_m: float) -> int:
    """A value in whole units."""
    return round(usd_m * VALUE)


def quantity_of(pieces: float) -> int:
    """A quantity in whole units."""
    return round(pieces * QUANTITY)


def rule_of(licence: Licence, unit: str | None, facts: Facts, day: dt.date) -> LicenceRule | None:
    """The rule on licences of its regime on a day; one about the unit of the line goes before a general one."""
    live = rules_on(licence, facts, day)
    fit = [r for r in live if unit is not None and unit in r.units] or [r for r in live if not r.units]
    return fit[0] if fit else None


def rules_on(licence: Licence, facts: Facts, day: dt.date) -> list[LicenceRule]:
    """The rules on licences in force on a day in the regimes whose limbs a licence overcomes."""
    regimes = {facts.limbs[i][0].regime for i in licence.overcomes if i in facts.limbs}
    rules = [r for regime in sorted(regimes) for r in facts.licence_rules.get(regime, ())]
    found = [(r, window_on(r.in_force, day, facts.as_known)) for r in rules]
    return [r for r, w in found if w is not None and w.certainty == "enacted"]  # what is not certain helps nobody


def limits(licence: Licence, line: Line, facts: Facts, day: dt.date) -> Limits:
    """What a line allows with its tolerances on a day (15 CFR 750.11 for the United States)."""
    rule = rule_of(licence, line.unit, facts, day)
    value_pct = licence.value_pct if licence.value_pct is not None else rule.value_pct if rule else 0.0
    quantity_pct = licence.quantity_pct if licence.quantity_pct is not None else rule.quantity_pct if rule else 0.0
    full = None if line.quantity is None else quantity_of(line.quantity)
    return Limits(
        None if line.value_usd_m is None else _with(value_of(line.value_usd_m), value_pct),
        None if full is None else _with(full, quantity_pct),
        full,
        rule is None or rule.stop_at_full_quantity,
        rule,
    )


def _with(amount: int, pct: float) -> int:
    """An amount and a tolerance on top, rounded down to a whole unit."""
    return amount + amount * round(pct * 1000) // 100_000


def has_room(limit: Limits, value: int, quantity: int | None, drawn: tuple[int, int]) -> bool | None:
    """Whether a draw still fits; None where the quantity that matters is not known."""
    if limit.full is not None and limit.stops_when_full and drawn[1] >= limit.full:
        return False
    if limit.value is not None and drawn[0] + value > limit.value:
        return False
    if limit.quantity is None:
        return True
    return None if quantity is None else drawn[1] + quantity <= limit.quantity


def fits(limit: Limits, value: int, quantity: int | None, drawn: tuple[int, int]) -> tuple[bool | None, str]:
    """The same as ``has_room``, with why."""
    if limit.full is not None and limit.stops_when_full and drawn[1] >= limit.full:
        return False, "the full quantity has been drawn"
    if limit.value is not None and drawn[0] + value > limit.value:
        return False, f"would exceed its value: {_usd(drawn[0] + value)} of {_usd(limit.value)} with tolerance"
    if limit.quantity is not None:
        if quantity is None:
            return None, "the quantity of the order is not recorded"
        if drawn[1] + quantity > limit.quantity:
            return False, f"would exceed its quantity: {_pieces(drawn[1] + quantity)} of {_pieces(limit.quantity)}"
    return True, "within what is left of it"


def room(
    licence: Licence, line: Line, value_usd_m: float, pieces: float | None, facts: Facts, day: dt.date, drawn: Drawn
) -> Reason | None:
    """Whether an order still fits on a line; None where the line has no limits."""
    if line.value_usd_m is None and line.quantity is None:
        return None
    limit = limits(licence, line, facts, day)
    before = drawn(licence.id, line.line)
    quantity = None if pieces is None else quantity_of(pieces)
    answer, why = fits(limit, value_of(value_usd_m), quantity, before)
    text = f"line {line.line} has room for it: {why}"
    rule = limit.rule
    return Reason(
        text, UNKNOWN if answer is None else TRUE if answer else FALSE, (line.fact,), rule.sources if rule else ()
    )


def recorded(facts: Facts, day: dt.date, without: str = "") -> Drawn:
    """What the case records as drawn through a day, leaving out the draws of one order."""
    totals: dict[tuple[str, int], tuple[int, int]] = {}
    for draw in facts.draws:
        if draw.date <= day and draw.order != without:
            value, quantity = totals.get((draw.licence, draw.line), (0, 0))
            more = 0 if draw.quantity is None else quantity_of(draw.quantity)
            totals[draw.licence, draw.line] = (value + value_of(draw.value_usd_m), quantity + more)
    return lambda licence, line: totals.get((licence, line), (0, 0))


@dataclass(frozen=True, slots=True)
class Own:
    """What the case records as drawn on a line for one order itself, in whole units.

    ``counted_*`` are the draws through the day of the order, which stand among the recorded ones.
    """

    value: int
    quantity: int
    counted_value: int
    counted_quantity: int
    draws: tuple[Draw, ...]

    def is_whole(self, limit: Limits, value: int, quantity: int | None) -> bool:
        """Whether it is known to be as much as an order comes to, of what the line is limited by."""
        enough = limit.value is None or value <= self.value
        return enough and (limit.quantity is None or (quantity is not None and quantity <= self.quantity))


def own_draw(facts: Facts, order: str, licence: str, line: int, day: dt.date) -> Own | None:
    """What the case records that an order drew on a line, as it stands on the day of the order; None: nothing."""
    mine = tuple(d for d in facts.draws if d.order == order and d.licence == licence and d.line == line)
    if not mine:
        return None
    whole = total((value_of(d.value_usd_m), quantity_of(d.quantity or 0)) for d in mine)
    counted = total((value_of(d.value_usd_m), quantity_of(d.quantity or 0)) for d in mine if d.date <= day)
    return Own(*whole, *counted, mine)


def line_on(licence: Licence, number: int, day: dt.date) -> Line | None:
    """The line of a number as it reads on a day."""
    return next((x for x in licence.lines if x.line == number and x.span.holds(day)), None)


def left(line: Line, drawn: tuple[int, int]) -> tuple[float | None, float | None]:
    """Value in USD m and quantity that are still undrawn, without tolerance; None where the line sets no limit."""
    value = None if line.value_usd_m is None else max(0, value_of(line.value_usd_m) - drawn[0]) / VALUE
    quantity = None if line.quantity is None else max(0, quantity_of(line.quantity) - drawn[1]) / QUANTITY
    return value, quantity


def _usd(amount: int) -> str:
    return f"USD {amount * 10**6 / VALUE:,.2f}".removesuffix(".00")


def _pieces(amount: int) -> str:
    return f"{amount / QUANTITY:,.6f}".rstrip("0").rstrip(".")


def total(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Values and quantities added up."""
    value = quantity = 0
    for v, q in pairs:
        value, quantity = value + v, quantity + q
    return value, quantity

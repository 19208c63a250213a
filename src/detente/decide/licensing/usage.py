"""How licences stand on a day: in force or not, what is drawn and left, and what was lost when one ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl

from detente.decide.book import Book
from detente.decide.facts import Facts, facts_of
from detente.decide.licensing import ledger
from detente.decide.licensing.standing import LIVE, NEXT, STRANDS, holders, last_day, standing
from detente.decide.rows import Licence, Line
from detente.record import Case, DetenteError
from detente.record.load import as_day

Draws = dict[tuple[str, int], list[tuple[int, int, int]]]
"""What is drawn on each line: day, value, quantity."""
WARNINGS = ((100, "full"), (95, "nearly_full"), (90, "low"), (80, "watch"))
"""From which used share, in per cent, a line is called what."""
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "licence": pl.String, "line": pl.Int64, "authority": pl.String, "holders": pl.List(pl.String), "item": pl.String,
    "codes": pl.List(pl.String), "unit": pl.String, "state": pl.String, "because": pl.String,
    "licensed_usd_m": pl.Float64, "licensed_quantity": pl.Float64, "value_tolerance_pct": pl.Float64,
    "quantity_tolerance_pct": pl.Float64, "rule": pl.String, "drawn_usd_m": pl.Float64, "drawn_quantity": pl.Float64,
    "left_usd_m": pl.Float64, "left_quantity": pl.Float64, "left_with_tolerance_usd_m": pl.Float64,
    "left_with_tolerance_quantity": pl.Float64, "used": pl.Float64, "warning": pl.String, "expires": pl.Date,
    "days_left": pl.Int64, "ended_on": pl.Date, "stranded_usd_m": pl.Float64, "stranded_quantity": pl.Float64,
    "sources": pl.List(pl.String),
}  # fmt: skip
_LADDER = ("licence", "line", "holders", "item", "codes", "unit", "state", "expires", "days_left", "left_usd_m",
           "left_quantity", "used", "warning")  # fmt: skip


def licences(case: Case, as_of: dt.date | str, book: Book | None = None) -> pl.DataFrame:
    """One row a licence line on a day (one with an empty ``line`` for a licence whose lines are not recorded).

    ``state`` is ``not_granted`` (no grant is recorded), ``applied``, ``not_yet`` (it starts later), ``in_force``,
    ``in_part`` (in force for some customers only), ``suspended``, ``unknown``, or over: ``denied``,
    ``intent_to_deny``, ``returned``, ``revoked``, ``expired``, ``exhausted``, ``void``. ``because`` says it in words.

    Values are USD m, quantities are counted in ``unit``. An amount that is without limit or not published is null,
    never 0. ``drawn_*`` are the draws recorded through the day and those that the lines of ``book`` make by then.
    ``left_*`` is what is undrawn on paper, in whatever state; ``left_with_tolerance_*`` adds what the licence itself,
    or else ``rule`` (the licence rule in force on the day), tolerates. ``used`` is the used share of value or of
    quantity, the larger one; ``warning`` is ``watch``, ``low``, ``nearly_full`` or ``full`` from 80, 90, 95 and 100 %
    on, and ``overdrawn`` beyond what is tolerated. ``holders`` are those of the day, after transfers. ``expires`` is
    the last day, ``days_left`` counts up to it, ``ended_on`` is the first day on which a licence that had been granted
    no longer held (of a void one: the day that was declared), ``stranded_*`` what was undrawn then; 0 where nothing was
    lost. ``sources`` are those of the licence and of what had happened to it.

    Raises ``DetenteError`` where the book was decided in another record. Source: 15 CFR 750.7, 750.8 and 750.11.
    """
    day, facts = as_day(as_of, "as_of"), facts_of(case)
    if book is not None and book.case.digest != case.digest:
        raise DetenteError("the order book was decided in another record than the one whose licences are asked for.")
    draws = _draws(facts, book)
    every = (facts.licence[i] for i in case["licences"]["id"])
    rows = [_row(x, line, facts, day, draws) for x in every for line in _lines(x, day)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def ladder(case: Case, as_of: dt.date | str, book: Book | None = None) -> pl.DataFrame:
    """The licence lines in force on a day, the next to expire first; those without a known last day come last.

    Columns as in ``licences``: licence, line, holders, item, codes, unit, state, expires, days_left (0 on the last
    day), left_usd_m, left_quantity, used, warning.
    """
    live = licences(case, as_of, book).filter(pl.col("state").is_in(list(LIVE)))
    return live.select(_LADDER).sort("expires", "licence", "line", nulls_last=True)


def _lines(licence: Licence, day: dt.date) -> Iterator[Line | None]:
    """Each line as it reads on a day; one that is over, or does not run yet, as it read last or will read first."""
    if not licence.lines:
        yield None
    for number in dict.fromkeys(x.line for x in licence.lines):
        mine = sorted((x for x in licence.lines if x.line == number), key=lambda x: x.span.since or dt.date.min)
        yield next((x for x in reversed(mine) if x.span.since is None or x.span.since <= day), mine[0])


def _draws(facts: Facts, book: Book | None) -> Draws:
    """Everything that is drawn, in no order."""
    found: Draws = {}
    for d in facts.draws:
        pieces = 0 if d.quantity is None else ledger.quantity_of(d.quantity)
        found.setdefault((d.licence, d.line), []).append((d.date.toordinal(), ledger.value_of(d.value_usd_m), pieces))
    if book is not None:
        days, b = book.coded.day[book.draws.at].tolist() if book.draws.at else [], book.draws
        for day, line, value, quantity in zip(days, b.line, b.value, b.quantity, strict=True):
            found.setdefault(line, []).append((day, value, quantity))
    return found


def _row(licence: Licence, line: Line | None, facts: Facts, day: dt.date, draws: Draws) -> dict[str, object]:
    """One row of the table."""
    now, last = standing(licence, line, day), last_day(licence, line)
    mine = [] if line is None else draws.get((licence.id, line.line), [])

    def drawn_by(when: dt.date) -> tuple[int, int]:
        return ledger.total((v, q) for d, v, q in mine if d <= when.toordinal())

    drawn = drawn_by(day)
    lost_on = now.ended_on if now.state in STRANDS else None
    stranded: tuple[float | None, float | None] = (0.0, 0.0)
    if lost_on is not None:
        stranded = (None, None) if line is None else ledger.left(line, drawn_by(min(day, lost_on - NEXT)))
    happened = [s for e in licence.events if e.date <= day or e.event == "void" for s in e.sources]
    row: dict[str, object] = {
        "licence": licence.id, "authority": licence.authority, "holders": list(holders(licence, day)),
        "state": now.state, "because": now.because, "expires": last, "ended_on": now.ended_on,
        "days_left": (last - day).days if last is not None and last >= day and now.state not in STRANDS else None,
        "drawn_usd_m": drawn[0] / ledger.VALUE, "drawn_quantity": drawn[1] / ledger.QUANTITY,
        "stranded_usd_m": stranded[0], "stranded_quantity": stranded[1],
        "sources": list(dict.fromkeys((*licence.sources, *happened))),
    }  # fmt: skip
    return row if line is None else row | _balance(licence, line, facts, day, drawn)


def _balance(licence: Licence, line: Line, facts: Facts, day: dt.date, drawn: tuple[int, int]) -> dict[str, object]:
    """What a line licenses, what is left of it, how near its end it is."""
    limit = ledger.limits(licence, line, facts, day)
    rule = limit.rule
    general = (rule.value_pct, rule.quantity_pct) if rule else (0.0, 0.0)
    pct = [x if own is None else own for own, x in zip((licence.value_pct, licence.quantity_pct), general, strict=True)]
    value = None if line.value_usd_m is None else ledger.value_of(line.value_usd_m)
    pairs = [(d, x) for d, x in zip(drawn, (value, limit.full), strict=True) if x is not None]
    left = ledger.left(line, drawn)
    is_full = limit.full is not None and limit.stops_when_full and drawn[1] >= limit.full
    over = any(d > x for d, x in zip(drawn, (limit.value, limit.quantity), strict=True) if x is not None)
    word = next((w for p, w in WARNINGS if any(100 * d >= p * x for d, x in pairs)), None)
    may = [None if x is None else max(0, x - d) for d, x in zip(drawn, (limit.value, limit.quantity), strict=True)]
    return {
        "line": line.line, "item": line.item, "unit": line.unit,
        "codes": list(line.codes) if line.codes or line.item else None,
        "licensed_usd_m": line.value_usd_m, "licensed_quantity": line.quantity,
        "value_tolerance_pct": None if value is None else pct[0],
        "quantity_tolerance_pct": None if limit.full is None else pct[1],
        "rule": rule.id if rule and pairs else None, "left_usd_m": left[0], "left_quantity": left[1],
        "left_with_tolerance_usd_m": None if may[0] is None else 0.0 if is_full else may[0] / ledger.VALUE,
        "left_with_tolerance_quantity": None if may[1] is None else 0.0 if is_full else may[1] / ledger.QUANTITY,
        "used": max((d / x if x else 1.0 for d, x in pairs), default=None),
        "warning": "overdrawn" if over else word,
    }  # fmt: skip

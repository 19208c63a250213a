"""Countries and the groups, charts and code tables that are looked up by country, each as it stood on a day."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

from detente.decide.facts import Facts
from detente.decide.rows import CodeRow, Words, span_days
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Fact, Reason, Truth, any_of, truth
from detente.record.countries import COUNTRIES

NOT_KNOWN = "ZZ"  # the country code of a country that is not known
ANYWHERE = "*"
Made = TypeVar("Made")
MOST_KEPT = 50_000  # answers of the chart, a kilobyte each


def read_as(country: str, regime: str, facts: Facts, day: dt.date) -> str:
    """The country as which a regime reads a place: Hong Kong as China since 2020-12-23 (85 FR 83765)."""
    for row in facts.territories.get(country, ()):
        if row.regime == regime and row.span.holds(day):
            return row.country
    return country


def within(country: str | None, words: Iterable[str], regime: str, facts: Facts, day: dt.date) -> Truth:
    """Whether a country is one of those named, or in one of the groups named; one that is not known may be."""
    names = tuple(words)
    if ANYWHERE in names:
        return TRUE
    if country is None or country == NOT_KNOWN:
        return UNKNOWN if names else FALSE
    followed = read_as(country, regime, facts, day)
    if country in names or followed in names:
        return TRUE
    is_open = False
    for name in names:
        if name in COUNTRIES:
            continue
        rows = facts.members.get((name, country), ())
        if followed != country:
            rows += facts.members.get((name, followed), ())
        if any(m.span.holds(day) for m in rows):
            return TRUE
        is_open |= name not in facts.groups  # a group that nobody recorded
    return truth(None if is_open else False)


def memberships(country: str, words: Iterable[str], facts: Facts, day: dt.date) -> tuple[Fact, ...]:
    """The rows of ``groups`` that put a country in one of the groups named."""
    return tuple(m.fact for w in words for m in facts.members.get((w, country), ()) if m.span.holds(day))


def place_days(words: Iterable[str], regime: str, facts: Facts) -> frozenset[int]:
    """The days, as ordinals, on which it changes what is inside the places named, to a regime."""
    names = set(words)
    if not names:
        return frozenset()
    spans = [x.span for name in names for x in facts.groups.get(name, ())]
    spans += [x.span for rows in facts.territories.values() for x in rows if x.regime == regime]
    return frozenset(span_days(spans))


def code_days(regime: str, facts: Facts) -> frozenset[int]:
    """The days on which the code table of a regime changes."""
    return frozenset(span_days(x.span for (r, _), rows in facts.codes.items() if r == regime for x in rows))


def chart_days(regime: str, facts: Facts) -> frozenset[int]:
    """The days on which it changes whether a code needs a licence to a country."""
    words = {w for (r, _), rows in facts.codes.items() if r == regime for x in rows for w in x.to}
    marks = span_days(x.span for (r, _), rows in facts.chart.items() if r == regime for x in rows)
    return code_days(regime, facts) | frozenset(marks) | place_days({*words, ANYWHERE}, regime, facts)


def marked(reason: str, country: str, regime: str, facts: Facts, day: dt.date) -> Reason:
    """Whether the regime's chart has a mark for a reason for control and a destination."""
    return _kept((reason, country), regime, facts, day, lambda: _marked(reason, country, regime, facts, day))


def _marked(reason: str, country: str, regime: str, facts: Facts, day: dt.date) -> Reason:
    followed = read_as(country, regime, facts, day)
    rows = [r for r in facts.chart.get((regime, followed), ()) if r.span.holds(day)]
    text = f"the chart has a mark for {reason} and {country}"
    text += f", read as {followed}" if followed != country else ""
    at = tuple(r.fact for r in rows)
    sources = tuple(s for r in rows for s in r.sources)
    if any(reason in r.reasons for r in rows):
        return Reason(text, TRUE, at, sources)
    if not rows:
        return Reason(f"{text}: the record has no row of the chart for it", UNKNOWN)
    pointed = [r.elsewhere for r in rows if r.elsewhere]
    if pointed:
        return Reason(f"{text}: the row has no marks but points elsewhere ({pointed[0]})", UNKNOWN, at, sources)
    return Reason(text, FALSE, at, sources)


def needs_licence(
    code: str, country: str, regime: str, facts: Facts, day: dt.date, only: tuple[str, ...] = ()
) -> Reason:
    """Whether a code needs a licence to a destination, by the code table and the chart (15 CFR 738.4).

    ``only`` keeps the rows of some reasons for control.
    """
    return _kept((code, country, only), regime, facts, day,
                 lambda: _needs_licence(code, country, regime, facts, day, only))  # fmt: skip


def _kept(key: Hashable, regime: str, facts: Facts, day: dt.date, make: Callable[[], Made]) -> Made:
    """What the chart and the code table of a regime say: made once between the days on which they change.

    The words of what is kept must name no day.
    """
    if regime not in facts.eras:
        facts.eras[regime] = sorted(chart_days(regime, facts))
    whole = (key, regime, bisect_right(facts.eras[regime], day.toordinal()))
    found: Made | None = facts.controls.get(whole)
    if found is None:
        if len(facts.controls) >= MOST_KEPT:
            facts.controls.clear()
        found = facts.controls[whole] = make()
    return found


def _needs_licence(code: str, country: str, regime: str, facts: Facts, day: dt.date, only: Words) -> Reason:
    rows = rows_of(code, regime, facts, day)
    coarse = all(t is UNKNOWN for _, t in rows)  # the rows speak of parts of the entry, which the code does not tell
    if only and rows:
        rows = tuple((row, t) for row, t in rows if row.reason in only or row.prose)
        if not rows:
            return Reason(f"{code} is not controlled for {' or '.join(only)}", FALSE)
    text = f"{code} needs a licence to {country}"
    if not rows:
        return Reason(f"{text}: the record has no row for the code", UNKNOWN)
    steps = [_control(row, applies, country, regime, facts, day) for row, applies in rows]
    said = steps[0] if len(steps) == 1 else any_of(text, steps)
    if said.truth is FALSE and coarse:
        return Reason(f"{text}: the rows speak of parts of {code} only", UNKNOWN, said.facts, said.sources)
    return said


def _control(row: CodeRow, applies: Truth, country: str, regime: str, facts: Facts, day: dt.date) -> Reason:
    """What one row of the code table says for a destination."""
    if row.reason is not None:
        found = marked(row.reason, country, regime, facts, day)
        said = Reason(
            f"{row.code} is controlled for {row.reason}; {found.text}", found.truth, (row.fact, *found.facts),
            (*row.sources, *found.sources),
        )  # fmt: skip
    elif row.to:
        text = f"{row.code} needs a licence to {' or '.join(row.to)}: {country}"
        said = Reason(text, within(country, row.to, regime, facts, day), (row.fact,), row.sources)
    else:
        said = Reason(f"{row.code}: “{row.prose}” must be read for {country}", UNKNOWN, (row.fact,), row.sources)
    if said.truth is FALSE or applies is TRUE:
        return said
    return Reason(
        f"{said.text}; whether the row speaks of this good is not said by its code", min(said.truth, applies),
        said.facts, said.sources,
    )  # fmt: skip


def rows_of(code: str, regime: str, facts: Facts, day: dt.date) -> tuple[tuple[CodeRow, Truth], ...]:
    """The rows of the code table that speak, or may speak, of a code."""
    return _kept((code,), regime, facts, day, lambda: tuple(_rows_of(code, regime, facts, day)))


def _rows_of(code: str, regime: str, facts: Facts, day: dt.date) -> Iterator[tuple[CodeRow, Truth]]:
    rows = facts.codes.get((regime, code.partition(".")[0]), ())
    return ((row, t) for row in rows if (t := speaks_of(row, code, day)) is not FALSE)


def speaks_of(row: CodeRow, code: str, day: dt.date) -> Truth:
    """Whether a row is about a code; it may be, where the row or what it leaves out is narrower than the code."""
    if not row.span.holds(day):
        return FALSE
    if not is_under(code, (row.code,)):
        return UNKNOWN if is_under(row.code, (code,)) else FALSE
    if is_under(code, row.codes_except):
        return FALSE
    return truth(None if any(is_under(x, (code,)) for x in row.codes_except) else True)


def is_under(code: str, prefixes: Iterable[str]) -> bool:
    """Whether a code is one of those named or below it in the code tree: 3B001.f.1 is under 3B001 and 3B001.f."""
    return f"{code}.".startswith(_dotted(tuple(prefixes)))


@lru_cache(maxsize=4096)
def _dotted(prefixes: Words) -> Words:
    return tuple(f"{p}." for p in prefixes)


@lru_cache(maxsize=4096)
def own_codes(codes: Words | None, regime: str) -> Words | None:
    """The codes of one regime, without its name in front; None where nothing is said of that regime.

    No code at all says that there is none in any regime, and ``regime:none`` that there is none in that one.
    """
    if codes is None:
        return None
    mine = tuple(c.partition(":")[2] for c in codes if c.partition(":")[0] == regime)
    return None if codes and not mine else tuple(c for c in mine if c != "none")

"""Countries and the groups, charts and code tables that are looked up by country, each as it stood on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from detente.decide.facts import Facts
from detente.decide.rows import CodeRow
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Fact, Reason, Truth, any_of, truth
from detente.record.countries import COUNTRIES

NOT_KNOWN = "ZZ"  # the country code of a country that is not known
ANYWHERE = "*"


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
    groups = [name for name in names if name not in COUNTRIES]
    for name in groups:
        if any(m.country in {country, followed} and m.span.holds(day) for m in facts.groups.get(name, ())):
            return TRUE
    return truth(None if any(name not in facts.groups for name in groups) else False)  # a group that nobody recorded


def memberships(country: str, words: Iterable[str], facts: Facts, day: dt.date) -> tuple[Fact, ...]:
    """The rows of ``groups`` that put a country in one of the groups named."""
    return tuple(m.fact for w in words for m in facts.groups.get(w, ()) if m.country == country and m.span.holds(day))


def marked(reason: str, country: str, regime: str, facts: Facts, day: dt.date) -> Reason:
    """Whether the regime's chart has a mark for a reason for control and a destination."""
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
    rows = facts.codes.get((regime, code.partition(".")[0]), ())
    return tuple((row, t) for row in rows if (t := speaks_of(row, code, day)) is not FALSE)


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
    return any(code == p or (code.startswith(p) and code[len(p)] == ".") for p in prefixes)


def own_codes(codes: Iterable[str] | None, regime: str) -> tuple[str, ...] | None:
    """The codes of one regime, without its name in front; None where nothing is said of that regime.

    No code at all says that there is none in any regime, and ``regime:none`` that there is none in that one.
    """
    if codes is None:
        return None
    every = tuple(codes)
    mine = tuple(c.partition(":")[2] for c in every if c.partition(":")[0] == regime)
    return None if every and not mine else tuple(c for c in mine if c != "none")

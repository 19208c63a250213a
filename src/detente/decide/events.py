"""The days on which a verdict can change: between two of them nothing does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from detente.decide.facts import Facts, facts_of
from detente.decide.rows import Span
from detente.record import Case
from detente.record.limb import Limb, Window

_NEXT = dt.timedelta(days=1)


def event_days(case: Case) -> tuple[dt.date, ...]:
    """Every day from which a verdict of the case may differ from the day before, in order.

    First days of windows (of limbs, of rules on ownership and licences, and of those in which a rule is not enforced),
    listings, stakes, licences and their lines, findings, papers, goods, groups, territories and rows of chart and code
    table; the days after their last; days of licence events and of draws; and the days after the cut-offs of savings
    clauses.
    """
    facts = facts_of(case)
    return tuple(sorted({*_of_rules(facts), *_of_licences(facts), *_of_spans(_spans(facts))}))


def _of_rules(facts: Facts) -> Iterator[dt.date]:
    for _, limb in facts.limbs.values():
        yield from _of_windows((*limb.in_force, *limb.not_enforced), facts)
        yield from _of_savings(limb)
    for owning in facts.ownership_rules.values():
        yield from _of_windows(owning.in_force, facts)
    for rules in facts.licence_rules.values():
        for rule in rules:
            yield from _of_windows(rule.in_force, facts)


def _of_windows(windows: Iterable[Window], facts: Facts) -> Iterator[dt.date]:
    for window in windows:
        if window.counts(facts.as_known):
            yield window.since
            yield from _after(window.end(facts.as_known))


def _of_savings(limb: Limb) -> Iterator[dt.date]:
    for saving in limb.savings:
        for day in (*saving.event_by.values(), *saving.done_by.values()):
            yield from _after(day)


def _of_licences(facts: Facts) -> Iterator[dt.date]:
    for licence in facts.licence.values():
        yield from _of_spans((licence.span, *(line.span for line in licence.lines)))
        yield from (event.date for event in licence.events)
    yield from (draw.date for draw in facts.draws)


def _spans(facts: Facts) -> Iterator[Span]:
    """The days on which rows are true, of every table that a verdict looks at."""
    tables = (
        facts.listings, facts.stakes, facts.findings, facts.documents, facts.groups, facts.territories, facts.chart,
        facts.codes,
    )  # fmt: skip
    for table in tables:
        for rows in table.values():
            yield from (row.span for row in rows)
    yield from (v.span for v in facts.variants.values())


def _of_spans(spans: Iterable[Span]) -> Iterator[dt.date]:
    for span in spans:
        if span.since is not None:
            yield span.since
        yield from _after(span.through)


def _after(day: dt.date | None) -> Iterator[dt.date]:
    """The day after a last day, where there is one."""
    if day is not None and day < dt.date.max:
        yield day + _NEXT

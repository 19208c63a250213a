"""The days on which a verdict can change: between two of them nothing does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from detente.decide.facts import Facts, facts_of
from detente.decide.rows import Span
from detente.record import Case
from detente.record.limb import Limb

_NEXT = dt.timedelta(days=1)


def event_days(case: Case) -> tuple[dt.date, ...]:
    """Every day from which a verdict of the case may differ from the day before, in order.

    First days of windows, listings, stakes, licences, findings and goods; the days after their last; days of licence
    events; and the days after the cut-offs of savings clauses.
    """
    facts = facts_of(case)
    return tuple(sorted({*_of_limbs(facts), *_of_rows(facts)}))


def _of_limbs(facts: Facts) -> Iterator[dt.date]:
    for _, limb in facts.limbs.values():
        for window in limb.in_force:
            yield window.since
            end = window.end(facts.as_known)
            yield from _after(end)
        yield from _of_savings(limb)


def _of_savings(limb: Limb) -> Iterator[dt.date]:
    for saving in limb.savings:
        for day in (*saving.event_by.values(), *saving.done_by.values()):
            yield from _after(day)


def _of_rows(facts: Facts) -> Iterator[dt.date]:
    spans: list[Span] = []
    spans += [row.span for group in facts.listings.values() for row in group]
    spans += [row.span for group in facts.stakes.values() for row in group]
    spans += [row.span for group in facts.findings.values() for row in group]
    spans += [v.span for v in facts.variants.values()]
    for licences in facts.licences.values():
        for licence in licences:
            spans.append(licence.span)
            yield from (event.date for event in licence.events)
    yield from _of_spans(spans)


def _of_spans(spans: Iterable[Span]) -> Iterator[dt.date]:
    for span in spans:
        if span.since is not None:
            yield span.since
        yield from _after(span.through)


def _after(day: dt.date | None) -> Iterator[dt.date]:
    """The day after a last day, where there is one."""
    if day is not None and day < dt.date.max:
        yield day + _NEXT

"""Verdicts of all links over time, as arrays: the only thing that ``impact`` knows of the law."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide.events import event_days
from detente.decide.facts import Facts, facts_of
from detente.decide.sale import link_rows, sale_of
from detente.decide.verdict import STATES, Verdict, decide
from detente.record import Case, DetenteError
from detente.record.load import as_day

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OnDay:
    """What may be sold on one day, a value a link: state (index into ``STATES``), share allowed with range, verdict."""

    day: dt.date
    links: tuple[str, ...]
    state: npt.NDArray[np.int8]
    allowed: Floats
    low: Floats
    high: Floats
    verdict: tuple[Verdict | None, ...]
    record: str


@dataclass(frozen=True, slots=True)
class Permits:
    """Spans of constant permission, a few a link.

    ``links`` are the links' ids. Span ``k`` belongs to link ``link[k]`` and runs over the half-open day ordinals
    ``since[k] .. until[k]``; spans are sorted by link, then day, and cover the asked days without a gap. ``state`` is
    an index into ``STATES``; ``allowed`` the share of the link's yearly value that may be sold (``low`` to ``high``).
    ``verdict[k]`` is the verdict behind the span, decided on its first day.
    """

    links: tuple[str, ...]
    first: dt.date
    last: dt.date
    link: Ints
    since: Ints
    until: Ints
    state: npt.NDArray[np.int8]
    allowed: Floats
    low: Floats
    high: Floats
    verdict: tuple[Verdict | None, ...]
    record: str

    def on(self, day: dt.date | str) -> OnDay:
        """The permits of one day. Raises ``DetenteError`` for a day outside the span that was asked for."""
        when = as_day(day, "day")
        at = when.toordinal()
        if not self.first <= when <= self.last:
            raise DetenteError(f"day {when} is outside these permits ({self.first} to {self.last}).")
        k = np.flatnonzero((self.since <= at) & (at < self.until))
        verdicts = tuple(self.verdict[i] for i in k.tolist())
        return OnDay(when, self.links, self.state[k], self.allowed[k], self.low[k], self.high[k], verdicts, self.record)

    def verdict_on(self, link: str, day: dt.date | str) -> Verdict | None:
        """The verdict behind a link on a day; None where the link does not exist on that day."""
        at = as_day(day, "day").toordinal()
        k = np.flatnonzero((self.link == self.links.index(link)) & (self.since <= at) & (at < self.until))
        return self.verdict[int(k[0])] if k.size else None

    def frame(self) -> pl.DataFrame:
        """One row a span: link, since, through (inclusive), state, outcome, allowed share, limbs, licences."""
        day = dt.date.fromordinal
        return pl.DataFrame(
            {
                "link": [self.links[i] for i in self.link],
                "since": [day(int(x)) for x in self.since],
                "through": [day(int(x) - 1) for x in self.until],
                "state": [STATES[s] for s in self.state],
                "outcome": [None if v is None else v.outcome for v in self.verdict],
                "allowed": self.allowed,
                "allowed_low": self.low,
                "allowed_high": self.high,
                "limbs": [[] if v is None else list(v.limbs) for v in self.verdict],
                "licences": [[] if v is None else list(v.licences) for v in self.verdict],
            },
            schema_overrides={"limbs": pl.List(pl.String), "licences": pl.List(pl.String)},
        )


def permits(case: Case, since: dt.date | str, through: dt.date | str) -> Permits:
    """Decide every link over a span of days, both ends inclusive.

    A verdict changes only on the case's event days, so each link is decided on those alone; links that the law cannot
    tell apart are decided once.

    Raises ``DetenteError`` where the span is empty.
    """
    first, last = as_day(since, "since"), as_day(through, "through")
    if last < first:
        raise DetenteError(f"through: {last} is before since ({first}).")
    facts = facts_of(case)
    days = [first, *(d for d in event_days(case) if first < d <= last)]
    rows = link_rows(case)
    spoken = {about for about, _ in facts.findings}
    cache: dict[Hashable, list[Verdict]] = {}
    spans: list[tuple[int, int, int, Verdict | None]] = []
    for index, row in enumerate(rows.iter_rows(named=True)):
        key = _signature(row, spoken)
        if key not in cache:
            cache[key] = _decide_all(case, row, facts, days)
        spans += _spans(index, row, days, cache[key], last)
    return _pack(tuple(rows["id"]), first, last, spans, case.digest)


def _signature(row: Mapping[str, Any], spoken: set[str]) -> Hashable:
    """What the law sees of a link; links with the same signature have the same verdicts."""
    own = row["id"] if row["id"] in spoken else None
    units = tuple(u if u in spoken else None for u in (row["seller"], row["buyer"]))
    bare = row["seller"] if row["variant"] is None else None
    use = tuple(row["end_use"])
    return (
        own,
        units,
        bare,
        row["variant"],
        row["seller_party"],
        row["buyer_party"],
        row["destination"],
        use,
        row["end_user"],
    )


def _decide_all(case: Case, row: Mapping[str, Any], facts: Facts, days: list[dt.date]) -> list[Verdict]:
    sale = sale_of(row, facts)
    return [decide(case, sale, facts, day) for day in days]


def _spans(
    index: int, row: Mapping[str, Any], days: list[dt.date], verdicts: list[Verdict], last: dt.date
) -> list[tuple[int, int, int, Verdict | None]]:
    """Spans of one link, equal neighbours joined; days on which the link does not exist are absent (no verdict)."""
    end = last.toordinal() + 1
    start = (row["since"] or dt.date.min).toordinal()
    stop = (row["through"] or dt.date.max).toordinal() + 1
    cuts = [d.toordinal() for d in days] + [end]
    spans: list[tuple[int, int, int, Verdict | None]] = []

    def add(a: int, b: int, verdict: Verdict | None) -> None:
        if a >= b:
            return
        if spans and _same(spans[-1][3], verdict):
            spans[-1] = (index, spans[-1][1], b, spans[-1][3])
        else:
            spans.append((index, a, b, verdict))

    for a, b, verdict in zip(cuts[:-1], cuts[1:], verdicts, strict=True):
        add(a, min(b, start), None)
        add(max(a, start), min(b, stop), verdict)
        add(max(a, stop), b, None)
    return spans


def _same(a: Verdict | None, b: Verdict | None) -> bool:
    if a is None or b is None:
        return a is b
    return (a.outcome, a.share, a.share_low, a.share_high, a.limbs, a.authorisations, a.licences) == (
        b.outcome, b.share, b.share_low, b.share_high, b.limbs, b.authorisations, b.licences,
    )  # fmt: skip


def _pack(
    links: tuple[str, ...],
    first: dt.date,
    last: dt.date,
    spans: list[tuple[int, int, int, Verdict | None]],
    record: str,
) -> Permits:
    index, since, until = (np.array([s[i] for s in spans], dtype=np.int64) for i in range(3))
    verdicts = tuple(s[3] for s in spans)
    return Permits(
        links=links,
        first=first,
        last=last,
        link=index,
        since=since,
        until=until,
        state=np.array([STATES.index("absent" if v is None else v.state) for v in verdicts], dtype=np.int8),
        allowed=np.array([1.0 if v is None else v.share for v in verdicts]),
        low=np.array([1.0 if v is None else v.share_low for v in verdicts]),
        high=np.array([1.0 if v is None else v.share_high for v in verdicts]),
        verdict=verdicts,
        record=record,
    )

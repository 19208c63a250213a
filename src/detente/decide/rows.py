"""Rows of the record as the law looks at them: small, frozen, each with where it was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from detente.decide.truth import Fact

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which a row is true, both ends inclusive; None: no end."""

    since: dt.date | None
    through: dt.date | None

    def holds(self, day: dt.date) -> bool:
        """Whether the day is inside."""
        return (self.since is None or self.since <= day) and (self.through is None or day <= self.through)

    def __str__(self) -> str:
        if self.since is None and self.through is None:
            return "always"
        if self.through is None:
            return f"since {self.since}"
        return f"{self.since or '…'} to {self.through}"


def span_days(spans: Iterable[Span]) -> Iterator[int]:
    """The days from which spans hold and no longer hold, as ordinals."""
    for span in spans:
        if span.since is not None:
            yield span.since.toordinal()
        if span.through is not None:
            yield span.through.toordinal() + 1


@dataclass(frozen=True, slots=True)
class Party:
    """A row of ``parties``."""

    id: str
    name: str
    kind: str
    side: str
    country: str | None
    headquarters: str | None
    group: str | None
    fact: Fact


@dataclass(frozen=True, slots=True)
class Stake:
    """A row of ``stakes``; ``low`` and ``high`` are millionths of the whole, 0 and 1,000,000 where not known."""

    owner: str
    owned: str
    low: int
    high: int
    is_known: bool
    kind: str
    joint: str | None
    control: str
    span: Span
    fact: Fact
    sources: Words


@dataclass(frozen=True, slots=True)
class Content:
    """One foreign part of a good's value, as a range of shares."""

    origin: str
    code: str | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Item:
    """A row of ``items``."""

    id: str
    name: str
    kind: str
    tags: Words
    fact: Fact


@dataclass(frozen=True, slots=True)
class Variant:
    """A row of ``variants``; None where a list is not known, empty where it is known to be none."""

    id: str
    item: str
    maker: str
    origin: str
    shipped_from: str
    content: tuple[Content, ...] | None
    codes: Words | None
    made_with_codes: Words | None
    made_with_origin: Words | None
    plant_codes: Words | None
    plant_origin: Words | None
    designed_by: Words | None
    contains_ic_codes: Words | None
    contains_ic_origin: Words | None
    params: Mapping[str, tuple[float, float]]
    span: Span
    fact: Fact
    sources: Words


@dataclass(frozen=True, slots=True)
class Listing:
    """A row of ``listings``."""

    id: str
    list: str
    as_listed: str
    tags: Words
    requirement: str
    review: str
    span: Span
    fact: Fact
    sources: Words


@dataclass(frozen=True, slots=True)
class Line:
    """A row of ``licence_lines``; None where the licence does not say, or it is not published."""

    line: int
    item: str | None
    codes: Words
    unit: str | None
    quantity: float | None
    value_usd_m: float | None
    covers: float
    covers_low: float
    covers_high: float
    span: Span
    fact: Fact


@dataclass(frozen=True, slots=True)
class LicenceEvent:
    """A row of ``licence_events``."""

    date: dt.date
    event: str
    known_by: bool
    lines: Words
    parties: Words
    fact: Fact
    sources: Words


@dataclass(frozen=True, slots=True)
class Licence:
    """A row of ``licences`` with its lines and events in order of date."""

    id: str
    authority: str
    holders: Words
    consignees: Words
    intermediates: Words
    end_users: Words
    destinations: Words
    end_uses: Words
    overcomes: Words
    value_pct: float | None
    quantity_pct: float | None
    redacted: Words
    span: Span
    lines: tuple[Line, ...]
    events: tuple[LicenceEvent, ...]
    fact: Fact
    sources: Words


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of ``findings``."""

    value: str
    span: Span
    fact: Fact
    sources: Words


@dataclass(frozen=True, slots=True)
class Draw:
    """A row of ``draws``."""

    licence: str
    line: int
    order: str
    date: dt.date
    value_usd_m: float
    quantity: float | None
    fact: Fact


@dataclass(frozen=True, slots=True)
class Document:
    """A row of ``documents``."""

    kind: str
    is_there: bool
    limbs: Words
    licence: str | None
    span: Span
    fact: Fact
    sources: Words


@dataclass(frozen=True, slots=True)
class Membership:
    """A row of ``groups``: one country in a group."""

    country: str
    span: Span
    fact: Fact
    sources: Words


@dataclass(frozen=True, slots=True)
class ReadAs:
    """A row of ``territories``."""

    country: str
    regime: str
    span: Span


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A row of ``chart``."""

    reasons: Words
    elsewhere: str | None
    span: Span
    fact: Fact
    sources: Words


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A row of ``codes``; code and exceptions without the regime."""

    code: str
    codes_except: Words
    reason: str | None
    to: Words
    prose: str | None
    span: Span
    fact: Fact
    sources: Words

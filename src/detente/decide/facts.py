"""The record as the law sees it: small frozen rows looked up by id, made once for a case."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import polars as pl

from detente.decide.truth import Fact, Reason
from detente.record import Case
from detente.record.files import FILE, ROW
from detente.record.history import amended
from detente.record.limb import Limb
from detente.record.measures import Measure

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
    """A row of ``stakes``; ``least`` is the low end of the share, None where it is not known."""

    owner: str
    least: float | None
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
    """A row of ``licence_lines``."""

    line: int
    item: str | None
    covers: float
    covers_low: float
    covers_high: float
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
    overcomes: Words
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


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Everything the law asks of the record, by id."""

    parties: Mapping[str, Party]
    items: Mapping[str, Item]
    stakes: Mapping[str, tuple[Stake, ...]]
    variants: Mapping[str, Variant]
    listings: Mapping[str, tuple[Listing, ...]]
    licences: Mapping[str, tuple[Licence, ...]]
    findings: Mapping[tuple[str, str], tuple[Finding, ...]]
    limbs: Mapping[str, tuple[Measure, Limb]]
    as_known: dt.date | None
    windows: dict[tuple[str, dt.date], Reason] = field(default_factory=dict)  # filled as days are asked for

    def findings_on(self, abouts: Iterable[str], fact: str, day: dt.date) -> tuple[Finding, ...]:
        """Findings about the first of several things, from the nearest to the widest, that has any on a day."""
        for about in abouts:
            found = tuple(f for f in self.findings.get((about, fact), ()) if f.span.holds(day))
            if found:
                return found
        return ()


@lru_cache(maxsize=8)
def facts_of(case: Case) -> Facts:
    """The facts of a case (kept for the last few cases)."""
    parties = {
        r["id"]: Party(
            r["id"], r["name"], r["kind"], r["side"], r["country"], r["headquarters"] or r["country"], r["group"],
            _fact("parties", r),
        )
        for r in case["parties"].iter_rows(named=True)
    }  # fmt: skip
    stakes: dict[str, list[Stake]] = {}
    for r in case["stakes"].iter_rows(named=True):
        stakes.setdefault(r["owned"], []).append(
            Stake(r["owner"], _least(r), r["control"], _span(r), _fact("stakes", r), _words(r["source"]))
        )
    listings: dict[str, list[Listing]] = {}
    ends = amended(case["listings"])
    for r in case["listings"].iter_rows(named=True):
        listings.setdefault(r["party"], []).append(
            Listing(
                r["id"], r["list"], r["as_listed"], _words(r["tags"]), r["requirement"], r["review"],
                _cut(_span(r), ends.get(r["id"])), _fact("listings", r), _words(r["source"]),
            )
        )  # fmt: skip
    findings: dict[tuple[str, str], list[Finding]] = {}
    for r in case["findings"].iter_rows(named=True):
        found = Finding(r["value"], _span(r), _fact("findings", r), _words(r["source"]))
        findings.setdefault((r["about"], r["fact"]), []).append(found)
    return Facts(
        parties=parties,
        items={
            r["id"]: Item(r["id"], r["name"], r["kind"], _words(r["tags"]), _fact("items", r))
            for r in case["items"].iter_rows(named=True)
        },
        stakes={k: tuple(v) for k, v in stakes.items()},
        variants=_variants(case),
        listings={k: tuple(v) for k, v in listings.items()},
        licences=_licences(case),
        findings={k: tuple(v) for k, v in findings.items()},
        limbs={limb.id: (m, limb) for m in case.measures for limb in m.limbs},
        as_known=case.as_known,
    )


def _variants(case: Case) -> dict[str, Variant]:
    return {
        r["id"]: Variant(
            id=r["id"],
            item=r["item"],
            maker=r["maker"],
            origin=r["origin"],
            shipped_from=r["shipped_from"] or r["origin"],
            content=None if r["content"] is None else tuple(_content(c) for c in r["content"]),
            codes=_maybe(r["codes"]),
            made_with_codes=_maybe(r["made_with_codes"]),
            made_with_origin=_maybe(r["made_with_origin"]),
            plant_codes=_maybe(r["plant_codes"]),
            plant_origin=_maybe(r["plant_origin"]),
            designed_by=_maybe(r["designed_by"]),
            span=_span(r),
            fact=_fact("variants", r),
            sources=_words(r["source"]),
        )
        for r in case["variants"].iter_rows(named=True)
    }


def _licences(case: Case) -> dict[str, tuple[Licence, ...]]:
    lines = _grouped(case["licence_lines"], "licence")
    events = _grouped(case["licence_events"], "licence")
    by_holder: dict[str, list[Licence]] = {}
    for r in case["licences"].iter_rows(named=True):
        licence = Licence(
            id=r["id"],
            authority=r["authority"],
            holders=_words(r["holder"]),
            consignees=_words(r["consignees"]),
            overcomes=_words(r["overcomes"]),
            redacted=_words(r["redacted"]),
            span=_span(r),
            lines=tuple(
                Line(
                    x["line"], x["item"], x["covers"],
                    x["covers"] if x["covers_low"] is None else x["covers_low"],
                    x["covers"] if x["covers_high"] is None else x["covers_high"],
                    _fact("licence_lines", x),
                )
                for x in lines.get(r["id"], ())
            ),
            events=tuple(
                LicenceEvent(
                    x["date"], x["event"], x["precision"] == "known_by", _words(x["lines"]), _words(x["parties"]),
                    _fact("licence_events", x), _words(x["source"]),
                )
                for x in sorted(events.get(r["id"], ()), key=lambda x: (x["date"], x[ROW]))
            ),
            fact=_fact("licences", r),
            sources=_words(r["source"]),
        )  # fmt: skip
        for holder in licence.holders:
            by_holder.setdefault(holder, []).append(licence)
    return {k: tuple(v) for k, v in by_holder.items()}


def _grouped(frame: pl.DataFrame, key: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for r in frame.iter_rows(named=True):
        groups.setdefault(r[key], []).append(r)
    return groups


_CONTENT = re.compile(r"^([A-Z]{2})(?:/([^:]+))?:([0-9.]+)(?:-([0-9.]+))?$")


def _content(cell: str) -> Content:
    found = _CONTENT.match(cell)
    if found is None:
        raise AssertionError(f"a content cell that the record let through: {cell}")
    return Content(found[1], found[2], float(found[3]), float(found[4] or found[3]))


def _span(row: Mapping[str, Any]) -> Span:
    return Span(row["since"], row["through"])


def _least(row: Mapping[str, Any]) -> float | None:
    least = row["share"] if row["share_low"] is None else row["share_low"]
    return None if row["share"] is None else least


def _cut(span: Span, end: dt.date | None) -> Span:
    """The days of an entry, which end when another one that amends it starts."""
    if end is None or (span.through is not None and span.through <= end):
        return span
    return Span(span.since, end)


def _fact(table: str, row: Mapping[str, Any]) -> Fact:
    return Fact(table, row["id"], row[FILE], row[ROW])


def _words(cell: list[str] | None) -> Words:
    return tuple(cell or ())


def _maybe(cell: list[str] | None) -> Words | None:
    return None if cell is None else tuple(cell)

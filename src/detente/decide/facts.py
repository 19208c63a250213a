"""The record as the law sees it: rows looked up by id, made once for a case."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import polars as pl

from detente.decide.rows import (
    ChartRow,
    CodeRow,
    Content,
    Document,
    Draw,
    Finding,
    Item,
    Licence,
    LicenceEvent,
    Line,
    Listing,
    Membership,
    Party,
    ReadAs,
    Span,
    Stake,
    Variant,
    Words,
)  # fmt: skip
from detente.decide.truth import Fact, Reason
from detente.record import Case
from detente.record.files import FILE, ROW
from detente.record.history import amended
from detente.record.limb import LicenceRule, Limb, OwnershipRule
from detente.record.measures import Measure

Reading = Literal["written", "otherwise"]
WHOLE = 1_000_000  # stakes are counted in millionths


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Everything the law asks of the record, by id.

    ``reading`` says how windows are read that are not certain: ``written`` counts what is scheduled, announced or
    disputed as in force, and what is not enforced too; ``otherwise`` counts neither. ``members`` are the rows of
    ``groups`` by group and country, ``defeated_by`` the limbs that lift a limb or take goods out of it.
    """

    parties: Mapping[str, Party]
    items: Mapping[str, Item]
    stakes: Mapping[str, tuple[Stake, ...]]
    variants: Mapping[str, Variant]
    listings: Mapping[str, tuple[Listing, ...]]
    entry: Mapping[str, Listing]
    licences: Mapping[str, tuple[Licence, ...]]
    licence: Mapping[str, Licence]
    draws: tuple[Draw, ...]
    findings: Mapping[tuple[str, str], tuple[Finding, ...]]
    documents: Mapping[str, tuple[Document, ...]]
    groups: Mapping[str, tuple[Membership, ...]]
    members: Mapping[tuple[str, str], tuple[Membership, ...]]
    territories: Mapping[str, tuple[ReadAs, ...]]
    chart: Mapping[tuple[str, str], tuple[ChartRow, ...]]
    codes: Mapping[tuple[str, str], tuple[CodeRow, ...]]
    limbs: Mapping[str, tuple[Measure, Limb]]
    ownership_rules: Mapping[str, OwnershipRule]
    licence_rules: Mapping[str, tuple[LicenceRule, ...]]
    defeated_by: Mapping[str, tuple[Limb, ...]]
    as_known: dt.date | None
    reading: Reading
    doubts: tuple[tuple[dt.date, dt.date], ...]
    windows: dict[tuple[str, dt.date], Reason] = field(default_factory=dict)  # filled as days are asked for
    held: dict[tuple[str, int], Any] = field(default_factory=dict)  # the same for ownership
    controls: dict[Hashable, Any] = field(default_factory=dict)  # and for what the chart says of a code
    eras: dict[str, list[int]] = field(default_factory=dict)  # the days on which what it says changes, by regime

    def findings_on(self, abouts: Iterable[str], fact: str, day: dt.date) -> tuple[Finding, ...]:
        """Findings about the first of several things, from the nearest to the widest, that has any on a day."""
        for about in abouts:
            found = tuple(f for f in self.findings.get((about, fact), ()) if f.span.holds(day))
            if found:
                return found
        return ()

    def documents_on(self, abouts: Iterable[str], kind: str, limb: str, day: dt.date) -> tuple[Document, ...]:
        """Papers of a kind, for a limb, about the first of several things, nearest first, that has any on a day."""
        for about in abouts:
            mine = (d for d in self.documents.get(about, ()) if d.kind == kind and d.span.holds(day))
            found = tuple(d for d in mine if not d.limbs or limb in d.limbs)
            if found:
                return found
        return ()

    def is_doubtful(self, day: dt.date) -> bool:
        """Whether some window that is not certain holds the day, so that the two readings may differ."""
        return any(since <= day <= through for since, through in self.doubts)


@lru_cache(maxsize=16)
def facts_of(case: Case, reading: Reading = "written") -> Facts:
    """The facts of a case (kept for the last few cases)."""
    if reading == "otherwise":
        first = facts_of(case)
        shared = {name: getattr(first, name) for name in Facts.__slots__ if name not in {"reading", "windows", "held"}}
        return Facts(**shared, reading=reading)
    parties = {
        r["id"]: Party(
            r["id"], r["name"], r["kind"], r["side"], r["country"], r["headquarters"] or r["country"], r["group"],
            _fact("parties", r),
        )
        for r in case["parties"].iter_rows(named=True)
    }  # fmt: skip
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
    licences = _licences(case)
    groups: dict[str, tuple[Membership, ...]] = _each(
        case["groups"], "group",
        lambda r: Membership(r["country"], _span(r), _fact("groups", r), _words(r["source"])),
    )  # fmt: skip
    members: dict[tuple[str, str], list[Membership]] = {}
    for name, rows in groups.items():
        for row in rows:
            members.setdefault((name, row.country), []).append(row)
    rules: dict[str, list[LicenceRule]] = {}
    defeated_by: dict[str, list[Limb]] = {}
    for m in case.measures:
        rules.setdefault(m.regime, []).extend(m.licence_rules)
        for limb in m.limbs:
            for name in dict.fromkeys(limb.defeats):
                defeated_by.setdefault(name, []).append(limb)
    return Facts(
        parties=parties,
        items={
            r["id"]: Item(r["id"], r["name"], r["kind"], _words(r["tags"]), _fact("items", r))
            for r in case["items"].iter_rows(named=True)
        },
        stakes=_each(case["stakes"], "owned", _stake),
        variants=_variants(case),
        listings={k: tuple(v) for k, v in listings.items()},
        entry={e.id: e for group in listings.values() for e in group},
        licences=licences,
        licence={x.id: x for group in licences.values() for x in group},
        draws=tuple(_draw(r) for r in case["draws"].iter_rows(named=True)),
        findings={k: tuple(v) for k, v in findings.items()},
        documents=_each(case["documents"], "about", _document),
        groups=groups,
        members={k: tuple(v) for k, v in members.items()},
        territories=_each(case["territories"], "country", lambda r: ReadAs(r["read_as"], r["regime"], _span(r))),
        chart=_chart(case),
        codes=_codes(case),
        limbs={limb.id: (m, limb) for m in case.measures for limb in m.limbs},
        ownership_rules={rule.id: rule for m in case.measures for rule in m.ownership_rules},
        licence_rules={k: tuple(v) for k, v in rules.items()},
        defeated_by={k: tuple(v) for k, v in defeated_by.items()},
        as_known=case.as_known,
        reading=reading,
        doubts=tuple(_doubts(case)),
    )  # fmt: skip


def _doubts(case: Case) -> Iterator[tuple[dt.date, dt.date]]:
    """The spans of windows that are not certain, and of those in which a rule is not enforced."""
    for m in case.measures:
        windows = [w for limb in m.limbs for w in limb.in_force if w.certainty != "enacted"]
        windows += [w for limb in m.limbs for w in limb.not_enforced]
        windows += [w for rule in m.ownership_rules for w in rule.in_force if w.certainty != "enacted"]
        for w in windows:
            if w.counts(case.as_known):
                yield w.since, w.end(case.as_known) or dt.date.max


def _each(frame: pl.DataFrame, key: str, make: Any) -> dict[str, Any]:
    """Rows made and grouped by a column."""
    groups: dict[str, list[Any]] = {}
    for r in frame.iter_rows(named=True):
        groups.setdefault(r[key], []).append(make(r))
    return {k: tuple(v) for k, v in groups.items()}


def _stake(r: Mapping[str, Any]) -> Stake:
    share, least, most = r["share"], r["share_low"], r["share_high"]
    known = not (share is None and least is None and most is None)
    low = least if least is not None else share if share is not None else 0.0
    high = most if most is not None else share if share is not None else 1.0
    return Stake(
        r["owner"], r["owned"], round(low * WHOLE), round(high * WHOLE), known, r["kind"], r["joint"], r["control"],
        _span(r), _fact("stakes", r), _words(r["source"]),
    )  # fmt: skip


def _draw(r: Mapping[str, Any]) -> Draw:
    return Draw(
        r["licence"], r["line"], r["order"], r["date"], r["value_usd_m"], r["quantity"], _fact("draws", r)
    )  # fmt: skip


def _document(r: Mapping[str, Any]) -> Document:
    return Document(
        r["kind"], r["value"] == "yes", _words(r["limb"]), r["licence"], _span(r), _fact("documents", r),
        _words(r["source"]),
    )  # fmt: skip


def _chart(case: Case) -> dict[tuple[str, str], tuple[ChartRow, ...]]:
    rows: dict[tuple[str, str], list[ChartRow]] = {}
    for r in case["chart"].iter_rows(named=True):
        row = ChartRow(_words(r["reasons"]), r["elsewhere"], _span(r), _fact("chart", r), _words(r["source"]))
        rows.setdefault((r["regime"], r["country"]), []).append(row)
    return {k: tuple(v) for k, v in rows.items()}


def _codes(case: Case) -> dict[tuple[str, str], tuple[CodeRow, ...]]:
    """Rows of the code table by regime and entry, which is the code up to its first point."""
    rows: dict[tuple[str, str], list[CodeRow]] = {}
    for r in case["codes"].iter_rows(named=True):
        row = _code_row(r)
        rows.setdefault((r["code"].partition(":")[0], row.code.partition(".")[0]), []).append(row)
    return {k: tuple(v) for k, v in rows.items()}


def _code_row(r: Mapping[str, Any]) -> CodeRow:
    bare = r["code"].partition(":")[2]
    without = tuple(c.partition(":")[2] for c in _words(r["codes_except"]))
    return CodeRow(
        bare, without, r["reason"], _words(r["to"]), r["prose"], _span(r), _fact("codes", r), _words(r["source"])
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
            contains_ic_codes=_maybe(r["contains_ic_codes"]),
            contains_ic_origin=_maybe(r["contains_ic_origin"]),
            params=dict(_param(cell) for cell in _words(r["params"])),
            span=_span(r),
            fact=_fact("variants", r),
            sources=_words(r["source"]),
        )
        for r in case["variants"].iter_rows(named=True)
    }


def _licences(case: Case) -> dict[str, tuple[Licence, ...]]:
    lines = _each(case["licence_lines"], "licence", lambda r: r)
    events = _each(case["licence_events"], "licence", lambda r: r)
    by_holder: dict[str, list[Licence]] = {}
    for r in case["licences"].iter_rows(named=True):
        happened = sorted(events.get(r["id"], ()), key=lambda x: (x["date"], x[ROW]))
        licence = Licence(
            id=r["id"],
            authority=r["authority"],
            holders=_words(r["holder"]),
            consignees=_words(r["consignees"]),
            intermediates=_words(r["intermediate_consignees"]),
            end_users=_words(r["end_users"]),
            destinations=_words(r["destinations"]),
            end_uses=_words(r["end_uses"]),
            overcomes=_words(r["overcomes"]),
            value_pct=r["value_tolerance_pct"],
            quantity_pct=r["quantity_tolerance_pct"],
            redacted=_words(r["redacted"]),
            span=_span(r),
            lines=tuple(_line(x) for x in lines.get(r["id"], ())),
            events=tuple(
                LicenceEvent(
                    x["date"], x["event"], x["precision"] == "known_by", _words(x["lines"]), _words(x["parties"]),
                    _fact("licence_events", x), _words(x["source"]),
                )
                for x in happened
            ),
            fact=_fact("licences", r),
            sources=_words(r["source"]),
        )  # fmt: skip
        to = [p for e in licence.events if e.event == "transferred" for p in e.parties]
        for holder in dict.fromkeys((*licence.holders, *to)):
            by_holder.setdefault(holder, []).append(licence)
    return {k: tuple(v) for k, v in by_holder.items()}


def _line(r: Mapping[str, Any]) -> Line:
    covers = r["covers"]
    return Line(
        r["line"], r["item"], tuple(c.partition(":")[2] for c in _words(r["codes"])), r["unit"], r["quantity"],
        r["value_usd_m"], covers, covers if r["covers_low"] is None else r["covers_low"],
        covers if r["covers_high"] is None else r["covers_high"], _span(r), _fact("licence_lines", r),
    )  # fmt: skip


_CONTENT = re.compile(r"^([A-Z]{2})(?:/([^:]+))?:([0-9.]+)(?:-([0-9.]+))?$")


def _content(cell: str) -> Content:
    found = _CONTENT.match(cell)
    if found is None:
        raise AssertionError(f"a content cell that the record let through: {cell}")
    return Content(found[1], found[2], float(found[3]), float(found[4] or found[3]))


def _param(cell: str) -> tuple[str, tuple[float, float]]:
    """NAME=VALUE or NAME=LOW..HIGH."""
    name, _, figures = cell.partition("=")
    low, _, high = figures.partition("..")
    return name, (float(low), float(high or low))


def _span(row: Mapping[str, Any]) -> Span:
    return Span(row["since"], row["through"])


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

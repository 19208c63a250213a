"""Entries of official lists as rows of the record: parties, their other names, and listings."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from detente.official.entry import Entry
from detente.official.lists import ENTITY_LIST, LISTS
from detente.official.parties import party_ids
from detente.official.review import STRICTEST_FIRST, review, unprinted
from detente.official.snapshot import Publication, Row, Snapshot
from detente.official.text import slug, word
from detente.record.problems import Problem

_KINDS = {"Individual": "person", "Entity": "firm"}
_THINGS = {"Vessel": "vessel", "Aircraft": "aircraft"}


@dataclass(frozen=True, slots=True)
class Sides:
    """To which side of a case a party belongs: by country, and ``other`` for all the rest.

    A party with addresses in several countries belongs to the one named side among theirs, and to ``other`` where
    there is none or more than one.
    """

    by_country: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    other: str = "third"

    def of(self, countries: Sequence[str]) -> str:
        """The side of a party with addresses in these countries."""
        named = {self.by_country[c] for c in countries if c in self.by_country}
        return named.pop() if len(named) == 1 else self.other


OTHERS = Sides()
"""Everybody on the side ``third``."""


def listed(
    publication: Publication,
    path: Path,
    as_of: dt.date,
    entries: Sequence[Entry],
    sides: Sides,
    problems: list[Problem],
) -> Snapshot:
    """The snapshot that these entries make.

    Several entries of one list about one party are one listing where their spans overlap: the record allows one row
    at a time about a list and a party. It has the strictest review of theirs, all their tags and all their
    requirements, and its note says of how many entries it is.
    """
    by_party: dict[str, list[Entry]] = defaultdict(list)
    for entry, party in zip(entries, party_ids(entries), strict=True):
        by_party[party].append(entry)
    names: list[Row] = []
    listings: list[Row] = []
    taken: set[str] = set()
    for party, group in by_party.items():
        names += _names(party, group)
        for one in dict.fromkeys(e.list for e in group):
            listings += _listings(party, [e for e in group if e.list == one], taken, path.name, problems)
    rows = {"parties": [_party(p, g, sides) for p, g in by_party.items()], "names": names, "listings": listings}
    counts = Counter(e.list for e in entries)
    tables = publication.tables(path, as_of, rows)
    return Snapshot(path.name, as_of, tables, tuple(sorted(problems)), MappingProxyType(dict(sorted(counts.items()))))


def _party(party: str, group: Sequence[Entry], sides: Sides) -> Row:
    """A row of ``parties``; its country is empty where the addresses are in several."""
    first = group[0]
    countries = tuple(dict.fromkeys(c for e in group for c in e.countries))
    kinds = {e.kind for e in group if e.kind}
    thing = next((_THINGS[k] for k in sorted(kinds) if k in _THINGS), "")
    notes = []
    if first.is_address:
        notes.append("an address, whoever is there (15 CFR 744.16(f))")
    elif thing:
        notes.append(f"a{'n' if thing == 'aircraft' else ''} {thing}")
    elif not kinds:
        notes.append("the list does not say whether a firm or a person")
    if len(countries) > 1:
        notes.append(f"addresses in {', '.join(countries)}")
    kind = "unnamed" if first.is_address else next((_KINDS[k] for k in sorted(kinds) if k in _KINDS), "firm")
    name = first.name
    if first.is_address and first.addresses:
        name = f"{first.name}: {'; '.join(first.addresses)}"
    return {
        "id": party, "name": name, "kind": kind, "side": sides.of(countries),
        "country": countries[0] if len(countries) == 1 else "", "note": "; ".join(notes),
    }  # fmt: skip


def _names(party: str, group: Sequence[Entry]) -> list[Row]:
    """Rows of ``names``: each other spelling once."""
    main = group[0].name
    kinds = {name: "alias" for e in group for name in e.aliases if name != main}
    kinds |= {e.name: "as_listed" for e in group if e.name != main}
    rows: list[Row] = []
    taken: Counter[str] = Counter()
    for name, kind in kinds.items():
        short = slug(name)
        taken[short] += 1
        n = taken[short]
        end = f":{n}" if n > 1 else ""
        rows.append({"id": f"{party}:{short}{end}", "party": party, "name": name, "kind": kind})
    return rows


def _listings(party: str, entries: Sequence[Entry], taken: set[str], file: str, problems: list[Problem]) -> list[Row]:
    """Rows of ``listings`` of one party on one list, one for each span."""
    far, long_ago = dt.date.max, dt.date.min
    spans: list[list[Entry]] = []
    for entry in sorted(entries, key=lambda e: (e.since or long_ago, e.key)):
        if spans and (entry.since or long_ago) <= max(e.through or far for e in spans[-1]):
            spans[-1].append(entry)
        else:
            spans.append([entry])
    rows: list[Row] = []
    for span in spans:
        base = min(e.key for e in span)
        if rows:
            base = f"{base}:{span[0].since}"
        one, n = base, 1
        while one in taken:
            n += 1
            one = f"{base}:{n}"
        taken.add(one)
        rows.append({"id": one, "list": span[0].list, "party": party, **_says(span, file, problems)})
    return rows


def _says(span: Sequence[Entry], file: str, problems: list[Problem]) -> Row:
    """What entries that stand together say: requirement, review, tags, days and where to read it."""
    on = LISTS[span[0].list]
    requirements = {slug(e.requirement): e.requirement for e in reversed(span) if e.requirement}
    implied: dict[str, None] = {}
    if on.id == ENTITY_LIST:
        for e in span:
            if not e.requirement:
                problems.append(Problem(file, e.row, "license_requirement", "none", "what the entry requires"))
            elif (missing := unprinted(e.requirement)) is not None and not e.tags:
                implied |= dict.fromkeys(missing)
                hint = f"read as {' and '.join(missing) or 'an entry without one'}: look it up"
                got = "a rule of § 734.9 without the digit of its footnote"
                problems.append(Problem(file, e.row, "license_requirement", got, "the footnote", hint))
    reviews = [review(e.policy, e.requirement) for e in span]
    found = [r for r, _ in reviews if r in STRICTEST_FIRST]
    policies = dict.fromkeys(e.policy for e, (_, more) in zip(span, reviews, strict=True) if e.policy and more)
    tags = dict.fromkeys(
        t for e in span for t in (*e.tags, *implied, *(word(p) for p in e.programmes), *_kind_tags(e)) if t
    )
    countries = tuple(dict.fromkeys(c for e in span for c in e.countries))
    notes = [
        f"review: {' | '.join(policies)}" if policies else "",
        f"cited: {' | '.join(dict.fromkeys(e.notice for e in span if e.notice))}"
        if any(e.notice for e in span)
        else "",
        f"{len(span)} entries of the list" if len(span) > 1 else "",
        f"addresses in {', '.join(countries)}" if len(countries) > 1 else "",
        *dict.fromkeys(e.remarks for e in span),
    ]
    firsts, lasts = [e.since for e in span], [e.through for e in span]
    return {
        "as_listed": span[0].name,
        "tags": ";".join(tags),
        "requirement": " | ".join(reversed(requirements.values())) or on.requirement,
        "review": min(found, key=STRICTEST_FIRST.index) if found else "none_stated",
        "since": "" if None in firsts else str(min(d for d in firsts if d)),
        "through": "" if None in lasts else str(max(d for d in lasts if d)),
        "note": "; ".join(n for n in notes if n),
    }


def _kind_tags(entry: Entry) -> tuple[str, ...]:
    return ("address-only",) if entry.is_address else (_THINGS[entry.kind],) if entry.kind in _THINGS else ()

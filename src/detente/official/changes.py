"""What changed between two snapshots of a list, as rows that are added to a case and take nothing away.

A listing that came, went or was amended between two days is known from the later day on, and its first day is the
first day on which it was seen, unless the list says when. Nothing is edited: what ended is corrected by a row with the
same id that supersedes it, what was amended by a new row that names the old one in ``modifies``.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from detente.official.snapshot import Snapshot, frame
from detente.official.text import slug
from detente.record.problems import DetenteError

Cells = dict[str, Any]
_DATES = ("since", "through")


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which listings of two snapshots are the same entry, and which of the old parties a new one is."""

    both: tuple[tuple[str, str], ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]
    parties: Mapping[str, str]


def changes(old: Snapshot, new: Snapshot, standing: Mapping[str, pl.DataFrame] | None = None) -> Snapshot:
    """Rows that turn a record made of ``old`` into one that knows ``new`` as well.

    ``standing`` are the tables ``parties``, ``names`` and ``listings`` of the case that the rows are for, as text:
    rows then correct or amend the latest row of an entry, however long the case has followed the list, and parties
    that it knows are not made again. Without it ``old`` is the record.

    The snapshot that comes back has ``sources``, ``parties``, ``names`` and ``listings`` with new rows only; its
    ``counts`` say how many listings were added, removed, amended or given other days. An entry of which nothing but
    citations, addresses or punctuation changed is counted and left as it is.

    Raises ``DetenteError`` where ``new`` is not later than ``old``, or ``standing`` lacks what ``old`` has or has what
    ``new`` brings.
    """
    if new.as_of <= old.as_of:
        raise DetenteError(
            f"The new list is of {new.as_of}, the old one of {old.as_of}: give the older one as the old."
        )
    case = standing if standing is not None else old.tables
    was, now, kept = _by_id(old["listings"]), _by_id(new["listings"]), _rows(case, "listings")
    if any(_source(new) in (r["source"] or "").split(";") for r in kept):
        raise DetenteError(f"The case has rows of {_source(new)} already.")
    latest = _latest(was, kept)
    pairs = _pair(was, now)
    between = f"between {old.as_of} and {new.as_of}"
    taken = set(was) | {r["id"] for r in kept}
    common = {"source": _source(new), "confidence": "official", "recorded": str(new.as_of)}
    rows: list[Cells] = []
    counts: Counter[str] = Counter(dict.fromkeys(("added", "removed", "amended", "other days", "other words only"), 0))
    for one in pairs.new:
        row = now[one]
        party = pairs.parties.get(row["party"], row["party"])
        note = _note(f"listed {between}", row["note"])
        row = row | {"id": _new_id(one, new.as_of, taken), "party": party, "note": note}
        rows.append(row | {"since": row["since"] or str(new.as_of)} | common)
        counts["added"] += 1
    for one in pairs.gone:
        row = latest[one]
        if not row["through"] or dt.date.fromisoformat(row["through"]) >= new.as_of:
            rows.append(row | common | _ended(row, new.as_of, f"left the list {between}"))
            counts["removed"] += 1
    for before, after in pairs.both:
        made = _amended(latest[before], was[before], now[after], new.as_of, between, taken)
        rows += [row | common for row in made]
        for what in _what(was[before], now[after]):
            counts[what] += 1
    parties, names = _parties(case, new, pairs)
    tables = {
        "sources": new["sources"],
        "parties": frame("parties", parties),
        "names": frame("names", names),
        "listings": frame("listings", rows),
    }
    return Snapshot(new.file, new.as_of, tables, new.problems, MappingProxyType(dict(counts)))


def _rows(tables: Mapping[str, pl.DataFrame], name: str) -> list[Cells]:
    return tables[name].to_dicts() if name in tables else []


def _by_id(table: pl.DataFrame) -> dict[str, Cells]:
    return {row["id"]: row for row in table.iter_rows(named=True)}


def _source(snapshot: Snapshot) -> str:
    return str(snapshot["sources"]["id"][0])


def _latest(was: Iterable[str], standing: Iterable[Cells]) -> dict[str, Cells]:
    """The row of the record that now speaks of each entry: the last correction of its last amendment."""
    last: dict[str, Cells] = {}
    for row in sorted(standing, key=lambda r: str(r["recorded"] or "")):
        last[row["id"]] = row
    followed = {row["modifies"]: row["id"] for row in last.values() if row.get("modifies")}
    found = {}
    missing = []
    for one in was:
        at, seen = one, {one}
        while (at := followed.get(at, at)) not in seen:
            seen.add(at)
        if at in last:
            found[one] = last[at]
        else:
            missing.append(one)
    if missing:
        some = ", ".join(missing[:5]) + (" and others" if len(missing) > 5 else "")
        raise DetenteError(
            f"The case lacks {len(missing)} listings of the old list ({some}): import the old list first."
        )
    return found


def _pair(was: Mapping[str, Cells], now: Mapping[str, Cells]) -> Pairing:
    """Match by id; what is left over by list and name, where that is one on either side."""
    both = [(one, one) for one in was if one in now]
    left, right = [o for o in was if o not in now], [o for o in now if o not in was]
    by_name: dict[tuple[str, str], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, ids, rows in ((0, left, was), (1, right, now)):
        for one in ids:
            by_name[rows[one]["list"], slug(rows[one]["as_listed"])][side].append(one)
    both += [(a[0], b[0]) for a, b in by_name.values() if len(a) == len(b) == 1]
    matched_old, matched_new = {a for a, _ in both}, {b for _, b in both}
    parties: dict[str, str] = {}
    for before, after in both:
        parties.setdefault(now[after]["party"], was[before]["party"])
    gone = tuple(one for one in left if one not in matched_old)
    return Pairing(tuple(both), gone, tuple(one for one in right if one not in matched_new), parties)


def _what(before: Cells, after: Cells) -> Iterator[str]:
    """What changed in an entry, in words."""
    if _differs(before, after):
        yield "amended"
    if any(before[c] != after[c] for c in _DATES):
        yield "other days"
    elif not _differs(before, after) and any(before[c] != after[c] for c in ("requirement", "as_listed", "note")):
        yield "other words only"


def _differs(before: Cells, after: Cells) -> bool:
    """Whether what the entry says is different, apart from case and punctuation."""
    tags = (set((row["tags"] or "").split(";")) for row in (before, after))
    a, b = tags
    return (
        a != b
        or before["review"] != after["review"]
        or any(slug(before[c] or "") != slug(after[c] or "") for c in ("requirement", "as_listed"))
    )


def _amended(row: Cells, before: Cells, after: Cells, day: dt.date, between: str, taken: set[str]) -> Iterator[Cells]:
    """The rows for an entry that is in both: a correction of its days, an amendment, both or neither."""
    if any(before[c] != after[c] for c in _DATES):
        dates = {c: after[c] for c in _DATES}
        if row["modifies"] and not after["since"]:
            dates["since"] = row["since"]  # an amendment has a first day of its own
        yield row | dates | {"supersedes": row["id"], "note": _note(f"days changed {between}", row["note"])}
    if _differs(before, after):
        told = {c: after[c] for c in ("as_listed", "tags", "requirement", "review", "through")}
        note = _note(f"amended {between}", after["note"])
        one = _new_id(f"{before['id']}+{day}", day, taken)
        yield row | told | {
            "id": one, "modifies": row["id"], "since": str(day), "supersedes": None, "note": note,
        }  # fmt: skip


def _ended(row: Cells, day: dt.date, why: str) -> Cells:
    """A correction: the same row, through the day before it was seen to be gone."""
    last = str(day - dt.timedelta(days=1))
    return {
        "through": max(last, row["since"] or last), "supersedes": row["id"], "note": _note(why, row["note"]),
    }  # fmt: skip


def _new_id(wanted: str, day: dt.date, taken: set[str]) -> str:
    """An id of its own for a row that is new; one that was used before is told apart by the day."""
    one = wanted if wanted not in taken else f"{wanted}+{day}"
    n = 1
    while one in taken:
        n += 1
        one = f"{wanted}+{day}:{n}"
    taken.add(one)
    return one


def _note(first: str, rest: str | None) -> str:
    return f"{first}; {rest}" if rest else first


def _parties(case: Mapping[str, pl.DataFrame], new: Snapshot, pairs: Pairing) -> tuple[list[Cells], list[Cells]]:
    """Parties that come in, and the names of parties that are new."""
    known = {row["id"]: row["name"] for row in _rows(case, "parties")}
    come = [r for r in new["parties"].iter_rows(named=True) if r["id"] not in pairs.parties and r["id"] not in known]
    had = {(row["party"], row["name"]) for row in _rows(case, "names")} | set(known.items())
    taken = {row["id"] for row in _rows(case, "names")}
    names: list[Cells] = []
    for row in new["parties"].iter_rows(named=True):  # a party of the case that the list now writes otherwise
        party = pairs.parties.get(row["id"], row["id"])
        if party in known:
            common = {c: row[c] for c in ("name", "source", "confidence", "recorded")}
            names.append(common | {"id": f"{party}:{slug(row['name'])}", "party": party, "kind": "as_listed"})
    for row in new["names"].iter_rows(named=True):
        party = pairs.parties.get(row["party"], row["party"])
        one = row["id"] if party == row["party"] else f"{party}:{slug(row['name'])}"
        names.append(row | {"id": one, "party": party})
    made: list[Cells] = []
    for row in names:
        if (row["party"], row["name"]) not in had:
            had.add((row["party"], row["name"]))
            made.append(row | {"id": _new_id(row["id"], new.as_of, taken)})
    return come, made

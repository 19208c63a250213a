"""Rows and rules that start, end or happen between two days, or that only one of two records has: said in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from detente.decide.facts import facts_of
from detente.decide.rows import Span
from detente.decide.scope import window_on
from detente.decide.truth import Fact
from detente.record import Case
from detente.record.files import FILE, ROW
from detente.record.limb import Limb, OwnershipRule

MOST = 3  # causes named in a sentence

_DATED = {
    "listings", "licence_events", "stakes", "findings", "documents", "licences", "licence_lines", "variants", "groups",
    "chart", "codes",
}  # fmt: skip
_VERBS = {
    "granted": "was granted", "denied": "was denied", "intent_to_deny": "met an intent to deny",
    "suspended": "was suspended", "reinstated": "was reinstated", "revoked": "was revoked",
    "partly_revoked": "was revoked in part", "expired": "expired", "not_renewed": "was not renewed",
    "returned": "was returned", "transferred": "was transferred", "exhausted": "was used up",
    "void": "was declared void", "amended": "was amended", "applied": "was applied for",
    "notice_of_intent_to_revoke": "had a notice of intent to revoke",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that changed: what, and what happened to it with its day; its sources.

    ``day`` is the day of the row or window it rests on; None where it is only a step of reasons that came out
    otherwise. ``is_rule`` says that it is a rule and not a row.
    """

    what: str
    said: str
    sources: tuple[str, ...]
    day: dt.date | None = None
    is_rule: bool = False

    @property
    def is_dated(self) -> bool:
        """Whether it rests on a row or a window."""
        return self.day is not None


def sentence(found: Iterable[Changed]) -> tuple[str, tuple[str, ...]]:
    """Causes as one sentence with their sources in brackets, and all the sources."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for cause in found:
        groups.setdefault((cause.said, cause.sources), []).append(cause.what)
    told: list[str] = []
    sources: list[str] = []
    for (said, cited), whats in list(groups.items())[:MOST]:
        told.append(_joined(whats, said) + (f" [{', '.join(cited[:MOST])}]" if cited else ""))
        sources += cited
    more = [f"and {len(groups) - MOST} more"] if len(groups) > MOST else []
    return "; ".join([*told, *more]), tuple(dict.fromkeys(sources))


def _joined(whats: list[str], said: str) -> str:
    """Several things of which the same is said."""
    if len(whats) == 1:
        return f"{whats[0]} {said}".strip()
    if all(w.startswith("licence ") for w in whats):
        whats = [f"licences {whats[0].removeprefix('licence ')}", *(w.removeprefix("licence ") for w in whats[1:])]
    plural = f"were {said.removeprefix('was ')}" if said.startswith("was ") else said
    return f"{', '.join(whats[:-1])} and {whats[-1]} {plural}"


def first_sentence(text: str) -> str:
    """A text up to its first full stop."""
    return text.partition(". ")[0].rstrip(".")


def window_changed(
    name: str, old: Limb | OwnershipRule, new: Limb | OwnershipRule, case: Case, other: Case,
    days: tuple[dt.date, dt.date],
) -> Changed | None:  # fmt: skip
    """What happened to the window of a rule between two days, or between two records (``case`` and ``other``)."""
    was = window_on(old.in_force, days[0], case.as_known)
    now = window_on(new.in_force, days[1], other.as_known)
    if now is not None and was is None:
        verb = "came into force on" if now.certainty == "enacted" else f"({now.certainty}) from"
        said = f"{verb} {now.since}" if case is other else f"in force since {now.since}"
        said += _recorded(now.recorded, case, other)
        return Changed(name, said, now.sources or new.sources, now.since, True)
    if was is not None and now is None:
        ended = next((w for w in new.in_force if w.since == was.since), was)
        last = ended.end(other.as_known)
        said = "was withdrawn" if last is None else f"ended on {last}"
        said += _recorded(ended.withdrawn or ended.through_recorded, case, other)
        return Changed(name, said, ended.sources or new.sources, last or was.since, True)
    if isinstance(old, OwnershipRule) or isinstance(new, OwnershipRule):
        return None
    before = window_on(old.not_enforced, days[0], case.as_known)
    after = window_on(new.not_enforced, days[1], other.as_known)
    if after is not None and before is None:
        return Changed(name, f"is not enforced since {after.since}", after.sources, after.since, True)
    if before is not None and after is None:
        until = before.end(other.as_known)
        return Changed(name, f"is enforced again after {until}", before.sources, until or before.since, True)
    return None


def _recorded(day: dt.date | None, case: Case, other: Case) -> str:
    """When something became known, where that is what two records differ in."""
    return "" if day is None or case.as_known == other.as_known else f", recorded on {day}"


def row_changed(fact: Fact, old: Case, new: Case, days: tuple[dt.date, dt.date]) -> Changed | None:
    """What became of a row between two days of one record, or between two records; None: nothing."""
    if old is not new:
        return _between_records(fact, old, new)
    row = _row(new, fact) if fact.table in _DATED else None
    if row is None:
        return None
    if fact.table == "licence_events":
        return _told(fact, row, new, None) if days[0] < row["date"] <= days[1] else None
    span = _span(fact, row, new)
    if span.through is not None and days[0] <= span.through < days[1]:
        return _told(fact, row, new, Span(None, span.through))
    if span.since is not None and days[0] < span.since <= days[1]:
        return _told(fact, row, new, Span(_listed_since(row, new, days[0]) or span.since, None))
    return None


def _listed_since(row: Mapping[str, Any], case: Case, after: dt.date) -> dt.date | None:
    """The first day of the first of the entries that an entry amends in turn, of those that start after a day."""
    entries, column, since = facts_of(case).entry, case["listings"]["modifies"], None
    before: str | None = row.get("modifies")
    while before is not None and before in entries:
        first = entries[before].span.since
        if first is None or first <= after:
            break
        since, before = first, column[_places(case, "listings")[before]]
    return since


def _between_records(fact: Fact, old: Case, new: Case) -> Changed | None:
    was, now = _row(old, fact), _row(new, fact)
    row, case = (was, old) if now is None else (now, new)
    if row is None:
        return None
    span = _span(fact, row, case)
    if was is not None and now is not None and _plain(was) == _plain(now) and _span(fact, was, old) == span:
        return None
    told = _told(fact, row, case, span)
    if was is not None and now is not None and (before := _span(fact, was, old)) != span and fact.table != "stakes":
        told = Changed(told.what, f"({span}; before: {before})", told.sources, told.day)
    if now is None:
        where = "which the second record does not have"
    elif old.as_known is not None and old.as_known != new.as_known and old.as_known < row["recorded"]:
        where = f"recorded on {row['recorded']}"
    else:
        where = f"{'new ' if was is None else ''}in {row[FILE]}, row {row[ROW]}"
    return Changed(told.what, ", ".join(x for x in (told.said, where) if x), told.sources, told.day)


@lru_cache(maxsize=32)
def _places(case: Case, table: str) -> dict[str, int]:
    """Where each row of a table stands, by its id."""
    return {id_: at for at, id_ in enumerate(case[table]["id"])}


def _row(case: Case, fact: Fact) -> Mapping[str, Any] | None:
    """The row of a fact as a case has it; None where it does not."""
    at = _places(case, fact.table).get(fact.id) if fact.table in case.tables else None
    return None if at is None else case[fact.table].row(at, named=True)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says, apart from where it stands and who wrote it down when."""
    aside = {FILE, ROW, "recorded", "supersedes", "note", "source", "confidence"}
    return {k: v for k, v in row.items() if k not in aside}


def _span(fact: Fact, row: Mapping[str, Any], case: Case) -> Span:
    """The days of a row; those of an entry end when another one amends it."""
    entry = facts_of(case).entry.get(fact.id) if fact.table == "listings" else None
    return entry.span if entry is not None else Span(row.get("since"), row.get("through"))


def _told(fact: Fact, row: Mapping[str, Any], case: Case, span: Span | None) -> Changed:
    """A row in words, with the days of it that matter."""
    sources = tuple(row.get("source") or ())
    if fact.table == "licence_events":
        line = f", line {' and '.join(row['lines'])}," if row["lines"] else ""
        by = "by" if row["precision"] == "known_by" else "on"
        return Changed(
            f"licence {row['licence']}{line}", f"{_VERBS[row['event']]} {by} {row['date']}", sources, row["date"]
        )
    day = row["recorded"] if span is None else span.since or span.through or row["recorded"]
    ended = span is not None and span.since is None and span.through is not None
    days = "" if span is None or str(span) == "always" else f"to {span.through}" if ended else str(span)
    if fact.table == "stakes":
        owned = f"{'owned' if ended else 'owns'} {_share(row)} of {_party(case, row['owned'])} {days}".strip()
        return Changed(_party(case, row["owner"]), owned, sources, day)
    if fact.table == "licences":
        return Changed(f"licence {fact.id}", f"valid {days}".strip() if days else "", sources, day)
    amends = ""
    if fact.table == "listings" and row["modifies"] and not ended:
        is_old = span is not None and row["since"] is not None and span.since != row["since"]
        amends = f", amended {row['since']}" if is_old else f", amending {row['modifies']}"
    return Changed(_name(fact, row), f"({days}{amends})" if days else "", sources, day)


def _name(fact: Fact, row: Mapping[str, Any]) -> str:
    match fact.table:
        case "listings":
            tags = f" with {', '.join(row['tags'])}" if row["tags"] else ""
            return f"{row['list']} entry {fact.id}{tags}"
        case "findings":
            return f"finding {fact.id}, {row['fact'].replace('_', ' ')} of {row['about']}: {row['value']}"
        case "documents":
            there = "on file" if row["value"] == "yes" else "known not to be on file"
            return f"{row['kind'].replace('_', ' ')} {fact.id} about {row['about']}, {there}"
        case "licence_lines":
            return f"line {row['line']} of licence {row['licence']}"
        case "groups":
            return f"{row['country']} in group {row['group']}"
        case _:
            return f"{fact.table} {fact.id}"


def _party(case: Case, id_: str) -> str:
    return facts_of(case).parties[id_].name


def _share(row: Mapping[str, Any]) -> str:
    low, high = (row["share"] if row[c] is None else row[c] for c in ("share_low", "share_high"))
    if low is None or high is None:
        return "a share that is not recorded"
    return f"{low * 100:g} %" if low == high else f"{low * 100:g} to {high * 100:g} %"

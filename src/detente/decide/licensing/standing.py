"""How a licence line stands on a day: a word for it, why, and since when it is over.

A verdict asks whether a licence covers one sale; this asks how it stands to everybody it names. Both read the same
events in the same way, which is tested on every licence of the cases.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from detente.decide.rows import Licence, LicenceEvent, Line
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Truth

Customers = tuple[frozenset[str], frozenset[str]]
"""Who buys, and who takes part at all."""
NEXT = dt.timedelta(days=1)
_STARTS = {"granted", "reinstated"}
_AFTER = {
    **dict.fromkeys(_STARTS, "in_force"), "suspended": "suspended", "revoked": "revoked", "partly_revoked": "revoked",
    "expired": "expired", "not_renewed": "expired", "exhausted": "exhausted", "returned": "returned",
    "denied": "denied", "intent_to_deny": "intent_to_deny",
}  # fmt: skip
_OVER = {"denied", "intent_to_deny", "returned", "revoked", "expired", "exhausted"}
LIVE = {"in_force", "in_part"}
STRANDS = {*_OVER, "void"} - {"exhausted"}
"""States in which what was undrawn is lost; what is used up, or only suspended, is not."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a licence line stands: the word for it, why, and the first day on which it no longer held (None: it holds,
    or it never did)."""

    state: str
    because: str
    ended_on: dt.date | None = None

    @property
    def truth(self) -> Truth:
        """Whether it is in force, as a verdict sees it; in force in part hangs on the customer."""
        return TRUE if self.state == "in_force" else UNKNOWN if self.state in {"unknown", "in_part"} else FALSE


def standing(licence: Licence, line: Line | None, day: dt.date) -> Standing:
    """How a line (None: lines are not recorded) stands on a day: its events for all customers, then its own days."""
    number = None if line is None else str(line.line)
    each = [by_events(licence, number, who, day) for who in customers(licence)]
    if len({s.state for s in each}) == 1:
        now = max(each, key=lambda s: s.ended_on or dt.date.min)
    elif any(s.truth is TRUE for s in each):
        why = dict.fromkeys(s.because for s in each if s.truth is not TRUE)
        now = Standing("in_part", f"in force for some customers only: {'; '.join(why)}")
    else:
        now = max(each, key=lambda s: (s.truth, s.state not in STRANDS))
    since = max((d for d in (licence.span.since, line.span.since if line else None) if d is not None), default=None)
    held = now.state in {"in_force", "in_part", "unknown", "suspended"}
    if held and since is not None and day < since:
        return Standing("not_yet", f"valid from {since}")
    last = last_day(licence, line)
    if last is not None and last < day and (held or (now.ended_on is not None and now.ended_on > last)):
        return Standing("expired", f"its last day was {last}", last + NEXT)
    return now


def by_events(licence: Licence, line: str | None, who: Customers, day: dt.date) -> Standing:
    """How a line stands on a day by the events alone, for some customers (who buys, who takes part at all)."""
    void = next((e for e in licence.events if e.event == "void" and _concerns(e, line, who) is not FALSE), None)
    if void is not None:
        valid = replace(licence, events=tuple(e for e in licence.events if e.event != "void"))
        before = by_events(valid, line, who, min(day, void.date - NEXT))
        was_held = before.state in {"in_force", "suspended", "unknown"}
        return Standing("void", f"declared void on {void.date}, from its issuance", void.date if was_held else None)
    state, because, ended_on = "", "", None
    was_held = has_ended = False
    pending: list[LicenceEvent] = []
    for event in licence.events:
        after = _after(event)
        part = None if after is None else _concerns(event, line, who)
        if after is None or part is FALSE or (event.event == "granted" and event.known_by and has_ended):
            continue
        if event.date > day:
            pending += [event] if event.known_by and Standing(after, "").truth is not Standing(state, "").truth else []
            continue
        ends_a_grant = after in {"suspended", "exhausted", "revoked", "expired"}  # so there had been one
        if part is UNKNOWN or after not in {*_OVER, "suspended"}:
            told = f"{_said(event)}, for which part is not published" if part is UNKNOWN else _said(event)
            state, because, ended_on = after if part is TRUE else "unknown", told, None
        elif state not in _OVER or not was_held:
            state, because = after, _said(event)
            ended_on = event.date if after in _OVER and (was_held or ends_a_grant) else None
        was_held |= ends_a_grant or state in {"in_force", "unknown"}
        has_ended |= ends_a_grant
    if pending:
        words = pending[0].event.replace("_", " ")
        return Standing("unknown", f"{words} on a day up to {pending[0].date} that is not published")
    return Standing(state, because, ended_on) if state else _before_a_grant(licence, day)


def _before_a_grant(licence: Licence, day: dt.date) -> Standing:
    """What is said of a licence to which nothing that counts has happened by a day."""
    first = next((e for e in licence.events if e.event == "applied" and e.date <= day), None)
    if first is not None:
        return Standing("applied", _said(first))
    later = next((e for e in licence.events if e.event in _STARTS and e.date > day), None)
    if later is not None:
        return Standing("not_yet", f"{later.event} only on {later.date}")
    return Standing("not_granted", "no grant is recorded")


def _after(event: LicenceEvent) -> str | None:
    """The state after an event; None where it changes none."""
    return "unknown" if event.event == "transferred" and not event.parties else _AFTER.get(event.event)


def _concerns(event: LicenceEvent, line: str | None, who: Customers) -> Truth:
    """Whether an event concerns a line and some customers: a grant names all who buy, an end one who takes part."""
    buyers, everybody = who
    if event.lines and line is None:
        return UNKNOWN
    if event.lines and line not in event.lines:
        return FALSE
    if event.parties and not (
        buyers <= set(event.parties) if event.event in _STARTS else everybody & set(event.parties)
    ):
        return FALSE
    return UNKNOWN if event.event == "partly_revoked" and not event.lines and not event.parties else TRUE


def customers(licence: Licence) -> list[Customers]:
    """The customers that the events of a licence may tell apart: each buyer, alone and with others that they name."""
    named = {p for e in licence.events if e.event != "transferred" for p in e.parties}
    buyers = licence.consignees if named else licence.consignees[:1]
    others = sorted(named - set(licence.consignees))
    alone = [(frozenset({b}), frozenset({b})) for b in buyers]
    return alone + [(frozenset({b}), frozenset({b, p})) for b in buyers for p in others]


def _said(event: LicenceEvent) -> str:
    words = event.event.replace("_", " ")
    return f"{words} by {event.date} (day not published)" if event.known_by else f"{words} on {event.date}"


def holders(licence: Licence, day: dt.date) -> tuple[str, ...]:
    """Who holds a licence on a day, after transfers; several: one of them, and it is not published which."""
    moved = [e.parties for e in licence.events if e.event == "transferred" and e.parties and e.date <= day]
    return moved[-1] if moved else licence.holders


def last_day(licence: Licence, line: Line | None) -> dt.date | None:
    """The last day of a line, of itself and of its licence; an amended line goes on as the one that takes its place."""
    through = None if line is None else line.span.through
    while line is not None and through is not None:
        line = next((x for x in licence.lines if x.line == line.line and x.span.since == through + NEXT), None)
        through = through if line is None else line.span.through
    return min((d for d in (through, licence.span.through) if d is not None), default=None)

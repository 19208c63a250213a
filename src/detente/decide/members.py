"""Is a party one of those a rule means: by name, by its entry on a list, or because listed parties own it?"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right

from detente.decide.facts import Facts
from detente.decide.ownership import Held, Share, owned
from detente.decide.rows import Listing, Party
from detente.decide.sale import Taking
from detente.decide.scope import rule_in_force
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason, Truth, all_of, truth
from detente.record.limb import OwnershipRule, Parties

_CONTROL: dict[str, Truth | None] = {"yes": TRUE, "no": FALSE}


def is_meant(parties: Parties, who: Taking, facts: Facts, day: dt.date) -> Reason:
    """Whether one who takes part is meant: named, listed (with all tags asked for), or owned under the rule named."""
    row = facts.parties[who.party]
    role = who.role.replace("_", " ")
    if who.reason.truth is not TRUE:
        return Reason(f"{who.reason.text} ({role})", UNKNOWN, who.reason.facts, who.reason.sources)
    via = (who.reason,) if len(who.reason.facts) > 1 else ()
    named = not parties.names or bool({row.id, row.group} & set(parties.names))
    if not named and parties.ownership is None:
        return Reason(f"{row.name} ({role}) is none of {', '.join(parties.names)}", FALSE, (row.fact,))
    if parties.listed_on is None:
        return all_of(f"{row.name} is meant ({role})", via or (Reason(row.name, TRUE, (row.fact,)),))
    entry = entry_on(parties, row.id, facts, day) if named else None
    if entry is not None:
        tags = f" with {', '.join(entry.tags)}" if entry.tags else ""
        text = f"{row.name} ({role}) is listed{tags} as “{entry.as_listed}”, {entry.span}"
        step = Reason(text, TRUE, (entry.fact,), entry.sources)
        return all_of(f"{row.name} is meant ({role})", (*via, step)) if via else step
    text = f"{row.name} ({role}) is not on {parties.listed_on}" + (
        f" with {' and '.join(parties.tags)}" if parties.tags else ""
    )
    step = Reason(f"{text} on {day}", FALSE, (row.fact,))
    if parties.ownership is not None:
        owned_by = _is_owned(parties, row, facts, day)
        if owned_by is not None:
            text = f"{row.name} ({role}) is listed or owned by those who are"
            step = Reason(text, owned_by.truth, (row.fact,), (), (step, owned_by))
    return all_of(f"{row.name} is meant ({role})", (*via, step)) if via else step


def entry_on(parties: Parties, party: str, facts: Facts, day: dt.date) -> Listing | None:
    """The entry of a party on the list a rule names, with all tags it asks for, on a day."""
    for entry in facts.listings.get(party, ()):
        if entry.list == parties.listed_on and set(parties.tags) <= set(entry.tags) and entry.span.holds(day):
            return entry
    return None


def _is_owned(parties: Parties, row: Party, facts: Facts, day: dt.date) -> Reason | None:
    """Whether a party is owned, under the rule named, by parties among whom one is meant; None: by no such party."""
    rule = facts.ownership_rules.get(parties.ownership or "")
    if rule is None:  # asked as known on a day before the rule was recorded
        return None
    if rule.inherits == "none":  # the rule only says who is owned; nothing passes to them
        return None
    held = _held_of(row.id, rule, facts, day)
    if held is None:
        return None
    meant = [o for o in sorted(held.owners) if _counts(parties, o, facts, day)]
    if not meant:
        return None
    force = rule_in_force(rule, day, facts)
    if force.truth is FALSE:
        return all_of(f"{row.name} is owned under {rule.id}", (force,), rule.sources)
    listed = [_as_owner(parties, o, facts, day) for o in meant]
    return all_of(f"{row.name} is owned under {rule.id}: {rule.text}", (force, held.reason, *listed), rule.sources)


def _as_owner(parties: Parties, owner: str, facts: Facts, day: dt.date) -> Reason:
    """The entry of an owner, whose requirement passes to what it owns."""
    entry = entry_on(parties, owner, facts, day)
    if entry is None:
        raise AssertionError(f"an owner without an entry: {owner}")
    name = facts.parties[owner].name
    return Reason(f"{name} is listed as “{entry.as_listed}”, {entry.span}", TRUE, (entry.fact,), entry.sources)


def _counts(parties: Parties, owner: str, facts: Facts, day: dt.date) -> bool:
    row = facts.parties[owner]
    named = not parties.names or bool({row.id, row.group} & set(parties.names))
    return named and entry_on(parties, owner, facts, day) is not None


def _held_of(party: str, rule: OwnershipRule, facts: Facts, day: dt.date) -> Held | None:
    """What a rule makes of a party; one that is itself listed is asked about as if it were not."""
    if party not in listed_on(rule, facts, day):
        return held_on(rule, facts, day).get(party)
    key = (f"{rule.id} {party}", bisect_right(ownership_days(rule, facts), day.toordinal()))
    if key not in facts.held:
        seeds = {p: t for p, t in listed_on(rule, facts, day).items() if p != party}
        shares = shares_on(rule, facts, day)
        facts.held[key] = owned(rule, seeds, shares, lambda p: _is_foreign(rule, p, facts)).get(party)
    found: Held | None = facts.held[key]
    return found


def held_on(rule: OwnershipRule, facts: Facts, day: dt.date) -> dict[str, Held]:
    """Every party that the parties on a rule's lists own, or may own, on a day; worked out once between event days."""
    days = ownership_days(rule, facts)
    key = (rule.id, bisect_right(days, day.toordinal()))
    if key not in facts.held:
        seeds = listed_on(rule, facts, day)
        facts.held[key] = owned(rule, seeds, shares_on(rule, facts, day), lambda party: _is_foreign(rule, party, facts))
    found: dict[str, Held] = facts.held[key]
    return found


def listed_on(rule: OwnershipRule, facts: Facts, day: dt.date) -> dict[str, Truth]:
    """The parties on a rule's lists on a day."""
    return {
        party: TRUE
        for party, entries in facts.listings.items()
        if any(e.list in rule.lists and e.span.holds(day) for e in entries)
    }


def shares_on(rule: OwnershipRule, facts: Facts, day: dt.date) -> list[Share]:
    """All stakes of a day. Control that nobody declared is an open question only to a rule that asks about it."""
    control = {**_CONTROL, "unknown": UNKNOWN if rule.control_test else None}
    return [
        Share(s.owner, s.owned, s.low, s.high, s.kind, control[s.control], s.joint, s.fact, s.sources, s.is_known)
        for stakes in facts.stakes.values()
        for s in stakes
        if s.span.holds(day)
    ]


def _is_foreign(rule: OwnershipRule, party: str, facts: Facts) -> Truth:
    country = facts.parties[party].country
    return truth(None if country in {None, "ZZ"} else country != rule.foreign_only)


def ownership_days(rule: OwnershipRule, facts: Facts) -> list[int]:
    """The days, as ordinals, from which ownership under a rule may differ."""
    key = (rule.id, -1)
    if key not in facts.held:
        days: set[int] = set()
        spans = [s.span for stakes in facts.stakes.values() for s in stakes]
        spans += [e.span for entries in facts.listings.values() for e in entries if e.list in rule.lists]
        for span in spans:
            days |= {span.since.toordinal()} if span.since else set()
            days |= {span.through.toordinal() + 1} if span.through else set()
        facts.held[key] = sorted(days)
    found: list[int] = facts.held[key]
    return found

"""Whether a limb bites on a sale on a day: every condition, with its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

from detente.decide.facts import Facts, Party
from detente.decide.sale import Sale, Taking, legal_party
from detente.decide.scope import NOT_KNOWN, found, in_scope, in_window, is_item
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason, all_of, any_of, truth
from detente.record.countries import COUNTRIES
from detente.record.limb import Limb, Parties, Places, Saving
from detente.record.measures import Measure

DOWNSTREAM = "buyer_of_downstream"
_NOT_SAVED = "not saved: "
_MOVES = ("export", "reexport", "transfer", "export_from_abroad")


def bites(
    measure: Measure,
    limb: Limb,
    sale: Sale,
    taking: tuple[Taking, ...],
    facts: Facts,
    day: dt.date,
    *,
    full: bool = True,
) -> Reason:
    """Every condition of a limb, AND-ed; a saving clause that holds takes the sale out again.

    With ``full`` off the rest is not looked at once a condition is false: the truth is the same, the tree shorter.
    """
    tests: list[Callable[[], Reason]] = [partial(in_window, limb, day, facts)]
    if limb.parties is not None:
        tests.append(partial(_parties, limb.parties, sale, taking, facts, day, limb))
    tests.append(partial(_acts, limb, sale, day))
    tests.append(partial(in_scope, limb, sale, facts, day, measure.regime))
    if limb.items is not None:
        tests.append(partial(is_item, limb.items, sale, facts, day, measure.regime))
    if limb.places is not None:
        tests.append(partial(_places, limb.places, sale, taking, facts))
    if limb.end_use:
        tests.append(partial(_end_use, limb, sale, facts, day))
    if limb.bound != ("anyone",):
        tests.append(partial(_bound, limb, sale, facts, day))
    if limb.knowledge != "none":
        tests.append(partial(_knowledge, limb, sale, taking, facts, day))
    steps: list[Reason] = []
    for test in tests:
        steps.append(test())
        if steps[-1].truth is FALSE and not full:
            break
    else:
        for saving in limb.savings:
            saved = _saving(saving, sale, facts, day)
            steps.append(Reason(f"{_NOT_SAVED}{saving.text}", ~saved.truth, saved.facts, saved.sources, saved.children))
    return all_of(f"{limb.id}: {limb.text}", steps, limb.sources)


def is_saved(reason: Reason) -> bool:
    """Whether a limb fails to bite only because a saving clause holds."""
    rest = [c for c in reason.children if not is_saving(c)]
    return any(c.truth is FALSE for c in reason.children if is_saving(c)) and all(c.truth is TRUE for c in rest)


def is_saving(step: Reason) -> bool:
    """Whether a step of a limb is one of its saving clauses, each put as "not saved"."""
    return step.text.startswith(_NOT_SAVED)


def _parties(
    parties: Parties, sale: Sale, taking: tuple[Taking, ...], facts: Facts, day: dt.date, limb: Limb
) -> Reason:
    """Whether a party meant by the limb takes part in one of its roles; a buyer further down must be declared."""
    roles = set(parties.roles)
    steps: list[Reason] = []
    seen: set[tuple[str, str]] = set()
    for who in taking:
        if not ("any" in roles or who.role in roles):
            continue
        if (who.party, who.reason.text) in seen:
            continue
        seen.add((who.party, who.reason.text))
        steps.append(_is_meant(parties, who, facts, day))
    if DOWNSTREAM in roles and facts.findings_on(sale.abouts, DOWNSTREAM, day):
        steps.append(found("a party meant buys further down", DOWNSTREAM, sale, facts, day))
    what = f"a party on {parties.listed_on}" if parties.listed_on else "a named party"
    what += f" with {' and '.join(parties.tags)}" if parties.tags else ""
    return any_of(f"{what} takes part", steps, limb.sources)


def _is_meant(parties: Parties, who: Taking, facts: Facts, day: dt.date) -> Reason:
    row = facts.parties[who.party]
    role = who.role.replace("_", " ")
    if who.reason.truth is not TRUE:
        return Reason(f"{who.reason.text} ({role})", UNKNOWN, who.reason.facts, who.reason.sources)
    via = (who.reason,) if len(who.reason.facts) > 1 else ()
    if parties.names and not {row.id, row.group} & set(parties.names):
        return Reason(f"{row.name} ({role}) is none of {', '.join(parties.names)}", FALSE, (row.fact,))
    if parties.listed_on is None:
        return all_of(f"{row.name} is meant ({role})", via or (Reason(row.name, TRUE, (row.fact,)),))
    for entry in facts.listings.get(row.id, ()):
        if entry.list == parties.listed_on and set(parties.tags) <= set(entry.tags) and entry.span.holds(day):
            tags = f" with {', '.join(entry.tags)}" if entry.tags else ""
            text = f"{row.name} ({role}) is listed{tags} as “{entry.as_listed}”, {entry.span}"
            step = Reason(text, TRUE, (entry.fact,), entry.sources)
            return all_of(f"{row.name} is meant ({role})", (*via, step)) if via else step
    text = f"{row.name} ({role}) is not on {parties.listed_on}" + (
        f" with {' and '.join(parties.tags)}" if parties.tags else ""
    )
    step = Reason(f"{text} on {day}", FALSE, (row.fact,))
    return all_of(f"{row.name} is meant ({role})", (*via, step)) if via else step


def _acts(limb: Limb, sale: Sale, day: dt.date) -> Reason:
    """Whether the movement is one of the acts meant; moving goods inside a country is a transfer."""
    good = sale.good(day)
    may: set[str] = set()
    if good is None or NOT_KNOWN in {good.shipped_from, sale.destination}:
        have, may = {"export_from_abroad"}, set(_MOVES)
    elif good.shipped_from == sale.destination:
        have = {"transfer", "export_from_abroad"}
    else:
        have = {"export", "reexport", "export_from_abroad"}
    if sale.item.kind == "technology":
        have.add("release")
    if sale.item.kind == "service":
        have |= {"service", "support"}
    text = f"the sale is {' or '.join(sorted(have | may))}; the rule names {', '.join(limb.acts)}"
    if {"export", "transfer"} <= set(limb.acts) and may:
        have = may  # whichever way it moves, the rule names it
    return Reason(text, truth(True if have & set(limb.acts) else None if may & set(limb.acts) else False), (sale.fact,))


def _places(places: Places, sale: Sale, taking: tuple[Taking, ...], facts: Facts) -> Reason:
    steps = []
    if places.to or places.to_except:
        to = not places.to or "*" in places.to or sale.destination in places.to
        inside: bool | None = to and sale.destination not in places.to_except
        if sale.destination == NOT_KNOWN and (places.to_except or "*" not in places.to):
            inside = None
        steps.append(Reason(f"goes to {sale.destination}", truth(inside), (sale.fact,)))
    if places.headquartered_in:
        hits = [_at_home(t, facts.parties[t.party], places.headquartered_in) for t in taking]
        steps.append(any_of(f"a party with headquarters in {' or '.join(places.headquartered_in)}", hits))
    return all_of("the place is one of those meant", steps)


def _at_home(who: Taking, party: Party, countries: tuple[str, ...]) -> Reason:
    if who.reason.truth is not TRUE:
        return who.reason
    here = None if party.headquarters in {None, NOT_KNOWN} else party.headquarters in countries
    return Reason(f"{party.name}: headquarters {party.headquarters or 'not recorded'}", truth(here), (party.fact,))


def _end_use(limb: Limb, sale: Sale, facts: Facts, day: dt.date) -> Reason:
    text = f"end use {' or '.join(limb.end_use)}"
    if set(sale.end_use) & set(limb.end_use):
        return Reason(f"{text}: {', '.join(sale.end_use)}", TRUE, (sale.fact,))
    declared = [
        found(f"end use {use}", use, sale, facts, day)
        for use in limb.end_use
        if facts.findings_on(sale.abouts, use, day) or not sale.end_use
    ]
    if declared:
        return any_of(text, declared)
    return Reason(f"{text}: {', '.join(sale.end_use)}", FALSE, (sale.fact,))


def _bound(limb: Limb, sale: Sale, facts: Facts, day: dt.date) -> Reason:
    """Whether the seller is bound: ``addressee:PARTY``, or a person of a country such as ``us_person``."""
    party, certain = legal_party(sale.seller, facts, day)
    if certain.truth is not TRUE:
        return certain
    seller = facts.parties[party]
    steps: list[Reason] = []
    for who in limb.bound:
        kind, _, party = who.partition(":")
        if kind == "addressee":
            steps.append(Reason(f"the letter binds {party}", truth(party == seller.id), (seller.fact,)))
        elif kind.endswith("_person"):
            country = kind.removesuffix("_person").upper()
            known = seller.country not in {None, NOT_KNOWN} and country in COUNTRIES
            here = seller.country == country if known else None
            steps.append(Reason(f"{seller.name} is a {kind.replace('_', ' ')}", truth(here), (seller.fact,)))
        else:
            steps.append(Reason(f"binds {who}", truth(True if who == "anyone" else None), (seller.fact,)))
    return any_of("the seller is bound by it", steps)


def _knowledge(limb: Limb, sale: Sale, taking: tuple[Taking, ...], facts: Facts, day: dt.date) -> Reason:
    """A seller knows its own customer; what lies behind the customer must be declared."""
    if limb.knowledge == "informed":
        if f"addressee:{legal_party(sale.seller, facts, day)[0]}" in limb.bound:
            return Reason("the seller was informed: the letter is addressed to it", TRUE, (sale.fact,))
        return found("the seller was informed", "informed", sale, facts, day)
    if limb.parties is not None:
        for who in taking:
            if (
                who.role in {"purchaser", "ultimate_consignee"}
                and _is_meant(limb.parties, who, facts, day).truth is TRUE
            ):
                return Reason("the seller knows: the party is its own customer", TRUE, (sale.fact,))
    return found("the seller knows of it", "knowledge", sale, facts, day)


def _saving(saving: Saving, sale: Sale, facts: Facts, day: dt.date) -> Reason:
    """A saving clause: each named event of the sale happened by its day."""
    steps = [_event(e, by, sale, facts, day) for e, by in (*saving.event_by.items(), *saving.done_by.items())]
    return all_of(saving.text, steps, saving.sources)


def _event(event: str, by: dt.date, sale: Sale, facts: Facts, day: dt.date) -> Reason:
    """Whether an event of the sale lies on or before a day. Goods of a flow leave on the day that is asked about."""
    text = f"{event.replace('_', ' ')} by {by}"
    if event in sale.events:
        return Reason(f"{text}: {sale.events[event]}", truth(sale.events[event] <= by), (sale.fact,))
    if event == "exported" or (sale.is_flow and event in {"aboard_carrier", "en_route"}):
        return Reason(f"{text}: leaves on {day}", truth(day <= by), (sale.fact,))
    if sale.is_flow and day <= by:
        return Reason(f"{text}: sold on {day}", TRUE, (sale.fact,))
    findings = facts.findings_on(sale.abouts, event, day)
    answers = {_happened(f.value, by) for f in findings} - {None}
    at, sources = tuple(f.fact for f in findings), tuple(s for f in findings for s in f.sources)
    if len(answers) > 1:
        return Reason(f"{text}: findings contradict each other", UNKNOWN, at, sources)
    if answers:
        said = ", ".join(sorted({f.value for f in findings}))
        return Reason(f"{text}: {said}", truth(answers.pop()), at, sources)
    return Reason(f"{text} (when {sale.id} did, is not recorded)", UNKNOWN, (sale.fact,))


def _happened(value: str, by: dt.date) -> bool | None:
    """What a finding on an event says: its day against the cut-off, or plain yes or no."""
    if value in {"yes", "no"}:
        return value == "yes"
    try:
        return dt.date.fromisoformat(value) <= by
    except ValueError:
        return None

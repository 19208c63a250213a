"""Whether a limb bites on a sale on a day: every condition, with its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from detente.decide.asked import Asked
from detente.decide.facts import Facts
from detente.decide.goods import by_chart, is_item
from detente.decide.members import is_meant
from detente.decide.places import NOT_KNOWN, within
from detente.decide.sale import Sale, Taking, legal_party
from detente.decide.scope import in_scope, in_window
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason, all_of, any_of, truth
from detente.record.countries import COUNTRIES
from detente.record.limb import Limb, Parties, Places, Saving
from detente.record.measures import Measure

DOWNSTREAM = "buyer_of_downstream"
SAVING, SAVED = "saving", "saved"  # the condition that no clause saves the sale; that one does
_ALSO = {
    "reexport": {"export_from_abroad"}, "transfer": {"export_from_abroad"}, "export_from_abroad": {"reexport"},
}  # fmt: skip
_OF_KIND = {"technology": {"release"}, "service": {"service", "support"}}
_AWAY = [{"reexport", "export_from_abroad"}, {"transfer", "export_from_abroad"}]
_HOME = [{"domestic"}, {"export"}]
_ANY = [{"export", "reexport", "export_from_abroad"}, {"transfer", "export_from_abroad"}]
PERMITS = {"authorise", "out_of_scope"}
AFTER_THE_ORDER = {"aboard_carrier", "en_route", "received"}  # goods may be made, but not sent, before they are ordered
_OWN_CUSTOMER = {"purchaser", "ultimate_consignee"}
Test = Callable[[Asked], Reason]


def conditions(measure: Measure, limb: Limb) -> Iterator[tuple[str, Test]]:
    """The conditions of a limb by name, in the order in which they are tested: all but its saving clauses."""
    regime = measure.regime
    yield "window", lambda a: in_window(limb, a.day, a.facts)
    if (parties := limb.parties) is not None:
        yield "parties", lambda a: _parties(parties, limb, a)
    yield "acts", lambda a: _acts(limb, a, measure)
    yield "scope", lambda a: in_scope(limb, a, regime)
    if (items := limb.items) is not None:
        yield "items", lambda a: is_item(items, a, regime)
    if limb.chart_applies:
        only = items.reasons if items is not None and not items.reasons_only else ()
        yield "chart", lambda a: by_chart(a, regime, only)
    if (places := limb.places) is not None:
        if places.to or places.to_except:
            yield "places", lambda a: _places(places, a, regime)
        if places.headquartered_in:
            yield "headquarters", lambda a: _headquarters(places, a, regime)
    if limb.end_use:
        yield "end_use", lambda a: _end_use(limb, a)
    if limb.max_value_usd is not None:
        yield "value", lambda a: _value(limb, a)
    if limb.bound != ("anyone",):
        yield "bound", lambda a: _bound(limb, a, regime)
    if limb.effect in PERMITS and any(d.on_file for d in limb.duties):
        yield "papers", lambda a: _papers(limb, a)
    if limb.knowledge != "none":
        yield "knowledge", lambda a: _knowledge(limb, a)


def bites(
    measure: Measure,
    limb: Limb,
    sale: Sale,
    taking: tuple[Taking, ...],
    facts: Facts,
    day: dt.date,
    *,
    full: bool = True,
    asked: Asked | None = None,
) -> Reason:
    """Every condition of a limb, AND-ed; a saving clause that holds takes the sale out again.

    With ``full`` off the rest is not looked at once a condition is false: the truth is the same, the tree shorter.
    """
    question = asked or Asked(sale, taking, facts, day, tester(sale, taking, facts, day))
    steps: list[Reason] = []
    for name, test in conditions(measure, limb):
        r = test(question)
        steps.append(Reason(r.text, r.truth, r.facts, r.sources, r.children, name))
        if r.truth is FALSE and not full:
            break
    else:
        steps += [not_saved(saving, question) for saving in limb.savings]
    return all_of(f"{limb.id}: {limb.text}", steps, limb.sources)


def tester(
    sale: Sale, taking: tuple[Taking, ...], facts: Facts, day: dt.date, *, full: bool = True
) -> Callable[[str], Reason]:
    """The reason of any limb on one sale, each worked out once."""
    tested: dict[str, Reason] = {}

    def test(limb_id: str) -> Reason:
        if limb_id not in tested:
            measure, limb = facts.limbs[limb_id]
            tested[limb_id] = bites(measure, limb, sale, taking, facts, day, full=full, asked=asked)
        return tested[limb_id]

    asked = Asked(sale, taking, facts, day, test)
    return test


def not_saved(saving: Saving, asked: Asked) -> Reason:
    """A saving clause as a condition of its limb: true where it does not save the sale."""
    saved = _saving(saving, asked)
    return Reason(f"not saved: {saving.text}", ~saved.truth, saved.facts, saved.sources, saved.children, SAVING)


def is_saved(reason: Reason) -> bool:
    """Whether a limb fails to bite only because a saving clause holds."""
    rest = [c for c in reason.children if c.role != SAVING]
    return any(c.truth is FALSE for c in reason.children if c.role == SAVING) and all(c.truth is TRUE for c in rest)


def plays(parties: Parties, role: str) -> bool:
    """Whether a rule counts parties in a role."""
    return ("any" in parties.roles or role in parties.roles) and role not in parties.not_roles


def _parties(parties: Parties, limb: Limb, asked: Asked) -> Reason:
    """Whether a party meant by the limb takes part in one of its roles; a buyer further down must be declared."""
    steps: list[Reason] = []
    seen: set[tuple[str, str]] = set()
    for who in asked.taking:
        if not plays(parties, who.role) or (who.party, who.reason.text) in seen:
            continue
        seen.add((who.party, who.reason.text))
        steps.append(is_meant(parties, who, asked.facts, asked.day))
    if DOWNSTREAM in parties.roles and (down := downstream(asked)) is not None:
        steps.append(down)
    what = f"a party on {parties.listed_on}" if parties.listed_on else "a named party"
    what += f" with {' and '.join(parties.tags)}" if parties.tags else ""
    what += f", or owned under {parties.ownership}," if parties.ownership else ""
    return any_of(f"{what} takes part", steps, limb.sources)


def downstream(asked: Asked) -> Reason | None:
    """What is declared about a buyer further down; None where nothing is."""
    if not asked.facts.findings_on(asked.sale.abouts, DOWNSTREAM, asked.day):
        return None
    return asked.found("a party meant buys further down", DOWNSTREAM)


def _acts(limb: Limb, asked: Asked, measure: Measure) -> Reason:
    """Whether the movement is one of the acts meant; moving goods inside a country is a transfer."""
    sale, good = asked.sale, asked.sale.good(asked.day)
    if sale.act is not None:
        ways = [{sale.act} | _ALSO.get(sale.act, set())]
    elif good is None or NOT_KNOWN in {good.shipped_from, sale.destination}:
        ways = [*_AWAY, *_HOME] if measure.home else _ANY
    else:
        ways = [_moves(good.shipped_from, sale.destination, asked, measure)]
    more = _OF_KIND.get(sale.item.kind, set()) if sale.act is None else set()
    hits = {bool((way | more) & set(limb.acts)) for way in ways}
    said = sorted(set().union(*ways) | more)
    text = f"the sale is {' or '.join(said)}; the rule names {', '.join(limb.acts)}"
    return Reason(text, truth(None if len(hits) > 1 else hits.pop()), (sale.fact,))


def _moves(start: str, end: str, asked: Asked, measure: Measure) -> set[str]:
    """What a movement between two countries is to a regime, whose home the measure may name."""
    crosses = start != end
    if not measure.home:
        return {"export", "reexport", "export_from_abroad"} if crosses else {"transfer", "export_from_abroad"}
    if within(start, measure.home, measure.regime, asked.facts, asked.day) is TRUE:
        inside = within(end, measure.home, measure.regime, asked.facts, asked.day) is TRUE
        return {"domestic"} if inside else {"export"}
    return {"reexport", "export_from_abroad"} if crosses else {"transfer", "export_from_abroad"}


def _places(places: Places, asked: Asked, regime: str) -> Reason:
    """Whether the good goes to one of the destinations meant, or through one where the rule counts the way."""
    sale = asked.sale
    steps = [_goes(sale.destination, f"goes to {sale.destination}", places, asked, regime)]
    if places.via_counts:
        steps += [_goes(c, f"goes through {c}", places, asked, regime) for c in sale.via]
    return steps[0] if len(steps) == 1 else any_of("goes to, or through, one of the places meant", steps)


def _goes(country: str, text: str, places: Places, asked: Asked, regime: str) -> Reason:
    to = within(country, places.to, regime, asked.facts, asked.day) if places.to else TRUE
    out = within(country, places.to_except, regime, asked.facts, asked.day) if places.to_except else FALSE
    return Reason(text, min(to, ~out), (asked.sale.fact,))


def _headquarters(places: Places, asked: Asked, regime: str) -> Reason:
    hits = [at_home(who, places.headquartered_in, asked, regime) for who in asked.taking]
    return any_of(f"a party with headquarters in {' or '.join(places.headquartered_in)}", hits)


def at_home(who: Taking, countries: tuple[str, ...], asked: Asked, regime: str) -> Reason:
    """Whether one who takes part has its headquarters in one of some countries."""
    if who.reason.truth is not TRUE:
        return who.reason
    party = asked.facts.parties[who.party]
    here = within(party.headquarters, countries, regime, asked.facts, asked.day)
    return Reason(f"{party.name}: headquarters {party.headquarters or 'not recorded'}", here, (party.fact,))


def _end_use(limb: Limb, asked: Asked) -> Reason:
    sale = asked.sale
    text = f"end use {' or '.join(limb.end_use)}"
    meant = set(sale.end_use) & set(limb.end_use)
    if meant and (limb.effect != "authorise" or meant == set(sale.end_use)):
        return Reason(f"{text}: {', '.join(sale.end_use)}", TRUE, (sale.fact,))
    declared = [
        asked.found(f"end use {use}", use)
        for use in limb.end_use
        if asked.facts.findings_on(sale.abouts, use, asked.day) or not sale.end_use
    ]
    if declared:
        return any_of(text, declared)
    return Reason(f"{text}: {', '.join(sale.end_use)}", FALSE, (sale.fact,))


def _value(limb: Limb, asked: Asked) -> Reason:
    """Whether the value of the order is within the limit of the rule; a flow has no value of one order."""
    limit, value = limb.max_value_usd or 0.0, asked.sale.value_usd_m
    text = f"worth at most USD {limit:,.0f}"
    if value is None:
        return Reason(f"{text}: what one order of {asked.sale.id} is worth", UNKNOWN, (asked.sale.fact,))
    usd = round(value * 1e6, 2)
    return Reason(f"{text}: USD {usd:,.0f}", truth(usd <= limit), (asked.sale.fact,))


def _bound(limb: Limb, asked: Asked, regime: str) -> Reason:
    """Whether the seller is bound: an addressee, a person of a country or group, or who exports from a country."""
    sale, facts, day = asked.sale, asked.facts, asked.day
    party, certain = legal_party(sale.seller, facts, day)
    if certain.truth is not TRUE:
        return certain
    seller = facts.parties[party]
    steps: list[Reason] = []
    for who in limb.bound:
        kind, _, party = who.partition(":")
        if kind == "addressee":
            steps.append(Reason(f"the letter binds {party}", truth(party == seller.id), (seller.fact,)))
        elif kind.startswith("exporter_in_"):
            country, good = kind.removeprefix("exporter_in_").upper(), sale.good(day)
            is_place = country in COUNTRIES or country in facts.groups
            here = within(good.shipped_from, (country,), regime, facts, day) if good and is_place else UNKNOWN
            at = (sale.fact,) if good is None else (good.fact,)
            steps.append(Reason(f"the good leaves from {country}", here, at))
        elif kind.endswith("_person"):
            country = kind.removesuffix("_person").upper()
            known = country in COUNTRIES or country in facts.groups
            here = within(seller.country, (country,), regime, facts, day) if known else UNKNOWN
            steps.append(Reason(f"{seller.name} is a {kind.replace('_', ' ')}", here, (seller.fact,)))
        else:
            steps.append(Reason(f"binds {who}", truth(True if who == "anyone" else None), (seller.fact,)))
    return any_of("the seller is bound by it", steps)


def _papers(limb: Limb, asked: Asked) -> Reason:
    """The papers that must be on file before a rule helps."""
    steps = [asked.on_file(d.kind, limb.id, d.text or d.kind.replace("_", " ")) for d in limb.duties if d.on_file]
    return all_of(f"the papers that {limb.id} asks for are on file", steps, limb.sources)


def _knowledge(limb: Limb, asked: Asked) -> Reason:
    """A seller knows its own customer; what lies behind the customer must be declared."""
    sale, facts, day = asked.sale, asked.facts, asked.day
    if limb.knowledge == "informed":
        if f"addressee:{legal_party(sale.seller, facts, day)[0]}" in limb.bound:
            return Reason("the seller was informed: the letter is addressed to it", TRUE, (sale.fact,))
        return asked.found("the seller was informed", "informed")
    if limb.parties is not None:
        for who in asked.taking:
            if who.role in _OWN_CUSTOMER and is_meant(limb.parties, who, facts, day).truth is TRUE:
                return Reason("the seller knows: the party is its own customer", TRUE, (sale.fact,))
    return asked.found("the seller knows of it", "knowledge")


def _saving(saving: Saving, asked: Asked) -> Reason:
    """A saving clause: each named event of the sale happened by its day."""
    steps = [_event(e, by, asked) for e, by in (*saving.event_by.items(), *saving.done_by.items())]
    return all_of(saving.text, steps, saving.sources)


def _event(event: str, by: dt.date, asked: Asked) -> Reason:
    """Whether an event of the sale lies on or before a day. Goods of a flow leave on the day that is asked about."""
    sale, facts, day = asked.sale, asked.facts, asked.day
    text = f"{event.replace('_', ' ')} by {by}"
    if event in sale.events:
        return Reason(f"{text}: {sale.events[event]}", truth(sale.events[event] <= by), (sale.fact,))
    ordered = sale.events.get("ordered")
    if event in AFTER_THE_ORDER and ordered is not None and ordered > by:
        return Reason(f"{text}: ordered on {ordered}, after that", FALSE, (sale.fact,))
    if event == "exported" or (sale.is_flow and event in {"aboard_carrier", "en_route"}):
        return Reason(f"{text}: leaves on {day}", truth(day <= by), (sale.fact,))
    if sale.is_flow and event == "received" and day > by:
        return Reason(f"{text}: leaves on {day}", FALSE, (sale.fact,))
    if sale.is_flow and day <= by and event != "received":
        return Reason(f"{text}: sold on {day}", TRUE, (sale.fact,))
    findings = facts.findings_on(sale.abouts, event, day)
    answers = {_happened(f.value, by) for f in findings}
    at, sources = tuple(f.fact for f in findings), tuple(s for f in findings for s in f.sources)
    if len(answers) > 1:
        return Reason(f"{text}: findings contradict each other", UNKNOWN, at, sources)
    if answers - {None}:
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

"""Does a licence cover a sale on a day, as far as is known?"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from detente.decide.facts import Facts
from detente.decide.licensing import ledger
from detente.decide.places import is_under, own_codes, within
from detente.decide.rows import Licence, LicenceEvent, Line
from detente.decide.sale import Sale, Taking, legal_party
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Fact, Reason, Truth, all_of, any_of, truth

_STARTS = {"granted", "reinstated"}
_AFTER_A_GRANT = {"suspended", "revoked", "partly_revoked", "expired", "not_renewed", "exhausted"}
_ENDS = _AFTER_A_GRANT | {"denied", "intent_to_deny", "returned"}
CONFIRMATION = "supplier_written_confirmation"


@dataclass(frozen=True, slots=True)
class Cover:
    """How a licence stands to a sale: whether it covers it, and which part of the trade (1: all of it).

    ``lines`` are the numbers of the lines that may cover it, each with how sure that is before its balance is looked
    at; ``fit`` is the first line with room for an order, None where no line is limited or none has room. ``rest`` is
    how sure everything but the lines is, ``hidden`` that a part which is not published covers it.
    """

    licence: Licence
    reason: Reason
    share: float
    low: float
    high: float
    lines: tuple[tuple[int, Truth], ...] = ()
    fit: int | None = None
    rest: Truth = TRUE
    hidden: Truth = FALSE


def covers(
    limb_id: str,
    sale: Sale,
    taking: tuple[Taking, ...],
    facts: Facts,
    day: dt.date,
    drawn: ledger.Drawn | None = None,
) -> tuple[Cover, ...]:
    """Every licence of the seller granted against a limb, with whether it covers the sale, best first.

    A licence of a supplier counts too where the supplier's written confirmation passes it on. ``drawn`` says what has
    been drawn before an order; None: balances are not looked at.
    """
    seller, known = legal_party(sale.seller, facts, day)
    mine = {x.id: x for x in facts.licences.get(seller, ())}
    lent: dict[str, Reason] = {}
    for d in facts.documents_on(sale.abouts, CONFIRMATION, limb_id, day):
        if d.licence is None:
            continue
        answer = truth(d.is_there)
        if d.licence in lent and lent[d.licence].truth is not answer:
            answer = UNKNOWN  # two papers that say otherwise
        lent[d.licence] = Reason(
            f"{d.licence} is passed on by the supplier's confirmation", answer, (d.fact,), d.sources
        )
    found = [
        _cover(licence, limb_id, sale, _holder(licence, seller, known, facts, day), taking, facts, day, drawn)
        for licence in mine.values()
        if limb_id in licence.overcomes and licence.id not in lent
    ]
    found += [
        _cover(facts.licence[i], limb_id, sale, reason, taking, facts, day, drawn)
        for i, reason in lent.items()
        if limb_id in facts.licence[i].overcomes
    ]
    return tuple(sorted(found, key=lambda c: (-c.reason.truth, -c.share, c.licence.id)))


def _cover(
    licence: Licence,
    limb_id: str,
    sale: Sale,
    holder: Reason,
    taking: tuple[Taking, ...],
    facts: Facts,
    day: dt.date,
    drawn: ledger.Drawn | None,
) -> Cover:
    regime = facts.limbs[limb_id][0].regime
    steps = [holder, _consignee(licence, taking, facts), *_rest(licence, sale, facts, day, regime)]
    if licence.span.since is not None or licence.span.through is not None:
        held = truth(licence.span.holds(day))
        steps.append(Reason(f"valid {licence.span}", held, (licence.fact,), licence.sources))
    purchasers = {t.party for t in taking if t.role in {"purchaser", "ultimate_consignee"}}
    customers = (purchasers, {t.party for t in taking})
    live = [x for x in licence.lines if x.span.holds(day)]
    matched = [(x, m) for x in live if (m := _matches(x, sale, day, regime)) is not FALSE]
    hidden = [x for x in live if x.item is None and not x.codes]
    valid = [_valid(licence, str(x.line), customers, day) for x, _ in matched]
    each, fit, rest, unseen = [], None, min(s.truth for s in steps), FALSE
    for (x, match), r in zip(matched, valid, strict=True):
        said = f"line {x.line} covers {sale.item.name}; {r.text}"
        answer = min(r.truth, match)
        space = _room(licence, x, sale, facts, day, drawn)
        if space is not None:
            if fit is None and answer is TRUE and space.truth is TRUE:
                fit = x.line
            inner = Reason(said, answer, (x.fact, *r.facts), r.sources, r.children)
            each.append(all_of(f"line {x.line} covers {sale.item.name} and has room for it", (inner, space)))
        else:
            each.append(Reason(said, answer, (x.fact, *r.facts), r.sources, r.children))
    if hidden or not licence.lines:
        at = tuple(x.fact for x in hidden) or (licence.fact,)
        goods = Reason(f"which goods {licence.id} covers is not published", UNKNOWN, at, licence.sources)
        numbers: list[str | None] = [str(x.line) for x in hidden] or [None]
        stands = any_of("in force", [_valid(licence, n, customers, day) for n in numbers])
        each.append(all_of(f"a part of {licence.id} that is not published covers the sale", (goods, stands)))
        unseen = each[-1].truth
    if not each:
        at = tuple(x.fact for x in licence.lines)
        each = [Reason(f"a line of it covers {sale.item.name}", FALSE, at, licence.sources)]
    steps.append(each[0] if len(each) == 1 else any_of(f"a line of it covers {sale.item.name}", each))
    sure = [x for (x, m), r in zip(matched, valid, strict=True) if min(m, r.truth) is TRUE]
    maybe = [x for (x, _), r in zip(matched, valid, strict=True) if r.truth is not FALSE]
    share = min(1.0, sum(x.covers for x in sure))
    low = min(1.0, sum(x.covers_low for x in sure))
    high = min(1.0, sum(x.covers_high for x in maybe)) if not (hidden or not licence.lines) else 1.0
    text = f"licence {licence.id} ({licence.authority}) covers the sale"
    lines = tuple((x.line, min(m, r.truth)) for (x, m), r in zip(matched, valid, strict=True) if r.truth is not FALSE)
    whole = all_of(text, steps, licence.sources, (licence.fact,))
    return Cover(licence, whole, share, low, high, lines, fit, rest, unseen)


def _matches(line: Line, sale: Sale, day: dt.date, regime: str) -> Truth:
    """Whether a line names the good, by item or by code."""
    if line.item == sale.item.id:
        return TRUE
    if not line.codes:
        return FALSE
    good = sale.good(day)
    if good is None or good.codes is None:
        return UNKNOWN
    mine = own_codes(good.codes, regime)
    return truth(None if mine is None else any(is_under(c, line.codes) for c in mine))


def _room(
    licence: Licence, line: Line, sale: Sale, facts: Facts, day: dt.date, drawn: ledger.Drawn | None
) -> Reason | None:
    """Whether what is left of a line is enough for an order; a flow is not drawn."""
    if drawn is None or sale.is_flow or sale.value_usd_m is None:
        return None
    own = ledger.own_draw(facts, sale.id, licence.id, line.line, day)
    said = ledger.room(licence, line, sale.value_usd_m, sale.quantity, facts, day, drawn)
    if own is None:
        return said
    at = tuple(d.fact for d in own.draws)
    pieces = None if sale.quantity is None else ledger.quantity_of(sale.quantity)
    limit = ledger.limits(licence, line, facts, day)
    if said is None or own.is_whole(limit, ledger.value_of(sale.value_usd_m), pieces):
        return Reason(f"line {line.line} has room for it: it was drawn for this order", TRUE, at)
    text = f"{said.text}; only a part of the order is recorded as drawn on it"
    return Reason(text, said.truth, (*said.facts, *at), said.sources)


def _holder(licence: Licence, seller: str, known: Reason, facts: Facts, day: dt.date) -> Reason:
    """A licence is the seller's own, or passed to it; a line of business sells under that of its owner."""
    if known.truth is not TRUE:
        return known
    holders, at = licence.holders, [licence.fact]
    for event in licence.events:
        if event.event != "transferred" or not event.parties:
            continue
        if event.date <= day:
            holders, at = event.parties, [licence.fact, event.fact]
        elif event.known_by:
            text = f"held by {facts.parties[seller].name}: transferred by {event.date}"
            text += f", whether before {day} is not published"
            return Reason(text, UNKNOWN, (licence.fact, event.fact), event.sources)
    names = ", ".join(facts.parties[h].name for h in holders)
    if len(holders) > 1:
        text = f"held by one of {names}; which one is not published"
        return Reason(text, UNKNOWN, tuple(at), licence.sources)
    return Reason(f"held by {names}", truth(holders[0] == seller), tuple(at), licence.sources)


def _consignee(licence: Licence, taking: tuple[Taking, ...], facts: Facts) -> Reason:
    """Every buyer must be named; a group's word stands for none of its parties."""
    buyers = {t.party for t in taking if t.role in {"purchaser", "ultimate_consignee"}}
    names = ", ".join(facts.parties[b].name for b in sorted(buyers))
    unsure = [t.reason for t in taking if t.reason.truth is not TRUE]
    if unsure:
        return Reason(
            f"names the customer: {unsure[0].text}", UNKNOWN, (licence.fact, *unsure[0].facts), licence.sources
        )
    meant = all(b in licence.consignees for b in buyers)
    return Reason(f"names {names} as the customer", truth(meant), (licence.fact,), licence.sources)


def _rest(licence: Licence, sale: Sale, facts: Facts, day: dt.date, regime: str) -> list[Reason]:
    """What else a licence may name: forwarders, end users, destinations, uses. It tests what it names, and no more."""
    steps = []

    def add(text: str, answer: Truth, *more: Fact) -> None:
        steps.append(Reason(text, answer, (licence.fact, *more), licence.sources))

    if licence.intermediates:
        steps += [_forwarder(licence, party, sale, facts, day) for party in sale.intermediates]
    if licence.end_users:
        name = facts.parties[sale.end_user].name
        add(f"names {name} as the end user", truth(sale.end_user in (*licence.end_users, *licence.consignees)))
    if licence.destinations:
        inside = within(sale.destination, licence.destinations, regime, facts, day)
        add(f"names {sale.destination} as the destination", inside)
    if licence.end_uses:
        use = ", ".join(sale.end_use) or f"what {sale.id} is used for is not recorded"
        add(f"covers the use: {use}", truth(set(sale.end_use) <= set(licence.end_uses) if sale.end_use else None))
    for field, given in (("end_users", licence.end_users), ("destinations", licence.destinations),
                         ("end_uses", licence.end_uses)):  # fmt: skip
        if field in licence.redacted and not given:
            add(f"which {field.replace('_', ' ')} it names is not published", UNKNOWN)
    return steps


def _forwarder(licence: Licence, party: str, sale: Sale, facts: Facts, day: dt.date) -> Reason:
    """A forwarder must be named, unless the rules let another one in the country of destination do."""
    row = facts.parties[party]
    if party in licence.intermediates:
        return Reason(f"names {row.name} as intermediate consignee", TRUE, (licence.fact,), licence.sources)
    rule = next((r for r in ledger.rules_on(licence, facts, day) if r.forwarder_may_change), None)
    if rule is not None:
        same = within(row.country, (sale.destination,), "", facts, day)
        text = f"{row.name} is not named, but another forwarder in {sale.destination} will do: {row.country}"
        return Reason(text, same, (licence.fact, row.fact), (*licence.sources, *rule.sources))
    return Reason(f"names {row.name} as intermediate consignee", FALSE, (licence.fact,), licence.sources)


def _valid(licence: Licence, line: str | None, customers: tuple[set[str], set[str]], day: dt.date) -> Reason:
    """Run through the events: where a line stands on the day, unknown where the day of an event is not published."""
    for event in licence.events:
        if event.event == "void" and _touches(event, line, customers) is not FALSE:
            text = f"in force on {day}: void from its issuance"
            return Reason(text, FALSE, (event.fact,), event.sources)
    state: Truth = FALSE
    text = "no grant is recorded"
    facts_used: list[Fact] = []
    sources: list[str] = []
    pending: list[Reason] = []
    ended = False
    for event in licence.events:
        after = _after(event)
        if after is None:
            continue
        touches = _touches(event, line, customers)
        if touches is FALSE:
            continue
        if event.event == "granted" and event.known_by and ended:
            continue  # it can only have been granted before it ended
        what = f"{event.event.replace('_', ' ')} {'by' if event.known_by else 'on'} {event.date}"
        if event.date <= day:
            state = after if touches is TRUE else UNKNOWN
            ended |= event.event in _AFTER_A_GRANT
            text = what if touches is TRUE else f"{what}, for which part is not published"
            facts_used.append(event.fact)
            sources += event.sources
            pending = []
        elif event.known_by and state is not after:
            note = f"{what}: whether before {day} is not published"
            pending.append(Reason(note, UNKNOWN, (event.fact,), event.sources))
    if pending:
        first = Reason(text, state, tuple(facts_used), tuple(sources) or licence.sources)
        return Reason(
            f"in force on {day}", UNKNOWN, (), (), (Reason(first.text, UNKNOWN, first.facts, first.sources), *pending)
        )
    return Reason(
        f"in force on {day}: {text}", state, tuple(facts_used) or (licence.fact,), tuple(sources) or licence.sources
    )


def _after(event: LicenceEvent) -> Truth | None:
    """How a licence stands after an event; None where the event changes nothing."""
    if event.event in _STARTS:
        return TRUE
    if event.event in _ENDS:
        return FALSE
    return UNKNOWN if event.event == "transferred" and not event.parties else None


def _touches(event: LicenceEvent, line: str | None, customers: tuple[set[str], set[str]]) -> Truth:
    """Whether an event concerns a line and these customers (who buy, who takes part at all).

    A grant must name all who buy, the end of one need name only one who takes part. A part not named is unknown.
    """
    buyers, everybody = customers
    if event.lines and line is None:
        return UNKNOWN
    if event.lines and line not in event.lines:
        return FALSE
    if event.parties and event.event in _STARTS and not buyers <= set(event.parties):
        return FALSE
    if event.parties and event.event not in _STARTS and not everybody & set(event.parties):
        return FALSE
    if event.event == "partly_revoked" and not event.lines and not event.parties:
        return UNKNOWN
    return TRUE


def any_cover(limb_id: str, found: tuple[Cover, ...]) -> Reason:
    """Whether a licence overcomes a requirement."""
    if not found:
        return Reason(f"no licence against {limb_id} is recorded for the seller", FALSE)
    return any_of(f"a licence overcomes {limb_id}", [c.reason for c in found])

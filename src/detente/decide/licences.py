"""Does a licence cover a sale on a day, as far as is known?"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from detente.decide.facts import Facts, Licence, LicenceEvent
from detente.decide.sale import Sale, Taking, legal_party
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Fact, Reason, Truth, all_of, any_of, truth

_STARTS = {"granted", "reinstated"}
_AFTER_A_GRANT = {"suspended", "revoked", "partly_revoked", "expired", "not_renewed", "exhausted"}
_ENDS = _AFTER_A_GRANT | {"denied", "intent_to_deny", "returned"}


@dataclass(frozen=True, slots=True)
class Cover:
    """How a licence stands to a sale: whether it covers it, and which part of the trade (1: all of it)."""

    licence: Licence
    reason: Reason
    share: float
    low: float
    high: float


def covers(limb_id: str, sale: Sale, taking: tuple[Taking, ...], facts: Facts, day: dt.date) -> tuple[Cover, ...]:
    """Every licence of the seller granted against a limb, with whether it covers the sale, best first."""
    seller, known = legal_party(sale.seller, facts, day)
    found = [
        _cover(licence, sale, seller, known, taking, facts, day)
        for licence in facts.licences.get(seller, ())
        if limb_id in licence.overcomes
    ]
    return tuple(sorted(found, key=lambda c: (-c.reason.truth, -c.share, c.licence.id)))


def _cover(
    licence: Licence,
    sale: Sale,
    seller: str,
    known: Reason,
    taking: tuple[Taking, ...],
    facts: Facts,
    day: dt.date,
) -> Cover:
    steps = [_holder(licence, seller, known, facts), _consignee(licence, taking, facts)]
    if licence.span.since is not None or licence.span.through is not None:
        held = truth(licence.span.holds(day))
        steps.append(Reason(f"valid {licence.span}", held, (licence.fact,), licence.sources))
    purchasers = {t.party for t in taking if t.role in {"purchaser", "ultimate_consignee"}}
    customers = (purchasers, {t.party for t in taking})
    lines = [x for x in licence.lines if x.item == sale.item.id]
    hidden = [x for x in licence.lines if x.item is None]
    valid = [_valid(licence, str(x.line), customers, day) for x in lines]
    each = [
        Reason(f"line {x.line} covers {sale.item.name}; {r.text}", r.truth, (x.fact, *r.facts), r.sources, r.children)
        for x, r in zip(lines, valid, strict=True)
    ]
    if hidden or not licence.lines:
        at = tuple(x.fact for x in hidden) or (licence.fact,)
        goods = Reason(f"which goods {licence.id} covers is not published", UNKNOWN, at, licence.sources)
        numbers: list[str | None] = [str(x.line) for x in hidden] or [None]
        stands = any_of("in force", [_valid(licence, n, customers, day) for n in numbers])
        each.append(all_of(f"a part of {licence.id} that is not published covers the sale", (goods, stands)))
    if not each:
        at = tuple(x.fact for x in licence.lines)
        each = [Reason(f"a line of it covers {sale.item.name}", FALSE, at, licence.sources)]
    steps.append(each[0] if len(each) == 1 else any_of(f"a line of it covers {sale.item.name}", each))
    sure = [x for x, r in zip(lines, valid, strict=True) if r.truth is TRUE]
    maybe = [x for x, r in zip(lines, valid, strict=True) if r.truth is not FALSE]
    share = min(1.0, sum(x.covers for x in sure))
    low = min(1.0, sum(x.covers_low for x in sure))
    high = min(1.0, sum(x.covers_high for x in maybe)) if not (hidden or not licence.lines) else 1.0
    text = f"licence {licence.id} ({licence.authority}) covers the sale"
    return Cover(licence, all_of(text, steps, licence.sources, (licence.fact,)), share, low, high)


def _holder(licence: Licence, seller: str, known: Reason, facts: Facts) -> Reason:
    """A licence is the seller's own; a line of business sells under that of its owner."""
    if known.truth is not TRUE:
        return known
    names = ", ".join(facts.parties[h].name for h in licence.holders)
    if len(licence.holders) > 1:
        text = f"held by one of {names}; which one is not published"
        return Reason(text, UNKNOWN, (licence.fact,), licence.sources)
    return Reason(f"held by {names}", truth(licence.holders[0] == seller), (licence.fact,), licence.sources)


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


def _valid(licence: Licence, line: str | None, customers: tuple[set[str], set[str]], day: dt.date) -> Reason:
    """Run through the events: where a line stands on the day, unknown where the day of an event is not published."""
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
    return UNKNOWN if event.event == "transferred" else None


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

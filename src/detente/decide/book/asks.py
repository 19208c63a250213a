"""What each condition of a limb looks at: the one place that says so, beside the functions that decide a sale.

A condition that comes to look at one thing more must say so here; the tests compare books of random regimes with the
verdicts of their lines alone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from detente.decide.asked import Asked
from detente.decide.book.lenses import Lens, Lenses, window_days
from detente.decide.facts import Facts
from detente.decide.goods import finding_of
from detente.decide.limbs import AFTER_THE_ORDER, DOWNSTREAM, conditions, downstream, not_saved
from detente.decide.rules import met
from detente.decide.scope import takes_out
from detente.decide.truth import Reason
from detente.record.limb import DUTIES, Limb, Saving, Scope
from detente.record.measures import Measure

EVERYWHERE = {"window", "scope"}  # conditions that say whether a rule has a say at all, of whatever effect
_PEOPLE = {"parties", "headquarters"}  # these have tables of their own, by party
_SAID = {"declared", "expert"}
Ways = Callable[[Asked], Reason | None]


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """A condition of a limb: how it is tested, through which lenses it sees a line, and what its reasons may name.

    ``key`` is the same for conditions that are the same question. ``names`` are the columns of whatever is named in its
    reasons beside the day and the destination. ``is_read`` says that windows are read in it, so that the two
    readings of the record may differ.
    """

    limb: int
    name: str
    key: Hashable
    test: Ways
    lenses: tuple[Lens, ...]
    names: tuple[Lens, ...] = ()
    is_read: bool = False
    asks_bites: bool = False


def asks_of(k: int, measure: Measure, limb: Limb, lenses: Lenses, is_kept: bool) -> Iterator[Ask]:
    """The conditions of a limb that are asked of each line; only window and scope where no answer hangs on it."""
    for name, test in conditions(measure, limb):
        if name in _PEOPLE or (name == "knowledge" and limb.knowledge == "knowledge"):
            continue
        if is_kept or name in EVERYWHERE:
            yield _ask(k, name, test, measure, limb, lenses)


def _ask(k: int, name: str, test: Callable[[Asked], Reason], measure: Measure, limb: Limb, lenses: Lenses) -> Ask:
    regime, good, seller = measure.regime, ("good",), ("column", "seller")
    match name:
        case "window":
            days = frozenset(window_days((*limb.in_force, *limb.not_enforced)))
            return Ask(k, name, limb.id, test, (("day", days),), is_read=True)
        case "acts":
            home: tuple[Lens, ...] = ()
            if measure.home:
                home = (("place", regime, (measure.home,)), ("day", lenses.breaks.geo(measure.home, regime)))
            move = ("column", "move")
            return Ask(k, name, (regime, measure.home, limb.acts), test, (move, *home), (move,))
        case "scope":
            return _scope(k, test, measure, limb, lenses)
        case "items":
            found = _found(limb)
            days = lenses.breaks.geo(limb.items.origin, regime) if limb.items else frozenset()
            if limb.items and limb.items.reasons:
                days |= lenses.breaks.codes(regime)
            key = regime, limb.items.model_dump_json() if limb.items else ""
            return Ask(k, name, key, test, (("kind",), ("day", days), *found), (good, seller, *found))
        case "chart":
            only = limb.items.reasons if limb.items and not limb.items.reasons_only else ()
            lens = ("chart", regime, only)
            return Ask(k, name, (regime, only), test, (lens,), (good, seller))
        case "places":
            return _places(k, test, measure, limb, lenses)
        case "end_use":
            told: Lens = ("told", frozenset(limb.end_use), frozenset())
            seen = (("use", limb.end_use), told)
            use: Hashable = (limb.effect == "authorise", limb.end_use)  # what lifts a rule must cover every use
            return Ask(k, name, use, test, seen, (("column", "end_use"), told))
        case "value":
            return Ask(k, name, limb.max_value_usd, test, (("usd", (limb.max_value_usd or 0.0,)),))
        case "bound":
            return _bound(k, test, measure, limb, lenses)
        case "papers":
            papers: Lens = ("told", frozenset(), frozenset(d.kind for d in limb.duties if d.on_file))
            return Ask(k, name, limb.id, test, (papers,))
        case "knowledge":
            informed: Lens = ("told", frozenset({"informed"}), frozenset())
            addressed: Lens = ("seller", _addressed(limb))
            return Ask(k, name, (regime, limb.bound), test, (addressed, informed), (seller, informed))
    raise AssertionError(f"a condition that the book does not know: {name} of {limb.id}")


def _found(limb: Limb) -> tuple[Lens, ...]:
    """The lens on what an expert finds."""
    if limb.items is None or limb.items.decided_by not in _SAID:
        return ()
    return (("told", frozenset({finding_of(limb.items)}), frozenset()),)


def _addressed(limb: Limb) -> frozenset[str]:
    return frozenset(w.partition(":")[2] for w in limb.bound if w.startswith("addressee:"))


def scopes(limb: Limb, regime: str, facts: Facts) -> Iterator[tuple[Scope, str]]:
    """The scope rows of a limb and of all it names, each with the regime that reads it."""
    left, seen = [(limb, regime)], {limb.id}
    while left:
        one, of = left.pop()
        for row in one.scope:
            yield row, of
            if row.named and row.named in facts.limbs and row.named not in seen:
                seen.add(row.named)
                measure, other = facts.limbs[row.named]
                left.append((other, measure.regime))


def outs_of(limb: Limb, regime: str, facts: Facts) -> frozenset[str]:
    """The limbs that take goods out of a scope that the scope of a limb names."""
    return frozenset(x for row, _ in scopes(limb, regime, facts) if row.named for x in takes_out(row.named, facts))


def _scope(k: int, test: Callable[[Asked], Reason], measure: Measure, limb: Limb, lenses: Lenses) -> Ask:
    facts = lenses.facts
    rows = list(scopes(limb, measure.regime, facts))
    key = (measure.regime, tuple(s.model_dump_json() for s in limb.scope))
    if not rows:
        return Ask(k, "scope", key, test, ())
    found: dict[Lens, None] = {("kind",): None}
    days: frozenset[int] = frozenset()
    names: dict[Lens, None] = {("good",): None, ("column", "seller"): None, ("column", "seller_unit"): None}
    where = [(s, of) for s, of in rows if s.to or s.to_except]
    for regime in dict.fromkeys(of for _, of in where):
        asks = tuple(dict.fromkeys(w for s, of in where if of == regime for w in (s.to, s.to_except) if w))
        found["place", regime, asks] = None
    for s, regime in rows:
        if s.content_counts == "licensable_to_destination":
            found["content", regime] = None
        inside = (*s.origin, *s.located_in, *s.exported_from_not, *s.produced_in_not_hq, *s.content_origin)
        days |= lenses.breaks.geo((*inside, *_technology(s, facts)), regime)
        if s.produced_in_not_hq:
            days |= lenses.breaks.owners()
        if s.designed_by:
            days |= _designed_days(s.designed_by.partition(":")[0], lenses)
        if s.named and s.named in facts.limbs:
            other = facts.limbs[s.named][1]
            days |= frozenset(window_days((*other.in_force, *other.not_enforced)))
    outs = outs_of(limb, measure.regime, facts)
    if outs:
        found["out", outs] = None
        names |= dict.fromkeys(x for out in sorted(outs) for x in _named_by(out, lenses))
    is_read = any(s.named for s, _ in rows)
    return Ask(k, "scope", key, test, (*found, ("day", days)), tuple(names), is_read, bool(outs))


def _named_by(out: str, lenses: Lenses) -> Iterator[Lens]:
    """Whatever the reasons of a limb may name."""
    measure, limb = lenses.facts.limbs[out]
    for ask in (*asks_of(-1, measure, limb, lenses, is_kept=True), *savings_of(-1, limb)):
        yield from (*ask.lenses, *ask.names)
    if limb.parties is not None or limb.knowledge == "knowledge" or (limb.places and limb.places.headquartered_in):
        yield from (("column", c) for c in ("purchaser", "ultimate_consignee", "end_user", "between"))
        yield from (("exact",), ("told", frozenset({DOWNSTREAM, "knowledge"}), frozenset()))


def _technology(scope: Scope, facts: Facts) -> Iterator[str]:
    """The places that technology of a scope row must come from."""
    for name in scope.made_with_origin:
        if name in facts.limbs:
            yield from (o for row, _ in scopes(facts.limbs[name][1], "", facts) for o in row.origin)
        else:
            yield name


def _designed_days(list_: str, lenses: Lenses) -> frozenset[int]:
    """The days on which it may change who of those that develop goods is listed, or owns a line of business."""
    facts = lenses.facts
    who = {p for _, good in lenses.goods if good is not None for p in (*(good.designed_by or ()), good.maker)}
    if any(facts.parties[p].kind == "business" for p in who):
        who |= {s.owner for rows in facts.stakes.values() for s in rows}
    return lenses.breaks.entries(who, list_) | lenses.breaks.owners()


def _places(k: int, test: Callable[[Asked], Reason], measure: Measure, limb: Limb, lenses: Lenses) -> Ask:
    places, regime = limb.places, measure.regime
    if places is None:
        raise AssertionError(f"{limb.id} asks for places and has none")
    key = regime, places.model_dump_json()
    seen: list[Lens] = [("place", regime, tuple(w for w in (places.to, places.to_except) if w))]
    if places.via_counts:
        seen += [("column", "via"), ("day", lenses.breaks.geo((*places.to, *places.to_except), regime))]
    return Ask(k, "places", key, test, tuple(seen), (("column", "via"),))


def _bound(k: int, test: Callable[[Asked], Reason], measure: Measure, limb: Limb, lenses: Lenses) -> Ask:
    regime = measure.regime
    words = tuple(w.rpartition("_")[0 if w.endswith("_person") else 2].upper() for w in limb.bound if "_" in w)
    seen: list[Lens] = [("seller", _addressed(limb)), ("day", lenses.breaks.geo(words, regime))]
    if any(w.startswith("exporter_in_") for w in limb.bound):
        seen.append(("kind",))
    names = (("column", "seller"), ("good",))
    return Ask(k, "bound", (regime, limb.bound), test, tuple(seen), names)


def savings_of(k: int, limb: Limb) -> Iterator[Ask]:
    """The saving clauses of a limb: true where one does not save the sale."""
    for n, clause in enumerate(limb.savings):
        yield Ask(k, "saving", (limb.id, n), _unsaved(clause), tuple(_events(clause)))


def _unsaved(clause: Saving) -> Ways:
    return lambda asked: not_saved(clause, asked)


def _events(clause: Saving) -> Iterator[Lens]:
    cuts: dict[str, set[int]] = {}
    for event, by in (*clause.event_by.items(), *clause.done_by.items()):
        cuts.setdefault(event, set()).add(by.toordinal() + 1)
        if event in AFTER_THE_ORDER:  # the day of the order may rule it out
            cuts.setdefault("ordered", set()).add(by.toordinal() + 1)
    for name, days in cuts.items():
        yield ("day", frozenset(days)) if name == "exported" else ("event", name, frozenset(days))
    yield "told", frozenset(cuts) - {"exported"}, frozenset()


def downstream_of(k: int, limb: Limb) -> Iterator[Ask]:
    """What is declared about buyers further down, where a limb counts them."""
    if limb.parties is not None and DOWNSTREAM in limb.parties.roles:
        yield Ask(k, "downstream", "", downstream, (("told", frozenset({DOWNSTREAM}), frozenset()),))


def knowledge_of(k: int, limb: Limb) -> Iterator[Ask]:
    """What is declared about what the seller knows, where a limb asks for it."""
    if limb.knowledge == "knowledge":
        told: Lens = ("told", frozenset({"knowledge"}), frozenset())
        yield Ask(k, "knowledge", "", lambda a: a.found("the seller knows of it", "knowledge"), (told,))


def met_of(k: int, limb: Limb) -> Iterator[Ask]:
    """Whether a paper or an exception found to apply meets a requirement."""
    papers = frozenset(w for w in limb.overcome_by if w in DUTIES)
    exceptions = frozenset(w for w in limb.overcome_by if w.startswith("exception:"))
    if papers or exceptions:
        yield Ask(k, "met", limb.id, lambda a: met(limb, a), (("told", exceptions, papers),))

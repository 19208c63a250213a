"""Is a rule in force, and does its authority have a say over this good?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from detente.decide.asked import Asked
from detente.decide.facts import Facts
from detente.decide.places import NOT_KNOWN, is_under, needs_licence, own_codes, within
from detente.decide.rows import Content, Variant, Words
from detente.decide.sale import legal_party
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason, all_of, any_of, truth
from detente.record.limb import Limb, OwnershipRule, Scope, Window


def in_window(limb: Limb, day: dt.date, facts: Facts) -> Reason:
    """Whether a limb is in force on a day, as far as was known.

    A window that is scheduled, announced or disputed, or in force and not enforced, is read both ways: strictly, where
    it counts for what restricts and not for what permits, and leniently, the other way round.
    """
    key = (limb.id, day)
    if key not in facts.windows:
        facts.windows[key] = _window(limb, day, facts)
    return facts.windows[key]


def _window(limb: Limb, day: dt.date, facts: Facts) -> Reason:
    found = window_on(limb.in_force, day, facts.as_known)
    if found is None:
        return Reason(f"in force on {day} ({_nearest(limb.in_force, day, facts)})", FALSE, (), limb.sources)
    end = found.end(facts.as_known)
    span = f"since {found.since}" if end is None else f"{found.since} to {end}"
    sources = found.sources or limb.sources
    idle = window_on(limb.not_enforced, day, facts.as_known)
    if found.certainty != "enacted":
        text = f"in force on {day} ({found.certainty}: {span})"
        return Reason(text, truth(_is_counted(limb, facts)), (), sources)
    if idle is not None:
        text = f"in force on {day} ({span}), on paper: not enforced since {idle.since}"
        return Reason(text, truth(_is_counted(limb, facts)), (), (*sources, *idle.sources))
    return Reason(f"in force on {day} ({span})", TRUE, (), sources)


def _is_counted(limb: Limb, facts: Facts) -> bool:
    """Whether a window that is not certain counts: strictly read, that of what restricts; else, of what permits."""
    permits = limb.effect in {"authorise", "out_of_scope"}
    return permits == (facts.reading == "otherwise")


def window_on(windows: Iterable[Window], day: dt.date, as_known: dt.date | None) -> Window | None:
    """The window that holds a day, as it was known."""
    for window in windows:
        if not window.counts(as_known):
            continue
        end = window.end(as_known)
        if window.since <= day and (end is None or day <= end):
            return window
    return None


def rule_in_force(rule: OwnershipRule, day: dt.date, facts: Facts) -> Reason:
    """Whether a rule on ownership is in force on a day."""
    found = window_on(rule.in_force, day, facts.as_known)
    if found is None:
        near = _nearest(rule.in_force, day, facts)
        return Reason(f"{rule.id} is in force on {day} ({near})", FALSE, (), rule.sources)
    sure = found.certainty == "enacted" or facts.reading == "written"
    said = "" if found.certainty == "enacted" else f"{found.certainty}: "
    return Reason(f"{rule.id} is in force on {day} ({said}since {found.since})", truth(sure), (), rule.sources)


def _nearest(windows: Iterable[Window], day: dt.date, facts: Facts) -> str:
    """When a limb that is not in force on a day last ended and next starts."""
    known = [w for w in windows if w.counts(facts.as_known)]
    ends = [e for w in known if (e := w.end(facts.as_known)) is not None and e < day]
    starts = [w.since for w in known if w.since > day]
    parts = [f"ended {max(ends)}"] if ends else []
    parts += [f"starts {min(starts)}"] if starts else []
    return ", ".join(parts) or "not yet known then"


def in_scope(limb: Limb, asked: Asked, regime: str) -> Reason:
    """Whether one of the limb's scope rows holds; a limb without rows covers every good."""
    if not limb.scope:
        return Reason("covers every good", TRUE, (), limb.sources)
    rows = [_row(s, asked, regime, limb) for s in limb.scope]
    return any_of("the good is within its reach", rows, limb.sources) if len(rows) > 1 else rows[0]


def takes_out(scope: str, facts: Facts) -> tuple[str, ...]:
    """Ids of the limbs that take goods out of a named scope."""
    return tuple(x.id for x in facts.defeated_by.get(scope, ()) if x.effect == "out_of_scope")


def _row(scope: Scope, asked: Asked, regime: str, limb: Limb) -> Reason:
    sale, facts, day = asked.sale, asked.facts, asked.day
    steps = []
    if scope.named is not None:
        steps.append(_named(scope.named, asked))
        if scope.model_fields_set <= _NAME_ONLY or scope.model_copy(update={"named": None, "text": ""}) == _EMPTY:
            return steps[0]
    if scope.to or scope.to_except:
        steps.append(_bound_for(scope, asked, regime))
    good = sale.good(day)
    if good is None:
        unknown = Reason(f"how the good of {sale.made_by} is made (no variant recorded)", UNKNOWN, (sale.fact,))
        return all_of(scope.text or "all of it:", (*steps, unknown), limb.sources) if steps else unknown
    if scope.origin:
        steps.append(_place(f"made in {_or(scope.origin)}", good.origin, scope.origin, good, asked, regime))
    if scope.located_in:
        wanted = scope.located_in
        steps.append(_place(f"shipped from {_or(wanted)}", good.shipped_from, wanted, good, asked, regime))
    if scope.exported_from_not:
        wanted = scope.exported_from_not
        away = _place(f"shipped from {_or(wanted)}", good.shipped_from, wanted, good, asked, regime)
        steps.append(Reason(f"not {away.text}", ~away.truth, away.facts, away.sources))
    if scope.produced_in_not_hq:
        maker = facts.parties[legal_party(good.maker, facts, day)[0]]
        wanted = scope.produced_in_not_hq
        home = within(maker.headquarters, wanted, regime, facts, day)
        text = f"its maker has no headquarters in {_or(wanted)}: {maker.name}, {maker.headquarters or 'not recorded'}"
        steps.append(Reason(text, ~home, (good.fact, maker.fact), good.sources))
    if scope.content_origin:
        steps.append(_content(scope, good, asked, regime))
    steps += _products(scope, good, asked, regime)
    if scope.designed_by is not None:
        steps.append(_designed(scope.designed_by, good, facts, day))
    return all_of(scope.text or "all of it:", steps, limb.sources) if len(steps) != 1 else steps[0]


_EMPTY = Scope.model_construct()
_NAME_ONLY = {"named", "text"}


def _named(name: str, asked: Asked) -> Reason:
    """Whether a good is in a scope that another limb defines."""
    if name not in asked.scopes:
        asked.scopes[name] = _defined(name, asked)
    return asked.scopes[name]


def _defined(name: str, asked: Asked) -> Reason:
    facts = asked.facts
    if name not in facts.limbs:  # asked as known on a day before that limb was recorded
        return Reason(f"{name}: what it covers had not been recorded", UNKNOWN)
    measure, other = facts.limbs[name]
    inside = [in_window(other, asked.day, facts), in_scope(other, asked, measure.regime)]
    inside += [_left_in(asked.bites(x)) for x in takes_out(name, facts)]
    return all_of(f"{name}: {other.text}", inside, other.sources)


def _left_in(out: Reason) -> Reason:
    return Reason(f"not taken out by {out.text}", ~out.truth, out.facts, out.sources, out.children)


def _bound_for(scope: Scope, asked: Asked, regime: str) -> Reason:
    """Whether a row that speaks of some destinations only speaks of this one."""
    country = asked.sale.destination
    inside = within(country, scope.to, regime, asked.facts, asked.day) if scope.to else TRUE
    outside = within(country, scope.to_except, regime, asked.facts, asked.day) if scope.to_except else FALSE
    text = f"goes to {_or(scope.to) or 'anywhere'}" + (f" but {_or(scope.to_except)}" if scope.to_except else "")
    return Reason(f"{text}: {country}", min(inside, ~outside), (asked.sale.fact,))


def _content(scope: Scope, good: Variant, asked: Asked, regime: str) -> Reason:
    """Foreign content against the threshold, counting what the rule counts (15 CFR 734.4 and Supplement 2 to it)."""
    pct = scope.content_pct or 0.0
    text = (
        f"{_or(scope.content_origin)} content {scope.content_op} {pct:g}% of its value ({_plain(scope.content_counts)})"
    )
    if good.content is None:
        return Reason(text + f": content of {good.id} not recorded", UNKNOWN, (good.fact,), good.sources)
    low = high = 0.0
    counted: list[Reason] = []
    for part in good.content:
        if part.origin != NOT_KNOWN:
            inside = within(part.origin, scope.content_origin, regime, asked.facts, asked.day)
            if inside is FALSE:
                continue
        counts = _counts(part, scope, asked, regime)
        if part.origin == NOT_KNOWN:
            counts = Reason(counts.text, min(UNKNOWN, counts.truth), counts.facts, counts.sources)
        counted += [counts] if counts.text else []
        low += part.low if counts.truth is TRUE else 0.0
        high += part.high if counts.truth is not FALSE else 0.0
    answer = TRUE if _over(low, scope) else UNKNOWN if _over(high, scope) else FALSE
    said = Reason(f"{text}: recorded {low:.0%} to {high:.0%}", answer, (good.fact,), good.sources)
    if answer is not UNKNOWN or not any(c.truth is UNKNOWN for c in counted):
        return said
    return Reason(said.text, answer, said.facts, said.sources, tuple(c for c in counted if c.truth is UNKNOWN))


def _counts(part: Content, scope: Scope, asked: Asked, regime: str) -> Reason:
    """Whether a part of the content is of the kind the rule counts."""
    if scope.content_counts == "all":
        return Reason("", TRUE)
    if part.code is None:
        return Reason(f"the code of {part.origin} content is not recorded", UNKNOWN)
    if scope.content_counts == "listed_codes":
        hit = is_under(part.code, scope.content_codes)
        coarse = not hit and any(is_under(c, (part.code,)) for c in scope.content_codes)
        return Reason(
            f"whether {part.code} is {_or(scope.content_codes)}" if coarse else "", truth(None if coarse else hit)
        )
    return needs_licence(part.code, asked.sale.destination, regime, asked.facts, asked.day)


def _over(share: float, scope: Scope) -> bool:
    """Whether a share is over the threshold; a hair's breadth of rounding counts as on it."""
    line = (scope.content_pct or 0.0) / 100
    return share >= line - 1e-12 if scope.content_op == ">=" else share > line + 1e-12


def _products(scope: Scope, good: Variant, asked: Asked, regime: str) -> list[Reason]:
    """The direct product tests of a row: of technology, and of a plant; a chip inside will do where the row says so."""
    steps = []
    for codes, origin, name, wanted in (
        (good.made_with_codes, good.made_with_origin, "made with", scope.made_with_codes),
        (good.plant_codes, good.plant_origin, "made in a plant that is a product of", scope.plant_codes),
    ):
        if not wanted:
            continue
        step = _product(f"{name} listed technology", codes, origin, wanted, scope, good, asked, regime)
        if scope.contains_ic_made_so:
            inside = _product(
                "contains a chip made with listed technology", good.contains_ic_codes, good.contains_ic_origin, wanted,
                scope, good, asked, regime,
            )  # fmt: skip
            step = any_of(f"{step.text}, or contains a chip so made", (step, inside))
        steps.append(step)
    return steps


def _product(
    text: str, codes: Words | None, origin: Words | None, wanted: Words, scope: Scope, good: Variant, asked: Asked,
    regime: str,
) -> Reason:  # fmt: skip
    """A direct product: the codes it comes from are listed, and that technology is of the right origin."""
    mine = own_codes(codes, regime)
    if mine is None:
        return Reason(f"{text}: not recorded for {good.id}", UNKNOWN, (good.fact,), good.sources)
    hit = [c for c in mine if is_under(c, wanted)]
    what = Reason(f"{text} ({', '.join(hit or mine) or 'none'})", truth(bool(hit)), (good.fact,), good.sources)
    if not hit:
        coarse = any(is_under(w, mine) for w in wanted)
        return Reason(f"{what.text}, which may be narrower", UNKNOWN, what.facts, what.sources) if coarse else what
    places = sorted({p for o in scope.made_with_origin for p in _origins(o, asked)})
    if origin is None:
        where = Reason(f"origin of that technology for {good.id}", UNKNOWN, (good.fact,), good.sources)
    else:
        inside = max((within(o, places, regime, asked.facts, asked.day) for o in origin), default=FALSE)
        text_ = f"that technology is from {_or(places)}: {', '.join(origin) or 'none'}"
        where = Reason(text_, inside, (good.fact,), good.sources)
    return all_of(text, (what, where), facts=(good.fact,))


def _origins(name: str, asked: Asked, seen: frozenset[str] = frozenset()) -> Iterable[str]:
    """Countries and groups meant by ``made_with_origin``: named there, or by the origin rows of a scope named there."""
    if name in asked.facts.limbs:
        for scope in asked.facts.limbs[name][1].scope:
            yield from scope.origin
            if scope.named is not None and scope.named not in seen:
                yield from _origins(scope.named, asked, seen | {name})
    else:
        yield name


def _designed(list_tag: str, good: Variant, facts: Facts, day: dt.date) -> Reason:
    """Whether a party listed with a tag developed the good."""
    list_, _, tag = list_tag.partition(":")
    text = f"developed by a party on {list_} with {tag}"
    if good.designed_by is None:
        return Reason(f"{text}: who developed {good.id} is not recorded", UNKNOWN, (good.fact,), good.sources)
    unsure: Reason | None = None
    for designer in good.designed_by or (good.maker,):
        party, known = legal_party(designer, facts, day)
        if known.truth is not TRUE:
            unsure = Reason(f"{text}: {known.text}", UNKNOWN, (good.fact, *known.facts), good.sources)
            continue
        for entry in facts.listings.get(party, ()):
            if entry.list == list_ and tag in entry.tags and entry.span.holds(day):
                name = facts.parties[party].name
                cited = (*good.sources, *entry.sources)
                return Reason(f"{text}: {name}, listed {entry.span}", TRUE, (good.fact, entry.fact), cited)
    if unsure is not None:
        return unsure
    who = ", ".join(facts.parties[p].name for p in good.designed_by) or "its maker alone"
    return Reason(f"{text}: developed by {who}", FALSE, (good.fact,), good.sources)


def _place(text: str, place: str, wanted: Iterable[str], good: Variant, asked: Asked, regime: str) -> Reason:
    """Whether a country is one of those wanted; one that is not known may be."""
    answer = within(place, wanted, regime, asked.facts, asked.day)
    return Reason(f"{text}: {place}", answer, (good.fact,), good.sources)


def _or(words: Iterable[str]) -> str:
    return " or ".join(words)


def _plain(word: str | None) -> str:
    return (word or "").replace("_", " ")

"""Does the authority have a say over this good, and is it one of the goods a limb means?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from detente.decide.facts import Facts, Variant
from detente.decide.sale import Sale, legal_party
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason, Truth, all_of, any_of, truth
from detente.record.limb import Items, Limb, Scope

NOT_KNOWN = "ZZ"  # the country code of a country that is not known


def in_window(limb: Limb, day: dt.date, facts: Facts) -> Reason:
    """Whether a limb is in force on a day, as far as was known; a window that is not enacted yet is unknown."""
    key = (limb.id, day)
    if key not in facts.windows:
        facts.windows[key] = _window(limb, day, facts)
    return facts.windows[key]


def _window(limb: Limb, day: dt.date, facts: Facts) -> Reason:
    for window in limb.in_force:
        if facts.as_known is not None and window.recorded > facts.as_known:
            continue
        end = window.end(facts.as_known)
        if window.since <= day and (end is None or day <= end):
            span = f"since {window.since}" if end is None else f"{window.since} to {end}"
            sources = window.sources or limb.sources
            if window.certainty != "enacted":
                return Reason(f"in force on {day} ({window.certainty}: {span})", UNKNOWN, (), sources)
            return Reason(f"in force on {day} ({span})", TRUE, (), sources)
    return Reason(f"in force on {day} ({_nearest(limb, day, facts)})", FALSE, (), limb.sources)


def _nearest(limb: Limb, day: dt.date, facts: Facts) -> str:
    """When a limb that is not in force on a day last ended and next starts."""
    known = [w for w in limb.in_force if facts.as_known is None or w.recorded <= facts.as_known]
    ends = [e for w in known if (e := w.end(facts.as_known)) is not None and e < day]
    starts = [w.since for w in known if w.since > day]
    parts = [f"ended {max(ends)}"] if ends else []
    parts += [f"starts {min(starts)}"] if starts else []
    return ", ".join(parts) or "not yet known then"


def in_scope(limb: Limb, sale: Sale, facts: Facts, day: dt.date, regime: str) -> Reason:
    """Whether one of the limb's scope rows holds; a limb without rows covers every good."""
    if not limb.scope:
        return Reason("covers every good", TRUE, (), limb.sources)
    rows = [_row(s, sale, facts, day, regime, limb) for s in limb.scope]
    return any_of("the good is within its reach", rows, limb.sources) if len(rows) > 1 else rows[0]


def _row(scope: Scope, sale: Sale, facts: Facts, day: dt.date, regime: str, limb: Limb) -> Reason:
    if scope.named is not None and scope.named in facts.limbs:
        measure, other = facts.limbs[scope.named]
        inside = [in_window(other, day, facts), in_scope(other, sale, facts, day, measure.regime)]
        return all_of(f"{scope.named}: {other.text}", inside, other.sources)
    good = sale.good(day)
    if good is None:
        return Reason(f"how the good of {sale.seller_unit} is made (no variant recorded)", UNKNOWN, (sale.fact,))
    steps = []
    if scope.origin:
        steps.append(_place(f"made in {_or(scope.origin)}", good.origin, scope.origin, good))
    if scope.located_in:
        steps.append(_place(f"shipped from {_or(scope.located_in)}", good.shipped_from, scope.located_in, good))
    if scope.content_origin:
        steps.append(_content(scope, good))
    for codes, origin, name, wanted in (
        (good.made_with_codes, good.made_with_origin, "made with", scope.made_with_codes),
        (good.plant_codes, good.plant_origin, "made in a plant that is a product of", scope.plant_codes),
    ):
        if wanted:
            steps.append(_product(f"{name} listed technology", codes, origin, wanted, scope, good, facts, regime))
    if scope.designed_by is not None:
        steps.append(_designed(scope.designed_by, good, facts, day))
    return all_of(scope.text or "all of it:", steps, limb.sources) if len(steps) != 1 else steps[0]


def _content(scope: Scope, good: Variant) -> Reason:
    """Foreign content against the threshold. What is licensable to a destination is at most all of it."""
    pct = scope.content_pct or 0.0
    text = (
        f"{_or(scope.content_origin)} content {scope.content_op} {pct:g}% of its value ({_plain(scope.content_counts)})"
    )
    if good.content is None:
        return Reason(text + f": content of {good.id} not recorded", UNKNOWN, (good.fact,), good.sources)
    parts = [c for c in good.content if c.origin in scope.content_origin]
    hidden = sum(c.high for c in good.content if c.origin == NOT_KNOWN)
    if scope.content_counts == "listed_codes":
        unknown = [c for c in parts if c.code is None]
        parts = [c for c in parts if c.code is not None and _under(c.code, scope.content_codes)]
        high = sum(c.high for c in (*parts, *unknown)) + hidden
    else:
        high = sum(c.high for c in parts) + hidden
    low = 0.0 if scope.content_counts == "licensable_to_destination" else sum(c.low for c in parts)
    answer = TRUE if _over(low, scope) else UNKNOWN if _over(high, scope) else FALSE
    return Reason(f"{text}: recorded {low:.0%} to {high:.0%}", answer, (good.fact,), good.sources)


def _over(share: float, scope: Scope) -> bool:
    """Whether a share is over the threshold; a hair's breadth of rounding counts as on it."""
    line = (scope.content_pct or 0.0) / 100
    return share >= line - 1e-12 if scope.content_op == ">=" else share > line + 1e-12


def _product(
    text: str,
    codes: tuple[str, ...] | None,
    origin: tuple[str, ...] | None,
    wanted: tuple[str, ...],
    scope: Scope,
    good: Variant,
    facts: Facts,
    regime: str,
) -> Reason:
    """A direct product: the codes it comes from are listed, and that technology is of the right origin."""
    if codes is None or (codes and not own_codes(codes, regime)):
        return Reason(f"{text}: not recorded for {good.id}", UNKNOWN, (good.fact,), good.sources)
    mine = own_codes(codes, regime)
    hit = [c for c in mine if _under(c, wanted)]
    what = Reason(f"{text} ({', '.join(hit or mine) or 'none'})", truth(bool(hit)), (good.fact,), good.sources)
    if not hit:
        return what
    places = {p for o in scope.made_with_origin for p in _origins(o, facts)}
    if origin is None:
        where = Reason(f"origin of that technology for {good.id}", UNKNOWN, (good.fact,), good.sources)
    else:
        where = _among(f"that technology is from {_or(sorted(places))}", origin, tuple(places), good)
        if where.truth is FALSE and NOT_KNOWN in origin:
            where = Reason(where.text, UNKNOWN, where.facts, where.sources)
    return all_of(text, (what, where), facts=(good.fact,))


def _origins(name: str, facts: Facts) -> Iterable[str]:
    """Countries meant by ``made_with_origin``: a country, or those of a defined scope's origin rows."""
    if name in facts.limbs:
        for scope in facts.limbs[name][1].scope:
            yield from scope.origin
    else:
        yield name


def _designed(list_tag: str, good: Variant, facts: Facts, day: dt.date) -> Reason:
    """Whether a party listed with a tag developed the good."""
    list_, _, tag = list_tag.partition(":")
    text = f"developed by a party on {list_} with {tag}"
    if good.designed_by is None:
        return Reason(f"{text}: who developed {good.id} is not recorded", UNKNOWN, (good.fact,), good.sources)
    unsure: Reason | None = None
    for designer in good.designed_by:
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


def is_item(items: Items, sale: Sale, facts: Facts, day: dt.date, regime: str) -> Reason:
    """Whether the good is one of the items meant; what only an expert can say needs a finding."""
    good, item = sale.good(day), sale.item
    steps = []
    if items.codes or items.codes_except:
        if good is None or good.codes is None or (good.codes and not own_codes(good.codes, regime)):
            named = good.id if good is not None else sale.seller_unit
            at = (sale.fact,) if good is None else (good.fact,)
            steps.append(Reason(f"classification of the good of {named} not recorded", UNKNOWN, at))
        else:
            mine = own_codes(good.codes, regime)
            hit = any(_under(c, items.codes) for c in mine) if items.codes else True
            out = any(_under(c, items.codes_except) for c in mine)
            text = f"classified {', '.join(mine) or 'nowhere'}; the rule names {', '.join(items.codes) or 'all'}"
            text += f" but {', '.join(items.codes_except)}" if items.codes_except else ""
            steps.append(Reason(text, truth(hit and not out), (good.fact,), good.sources))
    if items.kind:
        steps.append(Reason(f"is {_or(items.kind)}: {item.kind}", truth(item.kind in items.kind), (item.fact,)))
    if items.origin and good is None:
        steps.append(
            Reason(f"where the good of {sale.seller_unit} is made (no variant recorded)", UNKNOWN, (sale.fact,))
        )
    elif items.origin and good is not None:
        steps.append(_place(f"made in {_or(items.origin)}", good.origin, items.origin, good))
    if items.tags:
        text = f"tagged {_or(items.tags)}: {', '.join(item.tags) or 'none'}"
        steps.append(Reason(text, truth(bool(set(item.tags) & set(items.tags))), (item.fact,)))
    if items.decided_by != "code":
        steps.append(found(items.text, "item:" + "-".join(items.text.lower().split()), sale, facts, day))
    return all_of("the good is one of those meant", steps)


def found(text: str, fact: str, sale: Sale, facts: Facts, day: dt.date) -> Reason:
    """A declared fact about the sale, its seller unit or its good: yes, no, or not known."""
    findings = facts.findings_on(sale.abouts, fact, day)
    said = {f.value for f in findings}
    at = tuple(f.fact for f in findings)
    sources = tuple(s for f in findings for s in f.sources)
    if len(said) > 1:
        return Reason(f"{text}: findings contradict each other ({', '.join(sorted(said))})", UNKNOWN, at, sources)
    if said & {"yes", "no"}:
        return Reason(f"{text}: found {'yes' if 'yes' in said else 'no'}", truth("yes" in said), at, sources)
    return Reason(f"{text} (a finding {fact!r} about {sale.id})", UNKNOWN, (sale.fact,))


def _place(text: str, place: str, wanted: Iterable[str], good: Variant) -> Reason:
    """Whether a country is one of those wanted; one that is not known may be."""
    answer = UNKNOWN if place == NOT_KNOWN else truth(place in tuple(wanted))
    return Reason(f"{text}: {place}", answer, (good.fact,), good.sources)


def _among(text: str, have: Iterable[str], wanted: Iterable[str], good: Variant) -> Reason:
    mine = tuple(have)
    answer: Truth = truth(bool(set(mine) & set(wanted)))
    return Reason(f"{text}: {', '.join(mine) or 'none'}", answer, (good.fact,), good.sources)


def own_codes(codes: Iterable[str], regime: str) -> tuple[str, ...]:
    """The codes of one regime, without its name in front."""
    return tuple(c.partition(":")[2] for c in codes if c.partition(":")[0] == regime)


def _under(code: str, prefixes: Iterable[str]) -> bool:
    """Whether a code is one of those named or below it in the code tree: 3B001.f.1 is under 3B001 and 3B001.f."""
    return any(code == p or (code.startswith(p) and code[len(p)] == ".") for p in prefixes)


def _or(words: Iterable[str]) -> str:
    return " or ".join(words)


def _plain(word: str | None) -> str:
    return (word or "").replace("_", " ")

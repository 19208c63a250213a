"""Is the good one of those a rule means: by code, by reason for control, by its figures, or as an expert found?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from detente.decide.asked import Asked
from detente.decide.places import is_under as under
from detente.decide.places import needs_licence, own_codes, rows_of, within
from detente.decide.rows import Variant
from detente.decide.truth import FALSE, UNKNOWN, Reason, all_of, any_of, truth
from detente.record.limb import Items

_OPS = {
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
}  # fmt: skip


def is_item(items: Items, asked: Asked, regime: str) -> Reason:
    """Whether the good is one of the items meant; what only an expert can say needs a finding."""
    sale, item = asked.sale, asked.sale.item
    good = sale.good(asked.day)
    steps = []
    if items.codes or items.codes_except:
        steps.append(_classified(items, good, asked, regime))
    if items.reasons:
        steps.append(_controlled(items, good, asked, regime))
    if items.kind:
        steps.append(Reason(f"is {_or(items.kind)}: {item.kind}", truth(item.kind in items.kind), (item.fact,)))
    if items.origin and good is None:
        steps.append(Reason(f"where the good of {sale.made_by} is made (no variant recorded)", UNKNOWN, (sale.fact,)))
    elif items.origin and good is not None:
        made = within(good.origin, items.origin, regime, asked.facts, asked.day)
        steps.append(Reason(f"made in {_or(items.origin)}: {good.origin}", made, (good.fact,), good.sources))
    if items.tags:
        text = f"tagged {_or(items.tags)}: {', '.join(item.tags) or 'none'}"
        steps.append(Reason(text, truth(bool(set(item.tags) & set(items.tags))), (item.fact,)))
    for name, op, figure in items.tests():
        steps.append(_figure(name, op, figure, good, asked))
    if items.decided_by in {"declared", "expert"}:
        steps.append(asked.found(items.text, finding_of(items)))
    return all_of("the good is one of those meant", steps)


def finding_of(items: Items) -> str:
    """The word under which an expert's finding on a good is recorded: ``item:`` and the text with dashes."""
    return "item:" + "-".join(re.findall(r"[a-z0-9.:+()/_-]+", items.text.lower()))


def _unclassified(good: Variant | None, asked: Asked) -> Reason:
    named = good.id if good is not None else asked.sale.made_by
    at = (asked.sale.fact,) if good is None else (good.fact,)
    return Reason(f"classification of the good of {named} not recorded", UNKNOWN, at)


def codes_of(good: Variant | None, regime: str) -> tuple[str, ...] | None:
    """The codes of a good in a regime; None where they are not known."""
    return None if good is None else own_codes(good.codes, regime)


def _classified(items: Items, good: Variant | None, asked: Asked, regime: str) -> Reason:
    mine = codes_of(good, regime)
    if mine is None or good is None:
        return _unclassified(good, asked)
    meant = [c for c in mine if not items.codes or under(c, items.codes)]
    left = [c for c in meant if not under(c, items.codes_except)]
    hit, out = bool(meant) or not items.codes, bool(meant) and not left
    maybe = not hit and any(under(p, mine) for p in items.codes)
    perhaps_out = bool(left) and all(any(under(p, (c,)) for p in items.codes_except) for c in left)
    text = f"classified {', '.join(mine) or 'nowhere'}; the rule names {', '.join(items.codes) or 'all'}"
    text += f" but {', '.join(items.codes_except)}" if items.codes_except else ""
    if maybe or perhaps_out:
        text += ", which is narrower than the classification recorded"
        return Reason(text, UNKNOWN, (good.fact,), good.sources)
    return Reason(text, truth(hit and not out), (good.fact,), good.sources)


def _controlled(items: Items, good: Variant | None, asked: Asked, regime: str) -> Reason:
    """Whether the good is controlled for one of the reasons named, and with ``reasons_only`` for no other."""
    mine = codes_of(good, regime)
    if mine is None or good is None:
        return _unclassified(good, asked)
    text = f"controlled for {_or(items.reasons)}" + (" and nothing else" if items.reasons_only else "")
    by_code = [rows_of(c, regime, asked.facts, asked.day) for c in mine]
    rows = [r for found in by_code for r in found]
    at = (good.fact, *(row.fact for row, _ in rows))
    bare = [c for c, found in zip(mine, by_code, strict=True) if not found]
    open_ = max((min(UNKNOWN, t) for row, t in rows if row.prose), default=UNKNOWN if bare else FALSE)
    named = max(max((t for row, t in rows if row.reason in items.reasons), default=FALSE), open_)
    if items.reasons_only:
        others = max((t for row, t in rows if row.reason not in items.reasons and not row.prose), default=FALSE)
        named = min(named, ~max(others, open_))
    if bare:
        text += f" (the record has no row for {', '.join(bare)})"
    said = ", ".join(sorted({row.reason for row, _ in rows if row.reason})) or "no reason of the chart"
    return Reason(f"{text}: {said}", named, at, good.sources)


def _figure(name: str, op: str, line: float, good: Variant | None, asked: Asked) -> Reason:
    """A figure of the good against the line a rule draws; a range may be on both sides."""
    text = f"{name} {op} {line:g}"
    if good is None or name not in good.params:
        of = asked.sale.made_by if good is None else good.id
        at = asked.sale.fact if good is None else good.fact
        return Reason(f"{text}: not recorded for {of}", UNKNOWN, (at,))
    low, high = good.params[name]
    ends = {_OPS[op](low, line), _OPS[op](high, line)}
    if op == "=" and low < line < high:
        ends = {True, False}
    said = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    answer = UNKNOWN if len(ends) > 1 else truth(ends.pop())
    return Reason(f"{text}: {said}", answer, (good.fact,), good.sources)


def by_chart(asked: Asked, regime: str, only: tuple[str, ...]) -> Reason:
    """Whether the chart asks for a licence: a reason for control of the good has a mark for the destination.

    ``only`` keeps the reasons named. Source: 15 CFR 738.4(a).
    """
    good = asked.sale.good(asked.day)
    mine = codes_of(good, regime)
    if mine is None or good is None:
        return _unclassified(good, asked)
    country, facts, day = asked.sale.destination, asked.facts, asked.day
    steps = [needs_licence(c, country, regime, facts, day, only) for c in mine]
    text = f"the chart asks for a licence for {', '.join(mine) or 'goods that are nowhere classified'}"
    return any_of(f"{text} to {country}", steps, good.sources, (good.fact,))


def _or(words: Iterable[str]) -> str:
    return " or ".join(words)

"""Worked decisions: answers that must come out, run against the engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from detente.decide.facts import facts_of
from detente.decide.limbs import SAVED
from detente.decide.sale import get_sale
from detente.decide.verdict import Verdict, decide
from detente.record import Case, NotFound, load
from detente.record.case import Decision


@dataclass(frozen=True, slots=True)
class Miss:
    """A worked decision that came out otherwise."""

    id: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What the worked decisions of a case showed: those that missed, and the rules that none of them rests on."""

    misses: tuple[Miss, ...]
    untried: tuple[str, ...]


def run_decisions(case: Case) -> tuple[Miss, ...]:
    """The worked decisions of a case that come out otherwise."""
    return try_decisions(case).misses


def try_decisions(case: Case) -> Tried:
    """Decide every worked decision of the case.

    Each is decided in the record it names (``as_known``, ``overlay``; else everything recorded, no what-if), whatever
    was asked of ``case`` itself.
    """
    loaded: dict[tuple[dt.date | None, tuple[str, ...]], Case] = {(case.as_known, case.overlays): case}
    missed: list[Miss] = []
    used: set[str] = set()
    for d in case.decisions:
        key = (d.as_known, (d.overlay,) if d.overlay else ())
        if key not in loaded:
            loaded[key] = load(case.folder, as_known=key[0], overlays=key[1])
        found, miss = _run(loaded[key], d)
        missed += [miss] if miss is not None else []
        used |= {*found.limbs, *found.authorisations, *_saving(found)} if found is not None else set()
    rules = (x for m in case.measures for x in m.limbs if x.effect in _TRIED)
    return Tried(tuple(missed), tuple(x.id for x in rules if x.id not in used))


_TRIED = {"require_licence", "prohibit", "authorise"}


def _saving(v: Verdict) -> Iterator[str]:
    """The rules that a saving clause keeps off a sale."""
    for branch in v.reason.children:
        if any(c.role == SAVED for c in branch.children):
            yield branch.text.removesuffix(" holds the sale")


def _run(case: Case, d: Decision) -> tuple[Verdict | None, Miss | None]:
    facts = facts_of(case)
    limbs = f" by {', '.join(d.limbs)}" if d.limbs else ""
    expected = f"{d.outcome}{limbs}" + (f" under {d.licence}" if d.licence else "")
    expected += f", otherwise {d.otherwise}" if d.otherwise else ""
    expected += f", reviewed with {d.review}" if d.review else ""
    try:
        v = decide(case, get_sale(case, facts, d.sale), facts, d.as_of)
    except NotFound:
        return None, Miss(d.id, expected, f"no {d.sale}: it had not been recorded by {d.as_known}")
    right = v.outcome == d.outcome and set(d.limbs) <= set(v.limbs) and (d.licence is None or d.licence in v.licences)
    right = right and v.otherwise == d.otherwise and d.review in {None, v.review}
    if right:
        return v, None
    behind = ", ".join((*v.limbs, *v.authorisations, *v.licences)) or "nothing"
    more = (f", otherwise {v.otherwise}" if v.otherwise else "") + (f", reviewed with {v.review}" if d.review else "")
    return v, Miss(d.id, expected, f"{v.outcome} by {behind}{more} ({d.sale} on {v.as_of})")

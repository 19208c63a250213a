"""Worked decisions: answers that must come out, run against the engine."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from detente.decide.facts import facts_of
from detente.decide.sale import get_sale
from detente.decide.verdict import decide
from detente.record import Case, NotFound, load
from detente.record.case import Decision


@dataclass(frozen=True, slots=True)
class Miss:
    """A worked decision that came out otherwise."""

    id: str
    expected: str
    got: str


def run_decisions(case: Case) -> tuple[Miss, ...]:
    """Decide every worked decision of the case; those that come out otherwise are returned.

    Each is decided in the record it names (``as_known``, ``overlay``; else everything recorded, no what-if), whatever
    was asked of ``case`` itself.
    """
    loaded: dict[tuple[dt.date | None, tuple[str, ...]], Case] = {(case.as_known, case.overlays): case}
    missed = []
    for d in case.decisions:
        key = (d.as_known, (d.overlay,) if d.overlay else ())
        if key not in loaded:
            loaded[key] = load(case.folder, as_known=key[0], overlays=key[1])
        miss = _run(loaded[key], d)
        missed += [miss] if miss is not None else []
    return tuple(missed)


def _run(case: Case, d: Decision) -> Miss | None:
    facts = facts_of(case)
    limbs = f" by {', '.join(d.limbs)}" if d.limbs else ""
    expected = f"{d.outcome}{limbs}" + (f" under {d.licence}" if d.licence else "")
    expected += f", otherwise {d.otherwise}" if d.otherwise else ""
    expected += f", reviewed with {d.review}" if d.review else ""
    try:
        v = decide(case, get_sale(case, facts, d.sale), facts, d.as_of)
    except NotFound:
        return Miss(d.id, expected, f"no {d.sale}: it had not been recorded by {d.as_known}")
    right = v.outcome == d.outcome and set(d.limbs) <= set(v.limbs) and (d.licence is None or d.licence in v.licences)
    right = right and v.otherwise == d.otherwise and d.review in {None, v.review}
    if right:
        return None
    behind = ", ".join((*v.limbs, *v.authorisations, *v.licences)) or "nothing"
    more = (f", otherwise {v.otherwise}" if v.otherwise else "") + (f", reviewed with {v.review}" if d.review else "")
    return Miss(d.id, expected, f"{v.outcome} by {behind}{more} ({d.sale} on {v.as_of})")

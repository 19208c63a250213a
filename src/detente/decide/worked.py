"""Worked decisions: answers that must come out, run against the engine."""

from __future__ import annotations

from dataclasses import dataclass

from detente.decide.facts import facts_of
from detente.decide.sale import get_sale
from detente.decide.verdict import decide
from detente.record import Case, load


@dataclass(frozen=True, slots=True)
class Miss:
    """A worked decision that came out otherwise."""

    id: str
    expected: str
    got: str


def run_decisions(case: Case) -> tuple[Miss, ...]:
    """Decide every worked decision of the case; those that come out otherwise are returned."""
    known: dict[object, Case] = {case.as_known: case}
    missed = []
    for d in case.decisions:
        day = d.as_known or case.as_known
        if day not in known:
            known[day] = load(case.folder, as_known=day, overlays=case.overlays)
        facts = facts_of(known[day])
        v = decide(known[day], get_sale(known[day], facts, d.sale), facts, d.as_of)
        expected, got = d.outcome, v.outcome
        right = v.outcome == d.outcome and set(d.limbs) <= set(v.limbs)
        if d.licence is not None:
            right &= d.licence in v.licences
        if not right:
            limbs = f" by {', '.join(d.limbs)}" if d.limbs else ""
            licence = f" under {d.licence}" if d.licence else ""
            behind = ", ".join((*v.limbs, *v.authorisations, *v.licences)) or "nothing"
            missed.append(Miss(d.id, f"{expected}{limbs}{licence}", f"{got} by {behind} ({d.sale} on {d.as_of})"))
    return tuple(missed)

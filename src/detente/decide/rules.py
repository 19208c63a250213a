"""Rules at work on a sale: which bite, what lifts or covers each, and the tree of reasons that this makes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from detente.decide.facts import Facts
from detente.decide.licences import Cover, any_cover, covers
from detente.decide.limbs import is_saved, is_saving
from detente.decide.sale import Sale, Taking
from detente.decide.scope import in_scope, in_window
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason, all_of, any_of
from detente.record.limb import Limb
from detente.record.measures import Measure

_POLICIES = (
    "denial", "policy_of_denial", "presumption_of_denial", "case_by_case", "presumption_of_approval", "none_stated",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement or prohibition as it meets a sale: whether it bites, and what lifts or covers it."""

    measure: Measure
    limb: Limb
    bites: Reason
    lifting: tuple[Limb, ...]
    lifted: Reason | None
    covered: tuple[Cover, ...]

    @property
    def status(self) -> str:
        """``off``, ``lifted``, ``covered``, ``stands`` or ``unknown``."""
        if self.bites.truth is FALSE:
            return "off"
        best = max((r.truth for r in (self.lifted, *(c.reason for c in self.covered)) if r is not None), default=FALSE)
        if best is TRUE:
            return "lifted" if self.lifted is not None and self.lifted.truth is TRUE else "covered"
        return "unknown" if UNKNOWN in (self.bites.truth, best) else "stands"


def requirement(
    measure: Measure,
    limb: Limb,
    test: Callable[[str], Reason],
    facts: Facts,
    sale: Sale,
    taking: tuple[Taking, ...],
    day: dt.date,
) -> Requirement:
    """Test a rule, and only where it bites what could overcome it; ``test`` gives the reason of a limb by its id."""
    bitten = test(limb.id)
    if bitten.truth is FALSE:
        return Requirement(measure, limb, bitten, (), None, ())
    lifts = [(x, test(x.id)) for _, x in facts.limbs.values() if x.effect == "authorise" and limb.id in x.defeats]
    lifted = any_of(f"{limb.id} is lifted by an authorisation", [r for _, r in lifts]) if lifts else None
    covered = covers(limb.id, sale, taking, facts, day) if limb.is_licensable else ()
    lifting = tuple(x for x, r in lifts if r.truth is TRUE)
    return Requirement(measure, limb, bitten, lifting, lifted, covered)


def needs_of(rule: Requirement) -> Iterable[str]:
    """The facts that an unknown rule hangs on."""
    yield from rule.bites.unknowns()
    if rule.bites.truth is not FALSE:
        for other in (rule.lifted, *(c.reason for c in rule.covered)):
            if other is not None:
                yield from other.unknowns()


def review(biting: list[Requirement], facts: Facts) -> str | None:
    """The strictest policy among the limbs that stand and the entries of the list they rest on."""
    policies: list[str] = []
    for rule in biting:
        if rule.status != "stands":
            continue
        policies += [v.policy for v in rule.limb.reviews if v.items is None]
        entries = {f.id for r in rule.bites.walk() for f in r.facts if f.table == "listings" and r.truth is TRUE}
        policies += [e.review for group in facts.listings.values() for e in group if e.id in entries]
    return min(policies, key=_POLICIES.index, default=None)


def tree(sale: Sale, day: dt.date, rules: list[Requirement], against: list[Reason], facts: Facts) -> Reason:
    """The reasons as one tree: true means that the sale is held."""
    branches = []
    for rule in rules:
        steps = [rule.bites]
        if is_saved(rule.bites):
            steps += [
                Reason(c.text.removeprefix("not "), ~c.truth, c.facts, c.sources)
                for c in rule.bites.children
                if is_saving(c)
            ]
            branches.append(Reason(f"{rule.limb.id} holds the sale", FALSE, (), rule.limb.sources, tuple(steps)))
            continue
        if rule.bites.truth is not FALSE:
            overcome = [r for r in (rule.lifted,) if r is not None]
            if rule.limb.is_licensable:
                overcome.append(any_cover(rule.limb.id, rule.covered))
            steps += [Reason(f"not overcome: {r.text}", ~r.truth, r.facts, r.sources, r.children) for r in overcome]
        branches.append(all_of(f"{rule.limb.id} holds the sale", steps, rule.limb.sources))
    branches += [Reason(f"forbids complying: {r.text}", r.truth, r.facts, r.sources, r.children) for r in against]
    defined = [
        all_of(
            f"{limb.id}: {limb.text}",
            (in_window(limb, day, facts), in_scope(limb, sale, facts, day, m.regime)),
            limb.sources,
        )
        for m, limb in facts.limbs.values()
        if limb.effect == "define"
    ]
    held = any_of(f"{sale.id} is held on {day}", branches, (), (sale.fact,))
    return Reason(held.text, held.truth, held.facts, held.sources, (*held.children, *defined))

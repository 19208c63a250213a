"""The answer for one sale on one day, with its reasons down to the citation.

In order: which requirements bite; which authorisation lifts each; which licence covers each; does a prohibition
stand regardless. Every requirement must be overcome separately, a prohibition beats a licence, unknown never releases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from detente.decide.facts import Facts, facts_of
from detente.decide.licences import Cover, any_cover, covers
from detente.decide.limbs import bites, is_saved
from detente.decide.sale import Sale, Taking, get_sale, taking_part
from detente.decide.scope import in_scope, in_window
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason, all_of, any_of
from detente.record import Case
from detente.record.case import Outcome
from detente.record.load import as_day
from detente.record.measures import Limb, Measure

STATES = ("open", "closed", "capped", "unknown", "absent")
_POLICIES = (
    "denial",
    "policy_of_denial",
    "presumption_of_denial",
    "case_by_case",
    "presumption_of_approval",
    "none_stated",
)

_HEADLINES = {
    "not_subject": "No restriction recorded here reaches this sale.",
    "allowed": "No restriction: the sale may go ahead.",
    "allowed_by_exception": "Allowed by a general licence or exception.",
    "covered_by_licence": "Covered by a licence.",
    "licence_required": "A licence is required and none covers it.",
    "denied": "Prohibited; no licence overcomes it.",
    "needs_facts": "Cannot be said: facts are missing. Until they are known, treat it as not released.",
    "conflict": "One regime restricts the sale, another forbids complying with that.",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one sale on one day.

    ``share`` is the part of the yearly trade that may go ahead (1 where open, 0 where closed), with its range; it is
    below 1 where a licence covers part of the goods only. ``limbs`` are the requirements that bite, ``needs`` the facts
    that would settle an unknown answer, ``duties`` what must be on file. ``record`` is the digest of the case.
    """

    sale: str
    as_of: dt.date
    as_known: dt.date | None
    outcome: Outcome
    state: str
    share: float
    share_low: float
    share_high: float
    review: str | None
    limbs: tuple[str, ...]
    authorisations: tuple[str, ...]
    licences: tuple[str, ...]
    needs: tuple[str, ...]
    duties: tuple[str, ...]
    notes: tuple[str, ...]
    reason: Reason
    record: str

    @property
    def headline(self) -> str:
        """The answer in a sentence."""
        text = _HEADLINES[self.outcome]
        if self.outcome == "allowed" and any(r.text.startswith("saved: ") for r in self.reason.walk()):
            text = "Allowed by a savings clause."
        if self.outcome == "covered_by_licence" and self.share < 1:
            part = f"taken as {self.share:.0%}; {self.share_low:.0%} to {self.share_high:.0%}"
            text += f" It covers part of the goods only ({part})."
        return text


@dataclass(frozen=True, slots=True)
class _Requirement:
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


def verdict(case: Case, sale: Sale | str, as_of: dt.date | str, *, full: bool = True) -> Verdict:
    """Decide one sale on one day.

    ``sale`` is a ``Sale`` or the id of a link or an order. ``full`` keeps every condition in the tree of reasons; off,
    a limb is left as soon as one condition is false (same verdict, quicker).

    Raises ``NotFound`` for an unknown id.

    >>> from detente.record import load
    >>> verdict(load("huawei"), "tsmc>hisilicon:wafers", "2020-09-15").outcome
    'licence_required'
    """
    facts = facts_of(case)
    asked = get_sale(case, facts, sale) if isinstance(sale, str) else sale
    return decide(case, asked, facts, as_day(as_of, "as_of"), full=full)


def explain(case: Case, link: str, as_of: dt.date | str) -> Verdict:
    """Why a sale may or may not go ahead on a day: the verdict of ``link`` (its id) with every condition.

    Raises ``NotFound`` for an unknown id.
    """
    return verdict(case, link, as_of)


def decide(case: Case, sale: Sale, facts: Facts, day: dt.date, *, full: bool = False) -> Verdict:
    """The verdict on a prepared sale."""
    taking = taking_part(sale, facts, day)
    tested: dict[str, Reason] = {}

    def test(limb_id: str) -> Reason:
        if limb_id not in tested:
            measure, limb = facts.limbs[limb_id]
            tested[limb_id] = bites(measure, limb, sale, taking, facts, day, full=full)
        return tested[limb_id]

    def rules(effect: str) -> list[_Requirement]:
        found = (x for x in facts.limbs.values() if x[1].effect == effect)
        return [_requirement(m, limb, test, facts, sale, taking, day) for m, limb in found]

    needed, banned = rules("require_licence"), rules("prohibit")
    against = [test(limb.id) for _, limb in facts.limbs.values() if limb.effect == "forbid_compliance"]
    informed = [(limb, test(limb.id)) for _, limb in facts.limbs.values() if limb.effect == "inform"]
    outcome = _outcome(needed, banned, against, sale, facts, day)
    return _verdict(case, sale, day, outcome, needed + banned, against, informed, facts)


def _requirement(
    measure: Measure,
    limb: Limb,
    test: Callable[[str], Reason],
    facts: Facts,
    sale: Sale,
    taking: tuple[Taking, ...],
    day: dt.date,
) -> _Requirement:
    bitten = test(limb.id)
    if bitten.truth is FALSE:
        return _Requirement(measure, limb, bitten, (), None, ())
    lifts = [(x, test(x.id)) for _, x in facts.limbs.values() if x.effect == "authorise" and limb.id in x.defeats]
    lifted = any_of(f"{limb.id} is lifted by an authorisation", [r for _, r in lifts]) if lifts else None
    by_licence = limb.effect != "prohibit" and "licence" in limb.overcome_by
    covered = covers(limb.id, sale, taking, facts, day) if by_licence else ()
    lifting = tuple(x for x, r in lifts if r.truth is TRUE)
    return _Requirement(measure, limb, bitten, lifting, lifted, covered)


def _outcome(
    needed: list[_Requirement],
    banned: list[_Requirement],
    against: list[Reason],
    sale: Sale,
    facts: Facts,
    day: dt.date,
) -> Outcome:
    states = {r.status for r in needed}
    bans = {r.status for r in banned}
    stands = "stands" in states or "stands" in bans
    if stands and any(r.truth is TRUE for r in against):
        return "conflict"
    if "stands" in bans:
        return "denied"
    if "stands" in states:
        return "licence_required"
    if "unknown" in states or "unknown" in bans:
        return "needs_facts"
    if "covered" in states:
        return "covered_by_licence"
    if "lifted" in states or "lifted" in bans:
        return "allowed_by_exception"
    if any(is_saved(r.bites) for r in (*needed, *banned)):
        return "allowed"
    for measure, limb in facts.limbs.values():
        reaches = limb.scope and in_window(limb, day, facts).truth is not FALSE
        if reaches and in_scope(limb, sale, facts, day, measure.regime).truth is not FALSE:
            return "allowed"
    return "not_subject"


def _verdict(
    case: Case,
    sale: Sale,
    day: dt.date,
    outcome: Outcome,
    rules: list[_Requirement],
    against: list[Reason],
    informed: list[tuple[Limb, Reason]],
    facts: Facts,
) -> Verdict:
    biting = [r for r in rules if r.status != "off"]
    used = [next(c for c in r.covered if c.reason.truth is TRUE) for r in biting if r.status == "covered"]
    lifted = [x for r in biting if r.status == "lifted" for x in r.lifting]
    share, low, high = _share(outcome, used)
    state = {"licence_required": "closed", "denied": "closed", "needs_facts": "unknown", "conflict": "unknown"}.get(
        outcome, "capped" if share < 1 else "open"
    )
    needs = [n for r in biting if r.status == "unknown" for n in _needs(r)] if outcome == "needs_facts" else []
    notes = [f"{limb.id}: {limb.text}" for limb, r in informed if r.truth is not FALSE]
    for r in biting:
        if any(w.since <= day and (w.through is None or day <= w.through) for w in r.limb.not_enforced):
            notes.append(f"{r.limb.id} is in force on paper; the authority has said that it does not enforce it")
        notes += [f"{r.limb.id}: {text}" for text in r.limb.not_expressed]
    duties = [
        f"{d.kind.replace('_', ' ')}: {d.text}" + (f" (by {d.by})" if d.by else "") for x in lifted for d in x.duties
    ]
    return Verdict(
        sale=sale.id,
        as_of=day,
        as_known=facts.as_known,
        outcome=outcome,
        state=state,
        share=share,
        share_low=low,
        share_high=high,
        review=_review(biting, facts) if outcome == "licence_required" else None,
        limbs=tuple(r.limb.id for r in biting),
        authorisations=tuple(x.id for x in lifted),
        licences=tuple(_unique(c.licence.id for c in used)),
        needs=tuple(_unique(needs)),
        duties=tuple(_unique(duties)),
        notes=tuple(_unique(notes)),
        reason=_tree(sale, day, rules, against, facts),
        record=case.digest,
    )


def _share(outcome: Outcome, used: list[Cover]) -> tuple[float, float, float]:
    """The part of the trade that may go ahead; several licences are all needed, so the least counts."""
    if outcome in {"licence_required", "denied"}:
        return 0.0, 0.0, 0.0
    if outcome in {"needs_facts", "conflict"}:
        return 0.0, 0.0, 1.0
    if not used:
        return 1.0, 1.0, 1.0
    return min(c.share for c in used), min(c.low for c in used), min(c.high for c in used)


def _needs(rule: _Requirement) -> Iterable[str]:
    yield from rule.bites.unknowns()
    if rule.bites.truth is not FALSE:
        for other in (rule.lifted, *(c.reason for c in rule.covered)):
            if other is not None:
                yield from other.unknowns()


def _review(biting: list[_Requirement], facts: Facts) -> str | None:
    """The strictest policy among the limbs that stand and the entries of the list they rest on."""
    policies: list[str] = []
    for rule in biting:
        if rule.status != "stands":
            continue
        policies += [v.policy for v in rule.limb.reviews if v.items is None]
        entries = {f.id for r in rule.bites.walk() for f in r.facts if f.table == "listings" and r.truth is TRUE}
        policies += [e.review for group in facts.listings.values() for e in group if e.id in entries]
    return min(policies, key=_POLICIES.index, default=None)


def _tree(sale: Sale, day: dt.date, rules: list[_Requirement], against: list[Reason], facts: Facts) -> Reason:
    """The reasons as one tree: true means that the sale is held."""
    branches = []
    for rule in rules:
        steps = [rule.bites]
        if is_saved(rule.bites):
            saved = [c for c in rule.bites.children if c.text.startswith("not saved: ")]
            steps += [
                Reason("saved: " + c.text.removeprefix("not saved: "), ~c.truth, c.facts, c.sources) for c in saved
            ]
            branches.append(Reason(f"{rule.limb.id} holds the sale", FALSE, (), rule.limb.sources, tuple(steps)))
            continue
        if rule.bites.truth is not FALSE:
            overcome = [r for r in (rule.lifted,) if r is not None]
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


def _unique(words: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(words)

"""Rules at work on a sale: which bite, what lifts or covers each, and the tree of reasons that this makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from detente.decide.asked import Asked
from detente.decide.facts import Facts
from detente.decide.goods import is_item
from detente.decide.licensing.ledger import Drawn
from detente.decide.licensing.licences import Cover, any_cover, covers
from detente.decide.limbs import SAVED, SAVING, is_saved
from detente.decide.scope import in_scope, in_window
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason, Truth, all_of, any_of
from detente.record.case import Outcome
from detente.record.limb import DUTIES, Limb
from detente.record.measures import Measure

_POLICIES = (
    "denial", "policy_of_denial", "presumption_of_denial", "case_by_case", "presumption_of_approval", "none_stated",
)  # fmt: skip
RULE, OVERCOME, AGAINST, DEFINED = "rule", "overcome", "against", "defined"
DEFINES = {"define", "in_scope"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement or prohibition as it meets a sale: whether it bites, and what lifts, meets or covers it."""

    measure: Measure
    limb: Limb
    bites: Reason
    lifting: tuple[Limb, ...]
    lifted: Reason | None
    met: Reason | None
    covered: tuple[Cover, ...]

    @property
    def overcome(self) -> tuple[Reason, ...]:
        """Everything that may overcome it."""
        return tuple(r for r in (self.lifted, self.met, *(c.reason for c in self.covered)) if r is not None)

    @property
    def status(self) -> str:
        """``off``, ``lifted``, ``met`` (by a paper), ``covered``, ``stands`` or ``unknown``."""
        lifted = FALSE if self.lifted is None else self.lifted.truth
        met = FALSE if self.met is None else self.met.truth
        return status_of(self.bites.truth, lifted, met, (c.reason.truth for c in self.covered))


def status_of(bites: Truth, lifted: Truth, met: Truth, covered: Iterable[Truth]) -> str:
    """What becomes of a rule that bites so far, is lifted, met or covered so far."""
    if bites is FALSE:
        return "off"
    by_licence = max(covered, default=FALSE)
    if TRUE in (lifted, met, by_licence):
        return "lifted" if lifted is TRUE else "met" if met is TRUE else "covered"
    return "unknown" if UNKNOWN in (bites, lifted, met, by_licence) else "stands"


def outcome_of(needed: Collection[str], banned: Collection[str], is_defied: bool, is_near: bool) -> Outcome:
    """The outcome from the status of every requirement and prohibition.

    ``is_defied``: some law forbids complying. ``is_near``: the sale is saved, or within the reach of some rule.
    """
    if is_defied and ("stands" in needed or "stands" in banned):
        return "conflict"
    if "stands" in banned:
        return "denied"
    if "stands" in needed:
        return "licence_required"
    if "unknown" in needed or "unknown" in banned:
        return "needs_facts"
    if "covered" in needed:
        return "covered_by_licence"
    if "lifted" in needed or "lifted" in banned:
        return "allowed_by_exception"
    return "allowed" if is_near or "met" in needed else "not_subject"


def requirement(measure: Measure, limb: Limb, asked: Asked, drawn: Drawn | None) -> Requirement:
    """Test a rule, and only where it bites what could overcome it."""
    bitten = asked.bites(limb.id)
    if bitten.truth is not FALSE:
        bitten = _less_what_is_out(bitten, limb, asked)
    if bitten.truth is FALSE:
        return Requirement(measure, limb, bitten, (), None, None, ())
    lifts = [(x, _less_what_is_out(asked.bites(x.id), x, asked)) for x in lifters(limb, asked.facts)]
    lifted = any_of(f"{limb.id} is lifted by an authorisation", [r for _, r in lifts]) if lifts else None
    answered = met(limb, asked)
    covered = covers(limb.id, asked.sale, asked.taking, asked.facts, asked.day, drawn) if limb.is_licensable else ()
    lifting = tuple(x for x, r in lifts if r.truth is TRUE)
    return Requirement(measure, limb, bitten, lifting, lifted, answered, covered)


def lifters(limb: Limb, facts: Facts) -> list[Limb]:
    """The authorisations that may lift a rule: those that name it, and those it names."""
    named = {w.partition(":")[2] for w in limb.overcome_by if w.startswith("limb:")}
    mine = [x for x in facts.defeated_by.get(limb.id, ()) if x.effect == "authorise"]
    named -= {x.id for x in mine}
    if not named:
        return mine
    every = {x.id for x in mine} | named
    return [x for _, x in facts.limbs.values() if x.effect == "authorise" and x.id in every]


def removers(limb: Limb, facts: Facts) -> list[Limb]:
    """The limbs that take a sale out of a rule, or out of an authorisation, altogether."""
    return [x for x in facts.defeated_by.get(limb.id, ()) if x.effect == "out_of_scope"]


def _less_what_is_out(bitten: Reason, limb: Limb, asked: Asked) -> Reason:
    outs = [asked.bites(x.id) for x in removers(limb, asked.facts)]
    if not outs:
        return bitten
    steps = [Reason(f"not taken out by {r.text}", ~r.truth, r.facts, r.sources, r.children) for r in outs]
    return all_of(bitten.text, (*bitten.children, *steps), bitten.sources, bitten.facts)


def met(limb: Limb, asked: Asked) -> Reason | None:
    """Whether a paper, or an exception found to apply, meets the requirement."""
    steps = []
    for way in limb.overcome_by:
        if way in DUTIES:
            said = next((d.text for d in limb.duties if d.kind == way and d.text), way.replace("_", " "))
            paper = asked.on_file(way, limb.id, said)
            if paper.truth is FALSE and not limb.is_licensable:  # nothing else overcomes it: the paper must be got
                paper = Reason(f"{paper.text}; it must be got first", UNKNOWN, paper.facts, paper.sources)
            steps.append(paper)
        if way.startswith("exception:"):
            text = f"exception {way.partition(':')[2]} applies"
            declared = asked.facts.findings_on(asked.sale.abouts, way, asked.day)
            steps.append(asked.found(text, way) if declared else Reason(f"{text}: nobody has found so", FALSE))
    return any_of(f"{limb.id} is met", steps) if steps else None


def needs_of(rule: Requirement) -> Iterable[str]:
    """The facts that an unknown rule hangs on."""
    yield from rule.bites.unknowns()
    if rule.bites.truth is not FALSE:
        for other in rule.overcome:
            yield from other.unknowns()


def review(biting: list[Requirement], asked: Asked) -> str | None:
    """The strictest policy among the limbs that stand and the entries of the list they rest on.

    In a limb, a policy for some goods goes before the general one where the good is among them. Any policy that asks
    for denial means denial (744.16 and the agency's guidance on the Entity List).
    """
    facts = asked.facts
    policies: list[str] = []
    for rule in biting:
        if rule.status != "stands":
            continue
        policies += policies_of(rule.measure, rule.limb, asked)
        entries = {f.id for r in rule.bites.walk() for f in r.facts if f.table == "listings" and r.truth is TRUE}
        policies += [facts.entry[i].review for i in sorted(entries)]
    return strictest(policies)


def policies_of(measure: Measure, limb: Limb, asked: Asked) -> list[str]:
    """The policies of a limb that apply, or may apply, to a sale."""
    own = [(v, TRUE if v.items is None else is_item(v.items, asked, measure.regime).truth) for v in limb.reviews]
    special: list[str] = [v.policy for v, t in own if v.items is not None and t is TRUE]
    if special:
        return special
    general: list[str] = [v.policy for v, t in own if v.items is None]
    perhaps = [v.policy for v, t in own if t is UNKNOWN]
    return [*general, *(p for p in perhaps if not general or _milder(general, p))]


def strictest(policies: Iterable[str]) -> str | None:
    """The strictest of some policies."""
    return min(policies, key=_POLICIES.index, default=None)


def _milder(general: Sequence[str], policy: str) -> bool:
    """Whether the general policies are milder than one that may apply: what is not known does not help."""
    return all(_POLICIES.index(policy) < _POLICIES.index(g) for g in general)


def tree(asked: Asked, rules: list[Requirement], against: list[Reason]) -> Reason:
    """The reasons as one tree: true means that the sale is held."""
    sale, facts, day = asked.sale, asked.facts, asked.day
    branches = []
    for rule in rules:
        text = f"{rule.limb.id} holds the sale"
        steps = [rule.bites]
        if is_saved(rule.bites):
            steps += [
                Reason(c.text.removeprefix("not "), ~c.truth, c.facts, c.sources, (), SAVED)
                for c in rule.bites.children
                if c.role == SAVING
            ]
            branches.append(Reason(text, FALSE, (), rule.limb.sources, tuple(steps), RULE))
            continue
        if rule.bites.truth is not FALSE:
            overcome = [r for r in (rule.lifted, rule.met) if r is not None]
            if rule.limb.is_licensable:
                overcome.append(any_cover(rule.limb.id, rule.covered))
            steps += [
                Reason(f"not overcome: {r.text}", ~r.truth, r.facts, r.sources, r.children, OVERCOME) for r in overcome
            ]
        whole = all_of(text, steps, rule.limb.sources)
        branches.append(Reason(text, whole.truth, whole.facts, whole.sources, whole.children, RULE))
    branches += [
        Reason(f"forbids complying: {r.text}", r.truth, r.facts, r.sources, r.children, AGAINST) for r in against
    ]
    defined = []
    for m, limb in facts.limbs.values():
        if limb.effect in DEFINES:
            steps = [in_window(limb, day, facts), in_scope(limb, asked, m.regime)]
            said = all_of(f"{limb.id}: {limb.text}", steps, limb.sources)
            defined.append(Reason(said.text, said.truth, said.facts, said.sources, said.children, DEFINED))
    held = any_of(f"{sale.id} is held on {day}", branches, (), (sale.fact,))
    return Reason(held.text, held.truth, held.facts, held.sources, (*held.children, *defined))

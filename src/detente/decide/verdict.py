"""The answer for one sale on one day, with its reasons down to the citation.

In order: which requirements bite; which authorisation lifts each; which licence covers each; does a prohibition
stand regardless. Every requirement must be overcome separately, a prohibition beats a licence, unknown never releases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from detente.decide.asked import Asked
from detente.decide.facts import Facts, facts_of
from detente.decide.licensing.ledger import Drawn, recorded
from detente.decide.licensing.licences import Cover
from detente.decide.limbs import SAVED, is_saved, tester
from detente.decide.rules import Requirement, needs_of, outcome_of, requirement, review, tree
from detente.decide.sale import Sale, get_sale, taking_part
from detente.decide.scope import in_scope, in_window
from detente.decide.truth import FALSE, TRUE, Reason
from detente.record import Case
from detente.record.case import Outcome
from detente.record.limb import Limb
from detente.record.load import as_day

STATES = ("open", "closed", "capped", "unknown", "absent")
WORSE: tuple[Outcome, ...] = (
    "not_subject", "allowed", "allowed_by_exception", "covered_by_licence", "needs_facts", "licence_required",
    "conflict", "denied",
)  # fmt: skip
"""Outcomes from the best to the worst for whoever wants to ship."""
_STATES = {"licence_required": "closed", "denied": "closed", "needs_facts": "unknown", "conflict": "unknown"}
HEADLINES = {
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
    that would settle an unknown answer, ``duties`` what must be on file. Where a window is not certain (scheduled,
    announced, disputed, or in force and not enforced) the worse answer is given and ``otherwise`` is the other one.
    ``draws`` are the licence lines an order draws on. ``record`` is the digest of the case.
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
    otherwise: Outcome | None = None
    draws: tuple[tuple[str, int], ...] = ()

    @property
    def headline(self) -> str:
        """The answer in a sentence."""
        shares = (self.share, self.share_low, self.share_high)
        return headline(self.outcome, shares, self.is_saved, self.otherwise)

    @property
    def is_saved(self) -> bool:
        """Whether it is allowed because a saving clause keeps a rule off it."""
        steps = (c for branch in self.reason.children for c in branch.children)
        return self.outcome == "allowed" and any(c.role == SAVED and c.truth is TRUE for c in steps)


def headline(
    outcome: Outcome, share: tuple[float, float, float], is_saved: bool = False, otherwise: Outcome | None = None
) -> str:
    """An answer in a sentence."""
    text = "Allowed by a savings clause." if is_saved and outcome == "allowed" else HEADLINES[outcome]
    if outcome == "covered_by_licence" and share[0] < 1:
        part = f"taken as {share[0]:.0%}; {share[1]:.0%} to {share[2]:.0%}"
        text += f" It covers part of the goods only ({part})."
    if otherwise is not None:
        text += f" That counts a rule that is not certain; without it: {otherwise.replace('_', ' ')}."
    return text


def verdict(case: Case, sale: Sale | str, as_of: dt.date | str, *, full: bool = True) -> Verdict:
    """Decide one sale on one day.

    ``sale`` is a ``Sale`` or the id of a link or an order. ``full`` keeps every condition in the tree of reasons; off,
    a limb is left as soon as one condition is false (same verdict, quicker).

    An order whose day of export is recorded is decided on that day, which the verdict's ``as_of`` then says.

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


def decide(
    case: Case, sale: Sale, facts: Facts, day: dt.date, *, full: bool = False, drawn: Drawn | None = None
) -> Verdict:
    """The verdict on a prepared sale, read both ways where a window is not certain; the worse answer counts.

    ``drawn`` says what has been drawn on licences before an order (None: what the case records).
    """
    day = sale.on(day)
    first = _decide(case, sale, facts, day, full, drawn)
    if not facts.is_doubtful(day):
        return first
    other = _decide(case, sale, facts_of(case, "otherwise"), day, full, drawn)
    if first.outcome == other.outcome:
        return first
    worse, better = sorted((first, other), key=lambda v: WORSE.index(v.outcome), reverse=True)
    return replace(worse, otherwise=better.outcome, share_high=max(worse.share_high, better.share_high))


def _decide(case: Case, sale: Sale, facts: Facts, day: dt.date, full: bool, drawn: Drawn | None) -> Verdict:
    """The verdict in one reading."""
    taking = taking_part(sale, facts, day)
    test = tester(sale, taking, facts, day, full=full)
    asked = Asked(sale, taking, facts, day, test)
    if drawn is None and not sale.is_flow:
        drawn = recorded(facts, day, sale.id)

    def rules(effect: str) -> list[Requirement]:
        return [requirement(m, x, asked, drawn) for m, x in facts.limbs.values() if x.effect == effect]

    needed, banned = rules("require_licence"), rules("prohibit")
    against = [test(limb.id) for _, limb in facts.limbs.values() if limb.effect == "forbid_compliance"]
    informed = [(limb, test(limb.id)) for _, limb in facts.limbs.values() if limb.effect == "inform"]
    outcome = _outcome(needed, banned, against, asked)
    return _verdict(case, asked, outcome, needed + banned, against, informed)


def _outcome(needed: list[Requirement], banned: list[Requirement], against: list[Reason], asked: Asked) -> Outcome:
    states, bans = [r.status for r in needed], [r.status for r in banned]
    outcome = outcome_of(states, bans, any(r.truth is TRUE for r in against), False)
    if outcome == "not_subject" and (any(is_saved(r.bites) for r in (*needed, *banned)) or _is_near(asked)):
        return "allowed"
    return outcome


def _is_near(asked: Asked) -> bool:
    """Whether the good is within the reach of some rule in force, whatever else that asks."""
    for measure, limb in asked.facts.limbs.values():
        reaches = limb.scope and in_window(limb, asked.day, asked.facts).truth is not FALSE
        if reaches and in_scope(limb, asked, measure.regime).truth is not FALSE:
            return True
    return False


def _verdict(
    case: Case,
    asked: Asked,
    outcome: Outcome,
    rules: list[Requirement],
    against: list[Reason],
    informed: list[tuple[Limb, Reason]],
) -> Verdict:
    sale, facts, day = asked.sale, asked.facts, asked.day
    biting = [r for r in rules if r.status != "off"]
    used = [r.covered for r in biting if r.status == "covered"]
    lifted = [x for r in biting if r.status == "lifted" for x in r.lifting]
    share, low, high = share_of(outcome, used)
    state = state_of(outcome, share)
    needs = [n for r in biting if r.status == "unknown" for n in needs_of(r)] if outcome == "needs_facts" else []
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
        review=review(biting, asked) if outcome == "licence_required" else None,
        limbs=tuple(r.limb.id for r in biting),
        authorisations=tuple(_unique(x.id for x in lifted)),
        licences=tuple(_unique(c.licence.id for covers in used for c in covers if c.reason.truth is TRUE)),
        needs=tuple(_unique(needs)),
        duties=tuple(_unique(duties)),
        notes=tuple(_unique(notes)),
        reason=tree(asked, rules, against),
        record=case.digest,
        draws=draws_of(used) if outcome == "covered_by_licence" else (),
    )


def state_of(outcome: Outcome, share: float) -> str:
    """What an outcome is to trade: open, closed, capped or unknown."""
    return _STATES.get(outcome, "capped" if share < 1 else "open")


def draws_of(used: list[tuple[Cover, ...]]) -> tuple[tuple[str, int], ...]:
    """The limited lines that an order draws on: one for every requirement, the same licence once."""
    drawn: dict[str, int] = {}
    for covers in used:
        sure = [c for c in covers if c.reason.truth is TRUE]
        if any(c.licence.id in drawn for c in sure):
            continue
        if sure and sure[0].fit is not None:
            drawn[sure[0].licence.id] = sure[0].fit
    return tuple(drawn.items())


def share_of(outcome: Outcome, used: list[tuple[Cover, ...]]) -> tuple[float, float, float]:
    """The part of the trade that may go ahead: the least over the requirements, each of which must be covered.

    Licences against one requirement may cover the same goods or others: the largest counts, their sum is the high end.
    """
    if outcome in {"licence_required", "denied"}:
        return 0.0, 0.0, 0.0
    if outcome in {"needs_facts", "conflict"}:
        return 0.0, 0.0, 1.0
    if not used:
        return 1.0, 1.0, 1.0
    sure = [[c for c in covers if c.reason.truth is TRUE] for covers in used]
    return (
        min(max(c.share for c in covers) for covers in sure),
        min(max(c.low for c in covers) for covers in sure),
        min(min(1.0, sum(c.high for c in covers if c.reason.truth is not FALSE)) for covers in used),
    )


def _unique(words: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(words)

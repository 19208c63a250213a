"""From patterns of truth to answers: what becomes of every rule, once for all lines on which the rules stand alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from detente.decide.book.tables import Masks, Tables, numbers
from detente.decide.facts import Facts
from detente.decide.licences import Cover
from detente.decide.rules import lifters, outcome_of, removers, status_of
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason, Truth
from detente.decide.verdict import draws_of, share_of, state_of
from detente.record.case import Outcome

SAVED, REACHED = 1, 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What many lines are told: outcome, rules, licences; ``standing`` and ``unknown`` are numbers of limbs."""

    outcome: Outcome
    state: str
    share: float
    low: float
    high: float
    limbs: tuple[str, ...]
    authorisations: tuple[str, ...]
    licences: tuple[str, ...]
    standing: tuple[int, ...]
    unknown: tuple[int, ...]
    reading: int
    is_saved: bool = False
    draws: tuple[tuple[str, int], ...] = ()
    otherwise: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One requirement or prohibition that bites, or may bite, in a pattern."""

    number: int
    bites: Truth
    lifted: Truth
    lifting: tuple[str, ...]
    met: Truth
    is_ban: bool

    @property
    def wants_licence(self) -> bool:
        """Whether it hangs on a licence what becomes of it."""
        return not self.is_ban and TRUE not in (self.lifted, self.met)


@dataclass(frozen=True, slots=True)
class Pattern:
    """How all rules stand to a line, apart from licences."""

    rules: tuple[Rule, ...]
    is_defied: bool
    is_near: bool
    is_saved: bool
    reading: int

    def licensable(self, tables: Tables) -> tuple[str, ...]:
        """Ids of the rules that a licence may overcome."""
        found = (tables.limbs[r.number][1] for r in self.rules if r.wants_licence)
        return tuple(x.id for x in found if x.is_licensable)


def pattern_of(key: Masks, tables: Tables, facts: Facts, reading: int) -> Pattern:
    """Read one pattern of bits."""
    w = tables.words
    sure, may = set(numbers(key[:w])), set(numbers(key[w : 2 * w]))
    met_sure, met_may = set(numbers(key[2 * w : 3 * w])), set(numbers(key[3 * w : 4 * w]))
    flags = int(key[4 * w])

    def truth(k: int, yes: set[int] = sure, perhaps: set[int] = may) -> Truth:
        return TRUE if k in yes else UNKNOWN if k in perhaps else FALSE

    needed: list[Rule] = []
    banned: list[Rule] = []
    for k in sorted(may):
        _, limb = tables.limbs[k]
        if limb.effect not in {"require_licence", "prohibit"}:
            continue
        outs = (truth(tables.number[x.id]) for x in removers(limb, facts))
        bites = min(truth(k), ~max(outs, default=FALSE))
        if bites is FALSE:
            continue
        lifts = [(x.id, truth(tables.number[x.id])) for x in lifters(limb, facts)]
        lifted = max((t for _, t in lifts), default=FALSE)
        lifting = tuple(x for x, t in lifts if t is TRUE)
        rule = Rule(k, bites, lifted, lifting, truth(k, met_sure, met_may), limb.effect == "prohibit")
        (banned if rule.is_ban else needed).append(rule)
    defied = any(tables.limbs[k][1].effect == "forbid_compliance" for k in sure)
    return Pattern((*needed, *banned), defied, bool(flags & (SAVED | REACHED)), bool(flags & SAVED), reading)


def answer_of(pattern: Pattern, covers: Mapping[str, Sequence[Cover]], tables: Tables) -> Answer:
    """The answer where licences stand so to the rules of a pattern."""
    needed: list[str] = []
    banned: list[str] = []
    used: list[tuple[Cover, ...]] = []
    limbs: list[str] = []
    lifted: list[str] = []
    standing: list[int] = []
    unknown: list[int] = []
    for rule in pattern.rules:
        limb = tables.limbs[rule.number][1]
        mine = tuple(covers.get(limb.id, ())) if limb.is_licensable and not rule.is_ban else ()
        status = status_of(rule.bites, rule.lifted, rule.met, (c.reason.truth for c in mine))
        (banned if rule.is_ban else needed).append(status)
        limbs.append(limb.id)
        if status == "covered":
            used.append(mine)
        if status == "lifted":
            lifted += rule.lifting
        if status == "stands":
            standing.append(rule.number)
        if status == "unknown":
            unknown.append(rule.number)
    outcome = outcome_of(needed, banned, pattern.is_defied, pattern.is_near)
    share, low, high = share_of(outcome, used)
    licences = _unique(c.licence.id for covers in used for c in covers if c.reason.truth is TRUE)
    draws = draws_of(used) if outcome == "covered_by_licence" else ()
    return Answer(
        outcome, state_of(outcome, share), share, low, high, tuple(limbs), _unique(lifted), licences, tuple(standing),
        tuple(unknown) if outcome == "needs_facts" else (), pattern.reading,
        pattern.is_saved and outcome == "allowed", draws,
    )  # fmt: skip


def with_room(cover: Cover, truth: Truth, fit: int | None) -> Cover:
    """A licence as it stands once the balances of its lines are looked at."""
    return replace(cover, reason=Reason("", truth), fit=fit)


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))

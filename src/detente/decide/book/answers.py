"""From patterns of truth to answers: what becomes of every rule, once for all lines on which the rules stand alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from detente.decide.book.tables import Masks, Tables, numbers
from detente.decide.licensing.licences import Cover
from detente.decide.rules import outcome_of, status_of
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason, Truth
from detente.decide.verdict import WORSE, draws_of, share_of, state_of
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
    """How all rules stand to a line, apart from licences. ``sure`` and ``may`` are all limbs that bite, or may."""

    rules: tuple[Rule, ...]
    is_defied: bool
    is_near: bool
    is_saved: bool
    reading: int
    licensable: tuple[str, ...]
    sure: frozenset[int]
    may: frozenset[int]

    def truth(self, k: int) -> Truth:
        """Whether a limb bites, of those that matter here."""
        return TRUE if k in self.sure else UNKNOWN if k in self.may else FALSE

    def left(self, k: int, outs: Iterable[int]) -> Truth:
        """Whether a limb bites and none of some others takes the sale out of it."""
        return min(self.truth(k), ~max((self.truth(x) for x in outs), default=FALSE))


def pattern_of(key: Masks, tables: Tables, reading: int) -> Pattern:
    """Read one pattern of bits."""
    w = tables.words
    sure, may = frozenset(numbers(key[:w])), frozenset(numbers(key[w : 2 * w]))
    met_sure, met_may = set(numbers(key[2 * w : 3 * w])), set(numbers(key[3 * w : 4 * w]))
    flags = int(key[4 * w])

    def truth(k: int, yes: Iterable[int] = sure, perhaps: Iterable[int] = may) -> Truth:
        return TRUE if k in yes else UNKNOWN if k in perhaps else FALSE

    def left(k: int) -> Truth:
        return min(truth(k), ~max((truth(x) for x in tables.outs[k]), default=FALSE))

    needed: list[Rule] = []
    banned: list[Rule] = []
    open_: list[str] = []
    defied = False
    for k in sorted(may):
        limb = tables.limbs[k][1]
        defied |= limb.effect == "forbid_compliance" and k in sure
        if k not in tables.lifts:
            continue
        bites = left(k)
        if bites is FALSE:
            continue
        lifts = [(x, left(x)) for x in tables.lifts[k]]
        lifted = max((t for _, t in lifts), default=FALSE)
        lifting = tuple(tables.limbs[x][1].id for x, t in lifts if t is TRUE)
        rule = Rule(k, bites, lifted, lifting, truth(k, met_sure, met_may), limb.effect == "prohibit")
        (banned if rule.is_ban else needed).append(rule)
        if rule.wants_licence and limb.is_licensable:
            open_.append(limb.id)
    is_near, is_saved = bool(flags & (SAVED | REACHED)), bool(flags & SAVED)
    return Pattern((*needed, *banned), defied, is_near, is_saved, reading, tuple(open_), sure, may)


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


def worse(answers: Sequence[Answer]) -> Answer:
    """The worse of the answers in the two readings, with the other one beside it."""
    if len(answers) == 1 or answers[0].outcome == answers[1].outcome:
        return answers[0]
    bad, good = sorted(answers, key=lambda a: WORSE.index(a.outcome), reverse=True)
    return replace(bad, high=max(bad.high, good.high), otherwise=good.outcome)


def with_room(cover: Cover, truth: Truth, fit: int | None) -> Cover:
    """A licence as it stands once the balances of its lines are looked at."""
    return replace(cover, reason=Reason("", truth), fit=fit)


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))

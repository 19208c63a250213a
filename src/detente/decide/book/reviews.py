"""How an application for each line that needs a licence is looked at: the strictest policy that applies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detente.decide.book import _kernels
from detente.decide.book.asks import scopes
from detente.decide.book.codes import Coded, Ints
from detente.decide.book.lenses import Lens
from detente.decide.book.licensed import Answers
from detente.decide.book.people import POLICIES, ROLES, behind, rank
from detente.decide.book.tables import Tables
from detente.decide.facts import Facts
from detente.decide.goods import finding_of
from detente.decide.limbs import plays
from detente.decide.rules import policies_of
from detente.decide.scope import in_scope
from detente.record.limb import Limb
from detente.record.measures import Measure

NONE = len(POLICIES)


def reviews(book: Coded, readings: Sequence[Facts], built: Sequence[Tables], answers: Answers) -> Ints:
    """The rank in ``POLICIES`` of the policy of each line: of its rules and of the entries they rest on.

    One beyond the last where the line needs no licence, or nothing is said.
    """
    found = np.full(book.n, NONE, dtype=np.int64)
    columns = np.stack([book.columns[r] for r in ROLES[:3]])
    for r, tables in enumerate(built):
        wanted = [a.outcome == "licence_required" and a.reading == r for a in answers.all]
        if not any(wanted):
            continue
        standing_now = {k for a, want in zip(answers.all, wanted, strict=True) if want for k in a.standing}
        special = {k for k in standing_now if _is_special(*tables.limbs[k], readings[r])}
        for k in sorted(special):
            _special(book, readings[r], tables, answers, np.array(wanted, dtype=bool), k, found)
        plain = [rank(v.policy for k in a.standing if k not in special for v in tables.limbs[k][1].reviews)
                 for a in answers.all]  # fmt: skip
        standing = [[k for k in a.standing if tables.limbs[k][1].parties is not None] for a in answers.all]
        start = np.concatenate(([0], np.cumsum([len(x) for x in standing]))).astype(np.int64)
        counts = np.array([[int(x.parties is not None and plays(x.parties, role)) for role in ROLES]
                           for _, x in tables.limbs], dtype=np.int64)  # fmt: skip
        people = tables.people
        _kernels.strictest(
            answers.of, np.array(wanted, dtype=np.int64), np.array(plain, dtype=np.int64), start,
            np.array([k for x in standing for k in x], dtype=np.int64), counts, people.start, people.since, people.at,
            people.review, columns, book.columns["between"], book.between_start, book.between_party, book.day, found,
        )  # fmt: skip
    return found


def _is_special(measure: Measure, limb: Limb, facts: Facts) -> bool:
    """Whether a limb's policies, or the entries it rests on, hang on the good."""
    developed = any(s.designed_by for s, _ in scopes(limb, measure.regime, facts))
    return developed or any(v.items for v in limb.reviews)


def _special(
    book: Coded, facts: Facts, tables: Tables, answers: Answers, wanted: np.ndarray, k: int, found: Ints
) -> None:
    """Put in the policies of a limb that hang on the good: those for some items, and those of who developed it."""
    measure, limb = tables.limbs[k]
    stands = np.array([w and k in a.standing for a, w in zip(answers.all, wanted, strict=True)], dtype=bool)
    lines = np.flatnonzero(stands[answers.of])
    items = [v.items for v in limb.reviews if v.items is not None]
    said = frozenset(finding_of(x) for x in items if x.decided_by in {"declared", "expert"})
    lenses: dict[Lens, None] = {("kind",): None, ("told", said, frozenset()): None}
    days = frozenset[int]()
    for x in items:
        days |= tables.lenses.breaks.geo(x.origin, measure.regime)
        days |= tables.lenses.breaks.codes(measure.regime) if x.reasons else frozenset()
    lenses["day", days] = None
    scope = next(a for f in tables.families for a in f.asks if a.limb == k and a.name == "scope")
    lenses |= dict.fromkeys(scope.lenses)
    first, number = tables.lenses.of(lines).rows(lenses)
    ranks = []
    for i in lines[first].tolist():
        asked = book.asked(i, facts)
        policies = policies_of(measure, limb, asked)
        policies += [facts.entry[e].review for e in behind(in_scope(limb, asked, measure.regime))]
        ranks.append(rank(policies))
    found[lines] = np.minimum(found[lines], np.array(ranks, dtype=np.int64)[number])

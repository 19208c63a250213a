"""What a line is told beside its outcome: how an application is looked at, and which facts are still needed."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np

from detente.decide.book.answers import Answer
from detente.decide.book.codes import Coded
from detente.decide.book.licensed import Answers, alike
from detente.decide.book.tables import ROLES, Tables, bits
from detente.decide.facts import Facts
from detente.decide.ledger import Drawn
from detente.decide.limbs import plays
from detente.decide.members import is_meant
from detente.decide.rules import lifters, needs_of, policies_of, requirement, strictest
from detente.decide.scope import in_scope
from detente.decide.truth import TRUE
from detente.record.limb import Limb


def reviews(book: Coded, readings: list[Facts], built: list[Tables], answers: Answers) -> dict[int, str]:
    """The policy of each line that needs a licence: of its rules and of the entries they rest on."""
    held = np.array([a.outcome == "licence_required" for a in answers.all] + [False])[answers.of]
    if not held.any():
        return {}
    special = [
        k for k, (_, x) in enumerate(built[0].limbs)
        if any(v.items for v in x.reviews) or any(s.designed_by for s in x.scope)
    ]  # fmt: skip
    near = np.array([bool(set(a.standing) & set(special)) for a in answers.all] + [False])[answers.of]
    columns = [answers.of, *(book.columns[r] for r in ROLES[:3]), book.columns["between"], book.day]
    columns += [np.where(near, book.columns[c], -1) for c in ("good", "told", "destination")]
    found: dict[int, str] = {}
    known: dict[Hashable, list[str]] = {}
    for i, lines in alike(columns, held):
        answer = answers.all[answers.of[i]]
        facts, tables = readings[answer.reading], built[answer.reading]
        policies: list[str] = []
        asked = None
        for k in answer.standing:
            measure, limb = tables.limbs[k]
            if k in special:
                asked = asked or book.asked(i, facts)
                policies += policies_of(measure, limb, asked)
                scope = in_scope(limb, asked, measure.regime)
                policies += [facts.entry[f.id].review for r in scope.walk() if r.truth is TRUE
                             for f in r.facts if f.table == "listings"]  # fmt: skip
            else:
                policies += [v.policy for v in limb.reviews]
            policies += _entries(book, i, limb, facts, known)
        policy = strictest(policies)
        if policy is not None:
            found.update(dict.fromkeys(lines.tolist(), policy))
    return found


def _entries(book: Coded, i: int, limb: Limb, facts: Facts, known: dict[Hashable, list[str]]) -> list[str]:
    """The policies of the entries through which a rule means the parties of a line."""
    if limb.parties is None:
        return []
    roles = [(r, int(book.columns[r][i])) for r in ROLES[:3]]
    between = int(book.columns["between"][i])
    inside = book.between_party[book.between_start[between] : book.between_start[between + 1]].tolist()
    roles += [(ROLES[3], p) for p in inside]
    policies: list[str] = []
    for role, party in dict.fromkeys(roles):
        if not plays(limb.parties, role):
            continue
        key = (facts.reading, limb.id, party, int(book.day[i]))
        if key not in known:
            asked = book.asked(i, facts)
            reason = next(
                is_meant(limb.parties, t, facts, asked.day) for t, (_, p) in zip(asked.taking, roles, strict=True)
                if p == party
            )  # fmt: skip
            at = [f for r in reason.walk() if r.truth is TRUE for f in r.facts if f.table == "listings"]
            known[key] = [facts.entry[f.id].review for f in at]
        policies += known[key]
    return policies


def needs(
    book: Coded, readings: list[Facts], built: list[Tables], answers: Answers, drawn: Callable[[int], Drawn]
) -> dict[int, tuple[str, ...]]:
    """The facts that would settle each line that cannot be answered."""
    asks = np.array([bool(a.unknown) for a in answers.all] + [False])[answers.of]
    if not asks.any():
        return {}
    found: dict[int, tuple[str, ...]] = {}
    ids = book.full["id"]
    for r, tables in enumerate(built):
        mine = [k for k, a in enumerate(answers.all) if a.unknown and a.reading == r]
        if not mine:
            continue
        masks = np.zeros((len(answers.all) + 1, tables.words), dtype=np.uint64)
        for k in mine:
            masks[k] = bits(_matter(answers.all[k], tables, readings[r]), tables.words)
        which = asks & np.isin(answers.of, mine)
        columns = [answers.of]
        for family in (*tables.families, tables.saving):
            unsure = family.pair[:, 1] & ~family.pair[:, 0]
            hit = ((unsure[family.rows] & masks[answers.of]) != 0).any(axis=1)
            columns.append(np.where(hit, family.rows, -1))
        columns += [book.columns[c] for c in ("purchaser", "ultimate_consignee", "end_user", "between", "told")]
        if any(a.licences or readings[r].licences for a in answers.all):
            columns += [book.columns["seller"], book.columns["good"]]
        for i, lines in alike(columns, which):
            asked = book.asked(i, readings[r])
            said: list[str] = []
            for k in answers.all[answers.of[i]].unknown:
                measure, limb = tables.limbs[k]
                said += needs_of(requirement(measure, limb, asked, drawn(i)))
            for line in lines.tolist():
                own = ids[line]
                found[line] = tuple(dict.fromkeys(_renamed(t, asked.sale.id, own) for t in said))
    return found


def _renamed(text: str, old: str, new: str) -> str:
    """What is said of one line, said of another that stands alike."""
    return (
        text if old == new else text.replace(f"about {old})", f"about {new})").replace(f"(when {old} ", f"(when {new} ")
    )


def _matter(answer: Answer, tables: Tables, facts: Facts) -> list[int]:
    """The limbs that an open answer hangs on: rules and what may lift them."""
    rules = [tables.limbs[k][1] for k in answer.unknown]
    return [*answer.unknown, *(tables.number[x.id] for rule in rules for x in lifters(rule, facts))]

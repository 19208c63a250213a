"""Whom listed parties own on a day, by each rule on ownership that the case has: a table, and the proof of one."""

from __future__ import annotations

import datetime as dt

import polars as pl

from detente.decide.facts import WHOLE, facts_of
from detente.decide.members import held_on, listed_on, shares_on
from detente.decide.ownership import look_through
from detente.decide.scope import rule_in_force
from detente.decide.truth import FALSE, TRUE, Reason, all_of
from detente.record import Case, NotFound
from detente.record.load import as_day
from detente.record.problems import did_you_mean, show

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "rule": pl.String, "in_force": pl.String, "party": pl.String, "name": pl.String, "owned": pl.String,
    "counted_low": pl.Float64, "counted_high": pl.Float64, "line": pl.String, "owners": pl.List(pl.String),
    "look_through": pl.Float64,
}  # fmt: skip
_WORD = {0: "no", 1: "possible", 2: "yes"}


def owners(case: Case, as_of: dt.date | str) -> pl.DataFrame:
    """Every party in which parties on a rule's lists have a stake, directly or through others, on a day.

    One row a rule and party: ``rule``, ``in_force`` (yes, no or possible: a window that is not certain), ``party``,
    ``name``, ``owned`` (yes, possible or no), ``counted_low`` and ``counted_high`` (fractions that count towards the
    ``line``), ``owners`` (the listed parties at the root) and ``look_through`` (their share multiplied along every
    chain; for information only, no verdict rests on it).
    """
    day, rows = as_day(as_of, "as_of"), []
    facts = facts_of(case)
    for rule in facts.ownership_rules.values():
        force = rule_in_force(rule, day, facts).truth
        doubt = facts.is_doubtful(day) and rule_in_force(rule, day, facts_of(case, "otherwise")).truth is not force
        deep = look_through(listed_on(rule, facts, day), shares_on(rule, facts, day))
        for party, held in sorted(held_on(rule, facts, day).items()):
            rows.append(
                {
                    "rule": rule.id, "in_force": "possible" if doubt else _WORD[force], "party": party,
                    "name": facts.parties[party].name, "owned": _WORD[held.truth], "counted_low": held.low / WHOLE,
                    "counted_high": held.high / WHOLE, "line": f"{rule.op} {rule.pct:g} %",
                    "owners": sorted(held.owners), "look_through": deep.get(party, 0.0),
                }
            )  # fmt: skip
    return pl.DataFrame(rows, schema=_SCHEMA)


def proof(case: Case, party: str, as_of: dt.date | str) -> tuple[Reason, ...]:
    """Why a party is owned, or is not, under each rule: the tree down to the rows of its owners' stakes.

    Raises ``NotFound`` for a party that the case does not have.
    """
    day, facts = as_day(as_of, "as_of"), facts_of(case)
    if party not in facts.parties:
        hint = did_you_mean(party, list(facts.parties)) or "its id stands in parties.csv"
        raise NotFound(f"The case has no party {show(party)}: {hint}.")
    trees = []
    for rule in facts.ownership_rules.values():
        force = rule_in_force(rule, day, facts)
        held = held_on(rule, facts, day).get(party)
        name = facts.parties[party].name
        if party in listed_on(rule, facts, day):
            said = Reason(f"{name} is itself on {' or '.join(rule.lists)}", TRUE, (facts.parties[party].fact,))
        elif held is None:
            said = Reason(f"no party on {' or '.join(rule.lists)} has a stake in {name}", FALSE)
        else:
            said = held.reason
        trees.append(all_of(f"{rule.id}: {rule.text}", (force, said), rule.sources))
    return tuple(trees)

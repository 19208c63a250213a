"""Published answers of trade law: the case in ``tests/data/worked`` must give each of them, for the right reason."""

from __future__ import annotations

import datetime as dt
import os
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from detente.decide import Verdict, verdict
from detente.decide.facts import facts_of
from detente.record import Case, load
from detente.record.case import Decision

WORKED = Path(__file__).parents[1] / "data" / "worked"
SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[2].parent / "shared"))
PUBLISHED = SHARED / "facts" / "regime" / "worked_decisions.yaml"
NEIGHBOUR = "own-"

OUTCOMES = {
    "blocked": {"denied"},
    "not_blocked": {"allowed", "not_subject"},
    "exceeds_licence": {"licence_required"},
    "not_subject": {"not_subject"},
    "allowed": {"allowed"},
    "allowed_by_exception": {"allowed_by_exception"},
    "covered_by_licence": {"covered_by_licence"},
    "licence_required": {"licence_required"},
    "denied": {"denied"},
    "needs_facts": {"needs_facts"},
}
"""What a published word is in the outcomes of this program."""

ROWS: list[dict[str, Any]] = tomllib.loads((WORKED / "tests" / "decisions.toml").read_text("utf-8"))["decisions"]
IDS = [row["id"] for row in ROWS]


@cache
def worked(as_known: dt.date | None = None) -> Case:
    return load(WORKED, as_known=as_known)


def decision(id_: str) -> Decision:
    return next(d for d in worked().decisions if d.id == id_)


def ask(d: Decision) -> Verdict:
    return verdict(worked(d.as_known), d.sale, d.as_of)


@pytest.mark.parametrize("id_", IDS)
def test_decision(id_: str) -> None:
    d = decision(id_)
    v = ask(d)
    asked = f"{d.id}: {d.facts} ({d.as_of}" + (f", as known on {d.as_known})" if d.as_known else ")")
    got = f"{v.outcome} by {', '.join((*v.limbs, *v.authorisations, *v.licences)) or 'nothing'}; missing: {v.needs}"
    assert v.outcome == d.outcome, f"{asked}\nexpected {d.outcome} by {', '.join(d.limbs) or 'nothing'}\ngot {got}"
    assert v.otherwise == d.otherwise, f"{asked}\nexpected otherwise {d.otherwise}\ngot {v.otherwise}"
    assert set(d.limbs) <= set(v.limbs), f"{asked}\nexpected by {', '.join(d.limbs)}\ngot {got}"
    if d.review is not None:
        assert v.review == d.review, f"{asked}\nexpected review {d.review}\ngot {v.review}"
    if d.licence is not None:
        assert d.licence in v.licences, f"{asked}\nexpected under {d.licence}\ngot {got}"


@pytest.mark.parametrize("id_", [row["id"] for row in ROWS if not row["id"].startswith(NEIGHBOUR)])
def test_published_answer_is_the_outcome(id_: str) -> None:
    d = decision(id_)
    assert d.outcome in OUTCOMES[d.published]


@pytest.mark.parametrize("id_", [row["id"] for row in ROWS if row.get("published") == "blocked"])
def test_blocked_is_a_prohibition_that_asks_who_owns(id_: str) -> None:
    v, limbs = ask(decision(id_)), facts_of(worked()).limbs
    behind = [limbs[i][1] for i in v.limbs]
    assert any(x.effect == "prohibit" and x.parties is not None and x.parties.ownership for x in behind)
    assert {f.table for r in v.reason.walk() for f in r.facts} >= {"stakes", "parties", "orders"}


@pytest.mark.parametrize("id_", [row["id"] for row in ROWS if row.get("published") == "exceeds_licence"])
def test_the_reason_says_that_the_licence_is_exceeded(id_: str) -> None:
    assert any("exceed" in r.text for r in ask(decision(id_)).reason.walk())


@pytest.mark.parametrize("id_", IDS)
def test_grade_source_and_facts_are_given(id_: str) -> None:
    d = decision(id_)
    assert d.grade is not None
    assert d.facts.endswith(".")
    known = set(worked()["sources"]["id"])
    assert d.sources and set(d.sources) <= known
    assert d.sources != ("invented",)
    assert bool(d.published) != d.id.startswith(NEIGHBOUR)


def test_ids_are_used_once() -> None:
    assert len(IDS) == len(set(IDS))


def test_no_firm_made_up_for_a_question_passes_as_real() -> None:
    for party in worked()["parties"].iter_rows(named=True):
        invented = party["confidence"] == "invented"
        assert party["name"].endswith(" (invented)") == invented, party["id"]
        assert (party["source"] == ["invented"]) == invented, party["id"]


def test_every_published_decision_is_here() -> None:
    if not PUBLISHED.is_file():
        pytest.skip(f"no list of published decisions at {PUBLISHED}")
    rows = published()
    mine = {row["id"]: row for row in ROWS if not row["id"].startswith(NEIGHBOUR)}
    assert sorted(rows) == sorted(mine)
    for id_, row in rows.items():
        assert mine[id_]["published"] == row["answer"], id_
        assert mine[id_]["grade"] == row["grade"], id_
        assert str(mine[id_]["as_of"]) == row["as_of"], id_
        assert mine[id_]["facts"] != row.get("facts"), id_


def published() -> dict[str, dict[str, str]]:
    """The list of published decisions: rows of ``key: value`` lines, each begun by ``- id:``."""
    rows: dict[str, dict[str, str]] = {}
    row: dict[str, str] = {}
    for start, key, value in re.findall(r"^(- |  )([a-z_]+): (.*)$", PUBLISHED.read_text("utf-8"), flags=re.M):
        if start == "- ":
            row = rows[value] = {}
        row[key] = value
    return rows

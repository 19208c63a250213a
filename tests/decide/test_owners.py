"""Whom listed parties own: the table and the proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from cases import limb, measure
from detente.decide.owners import owners, proof
from detente.decide.truth import FALSE, TRUE
from detente.record import Case, NotFound

Made = Callable[..., Case]
RULE = """
[[ownership_rules]]
id = "half"
text = "Half or more."
lists = ["home-list"]
op = ">="
pct = 50
aggregate = true
chain = "step"
sources = ["law"]
in_force = [
  {since = 2020-04-01, through = 2020-08-31, recorded = 2020-01-01},
  {since = 2020-09-01, recorded = 2020-01-01, certainty = "scheduled"},
]
"""
STAKES = """
    id, owner, owned, share, share_low, share_high, confidence
    s1, vell,  norr,  0.5,   ,          ,           official
    s2, norr,  ova,   0.5,   ,          ,           official
    s3, vell,  acme,  0.4,   0.3,       0.6,        estimated
    """
FILES: Mapping[str, str] = {
    "measures/order.toml": measure(limb("list", 'parties = {listed_on = "home-list", ownership = "half"}')) + RULE,
    "stakes.csv": STAKES,
}


def test_the_table_says_who_is_owned_by_how_much_and_by_whom(made: Made) -> None:
    table = owners(made(FILES), "2020-05-01")
    assert table.select("party", "owned", "counted_low", "counted_high", "look_through", "in_force").rows() == [
        ("acme", "possible", 0.3, 0.6, 0.45, "yes"), ("norr", "yes", 0.5, 0.5, 0.5, "yes"),
        ("ova", "yes", 0.5, 0.5, 0.25, "yes"),
    ]  # fmt: skip
    assert table["owners"].to_list() == [["vell"]] * 3
    assert set(table["line"]) == {">= 50 %"}


@pytest.mark.parametrize(("day", "said"), [("2020-03-31", "no"), ("2020-04-01", "yes"), ("2020-09-01", "possible")])
def test_whether_the_rule_is_in_force_is_said(made: Made, day: str, said: str) -> None:
    assert set(owners(made(FILES), day)["in_force"]) == {said}


def test_the_proof_goes_down_to_the_rows(made: Made) -> None:
    (tree,) = proof(made(FILES), "ova", "2020-05-01")
    assert tree.truth is TRUE
    assert {f.id for r in tree.walk() for f in r.facts} >= {"s1", "s2"}
    (early,) = proof(made(FILES), "ova", "2020-03-01")
    assert early.truth is FALSE
    (listed,) = proof(made(FILES), "vell", "2020-05-01")
    assert "is itself on home-list" in listed.children[1].text


def test_a_party_that_is_not_there(made: Made) -> None:
    with pytest.raises(NotFound, match="did you mean 'norr'"):
        proof(made(FILES), "nor", "2020-05-01")

"""Proposals as read from a case, and as made from what holds its sales."""

from collections.abc import Callable

import pytest

from cases import CASE_TOML, LISTED, limb, measure
from detente.record import Case, DetenteError, NotFound, load
from detente.relief.proposals import generate, proposals

HEAD = "id, title, side, kind, target, items, cap, recorded"
REGIMES = CASE_TOML + '\n[regimes]\nhome = "home"\nback = "target"\n'
BACK = measure(limb("back", 'scope = [{origin = ["US"]}]', since="2020-05-01"), regime="back", name="back")


def test_a_proposal_is_as_many_as_it_has_modes(made: Callable[..., Case]) -> None:
    case = made({"proposals.csv": f"{HEAD}\ng, A licence, home, grant, acme, chip, 1;0.125;0.5, 2020-01-01"})
    found = proposals(case)
    assert [p.id for p in found] == ["g@12.5", "g@50", "g@100"]
    assert {p.of for p in found} == {"g"}
    assert [p.cap for p in found] == [0.125, 0.5, 1.0]
    assert [p.title for p in found] == ["A licence, 12.5 %", "A licence, 50 %", "A licence, 100 %"]
    assert proposals(case, ["g@50"]) == found[1:2]
    assert proposals(case, ["g"]) == found
    assert {(p.file, p.row) for p in found} == {("proposals.csv", 2)}
    with pytest.raises(NotFound, match="Did you mean 'g@50'"):
        proposals(case, ["g@51"])


def test_what_is_not_yet_recorded_is_left_out(made: Callable[..., Case]) -> None:
    text = f"{HEAD}, source\ng, A licence, home, grant, acme, chip, 1, 2020-05-01, law"
    files = {"proposals.csv": text + "\nd, Delist, home, delist, late, , 1, 2020-01-01, law"}
    files["listings.csv"] = """
        id,   list,      party, as_listed, requirement, review, since,      recorded
        late, home-list, vell,  VELL,      all,         denial, 2020-06-01, 2020-05-20
        """
    case = made(files)
    assert [p.id for p in proposals(case)] == ["g", "d"]
    assert proposals(load(case.folder, as_known="2020-04-01")) == ()
    assert [p.id for p in proposals(load(case.folder, as_known="2020-05-10"))] == ["g"]


def test_refused_sales_become_a_licence_a_seller_and_item(made: Callable[..., Case]) -> None:
    found = generate(made({"case.toml": REGIMES, "measures/back.toml": BACK}), "2020-04-01", ["refused"])
    assert [p.id for p in found] == ["grant:acme:chip@25", "grant:acme:chip@50", "grant:acme:chip@100"]
    assert {(p.side, p.kind, p.targets, p.items, p.limbs) for p in found} == {
        ("home", "grant", ("acme",), ("chip",), ("list",))
    }


def test_a_sale_held_by_both_sides_needs_a_licence_of_both(made: Callable[..., Case]) -> None:
    found = generate(made({"case.toml": REGIMES, "measures/back.toml": BACK}), "2020-06-01", ["refused"], modes=[1])
    assert [(p.id, p.side, p.limbs, p.requires) for p in found] == [
        ("grant:acme:chip:home", "home", ("list",), ("grant:acme:chip:target",)),
        ("grant:acme:chip:target", "target", ("back",), ("grant:acme:chip:home",)),
    ]


def test_rules_of_who_restricted_first_are_suspended_and_those_of_the_others_lifted(made: Callable[..., Case]) -> None:
    case = made({"case.toml": REGIMES, "measures/back.toml": BACK})
    assert [(p.id, p.side) for p in generate(case, "2020-06-01", ["limbs"])] == [("suspend:list", "home")]
    assert [(p.id, p.side) for p in generate(case, "2020-06-01", ["countermeasures"])] == [("lift:back", "target")]
    assert generate(case, "2020-04-01", ["countermeasures"]) == ()
    assert [p.id for p in generate(case, "2020-04-01", ["listings"])] == ["delist:vell"]
    assert generate(case, "2020-02-01", ["listings"]) == ()


def test_a_licence_whose_goods_are_not_published_comes_back_whole() -> None:
    found = generate(load("huawei"), "2021-01-20", ["revoked"])
    assert {p.of for p in found if p.id.endswith("@25")} == {
        "restore:us-intel-2020-09", "restore:us-kioxia-2021-01",
    }  # fmt: skip
    assert len({p.of for p in found}) == 8
    assert {p.side for p in found} == {"us"}


def test_a_caller_who_asks_for_nonsense_is_told(made: Callable[..., Case]) -> None:
    case = made({"measures/order.toml": measure(limb("list", LISTED))})
    with pytest.raises(DetenteError, match="modes: got 50"):
        generate(case, "2020-06-01", modes=[50])
    with pytest.raises(DetenteError, match="what: got 'all'"):
        generate(case, "2020-06-01", ["all"])  # type: ignore[list-item]

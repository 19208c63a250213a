"""A proposal that the law cannot grant is refused, and told why in the words of the law."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cases import CASE_TOML, LISTED, limb, measure
from detente.record import Case, DetenteError, load
from detente.relief.admissible import admissible, rulings
from detente.relief.proposals import Proposal, proposals

DAY = "2020-06-01"
TWO_SIDES = CASE_TOML + '\n[regimes]\nhome = "home"\nback = "target"\n'
BACK = measure(limb("back", 'parties = {names = ["vell"]}'), regime="back", name="back")
US = 'scope = [{origin = ["US"]}]\n'


def proposal(kind: str, *targets: str, side: str = "home", **more: object) -> Proposal:
    return Proposal(f"{kind}-{side}", f"{kind}-{side}", "A proposal", side, kind, targets, **more)  # type: ignore[arg-type]


def refused(case: Case, p: Proposal, day: str = DAY) -> str:
    ruling = admissible(case, p, day)
    assert not ruling.is_admissible
    assert ruling.opened == ()
    return ruling.because


def test_a_licence_that_frees_a_sale_is_admissible(made: Callable[..., Case]) -> None:
    ruling = admissible(made(), proposal("grant", "acme"), DAY)
    assert ruling.is_admissible
    assert ruling.opened == ("acme>vell:chip",)
    assert ruling.because == "1 sale freer, the first acme>vell:chip."


def test_no_licence_overcomes_a_prohibition(made: Callable[..., Case]) -> None:
    ban = limb("ban", US, effect="prohibit")
    case = made({"measures/order.toml": measure(limb("list", US + LISTED), ban)})
    said = refused(case, proposal("grant", "acme"))
    assert "acme>vell:chip: ban prohibits it, and no licence overcomes that: The rule ban. [law]" in said
    verdict = admissible(case, proposal("grant", "acme"), DAY).verdict
    assert verdict is not None
    assert verdict.outcome == "denied"


def test_a_sale_that_is_not_held_needs_no_licence(made: Callable[..., Case]) -> None:
    assert refused(made(), proposal("grant", "norr")) == f"No sale of anything by Norr AG is held on {DAY}."
    said = refused(made(), proposal("grant", "acme", items=("chip",)), "2020-03-01")
    assert said == "No sale of Chips by Acme Corp is held on 2020-03-01."


def test_another_sides_rule_that_still_holds_the_sale_is_named(made: Callable[..., Case]) -> None:
    case = made({"case.toml": TWO_SIDES, "measures/back.toml": BACK})
    ours, theirs = proposal("grant", "acme"), proposal("grant", "acme", side="target")
    said = refused(case, ours)
    assert said == "No sale is freer. acme>vell:chip: back (of Target) still holds it: The rule back. [law]."
    both = rulings(case, [replace(ours, requires=(theirs.of,)), theirs], DAY)
    assert [r.is_admissible for r in both] == [True, False]
    each = rulings(case, [replace(ours, requires=(theirs.of,)), replace(theirs, requires=(ours.of,))], DAY)
    assert all(r.is_admissible for r in each)


def test_a_licence_against_a_rule_that_does_not_hold_the_sale_is_told_so(made: Callable[..., Case]) -> None:
    other = limb("other", 'scope = [{origin = ["KR"]}]\n' + LISTED)
    case = made({"measures/order.toml": measure(limb("list", US + LISTED), other)})
    said = refused(case, proposal("grant", "acme", limbs=("other",)))
    assert "no rule that it is granted against holds acme>vell:chip; list still holds it" in said


def test_a_side_does_not_act_on_the_rules_or_lists_of_another(made: Callable[..., Case]) -> None:
    case = made({"case.toml": TWO_SIDES, "measures/back.toml": BACK})
    for p in (
        proposal("suspend", "list", side="target"), proposal("delist", "vell", side="target"),
        proposal("grant", "acme", side="target", limbs=("list",)),
    ):  # fmt: skip
        assert refused_words(case, p) == (
            "Not for Target to do: list (The list of restricted buyers) is a rule of Home."
        )
    sale = proposal("divest", "vell", owner="ova")
    assert refused_words(case, sale) == "Not for Home to do: vell belongs to Vell Ltd, of Target."


def refused_words(case: Case, p: Proposal) -> str:
    """Why it is refused, whatever it would free."""
    ruling = admissible(case, p, DAY)
    assert not ruling.is_admissible
    return ruling.because


def test_a_list_that_another_side_speaks_of_is_still_that_of_its_side(made: Callable[..., Case]) -> None:
    against = measure(limb("against", LISTED, effect="forbid_compliance"), regime="back", name="back")
    case = made({"case.toml": TWO_SIDES, "measures/back.toml": against})
    assert admissible(case, proposal("delist", "vell"), DAY).is_admissible


def test_nothing_to_act_on_is_told(made: Callable[..., Case]) -> None:
    assert refused(made(), proposal("delist", "ova")) == f"Ova Phones is not listed on {DAY}."
    assert refused(made(), proposal("delist", "vell"), "2020-03-01") == "Vell Ltd is not listed on 2020-03-01."
    assert "in force on 2020-03-01 (starts 2020-03-02)" in refused(made(), proposal("suspend", "list"), "2020-03-01")
    own = proposal("divest", "vell", side="target", owner="vell")
    assert refused(made(), own) == "vell belongs to Vell Ltd already."
    late = proposal("suspend", "list", since=load("huawei").about.default_as_of)
    assert refused(made(), late) == "It starts on 2021-01-20, after the day that is asked about (2020-06-01)."


def test_a_licence_in_force_is_not_restored(made: Callable[..., Case]) -> None:
    files = {
        "licences.csv": "id, authority, holder, kind, consignees, overcomes\nlic, M, acme, individual, vell, list\n",
        "licence_lines.csv": "id, licence, line, item\nlic:1, lic, 1, chip\n",
        "licence_events.csv": "id, licence, date, event\ne, lic, 2020-04-01, granted\nf, lic, 2020-07-01, void\n",
    }
    case = made({**files, "licence_events.csv": "id, licence, date, event\ne, lic, 2020-04-01, granted\n"})
    assert refused(case, proposal("restore", "lic")) == "lic is in force on 2020-06-01: there is nothing to restore."
    assert "list still holds it" in refused(made(files), proposal("restore", "lic"))


def test_a_prerequisite_that_is_nowhere_is_a_mistake(made: Callable[..., Case]) -> None:
    with pytest.raises(DetenteError, match="requires 'nothing'"):
        admissible(made(), proposal("grant", "acme", requires=("nothing",)), DAY)


def test_the_proposals_of_the_bundled_cases_are_ruled_on_as_expected() -> None:
    huawei = load("huawei")
    said = {r.proposal: r for r in rulings(huawei, proposals(huawei), "2021-01-20")}
    assert {i for i, r in said.items() if not r.is_admissible} == {"restore-unnamed"}
    assert "tsmc>hisilicon:wafers" not in said["delist-hisilicon"].opened
    assert not any(r.tightened for r in said.values())
    lesson = load("chips-rare-earths")
    told = {r.proposal: r for r in rulings(lesson, proposals(lesson), lesson.about.default_as_of)}
    assert {i for i, r in told.items() if not r.is_admissible} == {"b-defence", "m-blocking"}
    assert "b-military prohibits it" in told["b-defence"].because
    assert told["m-blocking"].tightened == ("orion-controllers>rigel-foundry",)

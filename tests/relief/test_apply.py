"""What each kind of proposal changes, on the day and around it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cases import CASE_TOML, LISTED, ask, limb, measure
from detente.decide import permits
from detente.record import Case, DetenteError
from detente.relief.apply import apply
from detente.relief.proposals import Proposal

SALE, DAY = "acme>vell:chip", "2020-06-01"
Files = dict[str, str]
LICENCE: Files = {
    "licences.csv": """
        id,  authority, holder, kind,       consignees, overcomes
        lic, Ministry,  acme,   individual, vell,       list
        """,
    "licence_lines.csv": """
        id,    licence, line, item, covers, covers_low, covers_high
        lic:1, lic,     1,    chip, 0.8,    0.6,        1
        """,
    "licence_events.csv": """
        id,  licence, date,       event
        e:1, lic,     2020-04-01, granted
        e:2, lic,     2020-05-01, revoked
        """,
}


def proposal(kind: str, *targets: str, **more: object) -> Proposal:
    return Proposal("p", "p", "A proposal", "home", kind, targets, **more)  # type: ignore[arg-type]


def outcomes(case: Case, days: tuple[str, ...], sale: str = SALE) -> list[str]:
    return [ask(case, sale, day).outcome for day in days]


def test_a_licence_covers_from_its_day_to_its_end(made: Callable[..., Case]) -> None:
    case = made()
    until = ask(case, SALE, DAY).as_of.replace(month=8)
    there = apply(case, [proposal("grant", "acme", cap=0.25, through=until)], DAY)
    assert outcomes(there, ("2020-05-31", DAY, "2020-08-01", "2020-08-02")) == [
        "licence_required", "covered_by_licence", "covered_by_licence", "licence_required",
    ]  # fmt: skip
    verdict = ask(there, SALE, DAY)
    assert (verdict.share, verdict.share_low, verdict.share_high) == (0.25, 0.25, 0.25)
    assert verdict.licences == ("p:acme",)
    assert case["licences"].height == 0
    assert there.digest not in (case.digest, apply(case, [proposal("grant", "acme")], DAY).digest)


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"items": ("phone",)}, "licence_required"), ({"buyers": ("ova",)}, "licence_required"),
        ({"items": ("chip",), "buyers": ("vell",), "limbs": ("list",)}, "covered_by_licence"),
    ],
)  # fmt: skip
def test_a_licence_covers_what_it_names(made: Callable[..., Case], more: dict[str, object], outcome: str) -> None:
    assert outcomes(apply(made(), [proposal("grant", "acme", **more)], DAY), (DAY,)) == [outcome]


def test_a_licence_is_granted_against_the_rules_of_its_side(made: Callable[..., Case]) -> None:
    back = measure(limb("back", 'scope = [{origin = ["US"]}]'), regime="back", name="back")
    sides = CASE_TOML + '\n[regimes]\nhome = "home"\nback = "target"\n'
    case = made({"case.toml": sides, "measures/back.toml": back})
    ours, theirs = proposal("grant", "acme"), replace(proposal("grant", "acme"), id="q", side="target")
    assert ask(apply(case, [ours], DAY), SALE, DAY).outcome == "licence_required"
    assert ask(apply(case, [theirs], DAY), SALE, DAY).outcome == "licence_required"
    assert ask(apply(case, [ours, theirs], DAY), SALE, DAY).outcome == "covered_by_licence"


def test_a_restored_licence_covers_its_part_of_what_it_did(made: Callable[..., Case]) -> None:
    case = made(LICENCE)
    for cap in (1.0, 0.5):
        there = apply(case, [proposal("restore", "lic", cap=cap)], DAY)
        assert outcomes(there, ("2020-04-15", "2020-05-31", DAY)) == [
            "covered_by_licence", "licence_required", "covered_by_licence",
        ]  # fmt: skip
        verdict = ask(there, SALE, DAY)
        assert (verdict.share, verdict.share_low, verdict.share_high) == (0.8 * cap, 0.6 * cap, cap)
        assert ask(there, SALE, "2020-04-15").share == 0.8
    short = apply(case, [proposal("restore", "lic", through=ask(case, SALE, DAY).as_of)], DAY)
    assert outcomes(short, (DAY, "2020-06-02")) == ["covered_by_licence", "licence_required"]


def test_a_delisted_party_is_off_the_list_and_may_come_back(made: Callable[..., Case]) -> None:
    case = made()
    days = ("2020-05-31", DAY, "2020-07-01", "2020-07-02")
    assert outcomes(apply(case, [proposal("delist", "vell")], DAY), days) == ["licence_required", *["allowed"] * 3]
    assert outcomes(apply(case, [proposal("delist", "l-vell")], DAY), days) == ["licence_required", *["allowed"] * 3]
    while_ = proposal("delist", "vell", through=ask(case, SALE, DAY).as_of.replace(month=7))
    assert outcomes(apply(case, [while_], DAY), days)[1:] == ["allowed", "allowed", "licence_required"]


def test_an_entry_that_was_amended_stays_ended(made: Callable[..., Case]) -> None:
    listings = """
        id,  list,      party, as_listed, requirement, review, since,      modifies
        one, home-list, vell,  VELL,      all,         denial, 2020-03-02,
        two, home-list, vell,  VELL,      all,         denial, 2020-06-01, one
        """
    there = apply(made({"listings.csv": listings}), [proposal("delist", "vell")], DAY)
    assert outcomes(there, ("2020-05-31", DAY, "2020-12-31")) == ["licence_required", "allowed", "allowed"]


def test_a_suspended_rule_comes_back_and_a_lifted_one_does_not(made: Callable[..., Case]) -> None:
    first = "{since = 2020-03-02, through = 2020-07-31, recorded = 2020-01-01}"
    windows = f"[{first}, {{since = 2020-09-01, recorded = 2020-01-01}}]"
    case = made({"measures/order.toml": measure(limb("list", LISTED, windows=windows))})
    days = ("2020-05-31", DAY, "2020-07-10", "2020-08-15", "2020-09-01", "2020-10-01")
    free, held = "not_subject", "licence_required"
    until = ask(case, SALE, DAY).as_of.replace(month=7, day=9)
    for target in ("list", "order"):
        there = apply(case, [proposal("suspend", target, through=until)], DAY)
        assert outcomes(there, days) == [held, free, held, free, held, held]
        assert outcomes(apply(case, [proposal("lift", target)], DAY), days) == [held, *[free] * 5]
    later = proposal("suspend", "list", since=ask(case, SALE, DAY).as_of.replace(month=9))
    assert outcomes(apply(case, [later], DAY), days) == [held, held, held, free, free, free]


def test_a_unit_that_is_sold_has_another_owner_from_the_day_on(made: Callable[..., Case]) -> None:
    there = apply(made(), [proposal("divest", "vell", owner="ova")], DAY)
    assert outcomes(there, ("2020-05-31", DAY)) == ["licence_required", "allowed"]


def test_a_line_of_business_goes_to_the_new_owner(huawei: Case) -> None:
    sale, day = "qorvo>huawei-p-mate:rf", "2021-01-20"
    there = apply(huawei, [proposal("divest", "p-mate", owner="p-mate-consortium")], day)
    assert outcomes(there, ("2021-01-19", day), sale) == ["licence_required", "allowed"]


def test_an_overlay_is_a_proposal_too(huawei: Case) -> None:
    day = "2021-01-25"
    laid = proposal("overlay", "p-mate-sale")
    there = apply(huawei, [laid, proposal("suspend", "us-ear-fdpr-huawei-2020-08")], day)
    assert there.overlays == ("p-mate-sale",)
    assert ask(there, "qorvo>huawei-p-mate:rf", day).outcome == "allowed"
    assert ask(there, "tsmc>hisilicon:wafers", day).outcome == "not_subject"
    delisted, sold = proposal("delist", "hisilicon"), proposal("divest", "p-mate", owner="p-mate-consortium")
    both = apply(apply(huawei, [delisted], day), [laid], day)
    assert both.overlays == ("p-mate-sale",)
    assert both.digest == apply(huawei, [laid, delisted], day).digest
    with pytest.raises(DetenteError, match="what-if made in memory"):
        apply(apply(huawei, [sold], day), [laid], day)


def test_the_order_of_a_package_does_not_matter(made: Callable[..., Case]) -> None:
    case = made(LICENCE)
    package = [
        replace(proposal("grant", "acme", cap=0.5), id="a"), replace(proposal("restore", "lic", cap=0.5), id="b"),
        replace(proposal("divest", "vell", owner="ova"), id="c"), replace(proposal("delist", "vell"), id="d"),
    ]  # fmt: skip
    one, other = apply(case, package, DAY), apply(case, package[::-1], DAY)
    assert one.digest == other.digest
    a, b = (permits(c, DAY, DAY).on(DAY) for c in (one, other))
    assert a.allowed.tolist() == b.allowed.tolist()

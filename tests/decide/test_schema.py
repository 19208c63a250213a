"""Keys of a rule that stand apart: scopes others name, the value of an order, roles left out, policies of review."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cases import FILES, LISTED, ask, bite, limb, make_case, measure, problems_of
from detente.decide.truth import FALSE, TRUE, UNKNOWN
from detente.record import Case

Made = Callable[..., Case]
A, N = "acme>vell:chip", "norr>vell:chip"
DAY = "2020-05-01"


def laws(**bodies: str) -> dict[str, str]:
    """A case's files with one requirement a body, under the name it is given."""
    return {"measures/order.toml": measure(*(limb(name, body) for name, body in bodies.items()))}


# ---------------------------------------------------------------- scopes that others name

REACH = 'scope = [{origin = ["US"]}]'


@pytest.mark.parametrize("effect", ["define", "in_scope"])
def test_a_scope_holds_for_whoever_names_it_while_it_is_in_force(made: Made, effect: str) -> None:
    windows = "[{since = 2020-04-01, through = 2020-05-31, recorded = 2020-01-01}]"
    reach = limb("reach", REACH, effect=effect, windows=windows)
    case = made({"measures/order.toml": measure(reach, limb("r", 'scope = [{named = "reach"}]'))})
    days = {"2020-03-31": FALSE, "2020-04-01": TRUE, "2020-05-31": TRUE, "2020-06-01": FALSE}
    assert {d: bite(case, A, d, "r") for d in days} == days
    assert bite(case, N, DAY, "r") is FALSE
    assert ask(case, A, "2020-06-01").outcome == "not_subject"
    alone = made({"measures/order.toml": measure(reach)})
    assert [ask(alone, s, DAY).outcome for s in (A, N)] == ["allowed", "not_subject"]  # enough to have a say


def test_a_scope_reads_codes_and_places_as_its_own_regime_does(made: Made) -> None:
    """Named from a measure of another regime, it is still tested by the codes of the one that wrote it."""
    product = 'scope = [{made_with_codes = ["3E1"], made_with_origin = ["US"]}]'
    far = measure(limb("reach", product, effect="define"), regime="far", name="far")
    made_so = "id, item, maker, origin, made_with_codes, made_with_origin\n"
    case = made({
        "measures/far.toml": far,
        **laws(r='scope = [{named = "reach"}]'),
        "variants.csv": made_so + "acme-chip, chip, acme, KR, far:3E1, US\nnorr-chip, chip, norr, KR, home:3E1, US\n",
    })  # fmt: skip
    assert [bite(case, s, DAY, "r") for s in (A, N)] == [TRUE, UNKNOWN]


def test_a_scope_named_by_a_scope(made: Made) -> None:
    case = made({
        "measures/order.toml": measure(
            limb("inner", REACH, effect="define", since="2020-05-01"),
            limb("outer", 'scope = [{named = "inner"}, {origin = ["JP"]}]', effect="define"),
            limb("r", 'scope = [{named = "outer"}]'),
        ),
    })  # fmt: skip
    assert [bite(case, A, d, "r") for d in ("2020-04-30", "2020-05-01")] == [FALSE, TRUE]
    assert bite(case, N, DAY, "r") is FALSE


def test_a_scope_may_not_lead_back_to_itself(tmp_path: Path) -> None:
    limbs = [
        limb(a, f'scope = [{{origin = ["US"]}}, {{named = "{b}"}}]', effect="define") for a, b in ("xy", "yz", "zx")
    ]
    found = problems_of(make_case(tmp_path, {"measures/order.toml": measure(*limbs)}))
    assert len(found) == 3
    assert all("does not lead back to itself" in p.expected for p in found)


def test_a_limb_that_defines_a_scope_has_no_other_condition(tmp_path: Path) -> None:
    more = {
        "items": 'items = {kind = ["commodity"]}',
        "places": 'places = {to = ["CN"]}',
        "parties": LISTED,
        "end_use": 'end_use = ["repair"]',
        "savings": 'savings = [{event_by = {exported = 2020-01-01}, text = "Before.", sources = ["law"]}]',
        "chart_applies": "chart_applies = true",
    }
    limbs = [limb(f"{e}-{k}", f"{REACH}\n{v}", effect=e) for e in ("define", "in_scope") for k, v in more.items()]
    found = problems_of(make_case(tmp_path, {"measures/order.toml": measure(*limbs)}))
    assert len(found) == len(limbs)
    for key, problem in zip([*more, *more], found, strict=True):
        assert problem.expected.endswith(f"scope alone in a limb that defines one; got {key}")


def test_a_misspelt_field_of_law_is_a_fault_wherever_it_stands(tmp_path: Path) -> None:
    bodies = (
        'partys = {names = ["vell"]}', 'parties = {listed_on = "home-list", role = ["end_user"]}', "max_value = 5000",
        'places = {to = ["CN"], via_count = true}', 'items = {codes = ["3A1"], reason = ["NS 2"]}',
        'reviews = [{policy = "denial", item = {codes = ["3A1"]}}]', 'duties = [{kind = "record", onfile = true}]',
        'savings = [{event_by = {shipped = 2020-01-01}, text = "x", sources = ["law"]}]', "chart_apply = true",
        "not_enforced = [{from = 2020-01-01}]",
    )  # fmt: skip
    found = problems_of(make_case(tmp_path, laws(**{f"r{i}": b for i, b in enumerate(bodies)})))
    lines = {p.row for p in found}
    assert len(lines) >= len(bodies)


# ---------------------------------------------------------------- the value of an order


def test_the_value_of_one_order_at_most(made: Made) -> None:
    """The limit is inclusive; a yearly flow says nothing of the value of one order."""
    case = made({
        **laws(r="max_value_usd = 5000", cents="max_value_usd = 5000.01"),
        "orders.csv": "id, link, value_usd_m\n"
        + "".join(f"{n}, {A}, {v}\n" for n, v in (
            ("zero", "0"), ("under", "0.00499999"), ("on", "0.005"), ("cent", "0.00500001"), ("over", "0.00500002"),
            ("much", "7"))),
        "links.csv": FILES["links.csv"].replace("vell,  40,", "vell,  0.0001,"),
    })  # fmt: skip
    found = {s: bite(case, s, DAY, "r") for s in (*case["orders"]["id"], A)}
    assert found == {
        "zero": TRUE, "under": TRUE, "on": TRUE, "cent": FALSE, "over": FALSE, "much": FALSE, A: UNKNOWN,
    }  # fmt: skip
    assert [bite(case, s, DAY, "cents") for s in ("on", "cent", "over", A)] == [TRUE, TRUE, FALSE, UNKNOWN]


def test_an_exception_for_small_orders(made: Made) -> None:
    small = limb("small", 'defeats = ["list"]\nmax_value_usd = 5000', effect="authorise")
    case = made({
        "measures/order.toml": measure(limb("list", LISTED), small),
        "orders.csv": f"id, link, value_usd_m\nsmall, {A}, 0.005\nlarge, {A}, 0.0051\n",
    })  # fmt: skip
    assert [ask(case, s, DAY).outcome for s in ("small", "large", A)] == [
        "allowed_by_exception", "licence_required", "needs_facts",
    ]  # fmt: skip
    (need,) = ask(case, A, DAY).needs
    assert "what one order of acme>vell:chip is worth" in need


def test_a_limit_is_more_than_nothing(tmp_path: Path) -> None:
    found = problems_of(
        make_case(tmp_path, laws(a="max_value_usd = 0", b="max_value_usd = -1", c='max_value_usd = "x"'))
    )
    assert len(found) == 3


# ---------------------------------------------------------------- roles that are left out


def test_roles_that_a_rule_leaves_out(made: Made) -> None:
    body = 'parties = {listed_on = "home-list", %s}'
    case = made({
        **laws(
            no_banks=body % 'not_roles = ["intermediate_consignee"]',
            no_users=body % 'roles = ["purchaser", "end_user"], not_roles = ["end_user"]',
            every=body % 'roles = ["any"]',
        ),
        "orders.csv": """
            id,   seller, purchaser, variant,   destination, value_usd_m, intermediate_consignee, end_user, end_use
            buys, acme,   vell,      acme-chip, CN,          1,           ,                       ova,      production
            bank, acme,   ova,       acme-chip, CN,          1,           vell,                   ,         production
            uses, acme,   ova,       acme-chip, CN,          1,           ,                       vell,     production
            two,  acme,   ova,       acme-chip, CN,          1,           vell,                   vell,     production
            """,
    })  # fmt: skip
    sales = ("buys", "bank", "uses", "two")
    assert [bite(case, s, DAY, "no_banks") for s in sales] == [TRUE, FALSE, TRUE, TRUE]
    assert [bite(case, s, DAY, "no_users") for s in sales] == [TRUE, FALSE, FALSE, FALSE]
    assert [bite(case, s, DAY, "every") for s in sales] == [TRUE, TRUE, TRUE, TRUE]


def test_one_who_is_left_out_in_one_role_may_be_meant_in_another(made: Made) -> None:
    """Whoever buys for itself is purchaser, ultimate consignee and end user at once."""
    case = made(laws(
        one='parties = {listed_on = "home-list", not_roles = ["purchaser"]}',
        all='parties = {listed_on = "home-list", not_roles = ["purchaser", "ultimate_consignee", "end_user"]}',
    ))  # fmt: skip
    assert [bite(case, A, DAY, r) for r in ("one", "all")] == [TRUE, FALSE]


# ---------------------------------------------------------------- how an application is looked at


def reviewed(*policies: str, **goods: str) -> dict[str, str]:
    """A requirement with these policies, and a sale of a good with these codes to nobody on a list, a name each."""
    rows = "".join(f'{name}, chip, acme, US, "{codes}"\n' for name, codes in goods.items())
    links = "".join(f"{name}, acme, ova, 1, production, {name}\n" for name in goods)
    return {
        **laws(r=f"reviews = [{', '.join(policies)}]"),
        "+variants.csv": "id, item, maker, origin, codes\n" + rows,
        "links.csv": "id, seller, buyer, value_usd_m, end_use, variant\n" + links,
    }


def policy(name: str, code: str = "") -> str:
    """A policy, for all goods or for those of a code."""
    return f'{{policy = "{name}"' + (f', items = {{codes = ["{code}"]}}' if code else "") + "}"


GENERAL, STRICT, MILD = policy("case_by_case"), policy("denial", "3B1.f"), policy("presumption_of_approval", "5A1.f")
GOODS = {
    "strict": "home:3B1.f", "mild": "home:5A1.f", "other": "home:4A1", "wide": "home:3B1", "wide_mild": "home:5A1",
    "two": "home:3B1.f; home:5A1.f", "dark": "", "none": "home:none",
}  # fmt: skip


def reviews(case: Case) -> dict[str, str | None]:
    """The policy that each sale of a case meets."""
    found = {s: ask(case, s, DAY) for s in case["links"]["id"]}
    assert {v.outcome for v in found.values()} == {"licence_required"}
    return {s: v.review for s, v in found.items()}


def test_a_policy_for_some_goods_goes_before_the_general_one(made: Made) -> None:
    assert reviews(made(reviewed(GENERAL, STRICT, MILD, **GOODS))) == {
        "strict": "denial",
        "mild": "presumption_of_approval",  # a milder one too, where the good is found to be of it
        "other": "case_by_case",
        "wide": "denial",  # perhaps .f: a stricter one need only not be excluded
        "wide_mild": "case_by_case",  # perhaps .f: a milder one must be found
        "two": "denial",  # both: the strictest
        "dark": "denial",  # nothing is known of it
        "none": "case_by_case",
    }


def test_policies_for_some_goods_without_a_general_one(made: Made) -> None:
    found = reviews(made(reviewed(STRICT, MILD, **GOODS)))
    assert found | {"wide_mild": "", "dark": ""} == {
        "strict": "denial", "mild": "presumption_of_approval", "other": None, "wide": "denial", "two": "denial",
        "none": None, "wide_mild": "", "dark": "",
    }  # fmt: skip
    assert found["dark"] == "denial"


def test_a_rule_that_is_overcome_has_no_say_in_the_review(made: Made) -> None:
    mild, strict = (limb(n, f"reviews = [{policy(p)}]") for n, p in (("mild", "case_by_case"), ("strict", "denial")))
    free = limb("free", 'defeats = ["strict"]\nend_use = ["repair"]', effect="authorise")
    links = "id, seller, buyer, value_usd_m, end_use\nlifted, acme, ova, 1, repair\nboth, acme, ova, 1, production\n"
    case = made({"measures/order.toml": measure(mild, strict, free), "links.csv": links})
    assert reviews(case) == {"lifted": "case_by_case", "both": "denial"}


def test_over_limbs_and_entries_the_strictest_policy_counts(made: Made) -> None:
    """The good's own mild policy in one limb does not soften another limb, or the entry of the listed buyer."""
    soft = f"reviews = [{GENERAL}, {MILD}]"
    far = policy("denial")
    case = made({
        **reviewed(mild="home:5A1.f"),
        **laws(
            one=soft, two=f'reviews = [{GENERAL}]\nplaces = {{to = ["CN", "TW"]}}', listed=LISTED,
            off=f'reviews = [{far}]\nend_use = ["repair"]', far=f'reviews = [{far}]\nplaces = {{to = ["TW"]}}',
        ),
        "orders.csv": "id, seller, purchaser, variant, destination, value_usd_m, end_use\n"
        + "".join(
            f"{b}-{c}, acme, {b}, mild, {c}, 1, production\n" for b in ("ova", "vell") for c in ("JP", "CN", "TW")
        ),
    })  # fmt: skip
    assert {s: ask(case, s, DAY).review for s in case["orders"]["id"]} == {
        "ova-JP": "presumption_of_approval",  # a limb that does not bite has no say
        "ova-CN": "case_by_case", "ova-TW": "denial",
        "vell-JP": "presumption_of_denial", "vell-CN": "presumption_of_denial", "vell-TW": "denial",
    }  # fmt: skip

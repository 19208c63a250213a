"""Parties that listed parties own, in a limb: whose owners count, from when, and what must be known."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cases import ask, bite, limb, make_case, measure, problems_of
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Truth
from detente.record import Case

Made = Callable[..., Case]
DAY = "2020-05-01"

RULE = """
[[ownership_rules]]
id = "half"
text = "Half or more, all listed owners added up."
lists = ["home-list"]
op = ">="
pct = 50
aggregate = true
chain = "step"
in_force = [{since = 2020-01-01, recorded = 2020-01-01}]
sources = ["law"]
"""
LISTINGS = """
    id, list,      party, as_listed, tags, requirement, review,       since
    l1, home-list, boss,  BOSS,      fn1,  all,         denial,       2020-03-02
    l2, home-list, baron, BARON,     none, all,         case_by_case, 2020-03-02
    l3, far-list,  earl,  EARL,      none, all,         denial,       2020-03-02
    l4, home-list, loner, LONER,     fn2,  all,         denial,       2020-03-02
    """
OWNERS = ("boss", "baron", "earl", "loner", "free")


def rule(**changes: str) -> str:
    """The rule on ownership with some of its lines changed or added."""
    lines = RULE.strip().splitlines()
    for key, value in changes.items():
        lines = [x for x in lines if not x.startswith(f"{key} =")]
        lines.append(f"{key} = {value}")
    return "\n" + "\n".join(lines) + "\n"


def owned(*stakes: str, rules: tuple[str, ...] = (RULE,), places: str = "", **parties: str) -> dict[str, str]:
    """A case in which an order of Acme's goes to every firm that is owned.

    ``stakes`` are ``OWNER>OWNED SHARE`` with more columns after a comma (low, high, control, since, through, kind);
    ``parties`` the conditions of a limb a name (default: those on the list and whom they own under the rule);
    ``places`` gives firms a country other than CN, as in ``one:US two:``.
    """
    rows, firms = [], dict.fromkeys(OWNERS)
    for i, stake in enumerate(stakes):
        pair, _, more = stake.partition(" ")
        owner, party = pair.split(">")
        cells = [c.strip() for c in more.split(",")]
        rows.append(", ".join([f"s{i}", owner, party, *cells, *[""] * (7 - len(cells))]))
        firms |= dict.fromkeys((owner, party))
    where = dict(p.split(":") for p in places.split())
    limbs = parties or {"list": 'listed_on = "home-list", ownership = "half"'}
    return {
        "measures/order.toml": measure(*(limb(n, f"parties = {{{b}}}") for n, b in limbs.items()), *rules),
        "parties.csv": "id, name, kind, side, country\nacme, Acme, firm, home, US\n"
        + "".join(f"{f}, {f.title()}, firm, target, {where.get(f, 'CN')}\n" for f in firms),
        "stakes.csv": "id, owner, owned, share, share_low, share_high, control, since, through, kind\n"
        + "\n".join(rows),
        "listings.csv": LISTINGS,
        "variants.csv": "id, item, maker, origin\nchips, chip, acme, US\n",
        "units.csv": "id, name, party, item, country, output_usd_m\nu, U, acme, chip, US, 1\n",
        "links.csv": "id, seller, buyer, value_usd_m, end_use\n",
        "orders.csv": "id, seller, purchaser, variant, destination, value_usd_m\n"
        + "".join(f"to-{f}, acme, {f}, chips, CN, 1\n" for f in firms),
    }  # fmt: skip


def caught(case: Case, *firms: str, name: str = "list", day: str = DAY) -> list[Truth]:
    """Whether a limb bites on the order of each firm."""
    return [bite(case, f"to-{f}", day, name) for f in firms]


# ---------------------------------------------------------------- what is owned


def test_half_is_enough_and_less_is_not(made: Made) -> None:
    case = made(owned("boss>on 0.5", "boss>under 0.499999", "boss>over 0.6", "free>other 1", "boss>votes 0.3",
                      "baron>votes 0.3,,,,,,votes"))  # fmt: skip
    assert caught(case, "on", "under", "over", "other", "boss", "free") == [TRUE, FALSE, TRUE, FALSE, TRUE, FALSE]
    assert caught(case, "votes") == [FALSE]  # rights of different kinds are not added up
    more = made(owned("boss>on 0.5", "boss>over 0.500001", rules=(rule(op='">"'),)))
    assert caught(more, "on", "over") == [FALSE, TRUE]


def test_listed_owners_are_added_up_where_the_rule_says_so(made: Made) -> None:
    stakes = ("boss>two 0.3", "baron>two 0.2", "boss>short 0.3", "baron>short 0.19", "free>short 0.5")
    assert caught(made(owned(*stakes)), "two", "short") == [TRUE, FALSE]
    alone = made(owned(*stakes, "boss>mine 0.5", rules=(rule(aggregate="false"),)))
    assert caught(alone, "two", "short", "mine") == [FALSE, FALSE, TRUE]


def test_an_owner_is_added_up_from_the_day_it_is_listed(made: Made) -> None:
    files = owned("boss>two 0.3", "baron>two 0.2")
    files["listings.csv"] = LISTINGS.replace("case_by_case, 2020-03-02", "case_by_case, 2020-05-01")
    case = made(files)
    assert [caught(case, "two", day=d) for d in ("2020-04-30", "2020-05-01")] == [[FALSE], [TRUE]]


def test_what_is_owned_owns_in_turn(made: Made) -> None:
    stakes = ("boss>child 0.5", "child>grandchild 0.5", "boss>minor 0.49", "minor>below 1")
    for chain, expected in (
        ("step", [TRUE, TRUE, FALSE]),
        ("none", [TRUE, FALSE, FALSE]),
        ("product", [TRUE, FALSE, FALSE]),
    ):
        case = made(owned(*stakes, rules=(rule(chain=f'"{chain}"'),)))
        assert caught(case, "child", "grandchild", "below") == expected, chain


def test_without_a_rule_on_ownership_only_the_listed_are_meant(made: Made) -> None:
    case = made(owned("boss>child 1", list='listed_on = "home-list"'))
    assert caught(case, "boss", "child") == [TRUE, FALSE]
    assert ask(case, "to-child", DAY).outcome == "not_subject"


def test_a_rule_that_is_for_information_only(made: Made) -> None:
    for inherits, expected in (("none", FALSE), ("full_block", TRUE), ("most_restrictive", TRUE)):
        case = made(owned("boss>child 1", rules=(rule(inherits=f'"{inherits}"'),)))
        assert caught(case, "boss", "child") == [TRUE, expected], inherits


def test_stakes_and_entries_have_days(made: Made) -> None:
    case = made(owned("boss>child 1,,,,2020-04-01,2020-05-31"))
    days = {"2020-03-31": FALSE, "2020-04-01": TRUE, "2020-05-31": TRUE, "2020-06-01": FALSE}
    assert {d: caught(case, "child", day=d)[0] for d in days} == days
    older = limb("list", 'parties = {listed_on = "home-list", ownership = "half"}', since="2020-02-01")
    case = made({**owned("boss>child 1"), "measures/order.toml": measure(older, RULE)})
    assert [caught(case, "child", day=d) for d in ("2020-03-01", "2020-03-02")] == [[FALSE], [TRUE]]


# ---------------------------------------------------------------- whose owners count


def test_the_limb_says_which_owners_bring_it(made: Made) -> None:
    """Tags, names and list of the limb are asked of the owner; the line is counted over all the rule's owners."""
    case = made(owned(
        "boss>boss-only 1", "baron>baron-only 1", "boss>both 0.2", "baron>both 0.3", "baron>short 0.3",
        "boss>short 0.1",
        plain='listed_on = "home-list", ownership = "half"',
        fn1='listed_on = "home-list", tags = ["fn1"], ownership = "half"',
        fn2='listed_on = "home-list", tags = ["fn2"], ownership = "half"',
        named='listed_on = "home-list", names = ["baron"], ownership = "half"',
        bare='listed_on = "home-list", names = ["baron"]',
    ))  # fmt: skip
    firms = ("boss-only", "baron-only", "both", "short", "boss", "baron")
    assert caught(case, *firms, name="plain") == [TRUE, TRUE, TRUE, FALSE, TRUE, TRUE]
    assert caught(case, *firms, name="fn1") == [TRUE, FALSE, TRUE, FALSE, TRUE, FALSE]
    assert caught(case, *firms, name="fn2") == [FALSE] * 6
    assert caught(case, *firms, name="named") == [FALSE, TRUE, TRUE, FALSE, FALSE, TRUE]
    assert caught(case, *firms, name="bare") == [FALSE, FALSE, FALSE, FALSE, FALSE, TRUE]


def test_two_lists_added_up_in_one_rule(made: Made) -> None:
    stakes = ("boss>mixed 0.3", "earl>mixed 0.2", "earl>earls 1", "boss>bosses 0.5")
    limbs = {
        "home": 'listed_on = "home-list", ownership = "half"', "far": 'listed_on = "far-list", ownership = "half"',
    }  # fmt: skip
    case = made(owned(*stakes, rules=(rule(lists='["home-list", "far-list"]'),), **limbs))
    assert caught(case, "mixed", "earls", "bosses", "earl", name="home") == [TRUE, FALSE, TRUE, FALSE]
    assert caught(case, "mixed", "earls", "bosses", "boss", name="far") == [TRUE, TRUE, FALSE, FALSE]
    apart = made(owned(*stakes, home=limbs["home"]))
    assert caught(apart, "mixed", "earls", "bosses", name="home") == [FALSE, FALSE, TRUE]


def test_an_owned_party_counts_in_the_roles_of_the_rule(made: Made) -> None:
    files = owned(
        "boss>child 1", list='listed_on = "home-list", ownership = "half", roles = ["intermediate_consignee"]'
    )
    case = made({
        **files,
        "orders.csv": "id, seller, purchaser, variant, destination, value_usd_m, intermediate_consignee\n"
        "buys, acme, child, chips, CN, 1,\nbank, acme, free, chips, CN, 1, child\n",
    })  # fmt: skip
    assert [bite(case, s, DAY) for s in ("buys", "bank")] == [FALSE, TRUE]


def test_a_line_of_business_of_a_party_that_is_owned(made: Made) -> None:
    files = owned("boss>child 0.5", "child>line 1,,,,,2020-05-31")
    files["parties.csv"] = files["parties.csv"].replace("line, Line, firm,", "line, Line, business,")
    case = made(files)
    assert [caught(case, "line", day=d) for d in ("2020-05-31", "2020-06-01")] == [[TRUE], [UNKNOWN]]


def test_the_proof_and_the_policy_are_those_of_the_owner(made: Made) -> None:
    case = made(owned("boss>child 0.5", "child>grandchild 0.5", "baron>barons 0.5"))
    found = ask(case, "to-grandchild", DAY)
    rows = {f.id for r in found.reason.walk() for f in r.facts if f.table in {"stakes", "listings"}}
    assert rows == {"s0", "s1", "l1"}
    assert found.review == "denial"
    assert ask(case, "to-barons", DAY).review == "case_by_case"
    assert any("is owned 50 % or more" in r.text for r in found.reason.walk())


# ---------------------------------------------------------------- what is not known


def test_a_share_that_is_not_known_for_certain(made: Made) -> None:
    case = made(owned(
        "boss>dark", "boss>band ,0.25,0.5", "boss>below ,0.25,0.4999", "boss>above ,0.5,0.75", "free>others",
        "boss>enough 0.5", "baron>enough", "boss>far-off 0.1",
    ))  # fmt: skip
    assert caught(case, "dark", "band", "below", "above") == [UNKNOWN, UNKNOWN, FALSE, TRUE]
    assert caught(case, "others", "enough", "far-off") == [FALSE, TRUE, FALSE]
    found = ask(case, "to-dark", DAY)
    assert found.outcome == "needs_facts"
    assert any("unrecorded share of dark" in n for n in found.needs)
    strict = made(owned("boss>band ,0.25,0.5", rules=(rule(op='">"'),)))
    assert caught(strict, "band") == [FALSE]


def test_what_no_row_records_belongs_to_nobody_unless_a_row_says_so(made: Made) -> None:
    """The rest of a company as a stake without a share makes the answer unknown; leaving it out does not."""
    case = made(owned("boss>left-out 0.4", "boss>said 0.4", "baron>said"))
    assert caught(case, "left-out", "said") == [FALSE, UNKNOWN]


def test_control_where_the_rule_asks_about_it(made: Made) -> None:
    stakes = ("boss>yes 0.1,,,yes", "boss>no 0.1,,,no", "boss>dark 0.1", "boss>said 0.1,,,unknown", "boss>half 0.5",
              "free>stranger 0.1,,,yes")  # fmt: skip
    firms = ("yes", "no", "dark", "said", "half", "stranger")
    asks = made(owned(*stakes, rules=(rule(control_test="true"),)))
    assert caught(asks, *firms) == [TRUE, FALSE, UNKNOWN, UNKNOWN, TRUE, FALSE]
    assert ask(asks, "to-dark", DAY).outcome == "needs_facts"
    silent = made(owned(*stakes, rules=(rule(control_test="false"),)))
    assert caught(silent, *firms) == [FALSE, FALSE, FALSE, FALSE, TRUE, FALSE]


def test_parties_at_home_that_a_rule_leaves_out(made: Made) -> None:
    stakes = ("boss>home 1", "boss>away 1", "boss>dark 1", "home>through 1", "boss>unsaid 1")
    case = made(owned(*stakes, rules=(rule(foreign_only='"US"'),), places="home:US dark:ZZ through:KR unsaid:"))
    assert caught(case, "home", "away", "dark", "through", "unsaid") == [FALSE, TRUE, UNKNOWN, TRUE, UNKNOWN]
    assert ask(case, "to-dark", DAY).outcome == "needs_facts"
    every = made(owned(*stakes, places="home:US dark:ZZ"))
    assert caught(every, "home", "dark") == [TRUE, TRUE]


# ---------------------------------------------------------------- a rule with days


def test_a_rule_on_ownership_has_days(made: Made) -> None:
    windows = """[{since = 2020-04-01, through = 2020-04-30, recorded = 2020-01-01},
      {since = 2020-06-01, recorded = 2020-01-01}]""".replace("\n", " ")
    case = made(owned("boss>child 1", rules=(rule(in_force=windows),)))
    days = {"03-31": FALSE, "04-01": TRUE, "04-30": TRUE, "05-01": FALSE, "05-31": FALSE, "06-01": TRUE}
    assert {d: caught(case, "child", day=f"2020-{d}")[0] for d in days} == days
    assert caught(case, "boss", day="2020-05-01") == [TRUE]  # the listed are meant whether the rule holds or not


@pytest.mark.parametrize("certainty", ["scheduled", "disputed"])
def test_a_rule_that_may_come_is_answered_both_ways(made: Made, certainty: str) -> None:
    windows = f"""[{{since = 2020-04-01, through = 2020-04-30, recorded = 2020-01-01}},
      {{since = 2020-05-10, recorded = 2020-01-01, certainty = "{certainty}"}}]""".replace("\n", " ")
    case = made(owned("boss>child 1", "boss>dark", rules=(rule(in_force=windows),)))
    found = {d: ask(case, "to-child", f"2020-{d}") for d in ("04-30", "05-09", "05-10")}
    assert {d: (v.outcome, v.otherwise) for d, v in found.items()} == {
        "04-30": ("licence_required", None), "05-09": ("not_subject", None),
        "05-10": ("licence_required", "not_subject"),
    }  # fmt: skip
    dark = ask(case, "to-dark", "2020-05-10")
    assert (dark.outcome, dark.otherwise) == ("needs_facts", "not_subject")
    listed = ask(case, "to-boss", "2020-05-10")
    assert (listed.outcome, listed.otherwise) == ("licence_required", None)


def test_a_rule_that_was_withdrawn(made: Made) -> None:
    windows = '[{since = 2020-04-01, recorded = 2020-01-01, certainty = "scheduled", withdrawn = 2020-03-15}]'
    files = owned("boss>child 1", rules=(rule(in_force=windows),))
    assert [(v.outcome, v.otherwise) for v in (
        ask(made(files), "to-child", DAY), ask(made(files, as_known="2020-03-14"), "to-child", DAY),
        ask(made(files, as_known="2020-03-15"), "to-child", DAY),
    )] == [("not_subject", None), ("licence_required", "not_subject"), ("not_subject", None)]  # fmt: skip


# ---------------------------------------------------------------- faults


def test_rules_on_ownership_that_do_not_fit_are_faults(tmp_path: Path) -> None:
    wrong = {"op": '"="', "pct": "0", "chain": '"steps"', "lists": "[]", "aggregate": '"yes"', "inherits": '"all"'}
    rules = tuple(rule(id=f'"r{i}"', **{key: value}) for i, (key, value) in enumerate(wrong.items()))
    found = problems_of(make_case(tmp_path, owned("boss>child 1", rules=rules)))
    assert len(found) == len(wrong)
    (problem,) = problems_of(make_case(tmp_path, owned("boss>c 1", list='names = ["boss"], ownership = "half"')))
    assert "listed_on beside ownership" in problem.expected


def test_what_a_rule_on_ownership_names_must_be_there(tmp_path: Path) -> None:
    rules = (RULE, rule(id='"other"', lists='["hoem-list"]'), rule(id='"third"', sources='["nowhere"]'))
    files = owned("boss>child 1", rules=rules, list='listed_on = "home-list", ownership = "hlaf"')
    found = problems_of(make_case(tmp_path, files))
    assert {(p.column, p.got, p.expected) for p in found} == {
        ("ownership", "'hlaf'", "a known ownership rule"), ("lists", "'hoem-list'", "a known list"),
        ("sources", "'nowhere'", "a known source"),
    }  # fmt: skip

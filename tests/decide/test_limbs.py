"""Every condition of a limb but the good's: days, parties, roles, places, end use, knowledge, who is bound, savings."""

from collections.abc import Callable

import pytest

from cases import FILES, LISTED, ask, bite, limb, measure
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Truth
from detente.record import Case, RecordError

Made = Callable[..., Case]
A, N, OVA = "acme>vell:chip", "norr>vell:chip", "acme>ova:chip"
DAY = "2020-05-01"


def rule(body: str, **how: str) -> dict[str, str]:
    """A case's files in which the limb ``list`` has this body."""
    return {"measures/order.toml": measure(limb("list", body, **how))}


# ---------------------------------------------------------------- days


def test_in_force_on_both_ends(made: Made) -> None:
    windows = """[
      {since = 2020-03-02, through = 2020-03-04, recorded = 2020-01-01},
      {since = 2020-03-06, through = 2020-03-06, recorded = 2020-01-01},
      {since = 2020-04-01, recorded = 2020-01-01},
    ]"""
    case = made(rule("", windows=windows))
    days = {"01": FALSE, "02": TRUE, "03": TRUE, "04": TRUE, "05": FALSE, "06": TRUE, "07": FALSE, "31": FALSE}
    assert {d: bite(case, A, f"2020-03-{d}") for d in days} == days
    assert bite(case, A, "2020-04-01") is bite(case, A, "2031-01-01") is TRUE


@pytest.mark.parametrize("certainty", ["scheduled", "announced", "disputed"])
def test_a_window_that_is_not_enacted_is_answered_both_ways_the_worse_first(made: Made, certainty: str) -> None:
    windows = f'[{{since = 2020-03-02, recorded = 2020-01-01, certainty = "{certainty}"}}]'
    case = made(rule("", windows=windows))
    assert bite(case, A, "2020-03-01") is FALSE
    before, after = ask(case, A, "2020-03-01"), ask(case, A, "2020-03-02")
    assert (before.outcome, before.otherwise) == ("not_subject", None)
    assert (after.outcome, after.otherwise) == ("licence_required", "not_subject")
    assert (after.state, after.share, after.share_high) == ("closed", 0, 1)
    assert "not certain; without it: not subject" in after.headline


def test_not_enforced_is_said_and_answered_both_ways(made: Made) -> None:
    case = made(rule("not_enforced = [{since = 2020-05-01, through = 2020-05-31, recorded = 2020-05-01}]\n" + LISTED))
    on = [ask(case, A, d) for d in ("2020-04-30", "2020-05-01", "2020-05-31", "2020-06-01")]
    assert {v.outcome for v in on} == {"licence_required"}
    assert [v.otherwise for v in on] == [None, "not_subject", "not_subject", None]
    assert [any("does not enforce" in n for n in v.notes) for v in on] == [False, True, True, False]


# ---------------------------------------------------------------- parties

LISTINGS = """
    id, list,      party, as_listed, tags,    requirement, review, since,      through
    l1, home-list, vell,  VELL,      fn1,     all,         denial, 2020-03-02, 2020-05-31
    l2, home-list, vell,  VELL,      fn1;fn2, all,         denial, 2020-06-01,
    l3, far-list,  ova,   OVA,       none,    all,         denial, 2020-03-02,
    """


@pytest.mark.parametrize(
    ("parties", "sale", "day", "answer"),
    [
        ('{listed_on = "home-list"}', A, "2020-03-01", FALSE),
        ('{listed_on = "home-list"}', A, "2020-03-02", TRUE),
        ('{listed_on = "home-list"}', OVA, "2020-05-01", FALSE),
        ('{listed_on = "far-list"}', OVA, "2020-05-01", TRUE),
        ('{listed_on = "home-list", tags = ["fn1"]}', A, "2020-05-31", TRUE),
        ('{listed_on = "home-list", tags = ["fn2"]}', A, "2020-05-31", FALSE),
        ('{listed_on = "home-list", tags = ["fn2"]}', A, "2020-06-01", TRUE),
        ('{listed_on = "home-list", tags = ["fn1", "fn2"]}', A, "2020-06-01", TRUE),
        ('{listed_on = "home-list", tags = ["fn1", "fn2"]}', A, "2020-05-31", FALSE),
        ('{names = ["vell"]}', A, "2020-05-01", TRUE),
        ('{names = ["vell"]}', OVA, "2020-05-01", FALSE),
        ('{names = ["ova", "vell"]}', OVA, "2020-05-01", TRUE),
        ('{listed_on = "home-list", names = ["vell"]}', A, "2020-05-01", TRUE),
        ('{listed_on = "home-list", names = ["ova"]}', A, "2020-05-01", FALSE),
        ('{listed_on = "home-list", names = ["ova"]}', OVA, "2020-05-01", FALSE),
    ],
)
def test_parties_by_list_tag_and_name(made: Made, parties: str, sale: str, day: str, answer: Truth) -> None:
    case = made({**rule(f"parties = {parties}"), "listings.csv": LISTINGS})
    assert bite(case, sale, day) is answer


def test_parties_by_group(made: Made) -> None:
    case = made({
        **rule('parties = {names = ["vell-group"]}'),
        "parties.csv": FILES["parties.csv"].replace("CN,      vell", "CN, vell-group"),
    })  # fmt: skip
    assert bite(case, A, DAY) is TRUE
    assert bite(case, OVA, DAY) is FALSE


@pytest.mark.parametrize(
    ("role", "buyer", "user", "between"),
    [
        ("purchaser", TRUE, FALSE, FALSE),
        ("ultimate_consignee", TRUE, FALSE, FALSE),
        ("end_user", TRUE, TRUE, FALSE),
        ("intermediate_consignee", FALSE, FALSE, TRUE),
        ("any", TRUE, TRUE, TRUE),
        ("buyer_of_downstream", FALSE, FALSE, FALSE),
    ],
)
def test_roles(made: Made, role: str, buyer: Truth, user: Truth, between: Truth) -> None:
    """The listed party as the buyer, as the end user of somebody else's purchase, and as a bank in between."""
    case = made({
        **rule(f'parties = {{listed_on = "home-list", roles = ["{role}"]}}'),
        "+links.csv": "id, seller, buyer, value_usd_m, end_use, end_user\nfor, norr, ova, 1, production, vell\n",
        "orders.csv": "id, link, value_usd_m, intermediate_consignee\nvia, acme>ova:chip, 1, vell\n",
    })  # fmt: skip
    assert [bite(case, s, DAY) for s in (A, "for", "via")] == [buyer, user, between]


def test_a_known_end_user_takes_the_place_of_the_buyer(made: Made) -> None:
    case = made({
        **rule('parties = {listed_on = "home-list", roles = ["end_user"]}'),
        "+links.csv": "id, seller, buyer, value_usd_m, end_use, end_user\nfor, norr, vell, 1, production, ova\n",
    })  # fmt: skip
    assert bite(case, "for", DAY) is FALSE
    assert bite(case, N, DAY) is TRUE


BUSINESS = {
    "parties.csv": FILES["parties.csv"] + "        line, The line,   business, target, US,\n",
    "units.csv": FILES["units.csv"].replace("vell, Vell phones, vell,", "vell, Vell phones, line,"),
}
STAKES = """
    id, owner, owned, share, since,      through
    s1, vell,  line,  0.9,   ,           2020-05-31
    s2, ova,   line,  0.1,   ,           2020-05-31
    s3, ova,   line,  1,     2020-06-01, 2020-06-30
    s4, acme,  line,  0.5,   2020-07-01, 2020-07-31
    s5, norr,  line,  0.5,   2020-07-01, 2020-07-31
    """


def test_a_line_of_business_is_whoever_owns_it_on_the_day(made: Made) -> None:
    case = made({**BUSINESS, **rule(LISTED), "stakes.csv": STAKES})
    assert bite(case, A, "2020-05-31") is TRUE
    assert bite(case, A, "2020-06-01") is FALSE
    assert bite(case, A, "2020-07-01") is UNKNOWN  # half each: no majority
    assert bite(case, A, "2020-08-01") is UNKNOWN  # nobody recorded
    found = ask(case, A, "2020-08-01")
    assert found.outcome == "needs_facts"
    assert any(n.startswith("who owns The line, a line of business, on 2020-08-01") for n in found.needs)
    path = [f for r in ask(case, A, "2020-05-31").reason.walk() for f in r.facts if f.table == "stakes"]
    assert {(f.id, f.file, f.row) for f in path} == {("s1", "stakes.csv", 2)}


def test_a_line_of_business_inside_another(made: Made) -> None:
    parties = BUSINESS["parties.csv"] + "        house, The house, business, target, CN,\n"
    stakes = "id, owner, owned, share\ns1, house, line, 1\ns2, vell, house, 0.6\n"
    case = made({**BUSINESS, "parties.csv": parties, **rule(LISTED), "stakes.csv": stakes})
    assert bite(case, A, DAY) is TRUE


def test_lines_of_business_that_own_each_other_end_in_unknown(made: Made) -> None:
    parties = BUSINESS["parties.csv"] + "        house, The house, business, target, CN,\n"
    stakes = "id, owner, owned, share\ns1, house, line, 1\ns2, line, house, 1\n"
    case = made({**BUSINESS, "parties.csv": parties, **rule(LISTED), "stakes.csv": stakes})
    assert bite(case, A, DAY) is UNKNOWN


def test_a_stake_without_a_share_does_not_say_who_owns_it(made: Made) -> None:
    case = made({**BUSINESS, **rule(LISTED), "stakes.csv": "id, owner, owned, share\ns, ova, line,\n"})
    assert bite(case, A, DAY) is UNKNOWN


# ---------------------------------------------------------------- acts

TECHNOLOGY = FILES["items.csv"].replace("Chips,  commodity", "Chips, technology")
SERVICE = FILES["items.csv"].replace("Chips,  commodity", "Chips, service")
WITHIN = FILES["variants.csv"].replace("US\n", "CN\n")
NO_VARIANT = FILES["units.csv"].replace("acme-chip, US", ", US")


@pytest.mark.parametrize(
    ("acts", "files", "answer"),
    [
        (["export"], {}, TRUE),
        (["reexport"], {}, TRUE),
        (["export_from_abroad"], {}, TRUE),
        (["transfer"], {}, FALSE),
        (["transfer"], {"variants.csv": WITHIN}, TRUE),
        (["export"], {"variants.csv": WITHIN}, FALSE),
        (["release"], {}, FALSE),
        (["release"], {"items.csv": TECHNOLOGY}, TRUE),
        (["service"], {"items.csv": SERVICE}, TRUE),
        (["support"], {}, FALSE),
        (["export", "reexport", "transfer"], {"units.csv": NO_VARIANT}, TRUE),
        (["transfer"], {"units.csv": NO_VARIANT}, UNKNOWN),
        (["release"], {"units.csv": NO_VARIANT}, FALSE),
    ],
)
def test_acts(made: Made, acts: list[str], files: dict[str, str], answer: Truth) -> None:
    case = made({**rule(f"acts = {acts}".replace("'", '"')), **files})
    assert bite(case, A, DAY) is answer


def test_a_technology_of_unknown_make_may_still_be_released(made: Made) -> None:
    case = made({**rule('acts = ["release"]'), "units.csv": NO_VARIANT, "items.csv": TECHNOLOGY})
    assert bite(case, A, DAY) is not FALSE


# ---------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("places", "to_cn", "to_jp"),
    [
        ('{to = ["CN"]}', TRUE, FALSE),
        ('{to = ["*"]}', TRUE, TRUE),
        ('{to = ["*"], to_except = ["JP"]}', TRUE, FALSE),
        ('{to_except = ["CN"]}', FALSE, TRUE),
        ('{headquartered_in = ["CN"]}', TRUE, FALSE),
        ('{headquartered_in = ["JP", "KR"]}', FALSE, TRUE),
        ('{to = ["CN"], headquartered_in = ["JP"]}', FALSE, FALSE),
    ],
)
def test_places(made: Made, places: str, to_cn: Truth, to_jp: Truth) -> None:
    case = made(rule(f"places = {places}"))
    assert (bite(case, A, DAY), bite(case, OVA, DAY)) == (to_cn, to_jp)


def test_headquarters_apart_from_the_country(made: Made) -> None:
    parties = """
        id,   name,       kind, side,   country, headquarters, group
        acme, Acme Corp,  firm, home,   US,      ,
        norr, Norr AG,    firm, third,  KR,      ,
        vell, Vell Ltd,   firm, target, CN,      ,             vell
        ova,  Ova Phones, firm, third,  JP,      CN,
        """
    case = made({**rule('places = {headquartered_in = ["CN"]}'), "parties.csv": parties})
    assert bite(case, OVA, DAY) is TRUE
    case = made({**rule('places = {headquartered_in = ["CN"]}'), "parties.csv": parties.replace("JP,      CN", ",")})
    assert bite(case, OVA, DAY) is UNKNOWN


def test_headquarters_of_a_line_of_business_are_those_of_its_owner(made: Made) -> None:
    files = {**BUSINESS, **rule('places = {headquartered_in = ["CN"]}')}
    case = made({**files, "stakes.csv": "id, owner, owned, share\ns, vell, line, 1\n"})
    assert bite(case, A, DAY) is TRUE
    case = made({**files, "stakes.csv": "id, owner, owned, share\ns, vell, line,\n"})
    assert bite(case, A, DAY) is UNKNOWN


# ---------------------------------------------------------------- end use


def test_end_use_of_a_link_and_by_a_finding(made: Made) -> None:
    case = made({
        **rule('end_use = ["testing", "repair"]'),
        "links.csv": """
            id,   seller, buyer, value_usd_m, end_use
            yes,  acme,   vell,  40,          production; repair
            no,   acme,   vell,  40,          production
            said, acme,   vell,  40,          production
            not,  acme,   vell,  40,          none
            deny, acme,   vell,  40,          none
            """,
        "findings.csv": """
            id, about, fact,    value, since
            f1, said,  testing, yes,   2020-05-01
            f2, deny,  testing, no,
            f3, no,    repair,  unknown,
            """,
    })  # fmt: skip
    answers = {"yes": TRUE, "no": UNKNOWN, "said": TRUE, "not": UNKNOWN}
    assert {k: bite(case, k, DAY) for k in answers} == answers
    assert bite(case, "said", "2020-04-30") is FALSE


def test_denying_one_end_use_does_not_deny_the_other(made: Made) -> None:
    """Of two end uses that a limb names, a finding says no to the first; nothing is known of the second."""
    case = made({
        **rule('end_use = ["testing", "repair"]'),
        "links.csv": "id, seller, buyer, value_usd_m, end_use\nk, acme, vell, 40, none\n",
        "findings.csv": "id, about, fact, value\nf, k, testing, no\n",
    })  # fmt: skip
    assert bite(case, "k", DAY) is UNKNOWN


def test_a_later_finding_says_yes_to_the_second_end_use(made: Made) -> None:
    case = made({
        **rule('end_use = ["testing", "repair"]'),
        "findings.csv": f"id, about, fact, value\nf, {A}, testing, no\ng, {A}, repair, yes\n",
    })  # fmt: skip
    assert bite(case, A, DAY) is TRUE


# ---------------------------------------------------------------- knowledge


def test_a_seller_knows_its_own_customer(made: Made) -> None:
    case = made(rule(LISTED + '\nknowledge = "knowledge"'))
    assert bite(case, A, DAY) is TRUE


def test_what_lies_behind_the_customer_must_be_declared(made: Made) -> None:
    files = {
        **rule('parties = {listed_on = "home-list", roles = ["end_user"]}\nknowledge = "knowledge"'),
        "+links.csv": "id, seller, buyer, value_usd_m, end_use, end_user\n"
        + "".join(f"k{i}, norr, ova, 1, production, vell\n" for i in range(4)),
        "findings.csv": """
            id, about,     fact,      value
            f1, k1,        knowledge, yes
            f2, k2,        knowledge, no
            f3, k3,        knowledge, unknown
            """,
    }
    case = made(files)
    assert [bite(case, f"k{i}", DAY) for i in range(4)] == [UNKNOWN, TRUE, FALSE, UNKNOWN]


@pytest.mark.parametrize("about", ["acme>ova:chip", "acme", "ova", "acme-chip"])
def test_a_finding_may_be_about_the_sale_a_unit_or_the_good(made: Made, about: str) -> None:
    case = made({
        **rule('knowledge = "knowledge"'),
        "findings.csv": f"id, about, fact, value, since, through\nf, {about}, knowledge, yes, 2020-05-01, 2020-05-02\n",
    })  # fmt: skip
    days = ("2020-04-30", "2020-05-01", "2020-05-02", "2020-05-03")
    assert [bite(case, OVA, d) for d in days] == [UNKNOWN, TRUE, TRUE, UNKNOWN]


# ---------------------------------------------------------------- who is bound


@pytest.mark.parametrize(
    ("bound", "acme", "norr"),
    [
        (["anyone"], TRUE, TRUE),
        (["us_person"], TRUE, FALSE),
        (["kr_person"], FALSE, TRUE),
        (["addressee:norr"], FALSE, TRUE),
        (["us_person", "addressee:norr"], TRUE, TRUE),
    ],
)
def test_bound(made: Made, bound: list[str], acme: Truth, norr: Truth) -> None:
    case = made(rule(f"bound = {bound}".replace("'", '"')))
    assert (bite(case, A, DAY), bite(case, N, DAY)) == (acme, norr)


def test_a_seller_of_unknown_country(made: Made) -> None:
    parties = FILES["parties.csv"].replace("home,   US,", "home,   ,")
    case = made({**rule('bound = ["us_person"]'), "parties.csv": parties})
    assert bite(case, A, DAY) is UNKNOWN


@pytest.mark.parametrize(("bound", "country"), [("eu_person", "DE"), ("uk_person", "GB"), ("allied_person", "JP")])
def test_a_bound_that_nobody_can_read_is_not_taken_for_nobody(made: Made, bound: str, country: str) -> None:
    """A word that is no country's must not let everybody go."""
    parties = FILES["parties.csv"].replace("third,  KR,", f"third,  {country},")
    try:
        case = made({**rule(f'bound = ["{bound}"]'), "parties.csv": parties})
    except RecordError as error:
        assert bound in str(error)
    else:
        assert bite(case, N, DAY) is not FALSE


def test_a_line_of_business_that_sells_is_bound_as_its_owner_is(made: Made) -> None:
    case = made({
        **rule('bound = ["us_person"]'),
        "parties.csv": FILES["parties.csv"] + "        line, The line,   business, third, KR,\n",
        "units.csv": FILES["units.csv"].replace("acme, Acme chips,  acme,", "acme, Acme chips,  line,"),
        "stakes.csv": "id, owner, owned, share, through\ns, acme, line, 1, 2020-05-31\n",
    })  # fmt: skip
    assert bite(case, A, "2020-05-31") is TRUE
    assert bite(case, A, "2020-06-01") is UNKNOWN


# ---------------------------------------------------------------- savings

SAVED = 'savings = [{event_by = {%s}, done_by = {%s}, text = "Goods under way.", sources = ["law"]}]'


def saving(event: str, done: str = "") -> dict[str, str]:
    """A limb with a saving clause."""
    return rule(LISTED + "\n" + SAVED % (event, done))


def test_goods_of_a_link_leave_on_the_day_that_is_asked_about(made: Made) -> None:
    case = made(saving("aboard_carrier = 2020-03-05", "exported = 2020-03-10"))
    on = {d: ask(case, A, f"2020-03-{d}") for d in ("01", "02", "05", "06", "10", "11")}
    assert {d: v.outcome for d, v in on.items()} == {
        "01": "not_subject", "02": "allowed", "05": "allowed", "06": "licence_required", "10": "licence_required",
        "11": "licence_required",
    }  # fmt: skip
    assert on["05"].headline == "Allowed by a savings clause."
    assert on["01"].headline == "No restriction recorded here reaches this sale."


def test_production_of_a_link_must_be_found(made: Made) -> None:
    files = {
        **saving("production_started = 2020-03-02", "exported = 2020-07-01"),
        "findings.csv": f"""
            id, about, fact,               value
            f1, {A},   production_started, 2020-03-02
            f2, {N},   production_started, 2020-03-03
            """,
    }
    case = made(files)
    assert bite(case, A, "2020-07-01") is FALSE
    assert bite(case, A, "2020-07-02") is TRUE
    assert bite(case, N, "2020-07-01") is TRUE
    without = made({**files, "findings.csv": None})
    assert bite(without, A, "2020-03-02") is FALSE  # sold on the day itself: made before it ended
    assert bite(without, A, "2020-03-03") is UNKNOWN
    assert bite(without, A, "2020-07-02") is TRUE


@pytest.mark.parametrize(("value", "answer"), [("yes", FALSE), ("no", TRUE), ("unknown", UNKNOWN)])
def test_production_found_without_a_day(made: Made, value: str, answer: Truth) -> None:
    case = made({
        **saving("production_started = 2020-03-02"),
        "findings.csv": f"id, about, fact, value\nf, acme-chip, production_started, {value}\n",
    })  # fmt: skip
    assert bite(case, A, DAY) is answer


def test_events_of_an_order_are_its_own(made: Made) -> None:
    case = made({
        **saving("aboard_carrier = 2020-03-05, production_started = 2020-03-01", "exported = 2020-03-10"),
        "orders.csv": """
            id,     link, value_usd_m, production_started, aboard_carrier, exported
            saved,  {A},  1,           2020-03-01,         2020-03-05,     2020-03-10
            late,   {A},  1,           2020-03-01,         2020-03-06,     2020-03-06
            started,{A},  1,           2020-03-02,         2020-03-05,     2020-03-10
            left,   {A},  1,           2020-03-01,         2020-03-05,     2020-03-11
            silent, {A},  1,           ,                   2020-03-05,     2020-03-10
            dark,   {A},  1,           ,                   ,
            """.replace("{A}", A),
    })  # fmt: skip
    answers = {"saved": FALSE, "late": TRUE, "started": TRUE, "left": TRUE, "silent": UNKNOWN, "dark": UNKNOWN}
    assert {k: bite(case, k, "2020-03-08") for k in answers} == answers
    assert bite(case, "dark", "2020-03-11") is TRUE  # it has not left by the day that is asked about


def test_aboard_a_carrier_is_under_way(made: Made) -> None:
    case = made({
        **saving("en_route = 2020-03-05"),
        "orders.csv": f"id, link, value_usd_m, aboard_carrier\nin, {A}, 1, 2020-03-05\nout, {A}, 1, 2020-03-06\n",
    })  # fmt: skip
    assert (bite(case, "in", DAY), bite(case, "out", DAY)) == (FALSE, TRUE)


def test_one_of_two_savings_is_enough(made: Made) -> None:
    two = (
        LISTED
        + "\n"
        + (SAVED % ("aboard_carrier = 2020-03-05", "")).replace(
            "]}]", ']}, {event_by = {ordered = 2020-03-01}, text = "Ordered before.", sources = ["law"]}]'
        )
    )
    case = made({
        **rule(two),
        "orders.csv": """
            id,    link, value_usd_m, ordered,    aboard_carrier
            early, {A},  1,           2020-03-01, 2020-04-01
            ship,  {A},  1,           2020-03-04, 2020-03-05
            none,  {A},  1,           2020-03-04, 2020-04-01
            """.replace("{A}", A),
    })  # fmt: skip
    assert [bite(case, k, DAY) for k in ("early", "ship", "none")] == [FALSE, FALSE, TRUE]


def test_two_findings_that_contradict_each_other_settle_nothing(made: Made) -> None:
    for values in (("yes", "no"), ("no", "yes")):
        rows = "".join(f"f{i}, {A}, knowledge, {v}\n" for i, v in enumerate(values))
        case = made({**rule('knowledge = "knowledge"'), "findings.csv": "id, about, fact, value\n" + rows})
        assert bite(case, A, DAY) is UNKNOWN


def test_goods_ordered_after_a_cut_off_were_not_sent_before_it(made: Made) -> None:
    clause = 'savings = [{event_by = {%s = 2020-03-02}, text = "x", sources = ["law"]}]'
    orders = f"id, link, value_usd_m, ordered\nearly, {A}, 1, 2020-03-02\nlate, {A}, 1, 2020-03-03\n"
    for event in ("aboard_carrier", "en_route", "received"):
        case = made({**rule(clause % event), "orders.csv": orders})
        assert (bite(case, "early", "2020-05-01"), bite(case, "late", "2020-05-01")) == (UNKNOWN, TRUE), event
    case = made({**rule(clause % "production_started"), "orders.csv": orders})
    assert bite(case, "late", "2020-05-01") is UNKNOWN  # from stock, perhaps

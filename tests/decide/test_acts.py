"""What is done with the good, as far as it moves or as an order says itself; and who is bound."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from cases import FILES, ask, bite, limb, make_case, measure, problems_of
from detente.decide import order_book
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Truth
from detente.record import Case
from detente.record.limb import Act

Made = Callable[..., Case]
A = "acme>vell:chip"
DAY = "2020-05-01"
ACTS = get_args(Act)
MOVES = ("export", "reexport", "transfer", "export_from_abroad", "domestic")


def laws(home: str = "", **bodies: str) -> dict[str, str]:
    """A case's files with one requirement a body, of a regime at home in some countries."""
    text = measure(*(limb(name, body) for name, body in bodies.items()))
    said = f'sources = ["law"]\nhome = {home}\n' if home else 'sources = ["law"]\n'
    return {"measures/order.toml": text.replace('sources = ["law"]\n', said, 1)}


def each_act(*acts: str, home: str = "") -> dict[str, str]:
    """A requirement for each act, under the name of the act."""
    return laws(home, **{a: f'acts = ["{a}"]' for a in acts})


def ways(*pairs: str) -> dict[str, str]:
    """An order for each way ``US>CN``, under that name, of a good that leaves from the one to the other."""
    starts = dict.fromkeys(p[:2] for p in pairs)
    return {
        "+variants.csv": "id, item, maker, origin\n" + "".join(f"from-{c}, chip, acme, {c}\n" for c in starts),
        "orders.csv": "id, link, value_usd_m, variant, destination\n"
        + "".join(f"{p}, {A}, 1, from-{p[:2]}, {p[3:]}\n" for p in pairs),
    }


def is_(case: Case, sale: str, acts: tuple[str, ...] = MOVES, day: str = DAY) -> tuple[str, str]:
    """Which acts a sale is, and which it may be, each as one line of words."""
    found = {a: bite(case, sale, day, a) for a in acts}
    return tuple(" ".join(a for a in acts if found[a] is t) for t in (TRUE, UNKNOWN))  # type: ignore[return-value]


# ---------------------------------------------------------------- movements

PAIRS = ("US>CN", "US>CA", "US>US", "CA>US", "CA>CA", "KR>CN", "KR>KR", "KR>US")


def test_without_a_home_a_movement_is_each_of_those_its_ends_allow(made: Made) -> None:
    case = made({**each_act(*MOVES), **ways(*PAIRS)})
    assert is_(case, "US>CN") == ("export reexport export_from_abroad", "")
    assert is_(case, "KR>US") == ("export reexport export_from_abroad", "")
    assert is_(case, "US>US") == ("transfer export_from_abroad", "")


def test_with_a_home_each_movement_is_one_thing(made: Made) -> None:
    case = made({**each_act(*MOVES, home='["US"]'), **ways(*PAIRS)})
    assert {p: is_(case, p)[0] for p in PAIRS} == {
        "US>CN": "export", "US>CA": "export", "US>US": "domestic",
        "CA>US": "reexport export_from_abroad", "CA>CA": "transfer export_from_abroad",
        "KR>CN": "reexport export_from_abroad", "KR>KR": "transfer export_from_abroad",
        "KR>US": "reexport export_from_abroad",
    }  # fmt: skip
    assert {is_(case, p)[1] for p in PAIRS} == {""}
    for row in order_book(case, DAY).frame().iter_rows(named=True):
        assert row["limbs"] == [a for a in MOVES if bite(case, row["sale"], DAY, a) is TRUE], row["sale"]


def test_home_may_be_a_group_of_countries_with_days(made: Made) -> None:
    """What moves from one member to another stays at home, until one of them leaves."""
    groups = "id, group, country, through\ng1, EU, DE,\ng2, EU, FR,\ng3, EU, GB, 2020-04-30\n"
    case = made({
        **each_act(*MOVES, home='["EU"]'), **ways("DE>FR", "DE>GB", "GB>DE", "GB>GB", "DE>CN"), "groups.csv": groups,
    })  # fmt: skip
    last, after = "2020-04-30", "2020-05-01"
    for way, before, then in (
        ("DE>FR", "domestic", "domestic"), ("DE>GB", "domestic", "export"), ("DE>CN", "export", "export"),
        ("GB>DE", "domestic", "reexport export_from_abroad"), ("GB>GB", "domestic", "transfer export_from_abroad"),
    ):  # fmt: skip
        assert [is_(case, way, day=d) for d in (last, after)] == [(before, ""), (then, "")], way


def test_a_home_that_no_group_is_is_a_fault(tmp_path: Path) -> None:
    (problem,) = problems_of(make_case(tmp_path, laws('["EU"]', r="")))
    assert (problem.column, problem.got) == ("home", "'EU'")


def test_each_measure_has_a_home_of_its_own(made: Made) -> None:
    far = each_act("export", home='["KR"]')["measures/order.toml"].replace('id = "export"', 'id = "far-export"')
    case = made({
        **each_act("export", home='["US"]'), **ways("US>CN", "KR>CN"),
        "measures/far.toml": far.replace('id = "order"', 'id = "far"').replace('"home"', '"far"', 1),
    })  # fmt: skip
    assert [bite(case, "US>CN", DAY, r) for r in ("export", "far-export")] == [TRUE, FALSE]
    assert [bite(case, "KR>CN", DAY, r) for r in ("export", "far-export")] == [FALSE, TRUE]


def test_a_movement_that_is_not_known_may_be_any(made: Made) -> None:
    """It leaves, or goes to, nobody knows where: a rule for one kind of movement hangs on it."""
    case = made({**each_act(*MOVES[:3], home='["US"]'), **ways("US>ZZ", "ZZ>CN", "ZZ>ZZ")})
    for way in ("ZZ>CN", "ZZ>ZZ"):
        assert is_(case, way, MOVES[:3]) == ("", "export reexport transfer"), way
    assert bite(case, "US>ZZ", DAY, "export") is UNKNOWN
    assert {ask(case, way, DAY).outcome for way in ("US>ZZ", "ZZ>CN", "ZZ>ZZ")} == {"needs_facts"}


# ---------------------------------------------------------------- what an order says itself


def said(*acts: str) -> dict[str, str]:
    """An order for each act it says it is, beside one that leaves it out; all of chips that go from US to CN."""
    rows = "".join(f"{a or 'none'}, {A}, 1, {a}\n" for a in (*acts, ""))
    return {"orders.csv": "id, link, value_usd_m, act\n" + rows}


def test_an_order_may_say_what_is_done(made: Made) -> None:
    acts = tuple(a for a in ACTS if a != "forward")
    case = made({**each_act(*acts), **said(*acts)})
    for act in acts:
        if act == "export_from_abroad":
            continue
        also = " export_from_abroad" if act in {"reexport", "transfer"} else ""
        assert is_(case, act, acts) == (act + also, ""), act
    assert is_(case, "none", acts) == ("export reexport export_from_abroad", "")


def test_what_an_order_says_goes_before_where_it_moves_and_what_it_is(made: Made) -> None:
    """Even where the ends of the way are not known, or the good would be technology or a service."""
    acts = ("export", "transfer", "release", "service", "support", "finance", "domestic")
    bare = FILES["units.csv"].replace("acme-chip, US", ", US")
    for kind in ("technology", "service"):
        items = FILES["items.csv"].replace("Chips,  commodity", f"Chips, {kind}")
        case = made(
            {**each_act(*acts), **said("finance", "domestic", "transfer"), "items.csv": items, "units.csv": bare}
        )
        assert is_(case, "finance", acts) == ("finance", "")
        assert is_(case, "domestic", acts) == ("domestic", "")
        assert is_(case, "transfer", acts) == ("transfer", "")


def test_technology_is_also_released_and_a_service_is_also_support(made: Made) -> None:
    acts = ("export", "reexport", "release", "service", "support", "finance")
    for kind, more in (
        ("commodity", ""),
        ("software", ""),
        ("technology", " release"),
        ("service", " service support"),
    ):
        items = FILES["items.csv"].replace("Chips,  commodity", f"Chips, {kind}")
        case = made({**each_act(*acts, home='["US"]'), "items.csv": items})
        assert is_(case, A, acts) == (f"export{more}", ""), kind


def test_without_acts_a_rule_names_the_three_usual_ones(made: Made) -> None:
    case = made({**laws(r=""), **said("export", "reexport", "transfer", "release", "service", "finance", "domestic")})
    found = {s: bite(case, s, DAY, "r") for s in case["orders"]["id"]}
    assert {s for s, t in found.items() if t is TRUE} == {"export", "reexport", "transfer", "none"}
    assert set(found.values()) == {TRUE, FALSE}


def test_an_act_that_nobody_knows_is_a_fault(tmp_path: Path) -> None:
    (problem,) = problems_of(make_case(tmp_path, said("exprot")))
    assert (problem.file, problem.column, problem.got) == ("orders.csv", "act", "'exprot'")
    (problem,) = problems_of(make_case(tmp_path, laws(r='acts = ["exprot"]')))
    assert problem.file == "measures/order.toml"


# ---------------------------------------------------------------- who is bound


def sellers(bound: str, **rows: str) -> dict[str, str]:
    """A rule that binds somebody; sellers with their countries and where their goods are made and ship from."""
    parties = "id, name, kind, side, country\nvell, Vell, firm, target, CN\n"
    made_so = "id, item, maker, origin, shipped_from\n"
    orders = "id, seller, purchaser, variant, destination, value_usd_m\n"
    for name, row in rows.items():
        country, way = row.split(", ", 1)
        parties += f"{name}, {name}, firm, home, {country}\n"
        made_so += f"{name}, chip, {name}, {way}\n"
        orders += f"o-{name}, {name}, vell, {name}, CN, 1\n"
    return {
        **laws(r=f'bound = ["{bound}"]'),
        "parties.csv": parties, "variants.csv": made_so, "orders.csv": orders,
        "units.csv": "id, name, party, item, country, output_usd_m\nu, U, vell, chip, CN, 1\n",
        "links.csv": "id, seller, buyer, value_usd_m, end_use\n", "listings.csv": None,
    }  # fmt: skip


def bound(case: Case, day: str = DAY) -> dict[str, Truth]:
    """Whether the rule bites on the order of each seller."""
    return {s.removeprefix("o-"): bite(case, s, day, "r") for s in case["orders"]["id"]}


def test_an_exporter_in_a_country_is_whoever_ships_from_there(made: Made) -> None:
    case = made(sellers("exporter_in_nl", at_home="NL, NL,", ships="US, KR, NL", makes="NL, NL, DE", away="NL, KR,",
                        dark="US, KR, ZZ", made_dark="US, ZZ,"))  # fmt: skip
    assert bound(case) == {
        "at_home": TRUE, "ships": TRUE, "makes": FALSE, "away": FALSE, "dark": UNKNOWN, "made_dark": UNKNOWN,
    }  # fmt: skip


def test_an_exporter_of_a_good_that_is_not_recorded(made: Made) -> None:
    case = made(
        {**laws(r='bound = ["exporter_in_us"]'), "units.csv": FILES["units.csv"].replace("acme-chip, US", ", US")}
    )
    assert bite(case, A, DAY, "r") is UNKNOWN
    assert ask(case, A, DAY).outcome == "needs_facts"


def test_a_person_of_the_union_is_of_one_of_its_members_on_the_day(made: Made) -> None:
    files = sellers("eu_person", de="DE, US,", gb="GB, US,", us="US, DE,", dark="ZZ, US,", unsaid=", US,")
    groups = "id, group, country, through\ng1, EU, DE,\ng2, EU, GB, 2020-04-30\n"
    case = made({**files, "groups.csv": groups})
    common = {"de": TRUE, "us": FALSE, "dark": UNKNOWN, "unsaid": UNKNOWN}
    assert bound(case, "2020-04-30") == common | {"gb": TRUE}
    assert bound(case, "2020-05-01") == common | {"gb": FALSE}


def test_a_person_of_a_country_wherever_the_good_ships_from(made: Made) -> None:
    case = made(sellers("nl_person", nl="NL, KR,", us="US, NL,", dark="ZZ, NL,"))
    assert bound(case) == {"nl": TRUE, "us": FALSE, "dark": UNKNOWN}


def test_one_of_those_bound_is_enough(made: Made) -> None:
    case = made({
        **sellers("x", nl="NL, KR,", ships="US, NL,", dark="ZZ, KR,", other="US, KR,", named="US, KR,"),
        **laws(r='bound = ["nl_person", "exporter_in_nl", "addressee:named"]'),
    })  # fmt: skip
    assert bound(case) == {"nl": TRUE, "ships": TRUE, "dark": UNKNOWN, "other": FALSE, "named": TRUE}


def test_words_that_bind_nobody_are_faults(tmp_path: Path) -> None:
    words = ("everyone", "usa_person", "US_person", "exporter_in_NL", "exporter_nl", "addressee:", "us_persons")
    found = problems_of(make_case(tmp_path, laws(**{f"r{i}": f'bound = ["{w}"]' for i, w in enumerate(words)})))
    assert len(found) == len(words)
    assert all(p.expected.startswith("bound: anyone, us_person, exporter_in_nl") for p in found)
    (problem,) = problems_of(make_case(tmp_path, laws(r='bound = ["addressee:nobody"]')))
    assert (problem.column, problem.expected) == ("bound", "a known party")

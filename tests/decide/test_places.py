"""Where a good goes: groups of countries and their days, places read as others, the chart, and the code table."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

from cases import FILES, ask, bite, limb, make_case, measure, problems_of
from detente.decide import permits
from detente.decide.facts import facts_of
from detente.decide.places import needs_licence
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Truth
from detente.record import Case

Made = Callable[..., Case]
A = "acme>vell:chip"
DAY = "2020-05-01"
TO = ("CN", "HK", "JP", "SY", "DE", "GB", "ZZ", "XX")


def laws(**bodies: str) -> dict[str, str]:
    """A case's files with one requirement a body, under the name it is given."""
    return {"measures/order.toml": measure(*(limb(name, body) for name, body in bodies.items()))}


def orders(*countries: str) -> dict[str, str]:
    """An order of Acme's chips to each country, under the code of the country."""
    rows = "".join(f"{c}, {A}, 1, {c}\n" for c in countries)
    return {"orders.csv": "id, link, value_usd_m, destination\n" + rows}


def answers(case: Case, name: str, day: str, *sales: str) -> list[Truth]:
    """Whether a requirement bites on each of some sales."""
    return [bite(case, s, day, name) for s in sales]


def coded(codes: str) -> dict[str, str]:
    """Acme's chips with these codes; Norr's with none on record."""
    rows = f'acme-chip, chip, acme, US, "{codes}"\nnorr-chip, chip, norr, KR,\n'
    return {"variants.csv": "id, item, maker, origin, codes\n" + rows}


# ---------------------------------------------------------------- groups of countries

GROUPS = """
    id, group, country, since,      through
    g1, D:5,   CN,      2020-04-01, 2020-06-30
    g2, D:5,   CN,      2020-08-01,
    g3, D:5,   SY,      ,
    g4, EU,    DE,      ,
    g5, EU,    GB,      1973-01-01, 2020-01-31
    g6, A:5,   JP,      ,
    """


def test_a_country_is_in_a_group_from_its_first_to_its_last_day(made: Made) -> None:
    case = made({**laws(r='places = {to = ["D:5"]}'), "groups.csv": GROUPS})
    days = {"03-31": FALSE, "04-01": TRUE, "06-30": TRUE, "07-01": FALSE, "07-31": FALSE, "08-01": TRUE}
    assert {d: bite(case, A, f"2020-{d}", "r") for d in days} == days
    over_time = permits(case, "2020-03-31", "2020-08-01")
    states = {TRUE: "closed", FALSE: "open"}
    assert {d: v.state for d in days if (v := over_time.verdict_on(A, f"2020-{d}"))} == {
        d: states[t] for d, t in days.items()
    }


def test_groups_beside_countries_and_as_exceptions(made: Made) -> None:
    case = made({
        **laws(
            mixed='places = {to = ["D:5", "JP"]}',
            less='places = {to = ["*"], to_except = ["D:5", "EU"]}',
            between='places = {to = ["D:5"], to_except = ["CN"]}',
        ),
        **orders(*TO),
        "groups.csv": GROUPS,
    })  # fmt: skip
    #                                            CN     HK     JP     SY     DE     GB     ZZ       XX
    assert answers(case, "mixed", DAY, *TO) == [TRUE, FALSE, TRUE, TRUE, FALSE, FALSE, UNKNOWN, FALSE]
    assert answers(case, "less", DAY, *TO) == [FALSE, TRUE, TRUE, FALSE, FALSE, TRUE, UNKNOWN, TRUE]
    assert answers(case, "between", DAY, *TO) == [FALSE, FALSE, FALSE, TRUE, FALSE, FALSE, UNKNOWN, FALSE]


def test_the_union_is_a_group_like_any_other(made: Made) -> None:
    rule = measure(limb("r", 'places = {to = ["EU"]}', since="2019-01-01"))
    case = made({"measures/order.toml": rule, **orders("DE", "GB"), "groups.csv": GROUPS})
    assert answers(case, "r", "2020-01-31", "DE", "GB") == [TRUE, TRUE]
    assert answers(case, "r", "2020-02-01", "DE", "GB") == [TRUE, FALSE]


def test_groups_wherever_a_rule_names_countries(made: Made) -> None:
    case = made({
        **laws(
            made='scope = [{origin = ["home"]}]',
            sent='scope = [{located_in = ["home"]}]',
            part='scope = [{content_origin = ["home"], content_counts = "all", content_op = ">", content_pct = 10}]',
            item='items = {origin = ["home"]}',
            seat='places = {headquartered_in = ["far"]}',
        ),
        "groups.csv": "id, group, country, since\na, home, KR, 2020-05-01\nb, far, CN, 2020-05-01\n",
        "variants.csv": "id, item, maker, origin, shipped_from, content\n"
        "acme-chip, chip, acme, US, KR, KR:0.2\nnorr-chip, chip, norr, KR, US, none\n",
    })  # fmt: skip
    n = "norr>vell:chip"
    for name, before, on, other in (
        ("made", FALSE, FALSE, TRUE), ("sent", FALSE, TRUE, FALSE), ("part", FALSE, TRUE, FALSE),
        ("item", FALSE, FALSE, TRUE), ("seat", FALSE, TRUE, TRUE),
    ):  # fmt: skip
        assert (bite(case, A, "2020-04-30", name), bite(case, n, "2020-04-30", name)) == (FALSE, before), name
        assert (bite(case, A, DAY, name), bite(case, n, DAY, name)) == (on, other), name


UNKNOWN_GROUP = {
    'places = {to = ["D:6"]}': "to",
    'places = {to = ["*"], to_except = ["D:6"]}': "to_except",
    'places = {headquartered_in = ["D:6"]}': "headquartered_in",
    'scope = [{origin = ["D:6"]}]': "origin",
    'scope = [{origin = ["US"], to = ["D:6"]}]': "to",
    'scope = [{origin = ["US"], exported_from_not = ["D:6"]}]': "exported_from_not",
    'scope = [{origin = ["US"], produced_in_not_hq = ["D:6"]}]': "produced_in_not_hq",
    'items = {origin = ["D:6"]}': "origin",
}


def test_a_group_that_no_row_has_is_a_fault(tmp_path: Path) -> None:
    files = {**laws(**{f"r{i}": body for i, body in enumerate(UNKNOWN_GROUP)}), "groups.csv": GROUPS}
    found = problems_of(make_case(tmp_path, files))
    assert [p.column for p in found] == list(UNKNOWN_GROUP.values())
    assert {(p.got, p.expected) for p in found} == {("'D:6'", "a known group")}


def test_what_is_neither_a_country_nor_a_group_is_a_fault(tmp_path: Path) -> None:
    for words, expected in (
        (("UK", "d5 ", "*", "5"), "ISO country codes such as CN"),
        (("EUU2", "u"), "a known group"),
    ):
        files = laws(**{f"r{i}": f'scope = [{{origin = ["{word}"]}}]' for i, word in enumerate(words)})
        found = problems_of(make_case(tmp_path, {**files, "groups.csv": GROUPS}))
        assert len(found) == len(words)
        assert all(expected in p.expected for p in found)


# ---------------------------------------------------------------- places read as another

TERRITORIES = """
    id, regime, country, read_as, since
    t1, home,   HK,      CN,      2020-05-01
    """


def test_a_place_is_read_as_another_from_a_day(made: Made) -> None:
    case = made({
        **laws(
            named='places = {to = ["CN"]}', group='places = {to = ["D:1"]}', itself='places = {to = ["HK"]}',
            other='places = {to = ["*"], to_except = ["CN"]}', row='scope = [{origin = ["US"], to = ["D:1"]}]',
        ),
        **orders("CN", "HK", "JP"),
        "groups.csv": "id, group, country\ng, D:1, CN\n",
        "territories.csv": TERRITORIES,
    })  # fmt: skip
    for name, cn, before, on, jp in (
        ("named", TRUE, FALSE, TRUE, FALSE), ("group", TRUE, FALSE, TRUE, FALSE), ("itself", FALSE, TRUE, TRUE, FALSE),
        ("other", FALSE, TRUE, FALSE, TRUE), ("row", TRUE, FALSE, TRUE, FALSE),
    ):  # fmt: skip
        assert answers(case, name, "2020-04-30", "CN", "HK", "JP") == [cn, before, jp], name
        assert answers(case, name, "2020-05-01", "CN", "HK", "JP") == [cn, on, jp], name


def test_only_the_regime_that_says_so_reads_it_so(made: Made) -> None:
    far = measure(limb("far", 'places = {to = ["CN"]}'), regime="far", name="far")
    case = made({
        **laws(home='places = {to = ["CN"]}'), "measures/far.toml": far, **orders("HK"), "territories.csv": TERRITORIES,
    })  # fmt: skip
    assert answers(case, "home", DAY, "HK") == [TRUE]
    assert answers(case, "far", DAY, "HK") == [FALSE]


def test_where_a_good_is_made_is_read_as_another_too(made: Made) -> None:
    case = made({
        **laws(made='scope = [{origin = ["CN"]}]', seat='places = {headquartered_in = ["CN"]}'),
        "variants.csv": "id, item, maker, origin\nacme-chip, chip, acme, HK\nnorr-chip, chip, norr, KR\n",
        "parties.csv": FILES["parties.csv"].replace("third,  JP,", "third,  HK,"),
        "territories.csv": TERRITORIES,
    })  # fmt: skip
    assert [bite(case, A, d, "made") for d in ("2020-04-30", "2020-05-01")] == [FALSE, TRUE]
    assert [bite(case, "acme>ova:chip", d, "seat") for d in ("2020-04-30", "2020-05-01")] == [FALSE, TRUE]


# ---------------------------------------------------------------- the chart

CODES = """
    id, code,       reason, codes_except, to,    prose
    c1, home:3A1,   NS 2,   none,         none,
    c2, home:3A1,   AT 1,   none,         none,
    c3, home:EAR99, ,       none,         KP;SY,
    c4, home:4A1,   NS 2,   home:4A1.b,   none,
    c5, home:4A1.b, AT 1,   none,         none,
    c6, home:5A1.x, NS 2,   none,         none,
    c7, home:6A1,   ,       none,         none,  to all as specified in the note
    c8, home:7A1,   ,       none,         D:5,
    c9, home:8A1,   ,       none,         *,
    """
CHART = """
    id, regime, country, reasons,   elsewhere,         since, through
    k1, home,   CN,      NS 2;AT 1, ,                  ,      2020-05-31
    k2, home,   JP,      none,      ,                  ,
    k3, home,   SY,      AT 1,      see section 746.9, ,
    k4, far,    DE,      NS 2,      ,                  ,
    """
CHART_FILES = {"codes.csv": CODES, "chart.csv": CHART, "groups.csv": GROUPS}


def chart(codes: str, **bodies: str) -> dict[str, str]:
    """A requirement by the chart, an order to each country, Acme's chips with these codes."""
    every = orders("CN", "JP", "SY", "DE", "ZZ")
    return {**laws(**(bodies or {"r": "chart_applies = true"})), **every, **coded(codes), **CHART_FILES}


CLASSIFIED = [  # codes of the good; whether a licence is needed to CN, JP, SY, DE and nobody knows where (None: either)
    ("home:3A1", TRUE, FALSE, TRUE, UNKNOWN, UNKNOWN),  # two reasons: one mark is enough; no row for DE or ZZ
    ("home:3A1.c.2", TRUE, FALSE, TRUE, UNKNOWN, UNKNOWN),  # below the code of the row
    ("home:EAR99", FALSE, FALSE, TRUE, FALSE, UNKNOWN),  # the text names the places itself
    ("home:4A1.a", TRUE, FALSE, UNKNOWN, UNKNOWN, UNKNOWN),  # NS 2: Syria's row points elsewhere
    ("home:4A1.b", TRUE, FALSE, TRUE, UNKNOWN, UNKNOWN),  # left out of the row for NS 2; AT 1 is marked
    ("home:4A1.b.1", TRUE, FALSE, TRUE, UNKNOWN, UNKNOWN),
    ("home:4A1", UNKNOWN, None, UNKNOWN, UNKNOWN, UNKNOWN),  # coarser than what the rows tell apart
    ("home:5A1.x", TRUE, FALSE, UNKNOWN, UNKNOWN, UNKNOWN),
    ("home:5A1.y", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),  # no row speaks of it
    ("home:6A1", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),  # must be read
    ("home:7A1", TRUE, FALSE, TRUE, FALSE, UNKNOWN),  # places that are a group
    ("home:8A1", TRUE, TRUE, TRUE, TRUE, TRUE),  # everywhere, wherever that is
    ("home:9A1", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),  # not in the code table
    ("home:3A1; home:EAR99", TRUE, FALSE, TRUE, UNKNOWN, UNKNOWN),  # one of two is enough
    ("home:EAR99; home:9A1", UNKNOWN, UNKNOWN, TRUE, UNKNOWN, UNKNOWN),
    ("home:none", FALSE, FALSE, FALSE, FALSE, FALSE),  # known to be nowhere on the list of this regime
    ("none", FALSE, FALSE, FALSE, FALSE, FALSE),  # nor of any
    ("far:3A1", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),  # said of another regime only
    ("far:3A1; home:none", FALSE, FALSE, FALSE, FALSE, FALSE),
]


def test_the_chart_by_code_and_country(made: Made) -> None:
    names, to = [f"g{i}" for i in range(len(CLASSIFIED))], ("CN", "JP", "SY", "DE", "ZZ")
    made_so = "".join(f'{n}, chip, acme, US, "{codes}"\n' for n, (codes, *_) in zip(names, CLASSIFIED, strict=True))
    case = made({
        **chart("none"),
        "+variants.csv": "id, item, maker, origin, codes\n" + made_so,
        "orders.csv": "id, link, value_usd_m, variant, destination\n"
        + "".join(f"{n}-{c}, {A}, 1, {n}, {c}\n" for n in names for c in to),
    })  # fmt: skip
    for name, (codes, *expected) in zip(names, CLASSIFIED, strict=True):
        found = answers(case, "r", DAY, *(f"{name}-{c}" for c in to))
        assert [t if e is not None else e for t, e in zip(found, expected, strict=True)] == expected, codes


def test_a_good_that_nobody_classified(made: Made) -> None:
    case = made({**chart(""), "units.csv": FILES["units.csv"].replace("acme-chip, US", ", US")})
    assert answers(case, "r", DAY, "CN", "JP") == [UNKNOWN, UNKNOWN]  # no variant at all
    assert answers(made(chart("")), "r", DAY, "CN", "JP") == [UNKNOWN, UNKNOWN]  # a variant without codes
    assert ask(made(chart("")), "CN", DAY).outcome == "needs_facts"


def test_a_row_of_the_chart_has_days(made: Made) -> None:
    """After its last day the chart has no row for the country, so nothing can be said."""
    case = made(chart("home:3A1"))
    assert [bite(case, "CN", d, "r") for d in ("2020-05-31", "2020-06-01")] == [TRUE, UNKNOWN]
    later = CHART + "k5, home, CN, AT 1, , 2020-06-01,\n"
    case = made({**chart("home:4A1.a"), "chart.csv": later})
    assert [bite(case, "CN", d, "r") for d in ("2020-05-31", "2020-06-01")] == [TRUE, FALSE]
    span = permits(case, "2020-05-01", "2020-06-30")
    assert [v.outcome for d in ("2020-05-31", "2020-06-01") if (v := span.verdict_on(A, d))] == [
        "licence_required", "not_subject",
    ]  # fmt: skip


def test_a_row_of_the_code_table_has_days(made: Made) -> None:
    codes = """
        id, code,     reason, since,      through
        c1, home:3A1, NS 2,   ,           2020-04-30
        c2, home:3A1, AT 1,   2020-05-01, 2020-05-31
        """
    case = made({**chart("home:3A1"), "codes.csv": codes, "chart.csv": CHART.replace("NS 2;AT 1", "NS 2")})
    days = {"2020-04-30": TRUE, "2020-05-01": FALSE, "2020-05-31": FALSE, "2020-06-01": UNKNOWN}
    assert {d: bite(case, "CN", d, "r") for d in days} == days


def test_a_place_read_as_another_has_the_row_of_that(made: Made) -> None:
    """Hong Kong has a row of its own without a mark until it is read as China."""
    case = made({
        **chart("home:3A1"), **orders("HK", "CN"), "territories.csv": TERRITORIES,
        "chart.csv": CHART + "k5, home, HK, none, , ,\n",
    })  # fmt: skip
    assert [bite(case, "HK", d, "r") for d in ("2020-04-30", "2020-05-01")] == [FALSE, TRUE]


def test_the_chart_for_some_reasons_only(made: Made) -> None:
    body = 'chart_applies = true\nitems = {reasons = ["%s"]}'
    case = made(chart("home:3A1", ns=body % "NS 2", at=body % "AT 1", mt=body % "MT 1"))
    assert answers(case, "ns", DAY, "CN", "JP", "SY", "DE") == [TRUE, FALSE, UNKNOWN, UNKNOWN]
    assert answers(case, "at", DAY, "CN", "JP", "SY", "DE") == [TRUE, FALSE, TRUE, UNKNOWN]
    assert answers(case, "mt", DAY, "CN", "JP", "SY", "DE") == [FALSE, FALSE, FALSE, FALSE]  # not controlled for it


def test_the_chart_beside_other_conditions(made: Made) -> None:
    case = made(chart("home:3A1", r='chart_applies = true\nplaces = {to = ["SY", "DE"]}'))
    assert answers(case, "r", DAY, "CN", "SY", "DE") == [FALSE, TRUE, UNKNOWN]


def test_the_chart_makes_requirements_alone(tmp_path: Path) -> None:
    effects = ("prohibit", "authorise", "inform", "forbid_compliance", "out_of_scope")
    files = {"measures/order.toml": measure(*(limb(e, "chart_applies = true", effect=e) for e in effects))}
    found = problems_of(make_case(tmp_path, files))
    assert len(found) == len(effects)
    assert all("effect = 'require_licence' beside chart_applies" in p.expected for p in found)


def test_what_the_chart_says_is_proved_by_its_rows(made: Made) -> None:
    case = made(chart("home:3A1"))
    facts = {str(f) for r in ask(case, "CN", DAY).reason.walk() for f in r.facts}
    assert {"codes c1 (codes.csv, row 2)", "chart k1 (chart.csv, row 2)"} <= facts
    needs = ask(made(chart("home:9A1")), "CN", DAY).needs
    assert needs == ("9A1 needs a licence to CN: the record has no row for the code",)
    needs = ask(case, "DE", DAY).needs
    assert all("the record has no row of the chart for it" in n for n in needs) and len(needs) == 2


# ---------------------------------------------------------------- on the way


def test_countries_on_the_way_count_where_the_rule_says_so(made: Made) -> None:
    case = made({
        **laws(way='places = {to = ["D:5"], via_counts = true}', end='places = {to = ["D:5"]}'),
        "orders.csv": """
            id,    link, value_usd_m, destination, via
            none,  {A},  1,           JP,          none
            group, {A},  1,           JP,          KR; SY
            other, {A},  1,           JP,          KR; DE
            dark,  {A},  1,           JP,          KR; ZZ
            both,  {A},  1,           SY,          ZZ
            """.replace("{A}", A),
        "groups.csv": GROUPS,
    })  # fmt: skip
    sales = ("none", "group", "other", "dark", "both")
    assert answers(case, "way", DAY, *sales) == [FALSE, TRUE, FALSE, UNKNOWN, TRUE]
    assert answers(case, "end", DAY, *sales) == [FALSE, FALSE, FALSE, FALSE, TRUE]
    assert ask(case, "dark", DAY).outcome == "needs_facts"


# ---------------------------------------------------------------- look back


def test_a_chart_or_table_that_had_not_been_recorded_says_nothing(made: Made) -> None:
    head, *rows = [line.strip() for line in CHART.strip().splitlines()]
    late = {"chart.csv": "\n".join([head + ", recorded", *(f"{r}, 2020-06-01" for r in rows)])}
    files = {**chart("home:3A1"), **late}
    assert bite(made(files, as_known="2020-05-31"), "CN", DAY, "r") is UNKNOWN
    assert bite(made(files, as_known="2020-06-01"), "CN", DAY, "r") is TRUE


# ---------------------------------------------------------------- what is kept between days

CHANGES = {
    "chart.csv": "id, regime, country, reasons, since, through\n"
    'a, acme, DE, "NS 1", 2020-03-01, 2020-05-31\nb, acme, DE, none, 2020-06-01,\nc, acme, CN, "NS 1",,\n',
    "codes.csv": "id, code, reason, to, since, through\n"
    'k, acme:3A1, NS 1,,, 2020-06-30\nl, acme:3A1.b,, "G:1", 2020-04-01,\n',
    "groups.csv": "id, group, country, since, through\ng, G:1, JP, 2020-05-05, 2020-07-01\nh, G:1, CN, 2020-08-01,\n",
    "territories.csv": "id, country, read_as, regime, since\nt, HK, CN, acme, 2020-07-15\n",
}


def test_the_chart_says_the_same_whatever_was_asked_before(made: Made) -> None:
    days = [dt.date(2020, 2, 1) + dt.timedelta(k) for k in range(0, 250, 3)]
    asked = [(c, to, d) for c in ("3A1", "3A1.b", "9Z9") for to in ("DE", "CN", "HK", "JP", "ZZ") for d in days]
    kept = facts_of(made(CHANGES))
    said = [needs_licence(c, to, "acme", kept, d) for c, to, d in asked]
    case = made(CHANGES)
    fresh = [needs_licence(c, to, "acme", facts_of.__wrapped__(case), d) for c, to, d in asked[::-7]]
    assert fresh == said[::-7]
    assert len({r.text for r in said}) > 20
    assert {r.truth for r in said} == {FALSE, UNKNOWN, TRUE}
    assert not [r.text for r in said if re.search(r"\d{4}-\d\d-\d\d", r.text)]  # what is kept between days names none

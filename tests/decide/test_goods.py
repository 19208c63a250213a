"""What the good is: reasons for control, figures, an expert's word; and what it is made of and with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cases import ask, bite, limb, make_case, measure, problems_of
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Truth
from detente.record import Case, RecordError

Made = Callable[..., Case]
A = "acme>vell:chip"
DAY = "2020-05-01"
UNITS = """
    id,   name,        party, item,  country, output_usd_m
    acme, Acme chips,  acme,  chip,  US,      100
    vell, Vell phones, vell,  phone, CN,      900
    """


def laws(**bodies: str) -> dict[str, str]:
    """A case's files with one requirement a body, under the name it is given."""
    return {"measures/order.toml": measure(*(limb(name, body) for name, body in bodies.items()))}


def goods(columns: str, **rows: str) -> dict[str, str]:
    """One good of Acme's a row (``made in, ...``), sold to Vell under its own name; ``bare`` has no variant."""
    links = "".join(f"{k}, acme, vell, 1, production, {k}\n" for k in rows) + "bare, acme, vell, 1, production,\n"
    return {
        "variants.csv": f"id, item, maker, origin, {columns}\n"
        + "".join(f"{k}, chip, acme, {v}\n" for k, v in rows.items()),
        "units.csv": UNITS,
        "links.csv": "id, seller, buyer, value_usd_m, end_use, variant\n" + links,
    }


def answers(case: Case, name: str, *sales: str) -> list[Truth]:
    """Whether a requirement bites on each of some sales."""
    return [bite(case, s, DAY, name) for s in sales]


# ---------------------------------------------------------------- reasons for control

CODES = """
    id, code,       reason, codes_except, to,   prose
    c1, home:3A1,   NS 2,   none,         none,
    c2, home:3A1,   AT 1,   none,         none,
    c3, home:4A1,   AT 1,   none,         none,
    c4, home:5A1,   NS 2,   home:5A1.z,   none,
    c5, home:5A1.z, AT 1,   none,         none,
    c6, home:6A1,   ,       none,         none, as specified in the note
    c7, home:7A1,   ,       none,         KP,
    c8, home:7A1,   AT 1,   none,         none,
    """


def test_controlled_for_a_reason_and_for_no_other(made: Made) -> None:
    case = made({
        **laws(
            ns='items = {reasons = ["NS 2"]}', both='items = {reasons = ["NS 2", "AT 1"]}',
            only='items = {reasons = ["AT 1"], reasons_only = true}',
            pair='items = {reasons = ["NS 2", "AT 1"], reasons_only = true}',
        ),
        **goods(
            "codes", ns_at="US, home:3A1", at="US, home:4A1", ns="US, home:5A1.y", z="US, home:5A1.z",
            wide="US, home:5A1", read="US, home:6A1", to="US, home:7A1", far="US, home:9A1", none="US, home:none",
            dark="US,", two='US, "home:4A1; home:3A1"',
        ),
        "codes.csv": CODES,
    })  # fmt: skip
    for sale, ns, both, only, pair in (
        ("ns_at", TRUE, TRUE, FALSE, TRUE),
        ("at", FALSE, TRUE, TRUE, TRUE),
        ("ns", TRUE, TRUE, FALSE, TRUE),
        ("z", FALSE, TRUE, TRUE, TRUE),  # the row for NS 2 leaves it out
        ("wide", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),  # coarser than what the rows tell apart
        ("far", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),  # the table has no row for it
        ("dark", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
        ("bare", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
        ("none", FALSE, FALSE, FALSE, FALSE),  # known not to be on the list
        ("two", TRUE, TRUE, FALSE, TRUE),
    ):
        assert [bite(case, sale, DAY, r) for r in ("ns", "both", "only", "pair")] == [ns, both, only, pair], sale
    assert [bite(case, "to", DAY, r) for r in ("ns", "both")] == [FALSE, TRUE]  # the text names a place besides
    assert answers(case, "ns", "read") == [UNKNOWN]  # its text must be read
    assert ask(case, "read", DAY).outcome != "not_subject"


def test_reasons_are_read_of_the_day(made: Made) -> None:
    codes = "id, code, reason, since, through\nc1, home:3A1, NS 2, , 2020-04-30\nc2, home:3A1, AT 1, 2020-05-01,\n"
    case = made({
        **laws(ns='items = {reasons = ["NS 2"]}'), **goods("codes", k="US, home:3A1"), "codes.csv": codes,
    })  # fmt: skip
    assert [bite(case, "k", d, "ns") for d in ("2020-04-30", "2020-05-01")] == [TRUE, FALSE]


def test_a_reason_is_a_column_of_the_chart(tmp_path: Path) -> None:
    wrong = ("NS2", "NS", "ns 2", "NS 22", "National Security 2")
    files = laws(**{f"r{i}": f'items = {{reasons = ["{reason}"]}}' for i, reason in enumerate(wrong)})
    found = problems_of(make_case(tmp_path, files))
    assert len(found) == len(wrong)
    assert all("columns of the chart such as 'NS 2'" in p.expected for p in found)


# ---------------------------------------------------------------- figures of the good


FIGURES = {  # the figure is 7, 4..7, 7..10, 4..10, 8..10
    "<=7": (TRUE, TRUE, UNKNOWN, UNKNOWN, FALSE),
    "<7": (FALSE, UNKNOWN, FALSE, UNKNOWN, FALSE),
    ">=7": (TRUE, UNKNOWN, TRUE, UNKNOWN, TRUE),
    ">7": (FALSE, FALSE, UNKNOWN, UNKNOWN, TRUE),
    "=7": (TRUE, UNKNOWN, UNKNOWN, UNKNOWN, FALSE),
    "= 7.0": (TRUE, UNKNOWN, UNKNOWN, UNKNOWN, FALSE),
    "<=6.9": (FALSE, UNKNOWN, FALSE, UNKNOWN, FALSE),
}


def test_a_figure_against_the_line(made: Made) -> None:
    case = made({
        **laws(**{f"r{i}": f'items = {{params = {{node_nm = "{test}"}}}}' for i, test in enumerate(FIGURES)}),
        **goods(
            "params", seven="US, node_nm=7", under="US, node_nm=4..7", on_top="US, node_nm=7..10",
            wide="US, tpp=9; node_nm=4..10", over="US, node_nm=8..10", other="US, tpp=7", none="US, none",
        ),
    })  # fmt: skip
    for i, (test, expected) in enumerate(FIGURES.items()):
        assert tuple(answers(case, f"r{i}", "seven", "under", "on_top", "wide", "over")) == expected, test
        assert answers(case, f"r{i}", "other", "none", "bare") == [UNKNOWN, UNKNOWN, UNKNOWN]  # not on record


def test_all_figures_must_fit(made: Made) -> None:
    case = made({
        **laws(r='items = {params = {tpp = ">=4800", density = ">5.9"}, decided_by = "parameter"}'),
        **goods(
            "params", yes="US, tpp=4800; density=6", one="US, tpp=4799.99; density=6",
            other="US, tpp=4800; density=5.9", half="US, tpp=4800", not_half="US, tpp=4000",
        ),
    })  # fmt: skip
    assert answers(case, "r", "yes", "one", "other", "half", "not_half") == [TRUE, FALSE, FALSE, UNKNOWN, FALSE]
    need = ask(case, "half", DAY).needs
    assert need == ("density > 5.9: not recorded for half",)


def test_a_figure_is_compared_and_nothing_else(tmp_path: Path) -> None:
    wrong = ("10", "=<10", "<= ten", "!=10", "<=-1", "<=10 nm", "")
    files = laws(**{f"r{i}": f'items = {{params = {{node_nm = "{test}"}}}}' for i, test in enumerate(wrong)})
    found = problems_of(make_case(tmp_path, files))
    assert len(found) == len(wrong)
    assert all("a comparison such as '<=10'" in p.expected for p in found)


def test_an_expert_decides_beside_the_code(made: Made) -> None:
    """All that is given must hold: the code, and what the expert found in the words of the text."""
    body = 'items = {codes = ["3A1"], text = "specially designed (for 5G)", decided_by = "expert"}'
    case = made({
        **laws(r=body),
        **goods("codes", yes="US, home:3A1", no="US, home:3A1", open="US, home:3A1", other="US, home:4A1"),
        "findings.csv": """
            id, about, fact,                              value
            f1, yes,   item:specially-designed-(for-5g), yes
            f2, no,    item:specially-designed-(for-5g), no
            f3, other, item:specially-designed-(for-5g), yes
            """,
    })  # fmt: skip
    assert answers(case, "r", "yes", "no", "open", "other") == [TRUE, FALSE, UNKNOWN, FALSE]
    (need,) = ask(case, "open", DAY).needs
    assert "'item:specially-designed-(for-5g)'" in need  # it says under which word the finding belongs


def test_what_an_expert_decides_must_be_said(tmp_path: Path) -> None:
    files = laws(**{d: f'items = {{codes = ["3A1"], decided_by = "{d}"}}' for d in ("declared", "expert")})
    found = problems_of(make_case(tmp_path, files))
    assert len(found) == 2
    assert all("text beside decided_by" in p.expected for p in found)


# ---------------------------------------------------------------- content that needs a licence to the destination

CONTENT_CODES = """
    id, code,       reason, to
    c1, home:3A1,   NS 2,   none
    c2, home:4A1,   AT 1,   none
    c3, home:EAR99, ,       KP;SY
    """
CONTENT_CHART = """
    id, regime, country, reasons
    k1, home,   CN,      NS 2
    k2, home,   SY,      AT 1
    """


def content(op: str, pct: float, counts: str = "licensable_to_destination", more: str = "") -> str:
    """A requirement that rests on American content over a line."""
    said = f'content_origin = ["US"], content_counts = "{counts}", content_op = "{op}", content_pct = {pct}'
    return f"scope = [{{{said}{more}}}]"


PARTS = [  # the parts, whether they are over 25 % to China, at least 25 %, over 25 % to Syria
    ("US/3A1:0.26", TRUE, TRUE, FALSE),
    ("US/3A1:0.25", FALSE, TRUE, FALSE),  # exactly on the line
    ("US/3A1:0.1; US/3A1.b:0.15", FALSE, TRUE, FALSE),  # and added up
    ("US/3A1:0.2; US/4A1:0.3", FALSE, FALSE, TRUE),  # each part by its own code and the destination
    ("US/3A1:0.2; US/EAR99:0.3", FALSE, FALSE, TRUE),
    ("US/EAR99:0.9", FALSE, FALSE, TRUE),  # the buyer is on a list: that makes nothing licensable
    ("US/EAR99:0.25", FALSE, FALSE, FALSE),
    ("US:0.26", UNKNOWN, UNKNOWN, UNKNOWN),  # a part without a code
    ("US:0.25", FALSE, UNKNOWN, FALSE),  # even all of it is on the line only
    ("US/3A1:0.2; US:0.05", FALSE, UNKNOWN, FALSE),
    ("US/3A1:0.2; US:0.06", UNKNOWN, UNKNOWN, FALSE),
    ("US/3A1:0.26; US:0.5", TRUE, TRUE, UNKNOWN),  # enough without it
    ("US/9A1:0.26", UNKNOWN, UNKNOWN, UNKNOWN),  # a code that the table does not have
    ("US/3A1:0.2-0.3", UNKNOWN, UNKNOWN, FALSE),
    ("US/3A1:0.25-0.3", UNKNOWN, TRUE, FALSE),
    ("ZZ/3A1:0.3", UNKNOWN, UNKNOWN, FALSE),  # made nobody knows where: perhaps American
    ("ZZ/EAR99:0.9", FALSE, FALSE, UNKNOWN),  # but needs no licence wherever it comes from
    ("US/3A1:0.2; ZZ/3A1:0.1", UNKNOWN, UNKNOWN, FALSE),
    ("JP/3A1:0.9", FALSE, FALSE, FALSE),
    ("none", FALSE, FALSE, FALSE),
    ("", UNKNOWN, UNKNOWN, UNKNOWN),
]


def test_each_part_counts_where_its_code_needs_a_licence_there(made: Made) -> None:
    names = [f"g{i}" for i in range(len(PARTS))]
    case = made({
        **laws(over=content(">", 25), at_least=content(">=", 25)),
        **goods("content", **{n: f'KR, "{parts}"' for n, (parts, *_) in zip(names, PARTS, strict=True)}),
        "orders.csv": "id, link, value_usd_m, destination\n"
        + "".join(f"{n}-{c}, {n}, 1, {c}\n" for n in names for c in ("SY", "JP")),
        "codes.csv": CONTENT_CODES,
        "chart.csv": CONTENT_CHART,
    })  # fmt: skip
    for name, (parts, over, at_least, to_syria) in zip(names, PARTS, strict=True):
        assert [bite(case, name, DAY, r) for r in ("over", "at_least")] == [over, at_least], parts
        assert bite(case, f"{name}-SY", DAY, "over") is to_syria, parts
    assert answers(case, "over", "g0-JP", "g5-JP") == [UNKNOWN, FALSE]  # the chart has no row for Japan


def test_parts_that_add_up_to_the_line_are_on_it(made: Made) -> None:
    """To a computer 0.01 + 0.09 is a little less than 0.1, and 0.1 + 0.2 a little more than 0.3."""
    case = made({
        **laws(ten=content(">=", 10, "all"), thirty=content(">", 30, "all")),
        **goods("content", ten='KR, "US:0.01; US/X1:0.09"', thirty='KR, "US:0.1; US/X1:0.2"', over="KR, US:0.3001",
                under="KR, US:0.0999"),
    })  # fmt: skip
    assert answers(case, "ten", "ten", "under") == [TRUE, FALSE]
    assert answers(case, "thirty", "thirty", "over") == [FALSE, TRUE]


def test_one_line_for_some_destinations_and_another_elsewhere(made: Made) -> None:
    """10 % to E:1, 25 % to the rest: two rows."""
    row = content("%s", 0, "all").removeprefix("scope = [{").removesuffix("}]")
    strict = row.replace('"%s"', '">"').replace("pct = 0", "pct = 10") + ', to = ["E:1"]'
    mild = row.replace('"%s"', '">"').replace("pct = 0", "pct = 25") + ', to_except = ["E:1"]'
    places = ("CN", "SY", "ZZ")
    case = made({
        **laws(r=f"scope = [{{{strict}}}, {{{mild}}}]"),
        **goods("content", low="KR, US:0.10", mid="KR, US:0.11", edge="KR, US:0.25", high="KR, US:0.26", dark="KR,"),
        "orders.csv": "id, link, value_usd_m, destination\n"
        + "".join(f"{g}-{c}, {g}, 1, {c}\n" for g in ("low", "mid", "edge", "high", "dark", "bare") for c in places),
        "groups.csv": "id, group, country\ng, E:1, SY\n",
    })  # fmt: skip
    for good, expected in (
        ("low", [FALSE, FALSE, FALSE]), ("mid", [FALSE, TRUE, UNKNOWN]), ("edge", [FALSE, TRUE, UNKNOWN]),
        ("high", [TRUE, TRUE, UNKNOWN]), ("dark", [UNKNOWN, UNKNOWN, UNKNOWN]), ("bare", [UNKNOWN, UNKNOWN, UNKNOWN]),
    ):  # fmt: skip
        assert answers(case, "r", *(f"{good}-{c}" for c in places)) == expected, good


def test_a_row_for_some_destinations_says_nothing_of_others(made: Made) -> None:
    case = made({
        **laws(r='scope = [{origin = ["US"], to = ["SY"]}]'),
        **goods("codes", home="US,", far="KR,", dark="ZZ,"),
        "orders.csv": "id, link, value_usd_m, destination\n"
        + "".join(f"{g}-{c}, {g}, 1, {c}\n" for g in ("home", "far", "dark", "bare") for c in ("SY", "CN")),
    })  # fmt: skip
    assert answers(case, "r", "home-SY", "far-SY", "dark-SY", "bare-SY") == [TRUE, FALSE, UNKNOWN, UNKNOWN]
    assert answers(case, "r", "home-CN", "far-CN", "dark-CN", "bare-CN") == [FALSE] * 4  # whatever it is


def test_content_of_listed_codes_by_code_and_by_origin(made: Made) -> None:
    listed = content(">", 25, "listed_codes", ', content_codes = ["3A1.b", "EAR99"]')
    case = made({
        **laws(r=listed, every=content(">", 25, "all")),
        **goods(
            "content", under='KR, "US/3A1.b.2:0.2; US/EAR99:0.06"', edge='KR, "US/3A1.b:0.2; US/EAR99:0.05"',
            beside="KR, US/3A1.c:0.9", near="KR, US/3A1.b2:0.9", dark='KR, "US/3A1.b:0.2; US:0.06"',
            zz="KR, ZZ/3A1.b:0.26", other="KR, ZZ/3A1.c:0.26",
        ),
    })  # fmt: skip
    sales = ("under", "edge", "beside", "near", "dark", "zz", "other")
    assert answers(case, "r", *sales) == [TRUE, FALSE, FALSE, FALSE, UNKNOWN, UNKNOWN, FALSE]
    assert answers(case, "every", *sales) == [TRUE, FALSE, TRUE, TRUE, TRUE, UNKNOWN, UNKNOWN]


HALF = [
    ('content_origin = ["US"]', "content_counts, content_op and content_pct beside content_origin"),
    ('content_origin = ["US"], content_op = ">", content_pct = 25', "content_counts"),
    ('origin = ["US"], content_pct = 25', "content_origin beside"),
    (
        'content_origin = ["US"], content_counts = "listed_codes", content_op = ">", content_pct = 25',
        "content_codes beside",
    ),
    ('plant_codes = ["3B1"]', "made_with_origin beside"),
    ('origin = ["US"], contains_ic_made_so = true', "made_with_codes or plant_codes beside contains_ic_made_so"),
    ('text = "all of it"', "a key that can be tested"),
    ('exported_from_not = ["KR"]', "a key that can be tested"),
    ('origin = ["US"], origins = ["US"]', "a known key"),
]


def test_half_a_test_of_scope_is_a_fault(tmp_path: Path) -> None:
    found = problems_of(
        make_case(tmp_path, laws(**{f"r{i}": f"scope = [{{{row}}}]" for i, (row, _) in enumerate(HALF)}))
    )
    assert len(found) == len(HALF)
    for (row, expected), problem in zip(HALF, found, strict=True):
        assert expected in problem.expected, row


# ---------------------------------------------------------------- where it ships from, who made it, the chip inside


def test_goods_that_ship_from_an_ally_are_left_out(made: Made) -> None:
    product = 'made_with_codes = ["3E1"], made_with_origin = ["US"], '
    case = made({
        **laws(
            r=f'scope = [{{{product}exported_from_not = ["A:5"]}}]',
            hq=f'scope = [{{{product}produced_in_not_hq = ["JP", "NL"]}}]',
        ),
        **goods(
            "made_with_codes, made_with_origin, shipped_from", ally="KR, home:3E1, US, JP", far="JP, home:3E1, US, KR",
            dark="JP, home:3E1, US, ZZ", other="KR, none, , KR", unsaid="KR, , , KR", unsaid_ally="KR, , , JP",
        ),
        "groups.csv": "id, group, country\ng, A:5, JP\n",
    })  # fmt: skip
    sales = ("ally", "far", "dark", "other", "unsaid", "unsaid_ally", "bare")
    assert answers(case, "r", *sales) == [FALSE, TRUE, UNKNOWN, FALSE, UNKNOWN, FALSE, UNKNOWN]
    # its maker is American: the second carve-out helps none of these, wherever they are made
    assert answers(case, "hq", *sales) == [TRUE, TRUE, TRUE, FALSE, UNKNOWN, UNKNOWN, UNKNOWN]


SEATS = [  # country and headquarters of the maker, whether it has none in Japan
    ("JP", "", FALSE),
    ("KR", "JP", FALSE),  # headquarters count, not where it works
    ("JP", "KR", TRUE),
    ("KR", "", TRUE),
    ("ZZ", "", UNKNOWN),
    ("", "", UNKNOWN),
    ("JP", "ZZ", UNKNOWN),
]


def test_headquarters_of_the_maker(made: Made) -> None:
    names = [f"m{i}" for i in range(len(SEATS))]
    firms = [f"{n}, {n}, firm, third, {c}, {s}\n" for n, (c, s, _) in zip(names, SEATS, strict=True)]
    made_so = [f"{n}-{c}, chip, {n}, {c.upper()}\n" for n in names for c in ("kr", "us")]
    links = [f"{n}-{c}, acme, vell, 1, production, {n}-{c}\n" for n in names for c in ("kr", "us")]
    case = made({
        **laws(r='scope = [{origin = ["KR"], produced_in_not_hq = ["JP"]}]'),
        "units.csv": UNITS,
        "parties.csv": "id, name, kind, side, country, headquarters\nacme, Acme, firm, home, US,\n"
        "vell, Vell, firm, target, CN,\n" + "".join(firms),
        "variants.csv": "id, item, maker, origin\n" + "".join(made_so),
        "links.csv": "id, seller, buyer, value_usd_m, end_use, variant\n" + "".join(links),
    })  # fmt: skip
    for name, (country, seat, answer) in zip(names, SEATS, strict=True):
        assert answers(case, "r", f"{name}-kr", f"{name}-us") == [answer, FALSE], (country, seat)


def test_a_chip_inside_that_is_made_so_will_do(made: Made) -> None:
    plain = 'plant_codes = ["3B1"], made_with_origin = ["US"]'
    goods_ = goods(
        "plant_codes, plant_origin, contains_ic_codes, contains_ic_origin",
        plant="KR, home:3B1, US, none,", chip="KR, none, , home:3B1.f, US", neither="KR, none, , none,",
        elsewhere="KR, none, , home:3B1, JP", where="KR, none, , home:3B1,", dark="KR, none, , ,",
        both_dark="KR, , , none,", beside="KR, none, , home:3B10, US", maybe="KR, none, , home:3B1, ZZ;JP",
    )  # fmt: skip
    case = made({**laws(plain=f"scope = [{{{plain}}}]", wide=f"scope = [{{{plain}, contains_ic_made_so = true}}]"),
                 **goods_})  # fmt: skip
    for sale, narrow, wide in (
        ("plant", TRUE, TRUE), ("chip", FALSE, TRUE), ("neither", FALSE, FALSE), ("elsewhere", FALSE, FALSE),
        ("where", FALSE, UNKNOWN), ("dark", FALSE, UNKNOWN), ("both_dark", UNKNOWN, UNKNOWN), ("beside", FALSE, FALSE),
        ("maybe", FALSE, UNKNOWN), ("bare", UNKNOWN, UNKNOWN),
    ):  # fmt: skip
        assert [bite(case, sale, DAY, r) for r in ("plain", "wide")] == [narrow, wide], sale


def test_a_chip_inside_widens_both_tests_of_a_row_and_no_more(made: Made) -> None:
    """A row may ask for technology and plant at once: the chip stands in for each, by the codes of each."""
    row = 'made_with_codes = ["3E1"], plant_codes = ["3B1"], made_with_origin = ["US"], contains_ic_made_so = true'
    case = made({
        **laws(r=f"scope = [{{{row}}}]"),
        **goods(
            "made_with_codes, made_with_origin, plant_codes, plant_origin, contains_ic_codes, contains_ic_origin",
            one="KR, home:3E1, US, none, , home:3E1, US", both="KR, none, , none, , home:3E1;home:3B1, US",
            mixed="KR, home:3E1, US, none, , home:3B1, US", none="KR, none, , none, , home:3E1, US",
        ),
    })  # fmt: skip
    assert answers(case, "r", "one", "both", "mixed", "none") == [FALSE, TRUE, TRUE, FALSE]


def test_the_basis_of_the_content_is_one_of_two_words(made: Made) -> None:
    goods_ = goods("content", k="KR, US:0.26")
    case = made({**laws(r=content(">", 25, "all", ', content_basis = "fair_market_value"')), **goods_})
    assert answers(case, "r", "k") == [TRUE]
    with pytest.raises(RecordError, match="fair_market_value"):
        made({**laws(r=content(">", 25, "all", ', content_basis = "cost"')), **goods_})

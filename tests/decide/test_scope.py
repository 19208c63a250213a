"""Whether an authority has a say over a good, and whether it is one of the goods a limb means."""

from collections.abc import Callable

import pytest

from cases import FILES, ask, bite, limb, measure
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Truth
from detente.record import Case

Made = Callable[..., Case]
DAY = "2020-05-01"
TABLE = "variants.csv"


def rule(body: str) -> dict[str, str]:
    """A case's files in which the limb ``list`` has this body."""
    return {"measures/order.toml": measure(limb("list", body))}


def variants(columns: str, **rows: str) -> dict[str, str]:
    """One good of Acme's a row, sold to Vell under its own name."""
    head = f"id, item, maker, origin, {columns}\n"
    body = "".join(f"{k}, chip, acme, {v}\n" for k, v in rows.items())
    links = "".join(f"{k}, acme, vell, 1, production, {k}\n" for k in rows)
    units = """
        id,   name,        party, item,  country, output_usd_m
        acme, Acme chips,  acme,  chip,  US,      100
        vell, Vell phones, vell,  phone, CN,      900
        """
    return {
        TABLE: head + body,
        "units.csv": units,
        "links.csv": "id, seller, buyer, value_usd_m, end_use, variant\n"
        + links
        + "bare, acme, vell, 1, production,\n",
    }


def answers(case: Case, *names: str) -> list[Truth]:
    """Whether the limb bites on each of the sales."""
    return [bite(case, n, DAY) for n in names]


def test_origin_and_where_it_ships_from(made: Made) -> None:
    goods = variants("shipped_from", home="US,", abroad="KR,", stored="KR, US", out="US, KR")
    case = made({**rule('scope = [{origin = ["US", "JP"]}]'), **goods})
    assert answers(case, "home", "abroad", "stored", "out", "bare") == [TRUE, FALSE, FALSE, TRUE, UNKNOWN]
    case = made({**rule('scope = [{located_in = ["US"]}]'), **goods})
    assert answers(case, "home", "abroad", "stored", "out", "bare") == [TRUE, FALSE, TRUE, FALSE, UNKNOWN]


def test_rows_of_scope_are_or_and_their_fields_and(made: Made) -> None:
    goods = variants("shipped_from", both="US, JP", one="US, KR", other="KR, JP")
    case = made({**rule('scope = [{origin = ["US"], located_in = ["JP"]}]'), **goods})
    assert answers(case, "both", "one", "other") == [TRUE, FALSE, FALSE]
    case = made({**rule('scope = [{origin = ["US"]}, {located_in = ["JP"]}]'), **goods})
    assert answers(case, "both", "one", "other") == [TRUE, TRUE, TRUE]


def test_an_origin_that_is_not_known_does_not_release(made: Made) -> None:
    """ZZ is the code for a country that is not known."""
    goods = variants("shipped_from", made="ZZ, KR", sent="KR, ZZ")
    case = made({**rule('scope = [{origin = ["US"]}]'), **goods})
    assert answers(case, "made", "sent") == [UNKNOWN, FALSE]
    case = made({**rule('scope = [{located_in = ["US"]}]'), **goods})
    assert answers(case, "made", "sent") == [FALSE, UNKNOWN]


# ---------------------------------------------------------------- content

CONTENT = 'scope = [{content_origin = ["US"], content_counts = "%s", content_op = "%s", content_pct = %s%s}]'


@pytest.mark.parametrize(
    ("content", "over", "at_least"),
    [
        ("US:0.24", FALSE, FALSE),
        ("US:0.25", FALSE, TRUE),
        ("US:0.26", TRUE, TRUE),
        ("US:0.1; US/X1:0.15", FALSE, TRUE),  # 0.1 + 0.15 is 0.25, whatever a computer makes of it
        ("US:0.1; JP:0.9", FALSE, FALSE),
        ("US:0.2-0.25", FALSE, UNKNOWN),
        ("US:0.2-0.3", UNKNOWN, UNKNOWN),
        ("US:0.25-0.3", UNKNOWN, TRUE),
        ("US:0.26-0.3", TRUE, TRUE),
        ("US:0-0.2; US/X1:0-0.2", UNKNOWN, UNKNOWN),
        ("none", FALSE, FALSE),
        ("", UNKNOWN, UNKNOWN),
    ],
)
def test_all_content_counts(made: Made, content: str, over: Truth, at_least: Truth) -> None:
    goods = variants("content", k=f'KR, "{content}"')
    assert answers(made({**rule(CONTENT % ("all", ">", 25, "")), **goods}), "k") == [over]
    assert answers(made({**rule(CONTENT % ("all", ">=", 25, "")), **goods}), "k") == [at_least]


@pytest.mark.parametrize(
    ("content", "answer"),
    [("US:0.25", FALSE), ("US:0.26", UNKNOWN), ("US:0.26-0.9", UNKNOWN), ("none", FALSE), ("", UNKNOWN)],
)
def test_content_that_needs_a_licence_is_at_most_all_of_it(made: Made, content: str, answer: Truth) -> None:
    case = made(
        {**rule(CONTENT % ("licensable_to_destination", ">", 25, "")), **variants("content", k=f"KR, {content}")}
    )
    assert answers(case, "k") == [answer]


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ("US/3A1:0.3", TRUE),
        ("US/3A1.b:0.3", TRUE),
        ("US/3A10:0.3", FALSE),
        ("US/EAR99:0.9", FALSE),
        ("US/3A1:0.1; US/4A1:0.2", TRUE),
        ("US/3A1:0.2; US:0.3", UNKNOWN),
        ("US/3A1:0.3; US:0.3", TRUE),
        ("US:0.25", FALSE),
        ("JP/3A1:0.9", FALSE),
    ],
)
def test_content_of_listed_codes(made: Made, content: str, answer: Truth) -> None:
    codes = ', content_codes = ["3A1", "4A1"]'
    case = made({**rule(CONTENT % ("listed_codes", ">", 25, codes)), **variants("content", k=f'KR, "{content}"')})
    assert answers(case, "k") == [answer]


@pytest.mark.parametrize(("op", "content", "answer"), [
    (">", "US:0", FALSE), (">", "US:0.0001", TRUE), (">", "none", FALSE), (">=", "US:0", TRUE),
    (">", "US:0-0.1", UNKNOWN),
])  # fmt: skip
def test_any_content_at_all(made: Made, op: str, content: str, answer: Truth) -> None:
    case = made({**rule(CONTENT % ("all", op, 0, "")), **variants("content", k=f"KR, {content}")})
    assert answers(case, "k") == [answer]


def test_content_of_an_origin_that_is_not_known_may_be_any(made: Made) -> None:
    case = made({**rule(CONTENT % ("all", ">", 25, "")), **variants("content", k="KR, ZZ:0.3", m="KR, ZZ:0.2")})
    assert answers(case, "k", "m") == [UNKNOWN, FALSE]


# ---------------------------------------------------------------- direct products

PRODUCT = {"made_with": "made_with_codes", "plant": "plant_codes"}


@pytest.mark.parametrize("way", PRODUCT)
def test_direct_product(made: Made, way: str) -> None:
    column = PRODUCT[way]
    goods = variants(
        f"{column}, {way}_origin",
        yes="KR, home:3E1, US", below="KR, home:3E1.b, US", beside="KR, home:3E10, US", elsewhere="KR, home:3E1, JP",
        part="KR, home:4E1;home:3E1, JP;US", none="KR, none,", unknown="KR, ,",
        where="KR, home:3E1,",
    )  # fmt: skip
    case = made({**rule(f'scope = [{{{column} = ["3E1"], made_with_origin = ["US"]}}]'), **goods})
    assert answers(case, "yes", "below", "part") == [TRUE, TRUE, TRUE]
    assert answers(case, "beside", "elsewhere", "none") == [FALSE, FALSE, FALSE]
    assert answers(case, "unknown", "where", "bare") == [UNKNOWN, UNKNOWN, UNKNOWN]


def test_origin_of_technology_by_the_name_of_a_defined_scope(made: Made) -> None:
    goods = variants(
        "made_with_codes, made_with_origin", us="KR, home:3E1, US", jp="KR, home:3E1, JP", ca="KR, home:3E1, CA"
    )
    reach = limb("reach", 'scope = [{origin = ["US", "CA"]}, {located_in = ["JP"]}]', effect="define")
    direct = limb("list", 'scope = [{made_with_codes = ["3E1"], made_with_origin = ["reach"]}]')
    case = made({"measures/order.toml": measure(reach, direct), **goods})
    assert answers(case, "us", "jp", "ca") == [TRUE, FALSE, TRUE]


def test_designed_by_a_listed_party(made: Made) -> None:
    listings = """
        id, list,      party, as_listed, tags, requirement, review, since,      through
        l1, home-list, vell,  VELL,      fn1,  all,         denial, 2020-03-02, 2020-05-31
        l2, home-list, vell,  VELL,      none, all,         denial, 2020-06-01,
        l3, far-list,  ova,   OVA,       fn1,  all,         denial, 2020-03-02,
        """
    goods = variants("designed_by", yes="KR, vell", one="KR, norr; vell", no="KR, ova", none="KR, none", unknown="KR,")
    case = made({**rule('scope = [{designed_by = "home-list:fn1"}]'), **goods, "listings.csv": listings})
    assert answers(case, "yes", "one", "no", "none", "unknown", "bare") == [TRUE, TRUE, FALSE, FALSE, UNKNOWN, UNKNOWN]
    assert bite(case, "yes", "2020-05-31") is TRUE
    assert bite(case, "yes", "2020-06-01") is FALSE


def test_designed_by_a_line_of_business_of_a_listed_party(made: Made) -> None:
    listings = "id, list, party, as_listed, tags, requirement, review\nl, home-list, vell, V, fn1, all, denial\n"
    case = made({
        **rule('scope = [{designed_by = "home-list:fn1"}]'),
        **variants("designed_by", k="KR, line"),
        "listings.csv": listings,
        "parties.csv": FILES["parties.csv"] + "        line, The line, business, target, CN,\n",
        "stakes.csv": "id, owner, owned, share, through\ns, vell, line, 1, 2020-05-31\n",
    })  # fmt: skip
    assert [bite(case, "k", d) for d in ("2020-05-31", "2020-06-01")] == [TRUE, UNKNOWN]


def test_named_scope_of_another_limb(made: Made) -> None:
    reach = limb("reach", 'scope = [{origin = ["US"]}]', effect="define", since="2020-04-01")
    case = made({
        "measures/order.toml": measure(limb("list", 'scope = [{named = "reach"}]')),
        "measures/reach.toml": measure(reach, name="reach"),
        **variants("codes", home="US,", abroad="KR,"),
    })  # fmt: skip
    assert answers(case, "home", "abroad") == [TRUE, FALSE]
    assert bite(case, "home", "2020-03-31") is FALSE  # the definition was not in force yet


def test_no_scope_covers_every_good(made: Made) -> None:
    case = made({**rule(""), **variants("codes", home="US,", abroad="KR,")})
    assert answers(case, "home", "abroad", "bare") == [TRUE, TRUE, TRUE]


# ---------------------------------------------------------------- items


@pytest.mark.parametrize(
    ("items", "codes", "answer"),
    [
        ('codes = ["3B001"]', "home:3B001", TRUE),
        ('codes = ["3B001"]', "home:3B001.f", TRUE),
        ('codes = ["3B001"]', "home:3B001.f.1", TRUE),
        ('codes = ["3B001"]', "home:3B0011", FALSE),
        ('codes = ["3B001.f"]', "home:3B001", UNKNOWN),  # the good may be under .f: its code does not say
        ('codes = ["3B001"]', "far:3B001; home:5A1", FALSE),
        ('codes = ["3B001", "EAR99"]', "home:EAR99", TRUE),
        ('codes = ["3B001"]', "none", FALSE),
        ('codes = ["3B001"]', "", UNKNOWN),
        ('codes = ["3B001"], codes_except = ["3B001.f"]', "home:3B001.e", TRUE),
        ('codes = ["3B001"], codes_except = ["3B001.f"]', "home:3B001.f.2", FALSE),
        ('codes_except = ["EAR99"]', "home:3B001", TRUE),
        ('codes_except = ["EAR99"]', "home:EAR99", FALSE),
        ('codes_except = ["EAR99"]', "", UNKNOWN),
    ],
)
def test_codes(made: Made, items: str, codes: str, answer: Truth) -> None:
    case = made({**rule(f"items = {{{items}}}"), **variants("codes", k=f'US, "{codes}"')})
    assert answers(case, "k", "bare") == [answer, UNKNOWN]


@pytest.mark.parametrize(
    ("items", "answer"),
    [
        ('kind = ["commodity"]', TRUE),
        ('kind = ["software", "technology"]', FALSE),
        ('origin = ["US"]', TRUE),
        ('origin = ["KR"]', FALSE),
        ('tags = ["fast"]', TRUE),
        ('tags = ["slow", "fast"]', TRUE),
        ('tags = ["slow"]', FALSE),
        ('kind = ["commodity"], tags = ["slow"]', FALSE),
    ],
)
def test_kind_origin_and_tags(made: Made, items: str, answer: Truth) -> None:
    named = "id, name, kind, tags\nchip, Chips, commodity, fast; small\nphone, Phones, commodity, none\n"
    case = made({**rule(f"items = {{{items}}}"), **variants("codes", k="US,"), "items.csv": named})
    assert answers(case, "k") == [answer]


@pytest.mark.parametrize("decided_by", ["expert", "declared"])
def test_what_only_an_expert_can_say(made: Made, decided_by: str) -> None:
    body = f'items = {{text = "Below the 5G level", decided_by = "{decided_by}"}}'
    goods = variants("codes", yes="US,", no="US,", open="US,")
    findings = "id, about, fact, value\nf, yes, item:below-the-5g-level, yes\ng, no, item:below-the-5g-level, no\n"
    case = made({**rule(body), **goods, "findings.csv": findings})
    assert answers(case, "yes", "no", "open") == [TRUE, FALSE, UNKNOWN]


def test_a_variant_counts_only_in_its_own_days(made: Made) -> None:
    """A good that is made so only until a day cannot tell how it is made on a later one."""
    goods = variants("through", k="KR, 2020-04-30", m="KR, 2020-05-01")
    case = made({**rule('scope = [{origin = ["US"]}]'), **goods})
    assert [ask(case, s, DAY).outcome for s in ("k", "m")] == ["needs_facts", "not_subject"]

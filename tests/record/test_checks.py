"""What must hold between cells, rows and tables."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cases import FILES, LISTED, brief, limb, make_case, measure, problems_of
from detente.record import Case, Problem
from detente.record.checks import account_totals

STAKES = "stakes.csv"
LICENCE_HEAD = "id, authority, holder, kind, consignees, overcomes\n"


def only(folder: Path) -> Problem:
    """The one fault of a case."""
    (found,) = problems_of(folder)
    return found


# ---------------------------------------------------------------- references


def test_reference_to_a_row_that_is_not_there(tmp_path: Path) -> None:
    links = FILES["links.csv"].replace("norr,   vell,", "nor,    vell,")
    found = only(make_case(tmp_path, {"links.csv": links}))
    assert found == Problem("links.csv", 3, "seller", "'nor'", "an id of units", "did you mean 'norr'?")


def test_reference_that_is_like_nothing_names_the_table_to_add_it_to(tmp_path: Path) -> None:
    names = "id, party, name, kind\nn, zzzzzz, Z, alias\n"
    found = only(make_case(tmp_path, {"names.csv": names}))
    assert found == Problem("names.csv", 2, "party", "'zzzzzz'", "an id of parties", "add it to parties.csv")


def test_second_value_of_a_list_is_looked_up_too(tmp_path: Path) -> None:
    names = "id, party, name, kind, source\nn, acme, A, alias, law; pres\n"
    found = only(make_case(tmp_path, {"names.csv": names}))
    assert found == Problem("names.csv", 2, "source", "'pres'", "an id of sources", "did you mean 'press'?")


def test_unknown_limb_in_overcomes(tmp_path: Path) -> None:
    licences = LICENCE_HEAD + "lic, Ministry, acme, individual, vell, list; lst\n"
    found = only(make_case(tmp_path, {"licences.csv": licences}))
    assert found == Problem("licences.csv", 2, "overcomes", "'lst'", "an id of limbs", "did you mean 'list'?")


SAVED = "done_by = {exported = 2020-05-01}"


@pytest.mark.parametrize(
    ("key", "line", "kind", "got", "hint"),
    [
        ("defeats", 'defeats = ["lst"]', "limb", "'lst'", "did you mean 'list'?"),
        ("named", 'scope = [{named = "sope"}]', "limb", "'sope'", "add the limb"),
        ("names", 'parties = {names = ["vel"]}', "party", "'vel'", "did you mean 'vell'?"),
        (
            "sources",
            'savings = [{done_by = {exported = 2020-05-01}, text = "x", sources = ["lw"]}]',
            "source",
            "'lw'",
            "did you mean 'law'?",
        ),
    ],
)
def test_measure_that_names_what_is_not_there(
    tmp_path: Path, key: str, line: str, kind: str, got: str, hint: str
) -> None:
    text = measure(limb("list", LISTED), limb("free", line, effect="authorise"))
    row = text.splitlines().index(line) + 1
    found = only(make_case(tmp_path, {"measures/order.toml": text}))
    assert found == Problem("measures/order.toml", row, key, got, f"a known {kind}", hint)


def test_source_of_a_window_and_of_a_measure(tmp_path: Path) -> None:
    windows = '[{since = 2020-03-02, recorded = 2020-03-01, sources = ["herald"]}]'
    text = measure(limb("list", LISTED, windows=windows)).replace('sources = ["law"]', 'sources = ["lawyer"]', 1)
    found = problems_of(make_case(tmp_path, {"measures/order.toml": text}))
    lines = text.splitlines()
    assert [(p.row, p.column, p.got) for p in found] == [
        (lines.index('sources = ["lawyer"]') + 1, "sources", "'lawyer'"),
        (lines.index(f"in_force = {windows}") + 1, "sources", "'herald'"),
    ]


def test_measure_that_amends_an_unknown_one(tmp_path: Path) -> None:
    text = measure(limb("list", LISTED)).replace('sources = ["law"]\n', 'sources = ["law"]\namends = ["ordr"]\n', 1)
    found = only(make_case(tmp_path, {"measures/order.toml": text}))
    assert found == Problem("measures/order.toml", 7, "amends", "'ordr'", "a known measure", "did you mean 'order'?")


def test_limb_id_used_twice(tmp_path: Path) -> None:
    second = measure(limb("list", LISTED), name="second")
    found = only(make_case(tmp_path, {"measures/second.toml": second}))
    assert (found.file, found.column, found.got) == ("measures/second.toml", "id", "'list' again")
    assert second.splitlines()[found.row - 1] == 'id = "list"'
    assert found.hint == "see measures/order.toml"


def test_measure_id_used_twice(tmp_path: Path) -> None:
    found = only(make_case(tmp_path, {"measures/second.toml": measure(limb("other", LISTED))}))
    assert (found.file, found.row, found.column, found.got) == ("measures/second.toml", 1, "id", "'order' again")


def test_a_group_may_be_named_in_a_measure(made: Callable[..., Case]) -> None:
    made({
        "+parties.csv": "id, name, kind, side, group\nvello, Vello, firm, target, vell-group\n",
        "measures/order.toml": measure(limb("list", 'parties = {names = ["vell-group"]}')),
    })  # fmt: skip


def test_finding_about_something_that_is_not_there(tmp_path: Path) -> None:
    findings = "id, about, fact, value\nf, acme>vel:chip, knowledge, yes\n"
    found = only(make_case(tmp_path, {"findings.csv": findings}))
    assert (found.file, found.row, found.column, found.got) == ("findings.csv", 2, "about", "'acme>vel:chip'")
    assert found.hint == "did you mean 'acme>vell:chip'?"


def test_event_of_a_licence_line_that_is_not_there(tmp_path: Path) -> None:
    files = {
        "licences.csv": LICENCE_HEAD + "lic, Ministry, acme, individual, vell, list\n",
        "licence_lines.csv": "id, licence, line, item\nx1, lic, 1, chip\n",
        "licence_events.csv": "id, licence, date, event, lines\ne1, lic, 2020-05-01, granted, 1\n"
        "e2, lic, 2020-06-01, partly_revoked, 2\n",
    }
    found = only(make_case(tmp_path, files))
    assert (found.file, found.row, found.column, found.got) == ("licence_events.csv", 3, "lines", "'2'")


def test_a_list_and_a_tag_that_no_row_has(tmp_path: Path) -> None:
    lines = ['parties = {listed_on = "hom-list"}', 'parties = {listed_on = "home-list", tags = ["fn1"]}']
    text = measure(
        limb("list", lines[0]), limb("second", lines[1]), limb("third", 'scope = [{designed_by = "far:fn1"}]')
    )
    found = problems_of(make_case(tmp_path, {"measures/order.toml": text}))
    rows = [text.splitlines().index(x) + 1 for x in (*lines, 'scope = [{designed_by = "far:fn1"}]')]
    assert [(p.row, p.column, p.got, p.expected) for p in found] == [
        (rows[0], "listed_on", "'hom-list'", "a known list"),
        (rows[1], "tags", "'home-list:fn1'", "a known tag"),
        (rows[2], "designed_by", "'far:fn1'", "a known tag"),
    ]
    assert found[0].hint == "did you mean 'home-list'?"


def test_an_entry_that_does_not_say_on_which_list(tmp_path: Path) -> None:
    found = problems_of(make_case(tmp_path, {"listings.csv": FILES["listings.csv"].replace("home-list", "")}))
    assert [(p.file, p.column, p.got) for p in found] == [
        ("listings.csv", "list", "an empty cell"),
        ("measures/order.toml", "listed_on", "'home-list'"),
    ]


def test_goods_that_do_not_fit_together(tmp_path: Path) -> None:
    units = FILES["units.csv"].replace("vell,  phone, ,  ", "vell,  phone, acme-chip,  ")
    units = units.replace("norr-chip, KR,      2000", "norr-chip, KR,      70")
    variants = (
        "id, item, maker, origin, content\nacme-chip, chip, acme, US, US:0.7; JP:0.4-0.5\nnorr-chip, chip, norr, KR,\n"
    )
    found = problems_of(make_case(tmp_path, {"units.csv": units, "variants.csv": variants}))
    assert brief(found) == [
        ("units.csv", 3, "output_usd_m"),
        ("units.csv", 4, "variant"),
        ("variants.csv", 2, "content"),
    ]
    assert [p.got for p in found] == [
        "70.0, while the links of norr add up to 80.0", "'acme-chip', which is chip", "shares that add up to 1.1",
    ]  # fmt: skip


def test_a_group_in_focus_that_nobody_belongs_to(tmp_path: Path) -> None:
    text = 'focus_group = "vel"\n' + FILES["case.toml"]
    found = only(make_case(tmp_path, {"case.toml": text}))
    assert (found.file, found.column, found.got) == ("case.toml", "focus_group", "'vel'")
    assert found.row == 1
    assert found.hint == "did you mean 'vell'?"


# ---------------------------------------------------------------- one row


@pytest.mark.parametrize(
    ("value", "low", "high", "bad"),
    [(5, 6, 9, True), (10, 6, 9, True), (6, 9, 5, True), (6, 6, 9, False), (9, 6, 9, False)],
)
def test_a_range_holds_its_figure(tmp_path: Path, value: int, low: int, high: int, bad: bool) -> None:
    block = (
        "id, seller, buyer, value_usd_m, value_usd_m_low, value_usd_m_high, end_use\n"
        f"k, norr, ova, {value}, {low}, {high}, production\n"
    )
    folder = make_case(tmp_path, {"+links.csv": block})
    if bad:
        got = f"{float(value)} in {float(low)} to {float(high)}"
        expected = "value_usd_m_low ≤ value_usd_m ≤ value_usd_m_high"
        assert only(folder) == Problem("links.csv", 5, "value_usd_m", got, expected)
    else:
        from detente.record import load

        load(folder)


@pytest.mark.parametrize("confidence", ["reported", "estimated", "derived", "assumed", "invented"])
def test_a_figure_that_is_not_official_needs_its_range(tmp_path: Path, confidence: str) -> None:
    block = (
        "id, seller, buyer, value_usd_m, value_usd_m_low, end_use, confidence\n"
        f"k, norr, ova, 5, 4, production, {confidence}\n"
    )
    found = only(make_case(tmp_path, {"+links.csv": block}))
    expected = "value_usd_m_low and value_usd_m_high"
    hint = "a figure that is not official needs a range"
    assert found == Problem("links.csv", 5, "value_usd_m", "no range", expected, hint)


def test_since_after_through(tmp_path: Path) -> None:
    block = "id, seller, buyer, value_usd_m, end_use, since, through\nk, norr, ova, 5, x, 2020-05-02, 2020-05-01\n"
    found = only(make_case(tmp_path, {"+links.csv": block}))
    assert found == Problem("links.csv", 5, "through", "'2020-05-01'", "a day on or after since (2020-05-02)")


def test_a_row_of_one_day_is_fine(made: Callable[..., Case]) -> None:
    made(
        {
            "+links.csv": "id, seller, buyer, value_usd_m, end_use, since, through\n"
            "k, norr, ova, 5, x, 2020-05-02, 2020-05-02\n"
        }
    )


# ---------------------------------------------------------------- spans


def test_listings_that_overlap(tmp_path: Path) -> None:
    block = """
        id, list,      party, as_listed, requirement, review, since
        l2, home-list, vell,  VELL,      all,         denial, 2020-06-01
        """
    found = only(make_case(tmp_path, {"+listings.csv": block}))
    got = "2020-06-01, while l-vell (row 2) runs through no end"
    hint = "one row at a time about the same list and party; one that amends another names it in modifies"
    assert found == Problem("listings.csv", 3, "since", got, "spans that do not overlap", hint)


def test_listings_that_meet_do_not_overlap(tmp_path: Path, made: Callable[..., Case]) -> None:
    head = "id, list, party, as_listed, requirement, review, since, through\n"
    first = "l1, home-list, vell, V, all, denial, 2020-03-02, 2020-05-31\n"
    made({"listings.csv": head + first + "l2, home-list, vell, V, all, denial, 2020-06-01,\n"})
    other_list = "l2, far-list, vell, V, all, denial, 2020-04-01,\n"
    other_party = "l3, home-list, ova, V, all, denial, 2020-04-01,\n"
    made({"listings.csv": head + first + other_list + other_party})
    on_the_day = "l2, home-list, vell, V, all, denial, 2020-05-31,\n"
    found = only(make_case(tmp_path, {"listings.csv": head + first + on_the_day}))
    assert found.got == "2020-05-31, while l1 (row 2) runs through 2020-05-31"


def test_stakes_that_overlap(tmp_path: Path) -> None:
    block = """
        id, owner, owned, share, since,      through
        s2, acme,  norr,  0.3,   2020-05-01,
        s1, acme,  norr,  0.2,   ,           2020-06-01
        """
    found = only(make_case(tmp_path, {STAKES: block}))
    got = "2020-05-01, while s1 (row 3) runs through 2020-06-01"
    hint = "one row at a time about the same owner and owned and kind"
    assert found == Problem(STAKES, 2, "since", got, "spans that do not overlap", hint)


def test_a_long_span_is_held_against_every_later_one(tmp_path: Path) -> None:
    block = """
        id, owner, owned, share, since,      through
        s1, acme,  norr,  0.1,   2020-01-01,
        s2, acme,  norr,  0.1,   2020-02-01, 2020-02-28
        s3, acme,  norr,  0.1,   2020-05-01, 2020-05-31
        """
    assert brief(problems_of(make_case(tmp_path, {STAKES: block}))) == [(STAKES, 3, "since"), (STAKES, 4, "since")]


# ---------------------------------------------------------------- totals


def test_stakes_that_add_up_to_more_than_all_of_it(tmp_path: Path) -> None:
    block = """
        id, owner, owned, share, since
        s1, acme,  norr,  0.6,   2020-01-01
        s2, ova,   norr,  0.5,   2020-05-01
        """
    found = only(make_case(tmp_path, {STAKES: block}))
    expected = "stakes that add up to at most 1"
    assert found == Problem(STAKES, 3, "share", "1.1000 of 'norr' on 2020-05-01", expected)


def test_stakes_one_after_the_other_do_not_add_up(made: Callable[..., Case]) -> None:
    made({STAKES: """
        id, owner, owned, share, since,      through
        s1, acme,  norr,  1,     ,           2020-04-30
        s2, ova,   norr,  1,     2020-05-01,
        s3, vell,  norr,  ,      2020-05-01,
        """})  # fmt: skip


def test_market_shares_that_add_up_to_more_than_one(tmp_path: Path) -> None:
    head = "id, market, unit, share\n"
    rows = "m1, phones, vell, 0.7\nm2, phones, ova, 0.2\nm3, chips, acme, 0.9\nm4, phones, , 0.2\n"
    found = only(make_case(tmp_path, {"markets.csv": head + rows}))
    assert found == Problem("markets.csv", 5, "share", "1.1000 in market 'phones'", "shares that add up to 1")


@pytest.mark.parametrize(("reported", "tolerance", "fine"), [(120, 0, True), (119, 1, True), (118.5, 1, False)])
def test_accounts_close_within_their_tolerance(tmp_path: Path, reported: float, tolerance: float, fine: bool) -> None:
    accounts = (
        "id, about, seller_country, seller_side, buyer_group, reported_usd_m, tolerance_usd_m\n"
        f"a, purchases of Vell, , , vell, {reported}, {tolerance}\n"
    )
    folder = make_case(tmp_path, {"accounts.csv": accounts})
    if fine:
        from detente.record import load

        assert account_totals(load(folder).tables) == {"a": 120.0}
    else:
        got, expected = "links that add up to 120.0", "118.5 ± 1 (reported)"
        hint = "adjust the residual unit"
        assert only(folder) == Problem("accounts.csv", 2, "reported_usd_m", got, expected, hint)


def test_accounts_by_country_side_and_group(made: Callable[..., Case]) -> None:
    case = made({
        "+links.csv": "id, seller, buyer, value_usd_m, end_use\ninside, vell, vell, 7, production\n",
        "accounts.csv": """
            id,    about,           seller_country, seller_side, buyer_group, reported_usd_m, tolerance_usd_m
            us,    from the US,     US,             ,            ,            50,             0
            third, from the third,  ,               third,       vell,        80,             0
            all,   into the group,  ,               ,            vell,        120,            0
            every, everything,      ,               ,            ,            137,            0
            """,
    })  # fmt: skip
    assert account_totals(case.tables) == {"us": 50.0, "third": 80.0, "all": 120.0, "every": 137.0}

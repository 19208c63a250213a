"""Which rows count: corrections, what had been recorded by a day, overlays."""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cases import FILES, LISTED, ask, brief, limb, make_case, measure, problems_of
from detente.record import Case, NotFound, Problem, RecordError, load
from detente.record.load import overlay_about

A = "acme>vell:chip"
HEAD = "id, seller, buyer, value_usd_m, end_use, recorded, supersedes\n"


def values(case: Case) -> dict[str, float]:
    """The value of each link."""
    return dict(case["links"].select("id", "value_usd_m").iter_rows())


# ---------------------------------------------------------------- corrections


def test_a_correction_may_keep_the_id(tmp_path: Path) -> None:
    folder = make_case(tmp_path, {"links.csv": f"""
        id,  seller, buyer, value_usd_m, end_use,    recorded,   supersedes
        {A}, acme,   vell,  40,          production, 2020-01-01,
        {A}, acme,   vell,  44,          production, 2020-06-01, {A}
        {A}, acme,   vell,  45,          production, 2020-07-01, {A}
        """})  # fmt: skip
    assert values(load(folder)) == {A: 45}
    assert values(load(folder, as_known="2020-07-01")) == {A: 45}
    assert values(load(folder, as_known="2020-06-30")) == {A: 44}
    assert values(load(folder, as_known="2020-05-31")) == {A: 40}
    assert values(load(folder, as_known="2019-12-31")) == {}


def test_a_correction_with_an_id_of_its_own_takes_the_references_along(tmp_path: Path) -> None:
    folder = make_case(tmp_path, {"+units.csv": """
        id,    name,           party, item, variant,   country, output_usd_m, recorded,   supersedes
        acme2, Acme's chips,   acme,  chip, acme-chip, US,      120,          2020-06-01, acme
        """})  # fmt: skip
    now, before = load(folder), load(folder, as_known="2020-05-31")
    assert set(now["links"]["seller"]) == {"acme2", "norr"}
    assert set(before["links"]["seller"]) == {"acme", "norr"}
    assert "acme" not in now["units"]["id"].to_list()
    assert "acme2" not in before["units"]["id"].to_list()
    assert ask(now, A, "2020-05-01").outcome == ask(before, A, "2020-05-01").outcome == "licence_required"


def test_a_chain_of_corrections_is_followed_to_its_end(tmp_path: Path) -> None:
    folder = make_case(tmp_path, {"+parties.csv": """
        id,    name,       kind, side, country, recorded,   supersedes
        acme2, Acme 2,     firm, home, US,      2020-02-01, acme
        acme3, Acme 3,     firm, home, US,      2020-03-01, acme2
        acme3, Acme three, firm, home, US,      2020-04-01, acme3
        """})  # fmt: skip
    for day, party, name in (
        ("2020-01-31", "acme", "Acme Corp"),
        ("2020-02-29", "acme2", "Acme 2"),
        ("2020-03-31", "acme3", "Acme 3"),
        ("2020-04-01", "acme3", "Acme three"),
    ):
        case = load(folder, as_known=day)
        assert case["units"].filter(id="acme")["party"].item() == party
        assert case["variants"].filter(id="acme-chip")["maker"].item() == party
        assert case["parties"].filter(id=party)["name"].item() == name
        assert len([p for p in case["parties"]["id"] if p.startswith("acme")]) == 1


def test_references_in_lists_follow_too(tmp_path: Path) -> None:
    case = load(make_case(tmp_path, {
        "+parties.csv": "id, name, kind, side, recorded, supersedes\nvell2, Vell, firm, target, 2020-02-01, vell\n",
        "licences.csv": "id, authority, holder, kind, consignees, overcomes\n"
        "lic, M, acme, individual, ova; vell, list\n",
    }))  # fmt: skip
    assert case["licences"]["consignees"].to_list() == [["ova", "vell2"]]


def test_an_entry_that_was_corrected_may_still_be_named_by_its_amendment(tmp_path: Path) -> None:
    case = load(make_case(tmp_path, {"+listings.csv": """
        id, list,      party, as_listed, requirement, review, since,      through,    recorded,   supersedes, modifies
        l2, home-list, vell,  VELL,      all,         denial, 2020-03-02, 2020-05-31, 2020-06-01, l-vell,
        l3, home-list, vell,  VELL,      more,        denial, 2020-06-01, ,           2020-06-01, ,           l-vell
        """}))  # fmt: skip
    assert case["listings"]["id"].to_list() == ["l2", "l3"]


def test_a_finding_follows_what_it_is_about(tmp_path: Path) -> None:
    case = load(make_case(tmp_path, {
        "+links.csv": HEAD + f"new, acme, vell, 40, production, 2020-02-01, {A}\n",
        "findings.csv": f"id, about, fact, value\nf, {A}, knowledge, no\n",
        "measures/order.toml": measure(limb("list", 'knowledge = "knowledge"')),
    }))  # fmt: skip
    assert ask(case, "new", "2020-05-01").outcome == "not_subject"


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ("k, norr, ova, 1, x, 2020-01-01,\nk, norr, ova, 2, x, 2020-02-01,\n",
         Problem("links.csv", 6, "id", "'k' again", "an id used once",
                 "row 5 of links.csv has it; a correction says so in the column supersedes")),
        ("k, norr, ova, 1, x, 2020-02-01,\nk, norr, ova, 2, x, 2020-02-01, k\n",
         Problem("links.csv", 6, "recorded", "'2020-02-01'", "a day after the corrected row's")),
        ("k, norr, ova, 1, x, 2020-02-01,\nk, norr, ova, 2, x, 2020-01-01, k\n",
         Problem("links.csv", 6, "recorded", "'2020-01-01'", "a day after the corrected row's")),
        ("k, norr, ova, 1, x, 2020-01-01, nobody\n",
         Problem("links.csv", 5, "supersedes", "'nobody'", "an id of links", "nothing to correct")),
        ("k, norr, ova, 1, x, 2020-01-01, k\n",
         Problem("links.csv", 5, "supersedes", "'k'", "the id of another row", "it names its own id")),
    ],
    ids=["twice", "same day", "earlier", "nothing to correct", "itself alone"],
)  # fmt: skip
def test_corrections_that_do_not_hold(tmp_path: Path, rows: str, wanted: Problem) -> None:
    assert problems_of(make_case(tmp_path, {"+links.csv": HEAD + rows})) == (wanted,)


def test_an_id_twice_among_sources(tmp_path: Path) -> None:
    block = "id, title, rank\nlaw, Another, invented\n"
    hint = "row 2 of sources.csv has it; a correction says so in the column supersedes"
    wanted = Problem("sources.csv", 4, "id", "'law' again", "an id used once", hint)
    assert problems_of(make_case(tmp_path, {"+sources.csv": block})) == (wanted,)


def test_two_rows_that_correct_each_other_are_a_fault_and_not_lost(tmp_path: Path) -> None:
    rows = "a, norr, ova, 1, x, 2020-01-01, b\nb, norr, ova, 2, x, 2020-01-01, a\n"
    found = problems_of(make_case(tmp_path, {"+links.csv": HEAD + rows}))
    assert brief(found) == [("links.csv", 5, "supersedes"), ("links.csv", 6, "supersedes")]


def test_two_corrections_of_one_row_are_a_fault(tmp_path: Path) -> None:
    rows = f"b, acme, vell, 1, x, 2020-02-01, {A}\nc, acme, vell, 2, x, 2020-03-01, {A}\n"
    found = problems_of(make_case(tmp_path, {"+links.csv": HEAD + rows}))
    assert brief(found) == [("links.csv", 6, "supersedes")]


def test_a_correction_may_stand_above_the_row_it_corrects(tmp_path: Path) -> None:
    """Whoever sorts a table in a spreadsheet must not break it."""
    rows = ["k, norr, ova, 1, x, 2020-01-01,\n", "k, norr, ova, 2, x, 2020-02-01, k\n"]
    case = load(make_case(tmp_path, {"+links.csv": HEAD + rows[1] + rows[0]}))
    assert values(case)["k"] == 2


# ---------------------------------------------------------------- as known on a day


def test_rows_whose_references_are_not_yet_recorded_wait_with_them(tmp_path: Path) -> None:
    folder = make_case(tmp_path, {
        "+parties.csv": "id, name, kind, side, country, recorded\nlate, Late, firm, third, TW, 2020-06-01\n",
        "+variants.csv": "id, item, maker, origin\nlate-chip, chip, late, TW\n",
        "+units.csv": "id, name, party, item, variant, country, output_usd_m\nlate, L, late, chip, late-chip, TW, 5\n",
        "+links.csv": "id, seller, buyer, value_usd_m, end_use\nlate>vell:chip, late, vell, 5, production\n",
        "licences.csv": "id, authority, holder, kind, consignees, overcomes\n"
        "lic, M, acme; late, individual, vell, list\n",
        "licence_events.csv": "id, licence, date, event\ne, lic, 2020-05-01, granted\n",
    })  # fmt: skip
    before, after = load(folder, as_known="2020-05-31"), load(folder, as_known="2020-06-01")
    for table in ("parties", "variants", "units", "links"):
        assert after[table].height == before[table].height + 1, table
    assert "late>vell:chip" not in values(before)
    assert before["licences"].height == before["licence_events"].height == 0
    assert after["licences"].height == after["licence_events"].height == 1


def test_a_source_may_be_cited_before_it_is_dated(tmp_path: Path) -> None:
    case = load(make_case(tmp_path), as_known="2020-01-01")  # the law was published on 2020-03-01
    assert case["links"].height == 3


def test_windows_as_they_were_known(tmp_path: Path) -> None:
    windows = """[
      {since = 2020-03-02, through = 2020-05-14, written_through = 2020-08-01, recorded = 2020-02-20,
       through_recorded = 2020-05-15},
      {since = 2020-06-01, recorded = 2020-05-15},
    ]""".replace("20,\n       ", "20, ")
    folder = make_case(tmp_path, {"measures/order.toml": measure(limb("list", LISTED, windows=windows))})
    assert load(folder, as_known="2020-02-19").measures == ()
    assert [m.id for m in load(folder, as_known="2020-02-20").measures] == ["order"]
    for known, day, outcome in (
        ("2020-02-19", "2020-04-01", "not_subject"),
        ("2020-05-14", "2020-05-20", "licence_required"),  # the text still said: through 2020-08-01
        ("2020-05-14", "2020-08-01", "licence_required"),
        ("2020-05-14", "2020-08-02", "not_subject"),  # the second window was not known either
        ("2020-05-15", "2020-05-14", "licence_required"),
        ("2020-05-15", "2020-05-20", "not_subject"),
        ("2020-05-15", "2020-06-01", "licence_required"),
        ("2020-05-15", "2020-08-02", "licence_required"),
    ):
        assert ask(load(folder, as_known=known), A, day).outcome == outcome, (known, day)


def test_a_listing_cut_short_later(tmp_path: Path) -> None:
    folder = make_case(tmp_path, {"listings.csv": """
        id, list,      party, as_listed, requirement, review, since,      through,    recorded,   supersedes
        l,  home-list, vell,  VELL,      all,         denial, 2020-03-02, ,           2020-03-01,
        l,  home-list, vell,  VELL,      all,         denial, 2020-03-02, 2020-05-31, 2020-07-01, l
        """})  # fmt: skip
    assert ask(load(folder, as_known="2020-06-30"), A, "2020-06-01").outcome == "licence_required"
    assert ask(load(folder, as_known="2020-07-01"), A, "2020-06-01").outcome == "allowed"
    assert ask(load(folder, as_known="2020-02-28"), A, "2020-06-01").outcome == "allowed"


def test_as_known_takes_a_date_or_a_text(tmp_path: Path) -> None:
    folder = make_case(tmp_path)
    assert load(folder, as_known=dt.date(2020, 5, 1)).as_known == dt.date(2020, 5, 1)
    assert load(folder, as_known="2020-05-01").as_known == dt.date(2020, 5, 1)
    assert load(folder).as_known is None


# ---------------------------------------------------------------- overlays

OVERLAY = {
    "overlays/sale/overlay.toml": 'title = "What if Vell had been sold?"\n',
    "overlays/sale/parties.csv": """
        id,  name,       kind, side,  country
        nox, Nox Group,  firm, third, JP
        """,
    "overlays/sale/units.csv": """
        id,   name,        party, item,  country, output_usd_m, recorded,   supersedes
        vell, Vell phones, nox,   phone, CN,      900,          2020-06-01, vell
        """,
}


def test_an_overlay_adds_rows_and_corrects_others(tmp_path: Path) -> None:
    folder = make_case(tmp_path, OVERLAY)
    plain, what_if = load(folder), load(folder, overlays=["sale"])
    assert (plain.overlays, what_if.overlays) == ((), ("sale",))
    assert what_if["parties"].height == plain["parties"].height + 1
    assert what_if["units"].height == plain["units"].height
    assert ask(plain, A, "2020-07-01").outcome == "licence_required"
    assert ask(what_if, A, "2020-07-01").outcome == "allowed"
    assert plain.digest != what_if.digest
    assert what_if["units"].filter(id="vell")["_file"].item() == "overlays/sale/units.csv"
    assert repr(what_if).startswith("<Case case + sale: 4 units")
    assert overlay_about(what_if, "sale").title == "What if Vell had been sold?"


def test_rows_of_an_overlay_are_known_to_whoever_asks_for_it(tmp_path: Path) -> None:
    folder = make_case(tmp_path, OVERLAY)
    early = load(folder, as_known="2020-03-01", overlays=["sale"])
    assert early["units"].filter(id="vell")["party"].item() == "nox"


def test_an_overlay_may_bring_its_own_form_of_a_measure(tmp_path: Path) -> None:
    softer = measure(limb("list", LISTED, effect="inform"))
    folder = make_case(tmp_path, {"overlays/soft/measures/order.toml": softer})
    assert ask(load(folder, overlays=["soft"]), A, "2020-05-01").outcome == "not_subject"
    assert load(folder, overlays=["soft"]).measures[0].file == "overlays/soft/measures/order.toml"


def test_two_overlays_in_the_order_asked_for(tmp_path: Path) -> None:
    row = "id, seller, buyer, value_usd_m, end_use, supersedes\n" + f"{A}, acme, vell, %s, production, {A}\n"
    folder = make_case(tmp_path, {"overlays/one/links.csv": row % 1, "overlays/two/links.csv": row % 2})
    assert values(load(folder, overlays=["one", "two"]))[A] == 2
    assert values(load(folder, overlays=["two", "one"]))[A] == 1


def test_a_row_of_an_overlay_with_a_known_id_must_say_that_it_corrects(tmp_path: Path) -> None:
    files = {"overlays/o/links.csv": f"id, seller, buyer, value_usd_m, end_use\n{A}, acme, vell, 1, production\n"}
    found = problems_of(make_case(tmp_path, files), overlays=["o"])
    assert brief(found) == [("overlays/o/links.csv", 2, "id")]
    assert found[0].hint.startswith("row 2 of links.csv has it")


def test_faults_of_an_overlay_name_its_file(tmp_path: Path) -> None:
    files: Mapping[str, str | bytes | None] = {
        "overlays/o/stakes.csv": "id, owner, owned, share\ns, acme, nor, 1.5\n",
        "overlays/o/linkz.csv": b"id\n",
        "overlays/o/measures/m.toml": "x =\n",
    }
    folder = make_case(tmp_path, files)
    load(folder)  # an overlay that nobody asked for is not read
    assert brief(problems_of(folder, overlays=["o"])) == [
        ("overlays/o/linkz.csv", 0, ""),
        ("overlays/o/measures/m.toml", 1, "x"),
        ("overlays/o/stakes.csv", 2, "owned"),
        ("overlays/o/stakes.csv", 2, "share"),
    ]


def test_faults_of_overlay_toml_name_its_file(tmp_path: Path) -> None:
    case = load(make_case(tmp_path, {"overlays/o/overlay.toml": 'titel = "x"\n'}), overlays=["o"])
    with pytest.raises(RecordError) as caught:
        overlay_about(case, "o")
    assert {p.file for p in caught.value.problems} == {"overlays/o/overlay.toml"}


@pytest.mark.parametrize(
    "name", ["../x", "..", ".", "", "sale/../../x", "/etc", "sale/", "sale\n", "sal e", "no", "-x", "sale\x00"]
)
def test_a_name_that_is_no_overlay_is_refused(tmp_path: Path, name: str) -> None:
    folder = make_case(tmp_path, OVERLAY)
    make_case(tmp_path / "x")
    with pytest.raises(NotFound) as caught:
        load(folder, overlays=[name])
    assert str(caught.value).endswith("It has: sale.")


def test_an_overlay_may_not_be_a_link_out_of_the_case(tmp_path: Path) -> None:
    folder = make_case(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "overlays").mkdir()
    (folder / "overlays" / "out").symlink_to(elsewhere)
    with pytest.raises(NotFound):
        load(folder, overlays=["out"])


@pytest.mark.parametrize(
    "name", ["names.csv", "measures/m.toml", "tests/t.toml", "tables.xlsx", "overlays/o/names.csv"]
)
def test_a_file_may_not_be_a_link_out_of_the_case(tmp_path: Path, name: str) -> None:
    folder = make_case(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).symlink_to(secret)
    found = problems_of(folder, overlays=["o"] if name.startswith("overlays") else [])
    assert found == (Problem(name, 0, "", "a link that leads out of the case", "a file inside the case"),)


def test_a_file_that_links_inside_the_case_is_read(tmp_path: Path, made: Callable[..., Case]) -> None:
    folder = make_case(tmp_path, {"shared/links.csv": FILES["links.csv"], "links.csv": None})
    (folder / "links.csv").symlink_to(folder / "shared" / "links.csv")
    assert load(folder)["links"].height == 3

"""The screening list in its three layouts: the same rows, and nothing lost without a word."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from detente.official import Sides, Snapshot, read_csl
from detente.record.cells import parse
from detente.record.dictionary import dictionary
from detente.record.files import ROW, RawTable
from detente.record.problems import DetenteError, NotFound, Problem, RecordError
from official.published import DTC, EL, SDN, as_compact, as_csv, as_json, at, entries, entry, put

CHINA = Sides({"CN": "china", "HK": "china"})
DAY = "2026-08-15"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Snapshot]:
    """Read invented entries in the official JSON."""

    def go(*results: dict[str, Any], sides: Sides = CHINA) -> Snapshot:
        return read_csl(put(tmp_path, "consolidated.json", as_json(results)), as_of=DAY, sides=sides)

    return go


def row(snapshot: Snapshot, table: str, **where: str) -> dict[str, Any]:
    """The one row with these cells."""
    found = snapshot[table].filter(*(pl.col(c) == v for c, v in where.items())).to_dicts()
    assert len(found) == 1, found
    return dict(found[0])


def fits(snapshot: Snapshot, sides: Sequence[str]) -> list[Problem]:
    """What the record says against the rows."""
    problems: list[Problem] = []
    for name, table in snapshot.tables.items():
        raw = RawTable(f"{name}.csv", table.with_row_index(ROW), 1)
        parse(raw, dictionary()[name].columns, sides, problems)
    return problems


@pytest.mark.parametrize("layout", ["json", "csv", "compact"])
def test_every_layout_gives_rows_that_the_record_accepts(tmp_path: Path, layout: str) -> None:
    made = {"json": as_json, "csv": as_csv, "compact": as_compact}[layout](entries())
    path = put(tmp_path, "list.csv" if layout == "csv" else "list.json", made)
    found = read_csl(path, as_of=DAY, sides=CHINA)
    assert fits(found, ("china", "third")) == []
    assert found.counts == {
        "us-cmic": 1, "us-denied-persons": 2, "us-entity-list": 5, "us-itar-debarred": 1, "us-sdn": 3,
        "us-unverified-list": 1,
    }  # fmt: skip
    assert [p.got for p in found.problems] == ["'REGION: NOWHERE'"]
    source = row(found, "sources", id=f"csl-{DAY}")
    assert source["rank"] == "primary" and "SHA-256" in source["note"]
    for name in ("parties", "names", "listings"):
        assert set(found[name]["recorded"]) == {DAY} and set(found[name]["source"]) == {f"csl-{DAY}"}


def test_the_csv_says_what_the_json_says(tmp_path: Path) -> None:
    a = read_csl(put(tmp_path, "a.json", as_json(entries())), as_of=DAY)
    b = read_csl(put(tmp_path, "b.csv", as_csv(entries())), as_of=DAY)
    for name in ("parties", "names", "listings"):
        assert a[name].equals(b[name])


def test_one_party_may_be_on_several_lists(read: Callable[..., Snapshot]) -> None:
    found = read(*entries())
    vell = row(found, "parties", id="ofac-90001")
    assert vell["name"] == "Vell Technologies Co., Ltd." and vell["side"] == "china"
    assert vell["country"] is None and vell["note"] == "addresses in CN, HK"
    on = found["listings"].filter(pl.col("party") == "ofac-90001")["list"].to_list()
    assert sorted(on) == ["us-cmic", "us-entity-list"]
    names = found["names"].filter(pl.col("party") == "ofac-90001").select("name", "kind").rows()
    assert ("VELL TECHNOLOGIES CO LTD", "as_listed") in names and ("Weier Jishu", "alias") in names


def test_persons_of_one_name_stay_apart(read: Callable[..., Snapshot]) -> None:
    found = read(*entries())
    assert set(found["parties"].filter(pl.col("kind") == "person")["id"]) == {"ofac-77", "ofac-78"}
    unnumbered = read(entry(EL, "DOE, John", at("IR"), license_requirement="All"), *entries()[8:10])
    assert row(unnumbered, "listings", list="us-entity-list")["party"] == "doe-john-ir"


def test_a_name_without_a_country_is_not_joined_to_one_with(read: Callable[..., Snapshot]) -> None:
    found = read(*entries())
    assert {"joan-roe", "joan-roe-us"} <= set(found["parties"]["id"])


def test_an_unnumbered_entry_between_two_numbered_firms_is_neither(read: Callable[..., Snapshot]) -> None:
    two = [entry(SDN, "Twin", at("CN"), entity_number=str(n), type="Entity") for n in (1, 2)]
    found = read(*two, entry(EL, "Twin", at("CN"), license_requirement="All"))
    assert set(found["parties"]["id"]) == {"ofac-1", "ofac-2", "twin-cn"}


def test_rows_of_one_party_on_one_list_are_one_listing(read: Callable[..., Snapshot]) -> None:
    one = row(read(*entries()), "listings", party="acme-japan-inc-jp")
    assert one["id"] == "us-entity-list:acme-japan-inc-jp"
    assert one["note"] == "cited: 87 FR 33333 | 87 FR 33336; 2 entries of the list"
    assert one["requirement"] == "For all items subject to the EAR. (See § 744.11 of the EAR)"  # differ in punctuation


def test_spans_that_do_not_overlap_stay_apart(read: Callable[..., Snapshot]) -> None:
    found = read(*entries())["listings"].filter(pl.col("party") == "joan-roe-us").sort("since")
    assert found.select("since", "through").rows() == [("2015-02-01", "2025-01-31"), ("2025-03-01", "2035-02-28")]
    assert found["id"].to_list() == ["us-denied-persons:joan-roe-us", "us-denied-persons:joan-roe-us:2025-03-01"]
    assert "denial order" in found["requirement"][0] and "standard order: Y" in found["note"][0]


def test_what_an_entry_says(read: Callable[..., Snapshot]) -> None:
    found = read(*entries())
    vell = row(found, "listings", party="ofac-90001", list="us-entity-list")
    assert (vell["tags"], vell["review"], vell["since"]) == ("fn1;fn2", "presumption_of_denial", "2019-05-21")
    plant = row(found, "listings", party="ova-plant-ru")
    assert (plant["tags"], plant["review"], plant["since"]) == ("fn3", "policy_of_denial", None)
    assert "which will be reviewed on a case-by-case basis" in plant["note"]
    doe = row(found, "listings", party="ofac-77")
    assert (doe["tags"], doe["review"]) == ("SDGT;CAATSA-RUSSIA", "none_stated")
    assert found["names"].filter(pl.col("party") == "ofac-77")["name"].to_list() == ["DOE, Jon"]  # no "[]"


def test_an_address_is_a_party_without_a_name(read: Callable[..., Snapshot]) -> None:
    found = read(*entries())
    party = row(found, "parties", id="address-01-hk")
    assert party["kind"] == "unnamed" and "Unit 7, 1 Quay" in party["name"] and "744.16(f)" in party["note"]
    assert row(found, "listings", party="address-01-hk")["tags"] == "address-only"
    twice = read(*(entry(EL, "Address 01", at("HK", s), license_requirement="All") for s in ("1 Quay", "2 Quay")))
    assert set(twice["parties"]["id"]) == {"address-01-hk", "address-01-hk-2"}


def test_a_ship_is_told_apart(read: Callable[..., Snapshot]) -> None:
    found = read(*entries())
    assert row(found, "parties", id="ofac-79")["note"] == "a vessel"
    assert row(found, "listings", party="ofac-79")["tags"] == "SOUTH-SUDAN;vessel"


def test_sides_by_country() -> None:
    sides = Sides({"CN": "china", "US": "us"}, "rest")
    assert [sides.of(c) for c in (("CN",), ("CN", "AE"), ("AE",), (), ("CN", "US"))] == [
        "china", "china", "rest", "rest", "rest",
    ]  # fmt: skip


def test_an_address_in_arizona_is_not_in_azerbaijan(tmp_path: Path) -> None:
    some = entries()
    for one in some:  # an edition that prints no country after a US address
        one["addresses"] = [{**a, "country": None} if a["country"] == "US" else a for a in one["addresses"]]
    some[7]["addresses"][0] |= {"postal_code": None}  # ends in "PHOENIX, AZ"
    found = read_csl(put(tmp_path, "a.csv", as_csv(some)), as_of=DAY)
    assert "AZ" not in set(found["parties"]["country"])
    assert "'AZ'" in {p.got for p in found.problems}


def test_what_cannot_be_read_is_said_and_the_rest_stands(read: Callable[..., Snapshot]) -> None:
    found = read(
        entry("Unheard Of (XYZ) - Somewhere", "Lost Ltd", at("CN")),
        entry(EL, "", at("CN")),
        entry(EL, "Bell\x07 Co", at("CN"), license_requirement="All", start_date="21/5/2019"),
        entry(SDN, "Backwards", at("CN"), entity_number="5", start_date="2020-01-01", end_date="2019-01-01"),
        entry(EL, "Slip", at("RU"), license_requirement="(See §§ 734.9(g), 746.8(a)(3) of the EAR)"),
        entry(EL, "Silent", at("RU")),
    )
    assert [(p.row, p.column) for p in found.problems] == [
        (1, "source"), (2, "name"), (3, "name"), (3, "start_date"), (4, "end_date"), (5, "license_requirement"),
        (6, "license_requirement"),
    ]  # fmt: skip
    assert found["parties"]["name"].to_list() == ["Bell\ufffd Co", "Backwards", "Slip", "Silent"]
    assert fits(found, ("third", "china")) == []
    assert row(found, "listings", party="slip-ru")["tags"] == "fn3"


def test_both_congos_as_one_are_told(read: Callable[..., Snapshot]) -> None:
    assert "CG in 1 entries" in str(read(entry(SDN, "A", at("CG"), entity_number="1")).problems)
    both = read(entry(SDN, "A", at("CG"), entity_number="1"), entry(SDN, "B", at("CD"), entity_number="2"))
    assert both.problems == ()


HOSTILE: dict[str, object] = {
    "not json": "{",
    "a list": [],
    "a number": 7,
    "no results": {"total": 1},
    "results are text": {"results": "all"},
    "deep": None,
    "tables missing": {"fieldKey": {}, "entries": []},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, name: str) -> None:
    text = "{" if name == "not json" else "[" * 100_000 if name == "deep" else json.dumps(HOSTILE[name])
    with pytest.raises(RecordError) as caught:
        read_csl(put(tmp_path, "x.json", text), as_of=DAY)
    assert caught.value.problems[0].file == "x.json"


def test_hostile_values_inside_become_problems(tmp_path: Path) -> None:
    odd: list[Any] = [
        None, 7, "text", [], {"source": EL}, {"source": {"a": 1}, "name": ["x"]},
        {"source": EL, "name": "A", "addresses": "[]", "alt_names": {"a": 1}, "programs": [None, 3, {}, "P;Q"]},
        {"source": EL, "name": "B", "addresses": [7, {"country": 3}], "entity_number": 1.5, "license_policy": True},
    ]  # fmt: skip
    found = read_csl(put(tmp_path, "x.json", json.dumps({"results": odd})), as_of=DAY)
    assert found["parties"].height == 2
    assert fits(found, ("third",)) == []
    assert {p.row for p in found.problems} == set(range(1, 9))


def test_an_index_that_leads_nowhere_is_a_problem(tmp_path: Path) -> None:
    whole = {
        "sourceGeneratedAt": f"{DAY}T00:00:00", "fieldKey": {},
        "tables": {"sources": [EL], "licenceRequirements": "x"},
        "entries": [
            {"n": "A", "s": 0, "lr": 0, "lp": 5, "pg": -1}, {"n": "B", "s": True}, {"n": "C", "s": "0"}, {"n": "D"},
        ],
    }  # fmt: skip
    found = read_csl(put(tmp_path, "x.json", json.dumps(whole)))
    assert found["parties"]["id"].to_list() == ["a"]
    assert {(p.row, p.column) for p in found.problems} >= {(1, "lr"), (1, "lp"), (1, "pg"), (2, "s"), (3, "s")}


def test_the_day_comes_from_the_file_or_must_be_given(tmp_path: Path) -> None:
    compact = put(tmp_path, "a.json", as_compact(entries()))
    assert str(read_csl(compact).as_of) == DAY
    with pytest.raises(DetenteError, match="says that it is of 2026-08-15"):
        read_csl(compact, as_of="2026-08-16")
    published = put(tmp_path, "b.json", as_json(entries()))
    with pytest.raises(DetenteError, match="give the day"):
        read_csl(published)
    with pytest.raises(DetenteError, match="not a day"):
        read_csl(published, as_of="15 August")


def test_other_files_are_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound):
        read_csl(tmp_path / "none.json", as_of=DAY)
    with pytest.raises(DetenteError, match=r"\.json or \.csv"):
        read_csl(put(tmp_path, "x.xml", "<a/>"), as_of=DAY)
    with pytest.raises(RecordError, match="no such column"):
        read_csl(put(tmp_path, "x.csv", "a,b\n1,2\n"), as_of=DAY)
    monkeypatch.setattr("detente.official.files.MAX_BYTES", 10)
    with pytest.raises(RecordError, match="at most 10 bytes"):
        read_csl(put(tmp_path, "big.json", as_json(entries())), as_of=DAY)


def test_a_numbered_party_without_a_type_is_joined_by_its_number(read: Callable[..., Snapshot]) -> None:
    found = read(entry(SDN, "A", at("CN"), entity_number="9"), entry(DTC, "A", at("CN")))
    assert set(found["listings"]["party"]) == {"ofac-9"}

"""The Entity List as a table: two ways to write footnotes, regions among the countries."""

from __future__ import annotations

from pathlib import Path

import pytest

from detente.official import read_entity_list
from detente.record.problems import RecordError
from official.published import put

HEAD = (
    "name,aliases,countries,fr_citations,first_year,last_year,footnotes,review_policy_class,license_requirement,"
    "license_review_policy\n"
)
FN1 = '"For all items subject to the EAR, see §§ 734.9(e)1 and 744.11 of the EAR2"'


def test_a_row_becomes_a_party_its_names_and_a_listing(tmp_path: Path) -> None:
    text = f'{HEAD}Vell Ltd.,Vell | V. Limited;Wei,CN HK,84 FR 1,2019,2019,"1,2(standards)",x,{FN1},Policy of denial\n'
    found = read_entity_list(put(tmp_path, "el.csv", text), as_of="2026-08-15")
    assert found.problems == ()
    assert found["names"]["name"].to_list() == ["Vell", "V. Limited", "Wei"]
    (one,) = found["listings"].to_dicts()
    assert (one["id"], one["party"], one["tags"]) == ("us-entity-list:vell-ltd-cn-hk", "vell-ltd-cn-hk", "fn1;fn2")
    assert one["note"] == "cited: 84 FR 1; addresses in CN, HK"
    assert found["sources"]["id"].to_list() == ["entity-list-2026-08-15"]


def test_footnotes_that_differ_all_count(tmp_path: Path) -> None:
    text = f"{HEAD}Vell,,CN,,,,1,x,{FN1},\nOva,,RU,,,,3,x,All items (See §§ 734.9(g) of the EAR),\n"
    found = read_entity_list(put(tmp_path, "el.csv", text), as_of="2026-08-15")
    assert found["listings"]["tags"].to_list() == ["fn1;fn2", "fn3"]
    assert [(p.row, p.column) for p in found.problems] == [(2, "footnotes"), (3, "footnotes")]


def test_a_region_with_a_blank_is_one_country_that_is_none(tmp_path: Path) -> None:
    text = f"{HEAD}Pier,,RU CRIMEA (OCCUPIED) UA,,,,,x,All,\nQuay,,CRIMEA (OCCUPIED),,,,,x,All,\n"
    found = read_entity_list(put(tmp_path, "el.csv", text), as_of="2026-08-15")
    assert [(p.row, p.got) for p in found.problems] == [(2, "'CRIMEA (OCCUPIED)'"), (3, "'CRIMEA (OCCUPIED)'")]
    assert found["parties"]["id"].to_list() == ["pier-ru-ua", "quay"]


def test_a_row_without_a_name_is_said(tmp_path: Path) -> None:
    found = read_entity_list(put(tmp_path, "el.csv", f"{HEAD},,CN,,,,,x,All,\n"), as_of="2026-08-15")
    assert [p.column for p in found.problems] == ["", "name"]
    with pytest.raises(RecordError):
        read_entity_list(put(tmp_path, "x.csv", "name,aliases\na,b\n"), as_of="2026-08-15")

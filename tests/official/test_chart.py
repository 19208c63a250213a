"""The Country Chart and the Country Groups: codes for names, what no mark means, places read as others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from detente.official import read_chart, read_groups
from detente.official.chart import footnote_codes
from detente.record.problems import DetenteError, RecordError
from official.published import put

CHART: dict[str, Any] = {
    "ecfrIssueDate": "2026-07-23",
    "countries": {
        "Australia": {"marks": ["CB 1"], "footnotes": [10]},
        "China": {"marks": ["NS 1", "NS 2"], "footnotes": []},
        "Russia": {"marks": ["NS 1"], "footnotes": [6]},
        "Liechtenstein": {"marks": ["NS 1"], "footnotes": [5]},
    },
    "embargoed": {"Cuba": {"pointer": "See part 746 of the EAR.", "footnotes": []}},
    "footnotes": {
        "5": "Refer to Switzerland.",
        "6": "See § 746.8 of the EAR for additional license requirements.",
        "10": "A license is required to these destinations for items in the following ECCNs: "
        "0A501 (except for 0A501.y), 0A502 for shotguns with a barrel, 0A505.a and .x.",
    },
    "territoryInheritance": {
        "hong kong": {"row": "China", "basis": "85 FR 83788"},
        "cayman islands": {"row": "United Kingdom", "basis": "738.3(b)"},
    },
}


def chart(folder: Path, **changes: object) -> Path:
    return put(folder, "chart.json", json.dumps({**CHART, **changes}))


def test_the_chart_by_code(tmp_path: Path) -> None:
    found = read_chart(chart(tmp_path))
    rows = {r["country"]: r for r in found["chart"].to_dicts()}
    assert rows["CN"]["reasons"] == "NS 1;NS 2" and rows["CN"]["elsewhere"] is None
    assert rows["CU"]["reasons"] == "none" and rows["CU"]["elsewhere"] == "See part 746 of the EAR."
    assert rows["RU"]["elsewhere"] == CHART["footnotes"]["6"]  # the marks are not all
    assert rows["AU"]["note"].startswith("footnote 10: A license is required")
    assert {r["since"] for r in rows.values()} == {"2026-07-23"}
    assert found.problems == () and found.counts == {"with footnotes": 3, "pointing elsewhere": 2}


def test_places_without_a_row_of_their_own(tmp_path: Path) -> None:
    found = read_chart(chart(tmp_path), since="2018-01-01")["territories"]
    assert found.select("country", "read_as", "since").rows() == [
        ("HK", "CN", "2020-12-23"), ("KY", "GB", "2018-01-01"), ("LI", "CH", "2018-01-01"),
    ]  # fmt: skip
    assert "85 FR 83765" in found["note"][0]


def test_footnotes_that_name_codes_are_rows_of_the_code_table(tmp_path: Path) -> None:
    rows = {r["code"]: r for r in footnote_codes(chart(tmp_path))}
    assert rows["us-ear:0A501"]["to"] == "AU" and rows["us-ear:0A501"]["codes_except"] == "us-ear:0A501.y"
    assert rows["us-ear:0A505.x"]["to"] == "AU"
    assert "to" not in rows["us-ear:0A502"] and "shotguns" in rows["us-ear:0A502"]["prose"]


def test_the_csv_has_no_texts_of_footnotes_and_says_so(tmp_path: Path) -> None:
    text = "country,NS 1,NS 2,footnotes,pointer\nChina,X,X,,\nAlbania,X,,2 3,\nCuba,,,,See part 746\nNowhere,X,,,\n"
    found = read_chart(put(tmp_path, "chart.csv", text), as_of="2026-07-23")
    assert found["chart"].select("country", "reasons", "elsewhere", "note").rows() == [
        ("CN", "NS 1;NS 2", None, None), ("AL", "NS 1", None, "footnote 2 of the chart | footnote 3 of the chart"),
        ("CU", "none", "See part 746", None),
    ]  # fmt: skip
    assert [(p.row, p.column) for p in found.problems] == [(0, "footnotes"), (5, "country")]
    assert found["territories"]["country"].to_list() == ["HK"]
    assert footnote_codes(tmp_path / "chart.csv") == []


def test_odd_cells_of_a_chart_are_said(tmp_path: Path) -> None:
    text = "country,NS 1,footnotes,pointer\nChina,x,,\nChina (PRC),X,,\nPeru,,,\n"
    found = read_chart(put(tmp_path, "chart.csv", text), as_of="2026-07-23")
    assert [(p.row, p.column) for p in found.problems] == [(2, "NS 1"), (3, "country"), (4, "country")]
    assert found["chart"]["reasons"].to_list() == ["NS 1", "none"]
    twice = read_chart(chart(tmp_path, footnotes={"1": "See A.", "2": "See A."}))
    assert "footnote 2 with the words of footnote 1" in str(twice.problems)


@pytest.mark.parametrize(
    "changes",
    [
        {"countries": {"China": 7}}, {"countries": {"China": {"marks": "NS 1"}}}, {"embargoed": 3}, {"footnotes": []},
        {"countries": {"China": {"marks": ["NS 1", 4, "x"], "footnotes": "1"}}}, {"territoryInheritance": {"x": 1}},
    ],
)  # fmt: skip
def test_hostile_charts_become_problems(tmp_path: Path, changes: dict[str, object]) -> None:
    assert read_chart(chart(tmp_path, **changes)).problems


def test_what_is_no_chart_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError):
        read_chart(chart(tmp_path, countries=[]))
    with pytest.raises(RecordError, match="no column of a reason"):
        read_chart(put(tmp_path, "x.csv", "country,footnotes,pointer\nChina,,\n"), as_of="2026-07-23")
    with pytest.raises(DetenteError, match="says that it is of"):
        read_chart(chart(tmp_path), as_of="2026-07-24")


def test_groups_in_both_layouts(tmp_path: Path) -> None:
    groups = {"D:5": ["China (PRC)", "Burma"], "B": ["Cote d'lvoire", "The Bahamas", "Bahamas, The", "Atlantis"]}
    a = read_groups(put(tmp_path, "a.json", json.dumps({"ecfrIssueDate": "2026-07-23", "groups": groups})))
    lines = "".join(f'{g},"{c}"\n' for g, names in groups.items() for c in names)
    b = read_groups(put(tmp_path, "b.csv", "group,country\n" + lines), as_of="2026-07-23")
    assert a["groups"].equals(b["groups"])
    assert a["groups"]["id"].to_list() == ["D:5:CN", "D:5:MM", "B:CI", "B:BS"]
    assert [p.got for p in a.problems] == ["'Bahamas, The' again in B", "'Atlantis'"]
    assert a["groups"].filter(pl.col("country") == "MO").height == 0


def test_what_has_no_groups_is_refused(tmp_path: Path) -> None:
    for text in ("{}", '{"groups": 1}', '{"groups": {"A:1": "China"}}'):
        with pytest.raises(RecordError):
            read_groups(put(tmp_path, "x.json", text), as_of="2026-07-23")

"""The real files of 2026-07: every row is read, none is lost, and the record takes them all."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from detente.official import Sides, Snapshot, changes, read_chart, read_codes, read_csl, read_entity_list, read_groups
from detente.official.folder import plan
from detente.official.iso import iso
from detente.official.review import review
from detente.record import load
from detente.record.new import new

DAY = "2026-07-31"


@pytest.fixture(scope="module")
def csl(real: Path) -> Snapshot:
    return read_csl(real / "screening-list.json", sides=Sides({"CN": "target", "HK": "target"}))


@pytest.fixture(scope="module")
def entity_list(real: Path) -> Snapshot:
    return read_entity_list(real / "entity_list_2026-07-31.csv", as_of=DAY)


def tags(snapshot: Snapshot) -> Counter[str]:
    on = snapshot["listings"].filter(pl.col("list") == "us-entity-list")
    return Counter(t for cell in on["tags"].fill_null("") for t in cell.split(";"))


def test_every_entry_of_the_screening_list_is_in(csl: Snapshot, real: Path) -> None:
    whole = json.loads((real / "screening-list.json").read_text(encoding="utf-8"))
    assert sum(csl.counts.values()) == whole["entryCount"] == 25_921
    assert sorted(csl.counts.values()) == sorted(whole["countsBySource"].values())
    merged = csl["listings"].filter(pl.col("note").str.contains("entries of the list"))
    lost = sum(int(n) - 1 for n in merged["note"].str.extract(r"(\d+) entries of the list"))
    assert csl["listings"].height + lost == 25_921
    assert {r["column"] for r in ({"column": p.column} for p in csl.problems)} == {
        "addresses", "license_requirement", "name",
    }  # fmt: skip
    assert len(csl.problems) < 50


def test_the_screening_list_is_read_in_a_couple_of_seconds(real: Path) -> None:
    start = time.perf_counter()
    read_csl(real / "screening-list.json")
    assert time.perf_counter() - start < 10  # about 1.2 s on an idle machine


def test_huawei_is_one_party_on_two_lists(csl: Snapshot) -> None:
    found = csl["listings"].filter(pl.col("party") == "ofac-30947").sort("list")
    assert found["list"].to_list() == ["us-cmic", "us-entity-list"]
    assert found["tags"].to_list() == ["CMIC-EO13959", "fn1;fn2"]
    assert csl["parties"].filter(pl.col("id") == "ofac-30947")["side"].to_list() == ["target"]


def test_duplicated_rows_and_addresses(csl: Snapshot) -> None:
    japan = csl["listings"].filter(
        pl.col("as_listed").str.contains("Yangtze Memory Technologies (Japan)", literal=True)
    )
    assert japan["note"].to_list() == ["cited: 87 FR 77505 | 87 FR 77508; 2 entries of the list"]
    at = csl["listings"].filter(pl.col("tags") == "address-only")
    assert at.height == 19 and at["party"].n_unique() == 19
    assert set(csl["parties"].filter(pl.col("id").is_in(at["party"].implode()))["kind"]) == {"unnamed"}


def test_the_entity_list_twice(csl: Snapshot, entity_list: Snapshot, real: Path) -> None:
    """The table and the part of the screening list say the same of every entry."""
    assert sum(entity_list.counts.values()) == csl.counts["us-entity-list"] == 3420
    a = entity_list["listings"].select("id", "tags", "review", "as_listed")
    b = csl["listings"].filter(pl.col("list") == "us-entity-list").select("id", "tags", "review", "as_listed")
    assert a.join(b, on="id", how="anti").height <= 2  # joined to a numbered party with addresses in both countries
    assert a.join(b, on=["id", "tags", "review", "as_listed"], how="anti", nulls_equal=True).height <= 3
    with (real / "entity_list_2026-07-31.csv").open(encoding="utf-8", newline="") as file:
        printed = Counter(d for row in csv.DictReader(file) for d in row["footnotes"] if d.isdigit())
    counted = tags(entity_list)
    lost = 3420 - entity_list["listings"].height
    for n in "345":
        assert printed[n] - lost <= counted[f"fn{n}"] <= printed[n]
    assert counted["fn1"] == counted["fn2"] > 150


def test_review_policies_are_those_of_the_table(real: Path) -> None:
    """Each class that the table was given by hand is one class here, the mixed ones the strictest of theirs."""
    with (real / "entity_list_2026-07-31.csv").open(encoding="utf-8", newline="") as file:
        found = Counter(
            (r["review_policy_class"], review(r["license_review_policy"], r["license_requirement"])[0])
            for r in csv.DictReader(file)
        )
    assert found == {
        ("presumption_of_denial", "presumption_of_denial"): 2186,
        ("mixed_policy_of_denial", "policy_of_denial"): 582,
        ("policy_of_denial", "policy_of_denial"): 365,
        ("other_by_reference", "none_stated"): 175,
        ("mixed", "presumption_of_denial"): 75,
        ("case_by_case_or_mixed", "case_by_case"): 36,
        ("presumption_of_approval", "case_by_case"): 1,  # its requirement says case by case for what is on the CCL
    }


def test_no_name_of_chart_groups_and_their_aliases_is_unmatched(real: Path) -> None:
    chart = json.loads((real / "country-chart.json").read_text(encoding="utf-8"))
    groups = json.loads((real / "country-groups.json").read_text(encoding="utf-8"))
    named = {*chart["countries"], *chart["embargoed"], *(c for names in groups["groups"].values() for c in names)}
    named |= {*chart["aliases"], *chart["territoryInheritance"], *groups["aliases"]}
    assert [n for n in sorted(named) if iso(n) is None] == []
    for alias, name in {**chart["aliases"], **groups["aliases"]}.items():
        assert iso(alias) == iso(name) or iso(alias) == "HK"  # Hong Kong is itself, and read as China
    assert len({iso(c) for c in {**chart["countries"], **chart["embargoed"]}}) == 200


def test_chart_and_groups_in_both_layouts(real: Path) -> None:
    a = read_chart(real / "country-chart.json")
    b = read_chart(real / "commerce_country_chart_2026-07-23.csv", as_of="2026-07-23")
    assert a["chart"].height == b["chart"].height == 200
    assert a["chart"].select("id", "reasons").equals(b["chart"].select("id", "reasons"))
    assert a["territories"].select("country", "read_as").rows() == [("HK", "CN"), ("KY", "GB"), ("LI", "CH")]
    pointing = a["chart"].filter(pl.col("elsewhere").is_not_null())["country"].to_list()
    assert pointing == ["BY", "PK", "RU", "UA", "CU", "IR", "KP", "SY"]
    c = read_groups(real / "country-groups.json")
    d = read_groups(real / "country_groups_2026-07-23.csv", as_of="2026-07-23")
    assert c["groups"].drop("source").equals(d["groups"].drop("source"))
    assert c.problems == d.problems == () and c["groups"].height == 497
    members = set(c["groups"]["id"])
    assert {"D:5:CN", "A:5:KR", "D:1:MO"} <= members and "D:5:MO" not in members


def test_the_code_table_in_both_layouts(real: Path) -> None:
    a = read_codes(real / "ccl.json", chart=real / "country-chart.json")
    b = read_codes(real / "ccl_license_requirements_2026-07-23.csv", as_of="2026-07-23")
    assert dict(a.counts) == {"reason": 1142, "to": 158, "prose": 473, "footnotes of the chart": 16}
    assert b["codes"].drop("source").equals(a["codes"].filter(~pl.col("id").str.contains("footnote")).drop("source"))
    assert a.problems == b.problems == ()
    whole = json.loads((real / "ccl.json").read_text(encoding="utf-8"))
    assert {c[7:12] for c in a["codes"]["code"]} == {e["eccn"] for e in whole["entries"]}
    one = a["codes"].filter(pl.col("code") == "us-ear:3B001.c")
    assert set(one["to"]) == {"MO;D:5"} and one["reason"].null_count() == one.height
    assert a["codes"].filter(pl.col("code") == "us-ear:3A090.b")["prose"].null_count() == 0
    only = a["codes"].select(pl.sum_horizontal(pl.col("reason", "to", "prose").is_not_null()))
    assert only.to_series().to_list() == [1] * a["codes"].height


def test_a_case_takes_all_of_it(real: Path, csl: Snapshot, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    new(folder)
    every = (
        csl, read_chart(real / "country-chart.json"), read_groups(real / "country-groups.json"),
        read_codes(real / "ccl.json", chart=real / "country-chart.json"),
    )  # fmt: skip
    for snapshot in every:
        for path, content in plan(folder, snapshot.tables, add=True).items():
            path.write_bytes(content)
    case = load(folder)
    for name in ("parties", "names", "listings"):
        assert case[name].height == csl[name].height
    assert (case["chart"].height, case["groups"].height, case["codes"].height) == (200, 497, 1789)
    assert load(folder, as_known="2026-07-25")["listings"].height == 0


def test_the_list_without_some_entries_a_day_before(real: Path, csl: Snapshot, tmp_path: Path) -> None:
    """A snapshot made older by taking entries out gives them back as additions, and nothing else."""
    whole = json.loads((real / "screening-list.json").read_text(encoding="utf-8"))
    kept = [e for i, e in enumerate(whole["entries"]) if i % 1000]
    older = {**whole, "entries": kept, "sourceGeneratedAt": "2026-07-01T00:00:00"}
    path = tmp_path / "older.json"
    path.write_text(json.dumps(older), encoding="utf-8")
    found = changes(read_csl(path), csl)
    counts = dict(found.counts)
    assert counts["removed"] == counts["amended"] == counts["other days"] == 0
    assert 0 < counts["added"] <= 26

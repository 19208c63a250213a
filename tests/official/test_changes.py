"""Two snapshots of a list, applied to a case: what was known on each day, and what was true."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from detente.official import Snapshot, changes, read_csl
from detente.official.folder import plan
from detente.record import Case, DetenteError, load
from detente.record.files import read
from detente.record.history import amended
from detente.record.new import new
from official.published import CMIC, EL, SDN, as_json, at, entries, entry, put

FIRST, SECOND, THIRD = "2026-08-01", "2026-09-01", "2026-10-01"
Take = Callable[..., Snapshot]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """A snapshot of invented entries on a day."""

    def go(day: str, *results: dict[str, Any]) -> Snapshot:
        return read_csl(put(tmp_path, f"list-{day}.json", as_json(results)), as_of=day)

    return go


def listed(name: str, policy: str = "Presumption of denial", country: str = "CN", **more: Any) -> dict[str, Any]:
    told = {"license_requirement": "All items (See § 744.11 of the EAR)", "license_policy": policy}
    return entry(EL, name, at(country), **told, **more)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """An empty case."""
    new(tmp_path / "case")
    return tmp_path / "case"


def write(folder: Path, snapshot: Snapshot) -> None:
    for path, content in plan(folder, snapshot.tables, add=True).items():
        path.write_bytes(content)


def standing(folder: Path) -> dict[str, pl.DataFrame]:
    found = {name: read(name, folder / f"{name}.csv", []) for name in ("parties", "names", "listings")}
    return {name: raw.frame for name, raw in found.items() if raw is not None}


def on(case: Case, day: str, name: str = "us-entity-list") -> dict[str, str]:
    """Who is on the list on a day, with the review."""
    when = dt.date.fromisoformat(day)
    frame = case["listings"].filter(pl.col("list") == name)
    ends = amended(frame)
    return {
        r["party"]: r["review"]
        for r in frame.iter_rows(named=True)
        if (r["since"] or dt.date.min) <= when <= min(r["through"] or dt.date.max, ends.get(r["id"], dt.date.max))
    }


def test_added_removed_amended_on_both_clocks(take: Take, case: Path) -> None:
    old = take(FIRST, listed("Stays"), listed("Goes"), listed("Hardens", "Case-by-case basis"))
    later = take(SECOND, listed("Stays"), listed("Hardens", "Policy of denial"), listed("Comes", alt_names=["Komm"]))
    write(case, old)
    assert on(load(case), FIRST) == {
        "stays-cn": "presumption_of_denial", "goes-cn": "presumption_of_denial", "hardens-cn": "case_by_case",
    }  # fmt: skip
    found = changes(old, later, standing(case))
    assert dict(found.counts) == {"added": 1, "removed": 1, "amended": 1, "other days": 0, "other words only": 0}
    write(case, found)

    now = load(case)
    assert on(now, SECOND) == {
        "stays-cn": "presumption_of_denial", "hardens-cn": "policy_of_denial", "comes-cn": "presumption_of_denial",
    }  # fmt: skip
    assert on(now, "2026-08-31") == {
        "stays-cn": "presumption_of_denial", "goes-cn": "presumption_of_denial", "hardens-cn": "case_by_case",
    }  # fmt: skip
    before = load(case, as_known="2026-08-15")
    for day in (FIRST, SECOND, THIRD):
        assert on(before, day) == {
            "stays-cn": "presumption_of_denial", "goes-cn": "presumption_of_denial", "hardens-cn": "case_by_case",
        }  # fmt: skip
    assert "comes-cn" in set(now["parties"]["id"]) and "comes-cn" not in set(before["parties"]["id"])
    assert "Komm" in set(now["names"]["name"])
    assert load(case, as_known="2026-07-31")["listings"].height == 0


def test_rows_of_a_change_say_when_it_was_seen(take: Take) -> None:
    old = take(FIRST, listed("Goes"), listed("Hardens", "Case-by-case basis"))
    later = take(
        SECOND, listed("Hardens", "Policy of denial"), listed("Comes"), listed("Dated", start_date="2026-08-20")
    )
    rows = {r["as_listed"]: r for r in changes(old, later)["listings"].to_dicts()}
    assert rows["Comes"]["since"] == SECOND and rows["Dated"]["since"] == "2026-08-20"
    assert rows["Comes"]["note"] == f"listed between {FIRST} and {SECOND}"
    gone = rows["Goes"]
    assert (gone["id"], gone["supersedes"], gone["through"], gone["recorded"]) == (
        "us-entity-list:goes-cn", "us-entity-list:goes-cn", "2026-08-31", SECOND,
    )  # fmt: skip
    hard = rows["Hardens"]
    assert (hard["id"], hard["modifies"], hard["since"], hard["supersedes"]) == (
        f"us-entity-list:hardens-cn+{SECOND}", "us-entity-list:hardens-cn", SECOND, None,
    )  # fmt: skip
    assert {r["source"] for r in rows.values()} == {f"csl-{SECOND}"}


def test_a_list_followed_for_three_snapshots(take: Take, case: Path) -> None:
    one = take(FIRST, listed("Vell", "Case-by-case basis"), listed("Back"))
    two = take(SECOND, listed("Vell", "Presumption of denial"))
    three = take(THIRD, listed("Back", "Policy of denial"))
    write(case, one)
    write(case, changes(one, two, standing(case)))
    write(case, changes(two, three, standing(case)))
    now = load(case)
    assert on(now, "2026-08-10") == {"vell-cn": "case_by_case", "back-cn": "presumption_of_denial"}
    assert on(now, "2026-09-10") == {"vell-cn": "presumption_of_denial"}
    assert on(now, "2026-10-10") == {"back-cn": "policy_of_denial"}
    assert on(load(case, as_known="2026-09-15"), "2026-10-10") == {"vell-cn": "presumption_of_denial"}
    assert f"us-entity-list:back-cn+{THIRD}" in set(now["listings"]["id"])


def test_a_second_amendment_amends_the_first(take: Take, case: Path) -> None:
    policies = ("Case-by-case basis", "Presumption of denial", "Policy of denial")
    days = (FIRST, SECOND, THIRD)
    snapshots = [take(d, listed("Vell", p)) for d, p in zip(days, policies, strict=True)]
    write(case, snapshots[0])
    for before, after in pairwise(snapshots):
        write(case, changes(before, after, standing(case)))
    now = load(case)
    assert [on(now, d)["vell-cn"] for d in days] == ["case_by_case", "presumption_of_denial", "policy_of_denial"]
    assert [on(load(case, as_known=d), THIRD)["vell-cn"] for d in days] == [
        "case_by_case", "presumption_of_denial", "policy_of_denial",
    ]  # fmt: skip


def test_other_days_are_a_correction(take: Take, case: Path) -> None:
    old, later = take(FIRST, listed("Vell")), take(SECOND, listed("Vell", start_date="2019-05-21"))
    write(case, old)
    found = changes(old, later, standing(case))
    assert dict(found.counts)["other days"] == 1 and found["listings"]["supersedes"].null_count() == 0
    write(case, found)
    assert load(case)["listings"]["since"].to_list() == [dt.date(2019, 5, 21)]
    assert load(case, as_known=FIRST)["listings"]["since"].to_list() == [None]


def test_what_only_reads_differently_is_counted_and_left(take: Take) -> None:
    old = take(FIRST, listed("Vell Co., Ltd."))
    later = take(SECOND, listed("VELL CO LTD", federal_register_notice="91 FR 1"))
    found = changes(old, later)
    assert found["listings"].height == 0 and dict(found.counts)["other words only"] == 1
    assert found["names"]["name"].to_list() == ["VELL CO LTD"]  # the new spelling is kept


def test_an_entry_with_an_address_more_is_the_same_entry(take: Take, case: Path) -> None:
    old = take(FIRST, listed("Vell"))
    later = take(SECOND, entry(EL, "Vell", at("CN"), at("AE"), alt_names=["Wei"], license_policy="Policy of denial",
                               license_requirement="All items (See § 744.11 of the EAR)"))  # fmt: skip
    found = changes(old, later)
    (one,) = found["listings"].to_dicts()
    assert (one["party"], one["modifies"]) == ("vell-cn", "us-entity-list:vell-cn")
    assert found["parties"].height == 0 and found["names"]["party"].to_list() == ["vell-cn"]
    write(case, old)
    write(case, found)
    assert on(load(case), SECOND) == {"vell-cn": "policy_of_denial"}


def test_a_party_that_comes_on_a_second_list_is_the_old_party(take: Take, case: Path) -> None:
    old = take(FIRST, listed("Vell"))
    later = take(SECOND, listed("Vell"), entry(CMIC, "VELL", at("CN"), entity_number="9", type="Entity"))
    write(case, old)
    write(case, changes(old, later, standing(case)))
    now = load(case)
    assert on(now, SECOND, "us-cmic") == {"vell-cn": "none_stated"}
    assert set(now["parties"]["id"]) == {"vell-cn"}


def test_an_order_that_ran_out_is_not_removed(take: Take) -> None:
    old = take(FIRST, entry(SDN, "A", at("CN"), entity_number="1", end_date="2026-08-10"), listed("Vell"))
    assert changes(old, take(SECOND, listed("Vell")))["listings"].height == 0


def test_the_same_list_again_changes_nothing(take: Take) -> None:
    found = changes(take(FIRST, *entries()), take(SECOND, *entries()))
    assert all(found[t].height == 0 for t in ("parties", "names", "listings"))


def test_snapshots_in_the_wrong_order_or_of_another_case_are_refused(take: Take, case: Path) -> None:
    old, later = take(FIRST, listed("Vell")), take(SECOND, listed("Vell"))
    with pytest.raises(DetenteError, match="give the older one"):
        changes(later, old)
    with pytest.raises(DetenteError, match="import the old list first"):
        changes(old, later, standing(case))
    write(case, old)
    write(case, changes(old, take(SECOND, listed("Other")), standing(case)))
    with pytest.raises(DetenteError, match="has rows of csl-2026-09-01 already"):
        changes(old, later, standing(case))

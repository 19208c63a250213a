"""The digest names what a case says: content counts, the order of rows and the format of files do not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cases import FILES, limb, make_case, measure
from detente.decide import check, permits, verdict
from detente.record import Case, load

CHANGES = [
    ("links.csv", "40,", "41,"),
    ("links.csv", "production\n", "testing\n"),
    ("parties.csv", "Ova Phones", "Ova Phone"),
    ("sources.csv", "§ 1", "§ 2"),
    ("listings.csv", "2020-03-02", "2020-03-03"),
    ("case.toml", "Vell and its", "Vell and"),
    ("measures/order.toml", "since = 2020-03-02", "since = 2020-03-03"),
    ("measures/order.toml", '["US"]', '["US", "JP"]'),
]


@pytest.mark.parametrize(("file", "old", "new"), CHANGES)
def test_content_counts(tmp_path: Path, file: str, old: str, new: str) -> None:
    assert old in FILES[file]
    before = load(make_case(tmp_path / "a"))
    after = load(make_case(tmp_path / "b", {file: FILES[file].replace(old, new, 1)}))
    assert before.digest != after.digest


def test_none_and_empty_differ(tmp_path: Path) -> None:
    head = "id, item, maker, origin, codes\nnorr-chip, chip, norr, KR,\n"
    unknown = load(make_case(tmp_path / "a", {"variants.csv": head + "acme-chip, chip, acme, US,\n"}))
    none = load(make_case(tmp_path / "b", {"variants.csv": head + "acme-chip, chip, acme, US, none\n"}))
    assert unknown.digest != none.digest


@pytest.mark.parametrize("file", ["links.csv", "parties.csv", "units.csv", "sources.csv", "variants.csv"])
def test_order_of_rows_does_not(tmp_path: Path, file: str) -> None:
    head, *rows = FILES[file].strip().splitlines()
    turned = "\n".join([head, *reversed(rows)])
    before, after = load(make_case(tmp_path / "a")), load(make_case(tmp_path / "b", {file: turned}))
    assert before[file.removesuffix(".csv")]["id"].to_list() != after[file.removesuffix(".csv")]["id"].to_list()
    assert before.digest == after.digest


def test_order_of_columns_spelling_of_numbers_and_layout_of_toml_do_not(tmp_path: Path) -> None:
    other = {
        "links.csv": FILES["links.csv"].replace("40,", "40.00,").replace("10,", "1e1,"),
        "variants.csv": "origin, maker, item, id\nUS, acme, chip, acme-chip\nKR, norr, chip, norr-chip\n",
        "measures/order.toml": "# a comment\n" + FILES["measures/order.toml"].replace(" = ", "="),
    }
    assert load(make_case(tmp_path / "a")).digest == load(make_case(tmp_path / "b", other)).digest


def test_a_later_correction_changes_it_only_once_it_is_known(tmp_path: Path) -> None:
    block = """
        id,             seller, buyer, value_usd_m, end_use,    recorded,   supersedes
        acme>vell:chip, acme,   vell,  44,          production, 2020-06-01, acme>vell:chip
        """
    before, after = make_case(tmp_path / "a"), make_case(tmp_path / "b", {"+links.csv": block})
    assert load(before).digest != load(after).digest
    early = {load(f, as_known="2020-05-31").digest for f in (before, after)}
    assert len(early) == 1
    assert load(after, as_known="2020-06-01").digest == load(after).digest


def test_two_answers_never_share_a_digest(tmp_path: Path) -> None:
    """Rows that contradict each other may not be settled by the order in which they stand."""
    rows = ["f1, acme>vell:chip, knowledge, yes\n", "f2, acme>vell:chip, knowledge, no\n"]
    rule = {"measures/order.toml": measure(limb("list", 'knowledge = "knowledge"\nscope = [{origin = ["US"]}]'))}
    head = "id, about, fact, value\n"
    one = load(make_case(tmp_path / "a", {**rule, "findings.csv": head + rows[0] + rows[1]}))
    two = load(make_case(tmp_path / "b", {**rule, "findings.csv": head + rows[1] + rows[0]}))
    assert one.digest == two.digest
    said = [verdict(c, "acme>vell:chip", "2020-05-01").outcome for c in (one, two)]
    assert said == ["needs_facts", "needs_facts"]


def test_every_result_carries_it(made: Callable[..., Case]) -> None:
    case = made()
    assert verdict(case, "acme>vell:chip", "2020-05-01").record == case.digest
    spans = permits(case, "2020-05-01", "2020-05-02")
    assert spans.record == spans.on("2020-05-01").record == case.digest
    assert {v.record for v in spans.decided} == {case.digest}
    assert check(case, "2020-05-01").height == 3
    assert len(case.digest) == 64

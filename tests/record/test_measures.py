"""Measures as data: windows apart, whole rows of scope, ends as they were known."""

import datetime as dt
from pathlib import Path

import pytest

from cases import CASE_TOML, LISTED, limb, make_case, measure, problems_of
from detente.record import Problem
from detente.record.limb import Window

FILE = "measures/order.toml"


def second_limb(text: str) -> int:
    """The line of the second ``[[limbs]]``."""
    return [i for i, line in enumerate(text.splitlines(), 1) if line == "[[limbs]]"][1]


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        ("{since = 2020-01-01, through = 2020-03-01, recorded = 2020-01-01}", "2020-03-01", True),
        ("{since = 2020-01-01, through = 2020-03-01, recorded = 2020-01-01}", "2020-03-02", False),
        ("{since = 2020-01-01, recorded = 2020-01-01}", "2020-03-02", True),
        ("{since = 2020-04-01, through = 2020-04-02, recorded = 2020-01-01}", "2020-03-02", True),
    ],
)
def test_windows_of_a_limb_do_not_overlap(tmp_path: Path, first: str, second: str, wrong: bool) -> None:
    windows = f"[{first}, {{since = {second}, recorded = 2020-01-01}}]"
    text = measure(limb("list", LISTED), limb("second", LISTED, windows=windows))
    folder = make_case(tmp_path, {FILE: text})
    if wrong:
        expected = f"windows of limb second that do not overlap; the one from {second} does"
        assert problems_of(folder) == (Problem(FILE, second_limb(text), "limbs", "", expected),)
    else:
        from detente.record import load

        load(folder)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("{since = 2020-05-02, through = 2020-05-01, recorded = 2020-01-01}",
         "a window that ends (2020-05-01) on or after the day it starts (2020-05-02)"),
        ("{since = 2020-05-02, written_through = 2020-06-01, recorded = 2020-01-01}",
         "through_recorded beside written_through: the day on which the earlier end became known"),
    ],
)  # fmt: skip
def test_a_window_in_itself(tmp_path: Path, window: str, expected: str) -> None:
    text = measure(limb("list", LISTED), limb("second", LISTED, windows=f"[{window}]"))
    row = second_limb(text) + 5
    assert problems_of(make_case(tmp_path, {FILE: text})) == (Problem(FILE, row, "in_force", "", expected),)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (
            '{content_origin = ["US"], content_pct = 25}',
            "content_counts, content_op and content_pct beside content_origin",
        ),
        ('{made_with_codes = ["3E001"]}', "made_with_origin beside made_with_codes or plant_codes"),
        ('{plant_codes = ["3E001"]}', "made_with_origin beside made_with_codes or plant_codes"),
        ('{designed_by = "fn1"}', "designed_by written list:tag, such as us-entity-list:fn1"),
    ],
)
def test_a_row_of_scope_is_whole(tmp_path: Path, scope: str, expected: str) -> None:
    line = f"scope = [{scope}]"
    text = measure(limb("list", line))
    row = text.splitlines().index(line) + 1
    assert problems_of(make_case(tmp_path, {FILE: text})) == (Problem(FILE, row, "scope", "", expected),)


def test_a_limb_without_a_window_or_a_source(tmp_path: Path) -> None:
    text = measure(
        limb("list", LISTED, windows="[]"), limb("second", LISTED).replace('sources = ["law"]', "sources = []")
    )
    found = problems_of(make_case(tmp_path, {FILE: text}))
    assert [(p.row, p.column) for p in found] == [
        (text.splitlines().index("in_force = []") + 1, "in_force"),
        (second_limb(text) + 4, "sources"),
    ]


def test_the_end_of_a_window_as_it_was_known() -> None:
    cut = Window(
        since=dt.date(2020, 1, 1), through=dt.date(2020, 5, 14), recorded=dt.date(2020, 1, 1),
        written_through=dt.date(2020, 8, 1), through_recorded=dt.date(2020, 5, 15),
    )  # fmt: skip
    assert cut.end(None) == dt.date(2020, 5, 14)
    assert cut.end(dt.date(2020, 5, 14)) == dt.date(2020, 8, 1)
    assert cut.end(dt.date(2020, 5, 15)) == dt.date(2020, 5, 14)
    no_end_written = Window(
        since=dt.date(2020, 1, 1), through=dt.date(2020, 5, 14), recorded=dt.date(2020, 1, 1),
        through_recorded=dt.date(2020, 5, 15),
    )  # fmt: skip
    assert no_end_written.end(dt.date(2020, 5, 14)) is None


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ('bound = ["everybody"]', "everybody"),
        ('bound = ["us person"]', "us person"),
        ('acts = ["sail"]', "sail"),
        ('items = {codes = ["home:3A1"]}', "3A1"),
        ('scope = [{plant_codes = ["home:3A1"], made_with_origin = ["US"]}]', "3A1"),
        ('parties = {roles = ["owner"]}', "owner"),
        ('items = {kind = ["good"]}', "good"),
    ],
)
def test_words_of_the_law_that_nobody_reads(tmp_path: Path, line: str, got: str) -> None:
    """A misspelt word of law must not be passed over."""
    (found,) = problems_of(make_case(tmp_path, {FILE: measure(limb("list", line))}))
    assert found.file == FILE
    assert got in f"{found.got} {found.expected}"


def test_a_story_outside_the_horizon(tmp_path: Path) -> None:
    (found,) = problems_of(make_case(tmp_path, {"case.toml": CASE_TOML.replace("2020-12-31\n", "2021-06-01\n", 1)}))
    assert "default_as_of inside the horizon" in found.expected

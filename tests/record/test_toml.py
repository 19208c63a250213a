"""Faults of a TOML file are shown with their line and key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import CASE_TOML, FILES, LISTED, limb, make_case, measure, problems_of
from detente.record import Problem
from detente.record.toml import MAX_BYTES, locate

MEASURE = "measures/order.toml"


def line_of(text: str, start: str) -> int:
    """The line (from 1) that begins with ``start``."""
    return next(i for i, line in enumerate(text.splitlines(), 1) if line.strip().startswith(start))


def test_unknown_key_of_a_limb_in_its_own_line(tmp_path: Path) -> None:
    text = measure(limb("list", LISTED), limb("second", 'itmes = {codes = ["3A1"]}'))
    found = problems_of(make_case(tmp_path, {MEASURE: text}))
    wanted = Problem(MEASURE, line_of(text, "itmes"), "itmes", "an unknown key", "a known key", "did you mean 'items'?")
    assert found == (wanted,)


def test_unknown_key_inside_an_inline_table(tmp_path: Path) -> None:
    text = measure(limb("list", LISTED), limb("second", 'scope = [\n  {orgin = ["US"]},\n]'))
    (found,) = problems_of(make_case(tmp_path, {MEASURE: text}))
    assert (found.row, found.column, found.hint) == (line_of(text, "scope"), "orgin", "did you mean 'origin'?")


def test_unknown_key_that_is_like_nothing_lists_the_keys(tmp_path: Path) -> None:
    text = FILES[MEASURE] + "[limbs.zz]\n"
    (found,) = problems_of(make_case(tmp_path, {MEASURE: text}))
    assert (found.column, found.got) == ("zz", "an unknown key")
    assert found.hint.startswith("the keys here are acts, bound, chart_applies")


def test_unknown_key_of_the_case_is_the_only_fault(tmp_path: Path) -> None:
    text = CASE_TOML.replace("[sides]", 'titel = "x"\n[sides]')
    found = problems_of(make_case(tmp_path, {"case.toml": text}))
    row = line_of(text, "titel")
    assert found == (Problem("case.toml", row, "titel", "an unknown key", "a known key", "did you mean 'title'?"),)


def test_key_twice(tmp_path: Path) -> None:
    text = FILES[MEASURE] + 'effect = "prohibit"\n'
    (found,) = problems_of(make_case(tmp_path, {MEASURE: text}))
    row = len(text.splitlines())
    assert found == Problem(MEASURE, row, "effect", "the key twice", "each key once", "delete one of the two")


def test_table_twice(tmp_path: Path) -> None:
    text = FILES[MEASURE] + "[milestones]\n[milestones]\n"
    (found,) = problems_of(make_case(tmp_path, {MEASURE: text}))
    assert (found.row, found.got) == (len(text.splitlines()), "the key twice")


@pytest.mark.parametrize(
    ("line", "column", "got"),
    [
        ("text = ", "text", "invalid value"),
        ('text = "no end', "text", "illegal character"),
        ("]", "", "invalid statement"),
        ("day = 2020-02-30", "day", ""),
    ],
)
def test_what_is_not_toml(tmp_path: Path, line: str, column: str, got: str) -> None:
    text = FILES[MEASURE] + f"{line}\n\n"
    (found,) = problems_of(make_case(tmp_path, {MEASURE: text}))
    assert (found.file, found.row, found.column) == (MEASURE, len(text.splitlines()) - 1, column)
    assert got in found.got
    assert found.expected == "TOML"


def test_day_in_quotes(tmp_path: Path) -> None:
    text = FILES[MEASURE].replace("since = 2020-03-02", 'since = "2020-03-02"')
    (found,) = problems_of(make_case(tmp_path, {MEASURE: text}))
    hint = "write 2019-05-16, without quotes or hour"
    assert found == Problem(MEASURE, line_of(text, "in_force"), "since", "'2020-03-02'", "a day", hint)


@pytest.mark.parametrize(
    ("old", "new", "column", "got"),
    [
        ('effect = "require_licence"', 'effect = "require_license"', "effect", "'require_license'"),
        ('text = "The rule list."', "text = 3", "text", "'3'"),
        ('sources = ["law"]\nin_force', "sources = []\nin_force", "sources", "an empty list"),
        ('id = "list"', 'id = "the list"', "id", "'the list'"),
        ('id = "list"', 'id = "list\'"', "id", '"list\'"'),
        ('id = "list"', 'id = "list\\n"', "id", "'list\\n'"),
    ],
)
def test_value_of_the_wrong_kind(tmp_path: Path, old: str, new: str, column: str, got: str) -> None:
    text = FILES[MEASURE].replace(old, new)
    assert text != FILES[MEASURE]
    (found,) = problems_of(make_case(tmp_path, {MEASURE: text}))
    assert (found.file, found.row, found.column, found.got) == (MEASURE, line_of(text, new.split("\n")[0]), column, got)


def test_missing_key_is_shown_where_its_limb_begins(tmp_path: Path) -> None:
    text = measure(limb("list", LISTED), limb("second", LISTED).replace('effect = "require_licence"\n', ""))
    (found,) = problems_of(make_case(tmp_path, {MEASURE: text}))
    second = [i for i, line in enumerate(text.splitlines(), 1) if line == "[[limbs]]"][1]
    assert found == Problem(MEASURE, second, "effect", "no such key", "the key")


def test_every_fault_of_a_file_at_once(tmp_path: Path) -> None:
    text = FILES[MEASURE].replace("effect", "efect").replace("since = 2020-03-02", 'since = "soon"') + "x = 1\n"
    found = problems_of(make_case(tmp_path, {MEASURE: text}))
    assert sorted(p.column for p in found) == ["efect", "effect", "since", "x"]


# ---------------------------------------------------------------- hostile files


@pytest.mark.parametrize("name", [MEASURE, "case.toml", "tests/decisions.toml"])
def test_huge_file_is_refused(tmp_path: Path, name: str) -> None:
    text = FILES.get(name, "") + "#" * (MAX_BYTES + 1)
    found = problems_of(make_case(tmp_path, {name: text}))
    assert [p for p in found if p.file == name] == [
        Problem(name, 0, "", f"{len(text.encode()):,} bytes", f"at most {MAX_BYTES:,} bytes")
    ]


def test_toml_that_is_not_utf8(tmp_path: Path) -> None:
    (found,) = problems_of(make_case(tmp_path, {MEASURE: 'id = "ö"'.encode("latin-1")}))
    assert found == Problem(MEASURE, 0, "", "bytes that are not UTF-8", "a text file in UTF-8")


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 100_000, "x = " + "{a=" * 100_000, "x = " + "9" * 5_000, "a." * 1_500 + "b = 1"],
    ids=["brackets", "braces", "digits", "dots"],
)  # fmt: skip
def test_toml_made_to_break_its_reader(tmp_path: Path, text: str) -> None:
    found = problems_of(make_case(tmp_path, {MEASURE: text}))
    assert {p.file for p in found} == {MEASURE}


# ---------------------------------------------------------------- locate

KEYS = st.sampled_from(["id", "effect", "text", "sources", "in_force", "scope", "note"])
BLANK = st.lists(st.sampled_from(["", "# since = 2020", "   "]), max_size=2)


@given(
    top=st.lists(KEYS, unique=True),
    limbs=st.lists(st.tuples(BLANK, st.lists(KEYS, unique=True, min_size=1), st.lists(KEYS, unique=True)), max_size=4),
)
def test_locate_finds_the_line(top: list[str], limbs: list[tuple[list[str], list[str], list[str]]]) -> None:
    lines, where = [], {}
    for key in top:
        lines.append(f"{key} = 1")
        where[(key,)] = len(lines)
    for i, (blank, keys, inner) in enumerate(limbs):
        lines += [*blank, "[[limbs]]"]
        where[("limbs", i)] = len(lines)
        for key in keys:
            lines += [f"  {key}=[", '  {id = "x"},', "]"] if key == "scope" else [f"{key} = 1"]
            where[("limbs", i, key)] = len(lines) - (2 if key == "scope" else 0)
        lines.append("[limbs.parties]")
        where[("limbs", i, "parties")] = len(lines)
        for key in inner:
            lines.append(f"{key} = 1")
            where[("limbs", i, "parties", key)] = len(lines)
    text = "\n".join(lines)
    for path, line in where.items():
        assert locate(text, path) == line


@given(
    text=st.text(alphabet="[]=.\"' \nab{}#", max_size=80), path=st.lists(st.sampled_from(["a", "b", 0, 1]), max_size=3)
)
def test_locate_always_gives_a_line(text: str, path: list[str | int]) -> None:
    assert 1 <= locate(text, path) <= max(1, len(text.splitlines()))


def test_locate_gives_the_nearest_line_above() -> None:
    text = measure(limb("list", LISTED), limb("second", LISTED))
    second = [i for i, line in enumerate(text.splitlines(), 1) if line == "[[limbs]]"][1]
    assert locate(text, ("limbs", 1, "reviews", 0)) == second
    assert locate(text, ("limbs", 1, "in_force", 3, "since")) == second + 5
    assert locate(text, ("nothing",)) == 1

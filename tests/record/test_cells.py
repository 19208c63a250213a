"""Cells that cannot be read: each kind of fault with its file, row, column, what was got and what was expected."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from cases import FILES, brief, make_case, problems_of
from detente.record import Case, Problem

DAY = "a day such as 2019-06-05"
NUMBER = "a number of 0 or more, with a point for decimals"
SHARE = "a fraction from 0 to 1, such as 0.51"
CODES = "codes written regime:code, such as us-ear:3A991; several separated by ';', or none"
EATEN = "a spreadsheet turns a code such as 3E001 into the number 30: format the column as text"
ID = "a short name of letters, digits and _ . : > / + -, without spaces"
CONTENT = "ORIGIN:SHARE or ORIGIN/CODE:LOW-HIGH, such as US/EAR99:0.05-0.25; several separated by ';', or none"

ONE_CELL = [
    ("listings.csv", "since", "2024-02-30", DAY, "there is no such day"),
    ("listings.csv", "since", "05/06/2019", DAY, "is it day/month or month/day? write year-month-day"),
    ("listings.csv", "since", "5.6.2019", DAY, "is it day/month or month/day? write year-month-day"),
    ("listings.csv", "since", "43621", DAY, "a spreadsheet shows this number as a day: format the column as text"),
    ("listings.csv", "since", "June 2019", DAY, "write year-month-day"),
    ("listings.csv", "since", "2019-6-5", DAY, "write year-month-day"),
    ("variants.csv", "codes", "30", CODES, EATEN),
    ("variants.csv", "codes", "3.00E+01", CODES, EATEN),
    ("variants.csv", "codes", "home:3.00E+01", CODES, EATEN),
    ("variants.csv", "codes", "home:3E002; home:30", CODES, EATEN),
    ("variants.csv", "plant_codes", "3E001", CODES, "write the regime before the code"),
    ("variants.csv", "content", "US:25%", CONTENT, ""),
    ("variants.csv", "content", "US:1.2", CONTENT, ""),
    ("variants.csv", "made_with_origin", "US; England",
     "ISO country codes such as CN; several separated by ';', or none",
     "the United Kingdom is GB; names of countries are not read"),
    ("stakes.csv", "share", "51%", SHARE, "write 51% as 0.51"),
    ("stakes.csv", "share", "1.2", SHARE, "a share is a fraction, not a percentage"),
    ("stakes.csv", "share", "51", SHARE, "a share is a fraction, not a percentage"),
    ("stakes.csv", "share", "-0.1", SHARE, ""),
    ("stakes.csv", "share", "0.2-0.4", SHARE, "write '0.2' and its range in the _low and _high columns"),
    ("stakes.csv", "control", "yess", "one of yes, no, unknown", "did you mean 'yes'?"),
    ("links.csv", "value_usd_m", "12,5", NUMBER, "use a point for decimals and nothing between thousands"),
    ("links.csv", "value_usd_m", "nan", NUMBER, ""),
    ("links.csv", "value_usd_m", "1e999", NUMBER, ""),
    ("links.csv", "value_usd_m", "-3", NUMBER, ""),
    ("links.csv", "value_usd_m", "=1+1", NUMBER, ""),
    ("links.csv", "end_use", "made to measure", "words without spaces; several separated by ';', or none", ""),
    ("links.csv", "id", "acme to vell", ID, ""),
    ("links.csv", "id", "a'b", ID, ""),
    ("links.csv", "id", 'a"b', ID, ""),
    ("links.csv", "id", "a\nb", ID, ""),
    ("links.csv", "id", "<b>", ID, ""),
    ("links.csv", "id", "=1+1", ID, ""),
    ("links.csv", "seller", "acme chips", "an id of units", ""),
    ("listings.csv", "list", "home list", "a word without spaces", ""),
    ("licence_lines.csv", "line", "1.5", "a whole number of 0 or more", ""),
    ("parties.csv", "kind", "frm",
     "one of firm, business, agency, bank, person, unnamed, residual", "did you mean 'firm'?"),
    ("parties.csv", "side", "away", "one of the sides home, target, third", ""),
    ("parties.csv", "country", "UK", "an ISO country code such as CN",
     "the United Kingdom is GB; names of countries are not read"),
    ("parties.csv", "confidence", "sure",
     "one of official, reported, estimated, derived, assumed, invented", ""),
]  # fmt: skip

ROWS = {
    "listings.csv": {
        "id": "l", "list": "home-list", "party": "ova", "as_listed": "OVA", "requirement": "all", "review": "denial",
    },
    "variants.csv": {"id": "v", "item": "chip", "maker": "acme", "origin": "US"},
    "stakes.csv": {"id": "s", "owner": "acme", "owned": "norr", "share": "0.2"},
    "links.csv": {"id": "k", "seller": "norr", "buyer": "ova", "value_usd_m": "1", "end_use": "production"},
    "licence_lines.csv": {"id": "x", "licence": "lic", "line": "1"},
    "parties.csv": {"id": "p", "name": "P", "kind": "firm", "side": "home"},
}  # fmt: skip

LICENCE = """
    id,  authority, holder, kind,       consignees, overcomes
    lic, Ministry,  acme,   individual, vell,       list
    """


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _with_row(file: str, **cells: str) -> tuple[dict[str, str | bytes | None], int]:
    """Files of a case with one more row of a table, and the row it stands in."""
    row = {**ROWS[file], "source": "law", "confidence": "official", "recorded": "2020-01-01", **cells}
    text = ",".join(row) + "\n" + ",".join(_quoted(c) for c in row.values()) + "\n"
    files: dict[str, str | bytes | None] = {"licences.csv": LICENCE}
    if file not in FILES:
        return {**files, file: text.encode()}, 2
    return {**files, f"+{file}": text}, FILES[file].strip().count("\n") + 2


@pytest.mark.parametrize(("file", "column", "got", "expected", "hint"), ONE_CELL, ids=lambda x: str(x)[:24])
def test_one_bad_cell(tmp_path: Path, file: str, column: str, got: str, expected: str, hint: str) -> None:
    if "\n" in got:
        table = make_case(tmp_path) / file
        row = FILES[file].strip().count("\n") + 2
        cells = {**ROWS[file], "source": "law", "confidence": "official", "recorded": "2020-01-01", column: got}
        with table.open("a") as out:
            names = table.read_text().splitlines()[0].split(",")
            out.write(",".join(_quoted(cells.get(n, "")) for n in names) + "\n")
        found = problems_of(table.parent)
    else:
        files, row = _with_row(file, **{column: got})
        found = problems_of(make_case(tmp_path, files))
    wanted = Problem(file, row, column, repr(got), expected, hint)
    if column == "seller":  # a name that is no id is not one of the ids either
        wanted = Problem(file, row, column, repr(got), expected, found[0].hint)
        assert found[0] == wanted
        assert brief(found) == [(file, row, column)] * len(found)
    else:
        assert found == (wanted,)


@pytest.mark.parametrize(
    ("file", "column"),
    [("links.csv", "source"), ("links.csv", "recorded"), ("links.csv", "seller"), ("links.csv", "value_usd_m"),
     ("links.csv", "id"), ("parties.csv", "side"), ("listings.csv", "as_listed"), ("variants.csv", "origin")],
)  # fmt: skip
@pytest.mark.parametrize("blank", ["", "   "])
def test_empty_required_cell(tmp_path: Path, file: str, column: str, blank: str) -> None:
    files, row = _with_row(file, **{column: blank})
    (found,) = problems_of(make_case(tmp_path, files))
    assert (found.file, found.row, found.column, found.got) == (file, row, column, "an empty cell")
    assert found.hint  # the column's meaning


def test_missing_source_says_what_a_source_is(tmp_path: Path) -> None:
    files, row = _with_row("links.csv", source="")
    (found,) = problems_of(make_case(tmp_path, files))
    assert str(found) == (
        f"links.csv, row {row}, source: got an empty cell; expected ids of sources; several separated by ';', or none "
        "(Who says so: ids from sources.csv)"
    )


def test_unknown_column_and_the_one_that_was_meant(tmp_path: Path) -> None:
    stakes = """
        id, owner, owned, shares, colour
        s,  acme,  norr,  0.2,    red
        """
    found = problems_of(make_case(tmp_path, {"stakes.csv": stakes}))
    assert brief(found) == [("stakes.csv", 1, "colour"), ("stakes.csv", 1, "shares")]
    assert {p.got for p in found} == {"an unknown column"}
    assert found[1].hint == "did you mean 'share'?"
    assert found[0].hint.startswith("the columns are id, owner, owned, share")


def test_missing_required_column(tmp_path: Path) -> None:
    stakes = """
        # a comment
        id, owner
        s,  acme
        """
    (found,) = problems_of(make_case(tmp_path, {"stakes.csv": stakes}))
    assert found == Problem("stakes.csv", 2, "owned", "no such column", "the column", "What is owned")


def test_missing_common_columns_are_all_named(tmp_path: Path) -> None:
    found = problems_of(make_case(tmp_path, {"stakes.csv": b"id,owner,owned\ns,acme,norr\n"}))
    assert brief(found) == [("stakes.csv", 1, c) for c in ("confidence", "recorded", "source")]


def test_a_column_wrong_from_top_to_bottom_is_cut_short_and_counted(tmp_path: Path) -> None:
    rows = "".join(f"f{i},acme,knowledge,yes,law,official,05/06/2019\n" for i in range(1_203))
    text = "id,about,fact,value,source,confidence,recorded\n" + rows
    found = problems_of(make_case(tmp_path, {"findings.csv": text.encode()}))
    assert len(found) == 1_001
    assert (found[0].row, found[0].got) == (0, "1,203 bad cells, 1,000 listed")
    assert [p.row for p in found[1:]] == list(range(2, 1_002))


def test_none_is_known_to_be_none_and_empty_is_not_known(made: Callable[..., Case]) -> None:
    case = made({"variants.csv": """
        id,        item, maker, origin, codes,              content,           designed_by
        acme-chip, chip, acme,  US,     none,               none,              none
        norr-chip, chip, norr,  KR,     ,                   ,
        third,     chip, norr,  KR,     home:3A1; home:3A2, US/EAR99:0.05-0.25,acme; norr
        """})  # fmt: skip
    rows = {r["id"]: r for r in case["variants"].iter_rows(named=True)}
    assert [rows["acme-chip"][c] for c in ("codes", "content", "designed_by")] == [[], [], []]
    assert [rows["norr-chip"][c] for c in ("codes", "content", "designed_by")] == [None, None, None]
    assert rows["third"]["codes"] == ["home:3A1", "home:3A2"]
    assert rows["third"]["designed_by"] == ["acme", "norr"]


def test_types_and_defaults(made: Callable[..., Case]) -> None:
    case = made({
        "licences.csv": LICENCE,
        "licence_lines.csv": "id, licence, line, item, covers, covers_low, covers_high\nx, lic, 1, chip, , ,\n",
    })  # fmt: skip
    line = case["licence_lines"].row(0, named=True)
    assert (line["line"], line["covers"], line["covers_low"]) == (1, 1.0, None)
    assert line["recorded"] == dt.date(2020, 1, 1)
    assert case["items"]["tags"].to_list() == [[], []]
    assert case["licences"].row(0, named=True)["overcomes"] == ["list"]


def test_a_formula_in_a_text_is_only_text(made: Callable[..., Case]) -> None:
    case = made({"names.csv": "id, party, name, kind\nn, acme, =1+1, alias\nm, acme, @SUM(A1), alias\n"})
    assert case["names"]["name"].to_list() == ["=1+1", "@SUM(A1)"]

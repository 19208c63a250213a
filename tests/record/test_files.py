"""Files of tables: CSV, Parquet, XLSX and one workbook say the same; what cannot be read is said with its row."""

import csv
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from cases import FILES, brief, make_case, problems_of, table
from detente.record import Case, Problem, load
from detente.record.dictionary import dictionary
from detente.record.files import FILE, ROW

FULL = {
    "licences.csv": """
        id,  authority, holder, kind,       consignees, overcomes, value_usd_m, value_usd_m_low, value_usd_m_high
        lic, Ministry,  acme,   individual, vell,       list,      12.5,        10,              0015
        """,
    "licence_lines.csv": """
        id, licence, line, item, covers, covers_low, covers_high
        x1, lic,     1,    chip, 0.1,    0.05,       0.35
        """,
    "licence_events.csv": """
        id, licence, date,       event,   precision, lines
        e1, lic,     2020-05-01, granted, day,       1
        """,
    "variants.csv": """
        id,        item, maker, origin, content,                codes,    designed_by, since,      note
        acme-chip, chip, acme,  US,     none,                   home:3E1, none,        2020-01-01, "a, b"
        norr-chip, chip, norr,  KR,     US/EAR99:0.05-0.25; US:0, ,       acme; ova,   ,           é ü 中
        """,
}
"""More than the minimal case: dates, integers, shares, lists, an empty cell beside a none."""


def text_tables(folder: Path) -> dict[str, pl.DataFrame]:
    """Every CSV of a case as text."""
    return {p.stem: pl.read_csv(p, infer_schema=False) for p in sorted(folder.glob("*.csv"))}


def typed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The table with its dates as dates and its numbers as numbers."""
    kinds = {c.name: c.type for c in dictionary()[name].columns}
    numbers = {"number": pl.Float64, "share": pl.Float64, "integer": pl.Int64}
    return frame.with_columns(
        pl.col(n).str.to_date() if kinds[n] == "date" else pl.col(n).cast(numbers.get(kinds[n], pl.String))
        for n in frame.columns
    )


def write_sheet(book: xlsxwriter.Workbook, sheet: str, frame: pl.DataFrame, above: int = 0) -> None:
    """A sheet with real dates and numbers, below ``above`` lines of comment."""
    page = book.add_worksheet(sheet)
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    for i in range(above):
        page.write_string(i, 0, f"# line {i}")
    for k, name in enumerate(frame.columns):
        page.write_string(above, k, name)
        for i, value in enumerate(frame[name], start=above + 1):
            if isinstance(value, dt.date):
                page.write_datetime(i, k, dt.datetime(value.year, value.month, value.day), day)
            elif isinstance(value, int | float):
                page.write_number(i, k, value)
            elif value is not None:
                page.write_string(i, k, value)


def as_parquet_text(folder: Path) -> None:
    for name, frame in text_tables(folder).items():
        (folder / f"{name}.csv").unlink()
        frame.write_parquet(folder / f"{name}.parquet")


def as_parquet_typed(folder: Path) -> None:
    for name, frame in text_tables(folder).items():
        (folder / f"{name}.csv").unlink()
        typed(name, frame).write_parquet(folder / f"{name}.parquet")


def as_xlsx(folder: Path) -> None:
    for name, frame in text_tables(folder).items():
        (folder / f"{name}.csv").unlink()
        with xlsxwriter.Workbook(str(folder / f"{name}.xlsx")) as book:
            write_sheet(book, "whatever", typed(name, frame))


def as_polars_xlsx(folder: Path) -> None:
    for name, frame in text_tables(folder).items():
        (folder / f"{name}.csv").unlink()
        typed(name, frame).write_excel(folder / f"{name}.xlsx")


def as_workbook(folder: Path) -> None:
    with xlsxwriter.Workbook(str(folder / "tables.xlsx")) as book:
        for name, frame in text_tables(folder).items():
            (folder / f"{name}.csv").unlink()
            write_sheet(book, name, typed(name, frame))
        book.add_worksheet("_my own notes").write_string(0, 0, "anything")


def as_bom(folder: Path) -> None:
    for path in folder.glob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def as_crlf(folder: Path) -> None:
    for path in folder.glob("*.csv"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def as_commented(folder: Path) -> None:
    for path in folder.glob("*.csv"):
        path.write_bytes(
            b'# a comment, with "one quote\n"# as a spreadsheet writes it, quoted",,\n\n' + path.read_bytes()
        )


def as_spreadsheet_csv(folder: Path) -> None:
    """BOM, comments, CRLF, every cell in quotes, blanks around cells, empty lines of commas at the end."""
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
            writer.writerow(["# mine", *[""] * (len(rows[0]) - 1)])
            writer.writerows([[f" {cell} " for cell in row] for row in rows])
            file.write("," * (len(rows[0]) - 1) + "\r\n")


FORMS: dict[str, tuple[Callable[[Path], None], int, str]] = {
    # how it is written, row of the first record, name of the file of links
    "parquet as text": (as_parquet_text, 1, "links.parquet"),
    "parquet with types": (as_parquet_typed, 1, "links.parquet"),
    "xlsx": (as_xlsx, 2, "links.xlsx"),
    "xlsx by polars": (as_polars_xlsx, 2, "links.xlsx"),
    "one workbook": (as_workbook, 2, "tables.xlsx[links]"),
    "bom": (as_bom, 2, "links.csv"),
    "crlf": (as_crlf, 2, "links.csv"),
    "comments above": (as_commented, 5, "links.csv"),
    "csv of a spreadsheet": (as_spreadsheet_csv, 3, "links.csv"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_format_says_the_same(tmp_path: Path, form: str) -> None:
    folder = make_case(tmp_path, FULL)
    before = load(folder)
    write, first, file = FORMS[form]
    write(folder)
    after = load(folder)
    for name in dictionary():
        assert after[name].drop(FILE, ROW).equals(before[name].drop(FILE, ROW)), name
    assert after.digest == before.digest
    assert after["links"][FILE].unique().to_list() == [file]
    assert after["links"][ROW].to_list() == [first, first + 1, first + 2]


@pytest.mark.parametrize("form", FORMS)
def test_a_fault_has_the_row_that_the_format_shows(tmp_path: Path, form: str) -> None:
    folder = make_case(tmp_path, {"links.csv": FILES["links.csv"].replace("norr,   vell,", "norr,   nobody,")})
    write, first, file = FORMS[form]
    write(folder)
    assert brief(problems_of(folder)) == [(file, first + 1, "buyer")]


def test_empty_lines_count_but_say_nothing(tmp_path: Path) -> None:
    text = table("links.csv", FILES["links.csv"]).replace("\nnorr", "\n\n,,,,,,,\n\nnorr").replace("80", "x80")
    (found,) = problems_of(make_case(tmp_path, {"links.csv": text.encode()}))
    assert (found.row, found.column, found.got) == (6, "value_usd_m", "'x80'")


def test_empty_rows_of_a_workbook_count_too(tmp_path: Path) -> None:
    folder = make_case(tmp_path, {"links.csv": None})
    with xlsxwriter.Workbook(str(folder / "links.xlsx")) as book:
        frame = pl.read_csv(table("links.csv", FILES["links.csv"]).encode(), infer_schema=False)
        blank = frame.clear(1)
        bad = frame[1:2].with_columns(value_usd_m=pl.lit("x80"))
        write_sheet(book, "links", pl.concat([frame[:1], blank, blank, bad, frame[2:]]), above=2)
    assert brief(problems_of(folder)) == [("links.xlsx", 7, "value_usd_m")]


def test_a_line_break_inside_a_cell_is_one_row(tmp_path: Path) -> None:
    text = table("parties.csv", FILES["parties.csv"]).replace("Acme Corp", '"Acme\nCorp"').replace("JP", "JPN")
    assert brief(problems_of(make_case(tmp_path, {"parties.csv": text.encode()}))) == [("parties.csv", 5, "country")]


# ---------------------------------------------------------------- faults of a file


def test_row_with_too_many_cells(tmp_path: Path) -> None:
    text = table("names.csv", "id, party, name, kind\nn1, acme, Acme, alias\nn2, norr, Norr, alias\n")
    text = text.replace("Norr", "Norr, AG")
    found = problems_of(make_case(tmp_path, {"names.csv": text.encode()}))
    hint = "put a cell that has a comma inside double quotes"
    assert found == (Problem("names.csv", 3, "", "8 cells", "7 cells", hint),)


def test_row_with_too_few_cells(tmp_path: Path) -> None:
    """A missing comma moves every cell after it: it must not pass, even where the cells at the end may be empty."""
    head = "id,party,name,kind,source,confidence,recorded,note,since\n"
    rows = "n1,acme,Acme,alias,law,official,2020-01-01,,\nn2,norr,Norr,alias,law,official,2020-01-01,2020-05-01\n"
    found = problems_of(make_case(tmp_path, {"names.csv": (head + rows).encode()}))
    assert [(p.file, p.row, p.got, p.expected) for p in found] == [("names.csv", 3, "8 cells", "9 cells")]


def test_semicolons_between_columns(tmp_path: Path) -> None:
    text = table("names.csv", "id, party, name, kind\nn1, acme, Acme, alias\n").replace(",", ";")
    found = problems_of(make_case(tmp_path, {"names.csv": text.encode()}))
    hint = "save the file as CSV with commas; inside a cell a semicolon separates the values of a list"
    assert found == (Problem("names.csv", 1, "", "columns separated by ';'", "columns separated by ','", hint),)


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    text = table("names.csv", "id, party, name, kind\nn1, acme, Acme, alias\nn2, norr, Nörr, alias\n")
    found = problems_of(make_case(tmp_path, {"names.csv": text.encode("latin-1")}))
    expected = "a file saved as CSV UTF-8"
    assert found == (Problem("names.csv", 3, "", "bytes that are not UTF-8", expected, "save it again as UTF-8"),)


def test_two_files_for_a_table(tmp_path: Path) -> None:
    folder = make_case(tmp_path)
    pl.read_csv(folder / "links.csv", infer_schema=False).write_parquet(folder / "links.parquet")
    assert problems_of(folder) == (
        Problem("links.parquet", 0, "", "links.csv as well", "one file a table", "delete one of them"),
    )


def test_a_file_and_a_sheet_for_a_table(tmp_path: Path) -> None:
    folder = make_case(tmp_path)
    with xlsxwriter.Workbook(str(folder / "tables.xlsx")) as book:
        book.add_worksheet("links")
    assert problems_of(folder) == (
        Problem("tables.xlsx", 0, "links", "links.csv as well", "one file a table", "delete one of them"),
    )


@pytest.mark.parametrize(("name", "hint"), [("link", "did you mean 'links'?"), ("budget", "the tables are sources, ")])
def test_a_table_of_an_unknown_name(tmp_path: Path, name: str, hint: str) -> None:
    (found,) = problems_of(make_case(tmp_path, {f"{name}.csv": b"id\n"}))
    assert (found.file, found.row, found.got) == (f"{name}.csv", 0, "a table of this name")
    assert found.hint.startswith(hint)


def test_a_sheet_of_an_unknown_name(tmp_path: Path) -> None:
    folder = make_case(tmp_path)
    with xlsxwriter.Workbook(str(folder / "tables.xlsx")) as book:
        book.add_worksheet("stake")
        book.add_worksheet("_stake")
    assert [(p.file, p.column, p.hint) for p in problems_of(folder)] == [
        ("tables.xlsx", "stake", "did you mean 'stakes'?")
    ]


@pytest.mark.parametrize(
    ("name", "content", "row", "got"),
    [
        ("names.csv", b"", 1, "an empty file"),
        ("names.csv", b"# only a comment\n", 2, "an empty file"),
        ("names.xlsx", b"not a workbook", 0, "a file that cannot be read"),
        ("names.parquet", b"not parquet", 0, "a file that cannot be read"),
        ("tables.xlsx", b"PK\x03\x04 torn", 0, "a file that cannot be read"),
        ("names.csv", b"id,party,,name\nn,acme,x,A\n", 1, "no name"),
        ("names.csv", b"id,party,party,name\nn,acme,x,A\n", 1, "the column twice"),
        ("names.csv", b"id,party, party,name\nn,acme,x,A\n", 1, "the column twice"),
        ("names.csv", b"id,party, ,name\nn,acme,x,A\n", 1, "no name"),
        ("names.csv", b'id,party,name\nn,acme,"A\n', 0, ""),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, row: int, got: str) -> None:
    found = problems_of(make_case(tmp_path, {name: content}))
    assert found[0].file == name
    if got:
        assert found[0].row == row
        assert found[0].got.startswith(got)


@pytest.mark.parametrize("name", ["names.csv", "names.parquet", "names.xlsx", "measures/more.toml"])
def test_a_folder_where_a_file_should_be(tmp_path: Path, name: str) -> None:
    found = problems_of(make_case(tmp_path, {f"{name}/inside": "x"}))
    assert found[0].file == name


def test_an_empty_sheet_and_a_column_twice(tmp_path: Path) -> None:
    folder = make_case(tmp_path)
    with xlsxwriter.Workbook(str(folder / "tables.xlsx")) as book:
        book.add_worksheet("names")
        page = book.add_worksheet("stakes")
        for k, name in enumerate(("id", "owner", "", "owner")):
            page.write_string(0, k, name)
    assert [(p.file, p.row, p.column, p.got) for p in problems_of(folder)] == [
        ("tables.xlsx[names]", 1, "", "an empty sheet"),
        ("tables.xlsx[stakes]", 1, "column 3", "no name"),
        ("tables.xlsx[stakes]", 1, "owner", "the column twice"),
    ]


# ---------------------------------------------------------------- Parquet of other makers


def variants_parquet(folder: Path, **columns: pl.Series | pl.Expr) -> Path:
    """The minimal case with variants as Parquet, some columns replaced."""
    root = make_case(folder)
    frame = pl.read_csv(root / "variants.csv", infer_schema=False)
    (root / "variants.csv").unlink()
    frame.with_columns(**columns).write_parquet(root / "variants.parquet")
    return root


def test_lists_of_parquet(tmp_path: Path) -> None:
    content = pl.Series([["US/EAR99:0.1", "JP:0.2"], None], dtype=pl.List(pl.String))
    case = load(variants_parquet(tmp_path, content=content))
    assert case["variants"]["content"].to_list() == [["US/EAR99:0.1", "JP:0.2"], None]


def test_an_empty_list_of_parquet_is_known_to_be_none(tmp_path: Path) -> None:
    content = pl.Series([[], None], dtype=pl.List(pl.String))
    case = load(variants_parquet(tmp_path, content=content))
    assert case["variants"]["content"].to_list() == [[], None]


@pytest.mark.parametrize(
    "values",
    [pl.Series([b"\xff", b"a"]), pl.Series([[[1]], None]), pl.Series([[b"\xff"], None])],
    ids=["bytes", "lists of lists", "lists of bytes"],
)
def test_columns_of_parquet_that_hold_no_text(tmp_path: Path, values: pl.Series) -> None:
    (found,) = problems_of(variants_parquet(tmp_path, note=values))
    assert found.file == "variants.parquet"


def test_whole_numbers_of_a_workbook_are_whole(tmp_path: Path, made: Callable[..., Case]) -> None:
    folder = make_case(tmp_path, FULL)
    as_xlsx(folder)
    line = load(folder)["licence_lines"].row(0, named=True)
    assert (line["line"], line["covers_high"]) == (1, 0.35)


def test_yes_and_no_as_a_spreadsheet_truth(tmp_path: Path) -> None:
    folder = make_case(tmp_path)
    with xlsxwriter.Workbook(str(folder / "stakes.xlsx")) as book:
        page = book.add_worksheet("stakes")
        head = ["id", "owner", "owned", "source", "confidence", "recorded", "control"]
        for k, (name, value) in enumerate(
            zip(head, ["s", "acme", "norr", "law", "official", "2020-01-01", True], strict=True)
        ):
            page.write(0, k, name)
            page.write(1, k, value)
    assert load(folder)["stakes"]["control"].to_list() == ["yes"]

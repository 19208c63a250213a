"""Finding the file of a table and reading it as text, with the row each record stands in.

A table is ``<table>.csv``, ``<table>.parquet``, ``<table>.xlsx`` (its first sheet) or a sheet of ``tables.xlsx``.
Lines that begin with ``#`` above the header are comments.
"""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.datatypes import DataType, DataTypeClass

from detente.record.dictionary import TABLES
from detente.record.problems import Problem, did_you_mean, show

PolarsType = DataType | DataTypeClass
MAX_BYTES = 4 * 2**30  # a table larger than this is not a spreadsheet any more: refuse before reading
MAX_WORKBOOK_BYTES = 200 * 2**20  # compressed: what is in it may be twenty times as much
WORKBOOK = "tables.xlsx"
ROW = "_row"
FILE = "_file"


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as text: every column a string or null, ``_row`` the row of the file a record stands in."""

    file: str
    frame: pl.DataFrame
    header_row: int


def inside(folder: Path, pattern: str, problems: list[Problem]) -> list[Path]:
    """Files of ``folder`` that match, by name; one that leads out of the folder (a symbolic link) is a problem."""
    home = folder.resolve()
    kept = []
    for path in sorted(folder.glob(pattern)):
        if path.resolve().is_relative_to(home):
            kept.append(path)
        else:
            name = str(path.relative_to(folder))
            problems.append(Problem(name, 0, "", "a link that leads out of the case", "a file inside the case"))
    return kept


def is_aside(path: Path) -> bool:
    """Whether an entry of a case folder is plainly not data: notes, hidden files, what an editor leaves."""
    return path.name.startswith((".", "~$")) or path.suffix in {".md", ".txt", ".bak", ".pdf", ".html", ".png"}


def find(folder: Path, problems: list[Problem]) -> dict[str, Path]:
    """The file of each table in ``folder``; two files for one table, or a stray table, is a problem."""
    found: dict[str, Path] = {}
    for suffix in (".csv", ".parquet", ".xlsx"):
        for path in inside(folder, f"*{suffix}", problems):
            name = path.stem
            if path.name == WORKBOOK or path.name.startswith("~$"):
                continue
            if name not in TABLES:
                hint = did_you_mean(name, TABLES) or f"the tables are {', '.join(TABLES)}"
                problems.append(Problem(path.name, 0, "", "a table of this name", "a known table", hint))
            elif name in found:
                problems.append(
                    Problem(path.name, 0, "", f"{found[name].name} as well", "one file a table", "delete one of them")
                )
            else:
                found[name] = path
    known = {p.name for p in found.values()} | {"case.toml", WORKBOOK, "measures", "tests", "overlays", "overlay.toml"}
    for path in sorted(folder.iterdir()):
        seen = path.suffix in {".csv", ".parquet", ".xlsx"}  # a stray table was said above
        if path.name in known or seen or is_aside(path):
            continue
        hint = did_you_mean(path.name, [*known, *(f"{t}.csv" for t in TABLES)])
        if path.is_file() or hint:  # a folder of papers is fine, unless its name is nearly one that is read
            hint = hint or "keep notes as .md or .txt, or outside the case"
            expected = "a table, case.toml or a known folder"
            problems.append(Problem(path.name, 0, "", "an entry nobody reads", expected, hint))
    for book in inside(folder, WORKBOOK, problems):
        for sheet in _sheet_names(book, problems):
            if sheet not in TABLES:
                if not sheet.startswith("_"):
                    hint = did_you_mean(sheet, TABLES) or "start the name of a sheet of your own with _"
                    problems.append(Problem(WORKBOOK, 0, sheet, "a sheet of this name", "a known table", hint))
            elif sheet in found:
                problems.append(
                    Problem(
                        WORKBOOK, 0, sheet, f"{found[sheet].name} as well", "one file a table", "delete one of them"
                    )
                )
            else:
                found[sheet] = book
    return found


def read(name: str, path: Path, problems: list[Problem]) -> RawTable | None:
    """The table as text, or None with the reason among ``problems``."""
    if not path.is_file():
        problems.append(Problem(path.name, 0, "", "a folder", "a file"))
        return None
    most = MAX_WORKBOOK_BYTES if path.suffix == ".xlsx" else MAX_BYTES
    if path.stat().st_size > most:
        problems.append(Problem(path.name, 0, "", f"{path.stat().st_size:,} bytes", f"at most {most:,} bytes"))
        return None
    if path.suffix == ".csv":
        return _read_csv(path, problems)
    if path.suffix == ".parquet":
        return _read_parquet(path, problems)
    return _read_sheet(path, name if path.name == WORKBOOK else None, problems)


def _read_csv(path: Path, problems: list[Problem]) -> RawTable | None:
    with path.open("rb") as file:
        head = 0
        line = file.readline().removeprefix(b"\xef\xbb\xbf")
        while line.lstrip().startswith((b"#", b'"#')) or (line and not line.strip(b" \t\r\n,")):
            head, line = head + 1, file.readline()
    if not line:
        problems.append(Problem(path.name, head + 1, "", "an empty file", "a line of column names"))
        return None
    if b";" in line and b"," not in line:
        hint = "save the file as CSV with commas; inside a cell a semicolon separates the values of a list"
        problems.append(Problem(path.name, head + 1, "", "columns separated by ';'", "columns separated by ','", hint))
        return None
    try:
        frame = pl.read_csv(path, skip_lines=head, infer_schema=False, raise_if_empty=False)
    except pl.exceptions.PolarsError:
        _explain_csv(path, head, problems)
        return None
    names = [c.strip() for c in frame.columns]
    if "" in names or len(set(names)) < len(names) or any(c.endswith("_duplicated_0") for c in names):
        _explain_csv(path, head, problems)
        return None
    if frame.height and frame[frame.columns[-1]].null_count() and _is_short(path, head, len(frame.columns)):
        _explain_csv(path, head, problems)
        return None
    rows = pl.int_range(head + 2, head + 2 + frame.height, dtype=pl.Int64, eager=True)
    return _tidy(path.name, frame, rows, head + 1)


def _is_short(path: Path, head: int, n_columns: int) -> bool:
    """Whether some row has fewer cells than the header, which the fast reader would fill up in silence."""
    lines = pl.read_csv(
        path, skip_lines=head, has_header=False, new_columns=["l"], separator="\x01", quote_char=None,
        infer_schema=False, raise_if_empty=False,
    )["l"].drop_nulls()  # fmt: skip
    few = lines.str.count_matches(",", literal=True) < n_columns - 1
    if not few.any():
        return False
    if not lines.str.contains('"', literal=True).any():
        return bool((few & (lines.str.strip_chars() != "")).any())
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        for _ in range(head):
            next(rows)
        return any(0 < len(cells) < n_columns for cells in rows)


def _explain_csv(path: Path, head: int, problems: list[Problem]) -> None:
    """Go through a CSV that the fast reader refused and say which rows are wrong."""
    before = len(problems)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))[head:]
    except UnicodeDecodeError as error:
        row = path.read_bytes()[: error.start].count(b"\n") + 1
        problems.append(
            Problem(
                path.name, row, "", "bytes that are not UTF-8", "a file saved as CSV UTF-8", "save it again as UTF-8"
            )
        )
        return
    except csv.Error as error:
        problems.append(Problem(path.name, 0, "", f"a file that is not CSV: {error}", "a CSV file"))
        return
    names = [n.strip() for n in rows[0]] if rows else []
    for i, name in enumerate(names):
        if not name:
            problems.append(Problem(path.name, head + 1, f"column {i + 1}", "no name", "a name in every header cell"))
        elif name in names[:i]:
            problems.append(Problem(path.name, head + 1, name, "the column twice", "each column once"))
    for i, cells in enumerate(rows[1:], start=head + 2):
        if cells and len(cells) != len(names):
            hint = "put a cell that has a comma inside double quotes"
            problems.append(Problem(path.name, i, "", f"{len(cells)} cells", f"{len(names)} cells", hint))
    if len(problems) == before:
        problems.append(Problem(path.name, 0, "", "a file that cannot be read", "a plain CSV file", "check its quotes"))


def _read_parquet(path: Path, problems: list[Problem]) -> RawTable | None:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        problems.append(Problem(path.name, 0, "", f"a file that cannot be read: {show(error)}", "a Parquet file"))
        return None
    bad = {
        n: t for n, t in frame.schema.items() if not _is_text(t) and not (isinstance(t, pl.List) and _is_text(t.inner))
    }
    for name, kind in bad.items():
        problems.append(Problem(path.name, 0, name, f"a column of {kind}", "text, numbers, days or lists of text"))
    if bad:
        return None
    text = [_as_text(n, t) for n, t in frame.schema.items()]
    rows = pl.int_range(1, 1 + frame.height, dtype=pl.Int64, eager=True)
    return _tidy(path.name, frame.select(text), rows, 0)


def _is_text(kind: PolarsType) -> bool:
    """Whether the values of a Parquet column have a text of their own."""
    return kind.is_numeric() or kind in (pl.String, pl.Date, pl.Boolean, pl.Categorical, pl.Null) or kind == pl.Enum


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    if not isinstance(kind, pl.List):
        return pl.col(name).cast(pl.String)
    joined = pl.col(name).cast(pl.List(pl.String)).list.join(";")
    return pl.when(pl.col(name).list.len() == 0).then(pl.lit("none")).otherwise(joined).alias(name)


def _sheet_names(path: Path, problems: list[Problem]) -> list[str]:
    from python_calamine import CalamineError, CalamineWorkbook  # kept out of the start-up of `detente --help`

    try:
        with CalamineWorkbook.from_path(path) as book:
            return list(book.sheet_names)
    except (CalamineError, OSError) as error:
        problems.append(Problem(path.name, 0, "", f"a file that cannot be read: {show(error)}", "an .xlsx workbook"))
        return []


def _read_sheet(path: Path, sheet: str | None, problems: list[Problem]) -> RawTable | None:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(path) as book:
            rows = book.get_sheet_by_name(sheet or book.sheet_names[0]).to_python(skip_empty_area=False)
    except (CalamineError, OSError, IndexError) as error:
        problems.append(Problem(path.name, 0, "", f"a file that cannot be read: {show(error)}", "an .xlsx workbook"))
        return None
    file = f"{path.name}[{sheet}]" if sheet else path.name
    cells = [[_cell(c) for c in row] for row in rows]
    head = next((i for i, row in enumerate(cells) if any(row) and not (row[0] or "").startswith("#")), None)
    if head is None:
        problems.append(Problem(file, 1, "", "an empty sheet", "a row of column names"))
        return None
    names = [n or "" for n in cells[head]]
    while names and not names[-1]:
        names.pop()
    for i, row in enumerate(cells[head + 1 :], start=head + 2):
        if any(row[len(names) :]):
            problems.append(Problem(file, i, "", "a cell beyond the last column", "a name above every filled column"))
    if bad := [(i, n) for i, n in enumerate(names) if not n or n in names[:i]]:
        for i, n in bad:
            got = "the column twice" if n else "no name"
            problems.append(Problem(file, head + 1, n or f"column {i + 1}", got, "each column once, with a name"))
        return None
    body = [(i, r) for i, r in enumerate(cells[head + 1 :], start=head + 2) if any(r[: len(names)])]
    frame = pl.DataFrame(
        {n: [r[k] if k < len(r) else None for _, r in body] for k, n in enumerate(names)},
        schema=dict.fromkeys(names, pl.String),
    )
    return _tidy(file, frame, pl.Series(ROW, [i for i, _ in body], dtype=pl.Int64), head + 1)


def _cell(value: object) -> str | None:
    """A cell of a workbook as the text a CSV would hold."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _tidy(file: str, frame: pl.DataFrame, rows: pl.Series, header_row: int) -> RawTable:
    """Strip blanks, turn empty cells to null, drop rows with nothing in them, number what is left."""
    frame = frame.rename({c: c.strip() for c in frame.columns})
    names = frame.columns
    stripped = [pl.col(n).str.strip_chars().replace("", None) for n in names]
    frame = frame.select(stripped).with_columns(rows.alias(ROW))
    if names:
        frame = frame.filter(~pl.all_horizontal(pl.col(names).is_null()))
    return RawTable(file, frame, header_row)

"""What tables of a snapshot make of a folder: new files, or rows below those of a case; planned before it is written.

Cells that a spreadsheet would run as a formula (``=``, ``+``, ``-`` or ``@`` in front) get a blank in front, which the
record takes off again when it reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from detente.record.files import ROW, WORKBOOK, RawTable, find, read
from detente.record.problems import DetenteError, Problem, RecordError, show

MAX_CLASHES = 50  # that many are shown; the first few say what is wrong


def plan(folder: Path, tables: Mapping[str, pl.DataFrame], *, add: bool) -> dict[Path, bytes]:
    """The files to write and what is in them.

    Without ``add`` none of the tables may be in the folder. With ``add`` rows are put below those of its CSV tables: a
    row that is there already is left out, a correction of a row goes in, and a row with the id of another is refused.

    Raises ``DetenteError`` where a table is there in the way, and ``RecordError`` with every row that clashes.
    """
    wanted = {name: table for name, table in tables.items() if table.height}
    there = tables_in(folder)
    if not add:
        if there_too := sorted(p.name for name, p in there.items() if name in wanted):
            raise DetenteError(f"{folder} has {', '.join(there_too)} already; --add puts rows below those of a case.")
        return {folder / f"{name}.csv": _csv(table, header=True) for name, table in wanted.items()}
    problems: list[Problem] = []
    files = {}
    for name, table in wanted.items():
        path = there.get(name, folder / f"{name}.csv")
        if path.suffix != ".csv":
            raise DetenteError(f"{folder} has its {name} in {path.name}; rows are only added to CSV tables.")
        if name not in there:
            files[path] = _csv(table, header=True)
            continue
        raw = read(name, path, problems)
        if raw is None:
            continue
        more = _missing(raw, table, problems)
        if more.height:
            files[path] = _below(path, raw, more)
    if problems:
        raise RecordError(problems)
    return files


def tables_in(folder: Path) -> dict[str, Path]:
    """The files of the tables that a folder has; empty where there is no such folder."""
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise DetenteError(f"{folder} is a file; choose a folder.")
    if any(folder.glob(WORKBOOK)):
        raise DetenteError(f"{folder} has its tables in {WORKBOOK}; rows are only added to CSV tables.")
    return find(folder, [])


def _missing(raw: RawTable, table: pl.DataFrame, problems: list[Problem]) -> pl.DataFrame:
    """The rows that the file has not; those with the id of another row are problems."""
    there: dict[str, list[dict[str, str | int | None]]] = {}
    for row in raw.frame.iter_rows(named=True):
        there.setdefault(str(row.get("id")), []).append(row)
    kept = []
    clashes = 0
    for i, row in enumerate(table.iter_rows(named=True)):
        same = there.get(row["id"], [])
        filled = {c: _read_back(v) for c, v in row.items() if v is not None}
        if any(all(one.get(c) == v for c, v in filled.items()) for one in same):
            continue
        corrects = row.get("supersedes") == row["id"]
        if same and not corrects:
            clashes += 1
            if clashes <= MAX_CLASHES:
                problems.append(_clash(raw.file, same[-1], filled))
            continue
        kept.append(i)
    if clashes > MAX_CLASHES:
        problems.append(Problem(raw.file, 0, "id", f"{clashes:,} rows that clash, {MAX_CLASHES} listed", "none"))
    more = table[kept]
    problems.extend(
        Problem(raw.file, raw.header_row, column, "no such column", "the column", "add it first")
        for column in more.columns
        if column not in raw.frame.columns and more[column].null_count() < more.height
    )
    return more


def _clash(file: str, one: Mapping[str, str | int | None], filled: Mapping[str, str]) -> Problem:
    column, value = next(((c, v) for c, v in filled.items() if one.get(c) != v), ("id", ""))
    hint = f"{show(filled['id'])} would stand for two things; use --since-last for a later day, or another folder"
    return Problem(file, int(one[ROW] or 0), column, show(one.get(column) or "nothing"), show(value), hint)


def _below(path: Path, raw: RawTable, more: pl.DataFrame) -> bytes:
    """The file with rows below those it has, in the order of its columns."""
    before = path.read_bytes()
    end = b"\r\n" if b"\r\n" in before else b"\n"
    columns = [c for c in raw.frame.columns if c != ROW]
    blank = [pl.lit(None, dtype=pl.String).alias(c) for c in columns if c not in more.columns]
    rows = _csv(more.with_columns(blank).select(columns), header=False).replace(b"\n", end)
    return before + (b"" if before.endswith(b"\n") else end) + rows


def _csv(table: pl.DataFrame, *, header: bool) -> bytes:
    """A table as CSV."""
    inert = [_inert(c) for c in table.columns]
    return table.with_columns(inert).write_csv(include_header=header).encode()


def _inert(column: str) -> pl.Expr:
    runs = pl.col(column).str.contains(r"^[=+\-@\t\r]")
    return pl.when(runs).then(" " + pl.col(column)).otherwise(pl.col(column)).alias(column)


def _read_back(value: str) -> str:
    return value.strip()

"""From text to values, a column at a time: what each type of the dictionary accepts and what to do otherwise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from detente.record.countries import COUNTRIES
from detente.record.dictionary import Column
from detente.record.files import ROW, RawTable
from detente.record.problems import CONTROL, Problem, did_you_mean, show

MAX_SHOWN = 1000  # faults listed for one column; a column wrong from top to bottom needs no million lines

_ID = r"^[A-Za-z0-9][A-Za-z0-9_.:>/+\-]*$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_WORD = r"^[A-Za-z0-9][A-Za-z0-9_.:/+()\-]*$"
_CODE = r"^[a-z0-9][a-z0-9\-]*:[A-Za-z0-9][A-Za-z0-9.]*$"
CONTENT = r"^[A-Z]{2}(/[A-Za-z0-9.]+)?:(0(\.\d+)?|1(\.0+)?|\.\d+)(-(0(\.\d+)?|1(\.0+)?|\.\d+))?$"
_REASON = r"^[A-Z]{2,4} [0-9]$"
_PLACE = r"^(\*|[A-Za-z][A-Za-z0-9:_.\-]+)$"
_PARAM = r"^[a-z][a-z0-9_]*=\d+(\.\d+)?(\.\.\d+(\.\d+)?)?$"
_SHARE = r"^(1(\.0+)?|0?\.\d*[1-9]\d*)$"
_EATEN_CODE = r"^([a-z0-9\-]+:)?([1-9]0+(\.0+)?|\d(\.\d+)?[eE][+\-]\d+)$"


@dataclass(frozen=True, slots=True)
class Cells:
    """A parsed column and the mask of cells that could not be read."""

    values: pl.Expr
    bad: pl.Expr
    expected: str


def _number(name: str, expected: str, upper: float | None) -> Cells:
    value = pl.col(name).cast(pl.Float64, strict=False)
    ok = value.is_finite() & (value >= 0)
    if upper is not None:
        ok &= value <= upper
    return Cells(pl.when(ok).then(value), ~ok.fill_null(False), expected)


def _matches(name: str, pattern: str, expected: str) -> Cells:
    return Cells(pl.col(name), ~pl.col(name).str.contains(pattern), expected)


def _split(name: str) -> pl.Expr:
    parts = pl.col(name).str.split(";").list.eval(pl.element().str.strip_chars())
    return pl.when(pl.col(name) == "none").then(pl.lit([], dtype=pl.List(pl.String))).otherwise(parts)


def _list(name: str, pattern: str, expected: str) -> Cells:
    values = _split(name)
    bad = ~values.list.eval(pl.element().str.contains(pattern)).list.all()
    return Cells(values, bad, expected + "; several separated by ';', or none")


def _list_in(name: str, known: Collection[str], expected: str) -> Cells:
    values = _split(name)
    bad = ~values.list.eval(pl.element().is_in(list(known))).list.all()
    return Cells(values, bad, expected + "; several separated by ';', or none")


def _code_list(name: str) -> Cells:
    cells = _list(name, _CODE, "codes written regime:code, such as us-ear:3A991")
    eaten = _split(name).list.eval(pl.element().str.contains(_EATEN_CODE)).list.any()
    return Cells(cells.values, cells.bad | eaten, cells.expected)


def cells(column: Column, sides: Sequence[str] | None) -> Cells:
    """How a column is read: expressions over the text column of the same name."""
    name = column.name
    match column.type:
        case "id":
            return _matches(name, _ID, "a short name of letters, digits and _ . : > / + -, without spaces")
        case "text":
            return Cells(pl.col(name), pl.col(name).str.contains(CONTROL), "a text without control characters")
        case "date":
            value = pl.col(name).str.to_date("%Y-%m-%d", strict=False)
            ok = value.is_not_null() & pl.col(name).str.contains(_DATE)
            return Cells(pl.when(ok).then(value), ~ok, "a day such as 2019-06-05")
        case "number":
            return _number(name, "a number of 0 or more, with a point for decimals", None)
        case "share":
            return _number(name, "a fraction from 0 to 1, such as 0.51", 1.0)
        case "integer":
            value = pl.col(name).cast(pl.Int64, strict=False)
            ok = (value.is_not_null() & (value >= 0)).fill_null(False)
            return Cells(pl.when(ok).then(value), ~ok, "a whole number of 0 or more")
        case "one_of":
            return Cells(pl.col(name), ~pl.col(name).is_in(list(column.choices)), f"one of {', '.join(column.choices)}")
        case "side":
            if sides is None:  # case.toml could not be read, which is said already
                return Cells(pl.col(name), pl.lit(False), "a side")
            return Cells(pl.col(name), ~pl.col(name).is_in(list(sides)), f"one of the sides {', '.join(sides)}")
        case "country":
            return Cells(pl.col(name), ~pl.col(name).is_in(list(COUNTRIES)), "an ISO country code such as CN")
        case "countries":
            return _list_in(name, COUNTRIES, "ISO country codes such as CN")
        case "word":
            return _matches(name, _WORD, "a word without spaces")
        case "words":
            return _list(name, _WORD, "words without spaces")
        case "codes":
            return _code_list(name)
        case "code":
            one = _matches(name, _CODE, "a code written regime:code, such as us-ear:3A991")
            return Cells(one.values, one.bad | pl.col(name).str.contains(_EATEN_CODE), one.expected)
        case "reason":
            return _matches(name, _REASON, "a column of the chart, such as NS 2")
        case "reasons":
            return _list(name, _REASON, "columns of the chart, such as NS 2")
        case "places":
            return _list(name, _PLACE, "ISO country codes such as CN, groups such as D:5, or *")
        case "params":
            return _list(name, _PARAM, "figures written NAME=VALUE or NAME=LOW..HIGH, such as node_nm=7")
        case "content":
            return _list(name, CONTENT, "ORIGIN:SHARE or ORIGIN/CODE:LOW-HIGH, such as US/EAR99:0.05-0.25")
        case "shares":
            return _list(name, _SHARE, "fractions above 0 up to 1, such as 0.25")
        case "ids":
            return _list(name, _ID, "names as the column kind asks for")
        case "ref":
            return _matches(name, _ID, f"an id of {column.target}")
        case "refs" | "limbs":
            return _list(name, _ID, f"ids of {column.target or 'limbs'}")
    raise AssertionError(f"the dictionary has a type nobody reads: {column.type}")


def parse(
    raw: RawTable, columns: Sequence[Column], sides: Sequence[str] | None, problems: list[Problem]
) -> pl.DataFrame:
    """Read the text columns of one table into typed ones; every cell that cannot be read is a problem.

    Columns of the dictionary that the file lacks come back empty. Defaults are filled in.
    """
    frame = raw.frame
    known = {c.name for c in columns}
    names = [c.name for c in columns]
    for name in frame.columns:
        if name not in known and name != ROW:
            hint = did_you_mean(name, names) or f"the columns are {', '.join(names)}"
            problems.append(Problem(raw.file, raw.header_row, name, "an unknown column", "a known column", hint))
    absent = [c for c in columns if c.required and c.name not in frame.columns]
    problems.extend(
        Problem(raw.file, raw.header_row, c.name, "no such column", "the column", c.meaning) for c in absent
    )
    missing = [pl.lit(None, dtype=pl.String).alias(c.name) for c in columns if c.name not in frame.columns]
    required = {c.name for c in columns if c.required and c.name in frame.columns}
    frame = frame.with_columns(missing)
    read = {c.name: cells(c, sides) for c in columns}
    masks = frame.select(
        ROW,
        *(
            (pl.col(n).is_not_null() & r.bad.fill_null(True)).alias(n) if n not in required
            else (pl.col(n).is_null() | r.bad.fill_null(True)).alias(n)
            for n, r in read.items()
        ),
    )  # fmt: skip
    counts = masks.select(pl.col(n).sum() for n in names).row(0)
    for column, count in zip(columns, counts, strict=True):
        if count:
            _report(raw.file, frame, masks, column, read[column.name].expected, int(count), problems)
    defaults = {c.name: c.default for c in columns if c.default}
    texts = frame.with_columns(pl.col(n).fill_null(d) for n, d in defaults.items())
    return texts.select(*(r.values.alias(n) for n, r in read.items()), ROW)


def _report(
    file: str, frame: pl.DataFrame, masks: pl.DataFrame, column: Column, expected: str, count: int, out: list[Problem]
) -> None:
    wrong = frame.filter(masks[column.name]).select(ROW, column.name).head(MAX_SHOWN)
    for row, value in wrong.iter_rows():
        if value is None:
            out.append(Problem(file, row, column.name, "an empty cell", expected, column.meaning))
        else:
            out.append(Problem(file, row, column.name, show(value), expected, _hint(column, value)))
    if count > MAX_SHOWN:
        out.append(Problem(file, 0, column.name, f"{count:,} bad cells, {MAX_SHOWN:,} listed", expected))


def _hint(column: Column, value: str) -> str:
    """What to do about one bad cell."""
    if column.type in {"number", "share", "integer"}:
        if value.endswith("%"):
            return "write 51% as 0.51"
        if value.count(",") == 1 and value.replace(",", "").replace(".", "").isdigit():
            return "use a point for decimals and nothing between thousands"
        if column.type == "share" and value.replace(".", "", 1).isdigit():
            return "a share is a fraction, not a percentage"
        return "write '0.2' and its range in the _low and _high columns" if "-" in value[1:] else ""
    if column.type == "date":
        return _date_hint(value)
    if column.type in {"code", "codes"}:
        parts = [p.strip() for p in value.split(";")]
        eaten = pl.Series(parts).str.contains(_EATEN_CODE).any()
        if eaten:
            return "a spreadsheet turns a code such as 3E001 into the number 30: format the column as text"
        return "write the regime before the code"
    if column.type == "one_of":
        return did_you_mean(value, column.choices)
    if column.type in {"country", "countries"}:
        return "the United Kingdom is GB; names of countries are not read"
    return ""


def _date_hint(value: str) -> str:
    if value.count("/") == 2 or value.count(".") == 2:
        return "is it day/month or month/day? write year-month-day"
    if value.isdigit():
        return "a spreadsheet shows this number as a day: format the column as text"
    if len(value) == 10 and value[4] == value[7] == "-":
        return "there is no such day"
    return "write year-month-day"

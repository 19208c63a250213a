"""An empty case to start from: every table with its columns explained, as CSV files or as one workbook."""

from __future__ import annotations

from pathlib import Path

from detente.record.dictionary import REQUIRED_TABLES, Column, Table, dictionary
from detente.record.files import WORKBOOK
from detente.record.problems import DetenteError

_CASE = """\
# What the case is about. docs/new-case.md explains the keys.
title = "A title"
summary = "Two sentences: what happened, and what is asked."
currency = "USD m"
# base_year = 2018
# focus_group = "target"       # the group of parties whose purchases a report follows (column group of parties)
default_as_of = 2021-01-20     # the day a question is about when none is given
story = []                     # days a report tells of, such as [2019-05-15, 2021-01-20]

[sides]                        # short name = label; every party belongs to one
home = "Home"
target = "Target"
third = "Third countries"

[horizon]                      # the days the case is about, both inclusive
since = 2019-01-01
through = 2021-12-31

# [regimes]                    # whose each regime is: its word in measures = a side
# home = "home"

# [[security]]                 # what a side wants held back: units of another with one of these tags
# id = "networks"
# title = "Base stations"
# side = "home"
# of = "target"
# tags = ["restricted_capability"]
"""

_MEASURE = """\
# One file a legal instrument: copy this to NAME.toml, take the # away and fill in (docs/encode-a-measure.md).
# id = "home-list"
# title = "The list of restricted buyers"
# regime = "home"
# authority = "Ministry of Trade"
# instrument = "Order 1 of 2020"
# sources = ["order-1"]
#
# [milestones]
# announced = 2020-03-01
# published = 2020-03-03
#
# [[limbs]]                    # one operative rule, with its own dates
# id = "list"
# effect = "require_licence"   # or prohibit, authorise, define, forbid_compliance, inform
# text = "A licence is needed for home goods when a listed party takes part."
# sources = ["order-1"]
# in_force = [{since = 2020-03-02, recorded = 2020-03-01}]
# scope = [{origin = ["US"]}]  # rows are OR-ed, fields of a row AND-ed
# parties = {listed_on = "home-list", roles = ["purchaser", "end_user"]}
# reviews = [{policy = "presumption_of_denial"}]
"""

_DECISIONS = """\
# Worked decisions: answers that must come out. `detente validate` runs them.
# [[decisions]]
# id = "chip-after-listing"
# sale = "maker>buyer:chip"    # id of a link
# as_of = 2020-03-02
# outcome = "licence_required"
# limbs = ["list"]
decisions = []
"""


def new(folder: Path, *, workbook: bool = False) -> tuple[Path, ...]:
    """Write an empty case into ``folder`` and return the files written.

    ``workbook`` puts all tables into one ``tables.xlsx``, a sheet each, instead of one CSV a table.
    Raises ``DetenteError`` where the folder exists and is not empty: nothing is overwritten.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DetenteError(f"{folder} exists and is not empty. Choose another folder: nothing is overwritten.")
    for sub in (folder, folder / "measures", folder / "tests"):
        sub.mkdir(parents=True, exist_ok=True)
    written = [
        _write(folder / "case.toml", _CASE),
        _write(folder / "measures" / "example.toml.txt", _MEASURE),
        _write(folder / "tests" / "decisions.toml", _DECISIONS),
    ]
    if workbook:
        written.append(_write_workbook(folder / WORKBOOK))
    else:
        written += [_write(folder / f"{t.name}.csv", _csv(t)) for t in dictionary().values()]
    return tuple(written)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def describe(column: Column) -> str:
    """Type, unit, whether it must be filled and what it means, in one line."""
    kind = {"one_of": " | ".join(column.choices), "ref": f"id of {column.target}", "refs": f"ids of {column.target}"}
    parts = [kind.get(column.type, column.type)]
    if column.unit:
        parts.append(column.unit)
    parts.append(
        "must be filled" if column.required else f"default {column.default}" if column.default else "may be empty"
    )
    return f"({', '.join(parts)}) {column.meaning}"


def _csv(table: Table) -> str:
    need = "" if table.name in REQUIRED_TABLES else " Leave it empty, or delete the file, where the case has none."
    lines = [f"# {table.name}: one row each.{need}"]
    lines += [f"#   {c.name}: {describe(c)}" for c in table.columns]
    return "\n".join([*lines, ",".join(table.names), ""])


def _write_workbook(path: Path) -> Path:
    import xlsxwriter  # kept out of the start-up of `detente --help`

    with xlsxwriter.Workbook(str(path)) as book:
        head = book.add_format({"bold": True, "bg_color": "#D9E2F3", "border": 1})
        must = book.add_format({"bold": True, "bg_color": "#F8CBAD", "border": 1})
        text = book.add_format({"num_format": "@"})
        for table in dictionary().values():
            sheet = book.add_worksheet(table.name)
            sheet.freeze_panes(1, 1)
            for i, column in enumerate(table.columns):
                sheet.set_column(i, i, max(12, len(column.name) + 2), text)
                sheet.write_string(0, i, column.name, must if column.required else head)
                sheet.write_comment(0, i, describe(column), {"x_scale": 2})
                if column.choices and len(",".join(column.choices)) <= 255:
                    rule = {"validate": "list", "source": list(column.choices)}
                    sheet.data_validation(1, i, 10_000, i, rule)
    return path

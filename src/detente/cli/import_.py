"""``detente import``: what authorities publish, as tables of a case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from cyclopts import Parameter
from rich.markup import escape

from detente.cli.output import console, errors
from detente.official import (
    Sides,
    Snapshot,
    changes,
    read_chart,
    read_codes,
    read_csl,
    read_entity_list,
    read_groups,
)
from detente.official.folder import plan, tables_in
from detente.record.countries import COUNTRIES
from detente.record.files import read
from detente.record.problems import DetenteError, Problem, RecordError
from detente.report.whole import whole_file

SHOWN = 20  # problems named on the screen
What = Literal["csl", "entity-list", "chart", "groups", "eccn"]


def import_(
    what: Annotated[
        What,
        Parameter(
            help="csl: the US Consolidated Screening List; entity-list: the Entity List as a table; chart, groups: "
            "the Commerce Country Chart and the Country Groups; eccn: the Commerce Control List."
        ),
    ],
    file: Annotated[Path, Parameter(help="The official file, .json or .csv.")],
    *,
    output: Annotated[Path, Parameter(name=["-o", "--output"], help="Folder to write the tables into.")],
    as_of: Annotated[
        str | None, Parameter(help="Day of the file, year-month-day. Default: the day that the file says.")
    ] = None,
    since: Annotated[
        str | None,
        Parameter(
            help="chart, groups, eccn: first day from which to take the rows as true. Default: the day of the file."
        ),
    ] = None,
    chart: Annotated[
        Path | None, Parameter(help="eccn: the Country Chart as JSON, whose footnotes ask for licences as well.")
    ] = None,
    since_last: Annotated[
        Path | None, Parameter(help="csl, entity-list: an older file; only what changed since is written.")
    ] = None,
    since_last_day: Annotated[str | None, Parameter(help="Day of the older file, where it does not say it.")] = None,
    side: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="Side of the parties of a country, such as CN=china; may be repeated."),
    ] = (),
    other_side: Annotated[str, Parameter(help="Side of all other parties.")] = "third",
    add: Annotated[bool, Parameter(negative="", help="Put the rows below those of the case in the folder.")] = False,
) -> None:
    """Read an official file into tables of a case: parties, names, listings, chart, groups, territories, codes."""
    if chart is not None and what != "eccn":
        raise DetenteError("--chart goes with eccn: footnotes of the chart are rows of the code table.")
    snapshot = _read(what, file, as_of, since, sides_of(side, other_side), chart)
    if since_last is not None:
        if what not in {"csl", "entity-list"}:
            raise DetenteError(f"--since-last compares lists of parties; {what} has none.")
        old = _read(what, since_last, since_last_day, None, sides_of(side, other_side))
        snapshot = changes(old, snapshot, _standing(output) if add else None)
    files = plan(output, snapshot.tables, add=add)
    output.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        with whole_file(path) as part:
            part.write_bytes(content)
    _tell(snapshot, files)


def sides_of(pairs: Sequence[str], other: str) -> Sides:
    """The sides from ``CN=china`` and the like.

    Raises ``DetenteError`` where one is not a country and a side, or a country is given two.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        country, _, name = pair.partition("=")
        if country not in COUNTRIES or not name or found.get(country, name) != name:
            raise DetenteError(f"--side {pair}: write a country and its side, such as --side CN=china, each once.")
        found[country] = name
    return Sides(found, other)


def _read(
    what: What, file: Path, as_of: str | None, since: str | None, sides: Sides, chart: Path | None = None
) -> Snapshot:
    if since is not None and what in {"csl", "entity-list"}:
        raise DetenteError(f"--since is for chart, groups and eccn; a listing of {what} starts when its list says.")
    match what:
        case "csl":
            return read_csl(file, as_of=as_of, sides=sides)
        case "entity-list":
            return read_entity_list(file, as_of=as_of, sides=sides)
        case "chart":
            return read_chart(file, as_of=as_of, since=since)
        case "groups":
            return read_groups(file, as_of=as_of, since=since)
        case "eccn":
            return read_codes(file, as_of=as_of, since=since, chart=chart)


def _standing(folder: Path) -> dict[str, pl.DataFrame]:
    """The parties, names and listings of the case in a folder, as text."""
    problems: list[Problem] = []
    there = tables_in(folder)
    found = {name: read(name, there[name], problems) for name in ("parties", "names", "listings") if name in there}
    if problems:
        raise RecordError(problems)
    return {name: raw.frame for name, raw in found.items() if raw is not None}


def _tell(snapshot: Snapshot, files: dict[Path, bytes]) -> None:
    """One line a table, and what could not be read."""
    out = console()
    out.print(f"{escape(snapshot.file)}, {snapshot.as_of}:")
    for name, table in snapshot.tables.items():
        path = next((p for p in files if p.stem == name), None)
        end = f"→ {escape(str(path))}" if path else "(nothing new)"
        out.print(f"  {name}: {table.height:,} rows {end}")
    counts = ", ".join(f"{name} {n:,}" for name, n in snapshot.counts.items())
    if counts:
        out.print(f"  {escape(counts)}")
    err = errors()
    n = len(snapshot.problems)
    if n:
        err.print(f"[yellow]{n:,} thing{'s' if n > 1 else ''} could not be read as they stand:[/]")
    for problem in snapshot.problems[:SHOWN]:
        err.print(f"  {escape(str(problem))}")
    if n > SHOWN:
        err.print(f"  and {n - SHOWN:,} more")

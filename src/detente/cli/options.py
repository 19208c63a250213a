"""Arguments that several commands share."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from detente.cli.output import FORMATS, counting, errors
from detente.record import Case, load
from detente.record.load import as_day

CaseName = Annotated[str, Parameter(help="A bundled case such as huawei, or the folder of a case.")]
AsOf = Annotated[str | None, Parameter(help="The day the question is about, year-month-day. Default: the case's own.")]
Since = Annotated[str | None, Parameter(help="First day of the span. Default: the first day of the case's horizon.")]
Through = Annotated[str | None, Parameter(help="Last day of the span. Default: the last day of the case's horizon.")]
AsKnown = Annotated[str | None, Parameter(help="Use only what had been recorded by this day. Default: everything.")]
Overlays = Annotated[
    tuple[str, ...],
    Parameter(name="--overlay", help="A what-if of the case (a folder under overlays/); may be repeated."),
]
Orders = Annotated[
    Path | None, Parameter(help="An order book to decide instead: a .csv, .parquet or .xlsx file of order lines.")
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON instead of a table.")]


def _can_be_written(_type: object, path: Path | None) -> None:
    """Said before the work is done, not after it."""
    if path is not None and path.suffix not in FORMATS:
        raise ValueError(f"a table is written as {', '.join(FORMATS)}; choose one of these endings.")
    if path is not None and not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent} to write {path.name} into.")


Out = Annotated[
    Path | None,
    Parameter(
        name=["-o", "--output"], help="Write the table to a .csv, .parquet or .xlsx file.", validator=_can_be_written
    ),
]


def open_case(case: str, as_known: str | None = None, overlays: tuple[str, ...] = ()) -> Case:
    """The case that a command was given."""
    with counting(f"Reading {case}"):
        return load(case, as_known=as_known, overlays=overlays)


def day_of(case: Case, as_of: str | None) -> dt.date:
    """The day a command was given, or the case's default day; a day the case is not about is said to be one."""
    day = case.about.default_as_of if as_of is None else as_day(as_of, "--as-of")
    horizon = case.about.horizon
    if not horizon.since <= day <= horizon.through:
        errors().print(
            f"[yellow]{day} is outside the days the case is about ({horizon.since} to {horizon.through}).[/]"
        )
    return day


def heading(case: Case, *parts: str) -> str:
    """What was asked, in one line: case, overlays, days, record."""
    known = [f"as known on {case.as_known}"] if case.as_known else []
    what = [*(f"what-if {o}" for o in case.overlays), *parts, *known, f"record {case.digest[:12]}"]
    return f"{case.about.title}: {', '.join(what)}"

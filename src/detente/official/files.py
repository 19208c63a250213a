"""Official files as they are downloaded: read whole, with limits, and never run."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from detente.record.files import RawTable, read
from detente.record.load import as_day
from detente.record.problems import DetenteError, NotFound, Problem, RecordError, did_you_mean, show

MAX_BYTES = 512 * 2**20  # the whole Consolidated Screening List is about a fifth of this


def checked(path: Path) -> Path:
    """The file, if it is there and not too large.

    Raises ``NotFound`` where there is no such file, and ``RecordError`` where it is larger than ``MAX_BYTES``.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise RecordError([Problem(path.name, 0, "", f"{size:,} bytes", f"at most {MAX_BYTES:,} bytes")])
    return path


def read_json(path: Path) -> dict[str, object]:
    """A JSON file with an object at its top.

    Raises ``RecordError`` where it is something else.
    """
    try:
        value = json.loads(checked(path).read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, a number of a million digits, nested too deep
        got = f"a file that is not JSON: {show(error)}"
        raise RecordError(
            [Problem(path.name, getattr(error, "lineno", 0), "", got, "a JSON file as published")]
        ) from None
    if not isinstance(value, dict):
        raise RecordError([Problem(path.name, 0, "", f"JSON that is {_kind(value)}", "a JSON object")])
    return value


def read_csv(path: Path, columns: Sequence[str]) -> RawTable:
    """A CSV file as text that has these columns, and perhaps others.

    Raises ``RecordError`` with everything that is wrong with it.
    """
    problems: list[Problem] = []
    raw = read(path.stem, checked(path), problems)
    if raw is None:
        raise RecordError(problems)
    there = raw.frame.columns
    missing = [c for c in columns if c not in there]
    problems.extend(
        Problem(path.name, raw.header_row, c, "no such column", "the column as published", did_you_mean(c, there))
        for c in missing
    )
    if problems:
        raise RecordError(problems)
    return raw


def is_json(path: Path) -> bool:
    """Whether the file is read as JSON, by its ending; the other layout is CSV.

    Raises ``DetenteError`` for other endings.
    """
    if path.suffix.lower() not in {".json", ".csv"}:
        raise DetenteError(f"{path.name}: official files are read as .json or .csv; choose one of these downloads.")
    return path.suffix.lower() == ".json"


def day_of(path: Path, given: dt.date | str | None, said: object) -> dt.date:
    """The day of the snapshot: what the file says (``said``, an ISO day or time), or else the day that was given.

    Raises ``DetenteError`` where neither is there, or where they disagree.
    """
    day = as_day(given, "as_of") if given is not None else None
    if isinstance(said, str) and said[:10]:
        stated = as_day(said[:10], path.name)
        if day is not None and day != stated:
            raise DetenteError(f"{path.name} says that it is of {stated}, not of {day}: leave the day out.")
        return stated
    if day is None:
        raise DetenteError(f"{path.name} does not say of which day it is: give the day of the snapshot (as_of).")
    return day


def digest(path: Path) -> str:
    """SHA-256 of the file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else f"the value {show(value)}"

"""What must hold of questions: each kind has the columns it needs and no other, and asks about something there is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from detente.record.case import About
from detente.record.files import FILE, ROW
from detente.record.problems import Problem, did_you_mean, show

Tables = Mapping[str, pl.DataFrame]
_NEEDS = {"package": "proposals", "whatif": "the name of an overlay"}


def check_questions(
    tables: Tables, about: About | None, overlays: Sequence[str], unread: Collection[str], problems: list[Problem]
) -> None:
    """Every fault of ``questions``: targets, columns of another kind, capabilities and days that are none."""
    for row in tables["questions"].iter_rows(named=True):
        if row["id"] is None or row["kind"] is None:
            continue  # an empty or misspelt cell is said already
        problems += _targets(row, tables, overlays, unread)
        problems += _columns(row)
        if about is not None:
            problems += _about(row, about)


def _targets(
    row: Mapping[str, Any], tables: Tables, overlays: Sequence[str], unread: Collection[str]
) -> Iterator[Problem]:
    kind, targets = row["kind"], row["target"] or []
    if kind in _NEEDS and not targets:
        yield _problem(row, "target", "an empty cell", _NEEDS[kind])
    if kind == "gainers" and targets:
        yield _problem(row, "target", show(";".join(targets)), "an empty cell: it asks about all measures in force")
    if kind == "whatif" and len(targets) > 1:
        yield _problem(row, "target", show(";".join(targets)), "one overlay", "one question an overlay")
    if kind == "gainers" or (kind != "whatif" and "proposals" in unread):
        return
    known = set(overlays) if kind == "whatif" else set(tables["proposals"]["id"])
    what = "a folder of overlays/" if kind == "whatif" else "an id of proposals"
    for target in targets:
        if target not in known:
            yield _problem(row, "target", show(target), what, did_you_mean(target, sorted(known)))


def _columns(row: Mapping[str, Any]) -> Iterator[Problem]:
    if row["kind"] == "price" and row["side"] is None:
        yield _problem(row, "side", "an empty cell", "the side whose cost is asked for")
    for column in ("side", "capabilities"):
        value = row[column]
        if row["kind"] != "price" and value:
            text = value if isinstance(value, str) else ";".join(value)
            yield _problem(row, column, show(text), "an empty cell: it is for price")


def _about(row: Mapping[str, Any], about: About) -> Iterator[Problem]:
    known = [s.id for s in about.security]
    for name in row["capabilities"] or ():
        if name not in known:
            expected = f"a security objective of case.toml ({', '.join(known) or 'there is none'})"
            yield _problem(row, "capabilities", show(name), expected, did_you_mean(name, known))
    day = row["as_of"]
    if day is not None and not about.horizon.since <= day <= about.horizon.through:
        expected = f"a day inside the horizon ({about.horizon.since} to {about.horizon.through})"
        yield _problem(row, "as_of", show(day), expected)


def _problem(row: Mapping[str, Any], column: str, got: str, expected: str, hint: str = "") -> Problem:
    return Problem(row[FILE], row[ROW], column, got, expected, hint)

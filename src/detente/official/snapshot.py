"""What one official file said on one day, as rows of the record's tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import polars as pl

from detente.official.files import digest
from detente.record.dictionary import dictionary
from detente.record.problems import Problem

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One file read.

    ``tables`` has a frame for each table of the record that the file gives rows of: the columns of the data dictionary
    in their order, all of them text as the case's CSV files hold it (lists with ``;``), null where a cell is empty.
    ``problems`` say what could not be read and what stands there instead; no row is left out without one.
    ``counts`` say in words what was met, for people.
    """

    file: str
    as_of: dt.date
    tables: Mapping[str, pl.DataFrame]
    problems: tuple[Problem, ...] = ()
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __getitem__(self, table: str) -> pl.DataFrame:
        """The rows of a table; empty where the file gives none."""
        return self.tables[table] if table in self.tables else frame(table, ())


@dataclass(frozen=True, slots=True)
class Publication:
    """What a file is a copy of: the row of ``sources`` that every fact in it names."""

    id: str
    title: str
    publisher: str
    locator: str
    url: str

    def tables(self, path: Path, as_of: dt.date, rows: Mapping[str, Sequence[Row]]) -> dict[str, pl.DataFrame]:
        """Frames of these rows and of the source, each row marked with its source and the day it could be known."""
        source = f"{self.id}-{as_of}"
        about = {
            "id": source, "title": f"{self.title}, as published on {as_of}", "publisher": self.publisher,
            "locator": self.locator, "url": self.url, "published": str(as_of), "rank": "primary",
            "note": f"read from {path.name}, SHA-256 {digest(path)}",
        }  # fmt: skip
        common = {"source": source, "confidence": "official", "recorded": str(as_of)}
        return {"sources": frame("sources", (about,))} | {
            name: frame(name, ({**common, **row} for row in found)) for name, found in rows.items() if found
        }


def frame(table: str, rows: Iterable[Row]) -> pl.DataFrame:
    """Rows as a frame of text with the columns of the data dictionary; empty texts become null."""
    names = dictionary()[table].names
    kept = list(rows)
    return pl.DataFrame(
        {name: [row.get(name) or None for row in kept] for name in names}, schema=dict.fromkeys(names, pl.String)
    )

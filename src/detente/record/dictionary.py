"""The data dictionary: one CSV a table, which drives reading, checking, templates and the docs page."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

TABLES = (
    "sources", "parties", "names", "stakes", "items", "variants", "units", "links", "inputs", "markets", "listings",
    "licences", "licence_lines", "licence_events", "orders", "draws", "balances", "documents", "findings", "accounts",
    "groups", "territories", "chart", "codes", "proposals", "questions",
)  # fmt: skip
_LISTS = {
    "refs", "ids", "words", "codes", "countries", "limbs", "content", "reasons", "places", "params", "shares",
}  # fmt: skip
REQUIRED_TABLES = ("sources", "parties", "items", "units", "links")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``type`` is a word of the grammar in docs/data-dictionary.md, ``target`` what it refers to."""

    name: str
    type: str
    target: str
    unit: str
    required: bool
    default: str
    meaning: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The words a ``one_of`` column may hold."""
        return tuple(self.target.split("|")) if self.type == "one_of" else ()

    @property
    def is_list(self) -> bool:
        """Whether a cell holds several values separated by semicolons."""
        return self.type in _LISTS


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the case: its columns in the order of the file."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(c.name for c in self.columns)

    def __getitem__(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    @property
    def ranges(self) -> tuple[str, ...]:
        """Columns that have ``_low`` and ``_high`` beside them."""
        names = set(self.names)
        return tuple(n for n in self.names if f"{n}_low" in names and f"{n}_high" in names)


def _read(name: str) -> Iterator[Column]:
    text = (files("detente.record") / "dictionary" / f"{name}.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        kind, _, target = row["type"].partition(" ")
        yield Column(row["column"], kind, target, row["unit"], row["required"] == "yes", row["default"], row["meaning"])


@cache
def dictionary() -> Mapping[str, Table]:
    """All tables by name, the common columns appended to each but ``sources``."""
    common = tuple(_read("common"))
    tables = {name: Table(name, tuple(_read(name)) + (() if name == "sources" else common)) for name in TABLES}
    return MappingProxyType(tables)

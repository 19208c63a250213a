"""One entry of an official list, as it is printed, whatever the layout of the file."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from detente.official.iso import iso
from detente.official.text import LOST, clean, slug
from detente.record.problems import Problem, show

_ADDRESS_ONLY = re.compile(r"^address\s+\d+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: ``row`` is where it stands in its file, ``list`` the id of its list.

    ``number`` is what the authority numbers it by, empty where it does not. ``kind`` is Individual, Entity, Vessel or
    Aircraft, empty where the list does not say. ``countries`` are those of its addresses. ``since`` and ``through``
    are None where the list gives no day.
    """

    row: int
    list: str
    name: str
    number: str = ""
    kind: str = ""
    aliases: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    programmes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    notice: str = ""
    since: dt.date | None = None
    through: dt.date | None = None
    requirement: str = ""
    policy: str = ""
    remarks: str = ""

    @property
    def is_address(self) -> bool:
        """Whether it lists an address, whoever is there (15 CFR 744.16(f), since 2024-06-12), and no name."""
        return _ADDRESS_ONLY.match(self.name) is not None

    @property
    def key(self) -> str:
        """What names the entry in every snapshot: its list and its number, or its name and countries."""
        if self.number:
            return f"{self.list}:{slug(self.number)}"
        return f"{self.list}:{slug(self.name)}{place(self.countries)}"


def place(countries: Iterable[str]) -> str:
    """The end of an id: up to four countries in order, ``-cn-hk``; empty where there is none."""
    codes = sorted({c.lower() for c in countries})
    if len(codes) > 4:
        codes = [*codes[:3], slug(" ".join(codes))[-8:]] if len(codes) <= 12 else [*codes[:3], f"and-{len(codes) - 3}"]
    return "".join(f"-{c}" for c in codes)


@dataclass(frozen=True, slots=True)
class Reader:
    """Cells of one file into values; what cannot be read becomes a problem and an empty value."""

    file: str
    problems: list[Problem]

    def text(self, row: int, column: str, value: object) -> str:
        """A text or number as clean text."""
        if value is None or value == "":
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            self.report(row, column, show(value), "a text")
            return ""
        text = clean(value)
        if LOST in text and LOST not in value:
            self.report(row, column, show(value), "a text without control characters", f"read as {show(text)}")
        return "" if text == "[]" else text

    def day(self, row: int, column: str, value: object) -> dt.date | None:
        """A day written year-month-day."""
        text = self.text(row, column, value)
        if not text:
            return None
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            self.report(row, column, show(text), "a day such as 2019-05-21", "read as no day")
            return None

    def countries(self, row: int, column: str, values: Iterable[str]) -> tuple[str, ...]:
        """Codes of the countries, each once, in the order of the file."""
        found: dict[str, None] = {}
        for value in values:
            code = iso(value)
            if code is not None:
                found[code] = None
            elif value:
                self.report(row, column, show(value), "a country", "read as no country")
        return tuple(found)

    def report(self, row: int, column: str, got: str, expected: str, hint: str = "") -> None:
        """Note a problem."""
        self.problems.append(Problem(self.file, row, column, got, expected, hint))

"""Tables as the page shows them: cells of text, each with what it sorts by and what it links to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from detente.report.numbers import amount


@dataclass(frozen=True, slots=True)
class Link:
    """A link inside a cell: to a place on the page, or to a web address that has been checked."""

    text: str
    href: str
    is_outside: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell.

    ``sort`` is the number it sorts by (None: its text); ``kind`` gives it the colour of a kind of sale; ``lines`` are
    shown one below the other, after ``text``.
    """

    text: str = ""
    sort: float | None = None
    kind: str = ""
    lines: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, whether it holds numbers or days, and whether the reader may pick one of its values."""

    name: str
    is_number: bool = False
    is_choice: bool = False
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption. ``is_long`` ones can be searched and sorted, and scroll inside their own frame."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    is_long: bool = False


def table(
    id_: str, caption: str, columns: Sequence[str], rows: Iterable[Sequence[Cell | str]], *, is_long: bool = False
) -> Table:
    """A table from headings and rows.

    A heading that starts with ``#`` is of numbers, with ``=`` of values to pick from, with ``@`` of days.
    """
    heads = tuple(Column(c.lstrip("#=@"), c.startswith("#"), c.startswith("="), c.startswith("@")) for c in columns)
    cells = tuple(tuple(c if isinstance(c, Cell) else Cell(c) for c in row) for row in rows)
    return Table(id_, caption, heads, cells, is_long)


def number(value: float | None) -> Cell:
    """A figure of the record; empty, and sorted last, where there is none."""
    return Cell(amount(value), sort=-1.0 if value is None else float(f"{value:.7g}"))


def whole(value_usd_m: float) -> Cell:
    """A sum in whole USD m; a dash for nothing."""
    text = "–" if value_usd_m == 0 else "under 1" if value_usd_m < 0.5 else f"{value_usd_m:,.0f}"
    return Cell(text, sort=float(f"{value_usd_m:.7g}"))


def text_number(text: str, value: float) -> Cell:
    """A number in words of its own, sorted by its value."""
    return Cell(text, sort=float(f"{value:.7g}"))


@dataclass(frozen=True, slots=True)
class Sources:
    """Where each source stands on the page."""

    places: Mapping[str, str]

    def cell(self, ids: Iterable[str] | None) -> Cell:
        """A cell that links to sources by their ids."""
        return Cell(links=self.links(ids))

    def links(self, ids: Iterable[str] | None) -> tuple[Link, ...]:
        """Links to sources by their ids; an id that is not there would have been a fault of the record."""
        return tuple(Link(i, f"#{self.places[i]}") for i in ids or ())

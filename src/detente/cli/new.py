"""``detente new``: an empty case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from detente.cli.output import console
from detente.record.new import new as make


def new(
    folder: Annotated[Path, Parameter(help="Folder to make; it must not exist or be empty.")],
    *,
    xlsx: Annotated[bool, Parameter(negative="", help="One workbook tables.xlsx instead of a CSV a table.")] = False,
) -> None:
    """Make an empty case with templates that explain every column."""
    written = make(folder, workbook=xlsx)
    out = console()
    out.print(f"Made an empty case in {escape(str(folder))} ({len(written)} files).")
    out.print(
        "Next: name the sides in case.toml; fill in sources, parties, items, variants, units and links, in this order;"
    )
    out.print(f"write measures/*.toml; then run: detente validate {escape(str(folder))}")

"""How commands print, write files and show errors."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from detente.record.problems import DetenteError, RecordError
from detente.report.whole import whole_file

FORMATS = (".csv", ".parquet", ".xlsx")
NOT_ADVICE = "For analysis; not legal advice."
WHOLE = 16  # characters: what is no longer stays on one line in a table, whatever the width
MARKS = {
    "open": "green", "capped": "yellow", "closed": "red", "unknown": "magenta", "absent": "dim",
}  # fmt: skip


def console() -> Console:
    """Standard output; as wide as the terminal, or 120 columns where there is none."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "120")))


def errors() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def show_error(error: Exception) -> int:
    """Print an error as sentences and return the exit code; anything unforeseen is raised again."""
    err = errors()
    if isinstance(error, RecordError):
        show_problems(error)
        return 1
    if isinstance(error, DetenteError):
        err.print(f"[red]{escape(str(error))}[/]")
        return 2
    if isinstance(error, OSError) and error.filename:
        err.print(f"[red]{escape(str(error.filename))}: {escape(error.strerror or 'cannot be used')}.[/]")
        return 2
    raise error


def show_problems(error: RecordError) -> None:
    """Every fault, grouped by file."""
    err = errors()
    counts = Counter(p.file for p in error.problems)
    for file in counts:
        err.print(f"[bold]{escape(file)}[/]")
        for p in error.problems:
            if p.file != file:
                continue
            where = ", ".join(x for x in (p.place if p.row else "", p.column) if x)
            got = f"got [red]{escape(p.got)}[/]; " if p.got else ""
            hint = f" [dim]({escape(p.hint)})[/]" if p.hint else ""
            err.print(f"  {escape(where)}{': ' if where else ''}{got}expected {escape(p.expected)}{hint}")
    n = len(error.problems)
    files = f"{len(counts)} file{'s' if len(counts) > 1 else ''}"
    err.print(f"[red]{n} fault{'s' if n > 1 else ''} in {files}.[/] Nothing was done.")


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV, Parquet or XLSX, by the file's ending; the file appears whole or not at all.

    Raises ``DetenteError`` for another ending or where the folder does not exist.
    """
    if path.suffix not in FORMATS:
        raise DetenteError(f"-o {path}: a table is written as {', '.join(FORMATS)}; choose one of these endings.")
    flat = frame if path.suffix == ".parquet" else _flat(frame)
    with whole_file(path) as part:
        if path.suffix == ".csv":
            flat.with_columns(_inert(c) for c, t in flat.schema.items() if t == pl.String).write_csv(part)
        elif path.suffix == ".parquet":
            flat.write_parquet(part)
        else:
            _write_workbook(flat, part)
    errors().print(f"Wrote {escape(str(path))} ({frame.height:,} rows).")


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists as one text each, also those that are empty in every row and so have no type."""
    lists = [c for c, t in frame.schema.items() if isinstance(t, pl.List)]
    return frame.with_columns(pl.col(c).cast(pl.List(pl.String)).list.join("; ") for c in lists)


def _inert(column: str) -> pl.Expr:
    """Text that a spreadsheet would run as a formula gets a quote in front."""
    runs = pl.col(column).str.contains(r"^[=+\-@\t\r]")
    return pl.when(runs).then("'" + pl.col(column)).otherwise(pl.col(column)).alias(column)


def _write_workbook(frame: pl.DataFrame, path: Path) -> None:
    import xlsxwriter  # kept out of the start-up of every other command

    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        frame.write_excel(book, autofit=True, freeze_panes=(1, 0))


def print_json(value: Any) -> None:
    """One JSON document on standard output; dates as ISO text."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def table(columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]], caption: str = "") -> Table:
    """A table for the terminal; ``columns`` are names and whether they hold numbers. Cells may carry rich markup.

    Where the terminal is narrow, numbers stay whole, ranges of them break at spaces, and words break only if long.
    """
    built = Table(caption=caption or None, caption_justify="left", box=None, pad_edge=False, header_style="dim")
    for k, (name, is_number) in enumerate(columns):
        cells = [Text.from_markup(row[k]).plain for row in rows if k < len(row)]
        longest = max((len(line) for cell in cells for line in cell.splitlines()), default=0)
        words = (len(word) for cell in (name, *cells) for word in cell.split())
        least = min(WHOLE, max(words, default=1))
        if is_number and longest <= WHOLE:
            least = max(least, longest)
        built.add_column(
            name, justify="right" if is_number else "left", no_wrap=is_number and max(longest, len(name)) <= WHOLE,
            overflow="fold", min_width=least,
        )  # fmt: skip
    for row in rows:
        built.add_row(*row)
    return built


@contextmanager
def counting(what: str) -> Iterator[Callable[..., None]]:
    """A progress bar on standard error for work that may take more than a second; quiet where nobody looks.

    Yields a function to call with (done, of), and with what is being done where that changes.
    """
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(), console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of, now=what: bar.update(task, completed=done, total=of, description=now)

"""``detente check``: a table of verdicts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, get_args

import polars as pl
from cyclopts import Parameter
from rich.markup import escape

from detente.cli.options import AsKnown, AsOf, CaseName, Json, Orders, Out, Overlays, day_of, heading, open_case
from detente.cli.output import MARKS, NOT_ADVICE, console, counting, print_json, table, write_table
from detente.decide import Book, find_sales, order_book
from detente.decide import check as decide_check
from detente.record import Case, DetenteError
from detente.report.numbers import amount

MOST = 500  # rows a terminal is given
GROUPS, LARGEST = 40, 20  # answers and lines of an order book that a terminal is given

State = Literal["open", "capped", "unknown", "closed"]


def check(
    case: CaseName,
    *,
    as_of: AsOf = None,
    as_known: AsKnown = None,
    overlay: Overlays = (),
    orders: Orders = None,
    workers: Annotated[int, Parameter(help="Threads that share an order book; the answers do not depend on it.")] = 1,
    sale: Annotated[str | None, Parameter(help='Only sales that fit: an id, or "SELLER to BUYER".')] = None,
    state: Annotated[State | None, Parameter(help="Only sales in this state.")] = None,
    json: Json = False,
    output: Out = None,
) -> None:
    """Who may sell what to whom on a day."""
    loaded = open_case(case, as_known, overlay)
    day = day_of(loaded, as_of)
    book = None
    if orders is None:
        with counting("Deciding every sale"):
            frame = decide_check(loaded, day)
    else:
        book = decide_book(loaded, day, orders, workers)
        frame = book.frame()
    if sale is not None:
        ids = [sale] if book is not None else list(find_sales(loaded, sale))
        frame = frame.filter(pl.col("sale").is_in(ids))
    if state is not None:
        frame = frame.filter(pl.col("state") == state)
    if output is not None:
        write_table(frame, output)
    if json:
        print_json({**_meta(loaded), "as_of": day, "sales": frame.to_dicts()})
    elif book is not None:
        _show_book(book, frame, str(orders))
    elif output is None:
        _show(loaded, frame, str(day))


def decide_book(case: Case, day: dt.date, orders: Path, workers: int) -> Book:
    """Read and decide an order book, with a progress bar."""
    if workers < 1:
        raise DetenteError(f"--workers {workers}: at least 1.")
    with counting(f"Reading {orders}") as tell, ThreadPoolExecutor(workers) as pool:
        say = partial(_tell, tell)
        return order_book(case, day, orders, executor=pool if workers > 1 else None, progress=say)


def _tell(tell: Callable[..., None], what: str, done: int, of: int) -> None:
    tell(done, of, f"{what[:1].upper()}{what[1:]}")


def _meta(case: Case) -> dict[str, object]:
    return {"case": case.name, "overlays": list(case.overlays), "as_known": case.as_known, "record": case.digest,
            "note": NOT_ADVICE}  # fmt: skip


def _show(case: Case, frame: pl.DataFrame, day: str) -> None:
    out = console()
    rows = [
        (
            escape(r["sale"]),
            amount(r["value_usd_m"]),
            f"[{MARKS[r['state']]}]{r['outcome'].replace('_', ' ')}[/]"
            + (f" ({r['allowed']:.0%})" if r["state"] == "capped" else ""),
            escape(_why(r)),
        )
        for r in frame.head(MOST).iter_rows(named=True)
    ]
    more = f"and {frame.height - MOST:,} more (-o or --json has all)" if frame.height > MOST else ""
    out.print(f"[bold]{escape(heading(case, day))}[/]")
    out.print(table((("sale", False), ("USD m a year", True), ("answer", False), ("why", False)), rows, more))
    counts = {s: frame.filter(pl.col("state") == s) for s in get_args(State)}
    said = [
        f"[{MARKS[s]}]{f.height} {s}[/] (USD {amount(float(f['value_usd_m'].sum()))} m)"
        for s, f in counts.items()
        if f.height
    ]
    out.print("\n" + ", ".join(said or ["no sale fits"]) + f". [dim]{NOT_ADVICE}[/]")


def _show_book(book: Book, frame: pl.DataFrame, name: str) -> None:
    """An order book in the terminal: what became of how many lines and why, and the largest lines that are held."""
    out = console()
    out.print(f"[bold]{escape(heading(book.case, name, str(book.as_of)))}[/]")
    groups = (
        frame.group_by("outcome", "state", "limbs", "authorisations", "licences", "otherwise")
        .agg(pl.len().alias("lines"), pl.col("value_usd_m").sum(), pl.col("needs").first(), pl.col("allowed").first())
        .sort(pl.col("value_usd_m"), "lines", descending=True)
    )
    rows = [
        (f"[{MARKS[r['state']]}]{_answer(r)}[/]", f"{r['lines']:,}", amount(r["value_usd_m"]), escape(_why(r)))
        for r in groups.head(GROUPS).iter_rows(named=True)
    ]
    more = f"and {groups.height - GROUPS:,} more answers" if groups.height > GROUPS else ""
    out.print(table((("answer", False), ("lines", True), ("USD m", True), ("why", False)), rows, more))
    held = frame.filter(pl.col("state").is_in(["closed", "unknown"]))
    if held.height:
        out.print("\n[bold]Largest lines held[/]")
        largest = held.sort("value_usd_m", "sale", descending=[True, False]).head(LARGEST)
        lines = [
            (escape(r["sale"]), escape(f"{r['seller']} to {r['buyer']}"), str(r["day"]), amount(r["value_usd_m"]),
             f"[{MARKS[r['state']]}]{_answer(r)}[/]", escape(_why(r)))
            for r in largest.iter_rows(named=True)
        ]  # fmt: skip
        heads = (("line", False), ("from and to", False), ("day", False), ("USD m", True), ("answer", False),
                 ("why", False))  # fmt: skip
        out.print(
            table(heads, lines, f"of {held.height:,} held (-o writes all lines)" if held.height > LARGEST else "")
        )
    counts = {s: frame.filter(pl.col("state") == s) for s in get_args(State)}
    said = [
        f"[{MARKS[s]}]{f.height:,} {s}[/] (USD {amount(float(f['value_usd_m'].sum()))} m)"
        for s, f in counts.items()
        if f.height
    ]
    out.print("\n" + ", ".join(said or ["the book has no lines"]) + f". [dim]{NOT_ADVICE}[/]")


def _answer(row: dict[str, object]) -> str:
    """An outcome in words; the other one where a rule is not certain."""
    text = str(row["outcome"]).replace("_", " ")
    return text + (f" (or {str(row['otherwise']).replace('_', ' ')})" if row["otherwise"] else "")


def _why(row: dict[str, object]) -> str:
    """The rules behind an answer, in a few words."""
    names = {k: ", ".join(row[k]) for k in ("limbs", "authorisations", "licences")}  # type: ignore[arg-type]  # lists of words
    if row["outcome"] == "covered_by_licence":
        return names["licences"]
    if row["outcome"] == "allowed_by_exception":
        return f"{names['authorisations']} lifts {names['limbs']}"
    if row["outcome"] == "needs_facts":
        needs = list(row["needs"])  # type: ignore[call-overload]  # a list of words
        return f"{needs[0]}" + (f" and {len(needs) - 1} more" if len(needs) > 1 else "") if needs else names["limbs"]
    return names["limbs"]

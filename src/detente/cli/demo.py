"""``detente demo``: the whole story of the bundled case."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import polars as pl
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from detente.cli.cost import LEFT_OUT, loss_range, note_range
from detente.cli.output import NOT_ADVICE, console, counting, table
from detente.decide import Permits, permits
from detente.impact.cascade import run
from detente.impact.network import Network
from detente.record import Case, load
from detente.report.numbers import amount
from detente.report.page import report as write
from detente.report.story import KINDS, by_country, sales_on, story_days
from detente.report.words import country

BUNDLED = "huawei"
NAMES = 8


def demo(
    *,
    output: Annotated[Path, Parameter(name=["-o", "--output"], help="Where to write the page.")] = Path("report.html"),
) -> None:
    """Tell the story of the bundled case in the terminal and write its page."""
    out = console()
    case = load(BUNDLED)
    with counting("Deciding every sale"):
        found = permits(case, case.about.horizon.since, case.about.horizon.through)
    tell(out, case, found)
    with counting("Writing the page") as count:
        page = write(case, output, progress=count)
    out.print(f"\nThe page: [bold]{escape(str(page))}[/] ({page.stat().st_size / 2**20:.1f} MB, opens offline)")
    out.print(
        'Next: [bold]detente explain huawei "qorvo to huawei p-mate" --as-of 2020-09-15[/] says why, to the citation.'
    )
    out.print(f"[dim]{NOT_ADVICE} Record {case.digest[:12]}.[/]")


def tell(out: Console, case: Case, found: Permits) -> None:
    """Print who could sell on each day of the story, what that adds up to, and what it cost each side."""
    days = story_days(case)
    out.print(f"\n[bold]{escape(case.about.title)}[/]")
    out.print(escape(case.about.summary))
    out.print("\n[bold]1  Who could sell, on which day[/]")
    _sellers(out, case, found, days)
    totals = by_country(case, found, days)
    out.print("\n[bold]2  What was open, USD bn a year of sales[/]")
    _kinds(out, totals)
    out.print()
    _countries(out, totals, days)
    out.print("\n[bold]3  What it cost each side once it had run through the network, USD a year[/]")
    _losses(out, case, found, days)


def _sellers(out: Console, case: Case, found: Permits, days: tuple[dt.date, ...]) -> None:
    """Who may sell something for production, and who lost or regained that since the day before in the story."""
    names = {r["id"]: r["name"] for r in case["parties"].iter_rows(named=True)}
    party = case["units"].select(pl.col("id").alias("seller"), "party")
    kinds = {r["id"]: r["kind"] for r in case["parties"].iter_rows(named=True)}
    before: set[str] | None = None
    for day in days:
        sales = sales_on(case, found, day).join(party, on="seller", how="left")
        named = sales.filter(~pl.col("party").is_in([p for p, k in kinds.items() if k == "residual"]))
        everyone = set(named["party"])
        able = set(named.filter(pl.col("state").is_in(["open", "capped"]))["party"])
        unsure = set(named.filter(pl.col("state") == "unknown")["party"]) - able
        line = f"[bold]{day}[/]  {len(able)} of {len(everyone)} named suppliers could sell something"
        line += f"; for {len(unsure)} more facts are missing" if unsure else ""
        out.print(line + ".")
        if before is not None:
            for word, group, colour in (("no longer", before - able, "red"), ("again", able - before, "green")):
                if group:
                    some = sorted((names[p] for p in group), key=str.lower)
                    more = f" and {len(some) - NAMES} more" if len(some) > NAMES else ""
                    out.print(Padding(f"[{colour}]{word}:[/] {escape(', '.join(some[:NAMES]))}{more}", (0, 0, 0, 12)))
        before = able


def _kinds(out: Console, totals: pl.DataFrame) -> None:
    summed = totals.group_by("day", maintain_order=True).agg(
        pl.col("value_usd_m").sum(), *(pl.col(k).sum() for k in KINDS)
    )
    rows = [
        (str(r["day"]), *(f"{r[k] / 1000:.1f}" for k in KINDS), amount(r["value_usd_m"] / 1000))
        for r in summed.iter_rows(named=True)
    ]
    out.print(table("", [("day", False), *((k, True) for k in KINDS), ("all", True)], rows))


def _countries(out: Console, totals: pl.DataFrame, days: tuple[dt.date, ...]) -> None:
    """Open, licensed and closed by the supplier's country on each day."""
    first = totals.filter(pl.col("day") == days[0]).sort("value_usd_m", descending=True)
    rows = []
    for code in first.filter(pl.col("value_usd_m") > 0)["country"]:
        cells = []
        for day in days:
            r = totals.filter((pl.col("day") == day) & (pl.col("country") == code)).row(0, named=True)
            licensed = r["licensed"] + r["general licence"]
            cells.append(
                f"[green]{r['open'] / 1000:.1f}[/] [yellow]{licensed / 1000:.1f}[/] "
                f"[magenta]{r['not known'] / 1000:.1f}[/] [red]{r['closed'] / 1000:.1f}[/]"
            )
        rows.append((escape(country(code)), *cells))
    columns = [("supplier country", False), *((str(d), True) for d in days)]
    caption = "[green]open[/] [yellow]licensed[/] [magenta]not known[/] [red]closed[/], USD bn a year"
    out.print(table("", columns, rows, caption))


def _losses(out: Console, case: Case, found: Permits, days: tuple[dt.date, ...]) -> None:
    rows = []
    for day in days:
        by = {r["side"]: r for r in run(Network.of(case, day), found.on(day)).by_side().iter_rows(named=True)}
        cells = [
            loss_range(by[s]["loss_usd_m_low"], by[s]["loss_usd_m_high"]) if s in by else "" for s in case.about.sides
        ]
        rows.append((str(day), *cells))
    out.print(table("", [("day", False), *((escape(v), True) for v in case.about.sides.values())], rows))
    note_range(out)
    out.print(f"[dim]{LEFT_OUT}[/]")

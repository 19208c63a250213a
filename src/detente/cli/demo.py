"""``detente demo``: the whole story of the bundled case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import polars as pl
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from detente.cli.cost_shown import LEFT_OUT, THREE
from detente.cli.output import NOT_ADVICE, console, counting, table
from detente.decide import Permits, permits
from detente.impact.runs import daily, stretches
from detente.impact.world import World
from detente.record import Case, load
from detente.relief.answer import Relief
from detente.report.answers import headline
from detente.report.gains import signed_span, span_of
from detente.report.numbers import balance_range, loss_or_gain, percent
from detente.report.page import report as write
from detente.report.relief_contents import weigh_for_page
from detente.report.relief_words import letter, main_packages, supported
from detente.report.story import KINDS, by_country, sales_on, story_days
from detente.report.words import country

BUNDLED = "huawei"
NAMES = 8  # suppliers named in a line
SMALL = 0.01  # countries under this share of all sales are shown together
OTHERS = "others"
SHOWN = {"open": "green", "licensed": "yellow", "not known": "magenta", "closed": "red"}


def demo(
    *,
    output: Annotated[Path, Parameter(name=["-o", "--output"], help="Where to write the page.")] = Path("report.html"),
    relief: Annotated[bool, Parameter(help="Weigh the proposals of both sides too.")] = True,
) -> None:
    """Tell the story of the bundled case in the terminal and write its page."""
    out = console()
    case = load(BUNDLED)
    with counting("Deciding every sale"):
        found = permits(case, case.about.horizon.since, case.about.horizon.through)
    tell(out, case, found)
    weighs: Relief | bool = False
    if relief:
        with counting("Weighing packages") as count:
            weighs = _weighed(out, case, count)
    with counting("Writing the page") as count:
        page = write(case, output, permits=found, relief=weighs, progress=count)
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
    _kinds(out, case, found, totals)
    out.print()
    _countries(out, totals, days)
    out.print("\n[bold]3  What each day's law costs each side if it lasts, USD a year of output[/]")
    _losses(out, case, found, days)


def _weighed(out: Console, case: Case, count: Callable[[int, int, str], None]) -> Relief | bool:
    """Print what would leave both better off: the sentence, the packages, and what the law refuses."""
    found = weigh_for_page(case, case.about.default_as_of, count)
    out.print("\n[bold]4  What would leave both better off, USD a year of output[/]")
    if isinstance(found, str):
        out.print(escape(found))
        return True  # the page says so too
    out.print(escape(headline(found)))
    rows = []
    for r in found.packages().iter_rows(named=True):
        if r["package"] in main_packages(found):
            gains = (signed_span(*span_of(r, s)) + ("" if supported(r, s) else " *") for s in found.sides)
            kept = (percent(r[f"capability_{c}"]) for c in found.capabilities)
            rows.append((f"{letter(r['package'])}  {escape(r['why'][0])}", *gains, *kept))
    heads = [*(case.about.sides[s] for s in found.sides), *(f"{c} left" for c in found.capabilities)]
    out.print(table([("package", False), *((escape(h), True) for h in heads)], rows))
    refused = [p.title for p, r in zip(found.proposed, found.rulings, strict=True) if not r.is_admissible]
    if refused:
        out.print(f"[dim]The law refuses: {escape('; '.join(refused))}. The page says why, and what else was found.[/]")
    return found


def _sellers(out: Console, case: Case, found: Permits, days: tuple[dt.date, ...]) -> None:
    """Which named suppliers may sell something to the group, and who lost or regained that since the day before."""
    names, kinds = (dict(case["parties"].select("id", c).iter_rows()) for c in ("name", "kind"))
    units = dict(case["units"].select("id", "name").iter_rows())
    party = case["units"].select(pl.col("id").alias("seller"), "party")
    before: set[str] | None = None
    for day in days:
        sales = sales_on(case, found, day).join(party, on="seller", how="left")
        named = sales.filter(~pl.col("party").is_in([p for p, k in kinds.items() if k == "residual"]))
        may, own = pl.col("state").is_in(["open", "capped"]), ~pl.col("is_sold")
        everyone, able = set(named["party"]), set(named.filter(may & own)["party"])
        elsewhere = set(named.filter(may)["party"]) - able
        unsure = set(named.filter((pl.col("state") == "unknown") & own)["party"]) - able
        line = f"[bold]{day}[/]  {len(able)} of {len(everyone)} named suppliers could sell something"
        line += f"; for {len(unsure)} facts are missing" if unsure else ""
        if elsewhere:
            sold = sorted({units[u] for u in named.filter(pl.col("is_sold"))["buyer"]})
            line += f"; {len(elsewhere)} only to {escape(' and '.join(sold))}, sold since"
        out.print(line + ".")
        if before is not None:
            lost = before - able
            changes = (
                ("no longer", lost - unsure, "red"),
                ("not known any more", lost & unsure, "magenta"),
                ("again", able - before, "green"),
            )
            for word, group, colour in changes:
                if group:
                    some = sorted((names[p] for p in group), key=str.lower)
                    more = f" and {len(some) - NAMES} more" if len(some) > NAMES else ""
                    out.print(Padding(f"[{colour}]{word}:[/] {escape(', '.join(some[:NAMES]))}{more}", (0, 0, 0, 12)))
        before = able


def _kinds(out: Console, case: Case, found: Permits, totals: pl.DataFrame) -> None:
    columns = [pl.col(k).sum() for k in ("value_usd_m", *KINDS)]
    summed = totals.group_by("day", maintain_order=True).agg(columns)
    rows = [(str(r["day"]), *(_bn(r[k]) for k in KINDS), _bn(r["value_usd_m"])) for r in summed.iter_rows(named=True)]
    out.print(table([("day", False), *((k, True) for k in KINDS), ("all", True)], rows))
    for day in summed["day"]:
        free = sales_on(case, found, day).filter("is_sold")
        if free.height:
            amount = _bn(float(free["open"].sum()))
            out.print(f"[dim]On {day} {amount} of the open is bought by what the group has sold.[/]")


def _countries(out: Console, totals: pl.DataFrame, days: tuple[dt.date, ...]) -> None:
    """Open, licensed, not known and closed by the supplier's country on each day; small countries are put together."""
    first = totals.filter(pl.col("day") == days[0])
    small = first.filter(pl.col("value_usd_m") < SMALL * float(first["value_usd_m"].sum()))["country"]
    name = pl.when(pl.col("country").is_in(small.implode())).then(pl.lit(OTHERS)).otherwise(pl.col("country"))
    licensed = pl.col("licensed") + pl.col("general licence")
    named = totals.with_columns(name.alias("country"), licensed.alias("licensed"))
    grouped = named.group_by("country", "day").agg(pl.col("value_usd_m", *SHOWN).sum())
    largest = grouped.filter(pl.col("day") == days[0]).sort(pl.col("country") == OTHERS, -pl.col("value_usd_m"))
    order = largest["country"]
    rows = []
    for code in order:
        of = {r["day"]: r for r in grouped.filter(pl.col("country") == code).iter_rows(named=True)}
        label = f"others ({small.len()})" if code == OTHERS else country(code)
        for kind in SHOWN:
            if any(of[d][kind] > 0 for d in days):
                rows.append((escape(label), f"[{SHOWN[kind]}]{kind}[/]", *(_bn(of[d][kind]) for d in days)))
                label = ""
    columns = [("supplier country", False), ("", False), *((str(d), True) for d in days)]
    out.print(table(columns, rows))


def _bn(usd_m: float) -> str:
    """USD m as bn, a dash for nothing."""
    return f"{usd_m / 1000:.1f}" if usd_m >= 50 else "–" if usd_m == 0 else "0.0"


def _losses(out: Console, case: Case, found: Permits, days: tuple[dt.date, ...]) -> None:
    """What each day's law would cost if it lasted: the flow's figure, and from optimum to cascade."""
    world = World.of(case, found.first, found.last, permits_of=found)
    rows = []
    for day in days:
        (static,), flow = stretches(world, day, day, at_rest=True, detail=False), daily(world, day, day, at_rest=True)
        last = flow.first + dt.timedelta(days=flow.n_days - 1)
        middle = {
            r["side"]: r for r in flow.window(last - dt.timedelta(days=364), last).by_side().iter_rows(named=True)
        }
        high = dict(static.outcome.by_side().select("side", "loss_usd_m_high").iter_rows())
        low = dict(static.optimum.by_side().select("side", "loss_usd_m_low").iter_rows())
        cells = []
        for s in case.about.sides:
            figure = middle[s]["loss_usd_m"] if s in middle else 0.0
            a, b = min(low.get(s, figure), figure), max(high.get(s, figure), figure)
            a, figure, b = (0.0 if abs(v) < 0.05 else v for v in (a, figure, b))
            cells.append(f"{loss_or_gain(figure)} ({balance_range(a, b).replace('USD ', '')})" if b > 0 else "nothing")
        rows.append((str(day), *cells))
    heads = (f"{escape(v)}: flow (optimum to cascade)" for v in case.about.sides.values())
    out.print(table([("day", False), *((h, False) for h in heads)], rows))
    if any("*" in cell for row in rows for cell in row):
        out.print("[dim]* the models differ by more than a factor of three: no headline number is supported.[/]")
    out.print(f"[dim]{THREE} {LEFT_OUT}[/]")

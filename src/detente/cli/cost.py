"""``detente cost``: what the measures cost each side."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from rich.console import Console
from rich.markup import escape

from detente.cli.options import AsKnown, AsOf, CaseName, Json, Out, Overlays, Since, Through, heading, open_case
from detente.cli.output import console, counting, print_json, table, write_table
from detente.impact.outcome import Outcome
from detente.impact.path import Path
from detente.impact.path import cost as run_cost
from detente.record import Case, DetenteError
from detente.report.numbers import loss_range, money

MOST = 15
LEFT_OUT = (
    "A static look: nobody adapts, stocks run out, no rival takes over a lost sale. Low: unknown sales open, every "
    "input binds only with its share of purchases. High: unknown sales closed, nobody can be replaced. Gross output: "
    "a part and the product it goes into both count. Lost output is not welfare, lost sales are not lost profit."
)


def cost(
    case: CaseName,
    *,
    as_of: AsOf = None,
    since: Since = None,
    through: Through = None,
    as_known: AsKnown = None,
    overlay: Overlays = (),
    json: Json = False,
    output: Out = None,
) -> None:
    """What the measures cost each side once they have run through the network."""
    if as_of is not None and (since is not None or through is not None):
        raise DetenteError("--as-of asks about one day, --since and --through about a span; give one or the other.")
    loaded = open_case(case, as_known, overlay)
    with counting("Running the network") as count:
        found = run_cost(loaded, as_of, since=since, through=through, progress=count)
    frame = found.units if isinstance(found, Outcome) else found.frame()
    if output is not None:
        write_table(frame, output)
    if json:
        print_json({"case": loaded.name, "overlays": loaded.overlays, "record": loaded.digest, **_json(found)})
    elif output is None:
        out = console()
        show_outcome(out, loaded, found) if isinstance(found, Outcome) else show_path(out, loaded, found)
        out.print(f"[dim]{LEFT_OUT}[/]")


def _json(found: Outcome | Path) -> dict[str, object]:
    if isinstance(found, Path):
        return {"model": "cascade", "spans": found.frame().to_dicts(), "by_side": found.by_side().to_dicts()}
    return {
        "model": found.model, "as_of": found.day, "settings": found.settings, "by_side": found.by_side().to_dicts(),
        "by_party": found.by_party().to_dicts(), "units": found.units.to_dicts(), "note": LEFT_OUT,
    }  # fmt: skip


def show_outcome(out: Console, case: Case, outcome: Outcome) -> None:
    """Print losses by side and by party."""
    sides = case.about.sides
    by_side = {r["side"]: r for r in outcome.by_side().iter_rows(named=True)}
    rows = [
        (
            escape(sides[s]),
            money(r["output_usd_m"]),
            money(r["closed_sales_usd_m"]),
            money(r["unknown_sales_usd_m"]),
            money(r["closed_inputs_usd_m"]),
            loss_range(r["loss_usd_m_low"], r["loss_usd_m_high"]),
        )
        for s, r in ((s, by_side[s]) for s in sides if s in by_side)
    ]
    columns = [
        ("side", False),
        *((c, True) for c in ("output", "sales closed", "not known", "inputs closed", "output lost")),
    ]
    out.print(f"[bold]{escape(heading(case, f'{outcome.day}, USD a year', outcome.model))}[/]")
    out.print(table(columns, rows))
    losers = outcome.by_party().filter(pl.col("loss_usd_m_high") > 0)
    parties = [
        (
            escape(r["party_name"]),
            escape(sides[r["side"]]),
            money(r["closed_sales_usd_m"]),
            money(r["unknown_sales_usd_m"]),
            loss_range(r["loss_usd_m_low"], r["loss_usd_m_high"]),
        )
        for r in losers.head(MOST).iter_rows(named=True)
    ]
    if parties:
        columns = [
            ("party", False),
            ("side", False),
            *((c, True) for c in ("sales closed", "not known", "output lost")),
        ]
        more = f"and {losers.height - MOST} more (--json or -o has all)" if losers.height > MOST else ""
        out.print()
        out.print(table(columns, parties, more))
    note_range(out, [*rows, *parties])


def note_range(out: Console, rows: Sequence[Sequence[str]]) -> None:
    """What the star means, where one was printed."""
    if any(cell.endswith(" *") for row in rows for cell in row):
        out.print("[dim]* the ends differ by more than a factor of three: no single figure is supported.[/]")


def show_path(out: Console, case: Case, path: Path) -> None:
    """Print the loss of each side by span, and in all."""
    frame, sides = path.frame(), case.about.sides
    rows = []
    for (since,), group in frame.group_by("since", maintain_order=True):
        by = {r["side"]: r for r in group.iter_rows(named=True)}
        first = next(iter(by.values()))
        cells = [
            loss_range(by[s]["loss_a_year_usd_m_low"], by[s]["loss_a_year_usd_m_high"]) if s in by else ""
            for s in sides
        ]
        rows.append((f"{since} to {first['through']}", str(first["days"]), *cells))
    totals = {r["side"]: r for r in path.by_side().iter_rows(named=True)}
    whole = [
        loss_range(totals[s]["loss_usd_m_low"], totals[s]["loss_usd_m_high"]) if s in totals else "" for s in sides
    ]
    rows.append(("[bold]in all, USD[/]", str(sum(frame.unique("since")["days"])), *whole))
    columns = [("span", False), ("days", True), *((escape(v), True) for v in sides.values())]
    out.print(f"[bold]{escape(heading(case, 'output lost, USD a year', 'cascade'))}[/]")
    out.print(table(columns, rows))
    note_range(out, rows)

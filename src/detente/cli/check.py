"""``detente check``: a table of verdicts."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import polars as pl
from cyclopts import Parameter
from rich.markup import escape

from detente.cli.options import AsKnown, AsOf, CaseName, Json, Out, Overlays, day_of, heading, open_case
from detente.cli.output import MARKS, NOT_ADVICE, console, counting, print_json, table, write_table
from detente.decide import check as decide_check
from detente.decide import find_sales
from detente.record import Case
from detente.report.numbers import amount

MOST = 500  # rows a terminal is given

State = Literal["open", "capped", "unknown", "closed"]


def check(
    case: CaseName,
    *,
    as_of: AsOf = None,
    as_known: AsKnown = None,
    overlay: Overlays = (),
    sale: Annotated[str | None, Parameter(help='Only sales that fit: an id, or "SELLER to BUYER".')] = None,
    state: Annotated[State | None, Parameter(help="Only sales in this state.")] = None,
    json: Json = False,
    output: Out = None,
) -> None:
    """Who may sell what to whom on a day."""
    loaded = open_case(case, as_known, overlay)
    day = day_of(loaded, as_of)
    with counting("Deciding every sale"):
        frame = decide_check(loaded, day)
    if sale is not None:
        frame = frame.filter(pl.col("sale").is_in(list(find_sales(loaded, sale))))
    if state is not None:
        frame = frame.filter(pl.col("state") == state)
    if output is not None:
        write_table(frame, output)
    if json:
        print_json({**_meta(loaded), "as_of": day, "sales": frame.to_dicts()})
    elif output is None:
        _show(loaded, frame, str(day))


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

"""``detente diff``: what a listing, a revocation or a what-if changed, for whom, and why."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any

import polars as pl
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from detente.cli.options import AsKnown, AsOf, CaseName, Json, Orders, Out, Overlays, day_of, open_case
from detente.cli.output import NOT_ADVICE, console, counting, print_json, table, write_table
from detente.decide.changes.diff import Diff, diff_cases, diff_days
from detente.record import Case, DetenteError
from detente.record.load import as_day
from detente.report.numbers import amount, percent

GROUPS, SALES, FEW, CITED = 30, 8, 3, 30  # causes, sales of one, of one that only restates, sources a terminal is given
MEANING = {
    "held": ("red", "could go ahead, can no longer"),
    "released": ("green", "was held, may go ahead"),
    "narrowed": ("yellow", "a smaller part may go ahead"),
    "widened": ("green", "a larger part may go ahead"),
    "moved": ("yellow", "covered by other licences"),
    "restated": ("dim", "held, or open, as before: by another rule or outcome"),
    "appeared": ("dim", "not there before"),
    "gone": ("dim", "no longer there"),
}


def diff(
    case: CaseName,
    *,
    from_: Annotated[str | None, Parameter(name="--from", help="The earlier day, year-month-day.")] = None,
    to: Annotated[str | None, Parameter(help="The later day.")] = None,
    as_of: AsOf = None,
    overlay_from: Annotated[
        tuple[str, ...], Parameter(help="Compare this what-if (default: the case itself) on one day; may be repeated.")
    ] = (),
    overlay_to: Annotated[tuple[str, ...], Parameter(help="With this what-if; may be repeated.")] = (),
    known_from: Annotated[str | None, Parameter(help="Compare what was known on this day, on one day.")] = None,
    known_to: Annotated[str | None, Parameter(help="With what was known on this day.")] = None,
    as_known: AsKnown = None,
    overlay: Overlays = (),
    orders: Orders = None,
    json: Json = False,
    output: Out = None,
) -> None:
    """What changed between two days, or between two records: sales released, held or moved, and why."""
    by_day = from_ is not None or to is not None
    records = bool(overlay_from or overlay_to or known_from or known_to)
    if by_day == records:
        raise DetenteError(
            "Say what to compare, one or the other: two days (--from and --to), or two records on one day "
            "(--overlay-from, --overlay-to, --known-from, --known-to, with --as-of)."
        )
    if by_day and (from_ is None or to is None or as_of is not None):
        raise DetenteError("Two days are compared with --from and --to, both of them, and no --as-of.")
    if as_known is not None and (known_from or known_to):
        raise DetenteError("--as-known holds for both sides; --known-from and --known-to for one each: not together.")
    old = open_case(case, known_from or as_known, (*overlay, *overlay_from))
    new = old if by_day else open_case(case, known_to or as_known, (*overlay, *overlay_to))
    with counting("Deciding both sides") as tell:
        progress = partial(_tell, tell)
        if from_ is not None and to is not None:
            for day, name in ((from_, "--from"), (to, "--to")):
                day_of(old, str(as_day(day, name)))
            found = diff_days(old, from_, to, orders, progress=progress)
        else:
            found = diff_cases(old, new, day_of(old, as_of), orders, progress=progress)
    if output is not None:
        write_table(found.sales, output)
    if json:
        print_json(record(found, None if orders is None else str(orders)))
    elif output is None:
        show(console(), found, None if orders is None else str(orders))


def _tell(tell: Any, what: str, done: int, of: int) -> None:
    tell(done, of, f"{what[:1].upper()}{what[1:]}")


def record(found: Diff, orders: str | None = None) -> dict[str, Any]:
    """A comparison as plain values for JSON."""
    sides = {
        name: {"day": day, "overlays": list(c.overlays), "as_known": c.as_known, "record": c.digest}
        for name, c, day in (("from", found.before, found.from_), ("to", found.after, found.to))
    }
    return {
        "case": found.after.name, **sides, "orders": orders, "n_sales": found.n_sales,
        "not_traced": found.not_traced, "totals": found.totals.to_dicts(), "sales": found.sales.to_dicts(),
        "stranded": found.stranded.to_dicts(), "note": NOT_ADVICE,
    }  # fmt: skip


def show(out: Console, found: Diff, orders: str | None = None) -> None:
    """Print a comparison: totals, then change by change the causes with their sales, licences lost, sources."""
    out.print(f"[bold]{escape(_heading(found, orders))}[/]")
    cited: list[str] = []
    if found.sales.height == 0:
        out.print(f"Nothing changed for any of {found.n_sales:,} sales.")
    else:
        out.print(_totals(found))
    for kind, change in found.totals.select("kind", "change").iter_rows():
        rows = found.sales.filter((pl.col("kind") == kind) & (pl.col("change") == change))
        cited += _section(out, rows, kind, change)
    if found.stranded.height:
        cited += _stranded(out, found.stranded)
    _sources(out, (found.before, found.after), cited)
    same = found.n_sales - found.sales.height
    left = f" The causes of {found.not_traced:,} smaller kinds of change were not traced." if found.not_traced else ""
    out.print(f"\n{found.n_sales:,} sales compared, {same:,} unchanged.{left} [dim]{NOT_ADVICE}[/]")


def _heading(found: Diff, orders: str | None) -> str:
    title = found.after.about.title
    book = f", {orders}" if orders is not None else ""
    if found.before is found.after:
        what = [f"what-if {o}" for o in found.after.overlays]
        what += [f"as known on {found.after.as_known}"] if found.after.as_known else []
        more = "".join(f", {w}" for w in what)
        return f"{title}: {found.from_} to {found.to}{more}{book}, record {found.after.digest[:12]}"
    sides = [f"{_side(c)} (record {c.digest[:12]})" for c in (found.before, found.after)]
    return f"{title}: on {found.to}{book}, from {sides[0]} to {sides[1]}"


def _side(case: Case) -> str:
    parts = [f"what-if {o}" for o in case.overlays] or ["the case itself"]
    return ", ".join([*parts, *([f"as known on {case.as_known}"] if case.as_known else [])])


def _unit(kind: str) -> str:
    return "USD m a year" if kind == "link" else "USD m"


def _totals(found: Diff) -> Any:
    rows = []
    for r in found.totals.iter_rows(named=True):
        colour, meaning = MEANING[r["change"]]
        effect = r["effect_usd_m"]
        rows.append(
            (f"[{colour}]{r['change']}[/]", f"{r['n']:,} {r['kind']}{'s' if r['n'] > 1 else ''}",
             f"{amount(r['value_usd_m'])}", "" if not effect else f"{'+' if effect > 0 else '-'}{amount(abs(effect))}",
             meaning)
        )  # fmt: skip
    units = {_unit(k) for k in found.totals["kind"]}
    unit = units.pop() if len(units) == 1 else "USD m (links: a year)"
    columns = (("change", False), ("sales", True), (unit, True), ("effect", True), ("", False))
    return table(columns, rows)


def _section(out: Console, rows: pl.DataFrame, kind: str, change: str) -> list[str]:
    """One change of one kind of sale: cause by cause, the largest first."""
    colour, _ = MEANING[change]
    out.print(f"\n[bold {colour}]{change.capitalize()}[/] [dim]({kind}s, {_unit(kind)})[/]")
    by = ["because", "from_outcome", "to_outcome", "from_allowed", "to_allowed"]
    by += ["limbs_from", "limbs_to"] if change == "restated" else []
    groups = rows.group_by(by, maintain_order=True).agg(
        pl.len().alias("n"), pl.col("value_usd_m").sum().alias("usd"), pl.col("sale", "value_usd_m").head(SALES),
        pl.col("sources").first(),
    )  # fmt: skip
    groups = groups.sort("usd", "n", descending=True, maintain_order=True)
    cited: list[str] = []
    for g in groups.head(GROUPS).iter_rows(named=True):
        n = f"{g['n']:,} {kind}{'s' if g['n'] > 1 else ''}"
        out.print(Padding(f"[bold]{n}, USD {amount(g['usd'])} m[/]: {_answers(g)}", (0, 0, 0, 2), expand=False))
        out.print(Padding(escape(g["because"]), (0, 0, 0, 2), expand=False))
        most = FEW if change == "restated" else SALES
        lines = [(escape(s), amount(v)) for s, v in zip(g["sale"][:most], g["value_usd_m"][:most], strict=True)]
        sales = table((("sale", False), ("USD m", True)), lines)
        sales.show_header = False
        out.print(Padding(sales, (0, 0, 0, 4), expand=False))
        if g["n"] > most:
            out.print(f"    [dim]and {g['n'] - most:,} more (-o or --json has all)[/]")
        cited += g["sources"]
    if groups.height > GROUPS:
        rest = groups[GROUPS:]
        out.print(f"  and {rest['n'].sum():,} more with {rest.height:,} other causes (-o or --json has all)")
    return cited


def _answers(g: dict[str, Any]) -> str:
    """What a group was told and is told."""
    was, now = (_answer(g[f"{s}_outcome"], g[f"{s}_allowed"]) for s in ("from", "to"))
    if g["from_outcome"] is None or g["to_outcome"] is None:
        return was or now
    if was == now and "limbs_to" in g and g["limbs_from"] != g["limbs_to"]:
        was, now = (f"{was} by {', '.join(g[c]) or 'no rule'}" for c in ("limbs_from", "limbs_to"))
    return f"{was} → {now}" if was != now else f"{was}, as before"


def _answer(outcome: str | None, allowed: float | None) -> str:
    if outcome is None:
        return ""
    part = f" ({percent(allowed)})" if allowed is not None and 0 < allowed < 1 else ""
    return outcome.replace("_", " ") + part


def _stranded(out: Console, lost: pl.DataFrame) -> list[str]:
    """The licence lines that became unusable, with what was undrawn."""
    out.print("\n[bold]Licences that became unusable[/]")
    cells = [
        (
            escape(r["licence"] or "") + ("" if r["line"] is None else f"[dim]/{r['line']}[/]"),
            (r["from_state"] or "not recorded").replace("_", " "),
            f"[red]{escape(r['because'])}[/]",
            "[dim]not published[/]" if r["usd_m"] is None else amount(r["usd_m"]),
            "" if r["quantity"] is None else f"{amount(r['quantity'])} {escape(r['unit'] or '')}".strip(),
        )
        for r in lost.head(GROUPS).iter_rows(named=True)
    ]
    more = f"and {lost.height - GROUPS:,} more (--json has all)" if lost.height > GROUPS else ""
    columns = (("licence/line", False), ("was", False), ("is", False), ("undrawn, USD m", True), ("pieces", True))
    n = len(columns) if any(c[4] for c in cells) else len(columns) - 1
    out.print(table(columns[:n], [c[:n] for c in cells], more))
    return [s for group in lost["sources"].to_list() for s in group or ()]


def _sources(out: Console, cases: Iterable[Case], cited: Iterable[str]) -> None:
    """The sources of what was shown."""
    ids = list(dict.fromkeys(cited))
    rows = {r["id"]: r for case in cases for r in case["sources"].iter_rows(named=True)}
    if ids:
        out.print("\n[bold]Sources[/]")
    for s in ids[:CITED]:
        r = rows.get(s, {})
        said = [r.get(k) for k in ("title", "locator", "publisher", "published", "url")]
        out.print(
            Padding(f"[dim]{escape(s)}[/]  " + escape(", ".join(str(x) for x in said if x)), (0, 0, 0, 2), expand=False)
        )
    if len(ids) > CITED:
        out.print(f"  and {len(ids) - CITED} more")

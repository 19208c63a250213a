"""How the terminal shows what the measures cost."""

from __future__ import annotations

import polars as pl
from rich.console import Console
from rich.markup import escape

from detente.cli.options import heading
from detente.cli.output import table
from detente.impact.models import Bracket
from detente.record import Case
from detente.report.numbers import balance_range, loss_or_gain, money, money_span

MOST, FEW = 15, 8
Rows = list[tuple[str, ...]]
THREE = (
    "Optimum: everybody adapts as well as the law allows. Flow: day by day, with stocks, new suppliers that the law "
    "allows, spare capacity and rivals. Cascade: nobody adapts."
)
LEFT_OUT = (
    "Gross output: a part and the product it goes into both count. Unknown sales count as closed in a figure, as open "
    "in a low end. Lost output is not welfare, lost sales are not lost profit."
)


def show_bracket(out: Console, case: Case, found: Bracket) -> None:
    """Print losses by side and party, who gains and what stops, with each figure's model."""
    what = f"{found.since}, USD a year" if found.at_rest else f"{found.since} to {found.through}, USD"
    out.print(f"[bold]{escape(heading(case, what, 'three models'))}[/]")
    rows = _sides(case, found)
    columns = [("side", False), ("output", True), ("own sales closed", True), ("model", False)]
    columns += [("output lost", True), ("range", True)]
    out.print(table(columns, rows))
    unsupported = [
        case.about.sides.get(r[0], r[0]) for r in found.by_side().select("side", "is_supported").iter_rows() if not r[1]
    ]
    if unsupported:
        out.print(
            f"[dim]* the models differ by more than a factor of three for {escape(' and '.join(unsupported))}: no "
            "headline number is supported.[/]"
        )
    if not found.at_rest:
        out.print()
        out.print(table(*_quarters(case, found)))
    for shown in (_parties(case, found), _gainers(case, found), _stops(case, found)):
        if shown[1]:
            out.print()
            out.print(table(*shown))
    if found.at_rest:
        out.print(
            f"[dim]The law of {found.since} as if it lasted: the flow is run for {found.flow.n_days:,} days, from full "
            "stocks, and its last year counts.[/]"
        )
    out.print(f"[dim]{THREE}[/]")
    out.print(f"[dim]{LEFT_OUT}[/]")


def _sides(case: Case, found: Bracket) -> Rows:
    """Three lines a side, one a model."""
    sides, sales = case.about.sides, {r["side"]: r for r in found.by_side("sales").iter_rows(named=True)}
    by_side = {r["side"]: r for r in found.by_side().iter_rows(named=True)}
    rows: Rows = []
    for s in (s for s in sides if s in by_side):
        r, held = by_side[s], sales[s]
        span = money_span(held["sales_usd_m_low"], held["sales_usd_m_high"])
        closed = f"{money(held['sales_usd_m'])} ({span})" if held["sales_usd_m_high"] > 0 else "nothing"
        star = "" if r["is_supported"] else " *"
        rows += [
            (escape(sides[s]), money(r["output_usd_m"]), closed, "optimum", "", _range(*_ends(r, "optimum"))),
            ("", "", "", "flow", f"{loss_or_gain(r['flow_usd_m'])}{star}", _range(*_ends(r, "flow"))),
            ("", "", "", "cascade", loss_or_gain(r["cascade_usd_m"]), _range(*_ends(r, "cascade"))),
        ]
    return rows


def _ends(row: dict[str, float], model: str) -> tuple[float | None, float | None]:
    return row[f"{model}_usd_m_low"], row[f"{model}_usd_m_high"]


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "not looked for"
    return balance_range(low, high).removesuffix(" *").replace("USD ", "")


def _quarters(case: Case, found: Bracket) -> tuple[list[tuple[str, bool]], Rows]:
    """Loss in each quarter by side: the flow's figure, and from the optimum's low end to the cascade's high end."""
    sides = case.about.sides
    sums = ("flow_usd_m", "optimum_usd_m_low", "cascade_usd_m_high")
    quarter = pl.format("{} Q{}", pl.col("day").dt.year(), pl.col("day").dt.quarter())
    days = found.by_day().with_columns(quarter.alias("quarter"))
    parts = days.group_by("quarter", "side").agg(pl.col(c).sum() for c in sums).sort("quarter")
    rows: Rows = []
    for (name,), group in parts.group_by("quarter", maintain_order=True):
        by = {r["side"]: r for r in group.iter_rows(named=True)}
        cells = [
            f"{loss_or_gain(_clean(by[s]['flow_usd_m'])).replace('USD ', '')} "
            f"({_range(_clean(by[s]['optimum_usd_m_low']), _clean(by[s]['cascade_usd_m_high']))})"
            if s in by else "" for s in sides
        ]  # fmt: skip
        rows.append((str(name), *cells))
    return [("quarter: flow (optimum to cascade)", False), *((escape(v), True) for v in sides.values())], rows


def _clean(value: float) -> float:
    return 0.0 if abs(value) < 0.05 else value


def _parties(case: Case, found: Bracket) -> tuple[list[tuple[str, bool]], Rows, str]:
    sides = case.about.sides
    losers = found.by_party().filter(pl.col("loss_usd_m_high") > 0).sort("loss_usd_m", descending=True)
    rows: Rows = [
        (
            escape(r["party_name"]),
            escape(sides.get(r["side"], r["side"])),
            _range(r["optimum_usd_m_low"], r["optimum_usd_m_high"]),
            f"{loss_or_gain(r['loss_usd_m'])}{'' if r['is_supported'] else ' *'}",
            _range(r["cascade_usd_m_low"], r["cascade_usd_m_high"]),
            money(r["direct_usd_m"]) if r["direct_usd_m"] > 0 else "–",
        )
        for r in losers.head(MOST).iter_rows(named=True)
    ]
    columns = [("who loses", False), ("side", False)]
    columns += [(c, True) for c in ("optimum", "flow", "cascade", "of flow: own sales")]
    more = f"and {losers.height - MOST} more (--json or -o has all)" if losers.height > MOST else ""
    return columns, rows, more


def _gainers(case: Case, found: Bracket) -> tuple[list[tuple[str, bool]], Rows, str]:
    gains = found.gains()
    shown = gains.filter(pl.col("gained_usd_m_high") > 0.5)
    rows: Rows = [
        (
            escape(r["name"]),
            escape(case.about.sides.get(r["side"], r["side"])),
            f"{money(r['gained_usd_m'])} ({money_span(r['gained_usd_m_low'], r['gained_usd_m_high'])})",
            money(r["diverted_usd_m"]) if r["diverted_usd_m"] > 0 else "–",
        )
        for r in shown.head(FEW).iter_rows(named=True)
    ]
    columns = [("who gains, by the flow", False), ("side", False), ("output gained", True), ("taken from rivals", True)]
    return columns, rows, f"and {shown.height - FEW} more" if shown.height > FEW else ""


def _stops(case: Case, found: Bracket) -> tuple[list[tuple[str, bool]], Rows, str]:
    stops = found.stops()
    rows: Rows = [
        (
            escape(r["name"]),
            escape(case.about.sides.get(r["side"], r["side"])),
            *("not in the days run" if r[c] is None else str(r[c]) for c in ("stops", "earliest", "latest")),
        )
        for r in stops.head(MOST).iter_rows(named=True)
    ]
    columns = [("what stops, by the flow", False), ("side", False), ("first day", True)]
    return [*columns, ("earliest", True), ("latest", True)], rows, ""

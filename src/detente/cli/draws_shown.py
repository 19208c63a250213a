"""How the terminal shows what many drawn worlds say."""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape

from detente.cli.cost_shown import LEFT_OUT, THREE, Rows
from detente.cli.options import heading
from detente.cli.output import table
from detente.impact.uncertainty import Uncertainty
from detente.record import Case
from detente.report.numbers import FACTOR, balance_range, loss_or_gain, money, percent

FACTS, FEW = 8, 8
KINDS = {
    "assumed": "assumption", "class": "how an input binds", "law": "the law for goods of", "stock": "stock of",
    "market": "share of market", "output": "output of", "sale": "value of the sale",
}  # fmt: skip


def show_draws(out: Console, case: Case, found: Uncertainty) -> None:
    """Print quantiles by side and model, who gains how often, and which facts move the result."""
    sides, n = case.about.sides, found.n_draws
    out.print(f"[bold]{escape(heading(case, f'{found.day}, USD a year', f'{n:,} draws', f'seed {found.seed}'))}[/]")
    rows: Rows = []
    table_of = {(r["side"], r["model"]): r for r in found.by_side().iter_rows(named=True)}
    for side in (s for s in sides if s in found.sides):
        for k, model in enumerate(("optimum", "flow", "cascade")):
            r = table_of[side, model]
            said = balance_range(r["usd_m_p05"], r["usd_m_p95"]).removesuffix(" *")
            rows.append((escape(sides[side]) if k == 0 else "", model, loss_or_gain(r["usd_m_p50"]), said))
    columns = [("output lost", False), ("model", False), ("median", True), ("in 9 of 10 worlds", True)]
    out.print(table(columns, rows))
    apart = [s for s in found.sides if _apart(table_of, s)]
    if apart:
        names = " and ".join(sides.get(s, s) for s in apart)
        out.print(
            f"[dim]The models differ by more than a factor of three for {escape(names)}: no headline number is "
            "supported.[/]"
        )
    gains = found.gains().head(FEW)
    if gains.height:
        out.print()
        rows = [
            (escape(r["name"]), escape(sides.get(r["side"], r["side"])), money(r["usd_m_p50"]),
             balance_range(r["usd_m_p05"], r["usd_m_p95"]).removesuffix(" *"), percent(r["share_of_draws"]))
            for r in gains.iter_rows(named=True)
        ]  # fmt: skip
        columns = [("who gains, by the flow", False), ("side", False), ("median", True), ("in 9 of 10 worlds", True)]
        out.print(table([*columns, ("gains in", True)], rows))
    if n >= 8:
        for side in (s for s in sides if s in found.sides):
            _show_facts(out, sides[side], found.sensitivity(side, top=FACTS))
    shares = found.ordered()
    out.print(
        f"[dim]In {percent(shares['both'])} of the worlds value added lost is ordered optimum, flow, cascade. {THREE} "
        f"The optimum's figures are its low end by side. {LEFT_OUT}[/]"
    )


def _apart(rows: dict[tuple[str, str], dict[str, Any]], side: str) -> bool:
    medians: list[float] = [rows[side, m]["usd_m_p50"] for m in ("optimum", "flow", "cascade")]
    return max(medians) > 0 and (min(medians) <= 0 or max(medians) > FACTOR * min(medians))


def _show_facts(out: Console, side: str, facts: pl.DataFrame) -> None:
    clear = facts.filter("is_clear")
    out.print()
    if clear.height == 0:
        out.print(f"[dim]No single fact moves the loss of {escape(side)} clearly with so few draws.[/]")
        return
    rows = [
        (f"{KINDS[r['kind']]} {escape(r['fact'])}", f"{r['rank_correlation']:+.2f}", percent(r["share_of_variance"]))
        for r in clear.iter_rows(named=True)
    ]
    columns = [(f"what moves the loss of {escape(side)}, by the flow", False)]
    out.print(table([*columns, ("rank correlation", True), ("of its variance", True)], rows))


def draws_json(found: Uncertainty) -> dict[str, Any]:
    """The same as one JSON document."""
    facts = {} if found.n_draws < 8 else {s: found.sensitivity(s).to_dicts() for s in found.sides}
    return {
        "as_of": found.day, "draws": found.n_draws, "seed": found.seed, "settings": found.settings,
        "by_side": found.by_side().to_dicts(), "by_party": found.by_party().to_dicts(),
        "gains": found.gains().to_dicts(), "sensitivity": facts, "ordered": found.ordered(), "note": LEFT_OUT,
    }  # fmt: skip

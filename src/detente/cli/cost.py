"""``detente cost``: what the measures cost each side."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import polars as pl
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape

from detente.cli.cost_shown import LEFT_OUT, show_bracket
from detente.cli.draws_shown import draws_json, show_draws
from detente.cli.options import AsKnown, AsOf, CaseName, Json, Out, Overlays, Since, Through, heading, open_case
from detente.cli.output import console, counting, print_json, table, write_table
from detente.impact.costs import cost as run_cost
from detente.impact.executors import executor_of
from detente.impact.models import Bracket
from detente.impact.path import Path
from detente.impact.ranking import Kind
from detente.impact.ranking import rank as rank_all
from detente.impact.uncertainty import uncertainty
from detente.record import Case, DetenteError
from detente.report.numbers import balance_range, money

Model = Literal["all", "cascade", "flow", "optimum"]
MOST = 25


def cost(
    case: CaseName,
    *,
    as_of: AsOf = None,
    since: Since = None,
    through: Through = None,
    model: Annotated[Model, Parameter(help="One model's own table instead of all three side by side.")] = "all",
    rank: Annotated[Kind | None, Parameter(help="What each one alone costs each side, dearest first.")] = None,
    draws: Annotated[
        int | None, Parameter(help="Run a day's three models on so many worlds drawn from the ranges of the facts.")
    ] = None,
    seed: Annotated[int, Parameter(help="Seed of the draws.")] = 0,
    executor: Annotated[
        str | None, Parameter(help="Where draws run: threads:N, processes:N or dask://HOST:PORT. Default: here.")
    ] = None,
    as_known: AsKnown = None,
    overlay: Overlays = (),
    json: Json = False,
    output: Out = None,
) -> None:
    """What the measures cost each side once they have run through the network, by three models of it."""
    is_span = since is not None or through is not None
    if as_of is not None and is_span:
        raise DetenteError("--as-of asks about one day, --since and --through about a span; give one or the other.")
    if rank is not None and (is_span or model != "all"):
        raise DetenteError(
            "--rank is about one day and one model, the cascade: leave --since, --through and --model out."
        )
    if draws is not None and (is_span or model != "all" or rank is not None):
        raise DetenteError("--draws is about one day and all models: leave --since, --through, --model and --rank out.")
    if executor is not None and draws is None:
        raise DetenteError("--executor says where draws run: give --draws N as well.")
    loaded = open_case(case, as_known, overlay)
    about = {"case": loaded.name, "overlays": loaded.overlays, "record": loaded.digest}
    if rank is not None:
        _show_rank(loaded, as_of, rank, about, json, output)
        return
    if draws is not None:
        with executor_of(executor) as pool, counting("Drawing worlds") as count:
            drawn = uncertainty(loaded, as_of, draws=draws, seed=seed, executor=pool, progress=count)
        if output is not None:
            write_table(drawn.frame(), output)
        if json:
            print_json({**about, **draws_json(drawn)})
        elif output is None:
            show_draws(console(), loaded, drawn)
        return
    with counting("Running the network") as count:
        found = run_cost(loaded, as_of, since=since, through=through, progress=count)
    if output is not None:
        write_table(_file(found, model), output)
    if json:
        print_json(
            {**about, **(_json(found) if model == "all" else {"model": model, "rows": _file(found, model).to_dicts()})}
        )
    elif output is None:
        out = console()
        if model == "all":
            show_bracket(out, loaded, found)
        else:
            _show_model(out, loaded, found, model)


def _file(found: Bracket, model: Model) -> pl.DataFrame:
    """What a file holds: by unit for a day, by day and side for a span; or one model's own table."""
    if model == "cascade":
        cascade = found.cascade
        return cascade.frame() if isinstance(cascade, Path) else cascade.units
    if model == "flow":
        return found.flow.by_unit() if found.at_rest else found.flow.by_day()
    if model == "optimum":
        parts = (
            s.optimum.groups.select(pl.lit(s.since).alias("since"), pl.lit(s.through).alias("through"), pl.all())
            for s in found.stretches
        )  # fmt: skip
        return pl.concat(parts)
    return found.by_unit() if found.at_rest else found.by_day()


def _json(found: Bracket) -> dict[str, Any]:
    sides = {of: found.by_side(of).to_dicts() for of in ("output", "value_added", "sales")}
    more = {} if found.at_rest else {"by_day": found.by_day().to_dicts()}
    return {
        "since": found.since, "through": found.through, "at_rest": found.at_rest, "amounts": found.amounts,
        "settings": found.settings, "by_side": sides, "by_party": found.by_party().to_dicts(),
        "units": found.by_unit().to_dicts(), "gains": found.gains().to_dicts(), "stops": found.stops().to_dicts(),
        "waterfall": found.waterfall().to_dicts(), **more, "note": LEFT_OUT,
    }  # fmt: skip


def _show_model(out: Console, case: Case, found: Bracket, model: Model) -> None:
    """One model's losses by side and, for a day, its parties."""
    sides = found.by_side()
    parties = found.by_party().sort(f"{model}_usd_m_high", descending=True, nulls_last=True)
    unit = f"output lost, {found.amounts.replace('USD m', 'USD')}"
    out.print(f"[bold]{escape(heading(case, unit, model))}[/]")
    for frame, name in ((sides, "side"), (parties.head(MOST), "party_name")):
        rows = [
            (
                escape(case.about.sides.get(r[name], r[name])),
                money(r["output_usd_m"]),
                money(r[f"{model}_usd_m"]) if model != "optimum" else "a range only",
                balance_range(r[f"{model}_usd_m_low"], r[f"{model}_usd_m_high"]),
            )
            for r in frame.iter_rows(named=True)
        ]
        columns = [(name.removesuffix("_name"), False), ("output", True), ("figure", True), ("range", True)]
        out.print(table(columns, rows))
        out.print()
    out.print(f"[dim]{LEFT_OUT}[/]")


def _show_rank(case: Case, as_of: str | None, kind: Kind, about: dict[str, Any], json: bool, output: Any) -> None:
    with counting(f"Ranking every {kind}"):
        frame = rank_all(case, as_of, kind)
    if output is not None:
        write_table(frame, output)
    if json:
        print_json({**about, "kind": kind, "rows": frame.to_dicts()})
    elif output is None:
        show_rank(console(), case, frame, kind)


def show_rank(out: Console, case: Case, frame: pl.DataFrame, kind: str) -> None:
    """Print the dearest of a ranking, a table for each world it is measured against."""
    sides = case.about.sides
    for (against,), group in frame.group_by("against", maintain_order=True):
        rows: list[tuple[str, ...]] = []
        for (_,), one in group.group_by("rank", maintain_order=True):
            by = {r["side"]: r for r in one.iter_rows(named=True)}
            first = next(iter(by.values()))
            if len(rows) == MOST or all(r["loss_usd_m_high"] == 0 == r["loss_usd_m_low"] for r in by.values()):
                continue
            cells = [balance_range(by[s]["loss_usd_m_low"], by[s]["loss_usd_m_high"]) if s in by else "" for s in sides]
            rows.append((str(first["rank"]), escape(first["name"]), *cells))
        columns = [("", True), (f"{kind}, against {against}", False), *((escape(v), True) for v in sides.values())]
        out.print(table(columns, rows))
        out.print()
    out.print("[dim]Output lost, USD a year, by the cascade: nobody adapts. Each one alone; they do not add up.[/]")

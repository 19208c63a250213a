"""``detente owners``: whom listed parties own."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from cyclopts import Parameter
from rich.markup import escape
from rich.tree import Tree

from detente.cli.options import AsKnown, AsOf, CaseName, Json, Out, Overlays, day_of, heading, open_case
from detente.cli.output import NOT_ADVICE, console, print_json, table, write_table
from detente.decide.owners import owners as decide_owners
from detente.decide.owners import proof
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason
from detente.record import Case

_SIGN = {TRUE: "[red]yes[/]", FALSE: "[green]no [/]", UNKNOWN: "[magenta] ? [/]"}
_COLOUR = {"yes": "red", "possible": "magenta", "no": "green"}


def owners(
    case: CaseName,
    party: Annotated[str | None, Parameter(help="Only this party, with the proof: its id in parties.csv.")] = None,
    *,
    as_of: AsOf = None,
    as_known: AsKnown = None,
    overlay: Overlays = (),
    json: Json = False,
    output: Out = None,
) -> None:
    """Whom listed parties own on a day, by each rule on ownership."""
    loaded = open_case(case, as_known, overlay)
    day = day_of(loaded, as_of)
    trees = proof(loaded, party, day) if party is not None else ()
    frame = decide_owners(loaded, day)
    if party is not None:
        frame = frame.filter(pl.col("party") == party)
    if output is not None:
        write_table(frame, output)
    if json:
        print_json({"case": loaded.name, "as_of": day, "record": loaded.digest, "note": NOT_ADVICE,
                    "owned": frame.to_dicts(), "proof": [_node(t) for t in trees]})  # fmt: skip
    elif output is None:
        _show(loaded, frame, trees, str(day))


def _show(case: Case, frame: pl.DataFrame, trees: tuple[Reason, ...], day: str) -> None:
    out = console()
    out.print(f"[bold]{escape(heading(case, day))}[/]")
    if not any(m.ownership_rules for m in case.measures):
        out.print("No measure of the case sets a rule on ownership.")
    rows = [
        (
            escape(r["rule"]) + ("" if r["in_force"] == "yes" else f" [dim](in force: {r['in_force']})[/]"),
            escape(r["name"]), f"[{_COLOUR[r['owned']]}]{r['owned']}[/]", _range(r["counted_low"], r["counted_high"]),
            r["line"], f"{r['look_through']:.1%}", escape(", ".join(r["owners"])),
        )
        for r in frame.iter_rows(named=True)
    ]  # fmt: skip
    if rows:
        heads = (("rule", False), ("party", False), ("owned", False), ("counts", True), ("line", True),
                 ("look-through", True), ("listed owners", False))  # fmt: skip
        out.print(
            table(heads, rows, "look-through: shares multiplied along the chain; information only, no rule asks it")
        )
    for reason in trees:
        tree = Tree(_line(reason), guide_style="dim")
        _grow(tree, reason)
        out.print(tree)
    out.print(f"[dim]{NOT_ADVICE}[/]")


def _grow(tree: Tree, reason: Reason) -> None:
    for child in reason.children:
        _grow(tree.add(_line(child)), child)


def _line(reason: Reason) -> str:
    at = ", ".join((*(f"{f.file} row {f.row}" for f in reason.facts), *(f"source {s}" for s in reason.sources)))
    return f"{_SIGN[reason.truth]} {escape(reason.text)}" + (f" [dim]\\[{escape(at)}][/]" if at else "")


def _range(low: float, high: float) -> str:
    """Fractions as percentages, with the digits they have."""
    ends = [f"{100 * x:.4f}".rstrip("0").rstrip(".") for x in (low, high)]
    return f"{ends[0]} %" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]} %"


def _node(r: Reason) -> dict[str, object]:
    return {"text": r.text, "truth": r.truth.name.lower(), "facts": [str(f) for f in r.facts],
            "sources": list(r.sources), "because": [_node(c) for c in r.children]}  # fmt: skip

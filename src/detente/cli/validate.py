"""``detente validate``: every fault at once, then the worked decisions."""

from __future__ import annotations

import sys

from rich.markup import escape

from detente.cli.options import AsKnown, CaseName, Json, Overlays, open_case
from detente.cli.output import console, print_json, table
from detente.decide.unused import unused
from detente.decide.worked import try_decisions
from detente.record import RecordError
from detente.record.checks import account_totals
from detente.report.numbers import amount


def validate(case: CaseName, *, as_known: AsKnown = None, overlay: Overlays = (), json: Json = False) -> None:
    """Read a case, show every fault at once, and run its worked decisions."""
    try:
        loaded = open_case(case, as_known, overlay)
    except RecordError as error:
        if not json:
            raise
        fields = ("file", "row", "column", "got", "expected", "hint")
        print_json({"ok": False, "problems": [{f: getattr(p, f) for f in fields} for p in error.problems]})
        sys.exit(1)
    tried = try_decisions(loaded)
    wrong = tried.misses
    n = len(loaded.decisions)
    if json:
        failed = [{"decision": w.id, "expected": w.expected, "got": w.got} for w in wrong]
        print_json(
            {"ok": not wrong, "record": loaded.digest, "decisions": n, "failed": failed, "untried": list(tried.untried)}
        )
        sys.exit(1 if wrong else 0)
    out = console()
    rows = {t: f.height for t, f in loaded.tables.items() if f.height}
    out.print(f"{escape(repr(loaded))[1:-1]}")
    out.print("  " + (", ".join(f"{k} {v:,}" for k, v in rows.items()) or "no rows yet"))
    for line in unused(loaded):
        out.print(f"[yellow]Mind:[/] {escape(line)}")
    if n and tried.untried:
        out.print(f"[yellow]Mind:[/] no worked decision rests on {escape(', '.join(tried.untried))}")
    totals = account_totals(loaded.tables)
    if totals:
        lines = [
            (escape(r["about"]), amount(r["reported_usd_m"]), amount(totals[r["id"]]),
             amount(round(totals[r["id"]] - r["reported_usd_m"], 6)))
            for r in loaded["accounts"].iter_rows(named=True)
        ]  # fmt: skip
        columns = (("account, USD m a year", False), ("reported", True), ("modelled", True), ("difference", True))
        out.print(table(columns, lines))
    for w in wrong:
        out.print(f"[red]{escape(w.id)}[/]: expected {escape(w.expected)}; got {escape(w.got)}")
    out.print(f"[{'red' if wrong else 'green'}]{n - len(wrong)} of {n} worked decisions come out as written.[/]")
    sys.exit(1 if wrong else 0)

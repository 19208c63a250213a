"""``detente explain``: one verdict with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from detente.cli.options import AsKnown, AsOf, CaseName, Json, Overlays, day_of, heading, open_case
from detente.cli.output import MARKS, NOT_ADVICE, console, print_json
from detente.decide import Verdict, find_sales, verdict
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason
from detente.record import Case, DetenteError

MOST = 12
_SIGN = {TRUE: "[red]yes[/]", FALSE: "[green]no [/]", UNKNOWN: "[magenta] ? [/]"}


def explain(
    case: CaseName,
    sale: Annotated[str, Parameter(help='Id of a link or an order, or "SELLER to BUYER".')],
    *,
    as_of: AsOf = None,
    as_known: AsKnown = None,
    overlay: Overlays = (),
    all: Annotated[bool, Parameter(negative="", help="Show every condition of every rule.")] = False,
    json: Json = False,
) -> None:
    """Why a sale may or may not go ahead on a day."""
    loaded = open_case(case, as_known, overlay)
    day = day_of(loaded, as_of)
    ids = find_sales(loaded, sale)
    if len(ids) > MOST:
        raise DetenteError(f"{len(ids)} sales fit {sale!r}; name one of them: {', '.join(ids[:MOST])} …")
    verdicts = [verdict(loaded, i, day) for i in ids]
    if json:
        print_json([record(v) for v in verdicts])
        return
    out = console()
    for v in verdicts:
        show(out, loaded, v, everything=all)


def record(v: Verdict) -> dict[str, Any]:
    """A verdict as a decision record: the answer, what it was decided on, and the tree of reasons."""
    return {
        "sale": v.sale, "as_of": v.as_of, "as_known": v.as_known, "record": v.record, "outcome": v.outcome,
        "state": v.state, "allowed": v.share, "allowed_low": v.share_low, "allowed_high": v.share_high,
        "headline": v.headline, "review": v.review, "limbs": v.limbs, "authorisations": v.authorisations,
        "licences": v.licences, "needs": v.needs, "duties": v.duties, "notes": v.notes, "reasons": _node(v.reason),
        "note": NOT_ADVICE,
    }  # fmt: skip


def _node(r: Reason) -> dict[str, Any]:
    node: dict[str, Any] = {"text": r.text, "truth": r.truth.name.lower()}
    if r.facts:
        node["facts"] = [{"table": f.table, "id": f.id, "file": f.file, "row": f.row} for f in r.facts]
    if r.sources:
        node["sources"] = list(dict.fromkeys(r.sources))
    if r.children:
        node["because"] = [_node(c) for c in r.children]
    return node


def show(out: Console, case: Case, v: Verdict, *, everything: bool = False) -> None:
    """Print a verdict: the answer, the rules that decide it, the facts and the citations."""
    out.print(f"[bold]{escape(v.sale)}[/]  [dim]{escape(heading(case, str(v.as_of)))}[/]")
    out.print(f"[{MARKS[v.state]}]{escape(v.headline)}[/] [dim]({v.outcome.replace('_', ' ')})[/]")
    if v.review:
        out.print(f"An application is looked at with: {v.review.replace('_', ' ')}.")
    for title, lines in (("On condition of", v.duties), ("Facts still needed", v.needs), ("Mind", v.notes)):
        for line in lines:
            out.print(f"[yellow]{title}:[/] {escape(line)}")
    tree = Tree("[dim]Is it held? each rule in turn[/]", guide_style="dim")
    used: list[Reason] = []
    quiet = 0
    for branch in v.reason.children:
        if everything or branch.truth is not FALSE or _close(branch):
            _grow(tree, branch, used, everything)
        else:
            quiet += 1
    if quiet:
        tree.add(
            f"[dim]{quiet} other rule{'s do' if quiet > 1 else ' does'} not concern the sale (--all shows them)[/]"
        )
    out.print(tree)
    _cite(out, case, used)
    out.print(f"[dim]{NOT_ADVICE}[/]\n")


def _close(branch: Reason) -> bool:
    """Whether a rule that does not hold the sale is worth a line: it is in force and something of it holds."""
    leaves = list(branch.leaves())
    in_force = any(x.text.startswith("in force on") and x.truth is TRUE for x in leaves)
    return in_force and sum(x.truth is not FALSE for x in leaves) > 1


def _grow(tree: Tree, reason: Reason, used: list[Reason], everything: bool) -> None:
    used.append(reason)
    node = tree.add(f"{_SIGN[reason.truth]} {escape(reason.text)}{_places(reason)}")
    children = reason.children
    if not everything and reason.truth is FALSE and len(children) > 1:
        decisive = [c for c in children if c.truth is FALSE]
        children = tuple(decisive[:3]) if decisive else children[:3]
    for child in children:
        _grow(node, child, used, everything)


def _places(reason: Reason) -> str:
    rows = [f"{f.file} row {f.row}" for f in reason.facts]
    cited = list(dict.fromkeys(reason.sources))
    said = ", ".join(rows + [f"source {s}" for s in cited]) if not reason.children else ""
    return f" [dim]\\[{escape(said)}][/]" if said else ""


def _cite(out: Console, case: Case, used: list[Reason]) -> None:
    """The sources of the steps shown, with the place in the law or the page."""
    ids = dict.fromkeys(s for r in used for s in r.sources)
    rows: Mapping[str, Any] = {r["id"]: r for r in case["sources"].iter_rows(named=True)}
    if ids:
        out.print("[bold]Sources[/]")
    for s in ids:
        r = rows[s]
        parts = [
            r["title"],
            r["locator"],
            r["publisher"],
            str(r["published"] or ""),
            r["rank"].replace("_", " "),
            r["url"],
        ]
        out.print(f"  [dim]{escape(s)}[/]  " + escape(", ".join(str(p) for p in parts if p)))

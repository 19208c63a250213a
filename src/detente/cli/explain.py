"""``detente explain``: one verdict with its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import polars as pl
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
    out.print(f"[bold]{escape(v.sale)}[/]  {_parties(case, v.sale)}")
    out.print(f"[dim]{escape(heading(case, str(v.as_of)))}[/]")
    out.print(f"[{MARKS[v.state]}]{escape(v.headline)}[/] [dim]({v.outcome.replace('_', ' ')})[/]")
    if v.review:
        out.print(f"An application is looked at with: {v.review.replace('_', ' ')}.")
    for title, lines in (("On condition of", v.duties), ("Facts still needed", v.needs), ("Mind", v.notes)):
        for line in lines:
            out.print(f"[yellow]{title}:[/] {escape(line)}")
    rules = [b for b in v.reason.children if " holds the sale" in b.text or b.text.startswith("forbids complying")]
    used: list[Reason] = []
    tree = Tree("Is it held? Rule by rule:", guide_style="dim")
    for branch in v.reason.children if everything else rules:
        if everything or branch.truth is not FALSE or _is_close(branch):
            _grow(tree, branch, used, everything)
    quiet = 0 if everything else len(rules) - len(tree.children)
    if quiet:
        tree.add(f"[dim]{quiet} other rule{'s are' if quiet > 1 else ' is'} not in force or of no concern (--all)[/]")
    out.print(tree)
    _cite(out, case, used)
    out.print(f"[dim]{NOT_ADVICE}[/]\n")


def _parties(case: Case, sale: str) -> str:
    """Who sells what to whom, in names."""
    order = case["orders"].filter(pl.col("id") == sale)
    link = case["links"].filter(pl.col("id") == (order["link"].item() if order.height else sale)).row(0, named=True)
    names = dict(case["units"].select("id", "name").iter_rows())
    return escape(f"{names[link['seller']]} to {names[link['buyer']]}")


def _is_close(branch: Reason) -> bool:
    """Whether a rule that does not hold the sale is worth a line: it is in force and something of it holds."""
    leaves = list(branch.leaves())
    in_force = any(x.text.startswith("in force on") and x.truth is TRUE for x in leaves)
    return in_force and sum(x.truth is not FALSE for x in leaves) > 1


def _grow(tree: Tree, reason: Reason, used: list[Reason], everything: bool) -> None:
    """Add a step; one that is false is put in a line with what makes it so."""
    children = reason.children
    if not everything and reason.truth is FALSE and children:
        turned = reason.text.startswith(("not overcome: ", "not saved: "))
        overcome = " holds the sale" in reason.text and children[0].truth is not FALSE
        saved = " holds the sale" in reason.text and any(c.text.startswith("saved: ") for c in children)
        if turned:  # a negation that fails is said the right way round, with what holds below it
            right = Reason(reason.text.removeprefix("not "), TRUE, reason.facts, reason.sources)
            used.append(right)
            node = tree.add(f"[green]yes[/] {escape(right.text)}{_places(right)}")
            for child in children:
                if child.truth is TRUE:
                    _grow(node, child, used, everything)
            return
        if saved:
            reason, children = children[0], children[0].children
        elif not overcome and any(c.truth is FALSE for c in children):
            why = list(_decisive(reason))
            used += why
            name = reason.text.removesuffix(" holds the sale").partition(": ")[0]
            said = "; ".join(r.text for r in why[:2])
            tree.add(f"{_SIGN[FALSE]} {escape(name)}: {escape(said)}{_places(why[0])}")
            return
    used.append(reason)
    node = tree.add(f"{_SIGN[reason.truth]} {escape(reason.text)}{_places(reason)}")
    for child in children:
        _grow(node, child, used, everything)


def _decisive(reason: Reason) -> Iterator[Reason]:
    """The leaves that make a false step false: its first false condition, or all where all are."""
    false = [c for c in reason.children if c.truth is FALSE]
    if not false:
        yield reason
    elif all(c.truth is FALSE for c in reason.children):
        for c in false:
            yield from _decisive(c)
    else:
        yield from _decisive(false[0])


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

"""``detente explain``: one verdict with its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from detente.cli.options import AsKnown, AsOf, CaseName, Json, Orders, Overlays, day_of, heading, open_case
from detente.cli.output import MARKS, NOT_ADVICE, console, counting, errors, print_json
from detente.decide import Verdict, find_sales, order_book, verdict
from detente.decide.decision import decision, ways_out
from detente.decide.facts import facts_of
from detente.decide.limbs import SAVED, SAVING
from detente.decide.rules import AGAINST, OVERCOME, RULE
from detente.decide.sale import Sale, get_sale
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason
from detente.record import Case, DetenteError
from detente.report.decision_page import write_decisions

MOST = 12  # verdicts printed at once
CLOSE = 6  # rules shown that nearly apply
_SIGN = {TRUE: "[red]yes[/]", FALSE: "[green]no [/]", UNKNOWN: "[magenta] ? [/]"}


def explain(
    case: CaseName,
    sale: Annotated[str, Parameter(help='The id of a link or order line, or "SELLER to BUYER" (add ": ITEM").')],
    *,
    as_of: AsOf = None,
    as_known: AsKnown = None,
    overlay: Overlays = (),
    orders: Orders = None,
    all: Annotated[bool, Parameter(negative="", help="Show every condition of every rule.")] = False,
    json: Json = False,
    output: Annotated[Path | None, Parameter(name=["-o", "--output"], help="Write a page to an .html file.")] = None,
) -> None:
    """Why a sale may or may not go ahead on a day."""
    if output is not None and output.suffix != ".html":
        raise DetenteError(f"-o {output}: reasons are written as a page; choose a name that ends in .html.")
    loaded = open_case(case, as_known, overlay)
    day = day_of(loaded, as_of)
    book = None
    if orders is not None or sale in set(loaded["orders"]["id"]):
        with counting("Deciding the order book"):
            book = order_book(loaded, day, orders)
    ids = (sale,) if book is not None else find_sales(loaded, sale)
    if len(ids) > MOST:
        raise DetenteError(f"{len(ids)} sales fit {sale!r}; name one of them: {', '.join(ids[:MOST])} …")
    verdicts = tuple(verdict(loaded, i, day) if book is None else book.verdict(i) for i in ids)
    facts = facts_of(loaded)
    sales = tuple(get_sale(loaded, facts, i) if book is None else book.sale(i) for i in ids)
    if output is not None:
        write_decisions(loaded, verdicts, sales, output)
        errors().print(f"Wrote {escape(str(output))}.")
    if json:
        print_json([decision(loaded, v, s) for v, s in zip(verdicts, sales, strict=True)])
    elif output is None:
        for v, s in zip(verdicts, sales, strict=True):
            show(console(), loaded, v, _between(loaded, s), everything=all)


def _between(case: Case, sale: Sale) -> str:
    """Who sells what to whom, in names: of the units where it is a sale between units."""
    names = dict(case["parties"].select("id", "name").iter_rows()) | dict(
        case["units"].select("id", "name").iter_rows()
    )
    return f"{names[sale.seller_unit or sale.seller]} to {names[sale.buyer_unit or sale.buyer]}"


def show(out: Console, case: Case, v: Verdict, between: str, *, everything: bool = False) -> None:
    """Print a verdict: the answer, the rules that decide it, the facts and the citations."""
    out.print(f"[bold]{escape(v.sale)}[/]  {escape(between)}")
    out.print(f"[dim]{escape(heading(case, str(v.as_of)))}[/]")
    out.print(f"[{MARKS[v.state]}]{escape(v.headline)}[/] [dim]({v.outcome.replace('_', ' ')})[/]")
    if v.review:
        out.print(f"An application is looked at with: {v.review.replace('_', ' ')}.")
    for licence, line in v.draws:
        out.print(f"Draws on licence {escape(licence)}, line {line}.")
    ways = ways_out(v)
    lists = (v.duties, v.needs, ways, v.notes)
    for title, notes in zip(("On condition of", "Facts still needed", "Released by", "Mind"), lists, strict=True):
        for note in notes:
            out.print(f"[yellow]{title}:[/] {escape(note)}")
        if title == "Released by" and len({way.split(": ")[0] for way in ways}) > 1:
            out.print("[dim]Every rule named has to be met; of the ways named for one rule, any will do.[/]")
    rules = [b for b in v.reason.children if b.role in {RULE, AGAINST}]
    used: list[Reason] = []
    tree = Tree("Is it held? Rule by rule:", guide_style="dim")
    close = sorted((b for b in rules if b.truth is FALSE and _is_close(b)), key=_distance)[:CLOSE]
    shown = v.reason.children if everything else [b for b in rules if b.truth is not FALSE or b in close]
    for branch in sorted(shown, key=lambda b: -b.truth):
        _grow(tree, branch, used, everything)
    quiet = 0 if everything else len(rules) - len(tree.children)
    if quiet:
        tree.add(f"[dim]{quiet} other rule{'s' if quiet > 1 else ''} left out: not in force, or further off (--all)[/]")
    out.print(tree)
    _cite(out, case, used)
    out.print(f"[dim]{NOT_ADVICE}[/]\n")


def _is_close(branch: Reason) -> bool:
    """Whether a rule that does not hold the sale is worth a line: it is in force and something of it holds."""
    leaves = list(branch.leaves())
    in_force = any(x.text.startswith("in force on") and x.truth is TRUE for x in leaves)
    return in_force and sum(x.truth is not FALSE for x in leaves) > 1


def _distance(branch: Reason) -> int:
    """How many conditions of a rule fail: a rule that was lifted, covered or saved fails none."""
    return sum(c.truth is FALSE for c in branch.children[0].children)


def _grow(tree: Tree, reason: Reason, used: list[Reason], everything: bool) -> None:
    """Add a step; one that is false is put in a line with what makes it so."""
    children = reason.children
    if not everything and reason.truth is FALSE and children:
        turned = reason.role in {OVERCOME, SAVING}
        overcome = reason.role == RULE and children[0].truth is not FALSE
        saved = reason.role == RULE and any(c.role == SAVED for c in children)
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

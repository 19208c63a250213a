"""How the terminal shows which packages would leave whom better off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape

from detente.cli.options import heading
from detente.cli.output import NOT_ADVICE, table
from detente.relief.answer import STATUS_QUO, Relief
from detente.relief.attribution import Attribution
from detente.relief.frames import dangerous, rates
from detente.report.answers import headline
from detente.report.gains import agree, signed, signed_span, span_of
from detente.report.numbers import money, money_span, percent, two
from detente.report.relief_words import promises
from detente.report.words import shorten

Cells = tuple[str, ...]
SETS, LINES, FACTS, TITLE = 8, 6, 4, 44
STAR = "* models differ by more than a factor of three: no headline number is supported. "
CHANCES = (
    "win-win: share of the drawn worlds in which no side is worse off; picked: in which it is the Nash package of "
    "these."
)
HOW = (
    "Gains are {of} that is lost today and would not be, USD a year with the law of the day taken to last: the "
    "flow's figure, and the range over the three models{drawn}. No weights: what a capability is "
    "worth is the reader's to say."
)


def show_relief(out: Console, found: Relief) -> None:
    """Print the answer: one sentence, packages, refusals, points, prices, dangers, shares, and what would flip it."""
    about = found.case.about
    out.print(f"[bold]{escape(heading(found.case, str(found.day), 'what a package would buy'))}[/]")
    out.print(escape(headline(found)))
    out.print()
    _packages(out, found)
    _alone(out, found)
    _caps(out, found)
    _rates(out, found)
    _dangers(out, found)
    _bundling(out, found)
    _attribution(out, found)
    _changes(out, found)
    _ladder(out, found)
    _flips(out, found)
    drawn = f" and nine in ten of {found.settings['draws']} drawn worlds" if found.under_draws is not None else ""
    out.print(f"[dim]{HOW.format(drawn=drawn, of=str(found.objectives.of).replace('_', ' '))}[/]")
    out.print(f"[dim]{_how_found(found)} {NOT_ADVICE}[/]")
    if len(about.sides) > len(found.sides):
        out.print("[dim]Sides without a unit are left out.[/]")


def _print(out: Console, columns: Sequence[tuple[str, bool]], rows: Sequence[Cells], note: str = "") -> None:
    if rows:
        out.print(table(columns, rows))
        if note:
            out.print(f"[dim]{escape(note)}[/]")
        out.print()


def _sides(found: Relief) -> list[tuple[str, bool]]:
    return [(escape(found.case.about.sides[s]), True) for s in found.sides]


def _packages(out: Console, found: Relief) -> None:
    """What each package buys, then what it is."""
    titles = {p.id: p.title for p in found.proposed}
    drawn = found.under_draws is not None
    rows: list[Cells] = []
    frame = found.packages()
    for r in frame.iter_rows(named=True):
        if STATUS_QUO in r["why"]:
            rows.append(("0", *["0"] * len(found.sides), *(["", ""] if drawn else [])))
            continue
        gains = [
            f"{signed(r[f'gain_usd_m_{s}_flow'])}{'' if agree(r, s) else ' *'}\n{signed_span(*span_of(r, s))}"
            for s in found.sides
        ]
        rows.append((str(r["package"]), *gains, *([percent(r["p_win_win"]), percent(r["selected"])] if drawn else [])))
    columns = [("package", True), *_sides(found), *([("win-win", True), ("picked", True)] if drawn else [])]
    _print(out, columns, rows, ("" if frame["is_supported"].all() else STAR) + (CHANCES if drawn else ""))
    for r in frame.iter_rows(named=True):
        kept = ", ".join(f"{k} {percent(r[f'capability_{k}'])}" for k in found.capabilities)
        names = "; ".join(titles[p] for p in r["proposals"])
        why = "; ".join(r["why"])
        most = f"At most {kept}. " if kept else ""
        out.print(f"[bold]{r['package']} {escape(why[:1].upper() + why[1:])}.[/] {escape(most)}[dim]{escape(names)}[/]")
    if said := promises(found, str):
        out.print(escape(said))
    out.print()


def _alone(out: Console, found: Relief) -> None:
    """Proposals by themselves, and those that the law refuses."""
    rows: list[Cells] = []
    refused: list[Cells] = []
    for side in found.case.about.sides:
        for r in (r for r in found.proposals().iter_rows(named=True) if r["side"] == side):
            if not r["is_admissible"]:
                refused.append((escape(r["title"]), escape(r["because"])))
                continue
            added = ", ".join(
                f"{k} +{percent(r[f'capability_{k}_added'])}" for k in found.capabilities
                if r[f"capability_{k}_added"] >= 0.0005
            )  # fmt: skip
            rows.append((escape(shorten(r["title"], TITLE)), *(_gain(r, s) for s in found.sides), escape(added) or "–"))
    _print(
        out, [("a proposal alone", False), *_sides(found), ("adds to", False)], rows,
        f"by the search's model ({found.model}; a range where only it moves); effects alone do not add up",
    )  # fmt: skip
    _print(out, [("refused by the law", False), ("why", False)], refused)


def _gain(row: dict[str, Any], side: str) -> str:
    value, low, high = (row[f"gain_usd_m_{side}{end}"] for end in ("", "_low", "_high"))
    return signed_span(low, high) if signed(value) == "0" else signed(value)


def _caps(out: Console, found: Relief) -> None:
    """The Nash package under each cap; caps that pick the same one share a line."""
    rows: list[tuple[str, float, float, int | None, bool, tuple[str, ...]]] = []
    for (kind, cap), group in found.caps.group_by("capability", "cap", maintain_order=True):
        picks = group["package"].to_list()
        nash = group.row(0, named=True)
        at, alike = nash["package"], len(set(picks)) == 1
        gains = tuple("–" if (g := nash[f"gain_usd_m_{s}"]) is None else signed(g) for s in found.sides)
        if rows and rows[-1][0] == kind and rows[-1][3:5] == (at, alike):
            rows[-1] = (*rows[-1][:2], float(str(cap)), at, alike, gains)
        else:
            rows.append((str(kind), float(str(cap)), float(str(cap)), at, alike, gains))
    shown: list[Cells] = []
    for kind, low, high, at, alike, gains in rows:
        package = "none" if at is None else f"{_n_proposals(len(found.frontier.members(at)))}{'' if alike else ' ²'}"
        span = percent(low) if low == high else f"{percent(low)} to {percent(high)}"
        shown.append((escape(kind), span, package, *gains))
    _print(
        out, [("capability", False), ("at most", True), ("Nash package", False), *_sides(found)], shown,
        "" if all(r[4] for r in rows) else
        "² the Kalai-Smorodinsky or the egalitarian point is another package (--json or -o has them)",
    )  # fmt: skip


def _n_proposals(n: int) -> str:
    return f"{n} proposal{'' if n == 1 else 's'}"


def _rates(out: Console, found: Relief) -> None:
    frame = rates(found)
    rows: list[Cells] = []
    for r in [] if frame is None else frame.filter("ever_best").iter_rows(named=True):
        low, high = r["best_from_usd_m"], r["best_below_usd_m"]
        price = _price(low / 100, None if high is None else high / 100)
        n = len(r["proposals"] or ())
        rows.append((escape(r["kind"]), price, _n_proposals(n) if n else STATUS_QUO, signed(r["joint_gain_usd_m"]),
                     percent(r["capability"])))  # fmt: skip
    columns = [("capability", False), ("worth a year, a hundredth", True), ("best package", False)]
    _print(
        out, [*columns, ("joint gain", True), ("capability", True)], _fewer(rows),
        "exchange rates: who holds a hundredth of the capability to be worth so much would pick this package",
    )  # fmt: skip


def _price(low: float, high: float | None) -> str:
    if high is None:
        return f"above {money(low)}"
    if money(low) == money(high):
        return f"about {money(low)}"
    return f"up to {money(high)}" if low <= 0 else f"USD {money_span(low, high)}"


def _fewer(rows: list[Cells]) -> list[Cells]:
    """At most some lines a capability: the ends, and some between."""
    kept: list[Cells] = []
    for kind in dict.fromkeys(r[0] for r in rows):
        mine = [r for r in rows if r[0] == kind]
        step = max(1, -(-len(mine) // LINES))
        kept += [r for k, r in enumerate(mine) if k % step == 0 or k == len(mine) - 1]
    return kept


def _dangers(out: Console, found: Relief) -> None:
    titles = {p.id: p.title for p in found.proposed}
    frame = dangerous(found)
    rows: list[Cells] = []
    of = {p.id: p.of for p in found.proposed}
    once = pl.Series("of", [";".join(sorted(of[p] for p in s)) for s in frame["proposals"].to_list()], dtype=pl.String)
    frame = frame.with_columns(once).unique(("capability", "of"), keep="first", maintain_order=True)
    for (name,), group in frame.group_by("capability", maintain_order=True):
        kind = str(name)
        for r in group.head(SETS).iter_rows(named=True):
            names = " and ".join(escape(titles.get(p, p)) for p in r["proposals"])
            rows.append((escape(kind), percent(r["cap"]), "alone" if r["size"] == 1 else "together", names))
        if group.height > SETS:
            rows.append(("", "", "", f"and {group.height - SETS} more sets (--json or -o has all)"))
    columns = [("lifts", False), ("above", True), ("", False), ("proposals that do, none of them to spare", False)]
    _print(out, columns, rows)
    known = found.appearance
    for column, word in (("always", "In every package that hurts no side"), ("never", "In none of them")):
        which = known.filter(pl.col(column).fill_null(value=False))["proposal"].to_list()
        if which:
            out.print(f"[dim]{word}: {escape(', '.join(sorted(which)))}.[/]")
    if known.height:
        out.print()


def _bundling(out: Console, found: Relief) -> None:
    if found.bundling is None:
        return
    sides = found.case.about.sides
    rows: list[Cells] = [
        (
            escape(sides.get(r["who"], "together" if r["who"] == "together" else r["who"])),
            str(r["n_proposals"]), str(r["n_packages"]), signed(r["joint_gain_usd_m"]),
            *("–" if (g := r.get(f"gain_usd_m_{s}")) is None else signed(g) for s in found.sides),
        )
        for r in found.bundling.iter_rows(named=True)
    ]  # fmt: skip
    columns = [("proposals of", False), ("proposals", True), ("packages", True), ("joint gain", True)]
    _print(
        out, [*columns, *_sides(found)], rows,
        "packages: those found that hurt no side; joint gain: the most in one of them; by side: in the Nash package",
    )  # fmt: skip


def _attribution(out: Console, found: Relief) -> None:
    titles = {m.id: m.title for m in found.case.measures}
    measures = found.measures
    if measures is None:
        return
    rows: list[Cells] = []
    for k, name in enumerate(measures.names):
        cells = [_share(measures, k, s) for s in range(len(found.measure_sides))]
        rows.append((escape(titles.get(name, name)), *cells))
    regimes = found.regimes
    if regimes is not None and regimes.union is not None and len(set(regimes.union)) > 1:
        for union in dict.fromkeys(regimes.union):
            at = [k for k, u in enumerate(regimes.union) if u == union]
            total = regimes.share[at].sum(axis=0)
            rows.append((f"all of {escape(union)} (Owen)", *(signed(-float(x)) for x in total)))
    sides = [(escape(found.case.about.sides[s]), True) for s in found.measure_sides]
    _print(
        out, [("share of the loss, by measure (Shapley)", False), *sides], rows,
        "by the cascade: nobody adapts; shares sum to the whole loss, effects of one measure alone do not",
    )  # fmt: skip


def _share(shared: Attribution, k: int, s: int) -> str:
    value, total = float(shared.share[k, s]), float(shared.total[s])
    part = f" ({percent(value / total)})" if total > 0 and value >= 0 else ""
    return f"{signed(-value)}{part}"


def _changes(out: Console, found: Relief) -> None:
    """Who gains and who loses by the first package shown."""
    if len(found.shown) < 2:
        return
    frame = found.changes(1)
    sides = found.case.about.sides
    for sign, word in ((1, "gains"), (-1, "loses")):
        part = frame.filter(sign * pl.col("gain_usd_m") > 0.5).head(LINES)
        rows: list[Cells] = [
            (escape(r["party_name"]), escape(sides.get(r["side"], r["side"])), signed(r["gain_usd_m"]))
            for r in part.iter_rows(named=True)
        ]
        _print(out, [(f"who {word} by package 1, by the flow", False), ("side", False), ("a year", True)], rows)


def _ladder(out: Console, found: Relief) -> None:
    rows: list[Cells] = []
    for (k,), group in found.ladder.group_by("package", maintain_order=True):
        if k != 1:
            continue
        rows += [
            (percent(r["used"]), *(signed(r[f"gain_usd_m_{s}"]) for s in found.sides))
            for r in group.iter_rows(named=True)
        ]
    _print(
        out, [("of what package 1 permits, used", True), *_sides(found)], rows, "makers who could step in do so in full"
    )


def _flips(out: Console, found: Relief) -> None:
    """The facts that move a side's gain by the first package most, and those that would turn it into a loss."""
    if found.under_draws is None or len(found.shown) < 2:
        return
    rows: list[Cells] = []
    for side in found.sides:
        for r in found.flips(side, 1, FACTS).iter_rows(named=True):
            if r["is_clear"] or r["flips"]:
                way = "raises" if r["rank_correlation"] > 0 else "lowers"
                rows.append((escape(found.case.about.sides[side]), escape(f"{r['kind']} {r['fact']}"), way,
                             two(abs(r["rank_correlation"])), "yes" if r["flips"] else "no"))  # fmt: skip
    columns = [
        ("gain by package 1 of", False),
        ("a higher", False),
        ("", False),
        ("rank correlation", True),
        ("flips", False),
    ]
    _print(
        out, columns, rows, "flips: a gain at one end of the range, a loss at the other; only clear effects are told"
    )  # fmt: skip


def _how_found(found: Relief) -> str:
    n = found.frontier.evaluations
    kept = len(found.frontier)
    beaten = f"{kept:,} of them {'is' if kept == 1 else 'are'} beaten by none."
    if found.frontier.exact:
        return f"All {n:,} packages were valued; {beaten}"
    return (
        f"{n:,} packages were valued by the {found.model} model; {beaten} "
        "There may be better ones: --evaluations looks longer."
    )

"""The third question as tables: packages, who gains, attribution, coalitions, prices, and the proposals themselves."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from detente.relief.answer import Relief
from detente.relief.attribution import Attribution
from detente.relief.bundling import TOGETHER
from detente.report.comparison import MODELS
from detente.report.gains import signed, signed_span, span_of
from detente.report.numbers import loss_or_gain, money, percent, two
from detente.report.relief_words import (
    TODAY,
    capability_titles,
    changes,
    fact,
    letter,
    main_packages,
    mode,
    supported,
    titles,
    whys,
)
from detente.report.tables import Cell, Sources, Table, table, text_number
from detente.report.words import plain

FIRMS = 25


def package_table(found: Relief) -> Table:
    """One row a package shown: what it brings each side, capabilities, and how sure that is."""
    sides, caps = found.case.about.sides, capability_titles(found)
    rows: list[tuple[Cell | str, ...]] = []
    for r in found.packages().iter_rows(named=True):
        k = r["package"]
        gains = [_range(r, s) for s in found.sides]
        kept = [_kept(r, c) for c in found.capabilities]
        rows.append((Cell(letter(k), lines=(whys(found, k),)), str(len(r["proposals"])), *gains, *kept,
                     _chance(r.get("p_win_win")), _chance(r.get("selected")), _regret(r)))  # fmt: skip
    heads = (
        "Package", "#Proposals", *(f"#{sides[s]}" for s in found.sides), *(f"#{caps[c]}" for c in found.capabilities),
        "#No side worse off in", "#Picked in", "#Regret",
    )  # fmt: skip
    return table("relief-packages", f"What each package buys on {found.day}: gains in USD a year", heads, rows)


def member_table(found: Relief) -> Table:
    """One row a proposal that is in some package shown, and in which."""
    names, sides = titles(found), found.case.about.sides
    able = [p for p in found.proposed if any(p.id in s.members for s in found.shown)]
    rows = [
        (Cell(names[p.id], lines=(how,) if (how := mode(found, p.id)) else ()), sides.get(p.side, p.side),
         *("●" if p.id in s.members else "" for s in found.shown[1:]))
        for p in able
    ]  # fmt: skip
    heads = ("Proposal, and how", "By", *(letter(k) for k in range(1, len(found.shown))))
    return table("relief-members", "What is in each package", heads, rows)


def model_table(found: Relief) -> Table:
    """One row a package and side: what each of the three models says."""
    sides, rows = found.case.about.sides, list[tuple[Cell | str, ...]]()
    for k in range(1, len(found.shown)):
        by = {x["side"]: x for x in changes(found, k, "side").iter_rows(named=True)}
        for s in found.sides:
            if s in by:
                r = by[s]
                rows.append((letter(k), sides[s], *(_by_model(r, m) for m in MODELS)))
    heads = ("=Package", "=Side", "#Optimum: low to high", "#Flow: figure", "#Cascade: figure")
    return table(
        "relief-models", "What a package brings each side by each model, USD a year", heads, rows, is_long=True
    )


def change_table(found: Relief, package: int) -> Table:
    """One row a firm: what a package brings it."""
    sides = found.case.about.sides
    rows = [
        (r["party_name"], sides.get(r["side"], r["side"]), text_number(signed(r["gain"]), r["gain"]), _span(r))
        for r in moved(changes(found, package, "party")).head(FIRMS).iter_rows(named=True)
    ]
    rows = [(Cell(a), b, c, d) for a, b, c, d in rows]
    sign = letter(package)
    caption = f"Package {sign}: firms with the largest change, USD a year"
    return table(f"relief-changes-{sign}", caption, ("Firm", "=Side", "#Flow", "#Range over the models"), rows)


def moved(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows that something changes for."""
    return frame.filter((pl.col("low").abs() >= 0.5) | (pl.col("high").abs() >= 0.5))


def attribution_table(found: Relief, shares: Attribution, id_: str, caption: str) -> Table:
    """One row a measure and side that loses: its share, and beside it what it does alone and what lifting it frees."""
    sides = found.case.about.sides
    names = {m.id: m.title for m in found.case.measures}
    rows = [
        (Cell(names.get(r["id"], r["id"])), plain(r["union"] or ""), sides[r["side"]],
         text_number(loss_or_gain(r["share_usd_m"]), r["share_usd_m"]), _error(r["standard_error_usd_m"]),
         text_number(percent(r["share_of_total"]), r["share_of_total"]),
         text_number(loss_or_gain(r["alone_usd_m"]), r["alone_usd_m"]),
         text_number(loss_or_gain(r["lifted_usd_m"]), r["lifted_usd_m"]))
        for r in shares.frame(found.measure_sides).iter_rows(named=True)
        if abs(r["share_usd_m"]) >= 0.5 or abs(r["alone_usd_m"]) >= 0.5
    ]  # fmt: skip
    heads = (
        "Measure", "=Imposed by (regime)", "=Side that loses", "#Share of the loss", "#Standard error", "#of the total",
        "#Alone in force (no share)", "#Gone if it alone is lifted (no share)",
    )  # fmt: skip
    return table(id_, caption, heads, rows)


def imposer_table(found: Relief, shares: Attribution) -> Table:
    """One row a regime and side: the sum of the Owen values of its measures."""
    sides = found.case.about.sides
    summed = (
        shares.frame(found.measure_sides).group_by("union", "side", maintain_order=True)
        .agg(pl.col("share_usd_m", "share_of_total").sum())
    )  # fmt: skip
    owner = found.case.about.regimes
    rows = [
        (plain(r["union"]), sides.get(owner.get(r["union"], ""), "not recorded"), sides[r["side"]],
         text_number(loss_or_gain(r["share_usd_m"]), r["share_usd_m"]),
         text_number(percent(r["share_of_total"]), r["share_of_total"]))
        for r in summed.iter_rows(named=True) if abs(r["share_usd_m"]) >= 0.5
    ]  # fmt: skip
    heads = ("Regime", "Imposed by", "Side that loses", "#Share of the loss", "#of the total")
    return table("relief-imposers", "Output lost by who imposed the measures (Owen), USD a year", heads, rows)


def coalition_table(found: Relief) -> Table:
    """One row a minimal set of proposals that lifts a capability above its cap; the smallest modes stand for larger."""
    names, caps = titles(found), capability_titles(found)
    by = {p.id: p for p in found.proposed}
    rows: list[tuple[Cell | str, ...]] = []
    for kind, c in found.coalitions.items():
        sets = [[by[found.objectives.names[p]] for p in one] for one in c.sets]
        sizes = [{p.of: p.cap for p in one} for one in sets]
        for one, mine in zip(sets, sizes, strict=True):
            if any(o != mine and o.keys() == mine.keys() and all(o[k] <= mine[k] for k in o) for o in sizes):
                continue
            rows.append((caps[kind], text_number(percent(c.cap), c.cap), Cell(str(len(one)), sort=float(len(one))),
                         Cell(lines=tuple(names[p.id] for p in one))))  # fmt: skip
    heads = ("=Capability", "#Above", "#Proposals", "Together")
    return table(
        "relief-coalitions", "Smallest sets of proposals that break a cap", heads, rows, is_long=len(rows) > 12
    )


def appearance_table(found: Relief) -> Table:
    """One row a proposal: how often it is in a package that leaves no side worse off."""
    names = titles(found)
    rows = [
        (Cell(names[r["proposal"]]), Cell("in every one" if r["always"] else "in none" if r["never"] else "in some"),
         text_number(percent(r["share"]), r["share"] or 0.0))
        for r in found.appearance.iter_rows(named=True)
    ]  # fmt: skip
    caption = "How often each proposal is in a package not beaten that leaves no side worse off"
    return table("relief-appearance", caption, ("Proposal", "=Is", "#of the packages"), rows)


def ladder_table(found: Relief) -> Table:
    """One row a package and side: the gain with a part of what is newly permitted used."""
    sides, rungs = found.case.about.sides, found.ladder["used"].unique().sort().to_list()
    rows: list[tuple[Cell | str, ...]] = []
    for (k,), group in found.ladder.group_by("package", maintain_order=True):
        by = {r["used"]: r for r in group.iter_rows(named=True)}
        for s in found.sides:
            values = [by[u][f"gain_usd_m_{s}"] for u in rungs]
            rows.append((letter(int(str(k))), sides[s], *(text_number(signed(v), v) for v in values)))
    heads = ("=Package", "=Side", *(f"#{percent(u)} used" for u in rungs))
    return table("relief-ladder", "If only a part of what a package permits is used: gain, USD a year", heads, rows,
                 is_long=True)  # fmt: skip


def rate_table(found: Relief, kind: str) -> Table:
    """One row a package that is the best at some price of a capability, the dearest price first."""
    signs = {row.tobytes(): letter(k) for k, row in ((k, s.package) for k, s in enumerate(found.shown))}
    names = titles(found)
    rows: list[tuple[Cell | str, ...]] = []
    for r in found.rates[kind].filter("ever_best").iter_rows(named=True):
        row = None if r["package"] < 0 else found.frontier.packages[r["package"]]
        sign = TODAY if row is None else signs.get(row.tobytes(), "without a letter")
        known = sign in {TODAY, *signs.values()}
        members = ("as above",) if known else tuple(names[m] for m in found.frontier.members(r["package"]))
        rows.append(
            (Cell(sign), text_number(_prices(r), r["best_from_usd_m"]),
             text_number(percent(r["capability"]), r["capability"]),
             text_number(signed(r["joint_gain_usd_m"]), r["joint_gain_usd_m"]),
             Cell(lines=members))
        )  # fmt: skip
    heads = ("Package", "#Best at a price, USD a year per tenth", "#Capability", "#Joint gain, USD a year", "Proposals")
    caption = f"{capability_titles(found)[kind]}: the price of a tenth of it at which each package is the best"
    return table(f"relief-rates-{found.capabilities.index(kind)}", caption, heads, rows)


def bundling_table(found: Relief) -> Table:
    """One row a side that proposes, and both together."""
    sides = found.case.about.sides
    rows: list[tuple[Cell | str, ...]] = []
    for r in () if found.bundling is None else found.bundling.iter_rows(named=True):
        who = "all sides together" if r["who"] == TOGETHER else f"only {sides.get(r['who'], r['who'])}"
        nash = [r[f"gain_usd_m_{s}"] for s in found.sides]
        best = r["joint_gain_usd_m"]
        gains = [Cell("no such package", -1.0) if v is None else text_number(signed(v), v) for v in nash]
        rows.append((who, str(r["n_proposals"]), text_number(signed(best), best), *gains))
    nashes = (f"#Nash: {sides[s]}" for s in found.sides)
    heads = ("Proposals of", "#How many", "#Most joint gain that hurts no side", *nashes)
    return table("relief-bundling", "One side alone against both together, USD a year", heads, rows)


def cap_table(found: Relief) -> Table:
    """One row a capability and cap: the Nash package that keeps it."""
    sides, caps = found.case.about.sides, capability_titles(found)
    names = titles(found)
    rows: list[tuple[Cell | str, ...]] = []
    for r in found.caps.filter(pl.col("rule") == "nash").iter_rows(named=True):
        at = r["package"]
        gains = [Cell("none", -1.0) if at is None else text_number(signed(r[f"gain_usd_m_{s}"]), r[f"gain_usd_m_{s}"])
                 for s in found.sides]  # fmt: skip
        what = (
            ("none that leaves every side better off",)
            if at is None
            else tuple(names[m] for m in found.frontier.members(at))
        )
        rows.append(
            (caps[r["capability"]], text_number(f"at most {percent(r['cap'])}", r["cap"]), *gains, Cell(lines=what))
        )
    heads = ("=Capability", "#Cap", *(f"#Gain: {sides[s]}" for s in found.sides), "Nash package that keeps it")
    return table(
        "relief-caps", "The Nash package under a cap, by the search's model, USD a year", heads, rows, is_long=True
    )


def flip_table(found: Relief) -> Table:
    """One row a fact whose place in its range goes with a side's gain, or that turns its sign."""
    sides, rows = found.case.about.sides, list[tuple[Cell | str, ...]]()
    for k in main_packages(found):
        for s in found.sides:
            for r in found.flips(s, k).iter_rows(named=True):
                if r["is_clear"] or r["flips"]:
                    turn = "gain and loss change places" if r["flips"] else "more or less, same sign"
                    rows.append((letter(k), sides[s], fact(found, r["kind"], r["fact"]), turn,
                                 text_number(f"{r['rank_correlation']:+.2f}", r["rank_correlation"])))  # fmt: skip
    rows.sort(key=lambda r: r[3] != "gain and loss change places")
    heads = ("=Package", "=Side", "Fact", "=Across its range", "#Rank correlation")
    return table("relief-flips", "Facts that decide what a side gains", heads, rows, is_long=len(rows) > 12)


def proposal_table(found: Relief, places: Sources) -> Table:
    """One row a proposal: whether the law can grant it, what it brings alone, and where it was read."""
    sides, caps = found.case.about.sides, capability_titles(found)
    rows: list[tuple[Cell | str, ...]] = []
    for r in found.proposals().iter_rows(named=True):
        able = r["is_admissible"]
        gains = [_alone(r, s) for s in found.sides]
        kept = [Cell("–", 0.0) if (v := r[f"capability_{c}_added"]) is None else text_number(_points(v), v)
                for c in found.capabilities]  # fmt: skip
        how = mode(found, r["proposal"])
        rows.append(
            (Cell(r["title"], lines=(how,) if how else ()), sides.get(r["side"], r["side"]), plain(r["kind"]),
             "can grant" if able else "refuses", r["because"], *gains, *kept, places.cell(r["source"]), r["note"])
        )  # fmt: skip
    heads = (
        "Proposal", "=By", "=Kind", "=The law", "Because", *(f"#Alone: {sides[s]}" for s in found.sides),
        *(f"#{caps[c]}: added" for c in found.capabilities), "Sources", "Note",
    )  # fmt: skip
    return table("relief-proposals", f"Every proposal on {found.day}, USD a year", heads, rows, is_long=True)


def refused_table(found: Sequence[tuple[str, str, str]]) -> Table:
    """One row a proposal that the law cannot grant: title, side, reason."""
    return table("relief-refused", "What the law refuses, and why", ("Proposal", "By", "Because"), found)


def _range(row: dict[str, float], side: str) -> Cell:
    """A gain over models and worlds, with a star where the models are too far apart."""
    star = "" if supported(row, side) else " *"
    return text_number(signed_span(*span_of(row, side)) + star, row[f"gain_usd_m_{side}_flow"])


def _kept(row: dict[str, float | None], capability: str) -> Cell:
    """A capability, and below it how often it is no higher."""
    value, sure = row[f"capability_{capability}"] or 0.0, row.get(f"p_{capability}")
    return Cell(percent(value), float(f"{value:.7g}"), lines=() if sure is None else (f"kept in {percent(sure)}",))


def _span(row: dict[str, float]) -> Cell:
    return text_number(signed_span(row["low"], row["high"]), row["gain"])


def _by_model(row: dict[str, float], model: str) -> Cell:
    if f"{model}_low" not in row:
        return Cell("not looked for", -1.0)
    low, high = row[f"{model}_low"], row[f"{model}_high"]
    if model == "optimum":
        return text_number(signed_span(low, high), low)
    return Cell(signed(row[model]), float(f"{row[model]:.7g}"), lines=(signed_span(low, high),))


def _alone(row: dict[str, float | None], side: str) -> Cell:
    low, value, high = (row[f"gain_usd_m_{side}{end}"] for end in ("_low", "", "_high"))
    if low is None or value is None or high is None:
        return Cell("–", 0.0)
    return Cell(signed(value), float(f"{value:.7g}"), lines=(signed_span(low, high),))


def _chance(value: float | None) -> Cell:
    return Cell("–", -1.0) if value is None else text_number(percent(value), value)


def _p(value: float | None) -> str:
    return "–" if value is None else percent(value)


def _regret(row: dict[str, float | None]) -> Cell:
    mean, most = row.get("regret_usd_m"), row.get("regret_usd_m_most")
    if mean is None or most is None:
        return Cell("–", -1.0)
    return Cell(signed(mean), float(f"{mean:.7g}"), lines=(f"at most {signed(most)}",))


def _error(value: float) -> Cell:
    return Cell("exact", 0.0) if value == 0 else text_number(money(value), value)


def _points(value: float) -> str:
    return "nothing" if abs(value) < 5e-4 else f"{'+' if value > 0 else '–'}{two(100 * abs(value))} points"


def _prices(row: dict[str, float | None]) -> str:
    start, end = row["best_from_usd_m"] or 0.0, row["best_below_usd_m"]
    if end is None:
        return f"above {money(start / 10)}" if start > 0 else "at any price"
    return f"under {money(end / 10)}" if start <= 0 else f"{money(start / 10)} to {money(end / 10)}"

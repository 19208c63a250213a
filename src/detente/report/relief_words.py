"""Packages, gains and prices in the words that the page and the terminal share."""

from __future__ import annotations

import string
from collections.abc import Sequence

import polars as pl

from detente.relief.answer import Relief, is_supported
from detente.report.numbers import listed, money, money_span, percent
from detente.report.words import label

MODELS = ("optimum", "flow", "cascade")
LEAST = 0.05  # USD m a year: less than that is nothing
TODAY = "as it is"
NASH, SAME = "Nash", "Nash with no more capability than now"


def letter(package: int) -> str:
    """The sign of a package shown: A, B, ... Z, AA; the status quo, which is package 0, has none."""
    if package == 0:
        return TODAY
    sign, rest = "", package
    while rest:
        rest, at = divmod(rest - 1, 26)
        sign = string.ascii_uppercase[at] + sign
    return sign


def gain_span(low: float, high: float) -> str:
    """A range of gains: money for gains, ``loss of`` before what is none, ``nothing`` where it is nothing."""
    a, b = (0.0 if abs(v) < LEAST else v for v in (low, high))
    if a == b == 0:
        return "nothing"
    if a >= 0:
        return money(b) if money(a) == money(b) else f"USD {money_span(a, b)}"
    if b > 0:
        return f"loss of {money(-a)} to gain of {money(b)}"
    return f"loss of {money(-a)}" if money(a) == money(b) else f"loss of USD {money_span(-b, -a)}"


def gain(value: float) -> str:
    """A gain in words."""
    return "nothing" if abs(value) < LEAST else money(value) if value > 0 else f"loss of {money(-value)}"


def share(value: float | None) -> str:
    """A capability, or a chance."""
    return "–" if value is None else percent(min(max(value, 0.0), 1.0) if abs(value) < 1e-9 else value)


def titles(found: Relief) -> dict[str, str]:
    """What each proposal is called, by its id with its mode."""
    return {p.id: p.title for p in found.proposed}


def mode(found: Relief, proposal: str) -> str:
    """How a proposal acts, besides its title: until when, for what fee, what goes with it."""
    p = next(x for x in found.proposed if x.id == proposal)
    said = [] if p.cap == 1.0 else [f"{p.cap:.0%} of the trade"]
    said += [f"from {p.since}"] if p.since is not None and p.since > found.day else []
    said += [] if p.through is None else [f"until {p.through}"]
    if p.fee_usd_m and p.paid_by is not None:
        said.append(f"{money(p.fee_usd_m)} a year paid by {found.case.about.sides[p.paid_by]}")
    said += [f"with {', '.join(p.requires)}"] if p.requires else []
    return "; ".join(said)


def capability_titles(found: Relief) -> dict[str, str]:
    """What each security objective is called."""
    return {a.id: a.title for a in found.objectives.aims}


def two_sides(found: Relief) -> tuple[str, str]:
    """The side that restricts and the one that is restricted, by the first security objective; else the first two."""
    aims, sides = found.objectives.aims, found.sides
    if aims and aims[0].side in sides and aims[0].of in sides and aims[0].side != aims[0].of:
        return aims[0].side, aims[0].of
    return sides[0], sides[1 if len(sides) > 1 else 0]


def package_label(names: dict[str, str], members: Sequence[str], most: int = 12) -> str:
    """A package for a chart, a line a proposal, escaped."""
    lines = [label(names[m], 60) for m in members[:most]]
    lines += [f"and {len(members) - most} more"] if len(members) > most else []
    return "<br>".join(lines) if lines else "nothing is granted"


def place_of(found: Relief, why: str) -> int | None:
    """Which package shown has this reason; None where none has."""
    return next((k for k, s in enumerate(found.shown) if why in s.why), None)


def main_packages(found: Relief) -> tuple[int, ...]:
    """The packages told of at length: Nash and the one with no more capability than now, else the first one shown."""
    there = [k for k in (place_of(found, NASH), place_of(found, SAME)) if k is not None]
    return tuple(dict.fromkeys(there or ([1] if len(found.shown) > 1 else [])))


def gain_by_side(found: Relief, package: int) -> str:
    """What a package brings each side, over the models: ``USD 1.0 to 2.0 bn (United States) and ...``."""
    rows = {r["side"]: r for r in changes(found, package, "side").iter_rows(named=True)}
    sides = found.case.about.sides
    told = listed([f"{gain_span(rows[s]['low'], rows[s]['high'])} ({sides[s]})" for s in found.sides if s in rows])
    return f"{told} a year" + ("" if supported(found, package) else " (no headline number is supported)")


def sentence(found: Relief) -> str:
    """What would leave both better off, in one sentence with its range."""
    able = found.objectives.names
    refused = len(found.proposed) - len(able)
    start = f"Of {len(found.proposed)} proposals the law can grant {len(able)}"
    k = place_of(found, NASH)
    if refused == 0:
        start = f"The law can grant all {len(able)} proposals"
    if k is None:
        return f"{start}; none of the {found.frontier.evaluations:,} packages valued leaves every side better off."
    table = found.packages()
    row = table.row(k, named=True)
    members = len(found.shown[k].members)
    what = f"{members} of them together (package {letter(k)}, the Nash point)"
    said = f"{start}; {what} would bring {gain_by_side(found, k)}"
    caps = capability_titles(found)
    kept = [f"{caps[c]} {percent(row[f'capability_{c}'])}" for c in found.capabilities]
    said += f", with potential capability of {listed(kept)}" if kept else ""
    if row.get("p_win_win") is not None:
        said += f", and no side worse off in {percent(row['p_win_win'])} of the worlds drawn"
    same = place_of(found, SAME)
    if same is not None and same != k:
        said += f"; with no more capability than now, package {letter(same)} would bring {gain_by_side(found, same)}"
    return f"{said}."


def changes(found: Relief, package: int, by: str) -> pl.DataFrame:
    """What a package shown brings each side, party or unit, USD m a year, the largest change first.

    Keys of ``by``, then gain (the flow's figure), low and high over the models, and for each model MODEL_low, MODEL
    (not for the optimum, which has no figure) and MODEL_high, each end against the same end as it is. What a unit that
    is sold no longer loses is gained by its new owner, as in the search.
    """
    keys = ("side",) if by == "side" else ("party", "party_name", "side") if by == "party" else ("unit", "name", "side")
    now, then = (found.shown[k].bracket for k in (0, package))
    frames = {"side": (now.by_side(), then.by_side()), "party": (now.by_party(), then.by_party())}
    before, after = frames.get(by, (now.by_unit(), then.by_unit()))
    models = [m for m in MODELS if before[f"{m}_usd_m_low"].null_count() < before.height]
    columns = [f"{m}_usd_m{e}" for m in models for e in ("_low", "", "_high") if (m, e) != ("optimum", "")]
    losses = [before.select(*keys, *columns), _moved(now.by_unit(), then.by_unit(), keys, columns)]
    losses.append(after.select(*keys, *(-pl.col(c) for c in columns)))
    both = pl.concat(losses).group_by(*keys).agg(pl.col(c).sum() for c in columns)
    parts: list[pl.Expr] = []
    for m in models:
        mine = [pl.col(c) for c in columns if c.startswith(m)]
        parts += [pl.min_horizontal(mine).alias(f"{m}_low"), pl.max_horizontal(mine).alias(f"{m}_high")]
        parts += [] if m == "optimum" else [pl.col(f"{m}_usd_m").alias(m)]
    table = both.select(*keys, *parts).with_columns(
        pl.col("flow").alias("gain"),
        pl.min_horizontal([f"{m}_low" for m in models]).alias("low"),
        pl.max_horizontal([f"{m}_high" for m in models]).alias("high"),
    )
    return table.sort(pl.col("gain").abs().round(6), *keys, descending=[True, *[False] * len(keys)])


def _moved(now: pl.DataFrame, then: pl.DataFrame, keys: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """The losses, as it is, of units that a package sells: taken from the old owner and put with the new one."""
    owners = then.select("unit", pl.col("party", "party_name", "side").name.suffix("_new"))
    sold = now.join(owners, on="unit", how="inner").filter(pl.col("party") != pl.col("party_new"))
    new = [pl.col(f"{k}_new").alias(k) if k in ("party", "party_name", "side") else pl.col(k) for k in keys]
    taken = sold.select(*keys, *(-pl.col(c) for c in columns))
    return pl.concat([taken, sold.select(*new, *columns)])


def supported(found: Relief, package: int) -> bool:
    """Whether the models agree, for every side, on the sign of a gain and within a factor of three on its size."""
    table = changes(found, package, "side")
    named = [c for c in ("optimum_low", "flow", "cascade") if c in table.columns]
    return all(is_supported(list(row)) for row in table.select(named).iter_rows())


FACTS = {
    "assumed": "assumed: {}", "class": "how inputs bind: {}", "law": "the law on what {} sells", "stock": "stocks: {}",
    "market": "market share, {}", "output": "output of {}", "sale": "sale {}",
}  # fmt: skip


def fact(found: Relief, kind: str, name: str) -> str:
    """A fact whose range was drawn, in words."""
    units = dict(found.case["units"].select("id", "name").iter_rows())
    links = {i: f"{units[s]} to {units[b]}" for i, s, b in found.case["links"].select("id", "seller", "buyer").iter_rows()}
    if kind == "class" and name.startswith("how inputs bind"):
        return "how inputs bind, all together"
    told = links.get(name, name) if kind == "sale" else units.get(name, name)
    return FACTS.get(kind, "{}").format(told)

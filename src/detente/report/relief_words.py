"""Packages, gains and prices in the words that the page and the terminal share."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from detente.relief.answer import Relief, is_supported
from detente.report.comparison import MODELS, compared
from detente.report.gains import in_words, span_of
from detente.report.numbers import listed, money, percent
from detente.report.words import label

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


def whys(found: Relief, package: int) -> str:
    """The reasons that a package is shown, with the titles of capabilities, and several caps on one in one."""
    why = found.shown[package].why
    said = [w for w in why if " at most " not in w]
    for kind, title in capability_titles(found).items():
        start = f"Nash, {kind} at most "
        caps = [w.removeprefix(start) for w in why if w.startswith(start)]
        said += [f"Nash with at most {listed(caps).replace(' and ', ' or ')} of “{title}”"] if caps else []
    text = "; ".join(said)
    return text[:1].upper() + text[1:]


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
    """What a package brings each side, over models and worlds: ``USD 1.0 to 2.0 bn more (United States) and ...``."""
    row, sides = found.packages().row(package, named=True), found.case.about.sides
    return listed([f"{in_words(*span_of(row, s))} ({sides[s]})" for s in found.sides])


def sentence(found: Relief) -> str:
    """What the packages told of first buy, in one sentence: each side's range, capability, how sure it is."""
    able = len(found.objectives.names)
    start = f"The law can grant {able} of {len(found.proposed)} proposals"
    start = f"The law can grant all {able} proposals" if able == len(found.proposed) else start
    k, same = place_of(found, NASH), place_of(found, SAME)
    if k is None:
        return f"{start}; none of the {found.frontier.evaluations:,} packages valued leaves every side better off."
    caps, row = capability_titles(found), found.packages().row(k, named=True)
    together = f"{len(found.shown[k].members)} of them together (package {letter(k)})"
    said = f"{start}; {together} bring {gain_by_side(found, k)} a year"
    kept = [f"{percent(row[f'capability_{c}'])} of “{caps[c]}”" for c in found.capabilities]
    said += f" and leave up to {listed(kept)}" if kept else ""
    if same is not None and same != k:
        said += f"; package {letter(same)} brings {gain_by_side(found, same)} and leaves no more capability than now"
    return f"{said}."


def supported(row: Mapping[str, float], side: str) -> bool:
    """Whether the models' gains of a side, in a row of ``Relief.packages``, are close enough for a headline number."""
    return is_supported([row[f"gain_usd_m_{side}_{model}"] for model in MODELS])


def changes(found: Relief, package: int, by: str) -> pl.DataFrame:
    """What a package shown brings each side, party or unit; see `compared`."""
    return compared(found.shown[0].bracket, found.shown[package].bracket, by)


FACTS = {
    "assumed": "assumed: {}", "class": "how inputs bind: {}", "law": "the law on what {} sells", "stock": "stocks: {}",
    "market": "market share, {}", "output": "output of {}", "sale": "sale {}",
}  # fmt: skip


def fact(found: Relief, kind: str, name: str) -> str:
    """A fact whose range was drawn, in words."""
    units = dict(found.case["units"].select("id", "name").iter_rows())
    links = {
        i: f"{units[s]} to {units[b]}" for i, s, b in found.case["links"].select("id", "seller", "buyer").iter_rows()
    }
    if kind == "class" and name.startswith("how inputs bind"):
        return "how inputs bind, all together"
    told = links.get(name, name) if kind == "sale" else units.get(name, name)
    return FACTS.get(kind, "{}").format(told)


def promises(found: Relief, sign: Callable[[int], str]) -> str:
    """Which package keeps its promises in most worlds, in a sentence; empty where no worlds were drawn.

    ``sign`` names a package by its place among those shown.
    """
    if found.under_draws is None or len(found.shown) < 2:
        return ""
    judged = found.judged
    what = "no side worse off, and no more of any capability than told"
    often = percent(judged.at_least)
    if judged.chance_constrained is None:
        best = int(judged.kept.argmax())
        share = percent(float(judged.kept[best]))
        return (
            f"No package shown keeps its promises ({what}) in {often} of the {judged.n_draws} worlds drawn: package "
            f"{sign(best + 1)} does most often, in {share}."
        )
    k = judged.chance_constrained
    return (
        f"Of the packages that keep their promises ({what}) in {often} of the {judged.n_draws} worlds drawn, package "
        f"{sign(k + 1)} gains all sides together most, on average {money(float(judged.gain_mean[k]))}."
    )

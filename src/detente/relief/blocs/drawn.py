"""Two blocs drawn at random, each closing sales to the other: for tests, benchmarks and trying things out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.impact.sources import random_network
from detente.record import DetenteError
from detente.relief.blocs.opened import OpenedNetwork, opened
from detente.relief.blocs.openings import openings
from detente.relief.values import Requires

HOME, TARGET, THIRD = "home", "target", "third"
THIRD_EVERY = 6  # every sixth firm by size is of a third country
CLOSED = {(HOME, TARGET): 0.8, (TARGET, HOME): 0.4}  # of sales from one bloc to the other
BY_HOME = 0.7  # of the proposals
HALF = 5  # every fifth proposal has a mode of half the sales beside it
TWICE = 0.1  # of closed sales: a second rule closes them, too
TIED = 0.05  # of proposals: they need another one
ATTEMPTS = 50  # draws until enough sales are closed for so many proposals
RESTRICTED = 0.2  # of the target's buyers of closed sales


def two_blocs(
    n: int, n_proposals: int, seed: int = 0, *, links_per_firm: float | None = None, diversion: float = 0.3
) -> OpenedNetwork:
    """Draw a network in which two blocs close sales to one another, and proposals of both to open sets of them.

    Firms and sales are those of ``random_network``, with sides ``home``, ``target`` and ``third``. Most sales from home
    to target are closed and some of those the other way. A proposal opens the closed sales of one seller, or of some
    sellers or part of one where numbers ask for it. Some have a second mode that opens half (exclusive), some sales
    are closed by two rules so that two proposals are needed, some proposals need another. A fifth of the target's
    units that buy what is closed have ``restricted_capability``. Gains are of home and target; rivals take
    over three tenths of what a unit cannot sell.

    Raises ``DetenteError`` where too few sales are closed for so many proposals.

    >>> two_blocs(40, 10, seed=3).n_proposals
    10
    """
    for attempt in range(ATTEMPTS):
        found = _draw(n, n_proposals, np.random.default_rng((seed, n, n_proposals, attempt)), links_per_firm, diversion)
        if found is not None:
            return found
    raise DetenteError(f"{n} firms close too few sales for {n_proposals} proposals: ask for more firms or links.")


def _draw(
    n: int, n_proposals: int, draw: np.random.Generator, links_per_firm: float | None, diversion: float
) -> OpenedNetwork | None:
    """One draw; None where too few sales are closed."""
    industries = max(8, min(60, n // 6))
    asked = (8.0 if n < 200 else 4.0) if links_per_firm is None else links_per_firm
    network = random_network(n, min(asked, n - 1), industries, seed=int(draw.integers(2**31))).network
    side = _sides(draw, np.bincount(network.seller, network.value, n).astype(np.float64))
    sides = pl.Series("side", side)
    network = replace(network, units=network.units.with_columns(sides, sides.alias("country")))
    sold, bought = side[network.seller], side[network.buyer]
    base = np.ones(network.value.size)
    clauses: list[tuple[int, float, tuple[int, ...]]] = []
    names: list[str] = []
    exclusive: list[tuple[int, ...]] = []
    for (a, b), part in CLOSED.items():
        rows = np.flatnonzero((sold == a) & (bought == b))
        shut = np.sort(draw.permutation(rows)[: round(part * rows.size)])
        shut = shut[np.argsort(network.seller[shut], kind="stable")]
        mine = round(BY_HOME * n_proposals) if a == HOME else n_proposals - len(names)
        n_sets = max(1, mine - mine // (HALF + 1))
        if shut.size < n_sets:
            return None
        base[shut] = 0.0
        sets: dict[int, int] = {}
        for k, part_of in enumerate(np.array_split(shut, n_sets)):
            at = len(names)
            names.append(f"{a}-{k:03d}")
            sets |= dict.fromkeys(part_of.tolist(), at)
            if k % HALF == HALF - 1 and k // HALF < mine - n_sets:
                names.append(f"{a}-{k:03d}-half")
                exclusive.append((at, at + 1))
                clauses += [(e, 0.5, (at + 1,)) for e in part_of.tolist()]
        firsts = np.array(sorted(set(sets.values())))
        for e, at in sets.items():
            other = int(draw.choice(firsts))
            clauses.append((e, 1.0, (at, other) if draw.random() < TWICE and other != at else (at,)))
        while len(names) < (mine if a == HOME else n_proposals):  # a mode of what is left, so that numbers are as asked
            at = int(draw.choice(firsts))
            names.append(f"{a}-more-{len(names):03d}")
            clauses += [(e, 0.25, (len(names) - 1,)) for e, who in sets.items() if who == at]
    requires: list[Requires] = []
    for p in np.flatnonzero(draw.random(n_proposals) < TIED).tolist():
        other = int(draw.integers(n_proposals))
        if other != p and not any(p in g and other in g for g in exclusive):
            requires.append((p, (other,)))
    buyers = np.unique(network.buyer[(base < 1) & (bought == TARGET)])
    tagged = np.zeros(n, dtype=np.bool_)
    tagged[draw.permutation(buyers)[: max(1, round(RESTRICTED * buyers.size))]] = True
    return opened(
        network, openings(n_proposals, base, clauses), names, exclusive=exclusive, requires=requires,
        sides=(HOME, TARGET), capabilities={"restricted": tagged}, diversion=diversion,
    )  # fmt: skip


def _sides(draw: np.random.Generator, sales: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
    """Give every other firm by size to each bloc, which of two first by lot, so that both sell much to one another."""
    n = sales.size
    first = np.repeat(draw.random(n // 2 + 1) < 0.5, 2)[:n]
    nth = np.arange(n)
    side = np.where(first ^ (nth % 2 == 0), HOME, TARGET)
    side = np.where(nth % THIRD_EVERY == THIRD_EVERY - 1, THIRD, side)
    answer = np.empty(n, dtype=side.dtype)
    answer[np.argsort(-sales, kind="stable")] = side
    return answer

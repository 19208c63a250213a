"""Time and judge the search for packages: python bench/relief.py [parts ...] [--small] [--packages N] [--long 10].

Parts: evaluate, frontier, exact, gap, shapley, draws, findings. pymoo is compared with where it is installed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl

from detente import load
from detente.decide.scope import window_on
from detente.record.limb import Items
from detente.relief.attribution import shapley
from detente.relief.bargaining import bargains
from detente.relief.blocs.drawn import two_blocs
from detente.relief.blocs.opened import OpenedNetwork
from detente.relief.draws import FactDraws, by_owner, under_draws
from detente.relief.frontier import Aim, Frontier, frontier_of
from detente.relief.measures_game import measures_game
from detente.relief.search.dominance import hypervolume
from detente.relief.search.evolution import evolve
from detente.relief.search.exhaustive import exhaustive
from detente.relief.search.milp import by_programme, planners_promise
from detente.relief.search.rules import repair
from detente.relief.uncertainty import robustness
from detente.relief.values import Bools

WIN = Aim(least_gain={"home": 0.0, "target": 0.0})


def line(*cells: object) -> None:
    print("  ".join(str(c) for c in cells), flush=True)


def timed(work: Callable[[], object], runs: int = 3) -> float:
    """Median processor seconds."""
    found = []
    for _ in range(runs):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return float(np.median(found))


def time_evaluation(given: argparse.Namespace) -> None:
    line("evaluation of a package by the cascade, processor ms, one thread, packages by lot, 64 at a time and alone")
    for n, P in ((100, 50), (1000, 200)) if given.small else ((100, 50), (1000, 200), (10_000, 1000)):
        blocs = two_blocs(n, P, 1)
        rows = np.random.default_rng(0).random((64, P)) < 0.5
        quick = blocs.quick()
        quick.evaluate(rows), blocs.evaluate(rows)
        one, ranged = timed(lambda: quick.evaluate(rows)) / 64, timed(lambda: blocs.evaluate(rows)) / 64  # noqa: B023
        alone = timed(lambda: quick.evaluate(rows[:1]))  # noqa: B023
        line(f"  {n:>6} firms, {blocs.network.value.size:>6} sales, {P:>4} proposals: {1e3 * one:.3f} ms, with ranges "
             f"{1e3 * ranged:.3f} ms, one alone {1e3 * alone:.3f} ms")  # fmt: skip


def by_ranking(blocs: OpenedNetwork) -> Bools:
    """What the literature does: rank proposals by what each brings alone, grant the first 1, 2, ... of the list."""
    P = blocs.n_proposals
    joint = blocs.evaluate(np.eye(P, dtype=np.bool_)).gain.sum(axis=1)
    rows = np.zeros((P + 1, P), dtype=np.bool_)
    for k, p in enumerate(np.argsort(-joint, kind="stable")):
        rows[k + 1 :, p] = True
    draw = np.random.default_rng(0)
    return repair(rows, blocs, draw)


def by_pymoo(blocs: OpenedNetwork, packages: int, seed: int) -> Bools | None:
    """Plain NSGA-II of pymoo: random beginnings, two-point crossover, bit flips, floors as constraints. Packages are
    mended to the rules as ours are: without that it found none at all that keeps them."""
    try:
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.core.problem import Problem
        from pymoo.core.repair import Repair
        from pymoo.operators.crossover.pntx import TwoPointCrossover
        from pymoo.operators.mutation.bitflip import BitflipMutation
        from pymoo.operators.sampling.rnd import BinaryRandomSampling
        from pymoo.optimize import minimize
    except ImportError:
        return None
    draw = np.random.default_rng(seed)

    class Mended(Repair):
        def _do(self, problem, x, **kwargs):  # noqa: ARG002
            return repair(x.astype(np.bool_), blocs, draw)

    class Packages(Problem):
        def __init__(self) -> None:
            super().__init__(n_var=blocs.n_proposals, n_obj=3, n_ieq_constr=2, xl=0, xu=1, vtype=bool)

        def _evaluate(self, x, out, *args, **kwargs):  # noqa: ARG002
            values = blocs.evaluate(x.astype(np.bool_))
            out["F"] = np.column_stack((-values.gain, values.capability))
            out["G"] = -values.gain

    plain = NSGA2(
        pop_size=200, sampling=BinaryRandomSampling(), crossover=TwoPointCrossover(), mutation=BitflipMutation(),
        eliminate_duplicates=True, repair=Mended(),
    )  # fmt: skip
    found = minimize(Packages(), plain, ("n_eval", packages), seed=seed, verbose=False)
    if found.X is None:
        return np.zeros((0, blocs.n_proposals), dtype=np.bool_)
    return np.atleast_2d(found.X).astype(np.bool_)


def time_frontier(given: argparse.Namespace) -> None:
    n, P, packages = (100, 40, 3000) if given.small else (given.firms, given.proposals, given.packages)
    blocs = two_blocs(n, P, 1).quick()
    blocs.evaluate(np.zeros((1, P), dtype=np.bool_))
    evolve(blocs, WIN, evaluations=300)  # compiled
    line(f"{n} firms x {P} proposals, {packages:,} packages valued by each, hypervolume over the status quo")
    found: dict[str, tuple[Frontier, float]] = {}

    def run(name: str, work: Callable[[], Frontier]) -> None:
        start = time.process_time()
        one = work()
        found[name] = one, time.process_time() - start

    def ours(seed: int, count: int, **parts: bool) -> Callable[[], Frontier]:
        return lambda: evolve(blocs, WIN, seed=seed, evaluations=count, **parts)

    def plain() -> Frontier:
        rows = by_pymoo(blocs, packages, 1)
        front = frontier_of(blocs, np.zeros((1, P), dtype=np.bool_) if rows is None else rows, aim=WIN)
        return replace(front, evaluations=0 if rows is None else packages)

    run("greedy, NSGA-II, local search", ours(1, packages))
    run("the same without local search", ours(1, packages, local=False))
    run("NSGA-II with archive alone", ours(1, packages, local=False, greedy=False))
    run("pymoo's plain NSGA-II", plain)  # 0 packages: not installed
    run("stand-alone ranking", lambda: frontier_of(blocs, by_ranking(blocs), aim=WIN, evaluations=2 * P + 1))
    for k in range(1 if given.small else given.long):
        run(f"long run {k}", ours(100 + k, given.times * packages))
    points = np.concatenate([f.points for f, _ in found.values()])
    best = hypervolume(points, np.concatenate((found["stand-alone ranking"][0].origin[:2], [-1.0 - 1e-6])))
    for name, (front, cpu) in found.items():
        line(
            f"  {name:<32} {front.volume() / best:.4f} of the best known  {front.evaluations:>8} packages  "
            f"{len(front):>5} on it  {cpu:>7.1f} processor s"
        )


def time_exact(given: argparse.Namespace) -> None:
    n, P, k = (50, 12, 3) if given.small else (100, 50, 6)
    for seed in (1,) if given.small else (1, 2, 3):
        blocs = two_blocs(n, P, seed)
        start = time.process_time()
        done = by_programme(blocs, k, time_limit_s=600)
        cpu = time.process_time() - start
        line(
            f"exact, {n} firms x {P} proposals, seed {seed}: {k} caps, {cpu:.1f} processor s, "
            f"{done.points[-1].cuts} cuts, proved {done.proved}, {len(done.frontier)} on the frontier of the cascade"
        )


def gap(given: argparse.Namespace) -> None:
    count = 6 if given.small else 50
    ratios, complete, seconds = [], 0, time.process_time()
    for seed in range(count):
        draw = np.random.default_rng(seed)
        blocs = two_blocs(int(draw.integers(20, 61)), int(draw.integers(8, 15)), seed).quick()
        exact = exhaustive(blocs, WIN)
        found = evolve(blocs, WIN, evaluations=1000, population=60, seed=seed)
        whole = exact.volume()
        ratios.append(found.volume() / whole if whole > 0 else 1.0)
        complete += len(found) == len(exact)
    found_ratios = np.array(ratios)
    line(
        f"gap to the exact frontier, {count} instances of 20 to 60 firms and 8 to 14 proposals, 1,000 packages or "
        f"less: hypervolume {found_ratios.min():.4f} at worst, {found_ratios.mean():.5f} on average, whole frontier in "
        f"{complete}; {time.process_time() - seconds:.1f} processor s"
    )


def many_measures(n: int):
    """The bundled case with the restricting limbs cut into n measures by the origin of the goods."""
    case = load("huawei")
    day = dt.date(2021, 1, 20)
    limbs = [
        (m, x) for m in case.measures for x in m.limbs
        if x.effect == "require_licence" and window_on(x.in_force, day, None) is not None
    ]  # fmt: skip
    origins = ["US", "TW", "KR", "JP", "NL", "DE", "CN", "GB", "CH", "FR", "SE", "FI", "SG", "MY", "IL"]
    made = []
    for k in range(n):
        m, x = limbs[k % len(limbs)]
        items = Items(origin=(origins[(k // len(limbs)) % len(origins)],))
        limb = x.model_copy(update={"id": f"{x.id}-{k}", "items": items})
        made.append(m.model_copy(update={"id": f"{m.id}-{k}", "limbs": (limb,)}))
    reach = tuple(m for m in case.measures if all(x.effect == "define" for x in m.limbs))
    return replace(case, measures=(*reach, *made), digest=f"{case.digest} cut into {n}")


def time_shapley(given: argparse.Namespace) -> None:
    n = 8 if given.small else 15
    case = many_measures(n)
    start = time.process_time()
    game = measures_game(case, "2021-01-20")
    made = time.process_time() - start
    start = time.process_time()
    found = shapley(game.losses, game.names)
    line(
        f"Shapley of {len(game.names)} measures, {found.evaluations} sets, {len(game.groups)} kinds of sales: "
        f"{made:.1f} processor s to prepare, {time.process_time() - start:.1f}; alone sums to "
        f"{found.alone_sum.round(2)}, lifted to {found.lifted_sum.round(2)} of the totals"
    )


def time_draws(given: argparse.Namespace) -> None:
    D, K = (8, 128) if given.small else (128, 2048)
    for n, P in ((100, 50),) if given.small else ((100, 50), (300, 100)):
        blocs = two_blocs(n, P, 1)
        draw = np.random.default_rng(0)
        rows = draw.random((K, P)) < 0.5
        network = blocs.network
        scale = np.exp(draw.normal(0, 0.2, (D, network.value.size)))
        facts = FactDraws(
            D, value=network.value * scale, output=np.stack([network.output * 1.5] * D), used=draw.random(D)
        )
        allowed, tagged = blocs.openings.allowed(rows), (blocs.tagged > 0).astype(float)
        weigh = by_owner(network, blocs.sides)
        under_draws(
            network,
            allowed[:16],
            blocs.openings.base,
            replace(facts, n_draws=1, value=facts.value[:1], output=facts.output[:1], used=facts.used[:1]),
            weigh,
            tagged,
        )
        start, clock = time.process_time(), time.perf_counter()
        gain, kept = under_draws(network, allowed, blocs.openings.base, facts, weigh, tagged)
        found = robustness(gain, kept, 0.5)
        line(f"{D} draws x {K} packages, {n} firms: {time.process_time() - start:.1f} processor s "
             f"({time.perf_counter() - clock:.1f} of the clock), {found.kept.max():.2f} kept at best")  # fmt: skip


def findings(given: argparse.Namespace) -> None:
    """What docs/relief.md says of packages, measured on random blocs."""
    rows = []
    for seed in range(3 if given.small else 12):
        n, P = (50, 10) if given.small else (100, 14)
        blocs = two_blocs(n, P, seed).quick()
        single, nothing = np.eye(P, dtype=np.bool_), np.zeros((1, P), dtype=np.bool_)
        pairs = np.array([single[a] | single[b] for a in range(P) for b in range(a + 1, P)])
        alone = blocs.evaluate(single).gain.sum(axis=1)
        both = blocs.evaluate(pairs).gain.sum(axis=1)
        sums = np.array([alone[a] + alone[b] for a in range(P) for b in range(a + 1, P)])
        near = 1e-6 * np.abs(both).max()
        exact = exhaustive(blocs, WIN)
        three = bargains(exact)
        attributed = shapley(lambda s, b=blocs: b.today[:, 0] - b.evaluate(s).gain, blocs.names)
        free = planners_promise(blocs, 0.5)
        robust = _kept_promises(two_blocs(n, P, seed), exact)
        rows.append({
            "substitutes": float((both < sums - near).mean()), "complements": float((both > sums + near).mean()),
            "hurts": float((blocs.evaluate(single).gain.min(axis=1) < -1e-4).mean()),
            "closed alone": float(attributed.lifted.sum() / attributed.total.sum()),
            "opened alone": float(attributed.alone.sum() / attributed.total.sum()),
            "coincide": three.nash is not None and three.coincide, "bargain": three.nash is not None,
            "lie": np.nan if free is None else free[1] - free[0],
            "nominal_kept": robust[0], "chance_kept": robust[1],
        })  # fmt: skip
        assert blocs.evaluate(nothing).gain.sum() == 0
    table = pl.DataFrame(rows)
    line(f"{table.height} random blocs")
    for name in (
        "substitutes",
        "complements",
        "hurts",
        "closed alone",
        "opened alone",
        "lie",
        "nominal_kept",
        "chance_kept",
    ):
        column = table[name].drop_nans().drop_nulls()
        said = f"{column.min():.2f} to {column.max():.2f}, median {column.median():.2f}" if column.len() else "never"
        line(f"  {name:<18} {said} ({column.len()})")
    line(f"  the three points coincide in {table['coincide'].sum()} of {table['bargain'].sum()}")


def _kept_promises(blocs: OpenedNetwork, exact: Frontier) -> tuple[float, float | None]:
    """How often the nominally best package under a cap of a half keeps its promises, and the chance-constrained."""
    draw = np.random.default_rng(0)
    network, D = blocs.network, 64
    value = network.value * np.exp(draw.normal(0, 0.25, (D, network.value.size)))
    classes = np.stack([_classes(network, draw) for _ in range(D)])
    facts = FactDraws(D, value=value, link_class=classes, used=draw.uniform(0.3, 1.0, D))
    gain, kept = under_draws(
        network, blocs.openings.allowed(exact.packages), blocs.openings.base, facts, by_owner(network, blocs.sides),
        (blocs.tagged > 0).astype(float),
    )  # fmt: skip
    cap = max(0.5, float(exact.values.capability.min()))
    found = robustness(gain, kept, cap)
    good = np.flatnonzero((exact.values.capability[:, 0] <= cap) & exact.packages.any(axis=1))
    if not good.size:
        return float("nan"), None
    nominal = good[np.argmax(exact.values.gain[good].sum(axis=1))]
    return float(found.kept[nominal]), None if found.chance_constrained is None else float(
        found.kept[found.chance_constrained]
    )


def _classes(network, draw):
    """Some inputs one class stricter or milder, all sales of an input alike."""
    items = np.unique(network.units["item"].to_numpy(), return_inverse=True)[1]
    key = network.buyer * (items.max() + 1) + items[network.seller]
    names, at = np.unique(key, return_inverse=True)
    move = draw.choice([-1, 0, 1], names.size, p=[0.15, 0.7, 0.15])
    return np.clip(network.link_class + move[at], 0, 2).astype(np.int8)


PARTS = {
    "evaluate": time_evaluation, "frontier": time_frontier, "exact": time_exact, "gap": gap, "shapley": time_shapley,
    "draws": time_draws, "findings": findings,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--small", action="store_true", help="sizes that show that it runs, not how fast")
    parser.add_argument("--packages", type=int, default=100_000, help="valued by each method of the frontier")
    parser.add_argument("--long", type=int, default=10, help="long runs for the best known frontier")
    parser.add_argument("--times", type=int, default=3, help="as many packages in a long run")
    parser.add_argument("--firms", type=int, default=1000)
    parser.add_argument("--proposals", type=int, default=200)
    given = parser.parse_args()
    for part in given.parts or PARTS:
        if part not in PARTS:
            parser.error(f"parts: got {part}; expected some of {', '.join(PARTS)}")
        PARTS[part](given)


if __name__ == "__main__":
    main()

"""Packages by evolution and local search, where there are too many to value them all."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detente.record import DetenteError
from detente.relief.frontier import Aim, Frontier, axes_of, frontier_of
from detente.relief.search.archive import Archive
from detente.relief.search.dominance import crowding, fronts
from detente.relief.search.evaluation import PART, Known, evaluate
from detente.relief.search.greedy import climb, directions
from detente.relief.search.moves import children, flips
from detente.relief.search.rules import repair
from detente.relief.search.state import State, resume, save
from detente.relief.values import Bools, Evaluator, Floats

Ints = npt.NDArray[np.int64]
POPULATION, KEPT = 200, 1000
ELITE = 0.5  # of parents: from the archive
LOCAL_EVERY = 4  # generations; then the neighbours of some of the best are valued
LOCAL_SHARE = 1.0  # of what the generations between valued
SAVE_EVERY_S = 20.0
IDLE = 30  # steps without a package that was not known: there is nothing left to try


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a search is: what it does, packages valued, packages not beaten so far, seconds since it began."""

    doing: str
    evaluations: int
    frontier: int
    seconds: float


def evolve(
    evaluator: Evaluator, aim: Aim | None = None, *, seed: int = 0, evaluations: int | None = None,
    time_limit_s: float | None = None, population: int = POPULATION, keep: int = KEPT,
    executor: Executor | None = None, part: int = PART, progress: Callable[[Stage], None] | None = None,
    state: Path | str | None = None, check: Evaluator | None = None, local: bool = True, greedy: bool = True,
) -> Frontier:  # fmt: skip
    """Search for packages not beaten: greedy beginnings, NSGA-II with flips and swaps, Pareto local search.

    The beginnings take the most useful proposals one by one, along several weights of gains and capability. Then
    generations of NSGA-II (crossed, flipped and swapped packages, mended to the rules; packages that miss a bound of
    the aim rank behind those that keep them) take turns with local search: all packages one flip away from the best
    that lie farthest apart. Whatever was not beaten stays in an archive of at most ``keep``, from which half of the
    parents come.

    Args:
        evaluator: values packages; those known are not valued twice.
        aim: what counts, and bounds.
        seed: of the dice. The same arguments give the same answer, whatever the executor, unless time ends it.
        evaluations: packages to value at most (the last step may go a little beyond). None: no limit.
        time_limit_s: seconds after which no new step begins. None: no limit. One of the two must be given.
        population: packages in a generation.
        keep: packages in the archive at most.
        executor: values parts of ``part`` packages.
        progress: is told a ``Stage`` after every step.
        state: a file. Where it exists the search goes on from it, as if it had not been interrupted; it is written
            every 20 seconds and at the end.
        check: another evaluator of the same proposals, such as one with ranges or of the flow model: what was found is
            valued by it before it is compared and shown.
        local, greedy: switch parts of it off, for comparison.

    Returns:
        The frontier found; ``exact`` is False: nothing proves that there is no better package.

    Raises:
        DetenteError: no limit given, one out of range, or a state file of another search.

    Source: Deb, Pratap, Agarwal, Meyarivan 2002, doi 10.1109/4235.996017 (NSGA-II); Paquete, Chiarandini, Stützle 2004,
    doi 10.1007/978-3-642-17144-4_7 (Pareto local search).

    """
    _check(evaluations, time_limit_s, population, keep)
    axes = axes_of(evaluator, aim)
    file = None if state is None else Path(state)
    told = _told(evaluator, axes.names, axes.least, seed, population, keep, local, greedy)
    now = State(Known(evaluator, axes, executor, part), Archive(keep), np.random.default_rng(seed))
    if file is not None and file.exists():
        resume(now, file, told)
        _same_world(now, file)
    began = saved = time.monotonic()
    while True:
        seconds = time.monotonic() - began
        if evaluations is not None and len(now.known) >= evaluations:
            break
        if time_limit_s is not None and seconds >= time_limit_s:
            break
        before = len(now.known)
        doing = _step(now, population, local, greedy)
        now.step += 1
        if progress is not None:
            progress(Stage(doing, len(now.known), int(now.archive.rows.size), time.monotonic() - began))
        if file is not None and time.monotonic() - saved > SAVE_EVERY_S:
            save(now, file, told)
            saved = time.monotonic()
        now.idle = now.idle + 1 if len(now.known) == before else 0
        if now.idle >= IDLE:
            break
    if file is not None:
        save(now, file, told)
    return _frontier(now, check or evaluator, aim, told, executor, part)


def _step(now: State, population: int, local: bool, greedy: bool) -> str:
    beginnings = directions(len(now.known.axes.names)) if greedy else np.zeros((0, 1))
    if now.step == 0:
        _first(now, population)
        return "first packages"
    if now.step <= beginnings.shape[0]:
        _climb(now, beginnings[now.step - 1])
        return "greedy"
    if local and (now.step - beginnings.shape[0]) % (LOCAL_EVERY + 1) == 0:
        _look_around(now, round(LOCAL_SHARE * LOCAL_EVERY * population))
        return "local search"
    _generation(now, population)
    return "evolution"


def _first(now: State, population: int) -> None:
    """The status quo, each proposal alone, all but each, and packages of all sizes by lot."""
    known, P = now.known, now.known.evaluator.n_proposals
    nothing, everything = np.zeros((1, P), dtype=np.bool_), np.ones((1, P), dtype=np.bool_)
    most = repair(everything, known.evaluator, now.draw)
    lot = now.draw.random((population, P)) < now.draw.random((population, 1))
    near = [flips(base[0], known.evaluator, range(P)) for base in (nothing, most)]
    _take_in(now, np.concatenate((nothing, most, *near, repair(lot, known.evaluator, now.draw))))


def _climb(now: State, weight: Floats) -> None:
    known = now.known
    size = len(known)
    good = np.isfinite(known.violation[:size])
    span = np.ptp(known.points[:size][good], axis=0) if good.any() else np.ones(weight.size)
    start = np.zeros(known.evaluator.n_proposals, dtype=np.bool_)
    rows = climb(known, start, weight, np.where(span > 0, span, 1.0))
    now.archive.offer(known, rows)
    _select(now, rows, now.population.size)


def _generation(now: State, population: int) -> None:
    known, draw = now.known, now.draw
    mothers = _parents(now, population)
    fathers = _parents(now, population)
    rows = repair(children(known.packages[mothers], known.packages[fathers], draw), known.evaluator, draw)
    _take_in(now, rows)


def _parents(now: State, count: int) -> Ints:
    """Parents by lot: from the archive, or the better of two of the population."""
    draw, best = now.draw, now.archive.rows
    pair = draw.integers(now.population.size, size=(2, count))
    chosen: Ints = now.population[pair.min(axis=0)]  # the population stands in order
    if best.size:
        elite = draw.random(count) < ELITE
        chosen = np.where(elite, best[draw.integers(best.size, size=count)], chosen)
    return chosen


def _take_in(now: State, packages: Bools) -> None:
    rows = np.unique(now.known.rows(packages))
    now.archive.offer(now.known, rows)
    _select(now, rows, POPULATION if not now.population.size else now.population.size)


def _select(now: State, rows: Ints, size: int) -> None:
    """Let the best live on: by front, then by crowding, in that order."""
    both = np.union1d(now.population, rows)
    points, violation = now.known.points[both], now.known.violation[both]
    _, first = np.unique(np.column_stack((points, violation)), axis=0, return_index=True)
    both = both[np.sort(first)]
    points, violation = now.known.points[both], now.known.violation[both]
    front = fronts(points, violation)
    order = np.lexsort((both, -crowding(points, front), front))
    now.population = both[order[:size]]


def _look_around(now: State, budget: int) -> None:
    """Value all packages one flip away from the best ones not yet looked around, the loneliest first."""
    known, P = now.known, now.known.evaluator.n_proposals
    fresh = np.array([r for r in now.archive.rows.tolist() if r not in now.tried], dtype=np.int64)
    if not fresh.size:
        return
    alone = crowding(known.points[now.archive.rows], np.zeros(now.archive.rows.size, dtype=np.int64))
    alone = alone[np.isin(now.archive.rows, fresh)]
    chosen = fresh[np.argsort(-alone, kind="stable")[: max(1, budget // P)]]
    near = np.concatenate([flips(known.packages[r], known.evaluator, range(P)) for r in chosen])
    rows = np.unique(known.rows(near))
    now.archive.offer(known, rows)
    now.tried.update(chosen.tolist())
    _select(now, np.union1d(rows[np.isin(rows, now.archive.rows)], now.population), now.population.size)


def _frontier(
    now: State, check: Evaluator, aim: Aim | None, told: dict[str, Any], executor: Executor | None, part: int
) -> Frontier:
    rows = now.archive.final(now.known)
    packages = now.known.packages[rows]
    values = evaluate(check, packages, executor, part)
    kept = ("seed", "population", "keep", "local", "greedy")
    settings: dict[str, float | int | str | bool] = {k: told[k] for k in kept} | {"steps": now.step}
    return frontier_of(check, packages, values, aim, method="evolution", evaluations=len(now.known), settings=settings)


def _told(
    evaluator: Evaluator, names: tuple[str, ...], least: Floats, seed: int, population: int, keep: int, local: bool,
    greedy: bool,
) -> dict[str, Any]:  # fmt: skip
    rules = repr((list(evaluator.names), list(evaluator.exclusive), list(evaluator.requires)))
    return {
        "proposals": sha256(rules.encode()).hexdigest(), "axes": list(names), "least": [repr(float(x)) for x in least],
        "seed": seed, "population": population, "keep": keep, "local": local, "greedy": greedy,
    }  # fmt: skip


def _same_world(now: State, file: Path) -> None:
    """Value a few packages anew: a state of another case would otherwise go unseen."""
    rows = (
        np.unique(np.linspace(0, len(now.known) - 1, 8).astype(np.int64)) if len(now.known) else np.zeros(0, np.int64)
    )
    if rows.size:
        values = now.known.evaluator.evaluate(now.known.packages[rows])
        if not np.allclose(now.known.axes.points(values), now.known.points[rows], rtol=1e-6, atol=1e-3):
            raise DetenteError(
                f"{file}: its packages have other values now; the record, or the model that values them, is another. "
                "Name another file, or delete this one to start anew."
            )


def _check(evaluations: int | None, time_limit_s: float | None, population: int, keep: int) -> None:
    if evaluations is None and time_limit_s is None:
        raise DetenteError("evaluations, time_limit_s: got neither; expected a limit, or the search would not end.")
    for name, value, least in (
        ("evaluations", evaluations, 1), ("time_limit_s", time_limit_s, 0), ("population", population, 4),
        ("keep", keep, 1),
    ):  # fmt: skip
        if value is not None and not value >= least:
            raise DetenteError(f"{name}: got {value}; expected at least {least}.")

"""The whole frontier of few proposals: every package the rules allow is valued."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from detente.record import DetenteError
from detente.relief.frontier import Aim, Frontier, axes_of, frontier_of, take
from detente.relief.search.dominance import not_beaten
from detente.relief.search.evaluation import evaluate, together
from detente.relief.search.rules import all_packages, count_packages
from detente.relief.values import Evaluator

MOST = 2**18
CHUNK = 4096  # packages held at a time, with their values
Progress = Callable[[int, int], None]


def exhaustive(
    evaluator: Evaluator, aim: Aim | None = None, *, executor: Executor | None = None,
    progress: Progress | None = None, most: int = MOST, check: Evaluator | None = None,
) -> Frontier:  # fmt: skip
    """Value every package and keep those not beaten: exact, for up to 18 proposals (or 262,144 packages).

    Memory is bounded by 4,096 packages at a time and the frontier. ``progress`` is told packages seen and in all.
    ``check`` values what was found once more; where it is another model, the answer is no longer exact for it.

    Raises ``DetenteError`` where there are more than ``most`` packages.
    """
    total = count_packages(evaluator)
    if total > most:
        raise DetenteError(
            f"{evaluator.n_proposals} proposals make {total:,} packages, more than {most:,}: use a search by programme "
            "or by evolution, or leave proposals out."
        )
    axes = axes_of(evaluator, aim)
    packages = np.zeros((0, evaluator.n_proposals), dtype=np.bool_)
    values, seen = evaluator.evaluate(packages), 0
    for rows in all_packages(evaluator, CHUNK):
        found = evaluate(evaluator, rows, executor)
        seen += rows.shape[0]
        packages, values = np.concatenate((packages, rows)), together([values, found])
        good = np.flatnonzero(axes.violation(values) == 0)
        good = good[not_beaten(axes.points(values)[good])] if good.size else good
        packages, values = packages[good], take(values, good)
        if progress is not None:
            progress(seen, total)
    settings: dict[str, float | int | str | bool] = {"packages": seen}
    if check is not None:
        values = evaluate(check, packages, executor)
        settings["exact_for"] = "the model of the search"
    return frontier_of(
        check or evaluator, packages, values, aim, method="exhaustive", exact=check is None, evaluations=seen,
        settings=settings,
    )  # fmt: skip

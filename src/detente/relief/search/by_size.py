"""The search that fits the number of proposals."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from detente.relief.frontier import Aim, Frontier
from detente.relief.search.evolution import Stage, evolve
from detente.relief.search.exhaustive import MOST, exhaustive
from detente.relief.search.rules import count_packages
from detente.relief.values import Evaluator

TIME_LIMIT_S = 60.0


def search(
    evaluator: Evaluator, aim: Aim | None = None, *, check: Evaluator | None = None, seed: int = 0,
    evaluations: int | None = None, time_limit_s: float | None = None, executor: Executor | None = None,
    progress: Callable[[Stage], None] | None = None, state: Path | str | None = None,
) -> Frontier:  # fmt: skip
    """Find the packages that no other beats: all of them where every package can be valued, else the best found.

    Up to 262,144 packages (18 proposals; more where modes exclude one another) every one is valued, and the answer is
    exact. Beyond, ``evolve`` looks for ``evaluations`` packages or ``time_limit_s`` seconds (neither: 60 seconds).
    Arguments are those of ``evolve``; ``check`` values what was found in either case. For a proof on the best case,
    there is ``by_programme``.

    Raises ``DetenteError`` as ``evolve`` and ``exhaustive``.

    >>> from detente.relief.blocs.drawn import two_blocs
    >>> search(two_blocs(40, 8, seed=3)).exact
    True
    """
    if count_packages(evaluator) > MOST:
        if evaluations is None and time_limit_s is None:
            time_limit_s = TIME_LIMIT_S
        return evolve(
            evaluator, aim, seed=seed, evaluations=evaluations, time_limit_s=time_limit_s, executor=executor,
            progress=progress, state=state, check=check,
        )  # fmt: skip

    def tell(seen: int, total: int) -> None:  # noqa: ARG001 # a stage has no total
        if progress is not None:
            progress(Stage("every package", seen, 0, 0.0))

    return exhaustive(evaluator, aim, executor=executor, progress=tell, check=check)

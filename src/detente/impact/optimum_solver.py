"""The best case solved: HiGHS on a ``Programme``, first for the optimum, then for the range of a sum near it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import highspy
import numpy as np
import numpy.typing as npt

from detente.impact.optimum_programme import Programme
from detente.record import DetenteError

Floats = npt.NDArray[np.float64]
Method: TypeAlias = Literal["simplex", "ipm"]

THREADS = 1  # HiGHS keeps one number a process; with one the result is the same on every machine
FEASIBLE = 1e-8  # of each column's own size in the record
PRIMAL = 4  # simplex: the last vertex stays feasible where only the aim changes
SOLVED = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)  # empty: nothing can be made
LARGE = 40_000  # columns beyond which the interior point method is the faster start


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """A programme at its optimum: the columns found, in units of ``programme.scale``, and HiGHS to go on with.

    ``value`` is the optimum, in the same units; ``kept`` are the columns that can be more than 0, which
    are all that HiGHS knows of.
    """

    programme: Programme
    highs: highspy.Highs
    kept: npt.NDArray[np.int64]
    value: float
    x: Floats


def solve(programme: Programme, *, method: Method | None, time_limit_s: float) -> Solved:
    """Find the optimum.

    ``method`` is ``simplex`` or ``ipm`` (interior point, then a vertex); None: by size. ``time_limit_s`` holds for
    this and all later runs on it together, as HiGHS's clock adds up over runs.

    Raises ``DetenteError`` where HiGHS finds no optimum in time, or none at all.
    """
    highs = highspy.Highs()  # type: ignore[no-untyped-call] # highspy types all but this
    kept = np.flatnonzero(programme.most > 0)
    chosen = method or ("ipm" if kept.size > LARGE else "simplex")
    for name, value in (
        ("output_flag", False), ("threads", THREADS), ("parallel", "off"), ("time_limit", float(time_limit_s)),
        ("primal_feasibility_tolerance", FEASIBLE), ("dual_feasibility_tolerance", FEASIBLE), ("solver", chosen),
        ("simplex_scale_strategy", 0),  # the programme is scaled already, by what the figures mean
    ):  # fmt: skip
        highs.setOptionValue(name, value)
    if highs.passModel(_model(programme, kept)) == highspy.HighsStatus.kError:
        raise DetenteError("The best case was not found: HiGHS does not take the programme.")
    _run(highs, time_limit_s)
    x = np.zeros(programme.most.size)
    x[kept] = np.clip(np.array(highs.getSolution().col_value), 0.0, programme.most[kept]) * programme.size[kept]
    return Solved(programme, highs, kept, highs.getObjectiveValue(), x)


def hold(solved: Solved, slack: float) -> None:
    """Keep every later run on it within ``slack`` of the optimum."""
    gain = solved.programme.gain[solved.kept]
    at = np.flatnonzero(gain).astype(np.int32)
    if not at.size:
        return
    solved.highs.addRow(solved.value - slack, highspy.kHighsInf, at.size, at, gain[at])
    solved.highs.setOptionValue("solver", "simplex")
    solved.highs.setOptionValue("simplex_strategy", PRIMAL)


def extremes(solved: Solved, weight: Floats, time_limit_s: float) -> tuple[float, float]:
    """The least and the greatest of ``weight @ output`` over what ``hold`` left; ``weight`` has a value a unit."""
    n, highs = solved.programme.n, solved.highs
    cost = np.zeros(solved.programme.most.size)
    cost[:n] = weight * solved.programme.size[:n]
    cost = cost[solved.kept]
    if not cost.any():
        return 0.0, 0.0
    columns = np.arange(cost.size, dtype=np.int32)
    found = []
    for sign in (-1.0, 1.0):
        highs.changeColsCost(cost.size, columns, sign * cost)
        _run(highs, time_limit_s)
        found.append(sign * highs.getObjectiveValue())
    return found[0], found[1]


def _model(p: Programme, kept: npt.NDArray[np.int64]) -> highspy.HighsLp:
    by_row = p.A[:, kept].tocsr()
    rows = np.flatnonzero(np.diff(by_row.indptr))  # a row without columns holds 0, which every row allows
    A = by_row[rows].tocsc()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = kept.size, rows.size
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = p.gain[kept]
    lp.col_lower_ = np.zeros(kept.size)
    lp.col_upper_ = p.most[kept]
    lp.row_lower_ = p.row_low[rows]
    lp.row_upper_ = p.row_high[rows]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = A.indptr.astype(np.int32)
    lp.a_matrix_.index_ = A.indices.astype(np.int32)
    lp.a_matrix_.value_ = A.data
    return lp


def _run(highs: highspy.Highs, time_limit_s: float) -> None:
    highs.run()
    status = highs.getModelStatus()
    for presolve in ("choose", "off"):  # what presolve took out may come back a little off; without it nothing does
        if status in (*SOLVED, highspy.HighsModelStatus.kTimeLimit):
            break
        highs.clearSolver()  # the last vertex led nowhere: start afresh
        highs.setOptionValue("presolve", presolve)
        highs.run()
        status = highs.getModelStatus()
    highs.setOptionValue("presolve", "choose")
    if status in SOLVED:
        return
    if status == highspy.HighsModelStatus.kTimeLimit:
        raise DetenteError(
            f"The best case was not found within {time_limit_s:g} seconds: give more time, or ask for fewer groups."
        )
    raise DetenteError(
        f"The best case was not found: HiGHS says {highs.modelStatusToString(status).lower()!r}. "
        "Output of nothing at all is always allowed, so some figure of the network is out of all proportion."
    )

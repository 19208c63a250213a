"""The mixed-integer programme of packages: licences as yes or no, and flows as the best case may choose them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from detente.impact.optimum_programme import Programme, programme
from detente.impact.optimum_solver import THREADS
from detente.record import DetenteError
from detente.relief.blocs.opened import OpenedNetwork
from detente.relief.values import Bools, Floats

Ints = npt.NDArray[np.int64]
INF = float(highspy.kHighsInf)
GAP = 1e-6  # relative: below it a package counts as proved best
FEASIBLE = 1e-7
SOLVED = (highspy.HighsModelStatus.kOptimal,)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """The programme in HiGHS.

    Columns: those of the best case, then P proposals (0 or 1), the clauses, and for each of J ``units`` that have the
    capability the least that it could make under the package. ``unit`` (n x S) is what each side gains, USD m a year,
    by a column of output (in units of the programme); ``today`` (S) what the status quo comes to. ``row_of`` are the
    rows that hold each side, the tagged output by the programme's own flows, and the potential.
    """

    opened: OpenedNetwork
    base: Programme
    highs: highspy.Highs
    first_proposal: int
    first_potential: int
    units: Ints
    floor: Floats
    unit: Floats
    today: Floats
    row_of: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What HiGHS found: the package, the flows' gains by side (USD m a year) and tagged output, and how sure it is.

    ``potential`` (J) is what it takes the units with the capability to be able to make at least.
    ``objective`` is that of the package, ``bound`` what no package exceeds.
    """

    package: Bools
    gain: Floats
    tagged: Floats
    potential: Floats
    objective: float
    bound: float
    proved: bool


def build(opened: OpenedNetwork, kind: int = 0) -> Model:
    """Write the programme: the best case of ``detente.impact.optimum`` without re-sourcing, spare capacity or rivals,
    in which a sale goes on as far as a clause whose proposals are all granted allows.

    Of several clauses of a sale at most one counts, and each only as far as every proposal it needs is granted, so that
    whole proposals give exactly the most generous clause met. ``kind`` is the capability that can be capped.
    """
    network, clauses = opened.network, opened.openings
    n, P, C = network.units.height, opened.n_proposals, clauses.link.size
    everything = clauses.allowed(np.ones((1, P), dtype=np.bool_))[0]
    spare, none = np.zeros(n), np.full(n, -1)
    p = programme(network, everything, spare=spare, market=none, resourcing=False, premium=0.0)
    width = p.most.size
    flow = 3 * n  # where the sales of the record begin among the columns
    value = network.value / p.scale
    rows: list[tuple[dict[int, float], float, float]] = []
    x, w = width, width + P
    varies = np.flatnonzero(clauses.base[clauses.link] < 1)
    of_sale: dict[int, list[int]] = {}
    for c in varies.tolist():
        if clauses.share[c] > clauses.base[clauses.link[c]]:
            of_sale.setdefault(int(clauses.link[c]), []).append(c)
    for e, mine in of_sale.items():
        base = float(clauses.base[e])
        row = {flow + e: float(p.size[flow + e])}
        for c in mine:
            row[w + c] = -float(value[e]) * (float(clauses.share[c]) - base)
            rows += [({w + c: 1.0, x + q: -1.0}, -INF, 0.0) for q in clauses.needs[c]]
        rows.append((row, -INF, float(value[e]) * base))
        if len(mine) > 1:
            rows.append((dict.fromkeys((w + c for c in mine), 1.0), -INF, 1.0))
    rows += [(dict.fromkeys((x + q for q in g), 1.0), -INF, 1.0) for g in opened.exclusive]
    for q, any_of in opened.requires:
        rows.append(({x + q: 1.0} | dict.fromkeys((x + r for r in any_of), -1.0), -INF, 0.0))
    makes = np.divide(p.size[:n], p.revenue, out=np.zeros(n), where=p.revenue > 0)  # of a column, in shares of output
    unit = opened.by_side * makes[:, None]
    held = np.concatenate((unit, opened.tagged * makes[:, None]), axis=1)
    first_held = len(rows)
    for column in held.T:
        rows.append(({int(i): float(column[i]) for i in np.flatnonzero(column)}, -INF, INF))
    units = np.flatnonzero(opened.tagged[:, kind])
    floor = opened.reach(np.zeros((1, P), dtype=np.bool_))[0, units]
    weight = opened.tagged[units, kind]
    rows.append(({w + C + j: float(v) for j, v in enumerate(weight)}, -INF, INF))
    A, low, high = _stack(p, rows, width + P + C + units.size)
    most = np.concatenate((p.most, np.ones(P), np.ones(C), np.ones(units.size)))
    highs = _highs(A, low, high, most, x, P)
    highs.changeColsBounds(units.size, np.arange(w + C, w + C + units.size, dtype=np.int32), floor, np.ones(units.size))
    top = p.A.shape[0]
    row_of = tuple(range(top + first_held, top + len(rows)))
    model = Model(opened, p, highs, x, w + C, units, floor, unit, np.zeros(unit.shape[1]), row_of)
    found = solve(model, np.ones(unit.shape[1]), fixed=np.zeros(P, dtype=np.bool_))
    if found is None:
        raise DetenteError("The programme has no solution even without a package; some figure is out of proportion.")
    return replace(model, today=found.gain)


def solve(
    model: Model, weight: Floats, *, least: Floats | None = None, flows_below: Floats | None = None,
    cap: float | None = None, fixed: Bools | None = None, start: Bools | None = None, time_limit_s: float = 60.0,
) -> Solution | None:  # fmt: skip
    """Find the package with the greatest weighed gain; None where there is none, or none was found in time.

    ``least`` is what each side must gain against the status quo, ``flows_below`` what tagged output may be at most by
    the flows the programme chooses itself (a promise it cannot keep: see ``planners_promise``), ``cap`` what the
    potential may be at most as far as `reaches` has told it, ``fixed`` a package to be valued, ``start`` one to begin
    with.
    """
    highs, S = model.highs, model.unit.shape[1]
    P, x = model.opened.n_proposals, model.first_proposal
    n = model.base.n
    highs.changeColsCost(n, np.arange(n, dtype=np.int32), np.ascontiguousarray(model.unit @ weight))
    floor = np.full(S, -INF) if least is None else least + model.today
    roof = np.full(len(model.row_of) - S, INF)
    if flows_below is not None:
        roof[:-1] = flows_below
    if cap is not None:
        roof[-1] = cap + FEASIBLE
    for row, low in zip(model.row_of[:S], floor, strict=True):
        highs.changeRowBounds(row, float(low) - (FEASIBLE if np.isfinite(low) else 0.0), INF)
    for row, high in zip(model.row_of[S:], roof, strict=True):
        highs.changeRowBounds(row, -INF, float(high))
    ends = np.zeros(P), np.ones(P)
    if fixed is not None:
        ends = fixed.astype(np.float64), fixed.astype(np.float64)
    highs.changeColsBounds(P, np.arange(x, x + P, dtype=np.int32), *ends)
    highs.setOptionValue("time_limit", highs.getRunTime() + max(time_limit_s, 0.01))  # its clock adds up over runs
    if start is not None:
        highs.setSolution(P, np.arange(x, x + P, dtype=np.int32), start.astype(np.float64))
    highs.run()
    info, status = highs.getInfo(), highs.getModelStatus()
    if info.primal_solution_status != 2:  # 2: feasible
        return None
    column = np.array(highs.getSolution().col_value)
    package = column[x : x + P] > 0.5
    makes = np.concatenate((model.unit, _tagged(model)), axis=1)
    sums = column[:n] @ makes
    bound = info.mip_dual_bound if fixed is None else info.objective_function_value
    return Solution(
        package,
        sums[:S] - model.today,
        sums[S:],
        np.array(column[model.first_potential :]),
        float(info.objective_function_value),
        float(bound),
        status in SOLVED,
    )


def reaches(model: Model, unit: int, share: float, members: tuple[int, ...]) -> None:
    """Tell the programme that with all of some proposals the unit (one of J) can make such a share of its output."""
    first, more = float(model.floor[unit]), share - float(model.floor[unit])
    columns = np.array([model.first_proposal + p for p in members] + [model.first_potential + unit], dtype=np.int32)
    cells = np.append(np.full(len(members), -more), 1.0)
    model.highs.addRow(first + more * (1 - len(members)), INF, columns.size, columns, cells)


def _tagged(model: Model) -> Floats:
    p = model.base
    makes = np.divide(p.size[: p.n], p.revenue, out=np.zeros(p.n), where=p.revenue > 0)
    tagged: Floats = model.opened.tagged * makes[:, None]
    return tagged


def _stack(
    p: Programme, rows: list[tuple[dict[int, float], float, float]], width: int
) -> tuple[sparse.csc_array, Floats, Floats]:
    at = np.repeat(np.arange(len(rows)), [len(r[0]) for r in rows])
    column = np.array([c for r in rows for c in r[0]], dtype=np.int64)
    cell = np.array([v for r in rows for v in r[0].values()], dtype=np.float64)
    more = sparse.coo_array((cell, (at, column)), shape=(len(rows), width))
    wide = sparse.coo_array(p.A)
    wide = sparse.coo_array((wide.data, wide.coords), shape=(p.A.shape[0], width))
    A = sparse.vstack([wide, more], format="csc")
    return A, np.concatenate((p.row_low, [r[1] for r in rows])), np.concatenate((p.row_high, [r[2] for r in rows]))


def _highs(A: sparse.csc_array, low: Floats, high: Floats, most: Floats, x: int, P: int) -> highspy.Highs:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = A.shape[1], A.shape[0]
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.zeros(A.shape[1]), np.zeros(A.shape[1]), most
    lp.row_lower_, lp.row_upper_ = np.maximum(low, -INF), np.minimum(high, INF)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = A.indptr.astype(np.int32)
    lp.a_matrix_.index_ = A.indices.astype(np.int32)
    lp.a_matrix_.value_ = A.data
    kinds = [highspy.HighsVarType.kContinuous] * A.shape[1]
    kinds[x : x + P] = [highspy.HighsVarType.kInteger] * P
    lp.integrality_ = kinds
    highs = highspy.Highs()  # type: ignore[no-untyped-call] # highspy types all but this
    for name, option in (
        ("output_flag", False), ("threads", THREADS), ("parallel", "off"), ("mip_rel_gap", GAP), ("mip_abs_gap", 1e-9),
        ("mip_feasibility_tolerance", 1e-7), ("random_seed", 0),
    ):  # fmt: skip
        highs.setOptionValue(name, option)
    if highs.passModel(lp) == highspy.HighsStatus.kError:
        raise DetenteError("HiGHS does not take the programme of packages.")
    return highs

"""The exact best packages of the best case, cap by cap, with the potential capability kept under the cap."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from detente.record import DetenteError
from detente.relief.blocs.opened import OpenedNetwork
from detente.relief.frontier import CAPABILITY_GRAIN, Aim, Frontier, axes_of, frontier_of
from detente.relief.search.milp_model import Model, Solution, build, reaches, solve
from detente.relief.values import Bools, Evaluator, Floats

ORDERS = 4  # in which proposals are taken away to find minimal sets, for each unit
BEFOREHAND = 150  # packages by lot whose potential the programme is told before it is first solved
ROUNDS = 2000
Cut = tuple[int, float, tuple[int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The best package under one cap, in the best case.

    ``gain`` (S) is what the sides gain if all flows go as the programme chooses, USD m a year; ``capability`` (C) the
    potential of the package, whatever the flows; ``by_flows`` (C) what the programme's own flows make of it. ``bound``
    is a joint gain that no package under the cap exceeds: it equals that of the package where ``proved``. ``cuts``
    were needed in all so far.
    """

    cap: float
    package: Bools
    gain: Floats
    capability: Floats
    by_flows: Floats
    bound: float
    proved: bool
    cuts: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Programmed:
    """Points by cap, and the frontier of their packages as the evaluator (the true model) values them."""

    points: tuple[Point, ...]
    frontier: Frontier

    @property
    def proved(self) -> bool:
        """Whether every point is proved best."""
        return all(p.proved for p in self.points)


def by_programme(
    opened: OpenedNetwork, caps: Sequence[float] | int = 6, *, capability: str | None = None,
    weight: Sequence[float] | None = None, least_gain: Sequence[float] | None = None, time_limit_s: float = 60.0,
    progress: Callable[[Point], None] | None = None, seed: int = 0, check: Evaluator | None = None,
) -> Programmed:  # fmt: skip
    """Find the package with the greatest joint gain under each cap, each side at least where it is now: exactly.

    What is exact: of the best case (a linear programme of the network: everybody adapts as well as the law allows,
    flows chosen for the greatest joint gain), no package that keeps the cap does better than ``bound``. The cascade is
    not linear, so this is no proof of the best package there; every package is valued anew by ``opened``, which is what
    the frontier shows. The cap holds the *potential* capability, by ``opened`` itself, whatever the flows: where
    a package breaks it, the programme is told the minimal sets of its proposals that let each unit make what it can
    (a cut for each unit and set), and is solved again. As no potential falls when more is granted, no good package is
    ruled out.

    Args:
        opened: network, clauses, proposals.
        caps: shares from 0 to 1; or how many, evenly between the status quo and everything granted.
        capability: which kind; None: the only one.
        weight: of the sides in the gain that is maximised; None: 1 each. (0 and 1: the frontier of one side.)
        least_gain: what each side must gain at least, USD m a year; None: 0.
        time_limit_s: for all caps together. Where it ends a search, ``proved`` is False and ``bound`` still holds
            (infinite where none was found in time).
        progress: is told each point.
        seed: of the order in which proposals are taken away to find minimal sets.
        check: another evaluator of the same proposals, such as the case's own: it values what the frontier shows.

    Raises:
        DetenteError: a cap out of range, no such capability, or numbers that do not fit.

    Source: epsilon-constraint method: Haimes, Lasdon, Wismer 1971, doi 10.1109/TSMC.1971.4308298; cuts from sets
    that explain: logic-based Benders decomposition, Hooker, Ottosson 2003, doi 10.1007/s10107-003-0375-9.
    """
    column = axes_of(opened, Aim(capabilities=None if capability is None else (capability,))).capability
    if column.size != 1:
        raise DetenteError(f"capability: there are {', '.join(opened.capabilities) or 'none'}; name one of them.")
    at, S, P = int(column[0]), len(opened.sides), opened.n_proposals
    weights = np.ones(S) if weight is None else np.asarray(weight, dtype=np.float64)
    least = np.zeros(S) if least_gain is None else np.asarray(least_gain, dtype=np.float64)
    if weights.shape != (S,) or least.shape != (S,) or not (weights >= 0).all():
        raise DetenteError(f"weight, least_gain: expected {S} numbers, one a side, weights of 0 or more.")
    ends = opened.quick().evaluate(np.array([np.zeros(P), np.ones(P)], dtype=np.bool_)).capability[:, at]
    wanted = np.linspace(ends[1], ends[0], caps) if isinstance(caps, int) else np.array(sorted(caps, reverse=True))
    if not wanted.size or not (0 <= wanted.min() <= wanted.max() <= 1):
        raise DetenteError(f"caps: got {caps}; expected one or more shares from 0 to 1.")
    began, model = time.monotonic(), build(opened, at)
    draw, points = np.random.default_rng(seed), []
    told: set[Cut] = set()
    for share in np.linspace(1.0, 0.05, BEFOREHAND):  # most of what explains potential is found before the first run
        _tell(model, draw.random(P) < share, model.floor, told, draw)
    last: Bools | None = None
    for cap in wanted.tolist():
        found, proved, bound = None, False, np.inf
        for _ in range(ROUNDS):
            left = time_limit_s - (time.monotonic() - began)
            if left <= 0:
                break
            one = solve(model, weights, least=least, cap=cap, time_limit_s=left, start=last)
            if one is None:
                break
            bound = min(bound, one.bound - float(model.today @ weights))
            if _potential(opened, one.package[None, :], at)[0] <= cap + CAPABILITY_GRAIN:
                found, proved = one, one.proved
                break
            if not _tell(model, one.package, one.potential, told, draw):
                break
        if found is None:  # nothing was found in time: the status quo keeps the cap, or no package does
            if ends[0] > cap + CAPABILITY_GRAIN:
                continue
            found = solve(model, weights, fixed=np.zeros(P, dtype=np.bool_))
            if found is None:
                continue
        point = _point(opened, found, cap, bound, proved, len(told), time.monotonic() - began)
        points.append(point)
        last = found.package
        if progress is not None:
            progress(point)
    packages = np.array([p.package for p in points], dtype=np.bool_).reshape(-1, P)
    frontier = frontier_of(
        check or opened, np.unique(packages, axis=0), method="programme", exact=False, evaluations=len(points),
        settings={"caps": len(points), "cuts": len(told), "proved": all(p.proved for p in points)},
    )  # fmt: skip
    return Programmed(tuple(points), frontier)


def _point(
    opened: OpenedNetwork, found: Solution, cap: float, bound: float, proved: bool, cuts: int, seconds: float
) -> Point:
    kept = opened.quick().evaluate(found.package[None, :]).capability[0]
    return Point(cap, found.package, found.gain, kept, found.tagged, bound, proved, cuts, seconds)


def _potential(opened: OpenedNetwork, packages: Bools, at: int) -> Floats:
    kept: Floats = opened.capability(packages)[:, at]
    return kept


def _tell(model: Model, package: Bools, taken: Floats, told: set[Cut], draw: np.random.Generator) -> int:
    """Tell the programme what it takes too low of the units' potential under a package; return how many cuts are new.

    For each such unit proposals are taken away, those that matter least to it first, as long as it can still make as
    much: what is left is a minimal set that explains it.
    """
    opened, members = model.opened, np.flatnonzero(package)
    made = opened.reach(package[None, :])[0, model.units]
    low = np.flatnonzero(made > taken + CAPABILITY_GRAIN)
    if not low.size or not members.size:
        return 0
    without = np.broadcast_to(package, (members.size, package.size)).copy()
    without[np.arange(members.size), members] = False
    matters = made[low, None] - opened.reach(without)[:, model.units[low]].T
    of = np.repeat(np.arange(low.size), ORDERS)
    noise = draw.random((of.size, members.size)) * np.where(np.arange(of.size) % ORDERS == 0, 1e-9, 1e-3)[:, None]
    orders = members[np.argsort(matters[of] + noise, axis=1, kind="stable")]
    rows, every = np.broadcast_to(package, (of.size, package.size)).copy(), np.arange(of.size)
    for step in range(members.size):
        fewer = rows.copy()
        fewer[every, orders[:, step]] = False
        still = opened.reach(fewer)[every, model.units[low[of]]] >= made[low[of]] - CAPABILITY_GRAIN / 10
        rows[still] = fewer[still]
    fresh = {
        (int(low[u]), round(float(made[low[u]]), 9), tuple(np.flatnonzero(row).tolist()))
        for u, row in zip(of, rows, strict=True)
    } - told
    for unit, share, proposals in sorted(fresh):
        reaches(model, unit, share, proposals)
    told |= fresh
    return len(fresh)


def planners_promise(opened: OpenedNetwork, cap: float, *, time_limit_s: float = 60.0) -> tuple[float, float] | None:
    """What a programme that also picks the flows promises of capability, and what its package makes possible.

    The first is the tagged output by the programme's own flows, held under ``cap``; the second the potential of the
    licences it grants. The difference is what it promises and cannot keep. None where no package was found in time.

    Raises ``DetenteError`` where there is not one kind of capability.
    """
    if len(opened.capabilities) != 1:
        raise DetenteError(f"capability: there are {len(opened.capabilities)}; expected one.")
    model: Model = build(opened)
    S = len(opened.sides)
    found = solve(model, np.ones(S), least=np.zeros(S), flows_below=np.array([cap]), time_limit_s=time_limit_s)
    if found is None:
        return None
    return float(found.tagged[0]), float(_potential(opened, found.package[None, :], 0)[0])

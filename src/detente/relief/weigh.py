"""Relief: which licences, delistings or divestitures would leave both sides better off, and what each buys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import polars as pl

from detente.impact.assumptions import Assumptions
from detente.impact.costs import cost
from detente.record import Case, DetenteError, NotFound
from detente.record.load import as_day
from detente.relief.admissible import rulings
from detente.relief.answer import STATUS_QUO, Relief, Shown
from detente.relief.at_rest import AtRest
from detente.relief.attribution import Attribution, owen, shapley
from detente.relief.bargaining import Bargains, bargains
from detente.relief.bundling import bundling
from detente.relief.coalitions import Coalitions, appearance, dangerous
from detente.relief.exchange import exchange_rates
from detente.relief.frontier import Aim, Frontier
from detente.relief.measures_game import measures_game
from detente.relief.menu import Menu
from detente.relief.objectives import Objectives, Of
from detente.relief.proposals import Proposal, What, generate, proposals
from detente.relief.search.evolution import Stage, evolve
from detente.relief.search.exhaustive import exhaustive
from detente.relief.search.rules import count_packages
from detente.relief.under_draws import under_draws
from detente.relief.values import Bools, Evaluator

Model = Literal["flow", "cascade"]
EVALUATIONS = {"flow": 2000, "cascade": 60_000}  # packages a search values at most, by model
ALL = {"flow": 3000, "cascade": 2**18}  # up to so many packages every one is valued
CAPS = (0.0, 0.1, 0.25, 0.5, 1.0)  # shares of a capability at which bargains are told
MOST_SHOWN = 10
LADDER = (0.0, 0.25, 0.5, 1.0)  # how much of what a package permits is used
BROKEN = 0.1  # a capability this much above that of the status quo counts as broken, unless a cap is given
RULES = {"nash": "Nash", "kalai_smorodinsky": "Kalai-Smorodinsky", "egalitarian": "egalitarian"}


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is: what is done, and (done, of) of it; ``of`` 0: not known."""

    doing: str
    done: int
    of: int


Progress = Callable[[Step], None]


def relief(
    case: Case, as_of: dt.date | str | None = None, *, only: Sequence[str] | None = None,
    generated: Sequence[What] = (), between: Sequence[str] | None = None, model: Model = "flow", of: Of = "output",
    cap: Mapping[str, float] | None = None,
    draws: int = 64, seed: int = 0, evaluations: int | None = None, time_limit_s: float | None = None,
    assumptions: Assumptions | None = None, state: Path | str | None = None, executor: Executor | None = None,
    progress: Progress | None = None,
) -> Relief:  # fmt: skip
    """Look for the packages of proposals that no other beats, and weigh them.

    Args:
        case: the record, with its proposals.
        as_of: the day; its law, with a package acted on, is taken to last. None: the case's default day.
        only: ids of the case's proposals to look at; None: all.
        generated: proposals made besides from what holds sales (`detente.relief.proposals.generate`).
        between: sides whose gains count in what is better, in bargains and in promises, two or more; the gains and
            losses of the others are told. None: all sides count, so that nobody is made worse off.
        model: values packages in the search: "flow" (at rest: rivals, re-sourcing and stocks count) or "cascade"
            (nobody adapts; faster). Every package shown is valued by all three models of cost anyway.
        of: "output" or "value_added".
        cap: packages with more of a capability than this (a share from 0 to 1) are left out.
        draws: worlds drawn from the facts' ranges for the packages shown; 0: none.
        seed: of the search and of the draws.
        evaluations: packages that the search values at most; None: by model. Up to so many in all are all valued.
        time_limit_s: after which the search begins no new step.
        assumptions: what the record does not say.
        state: a file by which a search that was interrupted goes on.
        executor: runs valuations and worlds. Results do not depend on it.
        progress: is told a ``Step``.

    Returns:
        A `Relief`.

    Raises:
        DetenteError: no proposals, or none that the law can grant; a word, id, day or number that is none.
        NotFound: ``only`` names a proposal that the case does not have.

    Source: docs/relief.md.
    """
    if model not in get_args(Model):
        raise DetenteError(f"model: got {model!r}; expected one of {', '.join(get_args(Model))}.")
    day = case.about.default_as_of if as_of is None else as_day(as_of, "as_of")
    tell = progress or (lambda _: None)
    tell(Step("asking the law", 0, 0))
    proposed = (*proposals(case, only), *(generate(case, day, generated) if generated else ()))
    if not proposed:
        raise DetenteError(
            "The case has no proposals: write proposals.csv (docs/proposals.md), or ask for generated ones."
        )
    ruled = rulings(case, proposed, day)
    menu = _menu(case, proposed, {r.proposal for r in ruled if r.is_admissible}, day)
    objectives = Objectives.of_menu(menu, of=of, executor=executor)
    at_rest = AtRest.of(objectives, assumptions)
    evaluator: Evaluator = at_rest if model == "flow" else objectives
    aim = Aim(sides=None if between is None else tuple(between), cap=dict(cap or {}))
    most = EVALUATIONS[model] if evaluations is None else evaluations
    found = _search(evaluator, aim, max(most, 1), ALL[model], seed, time_limit_s, state, tell)
    picked = bargains(found)
    tell(Step("bargains under caps", 0, 0))
    under = _caps(found)
    kinds = found.capabilities
    coalitions = {kind: c for kind in kinds if (c := _dangerous(objectives, found, kind, cap)) is not None}
    one_side = _bundling(evaluator, menu, aim, most, seed, tell)
    alone = evaluator.evaluate(np.eye(menu.n_proposals, dtype=np.bool_))
    shown = _shown(menu, evaluator, found, picked, under, assumptions, day, tell)
    there = set(menu.network.units["side"])
    sides = tuple(s for s in case.about.sides if s in there)
    measures, regimes = _attribution(case, day, sides, seed, tell)
    table = np.array([s.package for s in shown[1:]]).reshape(-1, menu.n_proposals)
    drawn = None
    if draws and len(shown) > 1:
        drawn = under_draws(
            at_rest, table, draws=draws, seed=seed, executor=executor,
            progress=lambda done, n: tell(Step("drawing worlds", done, n)),
        )  # fmt: skip
    return Relief(
        case=case, day=day, model=model, proposed=proposed, rulings=ruled, objectives=objectives, frontier=found,
        bargains=picked, caps=under, rates={k: exchange_rates(found, k) for k in kinds}, coalitions=coalitions,
        appearance=appearance(found), bundling=one_side, alone=alone, shown=shown,
        ladder=_ladder(at_rest, shown), measures=measures, regimes=regimes, measure_sides=sides, under_draws=drawn,
        settings={
            "model": model, "of": of, "draws": draws, "seed": seed, "method": found.method, "exact": found.exact,
            "evaluations": found.evaluations, "between": ";".join(found.axes.names[: found.axes.side.size]),
            **{f"cap_{k}": v for k, v in (cap or {}).items()},
        },
        record=case.digest,
    )  # fmt: skip


def _menu(case: Case, proposed: Sequence[Proposal], able: set[str], day: dt.date) -> Menu:
    """Compile what the law can grant; what requires something that it cannot goes with it."""
    kept = [p for p in proposed if p.id in able]
    while True:
        names = {n for p in kept for n in (p.of, p.id)}
        fewer = [p for p in kept if set(p.requires) <= names]
        if len(fewer) == len(kept):
            break
        kept = fewer
    if not kept:
        raise DetenteError(f"The law can grant none of the {len(proposed)} proposals on {day}.")
    return Menu.of(case, kept, day)


def _search(
    evaluator: Evaluator, aim: Aim, most: int, all_of: int, seed: int, time_limit_s: float | None,
    state: Path | str | None, tell: Progress,
) -> Frontier:  # fmt: skip
    if count_packages(evaluator) <= min(most, all_of) and state is None:
        return exhaustive(evaluator, aim, progress=lambda done, n: tell(Step("valuing every package", done, n)))

    def stage(now: Stage) -> None:
        tell(Step(f"searching packages ({now.frontier} not beaten)", min(now.evaluations, most), most))

    return evolve(evaluator, aim, seed=seed, evaluations=most, time_limit_s=time_limit_s, progress=stage, state=state)


def _caps(found: Frontier) -> pl.DataFrame:
    """The packages that the three rules pick under each cap on each capability alone.

    A row a capability, cap and rule: capability, cap, rule, package (place in the frontier, null where none leaves
    every side better off), gain_usd_m_SIDE.
    """
    rows = []
    n_sides = found.axes.side.size
    for c, kind in enumerate(found.capabilities):
        for cap in CAPS:
            kept = found.values.capability[:, c] <= cap + 1e-9
            part = found.part(kept)
            where = np.flatnonzero(kept)
            got = bargains(part) if n_sides > 1 else Bargains(None, None, None, ())
            for rule in RULES:
                at = getattr(got, rule)
                k = None if at is None else int(where[at])
                gains = {
                    f"gain_usd_m_{side}": None if k is None else float(found.values.gain[k, s])
                    for s, side in enumerate(found.sides)
                }
                rows.append({"capability": kind, "cap": cap, "rule": rule, "package": k, **gains})
    schema = {"capability": pl.String, "cap": pl.Float64, "rule": pl.String, "package": pl.Int64,
              **{f"gain_usd_m_{side}": pl.Float64 for side in found.sides}}  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def _dangerous(evaluator: Evaluator, found: Frontier, kind: str, cap: Mapping[str, float] | None) -> Coalitions | None:
    """Sets of proposals that together break a cap: the one given, or a tenth above the status quo."""
    now = float(found.status_quo.capability[0, found.capabilities.index(kind)])
    limit = (cap or {}).get(kind, min(now + BROKEN, 0.999))
    return None if now > limit else dangerous(evaluator, limit, kind)


def _bundling(evaluator: Evaluator, menu: Menu, aim: Aim, most: int, seed: int, tell: Progress) -> pl.DataFrame | None:
    """One-sided packages against two-sided ones; None where only one side proposes anything."""
    by = [p.side for p in menu.proposals]
    if len(set(by)) < 2:
        return None
    quiet: Progress = lambda step: tell(Step("one-sided packages", step.done, step.of))  # noqa: E731
    return bundling(evaluator, by, lambda e: _search(e, aim, max(most // 2, 1), most, seed, None, None, quiet))


def _shown(
    menu: Menu, evaluator: Evaluator, found: Frontier, picked: Bargains, under: pl.DataFrame,
    assumptions: Assumptions | None, day: dt.date, tell: Progress,
) -> tuple[Shown, ...]:  # fmt: skip
    """The status quo, the three points, those under caps, and the greatest joint gain that hurts nobody."""
    why: dict[int, list[str]] = {}
    for rule, name in RULES.items():
        at = getattr(picked, rule)
        if at is not None:
            why.setdefault(int(at), []).append(name)
    wins = np.flatnonzero(found.win_win & found.packages.any(axis=1))
    if wins.size:
        joint = found.points[wins][:, : found.axes.side.size].sum(axis=1)
        why.setdefault(int(wins[int(np.argmax(joint))]), []).append("greatest joint gain that hurts no side")
    least = _least_capability(found)
    if least is not None:
        why.setdefault(least, []).append("Nash with no more capability than now")
    for kind, cap, at in under.filter(pl.col("rule") == "nash").select("capability", "cap", "package").iter_rows():
        if at is not None and cap < 1.0 and (at in why or len(why) < MOST_SHOWN - 1):
            why.setdefault(int(at), []).append(f"Nash, {kind} at most {cap:.0%}")
    packages = [np.zeros(menu.n_proposals, dtype=np.bool_), *(found.packages[k] for k in why)]
    reasons = [(STATUS_QUO,), *(tuple(x) for x in why.values())]
    shown = []
    for k, (package, reason) in enumerate(zip(packages, reasons, strict=True)):
        tell(Step("deciding and costing the packages shown", k, len(packages)))
        shown.append(
            Shown(
                reason, package, tuple(n for n, x in zip(menu.names, package, strict=True) if x),
                evaluator.evaluate(package[None]), cost(menu.applied(package), day, assumptions=assumptions),
            )
        )  # fmt: skip
    return tuple(shown)


def _least_capability(found: Frontier) -> int | None:
    """The Nash package among those with no more of any capability than the status quo."""
    kept: Bools = np.asarray((found.values.capability <= found.status_quo.capability + 1e-6).all(axis=1))
    got = bargains(found.part(kept)) if found.axes.side.size > 1 else None
    return None if got is None or got.nash is None else int(np.flatnonzero(kept)[got.nash])


def _attribution(
    case: Case, day: dt.date, sides: Sequence[str], seed: int, tell: Progress
) -> tuple[Attribution | None, Attribution | None]:
    """Shapley shares of the measures in force, and Owen ones with the regime as the union."""
    tell(Step("sharing the losses out among the measures", 0, 0))
    try:
        game = measures_game(case, day, sides=sides)
    except NotFound:
        return None, None
    return (
        shapley(game.losses, game.names, seed=seed),
        owen(game.losses, game.names, game.unions, seed=seed),
    )


def _ladder(at_rest: AtRest, shown: Sequence[Shown]) -> pl.DataFrame:
    """What the packages shown come to where only a part of what they newly permit is used, by the flow model at rest.

    A row a package and rung: package, used, gain_usd_m_SIDE. Makers who could newly step in do so in full or, with
    nothing used, not at all. A licence's face value is not sales.
    """
    rows = []
    menu, objectives = at_rest.objectives.menu, at_rest.objectives
    none = np.zeros((1, menu.n_proposals), dtype=np.bool_)
    now, new_now = menu.shares(none)[0], at_rest.spread(none)
    before = at_rest.lasting.run(now, new_now)[0]
    for k, one in enumerate(shown[1:], start=1):
        then, new_then = menu.shares(one.package[None])[0], at_rest.spread(one.package[None])
        for used in LADDER:
            share = np.where(then > now, now + used * (then - now), then)
            lost = at_rest.lasting.run(share, new_then if used > 0 else np.minimum(new_then, new_now))[0]
            gain = objectives.gains((before - lost)[None], one.package[None])[0]
            rows.append({"package": k, "used": used, **{f"gain_usd_m_{s}": float(g) for s, g in
                                                        zip(objectives.sides, gain, strict=True)}})  # fmt: skip
    schema = {"package": pl.Int64, "used": pl.Float64, **{f"gain_usd_m_{s}": pl.Float64 for s in objectives.sides}}
    return pl.DataFrame(rows, schema=schema)


def packages_of(menu: Menu, ids: Sequence[Sequence[str]]) -> Bools:
    """Rows of booleans for packages given by the ids of their proposals."""
    return np.array([menu.package(one) for one in ids]).reshape(-1, menu.n_proposals)

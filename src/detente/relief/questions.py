"""The questions of a case, answered as tables: each figure by three models and in the same drawn worlds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from detente.impact.assumptions import Assumptions
from detente.impact.costs import cost, said_of
from detente.impact.models import Bracket
from detente.impact.uncertainty import uncertainty
from detente.record import Case, DetenteError
from detente.record.load import overlay_about
from detente.record.problems import NotFound, did_you_mean, show
from detente.relief.admissible import rulings
from detente.relief.answer import Relief, gains, is_supported, losses
from detente.relief.at_rest import AtRest
from detente.relief.menu import Menu
from detente.relief.objectives import Objectives
from detente.relief.proposals import Proposal, proposals
from detente.relief.search.rules import repair
from detente.relief.under_draws import UnderDraws, under_draws
from detente.relief.values import Bools, Floats
from detente.relief.weigh import relief

Kind = Literal["package", "price", "whatif", "bargain", "gainers"]
Progress = Callable[[int, int], None]
LEAST = 0.001  # of a capability: less is nothing denied
LICENCES = ("grant", "restore")
ENDS = {"p05": 0.05, "p50": 0.5, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class Question:
    """A row of ``questions.csv``; ``as_of`` is the case's default day where the row has none."""

    id: str
    text: str
    kind: Kind
    targets: tuple[str, ...]
    side: str | None
    capabilities: tuple[str, ...]
    as_of: dt.date
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What the case says to a question, USD m a year as if the law of the day lasted.

    ``table`` depends on the kind. package, whatif: a row a side. price: a row a proposal and capability. bargain: a
    row a rule that picks a package. gainers: a row a unit. A gain has its figure by the flow (``gain_usd_m``), each
    model's own (``flow_low``, ``flow_high``, ``cascade``, ``optimum``), ``p05``, ``p50`` and ``p95`` over the drawn
    worlds (null where none were drawn), and ``low`` and ``high`` over all of these; ``is_supported`` says whether the
    models agree within a factor of three. ``capability`` (package, whatif): capability, title, before, after, shares of
    all of it. ``taken`` are titles of what was acted on, ``refused`` what the law cannot grant, with the reason.
    ``relief`` is the search that a bargain was read from.
    """

    question: Question
    case: Case
    table: pl.DataFrame
    capability: pl.DataFrame
    taken: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    draws: int
    seed: int
    relief: Relief | None = None


def questions(case: Case) -> tuple[Question, ...]:
    """The questions of a case in the order of its file, those that ask about something not yet recorded left out.

    >>> from detente.record import load
    >>> [q.kind for q in questions(load("huawei"))][:2]
    ['package', 'price']
    """
    there = set(case["proposals"]["id"])
    return tuple(
        Question(
            r["id"], r["question"], r["kind"], tuple(r["target"] or ()), r["side"], tuple(r["capabilities"] or ()),
            r["as_of"] or case.about.default_as_of, tuple(r["source"] or ()), r["note"] or "",
        )
        for r in case["questions"].iter_rows(named=True)
        if r["kind"] == "whatif" or set(r["target"] or ()) <= there
    )  # fmt: skip


def question(case: Case, name: str) -> Question:
    """One question by id. Raises ``NotFound``."""
    found = {q.id: q for q in questions(case)}
    if name not in found:
        hint = did_you_mean(name, list(found))
        raise NotFound(f"The case has no question {show(name)}. {hint[:1].upper()}{hint[1:]}".strip())
    return found[name]


def answer(
    case: Case, asked: Question | str, *, draws: int = 64, seed: int = 0, found: Relief | None = None,
    assumptions: Assumptions | None = None, executor: Executor | None = None, progress: Progress | None = None,
) -> Answered:  # fmt: skip
    """Answer a question of a case.

    Args:
        case: the record.
        asked: one of its questions, or the id of one.
        draws: worlds drawn from the facts' ranges; 0: none.
        seed: of the draws, and of the search of a bargain.
        found: a search for relief of the same case and day, from which a bargain and the costs of today are read; None:
            made here.
        assumptions: what the record does not say.
        executor: runs worlds. Answers do not depend on it.
        progress: called with (done, of) worlds.

    Raises:
        DetenteError: no such question; the law can grant none of the proposals; an overlay changes the network.

    >>> from detente.record import load
    >>> answer(load("chips-rare-earths"), "gainers", draws=0).table["gain_usd_m"].min() > 0
    True
    """
    about = question(case, asked) if isinstance(asked, str) else asked
    run = _Run(case, about, draws, seed, assumptions, executor, progress, found)
    return _KINDS[about.kind](run)


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """What every kind of answer needs."""

    case: Case
    question: Question
    draws: int
    seed: int
    assumptions: Assumptions | None
    executor: Executor | None
    progress: Progress | None
    found: Relief | None

    @property
    def day(self) -> dt.date:
        return self.question.as_of

    def admitted(self, asked: Sequence[Proposal]) -> tuple[list[Proposal], list[tuple[str, str]]]:
        """The proposals that the law can grant, and the others with the reason."""
        ruled = rulings(self.case, asked, self.day) if asked else ()
        able = [p for p, r in zip(asked, ruled, strict=True) if r.is_admissible]
        refused = [(p.title, r.because) for p, r in zip(asked, ruled, strict=True) if not r.is_admissible]
        if not able:
            raise DetenteError(f"{self.question.id}: the law can grant none of these proposals on {self.day}.")
        return able, refused

    def ready(self, able: Sequence[Proposal]) -> AtRest:
        objectives = Objectives.of_menu(Menu.of(self.case, able, self.day), executor=self.executor)
        return AtRest.of(objectives, self.assumptions)

    def drawn(self, at_rest: AtRest, packages: Bools) -> UnderDraws | None:
        if not self.draws:
            return None
        return under_draws(
            at_rest, packages, draws=self.draws, seed=self.seed, executor=self.executor, progress=self.progress
        )

    def cost(self, case: Case) -> Bracket:
        return cost(case, self.day, assumptions=self.assumptions)

    def now(self) -> Bracket:
        """What the measures cost as things stand; a search of the same case, day and assumptions has it already."""
        found = self.found
        if found is None or (found.day, found.record) != (self.day, self.case.digest):
            return self.cost(self.case)
        known = found.shown[0].bracket
        said = said_of(self.assumptions or Assumptions())
        return known if said.items() <= known.settings.items() else self.cost(self.case)

    def answered(self, table: pl.DataFrame, **more: object) -> Answered:
        nothing = pl.DataFrame(schema={"capability": pl.String, "title": pl.String, "before": pl.Float64,
                                       "after": pl.Float64})  # fmt: skip
        known: dict[str, object] = {"capability": nothing, "taken": (), "refused": (), **more}
        return Answered(self.question, self.case, table, draws=self.draws, seed=self.seed, **known)  # type: ignore[arg-type]


def _package(run: _Run) -> Answered:
    able, refused = run.admitted(proposals(run.case, run.question.targets))
    at_rest = run.ready(_largest(able))
    menu = at_rest.objectives.menu
    rows = repair(np.ones((1, menu.n_proposals), dtype=np.bool_), at_rest, np.random.default_rng(run.seed))
    left = [(p.title, "It cannot be in one package with the others.") for p, x in
            zip(menu.proposals, rows[0], strict=True) if not x]  # fmt: skip
    taken = tuple(p.title for p, x in zip(menu.proposals, rows[0], strict=True) if x)
    return _weighed(run, at_rest, rows, taken, (*refused, *left))


def _whatif(run: _Run) -> Answered:
    name = run.question.targets[0]
    about = overlay_about(run.case, name)
    side = next(iter(run.case.about.sides))  # nobody proposes it; whose it is changes nothing
    at_rest = run.ready([Proposal(name, name, about.title, side, "overlay", (name,))])
    return _weighed(run, at_rest, np.ones((1, 1), dtype=np.bool_), (about.title,), ())


def _weighed(
    run: _Run, at_rest: AtRest, rows: Bools, taken: tuple[str, ...], refused: tuple[tuple[str, str], ...]
) -> Answered:
    """One package against the status quo: a row a side, and capabilities before and after."""
    objectives = at_rest.objectives
    now, then = losses(run.now()), losses(run.cost(objectives.menu.applied(rows[0])))
    drawn = run.drawn(at_rest, rows)
    there = now.side.keys() | then.side.keys()
    table = []
    for s, side in enumerate(objectives.sides):
        if side in there:
            worlds = None if drawn is None else drawn.gain[:, 0, s]
            table.append({"side": side, **_ranged(gains(now, then, side), worlds)})
    none = np.zeros_like(rows)
    kept = objectives.evaluate(np.concatenate((none, rows))).capability
    capability = pl.DataFrame(
        [(a.id, a.title, float(kept[0, c]), float(kept[1, c])) for c, a in enumerate(objectives.aims)],
        schema={"capability": pl.String, "title": pl.String, "before": pl.Float64, "after": pl.Float64}, orient="row",
    )  # fmt: skip
    return run.answered(pl.DataFrame(table), capability=capability, taken=taken, refused=refused)


def _ranged(by_model: dict[str, float], worlds: Floats | None) -> dict[str, float | bool | None]:
    """The columns of a gain."""
    spread = dict.fromkeys(ENDS) if worlds is None else {e: float(np.quantile(worlds, q)) for e, q in ENDS.items()}
    ends = [*by_model.values(), *(v for v in spread.values() if v is not None)]
    return {
        "gain_usd_m": by_model["flow"], **{k: v for k, v in by_model.items() if k != "flow"}, **spread,
        "low": min(ends), "high": max(ends),
        "is_supported": is_supported([by_model[m] for m in ("flow", "cascade", "optimum")]),
    }  # fmt: skip


def _price(run: _Run) -> Answered:
    """What a side loses for each capability that a licence, granted alone, would give back.

    A row a licence, of those that a side who wants the capabilities held back could grant, and capability.

    Columns: proposal, title, those of a gain (the side's, from the proposal alone), capability, added (share of all of
    it), and price_usd_m, with price_low and price_high, for a hundredth of the capability: null where nothing is
    denied. Dearest first, those that deny nothing before all others.
    """
    whose = {a.side for a in run.case.about.security if a.id in (run.question.capabilities or (a.id,))}
    asked = proposals(run.case, run.question.targets or None)
    able, refused = run.admitted([p for p in asked if p.kind in LICENCES and (p.side in whose or not whose)])
    at_rest = run.ready(_largest(able))
    objectives, menu = at_rest.objectives, at_rest.objectives.menu
    s = objectives.sides.index(str(run.question.side))
    alone = np.eye(menu.n_proposals, dtype=np.bool_)
    values, drawn, now = at_rest.evaluate(alone), run.drawn(at_rest, alone), losses(run.now())
    today = objectives.evaluate(np.zeros((1, menu.n_proposals), dtype=np.bool_)).capability[0]
    wanted = run.question.capabilities or objectives.capabilities
    rows = []
    for k, p in enumerate(menu.proposals):
        then = losses(run.cost(menu.applied(alone[k])))
        gain = _ranged(
            gains(now, then, objectives.sides[s]), None if drawn is None else drawn.gain[:, k, s]
        )  # fmt: skip
        for kind in wanted:
            added = float(values.capability[k, (c := objectives.capabilities.index(kind))] - today[c])
            per = None if added < LEAST else 100.0 * added
            price = {n: None if per is None else float(gain[e] or 0.0) / per for n, e in
                     (("price_usd_m", "gain_usd_m"), ("price_low", "low"), ("price_high", "high"))}  # fmt: skip
            rows.append({"proposal": p.id, "title": p.title, "capability": kind, "added": added, **price, **gain})
    table = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.col("price_usd_m", "price_low", "price_high").cast(pl.Float64)
    )
    dear = table.filter(pl.col("high") > 0).sort(
        pl.col("price_usd_m").is_not_null(), "price_usd_m", "gain_usd_m", descending=[False, True, True]
    )
    return run.answered(dear, taken=tuple(p.title for p in menu.proposals), refused=tuple(refused))


def _largest(able: Sequence[Proposal]) -> list[Proposal]:
    """Each proposal in its largest mode."""
    best: dict[str, Proposal] = {}
    for p in able:
        if p.of not in best or p.cap > best[p.of].cap:
            best[p.of] = p
    return list(best.values())


def _bargain(run: _Run) -> Answered:
    """The packages that rules of fair division pick: a row a package of ``Relief.packages`` that a rule picked."""
    found = run.found
    if found is None:
        found = relief(
            run.case, run.day, only=run.question.targets or None, draws=run.draws, seed=run.seed,
            assumptions=run.assumptions, executor=run.executor,
        )  # fmt: skip
    titles = {p.id: p.title for p in found.proposed}
    refused = tuple((titles[r.proposal], r.because) for r in found.rulings if not r.is_admissible)
    table = found.packages().filter(pl.col("package") > 0)
    return run.answered(table, taken=tuple(titles.values()), refused=refused, relief=found)


def _gainers(run: _Run) -> Answered:
    """Who makes more than without the measures: a row a unit, the largest first, with its name, party and side."""
    found = run.now().gains("unit").rename({"gained_usd_m": "gain_usd_m"})
    found = found.rename({"gained_usd_m_low": "flow_low", "gained_usd_m_high": "flow_high"})
    empty = pl.DataFrame(schema={"unit": pl.String, **dict.fromkeys((*ENDS, "share_of_draws"), pl.Float64)})
    worlds = empty
    if run.draws:
        worlds = uncertainty(
            run.case, run.day, draws=run.draws, seed=run.seed, assumptions=run.assumptions, executor=run.executor,
            progress=run.progress,
        ).gains().select("unit", *(pl.col(f"usd_m_{e}").alias(e) for e in ENDS), "share_of_draws")  # fmt: skip
    table = found.join(worlds, on="unit", how="left", maintain_order="left").with_columns(
        pl.min_horizontal("flow_low", "p05").alias("low"), pl.max_horizontal("flow_high", "p95").alias("high")
    )
    return run.answered(table)


_KINDS: dict[str, Callable[[_Run], Answered]] = {
    "package": _package, "price": _price, "whatif": _whatif, "bargain": _bargain, "gainers": _gainers,
}  # fmt: skip

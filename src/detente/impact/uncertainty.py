"""How sure the answer is: the three models run on the same worlds, drawn from the ranges of the facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Literal

import numpy as np
import polars as pl
from scipy import stats

from detente.decide.permits import OnDay
from detente.impact.assumptions import Assumptions
from detente.impact.draws import Drawn, Floats, Ints, draw
from detente.impact.executors import shared
from detente.impact.lasting import Lasting
from detente.impact.network import Network
from detente.impact.optimum_bounds import bounds
from detente.impact.packages import evaluate
from detente.impact.runs import NEAR, REST_DAYS, diversion
from detente.impact.world import World
from detente.record import Case, DetenteError
from detente.record.load import as_day

Model = Literal["optimum", "flow", "cascade"]
BATCH = 16  # draws sent to an executor at a time: half a second
QUANTILES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}
DRAWS = 256
CHANCE = 4.0  # standard errors that the largest of some hundred correlations by chance hardly reaches


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    """Losses in K worlds, USD m a year, as if the law of ``day`` lasted.

    ``cascade`` and ``flow`` are K x units (``units`` as in a network; the flow averaged over its last year),
    ``optimum`` K x sides, its low end by side; ``value_added`` is K x 3, lost in all: optimum, flow, cascade.
    ``uniform`` is K x facts, where in its range each of ``facts`` (kind, fact) was drawn. ``seed`` makes the same
    draws again.
    """

    day: dt.date
    units: pl.DataFrame
    sides: tuple[str, ...]
    cascade: Floats
    flow: Floats
    optimum: Floats
    value_added: Floats
    facts: tuple[tuple[str, str], ...]
    uniform: Floats
    seed: int
    settings: dict[str, float | int | str | bool]
    record: str

    @property
    def n_draws(self) -> int:
        """Worlds that were drawn."""
        return int(self.flow.shape[0])

    def by_side(self) -> pl.DataFrame:
        """One row a side and model: usd_m_p05, usd_m_p50, usd_m_p95, and ``mean``, USD m a year; below 0 a gain.

        The optimum's is its low end by side.
        """
        rows = [
            {"side": side, "model": model, **_quantiles(values)}
            for k, side in enumerate(self.sides)
            for model, values in (
                ("optimum", self.optimum[:, k]), ("flow", self._of_side("flow", side)),
                ("cascade", self._of_side("cascade", side)),
            )
        ]  # fmt: skip
        return pl.DataFrame(rows)

    def frame(self) -> pl.DataFrame:
        """One row a draw, side and model: draw (from 0), side, model, usd_m."""
        draw = np.arange(self.n_draws)
        models: tuple[Model, ...] = ("optimum", "flow", "cascade")
        return pl.concat(
            pl.DataFrame({"draw": draw, "side": side, "model": model, "usd_m": self._result(model, side)})
            for side in self.sides
            for model in models
        )

    def by_party(self) -> pl.DataFrame:
        """One row a party and model (flow, cascade), the largest median of the flow first."""
        parties = self.units.select("party", "party_name", "side").unique(maintain_order=True)
        party = self.units["party"].to_numpy()
        rows = []
        for name, label, side in parties.iter_rows():
            for model, values in (("flow", self.flow), ("cascade", self.cascade)):
                mine = values[:, party == name].sum(axis=1)
                rows.append({"party": name, "party_name": label, "side": side, "model": model, **_quantiles(mine)})
        table = pl.DataFrame(rows)
        order = table.filter(pl.col("model") == "flow").select("party", rank=pl.col("usd_m_p50"))
        return (
            table.join(order, on="party", how="left", maintain_order="left")
            .sort("rank", "party", "model", descending=[True, False, False]).drop("rank")
        )  # fmt: skip

    def gains(self) -> pl.DataFrame:
        """One row a unit that gains in some world, by the flow: what it gains, and in which share of the worlds."""
        gained = np.maximum(0.0, -self.flow)
        often = (gained > 1e-3).mean(axis=0)
        rows = [
            {"unit": u, "name": n, "side": s, **_quantiles(gained[:, k]), "share_of_draws": float(often[k])}
            for k, (u, n, s) in enumerate(self.units.select("unit", "name", "side").iter_rows()) if often[k] > 0
        ]  # fmt: skip
        schema = {"unit": pl.String, "name": pl.String, "side": pl.String, **dict.fromkeys(_NAMES, pl.Float64),
                  "share_of_draws": pl.Float64}  # fmt: skip
        return pl.DataFrame(rows, schema=schema).sort("usd_m_p50", "mean", descending=True)

    def ordered(self) -> dict[str, float]:
        """Share of the worlds in which value added lost is ordered: optimum <= flow, flow <= cascade, and both."""
        best, flow, most = (self.value_added[:, k] for k in range(3))
        slack = 1e-6 * np.maximum(np.abs(most), 1.0)
        first, second = best <= flow + slack, flow <= most + slack
        return {
            "optimum <= flow": float(first.mean()), "flow <= cascade": float(second.mean()),
            "both": float((first & second).mean()),
        }  # fmt: skip

    def sensitivity(self, side: str | None = None, model: Model = "flow", top: int = 20) -> pl.DataFrame:
        """Which facts move a result most: kind, fact, ``rank_correlation``, ``share_of_variance``, ``is_clear``.

        The result is the loss of a side (None: of all sides) by a model. ``rank_correlation`` is Spearman's, between
        where a fact was drawn in its range and the result. Facts are taken one after the other, each time the one that
        explains most of what those before it left: ``share_of_variance`` is what it adds, as a share of the variance of
        the result's ranks. So a fact whose draws happen to follow another's, as some of many hundred do where draws are
        few, is not counted for it. ``is_clear``: its correlation with what was left is above four over the root of the
        number of draws, which chance hardly reaches.

        Raises ``DetenteError`` for a side that is none, or fewer than eight draws.

        Source: stepwise regression on ranks (Saltelli et al. 2008, Global Sensitivity Analysis, section 1.2).
        """
        if side is not None and side not in self.sides:
            raise DetenteError(f"side: got {side!r}; expected one of {', '.join(self.sides)}.")
        if self.n_draws < 8:
            raise DetenteError(f"sensitivity: {self.n_draws} draws say nothing about it; draw 8 or more.")
        result = sum((self._result(model, s) for s in ([side] if side else self.sides)), np.zeros(self.n_draws))
        rows = [
            {"kind": self.facts[k][0], "fact": self.facts[k][1], "rank_correlation": plain, "share_of_variance": adds,
             "is_clear": partial > CHANCE / np.sqrt(self.n_draws)}
            for k, plain, adds, partial in _stepwise(self.uniform, result, min(top, self.n_draws // 4))
        ]  # fmt: skip
        schema = {"kind": pl.String, "fact": pl.String, "rank_correlation": pl.Float64,
                  "share_of_variance": pl.Float64, "is_clear": pl.Boolean}  # fmt: skip
        return pl.DataFrame(rows, schema=schema)

    def _of_side(self, model: Literal["flow", "cascade"], side: str) -> Floats:
        values = self.flow if model == "flow" else self.cascade
        mine: Floats = values[:, self.units["side"].to_numpy() == side].sum(axis=1)
        return mine

    def _result(self, model: Model, side: str) -> Floats:
        return self.optimum[:, self.sides.index(side)] if model == "optimum" else self._of_side(model, side)


def _stepwise(uniform: Floats, result: Floats, steps: int) -> list[tuple[int, float, float, float]]:
    """Facts in the order of what each adds: number, plain correlation, share of variance added, partial correlation."""
    X = stats.rankdata(uniform, axis=0)
    X -= X.mean(axis=0)
    r = stats.rankdata(result)
    r -= r.mean()
    whole = float(r @ r)
    found: list[tuple[int, float, float, float]] = []
    if whole <= 0:
        return found
    size = (X**2).sum(axis=0)
    plain = X.T @ r / np.sqrt(size * whole)
    for _ in range(steps):
        own = (X**2).sum(axis=0)
        dot = X.T @ r
        fresh = own > 0.05 * size  # what the facts before it all but determine says nothing of its own
        explained = np.divide(dot**2, own, out=np.zeros_like(dot), where=fresh)
        k = int(explained.argmax())
        left = float(r @ r)
        if explained[k] <= 1e-9 * whole:
            break
        found.append((k, float(plain[k]), float(explained[k] / whole), float(np.sqrt(explained[k] / left))))
        x = X[:, k] / np.sqrt(own[k])
        r = r - x * (x @ r)
        X = X - np.outer(x, x @ X)
    return found


_NAMES = (*(f"usd_m_{q}" for q in QUANTILES), "mean")


def _quantiles(values: Floats) -> dict[str, float]:
    found = {f"usd_m_{name}": float(np.quantile(values, q)) for name, q in QUANTILES.items()}
    return found | {"mean": float(values.mean())}


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """What every batch of draws needs, and nothing else: it is sent to other processes."""

    network: Network
    rivals: pl.DataFrame
    new_seller: Ints
    new_buyer: Ints
    new_like: Ints
    group: Ints
    n_groups: int
    premium: float


def uncertainty(
    case: Case, as_of: dt.date | str | None = None, *, draws: int = DRAWS, seed: int = 0,
    assumptions: Assumptions | None = None, world: World | None = None, executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Uncertainty:  # fmt: skip
    """Run cascade, flow at rest and optimum on ``draws`` worlds drawn from the ranges of the facts.

    Args:
        case: the record.
        as_of: a day whose permits are taken to last; None: the case's default day.
        draws: worlds; a power of two spreads them best.
        seed: of the scrambling.
        assumptions: with their ranges, which are drawn as the facts are.
        world: one made ready for the day, to spare that.
        executor: where batches run; results do not depend on it.
        progress: called with (done, of).

    Raises:
        DetenteError: a day or number of draws that is none, or no unit exists on the day.

    >>> from detente import load
    >>> found = uncertainty(load("huawei"), "2021-01-20", draws=2)
    >>> found.by_side().height
    9

    Source: `detente.impact.draws` says how a world is drawn; the models are those of `detente.impact.costs`.
    """
    day = case.about.default_as_of if as_of is None else as_day(as_of, "as_of")
    ready = World.of(case, day, day, assumptions=assumptions) if world is None else world
    network = Network.of(case, day)
    if network.units.height == 0:
        raise DetenteError(f"No unit of the record exists on {day}: there is nothing to cost.")
    common, new_law, sellers = common_of(ready, network, day)
    drawn = draw(
        case, network, ready.permits.on(day), new_law, sellers, common.rivals, ready.assumptions, n=draws, seed=seed
    )
    sent = shared(executor, common)
    parts = [(sent, drawn.part(slice(a, a + BATCH))) for a in range(0, draws, BATCH)]
    found: Iterable[tuple[Floats, Floats, Floats, Floats]]
    found = starmap(run_batch, parts) if executor is None else executor.map(run_batch, *zip(*parts, strict=True))
    done: list[tuple[Floats, Floats, Floats, Floats]] = []
    for batch in found:
        done.append(batch)
        if progress is not None:
            progress(min(len(done) * BATCH, draws), draws)
    cascade, flow, best, added = (np.concatenate(column) for column in zip(*done, strict=True))
    sides = tuple(np.unique(network.units["side"].fill_null("").to_numpy()).tolist())
    settings: dict[str, float | int | str | bool] = {
        "draws": draws, "facts_drawn": len(drawn.facts), "rest_days": REST_DAYS,
    }  # fmt: skip
    return Uncertainty(
        day, network.units, sides, cascade, flow, best, added, drawn.facts, drawn.uniform, seed, settings, case.digest
    )


def common_of(world: World, network: Network, day: dt.date) -> tuple[Common, OnDay | None, Sequence[str]]:
    """What all draws share, and the law of sales that could be, with their sellers."""
    at = {u: k for k, u in enumerate(network.units["unit"])}
    like = {name: k for k, name in enumerate(network.links)}
    new_law, rows = None, []
    if world.newcomers is not None:
        new = world.newcomers
        there = [
            (k, at[s], at[b], like[x])
            for k, (s, b, x) in enumerate(zip(new.seller, new.buyer, new.like, strict=True))
            if s in at and b in at and x in like
        ]
        rows, whole = there, new.permits.on(day)
        keep = np.array([row[0] for row in there], dtype=np.int64)
        new_law = OnDay(
            day, tuple(whole.links[k] for k in keep), whole.state[keep], whole.allowed[keep], whole.low[keep],
            whole.high[keep], tuple(whole.verdict[k] for k in keep), whole.record,
        )  # fmt: skip
    seller, buyer, alike = (np.array([row[c] for row in rows], dtype=np.int64) for c in (1, 2, 3))
    side = np.unique(network.units["side"].fill_null("").to_numpy(), return_inverse=True)
    common = Common(
        network, world.rivals_on(day), seller, buyer, alike, side[1].astype(np.int64), side[0].size,
        world.assumptions.premium.central,
    )  # fmt: skip
    names = network.units["unit"].to_list()
    return common, new_law, [names[k] for k in seller]


def run_batch(common: Common, drawn: Drawn) -> tuple[Floats, Floats, Floats, Floats]:
    """Run some worlds: losses by unit (cascade, flow), by side (optimum), of value added in all; can run anywhere."""
    n, K = common.network.units.height, drawn.value.shape[0]
    cascade, flow = np.zeros((K, n)), np.zeros((K, n))
    best, added = np.zeros((K, common.n_groups)), np.zeros((K, 3))
    for k in range(K):
        network = replace(
            common.network, value=drawn.value[k], link_class=drawn.link_class[k],
            units=common.network.units.with_columns(pl.Series("output_usd_m", drawn.output[k])),
        )  # fmt: skip
        share, revenue = drawn.share[k], network.revenue
        rivals = common.rivals.with_columns(pl.Series("share", drawn.market[k]))
        sigma, spare = float(drawn.assumed["sigma"][k]), float(drawn.assumed["spare"][k])
        cascade[k] = evaluate(network, share, readings="figure")["figure"].loss[0] * network.output
        flow[k] = _at_rest(common, network, drawn, k)
        able = drawn.may[k]
        found = bounds(
            network, share, common.group, common.n_groups, spare=spare, diversion=diversion(network, rivals, sigma),
            pairs=(common.new_seller[able], common.new_buyer[able]), premium=common.premium, within=NEAR,
        )  # fmt: skip
        best[k] = found.low
        rate = network.value_added_share * np.divide(revenue, network.output, out=np.ones(n), where=network.output > 0)
        added[k] = found.value_added_usd_m, float(rate @ flow[k]), float(rate @ cascade[k])
    return cascade, flow, best, added


def _at_rest(common: Common, network: Network, drawn: Drawn, k: int) -> Floats:
    """Output lost by each unit in the last year of a world whose law lasts, USD m a year."""
    lost: Floats = Lasting.of_draw(common, drawn, k).run(drawn.share[k], drawn.may[k])[0]
    return np.where(np.abs(lost) <= 1e-7, 0.0, lost) * network.revenue

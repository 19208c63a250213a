"""What a search for relief found: the frontier, what each package shown buys, and how sure that is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtri

from detente.impact.models import Bracket
from detente.record import Case, DetenteError
from detente.relief.admissible import Ruling
from detente.relief.attribution import Attribution
from detente.relief.bargaining import Bargains
from detente.relief.coalitions import Coalitions
from detente.relief.frontier import Frontier
from detente.relief.objectives import Objectives, Of
from detente.relief.proposals import Proposal
from detente.relief.uncertainty import Robustness, robustness
from detente.relief.under_draws import UnderDraws
from detente.relief.values import Bools, Floats, Values

STATUS_QUO = "status quo"
ROUNDING = 0.005  # of a capability: a promise to keep it under a cap is as fine as it is told
FLOWS = ("flow_usd_m", "flow_usd_m_low", "flow_usd_m_high")
BY = {
    "unit": ("unit", "name", "party", "party_name", "side"), "party": ("party", "party_name", "side"),
    "side": ("side",),
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A package that is told of in full.

    ``why`` are the reasons that it is (which point it is), ``package`` P booleans, ``members`` ids of its proposals,
    ``values`` (one row) what the search's model says, ``bracket`` what the three models say of the case with the
    package acted on and every sale decided anew.
    """

    why: tuple[str, ...]
    package: Bools
    members: tuple[str, ...]
    values: Values
    bracket: Bracket


@dataclass(frozen=True, slots=True, eq=False)
class Relief:
    """Which packages of proposals would leave whom better off on ``day``, USD m a year as if the law lasted.

    ``proposed`` are all proposals that were looked at, ``rulings`` say of each whether the law can grant it, and
    ``objectives`` hold those that it can, compiled. ``model`` is the one by which the search valued packages.
    ``shown`` are the packages told of in full, the status quo first. ``alone`` are the values of each proposal by
    itself. ``caps`` has the packages that the three rules pick under each cap on each capability. ``measures`` shares
    the losses out among the measures in force (Shapley), ``regimes`` with who imposed them as the union (Owen); None
    where no measure is in force; their columns are ``measure_sides``. ``under_draws`` values the packages
    shown, the status quo left out, in worlds drawn from the ranges of the facts; None where none were asked for.
    ``settings`` and ``record`` say what it was computed with.
    """

    case: Case
    day: dt.date
    model: str
    proposed: tuple[Proposal, ...]
    rulings: tuple[Ruling, ...]
    objectives: Objectives
    frontier: Frontier
    bargains: Bargains
    caps: pl.DataFrame
    rates: dict[str, pl.DataFrame]
    coalitions: dict[str, Coalitions]
    appearance: pl.DataFrame
    bundling: pl.DataFrame | None
    alone: Values
    shown: tuple[Shown, ...]
    ladder: pl.DataFrame
    measures: Attribution | None
    regimes: Attribution | None
    measure_sides: tuple[str, ...]
    under_draws: UnderDraws | None
    settings: dict[str, float | int | str | bool]
    record: str

    @property
    def sides(self) -> tuple[str, ...]:
        """Ids of the sides, in the order of all arrays."""
        return self.frontier.sides

    @property
    def between(self) -> tuple[str, ...]:
        """Sides whose gains count in what is better, in bargains and in promises."""
        return self.frontier.axes.names[: self.frontier.axes.side.size]

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Ids of the security objectives, likewise."""
        return self.frontier.capabilities

    def proposals(self) -> pl.DataFrame:
        """One row a proposal and mode, in the order of the case.

        Columns: proposal, title, side, kind, cap, fee_usd_m, is_admissible, because, n_opened; for the proposal alone
        gain_usd_m_SIDE with _low and _high, capability_KIND and capability_KIND_added (null where the law refuses it);
        source, note.
        """
        at = {name: k for k, name in enumerate(self.objectives.names)}
        today = self.frontier.status_quo.capability[0]
        rows = []
        for p, ruling in zip(self.proposed, self.rulings, strict=True):
            row: dict[str, object] = {
                "proposal": p.id, "title": p.title, "side": p.side, "kind": p.kind, "cap": p.cap,
                "fee_usd_m": p.fee_usd_m, "is_admissible": ruling.is_admissible, "because": ruling.because,
                "n_opened": len(ruling.opened),
            }  # fmt: skip
            k = at.get(p.id)
            for name, column in self._columns(self.alone):
                row[name] = None if k is None else float(column[k])
            for c, kind in enumerate(self.capabilities):
                row[f"capability_{kind}_added"] = None if k is None else float(self.alone.capability[k, c] - today[c])
            rows.append(row | {"source": list(p.sources), "note": p.note})
        return pl.DataFrame(rows, infer_schema_length=None)

    def packages(self) -> pl.DataFrame:
        """One row a package shown, the status quo first.

        Columns: package (its place), why, proposals, gain_usd_m_SIDE by the search's model with _low and _high,
        capability_KIND; by the models of cost, decided anew, gain_usd_m_SIDE_flow with _low and _high (milder and
        harsher runs), _cascade (the harshest reading) and _optimum (of the mildest), against the status quo in the same
        model; and is_supported (no side's gain differs by more than a factor of three, or in sign, between models).
        Where worlds were drawn: p_win_win (no side that counts worse off), p_KIND (capability no higher than told),
        p_kept (both, for all kinds), selected (how often it has the greatest product of gains of those shown),
        regret_usd_m and regret_usd_m_most (joint gain short of the best one shown that keeps its promises there),
        is_chance_constrained (the greatest mean gain of those that keep them in nine worlds of ten),
        gain_usd_m_SIDE_p05, _p50, _p95.
        """
        return _packages(self)

    def changes(self, package: int, by: str = "party") -> pl.DataFrame:
        """What a package shown changes for each party (or unit, side), by the flow model, USD m a year.

        Columns: the keys of ``Bracket.by_party``, gain_usd_m (loss avoided), with the largest change first; below 0: it
        loses by the package. What a unit that is sold avoids counts for its new owner. Raises ``IndexError`` for a
        package that is not shown, ``DetenteError`` for another word.
        """
        if by not in BY:
            raise DetenteError(f"by: got {by!r}; expected one of {', '.join(BY)}.")
        now, then = (self.shown[k].bracket.by_unit() for k in (0, package))
        gain = then.join(now.select("unit", pl.col("loss_usd_m").alias("now")), on="unit").with_columns(
            (pl.col("now") - pl.col("loss_usd_m")).alias("gain_usd_m")
        )
        table = gain.group_by(*BY[by]).agg(pl.col("gain_usd_m").sum())
        return table.sort(pl.col("gain_usd_m").abs(), *BY[by][:1], descending=[True, False])

    def flips(self, side: str, package: int = 1, top: int = 10) -> pl.DataFrame:
        """Which facts decide whether a side gains by a package: kind, fact, rank_correlation, is_clear, flips.

        Spearman's correlation over the worlds between where a fact was drawn in its range and the side's gain.
        ``is_clear`` says that so large a one would come up by chance among all facts less than once in a hundred times
        (Bonferroni; normal approximation). ``flips`` says that the mean gain has another sign in the lower third of the
        range than in the upper one.
        The largest first; empty where no worlds were drawn, or fewer than eight.
        """
        schema = {"kind": pl.String, "fact": pl.String, "rank_correlation": pl.Float64, "is_clear": pl.Boolean,
                  "flips": pl.Boolean}  # fmt: skip
        if self.under_draws is None or package < 1 or self.under_draws.gain.shape[0] < 8:
            return pl.DataFrame(schema=schema)
        gain, u = self.under_draws.gain[:, package - 1, self.sides.index(side)], self.under_draws.uniform
        correlation = _spearman(u, gain)
        clear = float(ndtri(1.0 - 0.005 / correlation.size)) / np.sqrt(gain.size - 1)
        rows = []
        for k in np.argsort(-np.abs(correlation))[:top].tolist():
            low, high = gain[u[:, k] < 1 / 3], gain[u[:, k] > 2 / 3]
            turned = low.size > 0 and high.size > 0 and float(low.mean()) * float(high.mean()) < 0
            rows.append((*self.under_draws.facts[k], float(correlation[k]),
                         bool(abs(correlation[k]) > clear), turned))  # fmt: skip
        return pl.DataFrame(rows, schema=schema, orient="row")

    @property
    def judged(self) -> Robustness:
        """The packages shown, the status quo left out, judged by the drawn worlds.

        A package promises that no side that counts is worse off and that no capability is higher than told of it here.
        Raises ``DetenteError`` where no worlds were drawn.
        """
        if self.under_draws is None or len(self.shown) < 2:
            raise DetenteError("No worlds were drawn: ask for draws, such as draws=64.")
        told = np.stack([one.values.capability[0] for one in self.shown[1:]])
        over = self.under_draws.capability - told[None]
        gain = self.under_draws.gain[:, :, self.frontier.axes.side]
        return robustness(gain.transpose(1, 0, 2), over.transpose(1, 0, 2), ROUNDING)

    def _columns(self, values: Values) -> list[tuple[str, Floats]]:
        named = []
        for s, side in enumerate(self.sides):
            for end, table in (("", values.gain), ("_low", values.gain_low), ("_high", values.gain_high)):
                named.append((f"gain_usd_m_{side}{end}", table[:, s]))
        return named + [(f"capability_{kind}", values.capability[:, c]) for c, kind in enumerate(self.capabilities)]

    def _drawn(self) -> list[dict[str, object]]:
        """What the drawn worlds say of each package shown."""
        if self.under_draws is None or len(self.shown) < 2:
            return [{} for _ in self.shown]
        gain, kept = self.under_draws.gain, self.under_draws.capability
        own = gain[:, :, self.frontier.axes.side]
        product = np.where((own > 0).all(axis=2), np.log(np.maximum(own, 1e-12)).sum(axis=2), -np.inf)
        picked = np.where(np.isfinite(product.max(axis=1)), product.argmax(axis=1), -1)
        judged = self.judged
        rows: list[dict[str, object]] = [dict[str, object]()]
        for k, one in enumerate(self.shown[1:]):
            row: dict[str, object] = {"p_win_win": float(judged.win_win[k]), "p_kept": float(judged.kept[k])}
            for c, kind in enumerate(self.capabilities):
                row[f"p_{kind}"] = float((kept[:, k, c] <= one.values.capability[0, c] + ROUNDING).mean())
            row |= {
                "selected": float((picked == k).mean()), "regret_usd_m": float(judged.regret_mean[k]),
                "regret_usd_m_most": float(judged.regret_max[k]),
                "is_chance_constrained": k == judged.chance_constrained,
            }  # fmt: skip
            for s, side in enumerate(self.sides):
                for end, q in (("p05", 0.05), ("p50", 0.5), ("p95", 0.95)):
                    row[f"gain_usd_m_{side}_{end}"] = float(np.quantile(gain[:, k, s], q))
            rows.append(row)
        rows[0] = dict.fromkeys(rows[1])
        return rows


@lru_cache(maxsize=4)  # a report asks for the same table several times, and it takes seconds
def _packages(found: Relief) -> pl.DataFrame:
    of = found.objectives.of
    lost = [losses(one.bracket, of) for one in found.shown]
    drawn = found._drawn()
    rows = []
    for k, one in enumerate(found.shown):
        row: dict[str, object] = {"package": k, "why": list(one.why), "proposals": list(one.members)}
        row |= {name: float(column[0]) for name, column in found._columns(one.values)}
        sound = True
        paid = found.objectives.fees(one.package[None])[0] if of == "value_added" else np.zeros(len(found.sides))
        for side, fee in zip(found.sides, paid.tolist(), strict=True):
            told = {name: value + fee for name, value in gains(lost[0], lost[k], side).items()}
            row |= {f"gain_usd_m_{side}_{name}": value for name, value in told.items()}
            sound &= is_supported([told["flow"], told["cascade"], told["optimum"]])
        rows.append(row | {"is_supported": sound} | drawn[k])
    words = {"why": pl.List(pl.String), "proposals": pl.List(pl.String)}  # also where every list is empty
    return pl.DataFrame(rows, schema_overrides=words, infer_schema_length=None)


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """What a bracket's models say that sides and units lose, USD m a year: by side, then by unit with its side."""

    side: dict[str, dict[str, float]]
    unit: dict[str, tuple[str, dict[str, float]]]


def losses(found: Bracket, of: Of = "output") -> Losses:
    """The figures that `gains` sets against one another; what a model does not say of a unit is 0."""
    sides = {r["side"]: _figures(r) for r in found.by_side(of).iter_rows(named=True)}
    units = {r["unit"]: (r["side"], _figures(r)) for r in found.by_unit(of).iter_rows(named=True)}
    return Losses(sides, units)


def _figures(row: dict[str, Any]) -> dict[str, float]:
    return {c: float(row[c] or 0.0) for c in (*FLOWS, "cascade_usd_m", "optimum_usd_m_low")}


def gains(now: Losses, then: Losses, side: str) -> dict[str, float]:
    """What a side gains from one bracket to another in each model, USD m a year.

    flow (central run) with flow_low and flow_high (the least and most of its runs), cascade (its figure), optimum (its
    low end). What a unit avoids counts for the side whose it is in the second bracket: a sale moves no loss. Of the
    optimum that is the unit's own low end.
    """
    nothing = dict.fromkeys((*FLOWS, "cascade_usd_m", "optimum_usd_m_low"), 0.0)
    a, b = now.side.get(side, nothing), then.side.get(side, nothing)
    for unit, (whose, figures) in now.unit.items():
        sign = (then.unit[unit][0] == side) - (whose == side) if unit in then.unit else 0
        if sign:
            a = {c: a[c] + sign * figures[c] for c in a}
    runs = [a[c] - b[c] for c in FLOWS]
    return {
        "flow": runs[0], "flow_low": min(runs), "flow_high": max(runs),
        "cascade": a["cascade_usd_m"] - b["cascade_usd_m"],
        "optimum": a["optimum_usd_m_low"] - b["optimum_usd_m_low"],
    }  # fmt: skip


def is_supported(figures: list[float], factor: float = 3.0) -> bool:
    """Whether figures have one sign and lie within a factor of each other; all next to nothing counts as within."""
    sizes = [abs(x) for x in figures]
    if max(sizes) < 1.0:
        return True
    return len({x > 0 for x in figures}) == 1 and max(sizes) <= factor * max(min(sizes), 1e-9)


def _spearman(u: Floats, result: Floats) -> Floats:
    ranks = np.argsort(np.argsort(u, axis=0), axis=0).astype(np.float64)
    own = np.argsort(np.argsort(result)).astype(np.float64)
    if np.ptp(result) <= 0:
        return np.zeros(u.shape[1])
    a, b = ranks - ranks.mean(axis=0), own - own.mean()
    found: Floats = a.T @ b / np.sqrt((a**2).sum(axis=0) * (b**2).sum())
    return found

"""A package run on the true model: the case with it applied, decided anew, by flow, best case and cascade."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide.permits import permits
from detente.impact.costs import cost
from detente.impact.models import Bracket
from detente.record import Case, DetenteError
from detente.relief.capability import exact
from detente.relief.objectives import Objectives, Of

FACTOR = 3.0  # where two models' figures are further apart, no headline number is supported
_ENDS = {"flow": ("", "_low", "_high"), "optimum": ("_low", "_high"), "cascade": ("", "_low", "_high")}


@dataclass(frozen=True, slots=True, eq=False)
class Confirmed:
    """What a package is worth by three models of the case it makes.

    ``gains`` has a row a side and model (flow, optimum, cascade): gain_usd_m with _low and _high, USD m a year against
    the status quo in the same model and reading; the optimum has a range and no figure. ``sides`` has a row a side: the
    flow's figure, the least and the most of the three models, and ``is_supported``: whether all of it lies on one side
    of nothing, within a factor of three. ``capability`` is each potential capability by the linear programme, a share.
    ``record`` is the digest of the case with the package.
    """

    names: tuple[str, ...]
    gains: pl.DataFrame
    sides: pl.DataFrame
    capability: dict[str, float]
    record: str


def confirm(objectives: Objectives, package: npt.ArrayLike) -> Confirmed:
    """Run a package (P booleans) on the true model: its overlay, every verdict decided again, three models.

    Raises ``DetenteError`` where the package may not be put together, or where the verdicts are not those the menu
    looked up, which would be a fault of detente.

    >>> from detente.record import load
    >>> from detente.relief.menu import Menu
    >>> from detente.relief.proposals import proposals
    >>> case = load("chips-rare-earths")
    >>> objectives = Objectives.of_menu(Menu.of(case, proposals(case, ["b-tools"]), "2031-07-15"))
    >>> confirm(objectives, [False, True]).names
    ('b-tools@100',)
    """
    menu = objectives.menu
    row = np.asarray(package, dtype=np.bool_)[None]
    if not objectives.evaluate(row).feasible[0]:
        raise DetenteError("This package holds two proposals that exclude each other, or lacks what one requires.")
    applied = menu.applied(row[0])
    law = permits(applied, menu.day, menu.day)
    day, looked_up = law.on(menu.day), menu.shares(row)
    for found, true in zip(looked_up, (day.allowed, day.low, day.high), strict=True):
        if not np.array_equal(found[0], true[menu.network.rows]):
            raise DetenteError("The menu's verdicts are not those of the applied case: please report this as a fault.")
    before, after = _status_quo(menu.case, menu.day), cost(applied, menu.day)
    paid = objectives.fees(row)[0] if objectives.of == "value_added" else np.zeros(len(objectives.sides))
    fees = dict(zip(objectives.sides, paid.tolist(), strict=True))
    gains = pl.concat(_gains(before, after, model, objectives.of, fees) for model in _ENDS)
    allowed = looked_up[0] if objectives.reading == "figure" else looked_up[2]
    return Confirmed(
        names=tuple(n for n, x in zip(menu.names, row[0], strict=True) if x),
        gains=gains,
        sides=_sides(gains),
        capability=_capability(objectives, row, allowed[0]),
        record=applied.digest,
    )


@lru_cache(maxsize=4)
def _status_quo(case: Case, day: dt.date) -> Bracket:
    return cost(case, day)


def _gains(before: Bracket, after: Bracket, model: str, of: Of, fees: dict[str, float]) -> pl.DataFrame:
    """What each side gains by one model: each unit's loss avoided, to the side of its owner under the package."""
    columns = [f"{model}_usd_m{end}" for end in _ENDS[model]]
    was, now = (b.by_unit(of).select("unit", "side", *columns) for b in (before, after))
    if model == "optimum" and was.join(now, on=["unit", "side"], how="anti").height == 0:
        # the range of a side is narrower than that of its units added up
        was, now = (b.by_side(of).select(pl.col("side").alias("unit"), "side", *columns) for b in (before, after))
    both = now.join(was.drop("side"), on="unit", suffix="_before")
    each = both.group_by("side").agg((pl.col(f"{c}_before") - pl.col(c)).sum().alias(c) for c in columns)
    table = pl.DataFrame({"side": list(fees), "fee": list(fees.values())}).join(each, on="side", how="left")
    table = table.with_columns(pl.col(c).fill_null(0.0) + pl.col("fee") for c in columns).sort("side")
    figure = pl.lit(None, pl.Float64) if "" not in _ENDS[model] else pl.col(columns[0])
    return table.select(
        "side", pl.lit(model).alias("model"), figure.alias("gain_usd_m"),
        pl.min_horizontal(columns).alias("gain_usd_m_low"), pl.max_horizontal(columns).alias("gain_usd_m_high"),
    )  # fmt: skip


def _sides(gains: pl.DataFrame) -> pl.DataFrame:
    low, high = pl.col("gain_usd_m_low").min(), pl.col("gain_usd_m_high").max()
    table = gains.group_by("side").agg(
        pl.col("gain_usd_m").filter(pl.col("model") == "flow").first(),
        low.alias("gain_usd_m_low"),
        high.alias("gain_usd_m_high"),
    )
    a, b = pl.col("gain_usd_m_low"), pl.col("gain_usd_m_high")
    same = ((a > 0) & (b <= FACTOR * a)) | ((b < 0) & (a >= FACTOR * b)) | ((a == 0) & (b == 0))
    return table.with_columns(same.alias("is_supported")).sort("side")


def _capability(
    objectives: Objectives, row: npt.NDArray[np.bool_], allowed: npt.NDArray[np.float64]
) -> dict[str, float]:
    """Each potential capability by the linear programme, as a share of what it is with every sale open."""
    sides = list(objectives.sides)
    before, now = objectives.menu.sides(np.zeros_like(row))[0], objectives.menu.sides(row)[0]
    answer = {}
    for c, aim in enumerate(objectives.aims):
        tagged, of = objectives.tagged(c), sides.index(aim.of)
        whole = float(objectives.supply.revenue[tagged & (before == of)].sum())
        weight = np.where(tagged & (now == of), objectives.supply.revenue, 0.0)
        answer[aim.id] = exact(objectives.supply, allowed, weight / whole) if whole > 0 else 0.0
    return answer

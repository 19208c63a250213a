"""The optimum of a day's permits: what is lost when everybody adapts as well as the law allows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import ArrayLike

from detente.decide.permits import OnDay
from detente.decide.verdict import STATES
from detente.impact.calibration import NetworkError, amounts
from detente.impact.network import Network
from detente.impact.optimum_pools import Floats, Ints
from detente.impact.optimum_programme import Programme, Table, programme
from detente.impact.optimum_solver import Method, Solved, extremes, hold, solve
from detente.record import DetenteError

By: TypeAlias = Literal["side", "party", "country"]
Of: TypeAlias = Literal["loss", "value"]
Pairs: TypeAlias = tuple[Ints, Ints]
UNITS_RANGED = 200  # up to so many units each one's own range is looked for
NOISE = 1e-9  # of all value added: below it a difference is rounding


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Least losses against the same world without the measures, USD m a year.

    ``loss_usd_m`` is the value added that is lost in all, with what is not known of the law taken as the cascade takes
    it, ``loss_usd_m_low`` with unknown sales open, ``loss_usd_m_high`` with the least that may be allowed; it is out of
    ``value_added_usd_m``. It falls on the groups in many ways that are equally good, so ``groups``, a row a side (or
    whatever ``by`` names), has ranges and no figure: output_usd_m, closed and unknown sales and inputs as in an
    ``Outcome``, ``loss_usd_m_low`` and ``_high`` (output lost; negative: gained), ``value_added_usd_m`` and
    ``value_added_loss_usd_m_low`` and ``_high``. The ends of two groups need not be reached together.

    ``more`` has a frame like ``groups`` for each other grouping asked for. ``units`` and ``links`` are those of an
    ``Outcome`` without ``binds``. ``loss_usd_m`` of a unit is that of the one solution found: good for adding up, for
    nothing else. Its range is null in networks of more than 200 units unless asked for.
    """

    model: str
    day: dt.date
    by: By
    loss_usd_m: float
    loss_usd_m_low: float
    loss_usd_m_high: float
    value_added_usd_m: float
    groups: pl.DataFrame
    units: pl.DataFrame
    links: pl.DataFrame
    settings: dict[str, float | int | str | bool]
    record: str
    more: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def by_side(self) -> pl.DataFrame:
        """One row a side, with ranges. Raises ``DetenteError`` where another grouping was asked for."""
        if self.by != "side":
            raise DetenteError(f"This best case was asked for by {self.by}: run it again with by='side'.")
        return self.groups


def run(
    network: Network, permits_on_a_day: OnDay, *, spare: ArrayLike = 0.0, resourcing: bool = True,
    markets: Sequence[str | None] | None = None, diversion: Table | None = None,
    pairs: Pairs | Mapping[str, Pairs] | None = None, premium: float = 0.0, within: float = 0.01, of: Of = "loss",
    by: By = "side", also: Sequence[By] = (), each_unit: bool | None = None, method: Method | None = None,
    time_limit_s: float = 300.0,
) -> Optimum:  # fmt: skip
    """What closing sales costs when everybody adapts perfectly, USD m a year, with the range of each side.

    Output ``y``, final sales and sales between units are chosen anew to get the most value added, less ``premium`` on
    new business: ``max sum v y - premium (new sales)``, ``v`` = 1 - purchases / output. What is made is sold; nobody
    buys more of an input than output needs; a critical input is needed in full, half of what lacks of an important one
    is lacking in output, another binds nothing; ``y`` is at most output (1 + spare); a sale at most its value x the
    share allowed x (1 + spare); final sales at most those of the record, in a market together.

    Args:
        network, permits_on_a_day: of the same case and day.
        spare: capacity beyond the output of the record as a share of it, one for all or one a unit.
        resourcing: other makers of an item may supply its buyers, unless a sale of that item by the same party, or from
            the same country, to the same buying party is held that day. False: the sales of the record only.
        markets: the market of each unit (None or "": none), whose members may take over each other's final sales;
            ``detente.impact.market.labels`` has them. None: final sales are not taken over.
        diversion: n x n, sparse, instead of ``markets``: the share of each unit's final sales (row) that goes to each
            rival once they are lost, so that buyers choose as they do in the flow model, not as a planner would.
        pairs: sellers and buyers (numbers of units) between whom there is no sale in the record and may be one, as
            the law was asked; beside them, present sellers that no measure restricts may sell more. By reading of the
            law (``allowed``, ``high``, ``low``) where they differ. None: the rule above.
        premium: what a USD of new business costs, USD. With spare capacity and 0 business may move about for nothing,
            and the ranges are wide; any small premium stops that.
        within: how far from the optimum the ranges look, as a share ``of`` the ``loss`` (at least what is lost with no
            slack at all) or of the ``value`` added. The latter grows with every unit that no measure touches.
        by: which groups have ranges.
        also: more groupings, for ``ranges``. A group of one unit has that unit's range.
        each_unit: whether each unit has its own range, too. None: up to 200 units.
        method: ``simplex``, ``ipm``; None: by size.
        time_limit_s: for all programmes together.

    Raises:
        NetworkError: permits of another record or day, or an argument out of range.
        DetenteError: no unit exists on the day, or HiGHS finds no optimum in time.

    Example:
        >>> from detente import load, permits
        >>> case = load("huawei")
        >>> found = run(Network.of(case, "2019-05-15"), permits(case, "2019-05-15", "2019-05-15").on("2019-05-15"))
        >>> round(found.loss_usd_m, 3)
        0.0

    With nothing closed the record is an optimum whatever may adapt: value added is at most final sales, as nobody buys
    more than it uses, and the record sells all of them.

    Where every input is critical or binds nothing, the loss of value added is at most that of the cascade's high end.
    An important input binds here by half of what lacks, there by its share of purchases: either may be the larger.

    Source: Pichler, Farmer 2021, arXiv 2101.07818 (linear programme); Pichler, Pangallo, del Rio-Chanona, Lafond,
    Farmer 2022, doi 10.1016/j.jedc.2022.104527 (critical, important and other inputs).

    """  # fmt: skip
    _check(network, permits_on_a_day, premium, within, of, by, time_limit_s)
    n, rows = network.units.height, network.rows
    extra = amounts("spare", np.broadcast_to(np.asarray(spare, dtype=np.float64), (n,)), n)
    market = _codes(markets, n)
    readings = _readings(permits_on_a_day, rows, pairs)
    ranged = n <= UNITS_RANGED if each_unit is None else each_unit
    if diversion is not None and markets is not None:
        raise NetworkError("markets, diversion: got both; expected one of them, or neither")
    groupings = {
        name: np.unique(network.units[name].fill_null("").to_numpy(), return_inverse=True)[1] for name in (by, *also)
    }
    solved: dict[str, Solved] = {}
    lost: dict[str, float] = {}
    found: list[tuple[dict[str, tuple[Floats, Floats]], Floats]] = []
    left = time_limit_s
    for name, share in readings.items():
        p = programme(network, share, spare=extra, market=market, resourcing=resourcing, premium=premium,
                      diversion=diversion, pairs=pairs.get(name) if isinstance(pairs, Mapping) else pairs)  # fmt: skip
        solved[name] = s = solve(p, method=method, time_limit_s=left)
        least = p.start - s.value
        lost[name] = 0.0 if abs(least) <= NOISE * abs(p.start) else least * p.scale
        hold(s, within * abs(p.start if of == "value" else least) + NOISE * abs(p.start))
        found.append(_ranges(p, s, network.output, groupings, ranged, time_limit_s))
        left = max(left - s.highs.getRunTime(), 0.0)
    units = np.stack([own for _, own in found])
    central = solved["allowed"]
    p = central.programme
    unit_frame, link_frame = _frames(network, permits_on_a_day, central, units, ranged)
    settings: dict[str, float | int | str | bool] = {
        "spare": float(extra.mean()),
        "resourcing": resourcing,
        "markets": int(market.max(initial=-1)) + 1,
        "diversion": diversion is not None,
        "new_sales_may_be": _n_pairs(pairs),
        "premium": premium,
        "within": within,
        "of": of,
        "readings_of_the_law": len(readings),
        "columns": p.most.size,
        "units_without_value_added": int(((p.value_added <= 0) & (p.revenue > 0)).sum()),
        "sales_without_class": network.n_unclassed,
    }
    frames = {
        name: _groups(unit_frame, name, p, code, *(np.stack([of[name][k] for of, _ in found]) for k in (0, 1)))
        for name, code in groupings.items()
    }
    return Optimum(
        model="optimum",
        day=network.day,
        by=by,
        loss_usd_m=lost["allowed"],
        loss_usd_m_low=lost.get("high", lost["allowed"]),
        loss_usd_m_high=lost.get("low", lost["allowed"]),
        value_added_usd_m=p.start * p.scale,
        groups=frames[by],
        units=unit_frame,
        links=link_frame,
        settings=settings,
        record=network.record,
        more={name: frames[name] for name in also},
    )


def _check(network: Network, day: OnDay, premium: float, within: float, of: Of, by: By, time_limit_s: float) -> None:
    if day.record != network.record or day.day != network.day:
        raise NetworkError(
            f"permits of {day.day} (record {day.record[:12]}) for a network of {network.day} "
            f"(record {network.record[:12]}); take both from the same case and day"
        )
    if network.units.height == 0:
        raise DetenteError(f"No unit of the record exists on {network.day}: there is nothing to cost.")
    for name, value in (("premium", premium), ("within", within)):
        if not (np.isfinite(value) and value >= 0):
            raise NetworkError(f"{name}: got {value}; expected 0 or more, such as 0.01")
    if not time_limit_s > 0:
        raise NetworkError(f"time_limit_s: got {time_limit_s}; expected seconds, more than 0")
    if of not in ("loss", "value"):
        raise NetworkError(f"of: got {of!r}; expected 'loss' or 'value'")
    if by not in ("side", "party", "country"):
        raise NetworkError(f"by: got {by!r}; expected 'side', 'party' or 'country'")


def _n_pairs(pairs: Pairs | Mapping[str, Pairs] | None) -> int:
    if pairs is None:
        return -1
    return int((pairs["allowed"] if isinstance(pairs, Mapping) else pairs)[0].size)


def _codes(markets: Sequence[str | None] | None, n: int) -> Ints:
    if markets is None:
        return np.full(n, -1)
    if len(markets) != n:
        raise NetworkError(f"markets: got {len(markets)}; expected {n}, one a unit")
    number = {name: k for k, name in enumerate(sorted({m for m in markets if m}))}
    return np.array([number[m] if m else -1 for m in markets], dtype=np.int64)


def _readings(day: OnDay, rows: Ints, pairs: Pairs | Mapping[str, Pairs] | None) -> dict[str, Floats]:
    """The readings of the law that differ: the figure's, then the most and the least that may be allowed."""
    readings = {"allowed": day.allowed[rows]}
    for name, share in (("high", day.high[rows]), ("low", day.low[rows])):
        same = np.array_equal(share, readings["allowed"])
        if isinstance(pairs, Mapping):
            same = same and all(np.array_equal(a, b) for a, b in zip(pairs[name], pairs["allowed"], strict=True))
        if not same:
            readings[name] = share
    return readings


def _ranges(
    p: Programme, s: Solved, output: Floats, groupings: Mapping[By, npt.NDArray[np.intp]], ranged: bool, limit: float
) -> tuple[dict[str, tuple[Floats, Floats]], Floats]:
    """Least and greatest loss of output and of value added by group, and of output by unit, USD m a year."""
    makes = np.divide(output, p.revenue, out=np.zeros(p.n), where=p.revenue > 0)
    adds = p.value_added * p.scale
    own = np.eye(p.n) if ranged else np.zeros((0, p.n))
    units = np.array([_lost(p, s, makes * row, limit) for row in own]).reshape(-1, 2)
    answer: dict[str, tuple[Floats, Floats]] = {}
    for name, group in groupings.items():
        by_output, by_value = [], []
        for g in range(int(group.max()) + 1):
            mine = np.flatnonzero(group == g)
            if ranged and mine.size == 1:
                i = int(mine[0])
                ratio = adds[i] / makes[i] if makes[i] > 0 else 0.0
                by_output.append(tuple(units[i]))
                by_value.append(tuple(sorted((ratio * units[i]).tolist())))
                continue
            by_output.append(_lost(p, s, np.where(group == g, makes, 0.0), limit))
            by_value.append(_lost(p, s, np.where(group == g, adds, 0.0), limit))
        answer[name] = np.array(by_output), np.array(by_value)
    return answer, units


def _lost(p: Programme, s: Solved, weight: Floats, limit: float) -> tuple[float, float]:
    whole = float(weight @ p.revenue)
    least, most = extremes(s, weight, limit)
    noise = max(1e-6 * abs(whole), 10.0 * NOISE * abs(p.start) * p.scale)
    low, high = whole - most, whole - least
    return (0.0 if abs(low) <= noise else low), (0.0 if abs(high) <= noise else high)


def _groups(
    units: pl.DataFrame, by: str, p: Programme, group: npt.NDArray[np.intp], output: Floats, added: Floats
) -> pl.DataFrame:
    sums = ("output_usd_m", "closed_sales_usd_m", "unknown_sales_usd_m", "closed_inputs_usd_m", "unknown_inputs_usd_m")
    table = units.group_by(pl.col(by).fill_null("")).agg(pl.col(c).sum() for c in sums).sort(by)
    return table.with_columns(
        pl.Series("loss_usd_m_low", output[:, :, 0].min(axis=0)),
        pl.Series("loss_usd_m_high", output[:, :, 1].max(axis=0)),
        pl.Series("value_added_usd_m", np.bincount(group, p.value_added * p.revenue * p.scale)),
        pl.Series("value_added_loss_usd_m_low", added[:, :, 0].min(axis=0)),
        pl.Series("value_added_loss_usd_m_high", added[:, :, 1].max(axis=0)),
    )


def _frames(network: Network, day: OnDay, s: Solved, ranges: Floats, ranged: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    n, p, output = network.units.height, s.programme, network.output
    share = day.allowed[network.rows]
    unknown = day.state[network.rows] == STATES.index("unknown")
    held = network.value * (1.0 - share)
    closed, unsure = np.where(unknown, 0.0, held), np.where(unknown, held, 0.0)
    kept = np.divide(s.x[:n], p.revenue, out=np.ones(n), where=p.revenue > 0)
    loss = (1.0 - kept) * output
    loss[np.abs(loss) <= 1e-7 * p.scale] = 0.0
    low = pl.Series("loss_usd_m_low", ranges[:, :, 0].min(axis=0) if ranged else [None] * n, dtype=pl.Float64)
    high = pl.Series("loss_usd_m_high", ranges[:, :, 1].max(axis=0) if ranged else [None] * n, dtype=pl.Float64)
    units = network.units.with_columns(
        pl.Series("closed_sales_usd_m", np.bincount(network.seller, closed, n).astype(np.float64)),
        pl.Series("unknown_sales_usd_m", np.bincount(network.seller, unsure, n).astype(np.float64)),
        pl.Series("closed_inputs_usd_m", np.bincount(network.buyer, closed, n).astype(np.float64)),
        pl.Series("unknown_inputs_usd_m", np.bincount(network.buyer, unsure, n).astype(np.float64)),
        pl.Series("loss_usd_m", loss), low, high,
    )  # fmt: skip
    units = units.with_columns(
        pl.col("loss_usd_m").clip(pl.col("loss_usd_m_low"), pl.col("loss_usd_m_high")),
    ).with_columns((pl.col("loss_usd_m") / pl.col("output_usd_m")).fill_nan(0.0).alias("loss_share"))
    names = network.units["unit"].to_numpy()
    links = pl.DataFrame(
        {
            "link": network.links,
            "seller": names[network.seller],
            "buyer": names[network.buyer],
            "value_usd_m": network.value,
            "allowed": share,
            "closed_usd_m": closed,
            "unknown_usd_m": unsure,
        },
        schema_overrides={"link": pl.String, "seller": pl.String, "buyer": pl.String},
    )
    return units, links

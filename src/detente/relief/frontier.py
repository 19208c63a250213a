"""Packages that no other beats: for every side no worse and no more capability, and better in something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.record import DetenteError
from detente.relief.search.dominance import hypervolume, not_beaten
from detente.relief.values import Bools, Evaluator, Floats, Values

GAIN_GRAIN = 1e-4  # USD m a year: a hundred dollars less is no difference
CAPABILITY_GRAIN = 1e-6  # of all capability


@dataclass(frozen=True, slots=True)
class Aim:
    """Which packages are looked for; everything left out is free.

    ``sides`` are those whose gain counts, ``capabilities`` the kinds that count. ``least_gain`` (USD m a year) is what
    a side must gain at least, 0 to be no worse off than now; ``cap`` what a capability may be at most, a share from
    0 to 1. There are no weights: sides and capabilities are coordinates.
    """

    sides: tuple[str, ...] | None = None
    capabilities: tuple[str, ...] | None = None
    least_gain: Mapping[str, float] = field(default_factory=dict)
    cap: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """An ``Aim`` for one evaluator: which columns count, and the bounds on each coordinate.

    A package is a point of M coordinates, the larger the better: the gain of each side, then capability with its sign
    turned. ``names`` name them.
    """

    names: tuple[str, ...]
    side: npt.NDArray[np.int64]
    capability: npt.NDArray[np.int64]
    least: Floats

    def points(self, values: Values) -> Floats:
        """The points of K packages: K x M, rounded to what counts as a difference."""
        gain = np.round(values.gain[:, self.side] / GAIN_GRAIN) * GAIN_GRAIN
        kept = np.round(values.capability[:, self.capability] / CAPABILITY_GRAIN) * CAPABILITY_GRAIN
        return np.concatenate((gain, -kept), axis=1) + 0.0  # -0.0 is 0.0

    def violation(self, values: Values) -> Floats:
        """How far K packages miss the bounds, in shares of them, summed; infinite where one is not feasible."""
        short = np.maximum(self.least - self.points(values), 0.0)
        short = np.where(short > _grain(self) / 2, short, 0.0)
        scale = np.where(np.isfinite(self.least) & (self.least != 0), np.abs(self.least), 1.0)
        return np.where(values.feasible, (short / scale).sum(axis=1), np.inf)


def _grain(axes: Axes) -> Floats:
    return np.repeat([GAIN_GRAIN, CAPABILITY_GRAIN], [axes.side.size, axes.capability.size])


def axes_of(evaluator: Evaluator, aim: Aim | None = None) -> Axes:
    """Match an aim with an evaluator. Raises ``DetenteError`` for a side or a capability that it does not know."""
    aim = aim or Aim()
    sides = list(evaluator.sides if aim.sides is None else aim.sides)
    kinds = list(evaluator.capabilities if aim.capabilities is None else aim.capabilities)
    for what, asked, known in (
        ("side", {*sides, *aim.least_gain}, evaluator.sides),
        ("capability", {*kinds, *aim.cap}, evaluator.capabilities),
    ):
        wrong = sorted(asked - set(known))
        if wrong:
            raise DetenteError(f"{what}: got {', '.join(wrong)}; expected some of {', '.join(known) or 'none'}.")
    if not sides:
        raise DetenteError("sides: got none; expected at least one whose gain counts.")
    hidden = sorted((set(aim.least_gain) - set(sides)) | (set(aim.cap) - set(kinds)))
    if hidden:
        raise DetenteError(f"a bound is set on {', '.join(hidden)}, which does not count: name it among those that do.")
    least = [aim.least_gain.get(s, -np.inf) for s in sides] + [-aim.cap.get(k, np.inf) for k in kinds]
    return Axes(
        tuple(sides + kinds),
        np.array([list(evaluator.sides).index(s) for s in sides], dtype=np.int64),
        np.array([list(evaluator.capabilities).index(k) for k in kinds], dtype=np.int64),
        np.array(least, dtype=np.float64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """Packages not beaten, the one with the greatest joint gain first, and the status quo beside them.

    ``packages`` is bool K x P, ``points`` K x M as ``axes`` says, ``values`` all that is known of the packages.
    ``status_quo`` is the value of the empty package (one row), which need not be on the frontier. ``method`` says how
    it was found, ``exact`` whether every package not beaten is in it (of the model that valued them), ``evaluations``
    how many packages were valued, ``settings`` what the search was told.
    """

    names: tuple[str, ...]
    sides: tuple[str, ...]
    capabilities: tuple[str, ...]
    axes: Axes
    packages: Bools
    points: Floats
    values: Values
    status_quo: Values
    method: str
    exact: bool
    evaluations: int
    settings: dict[str, float | int | str | bool]

    def __len__(self) -> int:
        return int(self.packages.shape[0])

    @property
    def origin(self) -> Floats:
        """The point of the status quo (M)."""
        here: Floats = self.axes.points(self.status_quo)[0]
        return here

    @property
    def win_win(self) -> Bools:
        """Which packages leave no side that counts worse off than now (K)."""
        n_sides = self.axes.side.size
        good: Bools = np.all(self.points[:, :n_sides] >= self.origin[:n_sides] - GAIN_GRAIN / 2, axis=1)
        return good

    def members(self, k: int) -> tuple[str, ...]:
        """Names of the proposals in package k."""
        return tuple(self.names[p] for p in np.flatnonzero(self.packages[k]))

    def volume(self, capability: Floats | float = 1.0) -> float:
        """Hypervolume above the status quo in gains and below so much ``capability``, in USD m a year and shares.

        The measure by which two searches are compared: only packages that leave every side better off count.
        """
        n_sides = self.axes.side.size
        most = np.broadcast_to(np.asarray(capability, dtype=np.float64), (self.axes.capability.size,))
        return hypervolume(self.points, np.concatenate((self.origin[:n_sides], -most - CAPABILITY_GRAIN)))

    def part(self, rows: Bools) -> Frontier:
        """Some of its packages (a boolean each), in the same order."""
        return replace(
            self, packages=self.packages[rows], points=self.points[rows], values=take(self.values, rows), exact=False
        )

    def frame(self) -> pl.DataFrame:
        """One row a package: package (its place), proposals, gain of each side with _low and _high, capabilities."""
        v = self.values
        columns: dict[str, object] = {
            "package": np.arange(len(self)),
            "proposals": [list(self.members(k)) for k in range(len(self))],
            "win_win": self.win_win,
        }
        for s, side in enumerate(self.sides):
            for end, table in (("", v.gain), ("_low", v.gain_low), ("_high", v.gain_high)):
                columns[f"gain_usd_m_{side}{end}"] = table[:, s]
        for c, kind in enumerate(self.capabilities):
            columns[f"capability_{kind}"] = v.capability[:, c]
        return pl.DataFrame(columns, schema_overrides={"proposals": pl.List(pl.String)})


def take(values: Values, rows: npt.NDArray[np.int64] | Bools) -> Values:
    """Some rows of values."""
    return Values(
        values.gain[rows], values.gain_low[rows], values.gain_high[rows], values.capability[rows], values.feasible[rows]
    )


def frontier_of(
    evaluator: Evaluator, packages: Bools, values: Values | None = None, aim: Aim | None = None, *,
    method: str = "given", exact: bool = False, evaluations: int = 0,
    settings: dict[str, float | int | str | bool] | None = None,
) -> Frontier:  # fmt: skip
    """The packages of a list that no other of it beats and that keep the bounds of the aim.

    Of packages with the same point the one with the fewest proposals stays, then the first in order of proposals.
    ``values`` None: they are valued here.

    Raises ``DetenteError`` where shapes do not fit, or as ``axes_of``.
    """
    rows = np.asarray(packages, dtype=np.bool_)
    if rows.ndim != 2 or rows.shape[1] != evaluator.n_proposals:
        raise DetenteError(f"packages: got shape {rows.shape}; expected K x {evaluator.n_proposals}.")
    axes = axes_of(evaluator, aim)
    known = evaluator.evaluate(rows) if values is None else values
    good = np.flatnonzero(axes.violation(known) == 0)
    points = axes.points(known)[good]
    order = np.lexsort((*~rows[good].T[::-1], rows[good].sum(axis=1)))
    good, points = good[order], points[order]
    _, first = np.unique(points, axis=0, return_index=True)
    good, points = good[np.sort(first)], points[np.sort(first)]
    mask = not_beaten(points) if good.size else np.zeros(0, dtype=np.bool_)
    good, points = good[mask], points[mask]
    joint = points[:, : axes.side.size].sum(axis=1)
    order = np.lexsort((*~rows[good].T[::-1], -joint))
    good = good[order]
    nothing = np.zeros((1, evaluator.n_proposals), dtype=np.bool_)
    return Frontier(
        names=tuple(evaluator.names), sides=tuple(evaluator.sides), capabilities=tuple(evaluator.capabilities),
        axes=axes, packages=rows[good], points=points[order], values=take(known, good),
        status_quo=evaluator.evaluate(nothing), method=method, exact=exact,
        evaluations=evaluations or (rows.shape[0] if values is None else 0), settings=dict(settings or {}),
    )  # fmt: skip

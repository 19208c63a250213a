"""The packages that rules of fair division pick from a frontier, from the status quo on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from detente.record import DetenteError
from detente.relief.frontier import GAIN_GRAIN, Frontier
from detente.relief.values import Floats

Ints = npt.NDArray[np.int64]
LEAST = 1e-9  # a share of a side's best gain below which two packages divide alike


@dataclass(frozen=True, slots=True)
class Bargains:
    """Rows of a frontier that three rules pick; None where no package leaves every side better off than now.

    ``nash`` has the greatest product of the sides' gains. ``kalai_smorodinsky`` gives the sides the most equal
    shares of the best each could get among packages that hurt nobody. ``egalitarian`` gives the side that gets the
    least, in USD, the most. ``ideal`` is the best each side could get. What coincides is one package.
    """

    nash: int | None
    kalai_smorodinsky: int | None
    egalitarian: int | None
    ideal: tuple[float, ...]

    @property
    def coincide(self) -> bool:
        """Whether all three pick the same package."""
        return self.nash == self.kalai_smorodinsky == self.egalitarian


def bargains(frontier: Frontier, cap: float | None = None) -> Bargains:
    """Nash, Kalai-Smorodinsky and egalitarian points of a frontier, for two or more sides.

    The status quo is the point of disagreement. Packages come whole, so the points are picked from the packages
    themselves; for lotteries over packages see `lottery`. ``cap``: only packages with no more of any capability.

    Nash: the greatest product of gains, which with whole packages need not be unique; ties go to the greater joint
    gain, then to the package that stands first. Kalai-Smorodinsky: the greatest least share of the ideal; then the
    greatest next share, and so on (with whole packages equal shares are rarely to be had). Egalitarian: likewise with
    gains in USD.

    Source: Nash 1950, doi 10.2307/1907266; Kalai, Smorodinsky 1975, doi 10.2307/1914280; Kalai 1977, doi
    10.2307/1913954; for whole packages Mariotti 1998 (Social Choice and Welfare 15).
    """
    gain = _gains(frontier)
    good = np.flatnonzero((gain >= GAIN_GRAIN / 2).all(axis=1) & _below(frontier, cap))
    least = np.flatnonzero((gain >= -GAIN_GRAIN / 2).all(axis=1) & _below(frontier, cap))
    ideal = gain[least].max(axis=0) if least.size else np.zeros(gain.shape[1])
    if not good.size:
        return Bargains(None, None, None, tuple(ideal.tolist()))
    own = gain[good]
    joint = own.sum(axis=1)
    product = np.log(own).sum(axis=1)
    nash = good[np.lexsort((np.arange(good.size), -joint, -np.round(product, 9)))[0]]
    shares = own / ideal
    return Bargains(
        int(nash), int(good[_most_even(shares, joint)]), int(good[_most_even(own / ideal.max(), joint)]),
        tuple(ideal.tolist()),
    )  # fmt: skip


def _most_even(amounts: Floats, joint: Floats) -> int:
    """The row whose least amount is greatest, then the next least; then the greater joint gain, then the first."""
    ordered = np.round(np.sort(amounts, axis=1) / LEAST) * LEAST
    return int(np.lexsort((np.arange(joint.size), -joint, *(-ordered.T[::-1])))[0])


@dataclass(frozen=True, slots=True)
class Lottery:
    """Packages (rows of a frontier) with their chances, and the gain each side may expect, USD m a year."""

    packages: tuple[int, ...]
    chances: tuple[float, ...]
    gain: tuple[float, ...]


def lottery(frontier: Frontier, rule: str = "nash", cap: float | None = None, *, steps: int = 4000) -> Lottery | None:
    """The Nash, Kalai-Smorodinsky or egalitarian point where sides may toss for packages: on the convex hull of gains.

    None where no lottery leaves every side better off. Agreements by turns, or on parts of a package, are like
    lotteries; `bargains` is for packages that come whole. The status quo is one of the packages.

    Kalai-Smorodinsky and egalitarian are linear programmes, Nash is a concave one: chance is moved from the worst
    package in the lottery to the best one, as far as that helps (Frank and Wolfe 1956, pairwise), until no move could
    raise the product by a ten-millionth. ``packages`` has -1 for the status quo.

    Raises ``DetenteError`` for another rule.
    """
    if rule not in ("nash", "kalai_smorodinsky", "egalitarian"):
        raise DetenteError(f"rule: got {rule!r}; expected nash, kalai_smorodinsky or egalitarian.")
    gain, rows = _gains(frontier), np.flatnonzero(_below(frontier, cap))
    table = np.concatenate((gain[rows], np.zeros((1, gain.shape[1]))))
    least = table[(table >= -GAIN_GRAIN / 2).all(axis=1)].max(axis=0)
    even = _even(table, np.ones(table.shape[1]))
    if even is None or (even @ table).min() <= GAIN_GRAIN / 2:
        return None
    if rule == "egalitarian":
        chance = even
    elif rule == "kalai_smorodinsky":
        found = _even(table, _ideal(table, least))
        chance = even if found is None else found
    else:
        chance = _nash(table, even, steps)
    kept = np.flatnonzero(chance > 1e-9)
    names = [int(rows[k]) if k < rows.size else -1 for k in kept]
    return Lottery(tuple(names), tuple((chance[kept] / chance[kept].sum()).tolist()), tuple((chance @ table).tolist()))


def _even(table: Floats, scale: Floats) -> Floats | None:
    """Chances that make the least expected gain, in units of ``scale``, the greatest."""
    K, S = table.shape
    unit = np.abs(table / scale).max() or 1.0
    found = linprog(
        np.append(np.zeros(K), -1.0), A_ub=np.column_stack((-(table / scale / unit).T, np.ones(S))), b_ub=np.zeros(S),
        A_eq=np.append(np.ones(K), 0.0)[None, :], b_eq=[1.0], bounds=[(0, 1)] * K + [(None, None)],
    )  # fmt: skip
    return None if not found.success or found.x is None else np.asarray(found.x[:K], dtype=np.float64)


def _ideal(table: Floats, least: Floats) -> Floats:
    """The best each side could expect from a lottery that leaves nobody worse off."""
    K, S = table.shape
    unit = np.abs(table).max() or 1.0
    best = least.copy()
    for s in range(S):
        found = linprog(
            -table[:, s] / unit, A_ub=-table.T / unit, b_ub=np.zeros(S), A_eq=np.ones((1, K)), b_eq=[1.0],
            bounds=[(0, 1)] * K,
        )  # fmt: skip
        if found.success and found.fun is not None:
            best[s] = max(best[s], -found.fun * unit)
    return best


def _nash(table: Floats, start: Floats, steps: int) -> Floats:
    """Chances with the greatest product of expected gains."""
    chance = start.copy()
    for _ in range(steps):
        gain = chance @ table
        use = table @ (1.0 / gain)
        to, held = int(np.argmax(use)), np.flatnonzero(chance > 0)
        away = int(held[np.argmin(use[held])])
        if use[to] - table.shape[1] <= 1e-7:  # as much as the logarithm of the product could still grow
            break
        way, low, high = table[to] - table[away], 0.0, float(chance[away])
        if not _grows(gain + high * way, way):
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (middle, high) if _grows(gain + middle * way, way) else (low, middle)
        chance[away] -= high
        chance[to] += high
    return np.maximum(chance, 0.0)


def _grows(gain: Floats, way: Floats) -> bool:
    return bool((gain > 0).all() and (way / gain).sum() > 0)


def _gains(frontier: Frontier) -> Floats:
    n_sides = frontier.axes.side.size
    if n_sides < 2:
        raise DetenteError(f"bargaining: got {n_sides} side; expected two or more whose gain counts.")
    gains: Floats = frontier.points[:, :n_sides] - frontier.origin[:n_sides]
    return gains


def _below(frontier: Frontier, cap: float | None) -> npt.NDArray[np.bool_]:
    kept = -frontier.points[:, frontier.axes.side.size :]
    answer: npt.NDArray[np.bool_] = (
        np.ones(len(frontier), dtype=np.bool_) if cap is None else np.all(kept <= cap + 1e-9, axis=1)
    )
    return answer

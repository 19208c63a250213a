"""How packages fare when what is not known is drawn: promises kept, regret, and how many figures to print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, isfinite, log10

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import ArrayLike

from detente.record import DetenteError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
KEPT = 0.9  # the probability with which a chance-constrained package keeps its promises
APART = 3.0  # times: where models differ by more, no single figure stands for them
NOTHING = 1e-9
UNSUPPORTED = "no headline number is supported"


@dataclass(frozen=True, slots=True, eq=False)
class Robustness:
    """K packages under D common draws. Probabilities are shares of draws, with standard errors sqrt(p (1 - p) / D).

    Attributes:
        win_win: K, no side is worse off than under the status quo of the same draw.
        under_cap: K, no capability is above its cap.
        kept: K, both at once: what is promised is kept.
        selected: K, the package has the greatest joint gain of all that keep their promises in the draw.
        status_quo: share of draws in which no package is selected, as none that keeps its promises gains anything.
        regret_mean, regret_max: K, joint gain forgone against the best package of each draw, USD m a year. In a draw in
            which a package breaks a promise it would not be taken: it gains nothing there.
        gain_mean: K, joint gain as drawn, whatever becomes of the promises.
        chance_constrained: the package with the greatest mean gain among those that keep their promises with
            probability ``at_least``; None where there is none.
        n_draws: D.
    """

    win_win: Floats
    under_cap: Floats
    kept: Floats
    selected: Floats
    status_quo: float
    regret_mean: Floats
    regret_max: Floats
    gain_mean: Floats
    chance_constrained: int | None
    at_least: float
    n_draws: int

    def frame(self) -> pl.DataFrame:
        """One row a package: package, the probabilities, p_kept_standard_error, regrets, gain, chance_constrained."""
        K = self.kept.size
        return pl.DataFrame(
            {
                "package": np.arange(K),
                "p_win_win": self.win_win,
                "p_under_cap": self.under_cap,
                "p_kept": self.kept,
                "p_kept_standard_error": np.sqrt(self.kept * (1 - self.kept) / self.n_draws),
                "selected": self.selected,
                "regret_mean_usd_m": self.regret_mean,
                "regret_max_usd_m": self.regret_max,
                "gain_mean_usd_m": self.gain_mean,
                "chance_constrained": np.arange(K)
                == (-1 if self.chance_constrained is None else self.chance_constrained),
            }
        )


def robustness(
    gain: ArrayLike, capability: ArrayLike, cap: ArrayLike | None = None, *, at_least: float = KEPT
) -> Robustness:
    """Judge packages by common draws: every package is valued in each draw, so that they can be compared.

    Args:
        gain: K x D x S, of each side against the status quo of the same draw, USD m a year.
        capability: K x D x C (or K x D), potential, a share.
        cap: C, or one for all; None: no cap.
        at_least: probability with which the chance-constrained package keeps its promises.

    Raises:
        DetenteError: shapes that do not fit, numbers that are not finite, no draw.

    Example:
        >>> found = robustness([[[1.0, 2.0], [-1.0, 3.0]], [[0.5, 0.5], [0.5, 0.5]]], [[0.2, 0.2], [0.1, 0.1]], 0.5)
        >>> found.win_win.tolist(), found.chance_constrained
        ([0.5, 1.0], 1)

    Source: chance constraints: Charnes, Cooper 1959, doi 10.1287/mnsc.6.1.73; regret: Savage 1951, doi 10.2307/2280094.
    """
    g, c = np.asarray(gain, dtype=np.float64), np.asarray(capability, dtype=np.float64)
    c = c[:, :, None] if c.ndim == 2 else c
    if g.ndim != 3 or c.ndim != 3 or c.shape[:2] != g.shape[:2] or not g.shape[1]:
        raise DetenteError(f"gain, capability: got shapes {g.shape} and {c.shape}; expected K x D x S and K x D x C.")
    if not (np.isfinite(g).all() and np.isfinite(c).all()):
        raise DetenteError("gain, capability: some are not finite numbers; every package needs a value in every draw.")
    if not 0 <= at_least <= 1:
        raise DetenteError(f"at_least: got {at_least}; expected a probability from 0 to 1.")
    limit = np.broadcast_to(np.inf if cap is None else np.asarray(cap, dtype=np.float64), (c.shape[2],))
    win, under = (g >= -NOTHING).all(axis=2), (c <= limit + NOTHING).all(axis=2)
    kept, joint = win & under, g.sum(axis=2)
    taken = np.where(kept, joint, 0.0)
    best = np.maximum(taken.max(axis=0, initial=0.0), 0.0)
    chosen = kept & (joint >= best - NOTHING) & (best > NOTHING)
    first = chosen & (np.cumsum(chosen, axis=0) == 1)  # of several that are equally good, the one that stands first
    regret = best - taken
    share, mean = kept.mean(axis=1), joint.mean(axis=1)
    good = np.flatnonzero(share >= at_least)
    return Robustness(
        win.mean(axis=1), under.mean(axis=1), share, first.mean(axis=1), float(1.0 - first.any(axis=0).mean()),
        regret.mean(axis=1), regret.max(axis=1), mean, int(good[np.argmax(mean[good])]) if good.size else None,
        at_least, g.shape[1],
    )  # fmt: skip


def two_figures(value: float) -> float:
    """Round to two significant figures: more would pretend to know.

    >>> two_figures(16879.4), two_figures(-0.01349), two_figures(0.0)
    (17000.0, -0.013, 0.0)
    """
    if value == 0 or not isfinite(value):
        return value
    return round(value, 1 - floor(log10(abs(value))))


def headline(by_model: Mapping[str, float], apart: float = APART) -> float | None:
    """The figure that may stand for several models: the middle one, to two figures; None where none may.

    Where the largest is more than ``apart`` times the smallest, or their signs differ, say ``UNSUPPORTED`` and give the
    range. Raises ``DetenteError`` where no model is given.

    >>> headline({"optimum": 40.0, "flow": 71.7, "cascade": 100.0}), headline({"optimum": 2.0, "cascade": 100.0})
    (72.0, None)
    """
    values = sorted(by_model.values())
    if not values or not all(isfinite(v) for v in values):
        raise DetenteError(f"by_model: got {dict(by_model)}; expected a finite figure of at least one model.")
    if all(abs(v) <= NOTHING for v in values):
        return 0.0
    if values[0] * values[-1] <= 0:
        return None
    least, most = sorted((abs(values[0]), abs(values[-1])))
    return None if most > apart * least else two_figures(float(np.median(values)))

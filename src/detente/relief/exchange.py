"""At which price of capability each package is the best: the answer that needs no weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.record import DetenteError
from detente.relief.frontier import GAIN_GRAIN, Frontier
from detente.relief.values import Floats

Ints = npt.NDArray[np.int64]


def exchange_rates(frontier: Frontier, capability: str | None = None, *, win_win: bool = True) -> pl.DataFrame:
    """The prices of capability at which each package, and the status quo, has the greatest joint gain less its price.

    Who holds a unit of capability (all of it, a share of 1) to be worth so many USD m a year picks the package with the
    greatest ``joint gain - price x capability``. As the price rises, packages with less capability become the best.

    Args:
        frontier: packages; what they do to other capabilities is left out.
        capability: which kind; None: the only one.
        win_win: only packages that leave no side worse off. The joint gain of others is no bargain.

    Returns:
        A row a package (place in the frontier; -1 the status quo), sorted by capability, the least first: package,
        joint_gain_usd_m, capability, best_from_usd_m and best_below_usd_m (price of a unit at which it becomes and
        ceases to be the best; the latter null: at any price above), ever_best (False: at every price another
        package, or two in turn, do better: it lies below the upper hull).

    Raises:
        DetenteError: no such capability, or one must be named.

    >>> from detente.relief.blocs.drawn import two_blocs
    >>> from detente.relief.search.exhaustive import exhaustive
    >>> exchange_rates(exhaustive(two_blocs(40, 8, seed=3)))["package"][0]
    -1
    """
    axes = frontier.axes
    n_sides = axes.side.size
    kinds = axes.names[n_sides:]
    if capability is None and len(kinds) != 1:
        raise DetenteError(f"capability: this frontier has {', '.join(kinds) or 'none'}; name one of them.")
    if capability is not None and capability not in kinds:
        raise DetenteError(f"capability: got {capability!r}; expected one of {', '.join(kinds) or 'none'}.")
    column = n_sides + kinds.index(capability or kinds[0])
    rows = np.flatnonzero(frontier.win_win) if win_win else np.arange(len(frontier))
    points = np.concatenate((frontier.origin[None, :], frontier.points[rows]))
    joint = points[:, :n_sides].sum(axis=1) - frontier.origin[:n_sides].sum()
    kept = np.maximum(-points[:, column], 0.0)
    start, end = _prices(joint, kept)
    package = np.concatenate(([-1], rows))
    frame = pl.DataFrame(
        {
            "package": package, "joint_gain_usd_m": joint, "capability": kept,
            "best_from_usd_m": start, "best_below_usd_m": end, "ever_best": np.isfinite(start),
        }
    ).with_columns(
        pl.when(pl.col("ever_best")).then("best_from_usd_m").alias("best_from_usd_m"),
        pl.when(pl.col("best_below_usd_m").is_finite()).then("best_below_usd_m").alias("best_below_usd_m"),
    )  # fmt: skip
    same = frame.filter(pl.col("package") >= 0).select(
        ((pl.col("capability") == kept[0]) & (pl.col("joint_gain_usd_m").abs() < GAIN_GRAIN)).any()
    )
    if frame.height > 1 and same.item():  # the empty package is on the frontier itself
        frame = frame.filter(~((pl.col("package") >= 0) & (pl.col("capability") == kept[0])
                               & (pl.col("joint_gain_usd_m").abs() < GAIN_GRAIN)))  # fmt: skip
    return frame.sort("capability", "joint_gain_usd_m", "package")


def _prices(joint: Floats, kept: Floats) -> tuple[Floats, Floats]:
    """From and below which price each point has the greatest ``joint - price kept``; NaN where at none."""
    n = joint.size
    start, end = np.full(n, np.nan), np.full(n, np.nan)
    order = np.lexsort((np.arange(n), -joint, kept))
    hull: list[int] = []
    for i in order.tolist():
        if hull and joint[i] <= joint[hull[-1]]:
            continue  # more capability for no more gain
        while len(hull) >= 2:
            a, b = hull[-2], hull[-1]
            rise = (joint[b] - joint[a]) * (kept[i] - kept[a]) - (joint[i] - joint[a]) * (kept[b] - kept[a])
            if rise > 0:
                break
            hull.pop()
        if hull and kept[i] == kept[hull[-1]]:
            continue
        hull.append(i)
    price = np.inf
    for at, i in enumerate(hull):
        end[i] = price
        nxt = hull[at + 1] if at + 1 < len(hull) else None
        price = 0.0 if nxt is None else (joint[nxt] - joint[i]) / (kept[nxt] - kept[i])
        start[i] = price
    return start, end

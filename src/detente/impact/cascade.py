"""How far a loss runs when nobody adapts: the published index of firms, and the same model with closed sales."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from detente.impact._kernels import F64, I64, Answers, Shocks, run_scenarios
from detente.impact.calibration import Calibration, NetworkError, calibrate, calibrate_links
from detente.impact.closing import run
from detente.impact.propagation import NOTHING_CLOSED, Propagation, propagate
from detente.impact.scenario import (
    Columns,
    Stop,
    column_part,
    kept_scenarios,
    markets,
    shock_columns,
    stop_rule,
    weight_columns,
)

__all__ = [
    "Calibration",
    "EsriResult",
    "NetworkError",
    "Propagation",
    "Stop",
    "calibrate",
    "calibrate_links",
    "esri",
    "esri_from",
    "propagate",
    "run",
]

BLOCK_CELLS = 4_000_000  # losses held dense while the kept ones are packed: twice 32 MB


@dataclass(frozen=True, slots=True, eq=False)
class EsriResult:
    """The index of every scenario, and what it was computed with.

    K scenarios, Q weights, n firms, k scenarios kept. All losses are shares from 0 to 1.

    Attributes:
        esri: K x Q, weighted loss of output, the worse channel of each firm; the shocked firms are in it.
        esri_down: K x Q, the same of the downstream channel (inputs) alone.
        esri_up: K x Q, of the upstream channel (orders) alone.
        iterations: K, steps taken.
        index_previous, index_last: K, index (first weight) before and after the last step.
        kept: k, the scenarios whose losses were kept, rising.
        loss_down, loss_up: n x k, losses at the last step; None where none were kept.
        shock_down, shock_up: n x k, shocks of the kept scenarios; None where none were kept.
        weights: n x Q, columns sum to 1.
        tolerance, stop: as given.

    """

    esri: F64
    esri_down: F64
    esri_up: F64
    iterations: I64
    index_previous: F64
    index_last: F64
    kept: I64
    loss_down: "Columns | None"
    loss_up: "Columns | None"
    shock_down: "Columns | None"
    shock_up: "Columns | None"
    weights: F64
    tolerance: float
    stop: Stop


def esri(
    W: Any,
    industry: ArrayLike,
    essential: ArrayLike,
    *,
    shocks: Any = None,
    shocks_up: Any = None,
    market: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    tolerance: float = 1e-2,
    stop: Stop = "output",
    keep: Literal["all"] | Sequence[int] | None = None,
) -> EsriResult:
    """Compute the economic systemic risk index: the output lost when firms fail and nobody adapts.

    Args:
        W: n x n sales, row = seller, column = buyer, sparse, any one currency; see `calibrate`.
        industry: n labels; firms of one industry make one product.
        essential: m x m of 0, 1 or 2 in the order of `np.unique(industry)`; see `calibrate`.
        shocks: n x K, dense or sparse, share of output each firm loses at the start, in [0, 1]. None: every firm fails
            alone, K = n.
        shocks_up: n x K, the same for the upstream channel. None: as `shocks`.
        market: n labels. A firm's buyers feel its loss by its sales against what is left of its market; once nothing
            is left, wholly. None: nothing can be replaced, they always feel all of it.
        weights: n or n x Q, not negative, in any unit. None: sales of each firm.
        tolerance: more than 0. It is part of the index: the published 0.01 stops far from the fixed point.
        stop: "output" ends when in one step no firm's output fell by more than `tolerance`, in either channel (the
            reference's conv_type 1). "index" ends when the index of the first weight grew by no more than the share
            `tolerance` of itself (its other rule); an index that stays 0 ends, one that leaves 0 goes on.
        keep: "all", or the scenarios whose losses by firm are wanted. None: none.

    Raises:
        NetworkError: something given has not this shape, kind or range.

    Example:
        >>> import numpy as np
        >>> from scipy import sparse
        >>> W = sparse.coo_array(([2.0, 2.0], ([0, 1], [1, 2])), shape=(3, 3))
        >>> esri(W, ["chip", "board", "phone"], np.full((3, 3), 2)).esri_down[:, 0]
        array([1. , 0.5, 0. ])

    Source: Diem, Borsos, Reisch, Kertész, Thurner 2022, doi 10.1038/s41598-022-11522-z; the weights, separate
    upstream shocks and stopping rules are those of the R package GLcascade.

    """
    return esri_from(
        calibrate(W, industry, essential),
        shocks=shocks,
        shocks_up=shocks_up,
        market=market,
        weights=weights,
        tolerance=tolerance,
        stop=stop,
        keep=keep,
    )


def esri_from(
    calibration: Calibration,
    *,
    shocks: Any = None,
    shocks_up: Any = None,
    market: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    tolerance: float = 1e-2,
    stop: Stop = "output",
    keep: Literal["all"] | Sequence[int] | None = None,
) -> EsriResult:
    """Compute the index as `esri` does, on a network already measured (with costs or revenue, or link by link).

    Arguments, errors and source are those of `esri`.

    Example:
        >>> network = calibrate_links(2, [0], [1], [5.0], ["chip"], [2])
        >>> esri_from(network, shocks=[[0.5], [0.0]], weights=[1, 1], keep="all").loss_down.toarray()
        array([[0.5],
               [0.5]])

    """
    n = calibration.n
    down = shock_columns("shocks", sparse.eye_array(n) if shocks is None else shocks, n)
    up = down if shocks_up is None else shock_columns("shocks_up", shocks_up, n)
    if up.shape != down.shape:
        raise NetworkError(f"shocks_up: got shape {up.shape}; expected that of shocks, {down.shape}")
    share = weight_columns(weights, calibration.sales)
    rule = stop_rule(tolerance, stop, int(np.iinfo(np.int64).max))
    groups = markets(market, calibration.sales)
    K = down.shape[1]
    kept = kept_scenarios(keep, K)
    index, path = np.zeros((K, share.shape[1], 3)), np.zeros((K, 2))
    iterations, converged = np.zeros(K, np.int64), np.zeros(K, np.bool_)
    size = max(1, BLOCK_CELLS // n)
    ends = [*kept[size::size].tolist(), K]
    losses: list[tuple[Columns, Columns]] = []
    for first, last in zip([0, *ends[:-1]], ends, strict=True):
        mine = kept[(kept >= first) & (kept < last)] - first
        row = np.full(last - first, -1, np.int64)
        row[mine] = np.arange(mine.size)
        lost_down, lost_up = np.zeros((mine.size, n)), np.zeros((mine.size, n))
        part = slice(first, last)
        run_scenarios(
            calibration.layout.links,
            groups,
            NOTHING_CLOSED,
            Shocks(*column_part(down, first, last), *column_part(up, first, last)),
            share,
            rule,
            Answers(index[part], path[part], iterations[part], converged[part], row, lost_down, lost_up),
        )
        losses.append((sparse.csc_array(lost_down.T), sparse.csc_array(lost_up.T)))
    return EsriResult(
        esri=index[:, :, 0],
        esri_down=index[:, :, 1],
        esri_up=index[:, :, 2],
        iterations=iterations,
        index_previous=path[:, 0],
        index_last=path[:, 1],
        kept=kept,
        loss_down=sparse.hstack([pair[0] for pair in losses], format="csc") if kept.size else None,
        loss_up=sparse.hstack([pair[1] for pair in losses], format="csc") if kept.size else None,
        shock_down=down[:, kept] if kept.size else None,
        shock_up=up[:, kept] if kept.size else None,
        weights=share,
        tolerance=tolerance,
        stop=stop,
    )

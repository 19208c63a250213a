"""How far a loss runs when nobody adapts: the published index of firms, and the same model with closed sales."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from detente.impact._kernels import F64, I64
from detente.impact.batches import run_batches
from detente.impact.calibration import Calibration, NetworkError, calibrate, calibrate_links
from detente.impact.closing import run
from detente.impact.propagation import Propagation, propagate
from detente.impact.scenario import (
    Columns,
    Stop,
    kept_scenarios,
    markets,
    reference_digits,
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
    executor: Executor | None = None,
    max_iterations: int = 100_000,
    as_reference: bool = False,
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
        executor: runs batches of scenarios, each of some 50 ms or more; threads do, as the loops hold no lock. It is
            left running. None: all in this thread. Results are the same to the last bit.
        max_iterations: a scenario that has not stopped by then is an error.
        as_reference: do what the R packages GLcascade and fastcascade 0.9.3.1 do where it is not the published index,
            to compare with their output. A market with no more than 1e-10 left, in the currency of W, counts as if 1
            were left: where sales are below 1 the loss of its firms is hardly felt any more, so that the index hangs on
            the currency and a run may never stop. Shocks above 1 are accepted and take more than all of a firm out of
            its market. Kept losses are rounded to as many decimals as 1/tolerance has characters when R prints it (3 at
            1e-2, 5 at 1e-6, 16 at 3e-3). Slow: every firm in every step.

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
        executor=executor,
        max_iterations=max_iterations,
        as_reference=as_reference,
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
    executor: Executor | None = None,
    max_iterations: int = 100_000,
    as_reference: bool = False,
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
    most = np.inf if as_reference else 1.0
    down = shock_columns("shocks", sparse.eye_array(n) if shocks is None else shocks, n, most)
    up = down if shocks_up is None else shock_columns("shocks_up", shocks_up, n, most)
    if up.shape != down.shape:
        raise NetworkError(f"shocks_up: got shape {up.shape}; expected that of shocks, {down.shape}")
    share = weight_columns(weights, calibration.sales)
    rule = stop_rule(tolerance, stop, max_iterations)
    groups = markets(market, calibration.sales)
    kept = kept_scenarios(keep, down.shape[1])
    found = run_batches(calibration, groups, down, up, share, rule, kept, executor, as_reference)
    digits = reference_digits(tolerance) if as_reference else None
    return EsriResult(
        esri=found.index[:, :, 0],
        esri_down=found.index[:, :, 1],
        esri_up=found.index[:, :, 2],
        iterations=found.iterations,
        index_previous=found.path[:, 0],
        index_last=found.path[:, 1],
        kept=kept,
        loss_down=_rounded(found.loss_down, digits) if kept.size else None,
        loss_up=_rounded(found.loss_up, digits) if kept.size else None,
        shock_down=down[:, kept] if kept.size else None,
        shock_up=up[:, kept] if kept.size else None,
        weights=share,
        tolerance=tolerance,
        stop=stop,
    )


def _rounded(losses: Columns, digits: int | None) -> Columns:
    """Round what is left of each firm, where that is asked for."""
    if digits is None:
        return losses
    losses.data = 1.0 - np.round(1.0 - losses.data, digits)
    losses.eliminate_zeros()
    return losses

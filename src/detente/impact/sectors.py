"""Losses of groups of firms: what a shock costs a sector beyond the shock itself."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from detente.impact._kernels import F64
from detente.impact.calibration import NetworkError, amounts, label_codes
from detente.impact.cascade import EsriResult
from detente.impact.scenario import Columns


@dataclass(frozen=True, slots=True, eq=False)
class SectorLosses:
    """Loss shares by scenario (k rows) and group (columns, in the order of `labels`).

    Attributes:
        labels: the groups, sorted.
        scenarios: k, the scenarios of the result, rising.
        down, up, both: k x groups, indirect losses: after the cascade, less the shock itself. `both` counts the worse
            channel of each firm.
        down_shock, up_shock, both_shock: k x groups, the shocks themselves. `both_shock` is the upstream shock under
            the downstream weights; the indirect `both` is less the larger of it and `down_shock`, group by group.

    """

    labels: NDArray[Any]
    scenarios: NDArray[np.int64]
    down: F64
    up: F64
    both: F64
    down_shock: F64
    up_shock: F64
    both_shock: F64


def sector_losses(
    result: EsriResult,
    groups: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    weights_up: ArrayLike | None = None,
) -> SectorLosses:
    """Split the losses of the kept scenarios into groups of firms.

    Args:
        result: from `esri` or `esri_from`, with `keep`.
        groups: n labels, one group a firm.
        weights: n, weight of each firm in its group's downstream and joint losses, not negative, any unit. None: the
            first weight of the result. A group without weight has loss 0.
        weights_up: n, the same for upstream losses. None: the first weight of the result.

    Raises:
        NetworkError: the result kept no losses, or a length or amount is wrong.

    Example:
        >>> import numpy as np
        >>> from scipy import sparse
        >>> from detente.impact.cascade import esri
        >>> W = sparse.coo_array(([2.0, 2.0], ([0, 1], [1, 2])), shape=(3, 3))
        >>> result = esri(W, ["chip", "board", "phone"], np.full((3, 3), 2), keep=[0])
        >>> sector_losses(result, ["parts", "parts", "phones"], weights=[1, 1, 2]).down
        array([[0.5, 1. ]])

    Source: Diem et al. 2022, doi 10.1038/s41598-022-11522-z, and the sector outputs of the R package GLcascade, whose
    joint loss `both` is less the larger of two group sums, not the sum of each firm's larger shock.

    """
    if result.loss_down is None or result.loss_up is None or result.shock_down is None or result.shock_up is None:
        raise NetworkError("result: it kept no losses by firm; run esri with keep='all' or the scenarios wanted")
    first = result.weights[:, 0]
    n = first.size
    code, labels = label_codes("groups", groups, n)
    in_down = _member_shares(first if weights is None else amounts("weights", weights, n), code, labels.size)
    in_up = _member_shares(first if weights_up is None else amounts("weights_up", weights_up, n), code, labels.size)
    down_shock = _grouped(result.shock_down, in_down)
    up_shock = _grouped(result.shock_up, in_up)
    both_shock = _grouped(result.shock_up, in_down)
    worst = result.loss_down.maximum(result.loss_up)
    return SectorLosses(
        labels=labels,
        scenarios=result.kept,
        down=_grouped(result.loss_down, in_down) - down_shock,
        up=_grouped(result.loss_up, in_up) - up_shock,
        both=_grouped(worst, in_down) - np.maximum(down_shock, both_shock),
        down_shock=down_shock,
        up_shock=up_shock,
        both_shock=both_shock,
    )


def _member_shares(weight: F64, code: NDArray[np.int64], n_groups: int) -> Columns:
    """Return the n x groups matrix of each firm's share in its group."""
    whole = np.bincount(code, weight, n_groups)[code]
    share = np.divide(weight, whole, out=np.zeros(weight.size), where=whole > 0)
    return sparse.csc_array((share, (np.arange(weight.size), code)), shape=(weight.size, n_groups))


def _grouped(losses: Columns, members: Columns) -> F64:
    grouped: F64 = (losses.T @ members).toarray()
    return grouped

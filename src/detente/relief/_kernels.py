"""The compiled loop of relief: how much each unit could make at most, package by package."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@njit(cache=True, nogil=True)
def reach(
    allowed: Floats, seller: Ints, value: Floats, ptr: Ints, buyer: Ints, is_critical: Ints, need: Floats,
    revenue: Floats, tolerance: float, h: Floats,
) -> None:  # fmt: skip
    """Lower ``h`` (K x n, from 1) to the greatest fixed point of what inputs allow, from above, to ``tolerance``.

    ``allowed`` is K x E, sales in the order of ``ptr`` (sales ptr[q] .. ptr[q+1] are input q, of ``buyer[q]``, which
    needs ``need[q]`` of it). What a seller passes on is at most what the law allows and what it could make itself.
    """
    for k in range(allowed.shape[0]):
        step = tolerance + 1.0
        while step > tolerance:
            step = 0.0
            for q in range(buyer.size):
                got = 0.0
                for e in range(ptr[q], ptr[q + 1]):
                    i = seller[e]
                    got += min(value[e] * allowed[k, e], revenue[i] * h[k, i])
                limit = got / need[q]
                if is_critical[q] == 0:
                    limit = (1.0 + limit) / 2.0
                j = buyer[q]
                if limit < h[k, j]:
                    step = max(step, h[k, j] - limit)
                    h[k, j] = limit

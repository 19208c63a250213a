"""Compiled loops of what packages open and of the potential; all callees and constants stand in this file."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I8 = NDArray[np.int8]
Bools = NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., object])

_jit: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True))  # numba's types would hide the kernels' own

STEP = 1e-6  # of a unit's output: a fall of less is not followed further; what is found stays an upper bound
IMPORTANT, CRITICAL = 1, 2


class Supply(NamedTuple):
    """Who needs what: the inputs of unit j are `unit_ptr[j]` to `unit_ptr[j + 1]`, their sales `input_ptr`."""

    unit_ptr: I64  # n + 1, over inputs
    kind: I8  # an input's class
    input_ptr: I64  # over sales by input
    sale: I64  # position of each of these sales
    seller: I64
    part: F64  # of the whole input in the record
    whole: F64  # output of the seller in units of that input
    out_ptr: I64  # n + 1, over buyers of each unit
    buyer: I64


@_jit
def potential(supply: Supply, allowed: F64, first: I64, weight: F64) -> F64:
    """Weigh the most that each unit could make (n x C weights) under each row of `allowed` (K x m).

    `first` are the units that buy anything of which less than all may be allowed. From above: every unit makes all it
    ever made, and what its inputs do not reach is taken off until nothing changes, so each step is an upper bound.
    """
    n, K = supply.unit_ptr.size - 1, allowed.shape[0]
    answer = np.zeros((K, weight.shape[1]))
    made = np.ones(n)
    queue = np.empty(n + 1, np.int64)
    waits = np.zeros(n, np.bool_)
    for k in range(K):
        made[:] = 1.0
        head, tail = 0, 0
        for j in first:
            queue[tail] = j
            waits[j] = True
            tail += 1
        while head != tail:
            j = queue[head]
            head = (head + 1) % (n + 1)
            waits[j] = False
            reach = made[j]
            for q in range(supply.unit_ptr[j], supply.unit_ptr[j + 1]):
                if supply.kind[q] < IMPORTANT:
                    continue
                got = 0.0
                for e in range(supply.input_ptr[q], supply.input_ptr[q + 1]):
                    got += min(supply.part[e] * allowed[k, supply.sale[e]], supply.whole[e] * made[supply.seller[e]])
                reach = min(reach, got if supply.kind[q] == CRITICAL else (1.0 + got) / 2.0)
            if reach < made[j] - STEP:
                made[j] = max(reach, 0.0)
                for b in range(supply.out_ptr[j], supply.out_ptr[j + 1]):
                    i = supply.buyer[b]
                    if not waits[i]:
                        queue[tail] = i
                        waits[i] = True
                        tail = (tail + 1) % (n + 1)
        for i in range(n):
            for c in range(weight.shape[1]):
                answer[k, c] += weight[i, c] * made[i]
    return answer


@_jit
def open_sales(packages: Bools, link: I64, share: F64, need_ptr: I64, need: I64, allowed: F64) -> None:
    """Raise what is allowed of each sale (K x m) to the most generous clause that a package meets."""
    for k in range(packages.shape[0]):
        for c in range(link.size):
            if share[c] > allowed[k, link[c]]:
                met = True
                for e in range(need_ptr[c], need_ptr[c + 1]):
                    if not packages[k, need[e]]:
                        met = False
                        break
                if met:
                    allowed[k, link[c]] = share[c]

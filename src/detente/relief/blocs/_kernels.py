"""The compiled loop of what packages open."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., object])

_jit: Callable[[F], F] = cast(Any, njit(cache=True, nogil=True))  # numba's types would hide the kernels' own


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

"""What the cascade is asked: shocks, markets, weights and when to stop, checked."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from detente.impact._kernels import F64, I64, Market, Rule
from detente.impact.calibration import NetworkError, amounts, label_codes, numbers

Stop: TypeAlias = Literal["output", "index"]
Columns: TypeAlias = "sparse.csc_array[np.float64]"


def stop_rule(tolerance: float, stop: Stop, max_iterations: int) -> Rule:
    """Check a stopping rule."""
    if not (np.isfinite(tolerance) and tolerance > 0):
        raise NetworkError(f"tolerance: got {tolerance}; expected more than 0, such as 0.01")
    if stop not in ("output", "index"):
        raise NetworkError(f"stop: got {stop!r}; expected 'output' or 'index'")
    if max_iterations < 1:
        raise NetworkError(f"max_iterations: got {max_iterations}; expected at least 1")
    return Rule(float(tolerance), stop == "index", max_iterations)


def reference_digits(tolerance: float) -> int:
    """Return how many characters R prints 1/tolerance with: the decimals that GLcascade keeps of a tracked loss.

    R prints 15 significant digits without trailing zeros, with an exponent where that is shorter.
    """
    mantissa, _, exponent = f"{1 / tolerance:.14e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    decimals = len(mantissa.replace(".", "")) - 1 - int(exponent)
    return min(len(f"{1 / tolerance:.{max(0, decimals)}f}"), len(f"{mantissa}e{int(exponent):+03d}"))


def markets(market: ArrayLike | None, size: F64) -> Market:
    """Number the markets; without any, nothing can be replaced."""
    if market is None:
        return Market(np.zeros(0, np.int32), np.zeros(0), 0)
    code, labels = label_codes("market", market, size.size)
    return Market(code.astype(np.int32), np.array(size), labels.size)


def weight_columns(weights: ArrayLike | None, sales: F64) -> F64:
    """Return n x Q weights whose columns sum to 1; sales where none are given."""
    given = numbers("weights", sales if weights is None else weights)
    table = given[:, None] if given.ndim == 1 else given
    if table.ndim != 2 or table.shape[0] != sales.size or not table.shape[1]:
        raise NetworkError(f"weights: got shape {given.shape}; expected ({sales.size},) or ({sales.size}, Q)")
    total = table.sum(axis=0)
    if not (np.isfinite(table).all() and (table >= 0).all() and (total > 0).all()):
        what = "no firm of W sells anything, so" if weights is None else "some are negative, not finite or all 0;"
        raise NetworkError(f"weights: {what} give amounts of 0 or more with a sum above 0 in each column")
    return np.ascontiguousarray(table / total)


def shares(name: str, values: ArrayLike, size: int, most: float = 1.0) -> F64:
    """Return a fresh array of shares from 0 to 1, or to what is allowed at most."""
    given = amounts(name, values, size)
    if given.max(initial=0.0) > most:
        i = int(given.argmax())
        raise NetworkError(f"{name}: got {given[i]} at {i}; expected shares from 0 to 1 (0.5, not 50)")
    return given


def shock_columns(name: str, shocks: Any, n: int, most: float = 1.0) -> Columns:
    """Return n x K shocks as sparse columns, in [0, 1] unless more is allowed."""
    given: Any = shocks if sparse.issparse(shocks) else numbers(name, shocks)
    if given.ndim != 2 or given.shape[0] != n:
        raise NetworkError(f"{name}: got shape {given.shape}; expected ({n}, K), one column a scenario")
    table: Columns = sparse.csc_array(given.astype(np.float64), copy=True)
    table.sum_duplicates()
    shares(name, table.data, table.data.size, most)
    table.eliminate_zeros()
    return table


def column_part(table: Columns, first: int, last: int) -> tuple[I64, NDArray[np.int32], F64]:
    """Return pointers, firms and losses of some columns."""
    ptr = table.indptr[first : last + 1].astype(np.int64)
    inside = slice(int(ptr[0]), int(ptr[-1]))
    return ptr - ptr[0], table.indices[inside].astype(np.int32), table.data[inside]


def one_column(shock: F64) -> tuple[I64, NDArray[np.int32], F64]:
    """Return the same of one dense column."""
    firms = np.flatnonzero(shock)
    return np.array([0, firms.size]), firms.astype(np.int32), shock[firms]


def kept_scenarios(keep: Literal["all"] | Sequence[int] | None, K: int) -> I64:
    """Return the scenarios to keep, rising."""
    if keep is None:
        return np.zeros(0, np.int64)
    if isinstance(keep, str) and keep == "all":
        return np.arange(K)
    given = np.asarray(keep)
    if given.ndim != 1 or given.dtype.kind not in "iu" or (given.size and not 0 <= given.min() <= given.max() < K):
        raise NetworkError(f"keep: got {keep!r}; expected 'all' or scenario numbers from 0 to {K - 1}")
    return np.unique(given).astype(np.int64)

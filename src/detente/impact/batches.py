"""Scenarios in batches, one after the other or through an executor."""

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detente.impact._as_reference import run_as_reference
from detente.impact._kernels import F64, I32, I64, Answers, Lanes, Links, Market, Orders, Rule, Shocks, run_scenarios
from detente.impact._lanes import LANES, aligned
from detente.impact._together_kernels import Tables, run_together
from detente.impact.calibration import Calibration, NetworkError
from detente.impact.executors import shared
from detente.impact.propagation import NOTHING_CLOSED
from detente.impact.scenario import Columns, column_part

BLOCK_CELLS = 4_000_000  # losses held dense while the kept ones are packed: twice 32 MB
WIDE = 1000  # a scenario whose firms have more than one in so many links is run for the whole network at once
LINKS_A_LANE = 64  # a step in a lane costs what following one in so many links one by one does
SECONDS_A_LINK = 2e-9  # to guess how long a scenario takes: one firm fails alone in a network of so many links
LONGER = 6  # times as long where several firms fail together
LEAST_S, MOST_S, SHARES = 0.05, 0.5, 8  # a batch: at least so long, at most so long, and rather so many batches

Part = tuple[I64, I32, F64]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Answers of K scenarios: index K x Q x 3, path K x 2, and n x k losses of those kept."""

    index: F64
    path: F64
    iterations: I64
    converged: NDArray[np.bool_]
    loss_down: Columns
    loss_up: Columns


class Common(NamedTuple):
    """What every batch needs; where `heavy` is None it does as the reference does."""

    links: Links
    orders: Orders
    market: Market
    weights: F64
    rule: Rule
    heavy: int | None


def run_batches(
    calibration: Calibration,
    market: Market,
    down: Columns,
    up: Columns,
    weights: F64,
    rule: Rule,
    kept: I64,
    executor: Executor | None,
    as_reference: bool,
) -> Found:
    """Run all scenarios (columns of `down` and `up`) and put their answers together in their order.

    Raises `NetworkError` where some scenario has not stopped after the most steps allowed.
    """
    K, layout = down.shape[1], calibration.layout
    heavy = heavy_step(calibration)
    ends = np.unique(
        np.concatenate([_kept_ends(kept, calibration.n), _batch_ends(calibration, down, executor is not None), [K]])
    )
    parts = list(pairwise([0, *ends[ends > 0].tolist()])) or [(0, 0)]
    common = Common(layout.links, layout.orders, market, weights, rule, None if as_reference else heavy)
    jobs = []
    for a, b in parts:
        part = column_part(down, a, b)
        jobs.append((part, part if up is down else column_part(up, a, b), kept[(kept >= a) & (kept < b)] - a))
    if executor is None:
        found: Iterable[Found] = (run_batch(common, *job) for job in jobs)
    else:
        found = executor.map(run_batch, [shared(executor, common)] * len(jobs), *zip(*jobs, strict=True))
    whole = _together(list(found))
    endless = np.flatnonzero(~whole.converged)
    if endless.size:
        raise NetworkError(
            f"{endless.size} of {K} scenarios, the first {endless[0]}, had not stopped after {rule.max_iterations} "
            "steps; allow more (max_iterations)" + ", or leave as_reference: its rule may never stop" * as_reference
        )
    return whole


def run_batch(common: Common, down: Part, up: Part, kept: I64) -> Found:
    """Run some scenarios; can run anywhere, as nothing is shared."""
    links, orders, market, weights, rule, heavy = common
    n, K = orders.row.size, down[0].size - 1
    row = np.full(K, -1, np.int64)
    row[kept] = np.arange(kept.size)
    answers = Answers(
        np.zeros((K, weights.shape[1], 3)), np.zeros((K, 2)), np.zeros(K, np.int64), np.zeros(K, np.bool_), row,
        np.zeros((kept.size, n)), np.zeros((kept.size, n)),
    )  # fmt: skip
    shocks = Shocks(*down, *up)
    if heavy is None:
        run_as_reference(links, market, shocks, weights, rule, answers)
    else:
        wide = np.zeros(K, np.bool_) if rule.by_index else _wide(links, shocks)
        if wide.any():
            rows = (n, n, n, n, n, market.n_markets)
            tables = Tables(*map(aligned, rows))
            run_together(links, orders, market, shocks, weights, rule, answers, tables, np.flatnonzero(wide))
        if not wide.all():
            lanes = Lanes(aligned(n), aligned(n), heavy)
            narrow = np.flatnonzero(~wide)
            run_scenarios(links, orders, market, NOTHING_CLOSED, shocks, weights, rule, answers, lanes, narrow)
    return Found(
        answers.losses, answers.path, answers.iterations, answers.converged,
        sparse.csc_array(answers.loss_down.T), sparse.csc_array(answers.loss_up.T),
    )  # fmt: skip


def heavy_step(calibration: Calibration) -> int:
    """Return the number of orders beyond which a scenario's step is cheaper in a lane."""
    return calibration.seller.size // LINKS_A_LANE


def _wide(links: Links, shocks: Shocks) -> NDArray[np.bool_]:
    """Tell which scenarios shock firms with so many links that working out the whole network anew is cheaper."""
    touched = _sums(np.diff(links.down_ptr)[shocks.down_firm], shocks.down_ptr)
    touched += _sums(np.diff(links.up_ptr)[shocks.up_firm], shocks.up_ptr)
    wide: NDArray[np.bool_] = touched * WIDE > links.up_ptr[-1]
    return wide


def _sums(counts: I64, ptr: I64) -> I64:
    return np.diff(np.append(0, np.cumsum(counts))[ptr])


def _kept_ends(kept: I64, n: int) -> I64:
    size = max(1, BLOCK_CELLS // n)
    return kept[size::size]


def _batch_ends(calibration: Calibration, down: Columns, split: bool) -> I64:
    """Where batches end if they are to be split, guessed from the size of the network."""
    K = down.shape[1]
    if not split or K == 0:
        return np.zeros(0, np.int64)
    one = SECONDS_A_LINK * max(calibration.seller.size, 1) * (LONGER if down.nnz > 2 * K else 1)
    size = max(min(MOST_S / one, K / SHARES), LEAST_S / one)
    size = int(np.ceil(size / LANES)) * LANES
    return np.arange(size, K, size)


def _together(found: list[Found]) -> Found:
    return Found(
        np.concatenate([f.index for f in found]),
        np.concatenate([f.path for f in found]),
        np.concatenate([f.iterations for f in found]),
        np.concatenate([f.converged for f in found]),
        sparse.hstack([f.loss_down for f in found], format="csc"),
        sparse.hstack([f.loss_up for f in found], format="csc"),
    )

"""Which measure stands behind how much of a loss: Shapley and Owen values of any set function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.record import DetenteError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Game = Callable[[Bools], Floats]
"""A set function: what K sets of N members (bool K x N) come to, K x S."""

EXACT = 15  # members up to which every set is valued: 32,768
CHUNK = 8192
ERROR = 0.01  # of the total: the standard error at which drawing orders ends
LEAST_PAIRS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """Shares of N members in a total (S), which they sum to.

    ``share`` and ``standard_error`` are N x S (0 where every set was valued). ``alone`` is what each comes to by
    itself, ``lifted`` what is gone when it alone is taken away (N x S); neither is a decomposition: where members
    stand in for one another or need one another they sum to more or less than the total, to ``alone_sum`` and
    ``lifted_sum`` of it. ``union`` is the group of each member where Owen values were asked for. ``converged`` is
    False where the standard error was not reached.
    """

    names: tuple[str, ...]
    total: Floats
    share: Floats
    standard_error: Floats
    alone: Floats
    lifted: Floats
    union: tuple[str, ...] | None
    exact: bool
    converged: bool
    evaluations: int

    @property
    def alone_sum(self) -> Floats:
        """Sum of ``alone`` over members as a share of the total (S); NaN where there is no total."""
        return _part(self.alone.sum(axis=0), self.total)

    @property
    def lifted_sum(self) -> Floats:
        """Sum of ``lifted`` over members as a share of the total (S)."""
        return _part(self.lifted.sum(axis=0), self.total)

    def frame(self, sides: Sequence[str]) -> pl.DataFrame:
        """One row a member and side: id, union, side, share_usd_m, standard_error_usd_m, share_of_total, alone, lifted.

        ``alone_usd_m`` and ``lifted_usd_m`` stand beside and are no decomposition.
        """
        N, S = self.share.shape
        if len(sides) != S:
            raise DetenteError(f"sides: got {len(sides)}; expected {S} names.")
        return pl.DataFrame(
            {
                "id": [n for n in self.names for _ in range(S)],
                "union": [u for u in self.union or (None,) * N for _ in range(S)],
                "side": list(sides) * N,
                "share_usd_m": self.share.ravel(),
                "standard_error_usd_m": self.standard_error.ravel(),
                "share_of_total": _part(self.share, self.total).ravel(),
                "alone_usd_m": self.alone.ravel(),
                "lifted_usd_m": self.lifted.ravel(),
            },
            schema_overrides={"union": pl.String},
        )


def shapley(
    value: Game, names: Sequence[str], *, exact: int = EXACT, error: float = ERROR, seed: int = 0,
    most_evaluations: int = 200_000,
) -> Attribution:  # fmt: skip
    """Shapley values: what each member adds, averaged over all orders in which they can come.

    Up to ``exact`` members all sets are valued and the answer is exact. Beyond, orders are drawn together with their
    reverse until the standard error of every share is below ``error`` of the total of its column, or sets run out.
    Shares sum to the total in any case.

    Args:
        value: the set function; that of no member need not be 0.
        names: of the N members.
        exact: up to so many members exactly.
        error: of the total.
        seed: of the dice.
        most_evaluations: sets to value at most where orders are drawn.

    Raises:
        DetenteError: no member, or the set function has another shape.

    Example:
        >>> found = shapley(lambda sets: sets[:, :1] * 10.0 + sets[:, 1:] * 4.0, ["a", "b"])
        >>> found.share.ravel().tolist()
        [10.0, 4.0]

    Source: Shapley 1953, doi 10.1515/9781400881970-018; drawn orders: Castro, Gómez, Tejada 2009, doi
    10.1016/j.cor.2008.04.004; their reverses: Mitchell, Cooper, Frank, Holmes 2022 (JMLR 23:43).
    """
    N = _members(names)
    if exact < N:
        return _drawn(value, names, None, error, seed, most_evaluations)
    worth = _worth(value, np.arange(2**N), N)
    size = _sizes(N)
    share = np.empty((N, worth.shape[1]))
    masks = np.arange(2**N)
    weight = 1.0 / (N * np.array([comb(N - 1, k) for k in range(N)], dtype=np.float64))
    for i in range(N):
        without = masks[(masks >> i) & 1 == 0]
        share[i] = weight[size[without]] @ (worth[without | (1 << i)] - worth[without])
    single, full = 1 << np.arange(N), 2**N - 1
    return Attribution(
        tuple(names), worth[full] - worth[0], share, np.zeros_like(share), worth[single] - worth[0],
        worth[full] - worth[full ^ single], None, True, True, 2**N,
    )  # fmt: skip


def owen(
    value: Game, names: Sequence[str], unions: Sequence[str], *, exact: int = EXACT, error: float = ERROR,
    seed: int = 0, most_evaluations: int = 200_000,
) -> Attribution:  # fmt: skip
    """Owen values: as Shapley's, over the orders in which no union is interrupted.

    ``unions`` names the group of each member, such as who imposed it. The shares of a union sum to the Shapley value
    that it would have as one member. Exact where no more than 2 to the power of ``exact`` sets are needed.

    Raises ``DetenteError`` as ``shapley``, and where not every member has a union.

    >>> found = owen(lambda s: s.any(axis=1, keepdims=True) * 6.0, ["a", "b", "c"], ["x", "x", "y"])
    >>> found.share.ravel().tolist()
    [1.5, 1.5, 3.0]

    Source: Owen 1977, doi 10.1007/978-3-642-45494-3_7.
    """
    N = _members(names)
    if len(unions) != N:
        raise DetenteError(f"unions: got {len(unions)}; expected {N}, one a member.")
    groups = [[i for i in range(N) if unions[i] == u] for u in dict.fromkeys(unions)]
    needed = sum(2 ** (len(groups) - 1 + len(g)) for g in groups)
    if needed > 2**exact or N > 62:
        return _drawn(value, names, groups, error, seed, most_evaluations, tuple(unions))
    union_mask = np.array([sum(1 << i for i in g) for g in groups], dtype=np.int64)
    outside = [_subsets(np.delete(union_mask, u)) for u in range(len(groups))]
    inside = [_subsets(1 << np.array(g, dtype=np.int64)) for g in groups]
    full, single = (1 << N) - 1, 1 << np.arange(N)
    asked = [(o[0][:, None] | i[0][None, :]).ravel() for o, i in zip(outside, inside, strict=True)]
    masks = np.unique(np.concatenate((*asked, [0, full], single, full ^ single)))
    worth = _worth(value, masks, N)

    def at(mask: Ints) -> Floats:
        found: Floats = worth[np.searchsorted(masks, mask)]
        return found

    share = np.zeros((N, worth.shape[1]))
    m = len(groups)
    for u, group in enumerate(groups):
        (out, n_out), (within, n_within), k = outside[u], inside[u], len(group)
        w_out = 1.0 / (m * np.array([comb(m - 1, c) for c in n_out], dtype=np.float64))
        for i in group:
            free = (within >> i) & 1 == 0
            w_in = 1.0 / (k * np.array([comb(k - 1, c) for c in n_within[free]], dtype=np.float64))
            base = (out[:, None] | within[free][None, :]).ravel()
            share[i] = np.outer(w_out, w_in).ravel() @ (at(base | (1 << i)) - at(base))
    nothing, everything = at(np.array([0]))[0], at(np.array([full]))[0]
    return Attribution(
        tuple(names), everything - nothing, share, np.zeros_like(share), at(single) - nothing,
        everything - at(full ^ single), tuple(unions), True, True, masks.size,
    )  # fmt: skip


def _drawn(
    value: Game, names: Sequence[str], groups: list[list[int]] | None, error: float, seed: int, most: int,
    unions: tuple[str, ...] | None = None,
) -> Attribution:  # fmt: skip
    """Shares from orders drawn by lot, each with its reverse, and their standard errors."""
    N, draw = len(names), np.random.default_rng(seed)
    ends = np.concatenate((np.zeros((1, N)), np.ones((1, N)), np.eye(N), 1 - np.eye(N))).astype(np.bool_)
    known = _checked(value, ends)
    nothing, everything = known[0], known[1]
    total, count = everything - nothing, ends.shape[0]
    S, n = total.size, 0
    mean, squares = np.zeros((N, S)), np.zeros((N, S))
    a_batch = max(1, min(64, 4096 // N))
    standard, done = np.full((N, S), np.inf), False
    while not done and count + 2 * a_batch * (N - 1) <= most:
        order = np.stack([_order(N, groups, draw) for _ in range(a_batch)])
        orders = np.concatenate((order, order[:, ::-1]))
        gain = _gains(value, orders, nothing, everything)
        count += 2 * a_batch * (N - 1)
        for pair in (gain[:a_batch] + gain[a_batch:]) / 2.0:
            n += 1
            step = pair - mean
            mean += step / n
            squares += step * (pair - mean)
        if n >= LEAST_PAIRS:
            standard = np.sqrt(squares / (n - 1) / n)
            done = bool((standard <= error * np.abs(total) + 1e-12).all())
    if n == 0:
        raise DetenteError(f"most_evaluations: got {most}; one batch of orders of {N} members takes more.")
    return Attribution(
        tuple(names), total, mean, standard, known[2 : 2 + N] - nothing, everything - known[2 + N :], unions, False,
        done, count,
    )  # fmt: skip


def _order(N: int, groups: list[list[int]] | None, draw: np.random.Generator) -> Ints:
    if groups is None:
        return draw.permutation(N)
    return np.concatenate([draw.permutation(groups[u]) for u in draw.permutation(len(groups))])


def _gains(value: Game, orders: Ints, nothing: Floats, everything: Floats) -> Floats:
    """What each member adds in each order: orders x N x S."""
    K, N = orders.shape
    place = np.empty_like(orders)
    np.put_along_axis(place, orders, np.broadcast_to(np.arange(N), (K, N)), axis=1)
    sets = place[:, None, :] <= np.arange(N - 1)[None, :, None]  # the first 1, 2, ... N - 1 members
    found = _checked(value, sets.reshape(-1, N)) if N > 1 else np.zeros((0, nothing.size))
    worth = found.reshape(K, N - 1, -1)
    ends = [np.broadcast_to(end, (K, 1, nothing.size)) for end in (nothing, everything)]
    steps = np.diff(np.concatenate((ends[0], worth, ends[1]), axis=1), axis=1)
    return np.take_along_axis(steps, place[:, :, None], axis=1)


def _worth(value: Game, masks: Ints, N: int) -> Floats:
    parts = [masks[a : a + CHUNK] for a in range(0, masks.size, CHUNK)]
    return np.concatenate([_checked(value, (part[:, None] >> np.arange(N)) & 1 == 1) for part in parts])


def _checked(value: Game, sets: Bools) -> Floats:
    found = np.asarray(value(sets), dtype=np.float64)
    if found.ndim != 2 or found.shape[0] != sets.shape[0] or not np.isfinite(found).all():
        raise DetenteError(f"value: got shape {found.shape} for {sets.shape[0]} sets; expected finite, a row a set.")
    return found


def _subsets(parts: Ints) -> tuple[Ints, Ints]:
    """Unions of all subsets of some masks, and how many parts are in each."""
    masks, sizes = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    for part in parts:
        masks, sizes = np.concatenate((masks, masks | part)), np.concatenate((sizes, sizes + 1))
    return masks, sizes


def _sizes(N: int) -> Ints:
    return _subsets(1 << np.arange(N))[1]


def _members(names: Sequence[str]) -> int:
    if not names:
        raise DetenteError("names: got none; expected at least one member.")
    return len(names)


def _part(of: Floats, whole: Floats) -> Floats:
    share: Floats = np.divide(of, whole, out=np.full_like(of, np.nan), where=np.abs(whole) > 0)
    return share

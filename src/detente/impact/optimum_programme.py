"""The best case as a linear programme: what each unit makes, who supplies whom, and what the law leaves of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from detente.impact.network import CLASSES, Network
from detente.impact.optimum_pools import (
    NO_POOLS,
    Floats,
    Inputs,
    Ints,
    Pools,
    inputs_of,
    pools_of,
    pools_of_pairs,
    sums,
)

Table = sparse.csc_array

STEPS = 1000
NOTHING = 1e-10  # of a unit's capacity: less than that is nothing


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """Maximise ``gain @ x`` where ``row_low <= A @ x <= row_high`` and ``0 <= x <= most``.

    Each column is in units of ``size``, what it is in the record, so that firms of all sizes weigh alike; rows are
    divided by their largest entry. Sizes are in units of ``scale`` USD m. The columns of ``x``: output of the n units;
    their sales beyond the network; final sales taken over from rivals; the m sales of the record as far as permitted;
    more of them, from spare capacity; what makers put up for new buyers (``n_new``); what buyers take of it.
    ``revenue`` is output where nothing is closed, ``value_added`` a share of it, ``start`` that of the record.
    """

    n: int
    m: int
    gain: Floats
    most: Floats
    size: Floats
    A: Table
    row_low: Floats
    row_high: Floats
    revenue: Floats
    value_added: Floats
    start: float
    scale: float
    n_new: int


def programme(
    network: Network,
    allowed: Floats,
    *,
    spare: Floats,
    market: Ints,
    resourcing: bool,
    premium: float,
    diversion: Table | None = None,
    pairs: tuple[Ints, Ints] | None = None,
) -> Programme:
    """Write the programme of ``detente.impact.optimum`` for one reading of the law.

    ``allowed`` is the share of each sale of the network that may go on, ``spare`` the capacity of each unit beyond its
    output as a share of that, ``market`` the number of each unit's market (-1: none), ``premium`` what a USD of new
    business costs in USD. ``diversion`` is n x n, the share of each unit's final sales that its rivals take over once
    they are lost (row: the one that loses them), instead of markets. ``pairs`` are sellers and buyers of sales that are
    not in the record and may be made; None: as `pools_of` has it.
    """
    n, m = network.units.height, network.value.size
    items = np.unique(network.units["item"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    sold = sums(network.seller, network.value, n)
    revenue = np.maximum(network.output, sold)
    scale = float(revenue.mean()) if revenue.sum() > 0 else 1.0
    value, revenue, sold = network.value / scale, revenue / scale, sold / scale
    use = inputs_of(network, items, value)
    rate = np.divide(use.need, revenue[use.buyer], out=np.zeros(use.need.size), where=revenue[use.buyer] > 0)
    value_added = 1.0 - sums(use.buyer, rate, n)
    value_added[revenue <= 0] = 0.0
    final, capacity = revenue - sold, revenue * (1.0 + spare)
    rivals = np.bincount(market[market >= 0], minlength=int(market.max(initial=-1)) + 1)
    takes = (market >= 0) & (rivals[np.maximum(market, 0)] > 1) if rivals.size else np.zeros(n, dtype=bool)
    most_taken = np.where(takes, capacity, 0.0)
    if diversion is not None:
        most_taken = np.minimum(capacity, diversion.T @ final)
        takes = most_taken > 0
    may = value * allowed
    pools = NO_POOLS
    if resourcing:
        pools = pools_of(network, items, use, allowed) if pairs is None else pools_of_pairs(
            network, items, use, allowed, *pairs)  # fmt: skip
    n_put, n_take = pools.maker.size, pools.input.size

    y, own, taken, f = 0, n, 2 * n, 3 * n
    more, put, draw = f + m, f + 2 * m, f + 2 * m + n_put
    width = draw + n_take
    size = np.concatenate((revenue, revenue, revenue, value, value, revenue[pools.maker], use.need[pools.input]))
    size[size <= 0] = 1.0
    gain = np.concatenate((
        value_added, np.zeros(n), np.full(n, -premium), np.zeros(m), np.full(m, -premium), np.full(n_put, -premium),
        np.zeros(n_take),
    ))  # fmt: skip
    most = np.concatenate((
        capacity, final, most_taken, may, may * spare[network.seller], capacity[pools.maker],
        np.full(n_take, np.inf),
    ))  # fmt: skip

    units, e, q = np.arange(n), np.arange(m), np.arange(use.need.size)
    rows = _Rows(width)
    rows.add(n, 0.0, 0.0, [  # what is made is sold
        (units, y + units, 1.0), (units, own + units, -1.0), (units, taken + units, -1.0),
        (network.seller, f + e, -1.0), (network.seller, more + e, -1.0), (pools.maker, put + np.arange(n_put), -1.0),
    ])  # fmt: skip
    bought = [(use.of, f + e, 1.0), (use.of, more + e, 1.0), (pools.input, draw + np.arange(n_take), 1.0)]
    idle = np.where(revenue[use.buyer] > 0, 0.0, use.need)  # a unit without output is a final buyer
    critical = use.kind == CLASSES["critical"]
    rows.add(  # nobody buys more than it uses; of a critical input nobody uses less
        q.size, np.where(critical & (idle <= 0), 0.0, -np.inf), idle, [*bought, (q, y + use.buyer, -rate)]
    )
    half = np.flatnonzero((use.kind == CLASSES["important"]) & (idle <= 0) & (rate > 0))
    nth = np.full(q.size, -1)
    nth[half] = np.arange(half.size)
    partly = [(nth[r[nth[r] >= 0]], c[nth[r] >= 0], v) for r, c, v in bought]
    rows.add(  # half of what lacks of an important input is lacking in output
        half.size, -rate[half] * capacity[use.buyer[half]], np.inf,
        [*partly, (np.arange(half.size), y + use.buyer[half], -2.0 * rate[half])],
    )  # fmt: skip
    rows.add(pools.n, 0.0, 0.0, [
        (pools.put_in, put + np.arange(n_put), 1.0), (pools.taken_from, draw + np.arange(n_take), -1.0),
    ])  # fmt: skip
    there = np.flatnonzero(takes)
    if diversion is not None:  # a rival takes over its share of what the others leave
        goes = sparse.coo_array(diversion[:, there])
        rows.add(there.size, -np.inf, (diversion.T @ final)[there], [
            (np.arange(there.size), taken + there, 1.0),
            (goes.col.astype(np.int64), own + goes.row.astype(np.int64), goes.data.astype(np.float64)),
        ])  # fmt: skip
    else:
        rows.add(rivals.size, -np.inf, sums(market[there], final[there], rivals.size), [
            (market[there], own + there, 1.0), (market[there], taken + there, 1.0),
        ])  # fmt: skip
    _tighten(most, (y, own, taken, f, more, put, draw), network, use, rate, idle, pools, capacity)
    A, low, high = rows.done(size)
    start = float(value_added @ revenue)
    return Programme(n, m, gain * size, most / size, size, A, low, high, revenue, value_added, start, scale, n_put)


def _tighten(
    most: Floats, at: tuple[int, ...], network: Network, use: Inputs, rate: Floats, idle: Floats, pools: Pools,
    capacity: Floats,
) -> None:  # fmt: skip
    """Lower ``most`` to what is left once what cannot be has run through the network, as in a cascade.

    Nothing is lost: each step takes off only what no solution reaches. Rings of units that starve one another would
    otherwise leave the solver with systems it can hardly tell from singular ones.
    """
    n, n_inputs = capacity.size, use.need.size
    columns = [slice(a, b) for a, b in zip(at, (*at[1:], most.size), strict=True)]
    Y, OWN, TAKEN, F, MORE, PUT, DRAW = (most[c] for c in columns)  # views: what follows changes most itself
    binds = np.flatnonzero((idle <= 0) & (rate > 0) & (use.kind > CLASSES["other"]))
    buyer, half = use.buyer[binds], use.kind[binds] == CLASSES["important"]
    for _ in range(STEPS):
        before = Y.copy()
        np.minimum(PUT, Y[pools.maker], out=PUT)
        wanted = np.where(idle > 0, idle, rate * Y[use.buyer])
        np.minimum(DRAW, np.minimum(wanted[pools.input], sums(pools.put_in, PUT, pools.n)[pools.taken_from]), out=DRAW)
        np.minimum(PUT, sums(pools.taken_from, DRAW, pools.n)[pools.put_in], out=PUT)
        for sales in (F, MORE):
            np.minimum(sales, np.minimum(Y[network.seller], wanted[use.of]), out=sales)
        np.minimum(OWN, Y, out=OWN)
        np.minimum(TAKEN, Y, out=TAKEN)
        inflow = sums(use.of, F + MORE, n_inputs) + sums(pools.input, DRAW, n_inputs)
        reach = inflow[binds] / rate[binds]
        np.minimum.at(Y, buyer, np.where(half, (reach + capacity[buyer]) / 2.0, reach))
        sold = sums(network.seller, F + MORE, n) + sums(pools.maker, PUT, n)
        np.minimum(Y, OWN + TAKEN + sold, out=Y)
        Y[capacity * NOTHING > Y] = 0.0
        if (before - Y <= NOTHING * capacity).all():
            break
    for part in (PUT, DRAW, F, MORE, OWN, TAKEN):
        part[part < NOTHING] = 0.0


class _Rows:
    """Blocks of rows, put together as they come."""

    def __init__(self, width: int) -> None:
        self._width, self._height = width, 0
        self._parts: list[tuple[Ints, Ints, Floats]] = []
        self._low: list[Floats] = []
        self._high: list[Floats] = []

    def add(
        self, height: int, low: Floats | float, high: Floats | float, parts: list[tuple[Ints, Ints, Floats | float]]
    ) -> None:
        for row, column, value in parts:
            self._parts.append((row + self._height, column, np.broadcast_to(np.float64(value), row.shape)))
        self._low.append(np.broadcast_to(np.float64(low), (height,)))
        self._high.append(np.broadcast_to(np.float64(high), (height,)))
        self._height += height

    def done(self, size: Floats) -> tuple[Table, Floats, Floats]:
        """The rows over columns in units of ``size``, each divided by its largest entry."""
        row, column, value = (np.concatenate(p) for p in zip(*self._parts, strict=True))
        A = sparse.coo_array((value * size[column], (row, column)), shape=(self._height, self._width)).tocsr()
        largest = abs(A).max(axis=1).toarray().ravel()
        largest[largest <= 0] = 1.0
        A = (sparse.diags_array(1.0 / largest) @ A).tocsc()
        A.eliminate_zeros()
        return A, np.concatenate(self._low) / largest, np.concatenate(self._high) / largest

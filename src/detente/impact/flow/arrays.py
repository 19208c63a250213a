"""The arrays that the compiled loops of the flow model read and write."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]


class Net(NamedTuple):
    """Buyers have groups of inputs, groups have stock cells, cells have links; n buyers, G groups, C cells, E links.

    The links of cell ``c`` are ``link_from[c]`` to ``link_to[c]``. Link ``e`` comes from ``maker[e]``; in a table of K
    items, from ``maker[maker_at[c] + e - link_from[c]]``, and the n x n weights lie by item, then buyer, then maker, so
    that what an item's makers sell is one matrix.

    The same links by seller: those of seller ``i`` are ``seller_ptr[i]`` to ``seller_ptr[i + 1]``. A table has this
    second index only where somebody asks for it.
    """

    output: F64  # n, a day
    final: F64  # n, a day
    group_ptr: I64  # n + 1
    cell_ptr: I32  # G + 1
    binds: I8  # G, class of the input
    link_from: I32  # C
    link_to: I32  # C
    use: F64  # C, a day at the baseline output
    pace: I32  # C, row of the three tables below
    days: F64  # target stock, days of use
    tau: F64  # days in which a gap is closed
    hold: F64  # days of use that must lie in stock for a day's output
    weight: F64  # E, a day
    maker: I32
    maker_at: I32  # C or 0
    reach: F64  # E or 0: weight of a link for orders that found no place elsewhere; a newcomer has nothing else
    seller_ptr: I64  # n + 1 or 0
    seller_link: I32  # E or 0
    seller_cell: I32  # E or 0
    seller_weight: F64  # E or 0


class Law(NamedTuple):
    """Permission of links over time.

    Only cells with a link that is restricted on some day have a place here: Q cells, ascending, with all their M links,
    cell by cell. Changes of day t are ``ptr[t]`` to ``ptr[t + 1]``; days are T + 1.
    """

    ptr: I64
    link: I32  # of a change: a place among the M
    lane: I32
    share: F64
    cell: I32  # Q
    link_ptr: I32  # Q + 1
    maker: I32  # M
    weight: F64  # M
    reach: F64  # M
    seller_ptr: I64  # n + 1 or 0: the M links by seller
    seller_link: I32  # M
    pull: F64  # E or 0: seller_weight, 0 for the M links


class Shocks(NamedTuple):
    """Capacity lost, a row a shock."""

    firm: I32
    lane: I32
    share: F64
    start: I32
    recover: I32  # the first day on which less may be lost than at the start
    until: I32  # from this day on nothing is lost
    kind: I32
    tau: F64
    digits: F64  # power of ten to which the loss is rounded, 0 for none


class Rebuild(NamedTuple):
    """Goods wanted to replace lost capital, a row a (maker, victim)."""

    maker: I32
    victim: I32
    lane: I32
    amount: F64
    start: I32
    demand_from: I32
    tau: F64
    capital: F64  # of the victim times the goods wanted for each unit lost
    digits: F64


class Market(NamedTuple):
    """Where unmet final demand goes: share ``share[e]`` of that of j goes to ``rival[e]``, the rest is lost.

    The loops read it by rival: there ``ptr`` is that of a rival, and ``rival`` holds the units it takes demand from.
    """

    ptr: I64  # n + 1 or 0
    rival: I32
    share: F64


class Rule(NamedTuple):
    """The switches."""

    rationing: int
    target: int
    gap_floor: bool
    follow_capacity: bool
    resource: bool
    qualification_days: int
    spare_base: float
    spare_limit: float
    spare_tau: float
    spare_from: int
    important: float
    leaky: bool  # water-filling of the reference, traps I3 and I4
    freeze: bool  # stocks nearly in balance stay as they are, trap B7
    exact: bool


class State(NamedTuple):
    """What lasts from day to day; the last axis is the lane."""

    stock: F64  # C
    rate: F64  # C: an order over a link is weight * multiple of the maker * rate
    ready: I32  # Q: day from which newcomers may be asked
    allowed: F64  # M: permission of the next orders
    placed: F64  # M: ordered over a link of a restricted cell
    wished: F64  # M: ordered there beyond what the maker usually sells
    sent: F64  # strips x n, for a table: orders before the makers' multiple, by strip of buyers
    y: F64  # n, and so on
    spare: F64
    lost: F64
    orders: F64
    extra: F64
    diverted: F64
    rebuild: F64
    asked: F64
    bound: F64
    bound_half: F64
    sums: F64  # blocks x 3: output, final demand met, wanted
    now: F64  # loss of each shock
    left: F64  # what each rebuilding still wants
    moves: F64  # lanes: 0 where stocks are kept still, trap B7
    closes: F64  # lanes: 0 where no gap is closed


class Day(NamedTuple):
    """What firms leave for their clients on one day; n x lanes."""

    multiple: F64  # of the orders under way
    multiple_next: F64
    give: F64  # share of an order delivered, times its multiple; below 0: by level
    grant: F64  # share of an extra order taken
    low: F64  # by level: clients who want no more than this share of the usual are served in full,
    level: F64  # the others up to this one
    first: F64  # what a client without an order gets, trap I4
    served: F64  # share of final demand met
    used: F64  # output over baseline
    goal: F64  # output wanted, money


class Record(NamedTuple):
    """What is kept: T x n x lanes or empty; totals are T x 3 x lanes (output, final demand met, wanted)."""

    output: F64
    final: F64
    wanted: F64
    orders: F64
    capacity: F64
    spare: F64
    lost: F64
    rebuild: F64
    rebuilt: F64
    bound: F64
    asked: F64
    totals: F64
    limiting: I64
    snap: I64  # T: place of the day among those whose stocks and deliveries are kept, or -1
    stock: F64
    delivered: F64

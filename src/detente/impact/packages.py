"""What packages of permits cost: many sets of closed sales on one network, measured once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detente.impact._kernels import Rule
from detente.impact._lanes import LANES, aligned
from detente.impact._package_kernels import CRITICAL, Asked, Chains, Costs, Shares, Tables, chain_order, run_packages
from detente.impact.calibration import NetworkError, amounts, label_codes, numbers
from detente.impact.executors import shared
from detente.impact.network import Network
from detente.impact.scenario import stop_rule

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Reading = Literal["figure", "low", "high"]
READINGS: tuple[Reading, ...] = get_args(Reading)
TOLERANCE = 1e-9  # the published index stops at 1e-2; here the fixed point itself is meant
MAX_SWEEPS = 100_000
SECONDS_A_LINK = 1e-7  # to guess how long a vector of packages takes in a network of so many links
BATCH_S = 0.05  # what is sent to an executor at a time takes about so long


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A network laid out for packages; `prepare` and `prepare_links` make it, `with_facts` gives it other facts.

    n units, E sales, L pairs of units that trade, G inputs (what one unit buys of one item).

    Attributes:
        n: number of units.
        value: E, sales a year, in the currency of `output`.
        output: n, output a year without measures.
        link_class: E, 0 other, 1 important, 2 critical.
        chains, bound, loose: the same as the compiled loops read it, inputs as classed and all by their share.
        unit: n, the unit at each place along the chains of supply.
        link_of: E, link of each sale. group_of: L, input of each link. buyer_of: L, place of its buyer.

    """

    n: int
    value: Floats
    output: Floats
    link_class: NDArray[np.int8]
    chains: Chains
    bound: Shares
    loose: Shares
    unit: NDArray[np.int32]
    link_of: Ints
    group_of: Ints
    buyer_of: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """What packages cost in one reading.

    Attributes:
        loss: K x n, share of output lost, the worse of inputs and orders; K x 0 where only sums were asked for.
        loss_down: K x n, the part for want of inputs alone; K x 0 likewise.
        sums: K x Q, losses weighed; K x 0 where no weights were given.
        sweeps: K, how often the network was gone through.
        converged: K, False where `max_sweeps` ended it: the losses are then those reached so far.

    """

    loss: Floats
    loss_down: Floats
    sums: Floats
    sweeps: Ints
    converged: NDArray[np.bool_]


def prepare(network: Network) -> Prepared:
    """Lay out the network of a case on a day.

    >>> from detente import load
    >>> prepare(Network.of(load("huawei"), "2019-05-15")).n
    85
    """
    return prepare_links(
        network.units.height, network.seller, network.buyer, network.value, network.units["item"].to_numpy(),
        network.link_class, network.output,
    )  # fmt: skip


def prepare_links(
    n: int, seller: ArrayLike, buyer: ArrayLike, value: ArrayLike, item: ArrayLike, link_class: ArrayLike,
    output: ArrayLike,
) -> Prepared:  # fmt: skip
    """Lay out a list of sales.

    Args:
        n: number of units.
        seller, buyer: E, unit of each sale, from 0 to n - 1; a pair may occur more than once.
        value: E, sales a year, not negative.
        item: n labels: what each unit makes. Makers of one item are one market, and what a unit buys of it one input.
        link_class: E, 0 other, 1 important, 2 critical; the same for all sales of an input.
        output: n, output a year, in the currency of `value`; what is more than the sales goes to buyers beyond the
            network, what is less is taken as rounding.

    Raises:
        NetworkError: lengths differ, an index is out of range, an amount is negative, or an input has two classes.

    >>> chips = prepare_links(3, [0, 1], [2, 2], [60.0, 40.0], ["chip", "chip", "phone"], [2, 2], [100, 100, 400])
    >>> evaluate(chips, [[0.0, 1.0]])["figure"].loss
    array([[0.6 , 0.24, 0.6 ]])
    """
    sold, bought = _units("seller", seller, n), _units("buyer", buyer, n)
    if bought.size != sold.size:
        raise NetworkError(f"got {sold.size} sellers and {bought.size} buyers; expected one each for every sale")
    code, items = label_codes("item", item, n)
    order = np.argsort(sold, kind="stable")
    ptr = np.searchsorted(sold[order], np.arange(n + 1)).astype(np.int64)
    unit = chain_order(n, ptr, bought[order].astype(np.int32))
    place = np.empty(n, np.int64)
    place[unit] = np.arange(n)
    of = code[unit]
    at, to = place[sold], place[bought]
    links, link_of = np.unique((to * items.size + of[at]) * n + at, return_inverse=True)
    seller_of, groups = links % n, links // n
    groups, group_of = np.unique(groups, return_inverse=True)
    buyer_of = groups[group_of] // items.size
    up = np.lexsort((buyer_of, seller_of))
    sales = np.argsort(link_of, kind="stable")
    chains = Chains(
        group_ptr=_starts(groups // items.size, n),
        market=(groups % items.size).astype(np.int32),
        link_ptr=_starts(group_of, groups.size),
        seller=seller_of.astype(np.int32),
        up_ptr=_starts(seller_of[up], n),
        up_link=up.astype(np.int32),
        up_buyer=buyer_of[up].astype(np.int32),
        of=of.astype(np.int32),
        sale_ptr=_starts(link_of[sales], links.size),
        sale=sales.astype(np.int32),
    )
    none = Shares(np.zeros(0), np.zeros(0), np.zeros(0, np.int8), np.zeros(0), np.zeros(0))
    empty = Prepared(
        n, np.zeros(sold.size), np.zeros(n), np.zeros(sold.size, np.int8), chains, none, none, unit,
        link_of.astype(np.int64), group_of.astype(np.int64), buyer_of.astype(np.int64),
    )  # fmt: skip
    return with_facts(empty, value=value, output=output, link_class=link_class)


def with_facts(
    prepared: Prepared, *, value: ArrayLike | None = None, output: ArrayLike | None = None,
    link_class: ArrayLike | None = None,
) -> Prepared:  # fmt: skip
    """Give the same sales other values, outputs or classes: a draw of the facts. What is None stays.

    Raises ``NetworkError`` as `prepare_links` does.
    """
    chains, n, E = prepared.chains, prepared.n, prepared.value.size
    sales = prepared.value if value is None else amounts("value", value, E)
    made = prepared.output if output is None else amounts("output", output, n)
    given = prepared.link_class if link_class is None else _classes(link_class, E)
    of_sale = prepared.group_of[prepared.link_of]
    n_groups, n_links = chains.market.size, chains.seller.size
    binds = np.zeros(n_groups, np.int8)
    binds[of_sale] = given
    mixed = np.flatnonzero(binds[of_sale] != given)
    if mixed.size:
        raise NetworkError(
            f"sale {mixed[0]}: class {given[mixed[0]]}, but another sale of that item to that buyer has class "
            f"{binds[of_sale[mixed[0]]]}; expected one class for an input: split the item or choose one"
        )
    traded = _sum(prepared.link_of, sales, n_links)
    sold, bought = _sum(chains.seller, traded, n), _sum(prepared.buyer_of, traded, n)
    revenue = np.maximum(made[prepared.unit], sold)  # the record lets rounding stand between them
    up = _share(traded, revenue[chains.seller])
    by_share, alone = bought[prepared.buyer_of], _sum(prepared.group_of, traded, n_groups)[prepared.group_of]
    loose = np.minimum(binds, 1).astype(np.int8)
    binding = binds[prepared.group_of]
    down = _share(np.where(binding > 0, traded, 0.0), np.where(binding == CRITICAL, alone, by_share))
    down_loose = _share(np.where(binding > 0, traded, 0.0), by_share)
    return replace(
        prepared, value=sales, output=made, link_class=given, bound=Shares(down, up, binds, sold, sales),
        loose=Shares(down_loose, up, loose, sold, sales),
    )  # fmt: skip


def evaluate(
    network: Network | Prepared, allowed: ArrayLike, *, low: ArrayLike | None = None, high: ArrayLike | None = None,
    stopped: ArrayLike | None = None, readings: Sequence[Reading] | Reading = READINGS,
    weights: ArrayLike | None = None, tolerance: float = TOLERANCE, max_sweeps: int = MAX_SWEEPS,
    executor: Executor | None = None,
) -> dict[Reading, Losses]:  # fmt: skip
    """What each of K packages costs, as the cascade of `detente.impact.closing.run` says it.

    Args:
        network: n units and E sales; `prepare` it once where it is asked more than once.
        allowed: K x E (or E, for one), share of each sale that a package allows, from 0 to 1.
        low, high: K x E, the least and the most it allows, where verdicts are not known. None: `allowed`.
        stopped: n or K x n, share of output that units lose at the start, in both channels. None: nothing.
        readings: "figure": unknown sales as in `allowed`, inputs as classed, makers replaceable by those of their
            item as far as they may sell to the buyer. "low": as in `high`, every input binds only by its share of
            purchases. "high": as in `low`, nobody is replaceable. These are the three runs of `closing.run`, whose
            range also holds its figure.
        weights: n x Q, such as output by side. Then only sums of losses by these weights are kept, which takes less
            memory: at 10,000 units and 1,000 packages, a reading of losses takes 160 MB.
        tolerance: a package stops once no loss grew by more in one sweep of the network.
        max_sweeps: at least 1, in each channel. Only a ring of units that pass on all of their losses takes so many.
        executor: runs batches of packages. It is left running. None: all in this thread. Results are the same to the
            last bit, and do not depend on which packages are asked for together.

    Returns:
        For each reading its `Losses`.

    Raises:
        NetworkError: something given has not this shape or range.

    >>> chips = prepare_links(3, [0, 1], [2, 2], [60.0, 40.0], ["chip", "chip", "phone"], [2, 2], [100, 100, 400])
    >>> evaluate(chips, [[1, 1], [0, 1]], weights=[[100, 0], [100, 0], [0, 400]], readings="figure")["figure"].sums
    array([[  0.,   0.],
           [ 84., 240.]])

    Source: the cascade of docs/impact.md; with no sale closed it is the index of Diem et al. 2022.
    """
    ready = network if isinstance(network, Prepared) else prepare(network)
    asked = (readings,) if isinstance(readings, str) else tuple(readings)
    wrong = set(asked) - set(READINGS)
    if wrong or not asked:
        raise NetworkError(f"readings: got {readings!r}; expected some of {', '.join(READINGS)}")
    rule = stop_rule(tolerance, "output", max_sweeps)
    share = {"figure": _table("allowed", allowed, ready.value.size)}
    share["high"] = share["figure"] if low is None else _table("low", low, ready.value.size)
    share["low"] = share["figure"] if high is None else _table("high", high, ready.value.size)
    K = share["figure"].shape[0]
    shock = np.zeros((0, ready.n)) if stopped is None else _table("stopped", stopped, ready.n)
    if len({table.shape[0] for table in share.values()}) > 1 or shock.shape[0] not in (0, 1, K):
        raise NetworkError(
            f"got {', '.join(f'{t.shape[0]}' for t in share.values())} packages and {shock.shape[0]} rows of stopped; "
            "expected as many of each"
        )
    weigh = np.zeros((ready.n, 0)) if weights is None else np.ascontiguousarray(numbers("weights", weights))
    if weigh.shape != (ready.n, weigh.shape[-1]) or not np.isfinite(weigh).all():
        raise NetworkError(f"weights: got shape {weigh.shape}; expected ({ready.n}, Q), finite")
    ends = _ends(ready, K, executor)
    found: dict[Reading, Losses] = {}
    for reading in asked:
        shares = ready.loose if reading == "low" else ready.bound
        if reading == "high":
            shares = shares._replace(size=np.zeros(0))
        common = Common(ready.chains, shares, ready.unit, weigh, rule)
        jobs = [(share[reading][a:b], shock[a:b] if shock.shape[0] == K else shock) for a, b in pairwise(ends)]
        if executor is None:
            parts: Iterable[Losses] = (run_batch(common, *job) for job in jobs)
        else:
            parts = executor.map(run_batch, [shared(executor, common)] * len(jobs), *zip(*jobs, strict=True))
        found[reading] = _together(list(parts))
    return found


class Common(NamedTuple):
    """What every batch needs."""

    chains: Chains
    shares: Shares
    unit: NDArray[np.int32]
    weights: Floats
    rule: Rule


def run_batch(common: Common, allowed: Floats, stopped: Floats) -> Losses:
    """Run some packages; can run anywhere, as nothing is shared."""
    chains, shares, unit, weights, rule = common
    n, K, n_markets = unit.size, allowed.shape[0], int(chains.of.max(initial=-1)) + 1
    kept = K if weights.shape[1] == 0 else 0
    costs = Costs(
        np.empty((kept, n)), np.empty((kept, n)), weights, np.zeros((K, weights.shape[1])), np.zeros(K, np.int64),
        np.zeros(K, np.bool_),
    )  # fmt: skip
    tables = Tables(*(aligned(rows) for rows in (chains.seller.size + 1, n, n, n_markets, n_markets)))
    run_packages(chains, shares, Asked(allowed, stopped, unit, rule.tolerance, rule.max_iterations), tables, costs)
    return Losses(costs.loss, costs.loss_down, costs.sums, costs.sweeps, costs.converged)


def _ends(ready: Prepared, K: int, executor: Executor | None) -> list[int]:
    if executor is None or K == 0:
        return [0, K]
    vectors = max(1, int(BATCH_S / (SECONDS_A_LINK * (ready.chains.seller.size + ready.n + 1))))
    return [*range(0, K, vectors * LANES), K]


def _together(parts: list[Losses]) -> Losses:
    if len(parts) == 1:
        return parts[0]
    return Losses(*(np.concatenate([getattr(p, name) for p in parts]) for name in Losses.__slots__))


def _table(name: str, values: ArrayLike, width: int) -> Floats:
    """Return shares as rows."""
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if table.ndim != 2 or table.shape[1] != width:
        raise NetworkError(f"{name}: got shape {np.shape(values)}; expected (K, {width})")
    if table.size and not (table.min() >= 0 and table.max() <= 1):
        raise NetworkError(f"{name}: got {table.min()} to {table.max()}; expected shares from 0 to 1 (0.5, not 50)")
    return np.ascontiguousarray(table)


def _units(name: str, values: ArrayLike, n: int) -> Ints:
    given = np.asarray(values)
    if given.size == 0:
        given = given.astype(np.int64)
    if given.ndim != 1 or given.dtype.kind not in "iu" or (given.size and not 0 <= given.min() <= given.max() < n):
        raise NetworkError(f"{name}: expected a list of units from 0 to {n - 1}, got {given[:5]}")
    return given.astype(np.int64)


def _classes(values: ArrayLike, size: int) -> NDArray[np.int8]:
    given = np.asarray(values)
    if given.shape != (size,) or not np.isin(given, (0, 1, 2)).all():
        raise NetworkError(f"link_class: got shape {given.shape}; expected {size} of 0 other, 1 important, 2 critical")
    return given.astype(np.int8)


def _starts(sorted_ids: NDArray[np.integer], n: int) -> Ints:
    return np.searchsorted(sorted_ids, np.arange(n + 1)).astype(np.int64)


def _sum(ids: NDArray[np.integer], value: Floats, size: int) -> Floats:
    return np.bincount(ids, value, size).astype(np.float64)


def _share(part: Floats, whole: Floats) -> Floats:
    share: Floats = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return share

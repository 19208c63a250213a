"""What each unit buys, and who may newly supply whom, for the best case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detente.impact.calibration import NetworkError
from detente.impact.network import Network

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PLACELESS = ("", "XX")  # of units whose country is not known
_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The inputs of a network: one for each buyer and item. ``of`` is the input of each sale."""

    of: Ints
    buyer: Ints
    item: Ints
    need: Floats
    kind: npt.NDArray[np.int8]


def inputs_of(network: Network, items: Ints, value: Floats) -> Inputs:
    """Group sales into inputs. Raises ``NetworkError`` where an input has sales of two classes."""
    width = int(items.max(initial=0)) + 1
    keys, first, of = np.unique(network.buyer * width + items[network.seller], return_index=True, return_inverse=True)
    of = of.astype(np.int64)
    kind = network.link_class[first]
    mixed = np.flatnonzero(network.link_class != kind[of])
    if mixed.size:
        e = int(mixed[0])
        raise NetworkError(
            f"sale {network.links[e]}: its input is bought both as class {kind[of[e]]} and {network.link_class[e]}; "
            "expected one class for what a unit buys of an item"
        )
    return Inputs(of, keys // width, keys % width, sums(of, value, keys.size), kind)


@dataclass(frozen=True, slots=True, eq=False)
class Pools:
    """Who may newly supply whom: makers put goods into pools, inputs take from them.

    Buyers whom the law sees alike share a pool of an item, which stands for all pairs of its makers and buyers.
    ``maker[k]`` puts into pool ``put_in[k]``; input ``input[l]`` takes from pool ``taken_from[l]``.
    """

    n: int
    maker: Ints
    put_in: Ints
    input: Ints
    taken_from: Ints


NO_POOLS = Pools(0, _NONE, _NONE, _NONE, _NONE)


def pools_of(network: Network, items: Ints, use: Inputs, allowed: Floats) -> Pools:
    """Every maker of an item may newly supply every buyer of it, unless a sale like that is held.

    A sale is like a held one where the item, the buying party and either the selling party or the seller's country are
    the same: the permits speak only of the sales of the record.
    """
    parties = np.unique(network.units["party"].fill_null("").to_numpy(), return_inverse=True)[1].astype(np.int64)
    country = network.units["country"].fill_null("").to_numpy()
    places = np.unique(country, return_inverse=True)[1].astype(np.int64)
    known = ~np.isin(country, PLACELESS)
    held = np.flatnonzero((allowed < 1.0) & (network.value > 0))
    width = int(parties.max(initial=0)) + 1
    held_key = items[network.seller[held]] * width + parties[network.buyer[held]]
    held = held[np.argsort(held_key, kind="stable")]
    barred, starts = np.unique(np.sort(held_key), return_index=True)
    makers_of = _members(items)
    pools: dict[tuple[int, bytes], int] = {}
    maker, put_in = [_NONE], [_NONE]

    def pool(item: int, able: Ints) -> int:
        number = pools.setdefault((item, able.tobytes()), len(pools))
        if number == len(maker) - 1:
            maker.append(able)
            put_in.append(np.full(able.size, number))
        return number

    usual = {int(k): pool(int(k), makers_of[k]) for k in np.unique(use.item)}
    special = {}
    for key, sales in zip(barred.tolist(), np.split(held, starts)[1:], strict=True):
        closed, able = network.seller[sales], makers_of[key // width]
        out = np.isin(parties[able], parties[closed])
        out |= known[able] & np.isin(places[able], places[closed[known[closed]]])
        special[key] = pool(key // width, able[~out])
    keys = (use.item * width + parties[use.buyer]).tolist()
    taken_from = np.array([special.get(key, usual[key // width]) for key in keys], dtype=np.int64)
    takes = np.arange(use.item.size)
    return Pools(len(pools), np.concatenate(maker), np.concatenate(put_in), takes, taken_from)


def pools_of_pairs(network: Network, items: Ints, use: Inputs, allowed: Floats, seller: Ints, buyer: Ints) -> Pools:
    """Pools where it is known who may newly supply whom: those pairs, and present sellers that no measure restricts.

    A maker may supply what a buyer buys of its item; pairs of an item that the buyer does not buy count for nothing.
    """
    free = np.flatnonzero(allowed >= 1.0)
    makers, buyers = np.append(network.seller[free], seller), np.append(network.buyer[free], buyer)
    known = {(b, k): q for q, (b, k) in enumerate(zip(use.buyer.tolist(), use.item.tolist(), strict=True))}
    able: dict[int, set[int]] = {}
    for i, b in zip(makers.tolist(), buyers.tolist(), strict=True):
        q = known.get((b, int(items[i])))
        if q is not None:
            able.setdefault(q, set()).add(i)
    numbers: dict[tuple[int, tuple[int, ...]], int] = {}
    taken_from = np.zeros(len(able), dtype=np.int64)
    takes = np.array(sorted(able), dtype=np.int64)
    for at, q in enumerate(takes.tolist()):
        taken_from[at] = numbers.setdefault((int(use.item[q]), tuple(sorted(able[q]))), len(numbers))
    maker = np.array([i for _, group in numbers for i in group], dtype=np.int64)
    put_in = np.repeat(np.arange(len(numbers)), [len(group) for _, group in numbers]).astype(np.int64)
    return Pools(len(numbers), maker, put_in, takes, taken_from) if numbers else NO_POOLS


def _members(code: Ints) -> list[Ints]:
    order = np.argsort(code, kind="stable")
    return np.split(order, np.cumsum(np.bincount(code))[:-1])


def sums(ids: Ints, value: Floats, n: int) -> Floats:
    """Add up values by number: n sums."""
    return np.bincount(ids, value, n).astype(np.float64)  # without any numpy counts in integers

"""The flow of a case: permits over time against the same world without them, day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide import Permits
from detente.impact.calibration import NetworkError
from detente.impact.flow._kernels import F64, I64
from detente.impact.flow.daily import Daily, stop_days
from detente.impact.flow.markets import NO_RIVALS, of_rivals
from detente.impact.flow.network import DAYS_A_YEAR, FlowNetwork
from detente.impact.flow.segments import Segment, carried, cells_of, segments
from detente.impact.flow.shocks import Shock, Span
from detente.impact.flow.simulation import NO_MARKET, simulate
from detente.impact.flow.switches import Switches
from detente.impact.network import Network
from detente.impact.newcomers import Newcomers
from detente.impact.owners import owners_in
from detente.record import DetenteError

SETTINGS = Switches(rationing="water", resource=True, follow_capacity=True)
QUALIFIED = 1e-9  # of a buyer's purchases of an item: what a maker that was qualified before a cut is given
Law = Literal["allowed", "low", "high"]


@dataclass(frozen=True, slots=True, eq=False)
class _Links:
    """Sales of a network and the newcomers behind them: the first are those of the record."""

    seller: I64
    buyer: I64
    value: F64
    reach: F64
    like: I64  # sale of the network that each is like
    new: I64  # number of each newcomer, in the order of `Newcomers`


def run(
    network: Network | Sequence[Network], permits: Permits, *, switches: Switches = SETTINGS,
    stock_days: float | Sequence[F64] = 30.0, tau: float = 10.0, law: Law = "allowed",
    newcomers: Newcomers | None = None, rivals: Sequence[pl.DataFrame] | pl.DataFrame = NO_RIVALS, sigma: float = 0.5,
    through: dt.date | None = None, lasting: int | None = None, owners: pl.DataFrame | None = None,
    shocks: tuple[Shock, ...] = (),
) -> Daily:  # fmt: skip
    """Run a case's network over the days of its permits, against the same world without them.

    Without the measures every unit makes what the record says, each day that it exists.

    Args:
        network: that of the first day; or one for each stretch of days, as `networks_of` has them. Between two of them
            each stock keeps its share of its target; spare capacity starts from rest.
        permits: of the same record; run from their first day.
        switches: how a day runs.
        stock_days: days of use in stock of each input: one for all, or for each network an array with a value a sale
            (the same for all of one item and buyer).
        tau: days in which a gap in stock is closed.
        law: the share allowed, the least or the most that may be allowed.
        newcomers: other makers, who may be asked ``switches.qualification_days`` after the law first stops an order
            of the item, while the law allows it in full (by the same reading). None: nobody, nor sellers
            whose sales the record has without a figure.
        rivals: who takes over final demand that a unit cannot meet, as `detente.impact.market.rivals` has it, one for
            all networks or one each.
        sigma: nest correlation of the markets.
        through: the last day. None: that of the permits.
        lasting: instead of a span, as if the law of the last day lasted for so many days from then on.
        owners: whose each unit is over time. None: as the networks say.
        shocks: capacity that units lose besides, with the measures only; units as numbered in the first network.

    Raises:
        NetworkError: permits and network are of different records, or something is out of range.
        DetenteError: the first network has no units.

    >>> from detente import load, permits
    >>> case = load("huawei")
    >>> network = Network.of(case, "2019-05-15")
    >>> abs(run(network, permits(case, "2019-05-01", "2019-05-15")).loss).max() < 1e-9
    np.True_
    """
    networks = (network,) if isinstance(network, Network) else tuple(network)
    if any(permits.record != n.record for n in networks):
        raise NetworkError("permits and network are of different records; take both from the same case")
    if not networks or networks[0].units.height == 0:
        raise DetenteError("No unit of the record exists on the first day: there is nothing to cost.")
    if shocks and len(networks) > 1:
        raise NetworkError("shocks: given with several networks; give one, for which units are numbered")
    last = permits.last if through is None else through
    if not permits.first <= last <= permits.last:
        raise DetenteError(f"through: {last} is outside the permits ({permits.first} to {permits.last}).")
    first = permits.first if lasting is None else last
    n_days = lasting if lasting is not None else (last - first).days + 1
    each_stock = [np.full(n.seller.size, float(stock_days)) for n in networks] if isinstance(
        stock_days, (int, float)) else list(stock_days)  # fmt: skip
    markets = [rivals] * len(networks) if isinstance(rivals, pl.DataFrame) else list(rivals)
    given = {id(n): (s, m) for n, s, m in zip(networks, each_stock, markets, strict=True)}
    stretches = segments(networks, first, n_days, _ready(networks, permits, newcomers, law, first, switches))
    union = pl.concat([n.units for n in networks], how="vertical").unique("unit", keep="first", maintain_order=True)
    place = {u: k for k, u in enumerate(union["unit"])}
    out, base, taken = (np.zeros((n_days, union.height)) for _ in range(3))
    state: tuple[F64, F64, list[tuple[str, str]]] | None = None
    for part in stretches:
        stock, market = given[id(part.network)]
        spans, flow, items = _laid_out(part, permits, newcomers, law, first, stock, tau, switches, lasting)
        cells, full = cells_of(flow, part.network, items), flow.net.days[flow.net.pace] * flow.net.use
        n = part.stop - part.start
        done = simulate(
            flow, switches, n, permits=spans, shocks=shocks, snap_days=[n - 1] if part is not stretches[-1] else (),
            market=of_rivals(part.network, market, sigma) if market.height else NO_MARKET,
            first_stock=None if state is None else carried(state[0], state[1], state[2], full, cells),
        )  # fmt: skip
        if part is not stretches[-1]:
            state = done.stock[0, :, 0], full, cells
        columns = [place[u] for u in part.network.units["unit"]]
        out[part.start : part.stop, columns] = done.output[:, :, 0]
        base[part.start : part.stop, columns] = flow.output
        taken[part.start : part.stop, columns] = np.maximum(0.0, done.final[:, :, 0] - flow.net.final)
    known = owners if owners is not None else owners_in(networks[0], first)
    return Daily(
        first, union, out, base, taken, known, stop_days(first, out, base),
        _settings(switches, tau, law, newcomers, networks, stock_days, sigma, lasting), networks[0].record,
    )  # fmt: skip


def _laid_out(
    part: Segment, permits: Permits, newcomers: Newcomers | None, law: Law, first: dt.date, stock: F64, tau: float,
    switches: Switches, lasting: int | None,
) -> tuple[list[Span], FlowNetwork, list[str]]:  # fmt: skip
    """The network of a segment as the loops read it, with the law of its days."""
    network = part.network
    links = links_of(network, newcomers)
    n, m = network.units.height, network.seller.size
    row_of = {int(row): k for k, row in enumerate(network.rows)}
    spans = _spans(permits, row_of, law, first, part, lasting)
    value = links.value
    if newcomers is not None and links.new.size:
        place = {int(k): m + i for i, k in enumerate(links.new)}
        spans += _spans(newcomers.permits, place, law, first, part, lasting)
        since = _restricted_since(network, permits, law, first)
        key = list(zip(links.buyer.tolist(), network.units["item"].to_numpy()[links.seller].tolist(), strict=True))
        late = [part.start - since.get(k, part.start) >= switches.qualification_days for k in key]
        early = np.array(late, dtype=bool) & (np.arange(links.seller.size) >= m) & (part.start > 0)
        value = np.where(early, QUALIFIED * network.value[links.like], value)
    items = network.units["item"].to_numpy()
    flow = FlowNetwork.of(
        n, links.seller, links.buyer, value, items, link_class=network.link_class.astype(np.float64)[links.like],
        output=network.revenue, stock_days=stock[links.like], tau=tau, reach=links.reach,
    )  # fmt: skip
    return spans, flow, np.unique(items).tolist()


def links_of(network: Network, newcomers: Newcomers | None) -> _Links:
    m = network.seller.size
    own = np.arange(m)
    none = np.zeros(0, dtype=np.int64)
    if newcomers is None:
        return _Links(network.seller, network.buyer, network.value, network.value, own, none)
    at = {u: k for k, u in enumerate(network.units["unit"])}
    like_of = {name: k for k, name in enumerate(network.links)}
    there = [
        (k, at[s], at[b], like_of[like])
        for k, (s, b, like) in enumerate(zip(newcomers.seller, newcomers.buyer, newcomers.like, strict=True))
        if s in at and b in at and like in like_of
    ]
    new, seller, buyer, like = (np.array([row[c] for row in there], dtype=np.int64) for c in range(4))
    items = np.unique(network.units["item"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    sellers, buyers = np.append(network.seller, seller), np.append(network.buyer, buyer)
    value = np.append(network.value, np.zeros(new.size))
    could = reach(network.units.height, sellers, buyers, value, items, network.output)
    return _Links(sellers, buyers, value, could, np.append(own, like), new)


def reach(n: int, seller: I64, buyer: I64, value: F64, item: I64, output: F64) -> F64:
    """How much of an order that finds no place elsewhere each link draws, money a year.

    Its value; for a newcomer, or a sale that the record has without a figure, what the buyer spends on the item times
    the seller's share of all that is made of it.
    """
    made = np.bincount(item, output)
    width = int(item.max(initial=0)) + 1
    spent = np.bincount(buyer * width + item[seller], value, n * width)
    asked = item[seller]
    share = np.divide(output[seller], made[asked], out=np.zeros(seller.size), where=made[asked] > 0)
    drawn: F64 = np.where(value > 0, value, spent[buyer * width + asked] * share)
    return drawn


def _share(permits: Permits, law: Law) -> F64:
    return {"allowed": permits.allowed, "low": permits.low, "high": permits.high}[law]


def _spans(
    permits: Permits, place: dict[int, int], law: Law, first: dt.date, part: Segment, lasting: int | None
) -> list[Span]:
    """Spans in which a sale is restricted, in days from the segment's first."""
    share, zero = _share(permits, law), first.toordinal() + part.start
    found = []
    for k in np.flatnonzero(share < 1.0):
        since, until = int(permits.since[k]), int(permits.until[k])
        if int(permits.link[k]) not in place or (lasting is not None and not since <= zero < until):
            continue
        if lasting is not None:
            found.append(Span(place[int(permits.link[k])], float(share[k])))
        elif until > zero and since < zero + part.stop - part.start:
            found.append(Span(place[int(permits.link[k])], float(share[k]), since - zero, until - zero))
    return found


def _restricted_since(network: Network, permits: Permits, law: Law, first: dt.date) -> dict[tuple[int, str], int]:
    """The first day, counted from ``first``, on which a sale of each buyer and item is restricted."""
    place = {int(row): k for k, row in enumerate(network.rows)}
    items = network.units["item"].to_list()
    since: dict[tuple[int, str], int] = {}
    for k in np.flatnonzero(_share(permits, law) < 1.0):
        if int(permits.link[k]) in place:
            e = place[int(permits.link[k])]
            key, day = (int(network.buyer[e]), items[network.seller[e]]), int(permits.since[k]) - first.toordinal()
            since[key] = min(day, since.get(key, day))
    return since


def _ready(
    networks: Sequence[Network], permits: Permits, newcomers: Newcomers | None, law: Law, first: dt.date, rule: Switches
) -> list[int]:
    """Days on which newcomers get qualified across a change of network: the clock must not start anew there."""
    if newcomers is None or len(networks) < 2:
        return []
    cuts = [(n.day - first).days for n in networks[1:]]
    days = {
        since + rule.qualification_days
        for n in networks
        for since in _restricted_since(n, permits, law, first).values()
        if any(since < cut < since + rule.qualification_days for cut in cuts)
    }
    return sorted(days)


def _settings(
    switches: Switches, tau: float, law: Law, newcomers: Newcomers | None, networks: Sequence[Network],
    stock_days: float | Sequence[npt.NDArray[np.float64]], sigma: float, lasting: int | None,
) -> dict[str, float | int | str | bool]:  # fmt: skip
    said: dict[str, float | int | str | bool] = {
        name: getattr(switches, name) for name in Switches.__dataclass_fields__
    }
    return said | {
        "tau": tau, "law": law, "newcomers": 0 if newcomers is None else len(newcomers.seller), "sigma": sigma,
        "days_a_year": DAYS_A_YEAR, "day_of_network": str(networks[0].day), "networks": len(networks),
        "stock_days": float(stock_days) if isinstance(stock_days, (int, float)) else "as given",
        "lasting": 0 if lasting is None else lasting,
    }  # fmt: skip


__all__ = ["SETTINGS", "Daily", "Law", "run"]

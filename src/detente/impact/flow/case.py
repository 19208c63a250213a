"""The flow of a case: permits over time against the same world without them, day by day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from detente.decide import Permits
from detente.impact.calibration import NetworkError
from detente.impact.flow._kernels import F64, I64, Market
from detente.impact.flow.network import DAYS_A_YEAR, FlowNetwork
from detente.impact.flow.shocks import Shock, Span
from detente.impact.flow.simulation import NO_MARKET, simulate
from detente.impact.flow.switches import Switches
from detente.impact.network import Network
from detente.record import DetenteError

SETTINGS = Switches(rationing="water", resource=True, follow_capacity=True)
STOPPED = 0.01  # a unit whose output is below this share of what it would be has stopped
Law = Literal["allowed", "low", "high"]


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """Output with and without the measures, USD m a day: days x units, in the order of ``units``.

    ``units`` is the frame of the network; day 0 is ``first``. ``settings`` and ``record`` say what it was computed
    with. Lost output is gross, and neither welfare nor profit.
    """

    first: dt.date
    units: pl.DataFrame
    output: F64
    baseline: F64
    settings: dict[str, float | int | str | bool]
    record: str

    @property
    def loss(self) -> F64:
        """Output lost each day, USD m; below 0 where a unit gains."""
        return self.baseline - self.output

    def by_unit(self) -> pl.DataFrame:
        """One row a unit: output without the measures, loss (net of gains) over all days, share, first day it stops."""
        stopped = (self.output < STOPPED * self.baseline) & (self.baseline > 0)
        at = np.where(np.any(stopped, axis=0), stopped.argmax(axis=0), -1).tolist()
        first = [None if k < 0 else self.first + dt.timedelta(days=k) for k in at]
        return self.units.select("unit", "name", "party", "side", "country", "item").with_columns(
            pl.Series("output_usd_m", self.baseline.sum(axis=0)),
            pl.Series("loss_usd_m", self.loss.sum(axis=0)),
            pl.Series("loss_share", self.loss.sum(axis=0) / np.maximum(self.baseline.sum(axis=0), 1e-300)),
            pl.Series("stops", first, dtype=pl.Date),
        )

    def by_side(self) -> pl.DataFrame:
        """One row a side: output without the measures, losses, gains and their balance over all days, USD m."""
        loss = pl.col("loss_usd_m")
        return (
            self.by_unit()
            .group_by("side")
            .agg(
                pl.col("output_usd_m").sum(),
                loss.clip(lower_bound=0.0).sum().alias("lost_usd_m"),
                (-loss).clip(lower_bound=0.0).sum().alias("gained_usd_m"),
                loss.sum(),
            )
            .sort("side")
        )

    def by_day(self) -> pl.DataFrame:
        """One row a day and side: output and loss, USD m."""
        sides = self.units["side"].to_list()
        parts = []
        for side in sorted(set(sides)):
            mine = np.array([s == side for s in sides])
            parts.append(
                pl.DataFrame(
                    {
                        "day": [self.first + dt.timedelta(days=t) for t in range(self.output.shape[0])],
                        "side": side,
                        "output_usd_m": self.output[:, mine].sum(axis=1),
                        "loss_usd_m": self.loss[:, mine].sum(axis=1),
                    }
                )
            )
        return pl.concat(parts).sort("day", "side")


def run(
    network: Network, permits: Permits, *, switches: Switches = SETTINGS, stock_days: float | F64 = 30.0,
    tau: float = 10.0, law: Law = "allowed", newcomers: bool = True, market: Market = NO_MARKET,
    shocks: tuple[Shock, ...] = (),
) -> Daily:  # fmt: skip
    """Run a case's network over the days of its permits, and the same world without them.

    The network is that of one day and stays so; only permission changes. ``stock_days`` (one for all, or a value a
    sale of ``network``, the same for all of one item and buyer) is what each unit aims to hold of an input. With
    ``newcomers``, other makers of an item may be asked ``switches.qualification_days`` after the law first stops an
    order of it, where no sale between their party and the buyer's is ever restricted in ``permits``: about sales that
    the record does not know the law has not been asked. ``law`` takes the share allowed, the least or the most.

    Raises ``NetworkError`` where permits and network are of different records, ``DetenteError`` without units.

    >>> from detente import load, permits
    >>> case = load("huawei")
    >>> network = Network.of(case, "2019-05-15")
    >>> abs(run(network, permits(case, "2019-05-01", "2019-05-15")).loss).max() < 1e-9
    np.True_
    """
    if permits.record != network.record:
        raise NetworkError("permits and network are of different records; take both from the same case")
    if network.units.height == 0:
        raise DetenteError(f"No unit of the record exists on {network.day}: there is nothing to cost.")
    spans = _spans(network, permits, law)
    n, links = network.units.height, network.seller.size
    seller, buyer, share = network.seller, network.buyer, np.ones(0)
    kinds = network.link_class.astype(np.float64)
    days = np.broadcast_to(np.asarray(stock_days, dtype=np.float64), (links,))
    if newcomers:
        new_seller, new_buyer, like, share = _newcomers(network, {s.link for s in spans})
        seller, buyer = np.append(seller, new_seller), np.append(buyer, new_buyer)
        kinds, days = np.append(kinds, kinds[like]), np.append(days, days[like])
    value = np.append(network.value, np.zeros(share.size))
    sold = np.bincount(network.seller, network.value, n)
    flow = FlowNetwork.of(
        n, seller, buyer, value, network.units["item"].to_numpy(), link_class=kinds,
        output=np.maximum(network.output, sold), stock_days=days, tau=tau, reach=np.append(network.value, share),
    )  # fmt: skip
    T = (permits.last - permits.first).days + 1
    both = simulate(
        flow, switches, T, permits=spans, market=market, n_scenarios=2,
        shocks=[replace(s, scenario=k) for s in shocks for k in (0, 1)],
    )  # fmt: skip
    settings: dict[str, float | int | str | bool] = {
        name: getattr(switches, name) for name in Switches.__dataclass_fields__
    }
    settings |= {
        "tau": tau, "law": law, "newcomers": newcomers, "days_a_year": DAYS_A_YEAR, "day_of_network": str(network.day),
        "stock_days": float(stock_days) if np.ndim(stock_days) == 0 else "as given",
    }  # fmt: skip
    return Daily(permits.first, network.units, both.output[:, :, 0], both.output[:, :, 1], settings, network.record)


def _spans(network: Network, permits: Permits, law: Law) -> list[Span]:
    """Spans in which a sale of the network is restricted, in days from the first."""
    place = {int(row): k for k, row in enumerate(network.rows)}
    share = {"allowed": permits.allowed, "low": permits.low, "high": permits.high}[law]
    first = permits.first.toordinal()
    return [
        Span(place[int(permits.link[k])], float(share[k]), int(permits.since[k]) - first, int(permits.until[k]) - first)
        for k in np.flatnonzero(share < 1.0)
        if int(permits.link[k]) in place
    ]


def _newcomers(network: Network, restricted: set[int]) -> tuple[I64, I64, I64, F64]:
    """Makers that an item's buyers do not buy from: seller, buyer, a sale of that item to the buyer, money a year.

    The money is the buyer's purchases of the item times the maker's share of all that is made of it.
    """
    party, item = network.units["party"].to_list(), network.units["item"].to_list()
    cut = {(party[network.seller[k]], party[network.buyer[k]]) for k in restricted}
    makers: dict[str, list[int]] = {}
    for i, made in enumerate(item):
        makers.setdefault(made, []).append(i)
    bought: dict[tuple[int, str], tuple[int, float, set[int]]] = {}
    for k, (s, b, v) in enumerate(
        zip(network.seller.tolist(), network.buyer.tolist(), network.value.tolist(), strict=True)
    ):
        like, money, known = bought.get((b, item[s]), (k, 0.0, set()))
        bought[b, item[s]] = like, money + v, known | {s}
    rows = [
        (i, b, like, money * float(network.output[i]) / max(1e-300, float(network.output[makers[made]].sum())))
        for (b, made), (like, money, known) in bought.items()
        for i in makers[made]
        if i not in known and i != b and (party[i], party[b]) not in cut
    ]
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    seller, buyer, alike = (np.array(columns[c], np.int64) for c in range(3))
    return seller, buyer, alike, np.array(columns[3], np.float64)

"""Many sets of permits that last: what each leaves of every unit's output once the flow model has come to rest."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import starmap
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.impact.assumptions import End
from detente.impact.calibration import NetworkError
from detente.impact.draws import Drawn
from detente.impact.flow._kernels import Market
from detente.impact.flow.case import SETTINGS, links_of, reach
from detente.impact.flow.markets import of_rivals
from detente.impact.flow.network import FlowNetwork
from detente.impact.flow.shocks import Span
from detente.impact.flow.simulation import NO_MARKET, simulate
from detente.impact.flow.switches import Switches
from detente.impact.network import Network
from detente.impact.runs import AT_REST, MILD, REST_DAYS, Adapting, rest_days, switches
from detente.impact.world import World

if TYPE_CHECKING:
    from detente.impact.uncertainty import Common

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
PART = 16  # sets run together: one vector of the flow model


@dataclass(frozen=True, slots=True, eq=False)
class Lasting:
    """The network of a day, laid out once for any number of laws that last.

    ``network`` is that of the day, ``new`` the newcomers (rows of the world's) whose units and sales exist on it.
    Each run has ``n_days`` days, of which the last year counts.
    """

    network: Network
    new: Ints
    flow: FlowNetwork
    market: Market
    rules: Switches
    n_days: int

    @classmethod
    def of(
        cls, world: World, day: dt.date, *, end: End = "central", adapting: Adapting = "everybody",
        network: Network | None = None,
    ) -> Lasting:  # fmt: skip
        """Lay out the network of a day as `detente.impact.runs.daily` runs it at rest.

        ``network``: that of the day with other values, such as a draw of the facts. None: as the record has it.
        """
        net = Network.of(world.case, day) if network is None else network
        newcomers = None if adapting == "nobody" else world.newcomers
        links = links_of(net, newcomers)
        assumed = world.assumptions
        flow = FlowNetwork.of(
            net.units.height, links.seller, links.buyer, links.value, net.units["item"].to_numpy(),
            link_class=net.link_class.astype(np.float64)[links.like], output=net.revenue,
            stock_days=assumed.stocks(net, MILD[end])[links.like], tau=assumed.tau.central, reach=links.reach,
        )  # fmt: skip
        rivals = world.rivals_on(day)
        with_rivals = adapting == "everybody" and rivals.height > 0
        market = of_rivals(net, rivals, assumed.sigma.central) if with_rivals else NO_MARKET
        return cls(net, links.new, flow, market, switches(assumed, end, adapting), rest_days(world, [net]))

    @classmethod
    def of_draw(cls, common: Common, drawn: Drawn, k: int) -> Lasting:
        """Lay out world ``k`` of some drawn ones, as `detente.impact.uncertainty` runs it. ``new`` counts its rows."""
        base, assumed = common.network, drawn.assumed
        n, m, n_new = base.units.height, base.seller.size, common.new_seller.size
        network = replace(
            base, value=drawn.value[k], link_class=drawn.link_class[k],
            units=base.units.with_columns(pl.Series("output_usd_m", drawn.output[k])),
        )  # fmt: skip
        items = np.unique(base.units["item"].to_numpy(), return_inverse=True)[1].astype(np.int64)
        seller, buyer = np.append(base.seller, common.new_seller), np.append(base.buyer, common.new_buyer)
        like, value = np.append(np.arange(m), common.new_like), np.append(network.value, np.zeros(n_new))
        flow = FlowNetwork.of(
            n, seller, buyer, value, items, link_class=network.link_class.astype(np.float64)[like],
            output=network.revenue, stock_days=drawn.stock_days[k][like], tau=float(assumed["tau"][k]),
            reach=reach(n, seller, buyer, value, items, network.output),
        )  # fmt: skip
        rivals = common.rivals.with_columns(pl.Series("share", drawn.market[k]))
        market = of_rivals(network, rivals, float(assumed["sigma"][k])) if rivals.height else NO_MARKET
        rules = replace(
            SETTINGS, spare_limit=1.0 + float(assumed["spare"][k]), spare_tau=float(assumed["spare_tau"][k]),
            important=float(assumed["important"][k]), qualification_days=round(float(assumed["qualification_days"][k])),
        )  # fmt: skip
        days = max(REST_DAYS, int(np.ceil(drawn.stock_days[k].max(initial=0.0))) + AT_REST)
        return cls(network, np.arange(n_new), flow, market, rules, days)

    def run(self, allowed: npt.ArrayLike, new_allowed: npt.ArrayLike, *, executor: Executor | None = None) -> Floats:
        """The share of its output that each unit loses at rest under each of K laws: K x n, below 0 where it gains.

        Args:
            allowed: K x E, the share of each sale of the network that may go on.
            new_allowed: K x the newcomers of the world, in its order; one allowed less than 1 is not turned to.
            executor: runs 16 laws at a time. None: all in this thread. The answers do not depend on it.

        Raises:
            NetworkError: another shape, or shares that are none.
        """
        share, fresh = _table("allowed", allowed), _table("new_allowed", new_allowed)
        n_new = int(self.new.max(initial=-1)) + 1
        if share.shape[1] != self.network.value.size or fresh.shape[0] != share.shape[0] or fresh.shape[1] < n_new:
            raise NetworkError(
                f"allowed, new_allowed: got shapes {share.shape} and {fresh.shape}; expected K x "
                f"{self.network.value.size}, and K x at least {n_new}"
            )
        whole = np.concatenate((share, fresh[:, self.new]), axis=1)
        jobs = [(self, whole[a : a + PART]) for a in range(0, whole.shape[0], PART)]
        parts = list(starmap(_run, jobs) if executor is None else executor.map(_run, *zip(*jobs, strict=True)))
        return np.concatenate(parts) if parts else np.zeros((0, self.flow.n))


def _run(ready: Lasting, allowed: Floats) -> Floats:
    """Some laws side by side."""
    spans = [Span(int(e), float(allowed[s, e]), scenario=int(s)) for s, e in np.argwhere(allowed < 1.0)]
    done = simulate(
        ready.flow, ready.rules, ready.n_days, permits=spans, market=ready.market, n_scenarios=allowed.shape[0]
    )
    makes = done.output[-AT_REST:].mean(axis=0)
    base = ready.flow.output
    kept = np.divide(makes, base[:, None], out=np.ones_like(makes), where=base[:, None] > 0)
    answer: Floats = (1.0 - kept).T
    return answer


def _table(name: str, values: npt.ArrayLike) -> Floats:
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if table.ndim != 2 or (table.size and not (table.min() >= 0 and table.max() <= 1)):
        raise NetworkError(f"{name}: got shape {table.shape}; expected rows of shares from 0 to 1")
    return table

"""The three models run over the same days of a world."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from detente.decide.permits import OnDay
from detente.impact import closing, optimum
from detente.impact.assumptions import Assumptions, End
from detente.impact.flow import case as flow_case
from detente.impact.flow.daily import Daily
from detente.impact.flow.markets import of_rivals
from detente.impact.flow.switches import Switches
from detente.impact.network import Network
from detente.impact.optimum import Optimum
from detente.impact.optimum_programme import Table
from detente.impact.outcome import Outcome
from detente.impact.world import World
from detente.record import DetenteError

Adapting = Literal["nobody", "suppliers", "everybody"]
LAW: dict[End, flow_case.Law] = {"low": "high", "central": "allowed", "high": "low"}  # the least loss: most allowed
MILD: dict[End, End] = {
    "low": "high",
    "central": "central",
    "high": "low",
}  # of what spares losses, for each end of them
NEAR = 0.001  # how far from the optimum ranges look; with 1 % a fifth of the loss moves about at will
REST_DAYS, AT_REST = 730, 365  # a day's question is run for two years at least; its last year counts


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Days in which nothing changes, and what the two static models say of them, USD m a year.

    ``years`` is what a year's figure is multiplied by. ``held`` is units x 3: own sales that the law holds back at
    least, as the figure has it, and at most. ``value_added_share`` is that of the network.
    """

    since: dt.date
    through: dt.date
    years: float
    outcome: Outcome
    optimum: Optimum
    held: npt.NDArray[np.float64]
    value_added_share: npt.NDArray[np.float64]


def stretches(
    world: World, since: dt.date, through: dt.date, *, at_rest: bool, detail: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Stretch, ...]:  # fmt: skip
    """The static models over some days, one stretch after the other; ``at_rest``: as if the first day's law lasted.

    Without ``detail`` the optimum has ranges by side only.
    """
    days = world.days(since, through)
    found: list[Stretch] = []
    known: dict[bytes, Optimum] = {}
    for k, day in enumerate(days):
        network, law = Network.of(world.case, day), world.permits.on(day)
        end = days[k + 1] - dt.timedelta(days=1) if k + 1 < len(days) else through
        key = _key(network, law, world)
        if key not in known:
            known[key] = best_case(world, network, law, detail=detail)
        best = replace(known[key], day=day)
        years = 1.0 if at_rest else ((end - day).days + 1) / 365.25
        rows = network.rows
        held = np.column_stack(
            [
                np.bincount(network.seller, network.value * (1.0 - share[rows]), network.units.height)
                for share in (law.high, law.allowed, law.low)
            ]
        ).astype(np.float64)
        outcome = closing.run(network, law)
        found.append(Stretch(day, end, years, outcome, best, held, network.value_added_share))
        if progress is not None:
            progress(k + 1, len(days))
    return tuple(found)


def best_case(world: World, network: Network, law: OnDay, *, detail: bool = True) -> Optimum:
    """The optimum of a day with what the flow model may do too, and all spare capacity there could be."""
    assumed = world.assumptions
    return optimum.run(
        network, law, spare=assumed.spare.high, pairs=world.pairs(network),
        diversion=diversion(network, world.rivals_on(network.day), assumed.sigma.central), by="side",
        also=("party",) if detail else (),
        each_unit=None if detail else False, premium=assumed.premium.central, within=NEAR,
    )  # fmt: skip


def diversion(network: Network, rivals: pl.DataFrame, sigma: float) -> Table:
    """Share of each unit's final sales that goes to each rival once they are lost, n x n."""
    n = network.units.height
    if rivals.height == 0:
        return sparse.csc_array((n, n))
    market = of_rivals(network, rivals, sigma)
    row = np.repeat(np.arange(n), np.diff(market.ptr))
    return sparse.csc_array((market.share, (row, market.rival)), shape=(n, n))


def daily(
    world: World, since: dt.date, through: dt.date, *, at_rest: bool, end: End = "central",
    adapting: Adapting = "everybody",
) -> Daily:  # fmt: skip
    """The flow model over some days.

    ``end`` "central" takes every assumption at its central value and the figure of the law; "low" the most that may be
    allowed, the longest stocks, most spare capacity, quickest qualification and inputs that bind least; "high" the
    opposite. The nest correlation stays central, for neither end of it is mild to all. ``adapting``: "nobody"
    re-sources or takes over sales, and there is no spare capacity; "suppliers": re-sourcing and spare capacity, but no
    diversion of final sales; "everybody". ``at_rest``: the law of ``since`` lasts, see `rest_days`.

    Over a span the run starts on the first day of the world's permits, so that what came before counts.
    """
    if adapting not in get_args(Adapting):
        raise DetenteError(f"adapting: got {adapting!r}; expected one of {', '.join(get_args(Adapting))}.")
    assumed = world.assumptions
    networks = [Network.of(world.case, since)] if at_rest else [n for n in world.networks if n.day <= through]
    rivals = [world.rivals_on(n.day) for n in networks]
    found = flow_case.run(
        networks, world.permits, switches=switches(assumed, end, adapting),
        stock_days=[assumed.stocks(n, MILD[end]) for n in networks], tau=assumed.tau.central, law=LAW[end],
        newcomers=None if adapting == "nobody" else world.newcomers,
        rivals=[r if adapting == "everybody" else r.clear() for r in rivals], sigma=assumed.sigma.central,
        through=since if at_rest else through, lasting=rest_days(world, networks) if at_rest else None,
        owners=world.owners.filter(pl.col("since") <= (since if at_rest else through)),
    )  # fmt: skip
    return found if at_rest or since == world.first else found.window(since, through)


def rest_days(world: World, networks: Sequence[Network]) -> int:
    """Days that a day's law must last before the flow is taken to be at rest: the longest stock and a year more.

    Two years at least, of which the last counts.
    """
    longest = max((float(world.assumptions.stocks(n, "high").max(initial=0.0)) for n in networks), default=0.0)
    return max(REST_DAYS, int(np.ceil(longest)) + AT_REST)


def switches(assumed: Assumptions, end: End = "central", adapting: Adapting = "everybody") -> Switches:
    """The switches of the flow model for one end of the assumptions."""
    alone = adapting == "nobody"
    return replace(
        flow_case.SETTINGS, resource=not alone, spare_limit=1.0 + (0.0 if alone else assumed.spare.at(MILD[end])),
        spare_tau=assumed.spare_tau.at(end), qualification_days=round(assumed.qualification_days.at(end)),
        important=assumed.important.at(end),
    )  # fmt: skip


def _key(network: Network, law: OnDay, world: World) -> bytes:
    """What the optimum of a day depends on: two days alike have the same one."""
    rows = network.rows
    digest = hashlib.sha256()
    for part in (law.allowed[rows], law.low[rows], law.high[rows], network.value, network.link_class, network.output):
        digest.update(np.ascontiguousarray(part).tobytes())
    for seller, buyer in world.pairs(network).values():
        digest.update(seller.tobytes() + b"|" + buyer.tobytes())
    digest.update(network.units.select("unit", "party", "side").write_csv().encode())
    digest.update(world.rivals_on(network.day).write_csv().encode())
    return digest.digest()

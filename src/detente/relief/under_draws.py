"""Packages in worlds drawn from the ranges of the facts: the same worlds for every package."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import starmap

import numpy as np
import numpy.typing as npt

from detente.decide.permits import OnDay
from detente.impact.draws import Drawn, between, draw
from detente.impact.lasting import Lasting
from detente.impact.uncertainty import Common, common_of
from detente.record import DetenteError
from detente.relief.at_rest import AtRest
from detente.relief.capability import Supply, bound
from detente.relief.values import Floats

BATCH = 8  # draws sent to an executor at a time
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class UnderDraws:
    """What K packages come to in D worlds: ``gain`` D x K x S (USD m a year, by the flow model at rest, against the
    status quo of the same world), ``capability`` D x K x C (upper bound, a share of that world's).

    ``facts`` (kind, fact) and ``uniform`` (D x facts) say where in its range each fact was drawn.
    """

    gain: Floats
    capability: Floats
    facts: tuple[tuple[str, str], ...]
    uniform: Floats
    seed: int


def under_draws(
    at_rest: AtRest, packages: npt.ArrayLike, *, draws: int = 128, seed: int = 0, executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> UnderDraws:  # fmt: skip
    """Value K packages in ``draws`` worlds, drawn as `detente.impact.draws.draw` does.

    What the law leaves open is drawn too, one coordinate for all goods of a selling unit: where a sale may be wholly
    open or wholly closed it is open in half of the worlds; where a licence covers a part, the part is drawn.

    Raises ``DetenteError`` for packages of another width, or a number of draws that is none.
    """
    objectives, menu = at_rest.objectives, at_rest.objectives.menu
    table = np.asarray(packages, dtype=np.bool_)
    if table.ndim != 2 or table.shape[1] != menu.n_proposals:
        raise DetenteError(f"packages: got shape {table.shape}; expected K x {menu.n_proposals}.")
    rows = np.concatenate((np.zeros((1, menu.n_proposals), dtype=np.bool_), table))
    world = at_rest.world
    common, new_law, sellers = common_of(world, menu.network, menu.day)
    own = menu.shares(rows)
    fresh = at_rest.new_shares(rows)
    law = _envelope(world.permits.on(menu.day), own, menu.network.rows)
    new = None if new_law is None else _envelope(new_law, fresh, np.arange(len(sellers)))
    drawn = draw(
        menu.case, menu.network, law, new, sellers, common.rivals, world.assumptions, n=draws, seed=seed
    )  # fmt: skip
    coordinate = {name: drawn.uniform[:, k] for k, (kind, name) in enumerate(drawn.facts) if kind == "law"}
    names = menu.network.units["unit"].to_list()
    of_sale = [names[k] for k in menu.network.seller]
    side = menu.sides(rows)
    tagged = [objectives.tagged(c) for c in range(len(objectives.aims))]
    jobs = [
        _Job(
            common, drawn.part(slice(a, a + BATCH)), own, fresh,
            _part(coordinate, of_sale, a), _part(coordinate, list(sellers), a), side, tagged,
            [objectives.sides.index(a.of) for a in objectives.aims], len(objectives.sides),
            objectives.of == "value_added", objectives.fees(rows),
        )
        for a in range(0, draws, BATCH)
    ]  # fmt: skip
    gains, kept = [], []
    for k, (gain, capability) in enumerate(starmap(_run, ((j,) for j in jobs)) if executor is None
                                           else executor.map(_run, jobs)):  # fmt: skip
        gains.append(gain)
        kept.append(capability)
        if progress is not None:
            progress(min((k + 1) * BATCH, draws), draws)
    return UnderDraws(np.concatenate(gains)[:, 1:], np.concatenate(kept)[:, 1:], drawn.facts, drawn.uniform, seed)


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """Some worlds and all packages; the first row of the packages is the status quo. It can be sent to a process."""

    common: Common
    drawn: Drawn
    own: tuple[Floats, Floats, Floats]
    fresh: tuple[Floats, Floats, Floats]
    own_u: Floats
    fresh_u: Floats
    side: Ints
    tagged: list[npt.NDArray[np.bool_]]
    of: list[int]
    n_sides: int
    is_value_added: bool
    fees: Floats


def _run(job: _Job) -> tuple[Floats, Floats]:
    gains, kept = [], []
    for k in range(job.drawn.value.shape[0]):
        ready = Lasting.of_draw(job.common, job.drawn, k)
        allowed = _drawn_share(job.own, job.own_u[k])
        may = (_drawn_share(job.fresh, job.fresh_u[k]) >= 1.0).astype(np.float64)
        lost = ready.run(allowed, may)
        size = ready.network.revenue
        if job.is_value_added:
            size = size - np.bincount(ready.network.buyer, ready.network.value, size.size)
        money = (lost[:1] - lost) * size
        by_side = np.stack([np.where(job.side == s, money, 0.0).sum(axis=1) for s in range(job.n_sides)], axis=1)
        gains.append(by_side + job.fees if job.is_value_added else by_side)
        supply = Supply.of(ready.network)
        makes = bound(supply, allowed) * supply.revenue
        rows = []
        for tagged, s in zip(job.tagged, job.of, strict=True):
            whole = float(supply.revenue[tagged & (job.side[0] == s)].sum())
            part = np.where(tagged & (job.side == s), makes, 0.0).sum(axis=1)
            rows.append(part / whole if whole > 0 else np.zeros(part.size))
        kept.append(np.array(rows).reshape(len(rows), lost.shape[0]).T)
    return np.stack(gains), np.stack(kept)


def _drawn_share(share: tuple[Floats, Floats, Floats], u: Floats) -> Floats:
    """The share allowed of each sale under each package in one world: K x E, from figure, low and high."""
    figure, low, high = share
    wholly = (low <= 0.0) & (high >= 1.0) & ((figure <= 0.0) | (figure >= 1.0))
    found: Floats = np.where(wholly, np.where(u < 0.5, low, high), between(u, low, figure, high))
    return np.where(high > low, found, figure)


def _envelope(law: OnDay, share: tuple[Floats, Floats, Floats], rows: Ints) -> OnDay:
    """The law of a day as unsure as it is under any of the packages, so that each unsure sale has a coordinate."""
    low, high = law.low.copy(), law.high.copy()
    unsure = (share[2] > share[1]).any(axis=0)
    low[rows[unsure]] = np.minimum(low[rows[unsure]], share[1][:, unsure].min(axis=0))
    high[rows[unsure]] = np.maximum(high[rows[unsure]], share[2][:, unsure].max(axis=0))
    return replace(law, low=low, high=high)


def _part(coordinate: dict[str, Floats], sellers: list[str], first: int) -> Floats:
    """Where in its range the law on each sale is drawn, for the worlds of a batch; one half where it is sure."""
    table = [coordinate[s][first : first + BATCH] if s in coordinate else None for s in sellers]
    n = next((len(x) for x in table if x is not None), BATCH)
    return np.array([np.full(n, 0.5) if x is None else x for x in table]).reshape(len(sellers), n).T

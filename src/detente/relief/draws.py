"""Packages valued under draws of what is not known: the same draws for every package."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.impact.network import Network
from detente.impact.packages import evaluate, prepare, with_facts
from detente.record import DetenteError
from detente.relief.capability import Supply, bound

Floats = npt.NDArray[np.float64]
Weigh = Callable[[Floats], Floats]
"""From the output of the n units to what each side loses where a unit loses all of it: n x S, USD m a year."""


@dataclass(frozen=True, slots=True, eq=False)
class FactDraws:
    """D draws of the facts of a network of n units and E sales; what is None is as in the record in every draw.

    Attributes:
        value: D x E, yearly sales, USD m.
        output: D x n, yearly output, USD m; at least what the unit sells.
        link_class: D x E, 0 other, 1 important, 2 critical; the same for all sales of an input.
        used: D, or D x E, the share of what a package newly allows that is made use of, from 0 to 1.

    """

    n_draws: int
    value: Floats | None = None
    output: Floats | None = None
    link_class: npt.NDArray[np.int8] | None = None
    used: Floats | None = None


def by_owner(network: Network, sides: tuple[str, ...]) -> Weigh:
    """What each side loses is what its units lose."""
    side = network.units["side"].to_numpy()
    mine = np.stack([side == s for s in sides], axis=1).astype(np.float64)
    return lambda output: mine * output[:, None]


def under_draws(
    network: Network, allowed: Floats, today: Floats, draws: FactDraws, weigh: Weigh, tagged: Floats, *,
    executor: Executor | None = None,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Value K packages under D draws, for `robustness`: gain K x D x S, USD m a year, and capability K x D x C, shares.

    Each draw is a network of its own: losses by the cascade's figure, today's and every package's, and potential
    capability. Packages stand in lanes beside one another; draws go to the executor one by one.

    Args:
        network: n units, E sales.
        allowed: K x E, the share of each sale that each package allows. What a package does to owners is not in it.
        today: E, the same under the status quo.
        draws: see ``FactDraws``. What is used counts in gains only: a promise must hold if all of it is used.
        weigh: see ``by_owner``.
        tagged: n x C, 1 where a unit has the capability.
        executor: runs draws; None: one after the other. Answers do not depend on it.

    Raises:
        DetenteError: shapes that do not fit. NetworkError: a fact out of range.
    """
    E, n, D = network.value.size, network.units.height, draws.n_draws
    for name, array, shape in (
        ("allowed", allowed, (allowed.shape[0], E)), ("today", today, (E,)), ("value", draws.value, (D, E)),
        ("output", draws.output, (D, n)), ("link_class", draws.link_class, (D, E)),
        ("tagged", tagged, (n, tagged.shape[-1])),
    ):  # fmt: skip
        if array is not None and array.shape != shape:
            raise DetenteError(f"{name}: got shape {array.shape}; expected {shape}.")
    if draws.used is not None and draws.used.shape not in {(D,), (D, E)}:
        raise DetenteError(f"used: got shape {draws.used.shape}; expected ({D},) or ({D}, {E}).")
    if D < 1:
        raise DetenteError(f"draws: got {D}; expected at least one.")
    ready = prepare(network)

    def one(d: int) -> tuple[Floats, Floats]:
        here = _drawn(network, draws, d)
        facts = with_facts(ready, value=here.value, output=here.output, link_class=here.link_class)
        used = 1.0 if draws.used is None else draws.used[d]
        share = np.concatenate((today[None, :], today + (allowed - today) * used))
        lost = evaluate(facts, share, readings="figure", weights=weigh(here.output))["figure"].sums
        supply = Supply.of(here)
        weight = tagged * supply.revenue[:, None]
        weight = np.divide(weight, weight.sum(axis=0), out=np.zeros_like(weight), where=weight.sum(axis=0) > 0)
        return lost[0] - lost[1:], bound(supply, allowed) @ weight

    parts = list(executor.map(one, range(D)) if executor is not None else map(one, range(D)))
    return np.stack([p[0] for p in parts], axis=1), np.stack([p[1] for p in parts], axis=1)


def _drawn(network: Network, draws: FactDraws, d: int) -> Network:
    """The network of one draw."""
    units = network.units
    if draws.output is not None:
        units = units.with_columns(pl.Series("output_usd_m", draws.output[d]))
    return replace(
        network,
        units=units,
        value=network.value if draws.value is None else np.ascontiguousarray(draws.value[d]),
        link_class=network.link_class if draws.link_class is None else np.ascontiguousarray(draws.link_class[d]),
    )

"""The optimum as bounds alone: the least that is lost in all, and by each side, without frames; for many draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detente.impact.network import Network
from detente.impact.optimum_pools import Floats, Ints
from detente.impact.optimum_programme import Table, programme
from detente.impact.optimum_solver import extremes, hold, solve

NOISE = 1e-9  # of all value added: below it a difference is rounding


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """``value_added_usd_m`` is the least loss of value added in all; ``low`` and ``high`` those of output by group."""

    value_added_usd_m: float
    low: Floats
    high: Floats


def bounds(
    network: Network, share: Floats, group: Ints, n_groups: int, *, spare: float, diversion: Table,
    pairs: tuple[Ints, Ints], premium: float, within: float, time_limit_s: float = 60.0,
) -> Bounds:  # fmt: skip
    """What `detente.impact.optimum.run` says of one reading of the law, for groups of units numbered in ``group``.

    ``share`` is what is allowed of each sale of the network. Raises ``DetenteError`` where no optimum is found.
    """
    n = network.units.height
    p = programme(
        network, share, spare=np.full(n, spare), market=np.full(n, -1), resourcing=True, premium=premium,
        diversion=diversion, pairs=pairs,
    )  # fmt: skip
    solved = solve(p, method=None, time_limit_s=time_limit_s)
    least = p.start - solved.value
    hold(solved, within * abs(least) + NOISE * abs(p.start))
    makes = np.divide(network.output, p.revenue, out=np.zeros(n), where=p.revenue > 0)
    ends = np.zeros((n_groups, 2))
    for g in range(n_groups):
        weight = np.where(group == g, makes, 0.0)
        low, high = extremes(solved, weight, time_limit_s)
        whole = float(weight @ p.revenue)
        ends[g] = whole - high, whole - low
    return Bounds(least * p.scale, ends[:, 0], ends[:, 1])

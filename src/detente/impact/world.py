"""A case made ready for the three models: its law, its networks, who else could supply, whose each unit is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from detente.decide import Permits, permits
from detente.impact.assumptions import Assumptions
from detente.impact.flow.segments import networks_of
from detente.impact.market import rivals
from detente.impact.network import Network
from detente.impact.newcomers import Newcomers, newcomers
from detente.impact.optimum import Pairs
from detente.impact.owners import owners_of
from detente.record import Case


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What all runs over the same days of a case share.

    ``permits`` and ``newcomers`` hold from ``first`` to ``last``; ``networks`` has one network for each stretch in
    which no unit, sale or input starts or ends, ``rivals`` the sellers in its markets, ``owners`` whose each unit is
    over time. Take another law with ``dataclasses.replace(world, permits=..., newcomers=...)``.
    """

    case: Case
    first: dt.date
    last: dt.date
    permits: Permits
    newcomers: Newcomers | None
    networks: tuple[Network, ...]
    rivals: tuple[pl.DataFrame, ...]
    owners: pl.DataFrame
    assumptions: Assumptions = field(default_factory=Assumptions)

    @classmethod
    def of(
        cls, case: Case, first: dt.date, last: dt.date, *, assumptions: Assumptions | None = None,
        permits_of: Permits | None = None, progress: Callable[[int, int], None] | None = None,
    ) -> World:  # fmt: skip
        """Make a case ready for some days; ``permits_of`` spares deciding what is decided already.

        Raises ``DetenteError`` where the days are in the wrong order.
        """
        law = permits(case, first, last) if permits_of is None else permits_of
        if progress is not None:
            progress(1, 2)
        others = newcomers(case, first, last)
        if progress is not None:
            progress(2, 2)
        networks = networks_of(case, first, last)
        return cls(
            case, first, last, law, others, networks, tuple(rivals(case, n) for n in networks),
            owners_of(case, case["units"]["id"].to_list(), first, last), assumptions or Assumptions(),
        )  # fmt: skip

    def days(self, since: dt.date, through: dt.date) -> list[dt.date]:
        """The days between on which permits, units, sales, inputs or owners change, and the first one."""
        days = {since, *self.permits.days(), *(n.day for n in self.networks), *self.owners["since"]}
        if self.newcomers is not None:
            days |= set(self.newcomers.permits.days())
        return sorted(d for d in days if since <= d <= through)

    def rivals_on(self, day: dt.date) -> pl.DataFrame:
        """The sellers in the markets of a day."""
        return next(r for n, r in zip(reversed(self.networks), reversed(self.rivals), strict=True) if n.day <= day)

    def pairs(self, network: Network) -> dict[str, Pairs]:
        """Sales that could be and that the law allows on the network's day, by reading of the law."""
        none = np.zeros(0, dtype=np.int64)
        if self.newcomers is None:
            return dict.fromkeys(("allowed", "high", "low"), (none, none))
        at = {u: k for k, u in enumerate(network.units["unit"])}
        seller = np.array([at.get(u, -1) for u in self.newcomers.seller], dtype=np.int64)
        buyer = np.array([at.get(u, -1) for u in self.newcomers.buyer], dtype=np.int64)
        law = self.newcomers.permits.on(network.day)
        answer = {}
        for name, share in (("allowed", law.allowed), ("high", law.high), ("low", law.low)):
            use = (share >= 1.0) & (seller >= 0) & (buyer >= 0)
            answer[name] = seller[use], buyer[use]
        return answer

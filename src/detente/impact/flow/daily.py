"""What the flow model says of a case: output of each unit, day by day, and whose it is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from detente.impact.flow._kernels import F64
from detente.record import DetenteError

STOPPED = 0.01  # a unit whose output is below this share of what it would be has stopped
NOISE = 1e-7  # of a unit's output: smaller differences are rounding
_SUMS = ("output_usd_m", "lost_usd_m", "gained_usd_m", "diverted_usd_m", "loss_usd_m")


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """Output with and without the measures, USD m a day: days x units, in the order of ``units``.

    ``units`` is the frame of the network (of several: each unit once); day 0 is ``first``. ``baseline`` is output
    without the measures, 0 while a unit does not exist. ``diverted`` is final demand that a unit took over from rivals
    who could not meet it. ``owners`` says whose a unit is from which day on (`detente.impact.owners`). ``stops`` is the
    first day on which each unit makes less than a hundredth of its baseline, None where it never does; it is that of
    the whole run, also after `window`. ``settings`` and ``record`` say what it was computed with. Lost output is gross,
    and neither welfare nor profit.
    """

    first: dt.date
    units: pl.DataFrame
    output: F64
    baseline: F64
    diverted: F64
    owners: pl.DataFrame
    stops: tuple[dt.date | None, ...]
    settings: dict[str, float | int | str | bool]
    record: str

    @property
    def loss(self) -> F64:
        """Output lost each day, USD m; below 0 where a unit gains."""
        lost: F64 = self.baseline - self.output
        return np.where(np.abs(lost) <= NOISE * self.baseline, 0.0, lost)

    @property
    def n_days(self) -> int:
        """Days that were run."""
        return int(self.output.shape[0])

    def window(self, since: dt.date, through: dt.date) -> Daily:
        """The same for a part of the days, both ends inclusive. Raises ``DetenteError`` for days outside."""
        a, b = (since - self.first).days, (through - self.first).days + 1
        if not 0 <= a < b <= self.n_days:
            raise DetenteError(f"{since} to {through}: outside the days that were run from {self.first}.")
        return replace(
            self, first=since, output=self.output[a:b], baseline=self.baseline[a:b], diverted=self.diverted[a:b]
        )

    def owned(self) -> pl.DataFrame:
        """One row a unit and owner: unit, name, party, party_name, side, country, item, and sums over all days, USD m.

        The sums: output_usd_m without the measures, loss_usd_m (net), lost_usd_m and gained_usd_m (its two parts),
        diverted_usd_m (final demand taken over from rivals).
        """
        days = [max(0, (d - self.first).days) for d in self.owners["since"].unique().sort()]
        cuts = sorted({0, *(d for d in days if d < self.n_days)})
        parts = []
        for a, b in zip(cuts, [*cuts[1:], self.n_days], strict=True):
            day = self.first + dt.timedelta(days=a)
            whose = self.owners.filter(pl.col("since") <= day).sort("since").unique("unit", keep="last")
            sums = self.units.select("unit", "name", "country", "item").with_columns(
                pl.Series("output_usd_m", self.baseline[a:b].sum(axis=0)),
                pl.Series("loss_usd_m", self.loss[a:b].sum(axis=0)),
                pl.Series("diverted_usd_m", self.diverted[a:b].sum(axis=0)),
            )
            parts.append(sums.join(whose.drop("since"), on="unit", how="left", maintain_order="left"))
        keys = ("unit", "name", "party", "party_name", "side", "country", "item")
        loss = pl.col("loss_usd_m")
        return (
            pl.concat(parts).group_by(*keys, maintain_order=True)
            .agg(pl.col("output_usd_m", "loss_usd_m", "diverted_usd_m").sum())
            .with_columns(
                loss.clip(lower_bound=0.0).alias("lost_usd_m"),
                (0.0 - loss).clip(lower_bound=0.0).alias("gained_usd_m"),
            )
            .select(*keys, *_SUMS)
        )  # fmt: skip

    def by_unit(self) -> pl.DataFrame:
        """One row a unit with its last owner: the sums of `owned`, the loss as a share, the first day it stops."""
        last = self.owners.sort("since").unique("unit", keep="last").drop("since")
        whole = self.owned().group_by("unit").agg(pl.col(c).sum() for c in _SUMS)
        return (
            self.units.select("unit", "name", "country", "item")
            .join(last, on="unit", how="left", maintain_order="left")
            .join(whole, on="unit", how="left", maintain_order="left")
            .select("unit", "name", "party", "party_name", "side", "country", "item", *_SUMS)
            .with_columns(_share(), pl.Series("stops", self.stops, dtype=pl.Date))
        )

    def by_party(self) -> pl.DataFrame:
        """One row a party and side, the largest loss first."""
        found = self._by("party", "party_name", "side")
        return found.sort("loss_usd_m", "party", descending=[True, False])

    def by_side(self) -> pl.DataFrame:
        """One row a side: output without the measures, losses, gains, and their balance over all days, USD m."""
        return self._by("side")

    def by_country(self) -> pl.DataFrame:
        """One row a country of units."""
        return self._by("country")

    def by_day(self) -> pl.DataFrame:
        """One row a day and side: output and loss, USD m; each unit counts for the side of its owner of the day."""
        sides = sorted(set(self.owners["side"]))
        code = np.zeros(self.output.shape, dtype=np.int64)
        place = {u: k for k, u in enumerate(self.units["unit"])}
        number = {s: k for k, s in enumerate(sides)}
        for unit, since, side in self.owners.sort("since").select("unit", "since", "side").iter_rows():
            if unit in place:
                code[max(0, (since - self.first).days) :, place[unit]] = number[side]
        loss = self.loss
        days = [self.first + dt.timedelta(days=t) for t in range(self.n_days)]
        parts = [
            pl.DataFrame(
                {
                    "day": days,
                    "side": side,
                    "output_usd_m": (self.output * (code == k)).sum(axis=1),
                    "loss_usd_m": (loss * (code == k)).sum(axis=1),
                }
            )
            for k, side in enumerate(sides)
        ]
        return pl.concat(parts).sort("day", "side")

    def _by(self, *keys: str) -> pl.DataFrame:
        return self.owned().group_by(*keys).agg(pl.col(c).sum() for c in _SUMS).with_columns(_share()).sort(*keys)


def _share() -> pl.Expr:
    return (pl.col("loss_usd_m") / pl.col("output_usd_m")).fill_nan(0.0).alias("loss_share")


def stop_days(first: dt.date, output: F64, baseline: F64) -> tuple[dt.date | None, ...]:
    """The first day on which each unit has stopped."""
    stopped = (output < STOPPED * baseline) & (baseline > 0)
    at = np.where(np.any(stopped, axis=0), stopped.argmax(axis=0), -1).tolist()
    return tuple(None if k < 0 else first + dt.timedelta(days=k) for k in at)

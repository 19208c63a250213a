"""One answer from three models: what nobody's adapting, the days as they come, and everybody's adapting would cost."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import polars as pl

from detente.impact import bracketing
from detente.impact.bracketing import BY, LEAST, Of
from detente.impact.flow.daily import Daily
from detente.impact.outcome import Outcome
from detente.impact.path import Path
from detente.impact.runs import Stretch
from detente.record import DetenteError


@dataclass(frozen=True, slots=True, eq=False)
class Bracket:
    """What the measures cost by three models of one network, from ``since`` to ``through``, both inclusive.

    ``at_rest``: the law of one day (``since``) as if it lasted, USD m a year; the flow is then averaged over the last
    year of its ``flow_days``. Else USD m over the span. ``flow`` is the central run, ``flow_low`` and ``flow_high`` its
    milder and harsher ones (`detente.impact.runs.daily`), ``flow_alone`` and ``flow_resourced`` what it is made up of:
    without any adapting, and with all of it but rivals' taking over final sales. Each has all its days.
    ``stretches`` are what cascade and optimum say of the days between two changes.

    The range of a figure runs over the models: from the optimum's low end (or a lower figure of the others) to the
    cascade's high end (or the flow's figure above it), each with the name of its model. Lost output is neither welfare
    nor profit.
    """

    since: dt.date
    through: dt.date
    at_rest: bool
    stretches: tuple[Stretch, ...]
    flow: Daily
    flow_low: Daily
    flow_high: Daily
    flow_alone: Daily
    flow_resourced: Daily
    settings: dict[str, float | int | str | bool]
    record: str

    @property
    def amounts(self) -> str:
        """What an amount is: "USD m a year", or "USD m from DAY to DAY"."""
        return "USD m a year" if self.at_rest else f"USD m from {self.since} to {self.through}"

    @property
    def day(self) -> dt.date:
        """The day the question was about, or the first of the span."""
        return self.since

    @property
    def cascade(self) -> Outcome | Path:
        """What the cascade says: of the day, or of the span."""
        outcomes = tuple(s.outcome for s in self.stretches)
        return outcomes[0] if self.at_rest else Path(outcomes, self.through)

    @property
    def units(self) -> pl.DataFrame:
        """`by_unit`."""
        return self.by_unit()

    def by_unit(self, of: Of = "output") -> pl.DataFrame:
        """One row a unit and owner, the largest loss first. See `by_side`."""
        found = self._by("unit", of)
        return found.sort("loss_usd_m", "unit", "party", descending=[True, False, False])

    def by_party(self, of: Of = "output") -> pl.DataFrame:
        """One row a party and side, the largest loss first. See `by_side`."""
        return self._by("party", of).sort("loss_usd_m", "party", descending=[True, False])

    def by_side(self, of: Of = "output") -> pl.DataFrame:
        """One row a side.

        ``of`` output or value added: ``output_usd_m`` without the measures, ``loss_usd_m`` (the flow's figure) with
        ``_low`` and ``_high`` over the three models, ``low_from``, ``from`` and ``high_from`` (which model said so),
        ``is_supported`` (the two ends are within a factor of three), then each model's own figure and range:
        optimum_usd_m_low, optimum_usd_m_high (it has no figure), flow_usd_m with _low and _high, cascade_usd_m with
        _low and _high; and ``direct_usd_m`` and ``network_usd_m``, the parts of the flow's figure that own sales held
        back by the law explain, and that came through the network. A loss below 0 is a gain.

        ``of`` sales: own sales that the law holds back, which is the law's and no model's: sales_usd_m with _low and
        _high.
        """
        return self._by("side", of).sort("side")

    def by_country(self, of: Of = "output") -> pl.DataFrame:
        """One row a country of units, without the optimum, whose ranges are by unit, party and side."""
        return self._by("country", of).sort("country")

    def by_day(self) -> pl.DataFrame:
        """One row a day and side, USD m a day: output lost by the flow, with its range, and by the two static models.

        Columns: day, side, flow_usd_m with _low and _high, cascade_usd_m with _low and _high, optimum_usd_m_low and
        _high. A static model says the same of each day in a stretch. At rest the days are those of the flow's run.
        """
        flow = [d.by_day().select("day", "side", "loss_usd_m") for d in (self.flow, self.flow_low, self.flow_high)]
        table = flow[0].rename({"loss_usd_m": "flow_usd_m"})
        for frame, name in zip(flow[1:], ("a", "b"), strict=True):
            table = table.join(
                frame.rename({"loss_usd_m": name}), on=["day", "side"], how="left", maintain_order="left"
            )
        ends = ("flow_usd_m", "a", "b")
        table = table.with_columns(
            pl.min_horizontal(ends).alias("flow_usd_m_low"), pl.max_horizontal(ends).alias("flow_usd_m_high")
        ).drop("a", "b")
        static = pl.concat(bracketing.static_day(s) for s in self.stretches)
        parts = [
            table.filter(pl.col("side") == side).sort("day").join_asof(
                static.filter(pl.col("side") == side).drop("side").sort("day"), on="day", strategy="backward")
            for side in table["side"].unique().sort()
        ]  # fmt: skip
        return pl.concat(parts).sort("day", "side")

    def gains(self, by: Literal["unit", "party", "side", "country"] = "unit") -> pl.DataFrame:
        """Who makes more than without the measures, by the flow: gained_usd_m with range, and diverted_usd_m of it.

        One row a unit (or party, side, country) that gains, the largest first. The range is that of the flow's three
        runs; ``diverted_usd_m`` is final demand taken over from rivals, the rest sales of parts to new buyers or to
        rivals that grew.
        """
        keys = [k for k in BY[by] if k != "name" or by == "unit"]
        figure, low, high = (
            d.owned().group_by(*keys).agg(pl.col("gained_usd_m", "diverted_usd_m").sum()) for d in self._counted()
        )
        for frame, name in ((low, "a"), (high, "b")):
            figure = figure.join(frame.select(*keys, pl.col("gained_usd_m").alias(name)), on=keys, how="left")
        table = figure
        ends = ("gained_usd_m", "a", "b")
        return (
            table.with_columns(
                pl.min_horizontal(ends).abs().alias("gained_usd_m_low"),
                pl.max_horizontal(ends).alias("gained_usd_m_high"),
            )
            .filter(pl.col("gained_usd_m_high") > LEAST)
            .select(*keys, "gained_usd_m", "gained_usd_m_low", "gained_usd_m_high", "diverted_usd_m")
            .sort("gained_usd_m", *keys[:1], descending=[True, False])
        )

    def stops(self) -> pl.DataFrame:
        """Units that stop by the flow: unit, name, party, side, ``stops`` (first day), earliest and latest.

        Earliest and latest are of the harsher and the milder run; null: it does not stop in that run. In a question
        about one day the days are counted from it, as if its law had begun then with full stocks.
        """
        runs = [d.by_unit().select("unit", "stops") for d in (self.flow, self.flow_high, self.flow_low)]
        last = self.flow.by_unit().select("unit", "name", "party", "party_name", "side")
        table = last.join(runs[0], on="unit").join(runs[1].rename({"stops": "earliest"}), on="unit")
        table = table.join(runs[2].rename({"stops": "latest"}), on="unit")
        some = pl.any_horizontal(pl.col("stops", "earliest", "latest").is_not_null())
        return table.filter(some).sort("stops", "earliest", "unit", nulls_last=True)

    def waterfall(self) -> pl.DataFrame:
        """From sales that the law holds back to what is lost in the end: side, step, usd_m, total_usd_m.

        Steps: ``held`` (own sales that the law holds back), ``network`` (what the cascade adds), ``stocks`` (what
        stocks, time and goods freed for other buyers take off), ``resourced`` (new suppliers and spare capacity),
        ``diverted`` (final sales that rivals take over), and ``left``, the flow's figure, which is the sum. A step
        below 0 takes off. What a step is worth depends on those before it: this is one order of several.
        """
        held = dict(self.by_side("sales").select("side", "sales_usd_m").iter_rows())
        cascade = dict(self.by_side().select("side", "cascade_usd_m").iter_rows())
        flows = [
            dict(self._count(d).by_side().select("side", "loss_usd_m").iter_rows())
            for d in (self.flow_alone, self.flow_resourced, self.flow)
        ]
        rows = []
        for side in sorted(flows[2]):
            levels = [held.get(side, 0.0), cascade.get(side, 0.0), *(f.get(side, 0.0) for f in flows)]
            steps = [levels[0], *(b - a for a, b in pairwise(levels)), levels[-1]]
            names = ("held", "network", "stocks", "resourced", "diverted", "left")
            rows += [(side, n, s, t) for n, s, t in zip(names, steps, [*levels, levels[-1]], strict=True)]
        schema = {"side": pl.String, "step": pl.String, "usd_m": pl.Float64, "total_usd_m": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _count(self, run: Daily) -> Daily:
        """The days of a run that count: the last year at rest, the span else."""
        if not self.at_rest:
            return run
        last = run.first + dt.timedelta(days=run.n_days - 1)
        return run.window(last - dt.timedelta(days=364), last)

    def _counted(self) -> tuple[Daily, Daily, Daily]:
        return self._count(self.flow), self._count(self.flow_low), self._count(self.flow_high)

    def _by(self, by: str, of: Of) -> pl.DataFrame:
        keys = list(BY[by])
        if of == "sales":
            return bracketing.held(self.stretches, keys)
        if of not in ("output", "value_added"):
            raise DetenteError(f"of: got {of!r}; expected output, value_added or sales.")
        table = bracketing.cascade(self.stretches, keys, of)
        table = table.join(bracketing.flow(self._counted(), self.stretches, keys, of), on=keys, how="left")
        if by == "country":
            table = table.with_columns(pl.lit(None, pl.Float64).alias(e) for e in bracketing.ENDS)
        else:
            table = table.join(bracketing.optimum(self.stretches, by, keys, of), on=keys, how="left")
        return bracketing.bracketed(table, keys)

"""What a model says a set of permits costs, by unit, party and side: all that relief and report know of the economy."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Losses against the same world without the measures, USD m a year.

    ``units`` has a row a unit: unit, name, party, party_name, side, country, item, output_usd_m, tags;
    ``closed_sales_usd_m`` and ``closed_inputs_usd_m`` (own sales and purchases that the law closes),
    ``unknown_sales_usd_m`` and ``unknown_inputs_usd_m`` (those whose verdict is not known),
    ``loss_share`` and ``loss_usd_m`` (output lost once it has run through the network) with ``_low`` and ``_high``, and
    ``binds``: ``inputs`` or ``sales``, whichever channel takes more, empty where nothing is lost. ``links`` has a row a
    sale: link, seller, buyer, value_usd_m, allowed, closed_usd_m, unknown_usd_m.

    ``model``, ``settings`` and ``record`` (digest of the case) say what it was computed with. The range is of what is
    not known about the law, about how inputs bind and about who can be replaced, as the model's own text says; it is
    not yet that of the figures in the record. Lost output is not welfare, and lost sales are not lost profit.
    """

    model: str
    day: dt.date
    units: pl.DataFrame
    links: pl.DataFrame
    settings: dict[str, float | int | str | bool]
    record: str

    def by_side(self) -> pl.DataFrame:
        """One row a side: output, closed sales, loss with range, USD m a year."""
        return self._by("side")

    def by_party(self) -> pl.DataFrame:
        """One row a party, the largest loss first."""
        return self._by("party", "party_name", "side").sort("loss_usd_m", "party", descending=[True, False])

    def by_country(self) -> pl.DataFrame:
        """One row a country of units."""
        return self._by("country")

    def _by(self, *keys: str) -> pl.DataFrame:
        sums = (
            "output_usd_m", "closed_sales_usd_m", "unknown_sales_usd_m", "closed_inputs_usd_m", "unknown_inputs_usd_m",
            "loss_usd_m", "loss_usd_m_low", "loss_usd_m_high",
        )  # fmt: skip
        table = self.units.group_by(*keys, maintain_order=True).agg(pl.col(c).sum() for c in sums)
        share = (pl.col("loss_usd_m") / pl.col("output_usd_m")).fill_nan(0.0).alias("loss_share")
        return table.with_columns(share).sort(*keys)

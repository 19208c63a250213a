"""What a day's verdicts add up to: by kind, by item, and how much might be sold at least and at most."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from detente.decide import Permits
from detente.record import Case
from detente.report.story import KINDS, sales_on


@dataclass(frozen=True, slots=True)
class DayTotal:
    """Sales to the focus units on a day, USD m a year.

    ``kinds`` adds up to ``value_usd_m``. ``may_usd_m`` is what may be sold (open, under a general licence or licensed);
    its range takes the unknown as closed (low) and as open (high) and licences at the ends of what they cover.
    ``sold_usd_m`` is the part of it that is bought by units which the focus group has sold by that day.
    """

    day: dt.date
    value_usd_m: float
    kinds: dict[str, float]
    may_usd_m: float
    may_low: float
    may_high: float
    sold_usd_m: float
    n_sellers: int
    n_sellers_open: int

    def share(self, kind: str) -> float:
        """The part of the sales that is of a kind."""
        return self.kinds[kind] / self.value_usd_m if self.value_usd_m else 0.0


def day_total(case: Case, permits: Permits, day: dt.date) -> DayTotal:
    """Add up the sales to the focus units on a day."""
    now = permits.on(day)
    reach = pl.DataFrame({"link": permits.links, "low": now.low, "high": now.high})
    party = case["units"].select(pl.col("id").alias("seller"), "party")
    sales = (
        sales_on(case, permits, day)
        .join(reach, on="link", how="left", maintain_order="left")
        .join(party, on="seller", how="left", maintain_order="left")
    )
    value = pl.col("value_usd_m")
    kinds = {k: float(sales[k].sum()) for k in KINDS}

    def added(expr: pl.Expr) -> float:
        return float(sales.select(expr.sum()).item())

    return DayTotal(
        day=day,
        value_usd_m=added(value),
        kinds=kinds,
        may_usd_m=kinds["open"] + kinds["general licence"] + kinds["licensed"],
        may_low=added(value * pl.col("low")),
        may_high=added(value * pl.col("high")),
        sold_usd_m=added(pl.when("is_sold").then(value * pl.col("allowed")).otherwise(0.0)),
        n_sellers=sales["party"].n_unique(),
        n_sellers_open=sales.filter(pl.col("state").is_in(["open", "capped"]))["party"].n_unique(),
    )


def by_item(case: Case, permits: Permits, day: dt.date) -> pl.DataFrame:
    """USD m a year by item on a day: item, name, value_usd_m and a column for each kind, largest first."""
    items = case["items"].select(pl.col("id").alias("item"), "name")
    return (
        sales_on(case, permits, day)
        .group_by("item", maintain_order=True)
        .agg(pl.col("value_usd_m").sum(), *(pl.col(k).sum() for k in KINDS))
        .join(items, on="item", how="left", maintain_order="left")
        .sort("value_usd_m", "item", descending=[True, False])
    )


def flows(case: Case, permits: Permits, day: dt.date, *, at_most: Sequence[int] = (7, 11, 8)) -> pl.DataFrame:
    """Sales on a day for a flow chart: country, item and buyer as names, kind, value_usd_m.

    The smallest countries, items and buyers, beyond ``at_most`` of each, are one "other".
    """
    items = case["items"].select(pl.col("id").alias("item"), pl.col("name").alias("item_name"))
    units = case["units"].select(pl.col("id").alias("buyer"), pl.col("name").alias("buyer_name"))
    table = (
        sales_on(case, permits, day)
        .join(items, on="item", how="left", maintain_order="left")
        .join(units, on="buyer", how="left", maintain_order="left")
        .unpivot(
            on=list(KINDS),
            index=["country", "item", "item_name", "buyer", "buyer_name"],
            variable_name="kind",
            value_name="usd_m",
        )
        .filter(pl.col("usd_m") > 0)
        .with_columns(pl.col("country").fill_null("ZZ"))
    )
    for column, most, other in zip(("country", "item", "buyer"), at_most, ("countries", "items", "units"), strict=True):
        ranked = table.group_by(column).agg(pl.col("usd_m").sum()).sort("usd_m", column, descending=[True, False])
        if ranked.height > most:
            small = ranked[column].to_list()[most - 1 :]
            named = [column] if column == "country" else [column, f"{column}_name"]
            rest = pl.lit(f"{len(small)} other {other}")
            table = table.with_columns(
                pl.when(pl.col(column).is_in(small)).then(rest).otherwise(pl.col(n)).alias(n) for n in reversed(named)
            )
    return (
        table.group_by("country", "item", "item_name", "buyer", "buyer_name", "kind", maintain_order=True)
        .agg(pl.col("usd_m").sum().alias("value_usd_m"))
        .sort("value_usd_m", "country", "item", "buyer", "kind", descending=[True, False, False, False, False])
    )

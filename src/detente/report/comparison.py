"""What one state of the law brings against another, by all models of cost: who would lose less, who more."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from detente.impact.models import Bracket

KEYS = {"side": ("side",), "party": ("party", "party_name", "side"), "unit": ("unit", "name", "side")}
MODELS = ("optimum", "flow", "cascade")
OWNED = ("party", "party_name", "side")


def compared(now: Bracket, then: Bracket, by: str = "side") -> pl.DataFrame:
    """What each side, party or unit gains from ``now`` to ``then``, USD m a year, the largest change first.

    Columns: the keys of ``by``; gain (the flow's figure), low and high over the models; and for each model MODEL_low,
    MODEL (not for the optimum, which has no figure) and MODEL_high, each end against the same end of ``now``. What a
    unit that is sold in between no longer loses is gained by its new owner, as in the search. Raises ``KeyError`` for
    another ``by``.
    """
    keys = KEYS[by]
    units = now.by_unit(), then.by_unit()
    before, after = {
        "side": lambda: (now.by_side(), then.by_side()),
        "party": lambda: (now.by_party(), then.by_party()),
        "unit": lambda: units,
    }[by]()
    models = [m for m in MODELS if before[f"{m}_usd_m_low"].null_count() < before.height]
    columns = [f"{m}_usd_m{e}" for m in models for e in ("_low", "", "_high") if (m, e) != ("optimum", "")]
    parts = [before.select(*keys, *columns), after.select(*keys, *(-pl.col(c) for c in columns))]
    both = pl.concat([*parts, *_moved(*units, keys, columns)]).group_by(*keys).agg(pl.col(c).sum() for c in columns)
    found: list[pl.Expr] = []
    for m in models:
        mine = [pl.col(c) for c in columns if c.startswith(m)]
        found += [pl.min_horizontal(mine).alias(f"{m}_low"), pl.max_horizontal(mine).alias(f"{m}_high")]
        found += [] if m == "optimum" else [pl.col(f"{m}_usd_m").alias(m)]
    if "optimum" in models:
        found.append(pl.col("optimum_usd_m_low").alias("optimum_end"))
    table = both.select(*keys, *found).with_columns(
        pl.col("flow").alias("gain"),
        pl.min_horizontal([f"{m}_low" for m in models]).alias("low"),
        pl.max_horizontal([f"{m}_high" for m in models]).alias("high"),
    )
    return table.sort(pl.col("gain").abs().round(6), *keys, descending=[True, *[False] * len(keys)])


def _moved(
    now: pl.DataFrame, then: pl.DataFrame, keys: Sequence[str], columns: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The losses that units sold in between had: taken from the old owner, and put with the new one."""
    owners = then.select("unit", pl.col(*OWNED).name.suffix("_new"))
    sold = now.join(owners, on="unit", how="inner").filter(pl.col("party") != pl.col("party_new"))
    new = [pl.col(f"{k}_new").alias(k) if k in OWNED else pl.col(k) for k in keys]
    return sold.select(*keys, *(-pl.col(c) for c in columns)), sold.select(*new, *columns)

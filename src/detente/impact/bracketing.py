"""What each of the three models says, as frames with the same keys, and the range over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from detente.impact.flow.daily import Daily
from detente.impact.runs import Stretch

Of = Literal["output", "value_added", "sales"]
FACTOR = 3.0  # where the models' ends are further apart than this, no headline number is supported
UNIT = ("unit", "name", "party", "party_name", "side", "country", "item")
BY = {"unit": UNIT, "party": ("party", "party_name", "side"), "side": ("side",), "country": ("country",)}
LEAST = 1e-6  # USD m: less than that is rounding
ENDS = ("optimum_usd_m_low", "optimum_usd_m_high")
FIGURES = {"optimum": "optimum_usd_m_low", "flow": "flow_usd_m", "cascade": "cascade_usd_m"}  # low end: the least of
HIGHEST = {"cascade": "cascade_usd_m_high", "flow": "flow_usd_m"}


def held(stretches: Sequence[Stretch], keys: Sequence[str]) -> pl.DataFrame:
    """Own sales that the law holds back: sales_usd_m with range."""
    names = ("sales_usd_m_low", "sales_usd_m", "sales_usd_m_high")
    parts = []
    for s in stretches:
        columns = [pl.Series(n, s.held[:, k] * s.years) for k, n in enumerate(names)]
        parts.append(s.outcome.units.select(*UNIT).with_columns(*columns))
    return pl.concat(parts).group_by(*keys).agg(pl.col(n).sum() for n in names)


def cascade(stretches: Sequence[Stretch], keys: Sequence[str], of: Of) -> pl.DataFrame:
    """Output without the measures, the cascade's figure with range, and ``held``."""
    parts = []
    for s in stretches:
        rate, loss = _rate(s, of), {f"cascade_usd_m{end}": f"loss_usd_m{end}" for end in ("", "_low", "_high")}
        parts.append(
            s.outcome.units.select(
                *UNIT,
                pl.col("output_usd_m") * rate,
                *((pl.col(c) * rate).alias(n) for n, c in loss.items()),
                pl.Series("held", s.held[:, 1] * s.years),
            )
        )
    sums = ("output_usd_m", "cascade_usd_m", "cascade_usd_m_low", "cascade_usd_m_high", "held")
    return pl.concat(parts).group_by(*keys).agg(pl.col(n).sum() for n in sums)


def flow(runs: Sequence[Daily], stretches: Sequence[Stretch], keys: Sequence[str], of: Of) -> pl.DataFrame:
    """The flow's figure, from the first run, and its range over all of them."""
    rates = pl.concat(
        s.outcome.units.select("unit").with_columns(pl.Series("rate", s.value_added_share)) for s in stretches
    ).unique("unit", keep="last")
    names = [f"run_{k}" for k in range(len(runs))]
    tables = []
    for run, name in zip(runs, names, strict=True):
        owned = run.owned().join(rates, on="unit", how="left")
        loss = pl.col("loss_usd_m") * (pl.col("rate").fill_null(1.0) if of == "value_added" else 1.0)
        tables.append(owned.group_by(*keys).agg(loss.sum().alias(name)))
    table = tables[0]
    for other in tables[1:]:
        table = table.join(other, on=list(keys), how="left")
    return table.select(
        *keys,
        pl.col(names[0]).alias("flow_usd_m"),
        pl.min_horizontal(names).alias("flow_usd_m_low"),
        pl.max_horizontal(names).alias("flow_usd_m_high"),
    )


def optimum(stretches: Sequence[Stretch], by: str, keys: Sequence[str], of: Of) -> pl.DataFrame:
    """The optimum's range by unit, party or side; null where it was not looked for."""
    parts = []
    for s in stretches:
        if by == "party" and "party" not in s.optimum.more:
            continue
        if by == "unit":
            frame, rate, column = s.optimum.units, _rate(s, of), "loss_usd_m"
        else:
            frame = s.optimum.groups if by == "side" else s.optimum.more["party"]
            rate = pl.Series("rate", [s.years]).new_from_index(0, frame.height)
            column = "value_added_loss_usd_m" if of == "value_added" else "loss_usd_m"
            if by == "party":
                about = s.outcome.units.select("party", "party_name", "side").unique()
                frame = frame.join(about, on="party", how="left", maintain_order="left")
        a, b = pl.col(f"{column}_low") * rate, pl.col(f"{column}_high") * rate
        parts.append(
            frame.select(*keys, pl.min_horizontal(a, b).alias(ENDS[0]), pl.max_horizontal(a, b).alias(ENDS[1]))
        )
    if not parts:
        return pl.DataFrame(schema={**dict.fromkeys(keys, pl.String), **dict.fromkeys(ENDS, pl.Float64)})
    whole = (pl.when(pl.col(e).null_count() == 0).then(pl.col(e).sum()).alias(e) for e in ENDS)
    return pl.concat(parts).group_by(*keys).agg(whole)


def static_day(s: Stretch) -> pl.DataFrame:
    """What the static models say of each day of a stretch, USD m a day and side."""
    said = {f"loss_usd_m{end}": f"cascade_usd_m{end}" for end in ("", "_low", "_high")}
    frame = s.outcome.by_side().select("side", *((pl.col(c) / 365.25).alias(n) for c, n in said.items()))
    ends = zip(("low", "high"), ENDS, strict=True)
    best = s.optimum.by_side().select("side", *((pl.col(f"loss_usd_m_{e}") / 365.25).alias(n) for e, n in ends))
    return frame.join(best, on="side", how="left").select(pl.lit(s.since).alias("day"), pl.all())


def bracketed(table: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The range over the models, who said what, and the direct part of the flow's figure."""
    numbers = [c for c in table.columns if c not in keys]
    nothing = {c: 0.0 * pl.col(c).abs() for c in numbers}  # rounding; null stays null
    table = table.with_columns(
        pl.when(pl.col(c).abs() > LEAST).then(pl.col(c)).otherwise(nothing[c]).alias(c) for c in numbers
    )
    table = table.with_columns(
        pl.min_horizontal(*FIGURES.values()).alias("loss_usd_m_low"),
        pl.col("flow_usd_m").alias("loss_usd_m"),
        pl.max_horizontal(*HIGHEST.values()).alias("loss_usd_m_high"),
    )
    figure, low, high = (pl.col(f"loss_usd_m{end}") for end in ("", "_low", "_high"))
    direct = pl.min_horizontal("held", figure.clip(lower_bound=0.0))
    return table.select(
        *keys, "output_usd_m", low, figure, high,
        _said(FIGURES, low).alias("low_from"), pl.lit("flow").alias("from"), _said(HIGHEST, high).alias("high_from"),
        (((high <= FACTOR * low) & (low > 0)) | ((low == 0) & (high == 0))).alias("is_supported"),
        (figure / pl.col("output_usd_m")).fill_nan(0.0).alias("loss_share"),
        *ENDS, "flow_usd_m", "flow_usd_m_low", "flow_usd_m_high",
        "cascade_usd_m", "cascade_usd_m_low", "cascade_usd_m_high",
        direct.alias("direct_usd_m"), (figure - direct).alias("network_usd_m"),
    )  # fmt: skip


def _said(columns: dict[str, str], end: pl.Expr) -> pl.Expr:
    """The first model whose figure is this end."""
    answer = pl.lit("flow")
    for model, column in reversed(columns.items()):
        answer = pl.when((pl.col(column) - end).abs() <= LEAST).then(pl.lit(model)).otherwise(answer)
    return answer


def _rate(s: Stretch, of: Of) -> pl.Series:
    """What a unit's output is multiplied by: years, and the share of it that is value added."""
    share = s.value_added_share if of == "value_added" else 0.0 * s.value_added_share + 1.0
    return pl.Series("rate", share * s.years)

"""What must hold between cells, rows and tables: ranges, spans, references, totals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise

import polars as pl

from detente.record.dictionary import Table, dictionary
from detente.record.files import FILE, ROW
from detente.record.measures import Measure
from detente.record.problems import Problem, did_you_mean, show

Tables = Mapping[str, pl.DataFrame]


def check_row(table: Table, frame: pl.DataFrame, problems: list[Problem]) -> None:
    """Inside a row: ranges around their figure, a range where the fact is not official, since before through."""
    for name in table.ranges:
        low, high = f"{name}_low", f"{name}_high"
        has_value = pl.col(name).is_not_null()
        loose = has_value & (pl.col("confidence") != "official") & (pl.col(low).is_null() | pl.col(high).is_null())
        _each(
            frame.filter(loose), name, "no range", f"{low} and {high}", problems,
            hint="a figure that is not official needs a range",
        )  # fmt: skip
        outside = (pl.col(low) > pl.col(high)) | (pl.col(name) < pl.col(low)) | (pl.col(name) > pl.col(high))
        for file, row, value, a, b in frame.filter(outside).select(FILE, ROW, name, low, high).iter_rows():
            problems.append(Problem(file, row, name, f"{value} in {a} to {b}", f"{low} ≤ {name} ≤ {high}"))
    if "through" in table.names:
        late = frame.filter(pl.col("through") < pl.col("since"))
        for file, row, since, through in late.select(FILE, ROW, "since", "through").iter_rows():
            problems.append(Problem(file, row, "through", show(through), f"a day on or after since ({since})"))


def check_references(tables: Tables, measures: tuple[Measure, ...], problems: list[Problem]) -> None:
    """Every reference of a table points at a row that counts; every limb that is named exists."""
    ids = {name: frame["id"].drop_nulls().unique() for name, frame in tables.items()}
    limbs = pl.Series("id", [limb.id for m in measures for limb in m.limbs], dtype=pl.String)
    for table in dictionary().values():
        if table.name not in tables:
            continue
        frame = tables[table.name]
        for column in table.columns:
            if column.type not in {"ref", "refs", "limbs"}:
                continue
            target = "limbs" if column.type == "limbs" else column.target
            known = limbs if target == "limbs" else ids.get(target, pl.Series("id", [], dtype=pl.String))
            pairs = frame.select(FILE, ROW, pl.col(column.name).alias("value"))
            if column.is_list:
                pairs = pairs.explode("value")
            wrong = pairs.filter(pl.col("value").is_not_null() & ~pl.col("value").is_in(known.implode()))
            for file, row, value in wrong.iter_rows():
                hint = did_you_mean(value, known.to_list()) if known.len() < 10_000 else ""
                hint = hint or f"add it to {target}" + ("" if target == "limbs" else ".csv")
                problems.append(Problem(file, row, column.name, show(value), f"an id of {target}", hint))


def check_measures(tables: Tables, measures: tuple[Measure, ...], problems: list[Problem]) -> None:
    """Sources, parties and limbs that the measures name must exist; ids must be unique."""
    sources = set(tables["sources"]["id"])
    names = set(tables["parties"]["id"]) | set(tables["parties"]["group"].drop_nulls())
    limbs: dict[str, Measure] = {}
    for measure in measures:
        for limb in measure.limbs:
            if limb.id in limbs:
                at = measure.where(("limbs", limb.id, "id"))
                problems.append(
                    Problem(
                        measure.file,
                        at,
                        "id",
                        f"{show(limb.id)} again",
                        "an id used once",
                        f"see {limbs[limb.id].file}",
                    )
                )
            limbs[limb.id] = measure
    for measure in measures:
        for path, kind, value in measure.references():
            known = {"source": sources, "limb": set(limbs), "party": names, "measure": {m.id for m in measures}}[kind]
            if value not in known:
                hint = did_you_mean(value, sorted(known)) or f"add the {kind}"
                key = str(path[-1]) if isinstance(path[-1], str) else str(path[-2])
                problems.append(Problem(measure.file, measure.where(path), key, show(value), f"a known {kind}", hint))


def check_spans(tables: Tables, problems: list[Problem]) -> None:
    """No two rows may say different things about the same subject on the same day."""
    for name, keys in (("listings", ("list", "party")), ("stakes", ("owner", "owned"))):
        frame = tables.get(name)
        if frame is None or frame.height < 2:
            continue
        ordered = frame.sort(*keys, pl.col("since").fill_null(dt.date.min))
        rows = ordered.select(*keys, "id", "since", "through", FILE, ROW).iter_rows(named=True)
        for a, b in pairwise(rows):
            if all(a[k] == b[k] for k in keys) and (
                a["through"] is None or b["since"] is None or b["since"] <= a["through"]
            ):
                got = (
                    f"{b['since'] or 'always'}, while {a['id']} (row {a[ROW]}) runs through {a['through'] or 'no end'}"
                )
                hint = f"one row at a time about the same {' and '.join(keys)}"
                problems.append(Problem(b[FILE], b[ROW], "since", got, "spans that do not overlap", hint))


def check_totals(tables: Tables, problems: list[Problem]) -> None:
    """Shares of a market and stakes in a party may not add up to more than one."""
    markets = tables.get("markets")
    if markets is not None:
        over = markets.group_by("market").agg(pl.col("share").sum(), pl.col(FILE).last(), pl.col(ROW).max())
        for market, share, file, row in over.filter(pl.col("share") > 1.0005).sort("market").iter_rows():
            problems.append(
                Problem(file, row, "share", f"{share:.4f} in market {show(market)}", "shares that add up to 1")
            )
    stakes = tables.get("stakes")
    if stakes is not None:
        far = dt.date.max
        for (owned,), group in stakes.filter(pl.col("share").is_not_null()).group_by("owned"):
            for row in group.iter_rows(named=True):
                day = row["since"] or dt.date.min
                held = group.filter(
                    (pl.col("since").fill_null(dt.date.min) <= day) & (pl.col("through").fill_null(far) >= day)
                )
                if (total := float(held["share"].sum())) > 1.0005 and row[ROW] == held[ROW].max():
                    got = f"{total:.4f} of {show(owned)} on {row['since'] or 'the first day'}"
                    problems.append(Problem(row[FILE], row[ROW], "share", got, "stakes that add up to at most 1"))


def check_accounts(tables: Tables, problems: list[Problem]) -> None:
    """Totals that a source reports must come out of the links, within the stated tolerance."""
    frame = tables["accounts"]
    if frame.height == 0:
        return
    totals = account_totals(tables)
    for row in frame.iter_rows(named=True):
        difference = totals[row["id"]] - row["reported_usd_m"]
        if abs(difference) > row["tolerance_usd_m"] + 1e-6:
            got = f"links that add up to {totals[row['id']]:,.1f}"
            expected = f"{row['reported_usd_m']:,.1f} ± {row['tolerance_usd_m']:g} (reported)"
            problems.append(Problem(row[FILE], row[ROW], "reported_usd_m", got, expected, "adjust the residual unit"))


def account_totals(tables: Tables) -> dict[str, float]:
    """What the links add up to for each row of ``accounts``, USD m a year; sales inside a group do not count."""
    frame = tables["accounts"]
    if frame.height == 0:
        return {}
    parties = tables["parties"].select("id", "country", "side", "group")
    units = tables["units"].select("id", "party").join(parties, left_on="party", right_on="id", how="left")
    sales = (
        tables["links"]
        .select("seller", "buyer", "value_usd_m")
        .join(units, left_on="seller", right_on="id", how="left")
        .join(units.select("id", pl.col("group").alias("buyer_group")), left_on="buyer", right_on="id", how="left")
    )
    totals = {}
    for row in frame.iter_rows(named=True):
        chosen = pl.lit(True)
        if row["seller_country"]:
            chosen &= pl.col("country") == row["seller_country"]
        if row["seller_side"]:
            chosen &= pl.col("side") == row["seller_side"]
        if row["buyer_group"]:
            chosen &= (pl.col("buyer_group") == row["buyer_group"]) & pl.col("group").ne_missing(row["buyer_group"])
        totals[row["id"]] = float(sales.filter(chosen)["value_usd_m"].sum())
    return totals


def _each(frame: pl.DataFrame, column: str, got: str, expected: str, problems: list[Problem], *, hint: str) -> None:
    for file, row in frame.select(FILE, ROW).iter_rows():
        problems.append(Problem(file, row, column, got, expected, hint))

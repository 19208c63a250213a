"""What must hold between cells, rows and tables: ranges, spans, references, totals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from detente.record.cells import CONTENT
from detente.record.dictionary import Table, dictionary
from detente.record.files import FILE, ROW
from detente.record.history import amended
from detente.record.measures import Measure
from detente.record.problems import Problem, did_you_mean, show

Tables = Mapping[str, pl.DataFrame]
_ADD = {
    "list": "no row of listings.csv has it", "tag": "no row of listings.csv has it",
    "group": "no row of groups.csv has it, and it is no ISO country code",
}  # fmt: skip


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


def check_references(
    tables: Tables, measures: tuple[Measure, ...], unread: frozenset[str], problems: list[Problem]
) -> None:
    """Every reference of a table points at a row that counts; every limb that is named exists.

    What refers to a table or to measures that could not be read (``unread``) is left alone: the cause is said already.
    """
    ids = {name: frame["id"].drop_nulls().unique() for name, frame in tables.items()}
    limbs = pl.Series("id", [limb.id for m in measures for limb in m.limbs], dtype=pl.String)
    for table in dictionary().values():
        frame = tables[table.name]
        for column in table.columns:
            if column.type not in {"ref", "refs", "limbs"}:
                continue
            target = "limbs" if column.type == "limbs" else column.target
            if target in unread:
                continue
            known = limbs if target == "limbs" else ids[target]
            pairs = frame.select(FILE, ROW, pl.col(column.name).alias("value"))
            if column.is_list:
                pairs = pairs.explode("value")
            wrong = pairs.filter(pl.col("value").is_not_null() & ~pl.col("value").is_in(known.implode()))
            for file, row, value in wrong.iter_rows():
                hint = did_you_mean(value, known.to_list()) if known.len() < 10_000 else ""
                add = "write a limb of that id in measures/" if target == "limbs" else f"add it to {target}.csv"
                hint = hint or add
                problems.append(Problem(file, row, column.name, show(value), f"an id of {target}", hint))


def check_measures(
    tables: Tables, measures: tuple[Measure, ...], unread: frozenset[str], problems: list[Problem]
) -> None:
    """Sources, parties, limbs, lists and tags that the measures name must exist; ids must be unique."""
    sources = set(tables["sources"]["id"])
    names = set(tables["parties"]["id"]) | set(tables["parties"]["group"].drop_nulls())
    lists = set(tables["listings"]["list"].drop_nulls())
    groups = set(tables["groups"]["group"].drop_nulls())
    owning = {rule.id for m in measures for rule in m.ownership_rules}
    tags = {f"{a}:{tag}" for a, words in tables["listings"].select("list", "tags").iter_rows() for tag in words or ()}
    stands_in = {
        "source": "sources", "limb": "limbs", "party": "parties", "measure": "limbs", "group": "groups",
        "ownership rule": "limbs",
    }  # fmt: skip
    limbs: dict[str, Measure] = {}
    files: dict[str, str] = {}
    for measure in measures:
        if measure.id in files:
            at, hint = measure.where(("id",)), f"see {files[measure.id]}"
            problems.append(Problem(measure.file, at, "id", f"{show(measure.id)} again", "an id used once", hint))
        files[measure.id] = measure.file
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
            known = {
                "source": sources, "limb": set(limbs), "party": names, "measure": {m.id for m in measures},
                "list": lists, "tag": tags, "group": groups, "ownership rule": owning,
            }[kind]  # fmt: skip
            if value not in known and stands_in.get(kind, "listings") not in unread:
                add = _ADD.get(kind, f"add the {kind}")
                hint = did_you_mean(value, sorted(known)) or add
                key = str(path[-1]) if isinstance(path[-1], str) else str(path[-2])
                problems.append(Problem(measure.file, measure.where(path), key, show(value), f"a known {kind}", hint))


def check_spans(tables: Tables, problems: list[Problem]) -> None:
    """No two rows may say different things about the same subject on the same day."""
    subjects = (
        ("listings", ("list", "party")),
        ("stakes", ("owner", "owned", "kind")),
        ("inputs", ("unit", "made", "used")),
    )
    for name, keys in subjects:
        frame = tables[name]
        ordered = frame.sort(*keys, pl.col("since").fill_null(dt.date.min), ROW)
        ends = amended(frame) if name == "listings" else {}
        longest: dict[str, Any] | None = None
        reach = dt.date.min
        for row in ordered.iter_rows(named=True):
            end = min(row["through"] or dt.date.max, ends.get(row["id"], dt.date.max))
            start = row["since"] or dt.date.min
            if longest is not None and all(longest[k] == row[k] for k in keys):
                if start <= reach:
                    until = longest["through"] or "no end"
                    got = f"{row['since'] or 'always'}, while {longest['id']} (row {longest[ROW]}) runs through {until}"
                    hint = f"one row at a time about the same {' and '.join(keys)}"
                    hint += "; one that amends another names it in modifies" if name == "listings" else ""
                    problems.append(Problem(row[FILE], row[ROW], "since", got, "spans that do not overlap", hint))
                if end <= reach:
                    continue
            longest, reach = row, end


def check_totals(tables: Tables, problems: list[Problem]) -> None:
    """Shares of a market and stakes in a party may not add up to more than one."""
    over = tables["markets"].group_by("market").agg(pl.col("share").sum(), pl.col(FILE).last(), pl.col(ROW).max())
    for market, share, file, row in over.filter(pl.col("share") > 1.0005).sort("market").iter_rows():
        problems.append(Problem(file, row, "share", f"{share:.4f} in market {show(market)}", "shares that add up to 1"))
    far = dt.date.max
    for (owned, _), group in tables["stakes"].filter(pl.col("share").is_not_null()).group_by("owned", "kind"):
        for stake in group.iter_rows(named=True):
            day = stake["since"] or dt.date.min
            held = group.filter(
                (pl.col("since").fill_null(dt.date.min) <= day) & (pl.col("through").fill_null(far) >= day)
            )
            if (total := float(held["share"].sum())) > 1.0005 and stake[ROW] == held[ROW].max():
                got = f"{total:.4f} of {show(owned)} on {stake['since'] or 'the first day'}"
                problems.append(Problem(stake[FILE], stake[ROW], "share", got, "stakes that add up to at most 1"))


def check_goods(tables: Tables, problems: list[Problem]) -> None:
    """Units and goods fit together: the same item, content of at most all of it, sales of at most the output."""
    items = tables["variants"].select(pl.col("id").alias("variant"), pl.col("item").alias("of"))
    other = tables["units"].join(items, on="variant", how="inner").filter(pl.col("item") != pl.col("of"))
    for file, row, variant, of, item in other.select(FILE, ROW, "variant", "of", "item").iter_rows():
        problems.append(Problem(file, row, "variant", f"{show(variant)}, which is {of}", f"a variant of {item}"))
    shares = tables["variants"].select(FILE, ROW, pl.col("content").alias("parts")).explode("parts").drop_nulls()
    least = pl.col("parts").str.extract(r":([0-9.]+)").cast(pl.Float64)
    shares = shares.filter(pl.col("parts").str.contains(CONTENT))  # a cell that cannot be read is said already
    summed = shares.group_by(FILE, ROW, maintain_order=True).agg(least.sum().alias("least"))
    for file, row, share in summed.filter(pl.col("least") > 1.0005).iter_rows():
        problems.append(Problem(file, row, "content", f"shares that add up to {share:g}", "at most 1 in all"))
    sold = tables["links"].group_by("seller").agg(pl.col("value_usd_m").sum().alias("sold"))
    over = (
        tables["units"]
        .join(sold, left_on="id", right_on="seller", how="inner", maintain_order="left")
        .filter(pl.col("sold") > pl.col("output_usd_m") * 1.0005 + 0.05)
    )
    for file, row, id_, sales, output in over.select(FILE, ROW, "id", "sold", "output_usd_m").iter_rows():
        got = f"{output:,.1f}, while the links of {id_} add up to {sales:,.1f}"
        problems.append(Problem(file, row, "output_usd_m", got, "an output of at least its sales"))


def check_findings(tables: Tables, problems: list[Problem]) -> None:
    """A finding or paper is about something in the record; a finding says a day, yes, no or unknown."""
    about = ("links", "orders", "units", "variants", "parties")
    known = pl.concat([tables[t]["id"] for t in about])
    for name in ("findings", "documents"):
        wrong = tables[name].filter(~pl.col("about").is_in(known.implode()))
        for file, row, value in wrong.select(FILE, ROW, "about").iter_rows():
            expected = "an id of links, orders, units, variants or parties"
            hint = did_you_mean(value, known.to_list()[:10_000])
            problems.append(Problem(file, row, "about", show(value), expected, hint))
    said = pl.col("value").is_in(["yes", "no", "unknown"])
    day = pl.col("value").str.to_date("%Y-%m-%d", strict=False).is_not_null()
    for file, row, value in tables["findings"].filter(~said & ~day).select(FILE, ROW, "value").iter_rows():
        problems.append(Problem(file, row, "value", show(value), "a day such as 2019-06-05, or yes, no or unknown"))
    both = tables["orders"].filter(pl.col("id").is_in(tables["links"]["id"].implode()))
    for file, row, value in both.select(FILE, ROW, "id").iter_rows():
        problems.append(Problem(file, row, "id", show(value), "an id that no link has"))


def check_cycles(measures: tuple[Measure, ...], problems: list[Problem]) -> None:
    """A scope may not be defined by itself, however far round."""
    named = {limb.id: {s.named for s in limb.scope if s.named} for m in measures for limb in m.limbs}
    for measure in measures:
        for i, limb in enumerate(measure.limbs):
            seen: set[str] = set()
            left = set(named[limb.id])
            while left:
                one = left.pop()
                if one not in seen:
                    seen.add(one)
                    left |= named.get(one, set())
            if limb.id in seen:
                row = measure.where(("limbs", i, "scope"))
                got = f"{show(limb.id)}, which names itself"
                problems.append(Problem(measure.file, row, "scope", got, "a scope that does not lead back to itself"))


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

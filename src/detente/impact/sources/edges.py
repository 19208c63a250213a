"""A network from a list of sales, one a row."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from detente.impact.network import CLASSES, UNCLASSED
from detente.impact.sources.imported import NO_DAY, Imported, left_out, network_of
from detente.record import DetenteError, Problem, RecordError
from detente.record.problems import did_you_mean, show

NEEDED = ("seller", "buyer", "value", "item")
MOST_SHOWN = 1000  # faults of one kind: a file of a million rows may have one in each
_ROW = "_row"


def from_edges(
    path: str | Path,
    *,
    units: pl.DataFrame | None = None,
    usd_m: float = 1.0,
    split_by_item: bool = False,
    day: dt.date = NO_DAY,
) -> Imported:
    """The network of a CSV or Parquet file with the columns seller, buyer, value, item and, where known, class.

    Each row is what a seller sells to a buyer of one item in a year; rows of the same pair and item add up. Units are
    the names of sellers and buyers, sorted; a unit that sells nothing makes the item ``final``.

    Args:
        path: the file; other columns are ignored.
        units: what else is known of them: a frame with unit and any of name, party, party_name, side, country,
            output_usd_m. Output that is not given is the unit's sales in the list, or, where it sells nothing, its
            purchases.
        usd_m: what 1 of ``value`` is in USD m.
        split_by_item: a unit makes one item. False: a seller of several is a fault. True: it becomes a unit
            ``seller:item`` for each (one item: ``seller``), and what it buys is divided by their sales.
        day: the day the network is of.

    Raises:
        RecordError: what is wrong in the file, all at once, each with its row (a thousand of each kind).
        DetenteError: the file cannot be read, or ``units`` lacks its column.

    Example:
        >>> import tempfile, pathlib
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "sales.csv"
        >>> _ = file.write_text("seller,buyer,value,item,class\\nacme,vell,40,chip,critical\\n")
        >>> from_edges(file).network.links
        ('acme>vell:chip',)

    """
    file = Path(path)
    table = _checked(file, _read(file), split_by_item)
    if split_by_item:
        table, homes = _split(table)
    else:
        homes = {}
    ends = pl.concat([table["seller"], table["buyer"]]).unique().sort()
    makes = table.select("seller", "item").unique("seller", keep="any")
    frame = pl.DataFrame({"unit": ends}).join(
        makes, left_on="unit", right_on="seller", how="left", maintain_order="left"
    )
    frame = frame.with_columns(pl.col("item").fill_null("final"), pl.Series("home", [homes.get(u, u) for u in ends]))
    sums = table.group_by(["seller", "buyer", "item", "class"]).agg((pl.col("value") * usd_m).sum())
    sums = sums.sort("seller", "buyer", "item")
    at = pl.DataFrame({"unit": ends, "at": np.arange(ends.len())})
    seller = sums.join(at, left_on="seller", right_on="unit", how="left", maintain_order="left")["at"].to_numpy()
    buyer = sums.join(at, left_on="buyer", right_on="unit", how="left", maintain_order="left")["at"].to_numpy()
    value = sums["value"].to_numpy()
    n = ends.len()
    sold, bought = np.bincount(seller, value, n), np.bincount(buyer, value, n)
    frame = _described(frame.with_columns(pl.Series("sales", np.where(sold > 0, sold, bought))), units)
    kinds = sums["class"].fill_null(UNCLASSED).replace_strict(CLASSES, return_dtype=pl.Int8).to_numpy().copy()
    network = network_of(frame, seller, buyer, value, link_class=kinds, day=day, n_unclassed=sums["class"].null_count())
    rest = np.maximum(network.output - sold, 0.0)
    return Imported(network, ("final",), rest[:, None], left_out([]))


def _read(file: Path) -> pl.DataFrame:
    try:
        if file.suffix == ".parquet":
            return pl.read_parquet(file).with_row_index(_ROW, offset=1)
        return pl.read_csv(file, infer_schema=False, truncate_ragged_lines=False).with_row_index(_ROW, offset=2)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DetenteError(f"{file}: cannot be read as a {file.suffix.lstrip('.') or 'CSV'} file ({error}).") from error


def _checked(file: Path, table: pl.DataFrame, split_by_item: bool) -> pl.DataFrame:
    """The rows with their types, or every fault in them."""
    problems = [
        Problem(file.name, 0, c, "", "a column of this name", did_you_mean(c, [x for x in table.columns if x != _ROW]))
        for c in NEEDED
        if c not in table.columns
    ]
    if problems:
        raise RecordError(problems)
    texts = ["seller", "buyer", "item", *(["class"] if "class" in table.columns else [])]
    read = table.select(
        _ROW,
        *(pl.col(c).cast(pl.String).str.strip_chars().replace("", None) for c in texts),
        pl.col("value").cast(pl.String).alias("got"),
        pl.col("value").cast(pl.Float64, strict=False),
    )
    if "class" not in read.columns:
        read = read.with_columns(pl.lit(None, pl.String).alias("class"))
    number = pl.col("value").is_not_null() & pl.col("value").is_finite() & (pl.col("value") > 0)
    known = pl.col("class").is_null() | pl.col("class").is_in(list(CLASSES))
    faults = [(pl.col(c).is_null(), c, c, "a name") for c in ("seller", "buyer", "item")]
    faults.append((~number.fill_null(False), "value", "got", "an amount above 0, such as 12.5"))
    faults.append((~known, "class", "class", "critical, important, other, or nothing"))
    if not split_by_item:
        several = pl.col("item").drop_nulls().n_unique().over("seller") > 1
        expected = "one item a seller: name its units acme-chips, acme-boards, or ask for split_by_item"
        faults.append((several & pl.col("seller").is_not_null(), "item", "item", expected))
    mixed = pl.col("class").fill_null("").n_unique().over("buyer", "item") > 1
    faults.append((mixed & known, "class", "class", "one class for all that a buyer buys of an item"))
    for wrong, column, got, expected in faults:
        found = read.filter(wrong).select(_ROW, got)
        problems += [Problem(file.name, r, column, _shown(v), expected) for r, v in found.head(MOST_SHOWN).iter_rows()]
        if found.height > MOST_SHOWN:
            more = f"{found.height - MOST_SHOWN} more rows like the last"
            problems.append(Problem(file.name, found[_ROW][MOST_SHOWN], column, more, expected))
    if problems:
        raise RecordError(problems)
    if not read.height:
        raise RecordError([Problem(file.name, 0, "", "no rows", "a sale a row")])
    return read.select("seller", "buyer", "item", "class", "value")


def _shown(value: object) -> str:
    return "an empty cell" if value is None or value == "" else show(value)


def _split(table: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, str]]:
    """Sellers of several items as a unit an item, what they buy divided by what those sell."""
    made = table.group_by("seller", "item").agg(pl.col("value").sum().alias("sales")).sort("seller", "item")
    several = pl.len().over("seller") > 1
    name = pl.when(several).then(pl.col("seller") + ":" + pl.col("item")).otherwise(pl.col("seller"))
    made = made.with_columns(name.alias("unit"), (pl.col("sales") / pl.col("sales").sum().over("seller")).alias("part"))
    homes = dict(made.select("unit", "seller").iter_rows())
    sold = table.join(made.select("seller", "item", "unit"), on=["seller", "item"], how="left", maintain_order="left")
    buys = made.select(pl.col("seller").alias("buyer"), pl.col("unit").alias("buying"), "part")
    both = sold.join(buys, on="buyer", how="left", maintain_order="left").select(
        pl.col("unit").alias("seller"), pl.col("buying").fill_null(pl.col("buyer")).alias("buyer"), "item", "class",
        pl.col("value") * pl.col("part").fill_null(1.0),
    )  # fmt: skip
    return both, homes


def _described(frame: pl.DataFrame, units: pl.DataFrame | None) -> pl.DataFrame:
    """Units with what else is known of them; a unit that was split takes after the seller it was."""
    if units is None:
        units = pl.DataFrame({"unit": []}, schema={"unit": pl.String})
    if "unit" not in units.columns or units["unit"].is_duplicated().any():
        raise DetenteError("units: expected a frame with a column 'unit' in which each name stands once.")
    asked = ["unit", "name", "party", "party_name", "side", "country", "output_usd_m"]
    known = units.select(c for c in asked if c in units.columns)
    table = frame.join(known, left_on="home", right_on="unit", how="left", maintain_order="left")
    for column in ("name", "party", "party_name"):
        had = pl.col(column) if column in table.columns else pl.lit(None, pl.String)
        table = table.with_columns(had.fill_null(pl.col("unit" if column == "name" else "home")).alias(column))
    part = pl.col("sales") / pl.col("sales").sum().over("home")
    had = (
        pl.col("output_usd_m").cast(pl.Float64) * part if "output_usd_m" in table.columns else pl.lit(None, pl.Float64)
    )
    texts = [pl.col(c).fill_null("") for c in ("side", "country") if c in table.columns]
    return table.with_columns(had.fill_null(pl.col("sales")).alias("output_usd_m"), *texts)

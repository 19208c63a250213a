"""The lines of an order book: read, checked against the record, and completed from the links they name."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from detente.decide.sale import link_rows
from detente.record import Case, DetenteError, RecordError
from detente.record.books import check_orders
from detente.record.cells import parse
from detente.record.dictionary import dictionary
from detente.record.files import FILE, ROW, RawTable, read
from detente.record.problems import Problem, did_you_mean, show

FORMATS = (".csv", ".parquet", ".xlsx")
_REFS = {
    "link": "links", "seller": "parties", "purchaser": "parties", "intermediate_consignee": "parties",
    "ultimate_consignee": "parties", "end_user": "parties", "variant": "variants",
}  # fmt: skip
_COMMON = ("source", "confidence", "since", "through", "recorded", "supersedes", "note")
MAX_SHOWN = 1000


def read_book(path: str | Path, case: Case) -> pl.DataFrame:
    """Read an order book in CSV, Parquet or XLSX: the columns of the table ``orders``, without a source for each row.

    One row a line, as ``case["orders"]`` has them. Columns that every table of a case has (source, note and so on) may
    stand there and are not looked at. Raises ``DetenteError`` for a file of another kind and ``RecordError`` with every
    fault: cells that cannot be read, ids used twice, parties, goods and links that the case does not know.
    """
    file = Path(path)
    if file.suffix not in FORMATS:
        raise DetenteError(f"{file}: an order book is a {', '.join(FORMATS)} file.")
    if not file.exists():
        raise DetenteError(f"There is no file {file}.")
    problems: list[Problem] = []
    raw = read("orders", file, problems)
    if raw is None:
        raise RecordError(problems)
    table = dictionary()["orders"]
    own = [c for c in table.columns if c.name not in _COMMON]
    raw = RawTable(raw.file, raw.frame.drop([c for c in _COMMON if c in raw.frame.columns]), raw.header_row)
    lines = parse(raw, own, tuple(case.about.sides), problems).with_columns(pl.lit(file.name).alias(FILE))
    if not problems:
        _check(lines, case, problems)
    if problems:
        raise RecordError(problems)
    return lines


def _check(lines: pl.DataFrame, case: Case, problems: list[Problem]) -> None:
    """What must hold between the lines of a book and the record."""
    twice = lines.filter(pl.col("id").is_duplicated())
    for file, row, id_ in twice.select(FILE, ROW, "id").head(MAX_SHOWN).iter_rows():
        problems.append(Problem(file, row, "id", f"{show(id_)} again", "an id used once"))
    clash = lines.filter(pl.col("id").is_in(case["links"]["id"].implode()))
    for file, row, id_ in clash.select(FILE, ROW, "id").head(MAX_SHOWN).iter_rows():
        problems.append(Problem(file, row, "id", show(id_), "an id that no link has"))
    for column, target in _REFS.items():
        pairs = lines.select(FILE, ROW, pl.col(column).alias("value"))
        if lines.schema[column] == pl.List(pl.String):
            pairs = pairs.explode("value")
        known = case[target]["id"]
        wrong = pairs.filter(pl.col("value").is_not_null() & ~pl.col("value").is_in(known.implode()))
        near = known.to_list() if known.len() < 10_000 and wrong.height else []
        hints = {v: did_you_mean(v, near) for v in wrong["value"].unique().head(50)} if near else {}
        for file, row, value in wrong.head(MAX_SHOWN).iter_rows():
            hint = hints.get(value) or f"add it to {target}.csv of the case"
            problems.append(Problem(file, row, column, show(value), f"an id of {target}", hint))
        if wrong.height > MAX_SHOWN:
            got = f"{wrong.height:,} unknown ids, {MAX_SHOWN:,} listed"
            problems.append(Problem(wrong[FILE][0], 0, column, got, f"ids of {target}"))
    check_orders(lines, problems)


def completed(lines: pl.DataFrame, case: Case) -> pl.DataFrame:
    """The lines with what they leave out filled in from their links: who takes part, the good, where to, what for.

    Adds ``seller_unit``, ``buyer_unit`` and ``link_item``; ``variant`` stays empty where the link has none. The rows
    keep their order.
    """
    if lines["link"].null_count() == lines.height:
        none = pl.lit(None, pl.String)
        rows = lines.with_columns(none.alias("seller_unit"), none.alias("buyer_unit"), none.alias("link_item"))
    else:
        links = link_rows(case).select(
            pl.col("id").alias("link"), pl.col("seller").alias("seller_unit"), pl.col("buyer").alias("buyer_unit"),
            pl.col("item").alias("link_item"),
            *(pl.col(c).alias(f"_{c}") for c in (
                "seller_party", "buyer_party", "variant", "destination", "end_user", "end_use")),
        )  # fmt: skip
        rows = lines.join(links, on="link", how="left", maintain_order="left").with_columns(
            pl.coalesce("seller", "_seller_party").alias("seller"),
            pl.coalesce("purchaser", "_buyer_party").alias("purchaser"),
            pl.coalesce("variant", "_variant").alias("variant"),
            pl.coalesce("destination", "_destination").alias("destination"),
            pl.coalesce("end_user", "_end_user").alias("end_user"),
            pl.when(pl.col("end_use").list.len() > 0).then("end_use").otherwise("_end_use").alias("end_use"),
        )  # fmt: skip
        rows = rows.select(pl.exclude("_seller_party", "_buyer_party", "_variant", "_destination", "_end_user",
                                      "_end_use"))  # fmt: skip
    return rows.with_columns(
        pl.coalesce("ultimate_consignee", "purchaser").alias("ultimate_consignee"),
        pl.coalesce("end_user", "ultimate_consignee", "purchaser").alias("end_user"),
    )

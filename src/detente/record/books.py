"""What must hold in the books of a case: orders that say what is sold, lines, draws and balances of licences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from detente.record.files import FILE, ROW
from detente.record.problems import Problem, show

Tables = Mapping[str, pl.DataFrame]
OWN = ("seller", "purchaser", "variant", "destination")


def check_orders(orders: pl.DataFrame, problems: list[Problem]) -> None:
    """An order line names a link, or says itself who sells what to whom and where; its days come in order."""
    bare = orders.filter(pl.col("link").is_null())
    for column in OWN:
        for file, row in bare.filter(pl.col(column).is_null()).select(FILE, ROW).iter_rows():
            hint = "a line without a link names seller, purchaser, variant and destination"
            problems.append(Problem(file, row, column, "an empty cell", "a value, or a link", hint))
    for before, after in (("aboard_carrier", "exported"), ("exported", "received")):
        late = orders.filter(pl.col(after) < pl.col(before))
        for file, row, day, first in late.select(FILE, ROW, after, before).iter_rows():
            problems.append(Problem(file, row, after, show(day), f"a day on or after {before} ({first})"))


def check_lines(tables: Tables, problems: list[Problem]) -> None:
    """Events, draws and balances speak of lines that the licence has; a line says one thing a day."""
    far, long_ago = dt.date.max, dt.date.min
    lines = {(a, str(b)) for a, b in tables["licence_lines"].select("licence", "line").iter_rows()}
    spans: dict[tuple[str, int], list[tuple[dt.date, dt.date]]] = {}
    rows = tables["licence_lines"].select(FILE, ROW, "licence", "line", "since", "through").iter_rows()
    for file, row, licence, line, since, through in rows:
        mine = (since or long_ago, through or far)
        before = spans.setdefault((licence, line), [])
        if any(mine[0] <= b and a <= mine[1] for a, b in before):
            expected = "a line once in a licence; an amended one ends before the next starts"
            problems.append(Problem(file, row, "line", f"{line} again", expected))
        before.append(mine)
    named = [
        (f, r, "lines", x, str(n))
        for f, r, x, ns in tables["licence_events"].select(FILE, ROW, "licence", "lines").iter_rows()
        for n in ns or ()
    ]
    for table in ("draws", "balances"):
        told = tables[table].select(FILE, ROW, "licence", "line").iter_rows()
        named += [(f, r, "line", x, str(n)) for f, r, x, n in told]
    for file, row, column, licence, line in named:
        if (licence, line) not in lines:
            problems.append(Problem(file, row, column, show(line), f"a line of {licence}", "see licence_lines.csv"))
    counted = tables["licence_lines"].filter(pl.col("quantity").is_not_null()).select("licence", "line").unique()
    short = tables["draws"].filter(pl.col("quantity").is_null()).join(counted, on=["licence", "line"], how="semi")
    for file, row in short.select(FILE, ROW).iter_rows():
        expected = "a quantity, for the line is licensed by quantity"
        problems.append(Problem(file, row, "quantity", "an empty cell", expected))
    bare = tables["balances"].filter(pl.col("value_usd_m").is_null() & pl.col("quantity").is_null())
    for file, row in bare.select(FILE, ROW).iter_rows():
        problems.append(Problem(file, row, "value_usd_m", "an empty cell", "a value or a quantity"))


def check_balances(tables: Tables, problems: list[Problem]) -> None:
    """A balance that is asserted comes out of the line and its draws, to the last digit."""
    for assertion in tables["balances"].iter_rows(named=True):
        licence, number, day = assertion["licence"], assertion["line"], assertion["date"]
        mine = (pl.col("licence") == licence) & (pl.col("line") == number)
        since = pl.col("since").is_null() | (pl.col("since") <= day)
        through = pl.col("through").is_null() | (pl.col("through") >= day)
        lines = tables["licence_lines"].filter(mine & since & through)
        draws = tables["draws"].filter(mine & (pl.col("date") <= day))
        for column in ("value_usd_m", "quantity"):
            if assertion[column] is None:
                continue
            licensed = lines[column].item() if lines.height == 1 else None
            if licensed is None:
                expected = f"a {column} on line {number} of {licence} on {day}"
                problems.append(Problem(assertion[FILE], assertion[ROW], column, "a balance of nothing", expected))
                continue
            left = _exact(licensed) - sum((_exact(x) for x in draws[column].drop_nulls()), Decimal(0))
            if left != _exact(assertion[column]):
                got = f"{assertion[column]:g}, while {licensed:g} less {draws.height} draws through {day} is {left:f}"
                problems.append(
                    Problem(assertion[FILE], assertion[ROW], column, got, "the balance that the draws leave")
                )


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))

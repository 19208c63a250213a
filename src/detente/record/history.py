"""Which rows count: corrections, overlays and what had been recorded by a day.

A correction is a new row that names the one it ``supersedes``; nothing is edited away. It may keep the id of the row
it corrects (same id, later ``recorded``), or have an id of its own, in which case references to the old id follow it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from detente.record.dictionary import Table, dictionary
from detente.record.files import FILE, ROW
from detente.record.problems import Problem, show

ANY = "*"  # aliases of all tables together, for findings, which may be about a row of several
LAYER = "_layer"  # 0: the case itself; 1, 2, ...: overlays in the order they were asked for


def check_ids(table: Table, frame: pl.DataFrame, problems: list[Problem]) -> None:
    """Ids must be unique, but for a row that says it supersedes its own id and is recorded later (or in an overlay)."""
    again = frame.filter(pl.col("id").is_not_null() & pl.col("id").is_duplicated())
    if again.height:
        first: dict[str, tuple[object, int, int, str]] = {}
        order: list[pl.Expr] = [pl.col(LAYER), pl.col(ROW)]
        if "supersedes" in table.names:  # the row itself, then its corrections as they were recorded
            order[1:1] = [(pl.col("supersedes") == pl.col("id")).fill_null(False), pl.col("recorded")]
        for row in again.sort(order, nulls_last=True).iter_rows(named=True):
            before = first.get(row["id"])
            key = (row.get("recorded"), row[LAYER], row[ROW], row[FILE])
            if before is not None:
                corrects = row.get("supersedes") == row["id"]
                if not corrects:
                    hint = f"row {before[2]} of {before[3]} has it; a correction says so in the column supersedes"
                    problems.append(
                        Problem(row[FILE], row[ROW], "id", f"{show(row['id'])} again", "an id used once", hint)
                    )
                elif row[LAYER] == before[1] and not _later(row["recorded"], before[0]):
                    problems.append(
                        Problem(
                            row[FILE], row[ROW], "recorded", show(row["recorded"]), "a day after the corrected row's"
                        )
                    )
            first[row["id"]] = key
    if "supersedes" in table.names and frame["supersedes"].null_count() < frame.height:
        known = frame["id"].drop_nulls().unique()
        wrong = frame.filter(pl.col("supersedes").is_not_null() & ~pl.col("supersedes").is_in(known.implode()))
        for file, row, value in wrong.select(FILE, ROW, "supersedes").iter_rows():
            problems.append(
                Problem(file, row, "supersedes", show(value), f"an id of {table.name}", "nothing to correct")
            )
        _check_alone(frame, problems)
        _check_chains(frame, problems)


def _check_alone(frame: pl.DataFrame, problems: list[Problem]) -> None:
    """A row with its own id again that supersedes itself needs an earlier row to correct."""
    selves = frame.filter((pl.col("supersedes") == pl.col("id")) & ~pl.col("id").is_duplicated())
    for file, row, value in selves.select(FILE, ROW, "supersedes").iter_rows():
        problems.append(Problem(file, row, "supersedes", show(value), "the id of another row", "it names its own id"))


def _check_chains(frame: pl.DataFrame, problems: list[Problem]) -> None:
    """A row is corrected once, by a row that it does not itself correct."""
    other = frame.filter(pl.col("supersedes").is_not_null() & (pl.col("supersedes") != pl.col("id")))
    seen: dict[tuple[str, int], tuple[str, int]] = {}
    moved: dict[str, str] = {}
    for id_, old, layer, file, row in other.select("id", "supersedes", LAYER, FILE, ROW).iter_rows():
        if (old, layer) in seen:
            before = seen[old, layer]
            got = f"{show(old)}, which row {before[1]} of {before[0]} corrects too"
            problems.append(Problem(file, row, "supersedes", got, "one correction of a row", "correct the correction"))
        seen[old, layer] = (file, row)
        moved.setdefault(old, id_)
    for id_, old, file, row in other.select("id", "supersedes", FILE, ROW).iter_rows():
        if _leads_to(id_, old, moved):
            problems.append(Problem(file, row, "supersedes", show(old), "a row that does not correct this one"))


def _leads_to(start: str, goal: str, moved: Mapping[str, str]) -> bool:
    """Whether following corrections from one id arrives at another."""
    seen: set[str] = set()
    while start in moved and start not in seen:
        seen.add(start)
        start = moved[start]
        if start == goal:
            return True
    return False


def _later(day: object, before: object) -> bool:
    return isinstance(day, dt.date) and isinstance(before, dt.date) and day > before


def live(frame: pl.DataFrame, as_known: dt.date | None) -> tuple[pl.DataFrame, dict[str, str]]:
    """The rows that count on ``as_known`` (None: everything recorded), and where references to old ids now point.

    Rows of an overlay always count: whoever asks for a what-if knows it.
    """
    if "supersedes" not in frame.columns:
        return frame, {}
    if as_known is not None:
        frame = frame.filter((pl.col("recorded") <= as_known) | (pl.col(LAYER) > 0))
    correcting = frame.filter(pl.col("supersedes").is_not_null())
    if correcting.height == 0:
        return frame, {}
    keys = pl.struct(LAYER, "recorded", ROW)
    latest = frame.with_columns(keys.rank("ordinal").over("id").alias("_rank"), pl.len().over("id").alias("_of"))
    frame = latest.filter(pl.col("_rank") == pl.col("_of")).drop("_rank", "_of")
    other = correcting.filter(pl.col("supersedes") != pl.col("id"))
    latest = other.sort(LAYER, "recorded", ROW, nulls_last=False)
    moved = dict(latest.select("supersedes", "id").iter_rows())  # the last one stands
    beaten = set(latest["id"]) - set(moved.values())
    frame = frame.filter(~pl.col("id").is_in([*moved, *beaten]))
    return frame, {old: _end(old, moved) for old in moved}


def _end(old: str, moved: Mapping[str, str]) -> str:
    seen = {old}
    while old in moved:
        old = moved[old]
        if old in seen:
            break
        seen.add(old)
    return old


def follow(table: Table, frame: pl.DataFrame, moved: Mapping[str, Mapping[str, str]]) -> pl.DataFrame:
    """Point references to superseded ids at the rows that took their place."""
    changes = []
    for column in table.columns:
        is_about = column.name == "about" and column.type == "id"
        aliases = moved.get(ANY if is_about else column.target)
        if not (column.type in {"ref", "refs"} or is_about) or not aliases:
            continue
        if column.type != "refs":
            changes.append(pl.col(column.name).replace(dict(aliases)))
        else:
            changes.append(pl.col(column.name).list.eval(pl.element().replace(dict(aliases))))
    return frame.with_columns(changes) if changes else frame


def without_dangling(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Drop rows that refer to something not yet recorded, and what refers to those, until nothing dangles.

    A link may have been known before a unit of it was; on that day the record cannot speak of the link either.
    """
    kept = dict(tables)
    while True:
        before = sum(f.height for f in kept.values())
        ids = {name: frame["id"].implode() for name, frame in kept.items()}
        for table in dictionary().values():
            frame = kept[table.name]
            for column in table.columns:
                if column.target not in ids:
                    continue
                if column.type == "ref" and column.name != "modifies":
                    frame = frame.filter(pl.col(column.name).is_null() | pl.col(column.name).is_in(ids[column.target]))
                elif column.type == "refs" and column.target != "sources":
                    inside = pl.col(column.name).list.eval(pl.element().is_in(ids[column.target])).list.all()
                    frame = frame.filter(pl.col(column.name).is_null() | inside)
            kept[table.name] = frame
        if sum(f.height for f in kept.values()) == before:
            return kept


def amended(listings: pl.DataFrame) -> dict[str, dt.date]:
    """The last day of each entry that another one amends (column ``modifies``): the day before that one starts."""
    pairs = listings.filter(pl.col("modifies").is_not_null() & pl.col("since").is_not_null())
    return {old: since - dt.timedelta(days=1) for old, since in pairs.select("modifies", "since").iter_rows()}

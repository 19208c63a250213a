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

LAYER = "_layer"  # 0: the case itself; 1, 2, ...: overlays in the order they were asked for


def check_ids(table: Table, frame: pl.DataFrame, problems: list[Problem]) -> None:
    """Ids must be unique, but for a row that says it supersedes its own id and is recorded later (or in an overlay)."""
    again = frame.filter(pl.col("id").is_not_null() & pl.col("id").is_duplicated())
    if again.height:
        first: dict[str, tuple[object, int, int, str]] = {}
        for row in again.sort(LAYER, ROW).iter_rows(named=True):
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


def _check_alone(frame: pl.DataFrame, problems: list[Problem]) -> None:
    """A row with its own id again that supersedes itself needs an earlier row to correct."""
    selves = frame.filter((pl.col("supersedes") == pl.col("id")) & ~pl.col("id").is_duplicated())
    for file, row, value in selves.select(FILE, ROW, "supersedes").iter_rows():
        problems.append(Problem(file, row, "supersedes", show(value), "the id of another row", "it names its own id"))


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
    moved = dict(other.select("supersedes", "id").iter_rows())
    frame = frame.filter(~pl.col("id").is_in(list(moved)))
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
        aliases = moved.get(column.target)
        if column.type not in {"ref", "refs"} or not aliases or column.name == "modifies":
            continue
        if column.type == "ref":
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

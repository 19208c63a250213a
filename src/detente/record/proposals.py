"""What must hold of proposals: each kind has the columns it needs and no other, and acts on something that is there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from detente.record import toml
from detente.record.case import About
from detente.record.files import FILE, ROW
from detente.record.measures import Measure
from detente.record.problems import Problem, did_you_mean, show

Tables = Mapping[str, pl.DataFrame]
RESTRICTS = ("require_licence", "prohibit", "forbid_compliance")
"""Effects of limbs that may be suspended or lifted: those that hold sales, or forbid complying."""
_WHERE = {
    "grant": ("parties",), "restore": ("licences",), "delist": ("parties", "listings"), "divest": ("units", "parties"),
}  # fmt: skip
_OWN = {
    "items": {"grant"}, "buyers": {"grant"}, "limbs": {"grant"}, "owner": {"divest"},
}  # fmt: skip


def check_proposals(
    tables: Tables,
    measures: Sequence[Measure],
    overlays: Sequence[str],
    unread: Collection[str],
    problems: list[Problem],
) -> None:
    """Every fault of ``proposals``: targets, columns of another kind, fees without a payer, rings of prerequisites."""
    frame = tables["proposals"]
    if frame.height == 0:
        return
    rows = {r["id"]: r for r in frame.iter_rows(named=True) if r["id"] is not None}
    for row in rows.values():
        problems += _targets(row, tables, measures, overlays, unread)
        problems += _columns(row)
        for other in {*(row["requires"] or ()), *(row["excludes"] or ())}:
            if other == row["id"]:
                said = "requires" if other in (row["requires"] or ()) else "excludes"
                problems.append(_problem(row, said, show(other), "another proposal"))
        for both in sorted({*(row["requires"] or ())} & {*(row["excludes"] or ())}):
            problems.append(_problem(row, "excludes", show(both), "a proposal that it does not require"))
        if (path := _ring(row["id"], rows)) is not None:
            got = " requires ".join(path)
            problems.append(_problem(row, "requires", got, "prerequisites that do not run in a ring"))


def _targets(
    row: Mapping[str, Any],
    tables: Tables,
    measures: Sequence[Measure],
    overlays: Sequence[str],
    unread: Collection[str],
) -> Iterator[Problem]:
    kind, targets = row["kind"], row["target"] or []
    if kind is None or row["target"] is None:
        return  # an empty or misspelt cell is said already
    if not targets:
        yield _problem(row, "target", "none", "what it acts on")
    if kind in _WHERE:
        names = _WHERE[kind]
        if set(names) & set(unread):
            return
        known, what = {i for t in names for i in tables[t]["id"]}, f"an id of {' or '.join(names)}"
    elif kind == "overlay":
        known, what = set(overlays), "a folder of overlays/"
    else:
        if "limbs" in unread:
            return
        known = {x.id for m in measures for x in m.limbs if x.effect in RESTRICTS} | {m.id for m in measures}
        what = "an id of a measure, or of a limb that restricts"
    for target in targets:
        if target not in known:
            yield _problem(row, "target", show(target), what, did_you_mean(target, sorted(known)))
    if kind == "divest":
        owned = set(tables["units"]["id"])
        lines = set(tables["parties"].filter(pl.col("kind") == "business")["id"])
        for target in targets:
            if target in known - owned - lines:
                expected = "a unit, or a line of business (a party of kind business)"
                yield _problem(row, "target", show(target), expected, "a firm is not sold by this; its units are")
    if kind == "overlay" and len(targets) > 1:
        yield _problem(row, "target", show(";".join(targets)), "one overlay", "one proposal an overlay")


def _columns(row: Mapping[str, Any]) -> Iterator[Problem]:
    kind = row["kind"]
    if kind is None:
        return
    for column, kinds in _OWN.items():
        if row[column] and kind not in kinds:
            yield _problem(row, column, show(row[column]), f"an empty cell: it is for {' and '.join(sorted(kinds))}")
    for cap in row["cap"] or ():
        if float(cap) < 1 and kind not in {"grant", "restore"}:
            yield _problem(row, "cap", show(cap), "1: a part of the trade is for grant and restore")
    if row["cap"] is not None and not row["cap"]:
        yield _problem(row, "cap", "none", "at least one share, such as 1")
    if len({float(c) for c in row["cap"] or ()}) < len(row["cap"] or ()):
        yield _problem(row, "cap", show(";".join(row["cap"])), "each mode once")
    if kind == "divest" and row["owner"] is None:
        yield _problem(row, "owner", "an empty cell", "the new owner, a party")
    for column in ("since", "through"):
        if kind == "overlay" and row[column] is not None:
            yield _problem(row, column, show(row[column]), "an empty cell", "the rows of an overlay have days")
    if kind == "divest" and row["through"] is not None:
        yield _problem(row, "through", show(row["through"]), "an empty cell", "a sale is for good")
    if kind == "lift" and row["through"] is not None:
        yield _problem(row, "through", show(row["through"]), "an empty cell", "to lift is for good; else suspend")
    if row["fee_usd_m"] and row["paid_by"] is None:
        yield _problem(row, "paid_by", "an empty cell", "the side that pays the fee")
    if row["paid_by"] is not None and row["paid_by"] == row["side"]:
        yield _problem(row, "paid_by", show(row["paid_by"]), "another side than the one that acts")
    if row["paid_by"] is not None and not row["fee_usd_m"]:
        yield _problem(row, "fee_usd_m", "an empty cell", "the fee that is paid, USD m a year")


def _problem(row: Mapping[str, Any], column: str, got: str, expected: str, hint: str = "") -> Problem:
    return Problem(row[FILE], row[ROW], column, got, expected, hint)


def _ring(start: str, rows: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...] | None:
    """A way from a proposal through what is required back to it, told at the proposal that comes first by name."""
    paths: list[tuple[str, ...]] = [(start, other) for other in rows[start]["requires"] or () if other != start]
    seen: set[str] = set()
    while paths:
        path = paths.pop()
        if path[-1] == start:
            return path if start == min(path) else None
        if path[-1] in seen or path[-1] not in rows:
            continue
        seen.add(path[-1])
        paths += [(*path, other) for other in rows[path[-1]]["requires"] or ()]
    return None


def check_sides(
    about: About,
    text: str,
    units: pl.DataFrame,
    measures: Sequence[Measure],
    unread: Collection[str],
    problems: list[Problem],
) -> None:
    """The tables ``regimes`` and ``security`` of case.toml: regimes, sides and tags that are there, ids used once."""

    def wrong(path: tuple[str | int, ...], key: str, got: object, known: Collection[str], what: str) -> None:
        hint = did_you_mean(str(got), sorted(known))
        problems.append(Problem("case.toml", toml.locate(text, path), key, show(got), what, hint))

    sides = f"one of the sides {', '.join(about.sides)}"
    regimes = {m.regime for m in measures}
    for regime, side in about.regimes.items():
        if regime not in regimes and "limbs" not in unread:
            wrong(("regimes", regime), regime, regime, regimes, "the regime of a measure")
        if side not in about.sides:
            wrong(("regimes", regime), regime, side, about.sides, sides)
    tags = {t for words in units["tags"].drop_nulls() for t in words}
    seen: set[str] = set()
    for i, aim in enumerate(about.security):
        for key, side in (("side", aim.side), ("of", aim.of)):
            if side not in about.sides:
                wrong(("security", i, key), key, side, about.sides, sides)
        if aim.side == aim.of:
            wrong(("security", i, "of"), "of", aim.of, (), "another side than the one that wants it held back")
        for tag in aim.tags:
            if tag not in tags and "units" not in unread:
                wrong(("security", i, "tags"), "tags", tag, tags, "a tag of a unit")
        if aim.id in seen:
            wrong(("security", i, "id"), "id", aim.id, (), "an id used once")
        seen.add(aim.id)

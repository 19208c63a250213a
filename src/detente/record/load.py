"""From a folder to a checked ``Case``, or to every fault in it at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import polars as pl
from pydantic import BaseModel

from detente.record import books, checks, history, proposals, questions, toml
from detente.record.case import About, Case, Decision, Decisions, OverlayAbout
from detente.record.cells import parse
from detente.record.dictionary import REQUIRED_TABLES, Table, dictionary
from detente.record.digest import digest
from detente.record.files import FILE, ROW, RawTable, find, inside, read
from detente.record.measures import Measure, read_measures
from detente.record.problems import DetenteError, NotFound, Problem, RecordError, did_you_mean, show

_OVERLAY = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_\-]*$")


def bundled() -> tuple[str, ...]:
    """Names of the cases that come with detente."""
    root = Path(str(files("detente") / "cases"))
    return tuple(sorted(p.parent.name for p in root.glob("*/case.toml")))


def folder_of(case: str | Path) -> Path:
    """The folder of a case: a path that holds a ``case.toml``, or the name of a bundled case."""
    path = Path(case)
    if (path / "case.toml").is_file():
        return path.resolve()
    if isinstance(case, str) and case in bundled():
        return Path(str(files("detente") / "cases" / case))
    if path.is_dir():
        raise NotFound(f"{path} has no case.toml, so it is not a case. `detente new DIR` makes an empty one.")
    raise NotFound(
        f"There is no folder {show(case)} and no bundled case of that name. Bundled: {', '.join(bundled())}."
    )


def load(case: str | Path, *, as_known: dt.date | str | None = None, overlays: Sequence[str] = ()) -> Case:
    """Read and check a case.

    ``case`` is a folder or the name of a bundled case. ``as_known`` keeps only what had been recorded by that day
    (None: everything). ``overlays`` are names of folders under ``overlays/`` whose rows are added or supersede.

    Raises ``NotFound`` where the case or an overlay is not there, and ``RecordError`` with every fault in its files.

    >>> load("huawei").about.title
    'Huawei and its suppliers, 2019 to January 2021'
    """
    folder = folder_of(case)
    known = as_day(as_known, "as_known") if as_known is not None else None
    problems: list[Problem] = []
    about, about_text = _read_about(folder, problems)
    sides = tuple(about.sides) if about else None
    texts: dict[str, BaseModel] = {} if about is None else {"case.toml": about}
    layers = [(folder, ""), *((overlay_folder(folder, o), f"overlays/{o}/") for o in overlays)]
    rows, unread = _read_tables(layers, sides, problems)
    tables = _counting(rows, None)
    measures: tuple[Measure, ...] = ()
    for path, prefix in layers:
        found: list[Problem] = []
        read_ones = read_measures(path, found)
        problems.extend(_under(prefix, found))
        unread |= {"limbs"} if found else set()
        for measure in read_ones:
            measure._file = prefix + measure.file
            measures = (*(m for m in measures if m.id != measure.id or not prefix), measure)
    decisions = _read_decisions(folder, problems)
    missing = frozenset(unread)
    checks.check_references(tables, measures, missing, problems)
    checks.check_measures(tables, measures, missing, problems)
    checks.check_cycles(measures, problems)
    checks.check_spans(tables, problems)
    checks.check_totals(tables, problems)
    _check_about(about, about_text, tables, missing, problems)
    if about is not None:
        proposals.check_sides(about, about_text, tables["units"], measures, missing, problems)
    proposals.check_proposals(tables, measures, overlay_names(folder), missing, problems)
    questions.check_questions(tables, about, overlay_names(folder), missing, problems)
    _check_decisions(tables, measures, decisions, missing, problems)
    if not missing - {"limbs"}:
        checks.check_goods(tables, problems)
        checks.check_findings(tables, problems)
        books.check_lines(tables, problems)
        books.check_orders(tables["orders"], problems)
    if not problems:
        checks.check_accounts(tables, problems)
        books.check_balances(tables, problems)
    if problems or about is None:
        raise RecordError(problems)
    if known is not None:
        tables = history.without_dangling(_counting(rows, known))
    kept = tuple(m for m in measures if _is_known(m, known))
    texts |= {m.file: m for m in kept}
    return Case(
        name=folder.name,
        folder=folder,
        about=about,
        tables=MappingProxyType(tables),
        measures=kept,
        decisions=decisions,
        as_known=known,
        overlays=tuple(overlays),
        digest=digest(tables, dictionary(), texts),
    )


def as_day(value: dt.date | str, name: str) -> dt.date:
    """A day given as a date or as text; a plain sentence where it is neither."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise DetenteError(f"{name}: {show(value)} is not a day; write year-month-day, such as 2020-09-15.") from None


def overlay_folder(folder: Path, name: str) -> Path:
    """The folder of an overlay of a case; its name may not lead out of the case."""
    path = folder / "overlays" / name
    if not _OVERLAY.match(name) or not path.is_dir() or not path.resolve().is_relative_to(folder.resolve()):
        there = ", ".join(overlay_names(folder))
        raise NotFound(f"The case has no overlay {show(name)}. It has: {there or 'none'}.")
    return path


def overlay_names(folder: Path) -> list[str]:
    """The names of the overlays of a case."""
    return sorted(p.name for p in (folder / "overlays").glob("*") if p.is_dir())


def overlay_about(case: Case, name: str) -> OverlayAbout:
    """Title and summary of an overlay of the case."""
    problems: list[Problem] = []
    path = overlay_folder(case.folder, name) / "overlay.toml"
    if not path.is_file():
        return OverlayAbout(title=name)
    found = toml.read(path, f"overlays/{name}/overlay.toml", problems)
    about = toml.fit(OverlayAbout, *found, f"overlays/{name}/overlay.toml", problems) if found else None
    if about is None:
        raise RecordError(problems)
    return about


def _is_known(measure: Measure, as_known: dt.date | None) -> bool:
    return as_known is None or any(w.counts(as_known) for w in measure.windows())


def _read_about(folder: Path, problems: list[Problem]) -> tuple[About | None, str]:
    found = toml.read(folder / "case.toml", "case.toml", problems)
    return (toml.fit(About, *found, "case.toml", problems), found[1]) if found else (None, "")


def _read_decisions(folder: Path, problems: list[Problem]) -> tuple[Decision, ...]:
    decisions: list[Decision] = []
    for path in inside(folder, "tests/*.toml", problems):
        name = f"tests/{path.name}"
        found = toml.read(path, name, problems)
        parsed = toml.fit(Decisions, *found, name, problems) if found else None
        if found and parsed:
            for i, decision in enumerate(parsed.decisions):
                decision._file, decision._line = name, toml.locate(found[1], ("decisions", i, "id"))
            decisions.extend(parsed.decisions)
    return tuple(decisions)


_STANDS_IN = {"sale": {"links", "orders"}, "limb": {"limbs"}, "licence": {"licences"}, "source": {"sources"}}


def _check_about(
    about: About | None, text: str, tables: Mapping[str, pl.DataFrame], unread: frozenset[str], problems: list[Problem]
) -> None:
    groups = set(tables["parties"]["group"].drop_nulls())
    focus = about.focus_group if about else None
    if focus is not None and focus not in groups and "parties" not in unread and tables["parties"].height:
        hint = did_you_mean(focus, sorted(groups)) or "the column group of parties.csv"
        row = toml.locate(text, ("focus_group",))
        problems.append(Problem("case.toml", row, "focus_group", show(focus), "a group of parties", hint))


def _check_decisions(
    tables: Mapping[str, pl.DataFrame],
    measures: Sequence[Measure],
    decisions: Sequence[Decision],
    unread: frozenset[str],
    problems: list[Problem],
) -> None:
    if not decisions:
        return
    known = {
        "sale": set(tables["links"]["id"]) | set(tables["orders"]["id"]),
        "limb": {limb.id for m in measures for limb in m.limbs},
        "licence": set(tables["licences"]["id"]),
        "source": set(tables["sources"]["id"]),
    }
    for decision in decisions:
        named = [
            ("sale", decision.sale),
            *(("limb", x) for x in decision.limbs),
            *(("source", x) for x in decision.sources),
        ]
        named += [("licence", decision.licence)] if decision.licence else []
        for kind, value in named:
            if value not in known[kind] and not unread & _STANDS_IN[kind]:
                hint = did_you_mean(value, sorted(known[kind])) if len(known[kind]) < 10_000 else ""
                hint = hint or f"decision {decision.id}"
                problems.append(Problem(*decision.place, kind, show(value), f"a known {kind}", hint))


def _counting(rows: Mapping[str, pl.DataFrame], as_known: dt.date | None) -> dict[str, pl.DataFrame]:
    """The rows that count, references to superseded ids pointing at what took their place."""
    found = {name: history.live(frame, as_known) for name, frame in rows.items()}
    moved = {name: aliases for name, (_, aliases) in found.items()}
    moved[history.ANY] = {old: new for aliases in moved.values() for old, new in aliases.items()}
    return {
        name: history.follow(dictionary()[name], frame.drop(history.LAYER), moved) for name, (frame, _) in found.items()
    }


def _read_tables(
    layers: Sequence[tuple[Path, str]], sides: Sequence[str] | None, problems: list[Problem]
) -> tuple[dict[str, pl.DataFrame], set[str]]:
    """Every row of all tables of all layers, stacked and checked row by row; and the tables that could not be read."""
    paths = []
    for folder, prefix in layers:
        found: list[Problem] = []
        paths.append((prefix, find(folder, found)))
        problems.extend(_under(prefix, found))
    for name in REQUIRED_TABLES:
        if name not in paths[0][1]:
            hint = (
                f"also {name}.parquet, {name}.xlsx or a sheet {name} of tables.xlsx; `detente new DIR` shows them all"
            )
            problems.append(Problem(f"{name}.csv", 0, "", "no such table", "the table", hint))
    tables: dict[str, pl.DataFrame] = {}
    unread = {name for name in REQUIRED_TABLES if name not in paths[0][1]}
    for name, table in dictionary().items():
        parts = []
        for layer, (prefix, there) in enumerate(paths):
            found = []
            raw = read(name, there[name], found) if name in there else None
            if name in there and (raw is None or "id" not in raw.frame.columns):
                unread.add(name)
            if raw is not None:
                part = parse(raw, table.columns, sides, found)
                parts.append(
                    part.with_columns(pl.lit(prefix + raw.file).alias(FILE), pl.lit(layer).alias(history.LAYER))
                )
            problems.extend(_under(prefix, found))
        frame = pl.concat(parts) if parts else _empty(table, sides)
        history.check_ids(table, frame, problems)
        checks.check_row(table, frame, problems)
        tables[name] = frame
    return tables, unread


def _empty(table: Table, sides: Sequence[str] | None) -> pl.DataFrame:
    raw = RawTable("", pl.DataFrame(schema={**dict.fromkeys(table.names, pl.String), ROW: pl.Int64}), 0)
    frame = parse(raw, table.columns, sides, [])
    return frame.with_columns(pl.lit("").alias(FILE), pl.lit(0).alias(history.LAYER))


def _under(prefix: str, problems: Sequence[Problem]) -> list[Problem]:
    if not prefix:
        return list(problems)
    return [Problem(prefix + p.file, p.row, p.column, p.got, p.expected, p.hint) for p in problems]

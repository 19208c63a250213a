"""The Commerce Control List (Supplement No. 1 to part 774 of the EAR): why each code is controlled.

Read are the rows of "License Requirements" of every entry: a control ("NS applies to ...") and where it sends the
reader (a column of the Country Chart, or a text). A column becomes ``reason``; a text that names the destinations
itself becomes ``to``; what is not understood whole becomes ``prose``, which nobody may read as a release.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from detente.official.chart import REGIME, footnote_codes
from detente.official.destinations import destinations
from detente.official.entry import Reader
from detente.official.files import day_of, is_json, read_csv, read_json
from detente.official.paragraphs import Part, paragraphs
from detente.official.snapshot import Publication, Row, Snapshot
from detente.record.files import ROW
from detente.record.problems import Problem, RecordError, show

PUBLICATION = Publication(
    "us-ccl",
    "Commerce Control List",
    "US Department of Commerce, Bureau of Industry and Security",
    "15 CFR part 774, Supplement No. 1",
    "https://www.ecfr.gov/current/title-15/part-774",
)

_ECCN = re.compile(r"^\d[A-E]\d{3}$")
_CONTROL = re.compile(r"^(?P<why>[A-Z]{2}) (?:applies|apply)(?: to)? (?P<what>.+)$")
_COLUMN = re.compile(r"^(?P<why>[A-Z]{2})? ?Column (?P<n>\d)\.?(?P<rest>.*)$")
_BOTH = re.compile(r"^(?P<control>[A-Z]{2} applies to .+?) (?P<column>[A-Z]{2} Column \d\.)$")
_TWO = re.compile(r"(?<=[a-z]) (?=[A-Z]{2} applies to )")
_TWO_COLUMNS = re.compile(r"(?<=\d) (?=[A-Z]{2} Column \d)")
_ASIDE = re.compile(r" \(refer to [^()]*\)$")
_REASONS = re.compile(r"\b[A-Z]{2}(?=\d?\b)")
_NONE = "No row of licence requirements could be read from this entry"


@dataclass(frozen=True, slots=True)
class Control:
    """A row as printed: what is controlled and for what, and where the requirement is found."""

    row: int
    eccn: str
    heading: str
    reasons: str
    control: str
    chart: str


def read_codes(
    path: Path | str,
    *,
    as_of: dt.date | str | None = None,
    since: dt.date | str | None = None,
    chart: Path | str | None = None,
) -> Snapshot:
    """Read the control list into ``sources`` and ``codes``: a row for each code or sub-code and reason.

    ``chart`` is the Country Chart as JSON, of which some footnotes name codes and destinations: they are rows, too.
    ``since`` is the first day from which the rows are taken to be true, by default the day of the snapshot. What a
    text says of all destinations is the text: that an authority does not enforce it is another fact.

    Raises ``RecordError`` where the file is no control list, ``DetenteError`` where no day is known.
    """
    path = Path(path)
    reader = Reader(path.name, [])
    said: object = None
    if is_json(path):
        whole = read_json(path)
        said, found = whole.get("ecfrIssueDate"), list(_printed(whole, reader))
    else:
        found = list(_table(path, reader))
    day = day_of(path, as_of, said)
    first = str(day_of(path, since if since is not None else day, None))
    rows: list[Row] = []
    taken: Counter[str] = Counter()
    kinds: Counter[str] = Counter(dict.fromkeys(("reason", "to", "prose"), 0))
    for one in _with_gaps([c for read in found for c in _split(read)]):
        for row in _rows(one):
            kind = next(k for k in ("reason", "to", "prose") if row.get(k))
            kinds[kind] += 1
            why = one.control[:2] if _CONTROL.match(one.control) else "all"
            short = row.get("reason", f"{why}-{'to' if kind == 'to' else 'text'}").replace(" ", "-")
            base = f"{row['code'].partition(':')[2]}:{short}"
            taken[base] += 1
            n = taken[base]
            rows.append(row | {"id": f"{base}:{n}" if n > 1 else base, "heading": one.heading, "since": first})
    if chart is not None:
        more = footnote_codes(Path(chart))
        rows += [row | {"since": first} for row in more]
        kinds["footnotes of the chart"] = len(more)
    tables = PUBLICATION.tables(path, day, {"codes": rows})
    return Snapshot(path.name, day, tables, tuple(sorted(reader.problems)), dict(kinds))


def _printed(whole: Mapping[str, object], reader: Reader) -> Iterator[Control]:
    """Rows of the JSON layout: entries with their requirements."""
    found = whole.get("entries")
    if not isinstance(found, list):
        raise RecordError([Problem(reader.file, 0, "entries", "no entries", "entries of the control list")])
    for row, one in enumerate(found, start=1):
        told = one if isinstance(one, dict) else {}
        rows = told.get("countryChart")
        listed = [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []
        for said in listed or [{}]:
            cells = (told.get("eccn"), told.get("heading"), told.get("reasonForControl"))
            yield from _control(row, (*cells, said.get("control"), said.get("countryChart")), reader)


def _table(path: Path, reader: Reader) -> Iterator[Control]:
    """Rows of the CSV layout."""
    columns = ("eccn", "heading", "reason_for_control", "control_text", "country_chart_text")
    for one in read_csv(path, columns).frame.to_dicts():
        yield from _control(int(one[ROW]), [one[c] for c in columns], reader)


def _control(row: int, cells: Iterable[object], reader: Reader) -> Iterator[Control]:
    names = ("eccn", "heading", "reason_for_control", "control", "chart")
    eccn, *rest = (reader.text(row, name, cell) for name, cell in zip(names, cells, strict=True))
    if _ECCN.match(eccn):
        yield Control(row, eccn, *rest)
    else:
        hint = "a spreadsheet turns 3E001 into a number: take the file as published"
        reader.report(row, "eccn", show(eccn), "a code such as 3A001", hint)


def _split(one: Control) -> Iterator[Control]:
    """Undo two slips of the files: two rows printed as one, and the column printed inside the control."""
    if one.control == one.chart and (m := _BOTH.match(one.control)):
        yield _but(one, m["control"], m["column"])
        return
    controls, columns = _TWO.split(one.control), _TWO_COLUMNS.split(one.chart)
    if len(controls) == len(columns) > 1 and all(a[:2] == b[:2] for a, b in zip(controls, columns, strict=True)):
        for control, column in zip(controls, columns, strict=True):
            yield _but(one, control, column)
        return
    yield one


def _but(one: Control, control: str, chart: str) -> Control:
    return Control(one.row, one.eccn, one.heading, one.reasons, control, chart)


def _with_gaps(found: Iterable[Control]) -> Iterator[Control]:
    """The rows, and after those of an entry one for the reasons that its heading names and no row explains."""
    entries: dict[str, list[Control]] = {}
    for one in found:
        entries.setdefault(one.eccn, []).append(one)
    for rows in entries.values():
        yield from (r for r in rows if r.control or r.chart)
        named = {w for r in rows for w in _REASONS.findall(r.reasons)}
        explained = {r.control[:2] for r in rows}
        missing = sorted(named - explained)
        if missing and any(r.control or r.chart for r in rows):
            yield _but(rows[0], "", f"Controlled for {', '.join(missing)}, of which no row could be read")
        elif not any(r.control or r.chart for r in rows):
            yield _but(rows[0], "", f"{_NONE}{f': controlled for {rows[0].reasons}' if rows[0].reasons else ''}")


def _rows(one: Control) -> Iterator[dict[str, str]]:
    """The rows of ``codes`` that a control makes."""
    words = ": ".join(t for t in (one.control, one.chart) if t)
    control = _CONTROL.match(_ASIDE.sub("", one.control).rstrip("."))
    if control is None:
        yield _row(Part((one.eccn,)), prose=words)
        return
    column = _COLUMN.match(one.chart)
    to = destinations(one.chart, one.eccn)
    for part in paragraphs(control["what"], one.eccn):
        if part.in_words:
            yield from _each(part, prose=words)
        elif column and column["why"] in {None, control["why"]}:
            note = "" if column["why"] else f"the text prints {one.chart!r} without the reason"
            yield from _each(part, reason=f"{control['why']} {column['n']}", note=note)
            if column["rest"].strip():
                yield from _each(part, prose=words)
        elif to is not None:
            yield from _each(part, to=";".join(to), note=words)
        else:
            yield from _each(part, prose=words)


def _each(part: Part, **cells: str) -> Iterator[dict[str, str]]:
    for code in part.codes:
        yield _row(Part((code,), part.but), **cells)


def _row(part: Part, **cells: str) -> dict[str, str]:
    row = {"code": f"{REGIME}:{part.codes[0]}", "codes_except": ";".join(f"{REGIME}:{c}" for c in part.but)}
    return row | {name: text for name, text in cells.items() if text}

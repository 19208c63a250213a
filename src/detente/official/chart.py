"""The Commerce Country Chart (Supplement No. 1 to part 738 of the EAR): which columns are marked for a destination."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from detente.official.chart_footnotes import asks_for_more, requirements
from detente.official.entry import Reader
from detente.official.files import day_of, is_json, read_csv, read_json
from detente.official.iso import iso
from detente.official.snapshot import Publication, Row, Snapshot
from detente.record.files import ROW
from detente.record.problems import Problem, RecordError, show

REGIME = "us-ear"
PUBLICATION = Publication(
    "us-country-chart",
    "Commerce Country Chart",
    "US Department of Commerce, Bureau of Industry and Security",
    "15 CFR part 738, Supplement No. 1",
    "https://www.ecfr.gov/current/title-15/part-738",
)
HONG_KONG_SINCE = dt.date(2020, 12, 23)  # 85 FR 83765

_COLUMN = re.compile(r"^[A-Z]{2} \d$")
_BASIS = {
    "HK": "the entry for Hong Kong was removed, and it is read as China, from 2020-12-23 (85 FR 83765)",
    "LI": "footnote 5 to Supplement No. 1 to part 738, and 15 CFR 738.3(b)",
}


@dataclass(frozen=True, slots=True)
class Destination:
    """A row of the chart as printed: ``pointer`` is where a row without marks sends the reader."""

    row: int
    name: str
    marks: tuple[str, ...]
    footnotes: tuple[str, ...]
    pointer: str


def read_chart(path: Path | str, *, as_of: dt.date | str | None = None, since: dt.date | str | None = None) -> Snapshot:
    """Read the chart into ``sources``, ``chart`` and ``territories``.

    ``since`` is the first day from which the rows are taken to be true: the day of the snapshot where it is not given,
    for the file says nothing of earlier days. Hong Kong is read as China since 2020-12-23, whatever ``since`` is.

    Footnotes ask for more than the marks show. Their texts, which only the JSON layout has, are put in the note of a
    row; a footnote with additional licence requirements is where the row points ``elsewhere``, as is what stands
    instead of marks for an embargoed destination. Footnotes that name codes are rows of the code table, which
    ``read_codes`` makes when it is given the chart: alone they would say that the code is controlled for nothing else.

    Raises ``RecordError`` where the file is no chart, ``DetenteError`` where no day is known.
    """
    path = Path(path)
    reader = Reader(path.name, [])
    said: object = None
    texts: Mapping[str, object] = {}
    inherited: dict[str, tuple[str, str]] = {"HK": ("CN", _BASIS["HK"])}
    if is_json(path):
        whole = read_json(path)
        said, found = whole.get("ecfrIssueDate"), list(_printed(whole, reader))
        texts = _mapping(whole.get("footnotes"), "footnotes", reader)
        inherited |= _inherited(_mapping(whole.get("territoryInheritance"), "territoryInheritance", reader), reader)
    else:
        found = list(_table(path, reader))
    day = day_of(path, as_of, said)
    first = day_of(path, since if since is not None else day, None)
    rows: list[Row] = []
    seen: dict[str, str] = {}
    for one in found:
        code = iso(one.name)
        if code is None or code in seen:
            got = show(one.name) if code is None else f"{show(one.name)}, after {show(seen[code])}"
            reader.report(one.row, "country", got, "the name of a country, once", "the row is left out")
            continue
        seen[code] = one.name
        if "5" in one.footnotes and code == "LI":
            inherited.setdefault("LI", ("CH", _BASIS["LI"]))
        told = {n: reader.text(one.row, "footnotes", texts[n]) for n in one.footnotes if n in texts}
        bare = [n for n in one.footnotes if n not in texts]
        notes = [*(f"footnote {n}: {t}" for n, t in told.items()), *(f"footnote {n} of the chart" for n in bare)]
        elsewhere = [one.pointer, *(t for t in told.values() if asks_for_more(t))]
        rows.append(
            {
                "id": f"{REGIME}:{code}", "regime": REGIME, "country": code, "reasons": ";".join(one.marks) or "none",
                "elsewhere": " | ".join(t for t in elsewhere if t), "since": str(first), "note": " | ".join(notes),
            }
        )  # fmt: skip
        if not one.marks and not one.pointer:
            reader.report(one.row, "country", f"{one.name} without a mark", "marks, or where to read instead")
    _check_texts(texts, reader)
    if without := sorted({n for one in found for n in one.footnotes if n not in texts}, key=int):
        got = f"footnotes {', '.join(without)} without their texts"
        reader.report(0, "footnotes", got, "texts, for they ask for more than the marks", "the JSON layout has them")
    territories = [
        {
            "id": f"{REGIME}:{code}", "regime": REGIME, "country": code, "read_as": read_as, "note": basis,
            "since": str(HONG_KONG_SINCE if code == "HK" else first),
        }
        for code, (read_as, basis) in sorted(inherited.items())
    ]  # fmt: skip
    tables = PUBLICATION.tables(path, day, {"chart": rows, "territories": territories})
    with_footnotes = sum(1 for one in found if one.footnotes)
    counts = {"with footnotes": with_footnotes, "pointing elsewhere": sum(1 for row in rows if row["elsewhere"])}
    return Snapshot(path.name, day, tables, tuple(sorted(reader.problems)), counts)


def _check_texts(texts: Mapping[str, object], reader: Reader) -> None:
    """Two footnotes with the same words: one edition has that, and what one of them said is lost."""
    for n, text in texts.items():
        if same := [m for m, other in texts.items() if other == text and m < n]:
            got = f"footnote {n} with the words of footnote {same[0]}"
            reader.report(0, "footnotes", got, "the words of each", "one of them is lost: look both up")


def footnote_codes(path: Path) -> list[dict[str, str]]:
    """Rows of ``codes`` for the requirements that footnotes of a chart make by naming codes and destinations.

    Empty for the CSV layout, which has no texts of footnotes.
    """
    if not is_json(path):
        return []
    whole = read_json(path)
    reader = Reader(path.name, [])
    found = list(_printed(whole, reader))
    texts = _mapping(whole.get("footnotes"), "footnotes", reader)
    return [
        row
        for n, text in texts.items()
        for row in requirements(n, reader.text(0, "footnotes", text), _with(n, found), REGIME)
    ]


def _with(footnote: str, found: Iterable[Destination]) -> list[str]:
    """The codes of the destinations that a footnote stands at."""
    return [code for one in found if footnote in one.footnotes and (code := iso(one.name))]


def _printed(whole: Mapping[str, object], reader: Reader) -> Iterable[Destination]:
    """Destinations of the JSON layout."""
    countries = whole.get("countries")
    if not isinstance(countries, dict):
        raise RecordError([Problem(reader.file, 0, "countries", "no countries", "a country chart")])
    both = {**countries, **_mapping(whole.get("embargoed"), "embargoed", reader)}
    for row, (name, said) in enumerate(both.items(), start=1):
        told = said if isinstance(said, dict) else {}
        if told is not said:
            reader.report(row, "countries", show(said), "marks and footnotes")
        marks = _marks((str(m) for m in _values(told.get("marks"))), row, reader)
        numbers = _numbers(_values(told.get("footnotes")), row, reader)
        yield Destination(row, str(name), marks, numbers, reader.text(row, "pointer", told.get("pointer")))


def _table(path: Path, reader: Reader) -> Iterable[Destination]:
    """Destinations of the CSV layout: a column for each reason, marked X."""
    raw = read_csv(path, ("country", "footnotes", "pointer"))
    columns = [c for c in raw.frame.columns if _COLUMN.match(c)]
    if not columns:
        expected = "columns such as NS 1"
        raise RecordError([Problem(path.name, raw.header_row, "", "no column of a reason for control", expected)])
    for one in raw.frame.to_dicts():
        row = int(one[ROW])
        for column in columns:
            if one[column] not in {None, "X"}:
                reader.report(row, column, show(one[column]), "X or nothing", "read as a mark")
        marks = tuple(c for c in columns if one[c])
        numbers = tuple(re.findall(r"\d+", one["footnotes"] or ""))
        yield Destination(row, one["country"] or "", marks, numbers, reader.text(row, "pointer", one["pointer"]))


def _marks(found: Iterable[str], row: int, reader: Reader) -> tuple[str, ...]:
    marks = []
    for mark in found:
        if _COLUMN.match(mark):
            marks.append(mark)
        else:
            reader.report(row, "marks", show(mark), "a column such as NS 1", "left out: no mark of the chart")
    return tuple(marks)


def _numbers(found: Iterable[object], row: int, reader: Reader) -> tuple[str, ...]:
    numbers = [reader.text(row, "footnotes", n) for n in found]
    for n in numbers:
        if not re.fullmatch(r"\d{1,3}", n):
            reader.report(row, "footnotes", show(n), "the number of a footnote", "left out")
    return tuple(n for n in numbers if re.fullmatch(r"\d{1,3}", n))


def _inherited(found: Mapping[str, object], reader: Reader) -> dict[str, tuple[str, str]]:
    """Places read as another, with the basis that the file gives."""
    read_as = {}
    for name, said in found.items():
        told = said if isinstance(said, dict) else {}
        place, other = iso(name), iso(str(told.get("row", "")))
        if place is None or other is None:
            got = f"{name} as {told.get('row')}"
            reader.report(0, "territoryInheritance", show(got), "the names of two places", "left out")
        else:
            read_as[place] = (other, _BASIS.get(place) or reader.text(0, "territoryInheritance", told.get("basis")))
    return read_as


def _mapping(value: object, column: str, reader: Reader) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    if value is not None:
        reader.report(0, column, show(value), "an object", "read as empty")
    return {}


def _values(value: object) -> list[object]:
    return value if isinstance(value, list) else []

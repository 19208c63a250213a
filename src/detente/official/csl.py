"""The Consolidated Screening List of the US Departments of Commerce, State and the Treasury.

Three layouts are read: the JSON and the CSV of trade.gov, and a compacted JSON that keeps its texts in tables and says
so in a ``fieldKey``. Source: https://www.trade.gov/consolidated-screening-list.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from detente.official.entry import Entry, Reader
from detente.official.files import day_of, is_json, read_csv, read_json
from detente.official.iso import iso
from detente.official.listings import OTHERS, Sides, listed
from detente.official.lists import list_of
from detente.official.review import footnotes
from detente.official.snapshot import Publication, Snapshot
from detente.official.text import items
from detente.record.files import ROW
from detente.record.problems import Problem, RecordError, show

PUBLICATION = Publication(
    "csl",
    "Consolidated Screening List",
    "US Department of Commerce, International Trade Administration",
    "",
    "https://www.trade.gov/consolidated-screening-list",
)
_CSV_COLUMNS = ("source", "entity_number", "type", "programs", "name", "addresses", "start_date", "end_date",
                "license_requirement", "license_policy", "alt_names")  # fmt: skip
_STATES = """
AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC
SD TN TX UT VT VA WA WV WI WY DC PR
"""
_LETTERS = re.compile(r"^[^\d]{2,60}$")


def read_csl(path: Path | str, *, as_of: dt.date | str | None = None, sides: Sides = OTHERS) -> Snapshot:
    """Read the screening list into ``sources``, ``parties``, ``names`` and ``listings``.

    ``as_of`` is the day of the snapshot; the compacted layout says it itself. ``sides`` tells to which side of the
    case a party of a country belongs.

    Raises ``RecordError`` where the file is not a screening list at all, ``DetenteError`` where no day is known.
    """
    path = Path(path)
    problems: list[Problem] = []
    reader = Reader(path.name, problems)
    said: object = None
    if is_json(path):
        whole = read_json(path)
        if "fieldKey" in whole:
            said = whole.get("sourceGeneratedAt")
            entries = _compacted(whole, reader)
        elif isinstance(found := whole.get("results"), list):
            entries = _results(found, reader)
        else:
            got = f"JSON with {', '.join(list(whole)[:8]) or 'nothing in it'}"
            raise RecordError([Problem(path.name, 0, "results", got, "the screening list's results")])
    else:
        raw = read_csv(path, _CSV_COLUMNS)
        entries = _flat(raw.frame.to_dicts(), reader)
    day = day_of(path, as_of, said)
    _check_congo(entries, reader)
    return listed(PUBLICATION, path, day, entries, sides, problems)


def _results(found: Sequence[object], reader: Reader) -> list[Entry]:
    """Entries of the JSON as published."""
    entries = []
    for row, one in enumerate(found, start=1):
        if not isinstance(one, dict):
            reader.report(row, "results", show(one), "an entry", "left out")
            continue
        addresses = [a for a in _list(one.get("addresses"), "addresses", row, reader) if isinstance(a, dict)]
        printed = (", ".join(reader.text(row, "addresses", a.get(k)) for k in _ADDRESS if a.get(k)) for a in addresses)
        named = (reader.text(row, "addresses", a.get("country")) for a in addresses)
        texts = {column: _texts(one.get(column), column, row, reader) for column in ("alt_names", "programs")}
        entry = _entry(row, one, reader, texts["alt_names"], texts["programs"], named, tuple(p for p in printed if p))
        entries += [entry] if entry else []
    return entries


_ADDRESS = ("address", "city", "state", "postal_code", "country")


def _flat(found: Sequence[Mapping[str, object]], reader: Reader) -> list[Entry]:
    """Entries of the CSV as published: lists separated by ``;``, the country at the end of each address."""
    prints_us = any(re.search(r", US($|;)", str(one["addresses"] or "")) for one in found)
    entries = []
    for one in found:
        row = int(str(one[ROW]))
        addresses = items(str(one["addresses"] or ""))
        named = [_last(address, prints_us, row, reader) for address in addresses]
        cells = {c: str(one[c] or "") for c in ("alt_names", "programs")}
        names = _texts(cells["alt_names"], "alt_names", row, reader)
        entry = _entry(row, one, reader, names, items(cells["programs"]), named, addresses)
        entries += [entry] if entry else []
    return entries


def _last(address: str, prints_us: bool, row: int, reader: Reader) -> str:
    """The country at the end of an address; empty where it ends with something else.

    Some editions print no country after an address in the United States: then a state (``AZ``, Arizona) must not be
    read as a country (Azerbaijan).
    """
    last = address.rpartition(",")[2].strip()
    if last in _STATES.split() and not prints_us:
        reader.report(row, "addresses", show(last), "a country at the end", "a state of the US? read as no country")
        return ""
    return last if "," in address and (iso(last) or _LETTERS.match(last)) else ""


def _compacted(whole: Mapping[str, object], reader: Reader) -> list[Entry]:
    """Entries of the compacted JSON: short keys, and texts that stand once in ``tables``."""
    tables, found = whole.get("tables"), whole.get("entries")
    if not isinstance(tables, dict) or not isinstance(found, list):
        raise RecordError([Problem(reader.file, 0, "tables", "a file without tables and entries", "both")])

    def named(table: str, row: int, key: str, index: object) -> str:
        texts = tables.get(table)
        if index is None:
            return ""
        if not isinstance(texts, list) or type(index) is not int or not 0 <= index < len(texts):
            reader.report(row, key, show(index), f"a place in the table {table}", "read as empty")
            return ""
        return reader.text(row, key, texts[index])

    entries = []
    for row, one in enumerate(found, start=1):
        if not isinstance(one, dict):
            reader.report(row, "entries", show(one), "an entry", "left out")
            continue
        full = {
            "source": named("sources", row, "s", one.get("s")), "name": one.get("n"), "type": one.get("t"),
            "entity_number": one.get("e"), "federal_register_notice": one.get("fr"),
            "license_requirement": named("licenceRequirements", row, "lr", one.get("lr")),
            "license_policy": named("licencePolicies", row, "lp", one.get("lp")),
        }  # fmt: skip
        countries = _texts(one.get("c"), "c", row, reader)
        programmes = items(named("programmes", row, "pg", one.get("pg")))
        entry = _entry(row, full, reader, _texts(one.get("a"), "a", row, reader), programmes, countries, ())
        entries += [entry] if entry else []
    return entries


def _entry(
    row: int,
    one: Mapping[str, object],
    reader: Reader,
    aliases: Iterable[str],
    programmes: Iterable[str],
    countries: Iterable[str],
    addresses: tuple[str, ...],
) -> Entry | None:
    """An entry of any layout; None, with the reason said, where it has no name or is on a list not known here."""
    source, name = reader.text(row, "source", one.get("source")), reader.text(row, "name", one.get("name"))
    on = list_of(source)
    if on is None or not name:
        column, got = ("name", "no name") if on else ("source", show(source))
        reader.report(row, column, got, "a name" if on else "a list known here", "the entry is left out")
        return None
    since, through = (reader.day(row, c, one.get(c)) for c in ("start_date", "end_date"))
    if since and through and through < since:
        reader.report(row, "end_date", str(through), f"a day on or after start_date ({since})", "read as no end")
        through = None
    requirement = reader.text(row, "license_requirement", one.get("license_requirement"))
    order = reader.text(row, "standard_order", one.get("standard_order"))
    remarks = [reader.text(row, "remarks", one.get("remarks")), f"standard order: {order}" if order else ""]
    return Entry(
        row=row,
        list=on.id,
        name=name,
        number=reader.text(row, "entity_number", one.get("entity_number")),
        kind=reader.text(row, "type", one.get("type")),
        aliases=tuple(a for a in aliases if a != name),
        countries=reader.countries(row, "addresses", countries),
        addresses=addresses,
        programmes=tuple(programmes),
        tags=footnotes(requirement),
        notice=reader.text(row, "federal_register_notice", one.get("federal_register_notice")),
        since=since,
        through=through,
        requirement=requirement,
        policy=reader.text(row, "license_policy", one.get("license_policy")),
        remarks="; ".join(r for r in remarks if r),
    )


def _list(value: object, column: str, row: int, reader: Reader) -> list[object]:
    if isinstance(value, list):
        return value
    if value not in (None, "", "[]"):
        reader.report(row, column, show(value), "a list", "read as empty")
    return []


def _texts(value: object, column: str, row: int, reader: Reader) -> tuple[str, ...]:
    """The texts of a list cell, whether a list or one text with ``;``."""
    values = [value] if isinstance(value, str) else _list(value, column, row, reader)
    return tuple(dict.fromkeys(t for v in values for t in items(reader.text(row, column, v))))


def _check_congo(entries: Sequence[Entry], reader: Reader) -> None:
    """Some editions write both Congos as CG: then CG says nothing of which, and the file is told apart by that."""
    counts = Counter(c for e in entries for c in e.countries)
    if counts["CG"] and not counts["CD"]:
        got = f"CG in {counts['CG']} entries and CD in none"
        reader.report(0, "addresses", got, "CD for the Democratic Republic of the Congo", "CG may stand for either")

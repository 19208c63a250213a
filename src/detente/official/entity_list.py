"""The Entity List (Supplement No. 4 to part 744 of the EAR) as a table: one row an entry."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from detente.official.entry import Entry, Reader
from detente.official.files import day_of, read_csv
from detente.official.listings import OTHERS, Sides, listed
from detente.official.lists import ENTITY_LIST
from detente.official.review import footnotes
from detente.official.snapshot import Publication, Snapshot
from detente.official.text import items
from detente.record.files import ROW
from detente.record.problems import Problem, show

PUBLICATION = Publication(
    "entity-list",
    "Entity List",
    "US Department of Commerce, Bureau of Industry and Security",
    "15 CFR part 744, Supplement No. 4",
    "https://www.bis.gov/regulations/ear/744#supplement-4-744",
)
_COLUMNS = ("name", "aliases", "countries", "fr_citations", "footnotes", "license_requirement", "license_review_policy")
_COUNTRY = re.compile(r"\b[A-Z]{2}\b(?= |$)|[^ ].*?(?= [A-Z]{2}(?: |$)|$)")


def read_entity_list(path: Path | str, *, as_of: dt.date | str | None = None, sides: Sides = OTHERS) -> Snapshot:
    """Read the table into ``sources``, ``parties``, ``names`` and ``listings``.

    ``aliases`` are separated by ``|``, ``countries`` by blanks. The column ``footnotes`` and the digits glued to the
    requirement are both read; where they differ, both count and a problem says so.

    Raises ``RecordError`` where the file is no such table, ``DetenteError`` where no day is known.
    """
    path = Path(path)
    raw = read_csv(path, _COLUMNS)
    problems: list[Problem] = []
    reader = Reader(path.name, problems)
    entries = []
    for one in raw.frame.to_dicts():
        row = int(one[ROW])
        cells = {c: reader.text(row, c, one[c]) for c in _COLUMNS}
        if not cells["name"]:
            reader.report(row, "name", "no name", "a name", "the entry is left out")
            continue
        glued = footnotes(cells["license_requirement"])
        told = tuple(f"fn{d}" for d in re.findall(r"\d", cells["footnotes"]))
        if told and set(told) != set(glued):
            got = f"{cells['footnotes']}, while the requirement ends in {' and '.join(glued) or 'none'}"
            reader.report(row, "footnotes", got, "the footnotes of the requirement", "all of them are taken")
        aliases = dict.fromkeys(a for part in cells["aliases"].split("|") for a in items(part))
        entries.append(
            Entry(
                row=row,
                list=ENTITY_LIST,
                name=cells["name"],
                aliases=tuple(a for a in aliases if a != cells["name"]),
                countries=reader.countries(row, "countries", _COUNTRY.findall(cells["countries"])),
                tags=tuple(sorted({*glued, *told})),
                notice=cells["fr_citations"],
                requirement=cells["license_requirement"],
                policy=cells["license_review_policy"],
            )
        )
    if not entries:
        reader.report(0, "", show("no entry"), "the rows of the Entity List")
    return listed(PUBLICATION, path, day_of(path, as_of, None), entries, sides, problems)

"""The Country Groups (Supplement No. 1 to part 740 of the EAR): A:1 to A:6, B, D:1 to D:5, E:1 and E:2."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from detente.official.entry import Reader
from detente.official.files import day_of, is_json, read_csv, read_json
from detente.official.iso import iso
from detente.official.snapshot import Publication, Row, Snapshot
from detente.record.files import ROW
from detente.record.problems import Problem, RecordError, show

PUBLICATION = Publication(
    "us-country-groups",
    "Country Groups",
    "US Department of Commerce, Bureau of Industry and Security",
    "15 CFR part 740, Supplement No. 1",
    "https://www.ecfr.gov/current/title-15/part-740",
)
_GROUP = re.compile(r"^[A-Z](:\d{1,2})?$")


def read_groups(
    path: Path | str, *, as_of: dt.date | str | None = None, since: dt.date | str | None = None
) -> Snapshot:
    """Read the groups into ``sources`` and ``groups``, joined on the codes of the countries, never on their names.

    ``since`` is the first day from which the rows are taken to be true, by default the day of the snapshot. A country
    that a group names twice, by two spellings, is a member once.

    Raises ``RecordError`` where the file has no groups, ``DetenteError`` where no day is known.
    """
    path = Path(path)
    reader = Reader(path.name, [])
    said: object = None
    pairs: list[tuple[int, str, str]] = []
    if is_json(path):
        whole = read_json(path)
        said, found = whole.get("ecfrIssueDate"), whole.get("groups")
        if not isinstance(found, dict) or not all(isinstance(v, list) for v in found.values()):
            raise RecordError([Problem(path.name, 0, "groups", "no groups", "lists of countries by group")])
        every = [(group, name) for group, names in found.items() for name in names]
        pairs = [
            (row, str(group), reader.text(row, "groups", name)) for row, (group, name) in enumerate(every, start=1)
        ]
    else:
        raw = read_csv(path, ("group", "country"))
        pairs = [(int(r[ROW]), r["group"] or "", r["country"] or "") for r in raw.frame.to_dicts()]
    day = day_of(path, as_of, said)
    first = day_of(path, since if since is not None else day, None)
    rows: dict[str, Row] = {}
    for row, group, name in pairs:
        code = iso(name)
        if code is None or not _GROUP.match(group):
            column, got = ("country", name) if code is None else ("group", group)
            expected = "the name of a country" if code is None else "a group such as D:5"
            reader.report(row, column, show(got), expected, "the row is left out")
            continue
        one = f"{group}:{code}"
        if one in rows:
            reader.report(row, "country", f"{show(name)} again in {group}", "a country once in a group", "kept once")
        rows.setdefault(one, {"id": one, "group": group, "country": code, "since": str(first)})
    tables = PUBLICATION.tables(path, day, {"groups": list(rows.values())})
    counts: dict[str, int] = {}
    for row_ in rows.values():
        counts[row_["group"]] = counts.get(row_["group"], 0) + 1
    return Snapshot(path.name, day, tables, tuple(sorted(reader.problems)), counts)

"""Files that somebody damaged, or made to do damage: an answer the record accepts, or a refusal in words."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from detente.official import Snapshot, read_chart, read_codes, read_csl, read_entity_list, read_groups
from detente.record.cells import parse
from detente.record.dictionary import dictionary
from detente.record.files import ROW, RawTable
from detente.record.problems import DetenteError, Problem
from official.published import as_compact, as_csv, as_json, entries, put
from official.test_chart import CHART

JUNK: list[Any] = [
    None, True, 0, -1, 1.5, 10**400, "", "x", "[]", [], {}, [None], [{}], {"a": 1}, ["x", 7], "\x00\u202e=1+1",
    "9" * 5000, "é;;", float("nan"),
]  # fmt: skip
BITS = ['"', ",", "\n", ";", "\x00", "é", "=", "X", "[]", " ", "\r\n", "|", "999999999999", "-", "("]
GROUPS = {"ecfrIssueDate": "2026-07-23", "groups": {"D:5": ["China (PRC)", "Burma"], "B": ["Peru", "Chile"]}}
CODES = {
    "entries": [
        {"eccn": f"3A00{n}", "heading": "H", "reasonForControl": "NS, AT", "countryChart": [
            {"control": "NS applies to entire entry, except .b.1", "countryChart": "NS Column 1"},
            {"control": f"RS applies to 3A00{n}.a to c", "countryChart": "Worldwide control. See § 742.4(a)(5)."},
        ]}
        for n in range(9)
    ]
}  # fmt: skip
LIST = (
    "name,aliases,countries,fr_citations,footnotes,license_requirement,license_review_policy\n"
    "Vell,V | W,CN HK,84 FR 1,3,All (See §§ 734.9(g),Policy of denial\nOva,,RU CRIMEA (OCCUPIED),,,All,\n"
)
CHART_CSV = "country,NS 1,NS 2,footnotes,pointer\nChina,X,X,,\nAlbania,X,,2 3,\nCuba,,,,See part 746\n"
CODES_CSV = (
    "eccn,heading,reason_for_control,control_text,country_chart_text\n"
    '3A001,H,"NS, AT",NS applies to entire entry,NS Column 1\n3B001,H,NS,NS applies to 3B001.a.1 to a.3,NS Column 2\n'
)


def accepted(snapshot: Snapshot) -> bool:
    """Whether the record takes every row."""
    problems: list[Problem] = []
    for name, table in snapshot.tables.items():
        assert table["id"].is_duplicated().sum() == 0
        parse(RawTable(name, table.with_row_index(ROW), 1), dictionary()[name].columns, ("third",), problems)
    return problems == []


def damage(value: Any, rng: random.Random, share: float) -> Any:
    """The same JSON with some values replaced and some keys gone."""
    if rng.random() < share:
        return rng.choice(JUNK)
    if isinstance(value, dict):
        return {k: damage(v, rng, share) for k, v in value.items() if rng.random() > share / 2}
    return [damage(v, rng, share) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(100))
def test_damaged_json(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    read, whole = (
        (read_csl, json.loads(as_json(entries()))), (read_csl, json.loads(as_compact(entries()))), (read_chart, CHART),
        (read_groups, GROUPS), (read_codes, CODES),
    )[seed % 5]  # fmt: skip
    path = put(tmp_path, "x.json", json.dumps(damage(whole, rng, rng.choice([0.005, 0.02, 0.1]))))
    try:
        assert accepted(read(path, as_of="2026-07-23"))
    except DetenteError as refusal:
        assert "x.json" in str(refusal)


@pytest.mark.parametrize("seed", range(100))
def test_damaged_csv(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    read, text = (
        (read_csl, as_csv(entries())), (read_entity_list, LIST), (read_chart, CHART_CSV),
        (read_groups, "group,country\nD:5,China (PRC)\nB,Peru\n"), (read_codes, CODES_CSV),
    )[seed % 5]  # fmt: skip
    for _ in range(rng.choice([1, 2, 8])):
        i = rng.randrange(len(text))
        text = text[:i] + rng.choice(BITS) + text[i + rng.choice([0, 1, 5]) :]
    (tmp_path / "x.csv").write_bytes(text.encode())
    try:
        assert accepted(read(tmp_path / "x.csv", as_of="2026-07-23"))
    except DetenteError as refusal:
        assert "x.csv" in str(refusal)

"""Questions as data: every fault is found, with its row and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import CASE_TOML, brief, make_case, problems_of
from detente.record import load

HEAD = "id, question, kind, target, side, capabilities, as_of\n"
TOML = CASE_TOML + '\n[[security]]\nid = "phones"\ntitle = "Phones"\nside = "home"\nof = "target"\ntags = ["phones"]\n'
PROPOSALS = "id, title, side, kind, target\nchips, Chips, home, grant, acme\n"
GOOD = """\
id, question, kind, target, side, capabilities, as_of
p, What are the chips worth?, package, chips, , ,
d, What is dear?, price, , home, phones, 2020-06-30
w, What if?, whatif, other, , ,
b, Which both?, bargain, , , ,
g, Who gains?, gainers, , , ,
"""
UNITS = """
id,   name,        party, item,  variant,   country, output_usd_m, tags
acme, Acme chips,  acme,  chip,  acme-chip, US,      1000,         none
norr, Norr chips,  norr,  chip,  norr-chip, KR,      2000,         none
vell, Vell phones, vell,  phone, ,          CN,      9000,         phones
ova,  Ova phones,  ova,   phone, ,          JP,      4000,         none
"""
MORE = {
    "units.csv": UNITS,
    "case.toml": TOML,
    "proposals.csv": PROPOSALS,
    "overlays/other/overlay.toml": 'title = "Another world"\n',
}


def test_a_question_of_every_kind_is_read(tmp_path: Path) -> None:
    case = load(make_case(tmp_path, {**MORE, "questions.csv": GOOD}))
    assert case["questions"]["kind"].to_list() == ["package", "price", "whatif", "bargain", "gainers"]
    assert case["questions"]["capabilities"].to_list()[1] == ["phones"]


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        ("q, Q, package, , , ,", "target", "proposals"),
        ("q, Q, package, chipz, , ,", "target", "an id of proposals"),
        ("q, Q, whatif, , , ,", "target", "the name of an overlay"),
        ("q, Q, whatif, nowhere, , ,", "target", "a folder of overlays/"),
        ("q, Q, whatif, other;other, , ,", "target", "one overlay"),
        ("q, Q, gainers, chips, , ,", "target", "an empty cell: it asks about all measures in force"),
        ("q, Q, price, , , ,", "side", "the side whose cost is asked for"),
        ("q, Q, bargain, , home, ,", "side", "an empty cell: it is for price"),
        ("q, Q, gainers, , , phones,", "capabilities", "an empty cell: it is for price"),
        ("q, Q, price, , home, phonez,", "capabilities", "a security objective of case.toml (phones)"),
        ("q, Q, gainers, , , , 2031-01-01", "as_of", "a day inside the horizon (2020-01-01 to 2020-12-31)"),
        ("q, Q, riddle, , , ,", "kind", "one of package, price, whatif, bargain, gainers"),
        ("q, , gainers, , , ,", "question", "The question as a reader would ask it"),
    ],
)
def test_a_fault_says_where_and_what_is_expected(tmp_path: Path, row: str, column: str, expected: str) -> None:
    found = problems_of(make_case(tmp_path, {**MORE, "questions.csv": HEAD + row + "\n"}))
    assert brief(found) == [("questions.csv", 2, column)]
    assert expected in found[0].expected or expected in found[0].hint


def test_all_faults_at_once_and_close_words_are_proposed(tmp_path: Path) -> None:
    rows = HEAD + "a, Q, package, chip, , ,\nb, Q, price, , , phone,\n"
    found = problems_of(make_case(tmp_path, {**MORE, "questions.csv": rows}))
    assert brief(found) == [
        ("questions.csv", 2, "target"), ("questions.csv", 3, "capabilities"), ("questions.csv", 3, "side"),
    ]  # fmt: skip
    assert "chips" in found[0].hint and "phones" in found[1].hint

"""The third question on the page: nine parts, words that stay words, and the same page each time."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from detente.record import Case, DetenteError, load
from detente.relief.answer import Relief
from detente.report.page import page
from detente.report.relief_contents import Weighed, weigh_for_page, weighed
from detente.report.relief_words import changes, letter, promises, sentence
from detente.report.tables import Sources
from detente.report.words import clean
from report.invented import HOSTILE, build, build_with_proposals
from report.test_page import Page, charts, strings

HEADS = (
    "Packages that no other beats", "The packages, and what each buys", "Who gains and who loses",
    "Which measure stands behind the loss", "Dangerous together", "Low, central and high",
    "If licences are used in part", "What capability is worth", "What an exchange is worth",
    "What would change the answer", "what the law refuses",
)  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Relief:
    case = build_with_proposals(tmp_path_factory.mktemp("relief") / "vell", hostile=HOSTILE)
    answer = weigh_for_page(case, case.about.default_as_of)
    assert isinstance(answer, Relief)
    return answer


@pytest.fixture(scope="module")
def text(found: Relief) -> str:
    return page(found.case, relief=found)


def told(found: Relief) -> Weighed:
    return weighed(found, Sources({"order": "source-1"}))


def test_all_parts_are_there_and_say_something(found: Relief, text: str) -> None:
    parsed = Page(text)
    assert parsed.open == []
    places = [parsed.text.index(h) for h in HEADS]
    assert places == sorted(places)
    shown = {n for n in charts(parsed) if n.startswith("relief")}
    assert {"relief-frontier", "relief-models", "relief-ladder", "relief-measures"} <= shown
    tables = told(found).tables
    for name in ("packages", "members", "models", "coalitions", "appearance", "ladder", "bundling", "caps", "proposals",
                 "refused", "imposers", "measures", "rates-0", "rates-1"):  # fmt: skip
        assert tables[f"relief-{name}"].rows, name
    assert " ".join(clean(sentence(found)).split()) in parsed.text
    ids = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(ids) == len(set(ids))


def test_packages_agree_with_the_search(found: Relief) -> None:
    table = told(found).tables["relief-packages"]
    assert [row[0].text for row in table.rows] == [letter(k) for k in range(len(found.shown))]
    frame = found.packages()
    columns = [c.name for c in table.columns]
    side = columns.index("Meridian Union")
    assert [row[side].sort for row in table.rows] == pytest.approx(frame["gain_usd_m_home_flow"].to_list(), rel=1e-6)
    members = told(found).tables["relief-members"]
    for k in range(1, len(found.shown)):
        ticked = sum(row[1 + k].text == "●" for row in members.rows)
        assert ticked == len(found.shown[k].members)


def test_gains_of_firms_add_up_to_those_of_sides(found: Relief) -> None:
    for k in range(1, len(found.shown)):
        firms, sides = changes(found, k, "party"), changes(found, k, "side")
        for side, gain in sides.select("side", "gain").iter_rows():
            mine = firms.filter(firms["side"] == side)["gain"].sum()
            assert mine == pytest.approx(gain, abs=1e-6)


def test_what_is_sold_gains_for_its_new_owner(found: Relief) -> None:
    k = next(k for k, s in enumerate(found.shown) if "sell" in s.members)
    search = found.shown[k].values.gain[0, found.sides.index("third")]
    row = found.packages().row(k, named=True)
    assert row["gain_usd_m_third_flow"] == pytest.approx(search, rel=0.02)


def test_frontier_has_a_point_a_package_and_a_colour_a_capability(found: Relief) -> None:
    figure = told(found).figures["relief-frontier"]
    assert len(figure.data[0].x) == len(found.frontier)
    assert [len(c["values"]) for c in figure.layout.meta["colours"]] == [len(found.frontier)] * 2
    assert {t.name for t in figure.data[1:]} >= {"as it is", "Nash"}


def test_refused_proposals_say_why(found: Relief) -> None:
    refused = told(found).tables["relief-refused"]
    assert [(r[0].text.startswith("License glass"), r[2].text) for r in refused.rows] == [
        (True, f"No sale of Glass by Lumen Works{HOSTILE} is held on 2020-12-31.")
    ]


def test_hostile_titles_stay_text(text: str) -> None:
    parsed = Page(text)
    assert parsed.comments == []
    assert not parsed.all("img")
    assert len(parsed.all("script")) == 4
    assert "<img src=x" not in text
    for label in strings(charts(parsed)):
        assert not re.search(r"<(?!/?b>|br>|extra>|/extra>)", label), label


def test_same_bytes_from_a_new_search(found: Relief, text: str) -> None:
    assert page(load(found.case.folder)) == text


def test_relief_can_be_left_out(found: Relief) -> None:
    parsed = Page(page(found.case, relief=False))
    assert "What would leave both better off" not in parsed.text
    assert not any(n.startswith("relief") for n in charts(parsed))
    assert "4 The facts behind it" in parsed.text


def test_relief_of_another_day_is_refused(found: Relief) -> None:
    with pytest.raises(DetenteError, match="relief: got that of record"):
        page(found.case, as_of="2020-12-30", relief=found)


def test_no_proposals_is_one_line(tmp_path: Path) -> None:
    case: Case = build(tmp_path / "vell")
    parsed = Page(page(case))
    assert "The case has no proposals, so no package can be weighed." in parsed.text
    assert not any(n.startswith("relief") for n in charts(parsed))
    assert "5 The facts behind it" in parsed.text


def test_nothing_that_the_law_can_grant_says_so_and_why(tmp_path: Path) -> None:
    build_with_proposals(tmp_path / "vell")
    rows = (tmp_path / "vell" / "proposals.csv").read_text(encoding="utf-8").splitlines()
    kept = [rows[0], *(r for r in rows if r.startswith("glass"))]
    (tmp_path / "vell" / "proposals.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    parsed = Page(page(load(tmp_path / "vell")))
    assert "The law can grant none of the 1 proposals on 2020-12-31." in parsed.text
    assert "No sale of Glass by Lumen Works is held on 2020-12-31." in parsed.text


def test_promises_are_told_where_worlds_were_drawn(found: Relief) -> None:
    said = promises(found, letter)
    judged = found.judged
    k = judged.chance_constrained
    told = int(judged.kept.argmax()) if k is None else k
    assert said and f"package {letter(told + 1)} " in said and f"{judged.n_draws} worlds" in said
    assert promises(replace(found, under_draws=None), letter) == ""


def test_letters() -> None:
    assert [letter(k) for k in (0, 1, 2, 26, 27, 52, 53)] == ["as it is", "A", "B", "Z", "AA", "AZ", "BA"]

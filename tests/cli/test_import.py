"""``detente import`` as a person meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from detente.cli import main
from detente.record import load
from detente.record.new import new
from official.published import EL, as_compact, as_csv, as_json, at, entries, entry, put

Run = Callable[..., tuple[int, str, str]]
GROUPS = json.dumps({"ecfrIssueDate": "2026-07-23", "groups": {"D:5": ["China (PRC)", "Atlantis"]}})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process: exit code, standard output, standard error."""

    def go(*words: object) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", "160")
        monkeypatch.setattr("sys.argv", ["detente", "import", *(str(w) for w in words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        out, err = capsys.readouterr()
        return code, out, err

    return go


def test_help(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0 and "Usage: detente import" in out and "--since-last" in out


def test_a_list_into_a_new_folder(run: Run, tmp_path: Path) -> None:
    path = put(tmp_path, "list.csv", as_csv(entries()))
    code, out, err = run("csl", path, "--as-of", "2026-08-15", "-o", tmp_path / "out", "--side", "CN=target")
    assert code == 0, err
    assert "parties: 10 rows" in out and "us-entity-list 5" in out
    assert "1 thing could not be read" in err and "REGION: NOWHERE" in err
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "listings.csv", "names.csv", "parties.csv", "sources.csv",
    ]  # fmt: skip
    again = run("csl", path, "--as-of", "2026-08-15", "-o", tmp_path / "out")
    assert again[0] == 2 and "already; --add" in again[2]


def test_a_case_that_follows_a_list(run: Run, tmp_path: Path) -> None:
    case = tmp_path / "case"
    new(case)
    first = put(tmp_path, "a.json", as_compact(entries(), "2026-08-15"))
    later = put(
        tmp_path,
        "b.json",
        as_compact([*entries()[1:], entry(EL, "Comes", at("CN"), license_requirement="All")], "2026-09-15"),
    )
    assert run("csl", first, "-o", case, "--add")[0] == 0
    code, out, err = run("csl", later, "-o", case, "--add", "--since-last", first)
    assert code == 0, err
    assert "added 1, removed 1, amended 0" in out
    assert load(case).tables["listings"].height == load(case, as_known="2026-08-20").tables["listings"].height + 1
    code, _, err = run("csl", later, "-o", case, "--add", "--since-last", first)
    assert code == 2 and "has rows of csl-2026-09-15 already" in err


def test_groups_chart_and_codes_below_those_of_a_case(run: Run, tmp_path: Path) -> None:
    case = tmp_path / "case"
    new(case)
    code, out, err = run("groups", put(tmp_path, "g.json", GROUPS), "-o", case, "--add", "--since", "2018-01-01")
    assert code == 0 and "groups: 1 rows" in out and "Atlantis" in err
    chart = put(tmp_path, "c.csv", "country,NS 1,footnotes,pointer\nChina,X,,\n")
    assert run("chart", chart, "-o", case, "--add", "--as-of", "2026-07-23")[0] == 0
    head = "eccn,heading,reason_for_control,control_text,country_chart_text\n"
    codes = put(tmp_path, "e.csv", head + "3E001,T,NS,NS applies to entire entry,NS Column 1\n")
    assert run("eccn", codes, "-o", case, "--add", "--as-of", "2026-07-23")[0] == 0
    loaded = load(case)
    assert loaded["codes"]["code"].to_list() == ["us-ear:3E001"]
    assert [str(d) for d in loaded["groups"]["since"]] == ["2018-01-01"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--side", "China=target"), "write a country and its side"),
        (("--side", "CN"), "write a country and its side"),
        (("--side", "CN=a", "--side", "CN=b"), "each once"),
        (("--since", "2020-01-01"), "--since is for chart"),
        (("--chart", "x.json"), "--chart goes with eccn"),
        (("--as-of", "soon"), "not a day"),
    ],
)
def test_options_that_make_no_sense_are_said_in_words(
    run: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    path = put(tmp_path, "list.json", as_json(entries()))
    days = () if "--as-of" in words else ("--as-of", "2026-08-15")
    code, _, err = run("csl", path, "-o", tmp_path / "out", *words, *days)
    assert code == 2 and said in err
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_something_else_writes_nothing(run: Run, tmp_path: Path) -> None:
    code, _, err = run("csl", put(tmp_path, "x.json", "{}"), "--as-of", "2026-08-15", "-o", tmp_path / "out")
    assert code == 1 and "Nothing was done" in err and not (tmp_path / "out").exists()
    assert run("groups", put(tmp_path, "g.json", GROUPS), "-o", tmp_path / "out", "--since-last", "x")[0] == 2
    assert run("csl", tmp_path / "none.json", "-o", tmp_path / "out")[0] == 2
    assert run("rumours", tmp_path / "none.json", "-o", tmp_path / "out")[0] == 2

"""The command line as a person meets it: answers, files, errors as sentences, exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from detente.cli import main
from detente.record.load import folder_of

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: exit code, standard output, standard error."""

    def go(*words: str) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", "160")
        monkeypatch.setattr("sys.argv", ["detente", *words])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        out, err = capsys.readouterr()
        return code, out, err

    return go


def test_help_names_every_command(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for name in ("check", "cost", "demo", "explain", "new", "report", "validate"):
        assert f" {name} " in out
    assert "not legal advice" in " ".join(out.split())


@pytest.mark.parametrize("name", ["check", "cost", "demo", "explain", "new", "report", "validate"])
def test_every_command_has_help(run: Run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert "Usage: detente " + name in out


def test_check_prints_a_table_and_what_it_adds_up_to(run: Run) -> None:
    code, out, _ = run("check", "huawei", "--as-of", "2020-09-15", "--sale", "qorvo to huawei p-mate")
    assert code == 0
    assert "qorvo>huawei-p-mate:rf" in out
    assert "licence required" in out
    assert "el-huawei" in out and "fdpr2-party" in out
    assert "2 closed" in out
    assert "not legal advice" in out


def test_check_json_is_the_whole_answer(run: Run) -> None:
    code, out, _ = run("check", "huawei", "--as-of", "2020-09-15", "--json", "--state", "capped")
    answer = json.loads(out)
    assert code == 0
    assert answer["as_of"] == "2020-09-15" and len(answer["record"]) == 64
    assert {s["state"] for s in answer["sales"]} <= {"capped"}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_check_writes_a_table(run: Run, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    code, _, err = run("check", "huawei", "--as-of", "2021-01-20", "-o", str(path))
    assert code == 0 and "294 rows" in err
    read = {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".xlsx": pl.read_excel}[suffix]
    if suffix == ".xlsx":
        from python_calamine import CalamineWorkbook

        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
        assert len(rows) == 295 and rows[0][0] == "sale"
    else:
        assert read(path).height == 294
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_explain_goes_down_to_the_citation(run: Run) -> None:
    code, out, _ = run("explain", "huawei", "qorvo>huawei-p-mate:rf", "--as-of", "2020-09-15")
    said = " ".join(out.split())
    assert code == 0
    assert "A licence is required and none covers it." in said
    assert "since 2019-05-16" in said
    assert "84 FR 22961" in said
    assert "listings.csv row" in said
    assert "not legal advice" in said


def test_explain_before_the_listing(run: Run) -> None:
    _, out, _ = run("explain", "huawei", "qorvo>huawei-p-mate:rf", "--as-of", "2019-05-15")
    assert "No restriction" in out


def test_explain_says_that_each_rule_has_to_be_met(run: Run) -> None:
    _, both, _ = run("explain", "huawei", "tsmc>hisilicon:wafers", "--as-of", "2020-09-15")
    assert both.count("Released by:") == 2 and "Every rule named has to be met" in both
    _, one, _ = run("explain", "huawei", "qorvo>huawei-p-mate:rf", "--as-of", "2020-06-01")
    assert one.count("Released by: el-huawei:") == one.count("Released by:") > 1 and "Every rule named" not in one


def test_explain_json_is_a_decision_record(run: Run) -> None:
    _, out, _ = run("explain", "huawei", "tsmc>hisilicon:wafers", "--as-of", "2020-06-01", "--json")
    (record,) = json.loads(out)
    assert record["outcome"] == "allowed"
    assert record["reasons"]["because"]
    assert {"sale", "as_of", "as_known", "record", "limbs", "needs", "licences"} <= set(record)


def test_explain_asks_for_one_when_many_fit(run: Run) -> None:
    code, _, err = run("explain", "huawei", "micron", "--as-of", "2020-06-01")
    assert code == 2
    assert "name one of them" in err


def test_cost_of_a_day_and_of_a_span(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("cost", "huawei", "--as-of", "2020-09-15")
    assert code == 0 and "United States" in out and "not welfare" in out
    path = tmp_path / "path.csv"
    code, _, _ = run("cost", "huawei", "--since", "2020-08-01", "--through", "2020-10-01", "-o", str(path))
    assert code == 0 and pl.read_csv(path)["side"].n_unique() == 3
    code, _, err = run("cost", "huawei", "--as-of", "2020-09-15", "--since", "2020-09-01")
    assert code == 2 and "one or the other" in err


def test_cost_by_one_model_and_ranked(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("cost", "huawei", "--as-of", "2020-09-15", "--model", "optimum")
    assert code == 0 and "a range only" in out
    code, out, _ = run("cost", "huawei", "--as-of", "2020-09-15", "--rank", "measure")
    assert code == 0 and "they do not add up" in out and "against no measures" in out
    path = tmp_path / "rank.parquet"
    code, _, _ = run("cost", "huawei", "--as-of", "2020-09-15", "--rank", "firm", "-o", str(path))
    assert code == 0 and "tsmc" in pl.read_parquet(path)["id"].to_list()


def test_cost_in_drawn_worlds(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "draws.csv"
    code, out, _ = run("cost", "huawei", "--draws", "8", "--executor", "threads:2", "-o", str(path), "--json")
    answer = json.loads(out)
    assert code == 0 and answer["draws"] == 8 and len(answer["by_side"]) == 9
    assert pl.read_csv(path).height == 8 * 9
    code, out, _ = run("cost", "huawei", "--draws", "8")
    assert code == 0 and "in 9 of 10 worlds" in out and "who gains" in out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--draws", "8", "--since", "2020-09-01"), "one day and all models"),
        (("--executor", "threads:2"), "give --draws N"),
        (("--draws", "8", "--executor", "threads"), "expected threads:N"),
        (("--rank", "link", "--model", "flow"), "leave --since"),
        (("--draws", "0"), "expected 1 to"),
    ],
)
def test_cost_says_what_does_not_go_together(run: Run, given: tuple[str, ...], said: str) -> None:
    code, _, err = run("cost", "huawei", *given)
    assert code == 2 and said in err


def test_cost_json_has_no_numbers_that_are_not_numbers(run: Run) -> None:
    _, out, _ = run("cost", "huawei", "--as-of", "2019-05-15", "--json")
    answer = json.loads(out, parse_constant=lambda x: pytest.fail(f"{x} in the JSON"))
    assert sum(u["loss_usd_m"] for u in answer["units"]) == 0.0


def test_overlay_and_as_known_are_named_in_the_heading(run: Run) -> None:
    _, out, _ = run(
        "check", "huawei", "--overlay", "p-mate-sale", "--as-known", "2021-01-31", "--sale", "qorvo>huawei-p-mate:rf"
    )
    assert "what-if p-mate-sale" in out and "as known on 2021-01-31" in out


def test_validate_says_what_closes(run: Run) -> None:
    code, out, _ = run("validate", "huawei")
    assert code == 0
    assert "70,000" in out and "worked decisions come out as written" in out


def test_validate_shows_every_fault_and_exits_with_1(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(folder_of("huawei"), folder)
    for name, old, new in (
        ("units.csv", "huawei-p-mate,", "huawei p mate,"),
        (
            "links.csv",
            "production",
            "",
        ),
    ):
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    code, _, err = run("validate", str(folder))
    assert code == 1
    assert "units.csv" in err and "links.csv" in err and "an empty cell" in err
    assert "Nothing was done" in err
    code, out, _ = run("validate", str(folder), "--json")
    assert code == 1 and len(json.loads(out)["problems"]) >= 2


def test_validate_fails_when_a_worked_decision_comes_out_otherwise(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "wrong"
    shutil.copytree(folder_of("huawei"), folder)
    path = folder / "tests" / "decisions.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"licence_required"', '"denied"', 1), encoding="utf-8")
    code, out, _ = run("validate", str(folder))
    assert code == 1 and "expected denied" in out


def test_new_makes_a_case_that_loads(run: Run, tmp_path: Path) -> None:
    for flags in ((), ("--xlsx",)):
        folder = tmp_path / f"case{len(flags)}"
        assert run("new", str(folder), *flags)[0] == 0
        assert run("validate", str(folder))[0] == 0
        code, _, err = run("new", str(folder), *flags)
        assert code == 2 and "nothing is overwritten" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "nowhere"), "Bundled: chips-rare-earths, huawei"),
        (("check", "huawei", "--as-of", "2020-02-30"), "year-month-day"),
        (("check", "huawei", "--sale", "acme to nobody"), "No sale fits"),
        (("check", "huawei", "--state", "ajar"), '"open", "capped", "unknown", "closed"'),
        (("check", "huawei", "-o", "table.pdf"), ".csv, .parquet, .xlsx"),
        (("check", "huawei", "-o", "/no/such/folder/t.csv"), "no folder"),
        (("check", "huawei", "--overlay", "../huawei"), "no overlay"),
        (("explain", "huawei", "acme>nobody:x"), "No sale fits"),
        (("report", "huawei", "-o", "/no/such/folder/t.html"), "no folder"),
        (("check", "huawei", "--frobnicate"), "Unknown option"),
        (("frobnicate",), "Unknown command"),
        (("check",), "requires an argument"),
    ],
)
def test_errors_are_sentences_and_exit_with_2(run: Run, words: tuple[str, ...], said: str) -> None:
    code, out, err = run(*words)
    assert code == 2
    assert said in " ".join((out + err).replace("│", " ").split())
    assert "Traceback" not in out + err


def test_demo_tells_the_story_and_writes_the_page(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, out, _ = run("demo", "-o", str(page))
    assert code == 0
    for day in ("2019-05-15", "2019-09-01", "2020-06-01", "2020-09-15", "2021-01-20"):
        assert day in out
    assert "United States" in out and "closed" in out and "not legal advice" in out
    assert page.stat().st_size > 1_000_000

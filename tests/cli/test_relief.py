"""``detente relief`` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from cases import make_case
from cli.test_cli import Run, run  # noqa: F401  a fixture

FEW = ("relief", "chips-rare-earths", "--only", "b-tools,b-defence", "--only", "m-suspend", "--draws", "8")


def test_the_terminal_tells_all_parts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    code, out, err = run(*FEW)
    assert (code, err) == (0, "")
    text = " ".join(out.split())
    for part in (
        "On 15 July 2031 the Nash package of “", "0 Status quo. At most computing", "win-win", "a proposal alone",
        "refused by the law", "no licence overcomes that", "Nash package", "worth a year, a hundredth",
        "none of them to spare", "together", "share of the loss, by measure (Shapley)", "who gains by package 1",
        "of what package 1 permits, used", "packages were valued", "For analysis; not legal advice.",
    ):  # fmt: skip
        assert part in text, part
    assert "recommend" not in text
    monkeypatch.setenv("COLUMNS", "100")


def test_json_and_a_folder_hold_every_table(run: Run, tmp_path: Path) -> None:  # noqa: F811
    code, out, _ = run(*FEW, "--json", "-o", str(tmp_path / "kept"))
    assert code == 0
    said = json.loads(out)
    assert said["as_of"] == "2031-07-15" and said["amounts"] == "USD m a year"
    assert said["settings"]["draws"] == 8 and len(said["record"]) == 64
    assert said["headline"].startswith("On 15 July 2031")
    assert said["packages"][0]["why"] == ["status quo"]
    refused = [p for p in said["proposals"] if not p["is_admissible"]]
    assert [p["proposal"] for p in refused] == ["b-defence"]
    names = {p.stem for p in (tmp_path / "kept").iterdir()}
    assert {"packages", "proposals", "frontier", "caps", "rates", "measures", "ladder"} <= names
    kept = pl.read_csv(tmp_path / "kept" / "packages.csv")
    assert kept.height == len(said["packages"])


def test_a_file_holds_the_packages_and_options_reach_the_search(run: Run, tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "packages.parquet"
    code, _, err = run(
        *FEW[:-1], "0", "--model", "cascade", "--of", "value_added", "--cap", "chip-making=0.4",
        "--as-of", "2031-07-20", "--executor", "threads:1", "-o", str(file),
    )  # fmt: skip
    assert code == 0 and "Wrote" in err
    table = pl.read_parquet(file)
    assert table["capability_chip-making"].max() <= 0.4 and "p_win_win" not in table.columns


def test_a_search_goes_on_from_its_state(run: Run, tmp_path: Path) -> None:  # noqa: F811
    state = tmp_path / "search.npz"
    words = ("relief", "chips-rare-earths", "--only", "b-accelerators,b-tools,m-magnets,m-suspend", "--model",
             "cascade", "--draws", "0", "--json", "--state", str(state))  # fmt: skip
    assert run(*words, "--evaluations", "10")[0] == 0
    assert state.is_file()
    code, out, _ = run(*words, "--evaluations", "60")
    _, whole, _ = run(*words[:-2], "--evaluations", "60")
    assert code == 0
    assert json.loads(out)["packages"] == json.loads(whole)["packages"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "b-tool"), "no proposal 'b-tool'"),
        (("--generate", "wishes"), "--generate: got 'wishes'; expected some of refused, revoked"),
        (("--cap", "computing"), "--cap: got 'computing'; expected CAPABILITY=SHARE"),
        (("--cap", "computing=25%"), "--cap: got 'computing=25%'"),
        (("--draws", "-1"), "--draws is 0 or more"),
        (("--executor", "elves:2"), "executor: got 'elves:2'"),
        (("--only", "b-defence"), "can grant none of the 1 proposals"),
        (("--cap", "nothing=0.5", "--only", "b-tools"), "nothing"),
    ],
)
def test_a_mistake_is_a_sentence_and_code_2(run: Run, words: tuple[str, ...], said: str) -> None:  # noqa: F811
    code, out, err = run("relief", "chips-rare-earths", *words)
    assert code == 2 and out == ""
    assert said in " ".join(err.split())


def test_where_it_cannot_write_it_says_so_before_the_work(run: Run, tmp_path: Path) -> None:  # noqa: F811
    assert run(*FEW, "-o", str(tmp_path / "no" / "kept"))[0] == 2
    assert run(*FEW, "-o", str(tmp_path / "kept.pdf"))[0] == 2


def test_a_state_needs_a_place(run: Run, tmp_path: Path) -> None:  # noqa: F811
    for place in (tmp_path, tmp_path / "no" / "search.npz"):
        code, _, err = run(*FEW, "--state", str(place))
        assert code == 2 and "folder" in err and "delete" not in err


def test_a_case_without_proposals_is_told_what_to_do(run: Run, tmp_path: Path) -> None:  # noqa: F811
    folder = make_case(tmp_path)
    code, _, err = run("relief", str(folder))
    assert code == 2 and "write proposals.csv" in err and "generated" in err
    code, out, _ = run("relief", str(folder), "--generate", "refused,listings", "--draws", "0")
    assert code == 0 and "no package found leaves every side better off" in " ".join(out.split())


def test_between_needs_two_sides_that_there_are(run: Run) -> None:  # noqa: F811
    for given, said in (("borea", "expected two sides"), ("borea,atlantis", "atlantis")):
        code, _, err = run(*FEW[:-1], "0", "--between", given)
        assert code == 2 and said in err


def test_between_says_who_counts(run: Run) -> None:  # noqa: F811
    code, out, _ = run(*FEW[:-1], "0", "--between", "merid,borea")
    assert code == 0 and "Only Merid and Borea count as sides here; others may lose." in " ".join(out.split())

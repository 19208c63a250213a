"""``detente licences`` and ``detente diff`` as a person meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from cases import LISTED, limb, make_case, measure
from detente.cli import main

Run = Callable[..., tuple[int, str, str]]
WORKED = str(Path(__file__).parents[1] / "data" / "worked")
RULES = """
[[licence_rules]]
id = "tenth"
text = "A tenth more in value."
sources = ["law"]
in_force = [{since = 2020-01-01, recorded = 2020-01-01}]
value_pct = 10
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: exit code, standard output, standard error."""

    def go(*words: str, width: int = 118) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr("sys.argv", ["detente", *words])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        out, err = capsys.readouterr()
        return code, out, err

    return go


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A case with three licences and two orders."""
    return str(
        make_case(
            tmp_path,
            {
                "measures/order.toml": measure(limb("list", LISTED)) + RULES,
                "licences.csv": "id, authority, holder, kind, consignees, overcomes, through\n"
                "lic, Ministry, acme, individual, vell, list, 2020-10-31\n"
                "wide, Ministry, norr, individual, vell, list,\nasked, Ministry, norr, individual, vell, list,\n",
                "licence_lines.csv": "id, licence, line, item, unit, quantity, value_usd_m\n"
                "x1, lic, 1, chip, number, 100, 1\nw1, wide, 1, chip, , ,\n",
                "licence_events.csv": "id, licence, date, event, source\ne1, lic, 2020-05-01, granted, law\n"
                "e2, lic, 2020-09-01, revoked, press\ne3, wide, 2020-05-01, granted, law\n"
                "e4, asked, 2020-05-01, applied, law\n",
                "draws.csv": "id, licence, line, order, date, value_usd_m, quantity\n"
                "d1, lic, 1, other, 2020-06-01, 0.9, 60\n",
                "orders.csv": "id, link, value_usd_m, quantity, ordered\no1, acme>vell:chip, 0.05, 1, 2020-05-01\n"
                "o2, acme>vell:chip, 0.5, 1, 2020-05-02\n",
                "overlays/calm/listings.csv": "id, list, party, as_listed, requirement, review, since, through, "
                "supersedes\nl-vell, home-list, vell, VELL, all, denial, 2020-03-02, 2020-03-31, l-vell\n",
            },
        )
    )


def test_both_commands_are_in_the_help(run: Run) -> None:
    _, out, _ = run("--help")
    assert " licences " in out and " diff " in out
    for name in ("licences", "diff"):
        code, out, _ = run(name, "--help")
        assert code == 0 and f"Usage: detente {name}" in out


@pytest.mark.parametrize("width", [80, 118])
def test_licences_in_the_terminal(run: Run, folder: str, width: int) -> None:
    code, out, err = run("licences", folder, "--as-of", "2020-08-01", width=width)
    said = " ".join(out.split())
    assert (code, err) == (0, "")
    assert max(len(line) for line in out.splitlines()) <= width
    assert "In force" in said and "90% low" in said and "2020-10-31" in said
    assert "applied on 2020-05-01" in said and "no limit" in said
    assert "On top of the licensed value of 1 line: 10 % tolerance by tenth." in said
    assert "2 in force, 1 applied. USD 0.1 m left in force (1 of no known value not counted)." in said
    assert said.endswith("For analysis; not legal advice.")


def test_licences_lost_and_drawn_by_a_book(run: Run, folder: str, tmp_path: Path) -> None:
    _, out, _ = run("licences", folder, "--as-of", "2020-12-01")
    said = " ".join(out.split())
    assert "revoked on 2020-09-01 0.1" in said and "Undrawn when it ended: USD 0.1 m." in said
    book = tmp_path / "book.csv"
    book.write_text("id,link,value_usd_m,quantity\nb1,acme>vell:chip,0.15,1\n")
    _, out, _ = run("licences", folder, "--as-of", "2020-08-01", "--orders", str(book))
    assert "105% full" in out and f"drawn by {book}" in " ".join(out.split()).replace("\n", "")


def test_the_ladder(run: Run, folder: str) -> None:
    _, out, _ = run("licences", folder, "--as-of", "2020-08-01", "--ladder")
    rows = out.splitlines()
    assert rows[2].split()[:4] == ["2020-10-31", "(91", "d)", "lic/1"] and "wide/1" in rows[3]
    _, out, _ = run("licences", folder, "--as-of", "2020-03-01", "--ladder")
    assert "No licence is in force on the day." in out and "not legal advice" in out


def test_licences_as_json_and_as_a_file(run: Run, folder: str, tmp_path: Path) -> None:
    code, out, _ = run("licences", folder, "--as-of", "2020-08-01", "--json")
    answer = json.loads(out)
    assert code == 0 and answer["note"] == "For analysis; not legal advice." and len(answer["record"]) == 64
    by = {r["licence"]: r for r in answer["licences"]}
    assert by["lic"]["expires"] == "2020-10-31" and by["lic"]["left_with_tolerance_usd_m"] == 0.2
    assert by["wide"]["left_usd_m"] is None and by["asked"]["line"] is None
    assert [r["licence"] for r in json.loads(run("licences", folder, "--as-of", "2020-08-01", "--ladder", "--json")[1])[
        "ladder"]] == ["lic", "wide"]  # fmt: skip
    path = tmp_path / "usage.csv"
    code, out, err = run("licences", folder, "--as-of", "2020-08-01", "-o", str(path))
    assert (code, out) == (0, "") and "3 rows" in err
    assert pl.read_csv(path)["state"].to_list() == ["in_force", "in_force", "applied"]


def test_a_case_without_licences(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("licences", str(make_case(tmp_path)))
    assert code == 0 and "has no licences" in out


@pytest.mark.parametrize("width", [80, 118])
def test_diff_in_the_terminal(run: Run, folder: str, width: int) -> None:
    code, out, err = run("diff", folder, "--from", "2020-08-31", "--to", "2020-09-01", width=width)
    said = " ".join(out.split())
    assert (code, err) == (0, "")
    assert max(len(line) for line in out.splitlines()) <= width
    assert "held 1 link 40 -40 could go ahead, can no longer" in said
    assert "held 1 order 0.05 -0.05 could go ahead, can no longer" in said
    assert "1 link, USD 40 m: covered by licence → licence required" in said
    assert "licence lic was revoked on 2020-09-01 [press]" in said
    assert "Licences that became unusable" in said and "lic/1 in force revoked on 2020-09-01 0.1 40 number" in said
    assert "press A newspaper of the time, Herald, 2020-03-03" in said
    assert said.endswith("5 sales compared, 3 unchanged. For analysis; not legal advice.")


def test_diff_of_nothing(run: Run, folder: str) -> None:
    code, out, _ = run("diff", folder, "--from", "2020-01-01", "--to", "2020-01-02")
    assert code == 0 and "Nothing changed for any of 5 sales." in out


def test_diff_of_a_what_if_and_of_what_was_known(run: Run, folder: str) -> None:
    code, out, _ = run("diff", folder, "--as-of", "2020-04-10", "--overlay-to", "calm")
    said = " ".join(out.split())
    assert code == 0 and "from the case itself (record " in said and "to what-if calm (record " in said
    assert "released" in said and "overlays/calm/listings.csv, row 2" in said
    code, out, _ = run("diff", folder, "--as-of", "2020-04-10", "--overlay-from", "calm", "--json")
    answer = json.loads(out)
    assert code == 0 and answer["from"]["overlays"] == ["calm"] and answer["to"]["overlays"] == []
    assert {s["change"] for s in answer["sales"]} == {"held"}
    code, out, _ = run(
        "diff", "huawei", "--as-of", "2021-01-15", "--known-from", "2021-01-16", "--known-to", "2021-01-18"
    )
    said = " ".join(out.split())
    assert code == 0 and "as known on 2021-01-16" in said and "recorded on 2021-01-17" in said


def test_diff_as_json_and_as_a_file(run: Run, folder: str, tmp_path: Path) -> None:
    days = ("--from", "2020-08-31", "--to", "2020-09-01")
    answer = json.loads(run("diff", folder, *days, "--json")[1])
    assert answer["totals"][0] == {"kind": "link", "change": "held", "n": 1, "value_usd_m": 40.0, "effect_usd_m": -40.0}
    assert {s["sale"] for s in answer["sales"]} == {"acme>vell:chip", "o1"}
    assert answer["sales"][0]["because"] == "licence lic was revoked on 2020-09-01 [press]"
    assert answer["stranded"][0]["usd_m"] == 0.1 and answer["note"] == "For analysis; not legal advice."
    for ending in ("csv", "parquet", "xlsx"):
        path = tmp_path / f"diff.{ending}"
        code, out, err = run("diff", folder, *days, "-o", str(path))
        assert (code, out) == (0, "") and "2 rows" in err and path.stat().st_size > 0


def test_diff_of_an_order_book(run: Run, folder: str, tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text("id,link,value_usd_m,quantity\n" + "".join(f"b{i:02},acme>vell:chip,0.01,1\n" for i in range(30)))
    days = ("--from", "2020-08-31", "--to", "2020-09-01")
    code, out, _ = run("diff", folder, *days, "--orders", str(book))
    said = " ".join(out.split())
    assert code == 0 and "held 20 orders 0.2 -0.2" in said  # the rest never fitted
    assert "and 12 more (-o or --json has all)" in said and "30 sales compared, 10 unchanged" in said
    book.write_text("id,link,value_usd_m\nb1,nobody>vell:chip,x\n")
    code, out, err = run("diff", folder, *days, "--orders", str(book))
    assert (code, out) == (1, "") and "book.csv" in err and "Nothing was done" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say what to compare"),
        (("--from", "2020-01-01"), "both of them"),
        (("--to", "2020-01-01"), "both of them"),
        (("--from", "2020-01-01", "--to", "2020-02-01", "--as-of", "2020-01-01"), "no --as-of"),
        (("--from", "2020-01-01", "--to", "2020-02-01", "--known-to", "2020-01-01"), "one or the other"),
        (("--from", "2020-02-01", "--to", "2020-01-01"), "2020-01-01 is before from (2020-02-01)"),
        (("--from", "soon", "--to", "2020-01-01"), "--from: 'soon' is not a day"),
        (("--as-of", "2020-01-01", "--overlay-to", "none"), "no overlay 'none'"),
        (("--known-to", "2020-01-01", "--as-known", "2020-01-01"), "not together"),
        (("--from", "2020-01-01", "--to", "2020-02-01", "-o", "x.txt"), "choose one of these endings"),
        (("--from", "2020-01-01", "--to", "2020-02-01", "--orders", "none.csv"), "There is no file none.csv"),
    ],
)
def test_what_diff_cannot_do_is_said_in_a_sentence(run: Run, folder: str, words: tuple[str, ...], said: str) -> None:
    code, out, err = run("diff", folder, *words)
    assert (code, out) == (2, "") and said in " ".join(err.split())


def test_a_day_outside_the_case_is_said_to_be_one(run: Run, folder: str) -> None:
    _, _, err = run("diff", folder, "--from", "2019-01-01", "--to", "2020-09-01")
    assert "2019-01-01 is outside the days the case is about" in err
    code, _, err = run("licences", folder, "--as-of", "2020-02-30")
    assert code == 2 and "is not a day" in err


def test_the_worked_decisions_case_prints_at_any_width(run: Run) -> None:
    for width in (60, 80, 118, 200):
        code, out, _ = run("licences", WORKED, "--as-of", "2023-12-03", width=width)
        assert code == 0 and max(len(line) for line in out.splitlines()) <= width

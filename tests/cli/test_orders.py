"""``check`` and ``explain`` with an order book: tables, files, pages, faults, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from cases import FILES, LISTED, limb, make_case, measure
from detente.cli import main

Run = Callable[..., tuple[int, str, str]]
A, N, OVA = "acme>vell:chip", "norr>vell:chip", "acme>ova:chip"
DAY = ("--as-of", "2020-05-01")
BOOK = f"""\
id,link,value_usd_m,ordered,note
po-1,{A},4,2020-04-01,first
po-2,{A},3,2020-04-02,no room
po-3,{OVA},2,2020-04-03,free
po-4,{N},9,2020-04-04,largest
"""
ANSWERS = {
    "po-1": "covered_by_licence", "po-2": "licence_required", "po-3": "not_subject", "po-4": "licence_required",
}  # fmt: skip


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


@pytest.fixture
def case(tmp_path: Path) -> str:
    """A case in which every sale to Vell needs a licence; Acme has one for USD 5 m. Its own book has one line."""
    return str(make_case(tmp_path, {
        "measures/order.toml": measure(limb("list", LISTED)),
        "licences.csv": "id, authority, holder, kind, consignees, overcomes\nlic, M, acme, individual, vell, list\n",
        "licence_lines.csv": "id, licence, line, item, value_usd_m\nx, lic, 1, chip, 5\n",
        "licence_events.csv": "id, licence, date, event\ne, lic, 2020-04-01, granted\n",
        "orders.csv": f"id, link, value_usd_m\nown-1, {A}, 1\n",
    }))  # fmt: skip


@pytest.fixture
def book(tmp_path: Path) -> str:
    """The order book as a file."""
    path = tmp_path / "book.csv"
    path.write_text(BOOK, encoding="utf-8")
    return str(path)


def one_line(text: str) -> str:
    """Text of a terminal in one line, without the frame of a box."""
    return " ".join(text.replace("│", " ").split())


# ---------------------------------------------------------------- check


def test_the_terminal_shows_answers_and_the_largest_lines_held(run: Run, case: str, book: str) -> None:
    code, out, err = run("check", case, "--orders", book, *DAY)
    assert (code, err) == (0, "")
    said = one_line(out)
    assert book in one_line(out.replace("\n", "")) and "2020-05-01" in said
    assert "licence required 2 12" in said and "covered by licence 1 4" in said and "not subject 1 2" in said
    assert said.index("Largest lines held") < said.index("po-4") < said.index("po-2")
    assert "po-1" not in said and "own-1" not in said  # neither held, nor in this book
    assert "2 open (USD 6 m), 2 closed (USD 12 m)" in said
    assert "not legal advice" in said


def test_json_has_every_line(run: Run, case: str, book: str) -> None:
    code, out, _ = run("check", case, "--orders", book, *DAY, "--json")
    answer = json.loads(out)
    assert code == 0
    assert (answer["as_of"], answer["as_known"], len(answer["record"])) == ("2020-05-01", None, 64)
    assert "not legal advice" in answer["note"]
    assert {s["sale"]: s["outcome"] for s in answer["sales"]} == ANSWERS
    lines = {s["sale"]: s for s in answer["sales"]}
    assert (lines["po-1"]["licences"], lines["po-2"]["licences"], lines["po-2"]["limbs"]) == (["lic"], [], ["list"])
    assert {s["kind"] for s in answer["sales"]} == {"order"}
    assert [s["sale"] for s in answer["sales"]] == list(ANSWERS)  # in the order of the book


def test_without_a_book_the_lines_of_the_case_come_after_its_links(run: Run, case: str) -> None:
    _, out, _ = run("check", case, *DAY, "--json")
    assert [s["sale"] for s in json.loads(out)["sales"]] == [A, N, OVA, "own-1"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_the_table_is_written_whole(run: Run, case: str, book: str, tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / f"verdicts{suffix}"
    code, _, err = run("check", case, "--orders", book, *DAY, "-o", str(path))
    assert code == 0 and "4 rows" in err
    assert [p.name for p in folder.iterdir()] == [path.name]
    if suffix == ".xlsx":
        from python_calamine import CalamineWorkbook

        head, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
        found = {r[head.index("sale")]: r[head.index("outcome")] for r in rows}
    else:
        frame = pl.read_csv(path) if suffix == ".csv" else pl.read_parquet(path)
        found = dict(frame.select("sale", "outcome").iter_rows())
        assert frame.columns[:4] == ["sale", "kind", "seller", "buyer"]
    assert found == ANSWERS


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx"])
def test_a_book_may_be_parquet_or_a_sheet(run: Run, case: str, tmp_path: Path, suffix: str) -> None:
    frame = pl.read_csv(BOOK.encode(), infer_schema=False)
    path = tmp_path / f"book{suffix}"
    if suffix == ".xlsx":
        frame.write_excel(path)
    else:
        frame.write_parquet(path)
    code, out, _ = run("check", case, "--orders", str(path), *DAY, "--json")
    assert code == 0
    assert {s["sale"]: s["outcome"] for s in json.loads(out)["sales"]} == ANSWERS


def test_workers_write_the_same_file(run: Run, case: str, book: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.csv" for n in (1, 2)]
    for n, path in enumerate(paths, 1):
        assert run("check", case, "--orders", book, *DAY, "--workers", str(n), "-o", str(path))[0] == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()
    code, _, err = run("check", case, "--orders", book, *DAY, "--workers", "0")
    assert code == 2 and "at least 1" in err


def test_only_lines_in_a_state_or_of_an_id(run: Run, case: str, book: str) -> None:
    for words, expected in (
        (("--state", "closed"), ["po-2", "po-4"]), (("--sale", "po-2"), ["po-2"]),
        (("--state", "open", "--sale", "po-2"), []),
    ):  # fmt: skip
        _, out, _ = run("check", case, "--orders", book, *DAY, "--json", *words)
        assert [s["sale"] for s in json.loads(out)["sales"]] == expected, words


def test_words_of_the_case_are_not_run(run: Run, tmp_path: Path) -> None:
    """What starts like a formula gets a quote in front in CSV; the terminal prints what looks like markup as it is."""
    text = "=HYPERLINK(0) [red]no[/red]"
    body = f'items = {{text = "{text}", decided_by = "expert"}}'
    folder = make_case(tmp_path, {
        "measures/order.toml": measure(limb("list", body)),
        "case.toml": FILES["case.toml"].replace("Vell and its", "[bold]Vell[/bold] and its"),
    })  # fmt: skip
    path, out_file = tmp_path / "book.csv", tmp_path / "out.csv"
    path.write_text(f"id,link,value_usd_m\no,{A},1\n", encoding="utf-8")
    code, out, _ = run("check", str(folder), "--orders", str(path), *DAY)
    assert code == 0 and "[bold]Vell[/bold] and its suppliers" in one_line(out) and text in one_line(out)
    code, out, _ = run("explain", str(folder), "o", "--orders", str(path), *DAY)
    assert code == 0 and text in one_line(out)
    assert run("check", str(folder), "--orders", str(path), *DAY, "-o", str(out_file))[0] == 0
    assert pl.read_csv(out_file)["needs"][0].startswith("'=HYPERLINK(0)")


# ---------------------------------------------------------------- faults

WRONG = f"""\
id,link,value_usd_m,ordered,destination,variant,act
po-1,{A},4,2020-04-01,CN,,
po-1,{A},4,2020-04-31,CN,,
po-2,acme>vel:chip,four,2020-04-01,CN,acme-chop,
po-3,,1,,,,exprot
{A},{A},-1,,UK,,
"""


def test_every_fault_is_listed_and_nothing_is_written(run: Run, case: str, tmp_path: Path) -> None:
    path, out_file = tmp_path / "wrong.csv", tmp_path / "verdicts.csv"
    path.write_text(WRONG, encoding="utf-8")
    out_file.write_text("before", encoding="utf-8")
    code, out, err = run("check", case, "--orders", str(path), *DAY, "-o", str(out_file))
    assert (code, out) == (1, "")
    said = one_line(err)
    for word in (
        "wrong.csv", "row 3, ordered", "there is no such day", "row 4, value_usd_m: got 'four'", "row 5, act",
        "row 6, destination: got 'UK'", "row 6, value_usd_m", "the United Kingdom is GB", "Nothing was done",
    ):  # fmt: skip
        assert word in said, word
    assert out_file.read_text(encoding="utf-8") == "before"
    assert "Traceback" not in err


def test_faults_between_the_lines_and_the_record_are_listed_too(run: Run, case: str, tmp_path: Path) -> None:
    path, out_file = tmp_path / "wrong.csv", tmp_path / "verdicts.parquet"
    rows = (
        f"po-1,{A},4,,,", f"po-1,{A},4,,,", "po-2,acme>vel:chip,4,,,", "po-3,,1,acme,vell,", f"{A},{A},1,,,",
        f"po-4,{A},1,,,acme-chop", f"po-5,{A},1,nobody,,",
    )  # fmt: skip
    path.write_text("\n".join(["id,link,value_usd_m,seller,purchaser,variant", *rows]), encoding="utf-8")
    code, _, err = run("check", case, "--orders", str(path), *DAY, "-o", str(out_file))
    said = one_line(err)
    assert code == 1
    for word in ("row 3, id: got 'po-1' again", "row 4, link: got 'acme>vel:chip'", "did you mean 'acme>vell:chip'?",
                 "row 5, variant", "row 5, destination", "an id that no link has", "did you mean 'acme-chip'?",
                 "row 8, seller: got 'nobody'"):  # fmt: skip
        assert word in said, word
    assert not out_file.exists()
    code, _, err = run("explain", case, "po-1", "--orders", str(path), *DAY, "-o", str(tmp_path / "why.html"))
    assert code == 1 and "Nothing was done" in err
    assert not (tmp_path / "why.html").exists()


def test_columns_that_are_missing_or_unknown_are_faults(run: Run, case: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(f"id,link,valeu_usd_m\npo-1,{A},4\n", encoding="utf-8")
    code, _, err = run("check", case, "--orders", str(path), *DAY)
    said = one_line(err)
    assert code == 1
    assert "valeu_usd_m: got an unknown column" in said and "did you mean 'value_usd_m'?" in said
    assert "value_usd_m: got no such column" in said


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("missing.csv", (), "There is no file"),
        ("book.txt", (), "an order book is a .csv, .parquet, .xlsx file"),
        ("book.csv", ("-o", "verdicts.pdf"), "choose one of these endings"),
        ("book.csv", ("-o", "nowhere/verdicts.csv"), "no folder"),
        ("book.csv", ("--as-of", "2020-05-32"), "year-month-day"),
    ],
)
def test_what_cannot_be_done_is_said_with_exit_code_2(
    run: Run, case: str, book: str, tmp_path: Path, name: str, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "book.txt").write_text(BOOK, encoding="utf-8")
    before = sorted(p.name for p in tmp_path.iterdir())
    if words and words[0] == "-o":
        words = ("-o", str(tmp_path / words[1]))
    code, out, err = run("check", case, "--orders", str(tmp_path / name), *words)
    assert (code, out) == (2, "")
    assert said in one_line(err) and "Traceback" not in err
    assert sorted(p.name for p in tmp_path.iterdir()) == before


# ---------------------------------------------------------------- explain


def test_explain_a_line_after_those_before_its_turn(run: Run, case: str, book: str) -> None:
    code, out, _ = run("explain", case, "po-1", "--orders", book, *DAY)
    said = one_line(out)
    assert code == 0
    assert "Covered by a licence." in said and "Draws on licence lic, line 1." in said
    code, out, _ = run("explain", case, "po-2", "--orders", book, *DAY)
    said = one_line(out)
    assert code == 0
    assert "A licence is required and none covers it." in said and "Acme chips to Vell phones" in said
    assert "USD 7,000,000 of USD 5,000,000" in said
    assert "Released by: list: licence lic (M), which lacks:" in said
    assert "listings.csv row 2" in said and "§ 1" in said
    assert "not legal advice" in said


def test_explain_json_is_the_decision_record_of_the_line(run: Run, case: str, book: str) -> None:
    code, out, _ = run("explain", case, "po-1", "--orders", book, *DAY, "--json")
    (record,) = json.loads(out)
    assert code == 0
    assert (record["sale"], record["outcome"]) == ("po-1", "covered_by_licence")
    assert record["draws"] == [{"licence": "lic", "line": 1}]
    assert record["asked"]["events"] == {"ordered": "2020-04-01"}
    assert {c["id"] for c in record["citations"]} == {"law"}
    assert record["released_if"] == []


def test_explain_writes_a_page(run: Run, case: str, book: str, tmp_path: Path) -> None:
    path, again = tmp_path / "why.html", tmp_path / "again.html"
    code, out, err = run("explain", case, "po-2", "--orders", book, *DAY, "-o", str(path))
    assert (code, out) == (0, "")
    assert "Wrote" in err
    text = path.read_text(encoding="utf-8")
    assert "<h1>po-2</h1>" in text and "A licence is required and none covers it." in text
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    run("explain", case, "po-2", "--orders", book, *DAY, "-o", str(again))
    assert again.read_bytes() == path.read_bytes()


def test_a_page_has_the_right_ending(run: Run, case: str, book: str, tmp_path: Path) -> None:
    for name in ("why.txt", "why", "why.htm", "why.csv"):
        code, out, err = run("explain", case, "po-2", "--orders", book, *DAY, "-o", str(tmp_path / name))
        assert (code, out) == (2, "")
        assert "ends in .html" in one_line(err)
        assert not (tmp_path / name).exists()
    code, _, err = run("explain", case, "po-2", "--orders", book, *DAY, "-o", str(tmp_path / "nowhere" / "why.html"))
    assert code == 2 and "no folder" in one_line(err)


def test_a_line_that_the_book_does_not_have(run: Run, case: str, book: str) -> None:
    for line in ("po-9", "own-1", A):
        code, out, err = run("explain", case, line, "--orders", book, *DAY)
        assert (code, out) == (2, ""), line
        assert f"The book has no line '{line}'" in one_line(err)


def test_a_line_of_the_case_itself_needs_no_book(run: Run, case: str) -> None:
    code, out, _ = run("explain", case, "own-1", *DAY)
    assert code == 0
    assert "Draws on licence lic, line 1." in one_line(out)

"""An empty case to start from, and the data dictionary that it is made from."""

import subprocess
import sys
from pathlib import Path

import pytest

from detente.record import DetenteError, load
from detente.record.dictionary import REQUIRED_TABLES, TABLES, dictionary
from detente.record.load import Case
from detente.record.new import describe, new

ROOT = Path(__file__).parents[2]


def add(folder: Path, table: str, **cells: str) -> None:
    """Write a row below the template of a table."""
    with (folder / f"{table}.csv").open("a", encoding="utf-8") as file:
        file.write(",".join(cells.get(n, "") for n in dictionary()[table].names) + "\n")


@pytest.mark.parametrize("workbook", [False, True])
def test_the_empty_case_loads(tmp_path: Path, workbook: bool) -> None:
    written = new(tmp_path / "mine", workbook=workbook)
    assert all(p.is_file() for p in written)
    assert set(written) == {p for p in (tmp_path / "mine").rglob("*") if p.is_file()}
    case = load(tmp_path / "mine")
    assert isinstance(case, Case)
    assert all(case[t].height == 0 for t in TABLES)
    assert case.measures == case.decisions == ()


def test_both_forms_of_the_empty_case_are_the_same(tmp_path: Path) -> None:
    new(tmp_path / "a")
    new(tmp_path / "b", workbook=True)
    assert load(tmp_path / "a").digest == load(tmp_path / "b").digest


def test_every_table_has_a_template_that_explains_its_columns(tmp_path: Path) -> None:
    new(tmp_path)
    for name, table in dictionary().items():
        text = (tmp_path / f"{name}.csv").read_text(encoding="utf-8")
        lines = text.splitlines()
        assert lines[-1] == ",".join(table.names)
        assert [line.split(":")[0] for line in lines[1:-1]] == [f"#   {n}" for n in table.names]
        assert ("or delete the file" in lines[0]) == (name not in REQUIRED_TABLES)


def test_rows_under_the_template_load(tmp_path: Path) -> None:
    new(tmp_path)
    add(tmp_path, "sources", id="law", title="Order 1", rank="invented")
    add(
        tmp_path,
        "parties",
        id="acme",
        name="Acme",
        kind="firm",
        side="home",
        source="law",
        confidence="official",
        recorded="2020-01-01",
    )
    assert load(tmp_path)["parties"]["id"].to_list() == ["acme"]


def test_the_commented_measure_is_a_valid_one(tmp_path: Path) -> None:
    """What the template shows must work once the # is taken away."""
    new(tmp_path)
    example = (tmp_path / "measures" / "example.toml.txt").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.removeprefix("# ").removeprefix("#") for line in example[1:])
    (tmp_path / "measures" / "example.toml").write_text(text, encoding="utf-8")
    common = {"source": "order-1", "confidence": "invented", "recorded": "2020-03-01"}
    add(tmp_path, "sources", id="order-1", title="Order 1", rank="invented")
    add(tmp_path, "parties", id="nox", name="Nox", kind="firm", side="target", **common)
    add(
        tmp_path,
        "listings",
        id="l",
        list="home-list",
        party="nox",
        as_listed="NOX",
        requirement="all",
        review="denial",
        **common,
    )
    assert [m.id for m in load(tmp_path).measures] == ["home-list"]


@pytest.mark.parametrize("workbook", [False, True])
def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path, workbook: bool) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DetenteError, match="nothing is overwritten"):
        new(tmp_path, workbook=workbook)
    assert [p.name for p in tmp_path.rglob("*")] == ["mine.txt"]
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "case").write_text("mine")
    with pytest.raises(DetenteError):
        new(tmp_path / "case")
    assert (tmp_path / "case").read_text() == "mine"


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    new(tmp_path)
    assert (tmp_path / "case.toml").is_file()


def test_describe_says_type_unit_need_and_meaning() -> None:
    units = dictionary()["units"]
    assert describe(units["output_usd_m"]) == (
        "(number, USD m a year, must be filled) Value of what it makes in a year without the measures"
    )
    assert describe(units["party"]) == "(id of parties, must be filled) Whose unit it is"
    assert describe(dictionary()["stakes"]["control"]).startswith("(yes | no | unknown, default unknown) ")


def test_every_type_of_the_dictionary_is_read() -> None:
    from detente.record.cells import cells

    for table in dictionary().values():
        for column in table.columns:
            assert cells(column, ("home",)).expected
            if column.target and column.type in {"ref", "refs"}:
                assert column.target in TABLES
        assert len(set(table.names)) == len(table.names)
        assert set(table.ranges) == {n.removesuffix("_low") for n in table.names if n.endswith("_low")}


def test_the_page_of_the_dictionary_is_up_to_date() -> None:
    script = ROOT / "docs" / "make_dictionary.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")

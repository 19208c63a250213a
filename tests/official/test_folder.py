"""Tables into a folder: new, below those of a case, or not at all."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from detente.official.folder import plan
from detente.official.snapshot import frame
from detente.record.files import read
from detente.record.problems import DetenteError, RecordError

COMMON = {"source": "law", "confidence": "official", "recorded": "2026-08-15"}


def names(*rows: tuple[str, str], **more: str) -> dict[str, pl.DataFrame]:
    return {
        "names": frame(
            "names", [{"id": a, "party": "p", "name": b, "kind": "alias", **COMMON, **more} for a, b in rows]
        )
    }


def write(folder: Path, tables: dict[str, pl.DataFrame], *, add: bool) -> list[Path]:
    files = plan(folder, tables, add=add)
    folder.mkdir(exist_ok=True)
    for path, content in files.items():
        path.write_bytes(content)
    return list(files)


def there(folder: Path) -> list[tuple[str, str]]:
    raw = read("names", folder / "names.csv", [])
    assert raw is not None
    return raw.frame.select("id", "name").rows()


def test_new_files_only_where_there_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert write(folder, names(("a", "A")), add=False) == [folder / "names.csv"]
    with pytest.raises(DetenteError, match=r"names\.csv already"):
        plan(folder, names(("b", "B")), add=False)
    assert plan(folder, {"names": frame("names", ())}, add=False) == {}


def test_rows_go_below_and_the_rest_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(
        b"# mine\r\nid,party,name,kind,source,confidence,recorded,note\r\nz,p,Zed,alias,law,official,2020-01-01,n"
    )
    write(tmp_path, names(("a", "A, Ltd.")), add=True)
    text = path.read_bytes()
    assert text.startswith(b"# mine\r\nid,party") and text.endswith(
        b'2020-01-01,n\r\na,p,"A, Ltd.",alias,law,official,2026-08-15,\r\n'
    )
    assert there(tmp_path) == [("z", "Zed"), ("a", "A, Ltd.")]


def test_a_row_again_is_left_out_and_another_with_its_id_is_refused(tmp_path: Path) -> None:
    write(tmp_path, names(("a", "A"), ("b", "B")), add=False)
    assert plan(tmp_path, names(("a", "A")), add=True) == {}
    with pytest.raises(RecordError) as caught:
        plan(tmp_path, names(("a", "A"), ("b", "Other"), ("c", "C")), add=True)
    (one,) = caught.value.problems
    assert (one.file, one.row, one.column, one.got, one.expected) == ("names.csv", 3, "name", "'B'", "'Other'")
    assert there(tmp_path) == [("a", "A"), ("b", "B")]


def test_a_correction_goes_in_once(tmp_path: Path) -> None:
    write(tmp_path, names(("a", "A")), add=False)
    better = names(("a", "Aa"), supersedes="a", recorded="2026-09-01")
    write(tmp_path, better, add=True)
    assert there(tmp_path) == [("a", "A"), ("a", "Aa")]
    assert plan(tmp_path, better, add=True) == {}


def test_many_clashes_are_counted(tmp_path: Path) -> None:
    write(tmp_path, names(*((f"n{i}", "A") for i in range(60))), add=False)
    with pytest.raises(RecordError) as caught:
        plan(tmp_path, names(*((f"n{i}", "B") for i in range(60))), add=True)
    assert len(caught.value.problems) == 51 and "60 rows that clash" in str(caught.value)


def test_a_cell_that_a_spreadsheet_would_run_is_inert_and_reads_back(tmp_path: Path) -> None:
    rows = (("a", "=HYPERLINK(1)"), ("b", "@SINNER"), ("c", "-VPK NPO"), ("d", "+1"))
    write(tmp_path, names(*rows), add=False)
    lines = (tmp_path / "names.csv").read_text().splitlines()[1:]
    assert all(",p, " in line for line in lines)
    assert there(tmp_path) == list(rows)
    assert plan(tmp_path, names(*rows), add=True) == {}


def test_tables_in_another_form_are_left_alone(tmp_path: Path) -> None:
    names(("z", "Z"))["names"].write_parquet(tmp_path / "names.parquet")
    with pytest.raises(DetenteError, match="only added to CSV"):
        plan(tmp_path, names(("a", "A")), add=True)
    with pytest.raises(DetenteError, match=r"names\.parquet already"):
        plan(tmp_path, names(("a", "A")), add=False)
    (tmp_path / "tables.xlsx").write_bytes(b"")
    with pytest.raises(DetenteError, match=r"tables\.xlsx"):
        plan(tmp_path, names(("a", "A")), add=True)


def test_a_file_in_the_place_of_the_folder_and_a_short_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(DetenteError, match="is a file"):
        plan(tmp_path / "x", names(("a", "A")), add=True)
    (tmp_path / "names.csv").write_text("id,party,name\nz,p,Z\n")
    with pytest.raises(RecordError) as caught:
        plan(tmp_path, names(("a", "A")), add=True)
    assert {p.column for p in caught.value.problems} == {"kind", "source", "confidence", "recorded"}
    (tmp_path / "names.csv").write_bytes(b"id,party\nz,\xff\n")
    with pytest.raises(RecordError, match="UTF-8"):
        plan(tmp_path, names(("a", "A")), add=True)

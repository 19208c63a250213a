"""Tables for the terminal and for files."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from detente.cli.output import table, write_table
from detente.record import DetenteError
from detente.report.whole import whole_file

COLUMNS = [("side", False), ("output", True), ("model", False), ("range of what is lost", True)]
ROWS = [("Third countries", "USD 600 m", "optimum", "gain of 300 m to loss of 6.1 m")]


def _lines(width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, no_color=True).print(table(COLUMNS, ROWS))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [44, 50, 60, 100])
def test_words_and_short_numbers_stay_whole_and_nothing_is_cut(width: int) -> None:
    lines = _lines(width)
    assert all(len(line.rstrip()) <= width for line in lines)
    text = "\n".join(lines)
    assert "USD 600 m" in text and "optimum" in text
    for word in ["Third", "countries", "gain", "of", "300", "m", "to", "loss", "of", "6.1", "m", "side", "model"]:
        assert word in text.split()


def test_lists_that_are_empty_in_every_row_are_written(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [[], []], "b": [["x", "y"], None], "c": [[1], [2]]})
    for name in ("t.csv", "t.xlsx", "t.parquet"):
        write_table(frame, tmp_path / name)
        assert (tmp_path / name).is_file()
    assert pl.read_csv(tmp_path / "t.csv")["b"].to_list() == ["x; y", None]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DetenteError, match="is a folder"), whole_file(tmp_path):
        pass
    assert not list(tmp_path.iterdir())

"""The page on proposals says what comes out."""

import doctest
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[2] / "docs" / "proposals.md"


def test_the_page_says_what_comes_out() -> None:
    with np.printoptions(precision=8, suppress=False):
        found = doctest.testfile(str(PAGE), module_relative=False)
    assert found.attempted > 10
    assert found.failed == 0

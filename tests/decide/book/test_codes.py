"""Numbers for whatever cannot be told apart, beside a plain dictionary."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.decide.book.codes import together
from reference.numbering_twin import numbering_twin

WIDTHS = (1, 2, 40, 1 << 20, 1 << 40, 1 << 61)  # one value; few; more than a plain table holds; more than fits one word


@st.composite
def tables(draw: st.DrawFn) -> list[np.ndarray]:
    """A few columns of codes, some of them of hardly any values, some of values far apart."""
    n = draw(st.integers(0, 60))
    columns = []
    for width in draw(st.lists(st.sampled_from(WIDTHS), min_size=1, max_size=4)):
        values = st.lists(st.integers(-1, width - 2), min_size=1, max_size=6)
        some = draw(values)
        columns.append(np.array([draw(st.sampled_from(some)) for _ in range(n)], dtype=np.int64))
    return columns


@given(tables())
def test_numbers_are_those_of_a_dictionary(columns: list[np.ndarray]) -> None:
    first, number = together(columns)
    assert (first.tolist(), number.tolist()) == numbering_twin(columns)


@pytest.mark.parametrize("width", [50, 1 << 12, 1 << 30])
def test_a_table_grows_with_what_is_found(width: int) -> None:
    column = np.random.default_rng(width).integers(0, width, 3000)
    first, number = together([column, np.zeros(3000, dtype=np.int64)])
    assert (first.tolist(), number.tolist()) == numbering_twin([column])


def test_no_columns_and_no_rows() -> None:
    assert [x.size for x in together([])] == [0, 0]
    assert [x.size for x in together([np.empty(0, dtype=np.int64)])] == [0, 0]

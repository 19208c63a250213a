from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from detente.record import DetenteError
from detente.relief.search.dominance import crowding, fronts, hypervolume, not_beaten, spread
from reference.relief_twin import crowding_twin, fronts_twin, hypervolume_twin, not_beaten_twin

few = st.integers(0, 4).map(float)  # few values, so that ties abound


def tables(most_rows: int = 7, columns: tuple[int, int] = (1, 5)) -> st.SearchStrategy[np.ndarray]:
    shape = st.tuples(st.integers(1, most_rows), st.integers(*columns))
    return shape.flatmap(lambda s: hnp.arrays(np.float64, s, elements=few))


@given(tables())
@settings(max_examples=80, deadline=None)
def test_kernels_are_their_twins(points: np.ndarray) -> None:
    assert np.array_equal(not_beaten(points), not_beaten_twin(points))
    violation = points[:, 0] % 2
    front = fronts(points, violation)
    assert np.array_equal(front, fronts_twin(points, violation))
    assert np.allclose(crowding(points, front), crowding_twin(points, front), rtol=1e-12)
    assert hypervolume(points, np.zeros(points.shape[1])) == pytest.approx(
        hypervolume_twin(points, np.zeros(points.shape[1])), rel=1e-12
    )


@pytest.mark.parametrize("d", [2, 3, 4, 5])
def test_volume_of_random_points(d: int) -> None:
    points = np.random.default_rng(d).random((10, d))
    assert hypervolume(points, np.full(d, 0.1)) == pytest.approx(hypervolume_twin(points, np.full(d, 0.1)), rel=1e-12)


def test_volume_grows_with_every_point_not_beaten_and_with_no_other() -> None:
    draw = np.random.default_rng(2)
    points = draw.random((60, 3))
    mask = not_beaten(points)
    assert hypervolume(points[mask], np.zeros(3)) == pytest.approx(hypervolume(points, np.zeros(3)), rel=1e-14)
    for k in np.flatnonzero(mask):
        assert hypervolume(np.delete(points, k, axis=0), np.zeros(3)) < hypervolume(points, np.zeros(3))


@given(tables(12, (2, 4)), st.integers(4, 8))
@settings(max_examples=60, deadline=None)
def test_thinning_keeps_so_many_and_the_best_of_each(points: np.ndarray, keep: int) -> None:
    kept = spread(points, keep)
    assert kept.sum() == min(keep, len(points))
    assert np.array_equal(points[kept].max(axis=0), points.max(axis=0))


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DetenteError, match="n x M"):
        not_beaten([1.0, 2.0])
    with pytest.raises(DetenteError, match="not numbers"):
        not_beaten([[np.nan, 1.0]])
    with pytest.raises(DetenteError, match="one a coordinate"):
        hypervolume([[1.0, 1.0]], [0.0])
    with pytest.raises(DetenteError, match="one a point"):
        fronts([[1.0, 1.0]], [0.0, 1.0])

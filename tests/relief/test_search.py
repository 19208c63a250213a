"""The heuristics: against the exact frontier, interrupted and not, alone and shared out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from detente.record import DetenteError
from detente.relief.blocs.drawn import two_blocs
from detente.relief.frontier import Aim, frontier_of
from detente.relief.search.evolution import Stage, evolve
from detente.relief.search.exhaustive import exhaustive
from detente.relief.search.greedy import directions
from detente.relief.search.moves import children, flips
from detente.relief.values import feasible
from relief.toy import linear

WIN = Aim(least_gain={"home": 0.0, "target": 0.0})


@pytest.mark.parametrize("seed", range(12))
def test_small_instances_against_the_exact_frontier(seed: int) -> None:
    draw = np.random.default_rng(seed)
    blocs = two_blocs(int(draw.integers(30, 60)), int(draw.integers(8, 13)), seed).quick()
    best = exhaustive(blocs, WIN)
    found = evolve(blocs, WIN, evaluations=700, population=40, seed=seed)
    assert found.evaluations <= 1400 and not found.exact
    assert found.volume() <= best.volume() * (1 + 1e-9)
    assert found.volume() >= 0.98 * best.volume()
    assert (found.points[:, :2] >= 0).all()
    assert feasible(found.packages, blocs.exclusive, blocs.requires).all()


def test_the_same_whatever_the_executor_and_the_parts() -> None:
    blocs = two_blocs(60, 30, seed=5).quick()
    one = evolve(blocs, WIN, evaluations=1500, population=50, seed=2)
    with ThreadPoolExecutor(2) as pool:
        two = evolve(blocs, WIN, evaluations=1500, population=50, seed=2, executor=pool, part=17)
    other = evolve(blocs, WIN, evaluations=1500, population=50, seed=3)
    assert np.array_equal(one.packages, two.packages) and np.array_equal(one.points, two.points)
    assert one.evaluations == two.evaluations
    assert other.evaluations != one.evaluations or not np.array_equal(one.packages, other.packages)


def test_an_interrupted_search_ends_where_one_that_was_not_does(tmp_path: Path) -> None:
    blocs = two_blocs(60, 30, seed=6).quick()
    options = {"population": 50, "seed": 4, "keep": 60}
    whole = evolve(blocs, WIN, evaluations=4000, **options)
    file = tmp_path / "search.npz"
    for limit in (300, 900, 2000, 2001, 4000):
        parts = evolve(blocs, WIN, evaluations=limit, state=file, **options)
    assert np.array_equal(whole.packages, parts.packages) and np.array_equal(whole.points, parts.points)
    assert whole.evaluations == parts.evaluations and whole.settings == parts.settings
    with np.load(file, allow_pickle=False) as data:
        assert all(data[name].dtype != object for name in data.files)


def test_a_state_of_something_else_is_refused(tmp_path: Path) -> None:
    blocs = two_blocs(40, 12, seed=6).quick()
    file = tmp_path / "search.npz"
    evolve(blocs, WIN, evaluations=200, state=file, population=20)
    with pytest.raises(DetenteError, match="something else"):
        evolve(blocs, WIN, evaluations=200, state=file, population=20, seed=1)
    with pytest.raises(DetenteError, match="something else"):
        evolve(blocs, Aim(), evaluations=200, state=file, population=20)
    other = linear([1] * 12, [1] * 12, [0.1] * 12, exclusive=blocs.exclusive, requires=blocs.requires)
    changed = _renamed(other, blocs)  # the same names and rules, but other values
    with pytest.raises(DetenteError, match="other values now"):
        evolve(changed, WIN, evaluations=400, state=file, population=20)
    file.write_bytes(b"PK not a file of ours")
    with pytest.raises(DetenteError, match="not the state of a search"):
        evolve(blocs, WIN, evaluations=200, state=file, population=20)
    np.savez(file, allow_pickle=True, head=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DetenteError, match="not the state of a search"):
        evolve(blocs, WIN, evaluations=200, state=file, population=20)


def _renamed(toy, like):
    class Renamed:
        n_proposals, exclusive, requires = like.n_proposals, like.exclusive, like.requires
        names, sides, capabilities = like.names, like.sides, like.capabilities

        def evaluate(self, packages):
            return toy.evaluate(packages)

    return Renamed()


def test_what_was_found_is_checked_by_another_model() -> None:
    """The search goes by a quick model; what is shown was valued by the true one, and what that beats is gone."""
    blocs = two_blocs(50, 12, seed=7)
    found = evolve(blocs.quick(), WIN, evaluations=800, population=40, check=blocs)
    assert np.isfinite(found.values.gain_low).all()
    assert np.array_equal(found.values.gain, blocs.evaluate(found.packages).gain)
    again = frontier_of(blocs, found.packages, aim=WIN)
    assert np.array_equal(again.packages, found.packages)


def test_progress_is_told_and_time_ends_it() -> None:
    told: list[Stage] = []
    blocs = two_blocs(50, 30, seed=8).quick()
    evolve(blocs, WIN, time_limit_s=0.5, progress=told.append)
    assert told[0].doing == "first packages" and "greedy" in {t.doing for t in told}
    assert [t.evaluations for t in told] == sorted(t.evaluations for t in told)
    with pytest.raises(DetenteError, match="got neither"):
        evolve(blocs, WIN)
    with pytest.raises(DetenteError, match="population"):
        evolve(blocs, WIN, evaluations=10, population=1)


def test_it_ends_by_itself_where_there_is_nothing_left_to_try() -> None:
    toy = linear([1, 2, -1], [1, -1, 2], [0.1, 0.0, 0.2])
    found = evolve(toy, evaluations=10**6)
    assert found.evaluations == 8
    assert np.array_equal(found.packages, exhaustive(toy).packages)


def test_no_package_keeps_the_bounds() -> None:
    toy = linear([1, 2, -1], [1, -1, 2], [0.1, 0.0, 0.2])
    found = evolve(toy, Aim(least_gain={"home": 50.0}), evaluations=200)
    assert len(found) == 0


def test_moves_keep_the_rules() -> None:
    blocs = two_blocs(60, 30, seed=9)
    draw = np.random.default_rng(0)
    rows = draw.random((40, 30)) < 0.4
    new = children(rows, rows[::-1], draw)
    assert new.shape == rows.shape and not (new == rows).all(axis=1).any()
    start = np.zeros(30, dtype=bool)
    near = flips(start, blocs, range(30))
    assert feasible(near, blocs.exclusive, blocs.requires).all()
    assert all(row[p] for p, row in enumerate(near))
    toy = linear([0] * 4, [0] * 4, [0] * 4, exclusive=[(0, 1)], requires=[(2, (0,)), (3, (2,))])
    assert flips(np.array([0, 1, 0, 0], dtype=bool), toy, [3]).tolist() == [[True, False, True, True]]
    assert flips(np.array([1, 0, 1, 1], dtype=bool), toy, [0]).tolist() == [[False, False, False, False]]


def test_directions_lie_on_the_simplex() -> None:
    table = directions(3)
    assert np.allclose(table.sum(axis=1), 1.0) and len(table) == 15 and len(np.unique(table, axis=0)) == 15

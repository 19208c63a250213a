from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.record import DetenteError
from detente.relief.frontier import Aim, axes_of, frontier_of
from detente.relief.search.exhaustive import exhaustive
from detente.relief.search.rules import all_packages, count_packages, repair
from detente.relief.values import feasible
from relief.toy import Toy, linear

THREE = linear([4, -1, 2], [1, 5, 2], [0.5, 0.0, 0.2])


def everything(n: int) -> np.ndarray:
    return np.array(list(product([False, True], repeat=n)), dtype=bool)


def test_the_frontier_of_three_proposals_by_hand() -> None:
    """A proposal good for both that needs no chips is in every package not beaten; one bad for home is in some."""
    good = exhaustive(linear([4, 1, 2], [1, 5, 2], [0.5, 0.0, 0.2]))
    assert [good.members(k) for k in range(len(good))] == [("p0", "p1", "p2"), ("p0", "p1"), ("p1", "p2"), ("p1",)]
    assert good.exact and good.evaluations == 8
    assert good.points[0].tolist() == [7.0, 8.0, -0.7]
    assert good.origin.tolist() == [0.0, 0.0, 0.0]
    found = exhaustive(THREE)
    assert len(found) == found.frame().height == 8
    assert [found.members(k) for k in np.flatnonzero(~found.win_win)] == [("p1",)]
    beaten = exhaustive(linear([4, -1, 2], [1, -5, 2], [0.5, 0.0, 0.2]))
    assert {found for k in range(len(beaten)) for found in beaten.members(k)} == {"p0", "p2"}


def test_bounds_of_the_aim_are_kept() -> None:
    aim = Aim(least_gain={"home": 0.0, "target": 3.0}, cap={"chips": 0.5})
    found = exhaustive(THREE, aim)
    assert {found.members(k) for k in range(len(found))} == {("p0", "p1"), ("p1", "p2")}
    none = exhaustive(THREE, Aim(least_gain={"home": 100.0}))
    assert len(none) == 0 and none.frame().height == 0


def test_an_aim_for_one_side_or_no_capability() -> None:
    one = exhaustive(THREE, Aim(sides=("home",), capabilities=()))
    assert [one.members(k) for k in range(len(one))] == [("p0", "p2")]


def test_of_equal_points_the_smallest_package_stays() -> None:
    twice = linear([1, 0, 1], [1, 0, 1], [0.1, 0.0, 0.1], exclusive=[(0, 2)])
    found = exhaustive(twice)
    assert [found.members(k) for k in range(len(found))] == [("p0",), ()]


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_all_packages_are_those_that_keep_the_rules(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n = int(draw.integers(3, 8))
    groups = [tuple(sorted(draw.choice(n, 2, replace=False).tolist())) for _ in range(int(draw.integers(0, 3)))]
    needs = [(int(a), (int(b), int(c))) for a, b, c in draw.integers(0, n, (2, 3)) if a not in (b, c)]
    toy = linear([1] * n, [1] * n, [0.0] * n, exclusive=groups, requires=needs)
    listed = np.concatenate(list(all_packages(toy, chunk=7)))
    rows = everything(n)
    expected = rows[feasible(rows, groups, needs)]
    assert {r.tobytes() for r in listed} == {r.tobytes() for r in expected}
    assert len(listed) == len(expected) <= count_packages(toy) <= 2**n
    mended = repair(rows, toy, draw)
    assert feasible(mended, groups, needs).all()
    assert np.array_equal(mended[feasible(rows, groups, needs)], expected)


def test_answers_do_not_depend_on_the_executor() -> None:
    draw = np.random.default_rng(3)
    toy = linear(draw.normal(size=11), draw.normal(size=11), draw.random(11))
    seen: list[tuple[int, int]] = []
    alone = exhaustive(toy, progress=lambda a, b: seen.append((a, b)))
    with ThreadPoolExecutor(2) as pool:
        shared = exhaustive(toy, executor=pool)
    assert np.array_equal(alone.packages, shared.packages)
    assert np.array_equal(alone.points, shared.points)
    assert seen[-1] == (2048, 2048)


def test_too_much_or_not_what_was_expected_is_refused() -> None:
    with pytest.raises(DetenteError, match="262,144"):
        exhaustive(linear([1] * 19, [1] * 19, [0] * 19))
    with pytest.raises(DetenteError, match="expected K x 3"):
        frontier_of(THREE, np.zeros((1, 2), dtype=bool))
    with pytest.raises(DetenteError, match="side: got us"):
        axes_of(THREE, Aim(sides=("us",)))
    with pytest.raises(DetenteError, match="capability: got 5g"):
        axes_of(THREE, Aim(cap={"5g": 0.1}))
    with pytest.raises(DetenteError, match="does not count"):
        axes_of(THREE, Aim(sides=("home",), least_gain={"target": 0.0}))
    with pytest.raises(DetenteError, match="sides: got none"):
        axes_of(THREE, Aim(sides=()))


def test_packages_the_rules_forbid_are_never_shown() -> None:
    toy = Toy(lambda x: np.stack([x.sum(1)] * 2, axis=1).astype(float), lambda x: x[:, :1] * 1.0, 4,
              exclusive=[(0, 1, 2)], requires=[(3, (1, 2))])  # fmt: skip
    found = frontier_of(toy, everything(4))
    assert [found.members(k) for k in range(len(found))] == [("p1", "p3")]

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.record import DetenteError
from detente.relief.attribution import owen, shapley
from reference.relief_twin import owen_twin, shapley_twin


def table_game(n: int, seed: int, columns: int = 2):
    table = np.random.default_rng(seed).normal(size=(2**n, columns)).round(3)
    return lambda sets: table[sets @ (1 << np.arange(n))]


def names(n: int) -> list[str]:
    return [f"m{k}" for k in range(n)]


@given(st.integers(1, 5), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_shapley_is_its_twin_and_sums_to_the_total(n: int, seed: int) -> None:
    game = table_game(n, seed)
    found = shapley(game, names(n))
    assert np.allclose(found.share, shapley_twin(game, n), atol=1e-12)
    assert np.allclose(found.share.sum(axis=0), found.total, atol=1e-12)
    assert found.exact and found.evaluations == 2**n and not found.standard_error.any()


@given(st.integers(1, 5), st.integers(0, 10**6), st.data())
@settings(max_examples=40, deadline=None)
def test_owen_is_its_twin_and_a_union_gets_what_it_would_as_one(n: int, seed: int, data: st.DataObject) -> None:
    game = table_game(n, seed)
    unions = data.draw(st.lists(st.sampled_from("xyz"), min_size=n, max_size=n))
    found = owen(game, names(n), unions)
    assert np.allclose(found.share, owen_twin(game, unions), atol=1e-12)
    groups = list(dict.fromkeys(unions))

    def between(sets: np.ndarray) -> np.ndarray:
        return game(np.stack([sets[:, groups.index(u)] for u in unions], axis=1))

    whole = shapley(between, groups)
    for k, u in enumerate(groups):
        mine = [i for i in range(n) if unions[i] == u]
        assert np.allclose(found.share[mine].sum(axis=0), whole.share[k], atol=1e-12)


def test_unions_of_one_or_of_all_are_shapley() -> None:
    game = table_game(5, 1)
    plain = shapley(game, names(5)).share
    assert np.allclose(owen(game, names(5), list("abcde")).share, plain, atol=1e-12)
    assert np.allclose(owen(game, names(5), list("aaaaa")).share, plain, atol=1e-12)


@given(st.integers(2, 7), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_members_that_are_alike_share_alike_and_one_that_adds_nothing_gets_nothing(n: int, seed: int) -> None:
    table = np.random.default_rng(seed).normal(size=(n + 1, 2))

    def game(sets: np.ndarray) -> np.ndarray:  # the last member adds nothing, the first two are told apart by nobody
        others = sets[:, 2:-1] @ np.arange(1, n - 2)[:, None] if n > 3 else 0.0
        return table[sets[:, :-1].sum(axis=1)] * (1.0 + others)

    found = shapley(game, names(n)).share
    assert np.allclose(found[-1], 0.0, atol=1e-12)
    if n > 2:
        assert np.allclose(found[0], found[1], atol=1e-12)


def test_alone_and_lifted_are_no_decomposition() -> None:
    """Two measures that close the same sale, worth 10: each alone 10, lifting either 0, each a half."""
    found = shapley(lambda s: 10.0 * s.any(axis=1, keepdims=True), ["a", "b"])
    assert found.share.ravel().tolist() == [5.0, 5.0]
    assert found.alone_sum.tolist() == [2.0] and found.lifted_sum.tolist() == [0.0]
    frame = found.frame(["home"])
    assert frame["alone_usd_m"].to_list() == [10.0, 10.0]
    assert frame["share_of_total"].to_list() == [0.5, 0.5]


def test_drawn_orders_come_near_and_say_how_near() -> None:
    n = 20
    weight = np.random.default_rng(0).random((n, 2))

    def game(sets: np.ndarray) -> np.ndarray:
        return np.sqrt(sets @ weight)

    found = shapley(game, names(n), seed=1)
    again = shapley(game, names(n), seed=1)
    assert not found.exact and found.converged
    assert np.array_equal(found.share, again.share)
    assert np.allclose(found.share.sum(axis=0), found.total, atol=1e-12)
    assert (found.standard_error <= 0.01 * found.total).all()
    small = shapley(game, names(n), exact=10, error=1e-9, most_evaluations=60_000)
    assert not small.converged
    assert (np.abs(small.share - found.share) < 5 * np.hypot(small.standard_error, found.standard_error)).all()


def test_drawn_orders_agree_with_all_sets() -> None:
    game = table_game(6, 3)
    unions = list("aabbcc")
    exact, drawn = shapley(game, names(6)), shapley(game, names(6), exact=2, error=0.02, seed=4)
    assert (np.abs(exact.share - drawn.share) < 5 * drawn.standard_error + 1e-12).all()
    assert np.array_equal(exact.alone, drawn.alone) and np.array_equal(exact.lifted, drawn.lifted)
    exact, drawn = owen(game, names(6), unions), owen(game, names(6), unions, exact=2, error=0.02, seed=4)
    assert not drawn.exact
    assert (np.abs(exact.share - drawn.share) < 5 * drawn.standard_error + 1e-12).all()


def test_what_is_no_game_is_refused() -> None:
    with pytest.raises(DetenteError, match="at least one"):
        shapley(lambda s: s * 1.0, [])
    with pytest.raises(DetenteError, match="row a set"):
        shapley(lambda s: np.zeros((1, 1)), ["a", "b"])
    with pytest.raises(DetenteError, match="one a member"):
        owen(lambda s: s * 1.0, ["a", "b"], ["x"])
    with pytest.raises(DetenteError, match="takes more"):
        shapley(lambda s: s[:, :1] * 1.0, names(20), most_evaluations=30)
    with pytest.raises(DetenteError, match="sides"):
        shapley(lambda s: s * 1.0, ["a"]).frame(["x", "y"])

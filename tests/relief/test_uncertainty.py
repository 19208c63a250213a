from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.record import DetenteError
from detente.relief.blocs.drawn import two_blocs
from detente.relief.draws import FactDraws, by_owner, under_draws
from detente.relief.uncertainty import headline, robustness, two_figures


def test_three_packages_in_four_draws_by_hand() -> None:
    gain = np.array([
        [[3, 1], [3, 1], [-1, 9], [3, 1]],  # the best in three draws, hurts home in one
        [[1, 1], [1, 1], [1, 1], [1, 1]],  # never the best where the first keeps its promises
        [[9, 9], [9, 9], [9, 9], [9, 9]],  # breaks the cap always
    ], dtype=float)  # fmt: skip
    kept = np.array([[0.1, 0.1, 0.1, 0.6], [0.1, 0.1, 0.1, 0.1], [0.9, 0.9, 0.9, 0.9]])
    found = robustness(gain, kept, 0.5)
    assert found.win_win.tolist() == [0.75, 1.0, 1.0]
    assert found.under_cap.tolist() == [0.75, 1.0, 0.0]
    assert found.kept.tolist() == [0.5, 1.0, 0.0]
    assert found.selected.tolist() == [0.5, 0.5, 0.0] and found.status_quo == 0.0
    assert found.regret_max.tolist() == [2.0, 2.0, 4.0]
    assert found.regret_mean.tolist() == [1.0, 1.0, 3.0]
    assert found.chance_constrained == 1
    assert robustness(gain, kept).chance_constrained == 2  # without a cap
    assert robustness(gain, kept, 0.5, at_least=0.5).chance_constrained == 0
    assert robustness(gain[2:], kept[2:], 0.5).chance_constrained is None
    assert robustness(gain[2:], kept[2:], 0.5).status_quo == 1.0
    assert found.frame()["chance_constrained"].to_list() == [False, True, False]


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_invariants(seed: int) -> None:
    draw = np.random.default_rng(seed)
    K, D = int(draw.integers(1, 6)), int(draw.integers(1, 9))
    gain, kept = draw.normal(size=(K, D, 2)).round(1), draw.random((K, D, 2))
    found = robustness(gain, kept, [0.7, 0.9])
    assert (found.kept <= np.minimum(found.win_win, found.under_cap) + 1e-12).all()
    assert found.selected.sum() + found.status_quo == pytest.approx(1.0)
    assert (found.selected <= found.kept + 1e-12).all()
    assert (found.regret_mean >= 0).all() and (found.regret_mean <= found.regret_max + 1e-12).all()
    if found.chance_constrained is not None:
        assert found.kept[found.chance_constrained] >= 0.9
    order = draw.permutation(D)
    again = robustness(gain[:, order], kept[:, order], [0.7, 0.9])
    assert again.kept == pytest.approx(found.kept) and again.regret_mean == pytest.approx(found.regret_mean)


def test_figures_and_headlines() -> None:
    assert [two_figures(x) for x in (0.0, 1234.0, -0.0999, 99.6, 0.05)] == [0.0, 1200.0, -0.1, 100.0, 0.05]
    assert headline({"cascade": 30.0, "flow": 12.0, "optimum": 10.0}) == 12.0
    assert headline({"cascade": 30.1, "flow": 12.0, "optimum": 10.0}) is None
    assert headline({"cascade": -1.0, "flow": 2.0}) is None
    assert headline({"cascade": -12.0, "flow": -20.0}) == -16.0
    assert headline({"cascade": 0.0, "flow": 0.0}) == 0.0
    assert headline({"cascade": 5.0, "optimum": 0.0}) is None
    with pytest.raises(DetenteError, match="at least one"):
        headline({})


def test_draws_that_change_nothing_are_the_plain_values() -> None:
    blocs = two_blocs(50, 10, seed=3, diversion=0.0)
    network = blocs.network
    packages = np.random.default_rng(1).random((6, 10)) < 0.5
    plain = blocs.evaluate(packages)
    allowed, today = blocs.openings.allowed(packages), blocs.openings.base
    tagged = (blocs.tagged > 0).astype(float)
    draws = FactDraws(3, value=np.stack([network.value, network.value, 1.3 * network.value]),
                      output=np.stack([network.output, network.output, 1.3 * network.output]))  # fmt: skip
    gain, kept = under_draws(network, allowed, today, draws, by_owner(network, blocs.sides), tagged)
    for d, scale in enumerate((1.0, 1.0, 1.3)):  # more money everywhere is more money lost, and nothing else
        assert gain[:, d] == pytest.approx(scale * plain.gain, abs=1e-3)
        assert kept[:, d] == pytest.approx(plain.capability, abs=1e-9)
    with ThreadPoolExecutor(2) as pool:
        shared = under_draws(network, allowed, today, draws, by_owner(network, blocs.sides), tagged, executor=pool)
    assert np.array_equal(shared[0], gain) and np.array_equal(shared[1], kept)


def test_what_is_not_used_brings_nothing_but_counts_for_capability() -> None:
    blocs = two_blocs(50, 10, seed=3)
    packages = np.ones((1, 10), dtype=bool)
    allowed, today = blocs.openings.allowed(packages), blocs.openings.base
    tagged = (blocs.tagged > 0).astype(float)
    weigh = by_owner(blocs.network, blocs.sides)
    gain, kept = under_draws(
        blocs.network, allowed, today, FactDraws(3, used=np.array([0.0, 0.5, 1.0])), weigh, tagged
    )  # fmt: skip
    assert gain[0, 0] == pytest.approx([0.0, 0.0]) and (np.diff(gain[0], axis=0) >= -1e-6).all()
    assert kept[0, :, 0] == pytest.approx([1.0, 1.0, 1.0])


def test_what_does_not_fit_is_refused() -> None:
    blocs = two_blocs(40, 8, seed=3)
    allowed, today = blocs.openings.allowed(np.zeros((1, 8), dtype=bool)), blocs.openings.base
    weigh, tagged = by_owner(blocs.network, blocs.sides), (blocs.tagged > 0).astype(float)
    for draws, message in (
        (FactDraws(0), "at least one"),
        (FactDraws(2, value=np.ones((2, 3))), "value: got"),
        (FactDraws(2, used=np.ones(3)), "used: got"),
    ):
        with pytest.raises(DetenteError, match=message):
            under_draws(blocs.network, allowed, today, draws, weigh, tagged)
    with pytest.raises(DetenteError, match="K x D x S"):
        robustness(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(DetenteError, match="finite"):
        robustness(np.full((1, 1, 1), np.nan), np.ones((1, 1)))
    with pytest.raises(DetenteError, match="probability"):
        robustness(np.ones((1, 1, 1)), np.ones((1, 1)), at_least=2.0)

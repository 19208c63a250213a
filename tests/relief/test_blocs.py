from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.impact.closing import losses, models_of
from detente.record import DetenteError
from detente.relief.blocs.drawn import two_blocs
from detente.relief.blocs.opened import opened
from detente.relief.blocs.openings import openings
from detente.relief.values import feasible


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_what_is_allowed_is_the_most_generous_clause(seed: int) -> None:
    draw = np.random.default_rng(seed)
    base = draw.choice([0.0, 0.2, 1.0], 5)
    clauses = [
        (
            int(draw.integers(5)),
            float(draw.random()),
            tuple(draw.choice(4, int(draw.integers(1, 3)), replace=False).tolist()),
        )
        for _ in range(6)
    ]
    made = openings(4, base, clauses)
    packages = draw.random((6, 4)) < 0.5
    expected = np.broadcast_to(base, (6, 5)).copy()
    for k, row in enumerate(packages):
        for sale, share, needs in clauses:
            if row[list(needs)].all():
                expected[k, sale] = max(expected[k, sale], share)
    assert np.array_equal(made.allowed(packages), expected)


def test_gain_is_that_of_three_runs_of_the_cascade() -> None:
    blocs = two_blocs(50, 10, seed=4, diversion=0.0)
    draw = np.random.default_rng(1)
    packages = draw.random((5, 10)) < 0.5
    models, output = models_of(blocs.network), blocs.network.output
    side = blocs.network.units["side"].to_numpy()

    def lost(share: np.ndarray) -> np.ndarray:
        runs = losses(models, share, share, share)
        return np.array([[(r.loss * output)[side == s].sum() for s in blocs.sides] for r in runs])

    values = blocs.evaluate(packages)
    today = lost(blocs.openings.base)
    for k, share in enumerate(blocs.openings.allowed(packages)):
        gain = today - lost(share)
        assert values.gain[k] == pytest.approx(gain[0], abs=1e-4)
        assert values.gain_low[k] == pytest.approx(gain.min(axis=0), abs=1e-4)
        assert values.gain_high[k] == pytest.approx(gain.max(axis=0), abs=1e-4)
    quick = blocs.quick().evaluate(packages)
    assert np.array_equal(quick.gain, values.gain) and np.isnan(quick.gain_low).all()


def test_rivals_take_over_what_others_do_not_sell() -> None:
    """With all of it diverted, output is only moved between makers of one item: a loss of one is a gain of others."""
    plain, moved = (two_blocs(60, 8, seed=2, diversion=d) for d in (0.0, 1.0))
    units = plain.network.units
    alone = units.select((units["item"].is_unique()).alias("x"))["x"].to_numpy()
    third = (units["side"] == "third").to_numpy()
    assert np.array_equal(moved.by_side[alone], plain.by_side[alone])
    both = moved.by_side.sum(axis=1)
    assert (both[~third] >= -1e-9).all() and (both[~alone & ~third] < plain.by_side.sum(axis=1)[~alone & ~third]).any()


@pytest.mark.parametrize("seed", range(4))
def test_blocs_are_as_asked_and_the_same_for_the_same_seed(seed: int) -> None:
    one, two = two_blocs(40, 12, seed), two_blocs(40, 12, seed)
    assert one.n_proposals == 12 and len(set(one.names)) == 12
    rows = np.random.default_rng(seed).random((20, 12)) < 0.5
    assert np.array_equal(one.evaluate(rows).gain, two.evaluate(rows).gain)
    assert np.array_equal(one.evaluate(rows).feasible, feasible(rows, one.exclusive, one.requires))
    order = np.cumsum(np.eye(12, dtype=bool), axis=0).astype(bool)
    assert (np.diff(one.evaluate(order).capability[:, 0]) >= -1e-12).all()  # more granted, no less capability
    everything = one.evaluate(np.ones((1, 12), dtype=bool))
    assert everything.capability[0, 0] == pytest.approx(1.0)


def test_what_does_not_fit_is_refused() -> None:
    blocs = two_blocs(40, 8, seed=1)
    with pytest.raises(DetenteError, match="more firms"):
        two_blocs(20, 200, seed=1)
    with pytest.raises(DetenteError, match="7 names for 8"):
        opened(blocs.network, blocs.openings, blocs.names[:7])
    with pytest.raises(DetenteError, match="without a unit: mars"):
        opened(blocs.network, blocs.openings, blocs.names, sides=["mars"])
    with pytest.raises(DetenteError, match="booleans a kind"):
        opened(blocs.network, blocs.openings, blocs.names, capabilities={"x": np.ones(3, dtype=bool)})
    with pytest.raises(DetenteError, match="no unit that makes"):
        opened(blocs.network, blocs.openings, blocs.names, capabilities={"x": np.zeros(40, dtype=bool)})
    with pytest.raises(DetenteError, match="diversion"):
        opened(blocs.network, blocs.openings, blocs.names, diversion=2.0)
    with pytest.raises(DetenteError, match="at least one proposal"):
        openings(2, [0.0], [(0, 1.0, ())])
    with pytest.raises(DetenteError, match="base"):
        openings(2, [2.0], [])

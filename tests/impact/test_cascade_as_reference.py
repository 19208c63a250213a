"""What the reference program does where it is not the index it stands for, on request; and what is done instead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from detente.impact.cascade import NetworkError, esri
from detente.impact.scenario import reference_digits
from reference.cascade_twin import cascade_twin

ESSENTIAL = np.full((2, 2), 2)
# Makers 0 and 1 of one part; 2 buys it from both, 3 from 1. Both makers fail, so that their market empties.
PAIR = sparse.coo_array(([2.0, 3.0, 3.0], ([0, 1, 1], [2, 2, 3])), shape=(4, 4))
BOTH = np.array([[1.0], [1.0], [0.0], [0.0]])
RING = np.array([[1.0, 4, 4, 3], [2, 0, 0, 2], [2, 0, 0, 2], [0, 5, 0, 0]])


def lost(unit: float, *, as_reference: bool) -> float:
    found = esri(
        PAIR * unit, list("mmbb"), ESSENTIAL, shocks=BOTH, market=list("mmbb"), weights=[0, 0, 1, 1], tolerance=1e-9,
        as_reference=as_reference,
    )  # fmt: skip
    return float(found.esri_down[0, 0])


def test_an_emptied_market_hangs_on_the_currency_only_as_reference() -> None:
    """In cents nobody can replace the makers; in thousands the reference lets 1 unit of money replace them."""
    assert [lost(u, as_reference=False) for u in (1, 1e-2, 1e-3)] == [1.0, 1.0, 1.0]
    # what 2 feels of 0 and 1 is their sales (2 and 6, times the unit) against 1; 2 buys 2/5 and 3/5, 3 all from 1
    expected = [1.0, (0.02 * 0.4 + 0.06 * 0.6 + 0.06) / 2, (0.002 * 0.4 + 0.006 * 0.6 + 0.006) / 2]
    np.testing.assert_allclose([lost(u, as_reference=True) for u in (1, 1e-2, 1e-3)], expected, rtol=1e-12)


def test_a_run_that_never_stops_is_an_error() -> None:
    """A market empties, counts as 1, its firms recover, so that it is not empty, and so on."""
    options = {"industry": [0, 1, 0, 1], "essential": ESSENTIAL, "market": [0, 1, 0, 1]}
    esri(RING / 1000, **options)
    esri(RING, **options, as_reference=True)
    with pytest.raises(NetworkError, match=r"had not stopped after 500 steps.* or leave as_reference"):
        esri(RING / 1000, **options, as_reference=True, max_iterations=500)


def test_shocks_above_one_and_rounding_only_as_reference() -> None:
    shock = np.array([[1.5], [0.0], [0.0], [0.0]])
    options = {"industry": list("mmbb"), "essential": ESSENTIAL, "market": list("mmbb"), "shocks": shock, "keep": "all"}
    with pytest.raises(NetworkError, match=r"shocks: got 1\.5"):
        esri(PAIR, **options)
    found = esri(PAIR, **options, as_reference=True)
    # of 8 in the market 6 - 1 is left: 2 feels 1.5 * 2/5 of a maker that is 2/5 of what it buys, at once
    assert found.iterations.tolist() == [2]
    # then the maker is at 0 and 6 is left; 0.4 * 2/6, kept with 3 decimals
    np.testing.assert_allclose(found.loss_down.toarray()[:, 0], [1, 0, 0.133, 0], atol=1e-15)
    np.testing.assert_allclose(found.esri_down[0, 0], 2 / 8)  # buyers sell nothing


@pytest.mark.parametrize(
    ("tolerance", "digits"),
    [(1e-2, 3), (1e-4, 5), (1e-5, 5), (1e-6, 5), (1e-8, 5), (3e-3, 16), (0.5, 1), (0.4, 3), (2e-6, 5)],
)
def test_digits_are_the_characters_r_prints(tolerance: float, digits: int) -> None:
    """R prints 100, 10000, 1e+05, 1e+06, 1e+08, 333.333333333333, 2, 2.5 and 5e+05."""
    assert reference_digits(tolerance) == digits


@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.sampled_from(["output", "index"]))
@settings(deadline=None, max_examples=80)
def test_as_reference_is_its_twin(seed: int, n: int, stop: str) -> None:
    draw = np.random.default_rng(seed)
    W = np.where(draw.random((n, n)) < 0.4, draw.integers(1, 30, (n, n)) / draw.choice([7.0, 7e3]), 0.0)
    W[0, n - 1] = 1.0
    industry = np.unique(draw.integers(0, 3, n), return_inverse=True)[1]
    classes = draw.integers(0, 3, (industry.max() + 1,) * 2)
    down, up = (np.where(draw.random(n) < 0.4, draw.choice([0.3, 1.0, 1.4], n), 0.0) for _ in range(2))
    market = draw.integers(0, 2, n) if draw.random() < 0.8 else None
    rule = {"stop": stop, "tolerance": 1e-7}
    hd, hu, steps, before, after = cascade_twin(
        W, industry, classes[np.ix_(industry, industry)], down, up, market=market, as_reference=True,
        max_iterations=400, **rule,
    )  # fmt: skip
    run = {
        "shocks": down[:, None], "shocks_up": up[:, None], "market": market, "keep": "all", "as_reference": True,
        "max_iterations": 400,
    }  # fmt: skip
    if steps == 400:
        return
    got = esri(W, industry, classes, **run, **rule)
    assert got.iterations.tolist() == [steps]
    np.testing.assert_allclose(1 - got.loss_down.toarray()[:, 0], np.round(hd, 5), atol=1e-12)
    np.testing.assert_allclose(1 - got.loss_up.toarray()[:, 0], np.round(hu, 5), atol=1e-12)
    np.testing.assert_allclose([got.index_previous[0], got.index_last[0]], [before, after], atol=1e-12)

"""Nested-logit diversion: closed forms, and what must hold whoever leaves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detente.impact import market
from detente.impact.calibration import NetworkError
from detente.impact.market import Sigma, divert
from detente.impact.network import Network
from detente.record import Case, DetenteError, NotFound

MARKETS = """
    id, market, unit,  share, nest
    a,  chips,  acme,  0.5,   logic
    b,  chips,  norr,  0.3,   logic
    c,  chips,  ,      0.1,
    d,  phones, vell,  0.6,
    e,  phones, ova,   0.4,
    """


def by_utility(delta: np.ndarray, nests: np.ndarray, sigma: float, exit: np.ndarray) -> np.ndarray:
    """Shares from utilities, the outside's utility 0, as the nested logit is written down."""
    e = np.exp(delta / (1 - sigma)) * (1 - exit)
    D = np.array([e[nests == g].sum() for g in range(int(nests.max()) + 1)])
    whole = 1.0 + (D ** (1 - sigma)).sum()
    within = np.divide(e, D[nests], out=np.zeros(e.size), where=D[nests] > 0)
    return within * D[nests] ** (1 - sigma) / whole


@st.composite
def markets(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    n = draw(st.integers(2, 8))
    numbers = st.floats(-3, 3, allow_subnormal=False)
    delta = np.array(draw(st.lists(numbers, min_size=n, max_size=n)))
    nests = np.array(draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    exit = np.array(draw(st.lists(st.sampled_from([0.0, 0.0, 0.25, 0.7, 1.0]), min_size=n, max_size=n)))
    return delta, nests, draw(st.sampled_from([0.0, 0.3, 0.6, 0.9])), exit


@given(markets())
def test_it_is_the_nested_logit_with_what_is_left_of_each_offer(drawn: tuple) -> None:
    delta, nests, sigma, exit = drawn
    old = by_utility(delta, nests, sigma, np.zeros(delta.size))
    np.testing.assert_allclose(divert(old, nests, sigma, exit), by_utility(delta, nests, sigma, exit), rtol=1e-9)


@given(markets(), st.randoms(use_true_random=False))
def test_the_order_in_which_sellers_leave_does_not_matter(drawn: tuple, random: object) -> None:
    delta, nests, sigma, exit = drawn
    old = by_utility(delta, nests, sigma, np.zeros(delta.size))
    step, order = old, list(range(delta.size))
    random.shuffle(order)  # type: ignore[attr-defined]
    for j in order:
        step = divert(step, nests, sigma, np.where(np.arange(delta.size) == j, exit, 0.0))
    np.testing.assert_allclose(step, divert(old, nests, sigma, exit), rtol=1e-8, atol=1e-12)


@given(markets())
def test_the_more_leaves_the_more_the_others_have(drawn: tuple) -> None:
    delta, nests, sigma, exit = drawn
    old = by_utility(delta, nests, sigma, np.zeros(delta.size))
    less, more = divert(old, nests, sigma, exit / 2), divert(old, nests, sigma, exit)
    stay = exit == 0
    assert (old[stay] <= less[stay] + 1e-12).all() and (less[stay] <= more[stay] + 1e-12).all()
    assert more.sum() <= less.sum() + 1e-12  # and so does the outside


@given(markets())
def test_without_an_outside_nothing_is_lost(drawn: tuple) -> None:
    delta, nests, sigma, exit = drawn
    old = by_utility(delta, nests, sigma, np.zeros(delta.size))
    assume((exit < 1).any())
    assert divert(old / old.sum(), nests, sigma, exit).sum() == pytest.approx(1.0)


def test_one_seller_leaves_as_on_paper() -> None:
    s, nests, sigma = np.array([0.2, 0.3, 0.1, 0.25]), ["a", "a", "b", "b"], 0.6
    r, s_g = 0.2 / 0.5, 0.5
    k = (1 - r) ** (1 - sigma)
    den = 1 - s_g + s_g * k
    found = divert(s, nests, sigma, [1, 0, 0, 0])
    np.testing.assert_allclose(found, [0.0, 0.3 / (1 - r) * k / den, 0.1 / den, 0.25 / den], rtol=1e-12)
    assert 1 - found.sum() == pytest.approx(0.15 / den)


def test_sigma_0_is_plain_logit() -> None:
    found = divert([0.2, 0.3, 0.1, 0.25], ["a", "a", "b", "b"], 0.0, [1, 0, 0, 0])
    np.testing.assert_allclose(found, np.array([0.0, 0.3, 0.1, 0.25]) / 0.8, rtol=1e-12)


def test_sigma_near_1_keeps_it_all_in_the_nest() -> None:
    found = divert([0.2, 0.3, 0.1, 0.25], ["a", "a", "b", "b"], 1 - 1e-9, [1, 0, 0, 0])
    np.testing.assert_allclose(found, [0.0, 0.5, 0.1, 0.25], atol=1e-8)


def test_a_whole_nest_leaves() -> None:
    found = divert([0.2, 0.3, 0.1, 0.25], ["a", "a", "b", "b"], 0.5, [1, 1, 0, 0])
    np.testing.assert_allclose(found, np.array([0.0, 0.0, 0.1, 0.25]) / 0.5, rtol=1e-12)


@pytest.mark.parametrize(
    ("shares", "sigma", "exit", "says"),
    [
        ([0.6, 0.5], 0.5, [0, 0], "at most 1"),
        ([-0.1, 0.5], 0.5, [0, 0], "0 or more"),
        ([0.5, 0.5], 1.0, [0, 0], "sigma"),
        ([0.5, 0.5], 0.5, [0, 50], "not 50"),
        ([0.5, 0.5], 0.5, [0], "shapes"),
        ([0.5, 0.5], 0.5, [1, 1], "everybody leaves"),
    ],
)
def test_what_cannot_be_is_said(shares: list[float], sigma: float, exit: list[float], says: str) -> None:
    with pytest.raises(NetworkError, match=says):
        divert(shares, ["a", "a"], sigma, exit)


def test_markets_of_a_case(made: Callable[..., Case]) -> None:
    case = made({"markets.csv": MARKETS})
    found = market.of(case, "2020-06-01")
    assert sorted(found) == ["chips", "phones"]
    chips = found["chips"]
    assert chips.outside == pytest.approx(0.1)
    gains = chips.gains({"acme": 1.0})
    by = {r["unit"]: r for r in gains.iter_rows(named=True)}
    low, high = (divert([0.5, 0.3, 0.1], ["logic", "logic", "all"], s, [1, 0, 0]) for s in (0.0, 0.9))
    assert by["acme"]["gain_usd_m"] == pytest.approx(-1000.0)
    assert by["norr"]["gain_share_low"] == pytest.approx(low[1] - 0.3)
    assert by["norr"]["gain_usd_m_high"] == pytest.approx(2000 * (high[1] / 0.3 - 1))
    assert by[None]["gain_usd_m"] is None
    sides = {r["side"]: r for r in chips.gains_by_side({"acme": 1.0}).iter_rows(named=True)}
    assert sides["home"]["gain_usd_m"] == pytest.approx(-1000.0)
    assert sides[""]["gain_usd_m"] is None and sides[""]["n_unpriced"] == 1
    phones = market.of(case, "2020-06-01", size_usd_m={"phones": 100.0})["phones"].gains({"vell": 0.5}, Sigma(0, 0, 0))
    assert phones["gain_usd_m"].to_list() == pytest.approx([-60 + 100 * 0.3 / 0.7, -40 + 100 * 0.4 / 0.7])


def test_a_unit_has_one_home(made: Callable[..., Case]) -> None:
    rows = MARKETS + "    f,  abroad, norr,  0.3,\n"
    case = made({"markets.csv": rows})
    network = Network.of(case, "2020-06-01")
    assert market.labels(case, network) == ["chips", "chips", "phones", "phones"]  # acme, norr, ova, vell
    abroad = market.of(case, "2020-06-01")["abroad"].rivals
    assert abroad["sales_usd_m"].to_list() == [None]


def test_names_that_are_not_there(made: Callable[..., Case]) -> None:
    case = made({"markets.csv": MARKETS})
    with pytest.raises(NotFound, match="no unit vell"):
        market.of(case, "2020-06-01")["chips"].gains({"vell": 1.0})
    with pytest.raises(NotFound, match="no market cars"):
        market.of(case, "2020-06-01", size_usd_m={"cars": 1.0})
    with pytest.raises(DetenteError, match="above 0"):
        market.of(case, "2020-06-01", size_usd_m={"chips": 0.0})


def test_the_bundled_case_loses_no_share(huawei: Case) -> None:
    for found in market.of(huawei, "2020-12-31").values():
        gains = found.gains({"huawei-p-mate": 1.0})
        assert gains["gain_share"].sum() == pytest.approx(0.0, abs=1e-9)
        assert gains.filter(pl.col("unit") != "huawei-p-mate")["gain_share_low"].min() > 0

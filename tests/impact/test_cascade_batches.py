"""Lanes, batches and executors change how long it takes and nothing else."""

import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from scipy import sparse

from detente.impact import batches
from detente.impact.calibration import Calibration
from detente.impact.cascade import calibrate, esri_from

PARTS = ("esri", "esri_down", "esri_up", "iterations", "index_previous", "index_last")


def network(n: int = 400, seed: int = 2, *, damped: bool = True) -> tuple[Calibration, np.ndarray]:
    """A network with rings and hubs; some firms only buy, some only sell."""
    draw = np.random.default_rng(seed)
    size = draw.pareto(1.5, n) + 0.1
    seller, buyer = (draw.choice(n, 3 * n, p=w / w.sum()) for w in (size, draw.permutation(size)))
    industry = np.append(np.arange(20), draw.integers(0, 20, n - 20))
    W = sparse.coo_array((draw.lognormal(0, 1.5, 3 * n), (seller, buyer)), shape=(n, n)).tocsr()
    revenue = None if damped else np.maximum(W.sum(axis=1) * 0.8, 1e-9)  # sellers lose more than they are asked for
    return calibrate(W, industry, draw.integers(0, 3, (20, 20)), revenue=revenue), industry


def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "heavy_step", lambda _: 2**62)
    monkeypatch.setattr(batches, "WIDE", 0)


def same(one: object, other: object) -> None:
    for part in PARTS:
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part), err_msg=part)
    for part in ("loss_down", "loss_up"):
        a, b = getattr(one, part), getattr(other, part)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a.toarray(), b.toarray(), err_msg=part)


@pytest.mark.parametrize("damped", [True, False])
@pytest.mark.parametrize("tolerance", [1e-2, 3e-7])
@pytest.mark.parametrize("stop", ["output", "index"])
@pytest.mark.parametrize(("heavy", "wide"), [(-1, 0), (5, 0), (60, 0), (60, 30), (60, 10**9)])
def test_a_lane_gives_what_a_scenario_gives_alone(
    monkeypatch: pytest.MonkeyPatch, heavy: int, wide: int, stop: str, tolerance: float, damped: bool
) -> None:
    """From the first step on, from a few orders on, where only some scenarios move, and all in both channels."""
    calibration, industry = network(150, damped=damped)
    draw = np.random.default_rng(7)
    n, K = calibration.n, 90
    shocks = sparse.random_array((n, K), density=0.02, rng=draw) + sparse.eye_array(n, K) * 0.4
    options = {
        "shocks": shocks.tocsc(), "shocks_up": shocks.tocsc()[:, ::-1], "weights": draw.random((n, 3)), "stop": stop,
        "market": industry, "tolerance": tolerance, "keep": range(0, K, 3),
    }  # fmt: skip
    monkeypatch.setattr(batches, "heavy_step", lambda _: heavy)
    monkeypatch.setattr(batches, "WIDE", wide)
    lanes = esri_from(calibration, **options)
    alone(monkeypatch)
    single = esri_from(calibration, **options)
    np.testing.assert_array_equal(lanes.iterations, single.iterations)
    for part in ("esri", "esri_down", "esri_up", "index_previous", "index_last"):
        np.testing.assert_allclose(getattr(lanes, part), getattr(single, part), rtol=1e-12, atol=2e-13, err_msg=part)
    for a, b in ((lanes.loss_down, single.loss_down), (lanes.loss_up, single.loss_up)):
        np.testing.assert_allclose(a.toarray(), b.toarray(), rtol=1e-12, atol=2e-13)


def test_scenarios_are_wide_by_the_links_of_their_firms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sales of the firms that fail downstream and purchases of those that fail upstream, against all links."""
    W = sparse.coo_array(np.eye(6)[:, [1, 2, 3, 4, 5, 0]])
    links = calibrate(W, np.arange(6), np.full((6, 6), 2)).layout.links
    shocks = batches.Shocks(
        np.array([0, 1, 1, 3]), np.array([0, 1, 2], np.int32), np.ones(3), np.array([0, 0, 1, 2]),
        np.array([0, 5], np.int32), np.ones(2),
    )  # fmt: skip
    for wide, expected in ((0, [0, 0, 0]), (3, [0, 0, 1]), (7, [1, 1, 1])):
        monkeypatch.setattr(batches, "WIDE", wide)
        assert batches._wide(links, shocks).tolist() == expected


@pytest.mark.parametrize("keep", [None, "all"])
def test_results_do_not_depend_on_the_executor(monkeypatch: pytest.MonkeyPatch, keep: str | None) -> None:
    monkeypatch.setattr(batches, "LEAST_S", 1e-5)
    calibration, industry = network()
    whole = esri_from(calibration, market=industry, keep=keep)
    with ThreadPoolExecutor(3) as threads:
        same(whole, esri_from(calibration, market=industry, keep=keep, executor=threads))


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="the processes would take a minute")
def test_processes_do_as_well_as_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "LEAST_S", 1e-4)
    calibration, industry = network()
    whole = esri_from(calibration, market=industry, keep=[1, 300])
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        same(whole, esri_from(calibration, market=industry, keep=[1, 300], executor=processes))


def test_sellers_come_first_in_lanes_even_where_one_sells_to_all() -> None:
    W = sparse.coo_array(([1.0, 1, 1, 1], ([1, 1, 1, 2], [0, 1, 2, 0])), shape=(3, 3))
    orders = calibrate(W, [0, 1, 2], np.ones((3, 3))).layout.orders
    assert orders.firm.tolist() == [2, 1, 0]
    assert orders.row.tolist() == [2, 1, 0]
    assert orders.ptr.tolist() == [0, 1, 4]
    np.testing.assert_allclose(orders.share, [1, 1 / 3, 1 / 3, 1 / 3])


def test_batches_are_long_enough_and_lose_no_scenario() -> None:
    calibration, _ = network(50)
    few = sparse.eye_array(50, format="csc")
    assert batches._batch_ends(calibration, few, True).size == 0
    many = sparse.csc_array((50, 10**7))
    ends = batches._batch_ends(calibration, many, True)
    assert batches._batch_ends(calibration, many, False).size == 0
    assert np.diff(ends).min() * batches.SECONDS_A_LINK * calibration.seller.size >= batches.LEAST_S


def test_no_scenario_is_no_row() -> None:
    calibration, industry = network(50)
    with ThreadPoolExecutor(1) as threads:
        for executor in (None, threads):
            found = esri_from(calibration, shocks=np.zeros((50, 0)), market=industry, keep="all", executor=executor)
            assert found.esri.shape == (0, 1)

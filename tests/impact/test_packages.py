"""Packages side by side: what each costs is what the cascade says of it alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detente.decide import permits
from detente.impact import packages
from detente.impact.calibration import NetworkError, calibrate_links
from detente.impact.closing import losses, models_of, run
from detente.impact.network import Network
from detente.impact.packages import READINGS, Losses, Prepared, evaluate, prepare, prepare_links, with_facts
from detente.impact.propagation import propagate
from detente.record import Case
from reference.cascade_twin import cascade_twin

# Two makers of chips and one of cases sell to a phone maker, as in test_closing.
CHIPS = {
    "n": 4, "seller": [0, 1, 2], "buyer": [3, 3, 3], "value": [60.0, 40.0, 20.0], "link_class": [2, 2, 1],
    "item": ["chip", "chip", "frame", "phone"], "output": [100.0, 100.0, 50.0, 400.0],
}  # fmt: skip
SIZES = st.integers(2, 6)


def drawn(draw: np.random.Generator, n: int) -> dict[str, object]:
    """A network with cycles, sales to oneself, several sales of a pair, and values of 0."""
    E = int(draw.integers(0, 3 * n))
    seller, buyer, item = draw.integers(0, n, E), draw.integers(0, n, E), draw.integers(0, 3, n)
    classes = draw.integers(0, 3, (n, 3))
    value = draw.lognormal(0, 1, E) * (draw.random(E) > 0.1)
    return {
        "n": n, "seller": seller, "buyer": buyer, "value": value, "item": item,
        "link_class": classes[buyer, item[seller]],
        "output": np.bincount(seller, value, n) * draw.choice([0.5, 1.0, 3.0], n) + draw.choice([0.0, 1.0], n),
    }  # fmt: skip


def shares(draw: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    kind = draw.integers(0, 3, shape)
    return np.where(kind == 0, 0.0, np.where(kind == 1, 1.0, draw.random(shape)))


def twin(net: dict[str, object], allowed: np.ndarray, stopped: np.ndarray, reading: str) -> tuple[np.ndarray, ...]:
    """The dense cascade twice: inputs, and then orders that begin with what could not be made."""
    n, seller, buyer, value = net["n"], net["seller"], net["buyer"], net["value"]
    W, open_, classes = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n), int)
    np.add.at(W, (seller, buyer), value)
    np.add.at(open_, (seller, buyer), value * allowed)
    classes[seller, buyer] = np.minimum(net["link_class"], 1) if reading == "low" else net["link_class"]
    phi = np.divide(open_, W, out=np.ones((n, n)), where=W > 0)
    item, sales = net["item"], W.sum(axis=1)
    options = {
        "phi": np.minimum(phi, 1.0), "market": None if reading == "high" else item, "tolerance": 1e-14,
        "max_iterations": 20_000, "revenue": np.maximum(net["output"], sales), "weights": np.ones(n),
    }  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        down = 1 - cascade_twin(W, item, classes, stopped, stopped, **options)[0]
        after = cascade_twin(W, item, classes, stopped, down, **options)
    return down, np.maximum(down, 1 - after[1])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=SIZES, reading=st.sampled_from(READINGS))
def test_a_package_is_its_twin(seed: int, n: int, reading: str) -> None:
    draw = np.random.default_rng(seed)
    net = drawn(draw, n)
    allowed = shares(draw, (3, net["seller"].size))
    stopped = shares(draw, (3, n)) * draw.integers(0, 2)
    run = {"readings": reading, "tolerance": 1e-14, "max_sweeps": 500}
    found = evaluate(prepare_links(**net), allowed, stopped=stopped, **run)[reading]
    assume(found.converged.all())  # a ring that passes on all it loses may take millions
    for k in range(3):
        down, loss = twin(net, allowed[k], stopped[k], reading)
        np.testing.assert_allclose(found.loss_down[k], down, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(found.loss[k], loss, rtol=1e-9, atol=1e-11)


def same(one: Losses, other: Losses, rows: slice = slice(None)) -> None:
    for part in Losses.__slots__:
        np.testing.assert_array_equal(getattr(one, part)[rows], getattr(other, part), err_msg=part)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=SIZES, first=st.integers(0, 19), many=st.integers(0, 20))
def test_a_package_does_not_feel_those_beside_it(seed: int, n: int, first: int, many: int) -> None:
    draw = np.random.default_rng(seed)
    net = drawn(draw, n)
    ready, allowed = prepare_links(**net), shares(draw, (20, net["seller"].size))
    whole, part = (evaluate(ready, a, tolerance=1e-6, max_sweeps=50) for a in (allowed, allowed[first : first + many]))
    for reading in READINGS:
        same(whole[reading], part[reading], slice(first, first + many))


def test_results_do_not_depend_on_the_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "BATCH_S", 0.0)
    draw = np.random.default_rng(3)
    net = drawn(draw, 12)
    ready, allowed = prepare_links(**net), shares(draw, (70, net["seller"].size))
    with ThreadPoolExecutor(3) as threads:
        for stopped in (None, shares(draw, (1, 12)), shares(draw, (70, 12))):
            found = evaluate(ready, allowed, stopped=stopped, executor=threads)
            for reading, alone in evaluate(ready, allowed, stopped=stopped).items():
                same(alone, found[reading])


def one_by_one(network: Network, allowed: np.ndarray, stopped: np.ndarray, reading: str) -> tuple[np.ndarray, ...]:
    """The same through `propagate`: scenario by scenario, and step by step."""
    n, items = network.units.height, network.units["item"].to_numpy()
    pairs, pair = np.unique(network.seller * n + network.buyer, return_inverse=True)
    value, kept = (np.bincount(pair, v, pairs.size) for v in (network.value, network.value * allowed))
    seller, buyer = pairs // n, pairs % n
    classes = np.zeros(pairs.size, int)
    classes[pair] = np.minimum(network.link_class, 1) if reading == "low" else network.link_class
    revenue = np.maximum(network.output, np.bincount(seller, value, n))
    measured = calibrate_links(n, seller, buyer, value, items[seller], classes, revenue=revenue)
    options = {
        "allowed": np.where(value > 0, np.minimum(kept / np.where(value > 0, value, 1.0), 1.0), 1.0),
        "market": None if reading == "high" else items, "tolerance": 1e-12,
    }  # fmt: skip
    inputs = propagate(measured, shock_down=stopped, **options)
    orders = propagate(measured, shock_down=stopped, shock_up=inputs.loss_down, **options)
    return inputs.loss_down, orders.loss


@pytest.mark.parametrize("day", ["2019-10-01", "2020-09-16", "2021-01-20"])
def test_the_case_costs_what_closing_says(huawei: Case, day: str) -> None:
    network, law = Network.of(huawei, day), permits(huawei, day, day).on(day)
    share, low, high = (x[network.rows] for x in (law.allowed, law.low, law.high))
    found = evaluate(network, share, low=low, high=high)
    for reading, allowed in zip(READINGS, (share, high, low), strict=True):
        down, loss = one_by_one(network, allowed, np.zeros(network.units.height), reading)
        np.testing.assert_allclose(found[reading].loss[0], loss, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found[reading].loss_down[0], down, rtol=1e-9, atol=1e-12)
    for reading, alone in zip(READINGS, losses(models_of(network), share, low, high), strict=True):
        assert alone.loss.tolist() == found[reading].loss[0].tolist()
        assert alone.loss_down.tolist() == found[reading].loss_down[0].tolist()


@pytest.mark.parametrize("day", ["2019-10-01", "2021-01-20"])
def test_the_outcome_of_a_day_is_that_of_its_package(huawei: Case, day: str) -> None:
    network, law = Network.of(huawei, day), permits(huawei, day, day).on(day)
    share, low, high = (x[network.rows] for x in (law.allowed, law.low, law.high))
    found, units = evaluate(network, share, low=low, high=high), run(network, law).units
    figure = found["figure"].loss[0]
    assert units["loss_share"].to_list() == figure.tolist()
    for end, loss in (
        ("low", np.minimum(found["low"].loss[0], figure)),
        ("high", np.maximum(found["high"].loss[0], figure)),
    ):
        assert units[f"loss_usd_m_{end}"].to_list() == (loss * network.output).tolist()


def test_units_that_stop_are_firms_that_fail(huawei: Case) -> None:
    network = Network.of(huawei, "2019-05-15")
    n, E = network.units.height, len(network.links)
    found = evaluate(network, np.ones((n, E)), stopped=np.eye(n), readings="figure")["figure"]
    for k in (0, 30, n - 1):
        _, alone = one_by_one(network, np.ones(E), np.eye(n)[k], "figure")
        np.testing.assert_allclose(found.loss[k], alone, rtol=1e-9, atol=1e-12)


def test_closed_forms_by_reading() -> None:
    """Without alpha's 60 of 100 in chips: 60 % of phones, or 60 of 120 in all inputs; orders to the others fall."""
    found = evaluate(prepare_links(**CHIPS), [[0, 1, 1], [1, 1, 1]])
    np.testing.assert_allclose(found["figure"].loss[0], [0.6, 0.24, 0.24, 0.6])
    np.testing.assert_allclose(found["low"].loss[0], [0.6, 0.2, 0.2, 0.5])
    np.testing.assert_allclose(found["high"].loss_down[0], [0, 0, 0, 0.6])
    assert not any(x.loss[1].any() for x in found.values())


def test_sums_are_losses_weighed() -> None:
    ready, allowed = prepare_links(**CHIPS), shares(np.random.default_rng(0), (20, 3))
    weights = np.array([[100, 0], [0, 100], [0, 50], [0, 400.0]])
    sums, whole = (evaluate(ready, allowed, weights=w)["low"] for w in (weights, None))
    np.testing.assert_allclose(sums.sums, whole.loss @ weights)
    assert sums.loss.shape == (0, 4)
    assert whole.sums.shape == (20, 0)


def test_a_range_of_verdicts_goes_to_its_readings() -> None:
    ready, low, mid, high = prepare_links(**CHIPS), [[0, 0, 0]], [[0, 1, 1]], [[1, 1, 1]]
    found = evaluate(ready, mid, low=low, high=high)
    for reading, allowed in {"figure": mid, "low": high, "high": low}.items():
        same(found[reading], evaluate(ready, allowed, readings=[reading])[reading])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=SIZES)
def test_closing_more_never_costs_less(seed: int, n: int) -> None:
    draw = np.random.default_rng(seed)
    net = drawn(draw, n)
    allowed = shares(draw, (1, net["seller"].size))
    both = np.vstack([allowed, allowed * shares(draw, allowed.shape)])
    found = evaluate(prepare_links(**net), both, tolerance=1e-14, max_sweeps=500)
    for reading in READINGS:
        assume(found[reading].converged.all())
        assert (found[reading].loss[1] >= found[reading].loss[0] - 1e-11).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=SIZES)
def test_other_facts_are_another_network(seed: int, n: int) -> None:
    draw = np.random.default_rng(seed)
    net = drawn(draw, n)
    facts = {
        "value": net["value"] * draw.lognormal(0, 1, net["value"].size), "output": net["output"] * draw.random(n),
        "link_class": (net["link_class"] + 1) % 3,
    }  # fmt: skip
    allowed = shares(draw, (2, net["seller"].size))
    changed, made = with_facts(prepare_links(**net), **facts), prepare_links(**net | facts)
    for same_facts in (changed, with_facts(changed)):
        found = evaluate(same_facts, allowed, max_sweeps=50)
        for reading, other in evaluate(made, allowed, max_sweeps=50).items():
            same(found[reading], other)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=SIZES, unit=st.sampled_from([1e-9, 1e12]))
def test_neither_currency_nor_the_order_of_sales_matters(seed: int, n: int, unit: float) -> None:
    draw = np.random.default_rng(seed)
    net = drawn(draw, n)
    E = net["seller"].size
    order, allowed = draw.permutation(E), shares(draw, (2, E))
    sales = {k: net[k][order] for k in ("seller", "buyer", "link_class")}
    other = net | sales | {"value": net["value"][order] * unit, "output": net["output"] * unit}
    run = {"tolerance": 1e-14, "max_sweeps": 500}
    found = evaluate(prepare_links(**other), allowed[:, order], **run)
    for reading, here in evaluate(prepare_links(**net), allowed, **run).items():
        assume(here.converged.all())
        np.testing.assert_allclose(found[reading].loss, here.loss, rtol=1e-9, atol=1e-9)


def test_no_package_and_no_sale() -> None:
    ready = prepare_links(2, [], [], [], ["a", "b"], [], [1.0, 1.0])
    assert evaluate(ready, np.zeros((0, 0)))["figure"].loss.shape == (0, 2)
    assert evaluate(ready, np.ones((3, 0)), stopped=[0.5, 0.0])["low"].loss.tolist() == [[0.5, 0.0]] * 3
    with ThreadPoolExecutor(1) as threads:
        assert evaluate(ready, np.zeros((0, 0)), executor=threads)["high"].sweeps.shape == (0,)


def ready() -> Prepared:
    return prepare_links(**CHIPS)


@pytest.mark.parametrize(
    ("allowed", "options", "words"),
    [
        ([[1, 1]], {}, r"allowed: got shape \(1, 2\); expected \(K, 3\)"),
        ([[1, 1, 50]], {}, "shares from 0 to 1"),
        ([[1, 1, np.nan]], {}, "shares from 0 to 1"),
        ([[1, 1, 1]], {"low": np.ones((2, 3))}, "expected as many of each"),
        (np.ones((3, 3)), {"stopped": np.zeros((2, 4))}, "expected as many of each"),
        ([[1, 1, 1]], {"stopped": [1.0]}, r"stopped: got shape \(1,\)"),
        ([[1, 1, 1]], {"readings": "middle"}, "expected some of figure, low, high"),
        ([[1, 1, 1]], {"readings": ()}, "expected some of"),
        ([[1, 1, 1]], {"weights": np.ones((3, 1))}, r"weights: got shape \(3, 1\)"),
        ([[1, 1, 1]], {"weights": np.ones(4)}, "weights: got shape"),
        ([[1, 1, 1]], {"tolerance": 0.0}, "tolerance: got 0.0"),
    ],
)
def test_evaluate_refuses(allowed: object, options: dict[str, object], words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        evaluate(ready(), allowed, **options)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seller": [0, 1]}, "2 sellers and 3 buyers"),
        ({"buyer": [3, 3, 4]}, "units from 0 to 3"),
        ({"value": [1, -1, 1]}, "not negative"),
        ({"item": ["chip"]}, "expected 4 labels"),
        ({"link_class": [2, 3, 1]}, "0 other, 1 important, 2 critical"),
        ({"link_class": [2, 1, 1]}, "one class for an input"),
        ({"output": [1.0]}, "output: got shape"),
    ],
)
def test_prepare_links_refuses(change: dict[str, object], words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        prepare_links(**CHIPS | change)


def test_a_package_cut_short_says_so() -> None:
    found = evaluate(ready(), [[1, 1, 1], [0, 1, 1]], max_sweeps=1)["figure"]
    assert found.converged.tolist() == [True, False]
    assert evaluate(ready(), [[0, 1, 1]])["figure"].converged.all()


def test_a_network_is_prepared_as_its_sales(huawei: Case) -> None:
    network = Network.of(huawei, "2020-12-31")
    assert prepare(network).value.tolist() == network.value.tolist()

"""Potential capability: an upper bound of the linear programme, monotone in the permits."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.decide import permits
from detente.impact.network import Network
from detente.record import DetenteError, load
from detente.relief.capability import TOLERANCE, Supply, bound, exact
from reference.reach import reach


def network_of(output: list[float], items: list[str], sales: list[tuple[int, int, float, int]]) -> Network:
    """A network from sales: seller, buyer, value, class."""
    n = len(output)
    made = [float(x) for x in output]
    units = pl.DataFrame({"unit": [str(i) for i in range(n)], "item": items, "output_usd_m": made})
    s, b, v, c = (list(x) for x in zip(*sales, strict=True)) if sales else ([], [], [], [])
    names = tuple(f"{i}>{j}:{k}" for k, (i, j) in enumerate(zip(s, b, strict=True)))
    return Network(
        dt.date(2020, 1, 1), units, names, np.arange(len(s)), np.array(s, np.int64), np.array(b, np.int64),
        np.array(v, np.float64), np.array(c, np.int8), 0, "",
    )  # fmt: skip


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, np.ndarray, np.ndarray]:
    """A network of up to 7 units and 14 sales, permits of three packages, and weights."""
    n = draw(st.integers(1, 7))
    items = draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n))
    kinds = {(i, j): draw(st.integers(0, 2)) for i in range(n) for j in "abc"}
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=14))
    sales = [(s, b, draw(st.sampled_from([0.0, 1.0, 2.5, 10.0])), kinds[b, items[s]]) for s, b in pairs]
    output = [draw(st.sampled_from([0.0, 3.0, 8.0, 30.0])) for _ in range(n)]
    share = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    allowed = draw(st.lists(st.lists(share, min_size=len(sales), max_size=len(sales)), min_size=3, max_size=3))
    weight = draw(st.lists(st.sampled_from([0.0, 1.0, 5.0]), min_size=n, max_size=n))
    return network_of(output, items, sales), np.array(allowed).reshape(3, len(sales)), np.array(weight)


@settings(max_examples=80)
@given(networks())
def test_the_compiled_loop_is_its_plain_twin(drawn: tuple[Network, np.ndarray, np.ndarray]) -> None:
    network, allowed, _ = drawn
    s = Supply.of(network)
    plain = reach(allowed[:, s.order], s.seller, s.value, s.ptr, s.buyer, s.is_critical, s.need, s.revenue, TOLERANCE)
    np.testing.assert_allclose(bound(s, allowed), plain, rtol=1e-9, atol=1e-9)


@settings(max_examples=40)
@given(networks())
def test_the_bound_is_above_the_programme_and_both_grow_with_permits(
    drawn: tuple[Network, np.ndarray, np.ndarray],
) -> None:
    network, allowed, weight = drawn
    supply = Supply.of(network)
    less, more = np.minimum(allowed[0], allowed[1]), allowed[1]
    h = bound(supply, np.stack([less, more, np.ones_like(more)]))
    assert (h[0] <= h[1] + 1e-12).all()
    assert (h[2] == 1).all()
    low, high, whole = (exact(supply, x, weight) for x in (less, more, np.ones_like(more)))
    assert low <= high + 1e-7
    assert low <= h[0] @ weight + 1e-7
    assert high <= h[1] @ weight + 1e-7
    assert whole <= weight.sum() + 1e-7


def test_two_buyers_cannot_both_have_all_of_it() -> None:
    # what is left of the chips could go to either phone maker, and the bound counts on all of it for each
    network = network_of([10, 8, 8], ["chip", "phone", "phone"], [(0, 1, 5, 2), (0, 2, 5, 2)])
    halved = network_of([10, 8, 8, 1], ["chip", "phone", "phone", "ore"], [(0, 1, 5, 2), (0, 2, 5, 2), (3, 0, 1, 2)])
    assert exact(Supply.of(network), [1.0, 1.0], [0, 1, 1]) == pytest.approx(2)
    supply = Supply.of(halved)
    assert exact(supply, [1.0, 1.0, 0.5], [0, 1, 1, 0]) == pytest.approx(1)
    assert bound(supply, [1.0, 1.0, 0.5])[0].tolist() == [0.5, 1.0, 1.0, 1.0]


def test_half_of_what_lacks_of_an_important_input_is_lacking() -> None:
    supply = Supply.of(network_of([10, 8], ["chip", "phone"], [(0, 1, 5, 1)]))
    assert bound(supply, [0.0])[0].tolist() == [1.0, 0.5]
    assert exact(supply, [0.0], [0, 1]) == pytest.approx(0.5)


def test_the_status_quo_of_huawei_is_far_below_what_it_was() -> None:
    case = load("huawei")
    network = Network.of(case, "2021-01-20")
    supply, day = Supply.of(network), permits(case, "2021-01-20", "2021-01-20").on("2021-01-20")
    at = network.units["unit"].to_list().index("huawei-carrier")
    weight = np.zeros(supply.n)
    weight[at] = 1.0
    high = day.high[network.rows]
    assert bound(supply, high)[0, at] == pytest.approx(exact(supply, high, weight)) == 0.0


def test_shapes_are_checked() -> None:
    supply = Supply.of(network_of([10, 8], ["chip", "phone"], [(0, 1, 5, 1)]))
    with pytest.raises(DetenteError, match="allowed: got shape"):
        bound(supply, [1.0, 1.0])
    with pytest.raises(DetenteError, match=r"allowed: got 2\.0"):
        bound(supply, [2.0])
    with pytest.raises(DetenteError, match="weight"):
        exact(supply, [1.0], [1.0])

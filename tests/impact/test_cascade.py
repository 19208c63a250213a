import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from detente.impact import batches
from detente.impact.cascade import NetworkError, calibrate, calibrate_links, esri, esri_from, propagate
from detente.impact.sectors import sector_losses
from reference.cascade_twin import cascade_twin, esri_twin

# ----------------------------------------------------------------------------------------------- by hand


def chain(*, classes=2):
    """Chip maker 0 sells 4 to board maker 1, who sells 10 to phone maker 2."""
    return calibrate_links(3, [0, 1], [1, 2], [4.0, 10.0], ["chip", "board"], [classes, classes])


def matrix(n, *links):
    seller, buyer, value = zip(*links, strict=True)
    return sparse.coo_array((np.array(value, float), (seller, buyer)), shape=(n, n))


def test_a_chain_loses_everything_both_ways():
    W = matrix(3, (0, 1, 4), (1, 2, 10))
    result = esri(W, ["chip", "board", "phone"], np.full((3, 3), 2), keep="all")
    np.testing.assert_array_equal(result.loss_down.toarray(), [[1, 0, 0], [1, 1, 0], [1, 1, 1]])
    np.testing.assert_array_equal(result.loss_up.toarray(), [[1, 1, 1], [0, 1, 1], [0, 0, 1]])
    np.testing.assert_allclose(result.esri[:, 0], [1, 1, 1])
    np.testing.assert_allclose(result.esri_down[:, 0], [1, 10 / 14, 0])
    np.testing.assert_allclose(result.esri_up[:, 0], [4 / 14, 1, 1])
    np.testing.assert_array_equal(result.iterations, [3, 2, 3])  # the last step finds nothing new
    np.testing.assert_array_equal(result.index_previous, result.index_last)


def test_the_step_that_stops_is_kept():
    """A loss of 0.5 % passes on in the first step, which is then quiet: the second firm after it is never reached."""
    result = propagate(chain(), shock_down=[0.005, 0, 0], shock_up=np.zeros(3))
    assert result.iterations == 1
    np.testing.assert_allclose(result.loss_down, [0.005, 0.005, 0], rtol=1e-15)
    assert propagate(chain(), shock_down=[0.005, 0, 0], tolerance=1e-6).loss_down[2] == pytest.approx(0.005)


def test_critical_takes_the_worst_input_and_ordinary_the_sum():
    value, items = [6.0, 2.0, 2.0], ["a", "b", "c"]
    shock = [0.5, 0.4, 0.4, 0]

    def last(classes):
        network = calibrate_links(4, [0, 1, 2], [3, 3, 3], value, items, classes)
        return propagate(network, shock_down=shock, shock_up=np.zeros(4)).loss_down[3]

    assert last([2, 2, 2]) == pytest.approx(0.5)
    assert last([1, 1, 1]) == pytest.approx(0.6 * 0.5 + 0.2 * 0.4 + 0.2 * 0.4)
    assert last([0, 1, 1]) == pytest.approx(0.16)  # negligible purchases stay in the denominator
    assert last([1, 2, 0]) == pytest.approx(0.4)
    assert last([0, 0, 0]) == 0


def test_a_self_loop_hurts_and_duplicates_add_up():
    W = matrix(2, (0, 0, 1), (0, 1, 1), (0, 1, 2))
    network = calibrate(W, [0, 1], [[2, 1], [0, 0]])
    np.testing.assert_array_equal(network.value, [1, 3])
    np.testing.assert_array_equal(network.share_up, [0.25, 0.75])
    lost = propagate(network, shock_down=[0, 0], shock_up=[0.0, 1.0], tolerance=1e-13).loss_up
    np.testing.assert_allclose(lost, [1, 1], atol=1e-12)  # 3/4 + 3/16 + ...


def test_costs_and_revenue_dampen():
    network = calibrate_links(
        3, [0, 1], [2, 2], [3.0, 1.0], ["a", "b"], [2, 1], costs=[1, np.nan, 8], revenue=[12, np.nan, 0]
    )
    np.testing.assert_allclose(network.share_down, [1 * 4 / 8, 1 / 8])
    np.testing.assert_allclose(network.share_up, [3 / 12, 1])


def test_a_market_replaces_and_an_emptied_one_does_not():
    """Makers 0 and 1 of sizes 1 and 3; 0 fails: its buyers feel 1/3 of it. Both fail: they feel all."""
    W = matrix(4, (0, 2, 1), (1, 3, 3))
    for unit in (1, 1e-6, 1e9):
        shocks = np.array([[1, 1], [0, 1], [0, 0], [0, 0]])
        result = esri(
            W * unit, ["m", "m", "b", "b"], np.full((2, 2), 2), shocks=shocks, market=["m", "m", "b", "b"], keep="all"
        )
        np.testing.assert_allclose(result.loss_down.toarray(), [[1, 1], [0, 1], [1 / 3, 1], [0, 1]])


def three_makers(allowed, **options):
    """Three equal makers of a critical part; one buyer."""
    network = calibrate_links(4, [0, 1, 2], [3, 3, 3], [1.0, 1.0, 1.0], ["part"] * 3, [2] * 3)
    return propagate(network, allowed=allowed, market=[0, 0, 0, 1], tolerance=1e-12, **options).loss_down[3]


def test_closed_to_one_buyer_is_no_rival_for_that_buyer():
    assert three_makers([0, 0, 0]) == 1
    assert three_makers([1, 1, 1]) == 0
    assert three_makers([0, 0, 1]) == pytest.approx(2 / 3)  # the open one is as large as each closed one: no room
    assert three_makers([0, 0, 1], market_size=[1, 1, 10, 1]) == pytest.approx(2 / 3 / 10)
    assert three_makers([0, 1, 1], market_size=[1, 2, 3, 1]) == pytest.approx(1 / 3 / 5)
    assert three_makers([0.5, 1, 1]) == pytest.approx(0.5 / 3 / 2.5)


def test_a_closed_sale_leaves_other_buyers_alone():
    """Maker 0 may not sell to 2; its orders fall by half, and 3 still gets all."""
    network = calibrate_links(4, [0, 0, 1], [2, 3, 2], [5.0, 5.0, 5.0], ["part"] * 3, [2] * 3)
    result = propagate(network, allowed=[0, 1, 1], market=list("mmab"))
    np.testing.assert_allclose(result.loss_down, [0, 0, 0.5, 0])
    np.testing.assert_allclose(result.loss_up, [0.5, 0, 0, 0])
    np.testing.assert_allclose(result.loss, [0.5, 0, 0.5, 0])


def test_one_step_shows_the_direct_loss_and_says_so():
    first = propagate(chain(), allowed=[0, 1], max_iterations=1)
    np.testing.assert_array_equal(first.loss_down, [0, 1, 0])
    assert (first.iterations, first.converged) == (1, False)
    whole = propagate(chain(), allowed=[0, 1])
    np.testing.assert_array_equal(whole.loss_down, [0, 1, 1])
    assert whole.converged


def test_no_shock_is_one_quiet_step():
    for stop in ("output", "index"):
        result = propagate(chain(), stop=stop)
        assert (result.iterations, result.converged, result.loss.max()) == (1, True, 0)


def test_the_index_rule_waits_only_for_the_index():
    W = matrix(4, (0, 1, 100), (2, 3, 0.001))
    industry, essential = [0, 1, 2, 3], np.full((4, 4), 2)
    shock = np.array([[1.0], [0], [1], [0]])
    assert esri(W, industry, essential, shocks=shock, stop="output", weights=[1, 0, 0, 0]).iterations == [2]
    assert esri(W, industry, essential, shocks=shock, stop="index", weights=[1, 0, 0, 0]).iterations == [1]
    nothing = esri(W, industry, essential, shocks=shock, stop="index", weights=[0, 0, 0, 1])
    assert nothing.iterations == [2]  # from 0 to 1, which goes on, and then no growth
    nothing = esri(W, industry, essential, shocks=shock * [[1], [1], [0], [0]], stop="index", weights=[0, 0, 0, 1])
    assert (nothing.iterations, nothing.esri) == ([1], [[0]])  # 0 after 0 ends


def test_kept_scenarios_come_in_blocks(monkeypatch):
    W, industry, essential = random_network(np.random.default_rng(3), 12)
    whole = esri(W, industry, essential, keep="all")
    monkeypatch.setattr("detente.impact.batches.BLOCK_CELLS", 24)
    some = esri(W, industry, essential, keep=[11, 2, 3, 5, 8])
    np.testing.assert_array_equal(some.kept, [2, 3, 5, 8, 11])
    np.testing.assert_array_equal(some.loss_down.toarray(), whole.loss_down.toarray()[:, some.kept])
    np.testing.assert_array_equal(some.loss_up.toarray(), whole.loss_up.toarray()[:, some.kept])
    np.testing.assert_array_equal(some.shock_down.toarray(), np.eye(12)[:, some.kept])
    np.testing.assert_array_equal(some.esri, whole.esri)
    none = esri(W, industry, essential)
    assert none.loss_down is None
    assert none.kept.size == 0


def test_sectors_lose_what_the_shock_did_not_take():
    W = matrix(4, (0, 1, 4), (1, 2, 10), (1, 3, 10))
    shock = np.array([[0.5], [0], [0], [0]])
    result = esri(
        W, ["chip", "board", "phone", "phone"], np.full((3, 3), 2), shocks=shock, shocks_up=shock[::-1], keep="all"
    )
    # downstream all lose 0.5; upstream firm 3 loses 0.5, so 1 and 0 lose 0.25
    part = sector_losses(result, list("ppqq"), weights=[3, 1, 1, 1], weights_up=[1, 1, 0, 4])
    assert part.labels.tolist() == ["p", "q"]
    np.testing.assert_allclose(part.down_shock, [[0.375, 0]])
    np.testing.assert_allclose(part.down, [[0.125, 0.5]])
    np.testing.assert_allclose(part.up_shock, [[0, 0.5]])
    np.testing.assert_allclose(part.up, [[0.25, 0]])
    np.testing.assert_allclose(part.both_shock, [[0, 0.25]])
    np.testing.assert_allclose(part.both, [[0.125, 0.25]])
    alone = sector_losses(result, [0, 0, 1, 1])  # sales: 4, 20, 0, 0
    np.testing.assert_allclose(alone.down, [[0.5 - 2 / 24, 0]])
    with pytest.raises(NetworkError, match="keep"):
        sector_losses(esri(W, [0, 1, 2, 2], np.full((3, 3), 2)), list("ppqq"))


def test_nothing_given_is_changed():
    W, industry, essential = random_network(np.random.default_rng(5), 8)
    shocks = sparse.csc_array(([0.25, 0.25], [1, 1], [0, 2]), shape=(8, 1))  # the same entry twice
    esri(W, industry, essential, shocks=shocks)
    assert shocks.nnz == 2
    network = calibrate(W, industry, essential)
    with pytest.raises(ValueError, match="read-only"):
        network.value[0] = 1


# ------------------------------------------------------------------------------------------- what is refused

TWO = matrix(2, (0, 1, 1))
CLASSES = np.full((2, 2), 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"W": np.zeros((2, 3))}, r"W: got shape \(2, 3\)"),
        ({"W": "abc"}, "W: got str"),
        ({"W": sparse.coo_array((0, 0)), "industry": [], "essential": np.zeros((0, 0))}, "at least one firm"),
        ({"W": -TWO}, "value: got -1.0"),
        ({"W": TWO * np.nan}, "value: got nan"),
        ({"industry": [0]}, "industry: got shape"),
        ({"industry": [0.0, np.nan]}, "industry: got NaN at 1"),
        ({"industry": np.array(["a", None], object)}, "cannot be sorted"),
        ({"essential": np.full((3, 3), 2)}, r"essential: got shape \(3, 3\); expected \(2, 2\)"),
        ({"essential": CLASSES + 1}, "essential: got"),
        ({"shocks": [0.5, 0.5]}, r"shocks: got shape \(2,\)"),
        ({"shocks": [[50], [0]]}, "not 50"),
        ({"shocks": [[-1], [0]]}, "shocks: got -1"),
        ({"shocks": [[np.nan], [0]]}, "shocks: got nan"),
        ({"shocks": [["x"], [0]]}, "shocks: got list; expected numbers"),
        ({"shocks_up": [[1], [0]]}, "expected that of shocks"),
        ({"market": [1, 2, 3]}, "market: got shape"),
        ({"weights": [1, 2, 3]}, "weights: got shape"),
        ({"weights": [0, 0]}, "weights: some"),
        ({"W": TWO * 0}, "no firm of W sells anything"),
        ({"tolerance": 0}, "tolerance: got 0"),
        ({"stop": "never"}, "stop: got 'never'"),
        ({"keep": [2]}, "keep: got"),
        ({"max_iterations": 0}, "max_iterations: got 0"),
        ({"max_iterations": 1}, r"2 of 2 scenarios, the first 0, had not stopped after 1 steps; allow more \(max_it"),
        ({"keep": "some"}, "keep: got 'some'"),
    ],
)
def test_esri_refuses(change, words):
    with pytest.raises(NetworkError, match=words):
        esri(**{"W": TWO, "industry": [0, 1], "essential": CLASSES} | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": 0}, "n: got 0"),
        ({"seller": [0, 4]}, "seller: expected a list of firm indices from 0 to 2"),
        ({"buyer": [2.0, 2.0]}, "buyer: expected"),
        ({"buyer": [2]}, "expected one per link"),
        ({"seller": [0, 0]}, "some pair occurs twice"),
        ({"value": [1]}, "value: got shape"),
        ({"item": ["a"]}, "item: got shape"),
        ({"link_class": [1, 3]}, "classes: got"),
        ({"item": ["a", "a"]}, "firm 2 buys a both as class 2 and 1"),
        ({"costs": [1, 1]}, "costs: got shape"),
        ({"costs": [1, 1, 0]}, "costs: got 0.0 for firm 2 against 2.0"),
        ({"revenue": [1, -1, 1]}, "revenue: got -1.0 for firm 1"),
    ],
)
def test_calibrate_links_refuses(change, words):
    given = {"n": 3, "seller": [0, 1], "buyer": [2, 2], "value": [1, 1], "item": ["a", "b"], "link_class": [2, 1]}
    with pytest.raises(NetworkError, match=words):
        calibrate_links(**given | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shock_down": [1, 0]}, "shock_down: got shape"),
        ({"shock_up": [2, 0, 0]}, "shock_up: got 2.0 at 0"),
        ({"allowed": [1, 1, 1]}, r"allowed: got shape \(3,\); expected \(2,\)"),
        ({"allowed": [1, 1.5]}, "allowed: got 1.5 at 1"),
        ({"market_size": [1, 1, -1], "market": [0, 0, 0]}, "market_size: got -1"),
        ({"max_iterations": 0}, "max_iterations: got 0"),
    ],
)
def test_propagate_refuses(change, words):
    with pytest.raises(NetworkError, match=words):
        propagate(chain(), **change)


# ------------------------------------------------------------------------------------ against the dense twin


def random_network(draw, n):
    """Self-loops, firms that sell or buy nothing, and every class of input occur."""
    m = int(draw.integers(1, 5))
    industry = np.append(np.arange(m), draw.integers(0, m, max(0, n - m)))[:n]
    m = industry.max() + 1
    W = np.where(draw.random((n, n)) < draw.choice([0.1, 0.25, 0.6]), draw.integers(1, 30, (n, n)) / 7, 0.0)
    W[draw.integers(0, n)] = 0
    W[draw.integers(0, n), draw.integers(0, n)] = 3.0
    return W, industry, draw.integers(0, 3, (m, m))


def random_shares(draw, shape):
    return np.where(draw.random(shape) < 0.3, draw.choice([0.1, 0.37, 0.5, 0.93, 1.0], shape), 0.0)


def random_market(draw, n):
    return draw.integers(0, 3, n) if draw.random() < 0.75 else None


def close(got, twin):
    np.testing.assert_allclose(got, twin, rtol=1e-12, atol=2e-13)


SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 11)
TOLERANCES = st.sampled_from([0.0137, 3.1e-5, 7.3e-9])
STOPS = st.sampled_from(["output", "index"])


@given(SEEDS, SIZES, TOLERANCES, STOPS)
@settings(deadline=None, max_examples=150)
def test_esri_is_its_twin(seed, n, tolerance, stop):
    draw = np.random.default_rng(seed)
    W, industry, essential = random_network(draw, n)
    K, Q = int(draw.integers(1, 5)), int(draw.integers(1, 3))
    down, up = (np.eye(n), np.eye(n)) if draw.random() < 0.3 else random_shares(draw, (2, n, K))
    options = {"market": random_market(draw, n), "tolerance": tolerance, "stop": stop}
    weights = draw.integers(0, 9, (n, Q))
    weights[0] += 1
    money = {}
    if draw.random() < 0.3:
        money = {"costs": W.sum(axis=0) * 1.3 + 1, "revenue": W.sum(axis=1) * 1.1 + 2}
    network = calibrate(sparse.csr_array(W), industry, essential, **money)
    with pytest.MonkeyPatch.context() as patch:  # one by one, or the whole network at once
        patch.setattr(batches, "WIDE", int(draw.choice([0, 10, 10**9])))
        got = esri_from(network, shocks=down, shocks_up=up, weights=weights, keep="all", **options)
    index, steps, loss_down, loss_up = esri_twin(
        W, industry, essential, down=down, up=up, weights=weights, **options, **money
    )
    np.testing.assert_array_equal(got.iterations, steps)
    close(1 - got.loss_down.toarray(), 1 - loss_down)
    close(1 - got.loss_up.toarray(), 1 - loss_up)
    close(np.stack([got.esri, got.esri_down, got.esri_up], axis=2), index)
    close(got.index_last, index[:, 0, 0])


def random_closures(draw, network):
    shut = draw.random(network.seller.size) < draw.choice([0.1, 0.5, 1.0])
    return np.where(shut, draw.choice([0.0, 0.0, 0.25, 0.9], network.seller.size), 1.0)


def random_case(seed, n):
    draw = np.random.default_rng(seed)
    W, industry, essential = random_network(draw, n)
    network = calibrate(sparse.csr_array(W), industry, essential)
    market = random_market(draw, n)
    size = draw.integers(0, 9, n).astype(float) if draw.random() < 0.4 else None
    return draw, W, industry, essential, network, {"market": market, "market_size": size}


@given(SEEDS, SIZES, TOLERANCES, STOPS)
@settings(deadline=None, max_examples=250)
def test_propagate_is_its_twin(seed, n, tolerance, stop):
    draw, W, industry, essential, network, markets = random_case(seed, n)
    allowed = random_closures(draw, network)
    down, up = random_shares(draw, (2, n)) * (draw.random() < 0.7)
    rule = {"tolerance": tolerance, "stop": stop, "max_iterations": 2000}
    got = propagate(network, shock_down=down, shock_up=up, allowed=allowed, **rule, **markets)
    phi = np.ones((n, n))
    phi[network.seller, network.buyer] = allowed
    hd, hu, steps, _, _ = cascade_twin(
        W, industry, essential[np.ix_(industry, industry)], down, up, phi=phi, market=markets["market"],
        size=markets["market_size"], **rule,
    )  # fmt: skip
    assert got.iterations == steps
    assert got.converged or steps == 2000
    close(1 - got.loss_down, hd)
    close(1 - got.loss_up, hu)


@given(SEEDS, SIZES)
@settings(deadline=None, max_examples=60)
def test_closing_more_never_raises_an_output(seed, n):
    draw, *_, network, markets = random_case(seed, n)
    allowed = random_closures(draw, network)
    fewer = allowed * draw.choice([0.0, 0.6, 1.0], allowed.size)
    run = {"tolerance": 1e-300, "max_iterations": 60, **markets}  # as many steps in both: a stop is no part of this
    loose, tight = (propagate(network, allowed=share, **run) for share in (allowed, fewer))
    assert (tight.loss_down >= loose.loss_down - 1e-12).all()
    assert (tight.loss_up >= loose.loss_up - 1e-12).all()


@given(SEEDS, SIZES, st.sampled_from([1e-9, 1e-3, 1024.0, 1e12]))
@settings(deadline=None, max_examples=60)
def test_the_currency_unit_does_not_matter(seed, n, unit):
    draw = np.random.default_rng(seed)
    W, industry, essential = random_network(draw, n)
    market = draw.integers(0, 2, n)
    options = {"shocks": random_shares(draw, (n, 4)), "market": market, "tolerance": 3.1e-5}
    here, there = (esri(sparse.csr_array(money), industry, essential, **options) for money in (W, W * unit))
    np.testing.assert_array_equal(here.iterations, there.iterations)
    close(here.esri, there.esri)


def test_with_nothing_closed_propagate_is_one_scenario_of_esri():
    W, industry, essential = random_network(np.random.default_rng(8), 11)
    network = calibrate(W, industry, essential)
    whole = esri_from(network, market=industry, keep="all")
    for i in range(11):
        one = propagate(network, shock_down=np.eye(11)[i], allowed=np.ones(network.seller.size), market=industry)
        close(one.loss_down, whole.loss_down[:, [i]].toarray()[:, 0])
        close(one.loss_up, whole.loss_up[:, [i]].toarray()[:, 0])
        assert one.iterations == whole.iterations[i]

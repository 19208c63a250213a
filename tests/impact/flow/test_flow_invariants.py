"""What must hold whatever the network: goods are conserved, nothing is negative, units of money do not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.impact.calibration import NetworkError
from detente.impact.flow import FlowNetwork, Shock, Span, Switches, simulate
from detente.impact.flow.markets import nested_logit
from reference.flow_twin import flow_twin

RULES = ("proportional", "clients_first", "water", "clients_first_water")


def draw_world(seed, n=7, density=0.4):
    draw = np.random.default_rng(seed)
    seller, buyer = np.nonzero((draw.random((n, n)) < density) & ~np.eye(n, dtype=bool))
    item = draw.integers(0, 4, n)
    table = draw.integers(0, 3, (4, n))  # class of an item for a buyer
    value = np.exp(draw.normal(3, 1, seller.size))
    output = (np.bincount(seller, value, n) + np.exp(draw.normal(3, 1, n))) * 1.01
    days = draw.integers(2, 20, (4, n)).astype(float)
    newcomer = draw.random(seller.size) < 0.15
    reach = np.where(newcomer, np.exp(draw.normal(3, 1, seller.size)), value)
    value = np.where(newcomer, 0.0, value)
    lost = [Shock(int(draw.integers(n)), float(draw.random()), int(draw.integers(4)), None, None,
                  str(draw.choice(["none", "by_start", "exponential", "linear", "convex"])), 5.0)]  # fmt: skip
    spans = [Span(int(e), float(draw.choice([0.0, 0.3])), int(draw.integers(6)), int(draw.integers(6, 20)))
             for e in draw.choice(seller.size, min(seller.size, 4), replace=False)]  # fmt: skip
    world = {"n": n, "seller": seller, "buyer": buyer, "value": value, "item": item, "tau": 4.0, "reach": reach,
             "link_class": table[item[seller], buyer], "output": output,
             "stock_days": days[item[seller], buyer]}  # fmt: skip
    return world, lost, spans


def market_of(n, seed=0):
    draw = np.random.default_rng(seed)
    return nested_logit(n, np.arange(n), draw.dirichlet(np.ones(n)) * 0.9, draw.integers(0, 2, n), 0.5)


switches = st.builds(
    Switches, rationing=st.sampled_from(RULES), target=st.sampled_from(("output", "baseline", "wanted")),
    gap_floor=st.booleans(), follow_capacity=st.booleans(), resource=st.booleans(),
    qualification_days=st.integers(0, 8), spare_tau=st.sampled_from((0.0, 3.0, 30.0)),
    important=st.sampled_from((0.0, 0.5, 1.0)),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), rule=switches, trade=st.booleans())
def test_kernel_is_the_twin(seed, rule, trade):
    world, lost, spans = draw_world(seed)
    market = market_of(world["n"], seed) if trade else None
    run = simulate(FlowNetwork.of(**world), rule, 25, shocks=lost, permits=spans,
                   **({"market": market} if trade else {}))  # fmt: skip
    twin = flow_twin(world, rule, 25, lost, spans, market)
    scale = world["output"] / 365
    np.testing.assert_allclose(run.output[:, :, 0] / scale, twin["output"] / scale, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(run.final[:, :, 0] / scale, twin["final"] / scale, rtol=1e-12, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), rule=switches)
def test_goods_are_conserved(seed, rule):
    world, lost, spans = draw_world(seed)
    net = FlowNetwork.of(**world)
    T = 25
    run = simulate(net, rule, T, shocks=lost, permits=spans, keep="all", snap_days=range(T), market=market_of(7))
    assert run.output.min() >= 0 and run.stock.min() >= 0 and run.delivered.min() >= 0
    sold = np.array([np.bincount(net.net.maker, run.delivered[t, :, 0], net.n) for t in range(T)])
    total = sold + run.final[:, :, 0]
    np.testing.assert_allclose(total, run.output[:, :, 0], rtol=1e-9, atol=1e-9 * net.output.max())  # all is delivered
    before = np.concatenate(([net.net.days[net.net.pace] * net.net.use], run.stock[:-1, :, 0]))
    got = np.array([np.bincount(net.cell, run.delivered[t, :, 0], net.net.use.size) for t in range(T)])
    used = before + got - run.stock[:, :, 0]
    buyer = np.repeat(np.arange(net.n), np.diff(net.net.group_ptr))
    expected = np.minimum(before, net.net.use * (run.output[:, :, 0] / net.output)[:, buyer])
    np.testing.assert_allclose(used, expected, rtol=1e-9, atol=1e-9 * before.max())  # what comes in is used or kept
    for span in spans:  # a restricted link gets at most its share
        given_ = run.delivered[span.since : min(span.until, T), net.place[span.link], 0]
        later = [s for s in spans if s.link == span.link]
        cap = max(s.allowed for s in later) * net.net.weight[net.place[span.link]]
        assert (given_ <= cap * (1 + 1e-12)).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), rule=switches)
def test_without_shock_nothing_is_ever_lost(seed, rule):
    world, _, _ = draw_world(seed)
    net = FlowNetwork.of(**world)
    open_ = [Span(0, 1.0)]  # a permit that allows all is no restriction
    run = simulate(net, rule, 200, permits=open_, market=market_of(7))
    np.testing.assert_allclose(run.output[:, :, 0], np.broadcast_to(net.output, (200, 7)), rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), rule=switches, money=st.sampled_from((1e-6, 7.3, 1e9)))
def test_the_unit_of_money_does_not_matter(seed, rule, money):
    world, lost, spans = draw_world(seed)
    a = simulate(FlowNetwork.of(**world), rule, 25, shocks=lost, permits=spans)
    for name in ("value", "output", "reach"):
        world[name] = world[name] * money
    b = simulate(FlowNetwork.of(**world), rule, 25, shocks=lost, permits=spans)
    np.testing.assert_allclose(b.output / money, a.output, rtol=1e-9, atol=1e-10 * a.output.max())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), rule=switches)
def test_neither_the_order_of_links_nor_of_scenarios_matters(seed, rule):
    world, lost, spans = draw_world(seed)
    a = simulate(FlowNetwork.of(**world), rule, 25, shocks=lost, permits=spans)
    order = np.random.default_rng(seed).permutation(world["seller"].size)
    for name in ("seller", "buyer", "value", "link_class", "stock_days", "reach"):
        world[name] = world[name][order]
    back = np.argsort(order)
    moved = [Span(int(back[s.link]), s.allowed, s.since, s.until, 2) for s in spans]
    other = [Shock(0, 0.9, 1, scenario=1)]
    b = simulate(FlowNetwork.of(**world), rule, 25, n_scenarios=3, permits=moved,
                 shocks=[*other, *(Shock(s.unit, s.share, s.start, s.recover, s.until, s.recovery, s.tau, None, 2)
                                   for s in lost)])  # fmt: skip
    scale = FlowNetwork.of(**world).output
    np.testing.assert_allclose(b.output[:, :, 2] / scale, a.output[:, :, 0] / scale, rtol=1e-9, atol=1e-9)


def test_newcomers_are_asked_after_they_qualify_and_only_by_whom_the_law_cut_off():
    net = FlowNetwork.of(3, [0, 1], [2, 2], [365.0, 0.0], ["lens", "lens", "phone"], final=[0.0, 730.0, 730.0],
                         stock_days=5.0, tau=5.0, reach=[365.0, 365.0])  # fmt: skip
    rule = Switches(resource=True, qualification_days=10, spare_base=1.5, spare_limit=1.5)
    phones = simulate(net, rule, 200, permits=[Span(0, 0.0, 3)]).output[:, 2, 0]
    assert (phones[:8] == phones[0]).all()
    assert phones[9] == 0.0 and phones[12] == 0.0  # the stock is used up, nobody has qualified
    assert phones[-1] == pytest.approx(phones[0])
    assert (simulate(net, Switches(), 200, permits=[Span(0, 0.0, 3)]).output[20:, 2, 0] == 0.0).all()


def test_important_inputs_halve_and_others_do_not_bind():
    for kind, left in ((2, 0.0), (1, 0.5), (0, 1.0)):
        net = FlowNetwork.of(2, [0], [1], [365.0], ["lens", "phone"], final=[0.0, 730.0], link_class=kind)
        phones = simulate(net, Switches(spare_tau=0.0), 60, permits=[Span(0, 0.0)]).output[-1, 1, 0]
        assert phones == pytest.approx(2.0 * left)


def test_unmet_demand_goes_to_rivals_with_room():
    market = nested_logit(2, [0, 1], [0.5, 0.3], ["a", "a"], 0.0)
    net = FlowNetwork.of(2, [], [], [], ["phone", "phone"], final=[730.0, 730.0])
    rule = Switches(spare_base=2.0, spare_limit=2.0)
    run = simulate(net, rule, 5, shocks=[Shock(0, 1.0)], market=market)
    assert run.output[0, 1, 0] == 2.0
    assert run.output[-1, 1, 0] == pytest.approx(2.0 + 2.0 * 0.3 / 0.5)  # plain logit: in proportion to shares


def test_what_makes_no_sense_is_refused():
    net = FlowNetwork.of(2, [0], [1], [1.0], ["lens", "phone"])
    for bad in ({"rationing": "first"}, {"important": 2.0}, {"spare_base": 0.5}):
        with pytest.raises(NetworkError, match=next(iter(bad))):
            simulate(net, Switches(**bad), 5)
    with pytest.raises(NetworkError, match="link below 1"):
        simulate(net, Switches(), 5, permits=[Span(4, 0.0)])
    with pytest.raises(NetworkError, match="no less"):
        FlowNetwork.of(2, [0], [1], [5.0], ["lens", "phone"], output=[1.0, 1.0])

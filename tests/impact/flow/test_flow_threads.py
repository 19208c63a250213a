"""The numbers do not depend on who runs the days, nor on how many scenarios run at a time."""

import numpy as np
import pytest

from detente.impact.calibration import NetworkError
from detente.impact.flow import Event, FlowNetwork, Shock, Span, Switches, boario, industries, simulate
from detente.impact.flow.threads import buyer_ranges, firm_ranges


def firms(n=2600, links=9000, seed=4):
    draw = np.random.default_rng(seed)
    size = draw.pareto(1.2, n) + 0.2
    seller, buyer = draw.choice(n, links, p=size / size.sum()), draw.integers(0, n, links)
    pair = np.unique(seller * n + buyer)  # a hub has hundreds of clients
    seller, buyer = pair // n, pair % n
    value = np.exp(draw.normal(0.0, 1.0, pair.size)) * (draw.random(pair.size) > 0.05)
    item = draw.integers(0, 30, n)
    kind = draw.integers(0, 3, (30, n))[item[seller], buyer]
    reach = np.where(value > 0.0, value, 1.0)
    net = FlowNetwork.of(n, seller, buyer, value, item, link_class=kind, reach=reach,
                         output=np.bincount(seller, value, n) * 1.1 + draw.random(n), stock_days=4.0)  # fmt: skip
    hit = draw.choice(n, 200, replace=False)
    spans = [Span(int(e), 0.2, 2, 30, int(draw.integers(5))) for e in draw.choice(pair.size, 400, replace=False)]
    shocks = [Shock(int(i), 0.6, 1, 8, None, "linear", 9.0, scenario=int(draw.integers(5))) for i in hit]
    return net, shocks, spans


RULE = Switches(rationing="water", resource=True, follow_capacity=True, qualification_days=6)


@pytest.mark.parametrize("n_scenarios", [1, 5])
def test_any_number_of_threads_gives_the_same_bits(n_scenarios):
    net, shocks, spans = firms()
    keep = {"shocks": [s for s in shocks if s.scenario < n_scenarios], "n_scenarios": n_scenarios,
            "permits": [s for s in spans if s.scenario < n_scenarios], "keep": "all", "snap_days": [11]}  # fmt: skip
    one = simulate(net, RULE, 20, threads=1, **keep)
    assert one.totals[-1, 0].min() < one.totals[0, 0].max()  # something happens
    for threads in (2, 3):
        many = simulate(net, RULE, 20, threads=threads, **keep)
        for name in ("output", "final", "totals", "stock", "delivered", "limiting", "spare"):
            np.testing.assert_array_equal(getattr(many, name), getattr(one, name))


def test_lanes_are_what_scenarios_run_alone_are():
    net, shocks, spans = firms(300, 1200)
    shocks = [s for s in shocks if s.unit < 300]
    for rule in (RULE, Switches(), Switches(rationing="clients_first_water", gap_floor=True, target="output")):
        five = simulate(net, rule, 40, n_scenarios=5, shocks=shocks, permits=spans[:60])
        for k in range(5):
            alone = simulate(
                net, rule, 40,
                shocks=[Shock(s.unit, s.share, s.start, s.recover, None, s.recovery, s.tau)
                        for s in shocks if s.scenario == k],
                permits=[Span(s.link, s.allowed, s.since, s.until) for s in spans[:60] if s.scenario == k],
            )  # fmt: skip
            scale = net.output[None] + 1e-300
            np.testing.assert_allclose(five.output[:, :, k] / scale, alone.output[:, :, 0] / scale, rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def table():
    draw = np.random.default_rng(8)
    n = 60
    Z = np.exp(draw.normal(0.0, 1.0, (n, n))) * (draw.random((n, n)) < 0.8)
    out = np.maximum(Z.sum(axis=0), Z.sum(axis=1)) * 1.4
    sector = [f"s{k:02d}" for k in draw.integers(0, 7, n)]  # makers of an item lie apart
    made = industries(Z, out - Z.sum(axis=1), out, sector, stock_days=20.0, tau=8.0)
    events = [Event("arbitrary", {int(draw.integers(n)): 0.7}, 2, 5, 9.0, scenario=k) for k in range(6)]
    return made, events, Z


def test_a_table_gives_what_its_links_give(table):
    made, events, _ = table
    run = boario(made, 60, events[:1])
    links = made.network.with_clients()  # the same, by links
    other = simulate(links, run.switches, 60, shocks=[
        Shock(next(iter(events[0].impact)), 0.7, 2, 8, None, "linear", 9.0)], keep="all")  # fmt: skip
    assert run.totals[:, 0].min() < 0.999 * run.totals[0, 0]
    np.testing.assert_allclose(run.output, other.output, rtol=1e-10)
    np.testing.assert_allclose(run.orders, other.orders, rtol=1e-10)


def test_a_table_in_lanes_and_threads(table):
    made, events, _ = table
    six = boario(made, 40, events, n_scenarios=6)
    for k in range(6):
        event = events[k]
        alone = boario(made, 40, [Event("arbitrary", event.impact, 2, 5, 9.0)])
        np.testing.assert_allclose(six.output[:, :, k], alone.output[:, :, 0], rtol=1e-11)
    hit = [Shock(next(iter(e.impact)), 0.7, 2, scenario=e.scenario) for e in events]
    rule = Switches(follow_capacity=True)
    one = simulate(made.network, rule, 30, n_scenarios=6, shocks=hit, threads=1)
    two = simulate(made.network, rule, 30, n_scenarios=6, shocks=hit, threads=2)
    np.testing.assert_array_equal(one.output, two.output)


def test_ranges_cover_every_unit_once():
    net, _, _ = firms()
    for ranges in (firm_ranges(net.net, 3), buyer_ranges(net.net, 3)):
        assert len(ranges) == 3
        assert [u for a, b in ranges for u in range(a, b)] == list(range(net.n))
    with pytest.raises(NetworkError, match="threads"):
        simulate(net, Switches(), 2, threads=0)

"""Draws: consistent worlds, the same for all models, whoever runs them."""

from __future__ import annotations

import datetime as dt
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import detente
from detente.impact.assumptions import Assumptions, Span
from detente.impact.closing import run as cascade_run
from detente.impact.draws import Drawn, between, draw
from detente.impact.network import Network
from detente.impact.runs import daily
from detente.impact.uncertainty import Uncertainty, _stepwise, common_of, uncertainty
from detente.impact.world import World
from detente.record import Case, DetenteError

DAY = dt.date(2021, 1, 20)
JITTED = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="three years of days, run in Python")


@pytest.fixture(scope="module")
def world(huawei: Case) -> World:
    return World.of(huawei, DAY, DAY)


@pytest.fixture(scope="module")
def drawn(huawei: Case, world: World) -> tuple[Network, Drawn]:
    network = Network.of(huawei, DAY)
    common, new_law, sellers = common_of(world, network, DAY)
    law = world.permits.on(DAY)
    return network, draw(huawei, network, law, new_law, sellers, common.rivals, world.assumptions, n=64, seed=3)


def test_the_middle_of_a_range_is_its_central_value() -> None:
    u = np.linspace(0.0, 1.0, 101)
    found = between(u, 1.0, 3.0, 10.0)
    assert (found[0], found[50], found[-1]) == (1.0, 3.0, 10.0)
    assert (np.diff(found) > 0).all()


def test_every_world_closes_the_accounts(huawei: Case, drawn: tuple[Network, Drawn]) -> None:
    """Purchases from the US, Japan and Taiwan and in all are what the sources report, in each draw."""
    network, worlds = drawn
    units = dict(huawei["units"].select("id", "party").iter_rows())
    country = dict(huawei["parties"].select("id", "country").iter_rows())
    group = dict(huawei["parties"].select("id", "group").iter_rows())
    names = network.units["unit"].to_list()
    mine = np.array(
        [
            group[units[names[b]]] == "huawei" and group[units[names[s]]] != "huawei"
            for s, b in zip(network.seller, network.buyer, strict=True)
        ]
    )
    for code, total in (("US", 11_000), ("JP", 6_600), ("TW", 12_000), (None, 70_000)):
        of = mine & np.array([code in (None, country[units[names[s]]]) for s in network.seller])
        assert worlds.value[:, of].sum(axis=1) == pytest.approx(np.full(64, total), rel=1e-9)


def test_every_world_makes_what_it_sells_and_buys(drawn: tuple[Network, Drawn]) -> None:
    network, worlds = drawn
    n = network.units.height
    for value, output in zip(worlds.value, worlds.output, strict=True):
        assert (value >= 0).all()
        assert (output >= np.bincount(network.seller, value, n) * (1 - 1e-9)).all()
    residual = network.units["unit"].to_list().index("residual-us")
    sold = worlds.value[:, network.seller == residual].sum(axis=1)
    assert worlds.output[:, residual] == pytest.approx(sold)


def test_an_input_has_one_class_and_one_stock_in_a_world(drawn: tuple[Network, Drawn]) -> None:
    network, worlds = drawn
    items = network.units["item"].to_numpy()
    inputs = np.array([f"{b}:{items[s]}" for s, b in zip(network.seller, network.buyer, strict=True)])
    for key in np.unique(inputs):
        for table in (worlds.link_class, worlds.stock_days):
            assert (table[:, inputs == key] == table[:, inputs == key][:, :1]).all()
    assert set(np.unique(worlds.link_class)) == {0, 1, 2}
    assert worlds.stock_days.min() >= 15 and worlds.stock_days.max() <= 730


def test_the_law_is_drawn_within_what_it_may_be(world: World, drawn: tuple[Network, Drawn]) -> None:
    network, worlds = drawn
    law = world.permits.on(DAY)
    low, high = law.low[network.rows], law.high[network.rows]
    assert (worlds.share >= low - 1e-12).all() and (worlds.share <= high + 1e-12).all()
    sure = low == high
    assert (worlds.share[:, sure] == low[sure]).all()
    assert worlds.share[:, ~sure].std(axis=0).min() > 0


def test_the_same_seed_draws_the_same_worlds(huawei: Case, world: World, drawn: tuple[Network, Drawn]) -> None:
    network, first = drawn
    common, new_law, sellers = common_of(world, network, DAY)
    law = world.permits.on(DAY)
    same, other = (
        draw(huawei, network, law, new_law, sellers, common.rivals, world.assumptions, n=64, seed=s) for s in (3, 4)
    )
    assert (same.value == first.value).all() and (same.share == first.share).all()
    assert (other.value != first.value).any()


@pytest.fixture(scope="module")
def found(huawei: Case, world: World) -> Uncertainty:
    return uncertainty(huawei, DAY, draws=17, seed=1, world=world)


@JITTED
def test_results_do_not_depend_on_who_runs_them(huawei: Case, world: World, found: Uncertainty) -> None:
    seen: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as pool:
        again = uncertainty(
            huawei, DAY, draws=17, seed=1, world=world, executor=pool, progress=lambda a, b: seen.append((a, b))
        )
    for name in ("cascade", "flow", "optimum", "value_added", "uniform"):
        assert (getattr(again, name) == getattr(found, name)).all()
    assert seen[-1] == (17, 17)


@JITTED
def test_quantiles_are_in_order_and_of_every_side_and_model(found: Uncertainty) -> None:
    table = found.by_side()
    assert table.height == 9
    assert (table["usd_m_p05"] <= table["usd_m_p50"]).all() and (table["usd_m_p50"] <= table["usd_m_p95"]).all()
    assert found.by_party().filter(model="flow")["party"].n_unique() == found.units["party"].n_unique()
    assert found.frame().height == 17 * 9
    assert found.frame().filter(side="us", model="flow")["usd_m"].mean() == pytest.approx(
        table.filter(side="us", model="flow")["mean"].item()
    )
    gains = found.gains()
    assert (gains["share_of_draws"] > 0).all() and "apple-phones" in gains["unit"].to_list()


@JITTED
def test_without_any_range_a_draw_is_the_answer_itself(made) -> None:
    """One world: cascade and flow of the draw are those of the case."""
    one = Assumptions(**{name: Span(x.central, x.central, x.central) for name, x in _spans().items()})
    case = made({"inputs.csv": "id, made, used, class, stock_days\na, phone, chip, other, 20"})
    day = dt.date(2020, 12, 31)
    world = World.of(case, day, day, assumptions=one)
    drawn = uncertainty(case, day, draws=32, world=world)
    network = Network.of(case, day)
    cascade = cascade_run(network, detente.permits(case, day, day).on(day)).units["loss_usd_m"].to_numpy()
    flow = daily(world, day, day, at_rest=True)
    lost = flow.loss[-365:].sum(axis=0)
    same = [k for k in range(32) if _kept_class(drawn, k)]
    assert same
    for k in same:
        assert drawn.cascade[k] == pytest.approx(cascade, abs=1e-6)
        assert drawn.flow[k] == pytest.approx(lost, abs=1e-6)


def _spans() -> dict[str, Span]:
    return {name: getattr(Assumptions(), name) for name in Assumptions.__dataclass_fields__}


def _kept_class(drawn: Uncertainty, k: int) -> bool:
    """Whether the input, classed `other`, is drawn as that: it is important in a fifth of the worlds."""
    names = [fact for _, fact in drawn.facts]
    common, own = (drawn.uniform[k, names.index(n)] for n in ("how inputs bind, all of them", "chip for phone"))
    return min(common, own) > 0.5


def test_facts_are_named_for_what_they_add_alone() -> None:
    """A fact whose draws follow another's is not counted for it."""
    rng = np.random.default_rng(5)
    u = rng.random((400, 30))
    u[:, 7] = 0.7 * u[:, 3] + 0.3 * u[:, 7]  # follows fact 3
    rows = _stepwise(u, 4.0 * u[:, 3] + 2.0 * u[:, 11], 5)
    assert [k for k, *_ in rows[:2]] == [3, 11]
    assert 7 not in [k for k, _, adds, _ in rows if adds > 0.01]
    assert rows[0][2] == pytest.approx(0.8, abs=0.1)


@JITTED
def test_sensitivity_and_draws_are_checked(huawei: Case, world: World, found: Uncertainty) -> None:
    table = found.sensitivity("china", top=3)
    assert table.height == 3 and (table["share_of_variance"] > 0).all()
    with pytest.raises(DetenteError, match="side: got 'mars'"):
        found.sensitivity("mars")
    with pytest.raises(DetenteError, match="draws: got 0"):
        uncertainty(huawei, DAY, draws=0, world=world)

"""Many laws that last, side by side: each comes to what it comes to alone."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from detente.impact.calibration import NetworkError
from detente.impact.lasting import Lasting
from detente.impact.runs import daily
from detente.impact.world import World
from detente.record import Case, load


@pytest.fixture(scope="module")
def world() -> World:
    case = load("chips-rare-earths")
    day = case.about.default_as_of
    return World.of(case, day, day)


def laws(ready: Lasting, n_new: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(7)
    allowed = draw.choice([0.0, 0.5, 1.0], size=(k, ready.network.value.size), p=[0.2, 0.2, 0.6])
    return allowed, draw.choice([0.0, 1.0], size=(k, n_new))


def test_batches_are_one_at_a_time(world: World) -> None:
    ready = Lasting.of(world, world.first)
    n_new = 0 if world.newcomers is None else len(world.newcomers.seller)
    allowed, fresh = laws(ready, n_new, 19)  # more than one part
    found = ready.run(allowed, fresh)
    assert found.shape == (19, ready.network.units.height)
    with ThreadPoolExecutor(2) as pool:
        assert ready.run(allowed, fresh, executor=pool).tolist() == found.tolist()
    for k in (0, 7, 18):
        assert ready.run(allowed[k], fresh[k])[0] == pytest.approx(found[k], rel=1e-12, abs=1e-12)


def test_all_open_is_no_loss_and_nothing_asked_is_nothing_answered(world: World) -> None:
    ready = Lasting.of(world, world.first)
    n_new = 0 if world.newcomers is None else len(world.newcomers.seller)
    assert np.abs(ready.run(np.ones((1, ready.network.value.size)), np.zeros((1, n_new)))).max() < 1e-9
    assert ready.run(np.zeros((0, ready.network.value.size)), np.zeros((0, n_new))).shape == (0, ready.flow.n)


@pytest.mark.parametrize(("end", "adapting"), [("central", "everybody"), ("low", "suppliers"), ("high", "nobody")])
def test_the_law_of_a_day_comes_to_the_last_year_of_the_daily_run(world: World, end: str, adapting: str) -> None:
    ready = Lasting.of(world, world.first, end=end, adapting=adapting)  # type: ignore[arg-type]
    column = {"central": "allowed", "low": "high", "high": "low"}[end]
    law = world.permits.on(world.first)
    allowed = getattr(law, column)[ready.network.rows]
    new = np.zeros((1, 0))
    if world.newcomers is not None:
        new = getattr(world.newcomers.permits.on(world.first), column)[None]
    run = daily(world, world.first, world.first, at_rest=True, end=end, adapting=adapting)  # type: ignore[arg-type]
    last = run.first + dt.timedelta(days=run.n_days - 1)
    units = run.window(last - dt.timedelta(days=364), last).by_unit()
    assert units["unit"].to_list() == ready.network.units["unit"].to_list()
    expected = (units["loss_usd_m"] / units["output_usd_m"]).to_numpy()
    assert ready.run(allowed, new)[0] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert expected.max() > 0.1


def test_another_shape_and_other_shares_are_told(world: World) -> None:
    ready = Lasting.of(world, world.first)
    n_new = 0 if world.newcomers is None else len(world.newcomers.seller)
    n = ready.network.value.size
    with pytest.raises(NetworkError, match="got shapes"):
        ready.run(np.ones((1, n + 1)), np.zeros((1, n_new)))
    with pytest.raises(NetworkError, match="shares from 0 to 1"):
        ready.run(np.full((1, n), 1.5), np.zeros((1, n_new)))


def test_a_case_without_newcomers(made_case: Case) -> None:
    day = made_case.about.default_as_of
    ready = Lasting.of(World.of(made_case, day, day), day)
    assert ready.run(np.ones((1, ready.network.value.size)), np.zeros((1, 0)))[0] == pytest.approx(0, abs=1e-9)


@pytest.fixture
def made_case(made: object) -> Case:
    return made({"units.csv": """
        id,   name,        party, item,  variant,   country, output_usd_m
        acme, Acme chips,  acme,  chip,  acme-chip, US,      1000
        vell, Vell phones, vell,  phone, ,          CN,      9000
        """, "links.csv": """
        id,             seller, buyer, value_usd_m, end_use
        acme>vell:chip, acme,   vell,  40,          production
        """})  # type: ignore[operator, no-any-return]  # fmt: skip

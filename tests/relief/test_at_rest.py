"""Packages valued at rest are what the daily model says of the case with the package acted on."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from detente.impact.runs import daily
from detente.impact.world import World
from detente.record import Case, load
from detente.relief.admissible import rulings
from detente.relief.at_rest import AtRest
from detente.relief.menu import Menu
from detente.relief.objectives import Objectives
from detente.relief.proposals import proposals
from detente.relief.search.rules import repair
from detente.relief.values import Bools, Floats

CASE = "chips-rare-earths"


@pytest.fixture(scope="module")
def at_rest() -> AtRest:
    case = load(CASE)
    day = case.about.default_as_of
    every = proposals(case)
    able = [p for p, r in zip(every, rulings(case, every, day), strict=True) if r.is_admissible]
    return AtRest.of(Objectives.of_menu(Menu.of(case, able, day)))


def some(at_rest: AtRest, n: int, seed: int) -> Bools:
    draw = np.random.default_rng(seed)
    return repair(draw.random((n, at_rest.n_proposals)) < 0.4, at_rest, draw)


def last_year(case: Case, day: dt.date) -> Floats:
    """The share of its output that each unit loses in the last year of the daily model."""
    run = daily(World.of(case, day, day), day, day, at_rest=True)
    last = run.first + dt.timedelta(days=run.n_days - 1)
    units = run.window(last - dt.timedelta(days=364), last).by_unit()
    return (units["loss_usd_m"] / units["output_usd_m"]).to_numpy()


def test_any_package_comes_to_what_the_daily_model_says_of_the_applied_case(at_rest: AtRest) -> None:
    menu = at_rest.objectives.menu
    packages = np.concatenate((np.zeros((1, menu.n_proposals), dtype=bool), some(at_rest, 5, seed=1)))
    found = at_rest.losses(packages)
    assert np.ptp(found, axis=0).max() > 0.1  # they differ
    for row, lost in zip(packages, found, strict=True):
        assert lost == pytest.approx(last_year(menu.applied(row), menu.day), rel=1e-9, abs=1e-12)


def test_gains_are_losses_avoided_and_the_range_takes_in_the_cascade(at_rest: AtRest) -> None:
    packages = some(at_rest, 8, seed=2)
    values, told = at_rest.evaluate(packages), at_rest.objectives.evaluate(packages)
    none = np.zeros((1, at_rest.n_proposals), dtype=bool)
    avoided = at_rest.losses(none)[0] - at_rest.losses(packages)
    assert values.gain == pytest.approx(at_rest.objectives.gains(avoided, packages))
    for low, high in ((told.gain_low, told.gain_high), (told.gain, told.gain), (values.gain, values.gain)):
        assert (values.gain_low <= low).all() and (high <= values.gain_high).all()
    assert values.capability.tolist() == told.capability.tolist()
    assert at_rest.evaluate(none).gain.tolist() == [[0.0, 0.0, 0.0]]


def test_the_same_law_is_run_once_and_batches_do_not_matter(at_rest: AtRest) -> None:
    packages = some(at_rest, 6, seed=3)
    whole = at_rest.losses(packages)
    known = len(at_rest.known)
    singly = np.concatenate([at_rest.losses(row[None]) for row in packages])
    assert len(at_rest.known) == known
    assert singly.tolist() == whole.tolist()
    at_rest.known.clear()
    assert np.concatenate([at_rest.losses(row[None]) for row in packages]) == pytest.approx(whole, rel=1e-12)

"""What packages are worth to each side, against the cascade run on the applied case."""

from collections.abc import Callable

import numpy as np
import pytest

from detente.decide import permits
from detente.impact import closing
from detente.impact.network import Network
from detente.record import Case, DetenteError, load
from detente.relief.menu import Menu
from detente.relief.objectives import Objectives
from detente.relief.proposals import Proposal, proposals
from detente.relief.values import feasible


@pytest.fixture(scope="module")
def lesson() -> Case:
    return load("chips-rare-earths")


@pytest.fixture(scope="module")
def objectives(lesson: Case) -> Objectives:
    return Objectives.of_menu(Menu.of(lesson, proposals(lesson), lesson.about.default_as_of))


def taken(n: int, k: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((k, n)) < 0.4


def avoided(case: Case, other: Case, day: object) -> dict[str, float]:
    """Loss avoided by side by the cascade's own figure, run on both cases."""
    runs = []
    for c in (case, other):
        outcome = closing.run(Network.of(c, day), permits(c, day, day).on(day))  # type: ignore[arg-type]
        runs.append(outcome.units.select("unit", "side", "loss_usd_m"))
    table = runs[0].join(runs[1], on="unit", suffix="_then")
    sums: dict[str, float] = {}
    for _, _, before, side, after in table.iter_rows():
        sums[side] = sums.get(side, 0.0) + before - after
    return sums


def test_gains_are_those_of_the_cascade_on_the_applied_case(lesson: Case, objectives: Objectives) -> None:
    menu, day = objectives.menu, lesson.about.default_as_of
    table = taken(menu.n_proposals, 4, 1)
    values = objectives.evaluate(table)
    for k, row in enumerate(table):
        expected = avoided(lesson, menu.applied(row), day)
        for s, side in enumerate(objectives.sides):
            assert values.gain[k, s] == pytest.approx(expected.get(side, 0.0), rel=1e-6, abs=1e-4)
    assert (values.gain_low <= values.gain).all()
    assert (values.gain <= values.gain_high).all()


def test_nothing_done_gains_nothing_and_batches_do_not_matter(objectives: Objectives) -> None:
    n = objectives.n_proposals
    table = np.vstack([np.zeros(n, bool), taken(n, 40, 2)])
    whole = objectives.evaluate(table)
    assert (whole.gain[0] == 0).all()
    assert len(whole) == 41
    for k in (0, 7, 40):
        alone = objectives.evaluate(table[k : k + 1])
        assert alone.gain[0].tolist() == whole.gain[k].tolist()
        assert alone.capability[0].tolist() == whole.capability[k].tolist()
    assert objectives.evaluate(np.zeros((0, n))).gain.shape == (0, 3)


def test_only_both_sides_together_free_the_cars(objectives: Objectives) -> None:
    menu = objectives.menu
    ours = ["b-restore-accelerators", "b-delist-canis", "b-tools@100", "b-resale"]
    theirs = ["m-magnets@100", "m-oxides", "m-content"]
    values = objectives.evaluate(np.stack([menu.package(x) for x in (ours, theirs, [*ours, *theirs])]))
    assert values.feasible.all()
    assert (values.gain[2, :2] > 2 * values.gain[:2, :2].sum(axis=0)).all()


def test_what_is_held_back_grows_with_what_is_licensed(objectives: Objectives) -> None:
    menu = objectives.menu
    steps = [[], ["b-accelerators@25"], ["b-accelerators@50"], ["b-accelerators@100"]]
    computing = objectives.evaluate(np.stack([menu.package(x) for x in steps])).capability[:, 0]
    assert objectives.capabilities == ("computing", "chip-making", "guided-drives")
    assert computing[0] == 0
    assert (np.diff(computing) > 0).all()
    drives = [["m-suspend"], ["m-suspend", "m-military"]]
    guided = objectives.evaluate(np.stack([menu.package(x) for x in drives])).capability[:, 2]
    assert guided[0] == 0
    assert guided[1] > 0.5


def test_a_fee_is_money_and_counts_beside_value_added(lesson: Case, objectives: Objectives) -> None:
    menu = objectives.menu
    package = menu.package(["m-magnets@50"])[None]
    assert objectives.fees(package).tolist() == [[-25.0, 25.0, 0.0]]
    free = [p for p in menu.proposals if p.id == "m-magnets@50"]
    bare = Proposal(**{n: getattr(free[0], n) for n in Proposal.__slots__ if n not in {"fee_usd_m", "paid_by"}})
    values = [
        Objectives.of_menu(Menu.of(lesson, [p], menu.day), of="value_added").evaluate([[True]]).gain[0]
        for p in (free[0], bare)
    ]
    assert values[0] - values[1] == pytest.approx([-25.0, 25.0, 0.0])


def test_what_a_sold_unit_no_longer_loses_is_gained_by_its_new_owner(objectives: Objectives) -> None:
    menu = objectives.menu
    sold = menu.package(["m-sell-canis", "m-magnets@100", "b-tools@100"])[None]
    side = menu.sides(sold)[0]
    at = menu.network.units["unit"].to_list().index("canis-cars")
    assert objectives.sides[side[at]] == "third"
    assert objectives.evaluate(sold).gain[0, 2] > 5000


def test_the_readings_of_the_law_order_the_capability() -> None:
    case = load("huawei")
    menu = Menu.of(case, proposals(case), "2021-01-20")
    table = taken(menu.n_proposals, 20, 3)
    figure, high = (Objectives.of_menu(menu, reading=r).evaluate(table).capability for r in ("figure", "high"))
    assert (figure <= high + 1e-12).all()
    assert (high <= 1 + 1e-12).all()


def test_without_objectives_each_restricted_side_is_one(made: Callable[..., Case]) -> None:
    units = """
        id,   name,        party, item,  variant,   country, output_usd_m, tags
        acme, Acme chips,  acme,  chip,  acme-chip, US,      1000,         none
        norr, Norr chips,  norr,  chip,  norr-chip, KR,      2000,         none
        vell, Vell phones, vell,  phone, ,          CN,      9000,         restricted_capability
        ova,  Ova phones,  ova,   phone, ,          JP,      4000,         none
        """
    objectives = Objectives.of_menu(Menu.of(made({"units.csv": units}), [], "2020-06-01"))
    assert objectives.capabilities == ("restricted_capability.target",)
    assert objectives.evaluate(np.zeros((1, 0))).capability.tolist() == [[pytest.approx((1 + 80 / 120) / 2)]]


def test_packages_that_may_not_be_put_together_are_told(objectives: Objectives) -> None:
    menu = objectives.menu
    bad = [["b-accelerators@25", "b-accelerators@50"], ["m-military"], ["b-controllers", "b-delist-canis"]]
    good = [["b-accelerators@25"], ["m-military", "m-suspend"], []]
    table = np.stack([menu.package(x) for x in [*bad, *good]])
    assert objectives.evaluate(table).feasible.tolist() == [False] * 3 + [True] * 3
    assert feasible(table, menu.exclusive, menu.requires).tolist() == [False] * 3 + [True] * 3


def test_other_words_are_refused(objectives: Objectives) -> None:
    with pytest.raises(DetenteError, match="of: got"):
        Objectives.of_menu(objectives.menu, of="welfare")  # type: ignore[arg-type]
    with pytest.raises(DetenteError, match="reading: got"):
        Objectives.of_menu(objectives.menu, reading="low")  # type: ignore[arg-type]

"""A package shown is run on the true model: its overlay, every verdict anew, three models."""

import numpy as np
import pytest

from detente.record import DetenteError, load
from detente.relief.confirm import confirm
from detente.relief.menu import Menu
from detente.relief.objectives import Objectives
from detente.relief.proposals import proposals


@pytest.fixture(scope="module")
def objectives() -> Objectives:
    case = load("chips-rare-earths")
    return Objectives.of_menu(Menu.of(case, proposals(case), case.about.default_as_of))


def test_nothing_done_gains_nothing_in_any_model(objectives: Objectives) -> None:
    found = confirm(objectives, np.zeros(objectives.n_proposals, dtype=bool))
    assert found.names == ()
    for column in ("gain_usd_m", "gain_usd_m_low", "gain_usd_m_high"):
        assert found.gains[column].drop_nulls().abs().max() == 0
    assert found.capability == {"computing": 0.0, "chip-making": 0.0, "guided-drives": 0.0}


def test_the_cascade_of_the_applied_case_is_what_the_search_saw(objectives: Objectives) -> None:
    menu = objectives.menu
    package = menu.package(
        ["b-accelerators@50", "b-tools@100", "m-magnets@100", "m-oxides", "m-content", "m-sell-canis"]
    )
    found, seen = confirm(objectives, package), objectives.evaluate(package[None])
    cascade = {r["side"]: r for r in found.gains.iter_rows(named=True) if r["model"] == "cascade"}
    for s, side in enumerate(objectives.sides):
        assert cascade[side]["gain_usd_m"] == pytest.approx(seen.gain[0, s], rel=1e-6, abs=1e-3)
    for c, name in enumerate(objectives.capabilities):
        assert found.capability[name] <= seen.capability[0, c] + 1e-7
    ends = found.sides.join(found.gains, on="side", suffix="_of")
    assert (ends["gain_usd_m_low"] <= ends["gain_usd_m_low_of"]).all()
    assert (ends["gain_usd_m_high"] >= ends["gain_usd_m_high_of"]).all()
    assert found.record != menu.case.digest


def test_a_package_that_may_not_be_is_refused(objectives: Objectives) -> None:
    with pytest.raises(DetenteError, match="exclude each other"):
        confirm(objectives, objectives.menu.package(["m-military"]))

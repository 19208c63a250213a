"""Packages in drawn worlds: each world is the one that the uncertainty of costs draws, whatever runs it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from detente.impact.uncertainty import uncertainty
from detente.record import DetenteError
from detente.relief.at_rest import AtRest
from detente.relief.under_draws import under_draws
from relief.test_at_rest import at_rest  # noqa: F401  a fixture

D = 4


@pytest.mark.parametrize("ids", [["b-controllers"], ["b-accelerators@50", "m-suspend"]])
def test_a_world_is_that_of_the_costs_with_and_without_the_package(at_rest: AtRest, ids: list[str]) -> None:  # noqa: F811
    menu = at_rest.objectives.menu
    package = menu.package(ids)
    found = under_draws(at_rest, package[None], draws=D, seed=5)
    now, then = (uncertainty(c, menu.day, draws=D, seed=5) for c in (menu.case, menu.applied(package)))
    assert found.facts == now.facts == then.facts
    assert found.uniform.tolist() == now.uniform.tolist()
    for s, side in enumerate(at_rest.sides):
        mine = menu.network.units["side"].to_numpy() == side
        lost = (now.flow[:, mine] - then.flow[:, mine]).sum(axis=1)
        assert found.gain[:, 0, s] == pytest.approx(lost, rel=1e-9, abs=1e-6)


def test_the_same_seed_gives_the_same_answer_whoever_runs_it(at_rest: AtRest) -> None:  # noqa: F811
    menu = at_rest.objectives.menu
    table = np.stack([menu.package(ids) for ids in ([], ["b-tools@50"], ["b-restore-accelerators", "m-suspend"])])
    heard: list[tuple[int, int]] = []
    found = under_draws(at_rest, table, draws=10, seed=2, progress=lambda *x: heard.append(x))
    with ThreadPoolExecutor(2) as pool:
        again = under_draws(at_rest, table, draws=10, seed=2, executor=pool)
    assert found.gain.tolist() == again.gain.tolist()
    assert found.capability.tolist() == again.capability.tolist()
    assert heard == [(8, 10), (10, 10)]
    assert found.gain.shape == (10, 3, 3) and found.capability.shape == (10, 3, 3)
    assert not found.gain[:, 0].any()  # nothing granted, nothing gained, in every world
    assert (found.capability[:, 2] >= found.capability[:, 0] - 1e-12).all()
    assert found.capability.min() >= 0 and found.capability.max() <= 1 + 1e-9
    assert under_draws(at_rest, table, draws=10, seed=3).gain.tolist() != found.gain.tolist()


def test_what_fits_no_menu_is_told(at_rest: AtRest) -> None:  # noqa: F811
    with pytest.raises(DetenteError):
        under_draws(at_rest, np.zeros((1, 2), dtype=bool), draws=2)
    with pytest.raises(DetenteError, match="draws"):
        under_draws(at_rest, np.zeros((1, at_rest.n_proposals), dtype=bool), draws=0)

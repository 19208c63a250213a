"""The clauses of a case's proposals: against the menu, package by package."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from detente.record import Case, DetenteError
from detente.relief.blocs.compiled import opened_of, openings_of
from detente.relief.menu import Menu
from detente.relief.objectives import Objectives
from detente.relief.proposals import proposals
from detente.relief.search.milp import by_programme
from detente.relief.search.rules import all_packages

DAY = "2021-01-20"
ASKED = ["licence-rf", "licence-memory@50", "licence-memory@100", "suspend-fdpr-2020-08"]


@pytest.fixture(scope="module")
def menu(huawei: Case) -> Menu:
    return Menu.of(huawei, proposals(huawei, ASKED), DAY)


def test_clauses_allow_what_the_menu_allows(menu: Menu) -> None:
    rows = np.concatenate(list(all_packages(Objectives.of_menu(menu))))
    assert len(rows) == 12  # two modes exclude one another
    clauses = openings_of(menu)
    assert np.allclose(clauses.allowed(rows), menu.shares(rows)[0])
    assert set(clauses.share[clauses.share < 1]) == {0.5}  # the mode of half the memory chips


def test_the_programme_of_a_case_is_valued_by_the_case(menu: Menu) -> None:
    objectives = Objectives.of_menu(menu)
    world = opened_of(objectives)
    done = by_programme(world, [1.0], capability=world.capabilities[0], check=objectives)
    assert done.proved and len(done.points) == 1
    assert np.array_equal(done.frontier.values.gain, objectives.evaluate(done.frontier.packages).gain)
    rows = np.concatenate(list(all_packages(objectives)))
    columns = [list(objectives.sides).index(s) for s in world.sides]
    assert world.evaluate(rows).gain == pytest.approx(objectives.evaluate(rows).gain[:, columns], abs=1e-3)


def stub(shares: dict[tuple[bool, ...], float], k: int = 2) -> SimpleNamespace:
    """A menu of k proposals that all concern one sale."""

    def allowed(rows: np.ndarray) -> tuple[np.ndarray]:
        return (np.array([[shares.get(tuple(r.tolist()), 1.0)] for r in rows]),)

    return SimpleNamespace(
        n_proposals=k, names=[f"p{i}" for i in range(k)], exclusive=(), network=SimpleNamespace(links=("a>b",)),
        places=(SimpleNamespace(links=np.array([0]), proposals=tuple(range(k))),), shares=allowed,
    )  # fmt: skip


def test_two_rules_need_two_proposals() -> None:
    both = openings_of(stub({(False, False): 0.0, (True, False): 0.0, (False, True): 0.0}))
    assert both.needs == ((0, 1),) and both.share.tolist() == [1.0]
    either = openings_of(stub({(False, False): 0.0, (True, False): 0.5}))
    assert sorted(zip(either.needs, either.share.tolist(), strict=True)) == [((0,), 0.5), ((1,), 1.0)]


def test_what_the_programme_cannot_tell_of_is_refused() -> None:
    with pytest.raises(DetenteError, match="p0, p1: closes a>b"):
        openings_of(stub({(False, False): 0.0, (True, True): 0.5}))
    with pytest.raises(DetenteError, match="13 proposals concern it"):
        openings_of(stub({}, 13))

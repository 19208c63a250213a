"""The set function of measures: against full runs of altered cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from cases import LISTED, limb, measure
from detente.decide import permits
from detente.impact.cascade import run
from detente.impact.network import Network
from detente.impact.ranking import rank
from detente.record import Case, DetenteError
from detente.relief.attribution import owen, shapley
from detente.relief.measures_game import measures_game
from impact.test_ranking import FILES, TWO

DAY = "2020-08-01"


def without(case: Case, limbs: set[str]) -> Case:
    measures = tuple(
        m.model_copy(
            update={"limbs": tuple(x.model_copy(update={"in_force": ()}) if x.id in limbs else x for x in m.limbs)}
        )
        for m in case.measures
    )
    return replace(case, measures=measures, digest=f"{case.digest} {sorted(limbs)}")


def by_side(case: Case, day: str) -> dict[str, tuple[float, float, float]]:
    table = run(Network.of(case, day), permits(case, day, day).on(day)).by_side()
    return {
        s: (a, b, c)
        for s, a, b, c in table.select("side", "loss_usd_m", "loss_usd_m_low", "loss_usd_m_high").iter_rows()
    }


@pytest.mark.parametrize("kind", ["measure", "limb"])
def test_every_set_is_a_run_without_the_others(huawei: Case, kind: str) -> None:
    day = "2021-01-20"
    game = measures_game(huawei, day, kind)
    sets = np.array(list(product([False, True], repeat=len(game.names))), dtype=bool)[::5]
    found = game.losses(sets)
    for row, losses in zip(sets, found, strict=True):
        off = set().union(*(game.limbs[k] for k in np.flatnonzero(~row)))
        expected = by_side(without(huawei, off), day)
        assert losses == pytest.approx([expected[s][0] for s in game.sides], rel=1e-6, abs=1e-3)


def test_readings_hold_the_figure(made: Callable[..., Case]) -> None:
    rule = limb("unsure", f'scope = [{{plant_codes = ["3E991"], made_with_origin = ["US"]}}]\n{LISTED}')
    case = made(FILES | {"measures/other.toml": measure(rule, name="other")})
    game = measures_game(case, DAY)
    sets = np.array(list(product([False, True], repeat=2)), dtype=bool)
    low, figure, high = (game.losses(sets, r) for r in ("low", "figure", "high"))
    assert (low <= figure + 1e-9).all() and (figure <= high + 1e-9).all() and (low < high).any()
    assert game.losses(sets[:1]) == pytest.approx(np.zeros((1, 3)))


def test_two_rules_that_close_the_same_sale_share_it(made: Callable[..., Case]) -> None:
    """Two rules each close alpha's chips (240 lost of 400), a third the Korean goods, with which all is lost."""
    game = measures_game(made(FILES | TWO), DAY, "limb", sides=["target"])
    assert game.names == ("list", "twin", "korean") and game.unions == ("home", "home", "home")
    found = shapley(game.losses, game.names)
    alone = dict(zip(game.names, found.alone.ravel(), strict=True))
    assert alone["list"] == alone["twin"] == pytest.approx(240)
    assert found.total == pytest.approx([400]) and found.share.sum() == pytest.approx(400)
    assert found.share[0] == pytest.approx(found.share[1])
    assert found.lifted.ravel()[:2] == pytest.approx([0, 0])
    ranked = rank(made(FILES | TWO), DAY, "limb")
    for name, against, value in (
        ("korean", "no measures", alone["korean"]),
        ("korean", "status quo", found.lifted[2, 0]),
    ):
        row = ranked.filter((ranked["id"] == name) & (ranked["against"] == against) & (ranked["side"] == "target"))
        assert row["loss_usd_m"].item() == pytest.approx(value)
    together = owen(game.losses, game.names, ["a", "a", "b"])
    assert together.share[:2].sum() == pytest.approx((240 + 400 - alone["korean"]) / 2)


def test_what_is_no_game_is_refused(made: Callable[..., Case]) -> None:
    case = made(FILES)
    with pytest.raises(DetenteError, match="kind"):
        measures_game(case, DAY, "law")  # type: ignore[arg-type]
    with pytest.raises(DetenteError, match="nothing to share out"):
        measures_game(case, "2020-01-15")
    with pytest.raises(DetenteError, match="No unit exists"):
        measures_game(case, DAY, sides=["mars"])
    game = measures_game(case, DAY)
    with pytest.raises(DetenteError, match="expected K x 1"):
        game.losses(np.zeros((2, 2), dtype=bool))
    with pytest.raises(DetenteError, match="reading"):
        game.losses(np.zeros((2, 1), dtype=bool), "worst")  # type: ignore[arg-type]

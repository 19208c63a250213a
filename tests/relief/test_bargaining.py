from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.record import DetenteError
from detente.relief.bargaining import bargains, lottery
from detente.relief.bundling import TOGETHER, Only, bundling
from detente.relief.coalitions import appearance, dangerous
from detente.relief.exchange import exchange_rates
from detente.relief.frontier import Aim, frontier_of
from detente.relief.search.exhaustive import exhaustive
from relief.test_frontier import everything
from relief.toy import Toy, linear


def options(*rows: tuple[float, ...]) -> Toy:
    """Each proposal is a package of its own: (home, target, chips)."""
    table = np.array(rows)
    n = len(rows)

    def gain(x: np.ndarray) -> np.ndarray:
        return x @ table[:, :-1]

    sides = ("home", "target", "third")[: table.shape[1] - 1]
    return Toy(gain, lambda x: x @ table[:, -1:], n, exclusive=[tuple(range(n))], sides=sides)


def named(frontier, k: int | None) -> str | None:
    return None if k is None else ",".join(frontier.members(k))


def test_three_rules_pick_three_packages() -> None:
    """Products 16, 21, 24; shares of the ideal (16, 7) at least 1/7, 3/7, 0.29 ... by hand."""
    found = exhaustive(options((16, 1, 0), (4, 6, 0), (8, 3, 0), (5, 5, 0), (1, 7, 0)))
    three = bargains(found)
    assert three.ideal == (16.0, 7.0)
    assert named(found, three.nash) == "p3"  # 5 x 5 = 25 against 16, 24, 24, 7
    assert named(found, three.egalitarian) == "p3"  # the one who gets less gets 5
    assert named(found, three.kalai_smorodinsky) == "p2"  # least share 3/7 against 1/7, 4/16, 5/16, 1/16
    assert not three.coincide


def test_nobody_bargains_where_somebody_loses() -> None:
    found = exhaustive(options((5, -1, 0), (-1, 5, 0), (4, 0, 0)))
    assert bargains(found).nash is None and lottery(found) is not None
    assert bargains(exhaustive(options((5, -6, 0), (-6, 5, 0)))).nash is None
    assert lottery(exhaustive(options((5, -6, 0), (-6, 5, 0)))) is None


def test_a_cap_narrows_the_choice() -> None:
    found = exhaustive(options((5, 5, 0.9), (2, 2, 0.1)))
    assert named(found, bargains(found).nash) == "p0"
    assert named(found, bargains(found, cap=0.5).nash) == "p1"
    assert bargains(found, cap=0.05).nash is None


def test_lotteries_by_hand() -> None:
    """A toss between (10, 0) and (0, 4): Nash halves each (5, 2), so does Kalai-Smorodinsky; equal gains are 20/7."""
    found = exhaustive(options((10, 0, 0), (0, 4, 0)))
    for rule in ("nash", "kalai_smorodinsky"):
        assert lottery(found, rule).gain == pytest.approx((5.0, 2.0), rel=1e-4)
    assert lottery(found, "egalitarian").gain == pytest.approx((20 / 7, 20 / 7))
    assert sum(lottery(found, "egalitarian").chances) == pytest.approx(1.0)


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_no_package_and_no_lottery_of_two_beats_the_points(seed: int) -> None:
    draw = np.random.default_rng(seed)
    found = exhaustive(options(*[(*row, 0.0) for row in draw.normal(1.0, 2.0, (6, 3)).round(2)]))
    gain = found.points[:, :3] - found.origin[:3]
    good = gain[(gain > 0).all(axis=1)]
    three, tossed = bargains(found), {r: lottery(found, r) for r in ("nash", "kalai_smorodinsky", "egalitarian")}
    if good.size:
        assert gain[three.nash].prod() == pytest.approx(good.prod(axis=1).max())
        assert gain[three.egalitarian].min() == pytest.approx(good.min(axis=1).max())
        shares = good / np.array(three.ideal)
        assert (gain[three.kalai_smorodinsky] / np.array(three.ideal)).min() == pytest.approx(shares.min(axis=1).max())
        assert np.prod(tossed["nash"].gain) >= good.prod(axis=1).max() * (1 - 1e-6)
        assert min(tossed["egalitarian"].gain) >= good.min(axis=1).max() - 1e-6
    if tossed["nash"] is not None:
        weight = 1.0 / np.array(tossed["nash"].gain)  # at the top no package is worth more at these prices
        assert max((gain @ weight).max(), 0.0) <= 3.0 + 1e-5


def test_exchange_rates_by_hand() -> None:
    """Joint gains 10, 16, 17, 30 at capability .1, .2, .3, .4; the hull skips .2 and .3."""
    found = exhaustive(options((5, 5, 0.1), (8, 8, 0.2), (8.5, 8.5, 0.3), (15, 15, 0.4)))
    table = exchange_rates(found)
    assert table["capability"].to_list() == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert table["ever_best"].to_list() == [True, True, False, False, True]
    assert table["best_from_usd_m"].to_list() == [
        pytest.approx(100.0), pytest.approx(20 / 0.3), None, None, 0.0,
    ]  # fmt: skip
    assert table["best_below_usd_m"].to_list() == [
        None, pytest.approx(100.0), None, None, pytest.approx(20 / 0.3),
    ]  # fmt: skip
    assert table["package"][0] == -1


@given(st.integers(0, 10**6), st.floats(0.0, 50.0))
@settings(max_examples=40, deadline=None)
def test_at_every_price_the_best_is_the_one_said(seed: int, price: float) -> None:
    draw = np.random.default_rng(seed)
    rows = np.column_stack((draw.uniform(0, 5, (8, 2)), draw.uniform(0, 1, 8))).round(2)
    table = exchange_rates(exhaustive(options(*map(tuple, rows))))
    worth = table["joint_gain_usd_m"].to_numpy() - price * table["capability"].to_numpy()
    said = table.with_row_index("at").filter(
        table["ever_best"] & (table["best_from_usd_m"] <= price) & (table["best_below_usd_m"].fill_null(np.inf) > price)
    )
    assert said.height == 1
    assert worth[said["at"].item()] == pytest.approx(worth.max(), abs=1e-9)


def test_harmless_alone_dangerous_together() -> None:
    def capability(x: np.ndarray) -> np.ndarray:  # 0 and 1 together make it, so do 2, 3 and 4 together, and 5 alone
        made = (x[:, 0] & x[:, 1]) | (x[:, 2] & x[:, 3] & x[:, 4]) | x[:, 5]
        return made[:, None].astype(float)

    toy = Toy(lambda x: np.stack([x.sum(1), x.sum(1)], axis=1).astype(float), capability, 7)
    found = dangerous(toy, 0.5)
    assert found.sets == ((5,), (0, 1), (2, 3, 4)) and found.complete_to == 3 and found.alone == (5,)
    short = dangerous(toy, 0.5, most_size=1)
    assert short.complete_to == 1 and set(short.sets) == {(5,), (0, 1), (2, 3, 4)}  # the larger ones by taking away
    gain = np.array([[1, 2.5, -0.4, 1, 1, 1, 1], [1, -0.5, 1.3, 1, 1, 1, 1]]).T
    frontier = exhaustive(Toy(lambda x: x @ gain, capability, 7))
    table = appearance(frontier, 0.5, found)
    good = [set(frontier.members(k)) for k in range(len(frontier)) if frontier.values.capability[k, 0] <= 0.5]
    assert len(good) > 1 and "p6" in set.intersection(*good)
    assert set(table.filter(table["always"])["proposal"]) == set.intersection(*good)
    assert table.filter(table["never"])["proposal"].to_list() == ["p5"]
    assert table.filter(table["breaks_alone"])["proposal"].to_list() == ["p5"]


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_minimal_sets_are_all_there_and_minimal(seed: int) -> None:
    draw = np.random.default_rng(seed)
    weight = draw.uniform(0, 0.5, 7)
    toy = linear([1] * 7, [1] * 7, weight.tolist(), exclusive=[(0, 3)])
    found = dangerous(toy, 0.7, most_size=7)
    expected = set()
    for row in everything(7):
        members = np.flatnonzero(row)
        if (
            not (row[0] and row[3])
            and weight[row].sum() > 0.7 + 1e-6
            and weight[row].sum() - weight[row].min() <= 0.7 + 1e-6
        ):
            expected.add(tuple(members.tolist()))
    assert set(found.sets) == expected


def test_a_cap_that_is_broken_already_or_a_kind_that_is_none() -> None:
    toy = Toy(lambda x: x[:, :2] * 1.0, lambda x: np.ones((len(x), 1)), 2)
    with pytest.raises(DetenteError, match="status quo is above"):
        dangerous(toy, 0.5)
    with pytest.raises(DetenteError, match="capability: got 'x'"):
        dangerous(toy, 0.5, "x")
    found = exhaustive(toy)
    with pytest.raises(DetenteError, match="capability: got 'x'"):
        exchange_rates(found, "x")
    with pytest.raises(DetenteError, match="name one"):
        exchange_rates(exhaustive(toy, Aim(capabilities=())))
    with pytest.raises(DetenteError, match="two or more"):
        bargains(exhaustive(toy, Aim(sides=("home",))))
    with pytest.raises(DetenteError, match="rule"):
        lottery(found, "dictator")
    with pytest.raises(DetenteError, match="one a proposal"):
        bundling(toy, ["home"], exhaustive)


def test_bundling_brings_what_neither_side_offers_alone() -> None:
    """Home's concession costs home, target's costs target; together both gain."""
    toy = linear([-1, 5, 1], [4, -2, 1], [0, 0, 0])
    table = bundling(toy, ["home", "target", "home"], exhaustive)
    rows = {r["who"]: r for r in table.iter_rows(named=True)}
    assert rows["home"]["joint_gain_usd_m"] == 5.0  # (0, 5) hurts nobody
    assert rows["home"]["gain_usd_m_home"] == 1.0  # but both gain by the third proposal only
    assert rows["target"]["joint_gain_usd_m"] == 0.0 and rows["target"]["n_packages"] == 0
    assert (rows[TOGETHER]["gain_usd_m_home"], rows[TOGETHER]["gain_usd_m_target"]) == (5.0, 3.0)


def test_some_proposals_only() -> None:
    toy = linear(
        [1, 2, 3, 4], [1, 2, 3, 4], [0, 0, 0, 0], exclusive=[(0, 1), (2, 3)], requires=[(3, (0, 1)), (2, (0,))]
    )
    some = Only(toy, (1, 2, 3))
    assert some.names == ["p1", "p2", "p3"] and some.exclusive == [(1, 2)]
    assert some.requires == [(2, (0,)), (1, ())]
    found = frontier_of(some, everything(3))
    assert [found.members(k) for k in range(len(found))] == [("p1", "p3")]

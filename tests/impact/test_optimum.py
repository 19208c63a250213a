"""The best case: closed forms on small networks, and what must hold on any."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.decide import permits
from detente.impact import cascade
from detente.impact.calibration import NetworkError
from detente.impact.costs import cost
from detente.impact.network import Network
from detente.impact.optimum import Optimum, run
from detente.impact.sources import allow, random_network
from detente.impact.sources.imported import NO_DAY, network_of
from detente.record import Case, DetenteError, load
from detente.relief.apply import apply
from detente.relief.proposals import proposals

CRITICAL, IMPORTANT, OTHER = 2, 1, 0


def net(units: str, links: str) -> Network:
    """Units as ``name side item output``, links as ``seller buyer value class``, a line each."""
    rows = [line.split() for line in units.strip().splitlines()]
    sales = [line.split() for line in links.strip().splitlines()]
    at = {r[0]: k for k, r in enumerate(rows)}
    frame = pl.DataFrame(
        {
            "unit": [r[0] for r in rows],
            "side": [r[1] for r in rows],
            "country": [r[1] for r in rows],
            "item": [r[2] for r in rows],
            "output_usd_m": [float(r[3]) for r in rows],
        }
    )
    kinds = {"critical": CRITICAL, "important": IMPORTANT, "other": OTHER}
    return network_of(
        frame,
        np.array([at[s[0]] for s in sales]),
        np.array([at[s[1]] for s in sales]),
        np.array([float(s[2]) for s in sales]),
        link_class=np.array([kinds[s[3]] for s in sales], dtype=np.int8),
        day=NO_DAY,
    )


def shut(network: Network, *links: str, share: float = 0.0) -> np.ndarray:
    return np.array([share if link in links else 1.0 for link in network.links])


def side(found: Optimum, name: str) -> tuple[float, float]:
    row = found.by_side().row(by_predicate=pl.col("side") == name, named=True)
    return row["loss_usd_m_low"], row["loss_usd_m_high"]


CHAIN = """
    chips  home   chip  100
    phones target phone 400
    """


def test_a_cut_critical_input_stops_the_buyer_and_the_seller_loses_the_sale() -> None:
    network = net(CHAIN, "chips phones 60 critical")
    found = run(network, allow(network, 0.0), within=0.0)
    assert side(found, "home") == pytest.approx((60, 60))
    assert side(found, "target") == pytest.approx((400, 400))
    assert found.loss_usd_m == pytest.approx(60 + 340)  # value added: all of the chips', 340 of the phones'
    assert found.value_added_usd_m == pytest.approx(100 + 340)


def test_half_of_what_lacks_of_an_important_input_is_lacking() -> None:
    network = net(CHAIN, "chips phones 60 important")
    found = run(network, allow(network, 0.0), within=0.0)
    assert side(found, "target") == pytest.approx((200, 200))
    assert side(found, "home") == pytest.approx((60, 60))
    half = run(network, allow(network, 0.5), within=0.0)
    assert side(half, "target") == pytest.approx((100, 100))
    assert side(half, "home") == pytest.approx((30, 30))


def test_an_input_that_binds_nothing_costs_only_its_seller() -> None:
    network = net(CHAIN, "chips phones 60 other")
    found = run(network, allow(network, 0.0), within=0.0)
    assert side(found, "target") == pytest.approx((0, 0), abs=1e-3)
    assert side(found, "home") == pytest.approx((60, 60))


def test_where_nothing_can_be_made_all_is_lost() -> None:
    network = net("a x one 10\nb y two 20", "a b 10 critical")
    found = run(network, allow(network, 0.0))
    assert (side(found, "x"), side(found, "y")) == ((10.0, 10.0), (20.0, 20.0))
    assert found.loss_usd_m == found.value_added_usd_m == 20.0


TWO_MAKERS = """
    a      home   chip  100
    b      third  chip  100
    phones target phone 400
    """


def test_another_maker_steps_in_where_resourcing_is_on() -> None:
    """b sells 40 to final buyers and may sell them to the phone maker instead: phones lose 20 of 60 in chips."""
    network = net(TWO_MAKERS, "a phones 60 critical\nb phones 40 critical")
    law = allow(network, shut(network, "a>phones:chip"))
    kept = run(network, law, resourcing=False, within=0.0)
    assert side(kept, "target") == pytest.approx((240, 240))
    assert side(kept, "third") == pytest.approx((0, 0), abs=1e-3)
    moved = run(network, law, resourcing=True, within=0.0)
    assert side(moved, "target") == pytest.approx((0, 0), abs=1e-3)
    assert side(moved, "third") == pytest.approx((0, 0), abs=1e-3)
    assert side(moved, "home") == pytest.approx((60, 60))


def test_spare_capacity_replaces_what_a_closed_sale_brought() -> None:
    network = net(
        TWO_MAKERS.replace("third  chip  100", "third  chip  40"), "a phones 60 critical\nb phones 40 critical"
    )
    law = allow(network, shut(network, "a>phones:chip"))
    none, some, enough = (run(network, law, spare=s, within=0.0) for s in (0.0, 0.5, 1.5))
    assert side(none, "target") == pytest.approx((240, 240))
    assert side(some, "target") == pytest.approx((160, 160))
    assert side(enough, "target") == pytest.approx((0, 0), abs=1e-3)
    assert side(enough, "third") == pytest.approx((-60, -60))  # gained
    dear = run(network, law, spare=1.5, premium=10.0, within=0.0)
    assert side(dear, "target") == pytest.approx((240, 240))  # a USD of chips brings 4 USD of phones


def test_a_closed_sale_does_not_come_back_from_the_same_country_or_party() -> None:
    units = TWO_MAKERS + "c home chip 100\n"
    network = net(units, "a phones 60 critical\nb phones 40 critical")
    found = run(network, allow(network, shut(network, "a>phones:chip")), within=0.0)
    assert side(found, "target") == pytest.approx((0, 0), abs=1e-3)  # all of b's
    only = net(units, "a phones 100 critical")
    barred = run(only, allow(only, 0.0), within=0.0)  # b in a third country may, c at home may not
    assert side(barred, "target") == pytest.approx((0, 0), abs=1e-3)
    parties = only.units.with_columns(pl.lit("one").alias("party"))
    same = dataclasses.replace(only, units=parties)
    assert side(run(same, allow(same, 0.0), within=0.0), "target") == pytest.approx((400, 400))


def test_rivals_take_over_final_sales_in_a_market() -> None:
    network = net(CHAIN + "rival third phone 400\n", "chips phones 60 critical")
    law = allow(network, 0.0)
    apart = run(network, law, spare=0.25, within=0.0)
    assert side(apart, "third") == pytest.approx((0, 0), abs=1e-3)
    together = run(network, law, spare=0.25, within=0.0, markets=[None, "phones", "phones"])
    assert side(together, "third") == pytest.approx((-100, -100))
    assert side(together, "target") == pytest.approx((400, 400))


def test_the_range_shows_what_the_optimum_does_not_settle() -> None:
    """Two makers, one buyer who needs half of what both make: either may lose the orders."""
    network = net(
        """
        a      home   chip  50
        b      third  chip  50
        phones target phone 400
        case   other  case  100
        """,
        "a phones 50 critical\nb phones 50 critical\ncase phones 100 critical",
    )
    found = run(network, allow(network, shut(network, "case>phones:case", share=0.5)), within=0.0)
    assert side(found, "home") == pytest.approx((0, 50))
    assert side(found, "third") == pytest.approx((0, 50))
    assert side(found, "target") == pytest.approx((200, 200))
    assert found.units["loss_usd_m"].sum() == pytest.approx(50 + 200 + 50)


def test_slack_is_of_the_loss_or_of_the_value_added() -> None:
    network = net(CHAIN + "else third rest 1000000\n", "chips phones 60 critical")
    law = allow(network, 0.0)
    assert side(run(network, law), "third") == pytest.approx((0, 4), abs=0.01)  # 1 % of 400
    assert side(run(network, law, of="value"), "third") == pytest.approx((0, 10_004.4), abs=1)


def test_unknown_sales_are_open_at_one_end_and_closed_at_the_other() -> None:
    network = net(CHAIN, "chips phones 60 critical")
    law = dataclasses.replace(allow(network, 0.0), high=np.ones(1), state=np.array([3], dtype=np.int8))
    found = run(network, law, within=0.0)
    assert (found.loss_usd_m_low, found.loss_usd_m, found.loss_usd_m_high) == pytest.approx((0, 400, 400))
    assert side(found, "home") == pytest.approx((0, 60))
    assert found.units["unknown_sales_usd_m"].sum() == 60.0


def closings(network: Network) -> st.SearchStrategy[np.ndarray]:
    m = network.seller.size
    return st.lists(st.sampled_from([1.0, 1.0, 1.0, 0.5, 0.0]), min_size=m, max_size=m).map(np.array)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Network, np.ndarray]:
    network = random_network(draw(st.integers(2, 14)), 1.0, industries=3, seed=draw(st.integers(0, 300))).network
    return network, draw(closings(network))


@given(cases(), st.booleans(), st.sampled_from([0.0, 0.2]))
def test_with_everything_open_nothing_is_lost(case: tuple, resourcing: bool, spare: float) -> None:
    network, _ = case
    markets = ["m"] * network.units.height
    found = run(network, allow(network), resourcing=resourcing, spare=spare, markets=markets, premium=0.01)
    assert found.loss_usd_m == 0.0
    assert found.groups["loss_usd_m_low"].to_numpy() == pytest.approx(0.0, abs=1e-3)
    assert found.groups["loss_usd_m_high"].to_numpy() == pytest.approx(0.0, abs=1e-3)


@given(cases(), st.data(), st.booleans(), st.sampled_from([0.0, 0.2]))
def test_closing_more_never_costs_less(case: tuple, data: st.DataObject, resourcing: bool, spare: float) -> None:
    network, some = case
    more = np.minimum(some, data.draw(closings(network)))
    less, worse = (run(network, allow(network, s), resourcing=resourcing, spare=spare) for s in (some, more))
    assert less.loss_usd_m <= worse.loss_usd_m + 1e-6 * worse.value_added_usd_m
    assert less.loss_usd_m >= 0.0


@given(cases())
def test_more_ways_to_adapt_never_cost_more(case: tuple) -> None:
    network, share = case
    law = allow(network, share)
    tight = run(network, law, resourcing=False)
    markets = ["m"] * network.units.height
    for loose in (run(network, law), run(network, law, spare=0.2), run(network, law, markets=markets)):
        assert loose.loss_usd_m <= tight.loss_usd_m + 1e-6 * tight.value_added_usd_m


@given(cases(), st.sampled_from([1e-6, 1e3, 1e6]))
def test_the_unit_of_money_changes_nothing(case: tuple, money: float) -> None:
    network, share = case
    units = network.units.with_columns(pl.col("output_usd_m") * money)
    other = dataclasses.replace(network, units=units, value=network.value * money)
    a, b = (run(x, allow(x, share)) for x in (network, other))
    assert b.loss_usd_m / money == pytest.approx(a.loss_usd_m, rel=1e-6, abs=1e-6)
    for end in ("loss_usd_m_low", "loss_usd_m_high"):
        assert b.groups[end].to_numpy() / money == pytest.approx(a.groups[end].to_numpy(), rel=1e-4, abs=1e-3)


@given(cases())
def test_ranges_hold_the_solution_and_no_unit_loses_more_than_it_makes(case: tuple) -> None:
    network, share = case
    found = run(network, allow(network, share))
    low, loss, high, output = (
        found.units[c].to_numpy() for c in ("loss_usd_m_low", "loss_usd_m", "loss_usd_m_high", "output_usd_m")
    )
    assert (low <= loss).all() and (loss <= high).all() and (high <= output * (1 + 1e-6) + 1e-6).all()
    sums = found.units.group_by("side").agg(pl.col("loss_usd_m").sum()).sort("side")["loss_usd_m"].to_numpy()
    groups = found.by_side()
    assert (groups["loss_usd_m_low"].to_numpy() <= sums + 1e-5).all()
    assert (sums <= groups["loss_usd_m_high"].to_numpy() + 1e-5).all()


@given(cases())
def test_it_never_loses_more_than_the_cascade_where_inputs_bind_alike(case: tuple) -> None:
    """Where every input is critical or binds nothing, the end of the cascade at which nobody is replaceable leaves no
    more than some plan that the best case may choose. An important input is another matter: half of what lacks may bind
    more than its share of all purchases."""
    network, share = case
    network = dataclasses.replace(network, link_class=np.where(network.link_class == 1, 2, network.link_class))
    law = allow(network, share)
    best = run(network, law, resourcing=False)
    worst = cascade.run(network, law).units
    added = 1.0 - np.bincount(network.buyer, network.value, network.units.height) / network.output
    assert best.loss_usd_m <= float(added @ worst["loss_usd_m_high"].to_numpy()) + 1e-6 * best.value_added_usd_m


def test_the_same_question_has_the_same_answer() -> None:
    network = random_network(150, seed=3).network
    law = allow(network, np.where(np.arange(network.seller.size) % 7 == 0, 0.0, 1.0))
    a, b = run(network, law), run(network, law)
    assert a.loss_usd_m == b.loss_usd_m
    assert a.groups.equals(b.groups) and a.units.equals(b.units)


def test_methods_agree() -> None:
    network = random_network(300, seed=4).network
    law = allow(network, np.where(np.arange(network.seller.size) % 5 == 0, 0.0, 1.0))
    a, b = (run(network, law, method=m) for m in ("simplex", "ipm"))
    assert a.loss_usd_m == pytest.approx(b.loss_usd_m, rel=1e-6)
    for column in a.groups.columns[1:]:
        assert a.groups[column].to_numpy() == pytest.approx(b.groups[column].to_numpy(), rel=1e-4, abs=1e-2)
    assert a.units["loss_usd_m_low"].null_count() == 300  # too many units to look at one by one


def test_the_bundled_case(huawei: Case) -> None:
    day = "2020-12-31"
    network, law = Network.of(huawei, day), permits(huawei, day, day).on(day)
    found = run(network, law)
    assert 0 < found.loss_usd_m_low <= found.loss_usd_m <= found.loss_usd_m_high < found.value_added_usd_m
    assert set(found.by_side()["side"]) == {"us", "china", "third"}
    whole = cascade.run(network, law).units
    for column in ("closed_sales_usd_m", "unknown_sales_usd_m", "closed_inputs_usd_m", "unknown_inputs_usd_m"):
        assert found.units[column].sum() == pytest.approx(whole[column].sum())
    assert run(network, law, by="party").groups.height == network.units["party"].n_unique()


def test_what_cannot_be_is_said(huawei: Case) -> None:
    network = net(CHAIN, "chips phones 60 critical")
    law = allow(network)
    for how, says in (
        ({"spare": -0.1}, "not negative"), ({"premium": -1.0}, "premium"), ({"within": np.nan}, "within"),
        ({"of": "all"}, "'loss' or 'value'"), ({"by": "unit"}, "'side'"), ({"markets": ["a"]}, "expected 2"),
        ({"time_limit_s": 0.0}, "seconds"),
    ):  # fmt: skip
        with pytest.raises(NetworkError, match=says):
            run(network, law, **how)
    with pytest.raises(NetworkError, match="same case and day"):
        run(network, permits(huawei, "2020-06-01", "2020-06-01").on("2020-06-01"))
    mixed = net(TWO_MAKERS, "a phones 60 critical\nb phones 40 other")
    with pytest.raises(NetworkError, match="one class"):
        run(mixed, allow(mixed))
    with pytest.raises(DetenteError, match="by='side'"):
        run(network, law, by="country").by_side()


def test_too_little_time_is_said() -> None:
    network = random_network(3000, seed=5).network
    law = allow(network, np.where(np.arange(network.seller.size) % 5 == 0, 0.0, 1.0))
    with pytest.raises(DetenteError, match=r"within 0\.001 seconds"):
        run(network, law, time_limit_s=0.001)


def test_what_presolve_leaves_unsure_is_solved_without_it() -> None:
    """With this package HiGHS comes back from presolve with a dual that is off by 1e-6, and says "unknown"."""
    case = load("chips-rare-earths")
    day = case.about.default_as_of
    there = apply(case, proposals(case, ["b-tools@100", "m-suspend"]), day)
    assert cost(there, day).by_side()["optimum_usd_m_low"].null_count() == 0

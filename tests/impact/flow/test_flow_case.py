"""A case's permits over time through the flow model."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import detente
from cases import LISTED, limb, measure
from detente.impact import flow, market
from detente.impact.calibration import NetworkError
from detente.impact.network import Network
from detente.impact.newcomers import newcomers
from detente.impact.owners import owners_of
from detente.record import DetenteError


@pytest.fixture(scope="module")
def law(huawei):
    return detente.permits(huawei, "2020-05-15", "2021-01-20")


def test_before_the_measures_nothing_is_lost(huawei):
    network = Network.of(huawei, "2020-05-15")
    run = flow.run(network, detente.permits(huawei, "2019-05-01", "2019-05-15"))
    np.testing.assert_allclose(run.output, run.baseline, rtol=1e-9)
    assert run.by_unit()["stops"].null_count() == network.units.height


def test_restrictions_bite_once_stocks_are_used_up(huawei, law):
    network = Network.of(huawei, "2020-05-15")
    run = flow.run(network, law)
    assert (run.output >= 0).all() and run.loss.sum() > 0
    for table in (run.by_side(), run.by_party(), run.by_country(), run.by_unit(), run.by_day()):
        assert table["loss_usd_m"].sum() == pytest.approx(run.loss.sum())
    longer = flow.run(network, law, stock_days=120.0)
    phones = network.units["unit"].to_list().index("huawei-p-mate")
    assert longer.loss[:, phones].sum() <= run.loss[:, phones].sum() + 1e-9
    late, soon = longer.stops[phones], run.stops[phones]
    assert late is None or (soon is not None and late >= soon)


def test_a_window_counts_its_own_days(huawei, law):
    run = flow.run(Network.of(huawei, "2020-05-15"), law)
    part = run.window(dt.date(2020, 9, 1), dt.date(2020, 9, 30))
    assert part.n_days == 30
    inside = run.by_day().filter(pl.col("day").is_between(dt.date(2020, 9, 1), dt.date(2020, 9, 30)))
    assert part.by_side()["loss_usd_m"].sum() == pytest.approx(inside["loss_usd_m"].sum())
    with pytest.raises(DetenteError, match="outside the days"):
        run.window(dt.date(2019, 1, 1), dt.date(2019, 1, 2))


def test_a_unit_that_is_sold_counts_for_its_owner_of_the_day(huawei, law):
    """Honor left Huawei on 2020-11-17: each owner has the days it owned."""
    network = Network.of(huawei, "2020-05-15")
    owners = owners_of(huawei, network.units["unit"].to_list(), law.first, law.last)
    run = flow.run(network, law, owners=owners)
    honor = run.owned().filter(pl.col("unit") == "honor-phones")
    assert honor["party"].to_list() == ["huawei", "zhixin"]
    before = (dt.date(2020, 11, 17) - law.first).days
    column = network.units["unit"].to_list().index("honor-phones")
    assert honor["loss_usd_m"].to_list() == pytest.approx(
        [run.loss[:before, column].sum(), run.loss[before:, column].sum()]
    )
    assert run.by_party().filter(pl.col("party") == "zhixin")["output_usd_m"].item() > 0


def test_other_makers_are_asked_only_where_the_law_lets_them(huawei, law):
    """Each sale that could be is decided like a sale of the record; who may not sell sells nothing."""
    network = Network.of(huawei, "2020-05-15")
    found = newcomers(huawei, law.first, law.last)
    assert set(zip(found.seller, found.buyer, strict=True)).isdisjoint(
        huawei["links"].filter(pl.col("value_usd_m") > 0).select("seller", "buyer").iter_rows()
    )
    shut = replace(found, permits=_never(found.permits))
    nobody, barred = (flow.run(network, law, newcomers=x, lasting=900).loss.sum() for x in (None, shut))
    anyone = flow.run(network, law, newcomers=replace(found, permits=_always(found.permits)), lasting=900).loss.sum()
    assert anyone < barred <= nobody  # between the two: sellers whose sales the record has without a figure
    empty = replace(shut, seller=(), buyer=(), like=())
    assert flow.run(network, law, newcomers=empty, lasting=900).loss.sum() == pytest.approx(barred)


def _decided(permits, share):
    verdicts = tuple(replace(v, share=share, share_low=share, share_high=share) for v in permits.decided)
    return replace(permits, decided=verdicts)


def _never(permits):
    return _decided(permits, 0.0)


def _always(permits):
    return _decided(permits, 1.0)


def test_competitors_take_over_what_a_maker_cannot_sell(huawei, law):
    network = Network.of(huawei, "2020-05-15")
    rivals = market.rivals(huawei, network)
    with_rivals = flow.run(network, law, rivals=rivals, lasting=900)
    without = flow.run(network, law, lasting=900)
    gained = with_rivals.by_unit().filter(pl.col("diverted_usd_m") > 1.0)
    assert set(gained["unit"]) <= set(rivals["unit"].drop_nulls())
    assert with_rivals.loss.sum() < without.loss.sum()
    lost_final = without.loss[:, [i for i, x in enumerate(network.units["item"]) if x == "smartphones"]].sum()
    assert 0 < with_rivals.diverted.sum() <= lost_final


def test_a_unit_that_begins_or_ends_costs_nothing_by_itself(made):
    """The record's network changes: without closed sales, output is what the record says, each day."""
    case = made(
        {
            "+links.csv": """
                id,             seller, buyer, value_usd_m, end_use,    since,      through
                norr>ova:chip,  norr,   ova,   30,          production, 2020-06-01,
                """,
            "+units.csv": """
                id,   name,        party, item, output_usd_m, country, since,      through
                tail, Tail chips,  norr,  chip, 50,           KR,      2020-02-01, 2020-08-31
                """,
            "measures/order.toml": None,
        }
    )
    first, last = dt.date(2020, 1, 1), dt.date(2020, 12, 31)
    networks = flow.networks_of(case, first, last)
    assert [str(n.day) for n in networks] == ["2020-01-01", "2020-02-01", "2020-06-01", "2020-09-01"]
    run = flow.run(networks, detente.permits(case, first, last), newcomers=newcomers(case, first, last))
    np.testing.assert_allclose(run.output, run.baseline, rtol=1e-9)
    tail = run.units["unit"].to_list().index("tail")
    alive = run.baseline[:, tail] > 0
    assert alive.sum() == (dt.date(2020, 9, 1) - dt.date(2020, 2, 1)).days


def test_stocks_keep_their_level_where_the_network_changes(made):
    """With the same sales before and after, a change elsewhere in the record moves no line's stop."""
    more = {
        "measures/order.toml": measure(limb("list", f'scope = [{{origin = ["US", "KR"]}}]\n{LISTED}')),
        "+units.csv": """
            id,   name,       party, item, output_usd_m, country, since
            tail, Tail chips, ova,   phone, 50,          JP,      2020-04-01
            """,
        "inputs.csv": """
            id, made,  used, class,    stock_days
            a,  phone, chip, critical, 60
            """,
    }
    first, last = dt.date(2020, 1, 1), dt.date(2020, 12, 31)
    losses = []
    for files in ({k: v for k, v in more.items() if k != "+units.csv"}, more):
        case = made(files)
        networks = flow.networks_of(case, first, last)
        run = flow.run(networks, detente.permits(case, first, last), stock_days=60.0)
        losses.append(run.loss[:, run.units["unit"].to_list().index("vell")].sum())
    assert losses[0] > 0
    assert losses[1] == pytest.approx(losses[0], rel=0.02)  # a day's orders at most, where a run begins anew


def test_other_records_are_refused(huawei):
    network = Network.of(huawei, "2020-05-15")
    with pytest.raises(NetworkError, match="different records"):
        flow.run(replace(network, record="other"), detente.permits(huawei, "2019-05-01", "2019-05-02"))

"""One answer from three models: what adds up, who said what, whose losses they are."""

from __future__ import annotations

import datetime as dt
import os

import polars as pl
import pytest

import detente
from detente.impact.assumptions import Assumptions, Span
from detente.impact.calibration import NetworkError
from detente.impact.closing import run as cascade_run
from detente.impact.models import Bracket
from detente.impact.network import Network
from detente.impact.runs import daily
from detente.impact.world import World
from detente.record import Case, DetenteError

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="three years of days, run in Python")


@pytest.fixture(scope="module")
def day(huawei: Case) -> Bracket:
    return detente.cost(huawei, "2021-01-20")


@pytest.fixture(scope="module")
def span(huawei: Case) -> Bracket:
    return detente.cost(huawei, since="2020-11-01", through="2020-12-15")


def test_before_the_measures_no_model_loses_anything(huawei: Case) -> None:
    found = detente.cost(huawei, "2019-05-15")
    for of in ("output", "value_added"):
        table = found.by_side(of)
        assert table.select(pl.col("^.*_usd_m.*$").exclude("output_usd_m")).to_numpy().ravel() == pytest.approx(
            0, abs=1e-3
        )
    assert found.by_side("sales")["sales_usd_m_high"].sum() == 0
    assert found.gains().height == found.stops().height == 0


@pytest.mark.parametrize("which", ["day", "span"])
def test_ends_are_ordered_and_named(which: str, request: pytest.FixtureRequest) -> None:
    found: Bracket = request.getfixturevalue(which)
    for table in (found.by_side(), found.by_party(), found.by_unit(), found.by_side("value_added")):
        assert (table["loss_usd_m_low"] <= table["loss_usd_m"] + 1e-6).all()
        assert (table["loss_usd_m"] <= table["loss_usd_m_high"] + 1e-6).all()
        assert (table["loss_usd_m"] == table["flow_usd_m"]).all()
        assert set(table["low_from"]) <= {"optimum", "flow", "cascade"} and set(table["high_from"]) <= {
            "flow",
            "cascade",
        }
        for end, said in (("low", {"optimum": "optimum_usd_m_low", "flow": "flow_usd_m", "cascade": "cascade_usd_m"}),
                          ("high", {"flow": "flow_usd_m", "cascade": "cascade_usd_m_high"})):  # fmt: skip
            for row in table.iter_rows(named=True):
                assert row[said[row[f"{end}_from"]]] == pytest.approx(row[f"loss_usd_m_{end}"], abs=1e-5)
        for model in ("flow", "cascade"):
            assert (table[f"{model}_usd_m_low"] <= table[f"{model}_usd_m"] + 1e-6).all()
            assert (table[f"{model}_usd_m"] <= table[f"{model}_usd_m_high"] + 1e-6).all()


@pytest.mark.parametrize("which", ["day", "span"])
def test_units_parties_and_sides_add_up(which: str, request: pytest.FixtureRequest) -> None:
    found: Bracket = request.getfixturevalue(which)
    for column in ("output_usd_m", "flow_usd_m", "cascade_usd_m", "direct_usd_m"):
        sums = [t[column].sum() for t in (found.by_unit(), found.by_party(), found.by_country())]
        assert sums[:1] * 2 == pytest.approx(sums[1:]) or column == "direct_usd_m"
        if column != "direct_usd_m":
            assert found.by_side()[column].sum() == pytest.approx(sums[0])


def test_the_cascade_of_the_bracket_is_the_cascade(day: Bracket, huawei: Case) -> None:
    alone = cascade_run(
        Network.of(huawei, "2021-01-20"), detente.permits(huawei, "2021-01-20", "2021-01-20").on("2021-01-20")
    )
    assert day.by_side()["cascade_usd_m"].to_list() == pytest.approx(alone.by_side()["loss_usd_m"].to_list())


def test_a_span_is_the_sum_of_its_days(span: Bracket) -> None:
    days, sides = span.by_day(), span.by_side()
    assert days["day"].min() == dt.date(2020, 11, 1) and days["day"].max() == dt.date(2020, 12, 15)
    for column in ("flow_usd_m", "cascade_usd_m", "cascade_usd_m_high", "optimum_usd_m_low"):
        whole = days.group_by("side").agg(pl.col(column).sum()).sort("side")[column].to_list()
        assert whole == pytest.approx(sides[column].to_list(), rel=1e-6)


def test_a_unit_that_is_sold_is_in_both_owners(span: Bracket) -> None:
    rows = span.by_unit().filter(pl.col("unit") == "honor-phones").sort("party")
    assert rows["party"].to_list() == ["huawei", "zhixin"]
    before, after = rows["output_usd_m"].to_list()
    n_before, n_after = 16, 29
    assert before / after == pytest.approx(n_before / n_after)


def test_the_waterfall_ends_at_the_flow(day: Bracket, span: Bracket) -> None:
    for found in (day, span):
        steps = found.waterfall()
        flow = dict(found.by_side().select("side", "flow_usd_m").iter_rows())
        for (side,), rows in steps.group_by("side"):
            parts = dict(rows.select("step", "usd_m").iter_rows())
            assert parts.pop("left") == pytest.approx(flow[side], abs=1e-5)
            assert sum(parts.values()) == pytest.approx(flow[side], abs=1e-5)
            assert parts["network"] >= -1e-6


def test_gains_are_the_other_side_of_losses(day: Bracket) -> None:
    gains = day.gains()
    units = day.by_unit().filter(pl.col("flow_usd_m") < -1e-5)
    assert gains.filter(pl.col("gained_usd_m") > 1e-5)["gained_usd_m"].sum() == pytest.approx(
        -units["flow_usd_m"].sum()
    )
    assert (gains["gained_usd_m_low"] <= gains["gained_usd_m"]).all()
    assert (gains["gained_usd_m"] <= gains["gained_usd_m_high"]).all()
    assert gains.filter(pl.col("diverted_usd_m") > 1)["item"].unique().to_list() == ["smartphones"]


def test_what_started_before_a_span_still_counts_in_it(huawei: Case) -> None:
    """Stocks run down before the span: a later start does not fill them again."""
    world = World.of(huawei, huawei.about.horizon.since, dt.date(2020, 9, 30))
    early, late = (daily(world, dt.date(2020, m, d), dt.date(2020, 9, 30), at_rest=False) for m, d in ((8, 1), (9, 15)))
    same = early.window(dt.date(2020, 9, 15), dt.date(2020, 9, 30))
    assert late.by_side()["loss_usd_m"].to_list() == pytest.approx(same.by_side()["loss_usd_m"].to_list())


def test_headlines_are_not_supported_where_models_disagree(day: Bracket) -> None:
    for row in day.by_side().iter_rows(named=True):
        apart = row["loss_usd_m_high"] > 3 * row["loss_usd_m_low"]
        assert row["is_supported"] is not apart


def test_days_and_assumptions_are_checked(huawei: Case) -> None:
    with pytest.raises(DetenteError, match="one or the other"):
        detente.cost(huawei, "2021-01-20", since="2020-01-01")
    with pytest.raises(DetenteError, match="before since"):
        detente.cost(huawei, since="2020-02-01", through="2020-01-01")
    with pytest.raises(NetworkError, match="sigma: got"):
        Assumptions(sigma=Span(0.0, 0.5, 1.2))
    with pytest.raises(DetenteError, match="expected output"):
        detente.cost(huawei, "2019-05-15").by_side("profit")  # type: ignore[arg-type]

"""One answer of search, law, models and drawn worlds: its parts agree with what each says by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from detente.impact.costs import cost
from detente.record import Case, DetenteError, load
from detente.relief.answer import STATUS_QUO, Relief, gains, is_supported, losses
from detente.relief.frames import frames
from detente.relief.frontier import frontier_of
from detente.relief.search.rules import all_packages
from detente.relief.values import Bools
from detente.relief.weigh import Step, packages_of, relief
from detente.report.answers import headline

FEW = ("b-accelerators", "b-tools", "b-defence", "m-suspend", "m-blocking", "m-sell-canis")
"""Three modes, two modes, one the law refuses, one that opens much, one that opens nothing, a sale."""


@pytest.fixture(scope="module")
def lesson() -> Case:
    return load("chips-rare-earths")


@pytest.fixture(scope="module")
def heard() -> list[Step]:
    return []


@pytest.fixture(scope="module")
def found(lesson: Case, heard: list[Step]) -> Relief:
    return relief(lesson, only=FEW, draws=8, progress=heard.append)


def test_few_proposals_are_all_valued_and_evolution_finds_no_package_beyond(lesson: Case, found: Relief) -> None:
    assert found.frontier.exact and found.settings["method"] == "exhaustive"
    searched = relief(lesson, only=FEW, draws=0, evaluations=40, seed=1)
    assert not searched.frontier.exact
    known = {row.tobytes() for row in found.frontier.points.round(6)}
    better = [p for p in searched.frontier.points.round(6) if p.tobytes() not in known]
    for point in better:  # what the shorter search kept and the whole one did not is beaten there
        assert (found.frontier.points.round(6) >= point).all(axis=1).any()


def test_the_frontier_is_that_of_all_packages(found: Relief) -> None:
    every = np.concatenate(list(all_packages(found.objectives)))
    there = frontier_of(found.objectives, every)
    by_cascade = relief(found.case, only=FEW, model="cascade", draws=0)
    assert by_cascade.frontier.points == pytest.approx(there.points)
    assert by_cascade.frontier.packages.tolist() == there.packages.tolist()


def test_what_the_law_refuses_is_told_with_the_reason_and_in_no_package(found: Relief) -> None:
    rows = {r["proposal"]: r for r in found.proposals().iter_rows(named=True)}
    assert not rows["b-defence"]["is_admissible"] and "no licence overcomes that" in rows["b-defence"]["because"]
    assert rows["b-defence"]["gain_usd_m_borea"] is None and rows["b-tools@50"]["gain_usd_m_borea"] is not None
    assert {"b-defence", "m-blocking"}.isdisjoint(found.frontier.names)


def test_packages_shown_are_decided_and_costed_anew(lesson: Case, found: Relief) -> None:
    assert found.shown[0].why == (STATUS_QUO,) and not found.shown[0].package.any()
    assert len(found.shown) > 2
    now = cost(lesson, found.day).by_side()
    rows = found.packages()
    kept = ("side", "cascade_usd_m", "flow_usd_m", "optimum_usd_m_low")
    for k in (1, len(found.shown) - 1):
        one = found.shown[k]
        then = cost(found.objectives.menu.applied(one.package), found.day).by_side()
        if "m-sell-canis" in one.members:
            continue
        for side in found.sides:
            a, b = (x.filter(pl.col("side") == side).select(kept).row(0, named=True) for x in (now, then))
            told = rows.row(k, named=True)
            for model, column in (("flow", "flow_usd_m"), ("cascade", "cascade_usd_m"), ("optimum", kept[-1])):
                assert told[f"gain_usd_m_{side}_{model}"] == pytest.approx(a[column] - b[column], rel=1e-9, abs=1e-6)


def test_the_search_says_what_the_models_say_also_where_a_unit_is_sold(found: Relief) -> None:
    menu = found.objectives.menu
    base = losses(found.shown[0].bracket)
    for ids in (["m-sell-canis"], ["m-sell-canis", "b-tools@50", "m-suspend"], ["b-accelerators@25"]):
        package = packages_of(menu, [ids])
        then = losses(cost(menu.applied(package[0]), found.day))
        cascade = found.objectives.evaluate(package).gain[0]
        for s, side in enumerate(found.sides):
            told = gains(base, then, side)
            assert told["cascade"] == pytest.approx(cascade[s], rel=1e-9, abs=1e-5)
            assert told["flow_low"] <= told["flow"] <= told["flow_high"]


def test_changes_credit_the_owner_under_the_package_and_sum_to_the_side(found: Relief) -> None:
    for k in range(1, len(found.shown)):
        told = found.packages().row(k, named=True)
        by = found.changes(k)
        for side in found.sides:
            mine = by.filter(pl.col("side") == side)["gain_usd_m"].sum()
            assert mine == pytest.approx(told[f"gain_usd_m_{side}_flow"], rel=1e-9, abs=1e-5)
            assert mine == pytest.approx(
                float(found.shown[k].values.gain[0, found.sides.index(side)]), rel=1e-6, abs=1e-3
            )
    with pytest.raises(DetenteError, match="by: got 'planet'"):
        found.changes(1, "planet")


def test_nothing_used_is_nothing_gained_and_all_used_is_the_package(found: Relief) -> None:
    for k, one in enumerate(found.shown[1:], start=1):
        rungs = found.ladder.filter(pl.col("package") == k)
        assert rungs["used"].to_list() == [0.0, 0.25, 0.5, 1.0]
        for s, side in enumerate(found.sides):
            gains = rungs[f"gain_usd_m_{side}"].to_list()
            assert gains[0] == pytest.approx(0, abs=1e-6)
            assert gains[-1] == pytest.approx(float(one.values.gain[0, s]), rel=1e-9, abs=1e-6)


def test_shares_of_measures_sum_to_the_loss(found: Relief) -> None:
    assert found.measures is not None and found.regimes is not None
    assert found.measures.share.sum(axis=0) == pytest.approx(found.measures.total)
    assert found.regimes.share.sum(axis=0) == pytest.approx(found.measures.total)
    lost = found.shown[0].bracket.by_side().select("side", "cascade_usd_m")
    by = dict(zip(found.measure_sides, found.measures.total.tolist(), strict=True))
    assert by == pytest.approx(dict(lost.iter_rows()))


def test_points_under_a_cap_keep_it_and_dangerous_sets_break_theirs(found: Relief) -> None:
    for r in found.caps.drop_nulls("package").iter_rows(named=True):
        kept = found.frontier.values.capability[r["package"], found.capabilities.index(r["capability"])]
        assert kept <= r["cap"] + 1e-9
    assert found.coalitions
    for kind, sets in found.coalitions.items():
        c = found.capabilities.index(kind)
        for members in sets.sets:
            row = np.zeros((1, found.objectives.n_proposals), dtype=bool)
            row[0, list(members)] = True
            assert found.objectives.evaluate(row).capability[0, c] > sets.cap


def test_a_cap_is_kept_by_every_package(lesson: Case) -> None:
    capped = relief(lesson, only=FEW, cap={"computing": 0.3}, draws=0)
    c = capped.capabilities.index("computing")
    assert len(capped.frontier) and (capped.frontier.values.capability[:, c] <= 0.3 + 1e-9).all()
    assert capped.settings["cap_computing"] == 0.3


def test_a_cap_that_nothing_keeps_is_said(found: Relief) -> None:
    none = found.frontier.part(np.zeros(len(found.frontier), dtype=np.bool_))
    nothing = replace(found, frontier=none, shown=found.shown[:1], under_draws=None)
    assert "no package found keeps the caps that were asked for; the status quo has " in headline(nothing)
    assert nothing.packages().schema["proposals"] == pl.List(pl.String)


def test_worlds_and_steps(found: Relief, heard: list[Step]) -> None:
    rows = found.packages()
    assert rows["p_win_win"].to_list()[0] is None
    assert rows["p_win_win"].drop_nulls().is_between(0, 1).all()
    assert rows["selected"].drop_nulls().sum() <= 1 + 1e-9
    assert (rows["regret_usd_m"].drop_nulls() >= -1e-6).all()
    judged = found.judged
    assert rows["p_kept"].drop_nulls().to_list() == judged.kept.tolist()
    assert (rows["p_kept"] <= rows["p_win_win"]).drop_nulls().all()
    sure = np.flatnonzero(judged.kept >= 0.9)
    best = rows.filter("is_chance_constrained")["package"].to_list()
    assert best == ([] if not sure.size else [1 + int(sure[np.argmax(judged.gain_mean[sure])])])
    assert found.under_draws is not None
    gain = found.under_draws.gain.copy()
    gain[:, 0] = 0.0
    gain[:, 0, :2] = 1e6, -1e3  # much for one side, at the other's cost: it would not be taken
    turned = replace(found, under_draws=replace(found.under_draws, gain=gain)).packages()
    assert turned["p_win_win"][1] == 0.0 and turned["regret_usd_m"][1] >= 0.0
    doing = [s.doing for s in heard]
    assert doing[0] == "asking the law" and doing[-1] == "drawing worlds"
    assert all(0 <= s.done <= max(s.of, s.done) for s in heard)


def test_every_table_has_a_name(found: Relief) -> None:
    tables = frames(found)
    assert {"packages", "proposals", "frontier", "caps", "rates", "dangerous", "bundling", "measures"} <= set(tables)
    assert all(t.height for t in tables.values())
    assert not any(t.select(pl.col(pl.Float64).is_nan().any()).row(0).count(True) for t in tables.values())


def test_the_answer_is_the_same_again_and_by_threads(lesson: Case, found: Relief) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        again = relief(lesson, only=FEW, draws=8, executor=pool)
    assert again.packages().equals(found.packages())
    assert again.record == found.record == lesson.digest


def test_a_case_without_proposals_is_told_what_to_do(made: Callable[..., Case]) -> None:
    with pytest.raises(DetenteError, match=r"write proposals.csv \(docs/proposals.md\), or ask for generated ones"):
        relief(made())


def test_generated_proposals_need_no_file(made: Callable[..., Case]) -> None:
    found = relief(made(), generated=["refused"], draws=0)
    assert {p.kind for p in found.proposed} == {"grant"}
    assert found.bundling is None
    assert len(found.shown) == 1  # other suppliers are free already: nobody gains without another's loss
    assert headline(found).startswith("On 31 December 2020 no package found leaves every side better off")


def test_what_cannot_be_granted_at_all_and_words_that_are_none(lesson: Case) -> None:
    with pytest.raises(DetenteError, match="can grant none of the 1 proposals"):
        relief(lesson, only=["b-defence"])
    with pytest.raises(DetenteError, match="model: got 'oracle'"):
        relief(lesson, model="oracle")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("figures", "supported"),
    [
        ([10.0, 20.0, 30.0], True),
        ([10.0, 20.0, 31.0], False),
        ([-1.5, 2.0], False),
        ([0.2, -0.9], True),
        ([0.0, 5.0], False),
    ],
)
def test_a_figure_is_supported_within_a_factor_of_three(figures: list[float], supported: bool) -> None:
    assert is_supported(figures) is supported


def test_packages_by_id(found: Relief) -> None:
    rows: Bools = packages_of(found.objectives.menu, [[], ["m-suspend"]])
    assert rows.sum(axis=1).tolist() == [0, 1]


def test_a_bystander_counts_only_where_it_is_asked_for(lesson: Case, found: Relief) -> None:
    assert set(found.between) == set(found.sides)
    two = relief(lesson, only=FEW, between=["borea", "merid"], draws=4)
    assert two.between == ("borea", "merid") and two.sides == found.sides
    good = two.frontier.win_win
    assert (two.frontier.values.gain[good][:, [two.sides.index(s) for s in two.between]] >= -1e-3).all()
    mine, all_ = ([x.sides.index(s) for s in x.between] for x in (two, found))
    least = [
        x.frontier.values.gain[x.frontier.win_win][:, c].min(axis=1).max() for x, c in ((two, mine), (found, all_))
    ]
    assert least[0] >= least[1] - 1e-3  # who asks for less gets no less
    own = two.under_draws.gain[:, :, [two.sides.index(s) for s in two.between]]
    assert two.packages()["p_win_win"].drop_nulls().to_list() == (own >= -1e-9).all(axis=2).mean(axis=0).tolist()
    assert headline(two).endswith("Only Borea and Merid count as sides here; others may lose.")
    assert "count as sides" not in headline(found)
    with pytest.raises(DetenteError, match=r"side: got atlantis"):
        relief(lesson, only=FEW, between=["borea", "atlantis"], draws=0)

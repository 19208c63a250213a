"""The programme of packages: against every package fixed in turn, and its potential against the evaluator's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detente.impact.optimum_programme import programme
from detente.impact.optimum_solver import solve as best_case
from detente.record import DetenteError
from detente.relief.blocs.drawn import two_blocs
from detente.relief.search.milp import by_programme, planners_promise
from detente.relief.search.milp_model import build, solve
from detente.relief.search.rules import all_packages


@pytest.mark.parametrize(("n", "P", "seed"), [(40, 6, 3), (50, 6, 11), (60, 6, 1)])
def test_no_package_under_the_cap_does_better(n: int, P: int, seed: int) -> None:
    """Every package the rules allow, fixed in turn, with each side at least where it is now."""
    blocs = two_blocs(n, P, seed)
    model = build(blocs)
    packages = np.concatenate(list(all_packages(blocs)))
    kept = blocs.capability(packages)[:, 0]
    worth = np.full(len(packages), -np.inf)
    for k, row in enumerate(packages):
        found = solve(model, np.ones(2), least=np.zeros(2), fixed=row)
        if found is not None:
            worth[k] = found.gain.sum()
    done = by_programme(blocs, 3)
    assert len(done.points) == 3 and done.proved
    for point in done.points:
        best = worth[kept <= point.cap + 1e-6].max()
        assert point.gain.sum() == pytest.approx(best, rel=1e-5, abs=1e-5)
        assert point.bound >= best - 1e-5 and point.bound == pytest.approx(best, rel=1e-5, abs=1e-4)
        assert point.capability[0] <= point.cap + 1e-6
        assert (point.gain >= -1e-5).all()
        assert point.by_flows[0] <= point.capability[0] + 1e-6  # flows never make more than the potential
    assert np.array_equal(done.frontier.values.gain, blocs.evaluate(done.frontier.packages).gain)


def test_whole_proposals_give_the_most_generous_clause() -> None:
    """The programme with a package fixed is the best case of the permits that the package gives."""
    blocs = two_blocs(50, 9, 5)
    model = build(blocs)
    draw = np.random.default_rng(0)
    n = blocs.network.units.height
    for row in draw.random((6, 9)) < 0.6:
        if not blocs.evaluate(row[None, :]).feasible[0]:
            continue
        p = programme(
            blocs.network, blocs.openings.allowed(row[None, :])[0], spare=np.zeros(n), market=np.full(n, -1),
            resourcing=False, premium=0.0,
        )  # fmt: skip
        gain = np.zeros(p.most.size)
        shares = np.divide(p.size[:n], p.revenue, out=np.zeros(n), where=p.revenue > 0)
        gain[:n] = blocs.by_side.sum(axis=1) * shares
        value = best_case(replace(p, gain=gain), method="simplex", time_limit_s=20.0).value
        found = solve(model, np.ones(2), fixed=row)
        assert found is not None
        assert found.objective == pytest.approx(value, rel=1e-6)


def test_one_side_alone_gains_at_least_as_much_and_floors_hold() -> None:
    blocs = two_blocs(50, 10, 2)
    both = by_programme(blocs, [0.7]).points[0]
    home = by_programme(blocs, [0.7], weight=[1.0, 0.0]).points[0]
    assert home.gain[0] >= both.gain[0] - 1e-5 and home.gain.sum() <= both.gain.sum() + 1e-5
    floor = both.gain[1] * 0.5
    held = by_programme(blocs, [0.7], weight=[1.0, 0.0], least_gain=[0.0, floor]).points[0]
    assert held.gain[1] >= floor - 1e-5


def test_a_programme_that_picks_the_flows_promises_too_much() -> None:
    promises = [planners_promise(two_blocs(60, 12, seed), 0.5) for seed in range(6)]
    found = [p for p in promises if p is not None]
    assert found and all(flows <= 0.5 + 1e-6 and potential >= flows - 1e-6 for flows, potential in found)
    assert max(potential - flows for flows, potential in found) > 0.1


def test_time_that_runs_out_proves_nothing() -> None:
    done = by_programme(two_blocs(60, 20, 4), [0.6], time_limit_s=0.0)
    assert not done.proved and done.points[0].bound >= done.points[0].gain.sum() - 1e-6


def test_what_does_not_fit_is_refused() -> None:
    blocs = two_blocs(40, 8, 3)
    with pytest.raises(DetenteError, match="caps"):
        by_programme(blocs, [1.5])
    with pytest.raises(DetenteError, match="capability"):
        by_programme(blocs, [0.5], capability="x")
    with pytest.raises(DetenteError, match="one a side"):
        by_programme(blocs, [0.5], weight=[1.0])

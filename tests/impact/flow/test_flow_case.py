"""A case's permits over time through the flow model."""

from dataclasses import replace

import numpy as np
import pytest

import detente
from detente.impact import flow
from detente.impact.calibration import NetworkError
from detente.impact.network import Network


@pytest.fixture(scope="module")
def huawei():
    case = detente.load("huawei")
    return case, Network.of(case, "2020-05-15")


def test_before_the_measures_nothing_is_lost(huawei):
    case, network = huawei
    run = flow.run(network, detente.permits(case, "2019-05-01", "2019-05-15"))
    np.testing.assert_allclose(run.output, run.baseline, rtol=1e-9)
    assert run.by_unit()["stops"].null_count() == network.units.height


def test_restrictions_bite_once_stocks_are_used_up(huawei):
    case, network = huawei
    permits = detente.permits(case, "2020-05-15", "2021-01-20")
    run = flow.run(network, permits)
    assert (run.output >= 0).all()
    assert run.loss.sum() > 0
    sides = run.by_side()
    assert sides["loss_usd_m"].sum() == pytest.approx(run.loss.sum())
    by_day = run.by_day()
    assert by_day["loss_usd_m"].sum() == pytest.approx(run.loss.sum())
    longer = flow.run(network, permits, stock_days=120.0, newcomers=False)
    nobody = flow.run(network, permits, newcomers=False)
    units = network.units["unit"].to_list()
    phones = units.index("huawei-p-mate")
    assert longer.loss[:, phones].sum() <= nobody.loss[:, phones].sum() + 1e-9


def test_other_records_are_refused(huawei):
    case, network = huawei
    with pytest.raises(NetworkError, match="different records"):
        flow.run(replace(network, record="other"), detente.permits(case, "2019-05-01", "2019-05-02"))

"""The reference's own numbers: GLcascade and fastcascade 0.9.3.1, inputs and outputs as text with 17 digits."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from detente.impact import batches
from detente.impact.cascade import esri
from detente.impact.sectors import sector_losses

SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[2].parent / "shared"))
GOLDEN = SHARED / "golden" / "esri"
CASES = sorted(case.parent for case in GOLDEN.glob("*/case.json"))

pytestmark = pytest.mark.skipif(not CASES, reason=f"no golden files at {GOLDEN}; DETENTE_SHARED can name their folder")


def table(path):
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    return head, rows


def numbers(path):
    return np.array(table(path)[1], dtype=float)


def shocks(path, n, n_scenarios):
    if not path.exists():
        return None
    scenario, firm, share = numbers(path).T
    return sparse.coo_array((share, (firm.astype(int), scenario.astype(int))), shape=(n, n_scenarios))


WAYS = [(case, wide) for case in CASES for wide in (batches.WIDE, 0)]  # 0: never the whole network at once


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: f"{way[0].name}-{way[1]}")
def case(request):
    folder, wide = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "WIDE", wide)
        return read_and_run(folder)


def read_and_run(folder):
    about = json.loads((folder / "case.json").read_text())
    n, n_scenarios = about["n"], about["scenarios"]
    seller, buyer, value = numbers(folder / "edges.csv").T
    head, rows = table(folder / "firms.csv")
    firms = dict(zip(head, map(np.array, zip(*rows, strict=True)), strict=True))
    _, classes = table(folder / "ess.csv")
    assert [row[0] for row in classes] == np.unique(firms["sector"]).tolist()
    weights = [firms[name].astype(float) for name in head if name.startswith("hw")]
    result = esri(
        sparse.coo_array((value, (seller.astype(int), buyer.astype(int))), shape=(n, n)),
        firms["sector"],
        np.array([row[1:] for row in classes], dtype=int),
        shocks=shocks(folder / "psi.csv", n, n_scenarios),
        shocks_up=shocks(folder / "psi_up.csv", n, n_scenarios),
        market=firms.get("market"),
        weights=np.column_stack(weights) if weights else None,
        tolerance=about["eps"],
        stop="output" if about["conv_type"] == 1 else "index",
        keep="all",
    )
    return folder, about, firms, result


def same(got, golden):
    np.testing.assert_allclose(got, golden, rtol=0, atol=1e-10)


def test_index_and_iterations(case):
    folder, _, _, result = case
    golden = numbers(folder / "esri.csv")
    Q = result.esri.shape[1]
    same(np.stack([result.esri, result.esri_down, result.esri_up], axis=2).reshape(-1, 3 * Q), golden[:, : 3 * Q])
    same(result.index_previous, golden[:, -3])
    same(result.index_last, golden[:, -2])
    np.testing.assert_array_equal(result.iterations, golden[:, -1])


def test_losses_of_firms(case):
    folder, about, _, result = case
    saved = about["h_scenarios_saved"]
    same(result.loss_down.toarray()[:, :saved], numbers(folder / "loss_d.csv"))
    same(result.loss_up.toarray()[:, :saved], numbers(folder / "loss_u.csv"))


def test_losses_of_sectors(case):
    folder, about, firms, result = case
    if not about["sector_impacts"]:
        pytest.skip("this case has no sectors")
    groups = firms["sec_impact"]
    up = firms.get("sec_wu")
    part = sector_losses(
        result,
        groups,
        weights=firms["sec_w"].astype(float),
        weights_up=None if up is None else up.astype(float),
    )
    for name, got in [
        ("sec_d_mat", part.down),
        ("sec_u_mat", part.up),
        ("sec_du_mat", part.both),
        ("sec_d_mat_init", part.down_shock),
        ("sec_u_mat_init", part.up_shock),
        ("sec_du_mat_init", part.both_shock),
    ]:
        head, _ = table(folder / f"{name}.csv")
        assert head == part.labels.tolist()
        same(got, numbers(folder / f"{name}.csv"))

"""The reference's own numbers: BoARIO 0.7.2 on pymrio's test table, as text with 17 digits."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from detente.impact.flow import Event, boario, boario_switches, industries

SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[3].parent / "shared"))
GOLDEN = SHARED / "golden" / "boario"
CASES = sorted(case.parent for case in GOLDEN.glob("*/case.json"))

pytestmark = pytest.mark.skipif(not CASES, reason=f"no golden files at {GOLDEN}; DETENTE_SHARED can name their folder")


def rows(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def numbers(path):
    return np.array([[float(cell) if cell else np.nan for cell in row[1:]] for row in rows(path)[3:]])


@pytest.fixture(scope="module", params=CASES, ids=lambda folder: folder.name)
def case(request):
    folder = request.param
    about = json.loads((folder / "case.json").read_text())
    head, sectors, *body = rows(GOLDEN / "mriot_Z.csv")
    regions, sectors = head[2:], sectors[2:]
    Z = np.array([row[2:] for row in body[1:]], float)
    demand = rows(GOLDEN / "mriot_Y.csv")
    Y = np.array([row[2:] for row in demand[3:]], float)
    x = np.array([row[2] for row in rows(GOLDEN / "mriot_x.csv")[1:]], float)
    number = {f"{r}|{s}": k for k, (r, s) in enumerate(zip(regions, sectors, strict=True))}
    option = about["model_kwargs"]
    table = industries(
        Z, Y, x, sectors, stock_days=option.get("inventory_dict", 90.0), psi=option.get("psi_param", 0.8),
        tau=option.get("inventory_restoration_tau", 60.0), as_reference=True,
    )  # fmt: skip
    events = [
        Event(e["event_type"], {number[k]: v for k, v in e["impact"].items()}, e["occurrence"], e["duration"],
              e.get("recovery_tau", e.get("rebuild_tau")), e.get("recovery_function", "linear"),
              e.get("rebuilding_sectors"), e.get("rebuilding_factor", 1.0))
        for e in about["events"]
    ]  # fmt: skip
    switches = boario_switches(
        alpha_max=option.get("alpha_max", 1.25), alpha_tau=option.get("alpha_tau", 365.0), as_reference=True
    )
    days = sorted({int(row[0]) for row in rows(folder / "inputs_stocks_selected.csv")[3:]})
    run = boario(table, about["T"], events, switches=switches, as_reference=True,
                 snap_days=[d - 1 for d in days if d])  # fmt: skip
    return folder, table, run, Y, (regions, sectors, demand[0][2:])


def same(got, golden, scale, rtol=1e-9, atol=1e-12):
    np.testing.assert_allclose(got / scale, golden / scale, rtol=rtol, atol=atol)


def test_records(case):
    folder, table, run, _, _ = case
    x = table.network.output
    before = np.concatenate((x[None], run.output[:-1, :, 0]))
    final = table.network.net.final
    met = run.final[:, :, 0] - run.rebuilt[:, :, 0]
    for name, got in (
        ("production_realised", run.output[:, :, 0]),
        ("production_capacity", run.capacity[:, :, 0]),
        ("intermediate_demand", run.orders[:, :, 0]),
        ("final_demand", np.broadcast_to(final, met.shape)),
        ("final_demand_undist", final - met),
        ("value_added", before - run.asked[:, :, 0]),  # what the reference writes: see docs/flow.md, trap B14
        ("rebuild_demand", run.rebuild[:, :, 0]),
        ("rebuild_prod", run.rebuilt[:, :, 0]),
    ):
        path = folder / f"{name}.csv"
        if path.exists():
            same(got, numbers(path), x)
    same(run.spare[:, :, 0], numbers(folder / "overproduction.csv"), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(
        run.limiting[:, 0], [int(row[1]) for row in rows(folder / "limiting_inputs_count.csv")[1:]]
    )


def test_capital(case):
    folder, table, run, _, _ = case
    golden = numbers(folder / "productive_capital_to_recover.csv")
    if np.isnan(golden).any() or not golden.any():
        pytest.skip("no capital is lost in this case")
    same(run.lost[:, :, 0] * table.capital, golden, table.capital)


def test_stocks(case):
    folder, table, run, _, (_, sectors, _) = case
    labels = sorted(set(sectors))
    n, K = len(sectors), len(labels)
    net = table.network.net
    first = (net.days[net.pace] * net.use).reshape(n, K)
    for row in rows(folder / "inputs_stocks_selected.csv")[3:]:
        day, k = int(row[0]), labels.index(row[1])  # written before the day's deliveries
        stock = run.stock[run.snap_days.index(day - 1), :, 0].reshape(n, K) if day else first
        same(stock[:, k], np.array(row[2:], float), np.maximum(first[:, k], 1e-300), atol=1e-11)


def test_final_demand_unmet(case):
    folder, table, run, Y, (_, sectors, consumers) = case
    golden = numbers(folder / "final_demand_unmet.csv")
    final = table.network.net.final
    share = np.divide(run.rebuilt[:, :, 0] * 0 + run.final[:, :, 0] - run.rebuilt[:, :, 0], final,
                      out=np.ones(run.output.shape[:2]), where=final > 0)  # fmt: skip
    products, places = sorted(set(sectors)), sorted(set(consumers))
    unmet = np.zeros((len(share), len(places) * len(products)))
    wanted = np.zeros(unmet.shape[1])
    for a, place in enumerate(places):
        bought = Y[:, [c == place for c in consumers]].sum(axis=1) / 365
        for b, product in enumerate(products):
            made = [s == product for s in sectors]
            unmet[:, a * len(products) + b] = ((1 - share[:, made]) * bought[made]).sum(axis=1)
            wanted[a * len(products) + b] = bought[made].sum()
    same(unmet, golden, np.maximum(wanted, 1e-300), atol=1e-11)

"""The reference's own numbers: ProductionNetworkSimulator (c4dd74d), inputs and outputs as text with 17 digits."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from detente.impact.flow.preset_inoue import inoue_network, inoue_todo, value_added_share

SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[3].parent / "shared"))
GOLDEN = SHARED / "golden" / "inoue"
CASES = sorted(case.parent for case in GOLDEN.glob("*/case.json"))
# With rationing 2 an order that is 0 but for rounding is served or not, and every program goes its own way from there:
# up to these days all numbers agree to 1e-9, from there on totals stay near (docs/flow.md, trap I4).
ALIKE_PACT, ALIKE_FINAL, ALIKE_LINKS = 12, 10, 8

pytestmark = pytest.mark.skipif(not CASES, reason=f"no golden files at {GOLDEN}; DETENTE_SHARED can name their folder")


def words(path):
    return [line.split() for line in path.read_text().splitlines() if line.strip()]


def numbers(path):
    with path.open(newline="") as file:
        return np.array(list(csv.reader(file))[1:], dtype=float)


@pytest.fixture(scope="module", params=CASES, ids=lambda folder: folder.name)
def case(request):
    folder = request.param
    about = json.loads((folder / "case.json").read_text())
    inputs = GOLDEN / f"inputs_{about['net']}"
    sectors = words(inputs / "F.txt")
    number = {row[0]: k for k, row in enumerate(sectors)}
    final = dict(words(inputs / "C.txt"))
    supplier, client, amount = zip(*words(inputs / "A.txt"), strict=True)
    lost = [(number[row[0]], float(row[1]), *map(int, row[2:])) for row in words(inputs / "D.txt")]
    option = dict(zip(about["args"][::2], about["args"][1::2], strict=True))
    network = inoue_network(
        len(number), [number[k] for k in supplier], [number[k] for k in client], [float(v) for v in amount],
        [float(final.get(k, 0.0)) for k in number], [row[1] for row in sectors],
    )  # fmt: skip
    run = inoue_todo(
        network, about["T"] + 1, lost=lost, rationing=int(option["-R"]), order=int(option.get("-o", 0)),
        recovery=int(option["-b"]) if "-b" in option else None,
        recovery_days=float(option["-c"]) if "-c" in option else None,
        as_reference=True, keep="all", snap_days=about["snap"],
    )  # fmt: skip
    at = {(number[s], number[c]): k for k, (s, c) in enumerate(zip(supplier, client, strict=True))}
    knife_edge = option["-R"] == "2" and about["net"] != "toy3"
    return folder, about, number, at, run, knife_edge


def test_totals(case):
    folder, about, _, _, run, knife_edge = case
    T = about["T"]
    value_added = run.output[:, :, 0] @ value_added_share(run.network)
    for name, got, alike in (("PAct", run.totals[:, 0, 0], ALIKE_PACT), ("VA", value_added, ALIKE_PACT),
                             ("FC", run.totals[:, 1, 0], ALIKE_FINAL)):  # fmt: skip
        golden = numbers(folder / f"{name}.csv")
        golden = golden[golden[:, 0] >= 0, 1]
        until = alike + 1 if knife_edge else T
        np.testing.assert_allclose(got[:until], golden[:until], rtol=1e-12)
        if knife_edge:
            last = about["comparable_until"]["total_pact_t" if name != "FC" else "total_fc_t"] + 1
            np.testing.assert_allclose(got[: min(last, 15)], golden[: min(last, 15)], rtol=5e-4)


def test_firms(case):
    folder, _, number, _, run, knife_edge = case
    golden = numbers(folder / "firms_selected.csv")
    if knife_edge:
        golden = golden[golden[:, 0] <= ALIKE_LINKS]
    day, firm = golden[:, 0].astype(int), np.array([number[str(int(k))] for k in golden[:, 1]])
    scale = run.network.output[firm]
    np.testing.assert_allclose(scale, golden[:, 2], rtol=1e-12)
    for got, column in ((run.output, 3), (run.wanted, 4)):
        np.testing.assert_allclose(got[day, firm, 0] / scale, golden[:, column] / scale, rtol=1e-9, atol=1e-12)
    bound = run.bound[day, firm, 0]
    buys = np.isfinite(bound)
    np.testing.assert_allclose(bound[buys] / scale[buys], golden[buys, 5] / scale[buys], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(run.lost[day + 1, firm, 0], golden[:, 6], rtol=0, atol=1e-14)  # after recovery


def test_direct_loss(case):
    folder, _, _, _, run, _ = case
    golden = numbers(folder / "directloss.csv")
    lost = run.lost[:, :, 0] * run.network.output
    days = golden[:, 0].astype(int)
    days = days[days >= 0]
    np.testing.assert_allclose(lost.sum(axis=1)[days], golden[-days.size :, 1], rtol=1e-12)
    np.testing.assert_allclose((lost @ value_added_share(run.network))[days], golden[-days.size :, 2], rtol=1e-12)


def test_links(case):
    folder, _, number, at, run, knife_edge = case
    golden = numbers(folder / "links_selected.csv")
    if knife_edge:
        golden = golden[golden[:, 0] <= ALIKE_LINKS]
    day = np.searchsorted(run.snap_days, golden[:, 0].astype(int))
    link = [at[number[str(int(s))], number[str(int(c))]] for c, s in golden[:, 1:3]]
    got = run.delivered[day, run.network.place[link], 0]
    np.testing.assert_allclose(got / golden[:, 3], golden[:, 4] / golden[:, 3], rtol=1e-9, atol=1e-12)

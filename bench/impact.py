"""Time every part of the impact room beside its peer: python bench/impact.py [--parts cascade ...] [--small | --big].

Each row runs in a process of its own (--small: in this one), on one core, and is measured in processor time, so that a
busy machine shows little. A peer is run live, on the same input, where it is at hand:

    --boario PYTHON        an interpreter with boario 0.7.2, progressbar2 and pymrio (default: this one, if it has them)
    --fastcascade COMMAND  called as COMMAND FOLDER; reads edges.csv (i, j, w), firms.csv (firm, sector, market),
                           ess.csv and psi.csv (scenario, firm, psi) there, writes esri.csv, the index first in each row
    --pronet COMMAND       the simulator of Inoue and Todo; called as COMMAND -R 0|2 -t DAYS -d D.txt -X PAct.txt A.txt
                           C.txt P.txt F.txt in a folder of these files; PAct.txt has the day and total output in a row
Otherwise its figure is that of PEERS.
"""

import argparse
import csv
import json
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse

import cascade as cascades
import flow as flows

HERE = Path(__file__).parent
NETS = HERE.parents[1] / "shared" / "data" / "nets"
# Measured on a quiet 2-core machine, by the programs of the peers on networks of these sizes ("The peers' speed",
# shared/golden/README.md). fastcascade: one core, tuned; seconds. The others: steps a second.
PEERS = {
    ("cascade", 1000): 8.6, ("cascade", 3000): 103.0, ("cascade", 10_000): 1840.0, ("cascade", 91_595): 49.1 * 3600,
    ("many", 10_000): 59.0, ("many", 91_595): 704.0,
    ("boario", 48): 3470.0, ("boario", 500): 180.0, ("boario", 2000): 7.3, ("boario", 5000): 0.57,
    ("inoue 0", 10_000): 81.0, ("inoue 0", 100_000): 5.5, ("inoue 0", 1_000_000): 0.35,
    ("inoue 2", 10_000): 38.0, ("inoue 2", 100_000): 3.0, ("inoue 2", 1_000_000): 0.21,
}  # fmt: skip
NAMES = {"cascade": "fastcascade", "many": "fastcascade", "boario": "BoARIO", "inoue 0": "proNet", "inoue 2": "proNet"}
RATES = ("boario", "inoue 0", "inoue 2", "native")  # rows whose figure is steps a second, more is better
SIZES = {  # part: kinds and sizes, small, as by default, and big
    "cascade": [("cascade", (300,), (1000, 3000, 10_000), (91_595,)), ("many", (300,), (10_000, 91_595), ())],
    "packages": [("packages", (100,), (100, 1000, 10_000), ()), ("package draws", (100,), (100,), ())],
    "flow": [
        ("boario", (48,), (48, 500, 2000), (5000,)), ("inoue 0", (500,), (10_000, 100_000), (1_000_000,)),
        ("inoue 2", (500,), (10_000, 100_000), (1_000_000,)), ("native", (), (10_000,), (1_000_000,)),
    ],
    "optimum": [("optimum", (100,), (1000,), (10_000,))],
    "draws": [("draws", (2,), (64,), (2000,))],
}  # fmt: skip
PACKAGES, DRAWS = 2048, 128


class Row(NamedTuple):
    """What a process found: its figure, peak memory, and a live peer's figure and difference where there is one."""

    value: float
    peak_mb: float
    peer: float | None = None
    apart: float | None = None


def timed(run) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def rate(run, days: int) -> float:
    """Days a second of processor time, without the start."""
    run(1)
    once = timed(lambda: run(1))
    return days / max(timed(lambda: run(1 + days)) - once, 1e-9)


# ------------------------------------------------------------------------------------------------ cascade


def measured_net(n: int):
    stored = NETS / f"net_{n}.npz"
    net = cascades.stored_net(stored) if stored.exists() else cascades.random_net(n)
    m = np.unique(net.industry).size
    essential = np.random.default_rng(5).choice([0, 1, 2], size=(m, m), p=[0.4, 0.35, 0.25])
    W = sparse.coo_array((net.value, (net.seller, net.buyer)), shape=(n, n))
    return net, essential, cascades.calibrate(W, net.industry, essential)


def row_cascade(n: int, peer: str | None, share: float | None = None) -> Row:
    net, essential, network = measured_net(n)
    shocks = None if share is None else cascades.drawn_shocks(n, 100, share, np.random.default_rng(7)).tocsc()
    warm = sparse.eye_array(n, 1, format="csc")
    cascades.esri_from(network, shocks=warm, market=net.industry)  # compiles
    found = []
    value = timed(lambda: found.append(cascades.esri_from(network, shocks=shocks, market=net.industry)))
    memory = peak()
    if peer is None:
        return Row(value, memory)
    every = sparse.eye_array(n) if shocks is None else shocks
    with tempfile.TemporaryDirectory() as folder:
        seconds, theirs = run_fastcascade(peer, Path(folder), net, essential, every.tocoo())
    return Row(value, memory, seconds, float(np.abs(theirs - found[0].esri[:, 0]).max()))


def run_fastcascade(command: str, folder: Path, net, essential, shocks) -> tuple[float, np.ndarray]:
    labels = np.unique(net.industry)
    write(folder / "edges.csv", ["i", "j", "w"], zip(net.seller, net.buyer, map(repr, net.value.tolist()), strict=True))
    write(folder / "firms.csv", ["firm", "sector", "market"], ((i, p, p) for i, p in enumerate(net.industry)))
    write(folder / "ess.csv", ["sector", *labels], ([s, *row] for s, row in zip(labels, essential, strict=True)))
    write(folder / "psi.csv", ["scenario", "firm", "psi"], zip(shocks.col, shocks.row, shocks.data, strict=True))
    seconds = run_timed([*shlex.split(command), str(folder)], folder)
    with (folder / "esri.csv").open(newline="") as file:
        return seconds, np.array([float(row[0]) for row in list(csv.reader(file))[1:]])


def write(path: Path, head, rows) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def run_timed(command: list[str], folder: Path) -> float:
    """Run a peer; return its processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # what the user named
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


# ------------------------------------------------------------------------------------------------ packages


def drawn_packages(n: int, K: int):
    from detente.impact.packages import prepare
    from detente.impact.sources import random_network

    network, draw = random_network(n, seed=1).network, np.random.default_rng(3)
    side = network.units["side"].to_numpy()
    across = np.flatnonzero(side[network.seller] != side[network.buyer])
    allowed = np.ones((K, network.value.size))
    allowed[:, across] = draw.random((K, across.size)) < 0.7
    return prepare(network), network, allowed


def row_packages(n: int) -> Row:
    """Milliseconds a package, three readings."""
    from detente.impact.packages import evaluate

    K = min(PACKAGES, max(16, 1_000_000 // n))
    ready, network, allowed = drawn_packages(n, K)
    weights = network.output[:, None]
    evaluate(ready, allowed[:1], weights=weights)
    return Row(1e3 * timed(lambda: evaluate(ready, allowed, weights=weights)) / K, peak())


def row_package_draws(n: int, n_packages: int, n_draws: int) -> Row:
    """Seconds for all packages in all draws of the facts, one reading."""
    from detente.impact.packages import evaluate, with_facts

    ready, network, allowed = drawn_packages(n, n_packages)
    weights, draw = network.output[:, None], np.random.default_rng(9)
    evaluate(ready, allowed[:1], weights=weights)

    def all_draws() -> None:
        for _ in range(n_draws):
            value = network.value * draw.uniform(0.8, 1.2, network.value.size)
            evaluate(with_facts(ready, value=value), allowed, weights=weights, readings="figure")

    return Row(timed(all_draws), peak())


# ------------------------------------------------------------------------------------------------ flow


def row_boario(n: int, peer: str | None, days: int) -> Row:
    from detente.impact.flow import preset_boario as boario

    draw = np.random.default_rng(3)
    regions = max(2, n // 50)
    Z = np.exp(draw.normal(0.0, 2.0, (n, n)))
    x = np.maximum(Z.sum(axis=1) * draw.uniform(1.5, 2.5, n), Z.sum(axis=0) * 1.3)
    names = {
        "region": np.repeat([f"r{k:03d}" for k in range(regions)], n // regions),
        "sector": np.tile([f"s{k:03d}" for k in range(n // regions)], regions),
    }
    n = names["region"].size
    Z, x, hit = Z[:n, :n], x[:n], n // 2
    Y = x - Z.sum(axis=1)
    made = boario.industries(Z, Y, x, names["sector"].tolist(), as_reference=True)
    events = [boario.Event("arbitrary", {hit: 0.3}, 1, 1, 30.0)]
    runs = {}

    def run(n_days: int) -> None:
        runs[n_days] = boario.boario(made, n_days, events, as_reference=True, keep="units")

    value, memory = rate(run, days), peak()
    if peer is None:
        return Row(value, memory)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "table.npz", Z=Z, Y=Y, x=x, hit=hit, **names)
        command = [peer, HERE / "boario_peer.py", Path(folder) / "table.npz", str(days), Path(folder) / "made.npz"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        with np.load(Path(folder) / "made.npz") as found:
            theirs = found["made"][: 1 + days]
    ours = runs[1 + days].output[:, :, 0]
    apart = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    return Row(value, memory, json.loads(said.splitlines()[-1])["value"], apart)


def row_inoue(n: int, peer: str | None, days: int, rationing: int) -> Row:
    from detente.impact.flow import preset_inoue as inoue

    seller, buyer, value, final, sector, draw = flows.firms(n, 5)
    _, first = np.unique(seller * n + buyer, return_index=True)  # of several entries the peer takes the first
    seller, buyer, value = seller[first], buyer[first], value[first]
    net = inoue.inoue_network(n, seller, buyer, value, final, sector)
    lost = list(zip(draw.choice(n, max(1, n // 50), replace=False).tolist(), draw.random(max(1, n // 50)).tolist(),
                    strict=True))  # fmt: skip
    runs = {}

    def run(n_days: int) -> None:
        runs[n_days] = inoue.inoue_todo(net, n_days, lost=lost, rationing=rationing, as_reference=True, keep="totals")

    figure, memory = rate(run, days), peak()
    if peer is None:
        return Row(figure, memory)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        output = np.bincount(seller, value, n) + final
        lines(folder / "A.txt", zip(seller + 1, buyer + 1, map(repr, value.tolist()), strict=True))
        lines(folder / "C.txt", zip(range(1, n + 1), map(repr, final.tolist()), strict=True))
        lines(folder / "P.txt", zip(range(1, n + 1), map(repr, output.tolist()), strict=True))
        lines(folder / "F.txt", zip(range(1, n + 1), sector, map(repr, output.tolist()), strict=True))
        lines(folder / "D.txt", ((i + 1, repr(share)) for i, share in lost))
        seconds = []
        for n_days in (1, 1 + days):
            options = ["-R", str(rationing), "-t", str(n_days), "-d", "D.txt", "-X", "PAct.txt"]
            files = ["A.txt", "C.txt", "P.txt", "F.txt"]
            seconds.append(run_timed([*shlex.split(peer), *options, *files], folder))
        rows = [line.split() for line in (folder / "PAct.txt").read_text().splitlines() if line.strip()]
    theirs = np.array([float(row[1]) for row in rows if int(row[0]) >= 0])[: 1 + days]
    ours = runs[1 + days].totals[: theirs.size, 0, 0]
    return Row(figure, memory, days / max(seconds[1] - seconds[0], 1e-9), float(np.abs(ours / theirs - 1).max()))


def lines(path: Path, rows) -> None:
    path.write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))


def row_native(n: int, days: int) -> Row:
    """Days a second with all switches, as bench/flow.py runs it."""
    said = []
    flows.timed = lambda _, run, d, scenarios=1: said.append(rate(run, d) * scenarios)
    flows.bench_native(n, days)
    return Row(said[0], peak())


# ------------------------------------------------------------------------------------------------ optimum, draws


def row_optimum(n: int) -> Row:
    """Seconds for the optimum and the ranges of three sides, without resourcing."""
    import polars as pl

    from detente.impact.optimum import run
    from detente.impact.sources import allow, random_network, sales_where

    network = random_network(n, seed=1).network
    closed = sales_where(network, seller=pl.col("side") == "a", buyer=pl.col("side") == "b")
    permits = allow(network, np.where(closed, 0.0, 1.0))
    return Row(timed(lambda: run(network, permits, resourcing=False, each_unit=False)), peak())


def row_draws(n_draws: int) -> Row:
    """Seconds for so many draws of the bundled case through the three models."""
    from detente import load
    from detente.impact.uncertainty import uncertainty

    case = load("huawei")
    uncertainty(case, "2021-01-20", draws=2)
    return Row(timed(lambda: uncertainty(case, "2021-01-20", draws=n_draws)), peak())


# ------------------------------------------------------------------------------------------------ the table


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(kind: str, size: int, given: argparse.Namespace) -> Row:
    """Run one row, in this process."""
    few = 8 if given.small else 1
    days = min(400, max(5, 20_000 // size)) if kind == "boario" else min(400, max(10, 1_000_000 // size))
    return {
        "cascade": lambda: row_cascade(size, given.fastcascade),
        "many": lambda: row_cascade(size, given.fastcascade, 0.01),
        "packages": lambda: row_packages(size),
        "package draws": lambda: row_package_draws(size, PACKAGES // few, DRAWS // few),
        "boario": lambda: row_boario(size, given.boario, days),
        "inoue 0": lambda: row_inoue(size, given.pronet, days, 0),
        "inoue 2": lambda: row_inoue(size, given.pronet, days, 2),
        "native": lambda: row_native(size, days),
        "optimum": lambda: row_optimum(size),
        "draws": lambda: row_draws(size),
    }[kind]()  # fmt: skip


def alone(kind: str, size: int) -> Row:
    """Run one row in a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, *sys.argv[1:], "--row", kind, str(size)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{kind} {size}:\n{done.stderr}")
    return Row(**json.loads(done.stdout.splitlines()[-1]))


def show(kind: str, size: int, found: Row) -> None:
    peer = PEERS.get((kind, size)) if found.peer is None else found.peer
    unit = "steps/s" if kind in RATES else "ms each" if kind == "packages" else "s"
    beside = ""
    if peer is not None:
        times = found.value / peer if kind in RATES else peer / found.value
        live = "noted" if found.peer is None else f"live, largest difference {found.apart:.1e}"
        beside = f"{NAMES[kind]:>12} {peer:>12.4g} {times:>9.1f} {live}"
    print(f"{kind:>14} {size:>9} {found.value:>12.5g} {unit:<8} {found.peak_mb:>8.0f} {beside}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--small", action="store_true", help="sizes that take seconds: does everything still run?")
    parser.add_argument("--big", action="store_true", help="also the largest sizes: 4 GB and half an hour")
    parser.add_argument("--boario", metavar="PYTHON")
    parser.add_argument("--fastcascade", metavar="COMMAND")
    parser.add_argument("--pronet", metavar="COMMAND")
    parser.add_argument("--row", nargs=2, metavar=("KIND", "SIZE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.boario is None and find_spec("boario") is not None and find_spec("pymrio") is not None:
        given.boario = sys.executable
    if given.row:
        print(json.dumps(row(given.row[0], int(given.row[1]), given)._asdict()))
        return
    print("one core, processor time; packages: three readings, milliseconds each; package draws: "
          f"{DRAWS} draws x {PACKAGES} packages, one reading; draws: the bundled case, three models")  # fmt: skip
    print(f"{'':>14} {'size':>9} {'figure':>12} {'':8} {'peak MB':>8} {'peer':>12} {'its figure':>12} {'times':>9}")
    for part in given.parts:
        for kind, small, usual, big in SIZES[part]:
            for size in small if given.small else usual + big * given.big:
                show(kind, size, row(kind, size, given) if given.small else alone(kind, size))


if __name__ == "__main__":
    main()

"""Time the flow model: python bench/flow.py [boario|inoue|native ...] [--days D] [--threads N] [--big].

Steps are days of one scenario: a second of the clock, and a second of processor time, where a busy machine shows less.
"""

import argparse
import resource
import time

import numpy as np

from detente.impact.flow import network, shocks, simulation, switches
from detente.impact.flow import preset_boario as boario
from detente.impact.flow import preset_inoue as inoue

HOW = {"keep": "totals", "threads": None}


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def took(run, days: int) -> np.ndarray:
    """Seconds by the clock and of the processors."""
    start = np.array([time.perf_counter(), time.process_time()])
    run(days)
    return np.array([time.perf_counter(), time.process_time()]) - start


def timed(name: str, run, days: int, scenarios: int = 1) -> None:
    """Run for one day and for more; the difference is the cost of the days without the start. Median of three."""
    run(1)
    clock, work = np.median([took(run, 1 + days) - took(run, 1) for _ in range(3)], axis=0)
    steps = days * scenarios
    print(f"{name:>46} {steps / clock:>9.1f} steps/s {steps / work:>9.1f} a processor second {peak_gb():>6.2f} GB",
          flush=True)  # fmt: skip


def table(n: int, regions: int, seed: int = 3):
    """Draw a dense table of industries; the sectors trade with all regions."""
    draw = np.random.default_rng(seed)
    n_sectors = n // regions
    Z = np.exp(draw.normal(0.0, 2.0, (n, n)))
    Z *= draw.random((n, n)) < 0.9
    Y = Z.sum(axis=1) * draw.uniform(0.5, 1.5, n)
    x = np.maximum(Z.sum(axis=1) + Y, Z.sum(axis=0) * 1.3)
    Y = x - Z.sum(axis=1)
    sector = [f"s{k:03d}" for k in range(n_sectors)] * regions
    return boario.industries(Z, Y, x, sector, as_reference=True)


def bench_boario(n: int, regions: int, days: int, batches: list[int]) -> None:
    made = table(n, regions)
    for scenarios in batches:
        draw = np.random.default_rng(5)
        events = [boario.Event("arbitrary", {int(draw.integers(n)): 0.3}, 0, 10, 30.0, scenario=s)
                  for s in range(scenarios)]  # fmt: skip
        timed(f"boario {n} industries, {scenarios} scenarios", lambda d, events=events, scenarios=scenarios:
              boario.boario(made, d, events, n_scenarios=scenarios, **HOW), days, scenarios)  # fmt: skip


def firms(n: int, links: int, seed: int = 11):
    draw = np.random.default_rng(seed)
    size = draw.pareto(1.6, n) + 0.2
    seller = draw.choice(n, n * links, p=size / size.sum())
    buyer = draw.integers(0, n, n * links)
    value = np.exp(draw.normal(0.0, 1.0, n * links))
    return seller, buyer, value, draw.exponential(1.0, n) + 0.1, draw.integers(0, 100, n), draw


def bench_inoue(n: int, days: int) -> None:
    seller, buyer, value, final, sector, draw = firms(n, 5)
    net = inoue.inoue_network(n, seller, buyer, value, final, sector)
    lost = [(int(i), float(s)) for i, s in zip(draw.choice(n, n // 50, replace=False), draw.random(n // 50),
                                               strict=True)]  # fmt: skip
    for rationing in (0, 2):
        timed(f"inoue_todo {n} firms, rationing {rationing}", lambda d, rationing=rationing:
              inoue.inoue_todo(net, d, lost=lost, rationing=rationing, **HOW), days)  # fmt: skip


def bench_native(n: int, days: int) -> None:
    seller, buyer, value, final, item, draw = firms(n, 5)
    output = np.bincount(seller, value, n) * 1.2 + final
    net = network.FlowNetwork.of(n, seller, buyer, value, item, link_class=(seller * 7 + item[seller]) % 3 * 0 + 2,
                                 output=output)  # fmt: skip
    rules = switches.Switches(rationing="water", resource=True, follow_capacity=True, qualification_days=30)
    lost = [shocks.Shock(int(i), 0.5, 0, 10, None, "linear", 30.0) for i in draw.choice(n, n // 100, replace=False)]
    spans = [shocks.Span(int(e), 0.0, 2) for e in draw.choice(seller.size, seller.size // 100, replace=False)]
    rivals = np.roll(np.arange(n), 1).astype(np.int32)
    market = simulation.k.Market(np.arange(n + 1), rivals, np.full(n, 0.5))
    timed(f"all switches, {n} firms, {n * 5} links", lambda d: simulation.simulate(
        net, rules, d, shocks=lost, permits=spans, market=market, **HOW), days)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["boario", "inoue", "native"])
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--big", action="store_true", help="the sizes of docs/flow.md: minutes, and 4 GB")
    parser.add_argument("--threads", type=int, help="as many as there are processors where the network is large")
    given = parser.parse_args()
    HOW["threads"] = given.threads
    if "boario" in given.what:
        for n, regions in ((2000, 40), (5000, 50)) if given.big else ((200, 4),):
            bench_boario(n, regions, given.days, [1, 100] if given.big else [1, 4])
    if "inoue" in given.what:
        for n in (100_000, 1_000_000) if given.big else (2000,):
            bench_inoue(n, given.days)
    if "native" in given.what:
        bench_native(1_000_000 if given.big else 2000, given.days)


if __name__ == "__main__":
    main()

"""Time the best case on networks drawn at random: python bench/optimum.py [--n 1000 10000] [--method ipm]."""

import argparse
import resource
import time

import numpy as np
import polars as pl

from detente.impact.optimum import run
from detente.impact.sources import allow, random_network, sales_where


def time_one(n: int, resourcing: bool, method: str | None) -> None:
    start = time.perf_counter()
    network = random_network(n, seed=1).network
    drawn = time.perf_counter() - start
    closed = sales_where(network, seller=pl.col("side") == "a", buyer=pl.col("side") == "b")
    permits = allow(network, np.where(closed, 0.0, 1.0))
    start = time.perf_counter()
    found = run(network, permits, resourcing=resourcing, method=method, each_unit=False, time_limit_s=1800)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{n:>8} {network.value.size:>8} {resourcing!s:>10} {found.settings['columns']:>9} {drawn:>8.3f} "
        f"{seconds:>9.2f} {found.loss_usd_m / found.value_added_usd_m:>7.3f} {peak:>8.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", nargs="*", type=int, default=[1000, 10_000], help="firms")
    parser.add_argument("--method", choices=["simplex", "ipm"], help="default: by size")
    given = parser.parse_args()
    print("sales from side a to side b closed; the optimum and 12 ranges of 3 sides, one thread")
    heads = (("firms", 8), ("sales", 8), ("resourcing", 10), ("columns", 9), ("draw s", 8), ("seconds", 9), ("loss", 7))
    print(*(f"{name:>{width}}" for name, width in (*heads, ("peak MB", 8))))
    for n in given.n:
        for resourcing in (False, True):
            time_one(n, resourcing, given.method)


if __name__ == "__main__":
    main()

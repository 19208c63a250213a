"""Time the index of firms: python bench/cascade.py [--n 1000 10000] [--scenarios K] [net.npz ...]."""

import argparse
import resource
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse

from detente.impact.cascade import calibrate, esri_from


class Net(NamedTuple):
    n: int
    seller: np.ndarray
    buyer: np.ndarray
    value: np.ndarray
    industry: np.ndarray


def random_net(n: int, links_a_firm: float = 2.6, n_industries: int = 300, seed: int = 11) -> Net:
    """Draw a network in which few firms have most links and most sales, and large ones both buy and sell much."""
    draw = np.random.default_rng(seed)
    n_links = int(links_a_firm * n)
    size = draw.pareto(1.6, n) + 0.2
    seller = draw.choice(n, n_links, p=size / size.sum())
    buying = size * np.exp(draw.normal(0.0, 0.8, n))
    buyer = draw.choice(n, n_links, p=buying / buying.sum())
    value = np.exp(draw.normal(2.0, 1.5, n_links)) * np.sqrt(size[seller])
    rank = 1 / np.arange(1, n_industries + 1)
    return Net(n, seller, buyer, value, draw.choice(n_industries, n, p=rank / rank.sum()))


def stored_net(path: Path) -> Net:
    with np.load(path) as data:
        return Net(int(data["n"]), data["i"], data["j"], data["w"], data["p"])


def time_net(name: str, net: Net, n_scenarios: int | None) -> None:
    W = sparse.coo_array((net.value, (net.seller, net.buyer)), shape=(net.n, net.n))
    m = np.unique(net.industry).size
    draw = np.random.default_rng(5)
    essential = draw.choice([0, 1, 2], size=(m, m), p=[0.4, 0.35, 0.25])
    start = time.perf_counter()
    network = calibrate(W, net.industry, essential)
    measured = time.perf_counter() - start
    shocks = None
    if n_scenarios is not None and n_scenarios < net.n:
        firms = draw.choice(net.n, n_scenarios, replace=False)
        shocks = sparse.coo_array((np.ones(n_scenarios), (firms, np.arange(n_scenarios))), shape=(net.n, n_scenarios))
    start = time.perf_counter()
    result = esri_from(network, shocks=shocks, market=net.industry)
    seconds = time.perf_counter() - start
    K = result.iterations.size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:>14} {net.n:>8} {network.seller.size:>8} {K:>9} {measured:>9.3f} {seconds:>9.3f} "
        f"{1000 * seconds / K:>11.4f} {result.iterations.mean():>8.2f} {peak:>8.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", type=Path, help="stored networks: arrays i, j, w, p, n")
    parser.add_argument("--n", nargs="*", type=int, default=[1000], help="firms of the random networks")
    parser.add_argument("--scenarios", type=int, help="fail only so many firms, drawn at random (default: all)")
    given = parser.parse_args()
    small = random_net(50)
    esri_from(calibrate(sparse.coo_array((50, 50)), small.industry, np.full(2 * (np.unique(small.industry).size,), 1)),
              market=small.industry, weights=np.ones(50))  # compile first  # fmt: skip
    print("all firms fail alone, market = industry, tolerance 1e-2, one thread; seconds: measure once, all scenarios")
    print(f"{'':>14} {'n':>8} {'links':>8} {'scenarios':>9} {'measure s':>9} {'seconds':>9} "
          f"{'ms/scenario':>11} {'steps':>8} {'peak MB':>8}")  # fmt: skip
    for n in given.n:
        time_net("random", random_net(n), given.scenarios)
    for path in given.nets:
        time_net(path.stem, stored_net(path), given.scenarios)


if __name__ == "__main__":
    main()

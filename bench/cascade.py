"""Time the cascade: python bench/cascade.py --n 1000 10000 --scenarios 100 --share 0.01 --threads 2 -- net.npz ..."""

import argparse
import resource
import time
from concurrent.futures import ThreadPoolExecutor
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


def drawn_shocks(n: int, n_scenarios: int | None, share: float | None, draw: np.random.Generator):
    """Columns of failing firms: so many one by one, or so many draws of a share of all of them; None: every firm."""
    if share is not None:
        K, each = n_scenarios or 100, max(1, int(share * n))
        firms = np.concatenate([draw.choice(n, each, replace=False) for _ in range(K)])
        return sparse.coo_array((np.ones(firms.size), (firms, np.repeat(np.arange(K), each))), shape=(n, K))
    if n_scenarios is None or n_scenarios >= n:
        return None
    firms = draw.choice(n, n_scenarios, replace=False)
    return sparse.coo_array((np.ones(n_scenarios), (firms, np.arange(n_scenarios))), shape=(n, n_scenarios))


def time_net(name: str, net: Net, given: argparse.Namespace, executor: ThreadPoolExecutor | None) -> None:
    W = sparse.coo_array((net.value, (net.seller, net.buyer)), shape=(net.n, net.n))
    m = np.unique(net.industry).size
    draw = np.random.default_rng(5)
    essential = draw.choice([0, 1, 2], size=(m, m), p=[0.4, 0.35, 0.25])
    start = time.perf_counter()
    network = calibrate(W, net.industry, essential)
    measured = time.perf_counter() - start
    shocks = drawn_shocks(net.n, given.scenarios, given.share, draw)
    start, worked = time.perf_counter(), time.process_time()
    result = esri_from(network, shocks=shocks, market=net.industry, executor=executor)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    K = result.iterations.size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:>14} {net.n:>8} {network.seller.size:>8} {K:>9} {measured:>9.3f} {seconds:>9.3f} {worked:>9.3f} "
        f"{1000 * seconds / K:>11.4f} {result.iterations.mean():>8.2f} {peak:>8.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", type=Path, help="stored networks: arrays i, j, w, p, n (after --)")
    parser.add_argument("--n", nargs="*", type=int, default=[1000], help="firms of the random networks")
    parser.add_argument("--scenarios", type=int, help="only so many scenarios, drawn at random (default: every firm)")
    parser.add_argument("--share", type=float, help="share of firms that fail in each scenario (default: one firm)")
    parser.add_argument("--threads", type=int, default=0, help="threads of the executor (default: none)")
    given = parser.parse_args()
    small = random_net(50)
    esri_from(calibrate(sparse.coo_array((50, 50)), small.industry, np.full(2 * (np.unique(small.industry).size,), 1)),
              market=small.industry, weights=np.ones(50))  # compile first  # fmt: skip
    what = "one firm fails" if given.share is None else f"{given.share:.1%} of firms fail"
    print(f"{what} a scenario, market = industry, tolerance 1e-2, {given.threads or 'no'} threads; "
          "seconds: measure once, all scenarios, of processors")  # fmt: skip
    print(f"{'':>14} {'n':>8} {'links':>8} {'scenarios':>9} {'measure s':>9} {'seconds':>9} {'cpu s':>9} "
          f"{'ms/scenario':>11} {'steps':>8} {'peak MB':>8}")  # fmt: skip
    executor = ThreadPoolExecutor(given.threads) if given.threads else None
    for n in given.n:
        time_net("random", random_net(n), given, executor)
    for path in given.nets:
        time_net(path.stem, stored_net(path), given, executor)


if __name__ == "__main__":
    main()

"""Who runs the days: one compiled loop, or threads that share each day's two passes."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from detente.impact.calibration import NetworkError
from detente.impact.flow import _kernels as k

LARGE = 200_000  # links and stocks, times lanes, from which on half a day's work outweighs waiting for each other


def run_days(
    threads: int | None, lanes: k.Lanes, n_days: int, net: k.Net, law: k.Law, shocks: k.Shocks, rebuild: k.Rebuild,
    market: k.Market, rule: k.Rule, state: k.State, day: k.Day, record: k.Record,
) -> None:  # fmt: skip
    """Run ``n_days`` in ``threads`` threads; None: as many as processors where the network is large, else one.

    Parts of a pass write nothing that another reads or writes, and sums are taken by the same blocks: the numbers do
    not depend on ``threads``.
    """
    if threads is not None and threads < 1:
        raise NetworkError(f"threads: got {threads}; expected 1 or more")
    world = (net, law, shocks, rebuild, market, rule, state, day, record)
    if threads is None:
        work = (net.weight.size + net.use.size) * len(lanes)
        threads = len(os.sched_getaffinity(0)) if work >= LARGE and hasattr(os, "sched_getaffinity") else 1
    n, whole = net.output.size, (k.OPEN, k.CLOSE + 1)
    if threads == 1:
        k.run(whole, lanes, (-1, n_days), (0, n), *world)
        return
    firms, buyers = firm_ranges(net, threads), buyer_ranges(net, threads)
    with ThreadPoolExecutor(threads) as pool:

        def share(part: int, t: int, ranges: list[tuple[int, int]]) -> None:
            list(pool.map(lambda units: k.run((part, part + 1), lanes, (t, t + 1), units, *world), ranges))

        for t in range(-1, n_days):
            k.run((k.OPEN, k.FIRMS), lanes, (t, t + 1), (0, n), *world)
            if t >= 0:
                share(k.FIRMS, t, firms)
            k.run((k.TURN, k.BUYERS), lanes, (t, t + 1), (0, n), *world)
            share(k.BUYERS, t, buyers)
            k.run((k.CLOSE, k.CLOSE + 1), lanes, (t, t + 1), (0, n), *world)


def firm_ranges(net: k.Net, parts: int) -> list[tuple[int, int]]:
    """Ranges of firms with about as many links each, cut between blocks."""
    n = net.output.size
    at = np.append(np.arange(0, n, k.BLOCK), n)
    clients = net.seller_ptr[at] if net.seller_ptr.size else np.zeros(at.size, np.int64)
    return _cut(at, clients + 2 * at, parts)


def buyer_ranges(net: k.Net, parts: int) -> list[tuple[int, int]]:
    """Ranges of buyers with about as many links and stocks each, of a table cut between strips."""
    n = net.output.size
    if not net.seller_ptr.size:
        at = np.append(np.arange(0, n, k.strip_of(n)), n)
        return _cut(at, at, parts)
    at = np.append(np.arange(0, n, max(1, n // (64 * parts))), n)
    cells = net.cell_ptr[net.group_ptr[at]]
    links = np.append(net.link_from, net.weight.size)[cells] if net.maker_at.size == 0 else cells
    return _cut(at, links.astype(np.int64) + cells + at, parts)


def _cut(at: Any, work: Any, parts: int) -> list[tuple[int, int]]:
    """Cut a list of places into ranges of about the same work."""
    marks = np.searchsorted(work, np.linspace(0, work[-1], parts + 1)[1:-1])
    ends = [int(at[0]), *(int(at[m]) for m in marks), int(at[-1])]
    return [(a, b) for a, b in pairwise(ends) if b > a]

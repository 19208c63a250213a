"""Shares multiplied along every chain of owners: information, on which no verdict rests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from detente.decide.ownership.shares import WHOLE, Share, stakes_of


def look_through(
    owners: Iterable[str], shares: Iterable[Share], end: Literal["low", "middle", "high"] = "middle"
) -> dict[str, float]:
    """The share of some owners together in each party below them, multiplied along every chain: information only.

    No verdict rests on it. ``end`` says which end of a range is taken; of several kinds of right the largest; what adds
    up to more than the whole of a party is scaled down to it. With A the stakes of parties in each other and b those of
    the owners, the answer is (I - A')^-1 b, a fraction from 0 to 1. Made for registers, in which cycles are small.

    >>> look_through(["X"], [stake])
    {'A': 0.5}
    """
    import numpy as np  # these not at the top: rules are applied without them, and they take a while to load
    from scipy import sparse
    from scipy.sparse import csgraph, linalg

    start = set(owners)
    stakes: dict[tuple[str, str], int] = defaultdict(int)  # half millionths: their sums do not hang on the order
    total: dict[str, int] = defaultdict(int)
    below: dict[str, list[str]] = defaultdict(list)
    for s in stakes_of(share for share in shares if share.owned not in start):
        share = {"low": 2 * s.low, "middle": s.low + s.high, "high": 2 * s.high}[end]
        stakes[s.owner, s.owned] = max(stakes[s.owner, s.owned], share)
    for (owner, party), share in stakes.items():
        total[party] += share
        if share:
            below[owner].append(party)
    reached, frontier = set[str](), start
    while frontier:
        frontier = {party for owner in frontier for party in below.get(owner, ())} - reached
        reached |= frontier
    index = {party: i for i, party in enumerate(sorted(reached))}
    n = len(index)
    if not n:
        return {}
    cells = sorted(
        (index[party], n if owner in start else index[owner], share / max(2 * WHOLE, total[party]))
        for (owner, party), share in stakes.items()
        if share and (owner in start or owner in index)
    )
    row, column, fraction = zip(*cells, strict=True)
    table = sparse.csr_array((fraction, (row, column)), (n, n + 1))
    inner = sparse.eye_array(n, format="csr") - table[:, :n]
    order = csgraph.connected_components(inner, connection="strong")[1].argsort(kind="stable")  # owners by their owners
    found = np.empty(n)
    found[order] = linalg.spsolve(inner[order][:, order].tocsc(), table[:, [n]].toarray()[order], permc_spec="NATURAL")
    return dict(zip(index, found.tolist(), strict=True))

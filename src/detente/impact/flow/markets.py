"""Where final demand goes that a unit cannot meet: to its rivals by nested-logit diversion, or nowhere."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from detente.impact.calibration import NetworkError, amounts, label_codes
from detente.impact.flow._kernels import F64, Market
from detente.impact.flow.network import _units
from detente.impact.network import Network

NO_RIVALS = pl.DataFrame(
    schema={"unit": pl.String, "market": pl.String, "nest": pl.String, "share": pl.Float64}
)  # fmt: skip


def diversion(share: F64, nest: ArrayLike, sigma: float) -> F64:
    """Share of each product's demand that goes to each other one once it is gone (row: the one gone).

    ``share`` are market shares (the rest of 1 buys nothing), ``nest`` a label each, ``sigma`` from 0 (plain logit: in
    proportion to shares) to below 1 (all stays in the nest).

    >>> diversion(np.array([0.5, 0.3]), ["a", "a"], 0.0)[0, 1]
    np.float64(0.6)

    Source: nested logit (McFadden 1978; Berry 1994), docs/flow.md.
    """
    s = amounts("share", share, np.size(share))
    code, _ = label_codes("nest", nest, s.size)
    if s.sum() > 1.0 + 1e-9:
        raise NetworkError(f"share: shares add up to {s.sum()}; expected 1 at most")
    if not 0.0 <= sigma < 1.0:
        raise NetworkError(f"sigma: got {sigma}; expected 0 or more and less than 1")
    goes = np.zeros((s.size, s.size))
    for j in np.flatnonzero(s > 0):
        inside = code == code[j]
        nest_share = s[inside].sum()
        left = max(0.0, 1.0 - s[j] / nest_share)  # of the nest, once j is gone
        kept = left ** (1.0 - sigma) if left > 0.0 else 0.0
        total = max(1.0 - nest_share + nest_share * kept, 1e-300)
        after = s / total
        if left > 0.0:
            after[inside] *= kept / left
        after[j] = s[j]
        goes[j] = (after - s) / s[j]
    return goes


def nested_logit(
    n: int, unit: ArrayLike, share: ArrayLike, nest: ArrayLike, sigma: float, market: ArrayLike | None = None
) -> Market:  # fmt: skip
    """Diversion between the units of one market, or of several (a label for each row), as the flow model takes it.

    Unit -1 stands for sellers outside the network: what goes to them is lost to it. Where only part of a unit's demand
    is unmet, that part is diverted as all of it would be. A unit stands in a market once. Raises ``NetworkError``.
    """
    given = np.asarray(unit)
    inside = given >= 0 if given.size else np.zeros(0, dtype=bool)
    who = np.full(given.size, -1, dtype=np.int64)
    who[inside] = _units("unit", given[inside], n)
    shares = amounts("share", share, who.size)
    nests = np.asarray(nest)
    group, labels = label_codes("market", np.zeros(who.size) if market is None else market, who.size)
    if np.unique(who[inside]).size != inside.sum():
        raise NetworkError("unit: a unit stands twice; expected it in one market, once")
    rows = [[] for _ in range(n)]  # type: list[list[tuple[int, float]]]
    for g in range(labels.size):
        mine = np.flatnonzero(group == g)
        goes = diversion(shares[mine], nests[mine], sigma)
        for a, b in zip(*np.nonzero(goes > 0.0), strict=True):
            if who[mine[a]] < 0 or who[mine[b]] < 0:
                continue
            rows[int(who[mine[a]])].append((int(who[mine[b]]), float(goes[a, b])))
    flat = [pair for row in rows for pair in row]
    return Market(
        ptr=np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64),
        rival=np.array([pair[0] for pair in flat], np.int32),
        share=np.array([pair[1] for pair in flat], np.float64),
    )


def of_rivals(network: Network, rivals: pl.DataFrame, sigma: float) -> Market:
    """The same from a frame of `detente.impact.market.rivals`; shares that add up to more than 1 are scaled to it."""
    at = {u: k for k, u in enumerate(network.units["unit"])}
    whole = pl.col("share").sum().over("market")
    table = rivals.with_columns(pl.col("share") / pl.max_horizontal(whole, 1.0))
    unit = np.array([at.get(u, -1) for u in table["unit"]], dtype=np.int64)
    return nested_logit(
        network.units.height, unit, table["share"].to_numpy(), table["nest"].to_numpy(), sigma,
        table["market"].to_numpy(),
    )  # fmt: skip

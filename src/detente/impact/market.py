"""Who takes over the sales of a seller that leaves a market: nested-logit diversion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import ArrayLike

from detente.impact.calibration import NetworkError, label_codes, numbers
from detente.impact.network import Network
from detente.record import Case, DetenteError, NotFound
from detente.record.load import as_day

Floats = npt.NDArray[np.float64]
ROUNDING = 1e-3  # what shares may add up to beyond 1


@dataclass(frozen=True, slots=True)
class Sigma:
    """How much closer rivals of one nest are to each other than to the rest, from 0 (no closer) to 1 (never leave it).

    The defaults are assumed, not estimated: 0 is plain logit, and estimates for differentiated goods lie all over the
    range. A market with one nest and no outside is the same for every sigma.
    """

    low: float = 0.0
    central: float = 0.5
    high: float = 0.9


def divert(
    shares: ArrayLike, nests: Sequence[object] | npt.NDArray[np.generic], sigma: float, exit: ArrayLike
) -> Floats:
    """Shares of a market once some of its sellers have left, wholly or in part.

    A seller j of nest g sells ``s_j = e_j / D_g * D_g^(1-sigma) / sum_h D_h^(1-sigma)``, with ``e_j`` the exponential
    of its utility over (1 - sigma) and ``D_g`` the sum of e over the nest. A seller that withdraws the part ``exit_j``
    of its offer keeps ``(1 - exit_j) e_j``, as if it were many alike of which some go. So, with ``r_j = s_j / s_g`` and
    ``K_g = sum over g of r_j (1 - exit_j)``, what is left of D_g, and without another step whoever leaves::

        new s_j = (1 - exit_j) r_j / K_g * s_g K_g^(1-sigma) / (outside + sum over h of s_h K_h^(1-sigma))

    Where one seller leaves wholly, K_g = 1 - r, and with k = (1-r)^(1-sigma) and den = 1 - s_g + s_g k its rivals in
    the nest have ``s/(1-r) k/den``, all others and the outside ``s/den``. A seller that withdraws a part keeps more of
    its sales than that part leaves, as some of its buyers take what it still offers.

    Args:
        shares: n shares of the market, 0 or more, adding up to at most 1; what is missing is the outside, which is a
            nest of its own and cannot leave.
        nests: n labels.
        sigma: from 0 to less than 1.
        exit: n parts that leave, from 0 to 1.

    Returns:
        n new shares; with the new share of the outside they add up to what the old ones did.

    Raises:
        NetworkError: something is out of range, or everybody leaves and there is no outside.

    Example:
        >>> divert([0.5, 0.3, 0.2], ["a", "a", "a"], 0.5, [1, 0, 0]).tolist()
        [0.0, 0.6, 0.4]

    Source: Berry 1994, doi 10.2307/2555829 (shares of the nested logit); the rest is algebra.

    """
    s = numbers("shares", shares)
    n = s.size
    leaves = numbers("exit", exit)
    if s.ndim != 1 or leaves.shape != (n,):
        raise NetworkError(f"shares, exit: got shapes {s.shape} and {leaves.shape}; expected one of each a seller")
    if not (np.isfinite(s) & (s >= 0)).all() or s.sum() > 1.0 + ROUNDING:
        raise NetworkError(f"shares: got {s[:5]}, in all {s.sum():.4f}; expected 0 or more, adding up to at most 1")
    if not ((leaves >= 0) & (leaves <= 1)).all():
        raise NetworkError(f"exit: got {leaves[:5]}; expected parts from 0 to 1 (0.5, not 50)")
    if not 0.0 <= sigma < 1.0:
        raise NetworkError(f"sigma: got {sigma}; expected 0 or more and less than 1")
    group, labels = label_codes("nests", np.asarray(nests), n)
    g = labels.size
    of_nest = np.bincount(group, s, g).astype(np.float64)
    kept = np.bincount(group, s * (1.0 - leaves), g)
    K = np.divide(kept, of_nest, out=np.zeros(g), where=of_nest > 0)
    outside = max(0.0, 1.0 - float(s.sum()))
    den = outside + float(of_nest @ K ** (1.0 - sigma))
    if den <= 0:
        raise NetworkError("exit: everybody leaves, and there is no outside; expected somebody who stays")
    within = np.divide(K ** (1.0 - sigma), K, out=np.zeros(g), where=K > 0)
    whole = float(s.sum()) + outside  # 1 but for rounding
    return s * (1.0 - leaves) * within[group] / den * whole


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """One market of a case on a day.

    ``rivals`` has a row a seller: unit (null: everybody else), name, side, nest, share, and ``sales_usd_m``, what it
    sells here a year, USD m (null where that is not known). ``outside`` is the share of no seller.
    """

    name: str
    day: dt.date
    rivals: pl.DataFrame
    outside: float

    def gains(self, exit: Mapping[str, float], sigma: Sigma | None = None) -> pl.DataFrame:
        """What each seller gains (loses, below 0) when some leave, a row a seller.

        ``exit`` is the part of its offer that each unit withdraws. Adds ``new_share``, ``gain_share`` and
        ``gain_usd_m`` with ``_low`` and ``_high`` over the range of sigma; USD m a year, null where sales are
        not known.
        A rival's gain is in its own prices: its sales grow as its share does.

        Raises ``NotFound`` for a unit that is not in the market, ``NetworkError`` as ``divert``.
        """
        names = [u for u in self.rivals["unit"] if u is not None]
        strange = sorted(set(exit) - set(names))
        if strange:
            raise NotFound(f"market {self.name}: no unit {', '.join(strange)}; it has {', '.join(names)}.")
        chosen = sigma or Sigma()
        old = self.rivals["share"].to_numpy()
        part = np.array([0.0 if u is None else exit.get(u, 0.0) for u in self.rivals["unit"]])
        nests = self.rivals["nest"].to_numpy()
        low, new, high = (divert(old, nests, s, part) for s in (chosen.low, chosen.central, chosen.high))
        every = np.stack([low, new, high]) - old
        rate = pl.col("sales_usd_m") / pl.col("share")
        gains = {"": new - old, "_low": every.min(axis=0), "_high": every.max(axis=0)}
        return self.rivals.with_columns(
            pl.Series("new_share", new), *(pl.Series(f"gain_share{end}", v) for end, v in gains.items())
        ).with_columns((rate * pl.col(f"gain_share{end}")).alias(f"gain_usd_m{end}") for end in gains)

    def gains_by_side(self, exit: Mapping[str, float], sigma: Sigma | None = None) -> pl.DataFrame:
        """The same a row a side.

        Ends of a side's range are the sums of those of its sellers, so that it is at least as wide as it need be.
        USD are of the sellers whose sales are known: ``n_unpriced`` counts the others; null where it is all of them.
        """
        ends = ("", "_low", "_high")
        priced = pl.col("sales_usd_m").is_not_null()
        return (
            self.gains(exit, sigma)
            .group_by(pl.col("side").fill_null(""))
            .agg(
                *(pl.col(f"gain_share{end}").sum() for end in ends),
                *(
                    pl.when(priced.any()).then(pl.col(f"gain_usd_m{end}").sum()).alias(f"gain_usd_m{end}")
                    for end in ends
                ),
                (~priced).sum().alias("n_unpriced"),
            )
            .sort("side")
        )


def of(case: Case, day: dt.date | str, *, size_usd_m: Mapping[str, float] | None = None) -> dict[str, Market]:
    """The markets of a case on a day, by name.

    A seller's sales in its market are its output (a unit in several: in that of ``labels``). For a market named in
    ``size_usd_m`` they are its share of that, USD m a year. A unit that does not exist that day is left to the outside.

    Raises ``NotFound`` where ``size_usd_m`` names no market, ``DetenteError`` for a day that is none or a size that is
    not above 0.
    """
    when = as_day(day, "day")
    network = Network.of(case, when)
    sizes = dict(size_usd_m or {})
    table = _rows(case, when)
    known = set(table["market"])
    if set(sizes) - known:
        raise NotFound(
            f"size_usd_m: no market {', '.join(sorted(set(sizes) - known))}; there is {', '.join(sorted(known))}."
        )
    if any(not (np.isfinite(v) and v > 0) for v in sizes.values()):
        raise DetenteError("size_usd_m: expected amounts above 0, USD m a year.")
    home = dict(zip(network.units["unit"], labels(case, network), strict=True))
    units = network.units.select("unit", "name", "side", "output_usd_m")
    answer = {}
    for (name,), rows in table.group_by("market", maintain_order=True):
        there = rows.filter(pl.col("unit").is_null() | pl.col("unit").is_in(units["unit"].implode()))
        at_home = pl.Series([u is not None and home.get(u) == name for u in there["unit"]], dtype=pl.Boolean)
        output = pl.when(at_home).then(pl.col("output_usd_m"))
        sales = pl.col("share") * sizes[str(name)] if name in sizes else output
        rivals = there.join(units, on="unit", how="left", maintain_order="left").with_columns(
            sales.alias("sales_usd_m")
        )
        rivals = rivals.select("unit", "name", "side", "nest", "share", "sales_usd_m")
        answer[str(name)] = Market(str(name), when, rivals, max(0.0, 1.0 - float(rivals["share"].sum())))
    return answer


def labels(case: Case, network: Network) -> list[str | None]:
    """The market of each unit of a network: of several the one with most sellers, then the first by name."""
    table = _rows(case, network.day).filter(pl.col("unit").is_not_null())
    table = table.with_columns(pl.len().over("market").alias("n")).sort(["n", "market"], descending=[True, False])
    chosen = dict(table.unique("unit", keep="first", maintain_order=True).select("unit", "market").iter_rows())
    return [chosen.get(u) for u in network.units["unit"]]


def rivals(case: Case, network: Network) -> pl.DataFrame:
    """Who takes over whose final sales, as the flow model and the optimum take it, each unit in one market.

    One row a seller: unit (null: sellers outside the network), market, nest, share with ``share_low`` and
    ``share_high``. A unit stands in the market of ``labels``; in its other markets it counts as outside.
    """
    table = _rows(case, network.day)
    home = dict(zip(network.units["unit"], labels(case, network), strict=True))
    at_home = [u is not None and home.get(u) == m for u, m in table.select("unit", "market").iter_rows()]
    used = table.filter(pl.col("unit").is_in([u for u, m in home.items() if m]))["market"].unique()
    return (
        table.with_columns(pl.when(pl.Series(at_home, dtype=pl.Boolean)).then("unit").alias("unit"))
        .filter(pl.col("market").is_in(used.implode()) & pl.col("unit").is_not_null().any().over("market"))
        .select(
            "unit", "market", "nest", "share", pl.coalesce("share_low", "share").alias("share_low"),
            pl.coalesce("share_high", "share").alias("share_high"),
        )
    )  # fmt: skip


def _rows(case: Case, day: dt.date) -> pl.DataFrame:
    holds = (pl.col("since").is_null() | (pl.col("since") <= day)) & (
        pl.col("through").is_null() | (pl.col("through") >= day)
    )
    return case["markets"].filter(holds).with_columns(pl.col("nest").fill_null("all")).sort("market", "id")

"""Worlds drawn from the ranges of the facts: every draw is consistent, and all models run on the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from detente.decide.permits import OnDay
from detente.decide.verdict import STATES
from detente.impact.assumptions import Assumptions
from detente.impact.network import CLASSES, Network
from detente.impact.newcomers import RESIDUAL
from detente.record import Case, DetenteError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MOST_DRAWS = 2**20
ASSUMED = ("tau", "spare", "spare_tau", "qualification_days", "important", "sigma")
CLASS_ODDS = {  # assumed: how likely an input that the case classes so is critical, at least important
    CLASSES["critical"]: (0.6, 1.0),
    CLASSES["important"]: (0.15, 0.75),
    CLASSES["other"]: (0.0, 0.2),
}
COMMON = "how inputs bind, all of them"


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """K worlds as arrays: L sales, n units, M sales that could be, R sellers in markets.

    ``uniform`` is K x D, the place of each draw within the range of each fact, named in ``facts`` (kind, fact).
    ``value`` and ``share`` (allowed of each sale) are K x L, ``stock_days`` and ``link_class`` too; ``output`` K x n;
    ``may`` K x M (whether a sale that could be is allowed); ``market`` K x R shares; ``assumed`` has K values each of
    tau, spare, spare_tau, qualification_days, important, sigma.
    """

    facts: tuple[tuple[str, str], ...]
    uniform: Floats
    value: Floats
    output: Floats
    link_class: npt.NDArray[np.int8]
    stock_days: Floats
    share: Floats
    may: npt.NDArray[np.bool_]
    market: Floats
    assumed: dict[str, Floats]

    def part(self, rows: slice) -> Drawn:
        """Some of the worlds."""
        return Drawn(
            self.facts, self.uniform[rows], self.value[rows], self.output[rows], self.link_class[rows],
            self.stock_days[rows], self.share[rows], self.may[rows], self.market[rows],
            {k: v[rows] for k, v in self.assumed.items()},
        )  # fmt: skip


def draw(
    case: Case, network: Network, law: OnDay, new_law: OnDay | None, new_seller: Sequence[str], rivals: pl.DataFrame,
    assumptions: Assumptions, *, n: int, seed: int,
) -> Drawn:  # fmt: skip
    """Draw ``n`` worlds of a network on a day by a scrambled Sobol' sequence.

    A fact lies below its central value as often as above it, evenly on either side. Drawn are: the value of each sale
    and the output of each unit that has a range; days of stock (figures with the same range are one estimate); shares
    of markets; the law, one coordinate for all goods of a selling unit (an unknown verdict is open in half of the
    draws, a licence covers a part within its range); classes of inputs, half in common and half each on its own, by
    ``CLASS_ODDS``; and the assumptions. Then accounts are closed as `_close` says, a unit makes at least what it sells
    and what it buys, one that sells all it makes goes on doing so, and the shares of a market keep their sum.

    Raises ``DetenteError`` for a number of draws out of range.
    """
    if not 1 <= n <= MOST_DRAWS:
        raise DetenteError(f"draws: got {n}; expected 1 to {MOST_DRAWS:,}.")
    links = case["links"][network.rows]
    low, high = _ends(links, "value_usd_m")
    wide = np.flatnonzero(high > low)
    units = network.units
    out_low, out_high = _ends(units, "output_usd_m")
    broad = np.flatnonzero(out_high > out_low)
    stock, stock_names, stock_of = _stocks(network, assumptions)
    share_low, share_high = (rivals[f"share_{end}"].to_numpy() for end in ("low", "high"))
    loose = np.flatnonzero(share_high > share_low)
    sellers = units["unit"].to_numpy()[network.seller]
    unsure = _unsure(sellers, law, network.rows, new_seller, new_law)
    kinds, kind_of = _kinds(network)
    groups: list[list[tuple[str, str]]] = [  # what matters most first: the first coordinates are spread best
        [("assumed", name.replace("_", " ")) for name in ASSUMED],
        [("class", name) for name in (COMMON, *kinds)],
        [("law", unit) for unit in unsure],
        [("stock", name) for name in stock_names],
        [("market", f"{rivals['market'][int(k)]}: {rivals['unit'][int(k)] or 'others'}") for k in loose],
        [("output", units["unit"][int(k)]) for k in broad],
        [("sale", links["id"][int(k)]) for k in wide],
    ]
    facts = [fact for group in groups for fact in group]
    exponent = int(np.ceil(np.log2(max(n, 2))))
    u = qmc.Sobol(len(facts), scramble=True, rng=np.random.default_rng(seed)).random_base2(exponent)[:n]
    ends = np.cumsum([len(group) for group in groups])
    assumed, bind, legal, full, market_u, output_u, sale_u = np.split(u, ends[:-1], axis=1)

    value = np.tile(network.value, (n, 1))
    value[:, wide] = between(sale_u, low[wide], network.value[wide], high[wide])
    value = _close(case, network, value)
    output = np.tile(network.output, (n, 1))
    output[:, broad] = between(output_u, out_low[broad], network.output[broad], out_high[broad])
    output = _consistent(network, value, output)
    days = between(full, *(stock[end] for end in range(3)))[:, stock_of]
    market = np.tile(rivals["share"].to_numpy(), (n, 1))
    market[:, loose] = between(market_u, share_low[loose], market[0, loose], share_high[loose])
    market = _same_sum(market, rivals)
    coordinate = dict(zip(unsure, legal.T, strict=True))
    return Drawn(
        tuple(facts), u, value, output, _classes(network, kind_of, bind), days,
        _law(sellers, law, network.rows, coordinate, n),
        _law(np.array(new_seller, dtype=object), new_law, np.arange(len(new_seller)), coordinate, n) >= 1.0,
        market,
        {name: between(assumed[:, k], *_three(assumptions, name)) for k, name in enumerate(ASSUMED)},
    )  # fmt: skip


def between(u: Floats, low: Floats | float, central: Floats | float, high: Floats | float) -> Floats:
    """A quantile: evenly from low to central in the lower half, from central to high in the upper.

    >>> between(np.array([0.0, 0.25, 0.5, 1.0]), 0.0, 10.0, 30.0).tolist()
    [0.0, 5.0, 10.0, 30.0]
    """
    below = low + (np.asarray(central) - low) * 2.0 * u
    above = central + (np.asarray(high) - central) * (2.0 * u - 1.0)
    found: Floats = np.where(u < 0.5, below, above)
    return found


def _three(assumptions: Assumptions, name: str) -> tuple[float, float, float]:
    span = getattr(assumptions, name)
    return span.low, span.central, span.high


def _ends(table: pl.DataFrame, column: str) -> tuple[Floats, Floats]:
    low, high = (table[f"{column}_{end}"].fill_null(table[column]).to_numpy() for end in ("low", "high"))
    middle = table[column].to_numpy()
    return np.minimum(low, middle), np.maximum(high, middle)


def _stocks(network: Network, assumptions: Assumptions) -> tuple[Floats, list[str], Ints]:
    """Ranges of stock (3 x S), their names, and which each sale has; the last is for inputs without a record."""
    each = np.column_stack([assumptions.stocks(network, end) for end in ("low", "central", "high")])
    known = np.zeros(network.seller.size, dtype=bool)
    if network.stock_days is not None:
        known = ~np.isnan(network.stock_days[:, 1])
    silent = np.array([*_three(assumptions, "stock_days")])
    rows = np.vstack([each[known], silent])
    distinct, of = np.unique(rows, axis=0, return_inverse=True)
    number = np.full(network.seller.size, of.ravel()[-1], dtype=np.int64)
    number[known] = of.ravel()[:-1]
    names = [f"{a:g} to {b:g} days" for a, _, b in distinct]
    return distinct.T, names, number


def _unsure(
    sellers: npt.NDArray[np.object_], law: OnDay, rows: Ints, new_seller: Sequence[str], new_law: OnDay | None
) -> list[str]:
    """Units for some sale of which the law is not sure."""
    open_ = set(sellers[law.high[rows] > law.low[rows]].tolist())
    if new_law is not None:
        open_ |= {s for s, a, b in zip(new_seller, new_law.low, new_law.high, strict=True) if b > a}
    return sorted(open_)


def _law(
    sellers: npt.NDArray[np.object_], law: OnDay | None, rows: Ints, coordinate: dict[str, Floats], n: int
) -> Floats:
    """Share allowed of each sale in each draw."""
    if law is None:
        return np.ones((n, 0))
    low, figure, high = law.low[rows], law.allowed[rows], law.high[rows]
    unknown = law.state[rows] == STATES.index("unknown")
    share = np.tile(figure, (n, 1))
    for k in np.flatnonzero(high > low):
        u = coordinate[str(sellers[k])]
        share[:, k] = np.where(u < 0.5, low[k], high[k]) if unknown[k] else between(u, low[k], figure[k], high[k])
    return share


def _kinds(network: Network) -> tuple[list[str], Ints]:
    """Inputs by what is made and what is used: names, and which each sale is."""
    items = network.units["item"].to_numpy()
    names = np.array([f"{items[s]} for {items[b]}" for s, b in zip(network.seller, network.buyer, strict=True)])
    distinct, of = np.unique(names, return_inverse=True) if names.size else (names, np.zeros(0, dtype=np.int64))
    return distinct.tolist(), of.astype(np.int64)


def _classes(network: Network, kind_of: Ints, u: Floats) -> npt.NDArray[np.int8]:
    """Class of each sale's input in each draw: a mix of what is common to all inputs and what is its own."""
    tiny = 1e-12
    z = ndtri(np.clip(u, tiny, 1 - tiny))
    mixed = ndtr((z[:, :1] + z[:, 1:]) / np.sqrt(2.0))[:, kind_of]
    drawn = np.empty(mixed.shape, dtype=np.int8)
    for kind, (critical, binding) in CLASS_ODDS.items():
        mine = network.link_class == kind
        p = mixed[:, mine]
        drawn[:, mine] = np.where(p < critical, CLASSES["critical"], np.where(p < binding, CLASSES["important"], 0))
    return drawn


def _close(case: Case, network: Network, value: Floats) -> Floats:
    """Make the sales add up to what the accounts report, the narrowest account first.

    Sales that no source puts a figure to (recorded as 0, or of a seller tagged ``residual``) take what the others
    leave, each in proportion to its draw; where the others exceed the total they are scaled down to it. An account's
    sales stay as they are in a wider one.
    """
    units = network.units
    residual = units["tags"].fill_null([]).list.contains(RESIDUAL).to_numpy()
    free = (network.value == 0) | residual[network.seller]
    fixed = np.zeros(free.size, dtype=bool)
    for mask, total in sorted(_accounts(case, network), key=lambda a: (int(a[0].sum()), a[1])):
        gives, stays = mask & free & ~fixed, mask & ~(free & ~fixed)
        kept, rest = value[:, stays].sum(axis=1), value[:, gives].sum(axis=1)
        left = np.maximum(0.0, total - kept)
        value[:, gives] *= np.divide(left, rest, out=np.zeros_like(rest), where=rest > 0)[:, None]
        now = value[:, mask].sum(axis=1)
        over = np.divide(total, now, out=np.ones_like(now), where=now > 0)
        value[:, mask] *= over[:, None]
        fixed |= mask
    return value


def _accounts(case: Case, network: Network) -> list[tuple[npt.NDArray[np.bool_], float]]:
    """Which sales each account adds up, and to what."""
    parties = case["parties"].select(pl.col("id").alias("party"), "country", "side", "group")
    own = case["units"].select(pl.col("id").alias("unit"), "party").join(parties, on="party", how="left")
    about = network.units.select("unit").join(own, on="unit", how="left", maintain_order="left")
    seller, buyer = about[network.seller], about[network.buyer]
    found = []
    for r in case["accounts"].iter_rows(named=True):
        mask = np.ones(network.seller.size, dtype=bool)
        for frame, column, wanted in (
            (seller, "country", r["seller_country"]),
            (seller, "side", r["seller_side"]),
            (buyer, "group", r["buyer_group"]),
        ):  # fmt: skip
            if wanted is not None:
                mask &= (frame[column] == wanted).fill_null(False).to_numpy()
        if r["buyer_group"] is not None:  # sales inside a group do not count
            mask &= (seller["group"].fill_null("") != r["buyer_group"]).to_numpy()
        if mask.any():
            found.append((mask, float(r["reported_usd_m"])))
    return found


def _consistent(network: Network, value: Floats, output: Floats) -> Floats:
    """Output of at least sales and purchases; a unit that sells all it makes inside the network goes on doing so."""
    n = network.units.height
    sold = np.stack([np.bincount(network.seller, row, n) for row in value])
    bought = np.stack([np.bincount(network.buyer, row, n) for row in value])
    whole = np.bincount(network.seller, network.value, n)
    all_of_it = (whole > 0) & (network.output <= whole * (1.0 + 1e-3))
    found: Floats = np.where(all_of_it, sold, np.maximum(output, np.maximum(sold, bought)))
    return found


def _same_sum(market: Floats, rivals: pl.DataFrame) -> Floats:
    names = rivals["market"].to_numpy()
    for name in np.unique(names):
        mine = names == name
        whole = market[:, mine].sum(axis=1)
        market[:, mine] *= (float(rivals["share"].to_numpy()[mine].sum()) / np.maximum(whole, 1e-300))[:, None]
    return market

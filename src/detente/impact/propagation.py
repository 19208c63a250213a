"""One scenario in which firms lose output, or sales are closed, or both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from detente.impact._kernels import F64, Answers, Closed, Lanes, Links, Market, Shocks, run_scenarios
from detente.impact._lanes import LANES
from detente.impact.calibration import Calibration, amounts
from detente.impact.scenario import Stop, markets, one_column, shares, stop_rule, weight_columns


@dataclass(frozen=True, slots=True, eq=False)
class Propagation:
    """What one scenario leaves of each firm.

    Attributes:
        loss_down, loss_up: n, share of output lost for want of inputs, and of orders.
        iterations: steps taken.
        converged: False where `max_iterations` ended it.
        tolerance, stop, max_iterations: as given.

    """

    loss_down: F64
    loss_up: F64
    iterations: int
    converged: bool
    tolerance: float
    stop: Stop
    max_iterations: int

    @property
    def loss(self) -> F64:
        """Share of output lost by each firm: the worse of the two channels."""
        worse: F64 = np.maximum(self.loss_down, self.loss_up)
        return worse


def propagate(
    calibration: Calibration,
    *,
    shock_down: ArrayLike | None = None,
    shock_up: ArrayLike | None = None,
    allowed: ArrayLike | None = None,
    market: ArrayLike | None = None,
    market_size: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    tolerance: float = 1e-2,
    stop: Stop = "output",
    max_iterations: int = 10_000,
) -> Propagation:
    """Run one scenario in which firms lose output, or sales are closed, or both.

    A law closes a sale for one buyer, so the loss sits on the link, and replaceability is the buyer's own: what a maker
    may not sell to this buyer is no part of what is left of the market for it. With `hd`, `hu` what is left of output,
    `phi` what is allowed of a link, `s` the market sizes:

        left[i, j] = sum of s[l] hd[l], l in the market of i, less s[l] hd[l] (1 - phi[l, j]) where l sells to j
        sigma[i, j] = min(1, s[i] / left[i, j]), and 1 where nothing is left
        miss[i, j] = sigma[i, j] share_down[i, j] (1 - phi[i, j] hd[i])
        hd[j] <- max(0, min(1 - shock_down[j], 1 - the largest sum of miss over a critical input,
                            1 - sum of miss over ordinary inputs))
        hu[i] <- max(0, min(1 - shock_up[i], 1 - sum of share_up[i, j] (1 - phi[i, j] hu[j])))

    Args:
        calibration: from `calibrate` or `calibrate_links`.
        shock_down: n, share of output lost at the start, in [0, 1]. None: no firm loses any.
        shock_up: n, the same for the upstream channel. None: as `shock_down`.
        allowed: share of each link still allowed, in [0, 1], in the order of `calibration.seller`. None: all of it.
        market: n labels; see `esri`. None: nothing can be replaced.
        market_size: n, size of each firm in its market, in any one unit: where firms also sell outside this network.
            None: sales inside it.
        weights: n, for `stop="index"`. None: sales.
        tolerance, stop: as in `esri`.
        max_iterations: at least 1; 1 shows what is lost directly. A run cut short says `converged=False`.

    Raises:
        NetworkError: something given has not this shape or range.

    Example:
        >>> from detente.impact.calibration import calibrate_links
        >>> network = calibrate_links(3, [0, 1], [2, 2], [1.0, 1.0], ["part", "part"], [2, 2])
        >>> propagate(network, allowed=[0, 1]).loss
        array([1. , 0. , 0.5])

    Source: the design's own formula; with nothing closed, one scenario of Diem et al. 2022.

    """
    n = calibration.n
    rule = stop_rule(tolerance, stop, max_iterations)
    down = shares("shock_down", np.zeros(n) if shock_down is None else shock_down, n)
    up = down if shock_up is None else shares("shock_up", shock_up, n)
    size = calibration.sales if market_size is None else amounts("market_size", market_size, n)
    groups = markets(market, size)
    share = weight_columns(weights, calibration.sales) if stop == "index" else np.zeros((n, 1))
    links, closed = calibration.layout.links, NOTHING_CLOSED
    if allowed is not None:
        phi = shares("allowed", allowed, calibration.seller.size)
        if (phi < 1).any():
            links, closed = _close(calibration, phi, groups)
    shocks = Shocks(*one_column(down), *one_column(up))
    answers = Answers(
        np.zeros((1, 1, 3)), np.zeros((1, 2)), np.zeros(1, np.int64), np.zeros(1, np.bool_), np.zeros(1, np.int64),
        np.zeros((1, n)), np.zeros((1, n)),
    )  # fmt: skip
    orders = calibration.layout.orders
    run_scenarios(links, orders, groups, closed, shocks, share, rule, answers, NO_LANES, np.zeros(1, np.int64))
    return Propagation(
        answers.loss_down[0], answers.loss_up[0], int(answers.iterations[0]), bool(answers.converged[0]),
        tolerance, stop, max_iterations,
    )  # fmt: skip


def _close(calibration: Calibration, phi: F64, market: Market) -> tuple[Links, Closed]:
    """Take the links that need their own arithmetic out of the common ones."""
    layout, seller, buyer = calibration.layout, calibration.seller, calibration.buyer
    restricted = np.flatnonzero(phi < 1)
    if market.n_markets:  # every link of a buyer from a market of which some sale to it is restricted
        hurt = np.zeros(calibration.n, np.bool_)
        hurt[buyer[restricted]] = True
        near = np.flatnonzero(hurt[buyer])
        key = buyer[near] * market.n_markets + market.of[seller[near]]
        mine = np.isin(key, key[phi[near] < 1])
        rank = np.argsort(key[mine], kind="stable")
        own, key = near[mine][rank], key[mine][rank]
        starts = np.flatnonzero(np.diff(key, prepend=-1))
        of = market.of[seller[own[starts]]]
    else:
        own = restricted[layout.input_of[restricted] >= 0]
        starts = np.arange(own.size)
        of = np.full(own.size, -1, np.int32)
    closed = Closed(
        ptr=np.append(starts, own.size).astype(np.int64),
        market=of,
        seller=seller[own].astype(np.int32),
        buyer=buyer[own].astype(np.int32),
        input=layout.input_of[own],
        share=calibration.share_down[own],
        allowed=phi[own],
        up_seller=seller[restricted].astype(np.int32),
        up_loss=calibration.share_up[restricted] * (1 - phi[restricted]),
    )
    common = calibration.share_down.copy()
    common[own] = 0.0
    links = layout.links._replace(
        down_share=common[layout.down_order], up_share=(calibration.share_up * phi)[layout.up_order]
    )
    return links, closed


def _nothing_closed() -> Closed:
    ids, amount = np.zeros(0, np.int32), np.zeros(0)
    return Closed(np.zeros(1, np.int64), ids, ids, ids, ids, amount, amount, ids, amount)


NOTHING_CLOSED = _nothing_closed()
NO_LANES = Lanes(np.zeros((0, LANES)), np.zeros((0, LANES)), 0)

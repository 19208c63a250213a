"""The cascade of a day's permits: which output is lost, where, once closed sales have run through the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide.permits import OnDay
from detente.decide.verdict import STATES
from detente.impact.calibration import Calibration, NetworkError, calibrate_links
from detente.impact.network import CLASSES, Network
from detente.impact.outcome import Outcome
from detente.impact.propagation import Propagation, propagate
from detente.record import DetenteError

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-9  # the published index stops at 1e-2; here the fixed point itself is meant


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Sales summed over pairs of units, which is what the model knows: ``pair`` is the pair of each sale."""

    pair: npt.NDArray[np.int64]
    value: Floats
    calibration: Calibration

    def allowed(self, share: Floats, value: Floats) -> Floats:
        """The share allowed of each pair: that of its sales, weighed by value."""
        n = self.value.size
        whole = np.bincount(self.pair, value, n)
        part = np.bincount(self.pair, value * share, n)
        return np.clip(np.divide(part, whole, out=np.ones(n), where=whole > 0), 0.0, 1.0)


def run(network: Network, permits_on_a_day: OnDay, *, tolerance: float = TOLERANCE) -> Outcome:
    """What closing sales costs when nobody adapts, USD m a year, by unit.

    Three runs, because the answer hangs on what is not known. The figure takes unknown sales as closed, inputs as the
    case classes them, and lets a maker be replaced by its market's others as far as they may sell to the buyer. Low
    takes unknown sales as open and lets every input bind only with its share of purchases. High takes unknown sales as
    closed and nobody as replaceable. In each, what a unit cannot make for want of inputs it does not order from its
    other suppliers either. Output beyond the network's own sales goes to buyers whom no measure touches.

    Raises ``DetenteError`` where no unit exists on the day, and ``NetworkError`` where the permits are of another
    record or day than the network.

    >>> from detente import load, permits
    >>> case = load("huawei")
    >>> network = Network.of(case, "2019-05-15")
    >>> run(network, permits(case, "2019-05-15", "2019-05-15").on("2019-05-15")).by_side()["loss_usd_m"].sum()
    0.0

    Source: the cascade of docs/impact.md; with no sale closed it is the index of Diem et al. 2022.
    """
    if permits_on_a_day.record != network.record or permits_on_a_day.day != network.day:
        raise NetworkError(
            f"permits of {permits_on_a_day.day} (record {permits_on_a_day.record[:12]}) for a network of {network.day} "
            f"(record {network.record[:12]}); take both from the same case and day"
        )
    if network.units.height == 0:
        raise DetenteError(f"No unit of the record exists on {network.day}: there is nothing to cost.")
    rows = network.rows
    share = permits_on_a_day.allowed[rows]
    models = models_of(network, tolerance)
    three = losses(models, share, permits_on_a_day.low[rows], permits_on_a_day.high[rows])
    unknown = permits_on_a_day.state[rows] == STATES.index("unknown")
    return _outcome(network, share, unknown, *three, tolerance)


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """A network made ready for the three runs: inputs as classed and all by their share, and the makers' items."""

    value: Floats
    bound: _Pairs
    loose: _Pairs
    items: npt.NDArray[np.str_]
    tolerance: float


def models_of(network: Network, tolerance: float = TOLERANCE) -> Models:
    """Measure a network once for any number of runs."""
    loose = np.minimum(network.link_class, CLASSES["important"]).astype(np.int8)
    bound = _pairs(network, network.link_class)
    return Models(network.value, bound, _pairs(network, loose), network.units["item"].to_numpy(), tolerance)


def losses(
    models: Models, share: Floats, low: Floats, high: Floats, shock: Floats | None = None
) -> tuple[Propagation, Propagation, Propagation]:
    """The figure, the low and the high run, as `run` describes them.

    ``share``, ``low`` and ``high`` are what is allowed of each sale, ``shock`` (a value a unit) the share of output
    that units lose at the start, in both channels.
    """
    bound, loose = models.bound, models.loose
    figure = _both_ways(bound, bound.allowed(share, models.value), models.items, models.tolerance, shock)
    least = _both_ways(loose, loose.allowed(high, models.value), models.items, models.tolerance, shock)
    most = _both_ways(bound, bound.allowed(low, models.value), None, models.tolerance, shock)
    return figure, least, most


def _both_ways(
    pairs: _Pairs, allowed: Floats, market: npt.NDArray[np.str_] | None, tolerance: float, shock: Floats | None
) -> Propagation:
    """Inputs first; then orders, which fall with what could not be made for want of inputs.

    The published index keeps the two apart, because a firm that fails there stops buying by assumption. Where the law
    closes a sale no firm fails, and without this the makers of a phone's other parts would lose nothing.
    """
    n, calibration = pairs.calibration.n, pairs.calibration
    inputs = propagate(calibration, shock_down=shock, allowed=allowed, market=market, tolerance=tolerance)
    return propagate(
        calibration, shock_down=np.zeros(n) if shock is None else shock, shock_up=inputs.loss_down, allowed=allowed,
        market=market, tolerance=tolerance,
    )  # fmt: skip


def _pairs(network: Network, link_class: npt.NDArray[np.int8]) -> _Pairs:
    n = network.units.height
    keys, first, pair = np.unique(network.seller * n + network.buyer, return_index=True, return_inverse=True)
    value = np.bincount(pair, network.value, keys.size).astype(np.float64)
    seller, buyer = keys // n, keys % n
    items = network.units["item"].to_numpy()
    revenue = np.maximum(network.output, np.bincount(seller, value, n))  # the record lets rounding stand between them
    calibration = calibrate_links(n, seller, buyer, value, items[seller], link_class[first], revenue=revenue)
    return _Pairs(pair.astype(np.int64), value, calibration)


def _outcome(
    network: Network,
    share: Floats,
    unknown: npt.NDArray[np.bool_],
    central: Propagation,
    least: Propagation,
    most: Propagation,
    tolerance: float,
) -> Outcome:
    n, output = network.units.height, network.output
    held = network.value * (1.0 - share)
    closed, unsure = np.where(unknown, 0.0, held), np.where(unknown, held, 0.0)
    low = np.minimum(least.loss, central.loss)
    high = np.maximum(most.loss, central.loss)
    binds = np.where(central.loss <= tolerance, "", np.where(central.loss_down >= central.loss_up, "inputs", "sales"))
    units = network.units.with_columns(
        pl.Series("closed_sales_usd_m", np.bincount(network.seller, closed, n)),
        pl.Series("unknown_sales_usd_m", np.bincount(network.seller, unsure, n)),
        pl.Series("closed_inputs_usd_m", np.bincount(network.buyer, closed, n)),
        pl.Series("unknown_inputs_usd_m", np.bincount(network.buyer, unsure, n)),
        pl.Series("loss_share", central.loss),
        pl.Series("loss_usd_m", central.loss * output),
        pl.Series("loss_usd_m_low", low * output),
        pl.Series("loss_usd_m_high", high * output),
        pl.Series("binds", binds),
    )
    names = network.units["unit"].to_numpy()
    links = pl.DataFrame(
        {
            "link": network.links,
            "seller": names[network.seller],
            "buyer": names[network.buyer],
            "value_usd_m": network.value,
            "allowed": share,
            "closed_usd_m": closed,
            "unknown_usd_m": unsure,
        }
    )
    settings: dict[str, float | int | str | bool] = {
        "tolerance": tolerance,
        "iterations": central.iterations,
        "converged": central.converged and least.converged and most.converged,
        "sales_without_class": network.n_unclassed,
    }
    return Outcome("cascade", network.day, units, links, settings, network.record)

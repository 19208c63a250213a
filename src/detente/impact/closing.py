"""The cascade of a day's permits: which output is lost, where, once closed sales have run through the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide.permits import OnDay
from detente.decide.verdict import STATES
from detente.impact.calibration import NetworkError
from detente.impact.network import Network
from detente.impact.outcome import Outcome
from detente.impact.packages import READINGS, TOLERANCE, Losses, Prepared, Reading, evaluate, prepare
from detente.record import DetenteError

Floats = npt.NDArray[np.float64]


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
    found = evaluate(
        network, share, low=permits_on_a_day.low[rows], high=permits_on_a_day.high[rows], tolerance=tolerance
    )
    unknown = permits_on_a_day.state[rows] == STATES.index("unknown")
    return _outcome(network, share, unknown, found, tolerance)


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """A network made ready for the three runs."""

    ready: Prepared
    tolerance: float


def models_of(network: Network, tolerance: float = TOLERANCE) -> Models:
    """Measure a network once for any number of runs."""
    return Models(prepare(network), tolerance)


def losses(
    models: Models, share: Floats, low: Floats, high: Floats, shock: Floats | None = None
) -> tuple[Losses, Losses, Losses]:
    """The figure, the low and the high run of one package, a value a unit; `evaluate` runs many at once.

    ``share``, ``low`` and ``high`` are what is allowed of each sale, ``shock`` (a value a unit) the share of output
    that units lose at the start, in both channels.
    """
    found = evaluate(models.ready, share, low=low, high=high, stopped=shock, tolerance=models.tolerance)
    figure, least, most = (
        replace(found[reading], loss=found[reading].loss[0], loss_down=found[reading].loss_down[0])
        for reading in READINGS
    )
    return figure, least, most


def _outcome(
    network: Network,
    share: Floats,
    unknown: npt.NDArray[np.bool_],
    found: dict[Reading, Losses],
    tolerance: float,
) -> Outcome:
    n, output = network.units.height, network.output
    held = network.value * (1.0 - share)
    closed, unsure = np.where(unknown, 0.0, held), np.where(unknown, held, 0.0)
    central, down = found["figure"].loss[0], found["figure"].loss_down[0]
    low = np.minimum(found["low"].loss[0], central)
    high = np.maximum(found["high"].loss[0], central)
    binds = np.where(central <= tolerance, "", np.where(down >= central, "inputs", "sales"))
    units = network.units.with_columns(
        pl.Series("closed_sales_usd_m", np.bincount(network.seller, closed, n)),
        pl.Series("unknown_sales_usd_m", np.bincount(network.seller, unsure, n)),
        pl.Series("closed_inputs_usd_m", np.bincount(network.buyer, closed, n)),
        pl.Series("unknown_inputs_usd_m", np.bincount(network.buyer, unsure, n)),
        pl.Series("loss_share", central),
        pl.Series("loss_usd_m", central * output),
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
        "sweeps": int(found["figure"].sweeps[0]),
        "converged": all(bool(losses.converged[0]) for losses in found.values()),
        "sales_without_class": network.n_unclassed,
    }
    return Outcome("cascade", network.day, units, links, settings, network.record)

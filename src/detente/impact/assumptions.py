"""What no fact of a record says and the models need: each with a range, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import numpy.typing as npt

from detente.impact.calibration import NetworkError
from detente.impact.network import Network

Floats = npt.NDArray[np.float64]
End = Literal["low", "central", "high"]
ENDS: tuple[End, ...] = ("low", "central", "high")


@dataclass(frozen=True, slots=True)
class Span:
    """A figure that is known as a range."""

    low: float
    central: float
    high: float

    def at(self, end: End) -> float:
        """One of the three."""
        return float(getattr(self, end))


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Assumed, not estimated: what the flow model and the optimum take where the record is silent.

    Attributes:
        stock_days: days of use in stock of an input for which the record has none. Inoue and Todo 2019 take 15, BoARIO
            90.
        tau: days in which a buyer closes a gap in its stock. Inoue and Todo 6, BoARIO 60.
        spare: how far output can rise above that of the record, as a share of it. Hallegatte 2014: 0.2 to 0.25.
        spare_tau: days in which spare capacity comes up while everything is short. Hallegatte 2014: a year.
        qualification_days: days from the first order that the law stops to the first one to a new maker. Assumed.
        important: weight of the limit that an important input sets (Pichler et al. 2022 try 0, 0.5 and 1).
        sigma: nest correlation of a market, from 0 (no closer rivals) to below 1. Assumed.
        premium: what a USD of new business costs in the optimum, USD. Without it business that is worth the same
            anywhere moves from side to side for nothing, and the ranges by side say little. Assumed.

    """

    stock_days: Span = Span(15.0, 30.0, 90.0)
    tau: Span = Span(6.0, 10.0, 60.0)
    spare: Span = Span(0.0, 0.25, 0.5)
    spare_tau: Span = Span(180.0, 365.0, 730.0)
    qualification_days: Span = Span(180.0, 365.0, 730.0)
    important: Span = Span(0.0, 0.5, 1.0)
    sigma: Span = Span(0.0, 0.5, 0.9)
    premium: Span = Span(0.0, 0.05, 0.1)

    def __post_init__(self) -> None:
        least = {"tau": 1.0, "spare_tau": 1.0}
        most = {"important": 1.0, "sigma": 0.999}
        for f in fields(self):
            span: Span = getattr(self, f.name)
            floor, top = least.get(f.name, 0.0), most.get(f.name, 1e6)
            if not floor <= span.low <= span.central <= span.high <= top:
                raise NetworkError(
                    f"{f.name}: got {span.low}, {span.central}, {span.high}; expected low, central and high in this "
                    f"order, from {floor:g} to {top:g}"
                )

    def stocks(self, network: Network, end: End = "central") -> Floats:
        """Days of use in stock for each sale of a network: as recorded, and as assumed where nothing is."""
        silent = np.full(network.seller.size, self.stock_days.at(end))
        if network.stock_days is None:
            return silent
        known = network.stock_days[:, ENDS.index(end)]
        return np.where(np.isnan(known), silent, known)

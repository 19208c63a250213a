"""The preset that is BoARIO's ARIO model: industries of regions, inputs by product, overproduction, rebuilding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detente.impact.calibration import NetworkError, numbers
from detente.impact.flow.network import DAYS_A_YEAR, FlowNetwork
from detente.impact.flow.shocks import Rebuilding, Recovery, Shock
from detente.impact.flow.simulation import FlowRun, Keep, simulate
from detente.impact.flow.switches import Switches

F64 = NDArray[np.float64]
MONEY_DIGITS = 7  # the reference rounds money to this many decimals where amounts are in millions
SHARE_DIGITS = 6
RECOVERIES: dict[str, Recovery] = {
    "linear": "linear", "convexe": "convex", "convexe noscale": "convex_unscaled", "concave": "concave",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """What hits industries, as the reference calls it.

    ``impact`` gives for each industry (its number) a share of capacity ("arbitrary") or an amount of capital
    ("recovery", "rebuild"), in the money of the table. It is lost for ``duration`` days from ``occurrence`` on; then it
    comes back over ``tau`` days by ``recovery``, or ("rebuild") as it is rebuilt: ``sectors`` gives the share of each
    sector's goods in that, ``factor`` goods for each unit of capital.
    """

    kind: Literal["arbitrary", "recovery", "rebuild"]
    impact: dict[int, float]
    occurrence: int
    duration: int
    tau: float
    recovery: str = "linear"
    sectors: dict[str, float] | None = None
    factor: float = 1.0
    scenario: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Industries:
    """A table of industries laid out for the model; ``sector`` are labels, ``capital`` money."""

    network: FlowNetwork
    sector: tuple[str, ...]
    capital: F64
    Z: F64


def boario_switches(
    *, order: Literal["alt", "noalt"] = "alt", alpha_max: float = 1.25, alpha_tau: float = 365.0,
    as_reference: bool = False,
) -> Switches:  # fmt: skip
    """The switches of the model."""
    return Switches(
        rationing="proportional", target="wanted", gap_floor=True, follow_capacity=order == "alt",
        spare_limit=alpha_max, spare_tau=alpha_tau, spare_from=2, freeze=as_reference, exact=as_reference,
    )  # fmt: skip


def industries(
    Z: ArrayLike, Y: ArrayLike, x: ArrayLike, sector: Sequence[str], *, stock_days: ArrayLike | dict[str, float] = 90.0,
    psi: float = 0.8, tau: ArrayLike = 60.0, capital: ArrayLike | None = None, as_reference: bool = False,
) -> Industries:  # fmt: skip
    """Lay an input-output table out.

    Args:
        Z: n x n, sales a year, row = seller; industries in any order.
        Y: n or n x categories, final demand a year.
        x: n, output a year.
        sector: n labels: the product.
        stock_days: target stock in days of use, by sector or one for all; up to 1 counts as 2. inf: never runs out.
        psi: the share of it below which output falls.
        tau: days in which a gap in stock is closed, by sector (sorted) or one for all.
        capital: n. None: four times value added, which is x less purchases, at least 0.
        as_reference: an input binds where a year's purchases are above 1e-5 of a day's output (trap B6); otherwise a
            day's purchases.

    """
    amount, out = np.asarray(Z, dtype=np.float64), numbers("x", x)
    final = numbers("Y", Y)
    final = final if final.ndim == 1 else final.sum(axis=1)
    labels, code = np.unique(np.asarray(sector), return_inverse=True)
    if amount.shape != (out.size, out.size) or code.size != out.size or final.shape != out.shape:
        raise NetworkError(f"Z: got shape {amount.shape}; expected n x n for the {out.size} industries of x, Y, sector")
    if isinstance(stock_days, dict):
        missing = sorted(set(labels.tolist()) - set(stock_days))
        if missing:
            raise NetworkError(f"stock_days: no value for {missing[0]}; expected one for each sector")
        days = np.array([float(stock_days[name]) for name in labels])
    else:
        days = np.broadcast_to(numbers("stock_days", stock_days), labels.shape).copy()
    days[days <= 1.0] = 2.0
    bought = np.zeros((labels.size, out.size))
    for k in range(labels.size):
        bought[k] = amount[code == k].sum(axis=0)
    floor = 1e-5 * out / (DAYS_A_YEAR if as_reference else 1.0)
    binds = np.where((bought > floor) & np.isfinite(days)[:, None], 2, 0)
    days = np.where(np.isfinite(days), days, 0.0)
    network = FlowNetwork.table(
        amount, np.asarray(sector), output=out, final=final, stock_days=days, tau=tau, hold_days=psi * days,
        binds=binds,
    )  # fmt: skip
    owned = 4.0 * np.maximum(out - amount.sum(axis=0), 0.0) if capital is None else numbers("capital", capital)
    return Industries(network, tuple(str(s) for s in sector), owned, amount)


def boario(
    table: Industries, n_days: int, events: Sequence[Event], *, switches: Switches | None = None,
    as_reference: bool = False, n_scenarios: int = 1, keep: Keep = "all", snap_days: Sequence[int] = (),
    threads: int | None = None,
) -> FlowRun:  # fmt: skip
    """Run BoARIO's ARIO model.

    ``as_reference`` lets arbitrary losses act a day late (B1), keeps stocks that are nearly in balance still (B7) and
    takes unmet demand for scarcity only where it is not exactly 0. ``switches`` are those of `boario_switches`,
    ``threads`` as in `detente.impact.flow.simulate`.

    Source: Hallegatte 2008, 2014; BoARIO 0.7.2 (Juhel, doi 10.21105/joss.06547).
    """
    rule = boario_switches(as_reference=as_reference) if switches is None else switches
    shocks: list[Shock] = []
    rebuilding: list[Rebuilding] = []
    for event in events:
        whole = event.occurrence + event.duration
        late = 1 if as_reference and event.kind == "arbitrary" else 0
        for unit, impact in event.impact.items():
            if event.kind == "rebuild":
                rebuilding += _rebuilding(table, event, unit, impact, whole)
                continue
            share = impact if event.kind == "arbitrary" else impact / table.capital[unit]
            digits = SHARE_DIGITS if event.kind == "arbitrary" and as_reference else None
            if event.recovery not in RECOVERIES:
                raise NetworkError(f"recovery: got {event.recovery!r}; expected one of {', '.join(RECOVERIES)}")
            shocks.append(
                Shock(unit, share, event.occurrence + late, whole + 1 + late, None, RECOVERIES[event.recovery],
                      event.tau, digits, event.scenario)
            )  # fmt: skip
    return simulate(
        table.network, rule, n_days, shocks=shocks, rebuilding=rebuilding, n_scenarios=n_scenarios, keep=keep,
        snap_days=snap_days, threads=threads,
    )  # fmt: skip


def _rebuilding(table: Industries, event: Event, victim: int, impact: float, whole: int) -> list[Rebuilding]:
    """Goods wanted of each maker: by sector as the event says, by maker as the victim usually buys them."""
    if event.sectors is None:
        raise NetworkError("sectors: a rebuild event needs the share of each sector's goods")
    rows = []
    labels = np.asarray(table.sector)
    for sector, share in event.sectors.items():
        makers = np.flatnonzero(labels == sector)
        usual = table.Z[makers, victim]
        if usual.sum() <= 0.0:
            raise NetworkError(f"sectors: industry {victim} buys nothing of {sector!r}; expected a sector it buys from")
        for maker, part in zip(makers.tolist(), (usual / usual.sum()).tolist(), strict=True):
            rows.append(
                Rebuilding(maker, victim, impact * event.factor * share * part, table.capital[victim] * event.factor,
                           event.occurrence, whole, event.tau, MONEY_DIGITS, event.scenario)
            )  # fmt: skip
    return rows

"""A network from a multi-regional input-output table: one unit an industry in a region."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.impact.calibration import NetworkError
from detente.impact.sources.imported import NO_DAY, Floats, Imported, classes_by_item, left_out, network_of


class Mrio(Protocol):
    """What is read of a table: pandas frames as pymrio has them, rows and columns labelled (region, sector)."""

    Z: Any
    Y: Any


def from_mrio(
    mrio: Mrio,
    *,
    cutoff: float = 0.0,
    usd_m: float = 1.0,
    sides: Mapping[str, str] | None = None,
    classes: pl.DataFrame | None = None,
    day: dt.date = NO_DAY,
) -> Imported:
    """The network of a parsed table, such as pymrio's readers of EXIOBASE, ICIO, WIOD, Eora and GLORIA return.

    Industries are units ``region:sector``; what an industry makes is its sector's item, so the same sector elsewhere
    may stand in for it. Output is all sales of ``Z`` and ``Y``. pymrio itself (``pip install 'detente[mrio]'``) is
    needed to read a table, not here.

    Args:
        mrio: ``Z`` (industries x industries) and ``Y`` (industries x final buyers), in monetary units a year.
        cutoff: sales of less than this share of the buyer's purchases are left out: they count as final sales of the
            seller and as value added of the buyer. 0: every sale above 0 stays.
        usd_m: what one unit of the table's money is in USD m: 1 for USD m, 1.1 for EUR m at 1.10.
        sides: the side of each region. None: each region is its own.
        classes: a frame with made, used (sectors) and class, as in ``inputs.csv``. None: every input is important.
        day: the day the network is of.

    Amounts below 0 (subsidies, stocks run down) are no sales and are left out. ``left_out`` counts both.

    Raises:
        NetworkError: the tables do not fit each other, hold amounts that are no numbers, or an argument is out of
            range; a region has no side.

    Source: the layout is pymrio's, Stadler 2021, doi 10.5334/jors.251.

    """
    if not 0.0 <= cutoff < 1.0:
        raise NetworkError(f"cutoff: got {cutoff}; expected a share from 0 to less than 1, such as 0.001")
    if not (np.isfinite(usd_m) and usd_m > 0):
        raise NetworkError(f"usd_m: got {usd_m}; expected more than 0")
    labels = [(str(k[0]), str(k[1])) for k in _labels(mrio.Z.index)]
    if labels != [(str(k[0]), str(k[1])) for k in _labels(mrio.Z.columns)]:
        raise NetworkError("Z: rows and columns differ; expected the same industries in the same order")
    if labels != [(str(k[0]), str(k[1])) for k in _labels(mrio.Y.index)]:
        raise NetworkError("Y: its rows differ from those of Z; expected the same industries in the same order")
    Z, Y = _amounts("Z", mrio.Z) * usd_m, _amounts("Y", mrio.Y) * usd_m
    below = [("Z below 0", int((Z < 0).sum()), float(Z[Z < 0].sum())),
             ("Y below 0", int((Y < 0).sum()), float(Y[Y < 0].sum()))]  # fmt: skip
    Z, Y = np.maximum(Z, 0.0), np.maximum(Y, 0.0)
    output = Z.sum(axis=1) + Y.sum(axis=1)
    kept = (Z > 0) & (cutoff * Z.sum(axis=0) <= Z)
    cut = (Z > 0) & ~kept
    seller, buyer = np.nonzero(kept)
    regions, sectors = [r for r, _ in labels], [s for _, s in labels]
    given = {r: r for r in regions} if sides is None else dict(sides)
    lacking = sorted(set(regions) - set(given))
    if lacking:
        raise NetworkError(f"sides: got none for {', '.join(lacking[:10])}; expected one for each region")
    units = pl.DataFrame(
        {
            "unit": [f"{r}:{s}" for r, s in labels],
            "name": [f"{s}, {r}" for r, s in labels],
            "side": [given[r] for r in regions],
            "country": regions,
            "item": sectors,
            "output_usd_m": output,
        }
    )
    kinds, n_unclassed = classes_by_item(units["item"], seller, buyer, classes)
    network = network_of(units, seller, buyer, Z[kept], link_class=kinds, day=day, n_unclassed=n_unclassed)
    final_to = tuple(":".join(map(str, k)) if isinstance(k, tuple) else str(k) for k in mrio.Y.columns)
    rows = [*below, ("sales below the cut-off", int(cut.sum()), float(Z[cut].sum()))]
    return Imported(network, final_to, Y, left_out(rows))


def _labels(index: Any) -> list[tuple[Any, ...]]:
    labels = list(index)
    if not all(isinstance(k, tuple) and len(k) == 2 for k in labels):
        raise NetworkError("expected rows and columns labelled (region, sector), as pymrio's parsers make them")
    return labels


def _amounts(name: str, table: Any) -> Floats:
    try:
        given: npt.NDArray[np.float64] = np.asarray(table.to_numpy(), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{name}: expected numbers ({error})") from error
    wrong = np.argwhere(~np.isfinite(given))
    if wrong.size:
        i, j = wrong[0]
        raise NetworkError(f"{name}: got {given[i, j]} in row {i}, column {j}; expected a number in each cell")
    return given

"""Everything a search for relief found, as tables that a user can keep."""

from __future__ import annotations

import polars as pl

from detente.relief.answer import Relief
from detente.relief.attribution import Attribution


def frames(found: Relief) -> dict[str, pl.DataFrame]:
    """Tables by name, those without a row left out.

    packages (told of in full), proposals (with the law's word on each), frontier (all packages not beaten), caps
    (points under caps), rates (exchange rates), dangerous (sets that break a cap), appearance (always and never
    granted), bundling, changes (by package and party), measures and regimes (shares in each side's loss), ladder,
    flips.
    """
    tables = {
        "packages": found.packages(),
        "proposals": found.proposals(),
        "frontier": found.frontier.frame(),
        "caps": _named(found, found.caps),
        "rates": rates(found),
        "dangerous": dangerous(found),
        "appearance": found.appearance,
        "bundling": found.bundling,
        "changes": changes(found),
        "measures": _shares(found, found.measures),
        "regimes": _shares(found, found.regimes),
        "ladder": found.ladder,
        "flips": flips(found),
    }
    return {name: table for name, table in tables.items() if table is not None and table.height}


def rates(found: Relief) -> pl.DataFrame | None:
    """Exchange rates of all capabilities, one under another, with the packages in full: see ``exchange_rates``."""
    parts = [_named(found, t.with_columns(pl.lit(kind).alias("kind"))) for kind, t in found.rates.items()]
    return pl.concat(parts).select("kind", pl.exclude("kind")) if parts else None


def dangerous(found: Relief) -> pl.DataFrame:
    """Minimal sets of proposals that break a cap: capability, cap, size, proposals."""
    names = found.objectives.names
    rows = [(kind, c.cap, len(s), [names[p] for p in s]) for kind, c in found.coalitions.items() for s in c.sets]
    schema = ("capability", pl.String), ("cap", pl.Float64), ("size", pl.Int64), ("proposals", pl.List(pl.String))
    return pl.DataFrame(rows, schema=list(schema), orient="row")


def changes(found: Relief) -> pl.DataFrame | None:
    """Who gains and who loses by each package shown: package, party, party_name, side, gain_usd_m; below 0 a loss."""
    parts = [
        found.changes(k).filter(pl.col("gain_usd_m").abs() >= 0.05).select(pl.lit(k).alias("package"), pl.all())
        for k in range(1, len(found.shown))
    ]
    return pl.concat(parts) if parts else None


def flips(found: Relief, top: int = 10) -> pl.DataFrame | None:
    """Facts that decide who gains: package, side, and the columns of ``Relief.flips``, those that are clear."""
    parts = [
        found.flips(side, k, top).filter("is_clear").select(
            pl.lit(k).alias("package"), pl.lit(side).alias("side"), pl.all()
        )
        for k in range(1, len(found.shown)) for side in found.sides
    ]  # fmt: skip
    return pl.concat(parts) if parts else None


def _named(found: Relief, table: pl.DataFrame) -> pl.DataFrame:
    """The proposals of the packages of a table that counts them by their place in the frontier; -1: the status quo."""
    members: list[list[str] | None] = [
        None if k is None else [] if k < 0 else list(found.frontier.members(k)) for k in table["package"].to_list()
    ]
    return table.with_columns(pl.Series("proposals", members, dtype=pl.List(pl.String)))


def _shares(found: Relief, shared: Attribution | None) -> pl.DataFrame | None:
    return None if shared is None else shared.frame(found.measure_sides).with_columns(pl.col(pl.Float64).fill_nan(None))

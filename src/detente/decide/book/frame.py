"""The table of a decided book."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from detente.decide.book.answers import Answer
from detente.decide.book.codes import Coded, Ints, as_days
from detente.decide.book.needs import Needs
from detente.decide.book.people import POLICIES
from detente.decide.verdict import headline

_TOLD: dict[str, pl.DataType | type[pl.DataType]] = {
    "outcome": pl.String, "state": pl.String, "allowed": pl.Float64, "allowed_low": pl.Float64,
    "allowed_high": pl.Float64, "limbs": pl.List(pl.String), "authorisations": pl.List(pl.String),
    "licences": pl.List(pl.String), "otherwise": pl.String, "because": pl.String,
}  # fmt: skip
_COLUMNS = (
    "sale", "kind", "seller", "buyer", "item", "seller_country", "value_usd_m", "day", "outcome", "state", "allowed",
    "allowed_low", "allowed_high", "limbs", "authorisations", "licences", "review", "needs", "because", "otherwise",
)  # fmt: skip


def frame_of(book: Coded, answers: Sequence[Answer], answer: Ints, policy: Ints, needs: Needs) -> pl.DataFrame:
    """One row a line: what was asked, and what it is told."""
    full = book.full
    told = pl.DataFrame(
        [
            {
                "outcome": a.outcome, "state": a.state, "allowed": a.share, "allowed_low": a.low,
                "allowed_high": a.high, "limbs": list(a.limbs), "authorisations": list(a.authorisations),
                "licences": list(a.licences), "otherwise": a.otherwise,
                "because": headline(a.outcome, (a.share, a.low, a.high), a.is_saved, a.otherwise),
            }
            for a in answers
        ],
        schema=_TOLD,
    )  # fmt: skip
    ships = pl.Series([x.shipped_from for x in book.facts.variants.values()] + [None], dtype=pl.String)
    last = np.where(book.columns["variant"] < 0, ships.len() - 1, book.columns["variant"])
    policies = pl.Series("review", [*POLICIES, None], dtype=pl.String)
    names = full.select(
        pl.col("id").alias("sale"), pl.lit("order").alias("kind"),
        pl.coalesce("seller_unit", "seller").alias("seller"), pl.coalesce("buyer_unit", "purchaser").alias("buyer"),
        "item", "value_usd_m",
    )  # fmt: skip
    more = (
        as_days(book.day), ships.gather(last).alias("seller_country"), policies.gather(policy),
        needs.column(full["id"]),
    )  # fmt: skip
    rows = told[answer] if book.n else told
    return pl.concat([names.with_columns(more), rows], how="horizontal").select(_COLUMNS)

"""What changed for whom: sales released, held or moved between two days, or between two records of one day, and why."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from detente.decide.book import read_book
from detente.decide.book.book import silent
from detente.decide.book.licensed import Progress
from detente.decide.changes.causes import causes
from detente.decide.changes.changed import sentence
from detente.decide.changes.told import Told, View, links_of, orders_of
from detente.decide.licensing.standing import LIVE, STRANDS
from detente.decide.licensing.usage import licences
from detente.decide.table import Orders
from detente.record import Case, DetenteError
from detente.record.load import as_day

CHANGES = ("held", "released", "narrowed", "widened", "moved", "restated", "appeared", "gone")
MOST = 300  # kinds of change whose cause is worked out
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "sale": pl.String, "kind": pl.String, "seller": pl.String, "buyer": pl.String, "item": pl.String,
    "value_usd_m": pl.Float64, "change": pl.String, "effect_usd_m": pl.Float64, "from_outcome": pl.String,
    "to_outcome": pl.String, "from_allowed": pl.Float64, "to_allowed": pl.Float64, "limbs_from": pl.List(pl.String),
    "limbs_to": pl.List(pl.String), "licences_from": pl.List(pl.String), "licences_to": pl.List(pl.String),
    "because": pl.String, "sources": pl.List(pl.String),
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Diff:
    """What changed from one day to another, or from one record to another.

    ``sales`` has one row a sale whose verdict changed: sale, kind (link or order), seller, buyer, item, value_usd_m (a
    year for a link), ``change``, ``effect_usd_m`` (how much more of it may be sold; negative: less), from_outcome,
    to_outcome, from_allowed, to_allowed (shares), limbs_from, limbs_to, licences_from, licences_to, ``because`` (in a
    sentence) and ``sources``. ``change`` is ``held`` (it could go ahead and can no longer), ``released``, ``narrowed``
    or ``widened`` (another share of it is covered), ``moved`` (other licences cover it), ``restated`` (held, or open,
    as before, by another outcome, rule or policy), ``appeared`` or ``gone``.

    ``stranded`` has one row a licence line that became unusable: licence, line, authority, holders, item, unit,
    from_state, to_state, ended_on, usd_m, quantity (null: not published, or not known), because, sources. ``totals``
    has one row a kind and change: n, value_usd_m, effect_usd_m. ``n_sales`` were compared; the cause of ``not_traced``
    kinds of change was not worked out, the smallest ones.
    """

    before: Case
    after: Case
    from_: dt.date
    to: dt.date
    sales: pl.DataFrame
    stranded: pl.DataFrame
    totals: pl.DataFrame
    n_sales: int
    not_traced: int


def diff_days(
    case: Case, from_: dt.date | str, to: dt.date | str, orders: Orders | None = None, *,
    executor: Executor | None = None, progress: Progress = silent, most: int = MOST,
) -> Diff:  # fmt: skip
    """What changed between two days: of the links and the case's orders, or of the lines of ``orders`` instead.

    An order that had left is decided on its own day, so a later day does not change it. Causes are worked out on one
    example of each group of sales that stand alike, at most ``most`` of them.

    Raises ``DetenteError`` where ``to`` is before ``from_``, ``RecordError`` for a book that cannot be read.
    """
    first, last = as_day(from_, "from"), as_day(to, "to")
    if last < first:
        raise DetenteError(f"to: {last} is before from ({first}).")
    return _diff(case, case, first, last, orders, executor, progress, most)


def diff_cases(
    case_a: Case, case_b: Case, as_of: dt.date | str, orders: Orders | None = None, *,
    executor: Executor | None = None, progress: Progress = silent, most: int = MOST,
) -> Diff:  # fmt: skip
    """What changes on a day from one record to another: a what-if, or the same case as known on another day."""
    day = as_day(as_of, "as_of")
    return _diff(case_a, case_b, day, day, orders, executor, progress, most)


def _diff(
    a: Case, b: Case, from_: dt.date, to: dt.date, orders: Orders | None, executor: Executor | None,
    progress: Progress, most: int,
) -> Diff:  # fmt: skip
    if isinstance(orders, str | Path) and a is b:
        orders = read_book(orders, a)
    pairs: list[tuple[View, View]] = []
    if orders is None:
        pairs.append((links_of(a, from_), links_of(b, to)))
    if orders is not None or a["orders"].height or b["orders"].height:
        old = orders_of(a, from_, orders, executor, progress)
        pairs.append((old, orders_of(b, to, orders, executor, progress)))
    parts, n, left = [], 0, 0
    for x, y in pairs:
        frame, many, untraced = _compare(x, y, most, progress)
        parts.append(frame)
        n, left = n + many, left + untraced
    sales = pl.concat(parts)
    order = pl.col("change").replace_strict({w: i for i, w in enumerate(CHANGES)}, return_dtype=pl.Int64)
    sales = sales.sort("kind", order, pl.col("value_usd_m"), "sale", descending=[False, False, True, False])
    totals = sales.group_by("kind", "change", maintain_order=True).agg(
        pl.len().alias("n"), pl.col("value_usd_m").sum(), pl.col("effect_usd_m").sum()
    )
    x, y = pairs[-1]
    stranded = _stranded(licences(a, from_, x.book), licences(b, to, y.book))
    return Diff(a, b, from_, to, sales, stranded, totals, n, left)


def change_of(before: Told | None, after: Told | None) -> str | None:
    """What kind of change lies between two answers (None: no such sale); None where nothing changed."""
    if before == after:
        return None
    if before is None or after is None:
        return "appeared" if before is None else "gone"
    if before.is_open != after.is_open:
        return "released" if after.is_open else "held"
    if after.is_open and before.share != after.share:
        return "widened" if after.share > before.share else "narrowed"
    covered = {before.outcome, after.outcome} == {"covered_by_licence"}
    return "moved" if covered and set(before.licences) != set(after.licences) else "restated"


def _compare(x: View, y: View, most: int, progress: Progress) -> tuple[pl.DataFrame, int, int]:
    """The rows that changed, how many sales there were, and how many kinds of change were not traced to a cause."""
    joined = x.rows.rename({"told": "told_a", "at": "at_a"}).join(
        y.rows.rename({"told": "told_b", "at": "at_b"}), on="sale", how="full", coalesce=True,
        maintain_order="left_right",
    )  # fmt: skip
    both = joined.select("told_a", "told_b").unique(maintain_order=True)
    changes = [
        change_of(None if i is None else x.told[i], None if j is None else y.told[j]) for i, j in both.iter_rows()
    ]
    kinds = both.with_columns(pl.Series("change", changes, dtype=pl.String)).filter(pl.col("change").is_not_null())
    changed = joined.join(kinds, on=["told_a", "told_b"], how="inner", nulls_equal=True, maintain_order="left")
    if changed.height == 0:
        return pl.DataFrame(schema=_SCHEMA), joined.height, 0
    names = [v.names(changed[at]) for v, at in ((x, "at_a"), (y, "at_b"))]
    old, new = names[0]["value_usd_m"], names[1]["value_usd_m"]
    changed = changed.with_columns(
        *(pl.coalesce(names[1][c], names[0][c]).alias(c) for c in names[0].columns), old=old, new=new
    )
    changed, untraced = _explained(changed, x, y, most, progress)
    changed = changed.join(_answers(x, "a", "from"), on="told_a", how="left", maintain_order="left")
    changed = changed.join(_answers(y, "b", "to"), on="told_b", how="left", maintain_order="left")
    effect = pl.col("new") * pl.col("to_allowed") - pl.col("old") * pl.col("from_allowed")
    frame = changed.with_columns(effect.alias("effect_usd_m"), pl.lit(x.kind).alias("kind"))
    return frame.select(*_SCHEMA), joined.height, untraced


def _answers(view: View, side: str, name: str) -> pl.DataFrame:
    """The answers of a view, by number, under the names of the columns of ``sales``."""
    return pl.DataFrame(
        {
            f"told_{side}": list(range(len(view.told))),
            f"{name}_outcome": [t.outcome for t in view.told],
            f"{name}_allowed": [t.share for t in view.told],
            f"limbs_{name}": [list(t.limbs) for t in view.told],
            f"licences_{name}": [list(t.licences) for t in view.told],
        },
        schema={f"told_{side}": pl.Int64, f"{name}_outcome": pl.String, f"{name}_allowed": pl.Float64,
                f"limbs_{name}": pl.List(pl.String), f"licences_{name}": pl.List(pl.String)},
    )  # fmt: skip


def _explained(changed: pl.DataFrame, x: View, y: View, most: int, progress: Progress) -> tuple[pl.DataFrame, int]:
    """The rows with why: worked out on one example of each group that stands alike, the largest groups first."""
    keys = pl.coalesce(y.alike(changed["at_b"]), x.alike(changed["at_a"])).alias("key")
    changed = changed.with_columns(keys)
    by = ("told_a", "told_b", "key")
    groups = changed.group_by(by, maintain_order=True).agg(
        pl.col("at_a").first(), pl.col("at_b").first(), pl.col("change").first(), pl.col("value_usd_m").sum()
    )
    first_of_its_kind = pl.col("value_usd_m").rank("ordinal", descending=True).over("told_a", "told_b") == 1
    groups = groups.sort(~first_of_its_kind, -pl.col("value_usd_m"), maintain_order=True)
    said: list[tuple[str, tuple[str, ...]]] = []
    for k, g in enumerate(groups.iter_rows(named=True)):
        if g["change"] in {"appeared", "gone"}:
            view, at = (y, g["at_b"]) if g["change"] == "appeared" else (x, g["at_a"])
            said.append(view.came_and_went(at, is_new=g["change"] == "appeared", is_same=x.case is y.case))
        elif k < most:
            said.append(sentence(causes(x.verdict(g["at_a"]), y.verdict(g["at_b"]), x.case, y.case)))
        else:
            said.append(("", ()))
        if not said[-1][0]:
            said[-1] = (_untraced(x.told[g["told_a"]], y.told[g["told_b"]]), ())
        progress("tracing causes", k, groups.height)
    why = groups.select(*by).with_columns(
        pl.Series("because", [s[0] for s in said], dtype=pl.String),
        pl.Series("sources", [list(s[1]) for s in said], dtype=pl.List(pl.String)),
    )
    full = changed.join(why, on=by, how="left", nulls_equal=True, maintain_order="left")
    return full, max(0, groups.height - most)


def _untraced(before: Told, after: Told) -> str:
    """What is said of a change whose cause was not worked out."""
    old, new = ("/".join((*t.limbs, *t.authorisations, *t.licences)) or "no rule" for t in (before, after))
    return f"not traced to its cause: {old} before, {new} now"


def _stranded(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Licence lines that became unusable, with what was undrawn."""
    same = ("authority", "holders", "item", "unit", "sources")
    was = old.select("licence", "line", pl.col(*same, "state", "left_usd_m", "left_quantity").name.prefix("old_"))
    rows = was.join(new, on=["licence", "line"], how="full", coalesce=True, nulls_equal=True, maintain_order="right")
    rows = rows.with_columns(pl.coalesce(c, f"old_{c}").alias(c) for c in same)
    live, over = pl.col("old_state").is_in(list(LIVE)).fill_null(False), pl.col("state").is_in(list(STRANDS))
    held_once = pl.col("ended_on").is_not_null()
    lost = over & held_once & ~pl.col("old_state").is_in(list(STRANDS)).fill_null(False)
    frozen = live & (pl.col("state") == "suspended")
    part = (pl.col("old_state") == "in_force") & pl.col("state").is_in(["in_part", "unknown"])
    none = live & ~pl.col("state").is_in([*LIVE, *STRANDS, "suspended", "unknown", "exhausted"]).fill_null(False)

    def amount(stranded: str, left: str) -> pl.Expr:
        return pl.when(lost).then(stranded).when(frozen).then(left).when(none).then(f"old_{left}")

    rows = rows.filter(lost | frozen | part | none)
    return rows.select(
        "licence", "line", "authority", "holders", "item", "unit", pl.col("old_state").alias("from_state"),
        pl.col("state").alias("to_state"), "ended_on", amount("stranded_usd_m", "left_usd_m").alias("usd_m"),
        amount("stranded_quantity", "left_quantity").alias("quantity"),
        pl.coalesce("because", pl.lit("the second record does not have it")).alias("because"), "sources",
    )  # fmt: skip

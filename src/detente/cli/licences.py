"""``detente licences``: how every licence line stands, what is left of it, what expires next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import polars as pl
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape

from detente.cli.options import AsKnown, AsOf, CaseName, Json, Orders, Out, Overlays, day_of, heading, open_case
from detente.cli.output import NOT_ADVICE, console, counting, print_json, table, write_table
from detente.decide import Book, order_book
from detente.decide.licensing.standing import LIVE, STRANDS
from detente.decide.licensing.usage import ladder as expiry_ladder
from detente.decide.licensing.usage import licences as usage
from detente.record import Case
from detente.report.numbers import amount, percent

MOST = 500  # rows a terminal is given
WIDE = 100  # columns
COLOURS = {
    "in_force": "green", "in_part": "yellow", "suspended": "yellow", "applied": "yellow", "unknown": "magenta",
    "not_yet": "dim", "not_granted": "dim",
}  # fmt: skip
"""Of a state; what is over is red."""
_WARN = {"watch": "yellow", "low": "yellow", "nearly_full": "red", "full": "red", "overdrawn": "bold red"}
Row = Mapping[str, Any]
_Column = tuple[str, bool, Callable[[Row], str]]


def licences(
    case: CaseName,
    *,
    as_of: AsOf = None,
    as_known: AsKnown = None,
    overlay: Overlays = (),
    orders: Orders = None,
    ladder: Annotated[
        bool, Parameter(negative="", help="Only the lines in force, the next to expire first, with what is left.")
    ] = False,
    json: Json = False,
    output: Out = None,
) -> None:
    """How every licence line stands on a day: in force or not, drawn, left, lost, expiring."""
    loaded = open_case(case, as_known, overlay)
    day = day_of(loaded, as_of)
    book: Book | None = None
    if orders is not None:
        with counting(f"Deciding {orders}"):
            book = order_book(loaded, day, orders)
    frame = expiry_ladder(loaded, day, book) if ladder else usage(loaded, day, book)
    if output is not None:
        write_table(frame, output)
    if json:
        what = "ladder" if ladder else "licences"
        print_json({"case": loaded.name, "overlays": list(loaded.overlays), "as_known": loaded.as_known,
                    "record": loaded.digest, "as_of": day, "orders": orders, what: frame.to_dicts(),
                    "note": NOT_ADVICE})  # fmt: skip
    elif output is None:
        parts = [f"licences on {day}", *([f"drawn by {orders}"] if orders is not None else [])]
        _show(loaded, frame, heading(loaded, *parts), is_ladder=ladder)


def _show(case: Case, frame: pl.DataFrame, title: str, *, is_ladder: bool) -> None:
    out = console()
    out.print(f"[bold]{escape(title)}[/]")
    if frame.height == 0:
        none = "No licence is in force on the day." if is_ladder else f"{case.name} has no licences."
        out.print(f"{escape(none)} [dim]{NOT_ADVICE}[/]")
        return
    live, over = pl.col("state").is_in(list(LIVE)), pl.col("state").is_in([*STRANDS, "exhausted"])
    if is_ladder:
        _section(out, "", frame, _live_columns(frame, is_ladder=True, is_wide=out.width >= WIDE))
        if not _has(frame, "expires"):
            out.print("No last day of these licences is published.")
    else:
        held, rest, ended = frame.filter(live), frame.filter(~live & ~over), frame.filter(over)
        _section(out, "In force", held, _live_columns(held, is_ladder=False, is_wide=out.width >= WIDE))
        _section(out, "Not in force, or not known to be", rest, [_LICENCE, _GOODS, _STANDS])
        lost = [("undrawn, USD m", True, _lost)] if ended.filter(_is_lost()).height else []
        _section(out, "Denied or over", ended, [_LICENCE, _GOODS, _STANDS, *lost])
        for line in _tolerances(held):
            out.print(escape(line))
    if not _has(frame, "left_usd_m", "left_quantity"):
        out.print("No value or quantity of these licences is published: what is left of them is not known.")
    counts = frame.group_by("state", maintain_order=True).len().sort("len", descending=True, maintain_order=True)
    said = [f"[{_colour(s)}]{n:,} {_words(s)}[/]" for s, n in counts.iter_rows()]
    out.print(f"\n{', '.join(said)}.{_sums(frame, is_ladder=is_ladder)} [dim]{NOT_ADVICE}[/]")


def _section(out: Console, title: str, frame: pl.DataFrame, columns: Sequence[_Column]) -> None:
    """Some of the lines under a title; nothing where there are none."""
    if frame.height == 0:
        return
    if title:
        out.print(f"\n[bold]{title}[/]")
    cells = [tuple(cell(r) for _, _, cell in columns) for r in frame.head(MOST).iter_rows(named=True)]
    more = f"and {frame.height - MOST:,} more (-o or --json has all)" if frame.height > MOST else ""
    out.print(table([(name, is_number) for name, is_number, _ in columns], cells, more))


def _live_columns(frame: pl.DataFrame, *, is_ladder: bool, is_wide: bool) -> list[_Column]:
    """The columns that say something of lines that are in force; a narrow terminal gets fewer and shorter ones."""
    has_amounts = _has(frame, "used")
    last: list[_Column] = [("last day", True, partial(_last, is_long=is_wide))] if _has(frame, "expires") else []
    holder: list[_Column] = [("holder", False, _holder)] if is_wide or not has_amounts else []
    found: list[_Column] = [*(last if is_ladder else []), _LICENCE, *holder, _GOODS]
    if not has_amounts and not is_ladder:
        found.append(_STANDS)
    for unit, name in (("usd_m", "USD m left"), ("quantity", "pieces left")):
        if _has(frame, f"left_{unit}"):
            found.append((name, True, partial(_left, unit=unit, is_long=is_wide)))
    if has_amounts:
        found.append(("used", False, _used))
    return found if is_ladder else [*found, *last]


def _tolerances(held: pl.DataFrame) -> Iterator[str]:
    """What may be drawn on top of what is licensed, by which rule."""
    for unit, name in (("value", "value"), ("quantity", "quantity")):
        column = f"{unit}_tolerance_pct"
        some = held.filter(pl.col(column) > 0)
        for pct, rule, n in some.group_by(column, "rule", maintain_order=True).len().iter_rows():
            by = f" by {rule}" if rule else ", as the licence says"
            yield f"On top of the licensed {name} of {n:,} line{'s' if n > 1 else ''}: {pct:g} % tolerance{by}."


def _sums(frame: pl.DataFrame, *, is_ladder: bool) -> str:
    """What the lines add up to, as far as their amounts are known."""
    live = frame.filter(pl.col("state").is_in(list(LIVE)))["left_usd_m"]
    text = ""
    if live.null_count() < live.len():
        some = f" ({live.null_count()} of no known value not counted)" if live.null_count() else ""
        text += f" USD {amount(float(live.sum()))} m left in force{some}."
    if not is_ladder and (lost := frame.filter(_is_lost())["stranded_usd_m"]).len():
        some = f" ({lost.null_count()} not published)" if lost.null_count() else ""
        known = lost.drop_nulls()
        text += f" Undrawn when it ended: USD {amount(float(known.sum()))} m{some}." if known.len() else ""
    near = frame["warning"].drop_nulls().len()
    return text + (f" {near} near or at the end of {'its' if near == 1 else 'their'} balance." if near else "")


def _is_lost() -> pl.Expr:
    return pl.col("state").is_in(list(STRANDS)) & pl.col("ended_on").is_not_null()


def _has(frame: pl.DataFrame, *columns: str) -> bool:
    """Whether some row says something in one of these columns."""
    return any(frame[c].null_count() < frame.height for c in columns)


def _licence(r: Row) -> str:
    return escape(r["licence"]) + ("" if r["line"] is None else f"[dim]/{r['line']}[/]")


def _holder(r: Row) -> str:
    names = list(r["holders"])
    return escape(names[0] if len(names) == 1 else f"one of {', '.join(names)}")


def _goods(r: Row) -> str:
    words = [*([r["item"]] if r["item"] else []), *(r["codes"] or ())]
    return escape(", ".join(words)) if words else "[dim]not published[/]"


def _stands(r: Row) -> str:
    state, why = _words(r["state"]), r["because"]
    said = why if why.startswith(state) or r["state"] in LIVE else f"{state}: {why}"
    return f"[{_colour(r['state'])}]{escape(said)}[/]"


def _colour(state: str) -> str:
    return COLOURS.get(state, "red")


def _words(state: str) -> str:
    return state.replace("_", " ")


def _left(r: Row, unit: str, *, is_long: bool) -> str:
    left, licensed = r[f"left_{unit}"], r.get(f"licensed_{unit}")
    if left is None:
        return "[dim]no limit[/]"
    return amount(left) + (f" of {amount(licensed)}" if is_long and licensed is not None else "")


def _used(r: Row) -> str:
    if r["used"] is None:
        return ""
    text = percent(r["used"])
    return f"[{_WARN[r['warning']]}]{text} {_words(r['warning'])}[/]" if r["warning"] else text


def _last(r: Row, *, is_long: bool) -> str:
    if r["expires"] is None:
        return ""
    days = r["days_left"]
    left = "" if days is None or not is_long else " [red](today)[/]" if days == 0 else f" [dim]({days:,} d)[/]"
    return f"{r['expires']}{left}"


def _lost(r: Row) -> str:
    if r["state"] not in STRANDS or r["ended_on"] is None:
        return ""
    return "[dim]not published[/]" if r["stranded_usd_m"] is None else amount(r["stranded_usd_m"])


_LICENCE: _Column = ("licence/line", False, _licence)
_GOODS: _Column = ("goods", False, _goods)
_STANDS: _Column = ("how it stands", False, _stands)

"""More facts behind the page: orders with their verdicts, stakes, findings, and accounts that must close."""

from __future__ import annotations

import datetime as dt

import polars as pl

from detente.decide import check
from detente.record import Case
from detente.record.checks import account_totals
from detente.report.numbers import span
from detente.report.tables import Cell, Sources, Table, number, table
from detente.report.timeline import KIND_OF
from detente.report.words import plain


def order_table(case: Case, day: dt.date) -> Table:
    """Every order with its verdict, on the day it left where that is recorded."""
    units = dict(case["units"].select("id", "name").iter_rows())
    rows = []
    for r in check(case, day).filter(pl.col("kind") == "order").iter_rows(named=True):
        kind = KIND_OF.get(r["outcome"], "open")
        limbs = ", ".join(r["limbs"])
        rows.append(
            (Cell(r["sale"]), Cell(units[r["seller"]]), Cell(units[r["buyer"]]), number(r["value_usd_m"]),
             r["day"].isoformat(), Cell(kind, kind=kind),
             Cell(r["because"], lines=(f"rules: {limbs}",) if limbs else ()))
        )  # fmt: skip
    heads = ("Order", "Seller", "Buyer", "#USD m", "@Decided on", "=Answer", "Because")
    return table("orders", "Orders: each decided on the day it leaves", heads, rows, is_long=True)


def stake_table(case: Case, places: Sources) -> Table:
    """Who owns what, from when to when."""
    names = dict(case["parties"].select("id", "name").iter_rows())
    rows = [
        (Cell(names[r["owner"]]), Cell(names[r["owned"]]), "" if r["share"] is None else f"{r['share']:.0%}",
         span(r["share_low"], r["share_high"]), _day(r["since"]), _day(r["through"]), r["confidence"],
         places.cell(r["source"]), r["note"] or "")
        for r in case["stakes"].iter_rows(named=True)
    ]  # fmt: skip
    heads = ("Owner", "Owned", "#Share", "Range", "@Since", "@Through", "=Confidence", "Sources", "Note")
    return table("stakes", "Stakes: who owns what", heads, rows, is_long=True)


def finding_table(case: Case, places: Sources) -> Table:
    """Declared facts that no other table holds."""
    rows = [
        (Cell(r["about"]), plain(r["fact"]), r["value"], _day(r["since"]), _day(r["through"]), r["confidence"],
         places.cell(r["source"]), r["note"] or "")
        for r in case["findings"].iter_rows(named=True)
    ]  # fmt: skip
    heads = ("About", "=Fact", "Found", "@Since", "@Through", "=Confidence", "Sources", "Note")
    return table("findings", "Findings: declared facts", heads, rows, is_long=True)


def account_table(case: Case, places: Sources) -> Table:
    """Totals that a source reports, what the sales add up to, and the difference."""
    totals = account_totals(case.tables)
    rows = [
        (r["about"], number(r["reported_usd_m"]), number(totals[r["id"]]),
         number(round(totals[r["id"]] - r["reported_usd_m"], 6)), places.cell(r["source"]), r["note"] or "")
        for r in case["accounts"].iter_rows(named=True)
    ]  # fmt: skip
    heads = ("Total", "#Reported, USD m a year", "#Modelled", "#Difference", "Sources", "Note")
    return table("accounts", "Accounts: what is reported and what the sales add up to", heads, rows)


def _day(day: dt.date | None) -> str:
    return "" if day is None else day.isoformat()

"""The facts behind the page: sources, how sure we are, sales, listings, licences, units."""

from __future__ import annotations

import datetime as dt

import polars as pl

from detente.decide import Permits
from detente.record import Case
from detente.report.numbers import span
from detente.report.tables import Cell, Link, Sources, Table, number, table
from detente.report.timeline import KIND_OF
from detente.report.words import country, plain, web_address

CONFIDENCES = ("official", "reported", "estimated", "derived", "assumed", "invented")


def sources_of(case: Case) -> Sources:
    """The place of each source on the page, numbered in the order of the file."""
    return Sources({id_: f"source-{i}" for i, id_ in enumerate(case["sources"]["id"], 1)})


def source_table(case: Case) -> Table:
    """Every source with its rank and, where it has a web address, a link."""
    rows = []
    for r in case["sources"].iter_rows(named=True):
        address = web_address(r["url"])
        title = r["title"]
        link = (Link(title, address, is_outside=True),) if address else ()
        shown = "" if address else title if r["url"] is None else f"{title} ({r['url']})"
        rows.append(
            (Cell(r["id"]), Cell(shown, links=link), r["publisher"] or "", r["locator"] or "", _day(r["published"]),
             plain(r["rank"]), r["note"] or "")
        )  # fmt: skip
    heads = ("Source", "Title", "Publisher", "Where in it", "@Published", "=Rank", "Note")
    return table("sources", "Sources: who says so", heads, rows, is_long=True)


def confidence_table(case: Case) -> Table:
    """How many rows of each table are official, reported, estimated and so on."""
    rows: list[tuple[Cell | str, ...]] = []
    for name, frame in case.tables.items():
        if "confidence" not in frame.columns or frame.height == 0:
            continue
        counts = dict(frame["confidence"].value_counts().iter_rows())
        cells = (Cell(str(counts.get(c, 0) or "–"), sort=float(counts.get(c, 0))) for c in CONFIDENCES)
        rows.append((plain(name), *cells, number(float(frame.height))))
    heads = ("Facts", *(f"#{c}" for c in CONFIDENCES), "#all")
    return table("confidence", "How sure the record is: rows by confidence", heads, rows)


def sale_table(case: Case, permits: Permits, day: dt.date, places: Sources) -> Table:
    """Every sale of the record, with its value and range, and what the law says of it on the day."""
    units = {i: (n, p) for i, n, p in case["units"].select("id", "name", "party").iter_rows()}
    items = dict(case["items"].select("id", "name").iter_rows())
    made = dict(case["units"].select("id", "item").iter_rows())
    verdicts = dict(zip(permits.links, permits.on(day).verdict, strict=True))
    rows = []
    for r in case["links"].iter_rows(named=True):
        v = verdicts[r["id"]]
        kind = "" if v is None else KIND_OF.get(v.outcome, "open")
        state = "no sale on that day" if v is None else kind + (f" ({v.share:.0%})" if 0 < v.share < 1 else "")
        because = "" if v is None else v.headline
        limbs = ", ".join(v.limbs) if v else ""
        rows.append(
            (Cell(units[r["seller"]][0]), Cell(units[r["buyer"]][0]), items[made[r["seller"]]],
             Cell(state, kind=kind), number(r["value_usd_m"]), span(r["value_usd_m_low"], r["value_usd_m_high"]),
             Cell(because, lines=(f"rules: {limbs}",) if limbs else ()), r["confidence"],
             places.cell(r["source"]), r["note"] or "")
        )  # fmt: skip
    heads = (
        "Seller", "Buyer", "=Item", f"=On {day}", "#USD m a year", "Range", "Because", "=Confidence", "Sources", "Note",
    )  # fmt: skip
    return table("sales", "Sales: yearly value without the measures, and the verdict", heads, rows, is_long=True)


def unit_table(case: Case, places: Sources) -> Table:
    """Every unit with its output and range."""
    parties = dict(case["parties"].select("id", "name").iter_rows())
    items = dict(case["items"].select("id", "name").iter_rows())
    rows = [
        (Cell(r["name"]), parties[r["party"]], items[r["item"]], country(r["country"]), number(r["output_usd_m"]),
         span(r["output_usd_m_low"], r["output_usd_m_high"]), r["confidence"], places.cell(r["source"]),
         r["note"] or "")
        for r in case["units"].iter_rows(named=True)
    ]  # fmt: skip
    heads = ("Unit", "Party", "=Item", "=Country", "#Output, USD m a year", "Range", "=Confidence", "Sources", "Note")
    return table("units", "Units: yearly output without the measures", heads, rows, is_long=True)


def listing_table(case: Case, places: Sources) -> Table:
    """Every entry of a list."""
    parties = dict(case["parties"].select("id", "name").iter_rows())
    rows = [
        (Cell(parties[r["party"]]), r["as_listed"], r["list"], _day(r["since"]), _day(r["through"]),
         ", ".join(r["tags"] or ()), plain(r["review"]), r["requirement"], places.cell(r["source"]))
        for r in case["listings"].sort("since", "id").iter_rows(named=True)
    ]  # fmt: skip
    heads = ("Party", "As listed", "=List", "@Since", "@Through", "Tags", "Review", "Requirement", "Sources")
    return table("listings", "Listings: who is on which list", heads, rows, is_long=True)


def licence_table(case: Case, places: Sources) -> Table:
    """Every licence with its lines and events."""
    parties = dict(case["parties"].select("id", "name").iter_rows())
    items = dict(case["items"].select("id", "name").iter_rows())
    rows = []
    for r in case["licences"].iter_rows(named=True):
        mine = pl.col("licence") == r["id"]
        lines = tuple(_line(x, items) for x in case["licence_lines"].filter(mine).sort("line").iter_rows(named=True))
        events = tuple(_event(x) for x in case["licence_events"].filter(mine).sort("date").iter_rows(named=True))
        several = "one of " if len(r["holder"]) > 1 else ""
        value = span(r["value_usd_m_low"], r["value_usd_m_high"])
        rows.append(
            (Cell(r["id"]), several + ", ".join(parties[h] for h in r["holder"]),
             ", ".join(parties[c] for c in r["consignees"]), Cell(lines=lines or ("not published",)),
             Cell(lines=events), r["authority"], plain(r["kind"]),
             number(r["value_usd_m"]), value, ", ".join(r["overcomes"]), r["confidence"],
             places.cell(r["source"]), r["note"] or "")
        )  # fmt: skip
    heads = (
        "Licence", "Holder", "Customers", "Lines", "Events", "Authority", "=Kind", "#Face value, USD m", "Range",
        "Overcomes", "=Confidence", "Sources", "Note",
    )  # fmt: skip
    return table("licences", "Licences: lines and events. Face value is not sales", heads, rows, is_long=True)


def _line(row: dict[str, object], items: dict[str, str]) -> str:
    item = row["item"]
    goods = items[str(item)] if item is not None else "goods not published"
    covers, low, high = (row[k] for k in ("covers", "covers_low", "covers_high"))
    part = f", covers {covers:.0%} of the trade" if isinstance(covers, float) and covers < 1 else ""
    if part and isinstance(low, float) and isinstance(high, float):
        part += f" ({low:.0%} to {high:.0%})"
    return f"line {row['line']}: {goods}{part}"


def _event(row: dict[str, object]) -> str:
    by = "by " if row["precision"] == "known_by" else ""
    note = f" ({row['note']})" if row["note"] else ""
    return f"{by}{row['date']} {plain(str(row['event']))}{note}"


def _day(day: dt.date | None) -> str:
    return "" if day is None else day.isoformat()

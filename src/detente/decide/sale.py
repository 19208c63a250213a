"""What is asked: one sale, from a link of the network or an order, and who takes part in it on a day."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from detente.decide.facts import WHOLE, Facts
from detente.decide.rows import Item, Variant
from detente.decide.truth import TRUE, UNKNOWN, Fact, Reason
from detente.record import Case, NotFound
from detente.record.files import FILE, ROW
from detente.record.problems import did_you_mean, show


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale as the law looks at it.

    A link is a flow: goods sold on a day leave on that day, and ``value_usd_m`` (of one order) is None. ``events`` has
    what is known of an order's own days; an event that is missing is not known. ``buyer`` is the purchaser, ``end_use``
    what the good is used for (empty: not known), ``act`` what is done where an order says so itself.
    """

    id: str
    link: str | None
    seller_unit: str | None
    buyer_unit: str | None
    seller: str
    buyer: str
    ultimate: str
    end_user: str
    intermediates: tuple[str, ...]
    item: Item
    variant: Variant | None
    destination: str
    via: tuple[str, ...]
    end_use: tuple[str, ...]
    act: str | None
    value_usd_m: float | None
    quantity: float | None
    events: Mapping[str, dt.date]
    is_flow: bool
    fact: Fact

    def on(self, as_of: dt.date) -> dt.date:
        """The day it is decided on: the day an order left or will leave, where recorded; else the day asked about."""
        return as_of if self.is_flow else self.events.get("exported", as_of)

    def good(self, day: dt.date) -> Variant | None:
        """How the good is made, where that is recorded for the day."""
        return self.variant if self.variant is not None and self.variant.span.holds(day) else None

    @property
    def abouts(self) -> tuple[str, ...]:
        """What a finding on this sale may be about, the nearest first."""
        good = None if self.variant is None else self.variant.id
        ids = (self.id, self.link, self.seller_unit, good, self.buyer_unit, self.seller, self.buyer, self.ultimate)
        return tuple(dict.fromkeys(i for i in (*ids, self.end_user) if i is not None))

    @property
    def made_by(self) -> str:
        """Whose good it is, in an error or a need."""
        return self.seller_unit or self.seller


@dataclass(frozen=True, slots=True)
class Taking:
    """A party taking part in a sale in a role; ``reason`` says how we know."""

    party: str
    role: str
    reason: Reason


def link_rows(case: Case, only: str | None = None) -> pl.DataFrame:
    """Links (or the one of an id) with what the law needs of their two units: parties, variant, destination."""
    links = case["links"] if only is None else case["links"].filter(pl.col("id") == only)
    units = case["units"].select("id", "party", "item", "variant", "country")
    sellers = units.rename({"party": "seller_party", "country": "seller_country"})
    buyers = units.select("id", pl.col("party").alias("buyer_party"), pl.col("country").alias("destination"))
    return (
        links.rename({"variant": "own_variant"})
        .join(sellers, left_on="seller", right_on="id", how="left", maintain_order="left")
        .join(buyers, left_on="buyer", right_on="id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("own_variant", "variant").alias("variant"))
        .drop("own_variant")
    )


_DAYS = ("ordered", "production_started", "aboard_carrier", "exported", "received")


def sale_of(row: Mapping[str, Any], facts: Facts) -> Sale:
    """The sale of a row of ``link_rows``."""
    variant = facts.variants[row["variant"]] if row["variant"] else None
    buyer = row["buyer_party"]
    return Sale(
        id=row["id"],
        link=row["id"],
        seller_unit=row["seller"],
        buyer_unit=row["buyer"],
        seller=row["seller_party"],
        buyer=buyer,
        ultimate=buyer,
        end_user=row["end_user"] or buyer,
        intermediates=(),
        item=facts.items[row["item"] if variant is None else variant.item],
        variant=variant,
        destination=row["destination"],
        via=(),
        end_use=tuple(row["end_use"]),
        act=None,
        value_usd_m=None,
        quantity=None,
        events={},
        is_flow=True,
        fact=Fact("links", row["id"], row[FILE], row[ROW]),
    )


def order_of(order: Mapping[str, Any], row: Mapping[str, Any] | None, facts: Facts) -> Sale:
    """The sale of an order line; what it leaves out is that of its link, of which ``row`` is the row."""
    link: Mapping[str, Any] = row or {}
    good = order["variant"] or link.get("variant")
    variant = facts.variants[good] if good else None
    buyer = order["purchaser"] or link["buyer_party"]
    ultimate = order["ultimate_consignee"] or buyer
    days = {k: order[k] for k in _DAYS if order[k] is not None}
    if "aboard_carrier" in days:
        days["en_route"] = days["aboard_carrier"]
    return Sale(
        id=order["id"],
        link=order["link"],
        seller_unit=link.get("seller"),
        buyer_unit=link.get("buyer"),
        seller=order["seller"] or link["seller_party"],
        buyer=buyer,
        ultimate=ultimate,
        end_user=order["end_user"] or link.get("end_user") or ultimate,
        intermediates=tuple(order["intermediate_consignee"] or ()),
        item=facts.items[link["item"] if variant is None else variant.item],
        variant=variant,
        destination=order["destination"] or link["destination"],
        via=tuple(order["via"] or ()),
        end_use=tuple(order["end_use"] or link.get("end_use") or ()),
        act=order["act"],
        value_usd_m=order["value_usd_m"],
        quantity=order["quantity"],
        events=days,
        is_flow=False,
        fact=Fact("orders", order["id"], order[FILE], order[ROW]),
    )


def get_sale(case: Case, facts: Facts, id_: str) -> Sale:
    """The sale of a link or an order by its id. Raises ``NotFound``."""
    found = case["orders"].filter(pl.col("id") == id_)
    order = found.row(0, named=True) if found.height else None
    link = id_ if order is None else order["link"]
    rows = link_rows(case, link) if link is not None else None
    if order is None and (rows is None or rows.height == 0):
        hint = did_you_mean(id_, case["links"]["id"].to_list()) if case["links"].height < 100_000 else ""
        raise NotFound(f"The case has no link or order {show(id_)}. {hint[:1].upper()}{hint[1:]}".strip())
    row = rows.row(0, named=True) if rows is not None else None
    if order is not None:
        return order_of(order, row, facts)
    return sale_of(row or {}, facts)


def taking_part(sale: Sale, facts: Facts, day: dt.date) -> tuple[Taking, ...]:
    """Who takes part on a day, a line of business being replaced by whoever owns it then."""
    found = [(sale.buyer, "purchaser"), (sale.ultimate, "ultimate_consignee"), (sale.end_user, "end_user")]
    found += [(party, "intermediate_consignee") for party in sale.intermediates]
    legal = {party: legal_party(party, facts, day) for party, _ in found}
    return tuple(Taking(legal[party][0], role, legal[party][1]) for party, role in found)


def legal_party(party: str, facts: Facts, day: dt.date) -> tuple[str, Reason]:
    """The legal person behind a party on a day."""
    row = facts.parties[party]
    if row.kind != "business":
        return party, Reason(f"{row.name} takes part itself", TRUE, (row.fact,))
    path: list[Fact] = [row.fact]
    sources: list[str] = []
    seen = set()
    while row.kind == "business":
        seen.add(row.id)
        stakes = [s for s in facts.stakes.get(row.id, ()) if s.span.holds(day)]
        owners = [s for s in stakes if s.low > WHOLE // 2]
        rivals = [s for s in stakes if s.control == "yes" and s not in owners]
        if not owners or rivals or owners[0].owner in seen:
            text = f"who owns {row.name}, a line of business, on {day}"
            return row.id, Reason(text, UNKNOWN, tuple(path))
        path.append(owners[0].fact)
        sources += owners[0].sources
        row = facts.parties[owners[0].owner]
    name = facts.parties[party].name
    return row.id, Reason(f"{name} belongs to {row.name} on {day}", TRUE, tuple(path), tuple(sources))


_WORDS = re.compile(r"[a-z0-9]+")


def find_sales(case: Case, query: str) -> tuple[str, ...]:
    """Ids of the links or orders that a person means by ``query``.

    An id finds itself. ``SELLER to BUYER``, ``SELLER > BUYER`` and either with ``: ITEM`` find the links whose seller,
    buyer and item have all those words in their id, name or party. Raises ``NotFound`` where nothing fits.
    """
    ids = set(case["links"]["id"]) | set(case["orders"]["id"])
    if query.strip() in ids:
        return (query.strip(),)
    pair, _, item = query.partition(":")
    parts = re.split(r"\s+to\s+|>", pair, maxsplit=1)
    rows = _words_of(case)
    wanted = [set(_WORDS.findall(p.lower())) for p in (*parts, item)]
    if len(parts) == 2:
        seller, buyer, what = wanted
        found = [i for i, (s, b, g) in rows.items() if seller <= s and buyer <= b and what <= g]
    else:
        every = set().union(*wanted)
        found = [i for i, (s, b, g) in rows.items() if every <= s | b | g]
    if not found or not any(wanted):
        hint = did_you_mean(query, sorted(ids)) or 'write "SELLER to BUYER" or the id of a link'
        raise NotFound(f"No sale fits {show(query)}: {hint}. `detente check {case.name} --as-of DAY` lists all sales.")
    return tuple(found)


def _words_of(case: Case) -> dict[str, tuple[set[str], set[str], set[str]]]:
    parties = {r["id"]: f"{r['id']} {r['name']}" for r in case["parties"].iter_rows(named=True)}
    items = {r["id"]: f"{r['id']} {r['name']}" for r in case["items"].iter_rows(named=True)}
    units = {
        r["id"]: (f"{r['id']} {r['name']} {parties[r['party']]}", items[r["item"]])
        for r in case["units"].iter_rows(named=True)
    }
    return {
        id_: (
            set(_WORDS.findall(units[s][0].lower())),
            set(_WORDS.findall(units[b][0].lower())),
            set(_WORDS.findall(f"{units[s][1]} {id_}".lower())),
        )
        for id_, s, b in case["links"].select("id", "seller", "buyer").iter_rows()
    }

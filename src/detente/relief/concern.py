"""Which links a proposal can concern: all whose verdict it could change in any package, and few others.

Verdicts combine: a grant may matter only once a rule of the other side is lifted, a rule only once a unit is sold. So
this asks what could matter, from what does not change, and never what matters alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide.asked import Asked
from detente.decide.facts import Facts, facts_of
from detente.decide.limbs import conditions, tester
from detente.decide.sale import link_rows, sale_of, taking_part
from detente.decide.scope import window_on
from detente.decide.truth import FALSE
from detente.record import Case
from detente.record.limb import Limb
from detente.record.measures import Measure
from detente.record.proposals import RESTRICTS
from detente.relief.apply import changed_case, holders_of, line_of
from detente.relief.proposals import Proposal

Bools = npt.NDArray[np.bool_]
_FIXED = {"acts", "items", "chart", "places", "end_use", "value", "papers"}
"""Conditions of a rule that no proposal changes: they ask about the good, the way and the use."""
_OWNERSHIP = ("parties", "stakes", "sources", "names", "proposals")
"""Tables an overlay may change while it still concerns only those whose owners it changes."""


def concerns(case: Case, package: Sequence[Proposal], day: dt.date) -> Bools:
    """Which of the E links of the case each of P settled proposals may concern, on a day: a bool P x E."""
    world = _World.of(case, package, day)
    links = [world.link(row) for row in link_rows(case).iter_rows(named=True)]
    answer = np.zeros((len(package), len(links)), dtype=np.bool_)
    moved = [world.moves(p) for p in package]
    movable: set[str] = set().union(*(m for m in moved if m is not None))
    is_movable = [bool(movable & x.reached) or None in moved for x in links]
    for k, p in enumerate(package):
        if p.kind == "grant":
            sellers, buyers, items = set(p.targets), set(p.buyers), set(p.items)
            answer[k] = [bool(sellers & x.sellers and buyers & x.buyers and x.item in items) for x in links]
        elif p.kind == "restore":
            answer[k] = [world.may_cover(p.targets, x) for x in links]
        elif p.kind == "delist":
            named = _listed(case, p)
            answer[k] = [bool(named & x.reached) for x in links]
        elif p.kind in {"suspend", "lift"}:
            answer[k] = world.bitten(p, links, is_movable)
        else:
            mine = moved[k]
            answer[k] = [mine is None or bool(mine & x.reached) for x in links]
    return answer


def movers(case: Case, package: Sequence[Proposal], day: dt.date) -> Bools:
    """Which of the N units of ``case['units']`` each of P proposals may give another owner: a bool P x N."""
    world = _World.of(case, package, day)
    units = case["units"].select("id", "party").rows()
    answer = np.zeros((len(package), len(units)), dtype=np.bool_)
    for k, p in enumerate(package):
        moved = world.moves(p)
        answer[k] = [moved is None or bool(moved & world.above(world.parties_of(u, party))) for u, party in units]
    return answer


@dataclass(frozen=True, slots=True)
class _Link:
    """A link as proposals see it: who may sell and buy, whom it reaches by ownership, its good."""

    row: Mapping[str, Any]
    item: str
    sellers: frozenset[str]
    buyers: frozenset[str]
    reached: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """The case with every stake that any of the proposals could bring."""

    case: Case
    facts: Facts
    day: dt.date
    owners: Mapping[str, frozenset[str]]
    overlaid: Mapping[str, frozenset[str] | None]
    sold_units: frozenset[str]

    @classmethod
    def of(cls, case: Case, package: Sequence[Proposal], day: dt.date) -> _World:
        owners: dict[str, set[str]] = {}
        for owned, owner in case["stakes"].select("owned", "owner").iter_rows():
            owners.setdefault(owned, set()).add(owner)
        overlaid: dict[str, frozenset[str] | None] = {}
        parties = dict(case["units"].select("id", "party").iter_rows())
        sold: set[str] = set()
        for p in package:
            if p.kind == "overlay":
                there = changed_case(case, [p], day)
                overlaid[p.id] = _overlaid(case, there)
                for owned, owner in there["stakes"].select("owned", "owner").iter_rows():
                    owners.setdefault(owned, set()).add(owner)
            elif p.kind == "divest":
                for target in p.targets:
                    line = line_of(target) if target in parties else target
                    owners.setdefault(line, set()).add(str(p.owner))
                    if target in parties:
                        owners[line].add(parties[target])
                        sold.add(target)
        kept = {k: frozenset(v) for k, v in owners.items()}
        return cls(case, facts_of(case), day, kept, overlaid, frozenset(sold))

    def above(self, parties: Iterable[str]) -> frozenset[str]:
        """Parties and everybody who owns, or could come to own, a stake in them."""
        found, todo = set[str](), list(parties)
        while todo:
            party = todo.pop()
            if party not in found:
                found.add(party)
                todo += self.owners.get(party, ())
        return frozenset(found)

    def parties_of(self, unit: str, party: str) -> tuple[str, ...]:
        """The party of a unit, and the line of business that it would become."""
        return (party, line_of(unit)) if unit in self.sold_units else (party,)

    def link(self, row: Mapping[str, Any]) -> _Link:
        variant = self.facts.variants[row["variant"]] if row["variant"] else None
        sellers = self.above(self.parties_of(row["seller"], row["seller_party"]))
        buyers = self.above(self.parties_of(row["buyer"], row["buyer_party"]))
        others = [row["end_user"]] if row["end_user"] else []
        if variant is not None:
            others += [variant.maker, *(variant.designed_by or ())]
        item = row["item"] if variant is None else variant.item
        return _Link(row, item, sellers, buyers, sellers | buyers | self.above(others))

    def moves(self, p: Proposal) -> frozenset[str] | None:
        """Whose owners a proposal changes; None: it may change anything."""
        if p.kind == "overlay":
            return self.overlaid[p.id]
        if p.kind != "divest":
            return frozenset()
        return frozenset(line_of(t) if t in self.sold_units else t for t in p.targets)

    def may_cover(self, licences: Iterable[str], link: _Link) -> bool:
        """Whether one of some licences could cover a link."""
        for id_ in licences:
            licence = self.facts.licence[id_]
            if any(d.licence == id_ for docs in self.facts.documents.values() for d in docs):
                return True  # a paper may pass it on to anybody
            bare = not licence.lines or any(x.item is None or x.codes for x in licence.lines)
            goods = bare or link.item in {x.item for x in licence.lines}
            if goods and holders_of(licence) & link.sellers and set(licence.consignees) & link.buyers:
                return True
        return False

    def bitten(self, p: Proposal, links: Sequence[_Link], is_movable: Sequence[bool]) -> list[bool]:
        """Which links the rules that a proposal suspends could hold."""
        day, known = p.start(self.day), self.facts.as_known
        rules = [
            (m, x)
            for m, x in self.facts.limbs.values()
            if {m.id, x.id} & set(p.targets) and x.effect in RESTRICTS and window_on(x.in_force, day, known) is not None
        ]
        everywhere = None in self.overlaid.values()
        outs = any(x.effect == "out_of_scope" for _, x in self.facts.limbs.values())
        if everywhere:
            return [True] * len(links)
        answer = []
        for link, moves in zip(links, is_movable, strict=True):
            sale = sale_of(link.row, self.facts)
            taking = taking_part(sale, self.facts, self.day)
            asked = Asked(sale, taking, self.facts, self.day, tester(sale, taking, self.facts, self.day))
            answer.append(any(_could_bite(m, x, asked, moves, outs) for m, x in rules))
        return answer


def _could_bite(measure: Measure, limb: Limb, asked: Asked, is_movable: bool, has_outs: bool) -> bool:
    """Whether a rule in force could bite on a sale in some package.

    Who takes part changes only where owners do; delisting only takes parties out of a rule; the reach over a good may
    change where a limb takes goods out of it, for that may hang on a listing.
    """
    for name, test in conditions(measure, limb):
        fixed = name in _FIXED or (name != "window" and not is_movable and not (name == "scope" and has_outs))
        if fixed and test(asked).truth is FALSE:
            return False
    return True


def _listed(case: Case, p: Proposal) -> set[str]:
    """The parties of the entries that a proposal ends."""
    rows = case["listings"].filter(pl.col("id").is_in(p.targets) | pl.col("party").is_in(p.targets))
    return set(rows["party"])


def _overlaid(case: Case, there: Case) -> frozenset[str] | None:
    """Whose owners an overlay changes; None where it changes anything but parties and who owns them."""
    if there.measures != case.measures:
        return None
    moved: set[str] = set()
    for name, frame in there.tables.items():
        bare = [c for c in frame.columns if not c.startswith("_")]
        before, after = case[name].select(bare), frame.select(bare)
        if before.equals(after):
            continue
        if name not in _OWNERSHIP:
            return None
        if name == "parties" and before.rows() != after.rows()[: before.height]:
            return None  # a party that was there is another one now
        if name == "stakes":
            moved |= _differing(before.rows(), after.rows(), bare.index("owned"))
    return frozenset(moved)


def _differing(old: Sequence[tuple[Any, ...]], new: Sequence[tuple[Any, ...]], at: int) -> set[str]:
    a, b = {str(r): r for r in old}, {str(r): r for r in new}
    return {str((a.get(k) or b[k])[at]) for k in a.keys() ^ b.keys()}

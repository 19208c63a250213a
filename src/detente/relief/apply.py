"""A package applied: the case as it would be if its proposals were acted on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import polars as pl
from pydantic import BaseModel

from detente.decide.facts import facts_of
from detente.decide.rows import Licence
from detente.decide.sale import legal_party, link_rows
from detente.record import Case, DetenteError, load
from detente.record.dictionary import dictionary
from detente.record.digest import digest
from detente.record.files import FILE, ROW
from detente.record.history import amended
from detente.record.limb import Limb, Window
from detente.record.load import as_day
from detente.record.measures import Measure
from detente.record.proposals import RESTRICTS
from detente.relief.proposals import Proposal, held_sales

_ORDER = ("overlay", "divest", "delist", "suspend", "lift", "restore", "grant")
_DAY = dt.timedelta(days=1)
Tables = dict[str, pl.DataFrame]


def apply(case: Case, proposals: Iterable[Proposal], as_of: dt.date | str) -> Case:
    """The case with a package acted on from a day on: a what-if, as an overlay would make it.

    Grants become licences with a line an item (``cap`` of the trade), a granted event, consignees and an end;
    restored licences get a reinstated event, and lines that cover ``cap`` of what they did; entries of delisted
    parties end the day before; windows of suspended and lifted rules are cut; what is sold belongs to its new owner.
    What a grant leaves open (goods, buyers, rules) is settled by what is held in ``case`` on that day, so that it does
    not hang on the other proposals. Whether the law lets a side do so is asked by ``admissible``, not here.

    Raises ``DetenteError`` where an overlay changes a table that a what-if made in memory has changed already.

    >>> from detente import load, permits
    >>> from detente.relief.proposals import proposals
    >>> case, day = load("huawei"), "2021-01-20"
    >>> package = proposals(case, ["suspend-fdpr-2020-08"])
    >>> permits(apply(case, package, day), day, day).verdict_on("tsmc>hisilicon:wafers", day).outcome
    'not_subject'
    """
    day = as_day(as_of, "as_of")
    package = [settle(case, p, day) for p in proposals]
    changed = changed_case(case, package, day)
    texts: dict[str, BaseModel] = {"case.toml": case.about} | {m.file: m for m in changed.measures}
    return replace(changed, digest=digest(changed.tables, dictionary(), texts))


@lru_cache(maxsize=1024)
def settle(case: Case, proposal: Proposal, day: dt.date) -> Proposal:
    """A grant with its goods, buyers and rules spelt out, by what is held in the case on the day it starts."""
    if proposal.kind != "grant":
        return proposal
    day = proposal.start(day)
    facts, held = facts_of(case), _held(case, day)[1]
    limbs = proposal.limbs or tuple(
        x.id
        for m, x in facts.limbs.values()
        if x.effect == "require_licence"
        and x.is_licensable
        and case.about.regimes.get(m.regime, proposal.side) == proposal.side
    )
    rows = link_rows(case)
    items, buyers = set(proposal.items), set(proposal.buyers)
    for i in held:
        row = rows.row(i, named=True)
        item = facts.variants[row["variant"]].item if row["variant"] else row["item"]
        buyer = legal_party(row["buyer_party"], facts, day)[0]
        if legal_party(row["seller_party"], facts, day)[0] not in proposal.targets:
            continue
        if proposal.items and item not in proposal.items:
            continue
        if proposal.buyers and buyer not in proposal.buyers:
            continue
        items.add(item)
        buyers.add(buyer)
    return replace(proposal, items=tuple(sorted(items)), buyers=tuple(sorted(buyers)), limbs=tuple(sorted(limbs)))


_held = lru_cache(maxsize=8)(held_sales)


def changed_case(case: Case, package: Sequence[Proposal], day: dt.date) -> Case:
    """``apply`` for settled proposals, without the digest of what comes out: it keeps that of ``case``."""
    package = sorted(package, key=lambda p: (_ORDER.index(p.kind), p.id))
    laid = tuple(p.targets[0] for p in package if p.kind == "overlay")
    base = _laid(case, laid) if laid else case
    work = _Work(dict(base.tables), base.measures, base)
    for p in package:
        _ACTS[p.kind](work, p, p.start(day))
    return replace(base, tables=MappingProxyType(work.tables), measures=work.measures, digest=case.digest)


@lru_cache(maxsize=32)
def _laid(case: Case, overlays: tuple[str, ...]) -> Case:
    """The case with overlays of its folder on top, read again; what was changed in memory elsewhere stays so."""
    before = load(case.folder, as_known=case.as_known, overlays=case.overlays)
    more = tuple(o for o in overlays if o not in case.overlays)
    after = load(case.folder, as_known=case.as_known, overlays=(*case.overlays, *more))
    if before.digest == case.digest:
        return after
    moved = {name for name, frame in after.tables.items() if not frame.equals(before[name])}
    amended = after.measures != before.measures
    if any(not case[name].equals(before[name]) for name in moved) or (amended and case.measures != before.measures):
        raise DetenteError(
            f"The overlay {overlays[0]} is laid on a case as it stands in {case.folder.name}/, and this one is not: "
            "it is a what-if made in memory, or its files have changed. Put the overlay into the same package, or "
            "load the case again."
        )
    tables = {**case.tables, **{name: after[name] for name in moved}}
    measures = after.measures if amended else case.measures
    return replace(case, tables=MappingProxyType(tables), measures=measures, overlays=after.overlays)


@dataclass(slots=True)
class _Work:
    """A case being changed: its tables and measures so far, and the one it started from."""

    tables: Tables
    measures: tuple[Measure, ...]
    base: Case

    def add(self, table: str, p: Proposal, day: dt.date, **cells: Any) -> None:
        """One more row; what is not given is empty, or as the dictionary's default."""
        frame = self.tables[table]
        row: dict[str, Any] = dict.fromkeys(frame.columns)
        for c in dictionary()[table].columns:
            if c.default:
                row[c.name] = ([] if c.default == "none" else [c.default]) if c.is_list else c.default
        row |= {
            "source": list(p.sources), "confidence": p.confidence, "recorded": day, "note": f"What if: {p.title}",
            FILE: p.file, ROW: p.row,
        }  # fmt: skip
        self.tables[table] = pl.concat([frame, pl.DataFrame([row | cells], schema=frame.schema)])

    def copy(self, table: str, row: Mapping[str, Any], **cells: Any) -> None:
        """One more row like another one."""
        frame = self.tables[table]
        self.tables[table] = pl.concat([frame, pl.DataFrame([{**row, **cells}], schema=frame.schema)])

    def end(self, table: str, ids: Iterable[str], last: dt.date) -> None:
        """End rows on a day, without moving the day before their first: a row that never held is one that ended."""
        through = pl.when(pl.col("id").is_in(list(ids))).then(pl.lit(last)).otherwise(pl.col("through"))
        self.tables[table] = self.tables[table].with_columns(through.alias("through"))


def _holds(row: Mapping[str, Any], day: dt.date) -> bool:
    return (row["since"] is None or row["since"] <= day) and (row["through"] is None or day <= row["through"])


def _overlay(work: _Work, p: Proposal, day: dt.date) -> None:
    """Laid before all else."""


def _grant(work: _Work, p: Proposal, day: dt.date) -> None:
    """A licence a seller: a line an item, the part of the trade its cap."""
    authorities = [m.authority for m in work.measures if {x.id for x in m.limbs} & set(p.limbs)]
    if not (p.buyers and p.items and p.limbs):
        return  # nothing is held that it could be granted for
    for seller in p.targets:
        id_ = f"{p.id}:{seller}"
        work.add(
            "licences", p, day, id=id_, authority=authorities[0] if authorities else p.side, holder=[seller],
            kind="individual", consignees=list(p.buyers), overcomes=list(p.limbs), since=day, through=p.through,
        )  # fmt: skip
        for n, item in enumerate(p.items, 1):
            work.add(
                "licence_lines", p, day, id=f"{id_}:{n}", licence=id_, line=n, item=item, covers=p.cap,
                covers_low=p.cap, covers_high=p.cap,
            )  # fmt: skip
        work.add("licence_events", p, day, id=f"{id_}:granted", licence=id_, date=day, event="granted")


def _restore(work: _Work, p: Proposal, day: dt.date) -> None:
    """Reinstated on the day; a part of it: each line goes on as one that covers less."""
    for licence in p.targets:
        work.add(
            "licence_events", p, day, id=f"{p.id}:{licence}:reinstated", licence=licence, date=day, event="reinstated"
        )
        if p.through is not None:
            work.add(
                "licence_events", p, day, id=f"{p.id}:{licence}:expired", licence=licence, date=p.through + _DAY,
                event="expired",
            )  # fmt: skip
        if p.cap == 1:
            continue
        lines = work.tables["licence_lines"].filter(pl.col("licence") == licence)
        for row in [r for r in lines.iter_rows(named=True) if _holds(r, day)]:
            work.end("licence_lines", [row["id"]], day - _DAY)
            part = {c: None if row[c] is None else row[c] * p.cap for c in ("covers", "covers_low", "covers_high")}
            work.copy("licence_lines", row, id=f"{p.id}:{row['id']}", since=day, **part)


def _delist(work: _Work, p: Proposal, day: dt.date) -> None:
    """The entries that hold on the day end the day before, and come back after the last day where there is one."""
    frame = work.tables["listings"]
    ends = amended(frame)
    for row in frame.iter_rows(named=True):
        last = min((d for d in (row["through"], ends.get(row["id"])) if d is not None), default=None)
        if {row["id"], row["party"]} & set(p.targets) and _holds({**row, "through": last}, day):
            work.end("listings", [row["id"]], day - _DAY)
            if p.through is not None and (last is None or p.through < last):
                work.copy(
                    "listings", row, id=f"{p.id}:{row['id']}", since=p.through + _DAY, through=last, modifies=None
                )


def _suspend(work: _Work, p: Proposal, day: dt.date) -> None:
    """The windows of the rules are cut from the day on, and go on after the last day where there is one."""
    known = work.base.as_known

    def cut(measure: Measure, limb: Limb) -> Limb:
        if limb.effect not in RESTRICTS or not {measure.id, limb.id} & set(p.targets):
            return limb
        return limb.model_copy(update={"in_force": tuple(_cut(limb.in_force, day, p.through, known))})

    measures = []
    for m in work.measures:
        limbs = tuple(cut(m, x) for x in m.limbs)
        same = all(a is b for a, b in zip(limbs, m.limbs, strict=True))
        measures.append(m if same else m.model_copy(update={"limbs": limbs}))
    work.measures = tuple(measures)


def _cut(windows: Sequence[Window], first: dt.date, last: dt.date | None, known: dt.date | None) -> Iterable[Window]:
    """Windows without the days from first to last (None: without end)."""
    for w in windows:
        end = w.end(known)
        plain = {"written_through": None, "through_recorded": None}
        if not w.counts(known) or (end is not None and end < first) or (last is not None and w.since > last):
            yield w
            continue
        if w.since < first:
            yield w.model_copy(update={**plain, "through": first - _DAY})
        if last is not None and (end is None or end > last):
            yield w.model_copy(update={**plain, "since": last + _DAY, "through": end})


def _divest(work: _Work, p: Proposal, day: dt.date) -> None:
    """Lines of business go to the new owner; a unit that is none yet becomes one, of the owner it had until then."""
    lines = set(work.tables["parties"].filter(pl.col("kind") == "business")["id"])
    for target in p.targets:
        line = target
        if target not in lines:
            line = line_of(target)
            _as_line(work, p, target, line, day)
        stakes = work.tables["stakes"].filter(pl.col("owned") == line)
        work.end("stakes", [r["id"] for r in stakes.iter_rows(named=True) if _holds(r, day)], day - _DAY)
        later = [r["id"] for r in stakes.iter_rows(named=True) if r["since"] is not None and r["since"] > day]
        work.tables["stakes"] = work.tables["stakes"].filter(~pl.col("id").is_in(later))
        work.add("stakes", p, day, id=f"{p.id}:{line}:bought", owner=p.owner, owned=line, since=day, **_ALL)


_ALL = {"share": 1.0, "share_low": 1.0, "share_high": 1.0, "control": "yes"}


def line_of(unit: str) -> str:
    """The line of business that a unit becomes when it is sold."""
    return f"line:{unit}"


def _as_line(work: _Work, p: Proposal, unit: str, line: str, day: dt.date) -> None:
    """Give a unit a party of its own, owned by the party it had."""
    if line in set(work.tables["parties"]["id"]):
        return
    row = work.tables["units"].filter(pl.col("id") == unit).row(0, named=True)
    party = work.tables["parties"].filter(pl.col("id") == row["party"]).row(0, named=True)
    work.copy("parties", party, id=line, name=row["name"], kind="business")
    work.add("stakes", p, day, id=f"{line}:before", owner=row["party"], owned=line, **_ALL)
    owner = pl.when(pl.col("id") == unit).then(pl.lit(line)).otherwise(pl.col("party"))
    work.tables["units"] = work.tables["units"].with_columns(owner.alias("party"))


_ACTS = {
    "overlay": _overlay, "grant": _grant, "restore": _restore, "delist": _delist, "suspend": _suspend,
    "lift": _suspend, "divest": _divest,
}  # fmt: skip


def holders_of(licence: Licence) -> set[str]:
    """Everybody who holds a licence, or may come to hold it by a transfer."""
    return {*licence.holders, *(p for e in licence.events if e.event == "transferred" for p in e.parties)}

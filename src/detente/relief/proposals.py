"""Proposals: the single things a side could do, written in the case or generated from what holds its sales."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from detente.decide.facts import facts_of
from detente.decide.licensing.standing import standing
from detente.decide.permits import OnDay, permits
from detente.decide.sale import legal_party, link_rows
from detente.decide.scope import window_on
from detente.record import Case, DetenteError
from detente.record.files import FILE, ROW
from detente.record.load import as_day
from detente.record.problems import NotFound, did_you_mean, show
from detente.record.proposals import RESTRICTS

Kind = Literal["grant", "restore", "delist", "suspend", "lift", "divest", "overlay"]
What = Literal["refused", "revoked", "listings", "limbs", "countermeasures"]
MODES = (0.25, 0.5, 1.0)
HELD = ("licence_required", "denied", "needs_facts", "conflict")
"""Outcomes of a sale that may not go ahead, or not surely."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing a side could do, in one mode.

    ``id`` is ``of`` (the id in the case), with ``@25`` and the like where there are several modes. ``targets`` is what
    it acts on, by ``kind`` (docs/proposals.md). ``items``, ``buyers`` and ``limbs`` narrow a grant; empty: as far as
    sales are held. ``cap`` is the part of the trade that may go ahead. It acts from ``since`` (None: the day that is
    asked about) to ``through`` (None: for good). ``requires`` and ``excludes`` are ids in the case. ``fee_usd_m`` is
    USD m a year, from the side ``paid_by`` to ``side``. ``file`` and ``row`` say where it was read.
    """

    id: str
    of: str
    title: str
    side: str
    kind: Kind
    targets: tuple[str, ...]
    items: tuple[str, ...] = ()
    buyers: tuple[str, ...] = ()
    limbs: tuple[str, ...] = ()
    cap: float = 1.0
    owner: str | None = None
    fee_usd_m: float = 0.0
    paid_by: str | None = None
    requires: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    since: dt.date | None = None
    through: dt.date | None = None
    sources: tuple[str, ...] = ()
    confidence: str = "assumed"
    note: str = ""
    file: str = ""
    row: int = 0

    def start(self, as_of: dt.date) -> dt.date:
        """The first day on which it acts."""
        return as_of if self.since is None else max(as_of, self.since)


def proposals(case: Case, only: Iterable[str] | None = None) -> tuple[Proposal, ...]:
    """The proposals of a case in the order of its file, a mode each.

    ``only`` keeps some, by id, with or without their mode. What acts on something not yet recorded as the case is known
    is left out. Raises ``NotFound`` for an id that no proposal has.

    >>> from detente.record import load
    >>> [p.kind for p in proposals(load("huawei"), ["suspend-fdpr-2020-08"])]
    ['suspend']
    """
    there = _there(case)
    found = [
        mode
        for row in case["proposals"].iter_rows(named=True)
        if case.as_known is None or row["kind"] == "overlay" or set(row["target"]) <= there
        for mode in _modes(row)
    ]
    if only is None:
        return tuple(found)
    wanted = list(only)
    known = [*dict.fromkeys(p.of for p in found), *dict.fromkeys(p.id for p in found)]
    for name in wanted:
        if name not in known:
            hint = did_you_mean(name, known)
            raise NotFound(f"The case has no proposal {show(name)}. {hint[:1].upper()}{hint[1:]}".strip())
    return tuple(p for p in found if p.id in wanted or p.of in wanted)


def _there(case: Case) -> set[str]:
    tables = ("parties", "licences", "listings", "units")
    names = {i for t in tables for i in case[t]["id"]} | {m.id for m in case.measures}
    return names | {x.id for m in case.measures for x in m.limbs}


def _modes(row: Mapping[str, Any]) -> Iterator[Proposal]:
    caps = sorted(float(c) for c in row["cap"] or ("1",))
    for cap in caps:
        yield Proposal(
            id=row["id"] if len(caps) == 1 else f"{row['id']}@{_percent(cap)}",
            of=row["id"],
            title=row["title"] if len(caps) == 1 else f"{row['title']}, {_percent(cap)} %",
            side=row["side"],
            kind=row["kind"],
            targets=tuple(row["target"]),
            items=tuple(row["items"] or ()),
            buyers=tuple(row["buyers"] or ()),
            limbs=tuple(row["limbs"] or ()),
            cap=cap,
            owner=row["owner"],
            fee_usd_m=row["fee_usd_m"] or 0.0,
            paid_by=row["paid_by"],
            requires=tuple(row["requires"] or ()),
            excludes=tuple(row["excludes"] or ()),
            since=row["since"],
            through=row["through"],
            sources=tuple(row["source"] or ()),
            confidence=row["confidence"],
            note=row["note"] or "",
            file=row[FILE],
            row=row[ROW],
        )


def _percent(cap: float) -> str:
    return f"{cap * 100:.6g}"


def generate(
    case: Case,
    as_of: dt.date | str,
    what: Sequence[What] = ("refused", "revoked"),
    *,
    modes: Sequence[float] = MODES,
) -> tuple[Proposal, ...]:
    """Proposals made from what holds sales on a day, in modes (parts of the trade) where they are licences.

    ``refused``: a licence for each seller and item of which a sale needs one; where rules of several sides hold it, one
    from each, which need one another. ``revoked``: each licence that was revoked or suspended, restored. ``listings``:
    each listed party delisted. ``limbs``: each rule that restricts suspended, of the side that restricted first;
    ``countermeasures``: those of the other sides lifted (sides of regimes stand in case.toml).

    Raises ``DetenteError`` for a mode that is no part, or a word it does not know.

    >>> from detente.record import load
    >>> len(generate(load("huawei"), "2021-01-20", ["revoked"], modes=[1]))
    8
    """
    day = as_day(as_of, "as_of")
    for mode in modes:
        if not 0 < mode <= 1:
            raise DetenteError(f"modes: got {mode}; expected parts above 0 up to 1, such as 0.25")
    for word in what:
        if word not in get_args(What):
            raise DetenteError(f"what: got {word!r}; expected some of {', '.join(get_args(What))}")
    makers = {
        "refused": lambda: _refused(case, day, modes),
        "revoked": lambda: _revoked(case, day, modes),
        "listings": lambda: _listings(case, day),
        "limbs": lambda: _limbs(case, day, counter=False),
        "countermeasures": lambda: _limbs(case, day, counter=True),
    }
    return tuple(p for word in dict.fromkeys(what) for p in makers[word]())


def _in_modes(of: str, title: str, modes: Sequence[float], **fields: Any) -> Iterator[Proposal]:
    sizes = sorted(set(modes))
    for cap in sizes:
        one = len(sizes) == 1
        yield Proposal(
            id=of if one else f"{of}@{_percent(cap)}", of=of, title=title if one else f"{title}, {_percent(cap)} %",
            cap=cap, note="generated", **fields,
        )  # fmt: skip


def side_of(case: Case, limb: str) -> str:
    """The side that imposes a limb, by the regimes of case.toml; empty where it does not say."""
    measure = facts_of(case).limbs[limb][0]
    return case.about.regimes.get(measure.regime, "")


def users_of(case: Case, list_: str) -> tuple[str, ...]:
    """The rules that hold sales because of a list; one that forbids complying with it is of somebody else."""
    return tuple(
        x.id
        for m in case.measures
        for x in m.limbs
        if x.effect in {"require_licence", "prohibit"} and x.parties is not None and x.parties.listed_on == list_
    )


def held_sales(case: Case, day: dt.date) -> tuple[OnDay, tuple[int, ...]]:
    """The permits of a day and the positions of the links that may not go ahead as a whole."""
    found = permits(case, day, day).on(day)
    held = [
        i for i, v in enumerate(found.verdict) if v is not None and (v.outcome in HELD or min(v.share, v.share_low) < 1)
    ]
    return found, tuple(held)


def _refused(case: Case, day: dt.date, modes: Sequence[float]) -> Iterator[Proposal]:
    facts, rows = facts_of(case), link_rows(case)
    found, held = held_sales(case, day)
    pairs: dict[tuple[str, str], dict[str, set[str]]] = {}
    for i in held:
        verdict, row = found.verdict[i], rows.row(i, named=True)
        if verdict is None or verdict.outcome != "licence_required":
            continue
        seller = legal_party(row["seller_party"], facts, day)[0]
        item = facts.variants[row["variant"]].item if row["variant"] else row["item"]
        sides = pairs.setdefault((seller, item), {})
        for limb in verdict.limbs:
            if facts.limbs[limb][1].is_licensable:
                sides.setdefault(side_of(case, limb), set()).add(limb)
    for (seller, item), sides in sorted(pairs.items()):
        for side, limbs in sorted(sides.items()):
            of = {s: f"grant:{seller}:{item}" + (f":{s}" if len(sides) > 1 else "") for s in sides}
            yield from _in_modes(
                of[side], f"Licence for {facts.parties[seller].name}: {facts.items[item].name}", modes,
                side=side, kind="grant", targets=(seller,), items=(item,), limbs=tuple(sorted(limbs)),
                requires=tuple(of[s] for s in sorted(sides) if s != side), sources=facts.limbs[min(limbs)][1].sources,
            )  # fmt: skip


def _revoked(case: Case, day: dt.date, modes: Sequence[float]) -> Iterator[Proposal]:
    facts = facts_of(case)
    for licence in sorted(facts.licence.values(), key=lambda x: x.id):
        states = {standing(licence, line, day).state for line in licence.lines or (None,)}
        if not states & {"revoked", "suspended"}:
            continue
        names = ", ".join(facts.parties[h].name for h in licence.holders)
        side = next((side_of(case, x) for x in licence.overcomes if x in facts.limbs), "")
        known = modes if licence.lines else (1.0,)  # a part of what is not known is not known either
        yield from _in_modes(
            f"restore:{licence.id}", f"Restore the licence of {names}", known,
            side=side, kind="restore", targets=(licence.id,), sources=licence.sources,
        )  # fmt: skip


def _listings(case: Case, day: dt.date) -> Iterator[Proposal]:
    facts = facts_of(case)
    for party, entries in sorted(facts.listings.items()):
        live = [e for e in entries if e.span.holds(day)]
        lists = {e.list for e in live}
        sides = {side_of(case, x) for name in lists for x in users_of(case, name)}
        if live:
            yield Proposal(
                id=f"delist:{party}", of=f"delist:{party}", title=f"Delist {facts.parties[party].name}",
                side=min(sides, default=""), kind="delist", targets=(party,), sources=live[0].sources,
                note="generated",
            )  # fmt: skip


def _limbs(case: Case, day: dt.date, *, counter: bool) -> Iterator[Proposal]:
    """Rules in force, of the side that restricted first or of the others."""
    facts = facts_of(case)
    restricting = [(m, x) for m, x in facts.limbs.values() if x.effect in RESTRICTS]
    starts = [(w.since, case.about.regimes.get(m.regime, "")) for m, x in restricting for w in x.in_force]
    first = min(starts, default=(day, ""))[1]
    for measure, limb in sorted(restricting, key=lambda pair: pair[1].id):
        side = case.about.regimes.get(measure.regime, "")
        if (side != first) is not counter or window_on(limb.in_force, day, facts.as_known) is None:
            continue
        word = "lift" if counter else "suspend"
        yield Proposal(
            id=f"{word}:{limb.id}", of=f"{word}:{limb.id}", title=f"{word.capitalize()} {limb.id}: {limb.text}",
            side=side, kind="lift" if counter else "suspend", targets=(limb.id,), sources=limb.sources,
            note="generated",
        )  # fmt: skip

"""Can the law do what a proposal asks? A proposal counts only if some sale is freer for it, and its side may act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detente.decide.facts import Facts, facts_of
from detente.decide.licensing.standing import LIVE, standing
from detente.decide.rules import RULE
from detente.decide.sale import legal_party
from detente.decide.scope import in_window
from detente.decide.truth import FALSE, TRUE
from detente.decide.verdict import Verdict
from detente.record import Case, DetenteError
from detente.record.limb import Limb
from detente.record.load import as_day
from detente.record.proposals import RESTRICTS
from detente.relief.menu import Menu
from detente.relief.proposals import Proposal, proposals, side_of, users_of
from detente.relief.values import Bools


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether a proposal may be put into a package, and why.

    ``opened`` are links of which more may go ahead with it (with what it requires already done), ``tightened`` those
    of which less may. ``verdict`` is that of the sale which ``because`` speaks of.
    """

    proposal: str
    is_admissible: bool
    because: str
    opened: tuple[str, ...] = ()
    tightened: tuple[str, ...] = ()
    verdict: Verdict | None = None


def admissible(case: Case, proposal: Proposal, as_of: dt.date | str, given: Sequence[Proposal] = ()) -> Ruling:
    """Whether the law can grant one proposal, beside what it requires.

    ``given`` are proposals among which what it requires is looked for, before those of the case. Raises
    ``DetenteError`` where a prerequisite is nowhere.

    >>> from detente.record import load
    >>> case = load("huawei")
    >>> nothing = Proposal("g", "g", "A licence for Foxconn", "us", "grant", ("foxconn",), ("assembly",))
    >>> admissible(case, nothing, "2021-01-20").because
    'No sale of Assembly and casings by Foxconn (Hon Hai and FIH) is held on 2021-01-20.'
    """
    among = [*given, *(p for p in proposals(case) if p.of not in {g.of for g in given})]
    needed: list[Proposal] = []
    todo = list(proposal.requires)
    while todo:
        name = todo.pop()
        modes = [p for p in among if name in (p.of, p.id)]
        if not modes:
            raise DetenteError(f"{proposal.id} requires {name!r}, which is no proposal of the case and not given.")
        best = max(modes, key=lambda p: p.cap)
        if best not in needed and best.of != proposal.of:
            needed.append(best)
            todo += best.requires
    return rulings(case, [*needed, proposal], as_of)[-1]


def rulings(case: Case, package: Sequence[Proposal], as_of: dt.date | str) -> tuple[Ruling, ...]:
    """The ruling on each of some proposals, each beside what it requires (in its largest mode)."""
    day = as_day(as_of, "as_of")
    menu = Menu.of(case, package, day)
    before = np.array([_required(menu, i) for i in range(menu.n_proposals)]).reshape(-1, menu.n_proposals)
    after = before | np.eye(menu.n_proposals, dtype=np.bool_)
    was, now = np.stack(menu.shares(before)), np.stack(menu.shares(after))
    owner = (menu.owners(before) != menu.owners(after)).any(axis=1)
    answer = []
    for i, p in enumerate(menu.proposals):
        links = menu.network.links
        opened = tuple(links[k] for k in np.flatnonzero((now[:, i] > was[:, i]).any(axis=0)))
        closed = tuple(links[k] for k in np.flatnonzero((now[:, i] < was[:, i]).any(axis=0)))
        no = _not_its_own(case, p) or _not_there(case, p, day)
        if no is not None:
            answer.append(Ruling(p.id, False, no, opened, closed))
        elif opened or (p.kind == "divest" and owner[i]):
            said = f"{len(opened)} sale{'s' * (len(opened) != 1)} freer, the first {opened[0]}." if opened else ""
            answer.append(Ruling(p.id, True, said or "Another owner; no sale is freer.", opened, closed))
        else:
            because, verdict = _no_effect(menu, p, before[i], after[i])
            answer.append(Ruling(p.id, False, because, opened, closed, verdict))
    return tuple(answer)


def _required(menu: Menu, proposal: int) -> Bools:
    """What a proposal requires, and what that requires, in the largest modes."""
    row = np.zeros(menu.n_proposals, dtype=np.bool_)
    todo = [proposal]
    while todo:
        at = todo.pop()
        for who, any_of in menu.requires:
            if who == at and not row[list(any_of)].any():
                best = max(any_of, key=lambda j: menu.proposals[j].cap)
                if best != proposal:
                    row[best] = True
                    todo.append(best)
    return row


def _not_its_own(case: Case, p: Proposal) -> str | None:
    """Why it is not for this side to do; None where it is, or where case.toml does not say whose regimes are."""
    facts = facts_of(case)
    label = case.about.sides.get(p.side, p.side)
    whose: dict[str, str] = {}
    if p.kind in {"suspend", "lift"}:
        whose = {x.id: side_of(case, x.id) for x in _limbs(p, facts)}
    elif p.kind == "grant":
        whose = {x: side_of(case, x) for x in p.limbs}
    elif p.kind == "restore":
        whose = {x: side_of(case, x) for t in p.targets for x in facts.licence[t].overcomes if x in facts.limbs}
    elif p.kind == "delist":
        entries = [e for party, es in facts.listings.items() for e in es if {party, e.id} & set(p.targets)]
        users = {x: side_of(case, x) for e in entries for x in users_of(case, e.list)}
        whose = {} if {"", p.side} & set(users.values()) else users
    for limb, side in sorted(whose.items()):
        if side not in ("", p.side):
            measure = facts.limbs[limb][0]
            return f"Not for {label} to do: {limb} ({measure.title}) is a rule of {case.about.sides[side]}."
    return None


def _limbs(p: Proposal, facts: Facts) -> list[Limb]:
    return [x for m, x in facts.limbs.values() if {m.id, x.id} & set(p.targets) and x.effect in RESTRICTS]


def _not_there(case: Case, p: Proposal, as_of: dt.date) -> str | None:
    """Why there is nothing to act on: not listed, not in force, not revoked, not its to sell."""
    facts, day = facts_of(case), p.start(as_of)
    if day > as_of:
        return f"It starts on {day}, after the day that is asked about ({as_of})."
    if p.through is not None and p.through < day:
        return f"It ends on {p.through}, before the day that is asked about ({as_of})."
    if p.kind == "delist":
        entries = [e for party, es in facts.listings.items() for e in es if {party, e.id} & set(p.targets)]
        if not any(e.span.holds(day) for e in entries):
            names = ", ".join(facts.parties[t].name if t in facts.parties else t for t in p.targets)
            return f"{names} is not listed on {day}."
    if p.kind in {"suspend", "lift"}:
        windows = [in_window(x, day, facts) for m, x in facts.limbs.values() if {m.id, x.id} & set(p.targets)]
        if all(w.truth is FALSE for w in windows):
            return f"{', '.join(p.targets)} is not {windows[0].text}."
    if p.kind == "restore":
        states = {
            standing(facts.licence[t], x, day).state for t in p.targets for x in facts.licence[t].lines or (None,)
        }
        if states <= LIVE:
            return f"{', '.join(p.targets)} is in force on {day}: there is nothing to restore."
    if p.kind == "divest":
        return _not_sold(case, p, facts, day)
    return None


def _not_sold(case: Case, p: Proposal, facts: Facts, day: dt.date) -> str | None:
    party = dict(case["units"].select("id", "party").iter_rows())
    for target in p.targets:
        owner, sure = legal_party(party.get(target, target), facts, day)
        row = facts.parties[owner]
        if sure.truth is TRUE and owner == p.owner:
            return f"{target} belongs to {row.name} already."
        if sure.truth is TRUE and row.side != p.side:
            label = case.about.sides.get(p.side, p.side)
            return f"Not for {label} to do: {target} belongs to {row.name}, of {case.about.sides[row.side]}."
    return None


def _no_effect(menu: Menu, p: Proposal, before: Bools, after: Bools) -> tuple[str, Verdict | None]:
    """Why no sale is freer: none is held, or another rule still holds it, in the words of the verdict."""
    facts, network = facts_of(menu.case), menu.network
    at = menu.proposals.index(p)
    places = [x for x in menu.places if at in x.proposals]
    links = sorted({int(k) for x in places for k in x.links}, key=lambda k: -network.value[k])
    held = [k for k in links if menu.shares(after[None])[1][0, k] < 1]
    if not held:
        return _nothing_held(p, facts, menu.day), None
    link = network.links[held[0]]
    now = menu.verdict(link, after)
    holding = [r for r in now.reason.children if r.role == RULE and r.truth is not FALSE]
    parts = []
    for r in holding:
        limb = r.text.removesuffix(" holds the sale")
        measure, rule = facts.limbs[limb]
        how = "prohibits it, and no licence overcomes that" if not rule.is_licensable else "still holds it"
        side = menu.case.about.regimes.get(measure.regime, "")
        whose = f" (of {menu.case.about.sides[side]})" if side not in ("", p.side) else ""
        parts.append(f"{limb}{whose} {how}: {rule.text} [{', '.join(rule.sources)}]")
    if p.kind == "grant" and not set(p.limbs) & set(menu.verdict(link, before).limbs):
        parts.insert(0, f"no rule that it is granted against holds {link}")
    if now.outcome in {"needs_facts", "conflict"} and now.needs:
        parts.append(f"not known: {now.needs[0]}")
    said = "; ".join(parts) or now.headline
    return f"No sale is freer. {link}: {said.rstrip('.')}.", now


def _nothing_held(p: Proposal, facts: Facts, day: dt.date) -> str:
    if p.kind == "grant":
        sellers = ", ".join(facts.parties[t].name for t in p.targets)
        goods = ", ".join(facts.items[i].name for i in p.items) or "anything"
        return f"No sale of {goods} by {sellers} is held on {day}."
    return f"No sale of the case hangs on it on {day}."

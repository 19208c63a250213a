"""Why a party is owned: a tree of its owners and their stakes, down to the rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from detente.decide.ownership.shares import WHOLE, Share, Stake, View, stakes_of
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Fact, Reason, Truth, all_of
from detente.record.limb import OwnershipRule

LONGEST = 200  # steps of an owner's own proof that are repeated below its stake; beyond that, see the owner's
_RIGHT = {"shares": (" of", ""), "votes": (" of the votes in", " of the votes")}
_UNRECORDED = {
    "licence_or_resolve": "; the rule asks to find it out or to have a licence",
    "red_flag": "; to the rule that is a red flag",
    "silent": "; the rule does not say what then",
}


def proofs(view: View, rows: list[Share]) -> dict[str, Reason]:
    """Whether each party with a stake that counts is at the line, proved from parties that came to it before."""
    low, high = view.low.over, view.high.over
    owners = view.high.passed.keys() | (high.keys() if view.rule.chain != "none" else ())
    into: dict[str, list[Share]] = {stake.owned: [] for owner in owners for stake in view.book.of(owner)}
    for row in rows:
        if row.owned in into:
            into[row.owned].append(row)
    lines: dict[str, Reason] = {}
    sizes: dict[str, int] = {}
    early = {p for p, listed in view.seeds.items() if listed is TRUE}  # they count before they come to the line
    ranks = {p: (0, low[p] - (p in early)) if p in low else (1, high.get(p, math.inf) - (p in early)) for p in into}
    for party in sorted(into, key=lambda p: (ranks[p], p)):
        told: list[str] = []
        steps: list[Reason] = []
        size = 1
        stakes = sorted(stakes_of(into[party]), key=lambda stake: (-stake.high, stake.key))
        for stake in stakes:
            owner = stake.owner
            is_pooled = stake.key in view.book.joint and view.book.joint[stake.key][0] in view.high.pools
            if owner != party and stake.high and (owner in view.high.passed or is_pooled):
                short, step = _stake(view, stake, lines.get(owner) if sizes.get(owner, 0) <= LONGEST else None)
                told.append(short)
                steps.append(step)
                size += 2 + sizes[owner] if step.children else 1
        steps += _flags(view, party, stakes)
        lines[party] = Reason(_said(view, party, told), view.at_line(party), (), view.rule.sources, tuple(steps))
        sizes[party] = size
    return lines


def _stake(view: View, stake: Stake, proof: Reason | None) -> tuple[str, Reason]:
    """A stake that counts, in short and as a step; below it why its owner counts, where that is proved already."""
    owner, rows = stake.owner, stake.rows
    is_known = any(row.is_known for row in rows)
    amount = _range(stake.low, stake.high) if is_known else "an unrecorded share"
    in_party, of_right = _RIGHT.get(stake.kind, (" of other rights in", " of other rights"))
    what = f"holds {amount}{in_party} {stake.owned}"
    if stake.key in view.book.joint:
        what += f" under the arrangement {' and '.join(sorted({row.joint for row in rows if row.joint}))}"
    asks = "" if is_known else _UNRECORDED[view.rule.unknown_share]
    is_open = stake.low < stake.high and stake.low < view.low.need <= view.high.counted.get(stake.owned, 0)
    known = UNKNOWN if is_open else TRUE  # open: where in its range it lies can matter
    counts, standing = _standing(view, owner)
    text, short = f"{owner} ({standing}) {what}", f"{owner} {amount}{of_right} ({standing})"
    if proof is None or "itself" not in standing:
        return short, Reason(text + asks, min(known, counts), *_cited(rows))
    return short, all_of(text, (Reason(f"{owner} {what}{asks}", known, *_cited(rows)), proof))


def _standing(view: View, owner: str) -> tuple[Truth, str]:
    """How sure it is that the stakes of an owner count, and as whose."""
    listed, counts, at_line = view.seeds.get(owner, FALSE), view.counts(owner), view.at_line(owner)
    how = "itself owned or controlled" if view.rule.control_test else "itself owned"
    if view.rule.chain == "product" and listed is not TRUE and owner in view.high.passed:
        low, high = view.low.passed.get(owner, 0), view.high.passed[owner]
        return TRUE if low == high else UNKNOWN, f"{_range(low, high)} of it counts"
    if counts is FALSE:
        return TRUE, "not listed"
    if listed is TRUE and view.rule.chain == "step" and (at_line is TRUE or (at_line and not view.rule.aggregate)):
        return at_line, f"listed, {how}" if at_line is TRUE else f"listed, perhaps {how}"  # held for its owner as well
    if listed is counts:
        return counts, "listed" if listed is TRUE else "perhaps listed"
    return counts, how if counts is TRUE else f"perhaps {how}"


def _flags(view: View, party: str, stakes: list[Stake]) -> Iterator[Reason]:
    """Control by an owner that counts, which is a step where the rule tests it and else a red flag; and own shares."""
    for owner in sorted({stake.owner for stake in stakes if stake.control and stake.owner != party}):
        mine = [stake for stake in stakes if stake.owner == owner]
        said, counts = max(stake.control for stake in mine), view.counts(owner)
        if counts is not FALSE:
            text = f"{owner} ({_standing(view, owner)[1]}) {'controls' if said is TRUE else 'may control'} {party}"
            cited = _cited(row for stake in mine for row in stake.rows if row.control is not None)
            if view.rule.control_test:
                yield Reason(text, min(said, counts), *cited)
            else:
                yield Reason(f"red flag: {text}; the rule does not count control", TRUE, *cited)
    own = [stake for stake in stakes if stake.owner == party and stake.high]
    if own:
        low, high = max(stake.low for stake in own), max(stake.high for stake in own)
        text = f"red flag: {party} holds {_range(low, high)} of itself"
        if high < WHOLE:
            rest = [run.counted.get(party, 0) * WHOLE // (WHOLE - high) for run in (view.low, view.high)]
            text += f"; of the rest, {_range(*(min(count, WHOLE) for count in rest))} counts"
        yield Reason(text, TRUE, *_cited(row for stake in own for row in stake.rows))


def _said(view: View, party: str, told: list[str]) -> str:
    """The answer in a line: "A is owned 50 % or more (50 %): X 50 % (listed)"."""
    low, high, need = view.low.counted.get(party, 0), view.high.counted.get(party, 0), view.low.need
    pct = f"{view.rule.pct:.10g} %"
    line = f"owned {pct} or more" if view.rule.op == ">=" else f"owned more than {pct}"
    said = {
        TRUE: f"is {line}" if low >= need else f"is controlled, if perhaps not {line}",
        UNKNOWN: f"may be {line}" if high >= need else f"may be controlled, though not {line}",
        FALSE: f"is not {line}",
    }[view.at_line(party)]
    names = ", ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")
    return f"{party} {said} ({_range(low, high)})" + (f": {names}" if names else "")


def if_foreign(line: Reason, party: str, rule: OwnershipRule, foreign: Truth) -> Reason:
    """The answer for a party, unless it is of the country whose parties the rule leaves out."""
    what = {TRUE: "is not of", FALSE: "is of", UNKNOWN: "is perhaps of"}[foreign]
    step = Reason(f"{party} {what} {rule.foreign_only}, whose parties the rule leaves out", foreign, (), rule.sources)
    return all_of(f"{party} counts as its owners do, by {rule.id}", (line, step))


def _cited(rows: Iterable[Share]) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    rows = sorted(rows, key=lambda row: (row.fact.file, row.fact.row, row.fact.table, row.fact.id))
    return tuple(dict.fromkeys(r.fact for r in rows)), tuple(sorted({name for r in rows for name in r.sources}))


def _range(low: int, high: int) -> str:
    """Millionths as per cent; exact, for there are four decimals at most."""
    return f"{low / 10_000:g} %" if low == high else f"{low / 10_000:g}–{high / 10_000:g} %"

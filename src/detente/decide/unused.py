"""Words that match nothing: no fault, but often a slip of the pen."""

from __future__ import annotations

from collections.abc import Iterator

from detente.record import Case

USUAL = "production"  # the end use of most sales; no rule need name it


def unused(case: Case) -> Iterator[str]:
    """What a rule asks for and no sale has, what a sale says and no rule asks for, and lists that no rule names."""
    limbs = [limb for m in case.measures for limb in m.limbs]
    said = {w for table in ("links", "orders") for w in case[table]["end_use"].explode().drop_nulls()}
    found = set(case["findings"]["fact"])
    asked = {word for limb in limbs for word in limb.end_use}
    for limb in limbs:
        for word in limb.end_use:
            if word not in said | found:
                yield f"{limb.id} asks for the end use {word}; no sale and no finding has it"
    for word in sorted(said - asked - {USUAL}):
        yield f"the end use {word} of some sale is asked for by no rule"
    named = {limb.parties.listed_on for limb in limbs if limb.parties}
    named |= {s.designed_by.partition(":")[0] for limb in limbs for s in limb.scope if s.designed_by}
    for name in sorted(set(case["listings"]["list"]) - {n for n in named if n}):
        yield f"the list {name} is named by no rule"
    granted = set(case["licence_events"]["licence"])
    for licence in case["licences"]["id"]:
        if licence not in granted:
            yield f"licence {licence} has no event: it covers nothing"

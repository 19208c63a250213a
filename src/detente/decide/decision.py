"""The decision record of a verdict: everything that is needed to see, later, what was decided on what and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from detente.decide.facts import facts_of
from detente.decide.rules import OVERCOME, RULE
from detente.decide.sale import Sale
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason
from detente.decide.verdict import Verdict
from detente.record import Case

NOT_ADVICE = "For analysis; not legal advice."
MOST = 3  # conditions named of one way out


def decision(case: Case, v: Verdict, sale: Sale) -> dict[str, Any]:
    """A verdict as plain values for JSON: what was asked, the answer, the day, what was known, the record's digest, the
    reasons as a tree with file and row of every fact, the licence lines drawn on, and the sources cited, in full.
    """
    return {
        "sale": v.sale, "asked": asked_about(case, sale),
        "as_of": v.as_of, "as_known": v.as_known, "overlays": list(case.overlays), "record": v.record,
        "outcome": v.outcome, "otherwise": v.otherwise, "state": v.state, "allowed": v.share,
        "allowed_low": v.share_low, "allowed_high": v.share_high, "headline": v.headline, "review": v.review,
        "limbs": list(v.limbs), "authorisations": list(v.authorisations), "licences": list(v.licences),
        "draws": [{"licence": licence, "line": line} for licence, line in v.draws], "needs": list(v.needs),
        "released_if": list(ways_out(v)), "duties": list(v.duties), "notes": list(v.notes),
        "reasons": _node(v.reason), "citations": citations(case, v), "note": NOT_ADVICE,
    }  # fmt: skip


def asked_about(case: Case, sale: Sale) -> dict[str, Any]:
    """What was asked, in plain values: who takes part in which role, the good, where it goes, what for, its days."""
    names = facts_of(case).parties
    return {
        "seller": names[sale.seller].name, "purchaser": names[sale.buyer].name,
        "intermediate_consignees": [names[p].name for p in sale.intermediates],
        "ultimate_consignee": names[sale.ultimate].name, "end_user": names[sale.end_user].name,
        "item": sale.item.name, "variant": sale.variant.id if sale.variant else None,
        "destination": sale.destination, "via": list(sale.via), "end_use": list(sale.end_use), "act": sale.act,
        "value_usd_m": sale.value_usd_m, "quantity": sale.quantity, "events": dict(sale.events),
    }  # fmt: skip


def citations(case: Case, v: Verdict) -> list[dict[str, Any]]:
    """The sources that the reasons rest on, each with its place in the law or the page, by id."""
    used = {s for r in v.reason.walk() for s in r.sources}
    keys = ("id", "title", "locator", "publisher", "published", "rank", "url")
    return [{k: r[k] for k in keys} for r in case["sources"].sort("id").iter_rows(named=True) if r["id"] in used]


def ways_out(v: Verdict) -> tuple[str, ...]:
    """What would have to be true for a held sale to be released: for each rule that holds it, each way that is open.

    A way is a fact under which the rule would not apply, an authorisation or licence with the conditions that it still
    lacks, or a licence that is not there yet. Every rule named must be overcome.
    """
    if v.state in {"open", "capped"}:
        return ()
    return tuple(dict.fromkeys(w for b in v.reason.children if b.role == RULE and b.truth is not FALSE for w in _of(b)))


def _of(branch: Reason) -> Iterator[str]:
    rule = branch.text.removesuffix(" holds the sale")
    found = list(_ways(branch))
    yield from (f"{rule}: {way}" for way in found)
    if not found:
        yield f"{rule}: nothing recorded overcomes it; it must end, or no longer mean these parties"


def _ways(branch: Reason) -> Iterator[str]:
    """The ways in which one rule could be out of the way."""
    bites = branch.children[0]
    open_ = list(dict.fromkeys(bites.unknowns())) if bites.truth is UNKNOWN else []
    if open_:
        yield f"it does not apply if one of these is found to be otherwise: {_some(open_)}"
    for way in (c for c in branch.children if c.role == OVERCOME):
        near = [step for step in way.children if not _is_over(step) and _misses(step) <= 1]
        for step in near:
            lacks = list(dict.fromkeys(_lacking(step)))
            name = step.text.partition(" covers the sale")[0].partition(":")[0]
            yield f"{name}, which lacks: {_some(lacks)}" if lacks and lacks != [step.text] else step.text
        if "licence" in way.text and not near:
            yield "a new licence" + ("" if way.children else f" ({way.text.removeprefix('not overcome: ')})")


def _misses(step: Reason) -> int:
    """How many conditions of a way fail for certain: with more than one it is about other sales than this."""
    return sum(c.truth is FALSE for c in step.children)


def _is_over(step: Reason) -> bool:
    """Whether a way is shut by its dates alone: no fact about the sale could open it."""
    return any(c.truth is FALSE and c.text.startswith(("in force on", "valid ")) for c in step.walk())


def _lacking(step: Reason) -> Iterator[str]:
    """The conditions of a way that do not hold, or are not known to."""
    if step.truth is TRUE:
        return
    if not step.children:
        yield step.text
    for child in step.children:
        yield from _lacking(child)


def _some(parts: list[str]) -> str:
    more = f"; and {len(parts) - MOST} more" if len(parts) > MOST else ""
    return "; ".join(parts[:MOST]) + more


def _node(r: Reason) -> dict[str, Any]:
    node: dict[str, Any] = {"text": r.text, "truth": r.truth.name.lower()}
    if r.facts:
        node["facts"] = [{"table": f.table, "id": f.id, "file": f.file, "row": f.row} for f in r.facts]
    if r.sources:
        node["sources"] = list(dict.fromkeys(r.sources))
    if r.children:
        node["because"] = [_node(c) for c in r.children]
    return node

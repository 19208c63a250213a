"""Measures and their limbs as the page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from detente.record import Case
from detente.record.limb import Limb, Window
from detente.record.measures import Measure
from detente.report.tables import Link, Sources
from detente.report.words import plain

_EFFECTS = {
    "require_licence": "requires a licence", "prohibit": "prohibits", "authorise": "authorises",
    "forbid_compliance": "forbids complying", "define": "defines", "inform": "informs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Citation:
    """A source of a rule, where in it, and its place on the page."""

    title: str
    locator: str
    link: Link


@dataclass(frozen=True, slots=True)
class LimbText:
    """A limb: what it does, since when, its text, what else the record says of it, and what it could not express."""

    id: str
    effect: str
    days: tuple[str, ...]
    text: str
    details: tuple[tuple[str, str], ...]
    citations: tuple[Citation, ...]
    not_expressed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeasureText:
    """A measure and its limbs."""

    id: str
    title: str
    about: str
    days: tuple[str, ...]
    citations: tuple[Citation, ...]
    limbs: tuple[LimbText, ...]


def measure_texts(case: Case, places: Sources) -> tuple[MeasureText, ...]:
    """Every measure of the case, in the order of its files."""
    titles = {i: (t, where or "") for i, t, where in case["sources"].select("id", "title", "locator").iter_rows()}

    def cited(ids: tuple[str, ...]) -> tuple[Citation, ...]:
        return tuple(Citation(*titles[i], link) for i, link in zip(ids, places.links(ids), strict=True))

    return tuple(
        MeasureText(
            id=m.id,
            title=m.title,
            about=f"{m.instrument}, {m.authority} ({m.regime})",
            days=_milestones(m),
            citations=cited(m.sources),
            limbs=tuple(_limb(limb, case, cited(limb.sources)) for limb in m.limbs),
        )
        for m in case.measures
    )


def _milestones(measure: Measure) -> tuple[str, ...]:
    found = measure.milestones.model_dump()
    return tuple(f"{plain(name)} {day}" for name, day in found.items() if day is not None)


def _limb(limb: Limb, case: Case, citations: tuple[Citation, ...]) -> LimbText:
    details = [
        ("Not enforced", "; ".join(_days(w, case) for w in limb.not_enforced)),
        ("Licence policy", "; ".join(plain(r.policy) + (f" ({r.text})" if r.text else "") for r in limb.reviews)),
        ("Lifts", ", ".join(limb.defeats)),
        ("Savings", "; ".join(s.text for s in limb.savings)),
        ("Duties", "; ".join(f"{plain(d.kind)}: {d.text}" for d in limb.duties)),
    ]
    return LimbText(
        id=limb.id,
        effect=_EFFECTS[limb.effect],
        days=tuple(_days(w, case) for w in limb.in_force),
        text=limb.text,
        details=tuple((name, text) for name, text in details if text),
        citations=citations,
        not_expressed=limb.not_expressed,
    )


def _days(window: Window, case: Case) -> str:
    """A window in words, as far as was known."""
    end = window.end(case.as_known)
    text = f"since {window.since}" if end is None else f"{window.since} to {end}"
    return text + ("" if window.certainty == "enacted" else f" ({window.certainty})")

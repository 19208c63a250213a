"""One question: a sale, who takes part in it, the record and the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from detente.decide.facts import Facts
from detente.decide.sale import Sale, Taking
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Reason

_YES = {True: TRUE, False: FALSE}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What every condition of a rule is tested on.

    ``bites`` gives the reason of another limb on the same sale: what takes a good out of a scope is a limb itself.
    ``scopes`` keeps what was found of a scope that many limbs name.
    """

    sale: Sale
    taking: tuple[Taking, ...]
    facts: Facts
    day: dt.date
    bites: Callable[[str], Reason]
    scopes: dict[str, Reason] = field(default_factory=dict)

    def found(self, text: str, fact: str) -> Reason:
        """A declared fact about the sale, its seller, its good or its parties: yes, no, or not known."""
        findings = self.facts.findings_on(self.sale.abouts, fact, self.day)
        said = {f.value for f in findings}
        at = tuple(f.fact for f in findings)
        sources = tuple(s for f in findings for s in f.sources)
        if len(said) > 1:
            return Reason(f"{text}: findings contradict each other ({', '.join(sorted(said))})", UNKNOWN, at, sources)
        if said & {"yes", "no"}:
            return Reason(f"{text}: found {'yes' if 'yes' in said else 'no'}", _YES["yes" in said], at, sources)
        return Reason(f"{text} (a finding {fact!r} about {self.sale.id})", UNKNOWN, (self.sale.fact,))

    def on_file(self, kind: str, limb: str, text: str) -> Reason:
        """Whether a paper that a limb asks for is on file; nothing said is not known."""
        mine = self.facts.documents_on(self.sale.abouts, kind, limb, self.day)
        at = tuple(d.fact for d in mine)
        sources = tuple(s for d in mine for s in d.sources)
        said = {d.is_there for d in mine}
        if len(said) == 1:
            there = said.pop()
            return Reason(f"{text}: {'on file' if there else 'known not to be on file'}", _YES[there], at, sources)
        return Reason(f"{text} (a {kind.replace('_', ' ')} about {self.sale.id})", UNKNOWN, (self.sale.fact,))

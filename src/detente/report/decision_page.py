"""A verdict as one page to keep on file: the answer, what would release the sale, the reasons, the sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2

from detente.decide import Verdict
from detente.decide.decision import NOT_ADVICE, asked_about, citations, ways_out
from detente.decide.sale import Sale
from detente.decide.truth import FALSE, TRUE, Reason
from detente.record import Case
from detente.report.page import finalize
from detente.report.whole import whole_file

_SIGN = {True: "yes", False: "no", None: "not known"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the reasons as the page shows it."""

    depth: int
    text: str
    answer: str
    rows: tuple[str, ...]
    sources: tuple[str, ...]
    is_open: bool
    steps: tuple[Step, ...]


def decision_page(case: Case, verdicts: tuple[Verdict, ...], sales: tuple[Sale, ...]) -> str:
    """The page as HTML text: it loads nothing from anywhere, runs no script, and prints.

    The same verdicts make the same page to the byte.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("detente.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = [
        {
            "v": v,
            "asked": asked_about(case, s),
            "ways": ways_out(v),
            "steps": [step(c, 0) for c in _in_order(v.reason)],
            "cited": citations(case, v),
        }
        for v, s in zip(verdicts, sales, strict=True)
    ]
    return environment.get_template("decision.html.j2").render(case=case, shown=shown, note=NOT_ADVICE)


def write_decisions(case: Case, verdicts: tuple[Verdict, ...], sales: tuple[Sale, ...], path: Path) -> None:
    """Write the page to a file, which appears whole or not at all."""
    with whole_file(path) as part:
        part.write_text(decision_page(case, verdicts, sales), encoding="utf-8", newline="\n")


def _in_order(reason: Reason) -> Iterator[Reason]:
    """The rules that hold the sale or may, first; those of no concern last."""
    yield from sorted(reason.children, key=lambda r: -r.truth)


def step(reason: Reason, depth: int) -> Step:
    """A step and those below it; what holds, or is not known, stands open."""
    known = None if reason.truth not in {TRUE, FALSE} else reason.truth is TRUE
    return Step(
        depth,
        reason.text,
        _SIGN[known],
        tuple(f"{f.file} row {f.row}" for f in reason.facts),
        tuple(dict.fromkeys(reason.sources)),
        reason.truth is not FALSE and depth < 3,
        tuple(step(c, depth + 1) for c in reason.children),
    )

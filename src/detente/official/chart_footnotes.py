"""Footnotes of the Country Chart: requirements that its marks do not show.

Two of them name codes and destinations whole, and become rows of the code table: "A license is required to these
destinations for items in the following ECCNs: ..." and "a license is still required for items controlled under ECCNs
... when destined to ...". One that speaks of additional licence requirements makes the marks of its row incomplete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from detente.official.iso import iso
from detente.official.paragraphs import Part, paragraphs

_TO_THESE = re.compile(r"^A license is required to these destinations for items in the following ECCNs: (?P<codes>.+)$")
_STILL = re.compile(
    r"license is still required for items controlled under ECCNs (?P<codes>.+?) for [A-Z]{2} column \d reasons "
    r"when destined to (?P<name>[A-Z][A-Za-z ]+)\.$"
)
_NEXT_ENTRY = re.compile(r"(?:,? and|,) (?=\d[A-E]\d{3})")


def asks_for_more(text: str) -> bool:
    """Whether a footnote says that its destinations have licence requirements beyond the marks of the row.

    >>> asks_for_more("See § 746.5 of the EAR for additional license requirements under ...")
    True
    """
    return "additional license requirements" in text.lower()


def requirements(footnote: str, text: str, countries: Sequence[str], regime: str) -> Iterator[dict[str, str]]:
    """Rows of ``codes`` for the codes that a footnote names for its destinations.

    A code that it names with a condition in words makes a row in ``prose``.
    """
    if m := _TO_THESE.match(text):
        to = ";".join(countries)
    elif (m := _STILL.search(text)) and (code := iso(m["name"])) in countries and code:
        to = code
    else:
        return
    for one in _entries(m["codes"].rstrip(".")):
        for part in paragraphs(one, one[:5]):
            yield from _rows(part, to, f"footnote {footnote} of the chart: {text}", footnote, regime)


def _entries(text: str) -> list[str]:
    """What is said of each entry: the text in pieces that begin with a code, brackets left whole."""
    pieces, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0 and (m := _NEXT_ENTRY.match(text, i)):
            pieces.append(text[start:i])
            start = m.end()
    return [*pieces, text[start:]]


def _rows(part: Part, to: str, words: str, footnote: str, regime: str) -> Iterable[dict[str, str]]:
    for code in part.codes:
        yield {
            "id": f"{code}:footnote-{footnote}",
            "code": f"{regime}:{code}",
            "codes_except": ";".join(f"{regime}:{c}" for c in part.but),
            **({"prose": f"{words} (for {to})"} if part.in_words else {"to": to, "note": words}),
        }

"""Destinations that a licence requirement names itself, instead of a column of the Country Chart."""

from __future__ import annotations

import re

from detente.official.iso import iso

_SECTION = r"(?:,? ?\(?[Ss]ee §+ ?[^()]*(?:\([a-zA-Z0-9]+\)[^()]*)*\)?)?\.?"
_WORLD = re.compile(rf"^(?:To or within any destination worldwide|Worldwide control)\.?{_SECTION}$")
_ALL = re.compile(
    r"^A license is required for all destinations, as specified in § 742\.13 of the EAR\. Accordingly, a column "
    r"specific to this control does not appear on the Commerce Country Chart \(Supplement No\. 1 to Part 738 of the "
    r"EAR\)\.(?: Note to SL paragraph: This licensing requirement does not supersede, .*)?$"
)
_MACAU = re.compile(
    r"^To or within Macau or a destination specified in Country Group D:5 of supplement no\. 1 to part 740 of the EAR\."
    rf"{_SECTION}$"
)
_NAMED = re.compile(r"^(?P<names>[A-Z][a-z]+(?:, [A-Z][a-z]+)*,? or [A-Z][a-z]+) \(see § [^ ]+\)\.?$")
_REQUIRED = re.compile(
    r"^A license is required for (?:items controlled by (?:this entry|paragraph \.(?P<paragraph>[a-z]) of this entry)"
    r"(?:, other than (?P<but>[0-9A-Z.a-z]+),)?|export or reexport of these items) (?:for export or reexport )?to "
    r"(?P<names>[A-Z][A-Za-z ]+?)(?:,? (?:or|and) transfer within (?P<within>[A-Z][A-Za-z ]+?))? for "
    r"(?:regional stability|anti-terrorism) reasons\.?"
    r"(?: The Commerce Country Chart is not designed to determine (?:RS|AT) licens(?:e|ing) requirements for this "
    r"entry\. See §+ [^A-Z]*of the EAR for additional information\.)?$"
)


def destinations(text: str, eccn: str) -> tuple[str, ...] | None:
    """The places of a text that names them without a condition: ISO codes, groups, or ``*`` for all; else None.

    A text that leaves places out ("all destinations, except Canada"; "excluding any destination also specified in
    Country Groups A:5 or A:6") is not read: which places those are is another day's question.

    >>> destinations("To or within Macau or a destination specified in Country Group D:5 of supplement no. 1 to "
    ...              "part 740 of the EAR. See § 742.4(a)(4) of the EAR.", "3B001")
    ('MO', 'D:5')
    >>> destinations("China, Russia, or Venezuela (see § 742.6(a)(7)).", "9A610")
    ('CN', 'RU', 'VE')
    """
    if _WORLD.match(text) or _ALL.match(text):
        return ("*",)
    if _MACAU.match(text):
        return ("MO", "D:5")
    if m := _NAMED.match(text):
        return _codes(re.split(r",? or |, ", m["names"]))
    if m := _REQUIRED.match(text):
        if m["within"] not in {None, m["names"]} or (m["but"] or eccn)[:5] != eccn:
            return None
        return _codes(re.split(r" or ", m["names"]))
    return None


def _codes(names: list[str]) -> tuple[str, ...] | None:
    """The codes of all the names, or None where one is not known."""
    found = [iso(name) for name in names]
    known = tuple(code for code in found if code is not None)
    return known if len(known) == len(found) else None

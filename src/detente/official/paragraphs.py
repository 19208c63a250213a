"""Which paragraphs of an entry a control applies to, from the sentence that says so.

An entry of the Commerce Control List says ``NS applies to 3B001.a.1 to a.3, b, e, f.2 to f.4, g to j`` or ``RS applies
to entire entry, except 0A606.b and .y``. A small grammar reads such sentences whole or not at all:

- a list of paragraphs, each in full (``3A001.b.2``) or from the entry on (``.b.3``, ``b.3``); a bare number continues
  the one before (``1C351.d.15 and .16``); ``a.1 to a.3`` and ``g to j`` are spans;
- the entire entry or a list, without a list of exceptions;
- parts that also say something in words (``3A002.h when the parameters ...``): these paragraphs, in words;
- everything else (software for goods of another entry, a condition on the goods): the entire entry, in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LEVEL = r"(?:[a-z]|\d{1,2})"
_FULL = r"\d[A-E]\d{3}"
_CODE = re.compile(rf"(?:{_FULL}(?:\.{_LEVEL})*|\.?{_LEVEL}(?:\.{_LEVEL})*)(?![A-Za-z0-9])")
_ANY_FULL = re.compile(rf"{_FULL}(?:\.{_LEVEL})*")
_ENTIRE = re.compile(r"^(?:the )?entire entry\b")
_EXCEPT = re.compile(r"^,? ?except:?(?: for)? ")
_NEXT = re.compile(r"^(?:, (?:and|or) |,? and/or |, | and | or )")
_SPAN = re.compile(r"^ (?:to|through) ")
_GENERIC = re.compile(
    r"^(?:(?:all |those )?(?:items|commodities|equipment|software|technology|“software”|“technology”)"
    r"(?: controlled)? (?:by|in|under|described in|specified in) |(?:paragraphs?|ECCNs?) )"
)
_NOUN = re.compile(r"^(?P<noun>[^.;,]*?(?:\bin|\bby|\bunder)) (?=\d[A-E]\d{3})")
_TAIL = re.compile(r"^(?: of this entry| controlled by this entry| only)?[.,]?$")
_WORDS = re.compile(
    r"^,? (?:when|if|that|in the form of|only if|only when|with|having|which|for|who|unless|being|except)\b"
)
_BREAK = re.compile(r"; and to |; and |;|, as well as |, and to | and to ", re.IGNORECASE)
_ARTICLE = re.compile(r"^ (?!(?:and|or|to|through|only)\b)[a-z“]")  # what follows "a" where it is no paragraph
_CAVEAT = re.compile(r"\([Bb]ut see ")


@dataclass(frozen=True, slots=True)
class Part:
    """Paragraphs that a control applies to, without those in ``but``; ``in_words`` if the text says more of them."""

    codes: tuple[str, ...]
    but: tuple[str, ...] = ()
    in_words: bool = False


def paragraphs(text: str, entry: str) -> tuple[Part, ...]:
    """What a sentence after "NS applies to" covers in ``entry``.

    >>> paragraphs("entire entry, except 0A606.b and .y", "0A606")
    (Part(codes=('0A606',), but=('0A606.b', '0A606.y'), in_words=False),)
    >>> paragraphs("1C351.d.15 and .16", "1C351")
    (Part(codes=('1C351.d.15', '1C351.d.16'), but=(), in_words=False),)
    >>> paragraphs("3A002.h when the parameters in 3A101.a.2.b are met or exceeded", "3A002")
    (Part(codes=('3A002.h',), but=(), in_words=True),)
    >>> paragraphs("“software” for equipment controlled by 3B001.q", "3D001")
    (Part(codes=('3D001',), but=(), in_words=True),)
    """
    tidy = _tidy(text, entry)
    plain = _plain(tidy, entry)
    if plain is not None:
        return plain
    found: list[Part] = []
    for piece in _BREAK.split(tidy):
        part = _plain(piece.strip(), entry) or _worded(piece.strip(), entry)
        if part is None:
            return (Part((entry,), (), True),)
        found += part
    if _CAVEAT.search(tidy):  # it may be about any of the parts
        return tuple(Part(p.codes, p.but, True) for p in found)
    return tuple(found)


def _tidy(text: str, entry: str) -> str:
    """Blanks inside a paragraph's name (``8A620. b``, ``9A004 .g``, ``3A001.z. 1.b``) are slips of the printer."""
    tidy = re.sub(rf"\b({entry}) \.(?={_LEVEL}\b)", r"\1.", " ".join(text.split()))
    return re.sub(rf"\b({entry}(?:\.{_LEVEL})*)\. (?={_LEVEL}(?:[.,;)]|$| and\b))", r"\1.", tidy)


def _plain(text: str, entry: str) -> tuple[Part, ...] | None:
    """A sentence that is nothing but paragraphs and exceptions; None where it is more."""
    parts: tuple[Part, ...]
    if m := _ENTIRE.match(text):
        parts, rest = (Part((entry,)),), text[m.end() :]
    else:
        generic = _GENERIC.match(text)
        read = _listed(text[generic.end() if generic else 0 :], entry)
        if read is None:
            return None
        parts, rest = read
    if m := _EXCEPT.match(rest):
        but = _listed(rest[m.end() :], entry)
        if but is None or any(p.but for p in but[0]) or len(parts) > 1:
            return None
        parts, rest = (Part(parts[0].codes, tuple(c for p in but[0] for c in p.codes)),), but[1]
    return parts if _TAIL.match(rest) else None


def _worded(text: str, entry: str) -> tuple[Part, ...] | None:
    """Paragraphs of the entry with something said of them in words; None where the words may reach beyond them."""
    codes: list[str] = []
    rest = text.strip()
    while True:
        noun = _NOUN.match(rest)
        if noun and (" and " in noun["noun"] or " or " in noun["noun"]):
            return None
        read = _listed(rest[noun.end() if noun else 0 :], entry)
        if read is None or any(p.but for p in read[0]):
            return None
        codes += [c for p in read[0] for c in p.codes]
        rest = read[1]
        more = re.match(r"^,? and (?=\D)", rest)
        if not (more and _NOUN.match(rest[more.end() :])):
            break
        rest = rest[more.end() :]
    said = _WORDS.match(rest)
    if not (said or _TAIL.match(rest)) or re.search(r"\. [A-Z]|\balso\b", rest):
        return None
    named = [c for c in _ANY_FULL.findall(rest) if c.startswith(entry)]
    if any(not any(_within(c, code) for code in codes) for c in named):
        return None
    return (Part(tuple(dict.fromkeys(codes)), (), True),)


def _within(code: str, other: str) -> bool:
    return code == other or code.startswith(other + ".")


def _listed(text: str, entry: str) -> tuple[tuple[Part, ...], str] | None:
    """The list of paragraphs that a text begins with, and what follows it; None where it begins with none.

    Paragraphs with an exception of their own, ``5A001.b (except .b.5)``, make a part of their own.
    """
    whole: list[str] = []
    apart: list[Part] = []
    rest, last = text, ""
    while True:
        one = _one(rest, entry, last)
        if one is None:
            if last:  # what looked like a separator led to words: it belongs to them
                break
            return None
        last, end = one
        codes: tuple[str, ...] = (last,)
        after = rest[end:]
        if m := _SPAN.match(after):
            to = _one(after[m.end() :], entry, last)
            span = _span(last, to[0]) if to else None
            if to is None or span is None:
                return None
            codes, after, last = span, after[m.end() + to[1] :], to[0]
        rest = after
        if m := re.match(r"^ \(except(?: for)? ([^()]*)\)", after):
            but = _listed(m[1], entry)
            if but is None or but[1]:
                return None
            apart.append(Part(codes, tuple(c for p in but[0] for c in p.codes)))
            rest = after[m.end() :]
        else:
            whole += codes
        gap = _NEXT.match(rest)
        if gap is None or _one(rest[gap.end() :], entry, last) is None:
            break
        rest = rest[gap.end() :]
    parts = ([Part(tuple(dict.fromkeys(whole)))] if whole else []) + apart
    return tuple(parts), rest


def _one(text: str, entry: str, before: str) -> tuple[str, int] | None:
    """The paragraph that a text begins with, in full, and where it ends; None for words and for other entries."""
    m = _CODE.match(text)
    if m is None:
        return None
    code = m[0]
    if _ANY_FULL.match(code):
        return (code, m.end()) if _within(code, entry) else None
    relative = code.removeprefix(".")
    if relative[0].isdigit():  # ".16" after "d.15"
        stem, _, end = before.rpartition(".")
        return (f"{stem}.{relative}", m.end()) if end.isdigit() and stem else None
    if relative == "a" and _ARTICLE.match(text[m.end() :]):
        return None
    return f"{entry}.{relative}", m.end()


def _span(first: str, last: str) -> tuple[str, ...] | None:
    """``a.1 to a.3`` and ``g to j`` written out; None where the ends are not of one level."""
    stem, _, a = first.rpartition(".")
    other, _, b = last.rpartition(".")
    if stem != other or not stem:
        return None
    if a.isdigit() and b.isdigit() and int(a) < int(b):
        return tuple(f"{stem}.{n}" for n in range(int(a), int(b) + 1))
    if a.isalpha() and b.isalpha() and a < b:
        return tuple(f"{stem}.{chr(n)}" for n in range(ord(a), ord(b) + 1))
    return None

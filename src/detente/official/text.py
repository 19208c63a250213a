"""Text as authorities print it: cleaned, and shortened to ids."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

LONGEST_SLUG = 60

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BLANKS = re.compile(r"\s+")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_NOT_WORD = re.compile(r"[^A-Za-z0-9_.:/+()\-]+")
_DASHES = re.compile(r"-{2,}")
_AKA = re.compile(r"^(a\.?\s?/?k\.?\s?/?a\.?|also known as)[\s,:]+", re.IGNORECASE)
LOST = "\ufffd"  # what stands where a control character stood


def clean(text: str) -> str:
    """A text on one line: runs of blanks become one, control characters become a sign that something is lost."""
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    return _BLANKS.sub(" ", _CONTROL.sub(LOST, text)).strip()


def items(value: str) -> tuple[str, ...]:
    """The values of a list cell, separated by ``;``; the text ``[]`` is how some exports write an empty list.

    A leading "a.k.a." is taken off, and each value is kept once.
    """
    if ";" not in value:
        one = clean(value)
        return () if one in {"", "[]"} else (_AKA.sub("", one),)
    parts = (_AKA.sub("", clean(part)) for part in value.split(";"))
    return tuple(dict.fromkeys(part for part in parts if part not in {"", "[]"}))


@lru_cache(maxsize=200_000)
def slug(text: str) -> str:
    """A short name for ids: lower-case letters and digits with dashes between.

    Texts that differ in case, accents or punctuation alone have the same slug. What would be cut, or has letters of
    another script, gets the start of a hash, so that it stays apart from others.

    >>> slug("Acme & Söhne, Ltd.")
    'acme-sohne-ltd'
    """
    folded = text if text.isascii() else _fold(text)
    base = _NOT_PLAIN.sub("-", folded.lower()).strip("-")
    if LOST in folded:
        return f"{base[:LONGEST_SLUG].strip('-')}-{_hash(text.casefold())}".strip("-")
    if len(base) > LONGEST_SLUG or not base:
        return f"{base[:LONGEST_SLUG].strip('-')}-{_hash(base or text)}".strip("-")
    return base


def _fold(text: str) -> str:
    """Without accents; punctuation of other scripts becomes a blank, letters of other scripts a sign of loss."""
    out = []
    for c in unicodedata.normalize("NFKD", text):
        if c.isascii():
            out.append(c)
        elif not unicodedata.combining(c):
            out.append(LOST if c.isalnum() else " ")
    return "".join(out)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def word(text: str) -> str:
    """A text as one word of a ``words`` column: ``CAATSA - RUSSIA`` becomes ``CAATSA-RUSSIA``."""
    made = _DASHES.sub("-", _NOT_WORD.sub("-", text))
    return made.lstrip("-_.:/+()").rstrip("-_.:/+(")

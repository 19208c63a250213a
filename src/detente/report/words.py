"""What a page may print of other people's text, and the plain names of codes."""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

_NAMES = """
AE United Arab Emirates|AT Austria|AU Australia|BD Bangladesh|BE Belgium|BR Brazil|BY Belarus|CA Canada|CH Switzerland
CL Chile|CN China|CZ Czechia|DE Germany|DK Denmark|EG Egypt|ES Spain|FI Finland|FR France|GB United Kingdom|GR Greece
HK Hong Kong|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IN India|IR Iran|IT Italy|JP Japan|KP North Korea
KR South Korea|KZ Kazakhstan|LT Lithuania|LU Luxembourg|MO Macao|MX Mexico|MY Malaysia|NG Nigeria|NL Netherlands
NO Norway|NZ New Zealand|PH Philippines|PK Pakistan|PL Poland|PT Portugal|QA Qatar|RO Romania|RU Russia
SA Saudi Arabia|SE Sweden|SG Singapore|SK Slovakia|TH Thailand|TR Türkiye|TW Taiwan|UA Ukraine|US United States
UZ Uzbekistan|VN Vietnam|ZA South Africa|XX Several countries|ZZ Country not known
"""
COUNTRY_NAMES: dict[str, str] = {pair[:2]: pair[3:] for line in _NAMES.strip().splitlines() for pair in line.split("|")}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, text-direction overrides, line separators


def country(code: str | None) -> str:
    """The common name of a country code; the code itself where none is kept here."""
    return "Country not recorded" if code is None else COUNTRY_NAMES.get(code, code)


def clean(text: str) -> str:
    """Text without characters that cannot be seen but change what is seen; line ends become spaces."""
    if text.isprintable():
        return text
    spaced = (" " if c in "\n\r\t\u2028\u2029" else c for c in text)
    return "".join(c for c in spaced if unicodedata.category(c) not in _HIDDEN)


def label(text: str, limit: int = 200) -> str:
    """Text for a chart, whose labels are read as a kind of HTML: escaped, and cut where it is long."""
    shown = shorten(clean(text), limit)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: str, limit: int) -> str:
    """A text cut to ``limit`` characters, the last an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def web_address(url: str | None) -> str | None:
    """The address, where it is one of the web (http or https, with a host); None for anything else."""
    if url is None or url != clean(url).strip() or any(c in url for c in ' <>"\\'):
        return None
    try:
        parts = urlsplit(url)
        return url if parts.scheme in {"http", "https"} and parts.hostname else None
    except ValueError:
        return None


def plain(word: str) -> str:
    """A word of the dictionary as people write it: ``presumption_of_denial`` is ``presumption of denial``."""
    return word.replace("_", " ")


def spoken(word: str) -> str:
    """The short name of a group as it stands in a sentence: ``huawei`` is ``Huawei``."""
    text = word.replace("_", " ").replace("-", " ")
    return text[:1].upper() + text[1:]

"""What a page may print of other people's text."""

from __future__ import annotations

import pytest

from detente.report.words import clean, country, label, web_address


def test_labels_are_escaped_after_they_are_cut() -> None:
    assert label("a<b>&c") == "a&lt;b&gt;&amp;c"
    assert label("<" * 10, 4) == "&lt;&lt;&lt;…"


def test_hidden_characters_go() -> None:
    assert clean("a\u202eb\u200bc\nd\u2028e\x00f") == "abc d ef"


@pytest.mark.parametrize("url", ["https://example.org", "http://example.org/a?b=c#d"])
def test_web_addresses(url: str) -> None:
    assert web_address(url) == url


@pytest.mark.parametrize("url", [None, "", "javascript:x", "https:/example.org", "https://[", "ftp://example.org", "x"])
def test_other_addresses(url: str | None) -> None:
    assert web_address(url) is None


def test_countries() -> None:
    assert [country(x) for x in ("NL", "TV", None)] == ["Netherlands", "TV", "Country not recorded"]

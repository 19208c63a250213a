"""Cleaning and shortening what authorities print; names of countries; policies and footnotes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.official.iso import iso, names
from detente.official.review import footnotes, review, unprinted
from detente.official.text import clean, items, slug, word
from detente.record.countries import COUNTRIES


@given(st.text(max_size=200))
def test_a_slug_is_always_an_id(text: str) -> None:
    assert slug(text) == "" or re.fullmatch(r"[a-z0-9][a-z0-9\-]*", slug(text)), slug(text)
    assert len(slug(text)) < 80
    if text.strip():
        assert re.fullmatch(r"[a-z0-9][a-z0-9\-]*", slug(text))


@given(st.text(max_size=200))
def test_a_cleaned_text_has_nothing_hidden(text: str) -> None:
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", clean(text))
    assert clean(clean(text)) == clean(text)


@given(st.text(min_size=1, max_size=60))
def test_a_tag_is_one_word(text: str) -> None:
    made = word(text)
    assert made == "" or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:/+()\-]*", made)


def test_slugs_join_spellings_and_keep_others_apart() -> None:
    assert slug("VELL TECHNOLOGIES CO LTD") == slug("Vell Technologies Co., Ltd.") == "vell-technologies-co-ltd"
    assert slug("Curaçao Söhne") == "curacao-sohne"
    assert slug("华为 1") != slug("中兴 1") and slug("华为 1").startswith("1-")
    assert slug("x" * 70) != slug("x" * 71)


def test_list_cells_are_split_and_the_text_of_an_empty_list_is_empty() -> None:
    assert items("A; B;A") == ("A", "B")
    assert items("[]") == items("") == items(" ; ") == ()
    assert items("Kreig; a.k.a. Cow Craig") == ("Kreig", "Cow Craig")


def test_programmes_become_words() -> None:
    assert word("CAATSA - RUSSIA") == "CAATSA-RUSSIA"
    assert word("Countering America’s Adversaries (CBW Act)") == "Countering-America-s-Adversaries-(CBW-Act)"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("China", "CN"), ("China (PRC)", "CN"), ("PRC", "CN"), ("Hong Kong", "HK"), ("Macau", "MO"), ("MACAO", "MO"),
        ("Korea, South", "KR"), ("Republic of Korea", "KR"), ("Korea, North", "KP"), ("TURKIYE", "TR"),
        ("Türkiye", "TR"), ("The Bahamas", "BS"), ("Bahamas, The", "BS"), ("Cote d'lvoire", "CI"),
        ("Cote d'Ivoire", "CI"), ("Congo (Democratic Republic of)", "CD"), ("Congo (Republic of the)", "CG"),
        ("St. Kitts and Nevis", "KN"), ("Saint Kitts & Nevis", "KN"), ("Seycheles", "SC"), ("UK", "GB"), ("gb", "GB"),
        ("MAN, ISLE OF", "IM"), ("South Sudan, Republic of", "SS"), ("Guinea", "GN"), ("Guinea-Bissau", "GW"),
        ("Niger", "NE"), ("Nigeria", "NG"), ("Dominica", "DM"), ("Dominican Republic", "DO"),
    ],
)  # fmt: skip
def test_names_that_differ_between_tables_are_one_country(name: str, code: str) -> None:
    assert iso(name) == code


@pytest.mark.parametrize(
    "name", ["REGION: WEST BANK", "CRIMEA (OCCUPIED)", "AN", "NM", "XX", "ZZ", "", "Republic of China"]
)
def test_what_is_no_country_is_not_guessed(name: str) -> None:
    assert iso(name) is None


def test_every_country_has_a_name_and_no_name_two_countries() -> None:
    assert set(names().values()) == COUNTRIES - {"XX", "ZZ"}


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("see §§ 734.9(e)1 and 744.11 of the EAR2", ("fn1", "fn2")),
        ("see §§ 734.9(e) 1 and 744.11 of the EAR 2", ("fn1", "fn2")),
        ("(See §734.9(e)1, and §744.11 of the EAR)2.", ("fn1", "fn2")),
        ("(See §§ 734.9(g),3 746.8(a)(3), and 744.21(b) of the EAR)", ("fn3",)),
        ("(See §734.9(g), 3 §746.8(a)(3) of the EAR).", ("fn3",)),
        ("(See §§734.9(g)3, 746.8(a)(3), and 744.2l(b) of the EAR", ("fn3",)),
        ("(See §§ 734.9(e)(2) and 744.11 of the EAR) 4", ("fn4",)),
        ("(See §§734.4(a)(9), 734.9(e)(3), and 744.11 of the EAR)5", ("fn5",)),
        ("(See §§ 734.9(g), 746.8(a)(3) of the EAR)", ()),
        ("For all items subject to the EAR. (See §744.11 of the EAR).", ()),
        ("except for EAR99-designated technology; EAR 99 items; the EAR 3A001", ()),
        ("License Exception GOV under § 740.11(b)(2) and (e)", ()),
    ],
)
def test_footnotes_are_digits_glued_to_the_text_and_never_sections(text: str, tags: tuple[str, ...]) -> None:
    assert footnotes(text) == tags


def test_a_rule_for_footnoted_entries_tells_the_footnote_that_is_not_printed() -> None:
    assert unprinted("(See §§ 734.9(g), 746.8(a)(3) of the EAR)") == ("fn3",)
    assert unprinted("(See §§ 734.9(e)(2) and 744.11 of the EAR)") == ("fn4",)
    assert unprinted("(See §734.9(e) and §744.11 of the EAR)") == ()  # footnote 1 or 4
    assert unprinted("(See §§ 734.9(g),3 746.8(a)(3) of the EAR)") is unprinted("(See §744.11 of the EAR)") is None


@pytest.mark.parametrize(
    ("policy", "requirement", "expected"),
    [
        ("Presumption of denial.", "", ("presumption_of_denial", False)),
        ("Presumption for denial", "", ("presumption_of_denial", False)),
        ("Policy of Denial", "", ("policy_of_denial", False)),
        ("Policy of denial. Case-by-case basis for items for the ISS.", "", ("policy_of_denial", True)),
        ("casa-by-case review for items to treat disease; presumption of denial for all other items", "",
         ("presumption_of_denial", True)),
        ("Case-by-case basis", "", ("case_by_case", False)),
        ("Presumption of approval for EAR99; case-by-case review for all items on the CCL", "", ("case_by_case", True)),
        ("Presumption of approval for EAR99 items", "For all items, with case-by-case basis for items on the CCL",
         ("case_by_case", True)),
        ("Presumption of approval for EAR99 items", "", ("presumption_of_approval", False)),
        ("Applications will be denied", "", ("denial", False)),
        ("See §744.3(d) of this part", "", ("none_stated", True)),
        ("", "", ("none_stated", False)),
    ],
)  # fmt: skip
def test_the_strictest_policy_stands_and_the_rest_is_told(
    policy: str, requirement: str, expected: tuple[str, bool]
) -> None:
    assert review(policy, requirement) == expected

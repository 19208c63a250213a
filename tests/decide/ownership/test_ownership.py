"""Ownership: the worked examples of the rules, and what must hold of any register."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.decide.ownership import Held, Share, look_through, owned
from detente.decide.ownership.proof import LONGEST
from detente.decide.ownership.shares import WHOLE
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Fact, Reason, Truth
from detente.record import DetenteError
from detente.record.limb import OwnershipRule, Window

DAY = dt.date(2014, 8, 13)
CONTROL = {"controls": TRUE, "uncontrolled": FALSE, "control?": UNKNOWN}


def rule(op: Literal[">", ">="] = ">=", pct: float = 50, **changes: Any) -> OwnershipRule:
    """OFAC's rule unless told otherwise."""
    keys: dict[str, Any] = {"id": "half", "text": "Half.", "lists": ("sdn",), "aggregate": True, "chain": "step"}
    keys |= {"in_force": (Window(since=DAY, recorded=DAY),), "sources": ("faq-401",)} | changes
    return OwnershipRule(op=op, pct=pct, **keys)


OFAC = rule()
BIS = rule(id="affiliates", foreign_only="US", unknown_share="licence_or_resolve")
EU_OLD = rule(">", control_test=True)
EU = rule(control_test=True)
UK = rule(">", aggregate=False, control_test=True)


def shares(text: str) -> list[Share]:
    """Stakes as in ``X>A 50, X>A 25-50 votes, Y>A ? joint:j controls``, in per cent; ``?`` is not recorded."""
    rows = []
    for i, stake in enumerate(text.split(","), start=2):
        pair, pct, *marks = stake.split()
        owner, party = pair.split(">")
        low, _, high = ("0-100" if pct == "?" else pct).partition("-")
        kind = next((m for m in marks if m in {"votes", "other"}), "shares")
        control = next((CONTROL[m] for m in marks if m in CONTROL), None)
        joint = next((m[6:] for m in marks if m.startswith("joint:")), None)
        least, most = (int(Decimal(end) * 10_000) for end in (low, high or low))
        fact = Fact("stakes", f"{owner}-{party}-{i}", "stakes.csv", i)
        rows.append(Share(owner, party, least, most, kind, control, joint, fact, ("register",), pct != "?"))
    return rows


def seeds_in(text: str) -> dict[str, Truth]:
    """``X Y?``: X is listed, Y perhaps."""
    return {name.rstrip("?"): UNKNOWN if name.endswith("?") else TRUE for name in text.split()}


def split(found: Mapping[str, Held]) -> tuple[str, str]:
    """The parties that are owned, and those that may be."""
    return tuple(" ".join(p for p, held in found.items() if held.truth is t) for t in (TRUE, UNKNOWN))  # type: ignore[return-value]


# id, listed, stakes, owned, shares multiplied along the chains (what the rule does not do)
OFAC_EXAMPLES = [
    ("401-1", "X", "X>A 50, A>B 50", "A B", "A 50 B 25"),
    ("401-2", "X", "X>A 50, X>B 50, A>C 25, B>C 25", "A B C", "A 50 B 50 C 25"),
    ("401-3", "X", "X>A 50, X>B 10, A>B 40", "A B", "A 50 B 30"),
    ("401-4", "X", "X>A 50, X>B 25, A>C 25, B>C 25", "A", "A 50 B 25 C 18.75"),
    ("401-5", "X", "X>A 25, X>B 25, A>C 50, B>C 50", "", "A 25 B 25 C 25"),
    ("399-programmes", "X Y", "X>A 25, Y>A 25", "A", "A 50"),
    ("398-control-only", "X", "X>A 49 controls", "", "A 49"),
    ("402-before", "X", "X>A 50", "A", "A 50"),
    ("402-divested", "X", "X>A 49", "", "A 49"),
    ("memo-14", "A", "A>B 50, B>C 50", "B C", "B 50 C 25"),
    ("cgss-13-98", "L", "L>A 98", "A", "A 98"),
    ("cgss-13-50", "L M", "L>A 35, M>A 15", "A", "A 50"),
    ("cgss-13-45", "L M", "L>A 20, M>A 25", "", "A 45"),
    ("cgss-13-58", "L M N", "L>A 12, M>A 18, N>A 28", "A", "A 58"),
    ("cgss-13-48", "L M", "L>A 45, M>A 3", "", "A 48"),
    ("cgss-13-40", "L M N O", "L>A 10, M>A 10, N>A 10, O>A 10", "", "A 40"),
    ("waterfall", "P Q", "P>I 50, I>T 40, Q>T 10", "I T", "I 50 T 30"),
    ("minority", "P", "P>I 49, I>T 100", "", "I 49 T 49"),
    (
        "puzzle",
        "SDNA SDNB SDND SDNF",
        "SDNA>A 3, B>A 47, C>A 50, SDNB>B 42, D>B 52, PC>D 50, SDND>D 50, T>C 52, E>C 48, PE>E 19, SDNF>E 81",
        "A B D E",
        "A 54.4 B 68 C 38.88 D 50 E 81",
    ),
    ("deep", "X", "X>A 51, A>B 51, B>C 51", "A B C", "A 51 B 26.01 C 13.2651"),
    ("cycle-1", "X", "X>A 30, B>A 30, A>B 60", "", "A 36.5854 B 21.9512"),
    ("cycle-2", "X", "X>A 50, B>A 40, A>B 40, X>B 10", "A B", "A 64.2857 B 35.7143"),
    ("self", "X", "X>A 45, A>A 10", "", "A 50"),
    ("edge-below", "X", "X>A 49.9999", "", "A 49.9999"),
    ("edge", "X", "X>A 50.0000", "A", "A 50"),
]


@pytest.mark.parametrize(
    ("listed", "stakes", "owns", "product"), [pytest.param(*row, id=name) for name, *row in OFAC_EXAMPLES]
)
def test_ofac_examples(listed: str, stakes: str, owns: str, product: str) -> None:
    """Guidance of 13 August 2014, FAQ 398 to 402, and set pieces on them."""
    rows = shares(stakes)
    assert split(owned(OFAC, seeds_in(listed), rows)) == (owns, "")
    words = product.split()
    expected = {party: float(pct) / 100 for party, pct in zip(words[::2], words[1::2], strict=True)}
    assert look_through(listed.split(), rows) == pytest.approx(expected, abs=1e-6)


# id, rule, listed, stakes, owned, perhaps owned
EXAMPLES: list[tuple[str, OwnershipRule, str, str, str, str]] = [
    # ranges, and shares that are not recorded
    ("psc-bands", OFAC, "X Y", "X>A 25-50, Y>A 25-50", "A", ""),
    ("psc-bands-open-below", OFAC, "X Y", "X>A 24.9999-50, Y>A 25-50", "", "A"),
    ("psc-bands-more-than", rule(">"), "X Y", "X>A 25-50, Y>A 25-50", "", "A"),
    ("band-passes-on", OFAC, "X", "X>A 25-50, A>B 100", "", "A B"),
    ("unrecorded", OFAC, "X", "X>A ?", "", "A"),
    ("unrecorded-beside-enough", OFAC, "X Y", "X>A ?, Y>A 60", "A", ""),
    ("unrecorded-licence-or-resolve", rule(unknown_share="licence_or_resolve"), "X Y", "X>A ?, Y>A 10", "", "A"),
    ("unrecorded-red-flag", rule(unknown_share="red_flag"), "X", "X>A ?", "", "A"),
    ("unrecorded-of-a-stranger", OFAC, "X", "X>A 10, Z>A ?", "", ""),
    ("unrecorded-cycle", OFAC, "X", "X>A 10, A>B ?, B>A ?", "", ""),
    ("perhaps-listed", OFAC, "X Y?", "X>A 30, Y>A 30, A>B 50", "", "A B"),
    ("perhaps-listed-held-by-its-own", OFAC, "Y?", "Y>A 60, A>Y 60", "", "A Y"),
    ("perhaps-listed-held-by-its-own-alone", UK, "Y?", "Y>A 60, A>Y 60", "", "A"),
    ("perhaps-listed-but-owned", OFAC, "X Y?", "X>Y 50, Y>A 50", "A Y", ""),
    # kinds of right, and several sources for one stake
    ("kinds-apart", OFAC, "X Y", "X>A 30, Y>A 30 votes, X>A 40 other", "", ""),
    ("votes-alone", OFAC, "X Y", "X>A 1, X>A 30 votes, Y>A 30 votes", "A", ""),
    ("two-sources-one-stake", OFAC, "X", "X>A 30, X>A 30", "", ""),
    ("two-sources-disagree", OFAC, "X", "X>A 30, X>A 60", "A", ""),
    ("two-sources-range", OFAC, "X", "X>A 30-40, X>A 10-55", "", "A"),
    # chains
    ("direct-only", rule(chain="none"), "X", "X>A 100, A>B 100, X>B 20", "A", ""),
    ("multiplied", rule(chain="product"), "X", "X>A 70, A>B 70, B>C 70, X>C 20", "A C", ""),
    ("multiplied-at-the-line", rule(chain="product"), "X", "X>A 80, A>B 62.5", "A B", ""),
    ("multiplied-minorities", rule(chain="product"), "X", "X>A 49, A>C 60, X>B 49, B>C 60", "C", ""),
    ("multiplied-without-end", rule(chain="product"), "X", "X>A 30, B>A 40, A>B 100", "", "A B"),
    ("whole-loop", OFAC, "X", "X>A 50, A>B 100, B>A 50", "A B", ""),
    ("loop-apart", OFAC, "X", "X>Z 1, A>B 100, B>A 100", "", ""),
    ("own-shares-do-not-count", OFAC, "X", "X>A 49, A>A 51", "", ""),
    # BIS, 15 CFR 744.11 and supplement 8 to part 744: ownership, not control; parties abroad; a share to be found out
    ("bis-half", BIS, "E", "E>A 50, A>B 50", "A B", ""),
    ("bis-added-up", BIS, "E M", "E>A 25, M>A 25, E>B 25, M>B 24", "A", ""),
    ("bis-at-home", BIS, "E", "E>US-H 60, US-H>A 60", "A", ""),
    ("bis-country-not-known", BIS, "E", "E>UN-H 60, UN-H>A 60", "A", "UN-H"),
    ("bis-control", BIS, "E", "E>A 49 controls", "", ""),
    ("bis-share-not-known", BIS, "E", "E>A ?, E>US-H ?", "", "A"),
    # EU best practices: more than half until 3 July 2024, half or more since; added up; control apart
    ("eu-half", EU, "D", "D>A 50", "A", ""),
    ("eu-half-before", EU_OLD, "D", "D>A 50", "", ""),
    ("eu-more-before", EU_OLD, "D", "D>A 50.0001", "A", ""),
    ("eu-added-up", EU, "D E", "D>A 25, E>A 25", "A", ""),
    ("eu-added-up-before", EU_OLD, "D E", "D>A 25, E>A 25", "", ""),
    ("eu-board", EU, "D", "D>A 40 controls, A>B 60", "A B", ""),
    ("eu-board-of-a-subsidiary", EU, "D", "D>A 60, A>B 1 controls", "A B", ""),
    ("eu-control-open", EU, "D", "D>A 40 control?", "", "A"),
    ("eu-control-not-declared", EU, "D", "D>A 40", "", ""),
    ("eu-control-denied", EU, "D", "D>A 40 uncontrolled", "", ""),
    ("eu-control-by-a-stranger", EU, "D", "D>A 40, Z>A 10 controls", "", ""),
    ("eu-control-perhaps-listed", EU, "D?", "D>A 0 controls", "", "A"),
    ("eu-control-direct-only", rule(control_test=True, chain="none"), "D", "D>A 5 controls, A>B 5 controls", "A", ""),
    # UK: more than half, each listed party for itself, save for joint arrangements
    ("uk-half", UK, "D", "D>A 50", "", ""),
    ("uk-more", UK, "D", "D>A 50.01", "A", ""),
    ("uk-not-added-up", UK, "D E", "D>A 30, E>A 30", "", ""),
    ("uk-joint", UK, "D E", "D>A 30 joint:j, E>A 30 joint:j", "A", ""),
    ("uk-joint-with-a-stranger", UK, "D", "D>A 30 joint:j, Z>A 30 joint:j", "A", ""),
    ("uk-joint-of-strangers", UK, "D", "D>A 30, Y>A 30 joint:j, Z>A 30 joint:j", "", ""),
    ("uk-two-arrangements", UK, "D E", "D>A 30 joint:j, E>A 30 joint:k", "", ""),
    ("uk-one-arrangement-two-names", UK, "D E", "D>A 30 joint:j, E>A 30 joint:k, E>A 30 joint:j", "A", ""),
    ("uk-through-two-companies", UK, "D", "D>A 60, D>B 60, A>C 30, B>C 30", "A B C", ""),
    ("uk-through-companies-of-two", UK, "D E", "D>A 60, E>B 60, A>C 30, B>C 30", "A B", ""),
    ("uk-through-a-listed-company", UK, "D E", "D>E 60, D>C 45, E>C 15", "C", ""),
    ("uk-through-a-listed-company-perhaps", UK, "D E", "D>E 45-60, D>C 45, E>C 15", "", "C"),
    ("uk-unrecorded", UK, "D", "D>A ?", "", "A"),
    ("uk-board", UK, "D", "D>A 10 controls", "A", ""),
    ("joint-says-nothing-where-all-are-added-up", OFAC, "D", "D>A 30 joint:j, Z>A 30 joint:j", "", ""),
]


@pytest.mark.parametrize(
    ("by", "listed", "stakes", "owns", "perhaps"), [pytest.param(*row, id=name) for name, *row in EXAMPLES]
)
def test_other_examples(by: OwnershipRule, listed: str, stakes: str, owns: str, perhaps: str) -> None:
    found = owned(by, seeds_in(listed), shares(stakes), is_abroad)
    assert split(found) == (owns, perhaps)


def is_abroad(party: str) -> Truth:
    """Names that start with US are at home, with UN of a country that is not known."""
    return FALSE if party.startswith("US") else UNKNOWN if party.startswith("UN") else TRUE


def test_what_counts_and_whose_it_is() -> None:
    found = owned(
        OFAC, seeds_in("X Y Z?"), shares("X>A 40-45, Y>A 20, A>B 10, Z>B 5, Q>B 70, X>C 3, Y>C 0, B>Z 9, C>Z 9, A>Z 9")
    )
    assert {p: (h.low, h.high, "".join(sorted(h.owners))) for p, h in found.items()} == {
        "A": (600_000, 650_000, "XY"),
        "B": (100_000, 150_000, "XYZ"),
        "C": (30_000, 30_000, "X"),
        "Z": (90_000, 90_000, "XY"),
    }
    assert owned(OFAC, seeds_in("Y?"), shares("Y>A 60, A>Y 60"))["Y"].owners == set()


def test_only_the_one_who_owns_is_named_where_nobody_is_added_up() -> None:
    found = owned(UK, seeds_in("X Y"), shares("X>A 60, Y>A 30, A>B 100, X>C 30, Y>C 20"))
    assert {p: "".join(sorted(h.owners)) for p, h in found.items()} == {"A": "X", "B": "X", "C": "XY"}
    assert found["C"].high == 300_000


def test_an_owner_that_is_listed_is_held_for_its_own_owner_too() -> None:
    found = owned(OFAC, seeds_in("X Y Z"), shares("X>Y 50, Y>A 50, Z>Y 10-50"))
    assert list(found) == ["A"]
    assert found["A"].owners == {"X", "Y", "Z"}
    assert (
        tree(found["A"].reason)
        == """\
T A is owned 50 % or more (50 %): Y 50 % (listed, itself owned)
  T Y (listed, itself owned) holds 50 % of A
    T Y holds 50 % of A [3]
    T Y is owned 50 % or more (60–100 %): X 50 % (listed), Z 10–50 % (listed)
      T X (listed) holds 50 % of Y [2]
      U Z (listed) holds 10–50 % of Y [4]"""
    )


def test_a_party_at_home_is_left_out_and_the_country_must_be_known() -> None:
    rows = shares("E>US-H 60")
    assert owned(BIS, seeds_in("E"), rows, is_abroad)["US-H"].truth is FALSE
    assert owned(BIS, seeds_in("E"), rows)["US-H"].truth is UNKNOWN
    assert list(owned(BIS, seeds_in("E"), rows)["US-H"].reason.unknowns()) == [
        "US-H is perhaps of US, whose parties the rule leaves out"
    ]


def tree(reason: Reason, depth: int = 0) -> str:
    """A proof as text: truth, text and rows."""
    rows = f" [{', '.join(str(f.row) for f in reason.facts)}]" if reason.facts else ""
    line = f"{'  ' * depth}{reason.truth.name[0]} {reason.text}{rows}"
    return "\n".join([line, *(tree(child, depth + 1) for child in reason.children)])


def test_proof() -> None:
    stakes = "X>A 50, X>B 10, A>B 40, B>A 40 votes, Y>C 25-50, B>C ?, X>C 5, X>D 45 controls, D>D 10"
    found = owned(rule(unknown_share="licence_or_resolve"), seeds_in("X Y?"), shares(stakes))
    assert (
        "\n".join(tree(held.reason) for held in found.values())
        == """\
T A is owned 50 % or more (50 %): X 50 % (listed), B 40 % of the votes (itself owned)
  T X (listed) holds 50 % of A [2]
  T B (itself owned) holds 40 % of the votes in A [5]
T B is owned 50 % or more (50 %): A 40 % (itself owned), X 10 % (listed)
  T A (itself owned) holds 40 % of B
    T A holds 40 % of B [4]
    T A is owned 50 % or more (50 %): X 50 % (listed), B 40 % of the votes (itself owned)
      T X (listed) holds 50 % of A [2]
      T B (itself owned) holds 40 % of the votes in A [5]
  T X (listed) holds 10 % of B [3]
U C may be owned 50 % or more (5–100 %): B an unrecorded share (itself owned), Y 25–50 % (perhaps listed), \
X 5 % (listed)
  U B (itself owned) holds an unrecorded share of C
    U B holds an unrecorded share of C; the rule asks to find it out or to have a licence [7]
    T B is owned 50 % or more (50 %): A 40 % (itself owned), X 10 % (listed)
      T A (itself owned) holds 40 % of B
        T A holds 40 % of B [4]
        T A is owned 50 % or more (50 %): X 50 % (listed), B 40 % of the votes (itself owned)
          T X (listed) holds 50 % of A [2]
          T B (itself owned) holds 40 % of the votes in A [5]
      T X (listed) holds 10 % of B [3]
  U Y (perhaps listed) holds 25–50 % of C [6]
  T X (listed) holds 5 % of C [8]
F D is not owned 50 % or more (45 %): X 45 % (listed)
  T X (listed) holds 45 % of D [9]
  T red flag: X (listed) controls D; the rule does not count control [9]
  T red flag: D holds 10 % of itself; of the rest, 50 % counts [10]"""
    )


@pytest.mark.parametrize(
    ("by", "stakes", "text"),
    [
        (EU, "X>A 40 controls", "A is controlled, if perhaps not owned 50 % or more (40 %): X 40 % (listed)"),
        (EU, "X>A 40 control?", "A may be controlled, though not owned 50 % or more (40 %): X 40 % (listed)"),
        (UK, "X>A 50", "A is not owned more than 50 % (50 %): X 50 % (listed)"),
        (rule(pct=33.33333), "X>A 33", "A is not owned 33.33333 % or more (33 %): X 33 % (listed)"),
        (OFAC, "X>A 0 controls", "A is not owned 50 % or more (0 %)"),
        (
            rule(chain="product"),
            "X>B 40-60, B>A 50",
            "A is not owned 50 % or more (20–30 %): B 50 % (40–60 % of it counts)",
        ),
        (
            UK,
            "X>A 2 other joint:j, B>A 3 other joint:j, C>A 4 other joint:j, D>A 5 other joint:j",
            "A is not owned more than 50 % (14 %): D 5 % of other rights (not listed), "
            "C 4 % of other rights (not listed), B 3 % of other rights (not listed) and 1 more",
        ),
    ],
)
def test_the_answer_in_a_line(by: OwnershipRule, stakes: str, text: str) -> None:
    assert owned(by, seeds_in("X"), shares(stakes))["A"].reason.text == text


@pytest.mark.parametrize("asks", ["licence_or_resolve", "red_flag", "silent"])
def test_a_share_that_is_not_recorded_is_asked_for(asks: str) -> None:
    reason = owned(rule(unknown_share=asks), seeds_in("X"), shares("X>A ?"))["A"].reason
    (question,) = reason.unknowns()
    assert question.startswith("X (listed) holds an unrecorded share of A; ")


@pytest.mark.parametrize(
    ("by", "listed", "stakes", "questions"),
    [
        (OFAC, "X", "X>B 40-60, B>A 60-70", "X (listed) holds 40–60 % of B"),
        (OFAC, "X?", "X>A 60-70", "X (perhaps listed) holds 60–70 % of A"),
        (UK, "X Y", "X>Y 45-60, X>A 45, Y>A 15", "X (listed) holds 45–60 % of Y"),
        (EU, "X", "X>A 40-49 control?", "X (listed) may control A"),
    ],
)
def test_what_would_have_to_be_known(by: OwnershipRule, listed: str, stakes: str, questions: str) -> None:
    assert "; ".join(owned(by, seeds_in(listed), shares(stakes))["A"].reason.unknowns()) == questions


def test_long_chains_and_many_ways_have_short_proofs() -> None:
    chain = [f"p{i}>p{i + 1} 60" for i in range(3_000)]
    ways = [f"{a}{i}>{b}{i + 1} 50" for i in range(60) for a in "qr" for b in "qr"]
    found = owned(OFAC, seeds_in("p0 q0 r0"), shares(", ".join(chain + ways)))
    assert split(found)[1] == ""
    assert len(found) == 3_000 + 120
    assert max(sum(1 for _ in held.reason.walk()) for held in found.values()) < 3 * LONGEST
    assert found["q60"].owners == {"q0", "r0"}


@pytest.mark.parametrize(
    ("low", "high", "is_known"), [(-1, 0, True), (5, 4, True), (0, WHOLE + 1, True), (0, 5, False)]
)
def test_a_share_that_is_no_range(low: int, high: int, is_known: bool) -> None:
    fact = Fact("stakes", "x", "stakes.csv", 7)
    with pytest.raises(DetenteError, match=re.escape(f"stakes x (stakes.csv, row 7): got {low} to {high} millionths")):
        Share("X", "A", low, high, "shares", None, None, fact, (), is_known)


# what must hold of any register

PARTIES = "ABCDEFG"
ends = st.sampled_from([0, 100_000, 249_999, 250_000, 300_000, 499_999, 500_000, 500_001, 600_000, WHOLE])


@st.composite
def stakes(draw: st.DrawFn) -> Share:
    low, high = sorted((draw(ends), draw(ends)))
    if draw(st.booleans()):
        high = low
    is_known = draw(st.integers(0, 9)) > 0
    return Share(
        draw(st.sampled_from(PARTIES)),
        draw(st.sampled_from(PARTIES)),
        low if is_known else 0,
        high if is_known else WHOLE,
        draw(st.sampled_from(["shares", "shares", "votes"])),
        draw(st.sampled_from([None, None, None, FALSE, UNKNOWN, TRUE])),
        draw(st.sampled_from([None, None, "j", "k"])),
        Fact("stakes", "s", "stakes.csv", draw(st.integers(2, 10**6))),
        ("register",),
        is_known,
    )


registers = st.lists(stakes(), max_size=14)
listed = st.dictionaries(st.sampled_from(PARTIES), st.sampled_from([TRUE, TRUE, UNKNOWN, FALSE]), max_size=3)
rules = st.builds(
    rule,
    st.sampled_from([">", ">="]),
    st.sampled_from([25, 50, 50.00005]),
    aggregate=st.booleans(),
    chain=st.sampled_from(["step", "step", "none"]),
    control_test=st.booleans(),
)
all_rules = rules | rules.map(lambda r: r.model_copy(update={"chain": "product"}))


def reference(by: OwnershipRule, start: set[str], rows: list[Share], end: str) -> dict[str, Any]:
    """One end by brute force: everything is counted again, over all rows, until nothing changes."""
    line = Fraction(str(by.pct)) * 10_000
    merged: dict[tuple[str, str, str], int] = defaultdict(int)
    names: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    control: dict[tuple[str, str], Truth] = defaultdict(lambda: FALSE)
    for r in rows:
        if r.owned == r.owner:
            continue
        merged[r.owner, r.owned, r.kind] = max(merged[r.owner, r.owned, r.kind], getattr(r, end))
        if r.joint and not by.aggregate:
            names[r.owner, r.owned, r.kind].add(r.joint)
        control[r.owner, r.owned] = max(control[r.owner, r.owned], r.control or FALSE)
    for _ in names:  # one name for arrangements that share a stake
        for a in names:
            for b in names:
                if a[1:] == b[1:] and names[a] & names[b]:
                    names[a] = names[b] = names[a] | names[b]
    groups: dict[Any, list[tuple[str, str, str]]] = defaultdict(list)
    for key in merged:
        groups[(key[1:], frozenset(names[key])) if names[key] else key].append(key)
    certain = TRUE if end == "low" else UNKNOWN
    counted: dict[str, int] = defaultdict(int)
    at_line: set[str] = set()
    for team in [start] if by.aggregate else [{seed} for seed in start]:
        passes: dict[str, int] = dict.fromkeys(team, WHOLE)
        over: set[str] = set()
        before = None
        while before != (passes, over):
            before = dict(passes), set(over)
            for party in sorted({key[1] for key in merged} - (set() if by.aggregate else team)):
                kinds: dict[str, int] = defaultdict(int)
                for keys in groups.values():
                    if keys[0][1] == party:
                        most = max(before[0].get(key[0], 0) for key in keys)
                        kinds[keys[0][2]] += most * sum(merged[key] for key in keys)
                whole = max(kinds.values(), default=0)
                count = min(WHOLE, whole // WHOLE if end == "low" else -(-whole // WHOLE))
                counted[party] = max(counted[party], count)
                counting = team if by.chain == "none" else team | before[1]
                is_controlled = by.control_test and any(control[o, party] >= certain for o in counting)
                if is_controlled or (count >= line if by.op == ">=" else count > line):
                    over.add(party)
                passed = count if by.chain == "product" else WHOLE * (by.chain == "step" and party in over)
                passes[party] = max(passes.get(party, 0), passed)
        at_line |= over
    return {"counted": counted, "over": at_line}


@given(by=all_rules, who=listed, rows=registers)
@settings(max_examples=300)
def test_agrees_with_brute_force(by: OwnershipRule, who: dict[str, Truth], rows: list[Share]) -> None:
    found = owned(by, who, rows)
    sure = {p for p, t in who.items() if t is TRUE}
    perhaps = sure | {p for p, t in who.items() if t is UNKNOWN}
    low, high = reference(by, sure, rows, "low"), reference(by, perhaps, rows, "high")
    for party in sorted(set(PARTIES) - sure):
        answer = found.get(party, Held(party, FALSE, 0, 0, frozenset(), Reason("", FALSE)))
        expected = TRUE if party in low["over"] else UNKNOWN if party in high["over"] else FALSE
        assert (answer.truth, answer.low, answer.high) == (
            expected,
            low["counted"].get(party, 0),
            high["counted"].get(party, 0),
        )


@given(by=all_rules, who=listed, rows=registers, data=st.data())
def test_the_order_of_the_shares_does_not_matter(
    by: OwnershipRule, who: dict[str, Truth], rows: list[Share], data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(rows))
    turned = dict(reversed(who.items()))
    assert list(owned(by, who, rows).items()) == list(owned(by, turned, mixed).items())
    assert look_through(who, rows) == look_through(turned, mixed)


def truths(found: Mapping[str, Held]) -> dict[str, Truth]:
    return {party: found[party].truth if party in found else FALSE for party in PARTIES}


@given(by=all_rules, who=listed, rows=registers, more=stakes(), data=st.data())
def test_more_never_releases(
    by: OwnershipRule, who: dict[str, Truth], rows: list[Share], more: Share, data: st.DataObject
) -> None:
    """A stake added, a stake raised, a party listed: nobody is less owned for it."""
    before = truths(owned(by, who, rows))
    assert all(t >= before[p] for p, t in truths(owned(by, who, [*rows, more])).items() if who.get(p) is not TRUE)
    if rows:
        i = data.draw(st.integers(0, len(rows) - 1))
        raised = replace(rows[i], low=max(rows[i].low, more.low), high=max(rows[i].high, more.high), is_known=True)
        after = truths(owned(by, who, [*rows[:i], raised, *rows[i + 1 :]]))
        assert all(t >= before[p] for p, t in after.items())
    wider = who | {more.owner: max(TRUE, who.get(more.owner, FALSE))}
    assert all(t >= before[p] for p, t in truths(owned(by, wider, rows)).items() if wider.get(p) is not TRUE)


@given(by=all_rules, who=listed, rows=registers)
def test_knowing_more_keeps_what_is_certain(by: OwnershipRule, who: dict[str, Truth], rows: list[Share]) -> None:
    """Whichever end of each range turns out, owned for certain stays owned and not owned stays not owned."""
    before = truths(owned(by, who, rows))
    for end in ("low", "high"):
        settled = [replace(r, low=getattr(r, end), high=getattr(r, end), is_known=True) for r in rows]
        for party, t in truths(owned(by, who, settled)).items():
            assert t is before[party] or before[party] is UNKNOWN


@given(by=all_rules, who=listed, rows=registers)
def test_answers_hold_together(by: OwnershipRule, who: dict[str, Truth], rows: list[Share]) -> None:
    found = owned(by, who, rows)
    assert list(found) == sorted(found)
    for party, held in found.items():
        assert who.get(party) is not TRUE
        assert held.party == party
        assert 0 <= held.low <= held.high <= WHOLE
        assert held.truth is held.reason.truth
        assert held.owners <= {p for p, t in who.items() if t is not FALSE}
        for leaf in held.reason.leaves():
            assert leaf.facts or leaf is held.reason
            assert leaf.sources
        if held.truth is UNKNOWN and by.chain != "product":
            assert list(held.reason.unknowns())


@given(by=rules, who=listed, rows=registers)
def test_the_owners_named_are_enough(by: OwnershipRule, who: dict[str, Truth], rows: list[Share]) -> None:
    """A party is owned as much by the owners named alone, and not at all without them."""
    for party, held in owned(by, who, rows).items():
        if party in who:
            continue
        alone = owned(by, {p: t for p, t in who.items() if p in held.owners}, rows)
        assert held.truth is FALSE or alone[party].truth is held.truth
        rest = {p: t for p, t in who.items() if p not in held.owners}
        without = owned(by, rest, [r for r in rows if r.owned not in held.owners])
        assert truths(without)[party] is FALSE


@given(by=rules, who=listed, rows=registers)
def test_half_of_everything_against_half_the_line(by: OwnershipRule, who: dict[str, Truth], rows: list[Share]) -> None:
    by, half = (by.model_copy(update={"pct": pct}) for pct in (50.0, 25.0))
    known = [replace(r, low=r.low - r.low % 2, high=r.high - r.high % 2, is_known=True) for r in rows]
    halves = [replace(r, low=r.low // 2, high=r.high // 2) for r in known]
    assert truths(owned(by, who, known)) == truths(owned(half, who, halves))


@given(who=listed, rows=registers)
def test_look_through_is_the_inverse(who: dict[str, Truth], rows: list[Share]) -> None:
    """Against a dense solution, with what adds up to more than the whole scaled down, and loops nobody reaches open."""
    n = len(PARTIES)
    stake = np.zeros((n, n))
    for r in rows:
        if r.owned not in who:
            at = PARTIES.index(r.owner), PARTIES.index(r.owned)
            stake[at] = max(stake[at], r.high / WHOLE)
    stake /= np.maximum(1.0, stake.sum(axis=0))
    start = np.array([p in who for p in PARTIES])
    reached = np.linalg.matrix_power(np.eye(n) + (stake > 0), n)[start].sum(axis=0) > 0
    inner = np.where(np.outer(reached & ~start, reached & ~start), stake, 0.0)
    share = np.linalg.solve(np.eye(n) - inner.T, stake[start].sum(axis=0))
    expected = {p: share[i] for i, p in enumerate(PARTIES) if reached[i] and not start[i]}
    assert look_through(who, rows, "high") == pytest.approx(expected, abs=1e-9)


def test_look_through_takes_an_end_of_a_range() -> None:
    rows = shares("X>A 20-40, A>B ?, X>C ?")
    assert look_through("X", rows, "low") == {"A": pytest.approx(0.2)}
    assert look_through("X", rows) == pytest.approx({"A": 0.3, "B": 0.15, "C": 0.5})
    assert look_through("X", rows, "high") == pytest.approx({"A": 0.4, "B": 0.4, "C": 1.0})
    assert look_through("Q", rows) == {}
    assert look_through((), rows) == {}

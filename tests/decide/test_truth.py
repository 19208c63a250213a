"""Kleene's logic: its tables, and that knowing more never turns a decided answer."""

import itertools
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.decide.truth import FALSE, TRUE, UNKNOWN, Fact, Reason, Truth, all_of, any_of, truth

F, U, T = FALSE, UNKNOWN, TRUE
Combine = Callable[[str, Iterable[Reason]], Reason]


def leaf(value: Truth) -> Reason:
    """A step without anything below it."""
    return Reason(f"is {value.name}", value)


@pytest.mark.parametrize(
    ("a", "b", "both", "either"),
    [
        (F, F, F, F),
        (F, U, F, U),
        (F, T, F, T),
        (U, F, F, U),
        (U, U, U, U),
        (U, T, U, T),
        (T, F, F, T),
        (T, U, U, T),
        (T, T, T, T),
    ],
)
def test_tables(a: Truth, b: Truth, both: Truth, either: Truth) -> None:
    assert all_of("", [leaf(a), leaf(b)]).truth is both
    assert any_of("", [leaf(a), leaf(b)]).truth is either


def test_not() -> None:
    assert (~F, ~U, ~T) == (T, U, F)
    assert (~F) is T


def test_of_nothing() -> None:
    assert all_of("", []).truth is T
    assert any_of("", []).truth is F


def test_from_python() -> None:
    assert (truth(True), truth(False), truth(None)) == (T, F, U)


VALUES = st.sampled_from([F, U, T])


@given(values=st.lists(VALUES, max_size=6), settled=st.lists(st.booleans(), min_size=6, max_size=6))
@pytest.mark.parametrize("combine", [all_of, any_of])
def test_knowing_more_never_turns_a_decided_answer(combine: Combine, values: list[Truth], settled: list[bool]) -> None:
    before = combine("", map(leaf, values)).truth
    more = [truth(s) if v is U else v for v, s in zip(values, settled, strict=False)]
    after = combine("", map(leaf, more)).truth
    assert before is U or after is before
    if U not in more:
        assert after is not U


@given(values=st.lists(VALUES, min_size=1, max_size=5))
def test_de_morgan(values: list[Truth]) -> None:
    assert ~all_of("", map(leaf, values)).truth is any_of("", [leaf(~v) for v in values]).truth


@given(values=st.lists(VALUES, max_size=5))
def test_unknown_means_that_it_can_still_turn_out_both_ways(values: list[Truth]) -> None:
    """An answer is unknown exactly where filling in what is missing gives both answers."""
    for combine in (all_of, any_of):
        gaps = [i for i, v in enumerate(values) if v is U]
        ends = set()
        for fill in itertools.product((F, T), repeat=len(gaps)):
            filled = list(values)
            for i, v in zip(gaps, fill, strict=True):
                filled[i] = v
            ends.add(combine("", map(leaf, filled)).truth)
        answer = combine("", map(leaf, values)).truth
        assert (answer is U) == (len(ends) == 2)
        assert answer is U or ends == {answer}


def test_walking_a_tree() -> None:
    tree = all_of("top", [leaf(T), any_of("mid", [leaf(U), leaf(F)])])
    assert [r.text for r in tree.walk()] == ["top", "is TRUE", "mid", "is UNKNOWN", "is FALSE"]
    assert [r.text for r in tree.leaves()] == ["is TRUE", "is UNKNOWN", "is FALSE"]
    assert list(tree.unknowns()) == ["is UNKNOWN"]
    assert list(any_of("top", [leaf(T), leaf(U)]).unknowns()) == []  # nothing hangs on it


def test_a_fact_says_where_it_stands() -> None:
    assert str(Fact("links", "a>b:c", "links.csv", 7)) == "links a>b:c (links.csv, row 7)"

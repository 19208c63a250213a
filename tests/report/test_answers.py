"""Answers in words: two sentences with ranges, no figure where none is supported, no markup of a case."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl
import pytest

from detente.record import Case, load
from detente.relief.questions import Answered, answer, question
from detente.relief.uncertainty import UNSUPPORTED
from detente.relief.weigh import relief
from detente.report.answers import headline, tell
from detente.report.gains import in_words, signed, signed_span, told


@pytest.fixture(scope="module")
def lesson() -> Case:
    return load("chips-rare-earths")


@pytest.fixture(scope="module")
def truce(lesson: Case) -> Answered:
    return answer(lesson, "truce", draws=0)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.04, "0"), (1234.0, "+1.2 bn"), (-340.4, "-340 m"), (0.5, "+0.50 m")]
)
def test_a_gain_has_a_sign_and_two_figures(value: float, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-1100, 2000, "-1.1 to +2.0 bn"), (-340, 2000, "-340 m to +2.0 bn"), (0, 0, "0"), (0, 30, "0 to +30 m"),
     (1010, 1020, "+1.0 bn")],
)  # fmt: skip
def test_a_range_shares_its_unit(low: float, high: float, text: str) -> None:
    assert signed_span(low, high) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 0, "nothing"), (0.01, 0.04, "nothing"), (0, 1200, "up to USD 1.2 bn more"),
        (900, 1400, "USD 900 m to 1.4 bn more"), (-1400, -900, "USD 900 m to 1.4 bn less"),
        (-1400, 0, "up to USD 1.4 bn less"), (-1000, 2000, "USD 1.0 bn less to USD 2.0 bn more"),
        (1010, 1020, "USD 1.0 bn more"),
    ],
)  # fmt: skip
def test_a_gain_is_not_a_loss(low: float, high: float, text: str) -> None:
    assert in_words(low, high) == text


def test_a_figure_is_said_only_where_the_models_support_it() -> None:
    assert told(1000, 900, 1400, supported=True) == "USD 1.0 bn more (USD 900 m to 1.4 bn more)"
    assert told(1000, 100, 1400, supported=False) == "USD 100 m to 1.4 bn more"
    assert told(-1000, -1400, -900, supported=True) == "USD 1.0 bn less (USD 900 m to 1.4 bn less)"


def test_two_sentences_and_a_figure(truce: Answered) -> None:
    shown = tell(truce)
    first, second = shown.sentences
    assert first.startswith("On 15 July 2031 “Restore the licence of Arcturus for Canopus and Lift the suspension")
    assert all(label in first for label in ("Borea", "Merid", "Third countries"))
    assert first.endswith("(ranges over three models).") and second.endswith(".")
    assert len(shown.figure.data) == 2 * truce.table.height  # a bar and its range in words, a side each
    bars = [d for d in shown.figure.data if d.type == "bar"]
    scale = 1000 if "bn" in shown.figure.layout.xaxis.title.text else 1
    assert [b.x[0] * scale for b in bars] == pytest.approx(truce.table["gain_usd_m"].to_list())


def test_no_headline_where_models_differ(truce: Answered) -> None:
    agreeing = replace(truce, table=truce.table.with_columns(pl.lit(value=True).alias("is_supported")))
    apart = replace(truce, table=truce.table.with_columns(pl.lit(value=False).alias("is_supported")))
    assert UNSUPPORTED not in " ".join(tell(agreeing).sentences)
    assert f"for every side, so {UNSUPPORTED} there" in tell(apart).sentences[1]
    figure = re.search(r"Merid (USD [\d.]+ (?:bn|m) more \()", tell(agreeing).sentences[0])
    assert figure is not None and figure[1] not in tell(apart).sentences[0]


def test_what_the_law_refuses_is_not_passed_over(lesson: Case) -> None:
    asked = replace(question(lesson, "truce"), targets=("b-restore-accelerators", "b-defence", "m-blocking"))
    found = answer(lesson, asked, draws=0)
    assert len(found.refused) == 2
    assert "2 more proposals do not count, as by the law they free nothing here" in tell(found).sentences[1]


def test_prices_and_bargains_and_nobody_who_gains(lesson: Case) -> None:
    dear = tell(answer(lesson, "dearest", draws=0))
    assert "for a hundredth of data centres of Merid" in dear.sentences[1]
    search = relief(lesson, only=["b-tools", "m-suspend"], draws=0)
    both = tell(answer(lesson, "both-sides", draws=0, found=search))
    assert both.sentences[0] == headline(search)
    assert "Nash package of “" in headline(search) and "in output a year: Borea USD" in headline(search)
    nobody = tell(answer(lesson, "gainers", draws=0))
    assert nobody.sentences[0].startswith("Nobody gains from what is in force on 15 July 2031")
    assert not nobody.figure.data


def test_text_of_a_case_is_no_markup(truce: Answered) -> None:
    about = truce.case.about.model_copy(update={"sides": {"borea": "<b>Bo&\u202erea</b>", "merid": "M", "third": "T"}})
    shown = tell(replace(truce, case=replace(truce.case, about=about)))
    assert "<b>Bo" not in shown.figure.to_json().replace("\\u003c", "<")
    assert "\u202e" not in " ".join(shown.sentences)


def test_the_huawei_answers_read_as_told() -> None:
    case = load("huawei")
    first, second = tell(answer(case, "revocations", draws=0)).sentences
    assert "Restore Intel's licence" in first and "United States" in first
    assert "1 more proposal does not count" in second

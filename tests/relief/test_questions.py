"""Answers to the questions of a case agree with the models that they are read from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from detente.impact.costs import cost
from detente.record import Case, DetenteError, NotFound, load
from detente.relief.answer import gains, losses
from detente.relief.apply import apply
from detente.relief.proposals import proposals
from detente.relief.questions import answer, question, questions
from detente.relief.weigh import relief


@pytest.fixture(scope="module")
def lesson() -> Case:
    return load("chips-rare-earths")


def test_a_package_is_what_the_models_say_of_it(lesson: Case) -> None:
    asked = question(lesson, "truce")
    found = answer(lesson, asked, draws=4)
    there = apply(lesson, proposals(lesson, asked.targets), asked.as_of)
    now, then = losses(cost(lesson, asked.as_of)), losses(cost(there, asked.as_of))
    for r in found.table.iter_rows(named=True):
        told = gains(now, then, r["side"])
        assert {k: r[k if k != "flow" else "gain_usd_m"] for k in told} == pytest.approx(told)
        assert r["low"] <= min(*told.values(), r["p05"]) and r["high"] >= max(*told.values(), r["p95"])
    assert found.capability["capability"].to_list() == ["computing", "chip-making", "guided-drives"]
    assert (found.capability["after"] >= found.capability["before"]).all()
    assert len(found.taken) == 2 and found.refused == ()


def test_worlds_do_not_depend_on_who_runs_them_and_none_are_needed(lesson: Case) -> None:
    whole = answer(lesson, "truce", draws=4)
    with ThreadPoolExecutor(2) as pool:
        assert answer(lesson, "truce", draws=4, executor=pool).table.equals(whole.table)
    bare = answer(lesson, "truce", draws=0)
    assert bare.table["p50"].null_count() == 3 and bare.table["gain_usd_m"].equals(whole.table["gain_usd_m"])


def test_a_price_is_gain_for_a_hundredth_of_what_is_denied(lesson: Case) -> None:
    found = answer(lesson, "dearest", draws=0)
    ids = set(found.table["proposal"])
    assert ids and all(i.startswith("b-") for i in ids)  # only who wants it held back could license it
    assert {"b-defence"} == {p.id for p in proposals(lesson) if p.title in dict(found.refused)}
    priced = found.table.filter(pl.col("price_usd_m").is_not_null())
    assert priced.height and (priced["added"] >= 0.001).all()
    assert np.allclose(priced["price_usd_m"] * 100 * priced["added"], priced["gain_usd_m"])
    prices = found.table["price_usd_m"].to_list()
    free = [p for p in prices if p is None]
    assert prices[: len(free)] == free and prices[len(free) :] == sorted(prices[len(free) :], reverse=True)
    assert not any("@25" in i or "@50" in i for i in ids)  # each in its largest mode


def test_a_bargain_is_read_from_a_search(lesson: Case) -> None:
    search = relief(lesson, only=["b-tools", "m-suspend"], draws=0)
    found = answer(lesson, "both-sides", draws=0, found=search)
    assert found.relief is search
    assert found.table.equals(search.packages().filter(pl.col("package") > 0))
    own = answer(lesson, replace(question(lesson, "both-sides"), targets=("b-tools", "m-suspend")), draws=0)
    assert own.table.select("why", "proposals").equals(found.table.select("why", "proposals"))


def test_who_gains_is_who_makes_more_than_without_the_measures(huawei: Case) -> None:
    found = answer(huawei, "gainers", draws=2)
    gained = cost(huawei, "2021-01-20").gains("unit")
    assert found.table["unit"].to_list() == gained["unit"].to_list()
    assert found.table["gain_usd_m"].to_list() == gained["gained_usd_m"].to_list()
    assert {"apple-iphone", "samsung-phones"} & set(found.table["unit"].head(4))
    assert (found.table["low"] <= found.table["high"]).all()


def test_a_what_if_is_the_case_with_the_overlay(huawei: Case) -> None:
    found = answer(huawei, "honor-sale", draws=2)
    now, then = losses(cost(huawei, "2021-01-20")), losses(cost(load("huawei", overlays=["honor-kept"]), "2021-01-20"))
    for r in found.table.iter_rows(named=True):
        assert r["gain_usd_m"] == pytest.approx(gains(now, then, r["side"])["flow"])
        assert r["gain_usd_m"] < 0  # with Honor kept its suppliers and its owner lose its phones


def test_questions_of_what_is_not_yet_known_are_left_out() -> None:
    early = load("huawei", as_known="2021-01-17")
    assert [q.id for q in questions(early)] == ["revocations", "honor-sale"]
    assert [q.id for q in questions(load("huawei"))] == [
        "revocations", "dearest-licences", "p-mate-sale", "honor-sale", "both-sides", "gainers",
    ]  # fmt: skip


def test_what_is_not_there_is_told(lesson: Case) -> None:
    with pytest.raises(NotFound, match=r"no question 'gainer'. Did you mean"):
        answer(lesson, "gainer")
    with pytest.raises(DetenteError, match="truce: the law can grant none of these proposals on 2031-07-15"):
        answer(lesson, replace(question(lesson, "truce"), targets=("b-defence",)))

"""Verdicts of all links over time: spans without gap or overlap, links that come and go, links that are alike."""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest

from cases import FILES, LISTED, limb, measure
from detente.decide import permits, verdict
from detente.decide.verdict import STATES
from detente.record import Case, DetenteError

Made = Callable[..., Case]
A, N, OVA = "acme>vell:chip", "norr>vell:chip", "acme>ova:chip"
FIRST, LAST = "2020-05-01", "2020-05-31"

COMES_AND_GOES = """
    id,      seller, buyer, value_usd_m, end_use,    since,      through
    always,  acme,   vell,  1,           production, ,
    from,    acme,   vell,  1,           production, 2020-05-10,
    until,   acme,   vell,  1,           production, ,           2020-05-20
    within,  acme,   vell,  1,           production, 2020-05-10, 2020-05-20
    day,     acme,   vell,  1,           production, 2020-05-15, 2020-05-15
    first,   acme,   vell,  1,           production, 2020-05-01, 2020-05-01
    last,    acme,   vell,  1,           production, 2020-05-31, 2020-05-31
    past,    acme,   vell,  1,           production, ,           2020-04-30
    future,  acme,   vell,  1,           production, 2020-06-01,
    around,  acme,   vell,  1,           production, 2020-04-01, 2020-06-30
    """


def covered(case: Case, first: str = FIRST, last: str = LAST) -> None:
    """Each link's spans follow each other from the first day to the last."""
    found = permits(case, first, last)
    a, b = dt.date.fromisoformat(first).toordinal(), dt.date.fromisoformat(last).toordinal() + 1
    assert found.links == tuple(case["links"]["id"])
    for i in range(len(found.links)):
        k = np.flatnonzero(found.link == i)
        assert found.since[k[0]] == a
        assert found.until[k[-1]] == b
        assert (found.since[k[1:]] == found.until[k[:-1]]).all()
        assert (found.since[k] < found.until[k]).all()
    assert (np.diff(found.link) >= 0).all()


def test_spans_cover_the_asked_days(made: Made) -> None:
    case = made({"links.csv": COMES_AND_GOES, "measures/order.toml": measure(limb("list", LISTED, since="2020-05-12"))})
    covered(case)
    covered(case, "2020-05-15", "2020-05-15")
    covered(case, "2020-04-01", "2020-07-31")


def test_links_are_absent_outside_their_own_days(made: Made) -> None:
    case = made({"links.csv": COMES_AND_GOES, "measures/order.toml": measure(limb("list", LISTED, since="2020-05-12"))})
    found = permits(case, FIRST, LAST)
    spans = {
        "always": ["05-01 05-11 open", "05-12 05-31 closed"],
        "from": ["05-01 05-09 absent", "05-10 05-11 open", "05-12 05-31 closed"],
        "until": ["05-01 05-11 open", "05-12 05-20 closed", "05-21 05-31 absent"],
        "within": ["05-01 05-09 absent", "05-10 05-11 open", "05-12 05-20 closed", "05-21 05-31 absent"],
        "day": ["05-01 05-14 absent", "05-15 05-15 closed", "05-16 05-31 absent"],
        "first": ["05-01 05-01 open", "05-02 05-31 absent"],
        "last": ["05-01 05-30 absent", "05-31 05-31 closed"],
        "past": ["05-01 05-31 absent"],
        "future": ["05-01 05-31 absent"],
        "around": ["05-01 05-11 open", "05-12 05-31 closed"],
    }
    rows = found.frame().iter_rows(named=True)
    said: dict[str, list[str]] = {}
    for r in rows:
        said.setdefault(r["link"], []).append(f"{r['since']:%m-%d} {r['through']:%m-%d} {r['state']}")
    assert said == spans
    day = found.on("2020-05-15")
    assert {k: STATES[s] for k, s in zip(day.links, day.state, strict=True)} == {
        "always": "closed", "from": "closed", "until": "closed", "within": "closed", "day": "closed", "first": "absent",
        "last": "absent", "past": "absent", "future": "absent", "around": "closed",
    }  # fmt: skip
    assert [v is None for v in day.verdict] == [s == STATES.index("absent") for s in day.state]
    assert found.verdict_on("past", "2020-05-15") is None
    assert (day.allowed[day.state == STATES.index("absent")] == 1.0).all()


def test_links_that_the_law_cannot_tell_apart_share_a_decision_and_keep_their_name(made: Made) -> None:
    case = made({
        "+units.csv": "id, name, party, item, variant, country, output_usd_m\n"
        "acme2, A2, acme, chip, acme-chip, US, 900\n",
        "+links.csv": "id, seller, buyer, value_usd_m, end_use\ntwin, acme2, vell, 5, production\n"
        "other, acme2, vell, 5, testing\n",
    })  # fmt: skip
    found = permits(case, FIRST, LAST)
    span = {found.links[i]: v for i, v in zip(found.link.tolist(), found.verdict.tolist(), strict=True)}
    assert span[A] == span["twin"] != span["other"]
    assert [found.verdict_on(k, FIRST).sale for k in (A, "twin", "other")] == [A, "twin", "other"]  # type: ignore[union-attr]
    assert [v.sale for v in found.on(FIRST).verdict if v is not None] == list(found.links)


@pytest.mark.parametrize("about", ["twin", "acme2", "vell2"])
def test_a_finding_about_one_of_them_tells_them_apart(made: Made, about: str) -> None:
    case = made({
        "+units.csv": "id, name, party, item, variant, country, output_usd_m\n"
        "acme2, A2, acme, chip, acme-chip, US, 900\n"
        "vell2, V2, vell, phone, , CN, 900\n",
        "+links.csv": "id, seller, buyer, value_usd_m, end_use\ntwin, acme2, vell2, 5, production\n",
        "measures/order.toml": measure(limb("list", 'knowledge = "knowledge"')),
        "findings.csv": f"id, about, fact, value, since\nf, {about}, knowledge, no, 2020-05-10\n",
    })  # fmt: skip
    found = permits(case, FIRST, LAST)
    said = [found.verdict_on(k, d).outcome for k in (A, "twin") for d in (FIRST, LAST)]  # type: ignore[union-attr]
    assert said == ["needs_facts", "needs_facts", "needs_facts", "not_subject"]


def test_days_on_which_something_starts(made: Made) -> None:
    case = made({"measures/order.toml": measure(limb("list", LISTED, since="2020-05-12"))})
    assert permits(case, FIRST, LAST).days() == (dt.date(2020, 5, 1), dt.date(2020, 5, 12))


def test_shares_of_a_part_licence(made: Made) -> None:
    case = made({
        "licences.csv": "id, authority, holder, kind, consignees, overcomes\nlic, M, acme, individual, vell, list\n",
        "licence_lines.csv": "id, licence, line, item, covers, covers_low, covers_high\n"
        "x, lic, 1, chip, 0.4, 0.2, 0.7\n",
        "licence_events.csv": "id, licence, date, event\ne, lic, 2020-05-12, granted\n",
    })  # fmt: skip
    found = permits(case, FIRST, LAST)
    k = found.link == found.links.index(A)
    assert found.allowed[k].tolist() == [0.0, 0.4]
    assert (found.low[k].tolist(), found.high[k].tolist()) == ([0.0, 0.2], [0.0, 0.7])
    assert [STATES[s] for s in found.state[k]] == ["closed", "capped"]
    row = found.frame().filter(link=A, outcome="covered_by_licence").row(0, named=True)
    assert (row["licences"], row["limbs"], row["allowed"]) == (["lic"], ["list"], 0.4)


def test_an_empty_span_and_a_day_outside(made: Made) -> None:
    case = made()
    with pytest.raises(DetenteError, match="is before since"):
        permits(case, "2020-05-02", "2020-05-01")
    found = permits(case, FIRST, LAST)
    for day in ("2020-04-30", "2020-06-01"):
        with pytest.raises(DetenteError, match="is outside these permits"):
            found.on(day)


def test_a_case_without_links(made: Made) -> None:
    found = permits(made({"links.csv": "id, seller, buyer, value_usd_m, end_use\n"}), FIRST, LAST)
    assert found.links == ()
    assert found.frame().height == found.link.size == 0


def test_the_order_of_links_does_not_matter(made: Made) -> None:
    head, *rows = FILES["links.csv"].strip().splitlines()
    one = permits(made(), "2020-02-01", LAST).frame()
    two = permits(made({"links.csv": "\n".join([head, *reversed(rows)])}), "2020-02-01", LAST).frame()
    assert one["link"].to_list() != two["link"].to_list()
    assert one.sort("link", "since").equals(two.sort("link", "since"))


def test_a_verdict_stands_for_every_day_of_its_span(made: Made) -> None:
    case = made()
    found = permits(case, "2020-03-01", "2020-03-05")
    for day in range(1, 6):
        when = f"2020-03-{day:02}"
        for link in found.links:
            assert found.verdict_on(link, when).outcome == verdict(case, link, when).outcome  # type: ignore[union-attr]

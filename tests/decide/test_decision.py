"""The decision record: plain values, whole, with every source, and what would release a sale that is held."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cases import LISTED, ask, limb, measure
from detente.decide import Verdict, verdict
from detente.decide.decision import citations, decision, ways_out
from detente.decide.facts import facts_of
from detente.decide.sale import get_sale
from detente.record import Case

Made = Callable[..., Case]
A, N, OVA = "acme>vell:chip", "norr>vell:chip", "acme>ova:chip"
DAY = "2020-05-01"

SOURCES = """
    id,    title,           publisher, locator, published,  rank,      url
    law,   Order 1 of 2020, Ministry,  § 1,     2020-03-01, primary,   https://example.org/law
    press, A newspaper,     Herald,    ,        2020-03-03, press,
    list,  The list,        Ministry,  No. 7,   2020-03-02, primary,
    chart, The chart,       Ministry,  ,        2020-01-01, primary,
    tol,   Tolerances,      Ministry,  § 11,    2013-10-15, primary,
    free,  General licence, Ministry,  ,        2020-04-01, primary,
    lic,   A licence,       Ministry,  ,        2020-04-01, primary,
    own,   Fifty per cent,  Ministry,  ,        2014-08-13, official_guidance,
    reg,   Register,        Court,     ,        2020-01-01, secondary,
    none,  Nobody's,        Nobody,    ,        2020-01-01, press,
    """


def law(*limbs: str) -> dict[str, str]:
    """A case's files with one measure of these limbs."""
    return {"measures/order.toml": measure(*limbs)}


def record(case: Case, sale: str = A, day: str = DAY) -> dict[str, Any]:
    """The decision record of a sale as a program reads it back."""
    v = ask(case, sale, day)
    text = json.dumps(decision(case, v, get_sale(case, facts_of(case), sale)), default=str, allow_nan=False)
    found: dict[str, Any] = json.loads(text)
    return found


def nodes(reasons: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step of the reasons."""
    yield reasons
    for inner in reasons.get("because", ()):
        yield from nodes(inner)


# ---------------------------------------------------------------- whole


def test_the_record_says_everything(made: Made) -> None:
    case = made({
        **law(limb("list", LISTED + '\nnot_expressed = ["that it is new"]')),
        "orders.csv": f"""
            id, link, value_usd_m, quantity, intermediate_consignee, via, end_user, destination, end_use, act
            o,  {A},  1.5,         12,       norr,                   KR,  ova,      HK,          repair,  export
            """,
    })  # fmt: skip
    found = record(case, "o")
    expected = {
        "sale": "o", "as_of": DAY, "as_known": None, "overlays": [], "outcome": "licence_required", "otherwise": None,
        "state": "closed", "review": "presumption_of_denial",
    }  # fmt: skip
    assert {k: found[k] for k in expected} == expected
    assert (found["allowed"], found["allowed_low"], found["allowed_high"]) == (0, 0, 0)
    assert found["record"] == case.digest
    assert found["limbs"] == ["list"]
    assert found["notes"] == ["list: that it is new"]
    assert "not legal advice" in found["note"]
    assert found["headline"] == "A licence is required and none covers it."
    assert found["asked"] == {
        "seller": "Acme Corp", "purchaser": "Vell Ltd", "intermediate_consignees": ["Norr AG"],
        "ultimate_consignee": "Vell Ltd", "end_user": "Ova Phones", "item": "Chips", "variant": "acme-chip",
        "destination": "HK", "via": ["KR"], "end_use": ["repair"], "act": "export", "value_usd_m": 1.5, "quantity": 12,
        "events": {},
    }  # fmt: skip
    assert found["reasons"]["truth"] == "true"
    facts = {(f["file"], f["row"], f["id"]) for n in nodes(found["reasons"]) for f in n.get("facts", ())}
    assert {("listings.csv", 2, "l-vell"), ("orders.csv", 2, "o")} <= facts


def test_what_was_known_and_supposed_is_on_it(made: Made) -> None:
    more = {"overlays/what/sources.csv": "id, title, publisher, rank\nx, X, X, press\n"}
    case = made({**law(limb("list", LISTED)), **more}, as_known="2020-05-15", overlays=("what",))
    found = record(case)
    assert (found["as_known"], found["overlays"], found["as_of"]) == ("2020-05-15", ["what"], DAY)


def test_the_tree_is_that_of_the_verdict(made: Made) -> None:
    case = made(law(limb("list", LISTED), limb("free", 'defeats = ["list"]\nend_use = ["repair"]', effect="authorise")))
    v = ask(case, A, DAY)
    mine = [(n["text"], n["truth"]) for n in nodes(record(case)["reasons"])]
    assert mine == [(r.text, r.truth.name.lower()) for r in v.reason.walk()]
    assert len(mine) > 5


def test_the_same_question_has_the_same_record(made: Made) -> None:
    files = law(limb("list", LISTED))
    assert json.dumps(record(made(files))) == json.dumps(record(made(files)))


# ---------------------------------------------------------------- sources

BOOK = {
    "sources.csv": SOURCES,
    "listings.csv": """
        id,     list,      party, as_listed, requirement, review,                since,      source
        l-vell, home-list, vell,  VELL LTD.,  all goods,   presumption_of_denial, 2020-03-02, list
        l-boss, home-list, boss,  BOSS,       all goods,   denial,                2020-03-02, list
        """,
    "+parties.csv": "id, name, kind, side, country\nboss, Boss, firm, target, CN\n",
    "stakes.csv": "id, owner, owned, share, source\ns, boss, ova, 0.5, reg\n",
    "variants.csv": """
        id,        item, maker, origin, codes,    source
        acme-chip, chip, acme,  US,     home:3A1, press
        norr-chip, chip, norr,  KR,     none,     press
        """,
    "codes.csv": "id, code, reason, source\nc, home:3A1, NS 2, chart\n",
    "chart.csv": "id, regime, country, reasons, source\nk, home, CN, NS 2, chart\nj, home, JP, none, chart\n",
    "licences.csv": "id, authority, holder, kind, consignees, overcomes, source\n"
    "lic, M, acme, individual, vell, list, lic\n",
    "licence_lines.csv": "id, licence, line, item, value_usd_m, source\nx, lic, 1, chip, 10, lic\n",
    "licence_events.csv": "id, licence, date, event, source\ne, lic, 2020-04-01, granted, lic\n",
    "documents.csv": f"id, about, kind, source\nd, {A}, certificate, free\n",
    "orders.csv": f"id, link, value_usd_m, source\no, {A}, 10.5, press\n",
}
OWNERSHIP = """
[[ownership_rules]]
id = "half"
text = "Half or more."
lists = ["home-list"]
op = ">="
pct = 50
aggregate = true
chain = "step"
in_force = [{since = 2014-08-13, recorded = 2014-08-13}]
sources = ["own"]
"""
TOLERANCE = """
[[licence_rules]]
id = "ten"
text = "Ten per cent."
value_pct = 10
in_force = [{since = 2013-10-15, recorded = 2013-10-15}]
sources = ["tol"]
"""
RULES = (
    limb("list", 'parties = {listed_on = "home-list", ownership = "half"}'),
    limb("chart", "chart_applies = true"),
    limb("free", 'defeats = ["chart"]\nduties = [{kind = "certificate", on_file = true}]', effect="authorise"),
    OWNERSHIP,
    TOLERANCE,
)


def test_every_source_of_the_reasons_is_cited(made: Made) -> None:
    """Of rules and of rows of every table that an answer rests on; and no source beside."""
    case = made({**law(*RULES), **BOOK})
    for sale in (A, N, OVA, "o"):
        for day in ("2020-03-01", "2020-03-31", DAY):
            v = ask(case, sale, day)
            used = {s for r in v.reason.walk() for s in r.sources}
            cited = record(case, sale, day)["citations"]
            assert [c["id"] for c in cited] == sorted(used)
            assert "none" not in used
    wanted = {"o": {"law", "list", "press", "chart", "lic", "tol", "free"}, OVA: {"law", "list", "own", "reg", "chart"}}
    for sale, sources in wanted.items():
        assert sources <= {c["id"] for c in record(case, sale)["citations"]}, sale
    assert record(case, "o")["outcome"] == "covered_by_licence"
    assert record(case, "o")["draws"] == [{"licence": "lic", "line": 1}]


def test_a_source_is_given_in_full(made: Made) -> None:
    case = made({**law(*RULES), **BOOK})
    found = {c["id"]: c for c in citations(case, ask(case, A, DAY))}
    assert found["law"] == {
        "id": "law", "title": "Order 1 of 2020", "locator": "§ 1", "publisher": "Ministry",
        "published": dt.date(2020, 3, 1), "rank": "primary", "url": "https://example.org/law",
    }  # fmt: skip


# ---------------------------------------------------------------- what would release it


def ways(v: Verdict) -> str:
    """What would release a sale, a line each."""
    return "\n".join(ways_out(v))


def test_a_sale_that_is_free_needs_nothing(made: Made) -> None:
    case = made({**law(*RULES), **BOOK})
    for sale, day in ((A, "2020-03-01"), ("o", DAY), (A, DAY)):
        v = ask(case, sale, day)
        assert v.state == "open"
        assert ways_out(v) == ()


def test_a_sale_that_needs_a_licence(made: Made) -> None:
    free = limb("free", 'defeats = ["list"]\nend_use = ["repair"]', effect="authorise")
    case = made(law(limb("list", LISTED), limb("two", 'places = {to = ["CN"]}'), free))
    assert ways_out(ask(case, A, DAY)) == (
        "list: free, which lacks: end use repair: production",
        "list: a new licence (no licence against list is recorded for the seller)",
        "two: a new licence (no licence against two is recorded for the seller)",
    )


def test_a_licence_that_nearly_covers_it(made: Made) -> None:
    """One condition short is a way out, with what it lacks; two short, or over for good, is about something else."""
    names = ("use", "far", "old")
    case = made({
        **law(limb("list", LISTED)),
        "licences.csv": """
            id,  authority, holder, kind,       consignees, overcomes, end_uses, through
            use, M,         acme,   individual, vell,       list,      repair,
            far, M,         acme,   individual, ova,        list,      repair,
            old, M,         acme,   individual, vell,       list,      ,         2020-04-30
            """,
        "licence_lines.csv": "id, licence, line, item\n" + "".join(f"x-{n}, {n}, 1, chip\n" for n in names),
        "licence_events.csv": "id, licence, date, event\n"
        + "".join(f"e-{n}, {n}, 2020-04-01, granted\n" for n in names),
    })  # fmt: skip
    assert ways_out(ask(case, A, DAY)) == ("list: licence use (M), which lacks: covers the use: production",)


def test_a_sale_of_which_something_is_not_known(made: Made) -> None:
    dark = limb("dark", 'knowledge = "knowledge"\nend_use = ["testing"]')
    case = made({
        **law(dark), "links.csv": "id, seller, buyer, value_usd_m, end_use\nk, acme, vell, 1, none\n",
    })  # fmt: skip
    v = ask(case, "k", DAY)
    assert v.outcome == "needs_facts"
    assert len(v.needs) == 2
    first, *rest = ways_out(v)
    assert first == f"dark: it does not apply if one of these is found to be otherwise: {'; '.join(v.needs)}"
    assert rest == ["dark: a new licence (no licence against dark is recorded for the seller)"]
    many = limb("many", 'end_use = ["a", "b", "c", "d", "e"]\nknowledge = "informed"')
    case = made({**law(many), "links.csv": "id, seller, buyer, value_usd_m, end_use\nk, acme, vell, 1, none\n"})
    assert "; and 3 more" in ways_out(ask(case, "k", DAY))[0]


def test_a_sale_that_is_prohibited(made: Made) -> None:
    """No licence is offered against a prohibition; what would lift it is, and the rest of the rules beside it."""
    ban = limb("ban", LISTED, effect="prohibit")
    over = "nothing recorded overcomes it; it must end, or no longer mean these parties"
    assert ways_out(ask(made(law(ban)), A, DAY)) == (f"ban: {over}",)
    assert ways_out(ask(made(law(limb("list", LISTED + "\novercome_by = []"))), A, DAY)) == (f"list: {over}",)
    free = limb("free", 'defeats = ["ban"]\nend_use = ["repair"]', effect="authorise")
    both = ways_out(ask(made(law(ban, limb("list", LISTED), free)), A, DAY))
    assert set(both) == {
        "ban: free, which lacks: end use repair: production",
        "list: a new licence (no licence against list is recorded for the seller)",
    }
    assert "new licence" not in ways(ask(made(law(ban, free)), A, DAY))


def test_a_paper_that_would_release_it(made: Made) -> None:
    paper = limb("list", LISTED + '\novercome_by = ["statement"]')
    assert ways(ask(made(law(paper)), A, DAY)) == f"list: statement (a statement about {A})"
    gone = made({**law(paper), "documents.csv": f"id, about, kind, value\nd, {A}, statement, no\n"})
    assert ways(ask(gone, A, DAY)) == "list: statement: known not to be on file; it must be got first"


@pytest.mark.parametrize("full", [True, False])
def test_what_would_release_it_does_not_depend_on_how_much_is_shown(made: Made, full: bool) -> None:
    case = made({**law(*RULES), **BOOK})
    assert ways_out(verdict(case, OVA, DAY, full=full)) == ways_out(ask(case, OVA, DAY)) != ()

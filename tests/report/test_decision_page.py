"""A verdict as a page to keep on file: it stands alone, runs nothing, escapes everything, and is the same each time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cases import FILES, LISTED, limb, make_case, measure
from detente.decide import order_book, verdict
from detente.decide.facts import facts_of
from detente.decide.sale import get_sale
from detente.record import Case, DetenteError, load
from detente.report.decision_page import decision_page, write_decisions
from report.invented import HOSTILE, build
from report.test_page import LOADING, Page

A, N, OVA = "acme>vell:chip", "norr>vell:chip", "acme>ova:chip"
DAY = "2020-05-01"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
TURNED = "\u202egnitirw\u200b\ufeff\u2066"  # signs that turn text around or cannot be seen


def page_of(case: Case, *sales: str, day: str = DAY) -> str:
    """The page about some sales."""
    facts = facts_of(case)
    return decision_page(
        case, tuple(verdict(case, s, day) for s in sales), tuple(get_sale(case, facts, s) for s in sales)
    )


@pytest.fixture
def small(tmp_path: Path) -> Case:
    """A listed buyer, a general licence that needs a paper, a licence, and an order."""
    free = limb("free", 'defeats = ["two"]\nend_use = ["repair"]', effect="authorise")
    dark = limb("two", 'knowledge = "knowledge"\nparties = {names = ["ova"], roles = ["purchaser"]}')
    rules = measure(limb("list", LISTED + '\nnot_expressed = ["whether it is new"]'), dark, free)
    return load(make_case(tmp_path, {
        "measures/order.toml": rules,
        "sources.csv": """
            id,    title,                   publisher, locator, published,  rank,    url
            law,   Order 1 of 2020,         Ministry,  § 1,     2020-03-01, primary, https://example.org/law
            press, A newspaper of the time, Herald,    p. 7,    2020-03-03, press,   https://example.org/press
            """,
        "listings.csv": """
            id,     list,      party, as_listed, requirement, review,                since,      source
            l-vell, home-list, vell,  VELL LTD.,  all goods,   presumption_of_denial, 2020-03-02, press
            """,
        "licences.csv": "id, authority, holder, kind, consignees, overcomes, end_users\n"
        "lic, M, norr, individual, vell, list, ova\n",
        "licence_lines.csv": "id, licence, line, item, value_usd_m\nx, lic, 1, chip, 5\n",
        "licence_events.csv": "id, licence, date, event\ne, lic, 2020-04-01, granted\n",
        "orders.csv": f"id, link, value_usd_m, end_user\npo-7, {N}, 4, ova\n",
    }), as_known="2020-12-01")  # fmt: skip


def test_it_says_everything_that_is_needed_later(small: Case) -> None:
    held = Page(page_of(small, A))
    assert held.open == []
    assert held.all("html")[0]["lang"] == "en"
    for word in (
        A, "Vell and its suppliers", "A licence is required and none covers it.", "Acme Corp", "Vell Ltd", "CN",
        "Chips", "acme-chip", "licence required", "2020-05-01", "2020-12-01", "presumption of denial", small.digest,
        "list: a new licence", "list: whether it is new", "For analysis; not legal advice.",
    ):  # fmt: skip
        assert word in held.text, word
    dark = Page(page_of(small, OVA)).text
    assert "Facts still needed" not in dark  # Ova is its own customer: the seller knows
    assert "two: free, which lacks: end use repair: production" in dark
    covered = Page(page_of(small, "po-7"))
    assert "Draws on lic, line 1" in covered.text
    assert "used by Ova Phones" in covered.text
    assert "It would be released by" not in covered.text


def test_it_shows_what_is_missing_and_what_is_not_certain(tmp_path: Path) -> None:
    windows = '[{since = 2020-03-02, recorded = 2020-01-01, certainty = "scheduled"}]'
    dark = limb("dark", 'knowledge = "informed"', windows=windows)
    case = load(make_case(tmp_path, {"measures/order.toml": measure(dark)}))
    text = Page(page_of(case, A)).text
    assert f"Facts still needed the seller was informed (a finding 'informed' about {A})" in text
    assert "needs facts; without the rules that are not certain: not subject" in text
    assert "everything recorded" in text  # as known on


def test_sources_and_rows_are_shown(small: Case) -> None:
    found = Page(page_of(small, A))
    for word in ("Order 1 of 2020", "Ministry", "§ 1", "2020-03-01", "primary", "https://example.org/law",
                 "A newspaper of the time", "Herald", "p. 7", "https://example.org/press"):  # fmt: skip
        assert word in found.text, word
    assert "listings.csv row 2, press" in found.text
    assert "press" not in [w.strip() for w in Page(page_of(small, OVA)).words]  # which does not rest on it
    assert len(found.all("tr")) == 3  # a heading and two sources


def test_it_loads_nothing_and_runs_nothing(small: Case) -> None:
    text = page_of(small, A, OVA, "po-7")
    found = Page(text)
    policies = [a["content"] for a in found.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [POLICY]
    head = text.index("Content-Security-Policy")
    assert head < text.index("<style>") < text.index("<body>")  # before anything it has a say over
    for tag, attrs in found.tags:
        assert tag not in {"script", "link", "base", "img", "iframe", "object", "embed", "form", "svg", "a"}, tag
        for name, value in attrs.items():
            assert name not in LOADING, f"<{tag} {name}={value!r}> loads something"
            assert not name.startswith("on"), f"<{tag} {name}>"
            assert name != "style"
    (style,) = found.raw["style"]
    assert not re.search(r"@import|url\(|expression|http", style)


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    hostile = HOSTILE + "'onload='x' {{ 7*7 }} {% raw %}" + TURNED
    case = build(tmp_path / "vell", hostile=hostile)
    sales = ("acme>vell-phone:rf", "norr>vell-base:soc", "quill>vell-base:soc")
    for day in ("2020-06-01", "2020-12-31"):
        text = page_of(case, *sales, day=day)
        found = Page(text)
        assert found.open == []
        assert found.comments == []
        assert {t for t, _ in found.tags} <= {
            "html", "head", "meta", "title", "style", "body", "section", "h1", "h2", "div", "dl", "dt", "dd", "ul",
            "li", "details", "summary", "b", "span", "table", "thead", "tbody", "tr", "th", "td", "p", "br",
        }  # fmt: skip
        assert "<img" not in text and "</script>" not in text and "<!--" not in text
        assert found.text.count("<img src=x onerror=alert(1)></script><!--") > 10
        assert "&amp;amp;" in text  # what looks like an entity is text too
        assert "{{ 7*7 }}" in found.text and "49" not in re.findall(r"\b49\b", found.text)
        assert not [c for c in text if c in "\u2028\u2029" + TURNED.replace("gnitirw", "")]
        assert "gnitirw" in text  # only the signs go, not the words
        assert "acme>vell-phone:rf" in found.text and "acme>vell-phone:rf" not in text


def test_quotes_in_names_stay_in_their_text(tmp_path: Path) -> None:
    name = '" class="x" onmouseover="alert(1)'
    cell = name.replace('"', '""')
    case = load(make_case(tmp_path, {
        "parties.csv": FILES["parties.csv"].replace("Vell Ltd,", f'"Vell {cell}",'),
        "items.csv": FILES["items.csv"].replace("Chips,", f'"Chips {cell}",'),
    }))  # fmt: skip
    found = Page(page_of(case, A))
    assert found.open == []
    known = {"lang", "charset", "name", "content", "http-equiv", "class", "open"}
    assert {n for _, attrs in found.tags for n in attrs} == known
    assert found.text.count(f"Vell {name}") == 2  # whom it goes to, and who is listed
    assert f"Chips {name}" in found.text


def test_the_same_question_makes_the_same_page_to_the_byte(small: Case, tmp_path: Path) -> None:
    first = page_of(small, A, OVA, "po-7")
    again = load(small.folder, as_known="2020-12-01")
    assert page_of(again, A, OVA, "po-7") == first
    assert page_of(again, A, OVA, "po-7", day="2020-05-02") != first
    facts = facts_of(small)
    v, s = verdict(small, A, DAY), get_sale(small, facts, A)
    for name in ("a.html", "b.html"):
        write_decisions(small, (v,), (s,), tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert one == two == page_of(small, A).encode()
    assert b"\r" not in one


def test_several_sales_on_one_page(small: Case) -> None:
    one, three = Page(page_of(small, A)), Page(page_of(small, A, OVA, "po-7"))
    assert len(one.all("section")) == 1
    assert len(three.all("section")) == len(three.all("h1")) == 3
    assert one.text.startswith(f"{A}: Vell and its suppliers")  # the title
    assert three.text.startswith("3 sales: Vell and its suppliers")
    assert three.text.count("For analysis; not legal advice.") == 3


def test_a_line_of_a_book_is_shown_as_it_was_decided(small: Case) -> None:
    """After the lines before its turn: the second finds no room."""
    lines = small["orders"]
    more = lines.with_columns(id=lines["id"] + "-b", value_usd_m=lines["value_usd_m"] / 2)
    book = order_book(small, DAY, lines.vstack(more))
    text = Page(decision_page(small, (book.verdict("po-7-b"),), (book.sale("po-7-b"),))).text
    assert "would exceed its value: USD 6,000,000 of USD 5,000,000" in text
    assert "A licence is required and none covers it." in text


def test_the_file_appears_whole_or_not_at_all(small: Case, tmp_path: Path) -> None:
    v, s = verdict(small, A, DAY), get_sale(small, facts_of(small), A)
    with pytest.raises(DetenteError, match="no folder"):
        write_decisions(small, (v,), (s,), tmp_path / "nowhere" / "why.html")
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(ValueError, match="zip"):
        write_decisions(small, (v,), (s, s), folder / "why.html")
    assert list(folder.iterdir()) == []
    (folder / "why.html").write_text("before", encoding="utf-8")
    with pytest.raises(ValueError, match="zip"):
        write_decisions(small, (v,), (), folder / "why.html")
    assert [(p.name, p.read_text(encoding="utf-8")) for p in folder.iterdir()] == [("why.html", "before")]

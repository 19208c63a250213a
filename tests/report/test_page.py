"""The page: it stands alone, says everything, escapes everything, and is the same each time."""

from __future__ import annotations

import datetime as dt
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from detente.record import Case, DetenteError, load
from detente.report import page as page_module
from detente.report.page import in_script, page, report
from report.invented import HOSTILE, build, write

LOADING = {"src", "srcset", "href", "action", "data", "poster", "background", "ping", "formaction"}
VOID = {"meta", "br", "img", "link", "input", "hr", "base", "source", "embed"}


class Page(HTMLParser):
    """A page taken apart: tags with attributes, texts of scripts and styles, whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self.comments: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]][-1] += data
        else:
            self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [s for v in value.values() for s in strings(v)]
    return [s for v in value for s in strings(v)] if isinstance(value, list) else []


def charts(parsed: Page) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(parsed.raw["script"][1])
    return found


def test_says_everything_in_order(case: Case) -> None:
    parsed = Page(page(case))
    assert parsed.open == []
    assert len(parsed.all("h1")) == 1
    assert parsed.all("html")[0]["lang"] == "en"
    heads = re.findall(
        r"\d (When each sale|What is open|What it costs|The facts behind|Measures and limbs)", parsed.text
    )
    assert heads == ["When each sale", "What is open", "What it costs", "The facts behind", "Measures and limbs"]
    for word in (
        "Vell and its suppliers", "as of", "everything recorded", case.digest[:12], "for analysis, not legal advice",
        "Lost output is not welfare", "Nothing is redesigned", "Acme Works", "union-list", "lic-1", "suspended",
        "A licence is needed for home goods", "whether software updates are goods", "§ 1",
    ):  # fmt: skip
        assert word.lower() in parsed.text.lower(), word
    assert set(charts(parsed)) == {"timeline", "flow", "sides", "waterfall", "firms", "path"}
    assert {a["data-chart"] for a in parsed.all("div") if "data-chart" in a} == set(charts(parsed))
    ids = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in parsed.all("a") if (a["href"] or "").startswith("#")} <= set(ids)  # type: ignore[index]


def test_answer_on_top_is_that_of_the_day(case: Case) -> None:
    before, after = Page(page(case, as_of="2020-05-14")).text, Page(page(case)).text
    assert "On 14 May 2020, of about USD 4.1 bn of sales a year to Vell, 100% was open; no output is lost." in before
    assert "On 31 December 2020, of about USD 4.1 bn of sales a year to Vell, 12% was open, 23% licensed" in after
    assert re.search(r"the output lost a year would be USD [\d.]+ (m |bn )?to [\d.]+ bn \(Vell's home\)", after)
    assert "nan" not in re.findall(r"[a-z]+", after.lower())


def test_loads_nothing(case: Case) -> None:
    text = page(case)
    parsed = Page(text)
    for tag, attrs in parsed.tags:
        for name, value in attrs.items():
            if name in LOADING and tag != "a":
                pytest.fail(f"<{tag} {name}={value!r}> loads something")
            assert not name.startswith("on"), f"<{tag} {name}>"
    assert not parsed.all("link")
    assert not parsed.all("base")
    assert not re.search(r"@import|url\(", parsed.raw["style"][0])
    policy = next(a["content"] for a in parsed.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "'unsafe-inline'" not in policy.split(";")[1]
    assert "http" not in policy
    assert len(text.encode()) < 6_000_000


def test_policy_names_the_scripts_that_run(case: Case) -> None:
    parsed = Page(page(case))
    kinds = [a.get("type") for a in parsed.all("script")]
    assert kinds == ["application/json", "application/json", None, None]
    policy = next(a["content"] for a in parsed.all("meta") if a.get("http-equiv") == "Content-Security-Policy") or ""
    for script in parsed.raw["script"][2:]:
        assert f"'sha256-{page_module._hash(script)}'" in policy


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    text = page(build(tmp_path / "vell", hostile=HOSTILE))
    parsed = Page(text)
    assert parsed.open == []
    assert parsed.comments == []
    assert not parsed.all("img")
    assert len(parsed.all("script")) == 4
    assert "<img src=x" not in text
    assert parsed.text.count("<img src=x onerror=alert(1)></script><!--") > 20
    assert "\u2028" not in text
    for label in strings(charts(parsed)):
        assert not re.search(r"<(?!/?b>|br>|extra>|/extra>)", label), label


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JAVASCRIPT:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)",
        "data:text/html,x", "//example.org/x", "file:///etc/passwd", "https://", "https://example.org/a b", 'https://example.org/"onx=',
    ],
)  # fmt: skip
def test_only_web_addresses_are_links(tmp_path: Path, url: str) -> None:
    parsed = Page(page(build(tmp_path / "vell", url=url)))
    assert all((a["href"] or "").startswith("#") for a in parsed.all("a"))


def test_web_addresses_are_links(case: Case) -> None:
    outside = [a for a in Page(page(case)).all("a") if not (a["href"] or "").startswith("#")]
    assert {a["href"] for a in outside} == {"https://example.org/order"}
    assert all("noopener" in (a["rel"] or "") for a in outside)


def test_same_case_same_bytes(case: Case, tmp_path: Path) -> None:
    first = report(case, tmp_path / "a.html")
    second = report(load(case.folder), str(tmp_path / "b.html"))
    assert first.read_bytes() == second.read_bytes()


def test_many_sales_are_grouped_by_seller(tmp_path: Path) -> None:
    text = page(build(tmp_path / "vell", copies=25))
    parsed = Page(text)
    found = charts(parsed)
    assert "A row for every sale (250)" in parsed.text
    assert set(found) == {"timeline", "flow", "sides", "waterfall", "firms", "path", "every-sale"}
    layout = found["timeline"]["layout"]
    assert isinstance(layout, dict)
    assert len(layout["yaxis"]["ticktext"]) <= 40 + 4  # and a heading for each country
    assert len(text.encode()) < 6_000_000


def test_sale_without_a_value_is_seen(tmp_path: Path) -> None:
    build(tmp_path / "vell")
    rows = (tmp_path / "vell" / "links.csv").read_text(encoding="utf-8").replace(",30.0,24.0,39.0,", ",0,0,39.0,")
    (tmp_path / "vell" / "links.csv").write_text(rows, encoding="utf-8")
    timeline = charts(Page(page(load(tmp_path / "vell"))))["timeline"]
    assert any("not known; no value of its own is recorded" in s for s in strings(timeline))


def test_case_without_a_focus_group(tmp_path: Path) -> None:
    build(tmp_path / "vell")
    toml = tmp_path / "vell" / "case.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('focus_group = "vell"\n', ""), encoding="utf-8")
    parsed = Page(page(load(tmp_path / "vell")))
    assert "What it costs" in parsed.text
    assert "Acme Works" in parsed.text


def test_case_without_measures(tmp_path: Path) -> None:
    build(tmp_path / "vell")
    (tmp_path / "vell" / "measures" / "list.toml").unlink()
    for table in ("licences", "licence_lines", "licence_events"):
        write(tmp_path / "vell", table, [])
    parsed = Page(page(load(tmp_path / "vell")))
    assert "no output is lost" in parsed.text
    assert "The case has no measures." in parsed.text
    assert "none recorded" in parsed.text


def test_progress_and_days(case: Case) -> None:
    seen: list[tuple[int, int]] = []
    text = page(
        case, since="2020-06-01", through=dt.date(2020, 12, 31), progress=lambda done, of, what: seen.append((done, of))
    )
    assert seen[-1][0] == seen[-1][1] > 1
    assert "2020-05-14" not in Page(text).text.partition("4 The facts behind it")[0]
    with pytest.raises(DetenteError, match="as_of: 2020-12-31 is outside"):
        page(case, through="2020-06-30")


def test_writes_nothing_when_it_fails(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out" / "page.html"
    target.parent.mkdir()
    with pytest.raises(DetenteError):
        report(case, target, as_of="2031-01-01")
    assert list(target.parent.iterdir()) == []
    target.write_text("before", encoding="utf-8")

    def full(self: Path, other: Path) -> Path:
        raise OSError("no room")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no room"):
        report(case, target)
    assert [p.name for p in target.parent.iterdir()] == ["page.html"]
    assert target.read_text(encoding="utf-8") == "before"


def test_json_cannot_end_its_script() -> None:
    hostile = {"a": "</script><!--\u2028\u2029&"}
    text = in_script(hostile)
    assert not re.search(r"[<>&\u2028\u2029]", text)
    assert json.loads(text) == hostile
    with pytest.raises(ValueError, match="Out of range float"):
        in_script(float("nan"))

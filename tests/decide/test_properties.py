"""What must hold in any case at all: small random cases over twelve days of May 2020.

Between event days nothing changes; the order of links does not matter; and knowing less never releases a sale.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import FILES, limb, make_case, measure, table
from detente.decide import permits
from detente.decide.facts import facts_of
from detente.decide.sale import get_sale
from detente.decide.verdict import decide
from detente.record import Case, load
from detente.record.load import as_day

DAYS = [f"2020-05-{d:02}" for d in range(1, 13)]
HELD = {"licence_required", "denied", "needs_facts", "conflict"}
Files = dict[str, str | bytes | None]

day = st.sampled_from(DAYS)
span = st.tuples(day, st.one_of(st.just(""), day)).map(lambda d: d if not d[1] or d[0] <= d[1] else (d[1], d[0]))
maybe_span = st.one_of(st.just(("", "")), span)


@st.composite
def windows(draw: st.DrawFn) -> str:
    """One or two windows that do not overlap."""
    a = sorted(draw(st.lists(day, min_size=2, max_size=3, unique=True)))
    certainty = draw(st.sampled_from(["", "", ', certainty = "scheduled"']))
    first = f"{{since = {a[0]}, through = {a[1]}, recorded = 2020-01-01{certainty}}}"
    if len(a) == 2:
        return draw(st.sampled_from([f"[{first}]", f"[{{since = {a[0]}, recorded = 2020-01-01{certainty}}}]"]))
    late = "2020-05-12" if a[1] == a[2] else a[2]
    return f"[{first}, {{since = {late}, recorded = 2020-01-01}}]" if late > a[1] else f"[{first}]"


SCOPES = [
    '{origin = ["US"]}',
    '{located_in = ["US"]}',
    '{content_origin = ["US"], content_counts = "all", content_op = ">", content_pct = 25}',
    '{content_origin = ["US"], content_counts = "licensable_to_destination", content_op = ">", content_pct = 25}',
    '{made_with_codes = ["3E1"], made_with_origin = ["US"]}',
    '{plant_codes = ["3E1"], made_with_origin = ["US"]}',
    '{designed_by = "home-list:fn1"}',
    '{plant_codes = ["3E1"], made_with_origin = ["US"], designed_by = "home-list:fn1"}',
]
PARTIES = [
    '{listed_on = "home-list"}',
    '{listed_on = "home-list", tags = ["fn1"], roles = ["purchaser", "end_user"]}',
    '{names = ["vell"], roles = ["end_user"]}',
]
ITEMS = ['{codes = ["3A1"]}', '{codes_except = ["3A1"]}', '{text = "old", decided_by = "expert"}', '{tags = ["fast"]}']
PLACES = ['{to = ["CN"]}', '{headquartered_in = ["CN"]}', '{to_except = ["CN"]}']
ACTS = ['["transfer"]', '["export", "reexport"]', '["release"]']
EVENTS = ["production_started", "aboard_carrier", "exported", "ordered"]


@st.composite
def body(draw: st.DrawFn, saves: bool) -> str:
    """Conditions of a limb, a few at a time."""
    lines = []
    if draw(st.booleans()):
        lines.append(f"parties = {draw(st.sampled_from(PARTIES))}")
    if draw(st.booleans()):
        lines.append(f"scope = [{', '.join(draw(st.lists(st.sampled_from(SCOPES), min_size=1, max_size=2)))}]")
    for key, choices in (("items", ITEMS), ("places", PLACES), ("acts", ACTS)):
        if draw(st.integers(0, 4)) == 0:
            lines.append(f"{key} = {draw(st.sampled_from(choices))}")
    if draw(st.integers(0, 3)) == 0:
        lines.append('end_use = ["testing", "repair"]')
    if draw(st.integers(0, 4)) == 0:
        lines.append('knowledge = "knowledge"')
    if draw(st.integers(0, 4)) == 0:
        lines.append('bound = ["us_person"]')
    if saves and draw(st.integers(0, 2)) == 0:
        event, done = draw(st.sampled_from(EVENTS)), draw(st.one_of(st.just(""), day))
        until = f"exported = {done}" if done else ""
        by = draw(day)
        lines.append(
            f'savings = [{{event_by = {{{event} = {by}}}, done_by = {{{until}}}, text = "s", sources = ["law"]}}]'
        )
    return "\n".join(lines)


@st.composite
def law(draw: st.DrawFn) -> str:
    """One to three requirements, perhaps a prohibition, perhaps an authorisation."""
    names = ["one", "two", "three"][: draw(st.integers(1, 3))]
    limbs = [limb(n, draw(body(saves=True)), windows=draw(windows())) for n in names]
    if draw(st.integers(0, 3)) == 0:
        limbs.append(limb("ban", draw(body(saves=True)), effect="prohibit", windows=draw(windows())))
    if draw(st.booleans()):
        defeats = draw(st.sampled_from(['["one"]', '["one", "two"]'])) if len(names) > 1 else '["one"]'
        limbs.append(
            limb(
                "free", f"defeats = {defeats}\n" + draw(body(saves=False)), effect="authorise", windows=draw(windows())
            )
        )
    return measure(*limbs)


UNKNOWN_OR = {
    "content": ["", "none", "US:0.2-0.3", "US:0.3", "US:0.1"],
    "codes": ["", "none", "home:3A1.b", "home:5A1"],
    "made_with_codes": ["", "none", "home:3E1"],
    "made_with_origin": ["", "US", "KR"],
    "plant_codes": ["", "none", "home:3E1"],
    "plant_origin": ["", "US", "KR"],
    "designed_by": ["", "none", "vell"],
}


@st.composite
def cases(draw: st.DrawFn) -> Files:
    """A small case: two makers' goods, a listed buyer, a line of business that may change hands, licences, findings."""
    variants = ["id, item, maker, origin, " + ", ".join(UNKNOWN_OR)]
    for name, maker, origin in (("acme-chip", "acme", "US"), ("norr-chip", "norr", "KR")):
        cells = [draw(st.sampled_from(choices)) for choices in UNKNOWN_OR.values()]
        variants.append(", ".join([name, "chip", maker, origin, *cells]))
    sold = sorted(draw(st.lists(st.sampled_from(DAYS[1:]), max_size=1)))
    owner = draw(st.sampled_from(["vell", "ova"]))
    stakes = [f"s1, {owner}, line, 1, , {sold[0] if sold else ''}"]
    if sold and sold[0] < DAYS[-1]:
        stakes.append(f"s2, norr, line, {draw(st.sampled_from(['1', '0.5', '']))}, {DAYS[DAYS.index(sold[0]) + 1]},")
    listings = ["l-own, home-list, acme, L, fn1, all, denial, ,"]  # a list that nobody is on is not known
    for party in ("vell", "norr"):
        if draw(st.booleans()):
            a, b = draw(span)
            listings.append(
                f"l-{party}, home-list, {party}, L, {draw(st.sampled_from(['none', 'fn1']))}, all, denial, {a}, {b}"
            )
    links = []
    for seller in ("acme", "norr"):
        for buyer in ("vell", "line", "ova"):
            a, b = draw(maybe_span)
            use = draw(st.sampled_from(["production", "testing", "none"]))
            links.append(
                f"{seller}>{buyer}, {seller}, {buyer}, 1, {use}, {draw(st.sampled_from(['', 'vell']))}, {a}, {b}"
            )
    grants, events = [], []
    for i in range(draw(st.integers(0, 2))):
        holder, a, b = draw(st.sampled_from(["acme", "norr", "acme; norr"])), *draw(maybe_span)
        grants.append(
            f"lic{i}, M, {holder}, individual, vell; ova, {draw(st.sampled_from(['one', 'one; two']))}, {a}, {b}"
        )
        for k, what in enumerate(
            draw(
                st.lists(
                    st.sampled_from(["granted", "revoked", "suspended", "reinstated", "partly_revoked", "transferred"]),
                    max_size=3,
                )
            )
        ):
            events.append(f"e{i}{k}, lic{i}, {draw(day)}, {what}, {draw(st.sampled_from(['day', 'known_by']))}")
    text = draw(law())
    if '"two"' not in text:
        grants = [g.replace("one; two", "one") for g in grants]
    found = []
    for i in range(draw(st.integers(0, 3))):
        fact = draw(
            st.sampled_from(["knowledge", "testing", "repair", "item:old", "production_started", "aboard_carrier"])
        )
        value = draw(st.sampled_from(["yes", "no", "unknown", "2020-05-03"]))
        about = draw(st.sampled_from(["acme>vell", "norr>line", "acme", "norr", "acme-chip", "vell"]))
        a, b = draw(maybe_span)
        found.append(f"f{i}, {about}, {fact}, {value}, {a}, {b}")
    lines = [
        f"x{i}, lic{i}, 1, {draw(st.sampled_from(['chip', 'chip', 'phone', '']))}, {draw(st.sampled_from([1, 0.4]))}"
        for i in range(len(grants))
    ]
    return {
        "measures/order.toml": text,
        "items.csv": "id, name, kind, tags\nchip, Chips, commodity, fast\nphone, Phones, commodity, none\n",
        "parties.csv": FILES["parties.csv"] + "        line, The line, business, target, US,\n",
        "units.csv": FILES["units.csv"] + "        line, The line's phones, line, phone, , CN, 900\n",
        "variants.csv": "\n".join(variants),
        "stakes.csv": "\n".join(["id, owner, owned, share, since, through", *stakes]),
        "listings.csv": "\n".join(["id, list, party, as_listed, tags, requirement, review, since, through", *listings]),
        "links.csv": "\n".join(["id, seller, buyer, value_usd_m, end_use, end_user, since, through", *links]),
        "licences.csv": "\n".join(["id, authority, holder, kind, consignees, overcomes, since, through", *grants]),
        "licence_lines.csv": "\n".join(["id, licence, line, item, covers", *lines]),
        "licence_events.csv": "\n".join(["id, licence, date, event, precision", *events]),
        "findings.csv": "\n".join(["id, about, fact, value, since, through", *found]),
    }


def loaded(files: Files) -> Case:
    """The case of some files, read in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return load(make_case(Path(folder), files))


def on_the_very_day(case: Case, link: str, when: str) -> tuple[object, ...]:
    """What a verdict made for that day alone says."""
    facts = facts_of(case)
    found = decide(case, get_sale(case, facts, link), facts, as_day(when, "day"), full=True)
    return (
        found.outcome,
        found.share,
        found.share_low,
        found.share_high,
        found.limbs,
        found.authorisations,
        found.licences,
    )


@settings(max_examples=25)
@given(files=cases())
def test_a_span_says_what_a_verdict_of_each_of_its_days_says(files: Files) -> None:
    case = loaded(files)
    found = permits(case, DAYS[0], DAYS[-1])
    exists = {r["id"]: (r["since"], r["through"]) for r in case["links"].iter_rows(named=True)}
    for link in found.links:
        since, through = exists[link]
        for when in DAYS:
            at = as_day(when, "day")
            said = found.verdict_on(link, when)
            if (since and at < since) or (through and at > through):
                assert said is None, (link, when)
                continue
            assert said is not None, (link, when)
            assert (
                said.outcome, said.share, said.share_low, said.share_high, said.limbs, said.authorisations,
                said.licences,
            ) == on_the_very_day(case, link, when), (link, when)  # fmt: skip
            assert said.sale == link
    spans = found.frame()
    for link in found.links:
        own = spans.filter(link=link)
        assert str(own["since"][0]) == DAYS[0]
        assert str(own["through"][-1]) == DAYS[-1]
        assert all((b - a).days == 1 for a, b in zip(own["through"][:-1], own["since"][1:], strict=True))


@settings(max_examples=15)
@given(files=cases(), seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(files: Files, seed: object) -> None:
    turned = dict(files)
    for name in (
        "links.csv",
        "units.csv",
        "findings.csv",
        "licence_events.csv",
        "licences.csv",
        "stakes.csv",
        "listings.csv",
    ):
        head, *rows = table(name, str(files[name])).splitlines()
        seed.shuffle(rows)  # type: ignore[attr-defined]
        turned[name] = "\n".join([head, *rows]).encode()
    one, two = loaded(files), loaded(turned)
    assert one.digest == two.digest
    spans = [permits(c, DAYS[0], DAYS[-1]).frame().sort("link", "since") for c in (one, two)]
    assert spans[0].equals(spans[1])


BLANKS = {
    "variants": tuple(UNKNOWN_OR),
    "units": ("variant",),
    "stakes": ("share",),
    "parties": ("country",),
    "licence_lines": ("item",),
    "links": ("end_use",),
    "findings": ("value",),
}
"""Optional facts of the law: each may be missing. The uses of a sale are missing where they are none."""


def _stands_alone(facts: list[str], i: int) -> bool:
    """Whether nothing else answers once a finding is gone: no other finding of the fact, no uses of the link itself."""
    return facts.count(facts[i]) == 1 and facts[i] not in ("testing", "repair")


def with_one_fact_less(case: Case) -> Iterator[tuple[str, Case]]:
    """The case without one fact it has, for each of them in turn."""
    for name, columns in BLANKS.items():
        frame = case[name]
        for column in columns:
            for i, value in enumerate(frame[column].to_list()):
                if value is None or (name == "findings" and not _stands_alone(frame["fact"].to_list(), i)):
                    continue
                here = pl.int_range(pl.len()) == i
                gone = frame.filter(~here)
                if name != "findings":
                    empty = [] if column == "end_use" else None
                    blank = pl.lit(empty, dtype=frame.schema[column])
                    gone = frame.with_columns(pl.when(here).then(blank).otherwise(pl.col(column)).alias(column))
                    if name == "parties":  # headquarters come from the country where they are not given
                        assert gone["headquarters"].is_null().all()
                yield f"{name} {frame['id'][i]} without {column}", replace(case, tables={**case.tables, name: gone})


@settings(max_examples=20)
@given(files=cases())
def test_knowing_less_never_releases_a_sale(files: Files) -> None:
    case = loaded(files)
    rows = permits(case, DAYS[0], DAYS[-1]).frame().iter_rows(named=True)
    held = [(r["link"], r["since"], r["through"]) for r in rows if r["outcome"] in HELD]
    for what, less in with_one_fact_less(case):
        found = permits(less, DAYS[0], DAYS[-1]).frame().filter(~pl.col("outcome").is_in(HELD))
        free = [(r["link"], r["since"], r["through"]) for r in found.iter_rows(named=True)]
        released = [(h, f) for h in held for f in free if h[0] == f[0] and h[1] <= f[2] and f[1] <= h[2]]
        assert not released, what

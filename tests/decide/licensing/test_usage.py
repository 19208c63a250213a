"""How licence lines stand, what is drawn and left of them, and what was lost when they ended."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import LISTED, limb, measure
from detente.decide import order_book
from detente.decide.events import event_days
from detente.decide.facts import facts_of
from detente.decide.licensing import ledger
from detente.decide.licensing.licences import _valid
from detente.decide.licensing.standing import STRANDS, by_events, customers, last_day, standing
from detente.decide.licensing.usage import ladder, licences
from detente.decide.rows import Licence, LicenceEvent, Line, Span
from detente.decide.truth import TRUE, Fact, truth
from detente.record import Case, DetenteError, load
from detente.record.dictionary import dictionary

Made = Callable[..., Case]
DATA = Path(__file__).parents[2] / "data"
ONE = dt.timedelta(days=1)
RULES = """
[[licence_rules]]
id = "old"
text = "A quarter more in value."
sources = ["law"]
in_force = [{since = 2020-01-01, through = 2020-06-30, recorded = 2020-01-01}]
value_pct = 25

[[licence_rules]]
id = "new"
text = "A tenth more in value."
sources = ["law"]
in_force = [{since = 2020-07-01, recorded = 2020-01-01}]
value_pct = 10
"""


def files(
    *events: str,
    lines: str = "x1, lic, 1, chip, 100, 1, ,",
    draws: str = "",
    span: str = ", ",
    rules: str = RULES,
    more: str = "",
) -> dict[str, str | None]:
    """One licence of Acme for chips to Vell: its events, lines (dated), draws and own days; ``more`` adds licences."""
    return {
        "measures/order.toml": measure(limb("list", LISTED)) + rules,
        "licences.csv": "id, authority, holder, kind, consignees, overcomes, since, through\n"
        f"lic, Ministry, acme, individual, vell; ova, list, {span}\n{more}",
        "licence_lines.csv": f"id, licence, line, item, quantity, value_usd_m, since, through\n{lines}\n",
        "licence_events.csv": "id, licence, date, event, precision, lines, parties, source\n"
        + "".join(f"e{i}, lic, {e}{',' * (4 - e.count(','))}, press\n" for i, e in enumerate(events)),
        "draws.csv": f"id, licence, line, order, date, value_usd_m, quantity\n{draws}\n" if draws else None,
    }


GRANTED = "2020-02-01, granted"


def row(case: Case, day: str, licence: str = "lic", line: int | None = 1) -> dict[str, object]:
    """The row of a line on a day of 2020."""
    frame = licences(case, f"2020-{day}").filter(pl.col("licence") == licence)
    return frame.filter(pl.col("line").eq_missing(line)).row(0, named=True)


def states(case: Case, *days: str) -> list[object]:
    """The states of line 1 on some days of 2020."""
    return [row(case, d)["state"] for d in days]


def everywhere(case: Case) -> list[dt.date]:
    """Every event day of a case with its neighbours."""
    return sorted({d + k * ONE for d in event_days(case) for k in (-1, 0, 1)})


@pytest.mark.parametrize("name", ["huawei", "quartz", "worked"])
def test_the_events_are_read_as_a_verdict_reads_them(name: str) -> None:
    case = load(name if name == "huawei" else DATA / name)
    asked = 0
    for licence in facts_of(case).licence.values():
        numbers = [str(x.line) for x in licence.lines] or [None]
        for day in everywhere(case):
            for line in numbers:
                for buyers, everybody in customers(licence):
                    theirs = _valid(licence, line, (set(buyers), set(everybody)), day).truth
                    assert by_events(licence, line, (buyers, everybody), day).truth is theirs
                    asked += 1
    assert asked > 50


@pytest.mark.parametrize("name", ["huawei", "quartz", "worked"])
def test_a_line_in_force_is_one_that_a_verdict_counts(name: str) -> None:
    case = load(name if name == "huawei" else DATA / name)
    for licence in facts_of(case).licence.values():
        for line in licence.lines:
            for day in everywhere(case):
                runs = truth(licence.span.holds(day) and line.span.holds(day))
                said = [
                    min(runs, _valid(licence, str(line.line), (set(b), set(e)), day).truth)
                    for b, e in customers(licence)
                ]
                now = standing(licence, line, day)
                if now.state == "in_part":
                    assert len(set(said)) > 1 and TRUE in said
                else:
                    assert {now.truth} == set(said)


KINDS = next(c.choices for c in dictionary()["licence_events"].columns if c.name == "event")
AT = Fact("licence_events", "e", "licence_events.csv", 2)
happening = st.builds(
    lambda day, kind, by, lines, who: LicenceEvent(
        dt.date(2020, 5, day), kind, by, ("1",) if lines == 1 else ("2",) if lines == 2 else (), who, AT, ("law",)
    ),
    st.integers(1, 9),
    st.sampled_from(KINDS),
    st.booleans(),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from([(), (), (), ("vell",), ("ova", "vell"), ("agent",)]),
)


@given(st.lists(happening, max_size=5), st.integers(1, 10))
def test_any_events_are_read_as_a_verdict_reads_them(events: list[LicenceEvent], day: int) -> None:
    licence = _licence(events)
    when = dt.date(2020, 5, day)
    for who in customers(licence):
        for line in ("1", None):
            mine = by_events(licence, line, who, when)
            assert mine.truth is _valid(licence, line, (set(who[0]), set(who[1])), when).truth
            assert mine.ended_on is None or mine.state in STRANDS | {"exhausted"}
            assert mine.because


def _licence(events: list[LicenceEvent], *lines: Line) -> Licence:
    return Licence(
        "lic", "Ministry", ("acme",), ("vell", "ova"), (), (), (), (), ("list",), None, None, (), Span(None, None),
        lines, tuple(sorted(events, key=lambda e: e.date)), AT, ("law",),
    )  # fmt: skip


def test_from_an_application_to_the_end(made: Made) -> None:
    case = made(files("2020-01-10, applied", GRANTED, "2020-05-01, suspended", "2020-06-01, reinstated",
                      "2020-09-01, revoked", "2020-10-01, expired"))  # fmt: skip
    days = ("01-09", "01-10", "01-31", "02-01", "04-30", "05-01", "06-01", "08-31", "09-01", "10-01", "12-31")
    assert states(case, *days) == [
        "not_yet", "applied", "applied", "in_force", "in_force", "suspended", "in_force", "in_force", "revoked",
        "revoked", "revoked",
    ]  # fmt: skip
    after = row(case, "12-31")
    assert (after["because"], after["ended_on"]) == ("revoked on 2020-09-01", dt.date(2020, 9, 1))
    assert (after["stranded_usd_m"], after["stranded_quantity"]) == (1.0, 100.0)
    suspended = row(case, "05-10")
    assert (suspended["stranded_usd_m"], suspended["ended_on"]) == (0.0, None)


@pytest.mark.parametrize(
    ("event", "state"),
    [("denied", "denied"), ("intent_to_deny", "intent_to_deny"), ("returned", "returned"), ("applied", "applied")],
)
def test_what_was_never_granted_loses_nothing(made: Made, event: str, state: str) -> None:
    found = row(made(files(f"2020-03-01, {event}")), "04-01")
    assert (found["state"], found["ended_on"], found["stranded_usd_m"]) == (state, None, 0.0)
    assert row(made(files()), "04-01")["state"] == "not_granted"


@pytest.mark.parametrize(("event", "lost"), [("revoked", 1.0), ("not_renewed", 1.0), ("denied", 1.0), ("exhausted", 0)])
def test_what_is_used_up_is_not_lost(made: Made, event: str, lost: float) -> None:
    assert row(made(files(GRANTED, f"2020-04-01, {event}")), "04-01")["stranded_usd_m"] == lost


def test_an_end_on_a_day_that_is_not_published(made: Made) -> None:
    case = made(files(GRANTED, "2020-06-01, revoked, known_by"))
    assert states(case, "01-31", "02-01", "05-31", "06-01") == ["not_yet", "unknown", "unknown", "revoked"]
    assert row(case, "05-31")["because"] == "revoked on a day up to 2020-06-01 that is not published"
    assert row(case, "06-01")["because"] == "revoked by 2020-06-01 (day not published)"


def test_what_is_revoked_had_been_granted(made: Made) -> None:
    found = row(made(files("2020-04-10, granted, known_by", "2020-04-05, revoked")), "09-01")
    assert (found["state"], found["ended_on"], found["stranded_usd_m"]) == ("revoked", dt.date(2020, 4, 5), 1.0)


def test_its_own_days_end_a_licence(made: Made) -> None:
    case = made(files(GRANTED, span="2020-03-01, 2020-08-31"))
    assert states(case, "02-15", "03-01", "08-31", "09-01") == ["not_yet", "in_force", "in_force", "expired"]
    last, after = row(case, "08-31"), row(case, "09-01")
    assert (last["expires"], last["days_left"]) == (dt.date(2020, 8, 31), 0)
    assert (after["because"], after["ended_on"]) == ("its last day was 2020-08-31", dt.date(2020, 9, 1))
    assert (after["days_left"], after["stranded_usd_m"]) == (None, 1.0)
    late = made(files(GRANTED, "2020-10-01, revoked", span=", 2020-08-31"))
    assert (row(late, "11-01")["state"], row(late, "11-01")["ended_on"]) == ("expired", dt.date(2020, 9, 1))


def test_a_void_licence_was_never_in_force_and_loses_what_was_undrawn(made: Made) -> None:
    draws = "d1, lic, 1, o1, 2020-03-01, 0.3, 30\nd2, lic, 1, o2, 2020-07-01, 0.1, 10"
    case = made(files(GRANTED, "2020-06-01, void", draws=draws))
    assert states(case, "01-15", "03-01", "08-01") == ["void", "void", "void"]
    assert row(case, "03-01")["because"] == "declared void on 2020-06-01, from its issuance"
    assert [row(case, d)["stranded_usd_m"] for d in ("02-20", "03-01", "08-01")] == [1.0, 0.7, 0.7]
    assert row(made(files("2020-06-01, void")), "08-01")["stranded_usd_m"] == 0.0


def test_draws_count_from_their_day(made: Made) -> None:
    draws = (
        "d1, lic, 1, o1, 2020-03-01, 0.3, 30\nd2, lic, 1, o2, 2020-07-01, 0.1, 10\nd3, lic, 1, o3, 2020-09-02, 0.2, 0"
    )
    case = made(files(GRANTED, "2020-09-01, revoked", draws=draws))
    found = [row(case, d) for d in ("02-29", "03-01", "07-01", "12-31")]
    assert [f["drawn_usd_m"] for f in found] == [0.0, 0.3, 0.4, 0.6]
    assert [f["left_usd_m"] for f in found] == [1.0, 0.7, 0.6, 0.4]
    assert [f["left_quantity"] for f in found] == [100.0, 70.0, 60.0, 60.0]
    assert found[-1]["stranded_usd_m"] == 0.6  # what was drawn after the end does not make the loss smaller
    facts = facts_of(case)
    for day in ("2020-02-29", "2020-03-01", "2020-07-01", "2020-12-31"):
        mine = row(case, day[5:])
        value, pieces = ledger.recorded(facts, dt.date.fromisoformat(day))("lic", 1)
        assert (mine["drawn_usd_m"], mine["drawn_quantity"]) == (value / ledger.VALUE, pieces / ledger.QUANTITY)


def test_the_tolerance_is_that_of_the_day_with_its_rule(made: Made) -> None:
    case = made(files(GRANTED, draws="d1, lic, 1, o1, 2020-03-01, 0.9, 40"))
    old, new = row(case, "06-30"), row(case, "07-01")
    assert (old["value_tolerance_pct"], old["rule"], old["left_with_tolerance_usd_m"]) == (25.0, "old", 0.35)
    assert (new["value_tolerance_pct"], new["rule"], new["left_with_tolerance_usd_m"]) == (10.0, "new", 0.2)
    assert (new["left_usd_m"], new["quantity_tolerance_pct"], new["used"]) == (0.1, 0.0, 0.9)
    bare = row(made(files(GRANTED, rules="")), "07-01")
    assert (bare["rule"], bare["value_tolerance_pct"], bare["left_with_tolerance_usd_m"]) == (None, 0.0, 1.0)


def test_nothing_more_is_left_once_the_full_quantity_is_drawn(made: Made) -> None:
    found = row(made(files(GRANTED, draws="d1, lic, 1, o1, 2020-03-01, 0.5, 100")), "03-01")
    assert (found["left_usd_m"], found["left_with_tolerance_usd_m"], found["left_with_tolerance_quantity"]) == (
        0.5,
        0,
        0,
    )
    assert (found["used"], found["warning"]) == (1.0, "full")


@pytest.mark.parametrize(
    ("drawn", "word"),
    [("0.799999", None), ("0.8", "watch"), ("0.9", "low"), ("0.95", "nearly_full"), ("1", "full"), ("1.1", "full"),
     ("1.100001", "overdrawn")],
)  # fmt: skip
def test_a_warning_from_80_90_95_and_100_per_cent(made: Made, drawn: str, word: str | None) -> None:
    case = made(files(GRANTED, draws=f"d1, lic, 1, o1, 2020-08-01, {drawn}, 1"))
    assert row(case, "08-01")["warning"] == word
    assert row(case, "07-31")["warning"] is None


def test_the_used_share_is_the_larger_one(made: Made) -> None:
    found = row(made(files(GRANTED, draws="d1, lic, 1, o1, 2020-08-01, 0.5, 85")), "08-01")
    assert (found["used"], found["warning"]) == (0.85, "watch")


def test_what_is_not_published_stays_empty(made: Made) -> None:
    found = row(made(files(GRANTED, "2020-09-01, revoked", lines="x1, lic, 1, chip, , , ,")), "10-01")
    amounts = [f"{what}_{unit}" for what in ("licensed", "left", "left_with_tolerance", "stranded")
               for unit in ("usd_m", "quantity")] + ["used", "warning", "rule"]  # fmt: skip
    assert [found[a] for a in amounts] == [None] * len(amounts)
    case = made({**files(GRANTED), "licence_lines.csv": None})
    found = row(case, "10-01", line=None)
    assert (found["state"], found["item"], found["codes"], found["left_usd_m"]) == ("in_force", None, None, None)


def test_the_holder_is_that_of_the_day(made: Made) -> None:
    case = made(files(GRANTED, "2020-05-01, transferred, day, , norr"))
    assert [row(case, d)["holders"] for d in ("04-30", "05-01")] == [["acme"], ["norr"]]
    assert states(case, "05-01") == ["in_force"]
    assert states(made(files(GRANTED, "2020-05-01, transferred")), "04-30", "05-01") == ["in_force", "unknown"]


def test_revoked_for_a_line_a_customer_or_nobody_knows_what(made: Made) -> None:
    two = "x1, lic, 1, chip, 100, 1, ,\nx2, lic, 2, phone, 10, 2, ,"
    case = made(files(GRANTED, "2020-05-01, partly_revoked, day, 2", lines=two))
    assert [row(case, "05-01", line=n)["state"] for n in (1, 2)] == ["in_force", "revoked"]
    assert [row(case, "05-01", line=n)["stranded_usd_m"] for n in (1, 2)] == [0.0, 2.0]
    case = made(files(GRANTED, "2020-05-01, partly_revoked, day, , ova"))
    part = row(case, "05-01")
    assert (part["state"], part["stranded_usd_m"]) == ("in_part", 0.0)
    assert part["because"] == "in force for some customers only: partly revoked on 2020-05-01"
    case = made(files(GRANTED, "2020-05-01, partly_revoked, day, , ova; vell"))
    assert row(case, "05-01")["state"] == "revoked"
    assert row(made(files(GRANTED, "2020-05-01, partly_revoked")), "05-01")["state"] == "unknown"


def test_an_amended_line_goes_on_as_the_one_after_it(made: Made) -> None:
    lines = "x1, lic, 1, chip, 100, 1, , 2020-05-31\nx1a, lic, 1, chip, 150, 2, 2020-06-01, 2020-10-31"
    case = made(files(GRANTED, lines=lines, draws="d1, lic, 1, o1, 2020-03-01, 0.3, 30"))
    before, after, over = (row(case, d) for d in ("05-31", "06-01", "11-01"))
    assert (before["licensed_usd_m"], before["left_usd_m"], before["expires"]) == (1.0, 0.7, dt.date(2020, 10, 31))
    assert (after["licensed_usd_m"], after["left_usd_m"], after["stranded_usd_m"]) == (2.0, 1.7, 0.0)
    assert (over["state"], over["stranded_usd_m"], over["ended_on"]) == ("expired", 1.7, dt.date(2020, 11, 1))
    assert licences(case, "2020-06-01").height == 1
    later = made(files(GRANTED, lines="x1, lic, 1, chip, 100, 1, 2020-06-01,"))
    assert states(later, "05-31", "06-01") == ["not_yet", "in_force"]


def test_the_last_day_of_lines_that_follow_each_other() -> None:
    at = Fact("licence_lines", "x", "licence_lines.csv", 2)
    first, second = (
        Line(1, "chip", (), None, 1.0, 1.0, 1, 1, 1, Span(a, b), at)
        for a, b in ((None, dt.date(2020, 5, 31)), (dt.date(2020, 6, 1), None))
    )
    licence = _licence([], first, second)
    assert last_day(licence, first) is None
    assert last_day(replace(licence, lines=(first,)), first) == dt.date(2020, 5, 31)
    assert last_day(replace(licence, span=Span(None, dt.date(2020, 4, 1))), first) == dt.date(2020, 4, 1)


ORDERS = {
    "orders.csv": """
        id, link,           value_usd_m, quantity, ordered,    exported
        a,  acme>vell:chip, 0.4,         10,       2020-05-01, 2020-05-05
        b,  acme>vell:chip, 0.4,         10,       2020-06-01,
        c,  acme>vell:chip, 0.4,         10,       2020-06-02, 2020-12-01
        """
}


def test_a_decided_book_draws_too(made: Made) -> None:
    case = made({**files(GRANTED), **ORDERS})
    book = order_book(case, "2020-07-01")
    assert book.ledger()["order"].to_list() == ["a", "b"]  # c would be more than the tolerance lets pass
    by_day = [
        licences(case, d, book).row(0, named=True)["drawn_usd_m"] for d in ("2020-05-04", "2020-05-05", "2020-07-01")
    ]
    assert by_day == [0.0, 0.4, 0.8]
    assert licences(case, "2020-07-01", book)["warning"].to_list() == ["watch"]
    assert licences(case, "2020-07-01")["drawn_usd_m"].to_list() == [0.0]
    with pytest.raises(DetenteError, match="another record"):
        licences(load("huawei"), "2020-07-01", book)


def test_the_ladder_has_what_is_in_force_by_its_last_day(made: Made) -> None:
    more = (
        "soon, Ministry, acme, individual, vell, list, , 2020-06-10\n"
        "open, Ministry, acme, individual, vell, list, , \n"
        "gone, Ministry, acme, individual, vell, list, , 2020-05-31\n"
    )
    built = files(GRANTED, span=", 2020-09-30", more=more)
    lines = (
        "x1, lic, 1, chip, 100, 1, ,\ns1, soon, 1, chip, , 3, ,\no1, open, 1, chip, , , ,\ng1, gone, 1, chip, , 9, ,"
    )
    built["licence_lines.csv"] = f"id, licence, line, item, quantity, value_usd_m, since, through\n{lines}\n"
    built["licence_events.csv"] = "id, licence, date, event\n" + "".join(
        f"g-{x}, {x}, 2020-02-01, granted\n" for x in ("lic", "soon", "open", "gone")
    )
    steps = ladder(made(built), "2020-06-01")
    assert steps.select("licence", "days_left", "left_usd_m").rows() == [
        ("soon", 9, 3.0), ("lic", 121, 1.0), ("open", None, None),
    ]  # fmt: skip


def test_the_eight_revocations_of_january_2021(huawei: Case) -> None:
    before, after = (licences(huawei, d) for d in ("2021-01-14", "2021-01-15"))
    revoked = after.filter(pl.col("state") == "revoked")
    assert revoked.height == 8 and set(revoked["ended_on"]) == {dt.date(2021, 1, 15)}
    assert revoked["stranded_usd_m"].null_count() == 8  # no value of them is published
    assert set(before.filter(pl.col("licence").is_in(revoked["licence"].implode()))["state"]) == {"in_force"}
    assert before.height == after.height == huawei["licences"].height
    assert ladder(huawei, "2021-01-15").height == 8


def test_every_licence_of_the_worked_decisions_is_there(huawei: Case) -> None:
    case = load(DATA / "worked")
    frame = licences(case, "2023-03-10")
    assert frame.height == case["licence_lines"].height
    full = frame.filter(pl.col("licence") == "licence-3").row(0, named=True)
    assert (full["left_usd_m"], full["left_with_tolerance_usd_m"], full["warning"]) == (0.005, 0.0, "full")
    assert full["rule"] == "tolerance-since-2013"

"""What changed for whom between two days, or two records, and why."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from cases import LISTED, limb, make_case, measure
from detente.decide import check
from detente.decide.book import read_book
from detente.decide.changes.diff import CHANGES, Diff, change_of, diff_cases, diff_days
from detente.decide.changes.told import Told, links_of, orders_of
from detente.decide.events import event_days
from detente.record import Case, DetenteError, RecordError, load

Made = Callable[..., Case]
DATA = Path(__file__).parents[2] / "data"
ONE = dt.timedelta(days=1)
A, N, OVA = "acme>vell:chip", "norr>vell:chip", "acme>ova:chip"
RULE = {"measures/order.toml": measure(limb("list", LISTED))}
HEAD = "id, authority, holder, kind, consignees, overcomes\n"
LICENCES: dict[str, str | None] = {
    **RULE,
    "licences.csv": f"{HEAD}lic, Ministry, acme, individual, vell, list\nalt, Ministry, acme, individual, vell, list\n",
    "licence_events.csv": "id, licence, date, event, source\ne1, lic, 2020-05-01, granted, law\n"
    "e2, lic, 2020-07-01, revoked, press\ne3, alt, 2020-06-01, granted, law\ne4, alt, 2020-09-01, revoked, press\n",
}


def lines(first: str, second: str) -> dict[str, str | None]:
    """Two licences of Acme for chips to Vell, each with one line: value, quantity, share."""
    head = "id, licence, line, item, value_usd_m, quantity, covers\n"
    return {**LICENCES, "licence_lines.csv": f"{head}x1, lic, 1, chip, {first}\ny1, alt, 1, chip, {second}\n"}


def days(case: Case, from_: str, to: str) -> Diff:
    """What changed between two days of 2020."""
    return diff_days(case, f"2020-{from_}", f"2020-{to}")


def told(found: Diff, *columns: str) -> list[tuple[object, ...]]:
    """Sale, change and some columns of each row."""
    return found.sales.select("sale", "change", *columns).rows()


def why(found: Diff) -> dict[str, str]:
    """The cause given for each sale."""
    return dict(found.sales.select("sale", "because").iter_rows())


def test_a_rule_and_an_entry_hold(made: Made) -> None:
    found = days(made(RULE), "03-01", "03-02")
    assert told(found, "from_outcome", "to_outcome", "effect_usd_m", "limbs_to") == [
        (N, "held", "not_subject", "licence_required", -80.0, ["list"]),
        (A, "held", "not_subject", "licence_required", -40.0, ["list"]),
    ]
    said = "list came into force on 2020-03-02 [law]; home-list entry l-vell (since 2020-03-02) [law]"
    assert set(why(found).values()) == {said}
    assert found.totals.rows() == [("link", "held", 2, 120.0, -120.0)]
    assert (found.n_sales, found.not_traced, found.stranded.height) == (3, 0, 0)


def test_licences_release_move_narrow_and_hold(made: Made) -> None:
    case = made(lines(", , 1", ", , 0.4"))
    steps = (("04-30", "05-01"), ("05-31", "06-01"), ("06-30", "07-01"), ("08-31", "09-01"))
    found = [days(case, *s) for s in steps]
    assert [told(f, "effect_usd_m", "licences_from", "licences_to", "because") for f in found] == [
        [(A, "released", 40.0, [], ["lic"], "licence lic was granted on 2020-05-01 [law]")],
        [(A, "moved", 0.0, ["lic"], ["lic", "alt"], "licence alt was granted on 2020-06-01 [law]")],
        [(A, "narrowed", -24.0, ["lic", "alt"], ["alt"], "licence lic was revoked on 2020-07-01 [press]")],
        [(A, "held", -16.0, ["alt"], [], "licence alt was revoked on 2020-09-01 [press]")],
    ]
    lost = ("licence", "from_state", "to_state", "usd_m", "because")
    assert [f.stranded.select(lost).rows() for f in found] == [
        [], [], [("lic", "in_force", "revoked", None, "revoked on 2020-07-01")],
        [("alt", "in_force", "revoked", None, "revoked on 2020-09-01")],
    ]  # fmt: skip


ORDERS = """
    id, link,           value_usd_m, quantity, ordered,    exported
    a,  acme>vell:chip, 0.4,         10,       2020-05-01, 2020-05-05
    b,  acme>vell:chip, 0.5,         10,       2020-06-01,
    c,  acme>vell:chip, 0.3,         10,       2020-06-02,
    """


def test_an_order_that_had_left_does_not_change(made: Made) -> None:
    case = made({**lines("1, 100, 1", "0.6, 50, 1"), "orders.csv": ORDERS})
    found = days(case, "06-30", "12-31")
    assert [r for r in told(found) if r[0] != A] == [("b", "held"), ("c", "held")]  # a left in May
    assert set(found.totals["kind"]) == {"link", "order"}
    assert why(found)["b"] == (
        "licence lic was revoked on 2020-07-01 [press]; licence alt was revoked on 2020-09-01 [press]"
    )
    assert found.stranded.select("licence", "usd_m", "quantity").rows() == [("lic", 0.6, 90.0), ("alt", 0.6, 50.0)]


def test_a_balance_that_others_drew_on_is_a_cause(made: Made) -> None:
    draws = "id, licence, line, order, date, value_usd_m, quantity\nd1, lic, 1, other, 2020-06-15, 0.9, 1\n"
    case = made({**lines("1, 100, 1", "0.6, 50, 1"), "orders.csv": ORDERS, "draws.csv": draws})
    found = days(case, "06-10", "06-20")
    assert [r for r in told(found) if r[0] != A] == [("c", "held"), ("b", "moved")]  # alt has room for b only
    exceeds = "licence lic, line 1: would exceed its value: USD {} of USD 1,000,000 with tolerance"
    assert why(found)["b"] == exceeds.format("1,800,000") and why(found)["c"] == exceeds.format("1,600,000")


def test_links_that_start_and_end(made: Made) -> None:
    case = made(
        {
            **RULE,
            "links.csv": "id, seller, buyer, value_usd_m, end_use, since, through\n"
            f"{A}, acme, vell, 40, production, 2020-04-01,\n{N}, norr, vell, 80, production, , 2020-05-31\n",
        }
    )
    found = days(case, "03-10", "06-01")
    assert told(found, "from_outcome", "to_outcome", "effect_usd_m", "because") == [
        (A, "appeared", None, "licence_required", None, "the sale starts on 2020-04-01 [law]"),
        (N, "gone", "licence_required", None, None, "the sale ends on 2020-05-31 [law]"),
    ]


LISTINGS = "id, list, party, as_listed, requirement, review, since, through, modifies\n"
ENTRY = "home-list, vell, VELL LTD., all"


@pytest.mark.parametrize(
    ("files", "step", "change", "because"),
    [
        (
            {"listings.csv": f"{LISTINGS}l1, {ENTRY}, presumption_of_denial, 2020-03-02, 2020-08-31,\n"},
            ("08-31", "09-01"), "released", "home-list entry l1 (to 2020-08-31) [law]",
        ),
        (
            {"listings.csv": f"{LISTINGS}l1, {ENTRY}, presumption_of_denial, 2020-03-02, ,\n"
                             f"l2, {ENTRY}, case_by_case, 2020-06-01, , l1\n"},
            ("05-31", "06-01"), "restated",
            "home-list entry l1 (to 2020-05-31) [law]; home-list entry l2 (since 2020-06-01, amending l1) [law]; "
            "an application is now looked at with case by case, before with presumption of denial",
        ),
        (
            {"listings.csv": f"{LISTINGS}l1, {ENTRY}, presumption_of_denial, 2020-03-02, ,\n"
                             f"l2, {ENTRY}, presumption_of_denial, 2020-06-01, , l1\n"},
            ("03-01", "06-10"), "held",
            "list came into force on 2020-03-02 [law]; home-list entry l2 (since 2020-03-02, amended 2020-06-01) [law]",
        ),
        (
            {"measures/order.toml": measure(limb("list", LISTED + '\nend_use = ["testing"]')),
             "findings.csv": f"id, about, fact, value, since, through\nf, {A}, testing, yes, 2020-05-01, 2020-05-31\n"},
            ("05-31", "06-01"), "released", f"finding f, testing of {A}: yes (to 2020-05-31) [law]",
        ),
        (
            {"measures/order.toml": measure(limb("list", LISTED + "\nnot_enforced = [{since = 2020-05-01, "
                'through = 2020-05-31, recorded = 2020-05-01, sources = ["press"]}]'))},
            ("04-30", "05-01"), "restated", "list is not enforced since 2020-05-01 [press]",
        ),
        (
            {"measures/order.toml": measure(
                limb("list", LISTED),
                limb("spares", 'defeats = ["list"]', effect="authorise", since="2020-05-01"))},
            ("04-30", "05-01"), "released", "spares came into force on 2020-05-01 [law]",
        ),
        (
            {"measures/order.toml": measure(limb("list", LISTED + '\nsavings = [{event_by = {ordered = 2020-03-02}, '
                'done_by = {exported = 2020-06-01}, text = "Orders before the day may leave.", sources = ["press"]}]')),
             "findings.csv": f"id, about, fact, value\nf, {A}, ordered, 2020-02-01\n"},
            ("06-01", "06-02"), "held",
            "the time that list gave ran out on 2020-06-01 (“Orders before the day may leave”) [press]",
        ),
        (
            {"measures/order.toml": measure(limb("list", LISTED + '\nsavings = [{event_by = {ordered = 2020-03-02}, '
                'done_by = {exported = 2020-06-01}, text = "Orders before the day may leave.", sources = ["press"]}]')),
             "findings.csv": f"id, about, fact, value\nf, {A}, ordered, 2020-02-01\n"},
            ("03-01", "03-10"), "restated",
            "list came into force on 2020-03-02 [law]; home-list entry l-vell (since 2020-03-02) [law]; "
            "a savings clause of list still lets it go (“Orders before the day may leave”) [press]",
        ),
        (
            {"measures/order.toml": measure(limb("list", LISTED + '\novercome_by = ["statement"]\n'
                                                 'duties = [{kind = "statement", text = "A statement"}]')),
             "documents.csv": f"id, about, kind, value, since\nd, {A}, statement, yes, 2020-05-01\n"},
            ("04-30", "05-01"), "released", f"statement d about {A}, on file (since 2020-05-01) [law]",
        ),
    ],
)  # fmt: skip
def test_the_cause_is_named_with_its_day_and_source(
    made: Made, files: dict[str, str], step: tuple[str, str], change: str, because: str
) -> None:
    found = days(made({**RULE, **files}), *step)
    assert [r[1] for r in told(found) if r[0] == A] == [change]
    assert why(found)[A] == because


def test_a_line_of_business_that_is_sold(made: Made) -> None:
    case = made(
        {
            **RULE,
            "+parties.csv": "id, name, kind, side, country\nline, Vell tablets, business, target, CN\n",
            "stakes.csv": "id, owner, owned, share, control, since, through, source\n"
            "s1, vell, line, 1, yes, , 2020-05-31, press\ns2, ova, line, 1, yes, 2020-06-01, , press\n",
            "+units.csv": "id, name, party, item, country, output_usd_m\nline, Tablets, line, phone, CN, 5\n",
            "+links.csv": "id, seller, buyer, value_usd_m, end_use\nsold, acme, line, 3, production\n",
        }
    )
    found = days(case, "05-31", "06-01")
    assert told(found) == [("sold", "released")]
    assert why(found)["sold"] == (
        "Vell Ltd owned 100 % of Vell tablets to 2020-05-31 [press]; "
        "Ova Phones owns 100 % of Vell tablets since 2020-06-01 [press]"
    )


WINDOW = ("[{since = 2020-03-02, through = 2020-04-30, written_through = 2020-12-31, through_recorded = 2020-05-01, "
          "recorded = 2020-02-01}]")  # fmt: skip


def test_two_records_of_one_day(tmp_path: Path) -> None:
    folder = make_case(
        tmp_path,
        {
            "measures/order.toml": measure(limb("list", LISTED, windows=WINDOW)),
            "overlays/more/measures/new.toml": measure(limb("extra", LISTED), name="new"),
            "overlays/off/listings.csv": "id, list, party, as_listed, requirement, review, since, through, supersedes\n"
            "l-vell, home-list, vell, VELL LTD., all, presumption_of_denial, 2020-03-02, 2020-03-31, l-vell\n",
        },
    )

    def known(day: str | None) -> Case:
        return load(folder, as_known=day)

    found = diff_cases(known("2020-04-15"), known("2020-05-15"), "2020-05-10")
    assert why(found)[A] == "list ended on 2020-04-30, recorded on 2020-05-01 [law]"
    found = diff_cases(known("2020-01-15"), known("2020-02-15"), "2020-04-10")
    assert why(found)[A].endswith("(in force since 2020-03-02) was recorded on 2020-02-01 [law]")
    whole, more, off = known(None), load(folder, overlays=["more"]), load(folder, overlays=["off"])
    there, back = (diff_cases(*pair, "2020-05-10") for pair in ((whole, more), (more, whole)))
    assert [r[1] for r in told(there)] == ["held", "held"] and [r[1] for r in told(back)] == ["released", "released"]
    assert "is new in the second record" in why(there)[A] and "is not in the second record" in why(back)[A]
    found = diff_cases(whole, off, "2020-04-10")
    assert told(found, "because")[0][1:] == (
        "released",
        "home-list entry l-vell (2020-03-02 to 2020-03-31; before: since 2020-03-02), in overlays/off/listings.csv, "
        "row 2 [law]",
    )
    assert diff_cases(whole, off, "2020-03-10").sales.height == 0


def test_only_so_many_causes_are_worked_out(made: Made) -> None:
    found = diff_days(made(RULE), "2020-03-01", "2020-03-02", most=1)
    assert found.not_traced == 1
    assert why(found)[N].startswith("list came into force")
    assert why(found)[A] == "not traced to its cause: no rule before, list now"


def test_a_book_of_its_own(made: Made, tmp_path: Path) -> None:
    case = made(lines("1, 100, 1", "0.6, 50, 1"))
    path = tmp_path / "book.csv"
    path.write_text("id,link,value_usd_m,quantity\n" + "".join(f"o{i},{A},0.1,1\n" for i in range(20)))
    found = diff_days(case, "2020-06-30", "2020-07-01", path)
    by = dict(found.totals.select("change", "n").iter_rows())
    assert by == {"held": 10, "moved": 6}  # the two licences had room for 10 and 6 of the 20; now for 6 of them
    assert found.n_sales == 20 and set(found.sales["kind"]) == {"order"}
    frame = read_book(path, case)
    other = diff_days(case, "2020-06-30", "2020-07-01", frame.sample(20, shuffle=True, seed=3))
    assert other.sales.sort("sale").equals(found.sales.sort("sale"))
    path.write_text("id,link,value_usd_m\no1,nobody>vell:chip,1\n")
    with pytest.raises(RecordError):
        diff_days(case, "2020-06-30", "2020-07-01", path)


def test_days_in_the_wrong_order_are_refused(made: Made) -> None:
    with pytest.raises(DetenteError, match="2020-01-01 is before from"):
        diff_days(made(RULE), "2020-02-01", "2020-01-01")
    assert days(made(RULE), "03-02", "03-02").sales.height == 0


TOLD = Told("allowed", "open", 1.0, 1.0, 1.0, (), (), (), None, None, False)


def test_kinds_of_change() -> None:
    held = TOLD._replace(outcome="licence_required", state="closed", share=0.0, limbs=("list",))
    part = TOLD._replace(outcome="covered_by_licence", state="capped", share=0.5, licences=("lic",))
    cases = {
        (TOLD, TOLD): None, (TOLD, held): "held", (held, TOLD): "released", (held, part): "released",
        (TOLD, part): "narrowed", (part, TOLD): "widened", (part, part._replace(licences=("alt",))): "moved",
        (held, held._replace(outcome="denied")): "restated", (held, held._replace(review="denial")): "restated",
        (TOLD, TOLD._replace(is_saved=True)): "restated", (None, TOLD): "appeared", (held, None): "gone",
    }  # fmt: skip
    assert {pair: change_of(*pair) for pair in cases} == cases
    assert {c for c in cases.values() if c} == set(CHANGES)


@pytest.mark.parametrize(("name", "every"), [("huawei", 1), ("quartz", 1), ("worked", 9)])
def test_every_change_is_there_and_has_a_cause_of_that_day(name: str, every: int) -> None:
    """Against the tables of both days; and the cause of a change overnight is of that night."""
    case = load(name if name == "huawei" else DATA / name)
    seen = 0
    for day in event_days(case)[::every]:
        found = diff_days(case, day - ONE, day)
        old, new = (check(case, d) for d in (day - ONE, day))
        keys = ["outcome", "allowed", "allowed_low", "allowed_high", "limbs", "authorisations", "licences", "review",
                "otherwise"]  # fmt: skip
        both = old.select("sale", *keys).join(new.select("sale", *keys), on="sale", suffix="_b")
        apart = [r["sale"] for r in both.iter_rows(named=True) if any(r[k] != r[f"{k}_b"] for k in keys)]
        mine = found.sales.filter(~pl.col("change").is_in(["appeared", "gone"]))
        saved = mine.filter((pl.col("from_outcome") == "allowed") & (pl.col("to_outcome") == "allowed"))
        assert set(apart) <= set(mine["sale"]) <= set(apart) | set(saved["sale"])
        assert set(found.sales["sale"]) - set(mine["sale"]) == set(old["sale"]) ^ set(new["sale"])
        for sale, because in found.sales.select("sale", "because").iter_rows():
            assert {str(day), str(day - ONE)} & set(re.findall(r"\d{4}-\d\d-\d\d", because)), (day, sale, because)
            seen += 1
        known = set(case["sources"]["id"])
        assert all(set(s) <= known for s in found.sales["sources"])
    assert seen > 30


def test_links_and_orders_are_told_the_same(made: Made) -> None:
    case = made({**RULE, "orders.csv": "id, link, value_usd_m\na, acme>vell:chip, 1\nb, acme>ova:chip, 1\n"})
    for day in ("2020-03-01", "2020-03-02"):
        links = links_of(case, dt.date.fromisoformat(day))
        orders = orders_of(case, dt.date.fromisoformat(day), None, None, lambda *_: None)
        by = {v.full["id"][at]: v.told[k] for v in (links, orders) for _, at, k in v.rows.iter_rows()}
        assert by["a"] == by[A] and by["b"] == by[OVA]


def test_the_revocations_of_january_2021(huawei: Case) -> None:
    found = diff_days(huawei, "2021-01-14", "2021-01-15")
    assert set(found.sales["change"]) == {"held"} and set(found.sales["seller"]) == {"intel", "kioxia"}
    assert found.totals.rows() == [("link", "held", 7, pytest.approx(740.1), pytest.approx(-740.1))]
    assert found.stranded.height == 8 and found.stranded["usd_m"].null_count() == 8
    causes = why(found)
    assert "us-intel-2020-09" in causes["intel>huawei-carrier:cpu"]
    assert all("revoked on 2021-01-15 [reuters-revocations-2021-01-17]" in b for b in causes.values())


def test_the_listing_of_may_2019_holds_the_day_after_its_savings_clause(huawei: Case) -> None:
    listed = diff_days(huawei, "2019-05-15", "2019-05-16")
    assert set(listed.sales["change"]) == {"restated"}
    assert all("a savings clause of el-huawei still lets it go" in b for b in listed.sales["because"])
    held = diff_days(huawei, "2019-05-15", "2019-05-17")
    assert set(held.sales["change"]) == {"held"} and held.sales.height == 58
    assert all(b.startswith("el-huawei came into force on 2019-05-16 [fr-84-22961]; us-entity-list entry el-")
               for b in held.sales["because"])  # fmt: skip


def test_the_rule_of_august_2020(huawei: Case) -> None:
    first = diff_days(huawei, "2020-08-16", "2020-08-17")
    assert dict(first.totals.select("change", "n").iter_rows()) == {"released": 2, "restated": 186}
    assert why(first)["residual-us-research>huawei-carrier:vulnerability-reports"].startswith("research-permanent came")
    after = diff_days(huawei, "2020-09-14", "2020-09-15")
    assert "tsmc>hisilicon:wafers" in set(after.sales.filter(pl.col("change") == "held")["sale"])
    assert "ran out on 2020-09-14" in why(after)["tsmc>hisilicon:wafers"]


def test_the_what_if_of_the_bundled_case(huawei: Case) -> None:
    found = diff_cases(huawei, load("huawei", overlays=["p-mate-sale"]), "2021-01-25")
    assert set(found.sales["change"]) == {"released", "widened", "restated"}
    assert all("huawei-p-mate" in s for s in found.sales["sale"])
    assert all("overlays/p-mate-sale/stakes.csv, row 2" in b for b in found.sales["because"])

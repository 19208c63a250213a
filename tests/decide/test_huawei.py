"""The bundled case decides as the record says it did: the days on which the answers must change."""

import datetime as dt

import pytest

from cases import ask
from detente.decide import check, find_sales, permits, verdict
from detente.decide.facts import facts_of
from detente.decide.sale import link_rows, sale_of
from detente.decide.worked import run_decisions
from detente.record import Case, NotFound, load
from detente.record.checks import account_totals
from detente.record.dictionary import dictionary

RF = "qorvo>huawei-p-mate:rf"
WAFERS = "tsmc>hisilicon:wafers"
SHELF = "mediatek>huawei-other-phones:soc"
SPARES = "residual-us-spares>huawei-carrier:network-spares"
RESEARCH = "residual-us-research>huawei-carrier:vulnerability-reports"
CPU = "intel>huawei-enterprise:cpu"
MEMORY = "kioxia>huawei-p-mate:memory"
LAST = dt.date(2021, 1, 31)
HELD, LIFTED = "licence_required", "allowed_by_exception"


@pytest.fixture(scope="module")
def sold(huawei: Case) -> Case:
    """The case under the what-if that P and Mate were sold."""
    return load("huawei", overlays=["p-mate-sale"])


def test_us_goods_after_the_listing_with_citation_and_facts(huawei: Case) -> None:
    held = ask(huawei, RF, "2020-09-15")
    assert (held.outcome, held.state, held.review) == ("licence_required", "closed", "presumption_of_denial")
    assert held.limbs == ("el-huawei",)
    locators = dict(huawei["sources"].select("id", "locator").iter_rows())
    cited = {locators[s] for r in held.reason.walk() for s in r.sources}
    assert "84 FR 22961" in cited
    facts = {f for r in held.reason.walk() for f in r.facts}
    assert {f.table for f in facts} >= {"links", "listings", "stakes", "variants"}
    for fact in facts:
        frame = huawei[fact.table].filter(id=fact.id)
        assert frame.select("_file", "_row").rows() == [(fact.file, fact.row)]
        assert fact.row > 1


def test_us_goods_before_the_listing(huawei: Case) -> None:
    free = ask(huawei, RF, "2019-05-15")
    assert (free.outcome, free.state, free.limbs, free.share) == ("allowed", "open", (), 1.0)
    assert free.headline == "No restriction: the sale may go ahead."


@pytest.mark.parametrize(
    ("sale", "outcomes"),
    [
        (WAFERS, {"2020-05-14": "not_subject", "2020-06-01": "allowed", "2020-09-15": "licence_required"}),
        (SHELF, {"2020-06-01": "not_subject", "2020-09-15": "licence_required"}),
        (SPARES, {"2020-08-13": LIFTED, "2020-08-14": HELD, "2020-08-15": HELD, "2020-08-16": HELD,
                  "2020-08-17": HELD}),
        (RESEARCH, {"2020-08-13": LIFTED, "2020-08-14": HELD, "2020-08-15": HELD, "2020-08-16": HELD,
                    "2020-08-17": LIFTED}),
        (CPU, {"2021-01-14": "covered_by_licence", "2021-01-15": HELD, "2021-01-16": HELD}),
        (MEMORY, {"2021-01-14": "covered_by_licence", "2021-01-15": HELD, "2021-01-16": HELD}),
        ("mediatek>honor-phones:soc", {"2020-11-16": "licence_required", "2020-11-17": "allowed"}),
        ("qorvo>honor-phones:rf", {"2020-11-16": "licence_required", "2020-11-17": "allowed"}),
        ("mediatek>huawei-other-phones:soc", {"2020-11-16": "licence_required", "2020-11-17": "licence_required"}),
    ],
    ids=["wafers to its design", "chip off the shelf", "network spares", "research", "intel", "kioxia",
         "honor: foreign chip", "honor: us goods", "the rest of huawei"],
)  # fmt: skip
def test_the_days_on_which_it_turns(huawei: Case, sale: str, outcomes: dict[str, str]) -> None:
    assert {d: ask(huawei, sale, d).outcome for d in outcomes} == outcomes


def test_why_the_wafers_could_still_ship_in_june(huawei: Case) -> None:
    saved = ask(huawei, WAFERS, "2020-06-01")
    assert saved.headline == "Allowed by a savings clause."
    assert any(r.text.startswith("saved: ") and r.sources for r in saved.reason.walk())
    assert any(f.table == "findings" for r in saved.reason.walk() for f in r.facts)
    held = ask(huawei, WAFERS, "2020-09-15")
    assert held.limbs == ("fdpr2-party", "fdpr2-use")  # they go into what Huawei makes, and TSMC knows


def test_what_revoked_licences_leave(huawei: Case) -> None:
    for sale, licence in ((CPU, "us-intel-2020-09"), (MEMORY, "us-kioxia-2021-01")):
        before, after = ask(huawei, sale, "2021-01-14"), ask(huawei, sale, "2021-01-16")
        assert (before.licences, after.licences) == ((licence,), ())
        assert (before.share_low, before.share_high) == (0.0, 1.0)  # how much it covered is not published
        assert (after.share_low, after.share_high) == (0.0, 0.0)


def test_honor_goes_with_its_owner(huawei: Case) -> None:
    held = ask(huawei, "qorvo>honor-phones:rf", "2020-11-16")
    path = {f.id for r in held.reason.walk() for f in r.facts if f.table == "stakes"}
    assert path == {"huawei-honor"}
    early = load("huawei", as_known="2020-11-16")
    assert ask(early, "qorvo>honor-phones:rf", "2020-12-31").outcome == "licence_required"


def test_p_and_mate_if_they_had_been_sold(huawei: Case, sold: Case) -> None:
    for day, plain, what_if in (
        ("2021-01-24", "licence_required", "licence_required"),
        ("2021-01-25", "licence_required", "allowed"),
        ("2021-01-31", "licence_required", "allowed"),
    ):
        assert (ask(huawei, RF, day).outcome, ask(sold, RF, day).outcome) == (plain, what_if)
    plain, what_if = (check(c, "2021-01-31").select("sale", "buyer", "outcome") for c in (huawei, sold))
    changed = what_if.join(plain, on=["sale", "outcome"], how="anti")
    assert set(changed["buyer"]) == {"huawei-p-mate"}
    assert sold.digest != huawei.digest


def test_every_worked_decision_comes_out(huawei: Case, sold: Case) -> None:
    assert len(huawei.decisions) > 50
    assert run_decisions(huawei) == ()
    assert all(d.sources for d in huawei.decisions)


def test_nothing_in_it_was_published_later(huawei: Case, sold: Case) -> None:
    for case in (huawei, sold):
        for name, table in dictionary().items():
            if name == "sources":
                dates = case[name]["published"].drop_nulls().to_list()
            else:
                dates = case[name]["recorded"].to_list()
                assert "recorded" in table.names
            assert all(d <= LAST for d in dates), name
    for m in huawei.measures:
        for one in m.limbs:
            for w in one.in_force:
                assert w.recorded <= LAST
                assert w.through_recorded is None or w.through_recorded <= LAST


def test_its_accounts_close(huawei: Case) -> None:
    totals = account_totals(huawei.tables)
    assert set(totals) == {"purchases-all", "purchases-us", "purchases-japan", "purchases-taiwan"}
    for row in huawei["accounts"].iter_rows(named=True):
        assert totals[row["id"]] == pytest.approx(row["reported_usd_m"], abs=row["tolerance_usd_m"])


def test_full_and_short_agree_on_every_link_and_day_of_the_story(huawei: Case) -> None:
    facts = facts_of(huawei)
    sales = [sale_of(row, facts) for row in link_rows(huawei).iter_rows(named=True)]
    for day in huawei.about.story:
        for sale in sales:
            a, b = (verdict(huawei, sale, day, full=f) for f in (True, False))
            assert (a.outcome, a.share, a.share_low, a.share_high, a.limbs, a.licences, a.authorisations) == (
                b.outcome, b.share, b.share_low, b.share_high, b.limbs, b.licences, b.authorisations,
            ), (sale.id, day)  # fmt: skip


def test_permits_of_the_whole_time_agree_with_the_table_of_each_story_day(huawei: Case) -> None:
    found = permits(huawei, huawei.about.horizon.since, huawei.about.horizon.through)
    for day in huawei.about.story:
        table = dict(check(huawei, day).select("sale", "outcome").iter_rows())
        on = found.on(day)
        assert {v.sale: v.outcome for v in on.verdict if v is not None} == table


def test_a_sale_inside_the_group_is_nobodys_export(huawei: Case) -> None:
    assert ask(huawei, "hisilicon>huawei-p-mate:soc", "2020-09-15").outcome == "not_subject"


def test_missing_facts_hold_a_sale_and_are_named(huawei: Case) -> None:
    held = ask(huawei, "largan>huawei-p-mate:lenses", "2020-09-15")
    assert (held.outcome, held.share_low, held.share_high) == ("needs_facts", 0.0, 1.0)
    assert any("not recorded for largan" in n for n in held.needs)


def test_nothing_is_in_force_before_it_was_known(huawei: Case) -> None:
    early = load("huawei", as_known="2020-08-16")
    assert "fdpr2-party" not in facts_of(early).limbs
    later = permits(huawei, "2020-09-15", "2020-09-15").on("2020-09-15")
    assert any(v is not None and "fdpr2-party" in v.limbs for v in later.verdict)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (RF, {RF}),
        ("Qorvo to Huawei P and Mate", {RF, "qorvo-abroad>huawei-p-mate:rf"}),
        ("tsmc > hisilicon", {WAFERS}),
        ("TSMC to HiSilicon: wafers", {WAFERS}),
        ("intel to huawei-enterprise", {CPU}),
    ],
)
def test_find_sales(huawei: Case, query: str, found: set[str]) -> None:
    assert set(find_sales(huawei, query)) >= found
    assert len(find_sales(huawei, query)) <= len(found) + 3


@pytest.mark.parametrize(
    "query", ["", "nokia to huawei", "huawei to qorvo", "tsmc to hisilicon: glass", "; drop table"]
)
def test_find_sales_says_what_to_write(huawei: Case, query: str) -> None:
    with pytest.raises(NotFound, match="detente check huawei --as-of DAY"):
        find_sales(huawei, query)


def test_a_near_miss_of_a_sale(huawei: Case) -> None:
    with pytest.raises(NotFound, match="Did you mean 'qorvo>huawei-p-mate:rf'"):
        ask(huawei, "qorvo>huawei-p-mate:rff", "2020-09-15")

"""How requirements, authorisations, licences and prohibitions come together in one answer."""

import datetime as dt
from collections.abc import Callable

import pytest

from cases import FILES, LISTED, ask, limb, measure
from detente.decide import explain, verdict
from detente.decide.book import check_book
from detente.decide.truth import FALSE, TRUE, UNKNOWN
from detente.record import Case, DetenteError, NotFound, load

Made = Callable[..., Case]
A, N, OVA = "acme>vell:chip", "norr>vell:chip", "acme>ova:chip"
DAY = "2020-05-01"
LICENCE = {
    "licences.csv": "id, authority, holder, kind, consignees, overcomes\nlic, M, acme, individual, vell, one\n",
    "licence_lines.csv": "id, licence, line, item\nx1, lic, 1, chip\n",
    "licence_events.csv": "id, licence, date, event\ne1, lic, 2020-05-01, granted\n",
}


def law(*limbs: str) -> dict[str, str]:
    """A case's files with one measure of these limbs."""
    return {"measures/order.toml": measure(*limbs)}


# ---------------------------------------------------------------- nothing bites


def test_not_subject_and_allowed(made: Made) -> None:
    case = made()
    assert ask(case, N, DAY).outcome == "not_subject"
    assert ask(case, A, "2020-03-01").outcome == "not_subject"  # the rule is not in force yet
    free = ask(case, OVA, DAY)
    assert (free.outcome, free.state, free.share, free.limbs) == ("allowed", "open", 1.0, ())
    assert free.headline == "No restriction: the sale may go ahead."


def test_a_case_without_measures(made: Made) -> None:
    case = made({"measures/order.toml": None})
    assert ask(case, A, DAY).outcome == "not_subject"


# ---------------------------------------------------------------- requirements and what lifts them


def test_a_requirement_stands(made: Made) -> None:
    held = ask(made(), A, DAY)
    assert (held.outcome, held.state, held.share, held.share_high) == ("licence_required", "closed", 0.0, 0.0)
    assert held.limbs == ("list",)
    assert held.review == "presumption_of_denial"
    assert held.reason.truth is TRUE


def test_an_authorisation_lifts_only_the_limb_it_names(made: Made) -> None:
    one, two = limb("one", LISTED), limb("two", LISTED, since="2020-06-01")
    free = limb(
        "free",
        'defeats = ["one"]\nduties = [{kind = "certificate", by = "the seller", text = "A statement."}]',
        effect="authorise",
    )
    case = made(law(one, two, free))
    lifted, held = ask(case, A, "2020-05-31"), ask(case, A, "2020-06-01")
    assert (lifted.outcome, lifted.authorisations, lifted.limbs) == ("allowed_by_exception", ("free",), ("one",))
    assert lifted.duties == ("certificate: A statement. (by the seller)",)
    assert (held.outcome, held.limbs) == ("licence_required", ("one", "two"))
    both = made(law(one, two, free.replace('["one"]', '["one", "two"]')))
    assert ask(both, A, "2020-06-01").outcome == "allowed_by_exception"


def test_an_authorisation_has_conditions_of_its_own(made: Made) -> None:
    free = limb("free", 'defeats = ["one"]\nend_use = ["repair"]', effect="authorise")
    case = made({
        **law(limb("one", LISTED), free),
        "links.csv": "id, seller, buyer, value_usd_m, end_use\nyes, acme, vell, 1, repair\n"
        "no, acme, vell, 1, production\n"
        "unsaid, acme, vell, 1, none\n",
    })  # fmt: skip
    assert [ask(case, k, DAY).outcome for k in ("yes", "no", "unsaid")] == [
        "allowed_by_exception", "licence_required", "needs_facts",
    ]  # fmt: skip


def test_an_authorisation_that_is_only_scheduled_does_not_lift(made: Made) -> None:
    windows = '[{since = 2020-03-02, recorded = 2020-01-01, certainty = "scheduled"}]'
    free = limb("free", 'defeats = ["one"]', effect="authorise", windows=windows)
    found = ask(made(law(limb("one", LISTED), free)), A, DAY)
    assert (found.outcome, found.otherwise) == ("licence_required", "allowed_by_exception")


def test_every_requirement_must_be_overcome_separately(made: Made) -> None:
    one, two = limb("one", LISTED), limb("two", LISTED)
    assert ask(made({**law(one), **LICENCE}), A, DAY).outcome == "covered_by_licence"
    held = ask(made({**law(one, two), **LICENCE}), A, DAY)
    assert (held.outcome, held.limbs, held.licences) == ("licence_required", ("one", "two"), ("lic",))
    both = {**LICENCE, "licences.csv": LICENCE["licences.csv"].replace(", one", ", one; two")}
    assert ask(made({**law(one, two), **both}), A, DAY).outcome == "covered_by_licence"
    free = limb("free", 'defeats = ["two"]', effect="authorise")
    mixed = ask(made({**law(one, two, free), **LICENCE}), A, DAY)
    assert (mixed.outcome, mixed.licences, mixed.authorisations) == ("covered_by_licence", ("lic",), ("free",))


def test_one_known_and_one_unknown_requirement(made: Made) -> None:
    unknown = limb("two", 'knowledge = "knowledge"')
    assert ask(made(law(unknown)), A, DAY).outcome == "needs_facts"
    assert ask(made(law(limb("one", LISTED), unknown)), A, DAY).outcome == "licence_required"
    assert ask(made({**law(limb("one", LISTED), unknown), **LICENCE}), A, DAY).outcome == "needs_facts"


def test_a_licence_for_a_requirement_that_may_not_even_bite(made: Made) -> None:
    case = made({**law(limb("one", 'knowledge = "knowledge"')), **LICENCE})
    assert [ask(case, A, d).outcome for d in ("2020-04-30", "2020-05-01")] == ["needs_facts", "covered_by_licence"]


def test_a_licence_is_no_use_where_the_limb_does_not_take_one(made: Made) -> None:
    assert (
        ask(made({**law(limb("one", LISTED + "\novercome_by = []")), **LICENCE}), A, DAY).outcome == "licence_required"
    )


def test_several_licences_are_all_needed_so_the_least_counts(made: Made) -> None:
    files = {
        **law(limb("one", LISTED), limb("two", LISTED)),
        "licences.csv": "id, authority, holder, kind, consignees, overcomes\nl1, M, acme, individual, vell, one\n"
        "l2, M, acme, individual, vell, two\n",
        "licence_lines.csv": "id, licence, line, item, covers, covers_low, covers_high\n"
        "x1, l1, 1, chip, 0.5, 0.1, 0.9\n"
        "x2, l2, 1, chip, 0.4, 0.3, 0.6\n",
        "licence_events.csv": "id, licence, date, event\ne1, l1, 2020-05-01, granted\ne2, l2, 2020-05-01, granted\n",
    }
    found = ask(made(files), A, DAY)
    assert (found.outcome, found.licences) == ("covered_by_licence", ("l1", "l2"))
    assert (found.share, found.share_low, found.share_high) == (0.4, 0.1, 0.6)


# ---------------------------------------------------------------- prohibitions and conflicts


def test_a_prohibition_beats_a_licence(made: Made) -> None:
    banned = {**law(limb("one", LISTED, effect="prohibit")), **LICENCE}
    held = ask(made(banned), A, DAY)
    assert (held.outcome, held.state, held.share, held.licences) == ("denied", "closed", 0.0, ())
    assert held.headline == "Prohibited; no licence overcomes it."
    beside = {**law(limb("one", LISTED), limb("ban", LISTED, effect="prohibit")), **LICENCE}
    assert ask(made(beside), A, DAY).outcome == "denied"


def test_a_prohibition_may_be_lifted_by_an_authorisation(made: Made) -> None:
    free = limb("free", 'defeats = ["ban"]', effect="authorise")
    assert ask(made(law(limb("ban", LISTED, effect="prohibit"), free)), A, DAY).outcome == "allowed_by_exception"


def test_a_prohibition_that_may_bite(made: Made) -> None:
    ban = limb("ban", 'knowledge = "knowledge"', effect="prohibit")
    assert ask(made(law(ban)), A, DAY).outcome == "needs_facts"


def test_one_regime_restricts_and_another_forbids_to_comply(made: Made) -> None:
    block = measure(limb("block", 'bound = ["us_person"]', effect="forbid_compliance"), regime="third", name="block")
    case = made({"measures/block.toml": block, "measures/order.toml": measure(limb("list", LISTED))})
    torn = ask(case, A, DAY)
    assert (torn.outcome, torn.state, torn.share_low, torn.share_high) == ("conflict", "unknown", 0.0, 1.0)
    assert ask(case, N, DAY).outcome == "licence_required"  # not bound by it
    assert ask(case, OVA, DAY).outcome == "not_subject"  # nothing to comply with
    ban = made({"measures/block.toml": block, "measures/order.toml": measure(limb("list", LISTED, effect="prohibit"))})
    assert ask(ban, A, DAY).outcome == "conflict"


def test_information_and_definitions_hold_nothing(made: Made) -> None:
    case = made(
        law(limb("tell", LISTED, effect="inform"), limb("define", 'scope = [{origin = ["KR"]}]', effect="define"))
    )
    told = ask(case, A, DAY)
    assert (told.outcome, told.limbs) == ("not_subject", ())
    assert told.notes == ("tell: The rule tell.",)
    assert ask(case, OVA, DAY).notes == ()
    assert ask(case, N, DAY).outcome == "allowed"  # within somebody's reach, and nothing asked of it


# ---------------------------------------------------------------- what the answer carries


def test_the_strictest_review_of_the_limbs_and_entries_that_stand(made: Made) -> None:
    soft = limb("one", LISTED + '\nreviews = [{policy = "case_by_case"}]')
    assert ask(made(law(soft)), A, DAY).review == "presumption_of_denial"  # that of the entry on the list
    hard = limb("two", 'reviews = [{policy = "denial"}, {policy = "presumption_of_approval"}]')
    assert ask(made(law(soft, hard)), A, DAY).review == "denial"
    assert ask(made(law(limb("three"))), A, DAY).review is None
    assert ask(made({**law(limb("one", LISTED)), **LICENCE}), A, DAY).review is None


def test_facts_with_file_and_row_and_sources(made: Made) -> None:
    held = ask(made(), A, DAY)
    facts = {str(f) for r in held.reason.walk() for f in r.facts}
    assert {"links acme>vell:chip (links.csv, row 2)", "listings l-vell (listings.csv, row 2)"} <= facts
    assert "variants acme-chip (variants.csv, row 2)" in facts
    assert {"law"} <= {s for r in held.reason.walk() for s in r.sources}


def test_needs_name_what_would_settle_it(made: Made) -> None:
    files = {**law(limb("list", 'knowledge = "knowledge"')), "findings.csv": None}
    case = made(files)
    (need,) = ask(case, A, DAY).needs
    assert need == "the seller knows of it (a finding 'knowledge' about acme>vell:chip)"
    assert ask(made(), A, DAY).needs == ()


def test_not_expressed_is_noted(made: Made) -> None:
    case = made(law(limb("list", LISTED + '\nnot_expressed = ["that it is new"]')))
    assert ask(case, A, DAY).notes == ("list: that it is new",)
    assert ask(case, OVA, DAY).notes == ()


def test_full_and_short_agree(made: Made) -> None:
    free = limb("free", 'defeats = ["one"]\nend_use = ["repair"]', effect="authorise")
    case = made({**law(limb("one", LISTED), limb("two", 'knowledge = "knowledge"'), free), **LICENCE})
    for sale in case["links"]["id"]:
        full, short = (verdict(case, sale, DAY, full=f) for f in (True, False))
        assert (full.outcome, full.share, full.limbs, full.licences) == (
            short.outcome,
            short.share,
            short.limbs,
            short.licences,
        )
        assert len(list(full.reason.walk())) >= len(list(short.reason.walk()))


def test_explain_is_the_whole_verdict(made: Made) -> None:
    case = made()
    assert explain(case, A, DAY) == verdict(case, A, dt.date(2020, 5, 1), full=True)


def test_the_tree_is_true_where_the_sale_is_held(made: Made) -> None:
    free = limb("free", 'defeats = ["one"]', effect="authorise", since="2020-06-01")
    case = made(law(limb("one", LISTED), free))
    assert ask(case, A, "2020-05-01").reason.truth is TRUE
    assert ask(case, A, "2020-06-01").reason.truth is FALSE
    unsure = made(law(limb("one", 'knowledge = "knowledge"')))
    assert ask(unsure, A, DAY).reason.truth is UNKNOWN


@pytest.mark.parametrize("sale", ["acme>vel:chip", "", "nothing"])
def test_an_unknown_sale(made: Made, sale: str) -> None:
    with pytest.raises(NotFound, match="The case has no link or order"):
        verdict(made(), sale, DAY)


@pytest.mark.parametrize("day", ["2020-02-30", "today", ""])
def test_an_unknown_day(made: Made, day: str) -> None:
    with pytest.raises(DetenteError, match="is not a day"):
        verdict(made(), A, day)


def test_as_known_is_on_the_verdict(made: Made, tmp_path: object) -> None:
    case = made()
    assert verdict(case, A, DAY).as_known is None
    assert verdict(load(case.folder, as_known="2020-06-01"), A, DAY).as_known == dt.date(2020, 6, 1)


def test_a_limb_of_another_regime_reads_its_own_codes(made: Made) -> None:
    variants = FILES["variants.csv"].replace("origin\n", "origin, codes\n").replace("US\n", "US, home:1A; far:2B\n")
    variants = variants.replace("KR\n", "KR, home:2B; far:1A\n")
    body = 'items = {codes = ["1A"]}'
    case = made({
        "variants.csv": variants,
        "measures/order.toml": measure(limb("home-list", body)),
        "measures/far.toml": measure(limb("far-list", body), regime="far", name="far"),
    })  # fmt: skip
    assert ask(case, A, DAY).limbs == ("home-list",)
    assert ask(case, N, DAY).limbs == ("far-list",)


def test_an_order_is_decided_on_the_day_it_left(made: Made) -> None:
    rows = f"gone, {A}, 1, 2020-03-01\nlater, {A}, 1, 2020-06-01\nopen, {A}, 1,\n"
    case = made({"orders.csv": "id, link, value_usd_m, exported\n" + rows})
    found = {k: ask(case, k, DAY) for k in ("gone", "later", "open")}
    assert {k: (str(v.as_of), v.outcome) for k, v in found.items()} == {
        "gone": ("2020-03-01", "not_subject"),
        "later": ("2020-06-01", "licence_required"),
        "open": ("2020-05-01", "licence_required"),
    }


def test_an_amending_entry_ends_the_one_it_amends(made: Made) -> None:
    listings = """
        id, list,      party, as_listed, tags, requirement, review, since,      modifies
        l1, home-list, vell,  VELL,      none, all,         denial, 2020-03-02,
        l2, home-list, vell,  VELL,      fn1,  all,         denial, 2020-05-01, l1
        """
    case = made({"listings.csv": listings})
    used = [
        {f.id for r in ask(case, A, d).reason.walk() for f in r.facts if f.table == "listings"}
        for d in ("2020-04-30", "2020-05-01")
    ]
    assert used == [{"l1"}, {"l2"}]


# ---------------------------------------------------------------- what a careful reader found: nothing unknown releases


@pytest.mark.parametrize(
    ("body", "files"),
    [
        ('places = {to = ["CN"]}', {"units.csv": FILES["units.csv"].replace("CN,", "ZZ,")}),
        ('places = {headquartered_in = ["CN"]}', {"parties.csv": FILES["parties.csv"].replace("CN,", "ZZ,")}),
        ('bound = ["us_person"]', {"parties.csv": FILES["parties.csv"].replace("US,", "ZZ,")}),
        ('acts = ["transfer"]', {"units.csv": FILES["units.csv"].replace("CN,", "ZZ,")}),
        ('knowledge = "informed"', {}),
    ],
)
def test_a_country_or_a_letter_that_is_not_known_does_not_release(
    made: Callable[..., Case], body: str, files: dict[str, str]
) -> None:
    case = made({"measures/order.toml": measure(limb("list", body)), **files})
    assert verdict(case, "acme>vell:chip", "2020-05-01").outcome == "needs_facts"


@pytest.mark.parametrize("about", ["acme>vell:chip", "vell", "acme"])
def test_a_finding_about_the_link_or_a_party_counts_for_an_order(made: Callable[..., Case], about: str) -> None:
    files = {
        "measures/order.toml": measure(limb("list", 'end_use = ["military"]')),
        "orders.csv": "id, link, value_usd_m\no1, acme>vell:chip, 1\n",
        "findings.csv": f"id, about, fact, value\nf, {about}, military, yes\n",
    }
    assert verdict(made(files), "o1", "2020-05-01").outcome == "licence_required"


def test_a_law_against_complying_is_not_what_saves_a_sale(made: Made) -> None:
    """Its own saving clause does not hold; nothing else restricts the sale."""
    saving = 'savings = [{event_by = {production_started = 2020-01-01}, text = "made by then", sources = ["law"]}]'
    far = 'scope = [{origin = ["US"]}]\nend_use = ["military"]'
    rows = f"o, {A}, 1, 2020-02-01, {DAY}\n"
    case = made({
        **law(limb("against", saving, effect="forbid_compliance"), limb("far", far)),
        "orders.csv": "id, link, value_usd_m, production_started, exported\n" + rows,
    })  # fmt: skip
    v = ask(case, "o", DAY)
    assert (v.outcome, v.is_saved, v.headline) == ("allowed", False, "No restriction: the sale may go ahead.")
    assert check_book(case, case["orders"], DAY).frame()["because"].to_list() == [v.headline]


def test_what_is_taken_out_of_an_authorisation_is_not_lifted_by_it(made: Made) -> None:
    """Unknown, where it is not known whether it is taken out; said by the book as by the sale alone."""
    out = 'defeats = ["free"]\nitems = {text = "old", decided_by = "expert"}'
    files = law(
        limb("list", LISTED), limb("free", 'defeats = ["list"]', effect="authorise"),
        limb("out", out, effect="out_of_scope"),
    )  # fmt: skip
    files["orders.csv"] = f"id, link, value_usd_m\no, {A}, 1\n"
    expected = {"yes": "licence_required", "no": "allowed_by_exception", "": "needs_facts"}
    for found, outcome in expected.items():
        row = f"f, acme-chip, item:old, {found}\n" if found else ""
        case = made({**files, "findings.csv": "id, about, fact, value\n" + row})
        v = ask(case, "o", DAY)
        assert (v.outcome, v.authorisations) == (outcome, ("free",) if found == "no" else ())
        (line,) = check_book(case, case["orders"], DAY).frame().iter_rows(named=True)
        assert (line["outcome"], tuple(line["needs"]), tuple(line["limbs"])) == (outcome, v.needs, v.limbs)
    assert v.needs == ("old (a finding 'item:old' about o)",)

"""What is not certain is answered both ways, the worse first; what was withdrawn is looked back at as it was known."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cases import FILES, LISTED, ask, limb, make_case, measure, problems_of
from detente.decide import Verdict, check, order_book, permits
from detente.record import Case

Made = Callable[..., Case]
A, N = "acme>vell:chip", "norr>vell:chip"
DAY = "2020-05-01"
BOTH = ("scheduled", "announced", "disputed")


def law(*limbs: str) -> dict[str, str]:
    """A case's files with one measure of these limbs."""
    return {"measures/order.toml": measure(*limbs)}


def window(certainty: str = "scheduled", since: str = "2020-05-01", more: str = "") -> str:
    """One window that is not certain."""
    return f'[{{since = {since}, recorded = 2020-01-01, certainty = "{certainty}"{more}}}]'


def said(v: Verdict) -> tuple[str, str | None]:
    """The answer and the other one."""
    return v.outcome, v.otherwise


def both(case: Case, day: str = DAY, sale: str = A) -> tuple[str, str | None]:
    """The answer and the other one for a sale on a day."""
    return said(ask(case, sale, day))


# ---------------------------------------------------------------- rules that may come


@pytest.mark.parametrize("certainty", BOTH)
def test_a_requirement_that_may_come(made: Made, certainty: str) -> None:
    case = made(law(limb("list", LISTED, windows=window(certainty, more=", through = 2020-05-31"))))
    days = ("2020-04-30", "2020-05-01", "2020-05-31", "2020-06-01")
    perhaps = ("licence_required", "not_subject")
    assert [both(case, d) for d in days] == [("not_subject", None), perhaps, perhaps, ("not_subject", None)]
    v = ask(case, A, DAY)
    assert (v.state, v.share, v.share_low, v.share_high) == ("closed", 0, 0, 1)
    assert v.limbs == ("list",)
    assert v.review == "presumption_of_denial"
    assert v.headline.endswith("That counts a rule that is not certain; without it: not subject.")
    assert any(f"({certainty}: 2020-05-01 to 2020-05-31)" in r.text for r in v.reason.walk())


def test_a_prohibition_that_may_come(made: Made) -> None:
    ban = limb("ban", LISTED, effect="prohibit", windows=window())
    assert both(made(law(ban))) == ("denied", "not_subject")
    assert both(made(law(ban, limb("list", LISTED)))) == ("denied", "licence_required")


def test_what_would_lift_it_may_not_come(made: Made) -> None:
    """A permission that is not certain releases nothing."""
    for effect, better in (("authorise", "allowed_by_exception"), ("out_of_scope", "not_subject")):
        free = limb("free", 'defeats = ["list"]', effect=effect, windows=window())
        v = ask(made(law(limb("list", LISTED), free)), A, DAY)
        assert (said(v), v.state, v.authorisations) == (("licence_required", better), "closed", ())
        assert (v.share, v.share_high) == (0, 1)


def test_a_definition_that_may_come(made: Made) -> None:
    reach = limb("reach", 'scope = [{origin = ["US"]}]', effect="define", windows=window())
    named = 'scope = [{named = "reach"}]'
    assert both(made(law(reach, limb("list", named)))) == ("licence_required", "not_subject")
    free = limb("free", f'defeats = ["list"]\n{named}', effect="authorise")
    assert both(made(law(reach, limb("list", LISTED), free))) == ("licence_required", "allowed_by_exception")


def test_a_law_against_complying_that_may_come(made: Made) -> None:
    block = measure(limb("block", "", effect="forbid_compliance", windows=window()), regime="far", name="block")
    case = made({**law(limb("list", LISTED)), "measures/block.toml": block})
    assert both(case) == ("conflict", "licence_required")


def test_the_same_answer_both_ways_is_one_answer(made: Made) -> None:
    v = ask(made(law(limb("list", LISTED), limb("two", LISTED, windows=window()))), A, DAY)
    assert said(v) == ("licence_required", None)
    assert v.share_high == 0
    assert both(made(law(limb("list", 'end_use = ["repair"]', windows=window())))) == ("not_subject", None)


def test_what_is_missing_and_what_is_not_certain(made: Made) -> None:
    """A requirement that may come is worse than a fact that is missing; the fact alone is no second answer."""
    dark = 'knowledge = "knowledge"'
    v = ask(made(law(limb("dark", dark), limb("list", LISTED, windows=window()))), A, DAY)
    assert (said(v), v.share_high) == (("licence_required", "needs_facts"), 1)
    assert both(made(law(limb("dark", dark)))) == ("needs_facts", None)
    v = ask(made(law(limb("dark", dark, windows=window()))), A, DAY)
    assert (said(v), v.state, bool(v.needs)) == (("needs_facts", "not_subject"), "unknown", True)


def test_a_licence_against_a_rule_that_may_come(made: Made) -> None:
    case = made({
        **law(limb("list", LISTED, windows=window())),
        "licences.csv": "id, authority, holder, kind, consignees, overcomes\nlic, M, acme, individual, vell, list\n",
        "licence_lines.csv": "id, licence, line, item, covers\nx1, lic, 1, chip, 0.5\n",
        "licence_events.csv": "id, licence, date, event\ne1, lic, 2020-05-10, granted\n",
    })  # fmt: skip
    assert both(case, "2020-05-09") == ("licence_required", "not_subject")
    v = ask(case, A, "2020-05-10")
    assert (said(v), v.state, v.share, v.share_high) == (("covered_by_licence", "not_subject"), "capped", 0.5, 1)


def test_an_enacted_window_before_and_after(made: Made) -> None:
    """Suspended, and scheduled to come back."""
    windows = """[
      {since = 2020-03-02, through = 2020-03-31, recorded = 2020-01-01},
      {since = 2020-05-01, through = 2020-05-31, recorded = 2020-01-01, certainty = "scheduled"},
      {since = 2020-06-01, recorded = 2020-01-01},
    ]"""
    case = made(law(limb("list", LISTED, windows=windows)))
    assert [both(case, d) for d in ("2020-03-31", "2020-04-01", "2020-05-01", "2020-05-31", "2020-06-01")] == [
        ("licence_required", None), ("not_subject", None), ("licence_required", "not_subject"),
        ("licence_required", "not_subject"), ("licence_required", None),
    ]  # fmt: skip


# ---------------------------------------------------------------- in force on paper

IDLE = "not_enforced = [{since = 2020-05-01, through = 2020-05-31, recorded = 2020-05-01}]\n"


def test_a_rule_that_is_not_enforced(made: Made) -> None:
    case = made(law(limb("list", IDLE + LISTED)))
    perhaps = ("licence_required", "not_subject")
    assert [both(case, f"2020-{d}") for d in ("04-30", "05-01", "05-31", "06-01")] == [
        ("licence_required", None), perhaps, perhaps, ("licence_required", None),
    ]  # fmt: skip
    v = ask(case, A, DAY)
    assert "list is in force on paper; the authority has said that it does not enforce it" in v.notes
    assert any("on paper: not enforced since 2020-05-01" in r.text for r in v.reason.walk())


def test_what_is_not_in_force_is_not_a_matter_of_enforcing(made: Made) -> None:
    case = made(law(limb("list", IDLE + LISTED, since="2020-05-15")))
    assert [both(case, f"2020-05-{d}") for d in ("14", "15")] == [
        ("not_subject", None), ("licence_required", "not_subject"),
    ]  # fmt: skip


def test_a_permission_that_is_not_applied_releases_nothing(made: Made) -> None:
    free = limb("free", IDLE + 'defeats = ["list"]', effect="authorise")
    case = made(law(limb("list", LISTED), free))
    assert [both(case, d) for d in ("2020-04-30", "2020-05-31")] == [
        ("allowed_by_exception", None), ("licence_required", "allowed_by_exception"),
    ]  # fmt: skip


def test_one_rule_of_two_is_not_enforced(made: Made) -> None:
    v = ask(made(law(limb("list", IDLE + LISTED), limb("two", LISTED))), A, DAY)
    assert (said(v), v.limbs) == (("licence_required", None), ("list", "two"))


# ---------------------------------------------------------------- withdrawn, cut short, not yet known


def test_a_window_that_was_withdrawn_is_not_there(made: Made) -> None:
    """Until the day it became known it was to come; looked back at from before, it still is."""
    files = law(limb("list", LISTED, windows=window(more=", withdrawn = 2020-04-15")))
    assert both(made(files)) == ("not_subject", None)
    for known, expected in (
        ("2020-01-01", ("licence_required", "not_subject")), ("2020-04-14", ("licence_required", "not_subject")),
        ("2020-04-15", ("not_subject", None)), ("2020-12-31", ("not_subject", None)),
    ):  # fmt: skip
        assert both(made(files, as_known=known)) == expected, known


def test_an_enacted_window_that_was_withdrawn(made: Made) -> None:
    windows = "[{since = 2020-05-01, recorded = 2020-03-01, withdrawn = 2020-04-15}]"
    files = law(limb("list", LISTED), limb("two", 'end_use = ["production"]', windows=windows))
    assert ask(made(files), A, DAY).limbs == ("list",)
    found = {k: ask(made(files, as_known=k), A, DAY).limbs for k in ("2020-02-29", "2020-03-01", "2020-04-15")}
    assert found == {"2020-02-29": ("list",), "2020-03-01": ("list", "two"), "2020-04-15": ("list",)}


def test_a_word_on_enforcing_that_was_taken_back(made: Made) -> None:
    idle = "not_enforced = [{since = 2020-05-01, recorded = 2020-04-01, withdrawn = 2020-04-15}]\n"
    files = law(limb("list", idle + LISTED))
    assert both(made(files)) == ("licence_required", None)
    assert both(made(files, as_known="2020-04-14")) == ("licence_required", "not_subject")
    assert both(made(files, as_known="2020-03-31")) == ("licence_required", None)  # nobody had said it yet


def test_a_window_that_was_cut_short_keeps_what_it_said_before(made: Made) -> None:
    windows = """[{since = 2020-03-02, through = 2020-05-18, recorded = 2020-01-01, written_through = 2020-05-19,
                   through_recorded = 2020-05-19}]"""
    files = law(limb("list", LISTED, windows=windows.replace("\n", " ")))
    days = ("2020-05-18", "2020-05-19", "2020-05-20")
    before, after = made(files, as_known="2020-05-18"), made(files, as_known="2020-05-19")
    assert [both(before, d)[0] for d in days] == ["licence_required", "licence_required", "not_subject"]
    assert [both(after, d)[0] for d in days] == ["licence_required", "not_subject", "not_subject"]
    assert [both(made(files), d)[0] for d in days] == ["licence_required", "not_subject", "not_subject"]


def test_a_window_is_known_from_the_day_it_was_recorded(made: Made) -> None:
    windows = '[{since = 2020-03-02, recorded = 2020-04-01, certainty = "announced"}]'
    files = law(limb("list", LISTED, windows=windows), limb("other", 'end_use = ["repair"]'))
    assert both(made(files, as_known="2020-03-31")) == ("not_subject", None)
    assert both(made(files, as_known="2020-04-01")) == ("licence_required", "not_subject")


def test_windows_that_do_not_make_sense_are_faults(tmp_path: Path) -> None:
    wrong = (
        "[{since = 2020-05-02, through = 2020-05-01, recorded = 2020-01-01}]",
        "[{since = 2020-05-01, recorded = 2020-01-01, written_through = 2020-06-01}]",
        "[{since = 2020-05-01, recorded = 2020-01-01}, {since = 2020-06-01, recorded = 2020-01-01}]",
        '[{since = 2020-05-01, recorded = 2020-01-01, certainty = "likely"}]',
        "[{since = 2020-05-01}]",
        "[]",
    )
    found = problems_of(make_case(tmp_path, law(*(limb(f"r{i}", windows=w) for i, w in enumerate(wrong)))))
    assert len(found) == len(wrong)


# ---------------------------------------------------------------- the same everywhere


def test_tables_and_books_say_both_too(made: Made) -> None:
    case = made({
        **law(limb("list", LISTED, windows=window(more=", through = 2020-05-31"))),
        "orders.csv": f"""
            id,    link, value_usd_m, exported
            left,  {A},  1,           2020-04-30
            first, {A},  1,           2020-05-01
            last,  {A},  1,           2020-05-31
            later, {A},  1,           2020-06-01
            open,  {A},  1,
            """,
    })  # fmt: skip
    perhaps, free = ("licence_required", "not_subject"), ("not_subject", None)
    expected = {"left": free, "first": perhaps, "last": perhaps, "later": free, "open": perhaps}
    table = {r["sale"]: (r["outcome"], r["otherwise"]) for r in check(case, DAY).iter_rows(named=True)}
    assert table == {**dict.fromkeys((A, N), perhaps), "acme>ova:chip": free, **expected}
    book = order_book(case, DAY)
    assert {k: said(book.verdict(k)) for k in expected} == expected
    span = permits(case, "2020-04-01", "2020-06-30")
    assert [str(d) for d in span.days()] == ["2020-04-01", "2020-05-01", "2020-06-01"]
    v = span.verdict_on(A, "2020-05-31")
    assert v is not None and said(v) == perhaps


def test_the_minimal_case_is_certain(made: Made) -> None:
    """Nothing above rests on the files that the tests leave alone."""
    assert "certainty" not in "".join(str(f) for f in FILES.values())
    assert both(made()) == ("licence_required", None)

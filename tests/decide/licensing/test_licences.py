"""Whether a licence covers a sale on a day, as far as is known."""

from collections.abc import Callable

import pytest

from cases import FILES, LISTED, ask, limb, measure
from detente.decide import Verdict
from detente.record import Case

Made = Callable[..., Case]
A, N, OVA = "acme>vell:chip", "norr>vell:chip", "acme>ova:chip"
COVERED, REQUIRED, UNSURE = "covered_by_licence", "licence_required", "needs_facts"

HEAD = "id, authority, holder, kind, consignees, overcomes"


def files(
    *events: str,
    licence: str = "lic, Ministry, acme, individual, vell, list",
    lines: str = "x1, lic, 1, chip",
    more: str = "",
) -> dict[str, str | None]:
    """Every sale to Vell needs a licence since 2020-03-02; one licence with these events."""
    return {
        "measures/order.toml": measure(limb("list", LISTED)),
        "licences.csv": f"{HEAD}{', since, through' if more else ''}\n{licence}{more}\n",
        "licence_lines.csv": f"id, licence, line, item\n{lines}\n" if lines else None,
        "licence_events.csv": "id, licence, date, event, precision, lines, parties\n"
        + "".join(f"e{i}, lic, {e}{',' * (4 - e.count(','))}\n" for i, e in enumerate(events)),
    }


def outcomes(case: Case, sale: str, *days: str) -> list[str]:
    """What comes out on some days of 2020."""
    return [ask(case, sale, f"2020-{d}").outcome for d in days]


GRANTED = "2020-05-01, granted"


def test_covers_from_the_day_of_the_grant(made: Made) -> None:
    case = made(files(GRANTED))
    assert outcomes(case, A, "04-30", "05-01", "12-31") == [REQUIRED, COVERED, COVERED]
    found = ask(case, A, "2020-05-01")
    assert (found.licences, found.limbs, found.state, found.share) == (("lic",), ("list",), "open", 1.0)
    assert outcomes(case, N, "05-01") == [REQUIRED]  # another seller's


def test_a_licence_without_a_grant_covers_nothing(made: Made) -> None:
    assert outcomes(made(files("2020-05-01, applied")), A, "05-01") == [REQUIRED]
    assert outcomes(made(files("2020-05-01, denied")), A, "05-01") == [REQUIRED]
    assert outcomes(made({**files(), "licence_events.csv": None}), A, "05-01") == [REQUIRED]


def test_known_by_a_day_is_unknown_before_it(made: Made) -> None:
    case = made(files("2020-05-01, granted, known_by"))
    assert outcomes(case, A, "04-30", "05-01", "06-01") == [UNSURE, COVERED, COVERED]
    assert any("whether before 2020-04-30 is not published" in n for n in ask(case, A, "2020-04-30").needs)


@pytest.mark.parametrize("end", ["revoked", "expired", "not_renewed", "returned", "exhausted", "denied", "suspended"])
def test_an_end_counts_from_its_day(made: Made, end: str) -> None:
    case = made(files(GRANTED, f"2020-07-01, {end}"))
    assert outcomes(case, A, "06-30", "07-01", "07-02") == [COVERED, REQUIRED, REQUIRED]


def test_an_end_that_is_known_by_a_day_is_unknown_before_it(made: Made) -> None:
    case = made(files(GRANTED, "2020-07-01, revoked, known_by"))
    assert outcomes(case, A, "04-30", "05-01", "06-30", "07-01") == [REQUIRED, UNSURE, UNSURE, REQUIRED]


@pytest.mark.parametrize("event", ["amended", "notice_of_intent_to_revoke", "applied"])
def test_events_that_change_nothing(made: Made, event: str) -> None:
    assert outcomes(made(files(GRANTED, f"2020-07-01, {event}")), A, "07-01") == [COVERED]


def test_a_transferred_licence_is_nobody_knows_whose(made: Made) -> None:
    assert outcomes(made(files(GRANTED, "2020-07-01, transferred")), A, "06-30", "07-01") == [COVERED, UNSURE]


def test_suspended_and_reinstated(made: Made) -> None:
    case = made(files(GRANTED, "2020-06-01, suspended", "2020-07-01, reinstated"))
    assert outcomes(case, A, "05-31", "06-01", "06-30", "07-01") == [COVERED, REQUIRED, REQUIRED, COVERED]


def test_events_count_by_day_and_not_by_row(made: Made) -> None:
    case = made(files("2020-07-01, revoked", GRANTED))
    assert outcomes(case, A, "06-30", "07-01") == [COVERED, REQUIRED]


PARTS = {
    "+links.csv": "id, seller, buyer, value_usd_m, end_use, variant\nother, acme, vell, 1, production, tool\n",
    "+variants.csv": "id, item, maker, origin\ntool, phone, acme, US\n",
}
TWO_LINES = "x1, lic, 1, chip\nx2, lic, 2, phone"


def test_revoked_for_one_line(made: Made) -> None:
    case = made({**files(GRANTED, "2020-07-01, partly_revoked, day, 2", lines=TWO_LINES), **PARTS})
    assert outcomes(case, A, "06-30", "07-01") == [COVERED, COVERED]
    assert outcomes(case, "other", "06-30", "07-01") == [COVERED, REQUIRED]


def test_revoked_for_one_customer(made: Made) -> None:
    two = {
        **files(
            GRANTED,
            "2020-07-01, partly_revoked, day, , ova",
            licence="lic, Ministry, acme, individual, vell; ova, list",
        ),
        "measures/order.toml": measure(limb("list")),
    }
    case = made(two)
    assert outcomes(case, A, "06-30", "07-01") == [COVERED, COVERED]
    assert outcomes(case, OVA, "06-30", "07-01") == [COVERED, REQUIRED]


def test_revoked_for_a_part_that_is_not_published(made: Made) -> None:
    case = made(files(GRANTED, "2020-07-01, partly_revoked", "2020-08-01, reinstated"))
    assert outcomes(case, A, "06-30", "07-01", "08-01") == [COVERED, UNSURE, COVERED]


def test_one_of_two_lines_for_the_good_revoked(made: Made) -> None:
    """The other line still stands: the sale is not held for want of a licence."""
    case = made(files(GRANTED, "2020-07-01, partly_revoked, day, 2", lines="x1, lic, 1, chip\nx2, lic, 2, chip"))
    assert outcomes(case, A, "06-30") == [COVERED]
    assert outcomes(case, A, "07-01") != [REQUIRED]


def test_one_of_several_holders(made: Made) -> None:
    case = made(files(GRANTED, licence="lic, Ministry, acme; norr, individual, vell, list"))
    assert outcomes(case, A, "04-30", "05-01") == [REQUIRED, UNSURE]
    assert outcomes(case, N, "05-01") == [UNSURE]
    assert any("which one is not published" in n for n in ask(case, A, "2020-05-01").needs)


def test_goods_that_are_not_published(made: Made) -> None:
    assert outcomes(made(files(GRANTED, lines="")), A, "05-01") == [UNSURE]
    assert outcomes(made(files(GRANTED, lines="x1, lic, 1,")), A, "05-01") == [UNSURE]
    assert outcomes(made(files(GRANTED, lines="x1, lic, 1,\nx2, lic, 2, chip")), A, "05-01") == [COVERED]
    assert outcomes(made(files(GRANTED, lines="x1, lic, 1, phone")), A, "05-01") == [REQUIRED]


def test_a_licence_for_another_customer(made: Made) -> None:
    assert outcomes(made(files(GRANTED, licence="lic, Ministry, acme, individual, ova, list")), A, "05-01") == [
        REQUIRED
    ]
    assert outcomes(made(files(GRANTED, licence="lic, Ministry, acme, individual, none, list")), A, "05-01") == [
        REQUIRED
    ]


def test_a_licence_against_another_limb(made: Made) -> None:
    other = measure(limb("list", LISTED), limb("other", LISTED, since="2021-01-01"))
    case = made(
        {**files(GRANTED, licence="lic, Ministry, acme, individual, vell, other"), "measures/order.toml": other}
    )
    assert outcomes(case, A, "05-01") == [REQUIRED]


@pytest.mark.parametrize(
    ("span", "days"),
    [
        (", 2020-05-10, 2020-05-20", {"05-09": REQUIRED, "05-10": COVERED, "05-20": COVERED, "05-21": REQUIRED}),
        (", 2020-05-10,", {"05-09": REQUIRED, "05-10": COVERED, "12-31": COVERED}),
        (", , 2020-05-20", {"04-30": REQUIRED, "05-01": COVERED, "05-21": REQUIRED}),
    ],
)
def test_days_for_which_it_is_valid(made: Made, span: str, days: dict[str, str]) -> None:
    case = made(files(GRANTED, more=span))
    assert outcomes(case, A, *days) == list(days.values())


def covers(made: Made, *lines: str) -> Verdict:
    """The verdict under a licence whose lines cover part of the trade."""
    case = made({
        **files(GRANTED),
        "licence_lines.csv": "id, licence, line, item, covers, covers_low, covers_high\n"
            + "".join(f"{x}\n" for x in lines),
    })  # fmt: skip
    return ask(case, A, "2020-05-01")


def test_a_line_that_covers_part_of_the_trade(made: Made) -> None:
    found = covers(made, "x1, lic, 1, chip, 0.4, 0.2, 0.7")
    assert (found.outcome, found.state) == (COVERED, "capped")
    assert (found.share, found.share_low, found.share_high) == (0.4, 0.2, 0.7)
    assert found.headline == "Covered by a licence. It covers part of the goods only (taken as 40%; 20% to 70%)."


def test_two_lines_add_up_and_not_above_all(made: Made) -> None:
    found = covers(made, "x1, lic, 1, chip, 0.3, 0.2, 0.5", "x2, lic, 2, chip, 0.4, , ", "x3, lic, 3, phone, 1, , ")
    assert (found.share, found.share_low, found.share_high) == pytest.approx((0.7, 0.6, 0.9))
    found = covers(made, "x1, lic, 1, chip, 0.8, , ", "x2, lic, 2, chip, 0.8, , ")
    assert (found.state, found.share, found.share_high) == ("open", 1.0, 1.0)


def test_the_better_of_two_licences(made: Made) -> None:
    case = made({
        **files(GRANTED),
        "licences.csv": f"{HEAD}\na, M, acme, individual, vell, list\nlic, M, acme, individual, vell, list\n",
        "licence_lines.csv": "id, licence, line, item, covers\nx1, lic, 1, chip, 0.8\nx2, a, 1, chip, 0.3\n",
        "licence_events.csv": "id, licence, date, event\ne1, lic, 2020-05-01, granted\ne2, lic, 2020-07-01, revoked\n"
        "e3, a, 2020-05-01, granted\n",
    })  # fmt: skip
    found = [ask(case, A, d) for d in ("2020-05-01", "2020-07-01")]
    assert [(v.licences[0], v.share) for v in found] == [("lic", 0.8), ("a", 0.3)]


def test_a_buyer_whose_owner_is_not_known(made: Made) -> None:
    case = made({
        **files(GRANTED),
        "parties.csv": FILES["parties.csv"] + "        line, The line, business, target, CN,\n",
        "units.csv": FILES["units.csv"].replace("vell, Vell phones, vell,", "vell, Vell phones, line,"),
        "stakes.csv": "id, owner, owned, share, through\ns, vell, line, 1, 2020-05-31\n",
    })  # fmt: skip
    assert outcomes(case, A, "05-31", "06-01") == [COVERED, UNSURE]


def test_a_line_of_business_sells_under_the_licence_of_its_owner(made: Made) -> None:
    case = made({
        **files(GRANTED),
        "parties.csv": FILES["parties.csv"] + "        line, The line, business, home, US,\n",
        "units.csv": FILES["units.csv"].replace("acme, Acme chips,  acme,", "acme, Acme chips,  line,"),
        "stakes.csv": "id, owner, owned, share, through\ns, acme, line, 1, 2020-05-31\n",
    })  # fmt: skip
    assert outcomes(case, A, "05-31") == [COVERED]
    assert outcomes(case, A, "06-01") != [COVERED]


def test_revoked_for_a_line_of_goods_that_are_not_published(made: Made) -> None:
    """Which of two hidden lines the good stands in is not known, nor whether it is the one revoked."""
    case = made(files(GRANTED, "2020-07-01, partly_revoked, day, 2", lines="x1, lic, 1,\nx2, lic, 2,"))
    assert outcomes(case, A, "06-30", "07-01") == [UNSURE, UNSURE]


def test_a_grant_of_unknown_day_can_only_lie_before_the_end_that_is_known(made: Made) -> None:
    case = made(files("2020-04-10, granted, known_by", "2020-04-05, revoked"))
    assert outcomes(case, A, "09-01") == [REQUIRED]


def test_a_line_that_is_not_published_may_still_cover_what_another_no_longer_does(made: Made) -> None:
    case = made(files(GRANTED, "2020-07-01, revoked, day, 1", lines="x1, lic, 1, chip\nx2, lic, 2,"))
    assert outcomes(case, A, "06-30", "07-01") == [COVERED, UNSURE]

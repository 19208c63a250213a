"""What must hold in the books of a case: lines, draws, balances that are asserted, orders that say what is sold."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cases import LISTED, brief, limb, make_case, measure, problems_of
from detente.decide import verdict
from detente.decide.licensing.usage import licences
from detente.record import Case, RecordError, load

Made = Callable[..., Case]
LINES = "id, licence, line, item, quantity, value_usd_m, since, through\nx1, lic, 1, chip, 100, 1, ,\n"
DRAWS = "id, licence, line, order, date, value_usd_m, quantity\n"
BALANCES = "id, licence, line, date, value_usd_m, quantity\n"
TWO = f"{DRAWS}d1, lic, 1, o1, 2020-03-01, 0.3, 30\nd2, lic, 1, o2, 2020-06-01, 0.1, 0\n"


def files(**more: str | None) -> dict[str, str | None]:
    """One licence with one line; ``more`` are tables without their ending."""
    return {
        "measures/order.toml": measure(limb("list", LISTED)),
        "licences.csv": "id, authority, holder, kind, consignees, overcomes\n"
        "lic, Ministry, acme, individual, vell, list\n",
        "licence_lines.csv": LINES,
        "licence_events.csv": "id, licence, date, event, lines\ne1, lic, 2020-02-01, granted,\n",
        **{f"{name}.csv": text for name, text in more.items()},
    }


def faults(tmp_path: Path, **more: str | None) -> list[tuple[str, int, str]]:
    """File, row and column of what is wrong."""
    return brief(problems_of(make_case(tmp_path, files(**more))))


@pytest.mark.parametrize(
    ("day", "value", "quantity"),
    [("2020-02-29", "1", "100"), ("2020-03-01", "0.7", "70"), ("2020-05-31", "0.7", ""), ("2020-06-01", "0.6", "70"),
     ("2020-12-31", "", "70")],
)  # fmt: skip
def test_a_balance_that_the_draws_leave(made: Made, day: str, value: str, quantity: str) -> None:
    case = made(files(draws=TWO, balances=f"{BALANCES}b1, lic, 1, {day}, {value}, {quantity}\n"))
    row = licences(case, day).row(0, named=True)
    assert not value or row["left_usd_m"] == float(value)
    assert not quantity or row["left_quantity"] == float(quantity)


@pytest.mark.parametrize(
    ("cells", "column", "got"),
    [
        ("2020-03-01, 0.70001, 70", "value_usd_m", "0.70001, while 1 less 1 draws through 2020-03-01 is 0.7"),
        ("2020-03-01, 0.7, 71", "quantity", "71, while 100 less 1 draws through 2020-03-01 is 70.0"),
        ("2020-06-01, 0.7,", "value_usd_m", "0.7, while 1 less 2 draws through 2020-06-01 is 0.6"),
    ],
)
def test_a_balance_that_the_draws_do_not_leave(tmp_path: Path, cells: str, column: str, got: str) -> None:
    folder = make_case(tmp_path, files(draws=TWO, balances=f"{BALANCES}b1, lic, 1, {cells}\n"))
    (problem,) = problems_of(folder)
    assert (problem.file, problem.row, problem.column) == ("balances.csv", 2, column)
    assert problem.got == got
    assert problem.expected == "the balance that the draws leave"


def test_a_balance_counts_to_the_last_digit(made: Made) -> None:
    many = "".join(f"d{i}, lic, 1, o{i}, 2020-03-01, 0.1, 0.1\n" for i in range(3))
    case = made(files(draws=DRAWS + many, balances=f"{BALANCES}b1, lic, 1, 2020-03-01, 0.7, 99.7\n"))
    assert case["balances"].height == 1  # 1 - 0.1 - 0.1 - 0.1 is not 0.7 in floating point


def test_a_balance_of_what_has_no_limit(tmp_path: Path) -> None:
    bare = "id, licence, line, item\nx1, lic, 1, chip\n"
    folder = make_case(tmp_path, files(licence_lines=bare, balances=f"{BALANCES}b1, lic, 1, 2020-03-01, 0.7,\n"))
    (problem,) = problems_of(folder)
    assert problem.expected == "a value_usd_m on line 1 of lic on 2020-03-01"


def test_a_balance_says_something_about_a_line(tmp_path: Path) -> None:
    assert faults(tmp_path, balances=f"{BALANCES}b1, lic, 1, 2020-03-01, ,\n") == [("balances.csv", 2, "value_usd_m")]
    assert faults(tmp_path, balances=f"{BALANCES}b1, lic, 2, 2020-03-01, 1,\n") == [("balances.csv", 2, "line")]
    assert faults(tmp_path, balances=f"{BALANCES}b1, none, 1, 2020-03-01, 1,\n")[0] == ("balances.csv", 2, "licence")


def test_a_line_says_one_thing_a_day(made: Made, tmp_path: Path) -> None:
    amended = LINES.replace("x1, lic, 1, chip, 100, 1, ,", "x1, lic, 1, chip, 100, 1, , 2020-05-31")
    then = f"{amended}x2, lic, 1, chip, 150, 2, 2020-06-01,\n"
    case = made(
        files(licence_lines=then, balances=f"{BALANCES}b1, lic, 1, 2020-05-31, 1,\nb2, lic, 1, 2020-06-01, 2,\n")
    )
    assert case["licence_lines"].height == 2
    twice = f"{amended}x2, lic, 1, chip, 150, 2, 2020-05-31,\n"
    assert faults(tmp_path, licence_lines=twice) == [("licence_lines.csv", 3, "line")]
    assert faults(tmp_path, licence_lines=f"{LINES}x2, lic, 1, chip, 150, 2, ,\n") == [("licence_lines.csv", 3, "line")]


def test_a_balance_is_of_the_line_as_it_reads_on_the_day(tmp_path: Path) -> None:
    amended = LINES.replace("100, 1, ,", "100, 1, , 2020-05-31") + "x2, lic, 1, chip, 150, 2, 2020-07-01,\n"
    for day, value, ok in (("2020-05-31", 1, True), ("2020-07-01", 2, True), ("2020-06-15", 2, False)):
        folder = make_case(tmp_path, files(licence_lines=amended, balances=f"{BALANCES}b1, lic, 1, {day}, {value},\n"))
        if ok:
            assert load(folder)["balances"].height == 1
        else:
            assert brief(problems_of(folder)) == [("balances.csv", 2, "value_usd_m")]


def test_draws_and_events_of_lines_that_a_licence_does_not_have(tmp_path: Path) -> None:
    assert faults(tmp_path, draws=f"{DRAWS}d1, lic, 2, o1, 2020-03-01, 0.3, 30\n") == [("draws.csv", 2, "line")]
    assert faults(tmp_path, draws=f"{DRAWS}d1, nobody, 1, o1, 2020-03-01, 0.3, 30\n")[0] == ("draws.csv", 2, "licence")
    events = "id, licence, date, event, lines\ne1, lic, 2020-02-01, granted, 1; 7\n"
    assert faults(tmp_path, licence_events=events) == [("licence_events.csv", 2, "lines")]


ORDER = "id, link, seller, purchaser, variant, destination, value_usd_m, aboard_carrier, exported, received\n"


@pytest.mark.parametrize("left_out", ["seller", "purchaser", "variant", "destination"])
def test_an_order_without_a_link_says_who_sells_what_to_whom_and_where(tmp_path: Path, left_out: str) -> None:
    cells = {"seller": "acme", "purchaser": "vell", "variant": "acme-chip", "destination": "CN", left_out: ""}
    own = ", ".join(cells.values())
    assert faults(tmp_path, orders=f"{ORDER}o1, , {own}, 1, , ,\n") == [("orders.csv", 2, left_out)]


def test_an_order_without_a_link_that_says_it_all(made: Made) -> None:
    case = made(
        files(orders=f"{ORDER}o1, , acme, vell, acme-chip, CN, 0.5, , ,\no2, acme>vell:chip, , , , , 0.5, , ,\n")
    )
    assert [verdict(case, o, "2020-06-01").outcome for o in ("o1", "o2")] == ["needs_facts", "needs_facts"]
    assert [verdict(case, o, "2020-03-01").outcome for o in ("o1", "o2")] == ["not_subject", "not_subject"]


def test_the_days_of_an_order_come_in_order(tmp_path: Path) -> None:
    link = "acme>vell:chip, , , , , 1"
    late = f"{ORDER}o1, {link}, 2020-05-02, 2020-05-01,\no2, {link}, , 2020-05-02, 2020-05-01\n"
    assert faults(tmp_path, orders=late) == [("orders.csv", 2, "exported"), ("orders.csv", 3, "received")]


def test_all_faults_of_the_books_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        load(
            make_case(
                tmp_path,
                files(
                    draws=f"{DRAWS}d1, lic, 2, o1, 2020-03-01, 0.3, 30\n",
                    balances=f"{BALANCES}b1, lic, 3, 2020-03-01, ,\n",
                    orders=f"{ORDER}o1, , , , , , 1, , ,\n",
                ),
            )
        )
    assert {p.file for p in caught.value.problems} == {"draws.csv", "balances.csv", "orders.csv"}
    assert len(caught.value.problems) == 7


def test_a_draw_on_a_line_that_is_licensed_by_quantity_says_how_much(tmp_path: Path) -> None:
    text = f"{DRAWS}d1, lic, 1, o1, 2020-03-01, 0.3,\n"
    assert faults(tmp_path, draws=text) == [("draws.csv", 2, "quantity")]

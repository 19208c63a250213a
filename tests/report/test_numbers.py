"""Numbers as people read them."""

from __future__ import annotations

import pytest

from detente.report.numbers import amount, listed, loss_range, money, money_range, money_span, percent, percents, two


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "USD 0 m"), (0.04, "under USD 0.1 m"), (0.1, "USD 0.10 m"), (1.23, "USD 1.2 m"), (9.96, "USD 10 m"),
        (994, "USD 990 m"), (995, "USD 1.0 bn"), (12345, "USD 12 bn"), (123456, "USD 120 bn"),
        (None, "not known"), (float("nan"), "not known"), (float("inf"), "not known"),
    ],
)  # fmt: skip
def test_money(value: float | None, text: str) -> None:
    assert money(value) == text


def test_two_significant_figures() -> None:
    assert [two(x) for x in (0.0456, 12345, 99.6, 0)] == ["0.046", "12,000", "100", "0"]


def test_ranges() -> None:
    assert money_span(900, 1400) == "900 m to 1.4 bn"
    assert money_span(0, 1400) == "0 to 1.4 bn"
    assert money_span(5.01, 5.04) == "5.0 m at both ends"
    assert money_range(1200, 900, 1400) == "USD 1.2 bn (900 m to 1.4 bn)"
    assert money_range(1200, None, 1400) == "USD 1.2 bn (no range recorded)"
    assert loss_range(0, 0) == "nothing"
    assert loss_range(1000, 3000) == "USD 1.0 to 3.0 bn"
    assert loss_range(1000, 3100) == "USD 1.0 to 3.1 bn *"
    assert loss_range(2000, 2000) == "USD 2.0 bn"


def test_shares() -> None:
    assert [percent(x) for x in (0, 0.004, 0.5, 0.996, 1)] == ["0%", "under 1%", "50%", "over 99%", "100%"]
    assert percents([0.5457, 0.0387, 0.1288, 0.2868]) == ["54%", "4%", "13%", "29%"]
    assert percents([0.999, 0.001]) == ["100%", "under 1%"]
    assert percents([0, 0]) == ["0%", "0%"]


def test_words() -> None:
    assert [amount(x) for x in (None, 126.4, 12.34, 60)] == ["", "126", "12.3", "60"]
    assert [listed(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]

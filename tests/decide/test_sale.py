"""What is asked: finding sales by what a person writes, and the goods a link sells."""

from collections.abc import Callable

import pytest

from cases import FILES
from detente.decide import find_sales
from detente.decide.facts import facts_of
from detente.decide.sale import get_sale
from detente.record import Case, NotFound

Made = Callable[..., Case]
A, N, OVA = "acme>vell:chip", "norr>vell:chip", "acme>ova:chip"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (A, (A,)),
        (f"  {A} ", (A,)),
        ("acme to vell", (A,)),
        ("ACME  to Vell Ltd", (A,)),
        ("Acme Corp > Vell phones", (A,)),
        ("acme", (A, OVA)),
        ("acme to vell: chips", (A,)),
        ("acme to vell: phone", ()),
        ("vell", (A, N)),
        ("chips", (A, N, OVA)),
        ("to vell", ()),
        ("vell to acme", ()),
        ("acm", ()),
        ("", ()),
        (" : ", ()),
        ("to", ()),
        ("%_*", ()),
    ],
)
def test_find_sales(made: Made, query: str, found: tuple[str, ...]) -> None:
    case = made()
    if found:
        assert find_sales(case, query) == found
    else:
        with pytest.raises(NotFound, match="No sale fits"):
            find_sales(case, query)


def test_a_near_miss_is_named(made: Made) -> None:
    with pytest.raises(NotFound, match="did you mean 'acme>vell:chip'"):
        find_sales(made(), "acme>vel:chip")


def test_an_order_is_found_by_its_id(made: Made) -> None:
    case = made({"orders.csv": f"id, link, value_usd_m\npo-7, {A}, 1\n"})
    assert find_sales(case, "po-7") == ("po-7",)


def test_the_good_of_a_link(made: Made) -> None:
    case = made({
        "+variants.csv": "id, item, maker, origin, shipped_from\nspecial, chip, acme, KR, JP\n",
        "+links.csv": "id, seller, buyer, value_usd_m, end_use, variant\nspecial, acme, vell, 1, production, special\n"
        "bare, vell, ova, 1, production,\n",
    })  # fmt: skip
    facts = facts_of(case)
    usual, special, bare = (get_sale(case, facts, k) for k in (A, "special", "bare"))
    assert usual.variant is not None and usual.variant.id == "acme-chip"
    assert usual.variant.shipped_from == "US"
    assert special.variant is not None and special.variant.shipped_from == "JP"
    assert bare.variant is None
    assert (usual.destination, usual.seller, usual.buyer, usual.is_flow) == ("CN", "acme", "vell", True)


def test_an_order_takes_its_parties_from_the_link_and_its_days_from_itself(made: Made) -> None:
    case = made({
        "orders.csv": f"id, link, value_usd_m, ordered, aboard_carrier\npo-7, {A}, 1, 2020-02-01, 2020-03-01\n",
        "links.csv": FILES["links.csv"],
    })  # fmt: skip
    sale = get_sale(case, facts_of(case), "po-7")
    assert (sale.id, sale.seller_unit, sale.buyer_unit, sale.is_flow) == ("po-7", "acme", "vell", False)
    assert {k: str(v) for k, v in sale.events.items()} == {
        "ordered": "2020-02-01", "aboard_carrier": "2020-03-01", "en_route": "2020-03-01",
    }  # fmt: skip

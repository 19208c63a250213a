"""Verdicts as a table."""

import datetime as dt
import json
from collections.abc import Callable

import polars as pl

from cases import LISTED, limb, measure
from detente.decide import check, verdict
from detente.record import Case

Made = Callable[..., Case]
A, N, OVA = "acme>vell:chip", "norr>vell:chip", "acme>ova:chip"
COLUMNS = [
    "sale", "kind", "seller", "buyer", "item", "seller_country", "value_usd_m", "day", "outcome", "state", "allowed",
    "allowed_low", "allowed_high", "limbs", "authorisations", "licences", "review", "needs", "because",
    "otherwise",
]  # fmt: skip


def test_one_row_a_link(made: Made) -> None:
    case = made()
    table = check(case, "2020-05-01")
    assert table.columns == COLUMNS
    assert table["sale"].to_list() == [A, N, OVA]
    assert table.filter(sale=A).select("item", "seller_country", "value_usd_m", "outcome", "allowed").row(0) == (
        "chip", "US", 40.0, "licence_required", 0.0,
    )  # fmt: skip
    for row in table.iter_rows(named=True):
        said = verdict(case, row["sale"], "2020-05-01")
        assert (row["outcome"], row["state"], row["limbs"], row["because"]) == (
            said.outcome, said.state, list(said.limbs), said.headline,
        )  # fmt: skip


def test_links_that_do_not_exist_on_the_day_are_left_out(made: Made) -> None:
    block = "id, seller, buyer, value_usd_m, end_use, since, through\nk, acme, vell, 1, x, 2020-05-01, 2020-05-02\n"
    case = made({"+links.csv": block})
    rows = {d: "k" in check(case, f"2020-0{d}")["sale"].to_list() for d in ("4-30", "5-01", "5-02", "5-03")}
    assert rows == {"4-30": False, "5-01": True, "5-02": True, "5-03": False}


def test_orders_below_the_links(made: Made) -> None:
    case = made({
        "orders.csv": "id, link, value_usd_m, aboard_carrier, exported\n"
        f"in, {A}, 3, 2020-03-01,\nout, {A}, 4, 2020-04-01,\ngone, {A}, 5, 2020-02-01, 2020-03-01\n",
        "measures/order.toml": measure(limb(
            "list", LISTED + '\nsavings = [{event_by = {aboard_carrier = 2020-03-02}, text = "x", sources = ["law"]}]'
        )),
    })  # fmt: skip
    table = check(case, "2020-05-01")
    assert table.columns == COLUMNS
    assert table["kind"].to_list() == ["link"] * 3 + ["order"] * 3
    day, left = dt.date(2020, 5, 1), dt.date(2020, 3, 1)
    assert table[3:].select("sale", "seller", "value_usd_m", "day", "outcome").rows() == [
        ("in", "acme", 3.0, day, "allowed"), ("out", "acme", 4.0, day, "licence_required"),
        ("gone", "acme", 5.0, left, "not_subject"),
    ]  # fmt: skip


def test_needs_speak_of_the_sale_in_their_own_row(made: Made) -> None:
    """Two units of one party sell the same good: decided once, but each row names its own sale."""
    case = made({
        "+units.csv": "id, name, party, item, variant, country, output_usd_m\n"
        "acme2, A2, acme, chip, acme-chip, US, 900\n",
        "+links.csv": "id, seller, buyer, value_usd_m, end_use\nacme2>vell:chip, acme2, vell, 5, production\n",
        "measures/order.toml": measure(limb("list", 'knowledge = "knowledge"')),
    })  # fmt: skip
    for row in check(case, "2020-05-01").iter_rows(named=True):
        assert row["needs"] == [f"the seller knows of it (a finding 'knowledge' about {row['sale']})"]


def test_an_empty_case_gives_an_empty_table(made: Made) -> None:
    case = made({"links.csv": "id, seller, buyer, value_usd_m, end_use\n"})
    table = check(case, "2020-05-01")
    assert (table.columns, table.height) == (COLUMNS, 0)


def test_the_table_can_be_written_out(made: Made) -> None:
    table = check(made(), "2020-05-01")
    assert len(json.loads(table.write_json())) == table.height
    assert isinstance(table.schema["limbs"], pl.List)

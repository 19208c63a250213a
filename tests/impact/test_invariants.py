"""What must hold of the three models on any network: no law, no loss; money, order of rows and more closures."""

from __future__ import annotations

import os

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import make_case
from detente.impact import closing
from detente.impact.costs import cost
from detente.impact.network import Network
from detente.impact.sources import allow, random_network
from detente.impact.sources.imported import network_of
from detente.record import load

JITTED = pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="years of days, one by one, take minutes"
)
seeds = st.integers(0, 10**6)


def closings(network: Network, seed: int, part: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    share = np.ones(network.seller.size)
    hit = rng.random(share.size) < part
    share[hit] = rng.choice([0.0, 0.5], hit.sum())
    return share


def drawn(seed: int, n: int = 24) -> Network:
    return random_network(n, links_per_firm=3.0, industries=6, seed=seed).network


@settings(max_examples=40, deadline=None)
@given(seed=seeds, part=st.sampled_from([0.1, 0.4]), more=st.sampled_from([0.05, 0.3]))
def test_more_closures_never_lower_the_loss_of_the_cascade(seed: int, part: float, more: float) -> None:
    """By unit, in the figure and in both ends of its range."""
    network = drawn(seed)
    share = closings(network, seed, part)
    fewer = np.minimum(share, closings(network, seed + 1, more))
    first, second = (closing.run(network, allow(network, s)).units for s in (share, fewer))
    for column in ("loss_usd_m", "loss_usd_m_low", "loss_usd_m_high"):
        assert (second[column] >= first[column] - 1e-6 * first["output_usd_m"]).all()


@settings(max_examples=25, deadline=None)
@given(seed=seeds, unit=st.sampled_from([1e-3, 7.0, 1e4]))
def test_money_scaled_is_losses_scaled(seed: int, unit: float) -> None:
    network = drawn(seed)
    share = closings(network, seed, 0.3)
    dearer = network_of(
        network.units.with_columns(pl.col("output_usd_m") * unit), network.seller, network.buyer, network.value * unit,
        link_class=network.link_class, day=network.day,
    )  # fmt: skip
    one, other = (closing.run(n, allow(n, share)).units for n in (network, dearer))
    assert other["loss_share"].to_numpy() == pytest.approx(one["loss_share"].to_numpy(), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    network, rng = drawn(seed), np.random.default_rng(seed)
    share = closings(network, seed, 0.3)
    firms, sales = rng.permutation(network.units.height), rng.permutation(network.seller.size)
    where = np.argsort(firms)
    shuffled = network_of(
        network.units[firms], where[network.seller[sales]], where[network.buyer[sales]], network.value[sales],
        link_class=network.link_class[sales], day=network.day,
    )  # fmt: skip
    one = closing.run(network, allow(network, share)).units
    other = closing.run(shuffled, allow(shuffled, share[sales])).units
    assert other["loss_share"].to_numpy()[where] == pytest.approx(one["loss_share"].to_numpy(), abs=1e-9)


# A whole case through the three models: the minimal one with a second seller, its law and figures drawn.
CASE = {
    "inputs.csv": """
        id, made,  used, class,    stock_days
        a,  phone, chip, critical, 20
        """,
    "markets.csv": """
        id,  market, unit, share
        m-v, phones, vell, 0.6
        m-o, phones, ova,  0.3
        """,
}


def scaled(links: list[float], outputs: list[float], money: float, order: int) -> dict[str, str]:
    names = ("acme>vell:chip", "norr>vell:chip", "acme>ova:chip")
    rows = [
        f"{n}, {n.split('>')[0]}, {n.split('>')[1].split(':')[0]}, {v * money}, production"
        for n, v in zip(names, links, strict=True)
    ]
    units = [
        f"{u}, {u}, {u}, {i}, {v}, {c}, {o * money}"
        for (u, i, v, c), o in zip(
            (("acme", "chip", "acme-chip", "US"), ("norr", "chip", "norr-chip", "KR"), ("vell", "phone", "", "CN"),
             ("ova", "phone", "", "JP")), outputs, strict=True,
        )
    ]  # fmt: skip
    turned = [rows[::order], units[::order]]
    return {
        **CASE,
        "links.csv": "\n".join(["id, seller, buyer, value_usd_m, end_use", *turned[0]]),
        "units.csv": "\n".join(["id, name, party, item, variant, country, output_usd_m", *turned[1]]),
    }


@JITTED
@settings(max_examples=6, deadline=None)
@given(
    links=st.lists(st.floats(5.0, 60.0), min_size=3, max_size=3),
    slack=st.lists(st.floats(1.05, 4.0), min_size=4, max_size=4),
    money=st.sampled_from([0.01, 50.0]),
)
def test_a_case_in_other_money_or_another_order_costs_the_same(
    tmp_path_factory: pytest.TempPathFactory, links: list[float], slack: list[float], money: float
) -> None:
    made = [links[0] + links[2], links[1], 2 * (links[0] + links[1]), 2 * links[2]]
    outputs = [a * b for a, b in zip(made, slack, strict=True)]
    tables = []
    for unit, order in ((1.0, 1), (money, 1), (1.0, -1)):
        case = load(make_case(tmp_path_factory.mktemp("case"), scaled(links, outputs, unit, order)))
        found = cost(case, "2020-12-31").by_unit().sort("unit")
        tables.append((found.select(pl.col("^(optimum|flow|cascade)_usd_m.*$")) / unit).to_numpy())
    assert tables[0].max() > 0
    for other in tables[1:]:
        np.testing.assert_allclose(other, tables[0], rtol=2e-3, atol=2e-3 * max(outputs))


@JITTED
@settings(max_examples=6, deadline=None)
@given(stock=st.floats(1.0, 200.0), day=st.sampled_from(["2020-01-01", "2020-03-01"]))
def test_no_law_no_loss_in_any_model(tmp_path_factory: pytest.TempPathFactory, stock: float, day: str) -> None:
    files = {**CASE, "inputs.csv": CASE["inputs.csv"].replace("20\n", f"{stock}\n")}
    found = cost(load(make_case(tmp_path_factory.mktemp("case"), files)), day)
    losses = found.by_unit().select(pl.col("^(optimum|flow|cascade)_usd_m.*$")).to_numpy()
    assert np.abs(losses).max() < 1e-3
    assert found.gains().height == 0

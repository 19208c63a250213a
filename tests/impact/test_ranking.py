"""What each one alone costs: against closed forms on a small case, and against full runs on altered cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from cases import LISTED, limb, measure
from detente.decide import permits
from detente.impact.cascade import run
from detente.impact.network import Network
from detente.impact.ranking import SCHEMA, Kind, rank
from detente.record import Case, DetenteError

DAY = "2020-06-01"
# Two makers of chips and one of cases sell to a phone maker; chips are critical, cases are not.
FILES = {
    "parties.csv": """
        id,    name,       kind, side,   country, group
        alpha, Alpha Corp, firm, home,   US,
        beta,  Beta AG,    firm, third,  KR,
        gamma, Gamma Ltd,  firm, third,  KR,
        vell,  Vell Ltd,   firm, target, CN,      vell
        """,
    "items.csv": """
        id,    name,   kind
        chip,  Chips,  commodity
        frame, Frames, commodity
        phone, Phones, commodity
        """,
    "variants.csv": """
        id,          item,  maker, origin
        alpha-chip,  chip,  alpha, US
        beta-chip,   chip,  beta,  KR
        gamma-frame, frame, gamma, KR
        """,
    "units.csv": """
        id,     name,        party, item,  variant,     country, output_usd_m
        alpha,  Alpha chips, alpha, chip,  alpha-chip,  US,      100
        beta,   Beta chips,  beta,  chip,  beta-chip,   KR,      100
        gamma,  Frames,      gamma, frame, gamma-frame, KR,      50
        phones, Phones,      vell,  phone, ,            CN,      400
        """,
    "links.csv": """
        id,           seller, buyer,  value_usd_m, end_use
        alpha>phones, alpha,  phones, 60,          production
        beta>phones,  beta,   phones, 40,          production
        gamma>phones, gamma,  phones, 20,          production
        """,
    "inputs.csv": """
        id, made,  used,  class
        a,  phone, chip,  critical
        b,  phone, frame, important
        """,
    "listings.csv": """
        id, list,      party, as_listed, requirement, review,                since
        v,  home-list, vell,  Vell Ltd,  all goods,   presumption_of_denial, 2020-03-02
        """,
    "measures/order.toml": measure(limb("list", f'scope = [{{origin = ["US"]}}]\n{LISTED}')),
}
TWO = {
    "measures/order.toml": measure(limb("list", f'scope = [{{origin = ["US"]}}]\n{LISTED}')),
    "measures/other.toml": measure(
        limb("twin", f'scope = [{{origin = ["US"]}}]\n{LISTED}'),
        limb(
            "korean", f'scope = [{{origin = ["KR"]}}]\nitems = {{kind = ["commodity"]}}\n{LISTED}', since="2020-07-01"
        ),
        name="other",
    ),
}
LICENSED = {
    "licences.csv": """
        id, authority, holder, kind,       consignees, overcomes
        l,  Ministry,  alpha,  individual, vell,       list
        m,  Ministry,  beta,   individual, vell,       list
        """,
    "licence_lines.csv": """
        id, licence, line, item, covers
        l1, l,       1,    chip, 0.5
        m1, m,       1,    chip, 1
        """,
    "licence_events.csv": """
        id, licence, date,       event
        e1, l,       2020-03-05, granted
        e2, m,       2020-03-05, granted
        """,
}


def cell(found: pl.DataFrame, id_: str, side: str, column: str = "loss_usd_m", against: str = "no measures") -> float:
    one = found.filter((pl.col("id") == id_) & (pl.col("side") == side) & (pl.col("against") == against))
    return float(one[column].item())


def test_a_link_alone(made: Callable[..., Case]) -> None:
    """Without alpha's 60 of 100 in chips phones lose 60 %, and so do the orders to the others."""
    found = rank(made(FILES), DAY, "link")
    assert found.schema == pl.Schema(SCHEMA)
    assert cell(found, "alpha>phones", "target") == pytest.approx(240)
    assert cell(found, "alpha>phones", "target", "direct_usd_m") == 0
    assert cell(found, "alpha>phones", "home") == cell(found, "alpha>phones", "home", "direct_usd_m") == 60
    assert cell(found, "alpha>phones", "home", "network_usd_m") == pytest.approx(0)
    assert cell(found, "alpha>phones", "third") == pytest.approx(0.6 * 60)
    assert cell(found, "gamma>phones", "target") == pytest.approx(400 * 20 / 120)  # frames bind by their share
    assert found.filter(pl.col("rank") == 1)["id"].unique().to_list() == ["alpha>phones"]
    assert found["rank"].is_sorted()


def test_a_firm_alone_loses_its_output_and_stops_buying(made: Callable[..., Case]) -> None:
    found = rank(made(FILES), DAY, "firm")
    assert cell(found, "vell", "target") == cell(found, "vell", "target", "direct_usd_m") == 400
    assert cell(found, "vell", "home") == pytest.approx(60)  # its other 40 go to buyers outside the network
    assert cell(found, "alpha", "home", "direct_usd_m") == 100
    assert cell(found, "alpha", "target") == pytest.approx(240)


def test_two_rules_that_close_the_same_sale(made: Callable[..., Case]) -> None:
    """Each costs all of it alone, and adds nothing to the other. A rule of a later day costs nothing yet."""
    case = made(FILES | TWO)
    found = rank(case, DAY, "limb")
    for name in ("list", "twin"):
        assert cell(found, name, "target") == pytest.approx(240)
        assert cell(found, name, "target", against="status quo") == 0
    assert cell(found, "korean", "target") == 0
    later = rank(case, "2020-08-01", "measure")
    assert cell(later, "order", "target") == pytest.approx(240)
    assert cell(later, "order", "target", against="status quo") == 0
    assert cell(later, "other", "target") == pytest.approx(400)
    assert cell(later, "other", "target", against="status quo") == pytest.approx(160)
    assert later.filter(pl.col("against") == "no measures")["id"].to_list() == ["other"] * 3 + ["order"] * 3


def test_a_licence_is_worth_what_is_lost_without_it(made: Callable[..., Case]) -> None:
    """Alpha may sell half of its chips; beta needs none of its licence, as the rule does not reach its goods."""
    case = made(FILES | LICENSED)
    found = rank(case, DAY, "licence")
    today = run(Network.of(case, DAY), permits(case, DAY, DAY).on(DAY)).by_side()
    had = dict(today.select("side", "loss_usd_m").iter_rows())
    for side, bare in (("target", 240), ("home", 60), ("third", 36)):
        assert cell(found, "l", side, against="status quo") == pytest.approx(bare - had[side])
        assert cell(found, "m", side, against="status quo") == 0
    assert cell(found, "l", "home", "direct_usd_m", "status quo") == pytest.approx(30)


@pytest.mark.parametrize("day", ["2020-06-15", "2021-01-20"])
def test_lifting_is_a_run_without_the_measure(huawei: Case, day: str) -> None:
    """Measures that others do not lean on can be left out of the case altogether, which must say the same."""
    found = rank(huawei, day, "measure")

    def sides(case: Case) -> dict[str, float]:
        outcome = run(Network.of(case, day), permits(case, day, day).on(day))
        return dict(outcome.by_side().select("side", "loss_usd_m").iter_rows())

    today = sides(huawei)
    for id_ in ("us-ear-fdpr-huawei-2020-05", "us-ear-fdpr-huawei-2020-08"):
        kept = tuple(m for m in huawei.measures if m.id != id_)
        without = sides(replace(huawei, measures=kept, digest=f"without {id_}"))
        for side, loss in today.items():
            assert cell(found, id_, side, against="status quo") == pytest.approx(loss - without[side], abs=1e-6)


def test_a_licence_is_decided_again_only_where_it_may_be_used(huawei: Case) -> None:
    """Against deciding every sale without the licence."""
    day = "2020-12-31"
    found = rank(huawei, day, "licence")
    today = run(Network.of(huawei, day), permits(huawei, day, day).on(day)).by_side()
    for id_ in huawei["licences"]["id"].to_list()[::4]:
        events = huawei["licence_events"].filter(pl.col("licence") != id_)
        case = replace(huawei, tables={**huawei.tables, "licence_events": events}, digest=id_)
        without = run(Network.of(case, day), permits(case, day, day).on(day)).by_side()
        worst = (without["loss_usd_m_high"] - today["loss_usd_m_high"]).to_list()
        mine = found.filter(pl.col("id") == id_).sort("side")
        assert mine["loss_usd_m"].to_list() == pytest.approx((without["loss_usd_m"] - today["loss_usd_m"]).to_list())
        assert all(a >= b - 1e-6 for a, b in zip(mine["loss_usd_m_high"], worst, strict=True))


@pytest.mark.parametrize("kind", ["link", "licence", "measure", "limb", "firm"])
def test_every_row_adds_up_and_holds_its_range(huawei: Case, kind: Kind) -> None:
    found = rank(huawei, kind=kind)
    assert found.select(pl.struct("kind", "id", "against", "side").is_duplicated().any()).item() is False
    low, loss, high = (found[c] for c in ("loss_usd_m_low", "loss_usd_m", "loss_usd_m_high"))
    assert ((low <= loss) & (loss <= high)).all()
    assert (found["direct_usd_m"] + found["network_usd_m"] - loss).abs().max() < 1e-6
    if kind in {"link", "firm"}:
        assert low.min() >= 0


def test_what_is_refused_and_what_is_empty(made: Callable[..., Case]) -> None:
    case = made(FILES)
    with pytest.raises(DetenteError, match="expected one of link, licence, measure, limb, firm"):
        rank(case, DAY, "party")  # type: ignore[arg-type]
    empty = rank(case, DAY, "licence")
    assert empty.height == 0
    assert empty.schema == pl.Schema(SCHEMA)

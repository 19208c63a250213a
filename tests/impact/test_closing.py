"""Closed sales through the network: closed forms on small cases, and what every outcome must hold to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from cases import LISTED, limb, measure
from detente.decide import permits
from detente.impact.cascade import NetworkError, run
from detente.impact.costs import cost
from detente.impact.network import Network
from detente.impact.outcome import Outcome
from detente.impact.path import DAYS_A_YEAR, path
from detente.record import Case, DetenteError

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
AFTER, BEFORE = "2020-06-01", "2020-01-15"


def outcome(case: Case, day: str = AFTER) -> Outcome:
    return run(Network.of(case, day), permits(case, day, day).on(day))


def unit(found: Outcome, name: str) -> dict[str, float]:
    return found.units.filter(pl.col("unit") == name).row(0, named=True)


def test_nothing_closed_costs_nothing(made: Callable[..., Case]) -> None:
    found = outcome(made(FILES), BEFORE)
    assert found.units["loss_usd_m_high"].to_list() == [0.0] * 4
    assert found.links["closed_usd_m"].sum() == 0.0
    assert found.units["binds"].to_list() == [""] * 4


def test_closed_form_of_the_figure(made: Callable[..., Case]) -> None:
    """Alpha's 60 of 100 in chips are closed. Beta, with 40 in the market, is all that is left for Vell, so alpha's
    share of the market counts in full: phones lose 60 %; so do the orders to beta and gamma."""
    found = outcome(made(FILES))
    phones, alpha, beta, gamma = (unit(found, u) for u in ("phones", "alpha", "beta", "gamma"))
    assert phones["loss_share"] == pytest.approx(0.6)
    assert phones["closed_inputs_usd_m"] == 60.0
    assert phones["binds"] == "inputs"
    assert alpha["loss_usd_m"] == pytest.approx(60.0)
    assert alpha["closed_sales_usd_m"] == 60.0
    assert alpha["binds"] == "sales"
    assert beta["loss_usd_m"] == pytest.approx(40 * 0.6)
    assert gamma["loss_usd_m"] == pytest.approx(20 * 0.6)


def test_closed_form_of_the_low_end(made: Callable[..., Case]) -> None:
    """With every input binding only with its share of purchases, 60 of 120 are gone: phones lose half."""
    found = outcome(made(FILES))
    assert unit(found, "phones")["loss_usd_m_low"] == pytest.approx(400 * 60 / 120)
    assert unit(found, "gamma")["loss_usd_m_low"] == pytest.approx(20 * 0.5)


def test_every_maker_closed_stops_the_buyer(made: Callable[..., Case]) -> None:
    files = FILES | {"measures/order.toml": measure(limb("list", f'items = {{kind = ["commodity"]}}\n{LISTED}'))}
    files["items.csv"] = FILES["items.csv"].replace("frame, Frames, commodity", "frame, Frames, service  ")
    found = outcome(made(files))
    assert unit(found, "phones")["loss_share"] == pytest.approx(1.0)


def test_an_unknown_sale_is_open_at_the_low_end_and_closed_at_the_high_end(made: Callable[..., Case]) -> None:
    rule = limb("list", f'scope = [{{plant_codes = ["3E991"], made_with_origin = ["US"]}}]\n{LISTED}')
    found = outcome(made(FILES | {"measures/order.toml": measure(rule)}))
    phones = unit(found, "phones")
    assert phones["loss_usd_m_low"] == 0.0
    assert phones["loss_usd_m"] == phones["loss_usd_m_high"] == pytest.approx(400.0)


def test_a_licence_for_part_of_the_goods_closes_the_rest(made: Callable[..., Case]) -> None:
    files = FILES | {
        "licences.csv": """
            id, authority, holder, kind,       consignees, overcomes
            l,  Ministry,  alpha,  individual, vell,       list
            """,
        "licence_lines.csv": """
            id, licence, line, item, covers, covers_low, covers_high
            l1, l,       1,    chip, 0.5,    0.25,       0.75
            """,
        "licence_events.csv": """
            id, licence, date,       event
            e1, l,       2020-03-05, granted
            """,
    }
    found = outcome(made(files))
    alpha = unit(found, "alpha")
    assert alpha["closed_sales_usd_m"] == pytest.approx(30.0)
    assert alpha["loss_usd_m_low"] >= 0.25 * 60 - 1e-9  # at best three quarters are licensed, and orders fall besides
    assert alpha["loss_usd_m_low"] <= alpha["loss_usd_m"] <= alpha["loss_usd_m_high"]


def test_sales_beyond_the_network_are_not_touched(made: Callable[..., Case]) -> None:
    """Alpha makes 100 and sells 60 inside: it can lose no more than these 60."""
    assert unit(outcome(made(FILES)), "alpha")["loss_usd_m_high"] == pytest.approx(60.0)


def test_two_sales_between_the_same_units_are_weighed_by_value(made: Callable[..., Case]) -> None:
    links = FILES["links.csv"].rstrip() + "\n        spare,        alpha,  phones, 20,          support\n"
    rule = limb("list", f'scope = [{{origin = ["US"]}}]\nend_use = ["production"]\n{LISTED}')
    found = outcome(made(FILES | {"links.csv": links, "measures/order.toml": measure(rule)}))
    assert unit(found, "alpha")["closed_sales_usd_m"] == 60.0
    # 60 of the 80 that alpha sells are closed: for phones 60 of 120 in chips, alpha's share of the market in full
    assert unit(found, "phones")["loss_share"] == pytest.approx(0.5)


def test_an_input_without_a_class_counts_as_important_and_is_counted(made: Callable[..., Case]) -> None:
    found = outcome(made(FILES | {"inputs.csv": None}))
    assert found.settings["sales_without_class"] == 3
    assert unit(found, "phones")["loss_share"] == pytest.approx(60 / 120)


def test_an_input_row_of_a_unit_beats_the_general_one(made: Callable[..., Case]) -> None:
    inputs = """
        id, made,  used,  unit,   class
        a,  phone, chip,  ,       critical
        c,  phone, chip,  phones, other
        b,  phone, frame, ,       important
        """
    assert unit(outcome(made(FILES | {"inputs.csv": inputs})), "phones")["loss_share"] == 0.0


def test_permits_of_another_day_or_record_are_refused(made: Callable[..., Case], huawei: Case) -> None:
    case = made(FILES)
    with pytest.raises(NetworkError, match="same case and day"):
        run(Network.of(case, AFTER), permits(case, BEFORE, BEFORE).on(BEFORE))
    with pytest.raises(NetworkError, match="same case and day"):
        run(Network.of(case, AFTER), permits(huawei, AFTER, AFTER).on(AFTER))


def test_a_link_that_does_not_exist_on_the_day_is_not_in_the_network(made: Callable[..., Case]) -> None:
    links = FILES["links.csv"].replace("end_use\n", "end_use, since\n").replace("production", "production, 2020-05-01")
    case = made(FILES | {"links.csv": links})
    assert Network.of(case, BEFORE).links == ()
    assert len(Network.of(case, AFTER).links) == 3


def test_sums_by_side_and_party_are_those_of_the_units(huawei: Case) -> None:
    found = outcome(huawei, "2021-01-20")
    for table in (found.by_side(), found.by_party(), found.by_country()):
        for column in ("loss_usd_m", "loss_usd_m_low", "loss_usd_m_high", "output_usd_m"):
            assert table[column].sum() == pytest.approx(found.units[column].sum())


def test_ranges_hold_the_figure_and_no_unit_loses_more_than_it_makes(huawei: Case) -> None:
    for day in huawei.about.story:
        units = outcome(huawei, day.isoformat()).units
        low, figure, high, output = (
            units[c].to_numpy() for c in ("loss_usd_m_low", "loss_usd_m", "loss_usd_m_high", "output_usd_m")
        )
        assert (low <= figure + 1e-9).all() and (figure <= high + 1e-9).all()
        assert (low >= 0).all() and (high <= output + 1e-9).all()


def test_a_stricter_day_costs_no_side_less(huawei: Case) -> None:
    """Between the listing and the day the second rule bites for everybody, rules were only added."""
    early, late = (outcome(huawei, d).by_side()["loss_usd_m"].to_numpy() for d in ("2019-10-01", "2020-09-16"))
    assert (late >= early - 1e-6).all()


def test_the_owner_of_a_line_of_business_carries_its_loss(huawei: Case) -> None:
    before, after = (Network.of(huawei, d).units for d in ("2020-11-16", "2020-11-17"))
    owner = pl.col("unit") == "honor-phones"
    assert before.filter(owner)["party"].item() == "huawei"
    assert after.filter(owner)["party"].item() == "zhixin"


def test_a_path_adds_up_its_spans(made: Callable[..., Case]) -> None:
    case = made(FILES)
    found = path(case, permits(case, "2020-01-01", "2020-12-31"))
    frame = found.frame()
    assert [str(d) for d in frame["since"].unique().sort()] == ["2020-01-01", "2020-03-02"]
    assert frame.filter(pl.col("side") == "home")["days"].sum() == 366
    home = found.by_side().filter(pl.col("side") == "home")["loss_usd_m"].item()
    assert home == pytest.approx(60.0 * 305 / DAYS_A_YEAR)
    assert np.isfinite(frame["loss_usd_m_high"].to_numpy()).all()


def test_cost_asks_for_days_that_are_days(made: Callable[..., Case]) -> None:
    case = made(FILES)
    with pytest.raises(DetenteError, match="is not a day"):
        cost(case, "yesterday")
    with pytest.raises(DetenteError, match="before since"):
        cost(case, since="2020-12-31", through="2020-01-01")


def test_a_path_turns_where_inputs_change_though_no_permit_does(made: Callable[..., Case]) -> None:
    inputs = """
        id, made,  used,  class,     since,      through
        a,  phone, chip,  other,     ,           2020-08-31
        c,  phone, chip,  critical,  2020-09-01,
        b,  phone, frame, important, ,
        """
    case = made(FILES | {"inputs.csv": inputs})
    target = path(case, permits(case, "2020-01-01", "2020-12-31")).frame().filter(pl.col("side") == "target")
    assert [str(d) for d in target["since"]] == ["2020-01-01", "2020-03-02", "2020-09-01"]
    assert target["loss_a_year_usd_m"].to_list() == [0.0, 0.0, pytest.approx(240.0)]

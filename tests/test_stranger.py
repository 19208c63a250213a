"""A second, invented case written from the user docs alone: another country, another target, no Huawei."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

import detente
from detente.decide.worked import run_decisions
from detente.record import Case

QUARTZ = Path(__file__).parent / "data" / "quartz"
SIDES = ("norland", "ostmark", "third")


@pytest.fixture(scope="module")
def quartz() -> Case:
    return detente.load(QUARTZ)


def losses(case: Case, day: str) -> dict[str, float]:
    outcome = detente.cost(case, as_of=day)
    return dict(outcome.by_side().select("side", "cascade_usd_m").iter_rows())


def test_the_answers_derived_by_hand_come_out(quartz: Case) -> None:
    assert len(quartz.decisions) == 50
    assert run_decisions(quartz) == ()


def test_the_country_code_no_stays_text(quartz: Case) -> None:
    assert quartz["units"].filter(pl.col("country") == "NO").height == 4
    lost = detente.explain(quartz, "nq-hpq>ow-wafer:hpq", "2022-03-10")
    assert (lost.outcome, lost.limbs) == ("licence_required", ("nl-list",))


def test_nothing_is_lost_before_the_listing(quartz: Case) -> None:
    assert losses(quartz, "2022-03-09") == dict.fromkeys(SIDES, 0.0)


@pytest.mark.parametrize("day", ["2022-03-10", "2023-03-10", "2023-07-08"])
def test_the_listed_buyer_and_those_who_may_not_sell_to_it_lose(quartz: Case, day: str) -> None:
    outcome = detente.cost(quartz, as_of=day)
    party = dict(outcome.by_party().select("party", "cascade_usd_m").iter_rows())
    assert all(loss > 0 for loss in losses(quartz, day).values())
    assert party["ostwafer"] > 100 and party["nordquarz"] >= 60
    ends = outcome.by_side().select("loss_usd_m_low", "loss_usd_m", "loss_usd_m_high").rows()
    assert all(low <= figure <= high for low, figure, high in ends)


def test_the_three_day_hole_costs_more_than_the_days_around_it(quartz: Case) -> None:
    before, hole, after = (losses(quartz, day)["norland"] for day in ("2022-06-07", "2022-06-10", "2022-06-11"))
    assert hole > before == pytest.approx(after)


def test_taking_the_buyer_off_the_list_lifts_the_loss(quartz: Case) -> None:
    delisted = detente.load(QUARTZ, overlays=["delisted"])
    assert delisted.digest != quartz.digest
    assert losses(delisted, "2022-12-31")["ostmark"] == pytest.approx(losses(quartz, "2022-12-31")["ostmark"])
    assert losses(delisted, "2022-12-31")["ostmark"] > 0
    for day in ("2023-01-01", "2023-03-10", "2023-12-31"):
        assert losses(delisted, day) == dict.fromkeys(SIDES, 0.0)
        assert losses(quartz, day)["ostmark"] > 0


def test_a_look_back_does_not_know_the_sale_of_the_solar_line() -> None:
    sale, day = "nq-hpq>sl-solar:hpq", "2022-11-01"
    assert detente.explain(detente.load(QUARTZ, as_known="2022-10-19"), sale, day).outcome == "licence_required"
    assert detente.explain(detente.load(QUARTZ, as_known="2022-10-20"), sale, day).outcome == "allowed"


def test_one_workbook_is_the_same_record(quartz: Case, tmp_path: Path) -> None:
    folder = tmp_path / "quartz"
    shutil.copytree(QUARTZ, folder)
    with xlsxwriter.Workbook(folder / "tables.xlsx") as book:
        for path in sorted(folder.glob("*.csv")):
            table = pl.read_csv(path, infer_schema=False)
            sheet = book.add_worksheet(path.stem)
            for number, row in enumerate([table.columns, *table.rows()]):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, cell or "")
            path.unlink()
    assert not list(folder.glob("*.csv"))
    copy = detente.load(folder)
    assert copy.digest == quartz.digest
    assert run_decisions(copy) == ()


def test_the_page_is_written_and_names_the_case(quartz: Case, tmp_path: Path) -> None:
    path = detente.report(quartz, tmp_path / "quartz.html")
    page = path.read_text(encoding="utf-8")
    assert quartz.about.title in page
    assert quartz.digest[:12] in page
    assert "Nordquarz AS" in page and "Huawei" not in page

"""Networks from tables, lists, shares and draws: what is read, what is left out, and every fault at once."""

from __future__ import annotations

import re
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from detente.decide.verdict import STATES
from detente.impact import cascade, optimum
from detente.impact.calibration import NetworkError
from detente.impact.sources import allow, from_edges, from_eto, from_mrio, random_network, sales_where
from detente.record import DetenteError, RecordError

DOCS = Path(__file__).parents[2] / "docs" / "networks.md"


class Frame:
    """As much of a pandas frame as is read."""

    def __init__(self, values: list[list[float]], index: list[object], columns: list[object]) -> None:
        self._values, self.index, self.columns = np.array(values), index, columns

    def to_numpy(self) -> np.ndarray:
        return self._values


PLACES = [("north", "ore"), ("north", "cars"), ("south", "ore"), ("south", "cars")]
BUYERS = [("north", "homes"), ("south", "homes")]


def table(Z: list[list[float]] | None = None, Y: list[list[float]] | None = None) -> SimpleNamespace:
    z = Z or [[0, 30, 0, 10], [0, 5, 0, 0], [0, 20, 0, 40], [0, 0, 0, 0.1]]
    y = Y or [[1, 0], [60, 40], [0, 2], [-3, 90]]
    return SimpleNamespace(Z=Frame(z, PLACES, PLACES), Y=Frame(y, PLACES, BUYERS))


def test_an_input_output_table_becomes_a_network() -> None:
    classes = pl.DataFrame({"made": ["cars"], "used": ["ore"], "class": ["critical"]})
    found = from_mrio(table(), cutoff=0.01, usd_m=2.0, sides={"north": "us", "south": "them"}, classes=classes)
    network = found.network
    assert network.units["unit"].to_list() == ["north:ore", "north:cars", "south:ore", "south:cars"]
    assert network.units["side"].to_list() == ["us", "us", "them", "them"]
    assert network.output.tolist() == pytest.approx([82, 210, 124, 180.2])
    assert dict(zip(network.links, network.value, strict=True)) == {
        "north:ore>north:cars:ore": 60.0, "north:ore>south:cars:ore": 20.0, "north:cars>north:cars:cars": 10.0,
        "south:ore>north:cars:ore": 40.0, "south:ore>south:cars:ore": 80.0,
    }  # fmt: skip
    assert network.link_class.tolist() == [2, 2, 1, 2, 2] and network.n_unclassed == 1
    assert found.final_to == ("north:homes", "south:homes")
    assert found.final_usd_m[3].tolist() == [0.0, 180.0]
    assert found.left_out.rows() == [("Y below 0", 1, -6.0), ("sales below the cut-off", 1, 0.2)]


def test_both_models_run_on_it() -> None:
    network = from_mrio(table()).network
    closed = sales_where(network, seller=pl.col("country") == "south", buyer=pl.col("country") == "north")
    law = allow(network, np.where(closed, 0.0, 1.0))
    assert [STATES[s] for s in law.state[closed]] == ["closed"]
    best = optimum.run(network, law, resourcing=False)
    assert best.loss_usd_m > 0
    assert cascade.run(network, law).by_side()["loss_usd_m_high"].min() > 0


def test_tables_that_do_not_fit_are_refused() -> None:
    wrong = table()
    wrong.Y = Frame([[1.0, 1.0]] * 4, PLACES[::-1], BUYERS)
    for mrio, how, says in (
        (wrong, {}, "Y: its rows differ"), (table(), {"cutoff": 1.0}, "cutoff"), (table(), {"usd_m": 0.0}, "usd_m"),
        (table(), {"sides": {"north": "us"}}, "none for south"), (table(Y=[[np.nan, 0]] * 4), {}, "row 0, column 0"),
        (SimpleNamespace(Z=Frame([[1.0]], ["a"], ["a"]), Y=Frame([[1.0]], ["a"], ["a"])), {}, "labelled"),
        (table(), {"classes": pl.DataFrame({"made": ["a"], "used": ["b"], "class": ["vital"]})}, "'vital'"),
    ):  # fmt: skip
        with pytest.raises(NetworkError, match=says):
            from_mrio(mrio, **how)


def test_the_test_table_of_pymrio() -> None:
    pymrio = pytest.importorskip("pymrio", reason="pymrio is not installed: pip install 'detente[mrio]'")
    mrio = pymrio.load_test()
    found = from_mrio(mrio)
    network = found.network
    assert network.units.height == 48 and network.units["item"].n_unique() == 8
    Z, Y = np.maximum(mrio.Z.to_numpy(), 0), np.maximum(mrio.Y.to_numpy(), 0)
    np.testing.assert_allclose(network.output, Z.sum(axis=1) + Y.sum(axis=1))
    assert network.value.sum() == pytest.approx(Z.sum())
    np.testing.assert_allclose(found.final_usd_m, Y)
    law = allow(network, np.where(sales_where(network, seller=pl.col("country") == "reg1"), 0.0, 1.0))
    assert optimum.run(network, allow(network)).loss_usd_m == pytest.approx(0.0, abs=1e-3)
    assert optimum.run(network, law).loss_usd_m > 0


EDGES = """\
seller,buyer,value,item,class,year
acme,vell,40,chip,critical,2020
acme,vell,20,chip,critical,2020
norr,vell,80,chip,critical,2020
vell,shop,100.5,phone,,2020
"""


def written(folder: Path, text: str, name: str = "sales.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_list_of_sales_becomes_a_network(tmp_path: Path) -> None:
    units = pl.DataFrame({"unit": ["acme", "vell"], "side": ["us", "them"], "output_usd_m": [1000.0, None]})
    found = from_edges(written(tmp_path, EDGES), units=units, usd_m=2.0)
    network = found.network
    assert network.links == ("acme>vell:chip", "norr>vell:chip", "vell>shop:phone")
    assert network.value.tolist() == [120.0, 160.0, 201.0]
    assert network.units["unit"].to_list() == ["acme", "norr", "shop", "vell"]
    assert network.units["side"].to_list() == ["us", "", "", "them"]
    assert network.units["item"].to_list() == ["chip", "chip", "final", "phone"]
    assert network.output.tolist() == [1000.0, 160.0, 201.0, 201.0]
    assert network.link_class.tolist() == [2, 2, 1] and network.n_unclassed == 1
    assert found.final_usd_m.ravel().tolist() == [880.0, 0.0, 201.0, 0.0]


def test_parquet_says_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, EDGES)
    pl.read_csv(path).write_parquet(tmp_path / "sales.parquet")
    a, b = from_edges(path).network, from_edges(tmp_path / "sales.parquet").network
    assert a.record == b.record and a.links == b.links


def test_every_fault_of_a_list_at_once(tmp_path: Path) -> None:
    text = "seller,buyer,value,item,class\nacme,vell,4O,chip,critical\n,vell,1,chip,other\nacme,vell,-1,board,vital\n"
    with pytest.raises(RecordError) as caught:
        from_edges(written(tmp_path, text))
    assert [(p.row, p.column) for p in caught.value.problems] == [
        (2, "class"), (2, "item"), (2, "value"), (3, "class"), (3, "seller"), (4, "class"), (4, "item"), (4, "value"),
    ]  # fmt: skip
    assert "sales.csv, row 2, value: got '4O'; expected an amount above 0" in str(caught.value)


def test_a_column_that_is_missing_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="did you mean 'values'"):
        from_edges(written(tmp_path, "seller,buyer,values,item\na,b,1,x\n"))
    with pytest.raises(RecordError, match="no rows"):
        from_edges(written(tmp_path, "seller,buyer,value,item\n"))
    with pytest.raises(DetenteError, match="cannot be read"):
        from_edges(tmp_path / "nothing.parquet")


def test_many_faults_of_a_kind_are_counted(tmp_path: Path) -> None:
    text = "seller,buyer,value,item\n" + "a,b,?,x\n" * 1500
    with pytest.raises(RecordError, match="500 more rows like the last") as caught:
        from_edges(written(tmp_path, text))
    assert len(caught.value.problems) == 1001


def test_a_seller_of_two_items_is_a_fault_or_is_split(tmp_path: Path) -> None:
    path = written(tmp_path, "seller,buyer,value,item\nmine,acme,40,ore\nacme,vell,30,chip\nacme,vell,10,board\n")
    with pytest.raises(RecordError, match="split_by_item"):
        from_edges(path)
    network = from_edges(path, split_by_item=True, units=pl.DataFrame({"unit": ["acme"], "side": ["us"]})).network
    assert dict(zip(network.links, network.value, strict=True)) == {
        "acme:board>vell:board": 10.0, "acme:chip>vell:chip": 30.0, "mine>acme:board:ore": 10.0,
        "mine>acme:chip:ore": 30.0,
    }  # fmt: skip
    split = network.units.filter(pl.col("party") == "acme")
    assert split["side"].to_list() == ["us", "us"] and split["output_usd_m"].to_list() == [10.0, 30.0]


ETO = {
    "inputs.csv": """\
        input_name,input_id,type,stage_name,stage_id,description
        Sand,N1,material_resource,,,
        Ovens,N2,tool_resource,,,
        Gas ovens,N3,tool_resource,,,
        Baking,N4,process,Making,S1,
        """,
    "providers.csv": """\
        provider_name,alias,provider_id,provider_type,country
        Northland,,P1,country,
        Southland,,P2,country,
        Ovens AG,,P3,organization,Northland
        """,
    "provision.csv": """\
        provider_name,provider_id,provided_name,provided_id,share_provided,minor_share,year
        Northland,P1,Sand,N1,70%,,2019
        Southland,P2,Sand,N1,,,2019
        Northland,P1,Gas ovens,N3,60,,2019
        Southland,P2,Gas ovens,N3,,Minor,2019
        Southland,P2,Baking,N4,100%,,2019
        Ovens AG,P3,Gas ovens,N3,,,2019
        """,
    "sequence.csv": """\
        input_name,input_id,goes_into_name,goes_into_id,is_type_of_name,is_type_of_id
        Sand,N1,Baking,N4,,
        Ovens,N2,Baking,N4,,
        Gas ovens,N3,,,Ovens,N2
        """,
    "stages.csv": "stage_name,stage_id,description,market_size\nMaking,S1,,\n",
}


def eto(folder: Path, **changed: str) -> Path:
    for name, text in ETO.items():
        lines = changed.get(name.removesuffix(".csv"), text).splitlines()
        (folder / name).write_text("\n".join(line.strip() for line in lines).strip() + "\n")
    return folder


def test_shares_of_providers_become_a_network(tmp_path: Path) -> None:
    found = from_eto(eto(tmp_path), sides={"Northland": "us"})
    shares = found.tables["providers_by_input"].select("input_id", "provider_id", "share", "basis").rows()
    assert [(i, p, round(s, 9), b) for i, p, s, b in shares] == [
        ("N1", "P1", 0.7, "given"), ("N1", "P2", 0.3, "rest"), ("N3", "P1", 0.6, "given"), ("N3", "P2", 0.01, "minor"),
        ("N3", "others", 0.39, "rest"), ("N4", "P2", 1.0, "given"),
    ]  # fmt: skip
    network = found.network
    assert dict(zip(network.links, network.value.round(9), strict=True)) == {
        "P1:N1>P2:N4:N1": 0.7, "P2:N1>P2:N4:N1": 0.3, "P1:N3>P2:N4:N3": 0.6, "P2:N3>P2:N4:N3": 0.01,
        "others:N3>P2:N4:N3": 0.39,
    }  # fmt: skip
    assert network.units["side"].to_list() == ["us", "third", "us", "third", "third", "third"]
    assert network.output.tolist() == pytest.approx([0.7, 0.3, 0.6, 0.01, 0.39, 4.0])
    assert found.left_out.rows() == [("inputs that stand for their kinds", 1, 0.0)]
    law = allow(network, np.where(sales_where(network, seller=pl.col("side") == "us"), 0.0, 1.0))
    assert optimum.run(network, law, within=0.0).loss_usd_m > 0


def test_firms_and_sizes(tmp_path: Path) -> None:
    sizes = {"N1": 10.0, "N3": 20.0, "N4": 100.0}
    network = from_eto(eto(tmp_path), level="organization", sizes=sizes).network
    assert network.output.tolist() == [10.0, 20.0, 100.0]
    assert network.units["party"].to_list() == ["others", "P3", "others"]
    with pytest.raises(DetenteError, match="lacks N4"):
        from_eto(tmp_path, sizes={"N1": 1.0, "N3": 1.0})


def test_every_fault_of_the_tables_at_once(tmp_path: Path) -> None:
    wrong = ETO["provision.csv"].replace("P2,Sand,N1", "P9,Sand,N1").replace("Baking,N4", "Baking,N44")
    with pytest.raises(RecordError) as caught:
        from_eto(eto(tmp_path, provision=wrong))
    assert [(p.row, p.column) for p in caught.value.problems] == [(3, "provider_id"), (6, "provided_id")]
    with pytest.raises(RecordError, match="percentage"):
        from_eto(eto(tmp_path, provision=ETO["provision.csv"].replace("70%", "most")))
    with pytest.raises(RecordError, match="no more than 100%"):
        from_eto(eto(tmp_path, provision=ETO["provision.csv"].replace("Southland,P2,Sand,N1,", "S,P2,Sand,N1,80%")))
    ring = ETO["sequence.csv"] + "Baking,N4,Sand,N1,,\n"
    with pytest.raises(RecordError, match="no ring of inputs"):
        from_eto(eto(tmp_path, sequence=ring))
    (tmp_path / "stages.csv").unlink()
    with pytest.raises(DetenteError, match=r"lacks stages\.csv"):
        from_eto(tmp_path)


def test_random_networks_are_repeatable_and_look_like_firms() -> None:
    a, b, c = (random_network(5000, 4.0, industries=50, seed=s).network for s in (1, 1, 2))
    assert a.record == b.record != c.record
    degree = np.bincount(a.seller, minlength=5000)
    assert degree.max() > 20 * degree.mean()  # heavy tail
    assert (a.seller != a.buyer).all()
    assert np.unique(a.seller * 5000 + a.buyer).size == a.seller.size
    bought = np.bincount(a.buyer, a.value, 5000)
    assert (bought <= 0.8 * a.output + 1e-9).all()
    for wrong in ({"n": 1}, {"n": 10, "industries": 0}, {"n": 10, "links_per_firm": -1.0}):
        with pytest.raises(NetworkError, match="two firms or more"):
            random_network(**wrong)


def test_a_hundred_thousand_firms_take_no_time() -> None:
    start = time.perf_counter()
    assert random_network(100_000, seed=1).network.units.height == 100_000
    assert time.perf_counter() - start < 10


def test_permits_of_ones_own_are_checked() -> None:
    network = random_network(10, 1.0, seed=1).network
    with pytest.raises(NetworkError, match="not 50"):
        allow(network, 50.0)


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)


@pytest.mark.parametrize("k", range(4))
def test_the_examples_of_the_page_run(k: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = blocks()[k]
    if "import pymrio" in code:
        pytest.importorskip("pymrio", reason="pymrio is not installed: pip install 'detente[mrio]'")
    monkeypatch.chdir(tmp_path)
    if "from_eto" in code:
        (tmp_path / "chips").mkdir()
        eto(tmp_path / "chips")
    exec(compile(code, f"networks.md, example {k + 1}", "exec"), {})

"""Ten broken copies of the bundled case: exactly the faults put in come out, all at once, each in its place."""

import csv
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from cases import problems_of
from detente.record.load import folder_of

Spot = tuple[str, int, str]


def read(path: Path) -> list[list[str]]:
    """All records of a CSV, the header first."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write a CSV as it was read."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


class Copy:
    """A copy of the case in which a test breaks things; every edit says where its fault should be shown."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def cell(self, file: str, id_: str, column: str, value: str, *, shown: str = "", nth: int = -1) -> Spot:
        """Put a value into a cell of the row of an id (the last one, where corrections keep it)."""
        rows = read(self.folder / file)
        at = [i for i, row in enumerate(rows) if row[0] == id_][nth]
        k = rows[0].index(column)
        assert rows[at][k] != value
        rows[at][k] = value
        write(self.folder / file, rows)
        return file, at + 1, shown or column

    def again(self, file: str, id_: str, shown: str = "id", **changes: str) -> Spot:
        """Add the row of an id once more below the table, changed."""
        rows = read(self.folder / file)
        row = list(next(r for r in reversed(rows) if r[0] == id_))
        for column, value in changes.items():
            row[rows[0].index(column)] = value
        write(self.folder / file, [*rows, row])
        return file, len(rows) + 1, shown

    def column(self, file: str, old: str, new: str) -> Spot:
        """Rename a column."""
        rows = read(self.folder / file)
        rows[0][rows[0].index(old)] = new
        write(self.folder / file, rows)
        return file, 1, new

    def text(self, file: str, old: str, new: str, column: str) -> Spot:
        """Replace the one place where a text stands in a file; its line is where the fault is."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        text = text.replace(old, new)
        path.write_text(text, encoding="utf-8", newline="\n")
        same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        at = text.index(new) + same + (new[same : same + 1] == "\n")
        return file, text[:at].count("\n") + 1, column

    def bytes(self, file: str, content: bytes, row: int = 0) -> Spot:
        """Write a file."""
        (self.folder / file).write_bytes(content)
        return file, row, ""


def above(spot: Spot) -> Spot:
    """The line above: a decision is shown at its id."""
    return spot[0], spot[1] - 1, spot[2]


def spreadsheet(copy: Copy) -> list[Spot]:
    """What a spreadsheet does to dates, codes and numbers."""
    return [
        copy.cell("listings.csv", "el-affiliates-2020-08", "since", "17/08/2020"),
        copy.cell("variants.csv", "qorvo-abroad-rf", "plant_codes", "3.00E+01"),
        copy.cell("links.csv", "xilinx>huawei-carrier:fpga", "value_usd_m", "1,220.5"),
        copy.cell("stakes.csv", "zhixin-honor", "share", "100%"),
        copy.cell("parties.csv", "zhixin", "recorded", "44152"),
    ]


def misspelt(copy: Copy) -> list[Spot]:
    """Names of rows that are not there."""
    return [
        copy.cell("links.csv", "cree>huawei-carrier:rf", "seller", "creee"),
        copy.cell("licences.csv", "us-sony-2020-10", "holder", "sonny"),
        copy.cell("names.csv", "honor-brand", "party", "honour"),
        copy.cell("inputs.csv", "smartphones:glass", "used", "glas"),
        copy.cell("licence_events.csv", "us-intel-2020-09:2", "source", "reuters-revocations-2021-01-18"),
    ]


def measures(copy: Copy) -> list[Spot]:
    """Faults in the text of measures, next to one in a table."""
    release, tgl = "measures/us-ear-standards-release.toml", "measures/us-ear-tgl-huawei.toml"
    return [
        copy.text(release, 'authority = "US', 'autority = "US', "autority"),
        (release, 1, "authority"),
        copy.text(release, 'effect = "authorise"', 'effect = "authorize"', "effect"),
        copy.text(
            tgl, '"support_of_existing_handsets"]', '"support_of_existing_handsets"]\nend_use = ["x"]', "end_use"
        ),
        copy.cell("markets.csv", "premium-china:others", "unit", "everybody"),
    ]


def twice(copy: Copy) -> list[Spot]:
    """Rows, sources and columns that stand there twice, and a column nobody knows."""
    return [
        copy.again("links.csv", "tsmc>hisilicon:wafers"),
        copy.again("sources.csv", "fr-84-22961", title="The same again"),
        copy.again("units.csv", "qorvo", supersedes="qorvo", recorded="2019-05-01", shown="recorded"),
        copy.column("names.csv", "note", "remark"),
        copy.cell("findings.csv", "started-sony", "source", ""),
    ]


def ranges_and_spans(copy: Copy) -> list[Spot]:
    """Figures outside their range or without one, spans that overlap or run backwards."""
    return [
        copy.cell("units.csv", "huawei-carrier", "output_usd_m_low", "42000", shown="output_usd_m"),
        copy.cell("links.csv", "qorvo>huawei-p-mate:rf", "value_usd_m_high", "", shown="value_usd_m"),
        copy.again("listings.csv", "el-affiliates-2020-08", id="el-again", since="2020-09-01", shown="since"),
        copy.cell("stakes.csv", "zhixin-honor", "through", "2020-11-16"),
        copy.cell("licences.csv", "us-micron-2019-12", "through", "2019-11-19"),
    ]


def totals(copy: Copy) -> list[Spot]:
    """Shares that add up to more than all, of a market and of a party."""
    copy.cell("markets.csv", "premium-china:apple-phones", "share_high", "0.9")
    copy.cell("markets.csv", "premium-china:apple-phones", "share", "0.9")
    last = next(i for i, r in enumerate(read(copy.folder / "markets.csv"), 1) if r[0] == "premium-china:others")
    return [
        ("markets.csv", last, "share"),
        copy.again("stakes.csv", "zhixin-honor", id="huawei-honor-left", owner="huawei", share="0.2", share_low="0.2",
                   share_high="0.2", since="2020-12-01", shown="share"),
        copy.cell("variants.csv", "qorvo-rf", "content", "US:80"),
    ]  # fmt: skip


def accounts(copy: Copy) -> list[Spot]:
    """A case that is whole but for its totals: one link too large, one report misread."""
    copy.cell("links.csv", "xilinx>huawei-carrier:fpga", "value_usd_m", "240.5")
    rows = [r[0] for r in read(copy.folder / "accounts.csv")]
    return [
        ("accounts.csv", rows.index("purchases-all") + 1, "reported_usd_m"),
        ("accounts.csv", rows.index("purchases-us") + 1, "reported_usd_m"),
        copy.cell("accounts.csv", "purchases-japan", "reported_usd_m", "6800"),
    ]


def limbs(copy: Copy) -> list[Spot]:
    """Limbs, sources, parties and sales that do not exist, in tables, measures and decisions."""
    tgl, august = "measures/us-ear-tgl-huawei.toml", "measures/us-ear-fdpr-huawei-2020-08.toml"
    return [
        copy.cell("licences.csv", "us-kioxia-2021-01", "overcomes", "fdpr2-part;fdpr2-use"),
        copy.text(tgl, 'id = "research-permanent"\neffect = "authorise"\ndefeats = ["el-huawei"]',
                  'id = "research-permanent"\neffect = "authorise"\ndefeats = ["el-huawai"]', "defeats"),
        copy.text(august, 'sources = ["fr-85-51596", "mondaq-2020-08", "arent-fox-2020-08"]',
                  'sources = ["fr-85-51596", "mondaq-2020-09", "arent-fox-2020-08"]', "sources"),
        above(copy.text("tests/decisions.toml", 'sale = "largan>huawei-p-mate:lenses"',
                        'sale = "largan>huawei-p-mate:lens"', "sale")),
    ]  # fmt: skip


def empty(copy: Copy) -> list[Spot]:
    """Cells that must be filled, words that are not among the choices."""
    return [
        copy.cell("parties.csv", "huawei", "side", ""),
        copy.cell("units.csv", "qorvo", "country", ""),
        copy.cell("items.csv", "rf", "kind", "goods"),
        copy.cell("licence_lines.csv", "us-amd-2020-09:1", "line", "first"),
        copy.cell("inputs.csv", "smartphones:rf", "confidence", "likely"),
    ]


def files(copy: Copy) -> list[Spot]:
    """Whole files that are not what they should be."""
    pl.read_csv(copy.folder / "markets.csv", infer_schema=False).write_parquet(copy.folder / "markets.parquet")
    names = (copy.folder / "names.csv").read_text(encoding="utf-8").replace("kioxia,Toshiba", "kioxia,Tōshiba")
    at = next(i for i, line in enumerate(names.splitlines(), 1) if "Tōshiba" in line)
    copy.bytes("names.csv", names.encode("shift_jisx0213"))
    return [
        ("markets.parquet", 0, ""),
        ("names.csv", at, ""),
        copy.bytes("findings.csv", (copy.folder / "findings.csv").read_bytes().replace(b",", b";"), row=1),
        copy.bytes("supplier.csv", b"id,name\n"),
        copy.text("accounts.csv", "purchases-us,", "purchases-us,x,", ""),
    ]


def overlay(copy: Copy) -> list[Spot]:
    """An overlay with faults of its own, on a case with one."""
    at = "overlays/p-mate-sale"
    return [
        copy.cell(f"{at}/stakes.csv", "consortium-p-mate", "owner", "p-mate-consortum"),
        copy.cell(f"{at}/stakes.csv", "huawei-p-mate", "supersedes", "huawei-pmate", shown="id"),
        copy.cell(f"{at}/stakes.csv", "huawei-p-mate", "confidence", "likely"),
        copy.cell(f"{at}/stakes.csv", "consortium-p-mate", "control", "China"),
        copy.cell("items.csv", "rf", "tags", "radio parts"),
        (f"{at}/stakes.csv", 2, "supersedes"),
    ]


BROKEN: list[Callable[[Copy], list[Spot]]] = [
    spreadsheet, misspelt, measures, twice, ranges_and_spans, totals, accounts, limbs, empty, files, overlay,
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda f: f.__name__)
def test_exactly_the_faults_put_in_come_out(tmp_path: Path, broken: Callable[[Copy], list[Spot]]) -> None:
    folder = tmp_path / "huawei"
    shutil.copytree(folder_of("huawei"), folder)
    put_in = broken(Copy(folder))
    found = problems_of(folder, overlays=["p-mate-sale"] if broken is overlay else [])
    assert [(p.file, p.row, p.column) for p in found] == sorted(put_in)
    assert all(p.got or p.expected for p in found)

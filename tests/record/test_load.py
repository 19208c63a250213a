"""Loading: a checked case or every fault at once, and nothing else, whatever the files hold."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import CASE_TOML, FILES, brief, limb, make_case, measure, problems_of, table
from detente.record import Case, DetenteError, NotFound, Problem, RecordError, load
from detente.record.load import bundled, folder_of

DECISION = '[[decisions]]\nid = "x"\nsale = "acme>vell:chip"\nas_of = 2020-05-01\noutcome = "licence_required"\n'


def test_the_minimal_case_is_whole(made: Callable[..., Case]) -> None:
    case = made()
    assert case.name == "case"
    assert [m.id for m in case.measures] == ["order"]
    assert case["draws"].height == 0
    assert repr(case).startswith("<Case case: 4 units, 3 links, 1 measures, record ")


def test_faults_of_every_room_come_at_once_and_sorted(tmp_path: Path) -> None:
    found = problems_of(make_case(tmp_path, {
        "links.csv": FILES["links.csv"].replace("40,", "40%,").replace("norr,   vell", "nor,   vell"),
        "parties.csv": FILES["parties.csv"].replace("KR", "KOR"),
        "stakes.csv": "id, owner, owned, share\ns, acme, norr, 1.2\n",
        "suppliers.csv": b"id\n",
    }))  # fmt: skip
    assert brief(found) == [
        ("links.csv", 2, "value_usd_m"),
        ("links.csv", 3, "seller"),
        ("parties.csv", 3, "country"),
        ("stakes.csv", 2, "share"),
        ("suppliers.csv", 0, ""),
    ]


def test_the_text_of_the_error_lists_them(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        load(make_case(tmp_path, {"stakes.csv": "id, owner, owned, share\ns, acme, norr, 1.2\nt, acme, ova, 51%\n"}))
    assert str(caught.value) == (
        "2 faults in the case\n"
        "stakes.csv, row 2, share: got '1.2'; expected a fraction from 0 to 1, such as 0.51 "
        "(a share is a fraction, not a percentage)\n"
        "stakes.csv, row 3, share: got '51%'; expected a fraction from 0 to 1, such as 0.51 (write 51% as 0.51)"
    )


@pytest.mark.parametrize("name", ["sources", "parties", "items", "units", "links"])
def test_a_table_that_must_be_there(tmp_path: Path, name: str) -> None:
    found = problems_of(make_case(tmp_path, {f"{name}.csv": None}))
    hint = f"also {name}.parquet, {name}.xlsx or a sheet {name} of tables.xlsx; `detente new DIR` shows them all"
    assert found == (Problem(f"{name}.csv", 0, "", "no such table", "the table", hint),)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sources.csv", b"id;title;rank\nlaw;x;invented\n"),
        ("units.csv", b"id,name\na,b,c\n"),
        ("parties.csv", "id,name\nä,b\n".encode("latin-1")),
        ("variants.csv", b""),
        ("measures/order.toml", b"x =\n"),
    ],
)
def test_a_file_that_cannot_be_read_is_blamed_alone(tmp_path: Path, name: str, content: bytes) -> None:
    """What names its rows or limbs may be right: to blame that too buries the one fault among hundreds."""
    files: Mapping[str, str | bytes | None] = {
        "licences.csv": "id, authority, holder, kind, consignees, overcomes\nlic, M, acme, individual, vell, list\n",
        "tests/decisions.toml": DECISION + 'limbs = ["list"]\n',
        name: content,
    }
    assert [p.file for p in problems_of(make_case(tmp_path, files))] == [name]


def test_a_broken_case_toml_is_blamed_alone(tmp_path: Path) -> None:
    found = problems_of(make_case(tmp_path, {"case.toml": CASE_TOML + "x = 1\n"}))
    assert brief(found) == [("case.toml", len(CASE_TOML.splitlines()) + 1, "x")]


@pytest.mark.parametrize(
    ("line", "column", "got", "expected"),
    [
        ('sale = "acme>vel:chip"', "sale", "'acme>vel:chip'", "a known sale"),
        ('limbs = ["lst"]', "limb", "'lst'", "a known limb"),
        ('licence = "lic"', "licence", "'lic'", "a known licence"),
        ('sources = ["lw"]', "source", "'lw'", "a known source"),
    ],
)
def test_a_decision_that_names_what_is_not_there(
    tmp_path: Path, line: str, column: str, got: str, expected: str
) -> None:
    key = line.partition(" ")[0]
    text = "# worked\n\n" + DECISION + DECISION.replace('"x"', '"y"')
    lines = [x for x in text.splitlines() if not (x.startswith(key) and text.count(x) == 0)]
    if key == "sale":
        at = len(lines) - 1 - lines[::-1].index('sale = "acme>vell:chip"')
        lines[at] = line
    else:
        lines.append(line)
    (found,) = problems_of(make_case(tmp_path, {"tests/decisions.toml": "\n".join(lines)}))
    assert (found.got, found.expected) == (got, expected)
    assert (found.file, found.row, found.column) == ("tests/decisions.toml", lines.index('id = "y"') + 1, column)


def test_folder_of() -> None:
    assert "huawei" in bundled()
    assert folder_of("huawei").name == "huawei"


def test_what_is_no_case(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"has no case\.toml"):
        load(tmp_path)
    with pytest.raises(NotFound, match=r"Bundled: .*huawei"):
        load(tmp_path / "nowhere")
    with pytest.raises(NotFound, match="no bundled case"):
        load("../cases/huawei")


@pytest.mark.parametrize("day", ["2020-02-30", "05/06/2019", "soon", "", "2020-05-01T00:00"])
def test_a_day_that_is_none_is_said_in_a_sentence(tmp_path: Path, day: str) -> None:
    with pytest.raises(DetenteError, match="is not a day; write year-month-day"):
        load(make_case(tmp_path), as_known=day)


# ---------------------------------------------------------------- whatever the files hold

CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "none", "NaN", "inf", "-1", "1e9", "2020-02-30", "0001-01-01", "9999-12-31", "a;b;;c", ";",
                     "acme", "law", "=1+1", "\x00", "\ufeff", "'", '"', "\n", "\r", "US:0-0.25", "home:30", "💥", "#"]),
)  # fmt: skip
TEXT_TABLES = ["parties.csv", "links.csv", "units.csv", "variants.csv", "listings.csv", "sources.csv"]


@settings(max_examples=25)
@given(data=st.data(), name=st.sampled_from(TEXT_TABLES))
def test_random_cells_never_crash_it(data: st.DataObject, name: str) -> None:
    """A case either loads or says what is wrong: no other exception."""
    import csv
    import io

    rows = list(csv.reader(table(name, FILES[name]).splitlines()))
    for _ in range(data.draw(st.integers(1, 4))):
        i = data.draw(st.integers(0, len(rows) - 1))
        rows[i][data.draw(st.integers(0, len(rows[i]) - 1))] = data.draw(CELL)
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    _load_or_record_error({name: out.getvalue().encode("utf-8", "surrogatepass")})


@settings(max_examples=20)
@given(
    content=st.binary(max_size=60), name=st.sampled_from([*TEXT_TABLES, "names.parquet", "names.xlsx", "tables.xlsx"])
)
def test_random_bytes_never_crash_it(content: bytes, name: str) -> None:
    _load_or_record_error({name: content})


@settings(max_examples=25)
@given(
    data=st.data(),
    name=st.sampled_from(["measures/order.toml", "case.toml", "tests/t.toml"]),
    new=st.one_of(
        st.text(alphabet="[]{}=.,\"' \n#ab1-", max_size=8),
        st.sampled_from(
            ["nan", "inf", "1979-05-27T07:32:00Z", "07:32:00", "true", "[[[]]]", '"""', "[x]", "[[x]]", "{}"]
        ),
    ),
)
def test_random_toml_never_crashes_it(data: st.DataObject, name: str, new: str) -> None:
    text = FILES.get(name, DECISION)
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 12))
    _load_or_record_error({name: text[:at] + new + text[at + cut :]})


def _load_or_record_error(files: Mapping[str, str | bytes | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = make_case(Path(folder), files)
        try:
            load(root)
        except RecordError as error:
            assert error.problems
            assert all(p.file and p.row >= 0 for p in error.problems)


def test_what_else_would_be_read_otherwise_than_it_is_written(tmp_path: Path) -> None:
    """Contradicting inputs, an order named like a link, a scope that names itself, a text a terminal would obey."""
    scope = 'scope = [{named = "list"}]'
    files = {
        "inputs.csv": "id, made, used, class\na, phone, chip, critical\nb, phone, chip, other\n",
        "orders.csv": "id, link, value_usd_m\nacme>vell:chip, acme>vell:chip, 1\n",
        "measures/order.toml": measure(limb("list", scope)),
        "measures/us.TOML": "",
        "findings.csv": "id, about, fact, value\nf, acme>vell:chip, knowledge, perhaps\n",
        "names.csv": "id, party, name, kind\nn, vell, Vell\x1b]0;x\x07, alias\n",
    }
    found = {(p.file, p.column) for p in problems_of(make_case(tmp_path, files))}
    assert found == {
        ("inputs.csv", "since"), ("orders.csv", "id"), ("measures/order.toml", "scope"), ("measures/us.TOML", ""),
        ("findings.csv", "value"), ("names.csv", "name"),
    }  # fmt: skip


def test_the_last_overlay_that_corrects_a_row_stands_alone(tmp_path: Path) -> None:
    head = "id, seller, buyer, value_usd_m, end_use, recorded, supersedes\n"
    folder = make_case(tmp_path, {
        "overlays/x/links.csv": head + "x1, acme, vell, 5, production, 2020-01-02, acme>vell:chip\n",
        "overlays/y/links.csv": head + "y1, acme, vell, 7, production, 2020-01-02, acme>vell:chip\n",
    })  # fmt: skip
    ids = set(load(folder, overlays=["x", "y"])["links"]["id"])
    assert "y1" in ids
    assert not ids & {"x1", "acme>vell:chip"}

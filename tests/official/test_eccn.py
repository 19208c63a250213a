"""Why a code is controlled: sentences read whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.official import read_codes
from detente.official.destinations import destinations
from detente.official.paragraphs import Part, paragraphs
from detente.record.problems import RecordError
from official.published import put

HEAD = "eccn,heading,reason_for_control,control_text,country_chart_text,chart_column,license_exception_flags\n"
D5 = (
    "To or within Macau or a destination specified in Country Group D:5 of supplement no. 1 to part 740 of the EAR. "
    "See § 742.6(a)(6)(i) of the EAR."
)
NOT_A = (
    "To or within the United Arab Emirates or destinations specified in Country Groups D:1, D:4, and D:5 of supplement "
    "no. 1 to part 740 of the EAR, excluding any destination also specified in Country Groups A:5 or A:6. See § "
    "742.6(a)(6)(iii)(B) of the EAR."
)
IRAQ = (
    "A license is required for items controlled by this entry for export or reexport to Iraq or Pakistan or transfer "
    "within Iraq or Pakistan for regional stability reasons. The Commerce Country Chart is not designed to determine "
    "RS license requirements for this entry. See §§ 742.6 and 746.3 of the EAR for additional information."
)


def parts(text: str, entry: str) -> list[tuple[tuple[str, ...], tuple[str, ...], bool]]:
    """Paragraphs without the entry in front, exceptions, and whether there are words."""

    def short(codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(c.removeprefix(entry) or "all" for c in codes)

    return [(short(p.codes), short(p.but), p.in_words) for p in paragraphs(text, entry)]


@pytest.mark.parametrize(
    ("entry", "text", "expected"),
    [
        ("0A606", "entire entry", [(("all",), (), False)]),
        ("3D992", "the entire entry", [(("all",), (), False)]),
        ("0A606", "entire entry, except 0A606.b and .y", [(("all",), (".b", ".y"), False)]),
        ("9A012", "entire entry, except .a.1", [(("all",), (".a.1",), False)]),
        ("9D515", "entire entry except 9D515.x and y", [(("all",), (".x", ".y"), False)]),
        ("1C607", "entire entry, except 1C607.a.10, and .a.14", [(("all",), (".a.10", ".a.14"), False)]),
        ("8A620", "entire entry, except 8A620. b and .y", [(("all",), (".b", ".y"), False)]),
        ("9A004", "9A004 .g, .r, .u, and .w", [((".g", ".r", ".u", ".w"), (), False)]),
        ("1C351", "items controlled by 1C351.d.15 and .16", [((".d.15", ".d.16"), (), False)]),
        ("1C111", "1C111.a.3.f only", [((".a.3.f",), (), False)]),
        ("0A504", "paragraphs .a, .b, and .i of this entry", [((".a", ".b", ".i"), (), False)]),
        ("3B001", "3B001.a.1 to a.3, b, e, f.2 to f.4, g to j",
         [((".a.1", ".a.2", ".a.3", ".b", ".e", ".f.2", ".f.3", ".f.4", ".g", ".h", ".i", ".j"), (), False)]),
        ("5A001", "5A001.b (except .b.5), .c, .f (except f.3), .g, and .j",
         [((".c", ".g", ".j"), (), False), ((".b",), (".b.5",), False), ((".f",), (".f.3",), False)]),
        ("3A001", "3A001.z. 1.b, z.2.b", [((".z.1.b", ".z.2.b"), (), False)]),
        ("3A002", "3A002.h when the parameters in 3A101.a.2.b are met or exceeded", [((".h",), (), True)]),
        ("3A001", "3A001.a.1.a when usable in “missiles”; and to 3A001.a.5.a when “designed” for it; and 3A001.z.2",
         [((".a.1.a",), (), True), ((".a.5.a",), (), True), ((".z.2",), (), False)]),
        ("3A001", "“MMIC” amplifiers in 3A001.b.2 and discrete microwave transistors in 3A001.b.3, except those "
         "3A001.b.2 and b.3 items being exported for civil use", [((".b.2", ".b.3"), (), True)]),
        ("6A003", "6A003.b.3 and to items in 6A003.b.4.b that have a frame rate. (But see § 742.6(a)(2)(iii))",
         [((".b.3",), (), True), ((".b.4.b",), (), True)]),
        ("1B101", "winding machines described in 1B101.a that are capable AND to coordinating controls for these",
         [(("all",), (), True)]),
        ("0A502", "shotguns with a barrel length less than 18 inches (45.72 cm)", [(("all",), (), True)]),
        ("3D001", "“software” for equipment controlled by 3B001.q", [(("all",), (), True)]),
        ("4E001", "entire entry, except for “technology” for 4A090", [(("all",), (), True)]),
        ("1B001", "entire entry, except 1B001.d.4, e and f. Note: MT applies to equipment in 1B001.d",
         [(("all",), (), True)]),
        ("9A515", "microcircuits in 9A515.d when usable. MT also applies to 9A515.h when the impulse is great",
         [(("all",), (), True)]),
        ("0A509", "0A509.a for items for ECCN 0A502, and 0A509.d", [(("all",), (), True)]),
        ("3A001", "cameras and lenses in 3A001.b.2", [(("all",), (), True)]),
        ("3A001", "3A001.b.3 to b.1", [(("all",), (), True)]),
        ("3A001", "", [(("all",), (), True)]),
    ],
)  # fmt: skip
def test_sentences(entry: str, text: str, expected: list[tuple[tuple[str, ...], tuple[str, ...], bool]]) -> None:
    assert parts(text, entry) == expected


WORDS = st.sampled_from(
    [
        "3A001",
        "3A001.b",
        "3A001.b.2",
        ".b",
        "b.3",
        ".16",
        "3B001.q",
        "a",
        "and",
        "or",
        ",",
        ";",
        "to",
        "through",
        "in",
        "except",
        "(except",
        ")",
        "entire",
        "entry",
        "items",
        "when",
        "that",
        "“software”",
        "for",
        "only",
        ".",
        "also",
    ]
)


@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_no_sentence_covers_another_entry_or_nothing(text: str) -> None:
    found = paragraphs(text, "3A001")
    assert found
    for part in found:
        assert part.codes
        assert all(c == "3A001" or c.startswith("3A001.") for c in (*part.codes, *part.but))


@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_a_sentence_with_a_condition_is_never_read_as_plain(text: str) -> None:
    for part in paragraphs(f"3A001.c {text} when it is red", "3A001"):
        assert part.in_words or part != Part(("3A001",))


@pytest.mark.parametrize(
    ("text", "to"),
    [
        (D5, ("MO", "D:5")),
        (NOT_A, None),
        ("To or within any destination worldwide, see § 742.6(a)(6)(iii)(A) of the EAR.", ("*",)),
        ("To or within any destination worldwide. See § 742.6(a)(13).", ("*",)),
        ("Worldwide control. See § 742.4(a)(5) and (b)(10) of the EAR.", ("*",)),
        ("Worldwide control, except Canada. See § 742.4(a)(5) of the EAR.", None),
        ("China, Russia, or Venezuela (see § 742.6(a)(7)).", ("CN", "RU", "VE")),
        ("China, Russia or Venezuela (see § 742.6(a)(7)).", ("CN", "RU", "VE")),
        ("China, Atlantis, or Venezuela (see § 742.6(a)(7)).", None),
        (IRAQ, ("IQ", "PK")),
        (IRAQ.replace("within Iraq or Pakistan", "within Iraq"), None),
        ("A license is required for ALL destinations, except Canada, regardless of end use.", None),
        ("See § 746.1(b) for UN controls", None),
        ("N/A.", None),
        ("", None),
    ],
)
def test_destinations_are_read_only_where_the_text_names_them_all(text: str, to: tuple[str, ...] | None) -> None:
    assert destinations(text, "3A999") == to


def codes(folder: Path, *rows: tuple[str, str, str, str]) -> list[dict[str, Any]]:
    """Rows made from (eccn, reasons, control, chart)."""
    entries: dict[str, dict[str, Any]] = {}
    for eccn, reasons, control, text in rows:
        one = entries.setdefault(
            eccn, {"eccn": eccn, "heading": f"H {eccn}", "reasonForControl": reasons, "countryChart": []}
        )
        if control or text:
            one["countryChart"].append({"control": control, "countryChart": text})
    whole = {"ecfrIssueDate": "2026-07-23", "entries": list(entries.values())}
    return read_codes(put(folder, "ccl.json", json.dumps(whole)))["codes"].to_dicts()


def brief(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(r["id"], r["code"], r["codes_except"], r["reason"], r["to"], bool(r["prose"])) for r in rows]


def test_rows_of_the_code_table(tmp_path: Path) -> None:
    found = codes(
        tmp_path,
        ("3E001", "NS, AT", "NS applies to entire entry except 3E001.y", "NS Column 1."),
        ("3E001", "NS, AT", "AT applies to entire entry (refer to 3E991 for others)", "AT Column 1"),
        ("3B001", "NS, RS", "RS applies to 3B001.c and .d", D5),
        ("3B001", "NS, RS", "NS applies to 3B001.a when large", "NS Column 2"),
        ("3A090", "RS", "RS applies to 3A090.b", NOT_A),
    )
    assert brief(found) == [
        ("3E001:NS-1", "us-ear:3E001", "us-ear:3E001.y", "NS 1", None, False),
        ("3E001:AT-1", "us-ear:3E001", None, "AT 1", None, False),
        ("3B001.c:RS-to", "us-ear:3B001.c", None, None, "MO;D:5", False),
        ("3B001.d:RS-to", "us-ear:3B001.d", None, None, "MO;D:5", False),
        ("3B001.a:NS-text", "us-ear:3B001.a", None, None, None, True),
        ("3A090.b:RS-text", "us-ear:3A090.b", None, None, None, True),
    ]
    assert {r["heading"] for r in found} == {"H 3E001", "H 3B001", "H 3A090"}
    assert {r["since"] for r in found} == {"2026-07-23"}


def test_slips_of_the_files(tmp_path: Path) -> None:
    both = "CB applies to entire entry CB Column 2."
    found = codes(
        tmp_path,
        ("1A231", "NP, AT", "NP applies to entire entry AT applies to entire entry", "NP Column 1 AT Column 1"),
        ("1C350", "CB, CW, AT", both, both),
        ("1C351", "AT", "AT applies to entire entry", "Column 1."),
        ("0A919", "RS", "RS applies to entire entry", "RS Column 1, See § 742.6(a)(3) for license requirements."),
        ("3A999", "NS", "NS applies to entire entry", "RS Column 1"),
    )
    assert [r[0] for r in brief(found)] == [
        "1A231:NP-1", "1A231:AT-1", "1C350:CB-2", "1C350:all-text", "1C351:AT-1", "0A919:RS-1", "0A919:RS-text",
        "3A999:NS-text",
    ]  # fmt: skip
    assert found[3]["prose"] == "Controlled for AT, CW, of which no row could be read"
    assert "without the reason" in found[4]["note"]


def test_an_entry_without_rows_must_be_read(tmp_path: Path) -> None:
    (one,) = codes(tmp_path, ("1C980", "SS", "", ""))
    assert one["prose"] == "No row of licence requirements could be read from this entry: controlled for SS"


def test_codes_that_a_spreadsheet_ate_are_refused(tmp_path: Path) -> None:
    text = f"{HEAD}3.00E+01,H,NS,NS applies to entire entry,NS Column 1,NS 1,{{}}\n"
    text += "3E001,H,AT,AT applies to entire entry,AT Column 1,AT 1,{}\n"
    found = read_codes(put(tmp_path, "ccl.csv", text), as_of="2026-07-23")
    assert found["codes"]["code"].to_list() == ["us-ear:3E001"]
    assert [(p.row, p.column, p.got) for p in found.problems] == [(2, "eccn", "'3.00E+01'")]
    assert "spreadsheet" in found.problems[0].hint


@pytest.mark.parametrize(
    "entries", [[7], [{}], [{"eccn": 3}], [{"eccn": "3A001", "countryChart": [1, {"control": []}]}]]
)
def test_hostile_control_lists_become_problems(tmp_path: Path, entries: list[Any]) -> None:
    found = read_codes(put(tmp_path, "x.json", json.dumps({"entries": entries})), as_of="2026-07-23")
    assert found.problems or found["codes"]["prose"].null_count() == 0


def test_what_is_no_control_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError):
        read_codes(put(tmp_path, "x.json", '{"entries": 1}'), as_of="2026-07-23")

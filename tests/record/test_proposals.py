"""Proposals on disk: what each kind needs, and every fault of the file at once."""

from collections.abc import Callable
from pathlib import Path

from cases import CASE_TOML, FILES, LISTED, brief, limb, make_case, measure, problems_of
from detente.record import Case

HEAD = (
    "id, title, side, kind, target, items, buyers, cap, owner, fee_usd_m, paid_by, requires, excludes, since, through"
)
LICENCES = {
    "licences.csv": """
        id,  authority, holder, kind,       consignees, overcomes
        lic, Ministry,  acme,   individual, vell,       list
        """,
    "licence_lines.csv": """
        id,    licence, line, item
        lic:1, lic,     1,    chip
        """,
    "licence_events.csv": """
        id,  licence, date,       event
        e:1, lic,     2020-04-01, granted
        e:2, lic,     2020-06-01, revoked
        """,
}


def rows(*lines: str) -> str:
    return "\n".join([HEAD, *lines])


GOOD = rows(
    "g, A licence,        home,   grant,   acme, chip, vell, 0.25;0.5;1, , , , , , ,",
    "r, Restore it,       home,   restore, lic,  ,     ,     ,           , 5, target, , , , 2020-12-31",
    "d, Delist,           home,   delist,  vell, ,     ,     ,           , , , , s, ,",
    "s, Suspend,          home,   suspend, list, ,     ,     ,           , , , , , 2020-09-01, 2020-10-01",
    "l, Lift the measure, home,   lift,    order, ,    ,     ,           , , , , , ,",
    "u, Sell the unit,    target, divest,  vell, ,     ,     ,           ova, , , g, , ,",
)


def test_each_kind_is_read(made: Callable[..., Case]) -> None:
    case = made({"proposals.csv": GOOD, **LICENCES})
    rows_ = {r["id"]: r for r in case["proposals"].iter_rows(named=True)}
    assert rows_["g"]["cap"] == ["0.25", "0.5", "1"]
    assert rows_["d"]["cap"] == ["1"]
    assert rows_["u"]["requires"] == ["g"]
    assert rows_["r"]["fee_usd_m"] == 5


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = rows(
        "a, T, nobody, grant,   acne, chop, vell, 0;2,     , , , a, , ,",
        "b, T, home,   restore, acme, ,     vell, 0.5;.5,  , , , , , ,",
        "c, T, home,   delist,  nil,  chip, ,     0.5,     ova, , , d, d, ,",
        "d, T, home,   suspend, defn, ,     ,     ,        , 3, , c, , ,",
        "e, T, home,   lift,    list, ,     ,     ,        , , target, , , , 2020-12-31",
        "f, T, home,   divest,  acme;nil;norr, , , none,   , 4, home, , zz, , 2020-12-31",
        "g, T, home,   overlay, a;b,  ,     ,     ,        , , , , , 2020-05-01,",
        "h, T, home,   gift,    ,     ,     ,     ,        , , , , , ,",
    )
    law = measure(limb("list", LISTED), limb("defn", 'scope = [{origin = ["US"]}]', effect="define"))
    found = problems_of(make_case(tmp_path, {"proposals.csv": text, "measures/order.toml": law, **LICENCES}))
    assert brief(found) == sorted([
        *[("proposals.csv", 2, c) for c in ("side", "target", "items", "cap", "requires")],
        *[("proposals.csv", 3, c) for c in ("target", "buyers", "cap")],
        *[("proposals.csv", 4, c) for c in ("target", "items", "cap", "owner", "requires", "excludes")],
        *[("proposals.csv", 5, c) for c in ("target", "paid_by")],
        *[("proposals.csv", 6, c) for c in ("through", "fee_usd_m")],
        *[("proposals.csv", 7, c) for c in ("target", "cap", "owner", "paid_by", "excludes", "through")],
        *[("proposals.csv", 8, c) for c in ("target", "target", "target", "since")],
        *[("proposals.csv", 9, c) for c in ("kind", "target")],
    ])  # fmt: skip
    assert all(p.expected for p in found)


def test_a_firm_is_not_sold_but_its_units_are(tmp_path: Path) -> None:
    parties = FILES["parties.csv"] + "vone, Vell one, firm, target, CN, vell\n"
    text = rows("u, Sell, target, divest, vone, , , , ova, , , , , ,")
    (found,) = problems_of(make_case(tmp_path, {"proposals.csv": text, "parties.csv": parties}))
    assert found.column == "target"
    assert "its units" in found.hint


def test_sides_of_regimes_and_what_is_held_back_are_checked(tmp_path: Path) -> None:
    more = """
[regimes]
home = "hoome"
abroad = "target"

[[security]]
id = "chips"
title = "Chips"
side = "home"
of = "home"
tags = ["nuclear"]

[[security]]
id = "chips"
title = "Chips"
side = "us"
of = "target"
tags = ["nuclear"]
"""
    found = problems_of(make_case(tmp_path, {"case.toml": CASE_TOML + more}))
    assert sorted(p.column for p in found) == ["abroad", "home", "id", "of", "side", "tags", "tags"]
    assert all(p.row > 10 for p in found)

"""Small cases as text: a minimal valid case with invented names, of which a test replaces, adds or removes files."""

from __future__ import annotations

import csv
import io
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from detente.decide import Verdict, verdict
from detente.decide.facts import facts_of
from detente.decide.limbs import bites
from detente.decide.sale import get_sale, taking_part
from detente.decide.truth import Truth
from detente.record import Case, Problem, RecordError, load
from detente.record.load import as_day

COMMON = {"source": "law", "confidence": "official", "recorded": "2020-01-01"}
"""What the rows of every table but sources get where a block leaves the column out."""

CASE_TOML = """\
title = "Vell and its suppliers"
default_as_of = 2020-12-31

[sides]
home = "Home"
target = "Target"
third = "Third countries"

[horizon]
since = 2020-01-01
through = 2020-12-31
"""

HEAD = """\
id = "order"
title = "The list of restricted buyers"
regime = "home"
authority = "Ministry of Trade"
instrument = "Order 1 of 2020"
sources = ["law"]
"""


def limb(
    name: str = "list",
    body: str = "",
    *,
    effect: str = "require_licence",
    since: str = "2020-03-02",
    windows: str = "",
) -> str:
    """A limb in TOML, in force since 2020-03-02 unless told otherwise; ``body`` has the keys that the test is about."""
    windows = windows or f"[{{since = {since}, recorded = 2020-01-01}}]"
    return (
        f'\n[[limbs]]\nid = "{name}"\neffect = "{effect}"\ntext = "The rule {name}."\nsources = ["law"]\n'
        f"in_force = {windows}\n{textwrap.dedent(body).strip()}\n"
    )


def measure(*limbs: str, regime: str = "home", name: str = "order") -> str:
    """A measure in TOML with these limbs."""
    return HEAD.replace('"home"', f'"{regime}"').replace('"order"', f'"{name}"') + "".join(limbs)


LISTED = 'parties = {listed_on = "home-list"}'
"""The usual condition: somebody on the list takes part."""

FILES: Mapping[str, str] = {
    "case.toml": CASE_TOML,
    "sources.csv": """
        id,    title,                   publisher, locator, published,  rank
        law,   Order 1 of 2020,         Ministry,  § 1,     2020-03-01, invented
        press, A newspaper of the time, Herald,    ,        2020-03-03, invented
        """,
    "parties.csv": """
        id,   name,       kind, side,   country, group
        acme, Acme Corp,  firm, home,   US,
        norr, Norr AG,    firm, third,  KR,
        vell, Vell Ltd,   firm, target, CN,      vell
        ova,  Ova Phones, firm, third,  JP,
        """,
    "items.csv": """
        id,    name,   kind
        chip,  Chips,  commodity
        phone, Phones, commodity
        """,
    "variants.csv": """
        id,        item, maker, origin
        acme-chip, chip, acme,  US
        norr-chip, chip, norr,  KR
        """,
    "units.csv": """
        id,   name,        party, item,  variant,   country, output_usd_m
        acme, Acme chips,  acme,  chip,  acme-chip, US,      1000
        norr, Norr chips,  norr,  chip,  norr-chip, KR,      2000
        vell, Vell phones, vell,  phone, ,          CN,      9000
        ova,  Ova phones,  ova,   phone, ,          JP,      4000
        """,
    "links.csv": """
        id,             seller, buyer, value_usd_m, end_use
        acme>vell:chip, acme,   vell,  40,          production
        norr>vell:chip, norr,   vell,  80,          production
        acme>ova:chip,  acme,   ova,   10,          production
        """,
    "listings.csv": """
        id,     list,      party, as_listed, requirement, review,                since
        l-vell, home-list, vell,  VELL LTD.,  all goods,   presumption_of_denial, 2020-03-02
        """,
    "measures/order.toml": measure(limb("list", f'scope = [{{origin = ["US"]}}]\n{LISTED}')),
}


def rows_of(text: str) -> list[list[str]]:
    """The cells of a block; blanks around a cell are for the reader's eye only."""
    lines = textwrap.dedent(text).strip("\n").splitlines()
    return [[cell.strip() for cell in row] for row in csv.reader(lines, skipinitialspace=True)]


def table(name: str, text: str) -> str:
    """A block as a CSV file, the common columns filled in; rows stand in the same lines as in the block."""
    rows = rows_of(text)
    out = io.StringIO()
    while rows[0][0].startswith("#"):
        out.write(",".join(rows.pop(0)) + "\n")
    head, *rows = rows
    more = {} if Path(name).stem == "sources" else {k: v for k, v in COMMON.items() if k not in head}
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*head, *more])
    writer.writerows([*row, *more.values()] for row in rows)
    return out.getvalue()


def _added(name: str, block: str) -> str:
    """The rows of the minimal case with those of ``block`` below; either may leave columns out."""
    head, *old = rows_of(FILES[name])
    more, *new = rows_of(block)
    names = [*head, *(n for n in more if n not in head)]
    rows = [dict(zip(h, r, strict=True)) for h, group in ((head, old), (more, new)) for r in group]
    defaults = {} if name == "sources.csv" else COMMON
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({**{k: v for k, v in defaults.items() if k in names}, **row} for row in rows)
    return out.getvalue()


def make_case(folder: Path, files: Mapping[str, str | bytes | None] | None = None) -> Path:
    """Write the minimal case with ``files`` in place of its own into ``folder``/case, and return that.

    A text under a name such as ``links.csv`` is a block as in ``FILES``; under ``+links.csv`` its rows are added to
    those of the minimal case. Bytes are written as they are; None leaves the file out.
    """
    root = folder / "case"
    shutil.rmtree(root, ignore_errors=True)
    chosen: dict[str, str | bytes | None] = dict(FILES)
    for name, content in (files or {}).items():
        if name.startswith("+"):
            chosen[name[1:]] = _added(name[1:], str(content))
        else:
            chosen[name] = content
    for name, content in chosen.items():
        if content is None:
            continue
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            text = table(name, content) if name.endswith(".csv") else content
            content = text.encode()
        path.write_bytes(content)
    return root


def problems_of(folder: Path, **how: object) -> tuple[Problem, ...]:
    """The faults that a load of the case shows; the test fails where there is none."""
    with pytest.raises(RecordError) as caught:
        load(folder, **how)  # type: ignore[arg-type]
    return caught.value.problems


def brief(problems: Sequence[Problem]) -> list[tuple[str, int, str]]:
    """File, row and column of each fault."""
    return [(p.file, p.row, p.column) for p in problems]


def ask(case: Case | Path, sale: str, day: str) -> Verdict:
    """The verdict on a sale of a case or of a folder."""
    return verdict(case if isinstance(case, Case) else load(case), sale, day)


def bite(case: Case, sale: str, day: str, name: str = "list") -> Truth:
    """Whether a limb bites on a sale on a day, apart from what may overcome it."""
    facts, when = facts_of(case), as_day(day, "day")
    asked = get_sale(case, facts, sale)
    taking = taking_part(asked, facts, when)
    full, short = (bites(*facts.limbs[name], asked, taking, facts, when, full=f).truth for f in (True, False))
    assert full is short
    return full

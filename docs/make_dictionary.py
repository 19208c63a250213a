"""Write docs/data-dictionary.md from the data dictionary; with --check, only say whether it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from detente.record.dictionary import REQUIRED_TABLES, Column, dictionary

PAGE = Path(__file__).with_name("data-dictionary.md")

TABLE_MEANINGS = {
    "sources": "Who says so. Every other row names at least one.",
    "parties": "Firms, agencies, banks, persons and lines of business, each on a side.",
    "names": "Other names of parties.",
    "stakes": "Who owns which share of whom, when.",
    "items": "Kinds of goods.",
    "variants": "A kind of good as one maker makes it: what the law asks about how it came to be.",
    "units": "One party making one item in one place: the nodes of the network.",
    "links": "Yearly sales between units: the edges of the network, and the sales the law is asked about.",
    "inputs": "How essential an input is, and how long stocks last.",
    "markets": "Rival units that sell to the same final buyers, with their shares.",
    "listings": "Who is on which list, from when to when.",
    "licences": "Authorisations.",
    "licence_lines": "What a licence covers.",
    "licence_events": "What happened to a licence: granted, suspended, revoked.",
    "orders": "The order book: single lines, on a link or with parties of their own, and the days of their events.",
    "draws": "What was drawn on a licence line.",
    "balances": "What must be left of a licence line at the end of a day: checked against its draws.",
    "documents": "Papers on file: certificates, statements, a supplier's confirmation.",
    "findings": "Declared facts that no table holds: when production started, what an expert found.",
    "accounts": "Totals a source reports that the links must add up to.",
    "groups": "Groups of countries that rules name, such as D:5.",
    "territories": "Places that are read as another country.",
    "chart": "Which reasons for control need a licence to which country.",
    "codes": "Why a code is controlled: the columns of the chart it is looked up in, or the places its text names.",
    "proposals": "What a side could do: grant a licence, delist a party. See [proposals.md](proposals.md).",
    "questions": "Questions that a report answers: what a package is worth, what a licence costs, who gains.",
}

TYPES = """\
| type | what a cell may hold |
| --- | --- |
| `id` | a short name: letters, digits and `_ . : > / + -`, no spaces |
| `text` | anything |
| `word`, `words` | one word without spaces; several separated by `;` |
| `date` | year-month-day, such as `2019-05-16`; nothing else |
| `number`, `integer` | 0 or more, a point for decimals, no thousands separator |
| `share`, `shares` | a fraction from 0 to 1 (`0.51`, not `51%`); several, above 0, separated by `;` |
| `one of` | one of the words listed |
| `side` | one of the sides in `case.toml` |
| `country`, `countries` | ISO 3166 two-letter codes; `ZZ` not known; `XX` several countries, none that a rule names |
| `codes` | `regime:code`, such as `us-ear:3A991`; keep such columns as text, a spreadsheet turns `3E001` into 30 |
| `content` | `ORIGIN:SHARE`, `ORIGIN:LOW-HIGH` or `ORIGIN/CODE:SHARE`, such as `US/EAR99:0.05-0.25` |
| `id of T`, `ids of T` | ids that stand in table T |
| `limbs` | ids of limbs of the case's measures |
| `ids` | ids of the table or file that the row's kind asks for; several separated by `;` |

In a list, `none` means *known to be none*; an empty cell means *not known*. The difference decides verdicts: an
unknown never releases a sale.
"""


def kind(column: Column) -> str:
    """The type as the page shows it."""
    if column.type == "one_of":
        return "one of " + ", ".join(f"`{c}`" for c in column.choices)
    if column.type in {"ref", "refs"}:
        return f"{'id' if column.type == 'ref' else 'ids'} of {column.target}"
    return f"`{column.type}`"


def rows(columns: tuple[Column, ...]) -> list[str]:
    """Rows of a Markdown table, one a column."""
    head = ["| column | type | unit | must be filled | default | meaning |", "| --- | --- | --- | --- | --- | --- |"]
    return head + [
        f"| `{c.name}` | {kind(c)} | {c.unit} | {'yes' if c.required else ''} | {c.default} | {c.meaning} |"
        for c in columns
    ]


def page() -> str:
    """The whole page."""
    tables = dictionary()
    common = tables["names"].columns[-7:]
    lines = [
        "# Data dictionary",
        "",
        "Made from `src/detente/record/dictionary/` by `make docs`; the same files drive reading, checking and",
        "`detente new`. A case is a folder with `case.toml`, one file a table (`links.csv`, or `.parquet`, or",
        "`.xlsx`, or a sheet of `tables.xlsx`), `measures/*.toml`, and optional `tests/*.toml` and",
        "`overlays/<name>/`. The keys of `case.toml` are explained in [new-case.md](new-case.md), those of measures",
        "in [encode-a-measure.md](encode-a-measure.md).",
        f"The tables {', '.join(REQUIRED_TABLES)} must be there; the rest may be left out.",
        "Lines that begin with `#` above the header are comments.",
        "",
        "## Types",
        "",
        TYPES,
        "## Columns of every table but sources",
        "",
        *rows(common),
        "",
        "A figure that is not `official` needs its range: `_low` and `_high` beside it must be filled.",
        "A correction is a new row that `supersedes` the old one. It may keep the id (recorded later), or have",
        "its own.",
    ]
    for table in tables.values():
        own = table.columns if table.name == "sources" else table.columns[:-7]
        lines += ["", f"## {table.name}", "", TABLE_MEANINGS[table.name], "", *rows(own)]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            print("docs/data-dictionary.md is not up to date: run `make docs`.")
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``detente report``: one self-contained page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from detente.cli.options import AsKnown, AsOf, CaseName, Overlays, Since, Through, open_case
from detente.cli.output import console, counting
from detente.report.page import report as write


def report(
    case: CaseName,
    *,
    output: Annotated[Path, Parameter(name=["-o", "--output"], help="The page to write.")] = Path("report.html"),
    as_of: AsOf = None,
    since: Since = None,
    through: Through = None,
    relief: Annotated[bool, Parameter(help="Weigh the case's proposals too: what would leave both better off.")] = True,
    as_known: AsKnown = None,
    overlay: Overlays = (),
) -> None:
    """Write one self-contained page about a case: it opens offline and prints."""
    loaded = open_case(case, as_known, overlay)
    with counting("Writing the page") as count:
        path = write(loaded, output, as_of=as_of, since=since, through=through, relief=relief, progress=count)
    console().print(f"Wrote {escape(str(path))} ({path.stat().st_size / 2**20:.1f} MB). Open it in a browser.")

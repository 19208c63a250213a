"""One self-contained page about a case: what was permitted when, what that cost, and the facts behind it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jinja2
import plotly.offline
from markupsafe import Markup

from detente.decide import Permits
from detente.decide import permits as decide
from detente.record import Case, DetenteError
from detente.record.load import as_day
from detente.relief.answer import Relief
from detente.report.contents import Contents, contents
from detente.report.relief_contents import weigh_for_page
from detente.report.style import PALETTE
from detente.report.whole import whole_file
from detente.report.words import clean

_FOLDER = files("detente.report") / "templates"


def page(
    case: Case,
    *,
    since: dt.date | str | None = None,
    through: dt.date | str | None = None,
    as_of: dt.date | str | None = None,
    permits: Permits | None = None,
    relief: bool | Relief = True,
    progress: Callable[[int, int, str], None] | None = None,
) -> str:
    """The page as HTML text.

    The story runs over ``since`` to ``through`` (None: the case's horizon); the answer on top is that of ``as_of``
    (None: the case's default day). ``permits`` of these days spare deciding them again. ``progress`` is
    called with (done, of) while the costs of each span are run. The page loads nothing from anywhere, and the same case
    makes the same page to the byte.

    Raises ``DetenteError`` for days that are no days, in the wrong order, or an ``as_of`` outside the story's days, and
    where the record has no units or links.
    """
    first = as_day(case.about.horizon.since if since is None else since, "since")
    last = as_day(case.about.horizon.through if through is None else through, "through")
    day = as_day(case.about.default_as_of if as_of is None else as_of, "as_of")
    if case["units"].height == 0 or case["links"].height == 0:
        raise DetenteError("The record has no units or no links, so there is nothing to report.")
    if permits is not None and (permits.first, permits.last, permits.record) != (first, last, case.digest):
        raise DetenteError(
            f"permits: got those of {permits.first} to {permits.last}; expected {first} to {last}, same case."
        )
    found = decide(case, first, last) if permits is None else permits
    if not first <= day <= last:
        raise DetenteError(f"as_of: {day} is outside the days of the page ({first} to {last}); choose one between.")
    if isinstance(relief, Relief) and (relief.record, relief.day) != (case.digest, day):
        raise DetenteError(
            f"relief: got that of record {relief.record[:12]} on {relief.day}; expected {case.digest[:12]} on {day}."
        )
    weighs = weigh_for_page(case, day, progress) if relief is True else relief or None
    return render(contents(case, found, first, last, day, progress, weighs))


def report(
    case: Case,
    path: str | Path,
    *,
    since: dt.date | str | None = None,
    through: dt.date | str | None = None,
    as_of: dt.date | str | None = None,
    permits: Permits | None = None,
    relief: bool | Relief = True,
    progress: Callable[[int, int, str], None] | None = None,
) -> Path:
    """Write the page about a case to a file and return its path.

    Arguments and errors are those of ``page``. The file appears whole or not at all: it is written beside its place
    and then moved there. Raises ``DetenteError`` where there is no such folder, ``OSError`` where it is not writable.
    """
    target = Path(path)
    with whole_file(target) as part:  # first, so that a folder that is not there is said before the work
        text = page(case, since=since, through=through, as_of=as_of, permits=permits, progress=progress)
        part.write_text(text, encoding="utf-8", newline="\n")
    return target


def render(shown: Contents) -> str:
    """The contents through the template, with scripts and styles inside.

    The policy of the page allows just the scripts written here, by their hash, and nothing from outside.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("detente.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = (plotly.offline.get_plotlyjs(), _read("page.js"))
    hashes = " ".join(f"'sha256-{_hash(s)}'" for s in scripts)
    charts = {name: json.loads(figure.to_json(engine="json")) for name, figure in shown.figures.items()}
    return environment.get_template("page.html.j2").render(
        shown=shown,
        style=Markup(_read("page.css")),  # noqa: S704 - the project's own file
        scripts=[Markup(s) for s in scripts],  # noqa: S704 - the project's own file and plotly's, from its package
        policy=(
            f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
            "base-uri 'none'; form-action 'none'"
        ),
        charts=in_script(charts),
        palette=in_script(dict(PALETTE)),
    )


def in_script(data: object) -> Markup:
    """JSON that may stand inside a script element: no character in it can end the element or a line of script."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - nothing in it is markup any more


def finalize(value: object) -> object:
    """What stands in a page for a value: nothing for None, text without signs that hide or turn it around."""
    if value is None:
        return ""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

"""``detente relief``: which packages of proposals would leave whom better off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from cyclopts import Parameter

from detente.cli.options import AsKnown, AsOf, CaseName, Json, Overlays, day_of, open_case
from detente.cli.output import FORMATS, NOT_ADVICE, console, counting, print_json, write_table
from detente.cli.relief_shown import show_relief
from detente.impact.executors import FORMS, executor_of
from detente.record import DetenteError
from detente.relief.answer import Relief
from detente.relief.frames import frames
from detente.relief.proposals import What
from detente.relief.weigh import Step
from detente.relief.weigh import relief as weigh
from detente.report.answers import headline


def _can_be_written(_type: object, path: Path | None) -> None:
    """Said before the work is done, not after it."""
    if path is None:
        return
    if path.suffix and path.suffix not in FORMATS:
        raise ValueError(f"a table is written as {', '.join(FORMATS)}; a name without an ending is a folder.")
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent} to write {path.name} into.")
    if not path.suffix and path.is_file():
        raise ValueError(f"{path} is a file; name a folder, or a file that ends in {', '.join(FORMATS)}.")


def _can_be_kept(_type: object, path: Path | None) -> None:
    """Likewise of the state of a search."""
    if path is not None and path.is_dir():
        raise ValueError(f"{path} is a folder; name a file.")
    if path is not None and not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent} to keep {path.name} in.")


To = Annotated[
    Path | None,
    Parameter(
        name=["-o", "--output"],
        help="Write the packages to a .csv, .parquet or .xlsx file, or every table into a folder as CSV.",
        validator=_can_be_written,
    ),
]


def relief(
    case: CaseName,
    *,
    as_of: AsOf = None,
    only: Annotated[
        tuple[str, ...],
        Parameter(help="A proposal of the case to look at, by id; several: once each, or with commas. Default: all."),
    ] = (),
    generate: Annotated[
        str | None,
        Parameter(help=f"Proposals made besides, from what holds sales: {', '.join(get_args(What))} (with commas)."),
    ] = None,
    between: Annotated[
        str | None,
        Parameter(help="Sides whose gains count in bargains, two or more with commas: us,china. Default: all sides."),
    ] = None,
    model: Annotated[
        Literal["flow", "cascade"], Parameter(help="By which the search values packages; those shown have all three.")
    ] = "flow",
    of: Annotated[Literal["output", "value_added"], Parameter(help="What is lost, and gained back.")] = "output",
    cap: Annotated[
        tuple[str, ...],
        Parameter(help="A bound on a capability, such as networks=0.25 (a share of all of it); may be repeated."),
    ] = (),
    draws: Annotated[int, Parameter(help="Worlds drawn from the ranges of the facts; 0: none.")] = 64,
    seed: Annotated[int, Parameter(help="Of the search and of the draws.")] = 0,
    evaluations: Annotated[
        int | None, Parameter(help="Packages that the search values at most. Default: 2,000 (cascade 60,000).")
    ] = None,
    time_limit: Annotated[float | None, Parameter(help="Seconds after which the search begins no new step.")] = None,
    state: Annotated[
        Path | None,
        Parameter(
            help="A file that keeps the search; one that was interrupted goes on from it.", validator=_can_be_kept
        ),
    ] = None,
    executor: Annotated[str | None, Parameter(help=f"Where valuations and worlds run: {FORMS}.")] = "threads:2",
    as_known: AsKnown = None,
    overlay: Overlays = (),
    json: Json = False,
    output: To = None,
) -> None:  # fmt: skip
    """Which packages of proposals would leave whom better off, and what each choice buys."""
    caps, wanted = _caps(cap), _words(generate)
    if draws < 0 or (evaluations is not None and evaluations < 1):
        raise DetenteError("--draws is 0 or more, --evaluations 1 or more.")
    loaded = open_case(case, as_known, overlay)
    day = day_of(loaded, as_of)
    names = [x.strip() for word in only for x in word.split(",") if x.strip()]
    sides = None if between is None else [x.strip() for x in between.split(",") if x.strip()]
    if sides is not None and len(set(sides)) < 2:
        raise DetenteError(f"--between: got {between!r}; expected two sides or more, such as us,china.")
    with counting("Asking the law") as count, executor_of(executor) as pool:

        def tell(step: Step) -> None:
            count(step.done, step.of or None, step.doing.capitalize())

        found = weigh(
            loaded, day, only=names or None, generated=wanted, between=sides, model=model, of=of, cap=caps,
            draws=draws, seed=seed, evaluations=evaluations, time_limit_s=time_limit, state=state, executor=pool,
            progress=tell,
        )  # fmt: skip
    if output is not None:
        _write(found, output)
    if json:
        print_json({"case": loaded.name, "overlays": loaded.overlays, **_json(found)})
    elif output is None:
        show_relief(console(), found)


def _caps(words: Sequence[str]) -> dict[str, float]:
    found = {}
    for word in words:
        name, is_there, share = word.partition("=")
        try:
            found[name] = float(share)
        except ValueError:
            found[name] = -1.0
        if not is_there or not 0 <= found[name] <= 1:
            raise DetenteError(f"--cap: got {word!r}; expected CAPABILITY=SHARE with a share from 0 to 1.")
    return found


def _words(text: str | None) -> list[What]:
    words = [w.strip() for w in (text or "").split(",") if w.strip()]
    known = {str(w): w for w in get_args(What)}
    for word in words:
        if word not in known:
            raise DetenteError(f"--generate: got {word!r}; expected some of {', '.join(known)}.")
    return [known[w] for w in words]


def _write(found: Relief, output: Path) -> None:
    """The packages into a file, or every table into a folder."""
    if output.suffix:
        write_table(found.packages(), output)
        return
    output.mkdir(exist_ok=True)
    for name, table in frames(found).items():
        write_table(table, output / f"{name}.csv")


def _json(found: Relief) -> dict[str, Any]:
    tables = {name: table.to_dicts() for name, table in frames(found).items() if name != "frontier"}
    aims = [{"id": a.id, "title": a.title, "side": a.side, "of": a.of} for a in found.objectives.aims]
    return {
        "as_of": found.day, "amounts": "USD m a year", "headline": headline(found), "settings": found.settings,
        "sides": found.case.about.sides, "capabilities": aims, **tables, "note": NOT_ADVICE, "record": found.record,
    }  # fmt: skip

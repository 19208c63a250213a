"""What the page says of relief: which packages would leave whom better off, and what each buys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import plotly.graph_objects as go

from detente.record import Case, DetenteError
from detente.relief.admissible import rulings
from detente.relief.answer import Relief
from detente.relief.bundling import TOGETHER
from detente.relief.proposals import proposals
from detente.relief.questions import Question, answer, questions
from detente.relief.weigh import Step, relief
from detente.report import relief_figures as figures
from detente.report import relief_tables as tables
from detente.report.answers import headline, tell, who_counts
from detente.report.numbers import money, percent
from detente.report.relief_words import (
    capability_titles,
    gain_by_side,
    letter,
    main_packages,
    place_of,
    promises,
    sentence,
    whys,
)
from detente.report.tables import Sources, Table

EVALUATIONS = 1000  # packages valued and worlds drawn for a page: some seconds; a Relief of more can be passed in
DRAWS = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """A question of the case with its answer in plain text, and a figure where there is one."""

    id: str
    question: str
    text: str
    figure: go.Figure | None


@dataclass(frozen=True, slots=True)
class Weighed:
    """The third part of the page. ``figures`` and ``tables`` are by name, beside those of the other parts.

    ``changes`` are (sign of a package, why it is shown, what it brings each side), a figure and a table each;
    ``points`` say in words which package is which point; ``colours`` are the capabilities that the frontier's colour
    can stand for; ``rates`` names of tables.
    """

    headline: str
    sentence: str
    method: str
    promises: str
    points: tuple[str, ...]
    colours: tuple[str, ...]
    changes: tuple[tuple[str, str, str], ...]
    alone: tuple[str, ...]
    rates: tuple[str, ...]
    bundling: str
    answers: tuple[Answer, ...]
    n_drawn: int
    figures: Mapping[str, go.Figure]
    tables: Mapping[str, Table]


def weigh_for_page(case: Case, day: dt.date, progress: Callable[[int, int, str], None] | None = None) -> Relief | str:
    """The relief of a case on a day as a page can wait for it; or, in one sentence, why there is none."""
    if case["proposals"].height == 0 or not proposals(case):
        return "The case has no proposals, so no package can be weighed."

    def say(step: Step) -> None:
        if progress is not None:
            progress(step.done, max(step.of, 1), step.doing[:1].upper() + step.doing[1:])

    try:
        with ThreadPoolExecutor(2) as pool:  # what is found does not depend on it
            found = relief(case, day, evaluations=EVALUATIONS, draws=DRAWS, executor=pool, progress=say)
        return replace(found, objectives=replace(found.objectives, executor=None))  # the pool is gone
    except DetenteError as error:
        return str(error)


def refused(case: Case, day: dt.date) -> Table:
    """What the law cannot grant on a day, with its reason, where no package could be weighed."""
    ruled = {r.proposal: r for r in rulings(case, proposals(case), day)}
    sides = case.about.sides
    rows = [
        (p.title, sides.get(p.side, p.side), ruled[p.id].because)
        for p in proposals(case)
        if not ruled[p.id].is_admissible
    ]
    return tables.refused_table(rows)


def answers_for_page(found: Relief, progress: Callable[[int, int, str], None] | None = None) -> tuple[Answer, ...]:
    """The questions of a case, answered with the search that is at hand; where one has no answer, why.

    Ranges are those of the three models: worlds are drawn for packages only, so that a page is soon written.
    """
    asked = [q for q in questions(found.case) if q.kind != "bargain" or q.as_of == found.day]
    told = []
    with ThreadPoolExecutor(2) as pool:
        for k, one in enumerate(pool.map(lambda q: _answered(found, q), asked)):
            told.append(one)
            if progress is not None:
                progress(k + 1, len(asked), "Answering the questions of the case")
    return tuple(told)


def _answered(found: Relief, asked: Question) -> Answer:
    try:
        said = tell(answer(found.case, asked, draws=0, found=found))
    except DetenteError as error:
        return Answer(asked.id, asked.text, str(error), None)
    return Answer(asked.id, asked.text, " ".join(said.sentences), said.figure)


def weighed(found: Relief, places: Sources, answers: tuple[Answer, ...] = ()) -> Weighed:
    """All that the page says of relief."""
    shown: list[Table] = [
        tables.package_table(found), tables.member_table(found), tables.model_table(found),
        tables.coalition_table(found),
        tables.appearance_table(found), tables.ladder_table(found), tables.bundling_table(found),
        tables.cap_table(found), tables.flip_table(found), tables.proposal_table(found, places),
    ]  # fmt: skip
    charts = {"relief-frontier": figures.frontier(found)}
    charts |= {f"answer-{a.id}": a.figure for a in answers if a.figure is not None}
    if len(found.shown) > 1:
        charts |= {"relief-models": figures.models(found), "relief-ladder": figures.ladder(found)}
    told = []
    for k in main_packages(found):
        sign = letter(k)
        charts[f"relief-changes-{sign}"] = figures.who_gains(found, k)
        shown.append(tables.change_table(found, k))
        told.append((sign, whys(found, k), gain_by_side(found, k)))
    if found.measures is not None:
        charts["relief-measures"] = figures.attribution(found, found.measures)
        shown.append(tables.attribution_table(
            found, found.measures, "relief-measures", "Output lost by measure (Shapley), USD a year"))  # fmt: skip
    if found.regimes is not None:
        shown.append(tables.imposer_table(found, found.regimes))
    rates = [tables.rate_table(found, kind) for kind in found.capabilities]
    shown += [*rates, tables.refused_table([
        (p.title, found.case.about.sides.get(p.side, p.side), r.because)
        for p, r in zip(found.proposed, found.rulings, strict=True) if not r.is_admissible
    ])]  # fmt: skip
    return Weighed(
        headline=headline(found),
        sentence=sentence(found),
        method=method(found),
        points=_points(found),
        promises=promises(found, letter),
        colours=tuple(capability_titles(found).values()),
        changes=tuple(told),
        alone=_alone(found),
        rates=tuple(t.id for t in rates),
        bundling=worth_of_bundling(found),
        answers=answers,
        n_drawn=0 if found.under_draws is None else found.under_draws.gain.shape[0],
        figures=charts,
        tables={t.id: t for t in shown},
    )


def method(found: Relief) -> str:
    """How the packages were found and valued, in one sentence."""
    how = "all that there are" if found.frontier.exact else "found by a search, which may have missed some"
    drawn = "" if found.under_draws is None else f" and, by the flow, {found.under_draws.gain.shape[0]} worlds drawn"
    who = who_counts(found)
    return (
        f"{who} {found.frontier.evaluations:,} packages were valued by the {found.model} model ({how}); "
        f"{len(found.frontier):,} of them are beaten by no other. Those with a letter were decided anew and run "
        f"through all three models{drawn}."
    ).strip()


def _points(found: Relief) -> tuple[str, ...]:
    """Which package shown is which point of fair division."""
    said = {
        "Nash": "the greatest product of the sides' gains",
        "Kalai-Smorodinsky": "the most equal shares of the best that each side could get",
        "egalitarian": "the most for the side that gets the least",
    }
    answer = []
    for rule, what in said.items():
        k = place_of(found, rule)
        answer.append(f"{rule[:1].upper()}{rule[1:]} ({what}): {'no package' if k is None else f'package {letter(k)}'}")
    return tuple(answer)


def _alone(found: Relief) -> tuple[str, ...]:
    """What stand-alone and lift-one effects sum to, for each side that loses."""
    if found.measures is None:
        return ()
    sides, m = found.case.about.sides, found.measures
    return tuple(
        f"{sides[s]}: alone {percent(float(m.alone_sum[i]))}, lifted one at a time {percent(float(m.lifted_sum[i]))}"
        for i, s in enumerate(found.measure_sides)
        if abs(float(m.total[i])) >= 0.5
    )


def worth_of_bundling(found: Relief) -> str:
    """What only an exchange brings, in one sentence; empty where one side alone proposes."""
    if found.bundling is None:
        return ""
    joint = dict(found.bundling.select("who", "joint_gain_usd_m").iter_rows())
    both = joint.pop(TOGETHER)
    alone, more = sum(joint.values()), both - sum(joint.values())
    start = f"Together {money(both)} a year at most, against {money(alone)} for one-sided packages added up"
    what = "more, which only an exchange brings" if more >= 0 else "less, as they overlap"
    return f"{start}: {money(abs(more))} {what}."

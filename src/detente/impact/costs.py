"""What the measures cost: the three models asked at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import fields

from detente.decide import Permits
from detente.impact.assumptions import ENDS, Assumptions, End
from detente.impact.flow.daily import Daily
from detente.impact.models import Bracket
from detente.impact.runs import Adapting, daily, rest_days, stretches
from detente.impact.world import World
from detente.record import Case, DetenteError
from detente.record.load import as_day

Progress = Callable[[int, int], None]
FLOWS: dict[str, tuple[End, Adapting]] = {  # the runs of the flow that a bracket holds
    "flow": ("central", "everybody"), "flow_low": ("low", "everybody"), "flow_high": ("high", "everybody"),
    "flow_alone": ("central", "nobody"), "flow_resourced": ("central", "suppliers"),
}  # fmt: skip


def cost(
    case: Case, as_of: dt.date | str | None = None, *, since: dt.date | str | None = None,
    through: dt.date | str | None = None, assumptions: Assumptions | None = None, permits: Permits | None = None,
    progress: Progress | None = None,
) -> Bracket:  # fmt: skip
    """What the measures cost each unit, party and side, by three models of one network.

    Args:
        case: the record.
        as_of: a day whose permits are taken to last: losses are USD m a year. None, with no span: the case's default
            day.
        since, through: instead, a span of days, both inclusive: losses are USD m over the span. The flow starts on the
            first day of the case's horizon if that is earlier, so that stocks used up before count. Where one end is
            left out it is that of the horizon.
        assumptions: what the record does not say; None: `Assumptions` as it stands.
        permits: already decided ones, from the first day of the run to the last; None: decided here.
        progress: called with (done, of) as the runs are done.

    Returns:
        A `Bracket`: the optimum's low end, the flow's figure, the cascade's high end, and each model's own range.

    Raises:
        DetenteError: days that are no days, in the wrong order, or without any unit.

    >>> from detente import load
    >>> cost(load("huawei"), "2019-05-15").by_side()["loss_usd_m_high"].sum()
    0.0
    """
    if as_of is not None and (since is not None or through is not None):
        raise DetenteError("as_of asks about one day, since and through about a span; give one or the other.")
    horizon = case.about.horizon
    if since is None and through is None:
        day = case.about.default_as_of if as_of is None else as_day(as_of, "as_of")
        world = World.of(case, day, day, assumptions=assumptions, permits_of=permits)
        return bracket(world, day, day, at_rest=True, progress=progress)
    first = as_day(horizon.since if since is None else since, "since")
    last = as_day(horizon.through if through is None else through, "through")
    if last < first:
        raise DetenteError(f"through: {last} is before since ({first}).")
    start = min(first, horizon.since) if permits is None else permits.first
    world = World.of(case, start, last, assumptions=assumptions, permits_of=permits)
    return bracket(world, first, last, at_rest=False, progress=progress)


def bracket(
    world: World, since: dt.date, through: dt.date, *, at_rest: bool, detail: bool = True,
    progress: Progress | None = None,
) -> Bracket:  # fmt: skip
    """The three models over some days of a world; ``at_rest``: the law of ``since``, as if it lasted.

    Without ``detail`` the optimum is looked for by side only, which saves most of its time.
    """
    n_flows, n_stretches = len(FLOWS), 1 if at_rest else len(world.days(since, through))

    def tell(done: int) -> None:
        if progress is not None:
            progress(done, n_flows + n_stretches)

    flows: dict[str, Daily] = {}
    for name, (end, adapting) in FLOWS.items():
        flows[name] = daily(world, since, through, at_rest=at_rest, end=end, adapting=adapting)
        tell(len(flows))
    static = stretches(
        world, since, through, at_rest=at_rest, detail=detail, progress=lambda done, _: tell(n_flows + done)
    )
    settings: dict[str, float | int | str | bool] = {
        "flow_days": flows["flow"].n_days, "newcomers": 0 if world.newcomers is None else len(world.newcomers.seller),
        "networks": len(world.networks), "stretches": len(static),
        "rest_days": rest_days(world, world.networks[:1]) if at_rest else 0,
        **said_of(world.assumptions),
    }  # fmt: skip
    return Bracket(
        since=since, through=through, at_rest=at_rest, stretches=static, settings=settings, record=world.case.digest,
        **flows,
    )  # fmt: skip


def said_of(assumptions: Assumptions) -> dict[str, float]:
    """Assumptions as the settings of a ``Bracket`` name them: NAME_low, NAME_central, NAME_high."""
    return {f"{f.name}_{end}": getattr(getattr(assumptions, f.name), end) for f in fields(assumptions) for end in ENDS}

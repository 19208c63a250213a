"""What each sale, licence, measure, limb and firm alone costs each side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide import permits
from detente.decide.facts import facts_of
from detente.decide.sale import legal_party, link_rows
from detente.decide.scope import window_on
from detente.impact.network import Network
from detente.impact.packages import Prepared, evaluate, prepare
from detente.record import Case, DetenteError
from detente.record.load import as_day

Floats = npt.NDArray[np.float64]
Kind = Literal["link", "licence", "measure", "limb", "firm"]

AT_ONCE = 256  # things ranked by one call: a table of them and all sales is held
NOTHING, TODAY = "no measures", "status quo"
REACH = {"in_scope", "out_of_scope", "define", "inform"}  # effects of limbs that close no sale by themselves
SCHEMA = {
    "rank": pl.Int64, "kind": pl.String, "id": pl.String, "name": pl.String, "against": pl.String, "side": pl.String,
    "direct_usd_m": pl.Float64, "network_usd_m": pl.Float64, "loss_usd_m": pl.Float64, "loss_usd_m_low": pl.Float64,
    "loss_usd_m_high": pl.Float64,
}  # fmt: skip


def rank(case: Case, as_of: dt.date | str | None = None, kind: Kind = "link") -> pl.DataFrame:
    """What each one alone costs each side, USD m a year of lost output, the dearest first.

    Args:
        case: the record.
        as_of: a day; None: the case's default day. Its permits are taken to last.
        kind: what is ranked, and against which world.
            "link": every sale of the day. It alone is closed; against no measures.
            "licence": every licence of the case. It alone had not been granted; against the status quo.
            "measure", "limb": every measure, or part of one. It alone is in force, against no measures; and it alone is
            lifted, against the status quo: what it adds to what the others cost. A rule that lets trade go on costs
            less than nothing. Where two rules close the same sales, each costs much alone and adds nothing. What only
            defines stays in force throughout: what is within a law's reach, who is owned by whom, how licences are
            read.
            "firm": every party with a unit. All its units stop at once; against no measures.

    Returns:
        One row a thing, ``against`` and side: ``rank`` (within ``against``; 1 is dearest by ``loss_usd_m`` over all
        sides, then by its high end), kind, id, name, ``against``, side, ``direct_usd_m`` (sales that are closed, or the
        output of the firm itself), ``network_usd_m`` (the rest; below 0 where closed sales would have been lost
        anyway), ``loss_usd_m`` (both) with ``_low`` and ``_high``. The range is that of `detente.impact.cascade.run`:
        the law where it is not known (the figure takes an unknown sale as closed), how inputs bind, who can be
        replaced.

    Raises:
        DetenteError: no such kind or day, or no unit exists on the day.

    >>> from detente import load
    >>> rank(load("huawei"), "2020-12-31", "measure").select("id", "against").head(1).row(0)
    ('us-ear-fdpr-huawei-2020-08', 'no measures')

    Source: the cascade of docs/impact.md, run once for each.
    """
    if kind not in get_args(Kind):
        raise DetenteError(f"kind: got {kind!r}; expected one of {', '.join(get_args(Kind))}.")
    day = case.about.default_as_of if as_of is None else as_day(as_of, "as_of")
    network = Network.of(case, day)
    if network.units.height == 0:
        raise DetenteError(f"No unit of the record exists on {day}: there is nothing to rank.")
    world = _World(network, prepare(network), sorted(network.units["side"].unique()))
    found = pl.concat([_frame(kind, one, world) for one in _EACH[kind](case, world)] or [pl.DataFrame()])
    return _ranked(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Cost:
    """Losses by side in the three runs, and sales closed (or output stopped) at once."""

    direct: Floats
    figure: Floats
    least: Floats
    most: Floats

    def less(self, other: _Cost) -> _Cost:
        return _Cost(
            self.direct - other.direct, self.figure - other.figure, self.least - other.least, self.most - other.most
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Law:
    """Share allowed of each sale of the network, with range."""

    share: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _One:
    """A thing to rank and what it costs."""

    id: str
    name: str
    against: str
    cost: _Cost


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """The network of the day, measured once, with the sides in order."""

    network: Network
    ready: Prepared
    sides: list[str]

    def cost(self, law: _Law) -> _Cost:
        """Run the cascade with what is allowed of each sale."""
        closed = self.network.value * (1.0 - law.share)
        direct = np.bincount(self.network.seller, closed, self.network.units.height).astype(np.float64)
        return self._costs(direct[None], law.share[None], law.low[None], law.high[None])[0]

    def closed(self, links: npt.NDArray[np.int64]) -> list[_Cost]:
        """Close some sales, each alone."""
        share, direct = np.ones((links.size, len(self.network.links))), np.zeros((links.size, self.ready.n))
        share[np.arange(links.size), links] = 0.0
        direct[np.arange(links.size), self.network.seller[links]] = self.network.value[links]
        return self._costs(direct, share, share, share)

    def stopped(self, units: Floats) -> list[_Cost]:
        """Stop units, a row of them at a time."""
        open_ = np.ones((units.shape[0], len(self.network.links)))
        return self._costs(units * self.network.output, open_, open_, open_, units)

    def _costs(
        self, direct: Floats, share: Floats, low: Floats, high: Floats, stopped: Floats | None = None
    ) -> list[_Cost]:
        weights = self._sides() * self.network.output[:, None]
        found = evaluate(self.ready, share, low=low, high=high, stopped=stopped, weights=weights)
        sums = (found[reading].sums for reading in ("figure", "low", "high"))
        return [_Cost(*row) for row in zip(direct @ self._sides(), *sums, strict=True)]

    def law(self, case: Case) -> _Law:
        """What a case allows of each sale on the day."""
        found = permits(case, self.network.day, self.network.day).on(self.network.day)
        rows = self.network.rows
        return _Law(found.allowed[rows], found.low[rows], found.high[rows])

    def _sides(self) -> Floats:
        """Which unit is on which side, as a table of 0 and 1."""
        table: Floats = np.equal.outer(self.network.units["side"].to_numpy(), self.sides).astype(np.float64)
        return table


def _links(_: Case, world: _World) -> Iterator[_One]:
    network, names = world.network, world.network.units["name"].to_list()
    for first in range(0, len(network.links), AT_ONCE):
        some = np.arange(first, min(first + AT_ONCE, len(network.links)))
        for k, cost in zip(some.tolist(), world.closed(some), strict=True):
            yield _One(network.links[k], f"{names[network.seller[k]]} to {names[network.buyer[k]]}", NOTHING, cost)


def _licences(case: Case, world: _World) -> Iterator[_One]:
    day, law = world.network.day, world.law(case)
    today = world.cost(law)
    names = dict(case["parties"].select("id", "name").iter_rows())
    for id_, authority, holder in case["licences"].select("id", "authority", "holder").sort("id").iter_rows():
        near = _may_use(case, id_, day)
        without, here = _without(case, id_, near), np.isin(world.network.rows, near)
        changed = _Law(law.share.copy(), law.low.copy(), law.high.copy())
        if here.any():
            found = permits(without, day, day).on(day)
            at = np.searchsorted(near, world.network.rows[here])
            changed.share[here], changed.low[here] = found.allowed[at], found.low[at]
            changed.high[here] = found.high[at]
        named = ", ".join(names[h] for h in holder or ())
        yield _One(id_, f"{authority}: {named}", TODAY, world.cost(changed).less(today))


def _measures(case: Case, world: _World) -> Iterator[_One]:
    return _rules(case, world, [(m.id, m.title, frozenset(x.id for x in m.limbs)) for m in case.measures])


def _limbs(case: Case, world: _World) -> Iterator[_One]:
    return _rules(case, world, [(x.id, x.text, frozenset([x.id])) for m in case.measures for x in m.limbs])


def _rules(case: Case, world: _World, rules: list[tuple[str, str, frozenset[str]]]) -> Iterator[_One]:
    """Each set of limbs alone, and all but it; a limb without a window on the day is as good as lifted."""
    day, limbs = world.network.day, [x for m in case.measures for x in m.limbs]
    standing = frozenset(x.id for x in limbs if window_on(x.in_force, day, case.as_known) is not None)
    reach = frozenset(x.id for x in limbs if x.effect in REACH)
    known: dict[frozenset[str], _Cost] = {}

    def cost(lifted: frozenset[str]) -> _Cost:
        key = lifted & standing
        if key not in known:
            known[key] = world.cost(world.law(_lifted(case, key)))
        return known[key]

    today, nothing = cost(frozenset()), cost(standing - reach)
    for id_, name, mine in rules:
        yield _One(id_, name, NOTHING, cost(standing - reach - mine).less(nothing))
        yield _One(id_, name, TODAY, today.less(cost(mine)))


def _firms(_: Case, world: _World) -> Iterator[_One]:
    units = world.network.units
    parties = units.select("party", "party_name").unique().sort("party")
    stopped = np.equal.outer(parties["party"].to_numpy(), units["party"].to_numpy()).astype(np.float64)
    for first in range(0, parties.height, AT_ONCE):
        some = slice(first, first + AT_ONCE)
        for (party, name), cost in zip(parties[some].iter_rows(), world.stopped(stopped[some]), strict=True):
            yield _One(party, name, NOTHING, cost)


_EACH: dict[str, Callable[[Case, _World], Iterator[_One]]] = {
    "link": _links, "licence": _licences, "measure": _measures, "limb": _limbs, "firm": _firms,
}  # fmt: skip


def _may_use(case: Case, licence: str, day: dt.date) -> npt.NDArray[np.int64]:
    """Positions of the links whose seller may use a licence: its holders, and whoever has it passed on."""
    facts = facts_of(case)
    if any(d.licence == licence for papers in facts.documents.values() for d in papers):
        return np.arange(case["links"].height)
    holders = {h for h, held in facts.licences.items() if any(x.id == licence for x in held)}
    sellers = link_rows(case)["seller_party"]
    using = {p for p in sellers.unique() if legal_party(p, facts, day)[0] in holders}
    return np.flatnonzero(sellers.is_in(list(using)).to_numpy())


def _without(case: Case, licence: str, links: npt.NDArray[np.int64]) -> Case:
    """The case of some links without what happened to a licence: no grant is recorded."""
    events = case["licence_events"].filter(pl.col("licence") != licence)
    tables = {**case.tables, "licence_events": events, "links": case["links"][links]}
    return replace(case, tables=tables, digest=f"{case.digest} without licence {licence}")


def _lifted(case: Case, limbs: Set[str]) -> Case:
    """The case with some limbs never in force."""
    measures = tuple(
        m.model_copy(
            update={"limbs": tuple(x.model_copy(update={"in_force": ()}) if x.id in limbs else x for x in m.limbs)}
        )
        for m in case.measures
    )
    return replace(case, measures=measures, digest=f"{case.digest} without some limbs")


def _frame(kind: str, one: _One, world: _World) -> pl.DataFrame:
    cost = one.cost
    ends = np.stack([cost.least, cost.figure, cost.most])
    columns = {
        "rank": None, "kind": kind, "id": one.id, "name": one.name, "against": one.against, "side": world.sides,
        "direct_usd_m": cost.direct, "network_usd_m": cost.figure - cost.direct, "loss_usd_m": cost.figure,
        "loss_usd_m_low": ends.min(axis=0), "loss_usd_m_high": ends.max(axis=0),
    }  # fmt: skip
    return pl.DataFrame(columns, schema=SCHEMA)


def _ranked(found: pl.DataFrame) -> pl.DataFrame:
    """Number the things by their cost in all sides together, and put the dearest first."""
    if found.width == 0:
        return pl.DataFrame(schema=SCHEMA)
    sums = (pl.col(c).sum().round(6) for c in ("loss_usd_m", "loss_usd_m_high"))
    whole = found.group_by("against", "id").agg(*sums)
    order = (
        whole.sort("against", "loss_usd_m", "loss_usd_m_high", "id", descending=[False, True, True, False])
        .with_columns(pl.int_range(1, pl.len() + 1).over("against").alias("rank"))
        .select("against", "id", "rank")
    )
    return (
        found.drop("rank").join(order, on=["against", "id"], how="left", maintain_order="left")
        .select(*SCHEMA).sort("against", "rank", "side")
    )  # fmt: skip

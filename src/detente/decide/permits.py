"""Verdicts of all links over time, as arrays: the only thing that ``impact`` knows of the law."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.decide.events import event_days
from detente.decide.facts import Facts, facts_of
from detente.decide.sale import link_rows, sale_of
from detente.decide.verdict import STATES, Verdict, decide
from detente.record import Case, DetenteError
from detente.record.load import as_day

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ABSENT = -1


@dataclass(frozen=True, slots=True, eq=False)
class OnDay:
    """What may be sold on one day, a value a link: state (index into ``STATES``), share allowed with range, verdict."""

    day: dt.date
    links: tuple[str, ...]
    state: npt.NDArray[np.int8]
    allowed: Floats
    low: Floats
    high: Floats
    verdict: tuple[Verdict | None, ...]
    record: str


@dataclass(frozen=True, slots=True, eq=False)
class Permits:
    """Spans of constant permission, a few a link.

    ``links`` are the links' ids. Span ``k`` belongs to link ``link[k]`` and runs over the half-open day ordinals
    ``since[k] .. until[k]``; spans are sorted by link, then day, and cover the asked days without a gap. Its verdict,
    decided on the first day, is ``decided[verdict[k]]``: the sale it names is one that the law cannot tell from this
    link. ``verdict[k]`` is -1 while the link does not exist. ``state`` is an index into ``STATES``, ``allowed`` the
    share of the link's yearly value that may be sold (``low`` to ``high``), a value a span.
    """

    links: tuple[str, ...]
    first: dt.date
    last: dt.date
    link: Ints
    since: Ints
    until: Ints
    verdict: Ints
    decided: tuple[Verdict, ...]
    record: str

    @property
    def state(self) -> npt.NDArray[np.int8]:
        """State of each span, an index into ``STATES``."""
        known = [STATES.index(v.state) for v in self.decided]
        return np.array([*known, STATES.index("absent")], dtype=np.int8)[self.verdict]

    @property
    def allowed(self) -> Floats:
        """Share allowed in each span; 1 while the link does not exist."""
        return np.array([*(v.share for v in self.decided), 1.0])[self.verdict]

    @property
    def low(self) -> Floats:
        """The least that may be allowed in each span."""
        return np.array([*(v.share_low for v in self.decided), 1.0])[self.verdict]

    @property
    def high(self) -> Floats:
        """The most that may be allowed in each span."""
        return np.array([*(v.share_high for v in self.decided), 1.0])[self.verdict]

    def on(self, day: dt.date | str) -> OnDay:
        """The permits of one day. Raises ``DetenteError`` for a day outside the span that was asked for."""
        when = as_day(day, "day")
        if not self.first <= when <= self.last:
            raise DetenteError(f"day {when} is outside these permits ({self.first} to {self.last}).")
        at = when.toordinal()
        k = np.flatnonzero((self.since <= at) & (at < self.until))
        verdicts = tuple(self._of(int(i)) for i in k)
        return OnDay(when, self.links, self.state[k], self.allowed[k], self.low[k], self.high[k], verdicts, self.record)

    def verdict_on(self, link: str, day: dt.date | str) -> Verdict | None:
        """The verdict behind a link on a day; None where the link does not exist on that day."""
        at = as_day(day, "day").toordinal()
        k = np.flatnonzero((self.link == self.links.index(link)) & (self.since <= at) & (at < self.until))
        return self._of(int(k[0])) if k.size else None

    def days(self) -> tuple[dt.date, ...]:
        """The days on which some span starts: between two of them nothing changes."""
        return tuple(dt.date.fromordinal(int(x)) for x in np.unique(self.since))

    def frame(self) -> pl.DataFrame:
        """One row a span: link, since, through (inclusive), state, outcome, allowed share, limbs, licences."""
        day = dt.date.fromordinal
        said = [None if v == ABSENT else self.decided[v] for v in self.verdict.tolist()]
        return pl.DataFrame(
            {
                "link": [self.links[i] for i in self.link],
                "since": [day(int(x)) for x in self.since],
                "through": [day(int(x) - 1) for x in self.until],
                "state": [STATES[s] for s in self.state],
                "outcome": [None if v is None else v.outcome for v in said],
                "allowed": self.allowed,
                "allowed_low": self.low,
                "allowed_high": self.high,
                "limbs": [[] if v is None else list(v.limbs) for v in said],
                "licences": [[] if v is None else list(v.licences) for v in said],
            },
            schema_overrides={"limbs": pl.List(pl.String), "licences": pl.List(pl.String)},
        )

    def _of(self, k: int) -> Verdict | None:
        v = int(self.verdict[k])
        if v == ABSENT:
            return None
        like, own = self.decided[v], self.links[int(self.link[k])]
        whole = re.compile(rf"(?<![\w>:.\-]){re.escape(like.sale)}(?![\w>:.\-])")
        return replace(like, sale=own, needs=tuple(whole.sub(lambda _: own, n) for n in like.needs))


def permits(case: Case, since: dt.date | str, through: dt.date | str) -> Permits:
    """Decide every link over a span of days, both ends inclusive.

    A verdict changes only on the case's event days, so each link is decided on those alone; links that the law cannot
    tell apart are decided once.

    Raises ``DetenteError`` where the span is empty.
    """
    first, last = as_day(since, "since"), as_day(through, "through")
    if last < first:
        raise DetenteError(f"through: {last} is before since ({first}).")
    facts = facts_of(case)
    days = [first, *(d for d in event_days(case) if first < d <= last)]
    rows = link_rows(case)
    group, examples = alike(rows, facts)
    decided: list[Verdict] = []
    starts: list[int] = []
    found: list[int] = []
    counts = np.zeros(examples.height, dtype=np.int64)
    for g, row in enumerate(examples.iter_rows(named=True)):
        sale = sale_of(row, facts)
        before: Verdict | None = None
        for day in days:
            verdict = decide(case, sale, facts, day)
            if before is None or not _same(before, verdict):
                starts.append(day.toordinal())
                found.append(len(decided))
                decided.append(verdict)
                counts[g] += 1
            before = decided[-1]
    end = last.toordinal() + 1
    link, since_, until, which = _spread(group, counts, np.array(starts, np.int64), np.array(found, np.int64), end)
    link, since_, until, which = _clip(rows, first.toordinal(), end, link, since_, until, which)
    return Permits(tuple(rows["id"]), first, last, link, since_, until, which, tuple(decided), case.digest)


def alike(rows: pl.DataFrame, facts: Facts) -> tuple[Ints, pl.DataFrame]:
    """Group links that the law cannot tell apart: the group of each link, and one link of each group.

    Links are alike when good, parties, destination and use are, and no finding or paper speaks of one of them.
    """
    spoken = list({about for about, _ in facts.findings} | set(facts.documents))
    own = [pl.when(pl.col(c).is_in(spoken)).then(pl.col(c)) for c in ("id", "seller", "buyer")]
    bare = pl.when(pl.col("variant").is_null()).then(pl.col("seller"))
    seen = [pl.col(c) for c in ("item", "variant", "seller_party", "buyer_party", "destination", "end_user")]
    parts = [*own, bare, *seen, pl.col("end_use").list.join(";")]
    keys = rows.select(pl.concat_str([p.fill_null("\x00") for p in parts], separator="\x1f").alias("key"))
    first = keys.with_row_index("at").unique("key", keep="first", maintain_order=True).with_row_index("group")
    group = keys.join(first, on="key", how="left", maintain_order="left")["group"].cast(pl.Int64).to_numpy()
    return group, rows[first["at"].to_numpy()]


def _same(a: Verdict, b: Verdict) -> bool:
    return (a.outcome, a.share, a.share_low, a.share_high, a.limbs, a.authorisations, a.licences) == (
        b.outcome, b.share, b.share_low, b.share_high, b.limbs, b.authorisations, b.licences,
    )  # fmt: skip


def _spread(group: Ints, counts: Ints, starts: Ints, which: Ints, end: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Give every link the spans of its group."""
    offset = np.concatenate(([0], np.cumsum(counts)))
    until = np.append(starts[1:], end)
    until[offset[1:] - 1] = end
    n = counts[group]
    link = np.repeat(np.arange(group.size), n)
    nth = np.arange(link.size) - np.repeat(np.cumsum(n) - n, n)
    at = offset[group[link]] + nth
    return link, starts[at], until[at], which[at]


def _clip(
    rows: pl.DataFrame, first: int, end: int, link: Ints, since: Ints, until: Ints, which: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Cut the spans of links that do not exist all the time, and say where they are absent."""
    start = np.array([first if d is None else max(first, d.toordinal()) for d in rows["since"]], np.int64)
    stop = np.array([end if d is None else min(end, d.toordinal() + 1) for d in rows["through"]], np.int64)
    cut = np.flatnonzero((start > first) | (stop < end))
    if cut.size == 0:
        return link, since, until, which
    since, until = np.maximum(since, start[link]), np.minimum(until, stop[link])
    live = since < until
    before, after = cut[start[cut] > first], cut[stop[cut] < end]
    link = np.concatenate((link[live], before, after))
    head = np.minimum(start[before], end)
    since = np.concatenate((since[live], np.full(before.size, first), np.maximum(stop[after], first)))
    until = np.concatenate((until[live], head, np.full(after.size, end)))
    which = np.concatenate((which[live], np.full(before.size + after.size, ABSENT)))
    order = np.lexsort((since, link))
    return link[order], since[order], until[order], which[order]

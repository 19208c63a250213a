"""Who counts as owned: parties held by listed parties up to the line of a dated rule, from the shares of one day.

Two least fixed points: of the low ends of the shares and the certain owners (owned for certain), and of the high ends
and the possible owners (may be owned). Both start from the listed parties alone, so parties that hold only each other
are never owned, and cycles and cross-holdings do no harm. A rule that adds up its owners is run once for all of them;
one that does not, once for each listed party, whose direct and indirect holdings are its own.

Sources: OFAC guidance of 13 August 2014 and FAQ 398 to 402; Russia (Sanctions) (EU Exit) Regulations 2019, schedule 1.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from detente.decide.truth import FALSE, TRUE, UNKNOWN, Fact, Reason, Truth, all_of
from detente.record import DetenteError
from detente.record.limb import OwnershipRule

WHOLE = 1_000_000  # millionths: 49.9999 % is 499_999 and exact
LONGEST = 200  # steps of an owner's own proof that are repeated below its stake; beyond that, see the owner's

_Key = tuple[str, str, str]  # owner, owned, kind
_Node = tuple[str, str]  # a party, and the listed party it is held for ("": all of them together)
_RIGHT = {"shares": (" of", ""), "votes": (" of the votes in", " of the votes")}
_UNRECORDED = {
    "licence_or_resolve": "; the rule asks to find it out or to have a licence",
    "red_flag": "; to the rule that is a red flag",
    "silent": "; the rule does not say what then",
}


@dataclass(frozen=True, slots=True)
class Share:
    """A stake on one day, in millionths of the whole.

    Both ends are the same where the share is known exactly, and 0 and 1,000,000 where it is not recorded (``is_known``
    False). ``kind`` is shares, votes or other. ``control`` is what is declared apart from the share; None: nothing.
    ``joint`` names a joint arrangement. Raises ``DetenteError`` for ends that are no range of the whole.
    """

    owner: str
    owned: str
    low: int
    high: int
    kind: str
    control: Truth | None
    joint: str | None
    fact: Fact
    sources: tuple[str, ...]
    is_known: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= WHOLE or not (self.is_known or (self.low, self.high) == (0, WHOLE)):
            got = f"{self.fact}: got {self.low} to {self.high} millionths"
            raise DetenteError(f"{got}; expected a range inside 0 to {WHOLE}, and all of that where it is not known")


@dataclass(frozen=True, slots=True)
class Held:
    """What a rule makes of one party.

    ``truth`` is true where it is owned (or, by a rule that tests it, controlled) for certain, unknown where it may be.
    ``low`` and ``high`` are the millionths that count, at most the whole. ``owners`` are the listed parties at the root
    of what counts, certain or possible; below the line too, where they are a red flag.
    """

    party: str
    truth: Truth
    low: int
    high: int
    owners: frozenset[str]
    reason: Reason


def owned(
    rule: OwnershipRule,
    seeds: Mapping[str, Truth],
    shares: Iterable[Share],
    is_foreign: Callable[[str], Truth] | None = None,
) -> dict[str, Held]:
    """Every party in which a listed party has a stake, itself or through owners that count; the others are not owned.

    ``seeds`` are the listed parties. One that is listed for certain has no answer; one that perhaps is counts as a
    possible owner and may itself be found owned. ``is_foreign`` answers for the country of ``rule.foreign_only`` (None:
    no country is known): a party of that country is not caught, yet what it holds is held indirectly all the same. The
    days on which the rule is in force are the caller's.

    An owner at or over the line passes its stakes on whole, one below it nothing (``chain`` "step", OFAC FAQ 401);
    "none" counts direct stakes alone; "product" multiplies. Rights of different kinds are not added up. Several rows on
    one stake are several sources for it: the largest low and the largest high end count. Without ``aggregate`` each
    listed party stands alone, and under a joint arrangement it is treated as holding what all partners hold (schedule
    1, paragraph 3, of the regulations above). A share that is not recorded may be anything, whatever the rule makes of
    it. What a party holds in itself does not count and is flagged.

    Time grows with the number of shares; without ``aggregate``, times the listed parties that hold one party; with
    "product", times the rounds until nothing changes by a millionth.

    >>> day = dt.date(2014, 8, 13)
    >>> half = OwnershipRule(
    ...     id="half", text="Half or more.", lists=("sdn",), op=">=", pct=50, aggregate=True, chain="step",
    ...     in_force=(Window(since=day, recorded=day),), sources=("faq-401",),
    ... )
    >>> row = Fact("stakes", "x-a", "stakes.csv", 2)
    >>> stake = Share("X", "A", 500_000, 500_000, "shares", None, None, row, ("register",))
    >>> owned(half, {"X": TRUE}, [stake])["A"].reason.text
    'A is owned 50 % or more (50 %): X 50 % (listed)'
    """
    sure = {seed for seed, listed in seeds.items() if listed is TRUE}
    perhaps = {seed for seed, listed in seeds.items() if listed is not FALSE}
    rows = list(shares)
    book = _book(rows, is_joint=not rule.aggregate)
    view = _View(rule, seeds, book, _run(rule, book, sure, is_low=True), _run(rule, book, perhaps, is_low=False))
    roots, lines = _roots(view), _lines(view, rows)
    answers: dict[str, Held] = {}
    for party in sorted(lines.keys() - sure):
        reason = lines[party]
        if rule.foreign_only is not None:
            reason = _if_foreign(reason, party, rule, UNKNOWN if is_foreign is None else is_foreign(party))
        low, high = view.low.counted.get(party, 0), view.high.counted.get(party, 0)
        answers[party] = Held(party, reason.truth, low, high, roots.get(party, frozenset()) - {party}, reason)
    return answers


def look_through(
    owners: Iterable[str], shares: Iterable[Share], end: Literal["low", "middle", "high"] = "middle"
) -> dict[str, float]:
    """The share of some owners together in each party below them, multiplied along every chain: information only.

    No verdict rests on it. ``end`` says which end of a range is taken; of several kinds of right the largest; what adds
    up to more than the whole of a party is scaled down to it. With A the stakes of parties in each other and b those of
    the owners, the answer is (I - A')^-1 b, a fraction from 0 to 1. Made for registers, in which cycles are small.

    >>> look_through(["X"], [stake])
    {'A': 0.5}
    """
    import numpy as np  # these not at the top: rules are applied without them, and they take a while to load
    from scipy import sparse
    from scipy.sparse import csgraph, linalg

    start = set(owners)
    stakes: dict[tuple[str, str], int] = defaultdict(int)  # half millionths: their sums do not hang on the order
    total: dict[str, int] = defaultdict(int)
    below: dict[str, list[str]] = defaultdict(list)
    for s in _stakes(share for share in shares if share.owned not in start):
        share = {"low": 2 * s.low, "middle": s.low + s.high, "high": 2 * s.high}[end]
        stakes[s.owner, s.owned] = max(stakes[s.owner, s.owned], share)
    for (owner, party), share in stakes.items():
        total[party] += share
        if share:
            below[owner].append(party)
    reached, frontier = set[str](), start
    while frontier:
        frontier = {party for owner in frontier for party in below.get(owner, ())} - reached
        reached |= frontier
    index = {party: i for i, party in enumerate(sorted(reached))}
    n = len(index)
    if not n:
        return {}
    cells = sorted(
        (index[party], n if owner in start else index[owner], share / max(2 * WHOLE, total[party]))
        for (owner, party), share in stakes.items()
        if share and (owner in start or owner in index)
    )
    row, column, fraction = zip(*cells, strict=True)
    table = sparse.csr_array((fraction, (row, column)), (n, n + 1))
    inner = sparse.eye_array(n, format="csr") - table[:, :n]
    order = csgraph.connected_components(inner, connection="strong")[1].argsort(kind="stable")  # owners by their owners
    found = np.empty(n)
    found[order] = linalg.spsolve(inner[order][:, order].tocsc(), table[:, [n]].toarray()[order], permc_spec="NATURAL")
    return dict(zip(index, found.tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Stake:
    """The rows on one stake as one: the largest ends and the most control over its sources."""

    key: _Key
    owner: str
    owned: str
    kind: str
    low: int
    high: int
    control: Truth  # FALSE too where nothing is declared
    rows: list[Share]


@dataclass(frozen=True, slots=True, eq=False)
class _Book:
    """The shares of a day by owner; the stakes of an owner are put together when it first counts."""

    held: Mapping[str, list[Share]]
    stakes: dict[str, list[_Stake]]
    joint: Mapping[_Key, tuple[_Key, int, int]]  # a name for the arrangement of a stake, and both ends of it as a whole

    def of(self, owner: str) -> list[_Stake]:
        """The stakes of an owner in others."""
        if owner not in self.stakes:
            self.stakes[owner] = _stakes(row for row in self.held.get(owner, ()) if row.owned != owner)
        return self.stakes[owner]


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """A least fixed point: what counts of each party, what it passes on, and the round in which it came to the line."""

    need: int
    counted: Mapping[str, int]
    passed: Mapping[str, int]
    over: Mapping[str, int]
    pools: frozenset[_Key]  # stakes and arrangements with a holder that counts
    roots: Mapping[str, set[str]]  # without ``aggregate``: the listed parties for whom it is over, or else held


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Both runs, with what they rest on."""

    rule: OwnershipRule
    seeds: Mapping[str, Truth]
    book: _Book
    low: _Run
    high: _Run

    def at_line(self, party: str) -> Truth:
        """Whether a party is at or over the line, or controlled where that counts."""
        return TRUE if party in self.low.over else UNKNOWN if party in self.high.over else FALSE

    def counts(self, party: str) -> Truth:
        """Whether a party counts as an owner: listed, or at the line itself where the rule follows chains."""
        listed = self.seeds.get(party, FALSE)
        return listed if self.rule.chain == "none" else max(listed, self.at_line(party))


def _stakes(shares: Iterable[Share]) -> list[_Stake]:
    rows: dict[_Key, list[Share]] = defaultdict(list)
    for share in shares:
        rows[share.owner, share.owned, share.kind].append(share)
    return [
        _Stake(
            key, *key, max(r.low for r in same), max(r.high for r in same), max(r.control or FALSE for r in same), same
        )
        for key, same in rows.items()
    ]


def _book(rows: list[Share], *, is_joint: bool) -> _Book:
    """The rows by owner, and what stands under joint arrangements; those that share a stake, named twice, are one."""
    held: dict[str, list[Share]] = defaultdict(list)
    for row in rows:
        held[row.owner].append(row)
    joint: dict[_Key, tuple[_Key, int, int]] = {}
    arranged = {row.owned for row in rows if row.joint} if is_joint else set()
    groups: dict[tuple[str, str], list[tuple[set[str], list[_Stake]]]] = defaultdict(list)
    for stake in _stakes(row for row in rows if row.owned in arranged and row.owner != row.owned):
        names, stakes = {row.joint for row in stake.rows if row.joint}, [stake]
        if names:
            others = groups[stake.owned, stake.kind]
            for other in [other for other in others if other[0] & names]:
                others.remove(other)
                names, stakes = names | other[0], stakes + other[1]
            others.append((names, stakes))
    for _, stakes in (group for others in groups.values() for group in others):
        whole = min(s.key for s in stakes), sum(s.low for s in stakes), sum(s.high for s in stakes)
        joint |= {stake.key: whole for stake in stakes}
    return _Book(held, {}, joint)


def _run(rule: OwnershipRule, book: _Book, seeds: Collection[str], *, is_low: bool) -> _Run:
    """The least fixed point from the seeds on, round by round, so that the order of the shares cannot show."""
    line = Decimal(str(rule.pct)) * (WHOLE // 100)
    need = math.ceil(line) if rule.op == ">=" else math.floor(line) + 1
    starts: set[_Node] = {(seed, "" if rule.aggregate else seed) for seed in seeds}
    passed: dict[_Node, int] = dict.fromkeys(starts, WHOLE)
    counted: dict[_Node, int] = {}
    over: dict[_Node, int] = {}
    controlled: set[_Node] = set()
    taken: dict[tuple[_Key, str], int] = {}  # how much of its owner is in ``sums`` already, by stake and root
    sums: dict[tuple[str, str, str], int] = defaultdict(int)  # owned, root, kind: millionths of millionths
    frontier: Collection[_Node] = starts
    number = 0
    while frontier:
        number += 1
        touched: set[_Node] = set()
        for node in frontier:
            owner, root = node
            share = passed.get(node, 0)
            is_owner = rule.control_test and (node in starts or node in over)
            for stake in book.of(owner):
                party, kind = stake.owned, stake.kind
                if party == root:
                    continue
                pool, low, high = book.joint.get(stake.key, (stake.key, stake.low, stake.high))
                more = share - taken.get((pool, root), 0)
                if more > 0:
                    taken[pool, root] = share
                    sums[party, root, kind] = whole = sums[party, root, kind] + more * (low if is_low else high)
                    count = min(WHOLE, whole // WHOLE if is_low else -(-whole // WHOLE))
                    counted[party, root] = max(count, counted.get((party, root), 0))
                    touched.add((party, root))
                if is_owner and (stake.control is TRUE or (stake.control is UNKNOWN and not is_low)):
                    controlled.add((party, root))
                    touched.add((party, root))
        frontier = []
        for node in touched:
            count, before = counted.get(node, 0), passed.get(node, 0)
            is_new = node not in over and (count >= need or node in controlled)
            if is_new:
                over[node] = number
            passes = count if rule.chain == "product" else WHOLE * (node in over)
            if rule.chain == "none" or not (is_new or passes > before):
                continue
            frontier.append(node)
            if passes > before:
                passed[node] = passes
    first = _best(over, min)
    roots: dict[str, set[str]] = defaultdict(set)
    for party, root in (*over, *(node for node, count in counted.items() if count and node[0] not in first)):
        roots[party].add(root)
    return _Run(need, _best(counted, max), _best(passed, max), first, frozenset(pool for pool, _ in taken), roots)


def _best(values: Mapping[_Node, int], choose: Callable[[int, int], int]) -> dict[str, int]:
    """The largest or the least value of each party over the listed parties it is held for."""
    best: dict[str, int] = {}
    for (party, _), value in values.items():
        best[party] = choose(value, best.get(party, value))
    return best


def _roots(view: _View) -> Mapping[str, frozenset[str]]:
    """The listed parties at the root of what counts of each party; as bits of an integer while they are gathered."""
    if not view.rule.aggregate:
        return {party: frozenset(roots) for party, roots in view.high.roots.items()}
    names = sorted(seed for seed, listed in view.seeds.items() if listed is not FALSE)
    bits = {seed: 1 << i for i, seed in enumerate(names)}
    high, chain = view.high, view.rule.chain
    through = {"step": high.over.keys(), "product": high.over.keys() | high.passed.keys(), "none": set[str]()}[chain]
    frontier = dict(bits)
    while frontier:
        grown: set[str] = set()
        for owner, mine in frontier.items():
            for stake in view.book.of(owner):
                party = stake.owned
                before = bits.get(party, 0)
                if (stake.high or (view.rule.control_test and stake.control)) and before | mine != before:
                    bits[party] = before | mine
                    grown.add(party)
        frontier = {party: bits[party] for party in grown if party in through}
    sets = {bit: frozenset(_named(bit, names)) for bit in set(bits.values())}
    return {party: sets[bit] for party, bit in bits.items()}


def _named(bits: int, names: list[str]) -> Iterator[str]:
    while bits:
        top = bits.bit_length() - 1
        yield names[top]
        bits ^= 1 << top


def _lines(view: _View, rows: list[Share]) -> dict[str, Reason]:
    """Whether each party with a stake that counts is at the line, proved from parties that came to it before."""
    low, high = view.low.over, view.high.over
    owners = view.high.passed.keys() | (high.keys() if view.rule.chain != "none" else ())
    into: dict[str, list[Share]] = {stake.owned: [] for owner in owners for stake in view.book.of(owner)}
    for row in rows:
        if row.owned in into:
            into[row.owned].append(row)
    lines: dict[str, Reason] = {}
    sizes: dict[str, int] = {}
    early = {
        party for party, listed in view.seeds.items() if listed is TRUE
    }  # these count before they come to the line
    ranks = {p: (0, low[p] - (p in early)) if p in low else (1, high.get(p, math.inf) - (p in early)) for p in into}
    for party in sorted(into, key=lambda p: (ranks[p], p)):
        told: list[str] = []
        steps: list[Reason] = []
        size = 1
        stakes = sorted(_stakes(into[party]), key=lambda stake: (-stake.high, stake.key))
        for stake in stakes:
            owner = stake.owner
            is_pooled = stake.key in view.book.joint and view.book.joint[stake.key][0] in view.high.pools
            if owner != party and stake.high and (owner in view.high.passed or is_pooled):
                short, step = _stake(view, stake, lines.get(owner) if sizes.get(owner, 0) <= LONGEST else None)
                told.append(short)
                steps.append(step)
                size += 2 + sizes[owner] if step.children else 1
        steps += _flags(view, party, stakes)
        lines[party] = Reason(_said(view, party, told), view.at_line(party), (), view.rule.sources, tuple(steps))
        sizes[party] = size
    return lines


def _stake(view: _View, stake: _Stake, proof: Reason | None) -> tuple[str, Reason]:
    """A stake that counts, in short and as a step; below it why its owner counts, where that is proved already."""
    owner, rows = stake.owner, stake.rows
    is_known = any(row.is_known for row in rows)
    amount = _range(stake.low, stake.high) if is_known else "an unrecorded share"
    in_party, of_right = _RIGHT.get(stake.kind, (" of other rights in", " of other rights"))
    what = f"holds {amount}{in_party} {stake.owned}"
    if stake.key in view.book.joint:
        what += f" under the arrangement {' and '.join(sorted({row.joint for row in rows if row.joint}))}"
    asks = "" if is_known else _UNRECORDED[view.rule.unknown_share]
    is_open = stake.low < stake.high and stake.low < view.low.need <= view.high.counted.get(stake.owned, 0)
    known = UNKNOWN if is_open else TRUE  # open: where in its range it lies can matter
    counts, standing = _standing(view, owner)
    text, short = f"{owner} ({standing}) {what}", f"{owner} {amount}{of_right} ({standing})"
    if proof is None or "itself" not in standing:
        return short, Reason(text + asks, min(known, counts), *_cited(rows))
    return short, all_of(text, (Reason(f"{owner} {what}{asks}", known, *_cited(rows)), proof))


def _standing(view: _View, owner: str) -> tuple[Truth, str]:
    """How sure it is that the stakes of an owner count, and as whose."""
    listed, counts, at_line = view.seeds.get(owner, FALSE), view.counts(owner), view.at_line(owner)
    how = "itself owned or controlled" if view.rule.control_test else "itself owned"
    if view.rule.chain == "product" and listed is not TRUE and owner in view.high.passed:
        low, high = view.low.passed.get(owner, 0), view.high.passed[owner]
        return TRUE if low == high else UNKNOWN, f"{_range(low, high)} of it counts"
    if counts is FALSE:
        return TRUE, "not listed"
    if listed is TRUE and view.rule.chain == "step" and (at_line is TRUE or (at_line and not view.rule.aggregate)):
        return at_line, f"listed, {how}" if at_line is TRUE else f"listed, perhaps {how}"  # held for its owner as well
    if listed is counts:
        return counts, "listed" if listed is TRUE else "perhaps listed"
    return counts, how if counts is TRUE else f"perhaps {how}"


def _flags(view: _View, party: str, stakes: list[_Stake]) -> Iterator[Reason]:
    """Control by an owner that counts, which is a step where the rule tests it and else a red flag; and own shares."""
    for owner in sorted({stake.owner for stake in stakes if stake.control and stake.owner != party}):
        mine = [stake for stake in stakes if stake.owner == owner]
        said, counts = max(stake.control for stake in mine), view.counts(owner)
        if counts is not FALSE:
            text = f"{owner} ({_standing(view, owner)[1]}) {'controls' if said is TRUE else 'may control'} {party}"
            cited = _cited(row for stake in mine for row in stake.rows if row.control is not None)
            if view.rule.control_test:
                yield Reason(text, min(said, counts), *cited)
            else:
                yield Reason(f"red flag: {text}; the rule does not count control", TRUE, *cited)
    own = [stake for stake in stakes if stake.owner == party and stake.high]
    if own:
        low, high = max(stake.low for stake in own), max(stake.high for stake in own)
        text = f"red flag: {party} holds {_range(low, high)} of itself"
        if high < WHOLE:
            rest = [run.counted.get(party, 0) * WHOLE // (WHOLE - high) for run in (view.low, view.high)]
            text += f"; of the rest, {_range(*(min(count, WHOLE) for count in rest))} counts"
        yield Reason(text, TRUE, *_cited(row for stake in own for row in stake.rows))


def _said(view: _View, party: str, told: list[str]) -> str:
    """The answer in a line: "A is owned 50 % or more (50 %): X 50 % (listed)"."""
    low, high, need = view.low.counted.get(party, 0), view.high.counted.get(party, 0), view.low.need
    pct = f"{view.rule.pct:.10g} %"
    line = f"owned {pct} or more" if view.rule.op == ">=" else f"owned more than {pct}"
    said = {
        TRUE: f"is {line}" if low >= need else f"is controlled, if perhaps not {line}",
        UNKNOWN: f"may be {line}" if high >= need else f"may be controlled, though not {line}",
        FALSE: f"is not {line}",
    }[view.at_line(party)]
    names = ", ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")
    return f"{party} {said} ({_range(low, high)})" + (f": {names}" if names else "")


def _if_foreign(line: Reason, party: str, rule: OwnershipRule, foreign: Truth) -> Reason:
    what = {TRUE: "is not of", FALSE: "is of", UNKNOWN: "is perhaps of"}[foreign]
    step = Reason(f"{party} {what} {rule.foreign_only}, whose parties the rule leaves out", foreign, (), rule.sources)
    return all_of(f"{party} counts as its owners do, by {rule.id}", (line, step))


def _cited(rows: Iterable[Share]) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    rows = sorted(rows, key=lambda row: (row.fact.file, row.fact.row, row.fact.table, row.fact.id))
    return tuple(dict.fromkeys(r.fact for r in rows)), tuple(sorted({name for r in rows for name in r.sources}))


def _range(low: int, high: int) -> str:
    """Millionths as per cent; exact, for there are four decimals at most."""
    return f"{low / 10_000:g} %" if low == high else f"{low / 10_000:g}–{high / 10_000:g} %"

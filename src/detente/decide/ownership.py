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
LONGEST = 200  # steps of an owner's own proof that are repeated below its stake; beyond, see the owner's

_Key = tuple[str, str, str]  # owner, owned, kind
_Node = tuple[str, str]  # a party, and the listed party it is held for ("": all of them together)
_RIGHT = {"shares": "", "votes": " the votes in"}
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

    ``seeds`` are the listed parties. One that is listed for certain is not asked about; one that perhaps is counts as a
    possible owner and may itself be found owned. ``is_foreign`` answers for the country of ``rule.foreign_only`` (None:
    no country is known): a party of that country is not caught, yet what it holds is held indirectly all the same. The
    days on which the rule is in force are the caller's.

    An owner at or over the line passes its stakes on whole, one below it nothing (``chain`` "step", OFAC FAQ 401);
    "none" counts direct stakes alone; "product" multiplies. Rights of different kinds are not added up. Several rows on
    one stake are several sources for it: the largest low and the largest high end count. Without ``aggregate`` each
    listed party stands alone, and under a joint arrangement it is treated as holding what all partners hold (schedule
    1, paragraph 3, of the regulations above). A share that is not recorded may be anything, whatever the rule makes of
    it. What a party holds in itself does not count and is flagged.

    Time grows with the number of shares; without ``aggregate``, times the listed parties that hold one party.

    >>> rule = case.measures[0].ownership_rules[0]  # half or more, all owners added up
    >>> row = Fact("stakes", "x-a", "stakes.csv", 2)
    >>> half = Share("X", "A", 500_000, 500_000, "shares", None, None, row, ("register",))
    >>> owned(rule, {"X": TRUE}, [half])["A"].reason.text
    'A is owned 50 % or more (50 %): X 50 % (listed)'
    """
    sure = {seed for seed, listed in seeds.items() if listed is TRUE}
    book = _book((s for s in shares if s.owned not in sure), is_joint=not rule.aggregate)
    low = _run(rule, book, sure, is_low=True)
    high = _run(rule, book, {seed for seed, listed in seeds.items() if listed is not FALSE}, is_low=False)
    view = _View(rule, seeds, book, low, high)
    roots, lines = _roots(view), _lines(view)
    answers: dict[str, Held] = {}
    for party in sorted(lines):
        line = lines[party]
        mine = roots.get(party, frozenset()) - {party}
        if rule.foreign_only is not None:
            line = _if_foreign(line, party, rule, UNKNOWN if is_foreign is None else is_foreign(party))
        answers[party] = Held(party, line.truth, low.counted.get(party, 0), high.counted.get(party, 0), mine, line)
    return answers


def look_through(
    owners: Iterable[str], shares: Iterable[Share], end: Literal["low", "middle", "high"] = "middle"
) -> dict[str, float]:
    """The share of some owners in every party they reach, multiplied along each chain and added up: information only.

    No rule on ownership counts so. ``end`` says which end of a range is taken; of several kinds of right the largest;
    a party of which more than the whole is recorded is scaled down to the whole. With A the stakes of parties in each
    other and b those of the owners, the answer is (I - A')^-1 b, a fraction from 0 to 1.

    >>> look_through(["X"], [half])
    {'A': 0.5}
    """
    from scipy import sparse  # not at the top: the rules of a case are read without it
    from scipy.sparse.linalg import spsolve

    start = set(owners)
    value: dict[str, dict[str, int]] = defaultdict(dict)  # half millionths, so that sums do not hang on their order
    total: dict[str, int] = defaultdict(int)
    for (owner, party, _), rows in _rows(s for s in shares if s.owned not in start).items():
        low, high, _ = _extent(rows)
        share = {"low": 2 * low, "middle": low + high, "high": 2 * high}[end]
        value[owner][party] = max(share, value[owner].get(party, 0))
    for held in value.values():
        for party, share in held.items():
            total[party] += share
    reached, frontier = set(start), start
    while frontier:
        frontier = {party for owner in frontier for party, share in value.get(owner, {}).items() if share} - reached
        reached |= frontier
    index = {party: i for i, party in enumerate(sorted(reached - start))}
    if not index:
        return {}
    b = [0.0] * len(index)
    cells: list[tuple[int, int, float]] = []
    for owner in sorted(reached):
        for party, share in value.get(owner, {}).items():
            if share:
                fraction = share / max(2 * WHOLE, total[party])
                if owner in start:
                    b[index[party]] += fraction
                else:
                    cells.append((index[party], index[owner], fraction))
    row, column, fractions = zip(*cells, strict=True) if cells else ((), (), ())
    A = sparse.csc_array((fractions, (row, column)), (len(b), len(b)))
    solved = spsolve(sparse.eye_array(len(b), format="csc") - A, b)
    return dict(zip(index, solved.tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Book:
    """The shares of a day by who holds what. A pool is what counts as one: a stake, or all under an arrangement."""

    rows: Mapping[_Key, list[Share]]
    into: Mapping[str, list[_Key]]
    pools: list[tuple[str, str, int, int]]  # owned, kind, low, high
    pools_of: Mapping[str, list[int]]
    joint: Mapping[_Key, int]
    controls: Mapping[str, dict[str, Truth]]  # owner, then owned


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """A least fixed point: what counts of each party, what it passes on, and the round in which it came to the line."""

    need: int
    counted: Mapping[str, int]
    passed: Mapping[str, int]
    over: Mapping[str, int]
    pools: frozenset[int]  # with a holder that counts
    roots: Mapping[str, set[str]]  # without ``aggregate``: the listed parties for whom it is over, or else held


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Both runs and what they rest on."""

    rule: OwnershipRule
    seeds: Mapping[str, Truth]
    book: _Book
    low: _Run
    high: _Run


def _rows(shares: Iterable[Share]) -> dict[_Key, list[Share]]:
    rows: dict[_Key, list[Share]] = defaultdict(list)
    for share in shares:
        rows[share.owner, share.owned, share.kind].append(share)
    return rows


def _extent(rows: Collection[Share]) -> tuple[int, int, bool]:
    """The largest low and high end over the sources of one stake, and whether any of them says the share."""
    return max(s.low for s in rows), max(s.high for s in rows), any(s.is_known for s in rows)


def _book(shares: Iterable[Share], *, is_joint: bool) -> _Book:
    rows = _rows(shares)
    into: dict[str, list[_Key]] = defaultdict(list)
    pools: list[tuple[str, str, int, int]] = []
    pools_of: dict[str, list[int]] = defaultdict(list)
    controls: dict[str, dict[str, Truth]] = defaultdict(dict)
    arranged: dict[tuple[str, str], list[tuple[set[str], list[_Key]]]] = defaultdict(list)
    for key, same in rows.items():
        owner, party, kind = key
        into[party].append(key)
        if owner == party:
            continue
        names = {s.joint for s in same if s.joint} if is_joint else set()
        if names:  # arrangements with a partner's stake in common are one
            apart, keys = [], [key]
            for others, theirs in arranged[party, kind]:
                if others & names:
                    names, keys = names | others, theirs + keys
                else:
                    apart.append((others, theirs))
            arranged[party, kind] = [*apart, (names, keys)]
        else:
            low, high, _ = _extent(same)
            pools_of[owner].append(len(pools))
            pools.append((party, kind, low, high))
        for share in same:
            if share.control is not None:
                controls[owner][party] = max(share.control, controls[owner].get(party, FALSE))
    joint: dict[_Key, int] = {}
    for (party, kind), arrangements in arranged.items():
        for _, keys in arrangements:
            ends = [_extent(rows[key]) for key in keys]
            for key in keys:
                joint[key] = len(pools)
                pools_of[key[0]].append(len(pools))
            pools.append((party, kind, sum(low for low, _, _ in ends), sum(high for _, high, _ in ends)))
    return _Book(rows, into, pools, pools_of, joint, controls)


def _run(rule: OwnershipRule, book: _Book, seeds: Collection[str], *, is_low: bool) -> _Run:
    """The least fixed point from the seeds on, round by round, so that no order of the shares can show."""
    line = Decimal(str(rule.pct)) * 10_000
    need = math.ceil(line) if rule.op == ">=" else math.floor(line) + 1
    starts: set[_Node] = {(seed, "" if rule.aggregate else seed) for seed in seeds}
    passed: dict[_Node, int] = dict.fromkeys(starts, WHOLE)
    counted: dict[_Node, int] = {}
    over: dict[_Node, int] = {}
    controlled: set[_Node] = set()
    taken: dict[tuple[int, str], int] = {}  # what is in ``sums`` of a pool
    sums: dict[tuple[str, str, str], int] = defaultdict(int)  # owned, root, kind: millionths of millionths
    frontier: Collection[_Node] = starts
    number = 0
    while frontier:
        number += 1
        touched: set[_Node] = set()
        for node in frontier:
            owner, root = node
            share = passed.get(node, 0)
            for pool in book.pools_of.get(owner, ()):
                more = share - taken.get((pool, root), 0)
                if more > 0:
                    party, kind, low, high = book.pools[pool]
                    taken[pool, root] = share
                    sums[party, root, kind] = whole = sums[party, root, kind] + more * (low if is_low else high)
                    count = min(WHOLE, whole // WHOLE if is_low else -(-whole // WHOLE))
                    counted[party, root] = max(count, counted.get((party, root), 0))
                    touched.add((party, root))
            if rule.control_test and (node in starts or node in over):
                for party, said in book.controls.get(owner, {}).items():
                    if said is TRUE or (said is UNKNOWN and not is_low):
                        controlled.add((party, root))
                        touched.add((party, root))
        frontier = []
        for node in touched:
            count, before = counted.get(node, 0), passed.get(node, 0)
            is_new = node not in over and (count >= need or node in controlled)
            if is_new:
                over[node] = number
            passes = count if rule.chain == "product" else WHOLE * (node in over)
            if rule.chain != "none" and (is_new or passes > before):
                passed[node] = max(passes, before)
                frontier.append(node)
    roots: dict[str, set[str]] = defaultdict(set)
    best_over = _best(over, min)
    for party, root in (
        over if rule.aggregate else [*over, *(n for n in counted if counted[n] and n[0] not in best_over)]
    ):
        roots[party].add(root)
    return _Run(need, _best(counted, max), _best(passed, max), best_over, frozenset(p for p, _ in taken), roots)


def _best(values: Mapping[_Node, int], choose: Callable[[int, int], int]) -> dict[str, int]:
    """The largest or the least value of each party over the listed parties it is held for."""
    best: dict[str, int] = {}
    for (party, _), value in values.items():
        best[party] = choose(value, best.get(party, value))
    return best


def _counts(view: _View, party: str) -> Truth:
    """Whether a party counts as an owner: listed, or itself at the line where the rule follows chains."""
    listed = view.seeds.get(party, FALSE)
    if view.rule.chain == "none":
        return listed
    return max(listed, TRUE if party in view.low.over else UNKNOWN if party in view.high.over else FALSE)


def _roots(view: _View) -> Mapping[str, frozenset[str]]:
    """The listed parties at the root of what counts of each party, as bits of an integer while they are gathered."""
    if not view.rule.aggregate:
        return {party: frozenset(roots) for party, roots in view.high.roots.items()}
    names = sorted(seed for seed, listed in view.seeds.items() if listed is not FALSE)
    bits = {seed: 1 << i for i, seed in enumerate(names)}
    frontier: Collection[str] = names
    while frontier:
        grown: set[str] = set()
        for owner in frontier:
            held = [p for p, _, _, high in (view.book.pools[n] for n in view.book.pools_of.get(owner, ())) if high]
            if view.rule.control_test:
                held += [p for p, said in view.book.controls.get(owner, {}).items() if said is not FALSE]
            for party in held:
                before = bits.get(party, 0)
                bits[party] = before | bits[owner]
                if bits[party] != before and party in view.high.passed:
                    grown.add(party)
        frontier = grown
    sets = {bit: frozenset(_named(bit, names)) for bit in set(bits.values())}
    return {party: sets[bit] for party, bit in bits.items()}


def _named(bits: int, names: list[str]) -> Iterator[str]:
    while bits:
        yield names[bits.bit_length() - 1]
        bits ^= 1 << (bits.bit_length() - 1)


def _lines(view: _View) -> dict[str, Reason]:
    """Whether each party with a stake that counts is at the line, proved from parties that came to it before."""
    low, high = view.low.over, view.high.over
    parties = {
        view.book.pools[pool][0]
        for owner in {*view.high.passed, *high}
        if owner in view.high.passed or _counts(view, owner)
        for pool in view.book.pools_of.get(owner, ())
    }
    lines: dict[str, Reason] = {}
    sizes: dict[str, int] = {}
    for party in sorted(parties, key=lambda p: (0, low[p], p) if p in low else (1, high.get(p, math.inf), p)):
        told: list[str] = []
        steps: list[Reason] = []
        size = 1
        for most, key in sorted((-_extent(view.book.rows[key])[1], key) for key in view.book.into[party]):
            is_pooled = view.book.joint.get(key) in view.high.pools
            if key[0] != party and most and (key[0] in view.high.passed or is_pooled):
                short, step = _stake(view, key, lines if sizes.get(key[0], 0) <= LONGEST else {})
                told.append(short)
                steps.append(step)
                size += 1 if not step.children else 2 + sizes[key[0]]
        steps += _flags(view, party)
        lines[party] = Reason(_said(view, party, told), _at_line(view, party), (), view.rule.sources, tuple(steps))
        sizes[party] = size
    return lines


def _at_line(view: _View, party: str) -> Truth:
    return TRUE if party in view.low.over else UNKNOWN if party in view.high.over else FALSE


def _said(view: _View, party: str, told: list[str]) -> str:
    """The answer in a line: "A is owned 50 % or more (50 %): X 50 % (listed)"."""
    at_line = _at_line(view, party)
    low, high, need = view.low.counted.get(party, 0), view.high.counted.get(party, 0), view.low.need
    line = _line(view.rule)
    if at_line is TRUE:
        how = f"is owned {line}" if low >= need else f"is controlled, whether or not owned {line}"
    elif at_line is UNKNOWN:
        how = f"may be owned {line}" if high >= need else f"may be controlled, though not owned {line}"
    else:
        how = f"is not owned {line}"
    names = ", ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")
    return f"{party} {how} ({_range(low, high)}){': ' if names else ''}{names}"


def _stake(view: _View, key: _Key, lines: Mapping[str, Reason]) -> tuple[str, Reason]:
    """A stake that counts, in short and as a step; below it why its owner counts, where that is proved already."""
    owner, party, kind = key
    rows = view.book.rows[key]
    low, high, is_known = _extent(rows)
    amount = _range(low, high) if is_known else "an unrecorded share"
    names = sorted({s.joint for s in rows if s.joint}) if key in view.book.joint else []
    what = f"holds {amount} of{_RIGHT.get(kind, ' other rights in')} {party}"
    what += f" under the arrangement {' and '.join(names)}" if names else ""
    what += "" if is_known else _UNRECORDED[view.rule.unknown_share]
    known = TRUE if low == high or low >= view.low.need else UNKNOWN
    counts, standing = _standing(view, owner)
    facts, sources = _cited(rows)
    text, short = f"{owner} ({standing}) {what}", f"{owner} {amount} ({standing})"
    below = lines.get(owner)
    if below is None or view.seeds.get(owner) is TRUE or below.truth is not counts:
        return short, Reason(text, min(known, counts), facts, sources)
    return short, all_of(text, (Reason(f"{owner} {what}", known, facts, sources), below))


def _standing(view: _View, owner: str) -> tuple[Truth, str]:
    """How sure it is that an owner counts, and as what."""
    listed, counts = view.seeds.get(owner, FALSE), _counts(view, owner)
    if view.rule.chain == "product" and listed is not TRUE:
        low, high = view.low.passed.get(owner, 0), view.high.passed.get(owner, 0)
        return TRUE if low == high else UNKNOWN, f"{_range(low, high)} of it counts"
    if counts is FALSE:
        return TRUE, "not listed"
    if listed is counts:
        return counts, "listed" if listed is TRUE else "perhaps listed"
    how = "owned or controlled" if view.rule.control_test else "owned"
    return counts, f"itself {how}" if counts is TRUE else f"perhaps itself {how}"


def _flags(view: _View, party: str) -> Iterator[Reason]:
    """Control declared by an owner that counts, a step or by most rules only a red flag; and shares held in itself."""
    rule, book = view.rule, view.book
    for owner in sorted({key[0] for key in book.into[party]}):
        said, counts = book.controls.get(owner, {}).get(party, FALSE), _counts(view, owner)
        if said is FALSE or counts is FALSE:
            continue
        rows = [s for key in book.into[party] if key[0] == owner for s in book.rows[key] if s.control is not None]
        text = f"{owner} ({_standing(view, owner)[1]}) {'controls' if said is TRUE else 'may control'} {party}"
        if rule.control_test:
            yield Reason(text, min(said, counts), *_cited(rows))
        else:
            yield Reason(f"red flag: {text}; this rule does not count control", TRUE, *_cited(rows))
    rows = [s for key in book.into[party] if key[0] == party for s in book.rows[key]]
    if own := max((s.high for s in rows), default=0):
        text = f"red flag: {party} holds {_range(max(s.low for s in rows), own)} of itself"
        if own < WHOLE:
            ends = (min(WHOLE, run.counted.get(party, 0) * WHOLE // (WHOLE - own)) for run in (view.low, view.high))
            text += f"; of the rest, {_range(*ends)} counts"
        yield Reason(text, TRUE, *_cited(rows))


def _if_foreign(line: Reason, party: str, rule: OwnershipRule, foreign: Truth) -> Reason:
    what = {TRUE: "is not of", FALSE: "is of", UNKNOWN: "is perhaps of"}[foreign]
    step = Reason(f"{party} {what} {rule.foreign_only}, whose parties the rule leaves out", foreign, (), rule.sources)
    return all_of(f"{party} counts as its owners by {rule.id}", (line, step))


def _cited(rows: Iterable[Share]) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    rows = sorted(rows, key=lambda s: (s.fact.file, s.fact.row, s.fact.table, s.fact.id))
    return tuple(dict.fromkeys(s.fact for s in rows)), tuple(sorted({name for s in rows for name in s.sources}))


def _line(rule: OwnershipRule) -> str:
    return f"{rule.pct:g} % or more" if rule.op == ">=" else f"more than {rule.pct:g} %"


def _range(low: int, high: int) -> str:
    """Millionths as per cent: exact, for four decimals are all there are."""
    return f"{low / 10_000:g} %" if low == high else f"{low / 10_000:g}–{high / 10_000:g} %"

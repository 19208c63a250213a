"""Least fixed points: who is at the line when only the listed parties count at first, and for whom it is held."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal

from detente.decide.ownership.shares import WHOLE, Book, Key, Node, Run, View
from detente.decide.truth import FALSE, TRUE, UNKNOWN
from detente.record.limb import OwnershipRule


def run(rule: OwnershipRule, book: Book, seeds: Collection[str], *, is_low: bool) -> Run:
    """The least fixed point from the seeds on, round by round, so that the order of the shares cannot show."""
    line = Decimal(str(rule.pct)) * (WHOLE // 100)
    need = math.ceil(line) if rule.op == ">=" else math.floor(line) + 1
    starts: set[Node] = {(seed, "" if rule.aggregate else seed) for seed in seeds}
    passed: dict[Node, int] = dict.fromkeys(starts, WHOLE)
    counted: dict[Node, int] = {}
    over: dict[Node, int] = {}
    controlled: set[Node] = set()
    taken: dict[tuple[Key, str], int] = {}  # how much of its owner is in ``sums`` already, by stake and root
    sums: dict[tuple[str, str, str], int] = defaultdict(int)  # owned, root, kind: millionths of millionths
    frontier: Collection[Node] = starts
    number = 0
    while frontier:
        number += 1
        touched: set[Node] = set()
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
    first = best(over, min)
    roots: dict[str, set[str]] = defaultdict(set)
    for party, root in (*over, *(node for node, count in counted.items() if count and node[0] not in first)):
        roots[party].add(root)
    return Run(need, best(counted, max), best(passed, max), first, frozenset(pool for pool, _ in taken), roots)


def best(values: Mapping[Node, int], choose: Callable[[int, int], int]) -> dict[str, int]:
    """The largest or the least value of each party over the listed parties it is held for."""
    best: dict[str, int] = {}
    for (party, _), value in values.items():
        best[party] = choose(value, best.get(party, value))
    return best


def roots_of(view: View) -> Mapping[str, frozenset[str]]:
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

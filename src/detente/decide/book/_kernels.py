"""Hot loops over the lines of an order book: which limbs bite on which line, as masks of bits, a bit a limb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numba import njit

_jit: Callable[[Callable[..., Any]], Callable[..., Any]] = cast(Any, njit(cache=True, nogil=True))
Array = Any  # numpy arrays of the shapes given below

SAVED, REACHED = 1, 2
DENSE = 1 << 16  # keys below are looked up in a plain table


@_jit
def number(
    key: Array,  # (n,) int64, not negative
    most: int,  # all keys are below
    out: Array,  # (n,) int64: out, the number of the key of each line, in the order in which keys first occur
    first: Array,  # (n,) int64: out, the first line of each different key
) -> int:
    """Number the different keys; returns how many there are."""
    count = 0
    if most <= DENSE:
        at = np.full(max(most, 1), -1, np.int64)
        for i in range(key.size):
            k = at[key[i]]
            if k < 0:
                k = at[key[i]] = count
                first[count] = i
                count += 1
            out[i] = k
        return count
    size = 1 << 10
    table = np.full((size, 2), -1, np.int64)  # a hash table, which grows: key and number
    for i in range(key.size):
        slot = _slot(key[i], size)
        while table[slot, 1] >= 0 and table[slot, 0] != key[i]:
            slot = (slot + 1) & (size - 1)
        if table[slot, 1] < 0:
            table[slot, 0], table[slot, 1] = key[i], count
            first[count] = i
            count += 1
            out[i] = count - 1
            if 2 * count > size:
                size *= 4
                table = np.full((size, 2), -1, np.int64)
                for k in range(count):
                    again = _slot(key[first[k]], size)
                    while table[again, 1] >= 0:
                        again = (again + 1) & (size - 1)
                    table[again, 0], table[again, 1] = key[first[k]], k
        else:
            out[i] = table[slot, 1]
    return count


@_jit
def _slot(key: int, size: int) -> int:
    """Where the search for a key begins in a hash table of a power of two."""
    h = np.uint64(key) * np.uint64(11400714819323198485)
    h ^= h >> np.uint64(32)
    return int(np.int64(h & np.uint64(size - 1)))


@_jit
def segment(start: Array, since: Array, party: int, day: int) -> int:
    """The row of a party on a day: of rows ``start[party]`` to ``start[party + 1]``, the last that has begun."""
    low, high = int(start[party]), int(start[party + 1]) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if since[middle] <= day:
            low = middle
        else:
            high = middle - 1
    return low


@_jit
def segments(start: Array, since: Array, party: Array, day: Array, out: Array) -> None:
    """The row of many parties, each on its day; -1 for party -1 and for one without rows. All are (n,) int64."""
    for i in range(party.size):
        p = party[i]
        out[i] = -1 if p < 0 or start[p] == start[p + 1] else segment(start, since, p, day[i])


@_jit
def match(
    rows: Array,  # (families, n) int64: the row of each line in the stacked tables
    sure: Array,  # (rows, words) uint64: limbs whose condition is true
    may: Array,  # (rows, words) uint64: limbs whose condition is not false
    reach_of: Array,  # (k,) int64: the families of windows and scopes
    scoped: Array,  # (words,) uint64: limbs with a scope
    start: Array,  # (parties + 1,) int64
    since: Array,  # (spans,) int64
    at: Array,  # (spans,) int64: what a party is from a day on
    meant: Array,  # (party rows, 2, words) uint64: limbs that mean the party; true, not false
    home: Array,  # (party rows, 2, words) uint64: the same for headquarters
    who: Array,  # (3, n) int64: purchaser, ultimate consignee, end user
    between: Array,  # (n,) int64: number of the list of intermediate consignees
    between_start: Array,  # (lists + 1,) int64
    between_party: Array,  # (k,) int64
    roles: Array,  # (4, words) uint64: limbs that count each role
    day: Array,  # (n,) int64
    told: Array,  # (4, n) int64: the rows of each line in the next four tables
    down: Array,  # (rows, 2, words) uint64: a buyer further down
    knows: Array,  # (rows, 2, words) uint64: knowledge
    met: Array,  # (rows, 2, words) uint64: met by a paper
    unsaved: Array,  # (rows, 2, words) uint64: limbs that no clause saves from; true, not false
    no_party: Array,  # (words,) uint64: limbs without a condition on parties
    no_home: Array,  # (words,) uint64
    no_knowledge: Array,  # (words,) uint64
    held: Array,  # (words,) uint64: requirements and prohibitions
    defies: Array,  # (words,) uint64: limbs that forbid complying
    kept: Array,  # (words,) uint64: limbs that an answer may depend on
    helps: Array,  # (64 * words, words) uint64: what may lift each rule, or take a sale out of it
    pattern: Array,  # (n,) int64: out, the number of the pattern of each line
    found: Array,  # (capacity, 4 * words + 1) uint64: out, the patterns
    table: Array,  # (slots,) int64, -1 where free: a hash table over them
) -> int:
    """Number the patterns of truth of the lines; returns how many there are, or -1 where ``found`` is too small."""
    n = pattern.size
    words = kept.size
    count = 0
    one = np.uint64(1)
    none = np.uint64(0)
    slots = np.int64(table.size)
    t, m = np.empty(words, np.uint64), np.empty(words, np.uint64)
    pt, pm = np.empty(words, np.uint64), np.empty(words, np.uint64)
    kt, live = np.empty(words, np.uint64), np.empty(words, np.uint64)
    ht, hm = np.empty(words, np.uint64), np.empty(words, np.uint64)
    key = np.empty(4 * words + 1, np.uint64)
    for i in range(n):
        d, kn, me, s = told[0, i], told[1, i], told[2, i], told[3, i]
        for w in range(words):
            t[w] = m[w] = ~none
            kt[w] = ht[w] = hm[w] = none
            pt[w] = no_party[w] | down[d, 0, w]
            pm[w] = no_party[w] | down[d, 1, w]
        for f in range(rows.shape[0]):
            r = rows[f, i]
            for w in range(words):
                t[w] &= sure[r, w]
                m[w] &= may[r, w]
        first, last = between_start[between[i]], between_start[between[i] + 1]
        for k in range(3 + last - first):
            role = min(k, 3)
            party = who[k, i] if k < 3 else between_party[first + k - 3]
            p = at[segment(start, since, party, day[i])]
            for w in range(words):
                pt[w] |= meant[p, 0, w] & roles[role, w]
                pm[w] |= meant[p, 1, w] & roles[role, w]
                if k < 2:
                    kt[w] |= meant[p, 0, w]
                ht[w] |= home[p, 0, w]
                hm[w] |= home[p, 1, w]
        flags = none
        for w in range(words):
            t[w] &= pt[w] & (no_home[w] | ht[w]) & (no_knowledge[w] | kt[w] | knows[kn, 0, w])
            m[w] &= pm[w] & (no_home[w] | hm[w]) & (no_knowledge[w] | kt[w] | knows[kn, 1, w])
            if t[w] & held[w] & ~unsaved[s, 1, w]:
                flags |= np.uint64(SAVED)
            near = scoped[w]
            for f in range(reach_of.size):
                near &= may[rows[reach_of[f], i], w]
            if near:
                flags |= np.uint64(REACHED)
            t[w] &= unsaved[s, 0, w] & kept[w]
            m[w] &= unsaved[s, 1, w] & kept[w]
            live[w] = held[w] | defies[w]
        for w in range(words):  # of what lifts a rule, or takes out of it, only where that rule may bite
            left = m[w] & held[w]
            k = 64 * w
            while left:
                if left & one:
                    for v in range(words):
                        live[v] |= helps[k, v]
                left >>= one
                k += 1
        for w in range(words):
            key[w], key[words + w] = t[w] & live[w], m[w] & live[w]
            rule = m[w] & held[w]
            key[2 * words + w], key[3 * words + w] = met[me, 0, w] & rule, met[me, 1, w] & rule
        key[4 * words] = flags
        h = np.uint64(14695981039346656037)
        for w in range(key.size):
            h = (h ^ key[w]) * np.uint64(1099511628211)
            h ^= h >> np.uint64(29)
        slot = np.int64(h % np.uint64(slots))
        while True:
            k = table[slot]
            if k < 0:
                if count >= found.shape[0]:
                    return -1
                for w in range(key.size):
                    found[count, w] = key[w]
                table[slot] = count
                pattern[i] = count
                count += 1
                break
            same = True
            for w in range(key.size):
                if found[k, w] != key[w]:
                    same = False
                    break
            if same:
                pattern[i] = k
                break
            slot = (slot + np.int64(1)) % slots
    return count


@_jit
def place(group: int, key: Array, slots: int) -> int:
    """Where the search for a group and a key begins in a hash table."""
    h = np.uint64(14695981039346656037) ^ np.uint64(group)
    for w in range(key.size):
        h = (h ^ np.uint64(key[w])) * np.uint64(1099511628211)
        h ^= h >> np.uint64(29)
    return int(np.int64(h % np.uint64(slots)))


@_jit
def _is_whole(own: Array, limit_value: int, limit_quantity: int, value: int, quantity: int) -> bool:
    """Whether what is recorded as drawn for a line is known to be as much as it comes to: ``ledger.Own.is_whole``."""
    if own[0] < 0 or (limit_value >= 0 and value > own[0]):
        return False
    return limit_quantity < 0 or 0 <= quantity <= own[1]


@_jit
def allocate(
    turns: Array,  # (n,) int64: lines in turn
    group: Array,  # (lines,) int64: the group of each line of the book
    day: Array,  # (lines,) int64
    value: Array,  # (lines,) int64
    quantity: Array,  # (lines,) int64, -1 where it is not known
    slot_start: Array,  # (groups + 1,) int64: the slots of a group, a slot a licence line that may cover it
    account: Array,  # (slots,) int64: the licence line
    limit_value: Array,  # (slots,) int64, -1 where without limit
    limit_quantity: Array,  # (slots,) int64, -1 where without limit
    limit_full: Array,  # (slots,) int64: nothing more once so much is drawn; -1 where that is not so
    own: Array,  # (slots, 4) int64: recorded for the line itself, value (-1: nothing) and quantity; the same
    # again of what is among the recorded draws by its day
    past: Array,  # (draws, 4) int64: recorded draws in order: day, account, value, quantity
    state: Array,  # (3,) int64: in and out: the next turn, the next recorded draw, how many draws there are
    drawn: Array,  # (accounts, 2) int64: in and out, value and quantity drawn
    known: Array,  # (capacity, 2 + key words) int64: group, answer, then how each slot stands, two bits a slot
    table: Array,  # (slots of a hash table,) int64, -1 where free
    takes_start: Array,  # (answers + 1,) int64: the accounts an answer draws on
    takes: Array,  # (k,) int64
    key: Array,  # (key words,) int64: out, the key of the turn that is not known
    answer: Array,  # (lines,) int64: out, which of the known answers
    draw: Array,  # (capacity, 4) int64: out, line, account, value and quantity of each draw
    before: Array,  # (lines,) int64: out, how many draws came before the turn of a line
) -> int:
    """Let lines draw in turn, until one stands as no line before it did: its turn is returned, or -1 at the end.

    -2 says that ``draw`` is full.
    """
    words = key.size
    slots = np.int64(table.size)
    while state[0] < turns.size:
        i = turns[state[0]]
        while state[1] < past.shape[0] and past[state[1], 0] <= day[i]:
            k = state[1]
            drawn[past[k, 1], 0] += past[k, 2]
            drawn[past[k, 1], 1] += past[k, 3]
            state[1] += 1
        g = group[i]
        for w in range(words):
            key[w] = 0
        for s in range(slot_start[g], slot_start[g + 1]):
            a = account[s]
            room = 2
            if not _is_whole(own[s], limit_value[s], limit_quantity[s], value[i], quantity[i]):
                before_value, before_quantity = drawn[a, 0] - own[s, 2], drawn[a, 1] - own[s, 3]
                is_full = limit_full[s] >= 0 and before_quantity >= limit_full[s]
                if is_full or (limit_value[s] >= 0 and before_value + value[i] > limit_value[s]):
                    room = 0
                elif limit_quantity[s] >= 0:
                    if quantity[i] < 0:
                        room = 1
                    elif before_quantity + quantity[i] > limit_quantity[s]:
                        room = 0
            b = s - slot_start[g]
            key[b // 31] |= np.int64(room) << np.int64(2 * (b % 31))
        slot = place(g, key, slots)
        hit = np.int64(-1)
        while table[slot] >= 0:
            k = table[slot]
            same = known[k, 0] == g
            for w in range(words):
                same = same and known[k, 2 + w] == key[w]
            if same:
                hit = k
                break
            slot = (slot + np.int64(1)) % slots
        if hit < 0:
            return int(state[0])
        first, last = takes_start[hit], takes_start[hit + 1]
        if state[2] + last - first > draw.shape[0]:
            return -2
        answer[i] = hit
        before[i] = state[2]
        for k in range(first, last):
            a = takes[k]
            more_value, more_quantity, is_own = value[i], max(quantity[i], 0), False
            for s in range(slot_start[g], slot_start[g + 1]):
                if account[s] == a and own[s, 0] >= 0:  # what is recorded already is not drawn again
                    is_own = True
                    if _is_whole(own[s], limit_value[s], limit_quantity[s], value[i], quantity[i]):
                        more_value = more_quantity = np.int64(0)
                    else:
                        more_value = max(more_value - own[s, 0], 0)
                        more_quantity = max(more_quantity - own[s, 1], 0)
            if is_own and more_value == 0 and more_quantity == 0:
                continue
            draw[state[2], 0], draw[state[2], 1] = i, a
            draw[state[2], 2], draw[state[2], 3] = more_value, more_quantity
            state[2] += 1
            drawn[a, 0] += more_value
            drawn[a, 1] += more_quantity
        state[0] += 1
    return -1


@_jit
def insert(table: Array, group: int, key: Array, number: int) -> None:
    """Put a known answer into the hash table of ``allocate``."""
    slots = np.int64(table.size)
    slot = place(group, key, slots)
    while table[slot] >= 0:
        slot = (slot + np.int64(1)) % slots
    table[slot] = number


@_jit
def strictest(
    answer: Array,  # (n,) int64: the answer of each line
    wanted: Array,  # (answers,) int64: 1 where the policy of its lines is asked for
    base: Array,  # (answers,) int64: rank of the rules' own policies
    standing_start: Array,  # (answers + 1,) int64
    standing: Array,  # (k,) int64: limbs that stand
    counts: Array,  # (limbs, 4) int64: 1 where a limb counts a role
    start: Array,  # (parties + 1,) int64
    since: Array,  # (spans,) int64
    at: Array,  # (spans,) int64
    review: Array,  # (party rows, limbs) int8: rank of the entries through which a limb means a party
    who: Array,  # (3, n) int64
    between: Array,  # (n,) int64
    between_start: Array,  # (lists + 1,) int64
    between_party: Array,  # (k,) int64
    day: Array,  # (n,) int64
    out: Array,  # (n,) int64: in and out, the rank of the strictest policy of each line
) -> None:
    """The strictest policy of each line: of its rules and of the entries through which they mean its parties."""
    for i in range(answer.size):
        a = answer[i]
        if wanted[a] == 0:
            continue
        best = min(out[i], base[a])
        first, last = between_start[between[i]], between_start[between[i] + 1]
        for k in range(3 + last - first):
            role = min(k, 3)
            party = who[k, i] if k < 3 else between_party[first + k - 3]
            p = at[segment(start, since, party, day[i])]
            for j in range(standing_start[a], standing_start[a + 1]):
                limb = standing[j]
                if counts[limb, role]:
                    best = min(best, np.int64(review[p, limb]))
        out[i] = best

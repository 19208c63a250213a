"""Hot loops over the lines of an order book: which limbs bite on which line, as masks of bits, a bit a limb."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = Any  # numpy arrays of the shapes given below

SAVED, REACHED = 1, 2


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def match(
    rows: Array,  # (families, n) int64: the row of each line in the stacked tables
    sure: Array,  # (rows, words) uint64: limbs whose condition is true
    may: Array,  # (rows, words) uint64: limbs whose condition is not false
    reach_of: Array,  # (k,) int64: the families of windows and scopes
    scoped: Array,  # (words,) uint64: limbs with a scope
    start: Array,  # (parties + 1,) int64
    since: Array,  # (party rows,) int64
    meant: Array,  # (party rows, 2, words) uint64: limbs that mean the party; true, not false
    home: Array,  # (party rows, 2, words) uint64: the same for headquarters
    who: Array,  # (3, n) int64: purchaser, ultimate consignee, end user
    between: Array,  # (n,) int64: number of the list of intermediate consignees
    between_start: Array,  # (lists + 1,) int64
    between_party: Array,  # (k,) int64
    roles: Array,  # (4, words) uint64: limbs that count each role
    day: Array,  # (n,) int64
    told: Array,  # (n,) int64: row of what findings and papers say
    down: Array,  # (told rows, 2, words) uint64: a buyer further down
    knows: Array,  # (told rows, 2, words) uint64: knowledge
    met: Array,  # (told rows, 2, words) uint64: met by a paper
    saving: Array,  # (n,) int64: row of the saving clauses
    unsaved: Array,  # (saving rows, 2, words) uint64: limbs that no clause saves from; true, not false
    no_party: Array,  # (words,) uint64: limbs without a condition on parties
    no_home: Array,  # (words,) uint64
    no_knowledge: Array,  # (words,) uint64
    held: Array,  # (words,) uint64: requirements and prohibitions
    kept: Array,  # (words,) uint64: limbs that an answer depends on
    pattern: Array,  # (n,) int64: out, the number of the pattern of each line
    found: Array,  # (capacity, 4 * words + 1) uint64: out, the patterns
    table: Array,  # (slots,) int64, -1 where free: a hash table over them
) -> int:
    """Number the patterns of truth of the lines; returns how many there are, or -1 where ``found`` is too small."""
    n = pattern.size
    words = kept.size
    count = 0
    slots = np.int64(table.size)
    t, m = np.empty(words, np.uint64), np.empty(words, np.uint64)
    pt, pm = np.empty(words, np.uint64), np.empty(words, np.uint64)
    kt = np.empty(words, np.uint64)
    ht, hm = np.empty(words, np.uint64), np.empty(words, np.uint64)
    key = np.empty(4 * words + 1, np.uint64)
    for i in range(n):
        for w in range(words):
            t[w] = m[w] = ~np.uint64(0)
            kt[w] = ht[w] = hm[w] = np.uint64(0)
            pt[w] = no_party[w] | down[told[i], 0, w]
            pm[w] = no_party[w] | down[told[i], 1, w]
        for f in range(rows.shape[0]):
            r = rows[f, i]
            for w in range(words):
                t[w] &= sure[r, w]
                m[w] &= may[r, w]
        first, last = between_start[between[i]], between_start[between[i] + 1]
        for k in range(3 + last - first):
            role = min(k, 3)
            party = who[k, i] if k < 3 else between_party[first + k - 3]
            p = segment(start, since, party, day[i])
            for w in range(words):
                pt[w] |= meant[p, 0, w] & roles[role, w]
                pm[w] |= meant[p, 1, w] & roles[role, w]
                if k < 2:
                    kt[w] |= meant[p, 0, w]
                ht[w] |= home[p, 0, w]
                hm[w] |= home[p, 1, w]
        flags = np.uint64(0)
        a, s = told[i], saving[i]
        for w in range(words):
            t[w] &= pt[w] & (no_home[w] | ht[w]) & (no_knowledge[w] | kt[w] | knows[a, 0, w])
            m[w] &= pm[w] & (no_home[w] | hm[w]) & (no_knowledge[w] | kt[w] | knows[a, 1, w])
            if t[w] & held[w] & ~unsaved[s, 1, w]:
                flags |= np.uint64(SAVED)
            near = scoped[w]
            for f in range(reach_of.size):
                near &= may[rows[reach_of[f], i], w]
            if near:
                flags |= np.uint64(REACHED)
            t[w] &= unsaved[s, 0, w] & kept[w]
            m[w] &= unsaved[s, 1, w] & kept[w]
            key[w], key[words + w] = t[w], m[w]
            key[2 * words + w], key[3 * words + w] = met[a, 0, w] & m[w], met[a, 1, w] & m[w]
        key[4 * words] = flags
        h = np.uint64(14695981039346656037)
        for w in range(key.size):
            h = (h ^ key[w]) * np.uint64(1099511628211)
            h ^= h >> np.uint64(29)
        slot = np.int64(h % np.uint64(slots))
        while True:
            at = table[slot]
            if at < 0:
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
                if found[at, w] != key[w]:
                    same = False
                    break
            if same:
                pattern[i] = at
                break
            slot = (slot + np.int64(1)) % slots
    return count

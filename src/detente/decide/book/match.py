"""Which rules bite on which line: the kernel, run over the book in chunks, and the patterns it finds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from detente.decide.book import _kernels
from detente.decide.book.codes import Coded, Ints, together
from detente.decide.book.people import ROLES
from detente.decide.book.tables import Masks, Tables, has


def match(
    book: Coded, tables: Tables, executor: Executor | None, chunk: int, progress: Callable[[int, int], None]
) -> tuple[Ints, list[Masks]]:
    """The number of the pattern of every line, and the patterns in the order in which they first occur."""
    n = book.n
    bases: list[int] = []
    stacked: list[Masks] = []
    height = 0
    for family in tables.families:
        bases.append(height)
        stacked.append(family.pair)
        height += family.pair.shape[0]
    pair = np.concatenate(stacked) if stacked else np.zeros((0, 2, tables.words), dtype=np.uint64)
    sure, may = np.ascontiguousarray(pair[:, 0]), np.ascontiguousarray(pair[:, 1])
    reach = np.array(tables.reach, dtype=np.int64)
    who = [book.columns[r] for r in ROLES[:3]]
    told = (tables.down, tables.knows, tables.met, tables.saving)
    people, m = tables.people, tables.masks

    def run(first: int) -> tuple[Ints, Masks]:
        part = slice(first, min(first + chunk, n))
        size = part.stop - part.start
        rows = np.empty((len(bases), size), dtype=np.int64)
        for f, (family, base) in enumerate(zip(tables.families, bases, strict=True)):
            np.add(family.rows[part], base, out=rows[f])
        capacity = 1024
        while True:
            number = np.empty(size, dtype=np.int64)
            found = np.empty((capacity, 4 * tables.words + 1), dtype=np.uint64)
            count = _kernels.match(
                rows, sure, may, reach, m["scoped"], people.start, people.since, people.at, people.meant, people.home,
                np.stack([w[part] for w in who]), book.columns["between"][part], book.between_start,
                book.between_party, m["roles"], book.day[part], np.stack([f.rows[part] for f in told]),
                *(f.pair for f in told), m["party"], m["home"], m["knowledge"], m["held"], m["defies"], m["kept"],
                m["helps"], number, found, np.full(4 * capacity, -1, dtype=np.int64),
            )  # fmt: skip
            if count >= 0:
                return number, found[:count]
            capacity *= 8

    starts = range(0, n, chunk)
    parts = map(run, starts) if executor is None else executor.map(run, starts)
    known: dict[bytes, int] = {}
    keys: list[Masks] = []
    whole = np.empty(n, dtype=np.int64)
    for first, (number, found) in zip(starts, parts, strict=True):
        moved = np.empty(len(found), dtype=np.int64)
        for k, key in enumerate(found):
            name = key.tobytes()
            if name not in known:
                known[name] = len(keys)
                keys.append(key.copy())
            moved[k] = known[name]
        whole[first : first + number.size] = moved[number]
        progress(min(first + chunk, n), n)
    return whole, keys


def bites(book: Coded, tables: Tables, limbs: frozenset[str]) -> Ints:
    """A code a line: the same where some limbs bite alike."""
    number, keys = match(book, tables, None, 100_000, lambda _done, _of: None)
    patterns = np.stack(keys) if keys else np.zeros((0, 4 * tables.words + 1), dtype=np.uint64)
    which = sorted(tables.number[x] for x in limbs)
    columns = [has(patterns[:, at : at + tables.words], k).astype(np.int64) for k in which for at in (0, tables.words)]
    return together(columns)[1][number] if book.n else number

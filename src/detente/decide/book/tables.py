"""The conditions of every limb as tables of bits: each is tested once for each thing it can tell apart.

For every combination of codes that a condition sees in the book, the same function that decides one sale is asked on
one line of it, and the answer goes into the table as one bit a limb. What many lines share is thus worked out once, and
a line can only get the answer it would get alone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from detente.decide.asked import Asked
from detente.decide.book import asks
from detente.decide.book.asks import EVERYWHERE, Ask
from detente.decide.book.codes import Coded, Ints, together
from detente.decide.book.lenses import Lenses
from detente.decide.book.people import ROLES, People, people_of
from detente.decide.facts import Facts
from detente.decide.limbs import plays
from detente.decide.rules import lifters, removers
from detente.decide.truth import FALSE, TRUE, Reason
from detente.record.limb import Limb
from detente.record.measures import Measure

Masks = npt.NDArray[np.uint64]
Limbs = tuple[tuple[Measure, Limb], ...]
_RULES = {"require_licence", "prohibit"}
_KEPT = {*_RULES, "authorise", "forbid_compliance", "out_of_scope"}


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Conditions that see a line through much the same lenses: a table row a combination, and the row of each line.

    ``pair[row, 0]`` has the bits of the limbs whose conditions are true, ``pair[row, 1]`` of those where none is false.
    """

    asks: tuple[Ask, ...]
    rows: Ints
    pair: Masks


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Everything that ``_kernels.match`` needs, for one reading of the record.

    ``reach`` are the families of windows and scopes. ``down``, ``knows`` and ``met`` hold what findings and papers say,
    ``saving`` the limbs from which no clause saves. ``lifts`` has, by rule, what may lift it, ``outs``, by limb, what
    takes a sale out of it.
    """

    limbs: Limbs
    words: int
    families: tuple[Family, ...]
    reach: tuple[int, ...]
    people: People
    down: Family
    knows: Family
    met: Family
    saving: Family
    number: Mapping[str, int]
    lifts: Mapping[int, tuple[int, ...]]
    outs: Mapping[int, tuple[int, ...]]
    lenses: Lenses
    masks: Mapping[str, Masks] = field(default_factory=dict)


def bits(numbers: Iterable[int], words: int) -> Masks:
    """A mask with the bits of some limbs."""
    mask = np.zeros(words, dtype=np.uint64)
    for k in numbers:
        mask[k // 64] |= np.uint64(1) << np.uint64(k % 64)
    return mask


def numbers(mask: Masks) -> list[int]:
    """The limbs whose bits are set."""
    found = []
    for w, word in enumerate(mask.tolist()):
        while word:
            low = word & -word
            found.append(64 * w + low.bit_length() - 1)
            word ^= low
    return found


def has(mask: Masks, k: int) -> npt.NDArray[np.bool_]:
    """Whether the bit of a limb is set, in the last axis of some masks."""
    return (mask[..., k // 64] >> np.uint64(k % 64) & np.uint64(1)).astype(bool)


def build(
    book: Coded, readings: Sequence[Facts], outs: Callable[[Tables, frozenset[str]], Ints],
    only: frozenset[str] | None = None,
) -> list[Tables]:  # fmt: skip
    """The tables for a book in each reading of the record.

    ``only`` are the limbs that are wanted (None: all). ``outs`` tells, of the tables of some limbs, the lines apart on
    which they bite.
    """
    made: list[Tables] = []
    for facts in readings:
        made.append(_build(book, facts, outs, only, made[0] if made else None))
    return made


def _build(
    book: Coded, facts: Facts, outs: Callable[[Tables, frozenset[str]], Ints], only: frozenset[str] | None,
    before: Tables | None,
) -> Tables:  # fmt: skip
    limbs = tuple(facts.limbs.values())
    words = max(1, -(-len(limbs) // 64))
    wanted = [k for k, (_, x) in enumerate(limbs) if only is None or x.id in only]

    def taken_out(ids: frozenset[str]) -> Ints:
        return outs(_build(book, facts, outs, ids, None), ids)

    lenses = Lenses(book, facts, taken_out)
    questions = Questions(book, facts, lenses)
    every = [a for k in wanted for a in asks.asks_of(k, *limbs[k], lenses, limbs[k][1].effect in _KEPT)]
    groups: dict[tuple[bool, bool, tuple[str, ...]], list[Ask]] = {}
    for a in every:
        seen = sorted({str(x[:2]) for x in lenses.raw(a.lenses) if x[0] != "day"})
        groups.setdefault((a.name in EVERYWHERE, a.is_read, tuple(seen)), []).append(a)
    families = []
    for (_, is_read, _), some in groups.items():
        old = None if is_read or before is None else _like(before, some)
        families.append(old or questions.family(some, words, len(limbs)))
    reach = tuple(i for i, (is_reach, _, _) in enumerate(groups) if is_reach)
    said = {
        name: getattr(before, name) if before is not None else questions.family(
            [a for k in wanted if limbs[k][1].effect in _KEPT for a in find(k, limbs[k][1])], words, 0
        )
        for name, find in (("down", asks.downstream_of), ("knows", asks.knowledge_of), ("met", asks.met_of))
    }  # fmt: skip
    saving = before.saving if before is not None else questions.family(
        [a for k in wanted if limbs[k][1].effect in _KEPT for a in asks.savings_of(k, limbs[k][1])], words, len(limbs)
    )  # fmt: skip
    number = {x.id: k for k, (_, x) in enumerate(limbs)}
    rules = [(k, x) for k, (_, x) in enumerate(limbs) if x.effect in _RULES]
    lifts = {k: tuple(number[x.id] for x in lifters(limb, facts)) for k, limb in rules}
    removed = {k: tuple(number[x.id] for x in removers(limb, facts)) for k, (_, limb) in enumerate(limbs)}
    return Tables(
        limbs, words, tuple(families), reach, people_of(book, facts, limbs, wanted, lenses), said["down"],
        said["knows"], said["met"], saving, number, lifts, removed, lenses,
        _masks(limbs, wanted, words, lifts, removed),
    )  # fmt: skip


def _like(before: Tables, some: Sequence[Ask]) -> Family | None:
    """The family of the same questions in another reading, which is the same where no window is read."""
    keys = [(a.limb, a.name) for a in some]
    return next((f for f in before.families if [(a.limb, a.name) for a in f.asks] == keys), None)


def _masks(
    limbs: Limbs, wanted: Iterable[int], words: int, lifts: Mapping[int, tuple[int, ...]],
    outs: Mapping[int, tuple[int, ...]],
) -> dict[str, Masks]:  # fmt: skip
    """Which limbs have which conditions and effects, as bits."""
    mine = {k: limbs[k][1] for k in wanted}
    no = {
        "party": [k for k, (_, x) in enumerate(limbs) if x.parties is None],
        "home": [k for k, (_, x) in enumerate(limbs) if x.places is None or not x.places.headquartered_in],
        "knowledge": [k for k, (_, x) in enumerate(limbs) if x.knowledge != "knowledge"],
        "scoped": [k for k, x in mine.items() if x.scope],
        "held": [k for k, x in mine.items() if x.effect in _RULES],
        "defies": [k for k, x in mine.items() if x.effect == "forbid_compliance"],
        "kept": [k for k, x in mine.items() if x.effect in _KEPT],
    }
    masks = {name: bits(which, words) for name, which in no.items()}
    counted = [[k for k, (_, x) in enumerate(limbs) if x.parties and plays(x.parties, r)] for r in ROLES]
    masks["roles"] = np.stack([bits(which, words) for which in counted])
    spared = {k: [x for lift in some for x in outs[lift]] for k, some in lifts.items()}
    helps = [bits((*lifts.get(k, ()), *outs.get(k, ()), *spared.get(k, ())), words) for k in range(64 * words)]
    masks["helps"] = np.stack(helps)
    return masks


class Questions:
    """Asks the questions of a law, each once for every combination of codes that it sees in a book."""

    def __init__(self, book: Coded, facts: Facts, lenses: Lenses) -> None:
        self.book, self.facts, self.lenses = book, facts, lenses
        self._asked: dict[int, Asked] = {}

    def asked(self, lines: Ints, *, whole: bool) -> list[Asked]:
        """The questions that some lines put; of a condition that looks at the sale alone, without who takes part."""
        if whole:
            return [self.book.asked(i, self.facts) for i in lines.tolist()]
        new = np.array([i for i in lines.tolist() if i not in self._asked], dtype=np.int64)
        for i, sale in zip(new.tolist(), self.book.sales(new) if new.size else (), strict=True):
            self._asked[i] = Asked(sale, (), self.facts, self.book.when(i), _nothing)
        return [self._asked[i] for i in lines.tolist()]

    def family(self, some: Sequence[Ask], words: int, n_free: int) -> Family:
        """Test some conditions; of the first ``n_free`` limbs those that have none of them are free of it."""
        by_key: dict[Hashable, list[Ask]] = {}
        for a in some:
            by_key.setdefault((a.name, a.key), []).append(a)
        seen = list(dict.fromkeys(x for a in some for x in a.lenses))
        first, number = self.lenses.rows(self.lenses.raw(seen))
        view = self.lenses.of(first)
        at, kind = view.rows(seen)
        sure = np.zeros((at.size, words), dtype=np.uint64)
        sure[:] = bits(range(n_free), words)
        may = sure.copy()
        for like in by_key.values():
            answer = self._answers(like[0], view, at)
            mask = bits({a.limb for a in like}, words)
            if n_free:
                sure[answer != TRUE] &= ~mask
                may[answer == FALSE] &= ~mask
            else:
                sure[answer == TRUE] |= mask
                may[answer != FALSE] |= mask
        return Family(tuple(some), kind[number], np.stack([sure, may], axis=1))

    def _answers(self, ask: Ask, view: Lenses, at: Ints) -> npt.NDArray[np.int8]:
        """How a condition answers some lines of a view."""
        first, number = together([np.zeros(at.size, np.int64), *(view.codes(x)[at] for x in ask.lenses)])
        lines = view.lines[at[first]] if view.lines is not None else at[first]
        found = [ask.test(a) for a in self.asked(lines, whole=ask.asks_bites)]
        truths = [int(FALSE if r is None else r.truth) for r in found]
        return np.array(truths, dtype=np.int8)[number]


def _nothing(_limb: str) -> Reason:
    raise AssertionError("a condition that looks at one more thing than the book was told")

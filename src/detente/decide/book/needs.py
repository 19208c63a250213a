"""The facts that would settle each line that cannot be answered: what the unknown conditions of its rules say.

Each condition is asked once for all lines that its reasons cannot tell apart; what it says is put together for every
line. The id of the line itself, where it is named, is put in at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from detente.decide.asked import Asked
from detente.decide.book import _kernels, asks
from detente.decide.book.allocation import Draws
from detente.decide.book.answers import Pattern
from detente.decide.book.asks import Ask
from detente.decide.book.codes import Coded, Ints, together
from detente.decide.book.lenses import Lens
from detente.decide.book.licensed import Answers, Licensed
from detente.decide.book.people import ROLES
from detente.decide.book.tables import Family, Masks, Tables, has
from detente.decide.facts import Facts
from detente.decide.ledger import Drawn
from detente.decide.licences import covers
from detente.decide.limbs import DOWNSTREAM, conditions, plays
from detente.decide.truth import UNKNOWN, Reason, any_of

SELF = "\x00"  # stands for the id of a line in what is said of many
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """What each line needs: the number of its words (0: none), and the words, in which ``SELF`` is the line's id."""

    of: Ints
    words: tuple[Words, ...]

    def at(self, i: int, name: str) -> Words:
        """What the line of a number and id needs."""
        return tuple(dict.fromkeys(w.replace(SELF, name) for w in self.words[self.of[i]]))

    def column(self, ids: pl.Series) -> pl.Series:
        """A list for each line."""
        lists = pl.Series("needs", self.words, dtype=pl.List(pl.String))
        own = [k for k, words in enumerate(self.words) if any(SELF in w for w in words)]
        lines = np.flatnonzero(np.isin(self.of, own))
        rows = pl.DataFrame({"at": lines, "word": lists.gather(self.of[lines]), "id": ids.gather(lines)})
        text = pl.col("word").str.replace_all(SELF, pl.col("id"), literal=True)
        said = rows.explode("word").with_columns(text).group_by("at", maintain_order=True).agg("word")
        where = self.of.copy()
        where[lines] = lists.len() + np.arange(lines.size)
        return pl.concat([lists, said["word"].rename("needs")]).gather(where)


class Texts:
    """Texts by number, each kept once; 0 is nothing."""

    def __init__(self) -> None:
        self.all: list[Words] = [()]
        self._of: dict[Words, int] = {(): 0}

    def number(self, words: Words) -> int:
        """The number of some words."""
        if words not in self._of:
            self._of[words] = len(self.all)
            self.all.append(words)
        return self._of[words]


def needs(
    book: Coded, readings: Sequence[Facts], built: Sequence[Tables], numbers: Sequence[Ints],
    patterns: Sequence[Sequence[Pattern]], answers: Answers, found: Licensed, draws: Draws,
    drawn: Callable[[int], Drawn],
) -> Needs:  # fmt: skip
    """What every line needs whose answer hangs on facts."""
    of = np.zeros(book.n, dtype=np.int64)
    words = Texts()
    for r, tables in enumerate(built):
        mine = np.array([bool(a.unknown) and a.reading == r for a in answers.all] + [False])
        lines = np.flatnonzero(mine[answers.of])
        if lines.size == 0:
            continue
        finder = _Finder(book, readings[r], tables, found, draws, drawn)
        first, number = together([answers.of[lines], numbers[r][lines]])
        order = np.argsort(number, kind="stable")
        ends = np.cumsum(np.bincount(number, minlength=first.size))
        for k, i in enumerate(lines[first].tolist()):
            some = lines[order[ends[k - 1] if k else 0 : ends[k]]]
            pieces = finder.of(answers.all[answers.of[i]].unknown, patterns[r][numbers[r][i]], some)
            one, each = together(pieces) if pieces else (np.zeros(1, np.int64), np.zeros(some.size, np.int64))
            said = [words.number(tuple(dict.fromkeys(w for p in pieces for w in finder.texts.all[p[j]])))
                    for j in one.tolist()]  # fmt: skip
            of[some] = np.array(said, dtype=np.int64)[each]
    return Needs(of, tuple(words.all))


class _Finder:
    def __init__(
        self, book: Coded, facts: Facts, tables: Tables, found: Licensed, draws: Draws, drawn: Callable[[int], Drawn]
    ) -> None:
        self.book, self.facts, self.tables, self.found, self.draws, self.drawn = (
            book, facts, tables, found, draws, drawn,
        )  # fmt: skip
        self.texts = Texts()
        self.own = np.full(book.n, -1, dtype=np.int64)
        lines = list(tables.lenses.own_names)
        self.own[lines] = lines
        self.families: dict[int, list[tuple[Family, list[Ask]]]] = {}
        for family in (*tables.families, tables.saving):
            for a in family.asks:
                some = self.families.setdefault(a.limb, [])
                if not some or some[-1][0] is not family:
                    some.append((family, []))
                some[-1][1].append(a)
        self.tests = {k: dict(conditions(m, x)) for k, (m, x) in enumerate(tables.limbs)}
        self.group: Ints | None = None
        self._people: Ints | None = None
        self._known: dict[tuple[int, str], tuple[Ints, Ints]] = {}

    def of(self, unknown: Iterable[int], pattern: Pattern, lines: Ints) -> list[Ints]:
        """The numbers of what is said by every part of the rules that some lines hang on, a column a part."""
        rules = {rule.number: rule for rule in pattern.rules}
        found: list[Ints] = []
        for k in unknown:
            rule = rules[k]
            if rule.bites is UNKNOWN:
                if pattern.truth(k) is UNKNOWN:
                    found += self._limb(k, lines)
                for x in self.tables.outs[k]:
                    if pattern.truth(x) is UNKNOWN:
                        found += self._limb(x, lines)
            if rule.lifted is UNKNOWN:
                for x in self.tables.lifts[k]:
                    if pattern.truth(x) is UNKNOWN:
                        found += self._limb(x, lines)
            if rule.met is UNKNOWN:
                (ask,) = asks.met_of(k, self.tables.limbs[k][1])
                found.append(self._said(ask.test, (*ask.lenses, *ask.names), lines))
            if not rule.is_ban and self.tables.limbs[k][1].is_licensable:
                found.append(self._licences(k, lines))
        return found

    def _limb(self, k: int, lines: Ints) -> list[Ints]:
        """What each unknown condition of a limb says."""
        limb = self.tables.limbs[k][1]
        found: dict[str, Ints] = {}
        savings: list[Ints] = []
        if limb.parties is not None:
            found["parties"] = self._parties(k, "parties", lines)
        if limb.places is not None and limb.places.headquartered_in:
            found["headquarters"] = self._parties(k, "headquarters", lines)
        for family, some in self.families.get(k, ()):
            pair = family.pair[family.rows[lines]]
            unsure = np.flatnonzero(has(pair[:, 1], k) & ~has(pair[:, 0], k))
            for ask in some if unsure.size else ():
                column = np.zeros(lines.size, dtype=np.int64)
                column[unsure] = self._said(ask.test, (*ask.lenses, *ask.names), lines[unsure], whole=ask.asks_bites)
                if ask.name == "saving":
                    savings.append(column)
                else:
                    found[ask.name] = column
        if limb.knowledge == "knowledge":
            (ask,) = asks.knowledge_of(k, limb)
            column = np.zeros(lines.size, dtype=np.int64)
            unsure = np.flatnonzero(~self._is_known(k, lines))
            column[unsure] = self._said(ask.test, (*ask.lenses, *ask.names), lines[unsure])
            found["knowledge"] = column
        return [*(found[name] for name in self.tests[k] if name in found), *savings]

    def _rows(self, role: int, lines: Ints) -> list[Ints]:
        """What the party in a role is on the day of each line, as rows of the tables of people; -1 for none."""
        people, book = self.tables.people, self.book
        columns = [book.columns[ROLES[role]][lines]] if role < 3 else self._between(lines)
        found = []
        for column in columns:
            out = np.empty(lines.size, dtype=np.int64)
            _kernels.segments(people.start, people.since, column, book.day[lines], out)
            found.append(np.where(out >= 0, people.at[out], -1))
        return found

    def _between(self, lines: Ints) -> list[Ints]:
        """The intermediate consignees of some lines: the first of each, the second, and so on."""
        book, which = self.book, self.book.columns["between"][lines]
        first, last = book.between_start[which], book.between_start[which + 1]
        most = int((last - first).max(initial=0))
        flat = np.append(book.between_party, -1)
        return [flat[np.where(first + k < last, first + k, flat.size - 1)] for k in range(most)]

    def _is_known(self, k: int, lines: Ints) -> Ints:
        """Whether a limb means the seller's own customer for certain."""
        known = np.zeros(lines.size, dtype=bool)
        for role in (0, 1):
            for rows in self._rows(role, lines):
                known |= has(self.tables.people.meant[rows, 0], k)
        return known

    def _parties(self, k: int, name: str, lines: Ints) -> Ints:
        """What is not known of the parties of a limb, or of where they have their headquarters."""
        limb, people = self.tables.limbs[k][1], self.tables.people
        table: Masks = people.meant if name == "parties" else people.home
        columns: list[Ints] = []
        sure = np.zeros(lines.size, dtype=bool)
        for role in range(4):
            if name == "parties" and limb.parties is not None and not plays(limb.parties, ROLES[role]):
                continue
            codes = [self.book.columns[ROLES[role]][lines]] if role < 3 else self._between(lines)
            for code, rows in zip(codes, self._rows(role, lines), strict=True):
                pair = table[rows]
                is_there = rows >= 0
                sure |= is_there & has(pair[:, 0], k)
                unsure = is_there & has(pair[:, 1], k) & ~has(pair[:, 0], k)
                columns += [np.where(unsure, code, -1), np.where(unsure, rows, -1)]
        if name == "parties" and limb.parties is not None and DOWNSTREAM in limb.parties.roles:
            lens: Lens = ("told", frozenset({DOWNSTREAM}), frozenset())
            columns.append(self.tables.lenses.codes(lens)[lines])
            pair = self.tables.down.pair[self.tables.down.rows[lines]]
            sure |= has(pair[:, 0], k)
            some = has(pair[:, 1], k)
        else:
            some = np.zeros(lines.size, dtype=bool)
        for column in columns[::2]:
            some |= column >= 0
        found = np.zeros(lines.size, dtype=np.int64)
        at = np.flatnonzero(some & ~sure)
        if at.size:
            found[at] = self._say(self.tests[k][name], [c[at] for c in columns], lines[at], whole=True)
        return found

    def _licences(self, k: int, lines: Ints) -> Ints:
        """What is not known of the licences against a rule."""
        found = np.zeros(lines.size, dtype=np.int64)
        if self.found.lines.size == 0:
            return found
        if self.group is None:
            self.group = np.full(self.book.n, -1, dtype=np.int64)
            self.group[self.found.lines] = self.found.of
        at = np.flatnonzero(self.group[lines] >= 0)
        if at.size == 0:
            return found
        some, limb = lines[at], self.tables.limbs[k][1].id
        stand = self.draws.stand[some] if self.draws.stand.size else np.zeros(some.size, np.int64)
        columns = [self.group[some], stand, self.book.columns["variant"][some], self.book.columns["seller_unit"][some]]

        def test(asked: Asked) -> Reason:
            each = covers(limb, asked.sale, asked.taking, self.facts, asked.day, drawn[0])
            return any_of("", [c.reason for c in each if c.reason.truth is UNKNOWN])

        drawn: list[Drawn] = [lambda _licence, _line: (0, 0)]

        def before(i: int) -> None:
            drawn[0] = self.drawn(i)

        found[at] = self._say(test, columns, some, whole=True, before=before)
        return found

    def _said(
        self, test: Callable[[Asked], Reason | None], lenses: Iterable[Lens], lines: Ints, *, whole: bool = False
    ) -> Ints:
        """What a condition says of some lines, as numbers of texts."""
        columns = [self.tables.lenses.codes(x)[lines] for x in dict.fromkeys(lenses)]
        return self._say(test, columns, lines, whole=whole)

    def _say(
        self, test: Callable[[Asked], Reason | None], columns: list[Ints], lines: Ints, *, whole: bool,
        before: Callable[[int], None] | None = None,
    ) -> Ints:  # fmt: skip
        """The same through columns of codes; where the day itself is named, once for each day."""
        first, number = together([np.zeros(lines.size, np.int64), *columns, self.own[lines]])
        told: list[Words] = []
        dated: list[int] = []
        for k, i in enumerate(lines[first].tolist()):
            if before is not None:
                before(i)
            said = self._ask(test, i, whole=whole)
            told.append(said)
            if any(str(self.book.when(i)) in w for w in said):
                dated.append(k)
        found = np.array([self.texts.number(x) for x in told], dtype=np.int64)[number]
        if dated:
            again = np.flatnonzero(np.isin(number, dated))
            one, each = together([number[again], self.book.day[lines[again]]])
            texts = []
            for i in lines[again[one]].tolist():
                if before is not None:
                    before(i)
                texts.append(self.texts.number(self._ask(test, i, whole=whole)))
            found[again] = np.array(texts, dtype=np.int64)[each]
        return found

    def _ask(self, test: Callable[[Asked], Reason | None], i: int, *, whole: bool) -> Words:
        """What one line is told, its own id left open unless the record speaks of it."""
        sale = self.book.sale(i)
        if self.own[i] < 0:
            sale = replace(sale, id=SELF)
        asked = self.book.asked(i, self.facts, sale) if whole else Asked(sale, (), self.facts, self.book.when(i), _no)
        reason = test(asked)
        return () if reason is None else tuple(dict.fromkeys(reason.unknowns()))


def _no(_limb: str) -> Reason:
    raise AssertionError("a condition that looks at one more thing than the book was told")


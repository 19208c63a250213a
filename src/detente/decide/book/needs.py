"""The facts that would settle each line that cannot be answered: what the unknown conditions of its rules say.

Each condition is asked once for all lines that its reasons cannot tell apart; what it says is put together for every
line. The id of the line itself, where it is named, is put in at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from detente.decide.asked import Asked
from detente.decide.book import _kernels, asks
from detente.decide.book.allocation import Draws
from detente.decide.book.answers import Pattern
from detente.decide.book.asks import Ask
from detente.decide.book.codes import PLACES, Coded, Ints, together
from detente.decide.book.lenses import Lens, Lenses
from detente.decide.book.licensed import Answers, Licensed
from detente.decide.book.people import ROLES
from detente.decide.book.tables import Family, Masks, Tables, has
from detente.decide.facts import Facts
from detente.decide.licensing.ledger import Drawn
from detente.decide.licensing.licences import covers
from detente.decide.limbs import DOWNSTREAM, conditions, plays
from detente.decide.truth import UNKNOWN, Reason, any_of

SELF = "\x00"  # stands for the id of a line in what is said of many
Words = tuple[str, ...]
Test = Callable[[Asked], Reason | None]
Part = tuple[Literal["limb", "met", "licences"], int]


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """What each line needs: the number of its words (0: none), and the words, in which ``SELF`` is the line's id."""

    of: Ints
    words: tuple[Words, ...]

    def at(self, i: int, name: str) -> Words:
        """What the line of a number and id needs."""
        return tuple(w.replace(SELF, name) for w in self.words[self.of[i]])

    def column(self, ids: pl.Series) -> pl.Series:
        """A list for each line."""
        lists = pl.Series("needs", self.words, dtype=pl.List(pl.String))
        own = np.array([any(SELF in w for w in words) for words in self.words], dtype=bool)
        lines = np.flatnonzero(own[self.of])
        rows = pl.DataFrame({"at": lines, "word": lists.gather(self.of[lines]), "id": ids.gather(lines)})
        text = pl.col("word").str.replace_all(SELF, pl.col("id"), literal=True)
        said = rows.explode("word").with_columns(text).group_by("at", maintain_order=True).agg("word")
        where = self.of.copy()
        where[lines] = lists.len() + np.arange(lines.size)
        return pl.concat([lists, said["word"].rename("needs")], rechunk=True).gather(where)


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
        finder = _Finder(book, readings[r], tables, found, draws, drawn, lines)
        first, number = together([answers.of[lines], numbers[r][lines]])
        order = np.argsort(number, kind="stable")
        groups = np.split(order, np.cumsum(np.bincount(number, minlength=first.size))[:-1])
        parts = [
            list(finder.parts(answers.all[answers.of[i]].unknown, patterns[r][numbers[r][i]]))
            for i in lines[first].tolist()
        ]
        columns = finder.said(groups, parts)
        for some, pieces in zip(groups, columns, strict=True):
            one, each = together([np.zeros(some.size, np.int64), *pieces])
            said = [words.number(tuple(dict.fromkeys(w for p in pieces for w in finder.texts.all[p[j]])))
                    for j in one.tolist()]  # fmt: skip
            of[lines[some]] = np.array(said, dtype=np.int64)[each]
    return Needs(of, tuple(words.all))


class _Said:
    """What one test says of lines that it cannot tell apart, worked out when it is asked for.

    ``number`` is the kind of each line to it, ``text`` what is said of each kind: -1 where it has not been asked, -2
    where it names the day or the destination of the line, so that ``finer`` has to be looked at.
    """

    def __init__(self, finder: _Finder, test: Test, number: Ints, *, whole: bool) -> None:
        self.finder, self.test, self.number, self.is_whole = finder, test, number, whole
        self.text = np.full(int(number.max(initial=-1)) + 1, -1, dtype=np.int64)
        self.finer: dict[tuple[int, int, int], int] = {}

    def of(self, some: Ints) -> Ints:
        """The numbers of what is said of some lines."""
        number = self.number[some]
        new = np.flatnonzero(self.text[number] == -1)
        if new.size:
            first, _ = together([number[new]])
            at = some[new[first]]
            for place, words in zip(at.tolist(), self._asked(at), strict=True):
                is_own = self.finder.names_line(words, place)
                self.text[self.number[place]] = -2 if is_own else self.finder.texts.number(words)
        found = self.text[number]
        at = np.flatnonzero(found == -2)
        if at.size:
            day, to = self.finder.view.day[some[at]], self.finder.destination[some[at]]
            first, each = together([number[at], day, to])
            keys = list(zip(number[at[first]].tolist(), day[first].tolist(), to[first].tolist(), strict=True))
            new = np.array([j for j, key in enumerate(keys) if key not in self.finer], dtype=np.int64)
            for j, words in zip(new.tolist(), self._asked(some[at[first[new]]]), strict=True):
                self.finer[keys[j]] = self.finder.texts.number(words)
            found[at] = np.array([self.finer[key] for key in keys], dtype=np.int64)[each]
        return found

    def _asked(self, places: Ints) -> Iterator[Words]:
        return self.finder.ask(self.test, places, whole=self.is_whole)


class _Finder:
    """Finds what the lines of one reading need. Lines are given by their place in ``lines``."""

    def __init__(
        self, book: Coded, facts: Facts, tables: Tables, found: Licensed, draws: Draws,
        drawn: Callable[[int], Drawn], lines: Ints,
    ) -> None:  # fmt: skip
        self.book, self.facts, self.tables, self.lines, self.drawn = book, facts, tables, lines, drawn
        self.texts = Texts()
        self.view: Lenses = tables.lenses.of(lines)
        self.destination = self.view.codes(("column", "destination"))
        names = tables.lenses.own_names
        self.own = np.array([i if i in names else -1 for i in lines.tolist()], dtype=np.int64)
        self.families: dict[int, list[tuple[Family, list[Ask]]]] = {}
        for family in (*tables.families, tables.saving):
            for a in family.asks:
                some = self.families.setdefault(a.limb, [])
                if not some or some[-1][0] is not family:
                    some.append((family, []))
                some[-1][1].append(a)
        self.tests = {k: dict(conditions(m, x)) for k, (m, x) in enumerate(tables.limbs)}
        group = np.full(book.n, -1, dtype=np.int64)
        group[found.lines] = found.of
        self.group = group[lines]
        self.unsure = found.may_be_unknown()
        self.stand = draws.stand[lines] if draws.stand.size else np.zeros(lines.size, np.int64)
        self._said: dict[Hashable, _Said] = {}
        self._rows: dict[int, list[tuple[Ints, Ints]]] = {}

    def parts(self, unknown: Iterable[int], pattern: Pattern) -> Iterator[Part]:
        """The parts of the rules that some lines hang on, in the order in which they are told."""
        rules = {rule.number: rule for rule in pattern.rules}
        for k in unknown:
            rule, limb = rules[k], self.tables.limbs[k][1]
            outs = self.tables.outs
            bites = (k, *outs[k]) if rule.bites is UNKNOWN else ()
            lifting = self.tables.lifts[k] if rule.lifted is UNKNOWN else ()
            open_ = [x for x in lifting if pattern.left(x, outs[x]) is UNKNOWN]
            lifts = [each for x in open_ for each in (x, *outs[x])]
            yield from (("limb", x) for x in (*bites, *lifts) if pattern.truth(x) is UNKNOWN)
            if rule.met is UNKNOWN:
                yield "met", k
            if limb.id in pattern.licensable:
                yield "licences", k

    def said(self, groups: Sequence[Ints], parts: Sequence[Sequence[Part]]) -> list[list[Ints]]:
        """What every part says of the lines of each group, as numbers of texts; each part is asked once for all."""
        where: dict[Part, list[int]] = {}
        for g, mine in enumerate(parts):
            for part in dict.fromkeys(mine):
                where.setdefault(part, []).append(g)
        columns: list[dict[Part, Ints]] = [{} for _ in groups]
        for part, which in where.items():
            some = np.concatenate([groups[g] for g in which])
            ends = np.cumsum([groups[g].size for g in which])[:-1]
            for g, column in zip(which, np.split(self._part(part, some), ends), strict=True):
                columns[g][part] = column
        return [[found[part] for part in mine] for found, mine in zip(columns, parts, strict=True)]

    def _part(self, part: Part, some: Ints) -> Ints:
        """What a part says of some lines."""
        kind, k = part
        if kind == "licences":
            return self._licences(k, some)
        if kind == "met":
            (ask,) = asks.met_of(k, self.tables.limbs[k][1])
            return self._of_ask(ask).of(some)
        columns = self._limb(k, some)
        first, number = together([np.zeros(some.size, np.int64), *columns])
        texts = [self.texts.number(tuple(w for c in columns for w in self.texts.all[c[j]])) for j in first.tolist()]
        return np.array(texts, dtype=np.int64)[number]

    def _limb(self, k: int, some: Ints) -> list[Ints]:
        """What each unknown condition of a limb says."""
        limb = self.tables.limbs[k][1]
        found: dict[str, Ints] = {}
        savings: list[Ints] = []
        if limb.parties is not None:
            found["parties"] = self._parties(k, "parties", some)
        if limb.places is not None and limb.places.headquartered_in:
            found["headquarters"] = self._parties(k, "headquarters", some)
        for family, each in self.families.get(k, ()):
            pair = family.pair[family.rows[self.lines[some]]]
            unsure = np.flatnonzero(has(pair[:, 1], k) & ~has(pair[:, 0], k))
            for ask in each if unsure.size else ():
                column = np.zeros(some.size, dtype=np.int64)
                column[unsure] = self._of_ask(ask).of(some[unsure])
                if ask.name == "saving":
                    savings.append(column)
                else:
                    found[ask.name] = column
        if limb.knowledge == "knowledge":
            (ask,) = asks.knowledge_of(k, limb)
            column = np.zeros(some.size, dtype=np.int64)
            unsure = np.flatnonzero(~self._knows_customer(k, some))
            column[unsure] = self._of_ask(ask).of(some[unsure])
            found["knowledge"] = column
        return [*(found[name] for name in self.tests[k] if name in found), *savings]

    def _of_ask(self, ask: Ask) -> _Said:
        """What a condition says."""
        return self._kept((ask.name, ask.key), ask.test, (*ask.lenses, *ask.names), whole=ask.asks_bites)

    def _kept(
        self, key: Hashable, test: Test, lenses: Iterable[Lens], columns: Sequence[Ints] = (), *, whole: bool
    ) -> _Said:
        if key not in self._said:
            seen = [self.view.codes(x) for x in dict.fromkeys(lenses)]
            _, number = together([self.own, *seen, *columns])
            self._said[key] = _Said(self, test, number, whole=whole)
        return self._said[key]

    def _people(self, role: int) -> list[tuple[Ints, Ints]]:
        """Who has a role, and which row of the tables of people that is on the day of each line; -1 for nobody."""
        if role not in self._rows:
            people, book = self.tables.people, self.book
            codes = [book.columns[ROLES[role]][self.lines]] if role < 3 else self._between()
            self._rows[role] = []
            for code in codes:
                out = np.empty(self.lines.size, dtype=np.int64)
                _kernels.segments(people.start, people.since, code, self.view.day, out)
                self._rows[role].append((code, np.where(out >= 0, people.at[out], -1)))
        return self._rows[role]

    def _between(self) -> list[Ints]:
        """The intermediate consignees of the lines: the first of each, the second, and so on."""
        book, which = self.book, self.book.columns["between"][self.lines]
        first, last = book.between_start[which], book.between_start[which + 1]
        flat = np.append(book.between_party, -1)
        most = int((last - first).max(initial=0))
        return [flat[np.where(first + k < last, first + k, flat.size - 1)] for k in range(most)]

    def _knows_customer(self, k: int, some: Ints) -> np.ndarray:
        """Whether a limb means the seller's own customer for certain."""
        known = np.zeros(some.size, dtype=bool)
        for role in (0, 1):
            for _, rows in self._people(role):
                known |= has(self.tables.people.meant[rows[some], 0], k)
        return known

    def _parties(self, k: int, name: str, some: Ints) -> Ints:
        """What is not known of the parties of a limb, or of where they have their headquarters."""
        limb, people = self.tables.limbs[k][1], self.tables.people
        table: Masks = people.meant if name == "parties" else people.home
        columns: list[Ints] = []
        sure, perhaps = np.zeros(some.size, dtype=bool), np.zeros(some.size, dtype=bool)
        for role in range(4):
            if name == "parties" and limb.parties is not None and not plays(limb.parties, ROLES[role]):
                continue
            for code, rows in self._people(role):
                pair, is_there = table[rows[some]], rows[some] >= 0
                sure |= is_there & has(pair[:, 0], k)
                unsure = is_there & has(pair[:, 1], k) & ~has(pair[:, 0], k)
                perhaps |= unsure
                columns += [np.where(unsure, code[some], -1), np.where(unsure, rows[some], -1)]
        if name == "parties" and limb.parties is not None and DOWNSTREAM in limb.parties.roles:
            lens: Lens = ("told", frozenset({DOWNSTREAM}), frozenset())
            columns.append(self.view.codes(lens)[some])
            pair = self.tables.down.pair[self.tables.down.rows[self.lines[some]]]
            sure |= has(pair[:, 0], k)
            perhaps |= has(pair[:, 1], k)
        found = np.zeros(some.size, dtype=np.int64)
        at = np.flatnonzero(perhaps & ~sure)
        if at.size:
            first, number = together([self.own[some[at]], *(c[at] for c in columns)])
            said = _Said(self, self.tests[k][name], np.empty(0, np.int64), whole=True)
            said.text = np.full(first.size, -1, dtype=np.int64)
            said.number = np.zeros(self.lines.size, dtype=np.int64)
            said.number[some[at]] = number
            found[at] = said.of(some[at])
        return found

    def _licences(self, k: int, some: Ints) -> Ints:
        """What is not known of the licences against a rule."""
        found = np.zeros(some.size, dtype=np.int64)
        limb = self.tables.limbs[k][1].id
        at = np.flatnonzero(self.unsure[limb][self.group[some]]) if limb in self.unsure else ()
        if len(at):
            names = (("column", "variant"), ("column", "seller_unit"))
            said = self._kept(("licences", limb), self._covers(limb), names, (self.group, self.stand), whole=True)
            found[at] = said.of(some[at])
        return found

    def _covers(self, limb: str) -> Test:
        def test(asked: Asked) -> Reason:
            drawn = self.drawn(self.at)
            each = covers(limb, asked.sale, asked.taking, self.facts, asked.day, drawn)
            return any_of("", [c.reason for c in each if c.reason.truth is UNKNOWN])

        return test

    def ask(self, test: Test, places: Ints, *, whole: bool) -> Iterator[Words]:
        """What some lines are told, their own ids left open unless the record speaks of them."""
        lines, own = self.lines[places], self.own[places].tolist()
        names = [SELF if k < 0 else self.tables.lenses.own_names[k] for k in own]
        for at, sale in zip(lines.tolist(), self.book.sales(lines, names), strict=True):
            self.at, when = at, self.book.when(at)
            asked = self.book.asked(at, self.facts, sale) if whole else Asked(sale, (), self.facts, when, _no)
            reason = test(asked)
            yield () if reason is None else tuple(dict.fromkeys(reason.unknowns()))

    def names_line(self, words: Words, place: int) -> bool:
        """Whether the day or the destination of a line is named."""
        day, to = str(self.book.when(int(self.lines[place]))), PLACES[self.destination[place]]
        return any(day in w or re.search(rf"\b{to}\b", w) for w in words)


def _no(_limb: str) -> Reason:
    raise AssertionError("a condition that looks at one more thing than the book was told")

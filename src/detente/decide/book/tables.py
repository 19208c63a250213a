"""The conditions of every limb as tables of bits: each is tested once for each thing it can tell apart.

A condition looks at few things about a sale: acts at the movement, items at the good. For every combination that occurs
in the book the same function that decides one sale is asked on one line of it, and the answer goes into the table as
one bit a limb. What many lines share is thus worked out once, and a line can only get the answer it would get alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from detente.decide.asked import Asked
from detente.decide.book.codes import NEVER, Coded, Ints, buckets, together
from detente.decide.facts import Facts
from detente.decide.limbs import DOWNSTREAM, at_home, conditions, downstream, not_saved, plays
from detente.decide.members import is_meant, ownership_days
from detente.decide.rows import Span
from detente.decide.rules import met
from detente.decide.sale import Taking, legal_party
from detente.decide.scope import takes_out
from detente.decide.truth import FALSE, TRUE, Reason, Truth
from detente.record.limb import Limb, Parties, Scope
from detente.record.measures import Measure

Masks = npt.NDArray[np.uint64]
ROLES = ("purchaser", "ultimate_consignee", "end_user", "intermediate_consignee")
_ALL = ("seller", "purchaser", "ultimate_consignee", "end_user", "between", "good", "destination", "via", "end_use",
        "move", "usd", "told", "production_started", "aboard_carrier", "exported", "received", "ordered")  # fmt: skip
_KEPT = {"require_licence", "prohibit", "authorise", "forbid_compliance", "out_of_scope"}


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Conditions that look at the same things: a table row a combination, and the row of each line.

    ``pair[row, 0]`` has the bits of the limbs whose condition is true, ``pair[row, 1]`` of those where it is not false.
    """

    names: tuple[str, ...]
    rows: Ints
    pair: Masks


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """What each party is to the limbs over time: rows of a party in order of the day from which they hold."""

    start: Ints
    since: Ints
    meant: Masks
    home: Masks


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Everything that ``_kernels.match`` needs, for one reading of the record."""

    limbs: tuple[tuple[Measure, Limb], ...]
    words: int
    families: tuple[Family, ...]
    people: People
    told: Ints
    down: Masks
    knows: Masks
    met: Masks
    saving: Family
    number: Mapping[str, int]
    masks: Mapping[str, Masks] = field(default_factory=dict)


def bits(numbers: Iterable[int], words: int) -> Masks:
    """A mask with the bits of some limbs."""
    mask = np.zeros(words, dtype=np.uint64)
    for k in numbers:
        mask[k // 64] |= np.uint64(1) << np.uint64(k % 64)
    return mask


def numbers(mask: Masks) -> list[int]:
    """The limbs whose bits are set."""
    return [64 * w + b for w, word in enumerate(mask.tolist()) for b in range(64) if word >> b & 1]


def build(book: Coded, facts: Facts) -> Tables:
    """All tables for a book."""
    limbs = tuple(facts.limbs.values())
    words = max(1, -(-len(limbs) // 64))
    breaks = Breaks(facts)
    asks: dict[tuple[tuple[str, ...], str], list[tuple[int, str, Hashable, Callable[[Asked], Reason]]]] = {}
    for k, (measure, limb) in enumerate(limbs):
        for name, test in conditions(measure, limb):
            reads = _reads(name, limb, measure, facts)
            if reads is not None:
                asks.setdefault(reads, []).append((k, name, _spec(name, measure, limb), test))
    families = tuple(_family(book, facts, reads, what, breaks, words, len(limbs)) for reads, what in asks.items())
    told, examples = _told(book, breaks)
    down, knows, papers = (_blank(len(examples), words) for _ in range(3))
    for r, i in enumerate(examples):
        _tell(r, book.asked(i, facts), limbs, (down, knows, papers))
    no = {
        "party": [k for k, (_, x) in enumerate(limbs) if x.parties is None],
        "home": [k for k, (_, x) in enumerate(limbs) if x.places is None or not x.places.headquartered_in],
        "knowledge": [k for k, (_, x) in enumerate(limbs) if x.knowledge != "knowledge"],
        "scoped": [k for k, (_, x) in enumerate(limbs) if x.scope],
        "held": [k for k, (_, x) in enumerate(limbs) if x.effect in {"require_licence", "prohibit"}],
        "kept": [k for k, (_, x) in enumerate(limbs) if x.effect in _KEPT],
    }
    masks = {name: bits(which, words) for name, which in no.items()}
    counted = [[k for k, (_, x) in enumerate(limbs) if x.parties and plays(x.parties, r)] for r in ROLES]
    masks["roles"] = np.stack([bits(which, words) for which in counted])
    return Tables(
        limbs, words, families, _people(book, facts, limbs, breaks, words), told, down, knows, papers,
        _savings(book, facts, limbs, breaks, words), {x.id: k for k, (_, x) in enumerate(limbs)}, masks,
    )  # fmt: skip


def _blank(rows: int, words: int) -> Masks:
    return np.zeros((rows, 2, words), dtype=np.uint64)


def _put(pair: Masks, row: int, which: Iterable[int], answer: Truth) -> None:
    """Write one answer for some limbs."""
    for k in which:
        bit = np.uint64(1) << np.uint64(k % 64)
        if answer is TRUE:
            pair[row, 0, k // 64] |= bit
        if answer is not FALSE:
            pair[row, 1, k // 64] |= bit


class Breaks:
    """The days on which different kinds of condition may change, as ordinals."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        windows = [w for _, x in facts.limbs.values() for w in x.in_force]
        windows += [w for _, x in facts.limbs.values() for w in x.not_enforced]
        windows += [w for r in facts.ownership_rules.values() for w in r.in_force]
        spans = [Span(w.since, end) for w in windows for end in {w.through, w.written_through}]
        self.law = set(_days(spans))
        self.geo = set(_days(x.span for group in facts.groups.values() for x in group))
        self.geo |= set(_days(x.span for group in facts.territories.values() for x in group))
        self.chart = self.geo | set(_days(x.span for group in facts.chart.values() for x in group))
        self.chart |= set(_days(x.span for group in facts.codes.values() for x in group))
        self.told = set(_days(x.span for group in facts.findings.values() for x in group))
        self.told |= set(_days(x.span for group in facts.documents.values() for x in group))
        self.owners = set(_days(x.span for group in facts.stakes.values() for x in group))
        self.entries = set(_days(x.span for group in facts.listings.values() for x in group))

    def of(self, name: str, limb: Limb) -> set[int]:
        """The days that matter to a condition of a limb."""
        match name:
            case "window":
                return self.law
            case "scope":
                designed = self.entries | self.owners if _designs(limb, self.facts) else set()
                out = any(takes_out(s.named, self.facts) for s in _scopes(limb, self.facts) if s.named)
                every = self.told | self.entries | self.owners if out else set()
                return self.law | self.chart | designed | every
            case "items" | "chart":
                return self.chart | (self.told if limb.items and limb.items.decided_by in _SAID else set())
            case "places":
                return self.geo
            case "bound":
                return self.owners | self.geo
            case "acts":
                return self.geo  # the home of a regime may be a group of countries
            case "value":
                return set()
        return self.told | self.owners


_SAID = {"declared", "expert"}


def _days(spans: Iterable[Span]) -> Iterator[int]:
    for span in spans:
        if span.since is not None:
            yield span.since.toordinal()
        if span.through is not None:
            yield span.through.toordinal() + 1


def _scopes(limb: Limb, facts: Facts) -> Iterator[Scope]:
    """The scope rows of a limb and of all it names."""
    left, seen = [limb], {""}
    while left:
        one = left.pop()
        for row in one.scope:
            yield row
            if row.named and row.named in facts.limbs and row.named not in seen:
                seen.add(row.named)
                left.append(facts.limbs[row.named][1])


def _designs(limb: Limb, facts: Facts) -> bool:
    return any(s.designed_by for s in _scopes(limb, facts))


def _reads(name: str, limb: Limb, measure: Measure, facts: Facts) -> tuple[tuple[str, ...], str] | None:
    """What a condition looks at, and a word for the days that matter to it; None: it has a table of its own."""
    match name:
        case "parties" | "headquarters":
            return None
        case "knowledge":
            return None if limb.knowledge == "knowledge" else (("seller", "told"), "told")
        case "window":
            return (), "law"
        case "acts":
            return ("move",), "none"
        case "scope":
            rows = list(_scopes(limb, facts))
            if any(s.named and takes_out(s.named, facts) for s in rows):
                return _ALL, "all"
            far = any(s.to or s.to_except or s.content_counts == "licensable_to_destination" for s in rows)
            return (("good", "destination") if far else ("good",)), "scope"
        case "items":
            said = limb.items is not None and limb.items.decided_by in _SAID
            return (("good", "told") if said else ("good",)), "items"
        case "chart":
            return ("good", "destination"), "items"
        case "places":
            via = limb.places is not None and limb.places.via_counts
            return (("destination", "via") if via else ("destination",)), "geo"
        case "end_use":
            return ("end_use", "told"), "told"
        case "value":
            return ("usd",), "none"
        case "bound":
            near = any(w.startswith("exporter_in_") for w in limb.bound)
            return (("seller", "good") if near else ("seller",)), "bound"
        case "papers":
            return ("told",), "told"
    raise AssertionError(f"a condition that the book does not know: {name} of {measure.id}")


def _spec(name: str, measure: Measure, limb: Limb) -> Hashable:
    """What makes two conditions the same question, so that it is asked once."""
    regime = measure.regime
    match name:
        case "acts":
            return regime, measure.home, limb.acts
        case "scope":
            return regime, tuple(s.model_dump_json() for s in limb.scope)
        case "items":
            return regime, limb.items.model_dump_json() if limb.items else ""
        case "chart":
            return regime, limb.items.reasons if limb.items and not limb.items.reasons_only else ()
        case "places":
            return regime, limb.places.model_dump_json() if limb.places else ""
        case "end_use":
            return limb.end_use
        case "value":
            return limb.max_value_usd
        case "bound" | "knowledge":
            return regime, limb.bound
    return limb.id


def _family(
    book: Coded, facts: Facts, reads: tuple[tuple[str, ...], str],
    what: list[tuple[int, str, Hashable, Callable[[Asked], Reason]]], breaks: Breaks, words: int, n_limbs: int,
) -> Family:  # fmt: skip
    """Test the conditions that look at the same things, once for each combination in the book."""
    names, _ = reads
    days = set().union(*(breaks.of(name, facts_limb(facts, k)) for k, name, _, _ in what))
    columns = [book.columns[c] for c in names]
    if "destination" in names and "good" in names and all(name == "scope" for _, name, _, _ in what):
        columns[names.index("destination")] = _where_it_matters(book, facts, [k for k, *_ in what])
    if names == ("usd",):
        limits = sorted({round((facts_limb(facts, k).max_value_usd or 0) * 100) for k, *_ in what})
        columns = [np.searchsorted(np.array(limits, dtype=np.int64), book.columns["usd"], side="left")]
    columns.append(buckets(book.day, days))
    first, rows = together(columns)
    pair = np.zeros((first.size, 2, words), dtype=np.uint64)
    free = bits(set(range(n_limbs)) - {k for k, *_ in what}, words)
    pair[:] = free
    specs: dict[Hashable, tuple[Callable[[Asked], Reason], list[int]]] = {}
    for k, name, spec, test in what:
        specs.setdefault((name, spec), (test, []))[1].append(k)
    for r, i in enumerate(first.tolist()):
        asked = book.asked(i, facts)
        for test, which in specs.values():
            _put(pair, r, which, test(asked).truth)
    return Family(tuple(dict.fromkeys(name for _, name, _, _ in what)), rows, pair)


def facts_limb(facts: Facts, k: int) -> Limb:
    """The limb of a number."""
    return tuple(facts.limbs.values())[k][1]


def _where_it_matters(book: Coded, facts: Facts, which: list[int]) -> Ints:
    """The destination of each line, or nothing where the good is within reach, or out of it, wherever it goes.

    Most goods are: what is made in a country is subject to its rules anywhere. Only rows on content that is counted by
    destination, and rows for some destinations, need to be asked about each.
    """
    rows = [s for k in which for s in _scopes(facts_limb(facts, k), facts)]
    if any(s.to or s.to_except for s in rows):
        return book.columns["destination"]
    wanted = {o for s in rows if s.content_counts == "licensable_to_destination" for o in s.content_origin}
    asks = np.zeros(int(book.columns["good"].max(initial=0)) + 1, dtype=bool)
    first, _ = together([book.columns["good"]])
    for i in first.tolist():
        good = book.sale(i).variant
        parts = () if good is None or good.content is None else good.content
        asks[book.columns["good"][i]] = any(p.origin in wanted or p.origin == "ZZ" or len(w) > 2
                                            for p in parts for w in wanted)  # fmt: skip
    return np.where(asks[book.columns["good"]], book.columns["destination"], 0)


def _told(book: Coded, breaks: Breaks) -> tuple[Ints, list[int]]:
    """The row of each line in the tables of what is said about it, and a line for each row."""
    days = breaks.told if book.columns["told"].any() else set()
    first, rows = together([book.columns["told"], buckets(book.day, days)])
    return rows, first.tolist()


def _tell(row: int, asked: Asked, limbs: tuple[tuple[Measure, Limb], ...], into: tuple[Masks, Masks, Masks]) -> None:
    """What findings and papers say about one line: buyers further down, knowledge, papers that meet a requirement."""
    down, knows, papers = into
    further = downstream(asked)
    if further is not None:
        which = [k for k, (_, x) in enumerate(limbs) if x.parties and DOWNSTREAM in x.parties.roles]
        _put(down, row, which, further.truth)
    which = [k for k, (_, x) in enumerate(limbs) if x.knowledge == "knowledge"]
    if which:
        _put(knows, row, which, asked.found("the seller knows of it", "knowledge").truth)
    for k, (_, limb) in enumerate(limbs):
        reason = met(limb, asked)
        if reason is not None:
            _put(papers, row, [k], reason.truth)


def _savings(
    book: Coded, facts: Facts, limbs: tuple[tuple[Measure, Limb], ...], breaks: Breaks, words: int
) -> Family:  # fmt: skip
    """The saving clauses: a bit is set where no clause of the limb saves the sale."""
    saving = [(k, x.savings) for k, (_, x) in enumerate(limbs) if x.savings]
    cuts: dict[str, set[int]] = {}
    for _, clauses in saving:
        for clause in clauses:
            for name, day in (*clause.event_by.items(), *clause.done_by.items()):
                event = "aboard_carrier" if name == "en_route" else str(name)
                cuts.setdefault(event, set()).add(day.toordinal() + 1)
    columns = [book.columns["told"]] if saving else []
    days: set[int] = set(breaks.told) if saving and book.columns["told"].any() else set()
    for event, when in sorted(cuts.items()):
        column = book.columns[event]
        columns.append(np.where(column == NEVER, -1, buckets(column, when)))
        days |= when if event == "exported" else set()
    columns.append(buckets(book.day, days))
    first, rows = together(columns)
    pair = np.zeros((first.size, 2, words), dtype=np.uint64)
    pair[:] = bits(set(range(len(limbs))) - {k for k, _ in saving}, words)
    for r, i in enumerate(first.tolist() if saving else []):
        asked = book.asked(i, facts)
        for k, clauses in saving:
            _put(pair, r, [k], min(not_saved(clause, asked).truth for clause in clauses))
    return Family(("saving",), rows, pair)


def _people(book: Coded, facts: Facts, limbs: tuple[tuple[Measure, Limb], ...], breaks: Breaks, words: int) -> People:
    """Which limbs mean each party, and from when, for all parties that take part in the book."""
    used = set(np.unique(np.concatenate([book.columns[r] for r in ROLES[:3]] + [book.between_party])).tolist())
    specs: dict[str, tuple[Parties, list[int]]] = {}
    for k, (_, limb) in enumerate(limbs):
        if limb.parties is not None:
            key = limb.parties.model_dump_json(exclude={"roles", "not_roles", "text"})
            specs.setdefault(key, (limb.parties, []))[1].append(k)
    homes = [(k, m.regime, x.places.headquartered_in) for k, (m, x) in enumerate(limbs)
             if x.places and x.places.headquartered_in]  # fmt: skip
    named = {n for parties, _ in specs.values() for n in parties.names}
    in_graph = set(facts.stakes)
    owned_days = {d for r in facts.ownership_rules.values() for d in ownership_days(r, facts)} | breaks.law
    shared: dict[Hashable, int] = {}
    found: list[tuple[Masks, Masks]] = []
    start, since, place = [0], [0][:0], [0][:0]
    blank = book.asked(0, facts) if book.n else None
    for at, party in enumerate(book.parties):
        row = facts.parties[party]
        if at not in used or blank is None:
            since.append(0)
            place.append(-1)
            start.append(len(since))
            continue
        lists = {e.list for e in facts.listings.get(party, ())}
        is_line = row.kind == "business"
        mine = [s for s in specs.values() if is_line or _concerns(s[0], party, row.group, lists, in_graph)]
        like: Hashable = party
        if not is_line and not lists and party not in in_graph:  # nothing sets it apart but its name, group and home
            like = (
                row.headquarters if homes else None, row.group if row.group in named else None,
                party if party in named else None,
            )  # fmt: skip
        days = {0, *_days(e.span for e in facts.listings.get(party, ()))}
        days |= breaks.owners | breaks.entries if is_line else set()
        days |= owned_days if party in in_graph else set()
        days |= breaks.geo if homes else set()
        for day in sorted(days):
            if (like, day) not in shared:
                shared[like, day] = len(found)
                when = dt.date.fromordinal(max(day, 1))
                legal, reason = legal_party(party, facts, when)
                who = Taking(legal, "purchaser", reason)
                meant, home = _blank(1, words), _blank(1, words)
                for parties, which in mine:
                    _put(meant, 0, which, is_meant(parties, who, facts, when).truth)
                asked = Asked(blank.sale, (), facts, when, blank.bites)
                for k, regime, countries in homes:
                    _put(home, 0, [k], at_home(who, countries, asked, regime).truth)
                found.append((meant, home))
            since.append(day)
            place.append(shared[like, day])
        start.append(len(since))
    found.append((_blank(1, words), _blank(1, words)))
    at_row = np.array(place, dtype=np.int64)
    meant_all, home_all = (np.concatenate([pair[i] for pair in found])[at_row] for i in (0, 1))
    return People(np.array(start, dtype=np.int64), np.array(since, dtype=np.int64), meant_all, home_all)


def _concerns(parties: Parties, party: str, group: str | None, lists: set[str], in_graph: set[str]) -> bool:
    """Whether a rule can mean a party at all: by its name, by a list it is on, or as what somebody owns."""
    if parties.ownership is not None and party in in_graph:
        return True
    named = bool({party, group} & set(parties.names))
    if parties.listed_on is None:
        return named
    return parties.listed_on in lists and (named or not parties.names)

"""Which entries are about the same party.

One authority numbers what it lists (the Treasury, across its lists): the same number is the same party. Without a
number, entries with the same name and a country in common are one party, as are an unnumbered entry and the one
numbered firm of that name and country. Persons that are numbered are never joined by name: too many share one. What
has no country is joined by name with nothing but what has none either. Nothing is inferred from likeness of names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from detente.official.entry import Entry, place
from detente.official.text import slug


def party_ids(entries: Sequence[Entry]) -> list[str]:
    """The id of the party of each entry: ``ofac-30947``, or name and countries as in ``acme-trading-cn-hk``."""
    ids = [""] * len(entries)
    by_name: dict[str, list[int]] = defaultdict(list)
    for i, entry in enumerate(entries):
        if entry.number:
            ids[i] = f"ofac-{slug(entry.number)}"
        if not entry.is_address and (not entry.number or entry.kind in {"Entity", ""}):
            by_name[slug(entry.name)].append(i)
    for same in by_name.values():
        for group in _sharing([i for i in same if not ids[i]], entries):
            countries = {c for i in group for c in entries[i].countries}
            numbered = {ids[i] for i in same if ids[i] and countries & set(entries[i].countries)}
            for i in group:
                ids[i] = numbered.copy().pop() if len(numbered) == 1 else ""
    taken = set(ids)
    for same in by_name.values():
        for group in _sharing([i for i in same if not ids[i]], entries):
            countries = {c for i in group for c in entries[i].countries}
            one = _free(slug(entries[group[0]].name) + place(countries), taken)
            for i in group:
                ids[i] = one
    for i, entry in enumerate(entries):
        if not ids[i]:  # addresses, each of its own
            ids[i] = _free(slug(entry.name) + place(entry.countries), taken)
    return ids


def _free(wanted: str, taken: set[str]) -> str:
    """The id, or the id with the first number that makes it new."""
    one, n = wanted, 1
    while one in taken:
        n += 1
        one = f"{wanted}-{n}"
    taken.add(one)
    return one


def _sharing(of: Iterable[int], entries: Sequence[Entry]) -> list[list[int]]:
    """Entries of one name in groups that share a country, directly or through others of the group."""
    groups: list[tuple[set[str], list[int]]] = []
    for i in of:
        countries = set(entries[i].countries)
        joined = [g for g in groups if g[0] & countries or not (g[0] or countries)]
        members = sorted([i, *(m for g in joined for m in g[1])])
        groups = [g for g in groups if g not in joined]
        groups.append((countries.union(*(g[0] for g in joined)), members))
    return [members for _, members in sorted(groups, key=lambda g: g[1][0])]

"""Measures as data: one TOML file an instrument, with its limbs and the rules on ownership and licences it sets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr, Strict, model_validator

from detente.record import toml
from detente.record.countries import COUNTRIES
from detente.record.files import inside, is_aside
from detente.record.limb import LicenceRule, Limb, OwnershipRule, Row, Window, Words, groups_named, known_places
from detente.record.problems import Problem

Path_ = tuple[str | int, ...]
_SCOPE_PLACES = (
    "origin", "located_in", "content_origin", "exported_from_not", "produced_in_not_hq", "to", "to_except",
)  # fmt: skip


class Milestones(Row):
    """Every date of an instrument other than its windows; none may stand in for another."""

    announced: dt.date | None = None
    on_display: dt.date | None = None
    published: dt.date | None = None
    compliance_from: dt.date | None = None
    decided: dt.date | None = None


class Measure(Row):
    """A legal instrument and its limbs, with the file it was read from.

    ``home`` are the countries (or groups) of the regime itself. Where it is given, what leaves them is an export, what
    moves from one country to another elsewhere a reexport, and what moves inside one elsewhere a transfer; without it,
    a movement counts as each of those that its ends allow.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")
    title: str
    regime: str
    home: Words = ()
    authority: str
    instrument: str
    sources: Words = Field(min_length=1)
    milestones: Milestones = Milestones()
    amends: Words = ()
    superseded_by: Words = ()
    flags: Words = ()
    limbs: Annotated[tuple[Limb, ...], Strict(False)] = ()
    ownership_rules: Annotated[tuple[OwnershipRule, ...], Strict(False)] = ()
    licence_rules: Annotated[tuple[LicenceRule, ...], Strict(False)] = ()
    _file: str = PrivateAttr("")
    _text: str = PrivateAttr("")

    @model_validator(mode="after")
    def _places_known(self) -> Measure:
        known_places("home", self.home)
        return self

    def windows(self) -> Iterator[Window]:
        """The windows of everything it sets: limbs, rules on ownership, rules on licences."""
        for limb in self.limbs:
            yield from limb.in_force
        for owning in self.ownership_rules:
            yield from owning.in_force
        for reading in self.licence_rules:
            yield from reading.in_force

    @property
    def file(self) -> str:
        """The file of the case it stands in."""
        return self._file

    def where(self, path: Path_) -> int:
        """The line of a key; a limb may be named by its id instead of its number."""
        numbers: dict[str | int, int] = {limb.id: i for i, limb in enumerate(self.limbs)}
        steps: list[str | int] = list(path)
        if path[0] == "limbs" and len(path) > 1:
            steps[1] = numbers.get(path[1], path[1])
        return toml.locate(self._text, steps)

    def references(self) -> Iterator[tuple[Path_, str, str]]:
        """Everything it names elsewhere: (path in the file, kind, id)."""
        for s in self.sources:
            yield ("sources",), "source", s
        for group in groups_named(self.home):
            yield ("home",), "group", group
        for field, ids in (("amends", self.amends), ("superseded_by", self.superseded_by)):
            for m in ids:
                yield (field,), "measure", m
        for i, reading in enumerate(self.licence_rules):
            yield from _sources_of(("licence_rules", i), reading.sources, reading.in_force)
        for i, owned in enumerate(self.ownership_rules):
            yield from _sources_of(("ownership_rules", i), owned.sources, owned.in_force)
            for list_ in owned.lists:
                yield ("ownership_rules", i, "lists"), "list", list_
        for i, limb in enumerate(self.limbs):
            yield from _of_limb(("limbs", i), limb)


def _sources_of(at: Path_, sources: tuple[str, ...], windows: tuple[Window, ...]) -> Iterator[tuple[Path_, str, str]]:
    for s in sources:
        yield (*at, "sources"), "source", s
    for k, window in enumerate(windows):
        for s in window.sources:
            yield (*at, "in_force", k, "sources"), "source", s


def _of_limb(at: Path_, limb: Limb) -> Iterator[tuple[Path_, str, str]]:
    """What a limb names elsewhere."""
    yield from _sources_of(at, limb.sources, limb.in_force)
    for k, window in enumerate(limb.not_enforced):
        for s in window.sources:
            yield (*at, "not_enforced", k, "sources"), "source", s
    for k, saving in enumerate(limb.savings):
        for s in saving.sources:
            yield (*at, "savings", k, "sources"), "source", s
    for d in limb.defeats:
        yield (*at, "defeats"), "limb", d
    for way in limb.overcome_by:
        if way.startswith("limb:"):
            yield (*at, "overcome_by"), "limb", way.partition(":")[2]
    for k, scope in enumerate(limb.scope):
        if scope.named is not None:
            yield (*at, "scope", k, "named"), "limb", scope.named
        for origin in scope.made_with_origin:
            if origin not in COUNTRIES:
                yield (*at, "scope", k, "made_with_origin"), "limb", origin
        if scope.designed_by is not None:
            yield (*at, "scope", k, "designed_by"), "tag", scope.designed_by
        for key in _SCOPE_PLACES:
            for group in groups_named(getattr(scope, key)):
                yield (*at, "scope", k, key), "group", group
    if limb.items:
        for group in groups_named(limb.items.origin):
            yield (*at, "items", "origin"), "group", group
    if limb.places:
        for key in ("to", "to_except", "headquartered_in"):
            for group in groups_named(getattr(limb.places, key)):
                yield (*at, "places", key), "group", group
    for who in limb.bound:
        if who.startswith("addressee:"):
            yield (*at, "bound"), "party", who.partition(":")[2]
    if limb.parties:
        for p in limb.parties.names:
            yield (*at, "parties", "names"), "party", p
        if limb.parties.ownership:
            yield (*at, "parties", "ownership"), "ownership rule", limb.parties.ownership
        if limb.parties.listed_on:
            yield (*at, "parties", "listed_on"), "list", limb.parties.listed_on
            for tag in limb.parties.tags:
                yield (*at, "parties", "tags"), "tag", f"{limb.parties.listed_on}:{tag}"


def read_measures(folder: Path, problems: list[Problem]) -> tuple[Measure, ...]:
    """All measures of ``folder``/measures, by file name; what cannot be read is among ``problems``."""
    measures = []
    for path in inside(folder, "measures/*", problems):
        if path.suffix != ".toml":
            if not is_aside(path):
                hint = "a measure is a file in measures/ whose name ends in .toml"
                problems.append(Problem(f"measures/{path.name}", 0, "", "an entry nobody reads", "a .toml file", hint))
            continue
        name = f"measures/{path.name}"
        found = toml.read(path, name, problems)
        if found is None:
            continue
        data, text = found
        measure = toml.fit(Measure, data, text, name, problems)
        if measure is not None:
            measure._file, measure._text = name, text
            measures.append(measure)
    return tuple(measures)

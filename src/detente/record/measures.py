"""Measures as data: one TOML file an instrument, its limbs with their own dates, scope, items, parties and effect.

Every key is known; an unknown one is a fault, because a misspelt field of law must not be ignored. Dates are both
inclusive, as the law writes them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, Strict, model_validator

from detente.record import toml
from detente.record.countries import COUNTRIES
from detente.record.files import inside, is_aside
from detente.record.problems import Problem

Words = Annotated[tuple[str, ...], Strict(False)]
Number = Annotated[float, Strict(False)]
Path_ = tuple[str | int, ...]


class Row(BaseModel):
    """A strict, frozen record that knows no other keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Window(Row):
    """A span in which a limb is in force.

    ``recorded`` is the day the world knew it. Where the span was cut short later, ``through_recorded`` is the day that
    became known, and ``written_through`` what the text said until then (absent: no end).
    """

    since: dt.date
    through: dt.date | None = None
    recorded: dt.date
    written_through: dt.date | None = None
    through_recorded: dt.date | None = None
    certainty: Literal["enacted", "scheduled", "announced", "disputed"] = "enacted"
    note: str = ""
    sources: Words = ()

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.through is not None and self.through < self.since:
            raise ValueError(f"a window that ends ({self.through}) on or after the day it starts ({self.since})")
        if self.written_through is not None and self.through_recorded is None:
            raise ValueError("through_recorded beside written_through: the day on which the earlier end became known")
        return self

    def end(self, as_known: dt.date | None) -> dt.date | None:
        """The last day, as it was known on ``as_known``; None: no end."""
        if as_known is not None and self.through_recorded is not None and as_known < self.through_recorded:
            return self.written_through
        return self.through


Windows = Annotated[tuple[Window, ...], Strict(False)]


class Milestones(Row):
    """Every date of an instrument other than its windows; none may stand in for another."""

    announced: dt.date | None = None
    on_display: dt.date | None = None
    published: dt.date | None = None
    compliance_from: dt.date | None = None
    decided: dt.date | None = None


class Scope(Row):
    """Why the authority has a say over the thing. Rows are OR-ed, the fields of a row AND-ed."""

    named: str | None = None
    origin: Words = ()
    located_in: Words = ()
    content_origin: Words = ()
    content_counts: Literal["all", "licensable_to_destination", "listed_codes"] | None = None
    content_codes: Words = ()
    content_op: Literal[">", ">="] | None = None
    content_pct: Number | None = Field(default=None, ge=0, le=100)
    made_with_codes: Words = ()
    made_with_origin: Words = ()
    plant_codes: Words = ()
    designed_by: str | None = None
    text: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Scope:
        tested = (
            self.named, self.origin, self.located_in, self.content_origin, self.made_with_codes, self.plant_codes,
            self.designed_by,
        )  # fmt: skip
        if not any(tested):
            raise ValueError("a key that can be tested beside text, such as origin or made_with_codes")
        if not self.content_origin and (self.content_op or self.content_pct is not None or self.content_counts):
            raise ValueError("content_origin beside content_op, content_pct and content_counts")
        _countries("origin", self.origin)
        _countries("located_in", self.located_in)
        _countries("content_origin", self.content_origin)
        if self.content_origin and (self.content_op is None or self.content_pct is None or self.content_counts is None):
            raise ValueError("content_counts, content_op and content_pct beside content_origin")
        if (self.made_with_codes or self.plant_codes) and not self.made_with_origin:
            raise ValueError("made_with_origin beside made_with_codes or plant_codes")
        if self.designed_by is not None and ":" not in self.designed_by:
            raise ValueError("designed_by written list:tag, such as us-entity-list:fn1")
        return self


def _countries(key: str, words: tuple[str, ...], also: tuple[str, ...] = ()) -> None:
    """Countries of a measure are codes; a name or a typo would match nothing in silence."""
    for word in words:
        if word not in COUNTRIES and word not in also:
            raise ValueError(f"{key}: ISO country codes such as CN{' or *' if also else ''}; got {word!r}")


class Items(Row):
    """Which goods: codes are prefixes of a code tree."""

    codes: Words = ()
    codes_except: Words = ()
    kind: Annotated[tuple[Literal["commodity", "software", "technology", "service"], ...], Strict(False)] = ()
    origin: Words = ()
    tags: Words = ()
    text: str = ""
    decided_by: Literal["code", "declared", "expert"] = "code"

    @model_validator(mode="after")
    def _tested(self) -> Items:
        if self.decided_by == "code" and not (self.codes or self.codes_except or self.kind or self.origin or self.tags):
            raise ValueError("codes, kind, origin or tags; or decided_by = 'expert' where only a finding can tell")
        _countries("origin", self.origin)
        return self


class Places(Row):
    """Destinations (ISO codes or ``*``) and headquarters."""

    to: Words = ()
    to_except: Words = ()
    headquartered_in: Words = ()
    text: str = ""

    @model_validator(mode="after")
    def _tested(self) -> Places:
        if not (self.to or self.to_except or self.headquartered_in):
            raise ValueError("to, to_except or headquartered_in beside text")
        _countries("to", self.to, ("*",))
        _countries("to_except", self.to_except)
        _countries("headquartered_in", self.headquartered_in)
        return self


ROLES = ("purchaser", "intermediate_consignee", "ultimate_consignee", "end_user", "buyer_of_downstream", "any")
Role = Literal["purchaser", "intermediate_consignee", "ultimate_consignee", "end_user", "buyer_of_downstream", "any"]


class Parties(Row):
    """Who must take part, and in which role."""

    listed_on: str | None = None
    tags: Words = ()
    names: Words = ()
    roles: Annotated[tuple[Role, ...], Strict(False)] = ("any",)
    text: str = ""

    @model_validator(mode="after")
    def _tested(self) -> Parties:
        if not (self.listed_on or self.names):
            raise ValueError("listed_on or names beside roles, tags and text")
        if self.tags and not self.listed_on:
            raise ValueError("listed_on beside tags")
        return self


Policy = Literal[
    "denial", "presumption_of_denial", "policy_of_denial", "case_by_case", "presumption_of_approval", "none_stated"
]


class Review(Row):
    """How an application is looked at."""

    policy: Policy
    items: Items | None = None
    text: str = ""


class Duty(Row):
    """What must be on file or done beside."""

    kind: Literal["certificate", "statement", "record", "report", "notify", "supplier_written_confirmation", "other"]
    by: str = ""
    text: str = ""


EVENTS = ("ordered", "production_started", "aboard_carrier", "en_route", "exported")
EventDays = dict[Literal["ordered", "production_started", "aboard_carrier", "en_route", "exported"], dt.date]


class Saving(Row):
    """A wind-down or in-transit clause: each day is tested against that event of the sale, both ends inclusive."""

    event_by: EventDays = {}
    done_by: EventDays = {}
    text: str
    sources: Words

    @model_validator(mode="after")
    def _tested(self) -> Saving:
        if not (self.event_by or self.done_by):
            raise ValueError("a day in event_by or done_by; without one the clause would save every sale")
        return self


Effect = Literal["require_licence", "prohibit", "authorise", "forbid_compliance", "define", "inform"]


Act = Literal["export", "reexport", "transfer", "export_from_abroad", "release", "service", "support"]
_BOUND = re.compile(r"^(anyone|[a-z]{2}_person|addressee:[A-Za-z0-9][A-Za-z0-9_.\-]*)$")


class Limb(Row):
    """One operative rule."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")
    effect: Effect
    text: str
    sources: Words = Field(min_length=1)
    in_force: Windows = Field(min_length=1)
    acts: Annotated[tuple[Act, ...], Strict(False)] = ("export", "reexport", "transfer")
    bound: Words = ("anyone",)
    scope: Annotated[tuple[Scope, ...], Strict(False)] = ()
    items: Items | None = None
    places: Places | None = None
    parties: Parties | None = None
    end_use: Words = ()
    end_use_text: str = ""
    knowledge: Literal["none", "knowledge", "informed"] = "none"
    overcome_by: Words = ("licence",)
    defeats: Words = ()
    reviews: Annotated[tuple[Review, ...], Strict(False)] = ()
    duties: Annotated[tuple[Duty, ...], Strict(False)] = ()
    savings: Annotated[tuple[Saving, ...], Strict(False)] = ()
    not_enforced: Windows = ()
    not_expressed: Words = ()

    @property
    def is_licensable(self) -> bool:
        """Whether a licence of an authority can overcome the rule."""
        return self.effect != "prohibit" and "licence" in self.overcome_by

    @model_validator(mode="after")
    def _words_known(self) -> Limb:
        if self.end_use_text and not self.end_use:
            raise ValueError("end_use beside end_use_text")
        for who in self.bound:
            if not _BOUND.match(who):
                raise ValueError(
                    f"bound: anyone, a country's person such as us_person, or addressee:PARTY; got {who!r}"
                )
        rows = [("scope", s.made_with_codes + s.plant_codes + s.content_codes) for s in self.scope]
        rows += [("items", i.codes + i.codes_except) for i in (self.items,) if i is not None]
        for where, codes in rows:
            for code in codes:
                if ":" in code:
                    bare = code.partition(":")[2]
                    raise ValueError(
                        f"codes of {where} without the regime, which the measure names: {bare!r}, not {code!r}"
                    )
        return self

    @model_validator(mode="after")
    def _windows_apart(self) -> Limb:
        last: Window | None = None
        for window in self.in_force:
            if last is not None and (last.through is None or window.since <= last.through):
                raise ValueError(f"windows of limb {self.id} that do not overlap; the one from {window.since} does")
            last = window
        return self


class Measure(Row):
    """A legal instrument and its limbs, with the file it was read from."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")
    title: str
    regime: str
    authority: str
    instrument: str
    sources: Words = Field(min_length=1)
    milestones: Milestones = Milestones()
    amends: Words = ()
    superseded_by: Words = ()
    flags: Words = ()
    limbs: Annotated[tuple[Limb, ...], Strict(False)]
    _file: str = PrivateAttr("")
    _text: str = PrivateAttr("")

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
        for field, ids in (("amends", self.amends), ("superseded_by", self.superseded_by)):
            for m in ids:
                yield (field,), "measure", m
        for i, limb in enumerate(self.limbs):
            at: Path_ = ("limbs", i)
            for s in limb.sources:
                yield (*at, "sources"), "source", s
            for name, windows in (("in_force", limb.in_force), ("not_enforced", limb.not_enforced)):
                for k, window in enumerate(windows):
                    for s in window.sources:
                        yield (*at, name, k, "sources"), "source", s
            for k, saving in enumerate(limb.savings):
                for s in saving.sources:
                    yield (*at, "savings", k, "sources"), "source", s
            for d in limb.defeats:
                yield (*at, "defeats"), "limb", d
            for k, scope in enumerate(limb.scope):
                if scope.named is not None:
                    yield (*at, "scope", k, "named"), "limb", scope.named
                for origin in scope.made_with_origin:
                    if origin not in COUNTRIES:
                        yield (*at, "scope", k, "made_with_origin"), "limb", origin
            for p in limb.parties.names if limb.parties else ():
                yield (*at, "parties", "names"), "party", p
            for who in limb.bound:
                if who.startswith("addressee:"):
                    yield (*at, "bound"), "party", who.partition(":")[2]
            if limb.parties and limb.parties.listed_on:
                yield (*at, "parties", "listed_on"), "list", limb.parties.listed_on
                for tag in limb.parties.tags:
                    yield (*at, "parties", "tags"), "tag", f"{limb.parties.listed_on}:{tag}"
            for k, scope in enumerate(limb.scope):
                if scope.designed_by is not None:
                    yield (*at, "scope", k, "designed_by"), "tag", scope.designed_by


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

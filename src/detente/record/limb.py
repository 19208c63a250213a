"""The operative rules of a measure as data: limbs with their windows, scope, goods, places, parties and effect.

Every key is known; an unknown one is a fault, because a misspelt field of law must not be ignored. Dates are both
inclusive, as the law writes them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from detente.record.countries import COUNTRIES

Words = Annotated[tuple[str, ...], Strict(False)]
Number = Annotated[float, Strict(False)]


class Row(BaseModel):
    """A strict, frozen record that knows no other keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Window(Row):
    """A span in which a limb is in force.

    ``recorded`` is the day the world knew it. Where the span was cut short later, ``through_recorded`` is the day that
    became known, and ``written_through`` what the text said until then (absent: no end). ``withdrawn`` is the day on
    which it became known that the window would not come at all.
    """

    since: dt.date
    through: dt.date | None = None
    recorded: dt.date
    written_through: dt.date | None = None
    through_recorded: dt.date | None = None
    withdrawn: dt.date | None = None
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

    def counts(self, as_known: dt.date | None) -> bool:
        """Whether the window was known, and not known to be withdrawn, on ``as_known`` (None: everything is known)."""
        if self.withdrawn is not None and (as_known is None or self.withdrawn <= as_known):
            return False
        return as_known is None or self.recorded <= as_known

    def end(self, as_known: dt.date | None) -> dt.date | None:
        """The last day, as it was known on ``as_known``; None: no end."""
        if as_known is not None and self.through_recorded is not None and as_known < self.through_recorded:
            return self.written_through
        return self.through


Windows = Annotated[tuple[Window, ...], Strict(False)]


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
    content_basis: Literal["fair_market_value", "value"] | None = None
    made_with_origin: Words = ()
    plant_codes: Words = ()
    contains_ic_made_so: bool = False
    designed_by: str | None = None
    exported_from_not: Words = ()
    produced_in_not_hq: Words = ()
    to: Words = ()
    to_except: Words = ()
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
        known_places("origin", self.origin)
        known_places("located_in", self.located_in)
        known_places("content_origin", self.content_origin)
        for key, places in (("exported_from_not", self.exported_from_not), ("to", self.to)):
            known_places(key, places)
        known_places("to_except", self.to_except)
        known_places("produced_in_not_hq", self.produced_in_not_hq)
        if self.content_counts == "listed_codes" and not self.content_codes:
            raise ValueError("content_codes beside content_counts = 'listed_codes'")
        if self.contains_ic_made_so and not (self.made_with_codes or self.plant_codes):
            raise ValueError("made_with_codes or plant_codes beside contains_ic_made_so, which widens them")
        if self.content_origin and (self.content_op is None or self.content_pct is None or self.content_counts is None):
            raise ValueError("content_counts, content_op and content_pct beside content_origin")
        if (self.made_with_codes or self.plant_codes) and not self.made_with_origin:
            raise ValueError("made_with_origin beside made_with_codes or plant_codes")
        if self.designed_by is not None and ":" not in self.designed_by:
            raise ValueError("designed_by written list:tag, such as us-entity-list:fn1")
        return self


_GROUP = re.compile(r"^[A-Za-z][A-Za-z0-9:_.\-]*$")


def known_places(key: str, words: tuple[str, ...], also: tuple[str, ...] = ()) -> None:
    """Countries are codes; whatever else is named must be a group, which is looked up in ``groups`` later."""
    for word in words:
        if word in COUNTRIES or word in also:
            continue
        if (len(word) == 2 and word != "EU") or not _GROUP.match(word):
            raise ValueError(f"{key}: ISO country codes such as CN or groups of groups.csv such as D:5; got {word!r}")


def groups_named(words: Iterable[str]) -> Iterator[str]:
    """The words that are groups of countries, not countries."""
    yield from (w for w in words if w not in COUNTRIES and w != "*")


REASON = r"^[A-Z]{2,4} [0-9]$"
_PARAM = re.compile(r"^(<=|>=|<|>|=)\s*([0-9]+(?:\.[0-9]+)?)$")


class Items(Row):
    """Which goods: codes are prefixes of a code tree, ``reasons`` columns of the regime's chart.

    ``reasons`` asks that the good be controlled for one of them, with ``reasons_only`` for no other. ``params``
    compares figures of the good, ``{node_nm = "<=10"}``.
    """

    codes: Words = ()
    codes_except: Words = ()
    reasons: Words = ()
    reasons_only: bool = False
    kind: Annotated[tuple[Literal["commodity", "software", "technology", "service"], ...], Strict(False)] = ()
    params: dict[str, str] = {}
    origin: Words = ()
    tags: Words = ()
    text: str = ""
    decided_by: Literal["code", "parameter", "declared", "expert"] = "code"

    @model_validator(mode="after")
    def _tested(self) -> Items:
        has = self.codes or self.codes_except or self.kind or self.origin or self.tags or self.reasons or self.params
        if self.decided_by in {"code", "parameter"} and not has:
            raise ValueError(
                "codes, kind, origin, reasons, params or tags; or decided_by = 'expert' where a finding tells"
            )
        known_places("origin", self.origin)
        if self.decided_by in {"declared", "expert"} and not self.text:
            raise ValueError("text beside decided_by: what the finding is about")
        for reason in self.reasons:
            if not re.match(REASON, reason):
                raise ValueError(f"reasons: columns of the chart such as 'NS 2'; got {reason!r}")
        for name, test in self.params.items():
            if not _PARAM.match(test):
                raise ValueError(f"params.{name}: a comparison such as '<=10'; got {test!r}")
        return self

    def tests(self) -> tuple[tuple[str, str, float], ...]:
        """The comparisons of ``params``: name, operator, figure."""
        found = ((name, _PARAM.match(test)) for name, test in self.params.items())
        return tuple((name, m[1], float(m[2])) for name, m in found if m is not None)


class Places(Row):
    """Destinations (ISO codes, groups or ``*``), countries on the way, and headquarters."""

    to: Words = ()
    to_except: Words = ()
    via_counts: bool = False
    headquartered_in: Words = ()
    text: str = ""

    @model_validator(mode="after")
    def _tested(self) -> Places:
        if not (self.to or self.to_except or self.headquartered_in):
            raise ValueError("to, to_except or headquartered_in beside text")
        known_places("to", self.to, ("*",))
        known_places("to_except", self.to_except)
        known_places("headquartered_in", self.headquartered_in)
        return self


ROLES = ("purchaser", "intermediate_consignee", "ultimate_consignee", "end_user", "buyer_of_downstream", "any")
Role = Literal["purchaser", "intermediate_consignee", "ultimate_consignee", "end_user", "buyer_of_downstream", "any"]


class Parties(Row):
    """Who must take part, and in which role."""

    listed_on: str | None = None
    tags: Words = ()
    names: Words = ()
    roles: Annotated[tuple[Role, ...], Strict(False)] = ("any",)
    not_roles: Annotated[tuple[Role, ...], Strict(False)] = ()
    ownership: str | None = None
    text: str = ""

    @model_validator(mode="after")
    def _tested(self) -> Parties:
        if not (self.listed_on or self.names):
            raise ValueError("listed_on or names beside roles, tags and text")
        if self.tags and not self.listed_on:
            raise ValueError("listed_on beside tags")
        if self.ownership and not self.listed_on:
            raise ValueError("listed_on beside ownership: whose owners are counted")
        return self


Policy = Literal[
    "denial", "presumption_of_denial", "policy_of_denial", "case_by_case", "presumption_of_approval", "none_stated"
]


class Review(Row):
    """How an application is looked at."""

    policy: Policy
    items: Items | None = None
    text: str = ""


DutyKind = Literal["certificate", "statement", "record", "report", "notify", "supplier_written_confirmation", "other"]
DUTIES: tuple[str, ...] = get_args(DutyKind)


class Duty(Row):
    """What must be on file or done beside; ``on_file``: the rule helps only once the paper is there."""

    kind: DutyKind
    by: str = ""
    text: str = ""
    on_file: bool = False


Event = Literal["ordered", "production_started", "aboard_carrier", "en_route", "exported", "received"]
EVENTS: tuple[str, ...] = get_args(Event)
EventDays = dict[Event, dt.date]


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


Effect = Literal[
    "in_scope", "out_of_scope", "require_licence", "prohibit", "authorise", "forbid_compliance", "define", "inform"
]


Act = Literal[
    "export", "reexport", "transfer", "export_from_abroad", "release", "service", "support", "finance", "acquire",
    "forward", "domestic",
]  # fmt: skip
_BOUND = re.compile(r"^(anyone|[a-z]{2}_person|exporter_in_[a-z]{2}|addressee:[A-Za-z0-9][A-Za-z0-9_.\-]*)$")


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
    max_value_usd: Number | None = Field(default=None, gt=0)
    chart_applies: bool = False
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
        if self.effect in {"define", "in_scope"}:
            keys = ("items", "places", "parties", "end_use", "savings", "chart_applies", "max_value_usd", "duties")
            more = [n for n in (*keys, "reviews") if getattr(self, n)]
            more += [n for n, usual in (("bound", ("anyone",)), ("knowledge", "none")) if getattr(self, n) != usual]
            if more:
                raise ValueError(f"scope alone in a limb that defines one; got {', '.join(more)}")
        if self.effect not in {"authorise", "out_of_scope"} and any(d.on_file for d in self.duties):
            raise ValueError("effect = 'authorise' beside on_file; a requirement names the paper in overcome_by")
        if self.chart_applies and self.effect != "require_licence":
            raise ValueError("effect = 'require_licence' beside chart_applies, which makes a requirement of the chart")
        if self.defeats and self.effect not in {"authorise", "out_of_scope"}:
            raise ValueError("effect = 'authorise' or 'out_of_scope' beside defeats")
        for way in self.overcome_by:
            kind = way.partition(":")[0]
            if kind not in {"licence", "exception", "limb"} and way not in DUTIES:
                expected = f"licence, licence:NAME, exception:NAME, limb:ID or a paper ({', '.join(DUTIES)})"
                raise ValueError(f"overcome_by: {expected}; got {way!r}")
        for who in self.bound:
            if not _BOUND.match(who):
                raise ValueError(
                    f"bound: anyone, us_person, exporter_in_nl or addressee:PARTY (any country); got {who!r}"
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
        _apart(f"limb {self.id}", self.in_force)
        return self


class OwnershipRule(Row):
    """When a party that is owned counts as the parties that own it.

    ``lists`` are the lists whose parties count as owners. ``chain``: ``step`` passes a stake on whole through an owner
    at or over the line and not at all below it (OFAC FAQ 401), ``product`` multiplies, ``none`` looks one step up.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")
    text: str
    lists: Words = Field(min_length=1)
    op: Literal[">", ">="]
    pct: Number = Field(gt=0, le=100)
    aggregate: bool
    chain: Literal["step", "product", "none"]
    control_test: bool = False
    foreign_only: str | None = None
    inherits: Literal["most_restrictive", "full_block", "none"] = "most_restrictive"
    unknown_share: Literal["licence_or_resolve", "red_flag", "silent"] = "silent"
    in_force: Windows = Field(min_length=1)
    sources: Words = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _windows_apart(self) -> OwnershipRule:
        _apart(self.id, self.in_force)
        return self


class LicenceRule(Row):
    """How licences of a regime are read: tolerances and changes that are not material, dated.

    ``value_pct`` and ``quantity_pct`` are what may be shipped beyond a line; with ``stop_at_full_quantity`` nothing
    more once the quantity is shipped. ``units`` limits the rule to lines counted so. ``forwarder_may_change``: another
    intermediate consignee in the country of destination will do.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")
    text: str
    in_force: Windows = Field(min_length=1)
    sources: Words = Field(min_length=1)
    units: Words = ()
    value_pct: Number = Field(default=0, ge=0)
    quantity_pct: Number = Field(default=0, ge=0)
    stop_at_full_quantity: bool = True
    forwarder_may_change: bool = False

    @model_validator(mode="after")
    def _windows_apart(self) -> LicenceRule:
        _apart(self.id, self.in_force)
        return self


def _apart(name: str, windows: tuple[Window, ...]) -> None:
    """Windows come in order and do not overlap."""
    last: Window | None = None
    for window in windows:
        if last is not None and (last.through is None or window.since <= last.through):
            raise ValueError(f"windows of {name} that do not overlap; the one from {window.since} does")
        last = window

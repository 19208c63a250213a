"""A case: everything known about one situation, checked, frozen, as it was known on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from pydantic import Field, PrivateAttr, Strict, model_validator

from detente.record.limb import Policy, Row, Words
from detente.record.measures import Measure

Outcome = Literal[
    "not_subject", "allowed", "allowed_by_exception", "covered_by_licence", "licence_required", "denied", "needs_facts",
    "conflict",
]  # fmt: skip


class Horizon(Row):
    """The days the case is about, both inclusive."""

    since: dt.date
    through: dt.date


class Security(Row):
    """What a side wants held back: the output of the units of another side (``of``) that have one of the tags."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")
    title: str
    side: str
    of: str
    tags: Words = Field(min_length=1)


class About(Row):
    """``case.toml``: what the case is about and how it is usually asked.

    ``sides`` maps a short name to a label. ``story`` are the days a report tells of. ``focus_group`` is the group of
    parties whose purchases the story follows. ``regimes`` says which side a regime is of, ``security`` what each side
    wants held back.
    """

    title: str
    summary: str = ""
    currency: Literal["USD m"] = "USD m"
    base_year: int | None = None
    sides: dict[str, str] = Field(min_length=1)
    horizon: Horizon
    default_as_of: dt.date
    story: Annotated[tuple[dt.date, ...], Strict(False)] = ()
    focus_group: str | None = None
    regimes: dict[str, str] = Field(default_factory=dict)
    security: Annotated[tuple[Security, ...], Strict(False)] = ()

    @model_validator(mode="after")
    def _inside(self) -> About:
        for name, days in (("default_as_of", (self.default_as_of,)), ("story", self.story)):
            for day in days:
                if not self.horizon.since <= day <= self.horizon.through:
                    raise ValueError(
                        f"{name} inside the horizon ({self.horizon.since} to {self.horizon.through}); got {day}"
                    )
        return self


class Decision(Row):
    """A worked decision of the case: the answer that must come out, in the record as it was known, or in a what-if.

    ``facts`` tells the story in words, ``published`` is the answer as its source gives it, ``grade`` how good that
    source is: A the authority itself, B a firm's note on it, C worked out from the text, K own knowledge. ``otherwise``
    is the answer if a window that is not certain were read the other way.
    """

    id: str
    sale: str
    as_of: dt.date
    as_known: dt.date | None = None
    overlay: str | None = None
    outcome: Outcome
    otherwise: Outcome | None = None
    review: Policy | None = None
    limbs: Words = ()
    licence: str | None = None
    facts: str = ""
    published: str = ""
    grade: Literal["A", "B", "C", "K"] | None = None
    sources: Words = ()
    note: str = ""
    _file: str = PrivateAttr("")
    _line: int = PrivateAttr(0)

    @property
    def place(self) -> tuple[str, int]:
        """The file and line it stands in."""
        return self._file, self._line


class Decisions(Row):
    """A file of worked decisions."""

    decisions: Annotated[tuple[Decision, ...], Strict(False)]


class OverlayAbout(Row):
    """``overlay.toml``: what a what-if supposes."""

    title: str
    summary: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A case in memory.

    ``tables`` has one polars frame a table of the data dictionary (empty where the case has none), typed, with the
    columns ``_file`` and ``_row`` that say where each row was read. ``digest`` is a SHA-256 over the content that
    counts (rows, measures, what was known by ``as_known``); the format of the files does not change it.
    """

    name: str
    folder: Path
    about: About
    tables: Mapping[str, pl.DataFrame]
    measures: tuple[Measure, ...]
    decisions: tuple[Decision, ...]
    as_known: dt.date | None
    overlays: tuple[str, ...]
    digest: str

    def __getitem__(self, table: str) -> pl.DataFrame:
        """The frame of a table."""
        return self.tables[table]

    def __repr__(self) -> str:
        overlays = f" + {' + '.join(self.overlays)}" if self.overlays else ""
        known = f", as known on {self.as_known}" if self.as_known else ""
        return (
            f"<Case {self.name}{overlays}{known}: {self['units'].height:,} units, {self['links'].height:,} links, "
            f"{len(self.measures)} measures, record {self.digest[:12]}>"
        )

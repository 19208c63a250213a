"""Three-valued logic and the tree of reasons.

A predicate is true, false or unknown (Kleene's strong logic). Unknown never releases a sale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum


class Truth(IntEnum):
    """False, unknown and true, in that order: AND is the least, OR the greatest."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2

    def __invert__(self) -> Truth:
        return Truth(2 - self)


FALSE, UNKNOWN, TRUE = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE


def truth(value: bool | None) -> Truth:
    """True, false, or unknown for None."""
    return UNKNOWN if value is None else TRUE if value else FALSE


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the record that a reason rests on."""

    table: str
    id: str
    file: str
    row: int

    def __str__(self) -> str:
        return f"{self.table} {self.id} ({self.file}, row {self.row})"


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of an answer: what was asked, what came out, on which facts and sources, and the steps below it.

    ``role`` names the part it plays where that matters to a reader: ``rule``, ``bites``, ``saving``, ``saved``,
    ``overcome``, ``against``, ``defined``; a condition of a limb has the name of the condition.
    """

    text: str
    truth: Truth
    facts: tuple[Fact, ...] = ()
    sources: tuple[str, ...] = ()
    children: tuple[Reason, ...] = field(default=())
    role: str = ""

    def leaves(self) -> Iterator[Reason]:
        """The steps that have nothing below them."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def walk(self) -> Iterator[Reason]:
        """This step and all below it, top down."""
        yield self
        for child in self.children:
            yield from child.walk()

    def unknowns(self) -> Iterator[str]:
        """What would have to be known: the unknown leaves that an unknown answer hangs on."""
        if self.truth is UNKNOWN:
            if not self.children:
                yield self.text
            for child in self.children:
                yield from child.unknowns()


def all_of(
    text: str, children: Iterable[Reason], sources: tuple[str, ...] = (), facts: tuple[Fact, ...] = ()
) -> Reason:
    """True where every child is; an empty list is true."""
    steps = tuple(children)
    return Reason(text, min((c.truth for c in steps), default=TRUE), facts, sources, steps)


def any_of(
    text: str, children: Iterable[Reason], sources: tuple[str, ...] = (), facts: tuple[Fact, ...] = ()
) -> Reason:
    """True where one child is; an empty list is false."""
    steps = tuple(children)
    return Reason(text, max((c.truth for c in steps), default=FALSE), facts, sources, steps)

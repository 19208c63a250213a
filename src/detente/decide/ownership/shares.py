"""Stakes of one day, put together by owner, and what a rule makes of a party."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from detente.decide.truth import FALSE, TRUE, UNKNOWN, Fact, Reason, Truth
from detente.record import DetenteError
from detente.record.limb import OwnershipRule

WHOLE = 1_000_000  # millionths: 49.9999 % is 499_999 and exact
Key = tuple[str, str, str]  # owner, owned, kind
Node = tuple[str, str]  # a party, and the listed party it is held for ("": all of them together)


@dataclass(frozen=True, slots=True)
class Share:
    """A stake on one day, in millionths of the whole.

    Both ends are the same where the share is known exactly, and 0 and 1,000,000 where it is not recorded (``is_known``
    False). ``kind`` is shares, votes or other. ``control`` is what is declared apart from the share; None: nothing.
    ``joint`` names a joint arrangement. Raises ``DetenteError`` for ends that are no range of the whole.
    """

    owner: str
    owned: str
    low: int
    high: int
    kind: str
    control: Truth | None
    joint: str | None
    fact: Fact
    sources: tuple[str, ...]
    is_known: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= WHOLE or not (self.is_known or (self.low, self.high) == (0, WHOLE)):
            got = f"{self.fact}: got {self.low} to {self.high} millionths"
            raise DetenteError(f"{got}; expected a range inside 0 to {WHOLE}, and all of that where it is not known")


@dataclass(frozen=True, slots=True)
class Held:
    """What a rule makes of one party.

    ``truth`` is true where it is owned (or, by a rule that tests it, controlled) for certain, unknown where it may be.
    ``low`` and ``high`` are the millionths that count, at most the whole. ``owners`` are the listed parties at the root
    of what counts, certain or possible; below the line too, where they are a red flag.
    """

    party: str
    truth: Truth
    low: int
    high: int
    owners: frozenset[str]
    reason: Reason


@dataclass(frozen=True, slots=True, eq=False)
class Stake:
    """The rows on one stake as one: the largest ends and the most control over its sources."""

    key: Key
    owner: str
    owned: str
    kind: str
    low: int
    high: int
    control: Truth  # FALSE too where nothing is declared
    rows: list[Share]


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """The shares of a day by owner; the stakes of an owner are put together when it first counts."""

    held: Mapping[str, list[Share]]
    stakes: dict[str, list[Stake]]
    joint: Mapping[Key, tuple[Key, int, int]]  # a name for the arrangement of a stake, and both ends of it as a whole

    def of(self, owner: str) -> list[Stake]:
        """The stakes of an owner in others."""
        if owner not in self.stakes:
            self.stakes[owner] = stakes_of(row for row in self.held.get(owner, ()) if row.owned != owner)
        return self.stakes[owner]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A least fixed point: what counts of each party, what it passes on, and the round in which it came to the line."""

    need: int
    counted: Mapping[str, int]
    passed: Mapping[str, int]
    over: Mapping[str, int]
    pools: frozenset[Key]  # stakes and arrangements with a holder that counts
    roots: Mapping[str, set[str]]  # without ``aggregate``: the listed parties for whom it is over, or else held


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Both runs, with what they rest on."""

    rule: OwnershipRule
    seeds: Mapping[str, Truth]
    book: Book
    low: Run
    high: Run

    def at_line(self, party: str) -> Truth:
        """Whether a party is at or over the line, or controlled where that counts."""
        return TRUE if party in self.low.over else UNKNOWN if party in self.high.over else FALSE

    def counts(self, party: str) -> Truth:
        """Whether a party counts as an owner: listed, or at the line itself where the rule follows chains."""
        listed = self.seeds.get(party, FALSE)
        return listed if self.rule.chain == "none" else max(listed, self.at_line(party))


def stakes_of(shares: Iterable[Share]) -> list[Stake]:
    """The rows put together by owner, owned and kind."""
    rows: dict[Key, list[Share]] = defaultdict(list)
    for share in shares:
        rows[share.owner, share.owned, share.kind].append(share)
    return [
        Stake(
            key, *key, max(r.low for r in same), max(r.high for r in same), max(r.control or FALSE for r in same), same
        )
        for key, same in rows.items()
    ]


def book_of(rows: list[Share], *, is_joint: bool) -> Book:
    """The rows by owner, and what stands under joint arrangements; those that share a stake, named twice, are one."""
    held: dict[str, list[Share]] = defaultdict(list)
    for row in rows:
        held[row.owner].append(row)
    joint: dict[Key, tuple[Key, int, int]] = {}
    arranged = {row.owned for row in rows if row.joint} if is_joint else set()
    groups: dict[tuple[str, str], list[tuple[set[str], list[Stake]]]] = defaultdict(list)
    for stake in stakes_of(row for row in rows if row.owned in arranged and row.owner != row.owned):
        names, stakes = {row.joint for row in stake.rows if row.joint}, [stake]
        if names:
            others = groups[stake.owned, stake.kind]
            for other in [other for other in others if other[0] & names]:
                others.remove(other)
                names, stakes = names | other[0], stakes + other[1]
            others.append((names, stakes))
    for _, stakes in (group for others in groups.values() for group in others):
        whole = min(s.key for s in stakes), sum(s.low for s in stakes), sum(s.high for s in stakes)
        joint |= {stake.key: whole for stake in stakes}
    return Book(held, {}, joint)

"""A rule on ownership at work: who is owned for certain, who may be, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from detente.decide.ownership.fixpoint import roots_of, run
from detente.decide.ownership.proof import if_foreign, proofs
from detente.decide.ownership.shares import Held, Share, View, book_of
from detente.decide.truth import FALSE, TRUE, UNKNOWN, Truth
from detente.record.limb import OwnershipRule


def owned(
    rule: OwnershipRule,
    seeds: Mapping[str, Truth],
    shares: Iterable[Share],
    is_foreign: Callable[[str], Truth] | None = None,
) -> dict[str, Held]:
    """Every party in which a listed party has a stake, itself or through owners that count; the others are not owned.

    ``seeds`` are the listed parties. One that is listed for certain has no answer; one that perhaps is counts as a
    possible owner and may itself be found owned. ``is_foreign`` answers for the country of ``rule.foreign_only`` (None:
    no country is known): a party of that country is not caught, yet what it holds is held indirectly all the same. The
    days on which the rule is in force are the caller's.

    An owner at or over the line passes its stakes on whole, one below it nothing (``chain`` "step", OFAC FAQ 401);
    "none" counts direct stakes alone; "product" multiplies. Rights of different kinds are not added up. Several rows on
    one stake are several sources for it: the largest low and the largest high end count. Without ``aggregate`` each
    listed party stands alone, and under a joint arrangement it is treated as holding what all partners hold (schedule
    1, paragraph 3, of the regulations above). A share that is not recorded may be anything, whatever the rule makes of
    it. What a party holds in itself does not count and is flagged.

    Time grows with the number of shares; without ``aggregate``, times the listed parties that hold one party; with
    "product", times the rounds until nothing changes by a millionth.

    >>> day = dt.date(2014, 8, 13)
    >>> half = OwnershipRule(
    ...     id="half", text="Half or more.", lists=("sdn",), op=">=", pct=50, aggregate=True, chain="step",
    ...     in_force=(Window(since=day, recorded=day),), sources=("faq-401",),
    ... )
    >>> row = Fact("stakes", "x-a", "stakes.csv", 2)
    >>> stake = Share("X", "A", 500_000, 500_000, "shares", None, None, row, ("register",))
    >>> owned(half, {"X": TRUE}, [stake])["A"].reason.text
    'A is owned 50 % or more (50 %): X 50 % (listed)'
    """
    sure = {seed for seed, listed in seeds.items() if listed is TRUE}
    perhaps = {seed for seed, listed in seeds.items() if listed is not FALSE}
    rows = list(shares)
    book = book_of(rows, is_joint=not rule.aggregate)
    view = View(rule, seeds, book, run(rule, book, sure, is_low=True), run(rule, book, perhaps, is_low=False))
    roots, lines = roots_of(view), proofs(view, rows)
    answers: dict[str, Held] = {}
    for party in sorted(lines.keys() - sure):
        reason = lines[party]
        if rule.foreign_only is not None:
            reason = if_foreign(reason, party, rule, UNKNOWN if is_foreign is None else is_foreign(party))
        low, high = view.low.counted.get(party, 0), view.high.counted.get(party, 0)
        answers[party] = Held(party, reason.truth, low, high, roots.get(party, frozenset()) - {party}, reason)
    return answers

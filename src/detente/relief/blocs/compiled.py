"""What the proposals of a case open, as clauses: for the programme, which must know it sale by sale."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from detente.record import DetenteError
from detente.relief.blocs.opened import OpenedNetwork, opened
from detente.relief.blocs.openings import Openings, openings
from detente.relief.menu import Menu
from detente.relief.objectives import Objectives
from detente.relief.values import Bools, feasible

MOST = 12  # proposals that may concern one sale: all their sets are looked at
NOTHING = 1e-12


def opened_of(objectives: Objectives) -> OpenedNetwork:
    """The same proposals as an ``OpenedNetwork``: for ``by_programme``, whose packages ``objectives`` then values.

    What is allowed is the figure's reading of the law. Gains are of output by the side of today's owner.

    Raises ``DetenteError`` where a proposal closes a sale, gives a unit another side, or where more than 12 proposals
    concern one sale: the programme cannot tell of these.
    """
    menu = objectives.menu
    single = np.eye(menu.n_proposals, dtype=np.bool_)
    before = menu.sides(np.zeros((1, menu.n_proposals), dtype=np.bool_))
    moving = np.flatnonzero((menu.sides(single) != before).any(axis=1)) if menu.n_proposals else np.zeros(0, np.int64)
    if moving.size:
        names = ", ".join(menu.names[p] for p in moving)
        raise DetenteError(f"{names}: gives units to another side, of which the programme knows nothing. Leave it out.")
    kinds = {name: objectives.tagged(c) & _of(objectives, c) for c, name in enumerate(objectives.capabilities)}
    return opened(
        menu.network, openings_of(menu), menu.names, exclusive=menu.exclusive, requires=menu.requires,
        sides=[s for s in objectives.sides if s in set(menu.network.units["side"])],
        capabilities={name: mask for name, mask in kinds.items() if mask.any()},
    )  # fmt: skip


def openings_of(menu: Menu) -> Openings:
    """The clauses of a menu: for each sale the least sets of proposals that allow more of it than any smaller one.

    Raises ``DetenteError`` as ``opened_of``.
    """
    P, E = menu.n_proposals, len(menu.network.links)
    base = menu.shares(np.zeros((1, P), dtype=np.bool_))[0][0]
    clauses: list[tuple[int, float, tuple[int, ...]]] = []
    for place in menu.places:
        if len(place.proposals) > MOST:
            link = menu.network.links[int(place.links[0])]
            raise DetenteError(f"{link}: {len(place.proposals)} proposals concern it; the programme takes {MOST}.")
        sets, rows = _sets(menu, place.proposals)
        shares = menu.shares(rows)[0][:, int(place.links[0])]
        known = dict(zip(sets, shares.tolist(), strict=True))
        for members, share in known.items():
            smaller = [known[m] for k in range(len(members)) for m in combinations(members, k) if m in known]
            if any(share < less - NOTHING for less in smaller):
                names = ", ".join(menu.names[p] for p in members)
                raise DetenteError(
                    f"{names}: closes {menu.network.links[int(place.links[0])]}; the programme only opens."
                )
            if members and all(share > less + NOTHING for less in smaller):
                clauses += [(int(e), share, members) for e in place.links]
    if base.size != E:
        raise DetenteError(f"menu: {base.size} shares for {E} sales.")
    return openings(P, base, clauses)


def _sets(menu: Menu, proposals: tuple[int, ...]) -> tuple[list[tuple[int, ...]], Bools]:
    """All sets of some proposals that do not exclude one another, the empty one first, and their rows."""
    sets = [s for k in range(len(proposals) + 1) for s in combinations(proposals, k)]
    rows = np.zeros((len(sets), menu.n_proposals), dtype=np.bool_)
    for row, members in zip(rows, sets, strict=True):
        row[list(members)] = True
    good = feasible(rows, menu.exclusive, ())
    return [s for s, g in zip(sets, good, strict=True) if g], rows[good]


def _of(objectives: Objectives, capability: int) -> Bools:
    """Units of the side whose capability it is."""
    side: Bools = (objectives.menu.network.units["side"] == objectives.aims[capability].of).to_numpy()
    return side

"""A menu looks up what permits on the applied case decide: the same for any package, under any law."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decide.test_book_properties import DAYS, Dice, loaded, regimes
from detente.decide import permits
from detente.impact.network import Network
from detente.record import Case, DetenteError, NotFound, load
from detente.relief.apply import apply
from detente.relief.menu import Menu
from detente.relief.proposals import Proposal, generate, proposals
from detente.relief.values import Bools
from relief.laws import dense

EVERYTHING = ("refused", "revoked", "listings", "limbs", "countermeasures")


def same(menu: Menu, packages: Bools, written: Sequence[Proposal]) -> None:
    """The menu's shares and owners of each package are those of permits and network on the applied case."""
    figure, low, high = menu.shares(packages)
    owners, sides = menu.owners(packages), menu.sides(packages)
    labels = list(menu.case.about.sides)
    for k, row in enumerate(packages):
        case = apply(menu.case, [p for p, x in zip(written, row, strict=True) if x], menu.day)
        day = permits(case, menu.day, menu.day).on(menu.day)
        for said, true in ((figure, day.allowed), (low, day.low), (high, day.high)):
            assert said[k].tolist() == true[menu.network.rows].tolist()
        network = Network.of(case, menu.day)
        assert network.links == menu.network.links
        assert [menu.parties[i] for i in owners[k]] == network.units["party"].to_list()
        assert [labels[i] for i in sides[k]] == network.units["side"].to_list()


def drawn(dice: Dice, case: Case, day: str) -> tuple[Proposal, ...]:
    """Generated proposals and some of every kind that is written by hand."""
    found = list(generate(case, day, EVERYTHING, modes=(0.5, 1.0)))
    for k in range(3):
        item = dice.one("chip", "chip", "soft")
        seller = dice.one("acme", "norr", "vell", "hold", "ova", "line")
        narrow = (dice.one("vell", "ova", "hold"),) if dice.hits(2) else ()
        fields = {"items": (item,) if dice.hits(2) else (), "buyers": narrow, "cap": float(dice.one(0.3, 1))}
        found.append(Proposal(f"g{k}", f"g{k}", "grant", "home", "grant", (seller,), **fields))  # type: ignore[arg-type]
    for k, target in enumerate(dice.some(["acme", "norr", "bare", "vell", "ova", "line", "twin"], 1, 3)):
        owner = dice.one("ova", "hold", "vell", "low", "norr", "acme")
        if target not in {"line", "twin"} or target == "line":
            found.append(Proposal(f"d{k}", f"d{k}", "sale", "home", "divest", (target,), owner=owner))
    return tuple(found)


@settings(max_examples=3)
@given(st.data())
def test_a_menu_says_what_permits_say_under_any_law(data: st.DataObject) -> None:
    files = data.draw(regimes(lines=1))
    dice = Dice(data.draw)
    case = loaded(files, None if dice.hits(2) else "2020-05-05")
    day = dice.one(*DAYS)
    written = drawn(dice, case, day)
    menu = Menu.of(case, written, day)
    table = data.draw(
        st.lists(st.lists(st.booleans(), min_size=len(written), max_size=len(written)), min_size=1, max_size=5)
    )
    same(menu, np.array([[False] * len(written), *table]), written)


@settings(max_examples=12)
@given(st.data())
def test_a_menu_says_what_permits_say_where_all_hangs_on_lists_and_owners(data: st.DataObject) -> None:
    dice = Dice(data.draw)
    case = loaded(dense(dice))
    written = drawn(dice, case, "2020-05-05")
    chance = data.draw(st.sampled_from([0.15, 0.4, 0.7]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    packages = rng.random((4, len(written))) < chance
    same(Menu.of(case, written, "2020-05-05"), np.vstack([np.eye(len(written), dtype=bool)[:4], packages]), written)


@pytest.mark.parametrize(("name", "day"), [("huawei", "2021-01-20"), ("chips-rare-earths", "2031-07-15")])
def test_a_menu_says_what_permits_say_of_the_bundled_cases(name: str, day: str) -> None:
    case = load(name)
    written = proposals(case)
    rng = np.random.default_rng(5)
    packages = rng.random((3, len(written))) < rng.random((3, 1))
    same(Menu.of(case, written, day), packages, written)


def test_an_overlay_in_the_menu_concerns_whom_it_sells() -> None:
    case, day = load("huawei"), "2021-01-25"
    laid = Proposal("laid", "laid", "The sale", "china", "overlay", ("p-mate-sale",))
    written = [laid, *proposals(case, ["licence-rf", "delist-hisilicon", "suspend-fdpr-2020-08"])]
    menu = Menu.of(case, written, day)
    concerned = [p for p in menu.places if 0 in p.proposals]
    assert 0 < sum(len(p.links) for p in concerned) < len(menu.network.links) / 2
    same(menu, np.array([[True, *x] for x in ((0, 0, 0), (1, 1, 0), (0, 1, 1))], dtype=bool), written)


def test_few_sets_are_decided_for_many_packages() -> None:
    case = load("huawei")
    written = proposals(case)
    menu = Menu.of(case, written, "2021-01-20")
    menu.shares(np.random.default_rng(0).random((5_000, len(written))) < 0.5)
    assert sum(len(p.known) for p in menu.places) < 1000


def test_what_a_menu_cannot_hold_is_refused() -> None:
    case = load("chips-rare-earths")
    found = proposals(case)
    with pytest.raises(DetenteError, match="stands there twice"):
        Menu.of(case, [found[0], found[0]], "2031-07-15")
    with pytest.raises(DetenteError, match="m-military requires 'm-suspend'"):
        Menu.of(case, proposals(case, ["m-military"]), "2031-07-15")
    menu = Menu.of(case, found, "2031-07-15")
    with pytest.raises(DetenteError, match="packages: got shape"):
        menu.shares(np.zeros((1, 3)))
    with pytest.raises(NotFound, match="Did you mean 'b-resale'"):
        menu.package(["b-resales"])
    with pytest.raises(NotFound, match="no link"):
        menu.verdict("a>b", np.zeros(menu.n_proposals))

"""A menu looks up what permits on the applied case decide: the same for any package, under any law."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from decide.test_book_properties import BUYERS, DAYS, LINKS, UNITS, Dice, Files, loaded, parties, regimes, stakes
from detente.decide import permits
from detente.impact.network import Network
from detente.record import Case, DetenteError, NotFound, load
from detente.relief.apply import apply
from detente.relief.menu import Menu
from detente.relief.proposals import Proposal, generate, proposals
from detente.relief.values import Bools

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


@settings(max_examples=8)
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


WHO = (
    'listed_on = "home-list"', 'listed_on = "home-list", ownership = "half"', 'listed_on = "home-list", tags = ["fn1"]',
    'listed_on = "home-list", names = ["hold", "vell"], ownership = "half"', 'listed_on = "home-list", roles = ["end_user"]',
    'names = ["vell", "ova"]', 'listed_on = "home-list", not_roles = ["purchaser"], ownership = "half"',
)  # fmt: skip
MORE = (
    'scope = [{origin = ["US"]}]', 'scope = [{designed_by = "home-list:fn1"}]', 'scope = [{named = "reach"}]',
    'scope = [{located_in = ["US", "KR"], produced_in_not_hq = ["CN"]}]', 'places = {headquartered_in = ["CN"]}', 'bound = ["us_person"]',
    'bound = ["addressee:ova"]', 'knowledge = "knowledge"', 'end_use = ["testing"]', "", "",
)  # fmt: skip


def thing(dice: Dice, name: str, effect: str, more: str = "") -> str:
    """A limb that hangs on lists and owners, in force all the time or for two days."""
    window = "{since = 2020-03-02, recorded = 2020-01-01}" if not dice.hits(4) else (
        f'{{since = 2020-05-04, through = 2020-05-06, recorded = 2020-01-01, certainty = "{dice.one("enacted", "disputed")}"}}'
    )  # fmt: skip
    lines = dict.fromkeys(m for m in (dice.one(*MORE), dice.one(*MORE)) if m)
    body = {m.partition(" ")[0]: m for m in lines}
    return (
        f'\n[[limbs]]\nid = "{name}"\neffect = "{effect}"\ntext = "T."\nsources = ["law"]\nin_force = [{window}]\n'
        f"parties = {{{dice.one(*WHO)}}}\n{more}\n" + "\n".join(body.values()) + "\n"
    )


def dense(dice: Dice) -> Files:
    """A law of two sides in which nearly everything hangs on who is listed and who owns whom."""
    head = 'id = "{0}"\ntitle = "T"\nregime = "{0}"\nauthority = "M"\ninstrument = "O"\nsources = ["law"]\n'
    home = [thing(dice, n, "require_licence") for n in ("one", "two")[: int(dice.one(1, 2))]]
    names = [f"{n}" for n in ("one", "two")[: len(home)]]
    reach = (
        '\n[[limbs]]\nid = "reach"\neffect = "define"\ntext = "T."\nsources = ["law"]\n'
        'in_force = [{since = 2020-03-02, recorded = 2020-01-01}]\nscope = [{origin = ["US", "KR"]}]\n'
    )
    out = thing(dice, "out", "out_of_scope", f'defeats = ["{dice.one("reach", *names)}"]')
    home += [reach] + [out.replace('named = "reach"', 'origin = ["JP"]')] * dice.hits(2)  # else it would take out itself
    home += [thing(dice, "free", "authorise", f'defeats = ["{dice.one(*names)}"]')] * dice.hits(3)
    home += [thing(dice, "ban", "prohibit")] * dice.hits(4)
    back = [thing(dice, "back", dice.one("require_licence", "forbid_compliance"))] * dice.hits(2)
    rule = (
        '\n[[ownership_rules]]\nid = "half"\ntext = "O."\nlists = ["home-list"]\nop = ">="\npct = 50\naggregate = true\n'
        f'chain = "{dice.one("step", "product")}"\ncontrol_test = {dice.one("false", "true")}\n'
        'in_force = [{since = 2020-03-02, recorded = 2020-01-01}]\nsources = ["law"]\n'
    )
    listed = ["id, list, party, as_listed, tags, requirement, review", "x, home-list, low, L, fn1, all, denial"]
    for party in ("vell", "vsub", "hold", "ova", "norr", "line", "sub"):
        if dice.hits(2):
            listed.append(f"l-{party}, home-list, {party}, L, {dice.one('fn1', 'none')}, all, denial")
    made_by = [dice.one("none", "vell", "hold", "line; ova", "") for _ in range(4)]
    goods = ["id, item, maker, origin, content, codes, designed_by"]
    for (name, item, maker, origin), who in zip(
        (("us-chip", "chip", "acme", "US"), ("kr-chip", "chip", "norr", "KR"), ("soft", "soft", "line", "CN"),
         ("mask", "mask", "ova", "JP")), made_by, strict=True,
    ):  # fmt: skip
        goods.append(f"{name}, {item}, {maker}, {origin}, none, none, {who}")
    grants = ["id, authority, holder, kind, consignees, overcomes"]
    lines, events = ["id, licence, line, item, covers, covers_low, covers_high"], ["id, licence, date, event"]
    for k in range(int(dice.one(0, 1, 2))):
        grants.append(f"lic{k}, M, {dice.one('acme', 'norr', 'ova; norr')}, individual, {'; '.join(BUYERS)}, one")
        if not dice.hits(4):
            lines.append(f"x{k}, lic{k}, 1, {dice.one('chip', 'chip', 'soft')}, 0.4, 0.2, 0.6")
        events += [f"e{k}, lic{k}, 2020-04-01, granted", f"f{k}, lic{k}, 2020-05-01, {dice.one('revoked', 'amended')}"]
    sales = ["id, seller, buyer, value_usd_m, end_use, end_user"]
    for name in LINKS:
        sales.append(
            f"{name}, {', '.join(name.split('>'))}, 1, {dice.one('production', 'testing')}, {dice.one('', 'sub')}"
        )
    found = ["id, about, fact, value"]
    found += [f"f{k}, {dice.one(*LINKS, 'acme', 'vell', 'line')}, knowledge, {dice.one('yes', 'no')}" for k in range(2)]
    return {
        "measures/order.toml": None,
        "measures/home.toml": head.format("home") + "".join(home) + rule,
        "measures/back.toml": head.format("back") + "".join(back) if back else None,
        "items.csv": "id, name, kind, tags\nchip, C, commodity, none\nsoft, S, technology, none\nmask, P, commodity, none\n",
        "parties.csv": parties(dice), "stakes.csv": stakes(dice), "listings.csv": "\n".join(listed),
        "variants.csv": "\n".join(goods), "units.csv": UNITS, "links.csv": "\n".join(sales),
        "licences.csv": "\n".join(grants), "licence_lines.csv": "\n".join(lines), "licence_events.csv": "\n".join(events),
        "findings.csv": "\n".join(found),
    }  # fmt: skip


@settings(max_examples=250, phases=(Phase.generate,))
@given(st.data())
def test_a_menu_says_what_permits_say_where_all_hangs_on_lists_and_owners(data: st.DataObject) -> None:
    dice = Dice(data.draw)
    case = loaded(dense(dice))
    written = drawn(dice, case, "2020-05-05")
    chance = data.draw(st.sampled_from([0.15, 0.4, 0.7]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    packages = rng.random((6, len(written))) < chance
    same(Menu.of(case, written, "2020-05-05"), np.vstack([np.eye(len(written), dtype=bool)[:4], packages]), written)


@pytest.mark.parametrize(("name", "day"), [("huawei", "2021-01-20"), ("chips-rare-earths", "2031-07-15")])
def test_a_menu_says_what_permits_say_of_the_bundled_cases(name: str, day: str) -> None:
    case = load(name)
    written = proposals(case)
    rng = np.random.default_rng(5)
    packages = rng.random((6, len(written))) < rng.random((6, 1))
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
    menu.shares(np.random.default_rng(0).random((20_000, len(written))) < 0.5)
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

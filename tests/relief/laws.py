"""Random laws of two sides in which nearly everything hangs on who is listed and who owns whom."""

from decide.test_book_properties import BUYERS, LINKS, UNITS, Dice, Files, parties, stakes

WHO = (
    'listed_on = "home-list"',
    'listed_on = "home-list", ownership = "half"',
    'listed_on = "home-list", tags = ["fn1"]',
    'listed_on = "home-list", names = ["hold", "vell"], ownership = "half"',
    'listed_on = "home-list", roles = ["end_user"]',
    'names = ["vell", "ova"]',
    'listed_on = "home-list", not_roles = ["purchaser"], ownership = "half"',
)
MORE = (
    'scope = [{origin = ["US"]}]',
    'scope = [{designed_by = "home-list:fn1"}]',
    'scope = [{named = "reach"}]',
    'scope = [{located_in = ["US", "KR"], produced_in_not_hq = ["CN"]}]',
    'places = {headquartered_in = ["CN"]}',
    'bound = ["us_person"]',
    'bound = ["addressee:ova"]',
    'knowledge = "knowledge"',
    'end_use = ["testing"]',
    "",
    "",
)
ALWAYS = "[{since = 2020-03-02, recorded = 2020-01-01}]"
HEAD = 'id = "{0}"\ntitle = "T"\nregime = "{0}"\nauthority = "M"\ninstrument = "O"\nsources = ["law"]\n'
REACH = (
    '\n[[limbs]]\nid = "reach"\neffect = "define"\ntext = "T."\nsources = ["law"]\n'
    f'in_force = {ALWAYS}\nscope = [{{origin = ["US", "KR"]}}]\n'
)
ITEMS = "id, name, kind, tags\nchip, C, commodity, none\nsoft, S, technology, none\nmask, P, commodity, none\n"
GOODS = (("us-chip", "chip", "acme", "US"), ("kr-chip", "chip", "norr", "KR"), ("soft", "soft", "line", "CN"),
         ("mask", "mask", "ova", "JP"))  # fmt: skip


def thing(dice: Dice, name: str, effect: str, more: str = "") -> str:
    """A limb that hangs on lists and owners, in force all the time or for two days."""
    window = ALWAYS
    if dice.hits(4):
        certainty = dice.one("enacted", "disputed")
        days = "since = 2020-05-04, through = 2020-05-06, recorded = 2020-01-01"
        window = f'[{{{days}, certainty = "{certainty}"}}]'
    body = {m.partition(" ")[0]: m for m in (dice.one(*MORE), dice.one(*MORE)) if m}
    return (
        f'\n[[limbs]]\nid = "{name}"\neffect = "{effect}"\ntext = "T."\nsources = ["law"]\nin_force = {window}\n'
        f"parties = {{{dice.one(*WHO)}}}\n{more}\n" + "\n".join(body.values()) + "\n"
    )


def measures(dice: Dice) -> Files:
    """Rules of two sides, and one on ownership."""
    names = ("one", "two")[: int(dice.one(1, 2))]
    home = [REACH, *(thing(dice, n, "require_licence") for n in names)]
    if dice.hits(2):
        out = thing(dice, "out", "out_of_scope", f'defeats = ["{dice.one("reach", *names)}"]')
        home.append(out.replace('named = "reach"', 'origin = ["JP"]'))  # else it would take out itself
    if dice.hits(3):
        home.append(thing(dice, "free", "authorise", f'defeats = ["{dice.one(*names)}"]'))
    if dice.hits(4):
        home.append(thing(dice, "ban", "prohibit"))
    rule = (
        '\n[[ownership_rules]]\nid = "half"\ntext = "O."\nlists = ["home-list"]\nop = ">="\npct = 50\n'
        f'aggregate = true\nchain = "{dice.one("step", "product")}"\ncontrol_test = {dice.one("false", "true")}\n'
        f'in_force = {ALWAYS}\nsources = ["law"]\n'
    )
    back = thing(dice, "back", dice.one("require_licence", "forbid_compliance")) if dice.hits(2) else None
    return {
        "measures/order.toml": None,
        "measures/home.toml": HEAD.format("home") + "".join(home) + rule,
        "measures/back.toml": None if back is None else HEAD.format("back") + back,
    }


def licences(dice: Dice) -> Files:
    """Up to two licences, some of them revoked, some without lines."""
    grants = ["id, authority, holder, kind, consignees, overcomes"]
    lines, events = ["id, licence, line, item, covers, covers_low, covers_high"], ["id, licence, date, event"]
    for k in range(int(dice.one(0, 1, 2))):
        grants.append(f"lic{k}, M, {dice.one('acme', 'norr', 'ova; norr')}, individual, {'; '.join(BUYERS)}, one")
        if not dice.hits(4):
            lines.append(f"x{k}, lic{k}, 1, {dice.one('chip', 'chip', 'soft')}, 0.4, 0.2, 0.6")
        events += [f"e{k}, lic{k}, 2020-04-01, granted", f"f{k}, lic{k}, 2020-05-01, {dice.one('revoked', 'amended')}"]
    return {
        "licences.csv": "\n".join(grants),
        "licence_lines.csv": "\n".join(lines),
        "licence_events.csv": "\n".join(events),
    }


def dense(dice: Dice) -> Files:
    """A case of six units and five links under such a law."""
    listed = ["id, list, party, as_listed, tags, requirement, review", "x, home-list, low, L, fn1, all, denial"]
    for party in dice.some(("vell", "vsub", "hold", "ova", "norr", "line", "sub"), 1, 5):
        listed += [f"l-{party}, home-list, {party}, L, {dice.one('fn1', 'none')}, all, denial"]
    goods = ["id, item, maker, origin, content, codes, designed_by"]
    for good in GOODS:
        goods += [f"{', '.join(good)}, none, none, {dice.one('none', 'vell', 'hold', 'line; ova', '')}"]
    sales = ["id, seller, buyer, value_usd_m, end_use, end_user"]
    for name in LINKS:
        use, user = dice.one("production", "testing"), dice.one("", "sub")
        sales += [f"{name}, {', '.join(name.split('>'))}, 1, {use}, {user}"]
    found = ["id, about, fact, value"]
    for k in range(2):
        found += [f"f{k}, {dice.one(*LINKS, 'acme', 'vell', 'line')}, knowledge, {dice.one('yes', 'no')}"]
    return {
        **measures(dice),
        **licences(dice),
        "items.csv": ITEMS,
        "parties.csv": parties(dice),
        "stakes.csv": stakes(dice),
        "listings.csv": "\n".join(listed),
        "variants.csv": "\n".join(goods),
        "units.csv": UNITS,
        "links.csv": "\n".join(sales),
        "findings.csv": "\n".join(found),
    }

"""What must hold of any order book under any law: small random regimes over twelve days of May 2020.

A line of a book has the verdict it would get alone; neither the order of rows nor chunks nor workers matter; knowing
less never releases a line; and between two event days no verdict changes.
"""

import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import make_case
from detente.decide.book import Book, check_book
from detente.decide.facts import facts_of
from detente.decide.licensing.ledger import line_on, quantity_of, value_of
from detente.decide.verdict import Verdict, decide
from detente.record import Case, load

DAYS = [f"2020-05-{d:02}" for d in range(1, 13)]
HELD = {"licence_required", "denied", "needs_facts", "conflict"}
Files = dict[str, str | bytes | None]


class Dice:
    """What is drawn for one example, in short words."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def one(self, *choices: object) -> str:
        """One of several words."""
        return str(self.draw(st.sampled_from(choices)))

    def hits(self, one_in: int) -> bool:
        """True once in so many times; an example shrinks to False."""
        return self.draw(st.integers(0, one_in - 1)) == one_in - 1

    def some(self, choices: Sequence[str], least: int = 1, most: int = 2) -> list[str]:
        """A few different words."""
        return self.draw(st.lists(st.sampled_from(choices), min_size=least, max_size=most, unique=True))

    def days(self, n: int) -> list[str]:
        """Different days in order."""
        return sorted(self.some(DAYS, n, n))

    def span(self, one_in: int = 2) -> tuple[str, str]:
        """First and last day of a row, either of which may be empty; mostly both are."""
        if not self.hits(one_in):
            return "", ""
        a, b = sorted((self.one(*DAYS), self.one(*DAYS)))
        return self.draw(st.sampled_from([(a, ""), ("", b), (a, b)]))


def words(values: Iterable[str]) -> str:
    """A list in TOML."""
    return "[" + ", ".join(f'"{v}"' for v in values) + "]"


def windows(dice: Dice) -> str:
    """One or two windows that do not overlap; some are not certain, some became known later or were cut short."""

    def one(since: str, through: str) -> str:
        known = dice.one("2020-01-01", "2020-01-01", "2020-05-05")
        more = [f"since = {since}", f"recorded = {known}"] + ([f"through = {through}"] if through else [])
        if dice.hits(6):
            more.append(f'certainty = "{dice.one("scheduled", "disputed")}"')
        if through and dice.hits(6):
            more += ["through_recorded = 2020-05-06"]
            more += [f"written_through = {dice.one(*[d for d in DAYS if d >= since])}"] if dice.hits(2) else []
        return "{" + ", ".join(more) + "}"

    if not dice.hits(3):
        return f"[{one(dice.one(*DAYS) if dice.hits(3) else '2020-03-02', '')}]"
    a, b, c = dice.days(3)
    return f"[{one(a, b)}]" if dice.hits(2) else f"[{one(a, a)}, {one(c, dice.one('', DAYS[-1]))}]"


PARTIES = [
    'listed_on = "home-list"',
    'listed_on = "home-list", tags = ["fn1"], roles = ["purchaser", "end_user"]',
    'listed_on = "other-list", roles = ["intermediate_consignee", "buyer_of_downstream"]',
    'listed_on = "home-list", not_roles = ["ultimate_consignee"]',
    'names = ["vell"], roles = ["end_user"]',
    'names = ["ova", "vell", "line"]',
    'listed_on = "home-list", names = ["vell", "hold"]',
    'listed_on = "home-list", ownership = "half"',
    'listed_on = "home-list", ownership = "third"',
    'listed_on = "other-list", names = ["hold"], ownership = "half", roles = ["purchaser"]',
]
SCOPES = [
    'origin = ["US"]',
    'located_in = ["US", "G:1"]',
    'content_origin = ["US"], content_counts = "all", content_op = ">", content_pct = 25',
    'content_origin = ["US"], content_counts = "licensable_to_destination", content_op = ">=", content_pct = 25',
    'content_origin = ["G:1"], content_counts = "listed_codes", content_codes = ["3A1"], content_op = ">", content_pct = 9',
    'content_origin = ["US"], content_counts = "all", content_op = ">=", content_pct = 0, to = ["G:1"]',
    'made_with_codes = ["3E1"], made_with_origin = ["US"]',
    'plant_codes = ["3E1"], made_with_origin = ["reach"], contains_ic_made_so = true',
    'made_with_codes = ["3E1"], plant_codes = ["3E"], made_with_origin = ["US"], to_except = ["JP"]',
    'designed_by = "home-list:fn1"',
    'origin = ["G:1", "JP"], exported_from_not = ["US"]',
    'located_in = ["KR", "G:1"], produced_in_not_hq = ["KR", "G:1"]',
    'named = "reach"',
    'named = "reach", to = ["G:1"]',
]
ITEMS = [
    'codes = ["3A1"]',
    'codes_except = ["3A1.b"]',
    'codes = ["3A1.b.2", "5A1"], codes_except = ["5A1.x"]',
    'text = "old", decided_by = "expert"',
    'text = "new", decided_by = "declared", tags = ["fast"]',
    'tags = ["fast"]',
    'kind = ["technology", "service"]',
    'reasons = ["NS 1"]',
    'reasons = ["NS 1", "AT 1"], reasons_only = true',
    'params = {nm = "<=10"}',
    'params = {nm = "=7", rate = ">=5"}',
    'origin = ["G:1", "US"]',
]
PLACES = [
    'to = ["CN"]', 'to = ["G:1"]', 'to = ["*"], to_except = ["G:1", "JP"]', 'to_except = ["CN"]',
    'to = ["G:1"], via_counts = true', 'headquartered_in = ["CN"]', 'headquartered_in = ["G:1"], to = ["*"]',
    'to_except = ["G:1"], headquartered_in = ["JP", "KR"], via_counts = true',
]  # fmt: skip
ACTS = [
    ["transfer"], ["export", "reexport"], ["release", "support", "service"], ["export_from_abroad"], ["export"],
    ["reexport", "transfer"], ["domestic"], ["export", "transfer", "finance"],
]  # fmt: skip
BOUND = [
    ["us_person"], ["kr_person", "exporter_in_us"], ["exporter_in_kr"], ["addressee:acme"], ["addressee:line"],
    ["us_person", "addressee:norr"],
]  # fmt: skip
EVENTS = ["production_started", "aboard_carrier", "en_route", "exported", "ordered", "received"]


KINDS = (
    "parties", "parties", "parties", "parties", "scope", "scope", "items", "chart", "places", "acts", "end_use", "value", "bound", "duties",
    "knowledge", "not_enforced", "savings", "savings", "overcome_by",
    "reviews", "reviews",
)  # fmt: skip


def body(dice: Dice, effect: str, most: int) -> str:
    """Conditions of a limb, a few at a time."""
    lines = []
    kinds = set(dice.draw(st.lists(st.sampled_from(KINDS), max_size=most)))
    if "parties" in kinds:
        lines.append(f"parties = {{{dice.one(*PARTIES)}}}")
    if "scope" in kinds:
        lines.append("scope = [" + ", ".join(f"{{{s}}}" for s in dice.some(SCOPES)) + "]")
    if "items" in kinds:
        lines.append(f"items = {{{dice.one(*ITEMS)}}}")
    if "chart" in kinds and effect == "require_licence":
        lines.append("chart_applies = true")
    if "places" in kinds:
        lines.append(f"places = {{{dice.one(*PLACES)}}}")
    if "acts" in kinds:
        lines.append(f"acts = {words(dice.draw(st.sampled_from(ACTS)))}")
    if "end_use" in kinds:
        lines.append(f"end_use = {words(dice.some(['testing', 'repair']))}")
    if "value" in kinds:
        lines.append(f"max_value_usd = {dice.one(1_000_000, 1_000_000.005, 999_999.995, 0.01)}")
    if "bound" in kinds:
        lines.append(f"bound = {words(dice.draw(st.sampled_from(BOUND)))}")
    if "duties" in kinds:
        on_file = dice.one("true", "true", "false") if effect == "authorise" else "false"
        paper = f'{{kind = "certificate", text = "a paper", on_file = {on_file}}}'
        lines.append(f"duties = [{paper}]")
    if "knowledge" in kinds:
        lines.append(f'knowledge = "{dice.one("knowledge", "informed")}"')
    if "not_enforced" in kinds:
        lines.append(f"not_enforced = {windows(dice)}")
    if "savings" in kinds:
        lines.append("savings = [" + ", ".join(saving(dice) for _ in range(1 + dice.hits(4))) + "]")
    if "overcome_by" in kinds and effect in {"require_licence", "prohibit"}:
        ways = ["licence", "licence", "certificate", "exception:EX", "limb:free", "statement"]
        lines.append(f"overcome_by = {words(dice.some(ways, 1, 3))}")
    if "reviews" in kinds and effect == "require_licence":
        first = f'{{policy = "{dice.one("case_by_case", "presumption_of_denial")}"}}'
        special = f'{{policy = "{dice.one("denial", "presumption_of_approval")}", items = {{{dice.one(*ITEMS)}}}}}'
        lines.append(f"reviews = [{first}, {special}]")
    return "\n".join(lines)


def saving(dice: Dice) -> str:
    """A saving clause on any event."""
    by = {e: dice.one(*DAYS) for e in dice.some(EVENTS)}
    done = {"exported": dice.one(*DAYS)} if dice.hits(3) else {}
    parts = [", ".join(f"{e} = {d}" for e, d in x.items()) for x in (by, done)]
    return f'{{event_by = {{{parts[0]}}}, done_by = {{{parts[1]}}}, text = "s", sources = ["law"]}}'


def limb(dice: Dice, name: str, effect: str, defeats: Sequence[str] = (), most: int = 3) -> str:
    """One limb in TOML."""
    more = f"defeats = {words(defeats)}\n" if defeats else ""
    scope = "" if effect != "define" else f"scope = [{{{dice.one(*SCOPES[:-2])}}}]\n"
    text = scope if effect == "define" else body(dice, effect, most)
    return (
        f'\n[[limbs]]\nid = "{name}"\neffect = "{effect}"\ntext = "The rule {name}."\nsources = ["law"]\n'
        f"in_force = {windows(dice)}\n{more}{text}\n"
    )


def law(dice: Dice, *, is_plain: bool) -> tuple[dict[str, str], list[str]]:
    """Two measures of two regimes: requirements, and what goes with them. Returns the files and the requirements."""
    names = ["one", "two", "three", "four"][: int(dice.one(1, 1, 2) if is_plain else dice.one(1, 2, 3, 4))]
    home = [limb(dice, n, "require_licence", (), 1 if is_plain else 4) for n in names]
    home.append(limb(dice, "reach", "define"))
    lifts = [n for n in names if dice.hits(4 if is_plain else 2)]
    home.append(limb(dice, "free", "authorise", lifts))
    if dice.hits(8 if is_plain else 3):
        home.append(limb(dice, "ban", "prohibit"))
    if dice.hits(3):
        home.append(
            limb(dice, "out", "out_of_scope", dice.some([*names, "reach", "free"])).replace(
                'named = "reach"', 'origin = ["JP"]'
            )
        )
    if dice.hits(4):
        home.append(limb(dice, "letter", "inform"))
    other = [limb(dice, "against", "forbid_compliance")] if dice.hits(4) else []
    if dice.hits(8 if is_plain else 2):
        other.append(limb(dice, "five", "require_licence"))
        names = [*names, "five"]
    rules = "".join(ownership_rule(dice, n) for n in ("half", "third"))
    rules += "".join(licence_rule(dice, n) for n in ["kilos", "all"][: int(dice.one(0, 1, 2))])
    at_home = dice.one("", "", 'home = ["US"]\n', 'home = ["G:1"]\n')
    head = 'id = "{0}"\ntitle = "T"\nregime = "{0}"\nauthority = "M"\ninstrument = "O"\nsources = ["law"]\n'
    files = {"measures/home.toml": head.format("home") + at_home + "".join(home) + rules}
    if other:
        files["measures/other.toml"] = head.format("other") + "".join(other)
    return files, names


def ownership_rule(dice: Dice, name: str) -> str:
    """A rule on ownership."""
    foreign = 'foreign_only = "CN"\n' if dice.hits(4) else ""
    return (
        f'\n[[ownership_rules]]\nid = "{name}"\ntext = "Owned."\nlists = {dice.one(["home-list"], ["home-list", "other-list"])}\n'
        f'op = "{dice.one(">=", ">")}"\npct = {dice.one(50, 33.3)}\naggregate = {dice.one("true", "false")}\n{foreign}'
        f'chain = "{dice.one("step", "product", "none")}"\ncontrol_test = {dice.one("false", "true")}\n'
        f'in_force = {windows(dice)}\nsources = ["law"]\n'
    )


def licence_rule(dice: Dice, name: str) -> str:
    """How licences are read."""
    return (
        f'\n[[licence_rules]]\nid = "{name}"\ntext = "Read so."\nunits = {words(["kg"] if name == "kilos" else [])}\n'
        f"value_pct = {dice.one(0, 10)}\nquantity_pct = {dice.one(0, 25)}\n"
        f"stop_at_full_quantity = {dice.one('true', 'false')}\nforwarder_may_change = {dice.one('false', 'true')}\n"
        f'in_force = {windows(dice)}\nsources = ["law"]\n'
    )


CODES = ["", "none", "home:3A1", "home:3A1.b", "home:5A1", "home:3A1; other:5A1", "home:4A1", "other:1A"]
GOOD = {
    "content": ["", "none", "US:0.2-0.3", "US/3A1.b:0.3", "US/5A1:0.2; ZZ:0.1", "CN/3A1:0.1", "US/4A1:0.25"],
    "codes": CODES,
    "made_with_codes": ["", "none", "home:3E1", "home:3E1; home:1E1"],
    "made_with_origin": ["", "US", "KR; US", "ZZ"],
    "plant_codes": ["", "none", "home:3E1", "home:3E2"],
    "plant_origin": ["", "US", "KR"],
    "designed_by": ["", "none", "vell", "line; ova"],
    "contains_ic_codes": ["", "none", "home:3E1"],
    "contains_ic_origin": ["", "US"],
    "params": ["none", "nm=7", "nm=5..14; rate=5", "nm=14"],
}


def goods(dice: Dice) -> str:
    """Five goods of all kinds, each made so always or for some days."""
    rows = ["id, item, maker, origin, shipped_from, " + ", ".join(GOOD) + ", since, through"]
    for name, item, maker, origin in (
        ("us-chip", "chip", "acme", "US"), ("kr-chip", "chip", "norr", "KR"), ("soft", "soft", "norr", "HK"),
        ("care", "care", "acme", "ZZ"), ("mask", "mask", "ova", "JP"),
    ):  # fmt: skip
        cells = [dice.one("", "", "US", "ZZ", "CN"), *(dice.one(*c) for c in GOOD.values()), *dice.span(6)]
        rows.append(", ".join([name, item, maker, origin, *cells]))
    return "\n".join(rows)


def parties(dice: Dice) -> str:
    """Twelve parties, two of them lines of business, one of nobody knows where."""
    return f"""
        id,    name,      kind,     side,  country, headquarters, group
        acme,  Acme,      firm,     home,  US,      ,
        norr,  Norr,      firm,     third, KR,      {dice.one("", "US", "ZZ")},
        vell,  Vell,      firm,     home,  CN,      ,             vell
        vsub,  Vell two,  firm,     home,  HK,      {dice.one("", "CN")}, vell
        ova,   Ova,       firm,     third, JP,      ,
        hold,  Holding,   firm,     home,  CN,      ,
        sub,   Sub,       firm,     third, {dice.one("", "CN", "JP")}, ,
        low,   Low,       firm,     third, KR,      ,
        none,  Nobody,    unnamed,  third, ,        ,
        fwd,   Forwarder, firm,     third, HK,      ,
        line,  The line,  business, home,  US,      ,
        twin,  The twin,  business, home,  {dice.one("", "KR")}, ,
        """.replace("none, ", "anon, ")


def stakes(dice: Dice) -> str:
    """Who owns the lines of business, and a little tree of holdings, over time."""
    rows = ["id, owner, owned, share, share_low, share_high, kind, joint, control, since, through"]

    def add(owner: str, owned: str, shares: Sequence[str], since: str = "", through: str = "") -> None:
        share = dice.one(*shares)
        low = high = share
        if share and dice.hits(4):
            share, low, high = "", "0.2", "0.9"
        kind, joint = dice.one("shares", "shares", "votes"), dice.one("", "", "pact")
        rows.append(f"s{len(rows)}, {owner}, {owned}, {share}, {low}, {high}, {kind}, {joint}, "
                    f"{dice.one('', '', 'yes', 'no')}, {since}, {through}")  # fmt: skip

    for name, owners in (("line", ("vell", "ova", "hold")), ("twin", ("line", "acme", "norr"))):
        sold, turn = dice.days(2)
        if not dice.hits(8):
            add(dice.one(*owners), name, ("1", "1", "0.6", ""), "", sold if dice.hits(2) else "")
        if rows[-1].split(", ")[2] == name and rows[-1].endswith(sold) and dice.hits(2):
            add(dice.one(*owners), name, ("1", "0.5", "0.7"), turn)
    for owner, owned in (("hold", "sub"), ("vell", "sub"), ("sub", "low"), ("vsub", "low"), ("low", "vsub")):
        if dice.hits(2):
            add(owner, owned, ("0.5", "0.5", "0.4", "0.3", ""), *dice.span(3))
    return "\n".join(rows)


def listings(dice: Dice) -> str:
    """Entries of two lists; some come late or end, some amend an earlier one."""
    rows = [
        "id, list, party, as_listed, tags, requirement, review, since, through, modifies",
        "a, home-list, ova, O, fn1, all, denial, 2019-01-01, 2019-02-01,",
        "b, other-list, ova, O, none, all, denial, 2019-01-01, 2019-02-01,",
    ]
    for list_ in ("home-list", "other-list"):
        for party in ("vell", "vsub", "hold", "norr", "line"):
            if not dice.hits(2):
                continue
            review = dice.one("denial", "case_by_case", "none_stated")
            a, b = dice.span(2)
            id_ = f"{list_}-{party}"
            rows.append(f"{id_}, {list_}, {party}, L, {dice.one('none', 'fn1')}, all, {review}, {a}, {b},")
            later = [d for d in DAYS if d > (a or DAYS[0])]
            if not b and later and dice.hits(3):
                rows.append(f"{id_}2, {list_}, {party}, L, fn1, all, denial, {dice.one(*later)}, , {id_}")
    return "\n".join(rows)


def geography(dice: Dice) -> Files:
    """Groups, territories, a chart and a code table, each row for some days."""
    groups = ["id, group, country, since, through"]
    for k, country in enumerate(("CN", "JP", "KR", "HK", "US")):
        if k == 0 or dice.hits(2):
            groups.append(f"g{k}, G:1, {country}, {', '.join(dice.span(3))}")
    places = ["id, regime, country, read_as, since, through"]
    for k, (regime, country, other) in enumerate((("home", "HK", "CN"), ("other", "KR", "JP"))):
        if dice.hits(2):
            places.append(f"t{k}, {regime}, {country}, {other}, {', '.join(dice.span(2))}")
    chart = ["id, regime, country, reasons, elsewhere, since, through"]
    for k, country in enumerate(("CN", "JP", "KR", "US", "HK")):
        if not dice.hits(4):
            marks = dice.one("none", "NS 1", "NS 1; AT 1", "AT 1")
            chart.append(f"c{k}, home, {country}, {marks}, {dice.one('', '', 'see § 9')}, {', '.join(dice.span(4))}")
    codes = ["id, code, codes_except, reason, to, prose, since, through"]
    for k, (code, without, reason, to, prose) in enumerate((
        ("home:3A1", "none", "NS 1", "", ""), ("home:3A1", "home:3A1.b", "AT 1", "", ""),
        ("home:5A1", "none", "", "G:1; KR", ""), ("home:4A1", "none", "", "", "read it"), ("home:3A1.b", "none", "AT 1", "", ""),
        ("other:5A1", "none", "NS 1", "", ""),
    )):  # fmt: skip
        if not dice.hits(3):
            codes.append(f"k{k}, {code}, {without}, {reason}, {to}, {prose}, {', '.join(dice.span(5))}")
    return {
        "groups.csv": "\n".join(groups), "territories.csv": "\n".join(places), "chart.csv": "\n".join(chart),
        "codes.csv": "\n".join(codes),
    }  # fmt: skip


WHAT = ["granted", "granted", "revoked", "suspended", "reinstated", "partly_revoked", "transferred", "void", "expired"]


def licences(dice: Dice, requirements: Sequence[str], orders: Sequence[str], *, is_plain: bool) -> Files:
    """Up to three licences with limited lines, what happened to them, and what was drawn on them before."""
    grants = [
        "id, authority, holder, kind, consignees, intermediate_consignees, end_users, destinations, end_uses, "
        "overcomes, value_tolerance_pct, quantity_tolerance_pct, since, through"
    ]
    lines = [
        "id, licence, line, item, codes, unit, quantity, value_usd_m, value_usd_m_low, value_usd_m_high, covers, "
        "covers_low, covers_high, since, through"
    ]
    events = ["id, licence, date, event, precision, lines, parties"]
    draws = ["id, licence, line, order, date, value_usd_m, quantity"]

    def rarely(*cells: str) -> str:
        return dice.one(*cells) if dice.hits(10 if is_plain else 3) else ""

    for i in range(1 + int(dice.one(0, 1, 2)) if is_plain else int(dice.one(0, 1, 2))):
        consignees = "; ".join(BUYERS) if dice.hits(2) else "vell; ova; hold; sub"
        overcomes = requirements if dice.hits(2) else dice.some(requirements, 1, len(requirements))
        holder = dice.one("acme", "norr", "acme", "norr", "acme; norr", "line")
        grants.append(
            f"lic{i}, M, {holder}, individual, {consignees}, {rarely('fwd', 'ova')}, {rarely('ova; low')}, "
            f"{rarely('G:1', 'CN; JP')}, {rarely('testing; production')}, {'; '.join(overcomes)}, {dice.one('', '', 5)}, "
            f"{dice.one('', '', 20)}, {', '.join(dice.span(8))}"
        )
        for n in range(1, 1 + int(dice.one(1, 2, 2) if is_plain else dice.one(0, 1, 2))):
            value, share = dice.one("", "2", "3.1"), dice.one("1", "1", "0.4")
            spans = [dice.span(8)] if not dice.hits(4) else [("", "2020-05-04"), ("2020-05-05", "")]
            item, code = dice.one("chip", "chip", "soft", ""), dice.one("none", "none", "home:3A1", "home:5A1")
            pieces = dice.one("", "30", "25.5")
            for k, (a, b) in enumerate(spans):
                value = value if k == 0 else dice.one("", "1", "4")
                lines.append(
                    f"x{i}{n}{k}, lic{i}, {n}, {item}, {code}, {dice.one('', 'kg')}, {pieces}, "
                    f"{value}, {value}, {value}, {share}, {share}, {share}, {a}, {b}"
                )
            if dice.hits(3):
                order = dice.one("elsewhere", *orders)
                drawn = f"{dice.one(0.5, 1)}, {10 if pieces else ''}"
                draws.append(f"d{i}{n}, lic{i}, {n}, {order}, {dice.one(*DAYS)}, {drawn}")
        happened = ["granted"] * (not dice.hits(8)) + dice.some(WHAT, 0, 2 if dice.hits(2) else 0)
        for k, what in enumerate(happened):
            named = "norr" if what == "transferred" and dice.hits(2) else rarely("vell", "sub; ova")
            named = "" if what == "transferred" and named != "norr" else named
            day = "2020-04-01" if k == 0 and not dice.hits(3) else dice.one(*DAYS)
            events.append(
                f"e{i}{k}, lic{i}, {day}, {what}, {dice.one('day', 'day', 'day', 'known_by')}, {rarely('1')}, {named}"
            )
    numbered = {tuple(r.split(", ")[1:3]) for r in lines[1:]}
    events = [e for e in events if e.split(", ")[5] in {"", "lines"} or (e.split(", ")[1], "1") in numbered]
    return {
        "licences.csv": "\n".join(grants),
        "licence_lines.csv": "\n".join(lines),
        "licence_events.csv": "\n".join(events),
        "draws.csv": "\n".join(draws),
    }


FACTS = [
    "knowledge", "informed", "testing", "repair", "item:old", "item:new", "buyer_of_downstream", "exception:EX", *EVENTS,
]  # fmt: skip


def said(dice: Dice, abouts: Sequence[str], granted: Sequence[str]) -> Files:
    """Findings and papers about lines, links, units, goods and parties."""
    found = ["id, about, fact, value, since, through"]
    for i in range(int(dice.one(0, 2, 5, 8))):
        value = dice.one("yes", "yes", "no", "unknown", *DAYS[2:5])
        found.append(f"f{i}, {dice.one(*abouts)}, {dice.one(*FACTS)}, {value}, {', '.join(dice.span(3))}")
    papers = ["id, about, kind, value, limb, licence, since, through"]
    for i in range(int(dice.one(0, 0, 1, 3))):
        kind = dice.one("certificate", "certificate", "statement", "supplier_written_confirmation")
        lent = dice.one("", *granted) if kind.startswith("supplier") else ""
        papers.append(
            f"p{i}, {dice.one(*abouts)}, {kind}, {dice.one('yes', 'yes', 'no')}, {dice.one('', '', 'one', 'free')}, {lent}, "
            f"{', '.join(dice.span(3))}"
        )
    return {"findings.csv": "\n".join(found), "documents.csv": "\n".join(papers)}


UNITS = """
    id,    name, party, item, variant, country, output_usd_m
    acme,  A,    acme,  chip, us-chip, US,      1000
    norr,  N,    norr,  chip, kr-chip, KR,      2000
    bare,  B,    acme,  chip, ,        US,      1000
    line,  L,    line,  soft, soft,    US,      1000
    vell,  V,    vell,  mask, ,        CN,      9000
    ova,   O,    ova,   mask, mask,    JP,      4000
    """
LINKS = ("acme>vell", "norr>ova", "bare>vell", "line>ova", "norr>line")
BUYERS = ("vell", "vsub", "ova", "hold", "sub", "low", "anon", "line", "twin")
SELLERS = ("acme", "acme", "acme", "norr", "norr", "norr", "line", "twin")


def links(dice: Dice) -> str:
    """The links that lines may belong to."""
    rows = ["id, seller, buyer, value_usd_m, end_use, end_user"]
    for name in LINKS:
        seller, buyer = name.split(">")
        rows.append(f"{name}, {seller}, {buyer}, 1, {dice.one('production', 'testing', 'none')}, {dice.one('', 'sub')}")
    return "\n".join(rows)


def order(dice: Dice, name: str) -> str:
    """A line of the book: of a link, of its own, or of both."""
    link = dice.one("", *LINKS)

    def own(*choices: str) -> str:
        return dice.one(*choices) if not link or dice.hits(3) else ""

    days = dice.days(3) if dice.hits(2) else ["", "", ""]
    exported = [d if dice.hits(2) else "" for d in days]
    cells = [
        own(*SELLERS), own(*BUYERS), dice.one("", "", "fwd", "ova; vell"), dice.one("", "", "", "", *BUYERS),
        dice.one("", "", "", *BUYERS), own("us-chip", "us-chip", "us-chip", "kr-chip", "kr-chip", "soft", "care", "mask"),
        own("CN", "CN", "JP", "KR", "HK", "US", "ZZ"), dice.one("none", "none", "HK", "CN; ZZ"),
        dice.one("", "none", "testing", "repair; production"),
        dice.one("", "", "", "", "", "export", "transfer", "release", "support", "reexport"), dice.one(0.5, 1, 1.5, 0.9999999949),
        dice.one("", 10, 12.5), dice.one("", "", *DAYS), dice.one("", *DAYS), *exported,
    ]  # fmt: skip
    return ", ".join([name, link, *cells])


ORDER_COLUMNS = (
    "id, link, seller, purchaser, intermediate_consignee, ultimate_consignee, end_user, variant, destination, via, end_use, "
    "act, value_usd_m, quantity, ordered, production_started, aboard_carrier, exported, received"
)


@st.composite
def regimes(draw: st.DrawFn, lines: int = 12) -> Files:
    """A law, a record and a book."""
    dice = Dice(draw)
    is_plain = dice.hits(2)
    measures, requirements = law(dice, is_plain=is_plain)
    names = [f"o{i}" for i in range(lines)]
    grants = licences(dice, requirements, names, is_plain=is_plain)
    granted = [r.split(", ")[0] for r in str(grants["licences.csv"]).splitlines()[1:]]
    abouts = [*names[:6], *LINKS, "acme", "norr", "us-chip", "soft", "vell", "ova", "line", "sub"]
    return {
        "measures/order.toml": None,
        **measures,
        **geography(dice),
        **grants,
        **said(dice, abouts, granted),
        "items.csv": "id, name, kind, tags\nchip, C, commodity, fast\nsoft, S, technology, none\n"
        "care, T, service, none\nmask, P, commodity, none\n",
        "parties.csv": parties(dice),
        "variants.csv": goods(dice),
        "units.csv": UNITS,
        "links.csv": links(dice),
        "stakes.csv": stakes(dice),
        "listings.csv": listings(dice),
        "orders.csv": "\n".join([ORDER_COLUMNS, *(order(dice, n) for n in names)]),
    }


def loaded(files: Files, as_known: str | None = None) -> Case:
    """The case of some files, read in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return load(make_case(Path(folder), files), as_known=as_known)


def told(row: dict[str, object]) -> tuple[object, ...]:
    """What a row of the table says."""
    names = ("day", "outcome", "state", "limbs", "authorisations", "licences", "review", "because", "otherwise")
    figures = ("allowed", "allowed_low", "allowed_high")
    needs = sorted(row["needs"])  # type: ignore[call-overload]
    return (*(row[n] for n in names), needs, *(row[f] for f in figures))


def alone(v: Verdict) -> tuple[object, ...]:
    """What a verdict on one line says, in the same order."""
    lists = (list(v.limbs), list(v.authorisations), list(v.licences))
    return (
        v.as_of, v.outcome, v.state, *lists, v.review, v.headline, v.otherwise, sorted(v.needs), v.share, v.share_low,
        v.share_high,
    )  # fmt: skip


def verdicts(book: Book) -> list[Verdict]:
    """Every line decided alone, after what the lines before its turn have drawn."""
    facts = facts_of(book.case)
    return [
        decide(book.case, book.coded.sale(i), facts, book.as_of, drawn=book.drawn_before(i))
        for i in range(book.coded.n)
    ]


def same(one: pl.DataFrame, two: pl.DataFrame) -> bool:
    """Whether two tables say the same about every line, in whatever order."""
    return one.sort("sale").equals(two.sort("sale"))


def undrawn(book: Book, i: int, licence: str, line: int) -> tuple[int, int] | None:
    """What a line of a book has still to draw on a line of a licence, beside what is recorded for it; None: nothing."""
    facts, row = book.coded.facts, book.coded.full.row(i, named=True)
    value, pieces = value_of(row["value_usd_m"]), quantity_of(row["quantity"] or 0)
    mine = [d for d in facts.draws if (d.order, d.licence, d.line) == (row["id"], licence, line)]
    if not mine:
        return value, pieces
    limited = line_on(facts.licence[licence], line, book.coded.when(i))
    more = max(0, value - sum(value_of(d.value_usd_m) for d in mine))
    rest = max(0, pieces - sum(quantity_of(d.quantity or 0) for d in mine))
    lacks_value = limited.value_usd_m is not None and more > 0
    lacks_pieces = limited.quantity is not None and (row["quantity"] is None or rest > 0)
    return (more, rest) if lacks_value or lacks_pieces else None


known = st.sampled_from([None, None, "2020-05-05"])


@settings(max_examples=60)
@given(files=regimes(), day=st.sampled_from(DAYS), as_known=known, turn=st.randoms(use_true_random=False))
def test_a_line_of_a_book_is_decided_as_it_would_be_alone(
    files: Files, day: str, as_known: str | None, turn: object
) -> None:
    case = loaded(files, as_known)
    book = check_book(case, case["orders"], day)
    frame = book.frame()
    for i, (row, v) in enumerate(zip(frame.iter_rows(named=True), verdicts(book), strict=True)):
        assert told(row) == alone(v), row["sale"]
        drawn = [k for k, at in enumerate(book.draws.at) if at == i]
        amounts = [(book.draws.line[k], book.draws.value[k], book.draws.quantity[k]) for k in drawn]
        assert amounts == [(x, *more) for x in v.draws if (more := undrawn(book, i, *x)) is not None], row["sale"]
    rows = list(range(frame.height))
    turn.shuffle(rows)  # type: ignore[attr-defined]
    turned = check_book(case, case["orders"][rows], day, chunk=5)
    assert same(frame, turned.frame())
    assert turned.ledger().equals(book.ledger())
    with ThreadPoolExecutor(2) as pool:
        assert frame.equals(check_book(case, case["orders"], day, chunk=3, executor=pool).frame())

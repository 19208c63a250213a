"""What a licence names and how much of it is left: parties, places, uses, codes, dated lines, limits and tolerances."""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

from cases import ask, limb, make_case, measure, problems_of
from detente.decide import order_book
from detente.decide.facts import facts_of
from detente.decide.licensing.standing import by_events, customers
from detente.decide.truth import TRUE
from detente.record import Case

Made = Callable[..., Case]
DAY = "2020-05-01"
COVERED, REQUIRED, UNSURE = "covered_by_licence", "licence_required", "needs_facts"
GRANTED = "2020-04-01, granted"
EVENT = "date, event, precision, lines, parties"


def law(*rules: str) -> dict[str, str]:
    """Every sale needs a licence; beside that, rules on how licences are read."""
    blocks = [
        f'\n[[licence_rules]]\nid = "rule{i}"\ntext = "Rule {i}."\nsources = ["press"]\n'
        + ("" if "in_force" in r else "in_force = [{since = 2020-01-01, recorded = 2020-01-01}]\n") + f"{r}\n"
        for i, r in enumerate(rules)
    ]  # fmt: skip
    return {"measures/order.toml": measure(limb("list"), *blocks)}


def licences(*rules: str, **each: Mapping[str, str]) -> dict[str, str]:
    """A licence of Acme's for each name, for a buyer of that name, with terms of its own.

    ``lines`` are its lines, as in ``item=chip quantity=5|item=phone``, ``events`` rows of its events, one a line of
    text; every other term is a column of the table ``licences``.
    """
    terms = list(dict.fromkeys(k for t in each.values() for k in t if k not in {"lines", "events", "holder"}))
    heads, rows, lines, events = ["item"], [], [], []
    for name, term in each.items():
        cells = [
            name,
            "Ministry",
            term.get("holder", "acme"),
            "individual",
            name,
            "list",
            *(term.get(k, "") for k in terms),
        ]
        rows.append(", ".join(cells))
        parts = [dict(x.split("=") for x in part.split()) for part in term.get("lines", "item=chip").split("|")]
        lines += [(f"{name}{i}", name, str(i), part) for i, part in enumerate(parts, 1)]
        heads = list(dict.fromkeys([*heads, *(k for p in parts for k in p if k != "line")]))
        said = [e.strip() for e in term.get("events", GRANTED).split("\n") if e.strip()]
        events += [f"{name}-e{i}, {name}, {e}{',' * (4 - e.count(','))}" for i, e in enumerate(said)]
    firms = [f"{n}, {n.title()}, firm, target, CN" for n in each]
    return {
        **law(*rules),
        "+parties.csv": "\n".join(["id, name, kind, side, country", *firms]),
        "licences.csv": "\n".join([", ".join(["id, authority, holder, kind, consignees, overcomes", *terms]), *rows]),
        "licence_lines.csv": "\n".join([
            ", ".join(["id, licence, line", *heads]),
            *(", ".join([i, n, p.get("line", k), *(p.get(h, "") for h in heads)]) for i, n, k, p in lines),
        ]),
        "licence_events.csv": "\n".join([f"id, licence, {EVENT}", *events]),
        "listings.csv": None,
        "links.csv": "id, seller, buyer, value_usd_m, end_use\n",
    }  # type: ignore[dict-item]  # fmt: skip


def orders(columns: str, *buyers: str, **kinds: str) -> dict[str, str]:
    """An order of each kind for each buyer, ``BUYER-KIND``: of Acme's chips to China, where the columns do not say."""
    usual = {"seller": "acme", "variant": "acme-chip", "destination": "CN", "value_usd_m": "1"}
    heads = [c.strip() for c in columns.split(",")]
    rest = {k: v for k, v in usual.items() if k not in heads}
    rows = [", ".join([f"{b}-{k}", b, v, *rest.values()]) for b in buyers for k, v in kinds.items()]
    return {"orders.csv": "\n".join([", ".join(["id", "purchaser", *heads, *rest]), *rows])}


def draws(*rows: str) -> dict[str, str]:
    """What was drawn: licence, line, order, date, value and, where it is known, quantity."""
    body = [f"d{i}, {r}{',' * (5 - r.count(','))}" for i, r in enumerate(rows)]
    return {"draws.csv": "\n".join(["id, licence, line, order, date, value_usd_m, quantity", *body])}


def outcomes(case: Case, buyer: str, *kinds: str, day: str = DAY) -> list[str]:
    """What comes out for each kind of order of a buyer, each alone."""
    return [ask(case, f"{buyer}-{k}", day).outcome for k in kinds]


def book(case: Case, day: str = DAY) -> dict[str, str]:
    """What comes out for every line of the order book, each after those before its turn."""
    return dict(order_book(case, day).frame().select("sale", "outcome").iter_rows())


def check_alike(case: Case, day: str = DAY) -> None:
    """The order book says of every line what is said of it alone (where no line of a licence is limited)."""
    for row in order_book(case, day).frame().iter_rows(named=True):
        v = ask(case, row["sale"], day)
        assert (row["outcome"], row["licences"]) == (v.outcome, list(v.licences)), row["sale"]


# ---------------------------------------------------------------- who and where


def test_forwarders_that_a_licence_names(made: Made) -> None:
    case = made({
        **licences(free={}, named={"intermediate_consignees": "ova"}),
        **orders("intermediate_consignee", "free", "named", none="", ova="ova", norr="norr", two="ova; norr"),
    })  # fmt: skip
    kinds = ("none", "ova", "norr", "two")
    assert outcomes(case, "free", *kinds) == [COVERED] * 4  # it does not say
    assert outcomes(case, "named", *kinds) == [COVERED, COVERED, REQUIRED, REQUIRED]
    check_alike(case)


def test_another_forwarder_in_the_country_of_destination_where_the_rules_say_so(made: Made) -> None:
    def with_rule(rule: str) -> Case:
        files = licences(rule, vale={"intermediate_consignees": "ova"})
        files["+parties.csv"] += "\nhub, Hub, firm, third, CN\nport, Port, firm, third, TW\ndark, Dark, firm, third, ZZ"
        between = {"hub": "hub", "port": "port", "dark": "dark", "ova": "ova", "mixed": "ova; hub"}
        return made({**files, **orders("intermediate_consignee", "vale", **between)})

    kinds = ("hub", "port", "dark", "ova", "mixed")
    may = with_rule("forwarder_may_change = true\nin_force = [{since = 2020-05-01, recorded = 2020-01-01}]")
    assert outcomes(may, "vale", *kinds) == [COVERED, REQUIRED, UNSURE, COVERED, COVERED]
    check_alike(may)
    same_only = [REQUIRED, REQUIRED, REQUIRED, COVERED, REQUIRED]
    assert outcomes(may, "vale", *kinds, day="2020-04-30") == same_only
    assert outcomes(with_rule("value_pct = 10"), "vale", *kinds) == same_only


def test_end_users_that_a_licence_names(made: Made) -> None:
    """A consignee may use the goods itself; anybody else must be named."""
    case = made({
        **licences(vale={"end_users": "ova"}), **orders("end_user", "vale", vale="vale", ova="ova", norr="norr"),
    })  # fmt: skip
    assert outcomes(case, "vale", "vale", "ova", "norr") == [COVERED, COVERED, REQUIRED]
    check_alike(case)


def test_who_receives_the_goods_must_be_named_too(made: Made) -> None:
    case = made({**licences(vale={}), **orders("ultimate_consignee", "vale", none="", vale="vale", ova="ova")})
    assert outcomes(case, "vale", "none", "vale", "ova") == [COVERED, COVERED, REQUIRED]
    check_alike(case)


def test_destinations_that_a_licence_names(made: Made) -> None:
    case = made({
        **licences(free={}, two={"destinations": "CN; HK"}, group={"destinations": "D:5"}),
        **orders("destination", "free", "two", "group", cn="CN", hk="HK", jp="JP", dark="ZZ"),
        "groups.csv": "id, group, country, through\ng, D:5, CN, 2020-05-01\n",
    })  # fmt: skip
    kinds = ("cn", "hk", "jp", "dark")
    assert outcomes(case, "free", *kinds) == [COVERED] * 4  # it does not say
    assert outcomes(case, "two", *kinds) == [COVERED, COVERED, REQUIRED, UNSURE]
    assert outcomes(case, "group", *kinds) == [COVERED, REQUIRED, REQUIRED, UNSURE]
    assert outcomes(case, "group", "cn", day="2020-05-02") == [REQUIRED]
    check_alike(case)


def test_uses_that_a_licence_names(made: Made) -> None:
    case = made({
        **licences(free={}, named={"end_uses": "repair; support"}),
        **orders("end_use", "free", "named", yes="repair", no="testing", dark=""),
    })  # fmt: skip
    assert outcomes(case, "named", "yes", "no", "dark") == [COVERED, REQUIRED, UNSURE]
    assert outcomes(case, "free", "yes", "no", "dark") == [COVERED] * 3  # it does not say
    check_alike(case)


# ---------------------------------------------------------------- which goods, when


def test_a_line_may_name_codes(made: Made) -> None:
    case = made({
        **licences(code={"lines": "codes=home:3B1"}, both={"lines": "item=phone codes=home:3B1"}, item={}),
        "variants.csv": """
            id,        item,  maker, origin, codes
            acme-chip, chip,  acme,  US,     home:3B1.f
            norr-chip, chip,  norr,  KR,     none
            beside,    chip,  acme,  US,     home:3B10
            far,       chip,  acme,  US,     far:3B1
            dark,      chip,  acme,  US,
            phones,    phone, acme,  US,     home:5A1
            """,
        **orders("variant", "code", "both", "item", under="acme-chip", beside="beside", far="far", dark="dark",
                 phones="phones"),
    })  # fmt: skip
    kinds = ("under", "beside", "far", "dark", "phones")
    assert outcomes(case, "code", *kinds) == [COVERED, REQUIRED, UNSURE, UNSURE, REQUIRED]
    assert outcomes(case, "both", *kinds) == [COVERED, REQUIRED, UNSURE, UNSURE, COVERED]
    assert outcomes(case, "item", *kinds) == [COVERED, COVERED, COVERED, COVERED, REQUIRED]
    check_alike(case)


def test_a_line_has_days_and_so_has_what_was_drawn_on_it(made: Made) -> None:
    """An amended line takes the place of the one before: worth more from June on, less what was drawn before."""
    two = "line=1 item=chip value_usd_m=5 through=2020-05-31|line=1 item=chip value_usd_m=8 since=2020-06-01"
    case = made({
        **licences(dated={"lines": "item=chip since=2020-04-10 through=2020-05-31"}, amended={"lines": two}),
        **orders("value_usd_m", "dated", "amended", four="4", small="1"),
        **draws("amended, 1, earlier, 2020-04-20, 4"),
    })  # fmt: skip
    days = {"04-09": REQUIRED, "04-10": COVERED, "05-31": COVERED, "06-01": REQUIRED}
    assert {d: outcomes(case, "dated", "four", day=f"2020-{d}")[0] for d in days} == days
    assert outcomes(case, "amended", "four", "small", day="2020-05-31") == [REQUIRED, COVERED]
    assert outcomes(case, "amended", "four", "small", day="2020-06-01") == [COVERED, COVERED]


def test_a_line_says_one_thing_a_day(tmp_path: Path) -> None:
    two = "line=1 item=chip value_usd_m=5 through=2020-06-01|line=1 item=chip value_usd_m=8 since=2020-06-01"
    (problem,) = problems_of(make_case(tmp_path, licences(vale={"lines": two})))
    assert (problem.file, problem.column, problem.got) == ("licence_lines.csv", "line", "1 again")


# ---------------------------------------------------------------- how much


def test_a_value_to_the_cent(made: Made) -> None:
    """5.5 is 10 % more than 5, though 5 * 1.1 is a little more than 5.5 to a computer."""
    five = {"lines": "item=chip value_usd_m=5"}
    sizes = orders("value_usd_m", "vale", under="4.99999999", on="5", cent="5.00000001", ten="5.5", over="5.50000001")
    kinds = ("under", "on", "cent", "ten", "over")
    assert outcomes(made({**licences(vale=five), **sizes}), "vale", *kinds) == [COVERED, COVERED] + [REQUIRED] * 3
    assert outcomes(made({**licences("value_pct = 10", vale=five), **sizes}), "vale", *kinds) == [COVERED] * 4 + [
        REQUIRED
    ]


def test_a_quantity_and_what_is_missing(made: Made) -> None:
    case = made({
        **licences(pieces={"lines": "item=chip quantity=100"}, both={"lines": "item=chip quantity=100 value_usd_m=5"}),
        **orders("value_usd_m, quantity", "pieces", "both", on="5, 100", over="5, 100.5", dear="5.1, 1", dark="5,",
                 dear_dark="6,"),
    })  # fmt: skip
    kinds = ("on", "over", "dear", "dark", "dear_dark")
    assert outcomes(case, "pieces", *kinds) == [COVERED, REQUIRED, COVERED, UNSURE, UNSURE]
    assert outcomes(case, "both", *kinds) == [COVERED, REQUIRED, REQUIRED, UNSURE, REQUIRED]
    assert any("the quantity of the order is not recorded" in n for n in ask(case, "pieces-dark", DAY).needs)


SIZES = {"full": "10, 100", "dear": "11, 100", "dearer": "11.01, 100", "more": "10, 105", "most": "10, 105.1"}


def test_tolerances_of_the_rules_and_of_the_licence(made: Made) -> None:
    line = {"lines": "item=chip quantity=100 unit=wafers value_usd_m=10"}
    own = {**line, "value_tolerance_pct": "0", "quantity_tolerance_pct": "6"}
    sizes = orders("value_usd_m, quantity", "plain", "own", **SIZES)
    bare = made({**licences(plain=line, own=own), **sizes})
    assert outcomes(bare, "plain", *SIZES) == [COVERED] + [REQUIRED] * 4
    assert outcomes(bare, "own", *SIZES) == [COVERED, REQUIRED, REQUIRED, COVERED, COVERED]
    ruled = made({**licences("value_pct = 10\nquantity_pct = 5", plain=line, own=own), **sizes})
    assert outcomes(ruled, "plain", *SIZES) == [COVERED, COVERED, REQUIRED, COVERED, REQUIRED]
    assert outcomes(ruled, "own", *SIZES) == [COVERED, REQUIRED, REQUIRED, COVERED, COVERED]  # its own words go first


def test_a_tolerance_for_goods_counted_in_a_unit_and_its_days(made: Made) -> None:
    """A rule about the unit goes before a general one, and speaks of no other unit. It ended in 2013, here in 2020."""
    unit = 'quantity_pct = 25\nunits = ["number", "pieces"]\n'
    unit += "in_force = [{since = 1995-01-01, through = 2020-05-01, recorded = 2020-01-01}]"
    case = made({
        **licences(
            unit, "quantity_pct = 10", number={"lines": "item=chip quantity=100 unit=number"},
            kg={"lines": "item=chip quantity=100 unit=kg"}, unsaid={"lines": "item=chip quantity=100"},
        ),
        **orders("value_usd_m, quantity", "number", "kg", "unsaid", ten="1, 110", more="1, 125", most="1, 126"),
    })  # fmt: skip
    kinds = ("ten", "more", "most")
    assert outcomes(case, "number", *kinds) == [COVERED, COVERED, REQUIRED]
    assert outcomes(case, "kg", *kinds) == outcomes(case, "unsaid", *kinds) == [COVERED, REQUIRED, REQUIRED]
    assert outcomes(case, "number", *kinds, day="2020-05-02") == [COVERED, REQUIRED, REQUIRED]


def test_nothing_more_once_the_quantity_is_shipped(made: Made) -> None:
    """Ninety pieces leave ten, and with the tolerance more; a hundred leave nothing where the rule stops there."""
    drawn = {"a": "90", "b": "100", "c": "104", "d": "105", "e": "106"}
    files = {
        **orders("value_usd_m, quantity", *drawn, five="1, 5"),
        **draws(*(f"{k}, 1, earlier, 2020-04-20, 1, {v}" for k, v in drawn.items())),
    }
    line = {"lines": "item=chip quantity=100"}
    for stop, expected in (
        ("", [COVERED] + [REQUIRED] * 4),  # it stops there unless the rule says otherwise
        ("stop_at_full_quantity = true", [COVERED] + [REQUIRED] * 4),
        ("stop_at_full_quantity = false", [COVERED] * 4 + [REQUIRED]),
    ):
        case = made({**licences(f"quantity_pct = 10\n{stop}", **dict.fromkeys(drawn, line)), **files})
        assert [outcomes(case, k, "five")[0] for k in drawn] == expected, stop


def test_value_goes_on_only_while_the_quantity_is_not_full(made: Made) -> None:
    """15 CFR 750.11: ten per cent more in value, and nothing at all once all pieces are gone."""
    drawn = {
        "a": ("10, 99", COVERED),
        "b": ("10, 100", REQUIRED),
        "c": ("10.5, 99", COVERED),
        "d": ("10.6, 99", REQUIRED),
    }
    line = {"lines": "item=chip quantity=100 value_usd_m=10"}
    case = made({
        **licences("value_pct = 10", **dict.fromkeys(drawn, line)),
        **orders("value_usd_m, quantity", *drawn, one="0.5, 1"),
        **draws(*(f"{k}, 1, earlier, 2020-04-20, {v}" for k, (v, _) in drawn.items())),
    })  # fmt: skip
    assert {k: outcomes(case, k, "one")[0] for k in drawn} == {k: expected for k, (_, expected) in drawn.items()}


# ---------------------------------------------------------------- what was drawn


def test_recorded_draws_count_on_their_line_from_their_day(made: Made) -> None:
    """And the first line with room is the one drawn on."""
    two = "item=chip value_usd_m=1|item=chip value_usd_m=5"
    case = made({
        **licences(vale={"lines": "item=chip value_usd_m=5|item=phone value_usd_m=5"}, pair={"lines": two}),
        **orders("value_usd_m", "vale", "pair", two="2", one="1", most="5.01"),
        **draws("vale, 1, earlier, 2020-05-01, 4", "pair, 2, earlier, 2020-05-01, 4"),
    })  # fmt: skip
    assert outcomes(case, "vale", "two", "one", day="2020-04-30") == [COVERED, COVERED]
    assert outcomes(case, "vale", "two", "one", day="2020-05-01") == [REQUIRED, COVERED]
    assert any("USD 6,000,000 of USD 5,000,000" in r.text for r in ask(case, "vale-two", DAY).reason.walk())
    assert [ask(case, f"pair-{k}", d).draws for k, d in (("two", "2020-04-30"), ("one", DAY), ("two", DAY))] == [
        (("pair", 2),), (("pair", 1),), (),
    ]  # fmt: skip
    assert outcomes(case, "pair", "most", day="2020-04-30") == [REQUIRED]  # no line alone has room


def test_an_order_whose_own_draw_is_recorded_is_not_drawn_again(made: Made) -> None:
    case = made({
        **licences(vale={"lines": "item=chip value_usd_m=5"}),
        **orders("value_usd_m", "vale", three="3", other="2.01", last="2"),
        **draws("vale, 1, vale-three, 2020-04-20, 3"),
    })  # fmt: skip
    assert book(case) == {"vale-three": COVERED, "vale-other": REQUIRED, "vale-last": COVERED}
    assert order_book(case, DAY).ledger()["order"].to_list() == ["vale-last"]
    assert outcomes(case, "vale", "three", "other", "last") == [COVERED, REQUIRED, COVERED]


def test_an_order_drawn_in_part_needs_room_for_the_whole_of_it(made: Made) -> None:
    """One of 3 of which 2 are recorded as drawn takes the third from what is left, where there is as much."""
    for limit, expected in (("5", COVERED), ("4.9", REQUIRED)):
        case = made({
            **licences(vale={"lines": f"item=chip value_usd_m={limit}"}),
            **orders("value_usd_m", "vale", three="3", zero="0.01"),
            **draws("vale, 1, vale-three, 2020-04-20, 2", "vale, 1, earlier, 2020-04-20, 2"),
        })  # fmt: skip
        assert outcomes(case, "vale", "three") == [expected]
        decided = order_book(case, DAY)
        assert dict(decided.frame().select("sale", "outcome").rows())["vale-three"] == expected
        last = [("vale-three", 1.0)] if expected == COVERED else [("vale-zero", 0.01)]
        assert decided.ledger().select("order", "value_usd_m").rows() == last
        assert any("only a part of the order" in r.text for r in ask(case, "vale-three", DAY).reason.walk())


def test_a_draw_as_large_as_its_order_covers_it_however_little_is_left(made: Made) -> None:
    """By value, by pieces, or by both, as the line is limited; an order that leaves its pieces out may be larger."""
    limits = {"money": "value_usd_m=5", "pieces": "quantity=10", "both": "value_usd_m=5 quantity=10"}
    own = {"whole": "3, 6", "short": "2, 6", "few": "3, 5"}
    held = {("money", "short"), ("pieces", "few"), ("both", "short"), ("both", "few")}
    for name, limit in limits.items():
        for kind, drawn in own.items():
            case = made({
                **licences(x={"lines": f"item=chip {limit}"}),
                **orders("value_usd_m, quantity", "x", o="3, 6"),
                **draws(f"x, 1, x-o, 2020-04-20, {drawn}", "x, 1, earlier, 2020-04-20, 4, 8"),
            })  # fmt: skip
            expected = REQUIRED if (name, kind) in held else COVERED
            assert outcomes(case, "x", "o") == [expected], (name, kind)
            assert book(case) == {"x-o": expected}, (name, kind)
        bare = made({
            **licences(x={"lines": f"item=chip {limit}"}), **orders("value_usd_m, quantity", "x", o="3,"),
            **draws("x, 1, x-o, 2020-04-20, 3, 6"),
        })  # fmt: skip
        expected = COVERED if name == "money" else "needs_facts"
        assert (outcomes(bare, "x", "o"), book(bare)) == ([expected], {"x-o": expected}), name


def test_lines_draw_in_turn_by_export_order_and_name(made: Made) -> None:
    rows = {
        "z": "2020-04-10, , 2", "b": "2020-04-20, 2020-04-02, 2", "c": "2020-04-20, 2020-04-01, 2",
        "a": "2020-04-20, 2020-04-02, 2", "open": ", , 1",
    }  # fmt: skip
    case = made({
        **licences(vale={"lines": "item=chip value_usd_m=6"}),
        **orders("exported, ordered, value_usd_m", "vale", **rows),
    })  # fmt: skip
    expected = {"z": COVERED, "c": COVERED, "a": COVERED, "b": REQUIRED, "open": REQUIRED}
    assert book(case) == {f"vale-{k}": v for k, v in expected.items()}
    assert order_book(case, DAY).ledger().select("order", "line", "date", "value_usd_m").rows() == [
        (f"vale-{k}", 1, dt.date(2020, 4, d), 2.0) for k, d in (("z", 10), ("c", 20), ("a", 20))
    ]


def test_a_line_that_is_held_draws_nothing(made: Made) -> None:
    """The one before goes to somebody else, so it is held, and the room is there for the next."""
    case = made({
        **licences(vale={"lines": "item=chip value_usd_m=2"}),
        **orders("ultimate_consignee, value_usd_m", "vale", a="ova, 2", b="vale, 2", c="vale, 0.01"),
    })  # fmt: skip
    assert book(case) == {"vale-a": REQUIRED, "vale-b": COVERED, "vale-c": REQUIRED}


def test_balances_and_draws_that_do_not_fit_are_faults(tmp_path: Path) -> None:
    files = {**licences(lic={"lines": "item=chip value_usd_m=5 quantity=10"}), **draws("lic, 1, x, 2020-05-01, 1.1, 2")}
    said = ("2020-04-30, 5, 10", "2020-05-01, 3.9, 8", "2020-05-01, 3.8, 8", "2020-05-01, , 9")
    rows = "".join(f"b{i}, lic, 1, {r}\n" for i, r in enumerate(said))
    found = problems_of(
        make_case(tmp_path, {**files, "balances.csv": "id, licence, line, date, value_usd_m, quantity\n" + rows})
    )
    assert [(p.row, p.column) for p in found] == [(4, "value_usd_m"), (5, "quantity")]
    bare = {"balances.csv": "id, licence, line, date\nx, lic, 1, 2020-05-01\ny, lic, 7, 2020-05-01\n"}
    found = problems_of(make_case(tmp_path, {**files, **bare, **draws("lic, 7, x, 2020-05-01, 1")}))
    assert [(p.file, p.row, p.column) for p in found] == [
        ("balances.csv", 2, "value_usd_m"), ("balances.csv", 3, "line"), ("balances.csv", 3, "value_usd_m"),
        ("draws.csv", 2, "line"),
    ]  # fmt: skip


# ---------------------------------------------------------------- who holds it


def test_a_licence_that_passes_to_another_holder(made: Made) -> None:
    """From the day of the transfer; to nobody knows whom, or to one of two, it is not known; and it is no grant."""
    case = made({
        **licences(
            moved={"events": f"{GRANTED}\n2020-05-10, transferred, , , norr"},
            lost={"events": f"{GRANTED}\n2020-05-10, transferred"},
            either={"events": f"{GRANTED}\n2020-05-10, transferred, , , norr; ova"},
            early={"events": "2020-05-10, transferred, , , norr\n2020-06-01, granted"},
            by_then={"events": f"{GRANTED}\n2020-05-10, transferred, known_by, , norr"},
        ),
        **orders("seller", "moved", "lost", "either", "early", "by_then", acme="acme", norr="norr"),
    })  # fmt: skip
    days = ("2020-05-09", "2020-05-10", "2020-06-01")
    found = {n: [outcomes(case, n, "acme", "norr", day=d) for d in days] for n in case["licences"]["id"]}
    assert found["moved"] == [[COVERED, REQUIRED], [REQUIRED, COVERED], [REQUIRED, COVERED]]
    assert found["lost"] == [[COVERED, REQUIRED], [UNSURE, REQUIRED], [UNSURE, REQUIRED]]
    assert [f[1] for f in found["either"]] == [REQUIRED, UNSURE, UNSURE]
    assert COVERED not in found["either"][1] + found["either"][2]
    assert found["by_then"][1:] == [[REQUIRED, COVERED], [REQUIRED, COVERED]]
    assert COVERED not in found["by_then"][0]  # it may have passed already
    assert found["early"] == [[REQUIRED, REQUIRED], [REQUIRED, REQUIRED], [REQUIRED, COVERED]]
    for day in days:
        check_alike(case, day)


def test_a_licence_that_is_void_was_never_good(made: Made) -> None:
    """Before and after the day on which that was said; but nobody knew it before that day."""
    files = {**licences(vale={}, back={}), **orders("value_usd_m", "vale", "back", one="1")}
    files["licence_events.csv"] = """
        id, licence, date,       event,      recorded
        e1, vale,    2020-04-01, granted,    2020-04-01
        e2, vale,    2020-07-01, void,       2020-07-01
        e3, back,    2020-04-01, granted,    2020-04-01
        e4, back,    2020-07-01, void,       2020-07-01
        e5, back,    2020-08-01, reinstated, 2020-08-01
        """
    every = ("2020-05-01", "2020-06-30", "2020-07-01", "2020-08-01")
    for known, expected in (
        (None, REQUIRED), ("2020-08-01", REQUIRED), ("2020-07-01", REQUIRED), ("2020-06-30", COVERED),
        ("2020-03-31", REQUIRED),
    ):  # fmt: skip
        case = made(files, as_known=known)
        found = {outcomes(case, name, "one", day=d)[0] for name in ("vale", "back") for d in every}
        assert found == {expected}, known


# ---------------------------------------------------------------- passed on by a supplier


def test_a_supplier_passes_its_licence_on_in_writing(made: Made) -> None:
    """Norr's licences, papers of Norr's, sales of Acme's: whatever is passed on must fit all the same."""
    norr = {"holder": "norr"}
    names = ("said", "bare", "unsaid", "which", "uses", "small", "ended", "dated")
    terms: dict[str, Mapping[str, str]] = dict.fromkeys(names, norr)
    terms["uses"] = {**norr, "end_uses": "repair"}
    terms["small"] = {**norr, "lines": "item=chip value_usd_m=0.5"}
    terms["ended"] = {**norr, "events": f"{GRANTED}\n2020-05-10, revoked"}
    papers = """
        id, about,      kind,                          value, licence, since,      through
        d1, said-acme,  supplier_written_confirmation, yes,   said,    ,
        d2, bare-acme,  supplier_written_confirmation, no,    bare,    ,
        d3, which-acme, supplier_written_confirmation, yes,   ,        ,
        d4, uses-acme,  supplier_written_confirmation, yes,   uses,    ,
        d5, small-acme, supplier_written_confirmation, yes,   small,   ,
        d6, ended-acme, supplier_written_confirmation, yes,   ended,   ,
        d7, dated-acme, supplier_written_confirmation, yes,   dated,   2020-05-01, 2020-05-31
        d8, unsaid-acme, statement,                    yes,   unsaid,  ,
        """
    rows = orders("seller, end_use", *names, acme="acme, testing", norr="norr, repair", other="acme, testing")
    case = made({**licences(**terms), **rows, "documents.csv": papers})
    assert {n: outcomes(case, n, "acme")[0] for n in names} == {
        "said": COVERED, "bare": REQUIRED, "unsaid": REQUIRED, "which": REQUIRED, "uses": REQUIRED, "small": REQUIRED,
        "ended": COVERED, "dated": COVERED,
    }  # fmt: skip
    assert {outcomes(case, n, "other")[0] for n in names} == {REQUIRED}  # a paper of another sale
    assert outcomes(case, "ended", "acme", day="2020-05-10") == [REQUIRED]
    days = {"04-30": REQUIRED, "05-01": COVERED, "05-31": COVERED, "06-01": REQUIRED}
    assert {d: outcomes(case, "dated", "acme", day=f"2020-{d}")[0] for d in days} == days
    assert ask(case, "said-acme", DAY).licences == ("said",)
    assert outcomes(case, "said", "norr") == [COVERED]  # its holder has it still


def test_a_licence_void_in_part_holds_for_the_rest(made: Made) -> None:
    """From its issuance, for the lines or customers named, and for all where none is."""
    lines = "item=chip value_usd_m=1|item=phone value_usd_m=5"
    parts = {"1,": REQUIRED, "2,": COVERED, ",": REQUIRED, ", x": REQUIRED, ", norr": COVERED}
    head = "id, licence, date, event, lines, parties\n"
    for part, expected in parts.items():
        files = {**licences(x={"lines": lines}), **orders("value_usd_m", "x", o="1")}
        files["licence_events.csv"] = f"{head}e1, x, 2020-03-01, granted,,\ne2, x, 2020-06-01, void, {part}\n"
        case = made(files)
        assert (outcomes(case, "x", "o"), book(case)) == ([expected], {"x-o": expected}), part
        licence = facts_of(case).licence["x"]
        each = [by_events(licence, "1", who, dt.date.fromisoformat(DAY)).truth for who in customers(licence)]
        assert (TRUE in each) == (expected == COVERED), part

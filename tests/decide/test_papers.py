"""Papers, exceptions and permissions: what must be on file, what meets a rule, what lifts it, what is out of it."""

from collections.abc import Callable
from pathlib import Path

from cases import LISTED, ask, limb, make_case, measure, problems_of
from detente.decide import check, permits
from detente.decide.decision import ways_out
from detente.record import Case

Made = Callable[..., Case]
DAY = "2020-05-01"
REQUIRED, UNSURE, ALLOWED, LIFTED = "licence_required", "needs_facts", "allowed", "allowed_by_exception"


def law(*limbs: str) -> dict[str, str]:
    """A case's files with one measure of these limbs."""
    return {"measures/order.toml": measure(*limbs)}


def sales(**each: str) -> dict[str, str]:
    """A sale of Acme's to Vell a name, and its papers: ``kind, value, limb, since, through``, several one a line."""
    papers = [(name, r.strip()) for name, rows in each.items() for r in rows.split("\n") if r.strip()]
    body = [f"d{i}, {name}, {r}{',' * (4 - r.count(','))}" for i, (name, r) in enumerate(papers)]
    return {
        "links.csv": "id, seller, buyer, value_usd_m, end_use\n"
        + "".join(f"{n}, acme, vell, 1, production\n" for n in each),
        "documents.csv": "\n".join(["id, about, kind, value, limb, since, through", *body]),
    }  # fmt: skip


def used(**each: str) -> dict[str, str]:
    """A sale of Acme's to Vell a name, for the use that is given."""
    links = [f"{name}, acme, vell, 1, {use}" for name, use in each.items()]
    return {"links.csv": "\n".join(["id, seller, buyer, value_usd_m, end_use", *links])}


def outcomes(case: Case, day: str = DAY) -> dict[str, str]:
    """What comes out for every sale of a case."""
    return {s: ask(case, s, day).outcome for s in case["links"]["id"]}


# ---------------------------------------------------------------- an authorisation that asks for a paper

CERTIFICATE = 'duties = [{kind = "certificate", by = "the buyer", text = "A certificate.", on_file = true}]'
FREE = limb("free", f'defeats = ["list"]\n{CERTIFICATE}', effect="authorise")


def test_an_authorisation_helps_only_once_the_paper_is_there(made: Made) -> None:
    case = made({
        **law(limb("list", LISTED), limb("two", LISTED, since="2021-01-01"), FREE),
        **sales(
            dark="", there="certificate, yes", listed="certificate,", gone="certificate, no", kind="statement, yes",
            other="certificate, yes, two", mine="certificate, yes, free", both="certificate, yes, two; free",
            torn="certificate, yes\ncertificate, no", torn_too="certificate, no\ncertificate, yes, free",
            apart="certificate, yes\ncertificate, no, two",
        ),
    })  # fmt: skip
    assert outcomes(case) == {
        "dark": UNSURE, "there": LIFTED, "gone": REQUIRED,
        "listed": LIFTED,  # a paper that is listed is there
        "kind": UNSURE, "other": UNSURE, "mine": LIFTED, "both": LIFTED,
        "torn": UNSURE, "torn_too": UNSURE,  # two that contradict each other settle nothing
        "apart": LIFTED,  # what is said of another rule does not contradict it
    }  # fmt: skip
    table = check(case, DAY)  # links that are alike but for their papers are not taken for one
    assert dict(table.select("sale", "outcome").iter_rows()) == outcomes(case)
    dark, there, gone = (ask(case, s, DAY) for s in ("dark", "there", "gone"))
    assert (dark.authorisations, dark.needs) == ((), ("A certificate. (a certificate about dark)",))
    assert (there.authorisations, there.duties) == (("free",), ("certificate: A certificate. (by the buyer)",))
    assert (gone.authorisations, gone.needs) == ((), ())
    assert "list: free, which lacks: A certificate.: known not to be on file" in ways_out(gone)
    assert {f.id for r in there.reason.walk() for f in r.facts if f.table == "documents"} == {"d0"}


def test_a_paper_has_days(made: Made) -> None:
    case = made({**law(limb("list", LISTED), FREE), **sales(k="certificate, yes, , 2020-05-01, 2020-05-31")})
    days = {"2020-04-30": UNSURE, "2020-05-01": LIFTED, "2020-05-31": LIFTED, "2020-06-01": UNSURE}
    assert {d: outcomes(case, d)["k"] for d in days} == days
    over_time = permits(case, "2020-04-01", "2020-06-30")
    assert {d: v.outcome for d in days if (v := over_time.verdict_on("k", d))} == days


def test_a_paper_may_be_about_the_sale_a_party_or_the_good(made: Made) -> None:
    """And about nothing else: the same paper of another sale does not help this one."""
    roles, usual = (
        ("seller", "purchaser", "ultimate_consignee", "end_user", "variant"),
        ("acme", *["ova"] * 3, "norr-chip"),
    )
    orders = [f"id, {', '.join(roles)}, destination, value_usd_m", f"none, {', '.join(usual)}, CN, 1"]
    orders.append(f"itself, {', '.join(usual)}, CN, 1")
    for i, role in enumerate(roles):
        cells = [*usual[:i], "acme-chip" if role == "variant" else "signed", *usual[i + 1 :]]
        orders.append(f"{role}, {', '.join(cells)}, CN, 1")
    case = made({
        **law(limb("list"), FREE),
        "+parties.csv": "id, name, kind, side, country\nsigned, Signed, firm, third, JP\n",
        "orders.csv": "\n".join(orders),
        "documents.csv": "id, about, kind\nd1, signed, certificate\nd2, acme-chip, certificate\n"
        "d3, itself, certificate\n",
    })  # fmt: skip
    found = {s: ask(case, s, DAY).outcome for s in case["orders"]["id"]}
    assert found == {"none": UNSURE, "itself": LIFTED, **dict.fromkeys(roles, LIFTED)}


def test_a_paper_about_a_link_is_about_its_orders_too(made: Made) -> None:
    orders = {"orders.csv": "id, link, value_usd_m\non-there, there, 1\non-dark, dark, 1\n"}
    case = made({**law(limb("list", LISTED), FREE), **sales(there="certificate, yes", dark=""), **orders})
    assert [ask(case, o, DAY).outcome for o in ("on-there", "on-dark")] == [LIFTED, UNSURE]


def test_every_paper_must_be_there(made: Made) -> None:
    duties = 'duties = [{kind = "certificate", on_file = true}, {kind = "report", on_file = true}]'
    case = made({
        **law(limb("list", LISTED), limb("free", f'defeats = ["list"]\n{duties}', effect="authorise")),
        **sales(all="certificate, yes\nreport, yes", one="certificate, yes", half="certificate, yes\nreport, no",
                no="report, no"),
    })  # fmt: skip
    assert outcomes(case) == {"all": LIFTED, "one": UNSURE, "half": REQUIRED, "no": REQUIRED}
    mixed = duties.replace('{kind = "report", on_file = true}', '{kind = "report"}')
    case = made({
        **law(limb("list", LISTED), limb("free", f'defeats = ["list"]\n{mixed}', effect="authorise")),
        **sales(one="certificate, yes", half="certificate, yes\nreport, no", dark="report, yes"),
    })  # fmt: skip
    assert outcomes(case) == {"one": LIFTED, "half": LIFTED, "dark": UNSURE}  # the other is a condition


def test_a_duty_that_need_not_be_on_file_is_a_condition(made: Made) -> None:
    duties = 'duties = [{kind = "record", text = "Keep it five years."}, {kind = "report", on_file = false}]'
    case = made({
        **law(limb("list", LISTED), limb("free", f'defeats = ["list"]\n{duties}', effect="authorise")),
        **sales(dark="", gone="record, no"),
    })  # fmt: skip
    assert outcomes(case) == {"dark": LIFTED, "gone": LIFTED}
    assert ask(case, "dark", DAY).duties == ("record: Keep it five years.", "report: ")


# ---------------------------------------------------------------- a requirement that a paper overcomes

PAPER = '\novercome_by = ["statement"]\nduties = [{kind = "statement", text = "A statement of the buyer."}]'


def test_a_paper_meets_the_requirement_that_says_so(made: Made) -> None:
    case = made({
        **law(limb("list", LISTED + PAPER)), **sales(dark="", there="statement, yes", gone="statement, no",
                                                     kind="certificate, yes", other="statement, yes, list"),
    })  # fmt: skip
    found = {s: ask(case, s, DAY) for s in case["links"]["id"]}
    assert outcomes(case) == {"dark": UNSURE, "there": ALLOWED, "gone": UNSURE, "kind": UNSURE, "other": ALLOWED}
    assert found["dark"].needs == ("A statement of the buyer. (a statement about dark)",)
    assert (found["there"].state, found["there"].limbs) == ("open", ("list",))
    assert found["gone"].state == "unknown"  # it can still be got
    assert found["gone"].needs == ("A statement of the buyer.: known not to be on file; it must be got first",)


def test_a_paper_or_a_licence_and_one_of_two_papers(made: Made) -> None:
    """Without the paper a licence is needed; with it none is."""
    papers = sales(dark="", there="statement, yes", gone="statement, no", second="statement, no\ncertificate, yes",
                   neither="statement, no\ncertificate, no")  # fmt: skip
    licence = made({**law(limb("list", LISTED + '\novercome_by = ["licence", "statement"]')), **papers})
    assert outcomes(licence) == {
        "dark": UNSURE, "there": ALLOWED, "gone": REQUIRED, "second": REQUIRED, "neither": REQUIRED,
    }  # fmt: skip
    either = made({**law(limb("list", LISTED + '\novercome_by = ["statement", "certificate"]')), **papers})
    assert outcomes(either) == {
        "dark": UNSURE, "there": ALLOWED, "gone": UNSURE, "second": ALLOWED, "neither": UNSURE,
    }  # fmt: skip


def test_a_paper_meets_its_own_requirement_and_no_other(made: Made) -> None:
    rules = law(limb("list", LISTED + PAPER), limb("two", LISTED), limb("ban", effect="prohibit", since="2020-06-01"))
    case = made({**rules, **sales(there="statement, yes")})
    assert (outcomes(case), ask(case, "there", DAY).limbs) == ({"there": REQUIRED}, ("list", "two"))
    assert outcomes(case, "2020-06-01") == {"there": "denied"}


def test_ways_to_overcome_that_nobody_knows_are_faults(tmp_path: Path) -> None:
    wrong = ("license", "a statement", "paper", "record_", "approval")
    limbs = [limb(f"r{i}", f'overcome_by = ["{w}"]') for i, w in enumerate(wrong)]
    found = problems_of(make_case(tmp_path, law(*limbs)))
    assert len(found) == len(wrong)
    assert all("overcome_by: " in p.expected for p in found)
    (problem,) = problems_of(make_case(tmp_path, law(limb("r", 'overcome_by = ["limb:nothing"]'))))
    assert (problem.column, problem.got, problem.expected) == ("overcome_by", "'nothing'", "a known limb")


# ---------------------------------------------------------------- limb:ID and exception:NAME


def test_a_requirement_may_name_the_authorisation_that_lifts_it(made: Made) -> None:
    named = limb("list", LISTED + '\novercome_by = ["licence", "limb:free"]')
    free, other = (limb(n, 'end_use = ["support"]', effect="authorise") for n in ("free", "other"))
    case = made({**law(named, free, other), **used(yes="support", no="production", dark="none")})
    assert outcomes(case) == {"yes": LIFTED, "no": REQUIRED, "dark": UNSURE}
    assert ask(case, "yes", DAY).authorisations == ("free",)  # the one it names
    neither = made({**law(limb("list", LISTED), free), **used(yes="support")})
    assert outcomes(neither) == {"yes": REQUIRED}  # neither names the other


def test_an_exception_applies_where_a_finding_says_so(made: Made) -> None:
    """Silence is an answer here: an exception that nobody has found to apply does not."""
    findings = """
        id, about, fact,          value,   since
        f1, yes,   exception:RPL, yes,     2020-05-01
        f2, no,    exception:RPL, no,      2020-05-01
        f3, dark,  exception:RPL, unknown, 2020-05-01
        f4, other, exception:TSR, yes,     2020-05-01
        f5, torn,  exception:RPL, yes,     2020-05-01
        f6, torn,  exception:RPL, no,      2020-05-01
        """
    names = dict.fromkeys(("yes", "no", "dark", "other", "torn", "silent"), "production")
    case = made({
        **law(limb("list", LISTED + '\novercome_by = ["licence", "exception:RPL"]')), **used(**names),
        "findings.csv": findings,
    })  # fmt: skip
    assert outcomes(case) | {"yes": ""} == {
        "yes": "", "no": REQUIRED, "dark": UNSURE, "other": REQUIRED, "torn": UNSURE, "silent": REQUIRED,
    }  # fmt: skip
    assert ask(case, "yes", DAY).state == "open"
    assert set(outcomes(case, "2020-04-30").values()) == {REQUIRED}  # before anybody said anything
    plain = made({**law(limb("list", LISTED)), **used(**names), "findings.csv": findings})
    assert set(outcomes(plain).values()) == {REQUIRED}  # an exception that the rule does not name is no help


# ---------------------------------------------------------------- out of scope

USES = {"yes": "support", "no": "production", "dark": "none"}


def test_what_is_taken_out_of_a_limb_needs_nothing(made: Made) -> None:
    out = limb("out", 'defeats = ["list"]\nend_use = ["support"]', effect="out_of_scope", since="2020-04-01")
    case = made({**law(limb("list", LISTED), limb("two", LISTED, since="2020-06-01"), out), **used(**USES)})
    assert outcomes(case) == {"yes": "not_subject", "no": REQUIRED, "dark": UNSURE}
    assert (ask(case, "yes", DAY).limbs, ask(case, "yes", DAY).authorisations) == ((), ())
    assert set(outcomes(case, "2020-03-31").values()) == {REQUIRED}  # not yet
    assert ask(case, "yes", "2020-06-01").limbs == ("two",)  # another rule, which it does not name


def test_what_is_taken_out_of_a_prohibition(made: Made) -> None:
    out = limb("out", 'defeats = ["ban"]\nend_use = ["support"]', effect="out_of_scope")
    case = made({**law(limb("ban", LISTED, effect="prohibit"), out), **used(**USES)})
    assert outcomes(case) == {"yes": "not_subject", "no": "denied", "dark": UNSURE}


def test_what_is_taken_out_of_a_scope_is_out_of_every_rule_that_names_it(made: Made) -> None:
    """Published technology is not subject: a requirement that has a reach of its own still bites."""
    reach, named = 'scope = [{origin = ["US"]}]', 'scope = [{named = "reach"}]'
    case = made({
        **law(
            limb("reach", reach, effect="define"),
            limb("out", 'defeats = ["reach"]\nend_use = ["support"]', effect="out_of_scope"),
            limb("one", named + "\n" + LISTED), limb("two", named), limb("own", reach, since="2020-06-01"),
        ),
        **used(**USES),
    })  # fmt: skip
    found = {s: ask(case, s, DAY) for s in USES}
    assert {s: v.limbs for s, v in found.items()} == {"yes": (), "no": ("one", "two"), "dark": ("one", "two")}
    assert [v.state for v in found.values()] == ["open", "closed", "unknown"]
    assert ask(case, "yes", "2020-06-01").limbs == ("own",)


def test_taking_out_of_scope_may_ask_for_a_paper(made: Made) -> None:
    out = 'defeats = ["list"]\nduties = [{kind = "notify", on_file = true}]'
    rules = law(limb("list", LISTED), limb("out", out, effect="out_of_scope"))
    case = made({**rules, **sales(dark="", there="notify, yes", gone="notify, no")})
    assert outcomes(case) == {"dark": UNSURE, "there": "not_subject", "gone": REQUIRED}


def test_only_what_lifts_or_takes_out_may_defeat(tmp_path: Path) -> None:
    effects = ("require_licence", "prohibit", "define", "inform", "forbid_compliance")
    limbs = [limb(e, 'defeats = ["list"]\nscope = [{origin = ["US"]}]', effect=e) for e in effects]
    found = problems_of(make_case(tmp_path, law(limb("list", LISTED), *limbs)))
    assert len(found) == len(effects)
    assert all("effect = 'authorise' or 'out_of_scope' beside defeats" in p.expected for p in found)
    (problem,) = problems_of(make_case(tmp_path, law(limb("x", 'defeats = ["nothing"]', effect="out_of_scope"))))
    assert (problem.column, problem.expected) == ("defeats", "a known limb")

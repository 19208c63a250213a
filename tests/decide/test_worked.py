"""Worked decisions of a case are run against the engine."""

from collections.abc import Callable

from detente.decide.worked import run_decisions
from detente.record import Case

Made = Callable[..., Case]
RIGHT = """
[[decisions]]
id = "right"
sale = "acme>vell:chip"
as_of = 2020-05-01
outcome = "licence_required"
limbs = ["list"]
"""


def test_those_that_come_out_are_not_shown(made: Made) -> None:
    assert run_decisions(made({"tests/a.toml": RIGHT, "tests/b.toml": RIGHT.replace("right", "too")})) == ()


def test_those_that_come_out_otherwise_are(made: Made) -> None:
    wrong_outcome = RIGHT.replace('"right"', '"outcome"').replace('"licence_required"', '"allowed"')
    wrong_day = RIGHT.replace('"right"', '"day"').replace("2020-05-01", "2020-03-01")
    missed = run_decisions(made({"tests/a.toml": RIGHT + wrong_outcome + wrong_day}))
    assert [(m.id, m.expected, m.got) for m in missed] == [
        ("outcome", "allowed by list", "licence_required by list (acme>vell:chip on 2020-05-01)"),
        ("day", "licence_required by list", "not_subject by nothing (acme>vell:chip on 2020-03-01)"),
    ]


def test_limbs_and_licence_must_be_the_ones_named(made: Made) -> None:
    files = {
        "tests/a.toml": RIGHT.replace('limbs = ["list"]', 'licence = "lic"'),
        "licences.csv": "id, authority, holder, kind, consignees, overcomes\nlic, M, norr, individual, vell, list\n",
    }
    (missed,) = run_decisions(made(files))
    assert missed.expected == "licence_required under lic"


def test_as_they_were_known(made: Made) -> None:
    listings = """
        id, list,      party, as_listed, requirement, review, since,      recorded
        l,  home-list, vell,  VELL,      all,         denial, 2020-03-02, 2020-06-01
        """
    before = RIGHT.replace("outcome", "as_known = 2020-05-31\noutcome").replace('"licence_required"', '"allowed"')
    after = RIGHT.replace('"right"', '"after"').replace("outcome", "as_known = 2020-06-01\noutcome")
    case = made({"listings.csv": listings, "tests/a.toml": before.replace('limbs = ["list"]', "") + after})
    assert run_decisions(case) == ()


def test_in_a_what_if_and_only_there(made: Made) -> None:
    files = {
        "overlays/free/listings.csv": "id, list, party, as_listed, requirement, review, since, through, supersedes\n"
        "l-vell, home-list, vell, V, all, denial, 2020-03-02, 2020-04-30, l-vell\n",
        "tests/a.toml": RIGHT + RIGHT.replace('"right"', '"free"').replace('"licence_required"', '"allowed"').replace(
            'limbs = ["list"]', 'overlay = "free"'
        ),
    }  # fmt: skip
    assert run_decisions(made(files)) == ()
    assert run_decisions(made(files, overlays=["free"])) == ()


def test_a_sale_that_had_not_been_recorded_then(made: Made) -> None:
    early = RIGHT.replace("outcome", "as_known = 2019-12-31\noutcome")
    (missed,) = run_decisions(made({"tests/a.toml": early}))
    assert missed.got == "no acme>vell:chip: it had not been recorded by 2019-12-31"

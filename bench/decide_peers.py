"""Time five rules on order lines in Cedar, Rego and OpenFisca: python bench/decide_peers.py [--lines N] [--seconds S].

    pip install cedarpy==4.12.2 regopy==1.5.2 openfisca-core==46.0.1

in an environment of its own: they are Apache-2.0, MIT and AGPL-3.0-or-later, and detente needs none of them. Regorus,
the other Rego engine, is not on PyPI under its name: build its binding out of github.com/microsoft/regorus, or install
a fork (gordon-to-regorus==0.13.0; MIT AND Apache-2.0 AND BSD-3-Clause). A peer that is not installed is passed over.

The rules are export control in miniature. Days are inclusive at both ends. A party is the purchaser or the ultimate
consignee; the seller is never one, and is never listed or denied here.

1. Listing. A licence is required when a party is on list L that day and the good is made in the US or shipped from
   there. Saved when it was aboard a carrier by 2019-05-16; where that day is missing it was not aboard.
2. Direct product. From 2020-08-17 a licence is required when a party is listed with tag fn1 that day and the good was
   made with US technology in one of eight codes. What it was made with may be missing: then facts are needed.
3. Chart. A licence is required when the code of the good is controlled for NS 2 or RS 1 and the destination has a mark
   in that column.
4. General licence. From 2019-05-20 through 2020-08-13 rule 1 is lifted for the support of existing networks.
5. Denial order. Denied from 2018-04-15 through 2018-07-12 when a party is one of two.

The worst outcome counts: denied, licence_required, needs_facts, allowed_by_exception (rule 1 lifted), allowed.

Every peer decides the same lines, the first ones of one draw, as many as it manages in about S seconds, and every
answer is compared with that of plain Python. Times are of the processor, all threads of the process together, so other
work on the machine hardly counts; medians of three. Reading rules and facts, which is done once, is left out. Requests
are built of columns of text and days: "decide" starts from the requests, "with build" from the columns.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np

Lines = dict[str, np.ndarray]

OUTCOMES = ("denied", "licence_required", "needs_facts", "allowed_by_exception", "allowed")  # the worst first
ABOARD_BY = dt.date(2019, 5, 16)
PRODUCT_SINCE = dt.date(2020, 8, 17)
GENERAL_LICENCE = (dt.date(2019, 5, 20), dt.date(2020, 8, 13))
DENIAL = (dt.date(2018, 4, 15), dt.date(2018, 7, 12))
SUPPORT = "support_of_existing_networks"
PRODUCT_CODES = ("3D001", "3D991", "3E001", "3E002", "3E003", "3E991", "5D001", "5E001")
CHART_REASONS = ("NS 2", "RS 1")
NO_END = dt.date(9999, 12, 31)


class Listing(NamedTuple):
    """From when to when (None: no end) a party is on list L, and the footnotes of its entry."""

    since: dt.date
    through: dt.date | None
    tags: tuple[str, ...]


class Variant(NamedTuple):
    """A good. ``made_with_codes`` are those of the technology behind it: () none, None not known."""

    origin: str
    shipped_from: str
    code: str
    made_with_codes: tuple[str, ...] | None
    made_with_origin: str | None


class Facts(NamedTuple):
    """What the rules look up: ``reasons`` of each code, ``chart`` marks of each destination."""

    parties: tuple[str, ...]
    listings: dict[str, Listing]
    denied: tuple[str, ...]
    variants: dict[str, Variant]
    reasons: dict[str, tuple[str, ...]]
    chart: dict[str, tuple[str, ...]]


@cache
def facts() -> Facts:
    """Invented: 2,000 parties, 200 of them listed and two denied; 100 goods in 12 codes; 20 destinations, 4 columns."""
    draw = np.random.default_rng(2)
    parties = tuple(f"p{k:04}" for k in range(2000))
    listings = {}
    for k in sorted(draw.choice(np.arange(100, 2000), 200, replace=False).tolist()):
        since = ABOARD_BY if draw.random() < 0.5 else dt.date(2018, 6, 1) + dt.timedelta(int(draw.integers(900)))
        through = None if draw.random() < 0.6 else since + dt.timedelta(int(draw.integers(60, 700)))
        listings[parties[k]] = Listing(since, through, ("fn1",) if draw.random() < 0.4 else ())
    some = [p for p in parties[100:] if p not in listings]
    denied = (str(draw.choice(some)), str(draw.choice(list(listings))))

    columns = ("NS 1", "NS 2", "RS 1", "AT 1")
    reasons: dict[str, tuple[str, ...]] = {
        **dict.fromkeys(("3A001", "3A002", "3B001"), ("NS 2", "AT 1")),
        **dict.fromkeys(("4A003", "5A001", "5A002"), ("NS 1", "AT 1")),
        **dict.fromkeys(("3A991", "3B991", "4A994", "5A991"), ("AT 1",)),
        "3A090": ("RS 1", "AT 1"),
        "EAR99": (),
    }
    to = ("AE", "AR", "BR", "CL", "CN", "CO", "EG", "HK", "ID", "IL", "IN", "KZ", "MX", "PK", "RU", "SA", "TH", "TR",
          "VN", "ZA")  # fmt: skip
    chart = {country: tuple(c for c in columns if draw.random() < 0.4) for country in to}

    abroad = ("DE", "JP", "KR", "MY", "NL", "TW")
    technology = (*PRODUCT_CODES, "3D003", "3E101", "4E001", "5D991")
    variants = {}
    for k in range(100):
        origin = "US" if draw.random() < 0.35 else str(draw.choice(abroad))
        shipped_from = "US" if draw.random() < 0.15 else origin
        kind = draw.choice(["missing", "none", "codes"], p=[0.25, 0.2, 0.55])
        codes = tuple(sorted(draw.choice(technology, draw.integers(1, 3), replace=False).tolist()))
        place = "US" if draw.random() < 0.75 else str(draw.choice(abroad))
        made_with = {"missing": (None, None), "none": ((), None), "codes": (codes, place)}[str(kind)]
        variants[f"v{k:02}"] = Variant(origin, shipped_from, str(draw.choice(list(reasons))), *made_with)
    return Facts(parties, listings, denied, variants, reasons, chart)


def make_lines(n: int, seed: int = 7) -> Lines:
    """Draw ``n`` order lines, by column; NaT is a missing day.

    Listed and denied parties buy more than their share. One line in ten is for such a party on a day around an end,
    half of them the end of a rule, half that of its own listing, so that a rule that is a day out shows.
    """
    known = facts()
    draw = np.random.default_rng(seed)
    parties, listed = np.array(known.parties), np.array(list(known.listings))

    def of(values: Any) -> np.ndarray:
        return np.asarray(values)[draw.integers(len(values), size=n)]

    which, around = draw.random(n), draw.integers(-1, 2, n)
    purchaser = np.where(draw.random(n) < 0.25, of(listed), of(parties[100:]))
    purchaser = np.where(draw.random(n) < 0.02, of(known.denied), purchaser)
    purchaser = np.where(which < 0.05, of([*known.listings, *known.denied * 40]), purchaser)
    day = np.datetime64("2018-01-01") + draw.integers(0, 1461, n)
    ends = np.array([PRODUCT_SINCE, *GENERAL_LICENCE, *DENIAL], dtype="datetime64[D]")
    day = np.where(which < 0.05, of(ends) + around, day)
    entries = known.listings.values()
    own = np.array([(e.since, e.through or e.since) for e in entries], dtype="datetime64[D]")
    k = draw.integers(len(listed), size=n)
    at_own_end = (which >= 0.05) & (which < 0.1)
    purchaser = np.where(at_own_end, listed[k], purchaser)
    day = np.where(at_own_end, own[k, draw.integers(0, 2, n)] + around, day)
    consignee = np.where(draw.random(n) < 0.6, purchaser, of(parties[100:]))
    aboard = day - draw.integers(0, 90, n)
    aboard = np.where(draw.random(n) < 0.2, np.minimum(day, np.datetime64(ABOARD_BY) + around), aboard)
    aboard = np.where(draw.random(n) < 0.1, aboard, np.datetime64("NaT", "D"))
    uses = ("production", SUPPORT, "resale", "research")
    return {
        "id": np.char.add("line-", np.arange(n).astype(str)),
        "seller": of(parties[:100]),
        "purchaser": purchaser,
        "ultimate_consignee": consignee,
        "variant": of(list(known.variants)),
        "destination": of(list(known.chart)),
        "end_use": of(uses),
        "day": day,
        "aboard_carrier": aboard,
    }


def first(lines: Lines, n: int) -> Lines:
    """The first ``n`` lines."""
    return {name: column[:n] for name, column in lines.items()}


def reference(lines: Lines) -> np.ndarray:
    """The outcome of each line, in plain Python and one line at a time."""
    known = facts()
    outcomes = []
    for purchaser, consignee, variant, destination, end_use, day, aboard in _rows(lines):
        parties, good = (purchaser, consignee), known.variants[variant]
        entries = [known.listings[p] for p in parties if p in known.listings]
        listed = [e for e in entries if e.since <= day and (e.through is None or day <= e.through)]
        us_good = good.origin == "US" or good.shipped_from == "US"
        saved = aboard is not None and aboard <= ABOARD_BY
        by_listing = bool(listed) and us_good and not saved
        lifted = end_use == SUPPORT and GENERAL_LICENCE[0] <= day <= GENERAL_LICENCE[1]
        fn1 = day >= PRODUCT_SINCE and any("fn1" in e.tags for e in listed)
        listed_codes = set(good.made_with_codes or ()) & set(PRODUCT_CODES)
        by_product = fn1 and bool(listed_codes) and good.made_with_origin == "US"
        has = set(known.reasons[good.code]) & set(known.chart[destination])
        by_chart = any(r in has for r in CHART_REASONS)
        if DENIAL[0] <= day <= DENIAL[1] and any(p in known.denied for p in parties):
            outcome = "denied"
        elif (by_listing and not lifted) or by_product or by_chart:
            outcome = "licence_required"
        elif fn1 and good.made_with_codes is None:
            outcome = "needs_facts"
        elif by_listing:
            outcome = "allowed_by_exception"
        else:
            outcome = "allowed"
        outcomes.append(outcome)
    return np.array(outcomes, dtype=object)


def _rows(lines: Lines, days: Callable[[np.ndarray], list[Any]] = np.ndarray.tolist) -> zip[tuple[Any, ...]]:
    """What the rules read of each line; ``days`` writes a column of days as a peer wants them."""
    words = ("purchaser", "ultimate_consignee", "variant", "destination", "end_use")
    return zip(*(lines[w].tolist() for w in words), *(days(lines[d]) for d in ("day", "aboard_carrier")), strict=True)


class Peer(NamedTuple):
    """An engine with rules and facts read in: ``build`` makes its requests of the lines, ``decide`` answers them."""

    name: str
    build: Callable[[Lines], Any]
    decide: Callable[[Any], np.ndarray]


def run_cedar(lines: Lines) -> np.ndarray:
    """The outcomes by Cedar."""
    return _run(cedar(), lines)


def run_rego(lines: Lines) -> np.ndarray:
    """The outcomes by Rego in rego-cpp."""
    return _run(rego_cpp(), lines)


def run_regorus(lines: Lines) -> np.ndarray:
    """The outcomes by Rego in Regorus."""
    return _run(regorus(), lines)


def run_openfisca(lines: Lines) -> np.ndarray:
    """The outcomes by OpenFisca."""
    return _run(openfisca(), lines)


def _run(peer: Peer, lines: Lines) -> np.ndarray:
    return peer.decide(peer.build(lines))


# Cedar answers allow or deny, with every rule that said so: a rule bears the name of its outcome, the worst counts. It
# has no loops, so a test of both parties is written twice. Days are numbers: its datetimes took half as long again.
_CEDAR = """
@id("allowed")
permit (principal, action, resource);

@id("licence_required")  // rule 1, unless saved, unless lifted by rule 4
forbid (principal, action, resource)
when {
  (principal has since && principal.since <= context.day && context.day <= principal.through) ||
  (context.consignee has since && context.consignee.since <= context.day && context.day <= context.consignee.through)
}
when { resource.origin == "US" || resource.shipped_from == "US" }
unless { context has aboard_carrier && context.aboard_carrier <= 20190516 }
unless {
  context.end_use == "support_of_existing_networks" && context.day >= 20190520 && context.day <= 20200813
};

@id("allowed_by_exception")  // rule 1 as it is lifted
permit (principal, action, resource)
when { context.end_use == "support_of_existing_networks" && context.day >= 20190520 && context.day <= 20200813 }
when {
  (principal has since && principal.since <= context.day && context.day <= principal.through) ||
  (context.consignee has since && context.consignee.since <= context.day && context.day <= context.consignee.through)
}
when { resource.origin == "US" || resource.shipped_from == "US" }
unless { context has aboard_carrier && context.aboard_carrier <= 20190516 };

@id("licence_required")  // rule 2
forbid (principal, action, resource)
when { context.day >= 20200817 && resource has made_with_codes && resource.made_with_origin == "US" }
when {
  (principal has since && principal.since <= context.day && context.day <= principal.through &&
    principal.tags.contains("fn1")) ||
  (context.consignee has since && context.consignee.since <= context.day &&
    context.day <= context.consignee.through && context.consignee.tags.contains("fn1"))
}
when {
  resource.made_with_codes.containsAny(["3D001", "3D991", "3E001", "3E002", "3E003", "3E991", "5D001", "5E001"])
};

@id("needs_facts")  // rule 2, where nobody recorded what the good was made with
forbid (principal, action, resource)
when { context.day >= 20200817 && !(resource has made_with_codes) }
when {
  (principal has since && principal.since <= context.day && context.day <= principal.through &&
    principal.tags.contains("fn1")) ||
  (context.consignee has since && context.consignee.since <= context.day &&
    context.day <= context.consignee.through && context.consignee.tags.contains("fn1"))
};

@id("licence_required")  // rule 3
forbid (principal, action, resource)
when {
  (resource.reasons.contains("NS 2") && context.destination.marks.contains("NS 2")) ||
  (resource.reasons.contains("RS 1") && context.destination.marks.contains("RS 1"))
};

@id("denied")  // rule 5
forbid (principal, action, resource)
when { context.day >= 20180415 && context.day <= 20180712 }
when { principal in Group::"denied" || context.consignee in Group::"denied" };
"""


def cedar() -> Peer:
    """Cedar: rules and facts (as entities) parsed once, lines in batches of a hundred, which go fastest."""
    import cedarpy

    known = facts()

    def entity(kind: str, name: str, attrs: dict[str, Any], parents: Sequence[dict[str, str]] = ()) -> dict[str, Any]:
        return {"uid": {"type": kind, "id": name}, "attrs": attrs, "parents": list(parents)}

    entities = [entity("Group", "denied", {})]
    for party in known.parties:
        entry = known.listings.get(party)
        attrs = {} if entry is None else {
            "since": _number(entry.since), "through": _number(entry.through or NO_END), "tags": entry.tags,
        }  # fmt: skip
        within = [{"type": "Group", "id": "denied"}] if party in known.denied else []
        entities.append(entity("Party", party, attrs, within))
    for name, good in known.variants.items():
        attrs = {"origin": good.origin, "shipped_from": good.shipped_from, "reasons": known.reasons[good.code]}
        if good.made_with_codes is not None:
            attrs |= {"made_with_codes": good.made_with_codes, "made_with_origin": good.made_with_origin or "none"}
        entities.append(entity("Variant", name, attrs))
    entities += [entity("Country", name, {"marks": marks}) for name, marks in known.chart.items()]
    policies, graph = cedarpy.PolicySet.from_str(_CEDAR), cedarpy.Entities.from_json_str(json.dumps(entities))
    export = {"type": "Action", "id": "export"}

    def build(lines: Lines) -> list[dict[str, Any]]:
        requests = []
        for purchaser, consignee, variant, destination, end_use, day, aboard in _rows(lines, _numbers):
            context = {
                "consignee": {"__entity": {"type": "Party", "id": consignee}},
                "destination": {"__entity": {"type": "Country", "id": destination}},
                "end_use": end_use,
                "day": day,
            }
            if aboard is not None:
                context["aboard_carrier"] = aboard
            requests.append(
                {
                    "principal": {"type": "Party", "id": purchaser},
                    "action": export,
                    "resource": {"type": "Variant", "id": variant},
                    "context": json.dumps(context),
                }
            )
        return requests

    def decide(requests: list[dict[str, Any]]) -> np.ndarray:
        outcomes = []
        for start in range(0, len(requests), 100):
            for answer in cedarpy.is_authorized_batch(requests[start : start + 100], policies, graph):
                said = answer.diagnostics
                if said.errors:
                    raise RuntimeError(f"Cedar: {said.errors}")
                outcomes.append(min(said.id_annotations_by_reason.values(), key=OUTCOMES.index))
        return np.array(outcomes, dtype=object)

    return Peer(f"Cedar, cedarpy {metadata.version('cedarpy')}", build, decide)


def _number(day: dt.date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _numbers(days: np.ndarray) -> list[int | None]:
    return [None if d is None else _number(d) for d in days.tolist()]


# "denied" is a rule of its own: the virtual machine of gordon-to-regorus 0.13.0 drops the "else" of a body that loops.
_REGO = """
package trade

import rego.v1

default outcome := "allowed"

outcome := "denied" if {
    denied
} else := "licence_required" if {
    licence_required
} else := "needs_facts" if {
    fn1
    not good.made_with_codes
} else := "allowed_by_exception" if {
    by_listing
}

parties := {input.purchaser, input.ultimate_consignee}

good := data.variants[input.variant]

entries contains entry if {
    some party in parties
    entry := data.listings[party]
    entry.since <= input.day
    input.day <= entry.through
}

denied if {
    input.day >= "2018-04-15"
    input.day <= "2018-07-12"
    some party in parties
    party in data.denied
}

licence_required if {
    by_listing
    not lifted
}

licence_required if {
    fn1
    good.made_with_origin == "US"
    some code in good.made_with_codes
    code in data.product_codes
}

licence_required if {
    some reason in data.chart_reasons
    reason in good.reasons
    reason in data.chart[input.destination]
}

by_listing if {
    us_good
    not saved
    count(entries) > 0
}

us_good if good.origin == "US"

us_good if good.shipped_from == "US"

saved if input.aboard_carrier <= "2019-05-16"

lifted if {
    input.end_use == "support_of_existing_networks"
    input.day >= "2019-05-20"
    input.day <= "2020-08-13"
}

fn1 if {
    input.day >= "2020-08-17"
    some entry in entries
    "fn1" in entry.tags
}
"""


def _rego_data() -> dict[str, Any]:
    known = facts()
    return {
        "denied": known.denied,
        "listings": {
            party: {"since": str(e.since), "through": str(e.through or NO_END), "tags": e.tags}
            for party, e in known.listings.items()
        },
        "variants": {
            name: {k: v for k, v in good._asdict().items() if v is not None} | {"reasons": known.reasons[good.code]}
            for name, good in known.variants.items()
        },
        "chart": known.chart,
        "chart_reasons": CHART_REASONS,
        "product_codes": PRODUCT_CODES,
    }


def _rego_inputs(lines: Lines) -> list[dict[str, str]]:
    inputs = []
    for purchaser, consignee, variant, destination, end_use, day, aboard in _rows(lines, _texts):
        line = {
            "purchaser": purchaser,
            "ultimate_consignee": consignee,
            "variant": variant,
            "destination": destination,
            "end_use": end_use,
            "day": day,
        }
        if aboard != "NaT":
            line["aboard_carrier"] = aboard
        inputs.append(line)
    return inputs


def _texts(days: np.ndarray) -> list[str]:
    return np.datetime_as_string(days).tolist()


def rego_cpp() -> Peer:
    """Rego in rego-cpp: rules and facts compiled once into a bundle, asked once a line."""
    import regopy

    engine = regopy.Interpreter()
    engine.add_data(_rego_data())
    engine.add_module("trade", _REGO)
    bundle = engine.build(None, ["trade/outcome"])

    def build(lines: Lines) -> list[Any]:
        return [regopy.Input(line) for line in _rego_inputs(lines)]

    def decide(inputs: list[Any]) -> np.ndarray:
        outcomes = np.empty(len(inputs), dtype=object)
        for k, line in enumerate(inputs):
            engine.set_input(line)
            outcomes[k] = engine.query_bundle_entrypoint(bundle, "trade/outcome")[0][0]
        return outcomes

    return Peer(f"Rego, regopy {metadata.version('regopy')}", build, decide)


def regorus() -> Peer:
    """Rego in Regorus: rules compiled once for its virtual machine, asked once a line."""
    import regorus

    data = json.dumps(_rego_data())
    engine = regorus.Rvm()
    engine.load_program(regorus.Program.compile_from_modules(data, [("trade", _REGO)], ["data.trade.outcome"]))
    engine.set_data_json(data)

    def build(lines: Lines) -> list[str]:
        return [json.dumps(line) for line in _rego_inputs(lines)]

    def decide(inputs: list[str]) -> np.ndarray:
        outcomes = np.empty(len(inputs), dtype=object)
        for k, line in enumerate(inputs):
            engine.set_input_json(line)
            outcomes[k] = json.loads(engine.execute())
        return outcomes

    return Peer(f"Rego, {_distribution('regorus')}", build, decide)


def _distribution(module: str) -> str:
    """Name and version of the package that brings a module: forks go by other names."""
    name = metadata.packages_distributions()[module][0]
    return f"{name} {metadata.version(name)}"


def openfisca() -> Peer:
    """OpenFisca: all lines in one simulation; buyers, consignees, goods and destinations are groups of lines."""
    from openfisca_core.entities import build_entity
    from openfisca_core.indexed_enums import Enum
    from openfisca_core.parameters import ParameterNode
    from openfisca_core.periods import DateUnit
    from openfisca_core.simulations import SimulationBuilder
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem
    from openfisca_core.variables import Variable

    known = facts()
    always, today = DateUnit.ETERNITY, "2021-12-31"  # a formula needs a day; every line has its own, so any will do
    line = build_entity("line", "lines", "An order line", is_person=True)
    names = {
        "purchaser": list(known.parties),
        "consignee": list(known.parties),
        "good": list(known.variants),
        "destination": list(known.chart),
    }
    groups = {
        key: build_entity(key, f"{key}s", key, roles=[{"key": f"{key}_line", "plural": f"{key}_lines"}])
        for key in names
    }
    system = TaxBenefitSystem([line, *groups.values()])
    system.parameters = ParameterNode(
        "",
        data={
            "denial_in_force": _history(*DENIAL),
            "general_licence_in_force": _history(*GENERAL_LICENCE),
            "product_rule_in_force": _history(PRODUCT_SINCE, None),
        },
    )

    def variable(entity: Any, name: str, type_: Any, **more: Any) -> None:
        when = DateUnit.DAY if "formula" in more else always
        given = {"entity": entity, "value_type": type_, "definition_period": when, "label": name, **more}
        system.add_variable(type(name, (Variable,), given))

    def in_force(rule: str, days: np.ndarray) -> np.ndarray:
        """A dated parameter on each line's own day (``parameters(period)`` gives one day for all lines)."""
        history = system.parameters.children[rule].values_list[::-1]
        starts = np.array([v.instant_str for v in history], dtype="datetime64[D]")
        return np.array([v.value for v in history])[np.searchsorted(starts, days, side="right") - 1]

    variable(line, "day", dt.date)
    variable(line, "aboard_carrier", dt.date)
    uses = Enum("EndUse", {u: u for u in ("production", SUPPORT, "resale", "research")})
    variable(line, "end_use", Enum, possible_values=uses, default_value=uses["production"])
    entries = [known.listings.get(p) for p in known.parties]
    goods = list(known.variants.values())
    facts_of_groups: dict[str, list[Any]] = {}

    def fact(group: str, name: str, type_: Any, values: list[Any]) -> None:
        variable(groups[group], name, type_)
        facts_of_groups[name] = values

    for who in ("purchaser", "consignee"):
        fact(who, f"{who}_since", dt.date, [NO_END if e is None else e.since for e in entries])
        fact(who, f"{who}_through", dt.date, [NO_END if e is None else e.through or NO_END for e in entries])
        fact(who, f"{who}_fn1", bool, [e is not None and "fn1" in e.tags for e in entries])
        fact(who, f"{who}_denied", bool, [p in known.denied for p in known.parties])
    fact("good", "origin", str, [g.origin for g in goods])
    fact("good", "shipped_from", str, [g.shipped_from for g in goods])
    fact("good", "technology_known", bool, [g.made_with_codes is not None for g in goods])
    fact("good", "technology_origin", str, [g.made_with_origin or "none" for g in goods])
    for code in PRODUCT_CODES:
        fact("good", f"made_with_{code}", bool, [code in (g.made_with_codes or ()) for g in goods])
    for reason in CHART_REASONS:
        fact("good", f"reason {reason}", bool, [reason in known.reasons[g.code] for g in goods])
        fact("destination", f"mark {reason}", bool, [reason in marks for marks in known.chart.values()])

    def us_good(good: Any, period: Any) -> np.ndarray:
        return (good("origin", period) == "US") | (good("shipped_from", period) == "US")

    def us_product(good: Any, period: Any) -> np.ndarray:
        made_with = np.any([good(f"made_with_{code}", period) for code in PRODUCT_CODES], axis=0)
        return made_with & (good("technology_origin", period) == "US")

    def listed(who: str) -> Callable[[Any, Any], np.ndarray]:
        def formula(line: Any, period: Any) -> np.ndarray:
            day, party = line("day", period), getattr(line, who)
            return (party(f"{who}_since", period) <= day) & (day <= party(f"{who}_through", period))

        return formula

    def by_listing(line: Any, period: Any) -> np.ndarray:
        listed = line("purchaser_listed", period) | line("consignee_listed", period)
        saved = line("aboard_carrier", period) <= np.datetime64(ABOARD_BY)
        return listed & line.good("us_good", period) & ~saved

    def fn1(line: Any, period: Any) -> np.ndarray:
        tagged = line("purchaser_listed", period) & line.purchaser("purchaser_fn1", period)
        tagged |= line("consignee_listed", period) & line.consignee("consignee_fn1", period)
        return tagged & in_force("product_rule_in_force", line("day", period))

    def lifted(line: Any, period: Any) -> np.ndarray:
        supports = line("end_use", period) == uses[SUPPORT]
        return supports & in_force("general_licence_in_force", line("day", period))

    def by_chart(line: Any, period: Any) -> np.ndarray:
        pairs = [
            line.good(f"reason {reason}", period) & line.destination(f"mark {reason}", period)
            for reason in CHART_REASONS
        ]
        return np.any(pairs, axis=0)

    def is_denied(line: Any, period: Any) -> np.ndarray:
        named = line.purchaser("purchaser_denied", period) | line.consignee("consignee_denied", period)
        return named & in_force("denial_in_force", line("day", period))

    def outcome(line: Any, period: Any) -> np.ndarray:
        by_listing, lifted, fn1 = line("by_listing", period), line("lifted", period), line("fn1", period)
        required = (by_listing & ~lifted) | (fn1 & line.good("us_product", period)) | line("by_chart", period)
        unknown = fn1 & ~line.good("technology_known", period)
        return np.select([line("is_denied", period), required, unknown, by_listing], [0, 1, 2, 3], 4)

    for formula in (us_good, us_product):
        variable(groups["good"], formula.__name__, bool, formula=formula)
    for who in ("purchaser", "consignee"):
        variable(line, f"{who}_listed", bool, formula=listed(who))
    for formula in (by_listing, fn1, lifted, by_chart, is_denied):
        variable(line, formula.__name__, bool, formula=formula)
    variable(line, "outcome", int, formula=outcome)

    def build(lines: Lines) -> Any:
        builder = SimulationBuilder()
        builder.create_entities(system)
        builder.declare_person_entity("line", range(lines["id"].size))
        columns = {**lines, "consignee": lines["ultimate_consignee"], "good": lines["variant"]}
        for key, of_group in names.items():
            group = builder.declare_entity(key, of_group)
            place = {name: k for k, name in enumerate(of_group)}
            group.members_entity_id = np.array([place[name] for name in columns[key].tolist()])
        simulation = builder.build(system)
        for name, values in facts_of_groups.items():
            simulation.set_input(name, always, np.array(values))
        for name in ("day", "aboard_carrier", "end_use"):
            simulation.set_input(name, always, lines[name])
        return simulation

    def decide(simulation: Any) -> np.ndarray:
        return np.array(OUTCOMES, dtype=object)[simulation.calculate("outcome", today)]

    return Peer(f"OpenFisca-Core {metadata.version('openfisca-core')}", build, decide)


def _history(since: dt.date, through: dt.date | None) -> dict[str, Any]:
    """A parameter that is true from one day through another."""
    values = {"0001-01-01": {"value": False}, str(since): {"value": True}}
    if through is not None:
        values[str(through + dt.timedelta(1))] = {"value": False}
    return {"values": values}


def compare(name: str, lines: Lines, expected: np.ndarray, outcomes: np.ndarray) -> None:
    """Raise where a peer's outcomes are not those expected, with the first line that differs."""
    if len(outcomes) != len(expected):
        raise SystemExit(f"{name} answers {len(outcomes)} of {len(expected)} lines.")
    wrong = np.flatnonzero(np.asarray(outcomes, dtype=object) != expected)
    if wrong.size:
        k = wrong[0]
        line = {name: str(column[k]) for name, column in lines.items()}
        raise SystemExit(
            f"{name} differs on {wrong.size} of {len(expected)} lines; first {line}: {outcomes[k]}, not {expected[k]}."
        )


def time_peer(peer: Peer, lines: Lines, expected: np.ndarray) -> tuple[float, float]:
    """Seconds to build the requests of the lines and to decide them; median of three, each compared."""
    building, deciding = [], []
    for _ in range(3):
        start = time.process_time()
        requests = peer.build(lines)
        built = time.process_time()
        outcomes = peer.decide(requests)
        done = time.process_time()
        building.append(built - start)
        deciding.append(done - built)
        compare(peer.name, lines, expected, outcomes)
    return statistics.median(building), statistics.median(deciding)


def main() -> None:
    """Compare and time every peer that is installed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=20_000, help="lines that every peer decides at least")
    parser.add_argument("--most", type=int, default=1_000_000, help="lines that a peer decides at most")
    parser.add_argument("--seconds", type=float, default=6.0, help="about how long each of three runs takes")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    lines = make_lines(max(given.lines, given.most), given.seed)
    expected = reference(lines)
    words, counts = np.unique(expected[: given.lines], return_counts=True)
    print(f"{given.lines} lines:", ", ".join(f"{n} {w}" for w, n in zip(words, counts, strict=True)))
    print(f"{'':<36} {'lines':>9} {'build s':>8} {'decide s':>9} {'decided/s':>11} {'with build/s':>13}")
    plain = Peer("plain Python (this file)", lambda lines: lines, reference)
    for make in (lambda: plain, cedar, rego_cpp, regorus, openfisca):
        try:
            peer = make()
        except ImportError as error:
            print(f"{make.__name__:<36} not installed ({error.name})")
            continue
        few = first(lines, given.lines)
        start = time.process_time()
        compare(peer.name, few, expected[: given.lines], peer.decide(peer.build(few)))
        took = time.process_time() - start
        n = int(min(given.most, max(given.lines, given.lines * given.seconds / took)))
        build, decide = time_peer(peer, first(lines, n), expected[:n])
        rates = f"{n / decide:>11,.0f} {n / (build + decide):>13,.0f}"
        print(f"{peer.name:<36} {n:>9} {build:>8.2f} {decide:>9.2f} {rates}")


if __name__ == "__main__":
    main()

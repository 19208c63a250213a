"""An invented case to show: the Meridian Union bars the phone maker Vell from its chips."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from detente.record import Case, load
from detente.record.dictionary import dictionary

HOSTILE = "<img src=x onerror=alert(1)></script><!--\u2028&amp;"

TOML = """\
title = "Vell and its suppliers{hostile}"
summary = "The Union listed Vell in May 2020. Names and figures are invented.{hostile}"
focus_group = "vell"
default_as_of = 2020-12-31
story = [2020-05-14, 2020-06-15, 2020-12-31]
[sides]
home = "Meridian Union"
target = "Vell's home{hostile}"
third = "Third countries"
[horizon]
since = 2020-01-01
through = 2021-06-30
"""

MEASURE = """\
id = "union-list"
title = "The list of restricted buyers{hostile}"
regime = "union"
authority = "Ministry of Trade"
instrument = "Order 7 of 2020"
sources = ["order"]
[milestones]
announced = 2020-05-15
[[limbs]]
id = "list"
effect = "require_licence"
text = "A licence is needed for home goods when a listed party takes part.{hostile}"
sources = ["order"]
in_force = [{since = 2020-05-16, recorded = 2020-05-15}]
scope = [{origin = ["US"]}]
parties = {listed_on = "union-list", roles = ["purchaser", "end_user"]}
reviews = [{policy = "presumption_of_denial"}]
not_expressed = ["whether software updates are goods{hostile}"]
[[limbs]]
id = "tools"
effect = "require_licence"
text = "The same for goods made abroad with home tools."
sources = ["order"]
in_force = [{since = 2020-09-15, recorded = 2020-08-17}]
scope = [{made_with_codes = ["3B001"], made_with_origin = ["US"]}]
parties = {listed_on = "union-list"}
[[limbs]]
id = "respite"
effect = "authorise"
text = "A general licence for goods that keep networks running."
sources = ["order"]
in_force = [{since = 2020-05-20, through = 2020-08-13, recorded = 2020-05-20}]
items = {tags = ["network"]}
defeats = ["list"]
"""

DEFAULTS = {"source": "order", "confidence": "invented", "recorded": "2020-01-01"}


def write(folder: Path, table: str, rows: list[dict[str, Any]]) -> None:
    """Write rows of a table; what a row does not say is taken from DEFAULTS or left empty."""
    names = dictionary()[table].names
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, names)
        sheet.writeheader()
        given = DEFAULTS if table != "sources" else {}
        sheet.writerows({k: v for k, v in (given | row).items() if k in names} for row in rows)


def build(folder: Path, *, hostile: str = "", url: str = "https://example.org/order", copies: int = 1) -> Case:
    """Write the case and load it. ``hostile`` ends every free text; ``copies`` repeats each supplier."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "measures").mkdir(exist_ok=True)
    (folder / "case.toml").write_text(TOML.replace("{hostile}", hostile), encoding="utf-8")
    (folder / "measures" / "list.toml").write_text(MEASURE.replace("{hostile}", hostile), encoding="utf-8")
    write(folder, "sources", [
        {"id": "order", "title": f"Order 7{hostile}", "publisher": f"Ministry{hostile}", "rank": "invented",
         "locator": f"§ 1{hostile}", "url": url, "published": "2020-05-15"},
    ])  # fmt: skip
    write(folder, "items", [
        {"id": "soc", "name": f"Phone chips{hostile}", "kind": "commodity", "tags": "chip"},
        {"id": "rf", "name": "Radio parts", "kind": "commodity", "tags": "none"},
        {"id": "switch", "name": "Switch chips", "kind": "commodity", "tags": "network"},
        {"id": "glass", "name": "Glass", "kind": "commodity", "tags": "none"},
        {"id": "phone", "name": "Phones", "kind": "commodity", "tags": "final"},
        {"id": "base", "name": "Base stations", "kind": "commodity", "tags": "restricted_capability"},
    ])  # fmt: skip
    buyers = [
        {"id": "vell", "name": f"Vell{hostile}", "kind": "firm", "side": "target", "country": "CN", "group": "vell"}
    ]
    sellers = [("acme", "US", "home", "rf", 900, "yes"), ("norr", "KR", "third", "soc", 2400, "yes"),
               ("orbis", "US", "home", "switch", 300, "yes"), ("lumen", "JP", "third", "glass", 500, "no"),
               ("quill", "TW", "third", "soc", 40, "")]  # fmt: skip
    chosen = [(f"{s}{i or ''}", *rest) for i in range(copies) for s, *rest in sellers]
    write(folder, "parties", buyers + [
        {"id": p, "name": f"{p.title()} Works{hostile}", "kind": "firm", "side": side, "country": country}
        for p, country, side, *_ in chosen
    ])  # fmt: skip
    write(folder, "variants", [
        {"id": f"{p}-v", "item": item, "maker": p, "origin": country, "codes": "union:5A991",
         "made_with_codes": {"yes": "union:3B001", "no": "none"}.get(tools, ""),
         "made_with_origin": "US" if tools == "yes" else "", "plant_codes": "none"}
        for p, country, _, item, _, tools in chosen
    ])  # fmt: skip
    wide = {"output_usd_m_low": 0.5, "output_usd_m_high": 1.5}
    write(folder, "units", [
        {"id": f"{p}-u", "name": f"{p.title()} {item}{hostile}", "party": p, "item": item, "variant": f"{p}-v",
         "country": country, "output_usd_m": 3 * v, **{k: 3 * v * w for k, w in wide.items()}, "tags": "none"}
        for p, country, _, item, v, _ in chosen
    ] + [
        {"id": f"vell-{item}", "name": f"Vell {item}s{hostile}", "party": "vell", "item": item, "country": "CN",
         "output_usd_m": v, **{k: v * w for k, w in wide.items()}, "tags": "none"}
        for item, v in (("phone", 20000), ("base", 9000))
    ])  # fmt: skip
    write(folder, "links", [
        {"id": f"{p}>vell-{to}:{item}", "seller": f"{p}-u", "buyer": f"vell-{to}", "value_usd_m": v * part,
         "value_usd_m_low": v * part * 0.8, "value_usd_m_high": v * part * 1.3, "end_use": "production",
         "note": f"split{hostile}"}
        for p, _, _, item, v, _ in chosen for to, part in (("phone", 0.75), ("base", 0.25))
    ])  # fmt: skip
    write(folder, "inputs", [
        {"id": f"{made}-{used}", "made": made, "used": used, "class": class_}
        for made in ("phone", "base") for used, class_ in (("soc", "critical"), ("rf", "important"), ("glass", "other"))
    ])  # fmt: skip
    write(folder, "listings", [
        {"id": "l1", "list": "union-list", "party": "vell", "as_listed": f"VELL{hostile}", "since": "2020-05-16",
         "requirement": f"all goods{hostile}", "review": "presumption_of_denial", "tags": "none"},
    ])  # fmt: skip
    write(folder, "licences", [
        {"id": "lic-1", "authority": f"Ministry{hostile}", "holder": "norr", "kind": "individual",
         "consignees": "vell", "overcomes": "tools"},
    ])  # fmt: skip
    write(folder, "licence_lines", [
        {"id": "lic-1-1", "licence": "lic-1", "line": 1, "item": "soc", "covers": 0.4, "covers_low": 0.2,
         "covers_high": 0.6},
    ])  # fmt: skip
    write(folder, "licence_events", [
        {"id": "lic-1-a", "licence": "lic-1", "date": "2020-11-01", "event": "granted"},
        {"id": "lic-1-b", "licence": "lic-1", "date": "2021-02-01", "event": "suspended", "note": f"why{hostile}"},
    ])  # fmt: skip
    return load(folder)


MORE = """\
[regimes]
union = "home"
[[security]]
id = "networks"
title = "Base stations of Vell{hostile}"
side = "home"
of = "target"
tags = ["networks"]
[[security]]
id = "phones"
title = "Phones of Vell{hostile}"
side = "home"
of = "target"
tags = ["handsets"]
"""


def build_with_proposals(folder: Path, *, hostile: str = "") -> Case:
    """The same case with two security objectives and proposals of both sides, one of which the law cannot grant."""
    build(folder, hostile=hostile)
    toml = folder / "case.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + MORE.replace("{hostile}", hostile), encoding="utf-8")
    with (folder / "units.csv").open(encoding="utf-8", newline="") as file:
        units = list(csv.DictReader(file))
    tags = {"vell-base": "networks", "vell-phone": "handsets"}
    write(folder, "units", [u | {"tags": tags.get(u["id"], u["tags"])} for u in units])
    write(folder, "proposals", [
        {"id": "radio", "title": f"License radio parts{hostile}", "side": "home", "kind": "grant", "target": "acme",
         "items": "rf", "note": f"asked for{hostile}"},
        {"id": "chips", "title": f"License phone chips{hostile}", "side": "home", "kind": "grant",
         "target": "norr;quill", "items": "soc", "cap": "0.5;1"},
        {"id": "switches", "title": "License switch chips", "side": "home", "kind": "grant", "target": "orbis"},
        {"id": "glass", "title": f"License glass{hostile}", "side": "home", "kind": "grant", "target": "lumen",
         "items": "glass"},
        {"id": "sell", "title": f"Sell the base stations{hostile}", "side": "target", "kind": "divest",
         "target": "vell-base", "owner": "lumen"},
    ])  # fmt: skip
    return load(folder)

"""A dozen invented entries in the three layouts of the screening list, each with a trap of the real ones."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FIELDS = (
    "_id", "source", "entity_number", "type", "programs", "name", "title", "addresses", "federal_register_notice",
    "start_date", "end_date", "standard_order", "license_requirement", "license_policy", "call_sign", "vessel_type",
    "gross_tonnage", "gross_registered_tonnage", "vessel_flag", "vessel_owner", "remarks", "source_list_url",
    "alt_names", "citizenships", "dates_of_birth", "nationalities", "places_of_birth", "source_information_url", "ids",
)  # fmt: skip
LISTS = ("programs", "addresses", "alt_names", "citizenships", "dates_of_birth", "nationalities", "places_of_birth",
         "ids")  # fmt: skip

EL = "Entity List (EL) - Bureau of Industry and Security"
DPL = "Denied Persons List (DPL) - Bureau of Industry and Security"
SDN = "Specially Designated Nationals (SDN) - Treasury Department"
CMIC = "Non-SDN Chinese Military-Industrial Complex Companies List (CMIC) - Treasury Department"
UVL = "Unverified List (UVL) - Bureau of Industry and Security"
DTC = "ITAR Debarred (DTC) - State Department"

ALL = "For all items subject to the EAR. (See § 744.11 of the EAR)"
FN1 = "For all items subject to the EAR, see §§ 734.9(e)1 and 744.11 of the EAR2"


def at(
    country: str | None, address: str = "1 Lane", city: str | None = "Town", code: str | None = None
) -> dict[str, Any]:
    """An address as the JSON has it."""
    return {"address": address, "city": city, "state": None, "postal_code": code, "country": country}


def entry(source: str, name: str, *addresses: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """One result with every field of the JSON, null or empty where not given."""
    one = {field: [] if field in LISTS else None for field in FIELDS if field != "_id"}
    return {"id": f"{abs(hash(name)):x}", **one, "source": source, "name": name, "addresses": list(addresses), **more}


def entries() -> list[dict[str, Any]]:
    """The dozen."""
    return [
        entry(EL, "Vell Technologies Co., Ltd.", at("CN"), at("HK"), alt_names=["Vell Tech", "Weier Jishu"],
              federal_register_notice="84 FR 11111; 85 FR 22222", start_date="2019-05-21", license_requirement=FN1,
              license_policy="Presumption of denial"),
        entry(CMIC, "VELL TECHNOLOGIES CO LTD", at("CN"), entity_number="90001", type="Entity",
              programs=["CMIC-EO13959"], alt_names=["VELL TECH"]),
        entry(EL, "Acme (Japan) Inc.", at("JP"), license_requirement=ALL, license_policy="Presumption for denial.",
              federal_register_notice="87 FR 33333", alt_names=["AJ"]),
        entry(EL, "Acme (Japan) Inc.", at("JP"), license_requirement="For all items subject to the EAR (See §744.11 of "
              "the EAR).", license_policy="Presumption of denial", federal_register_notice="87 FR 33336",
              alt_names=["AJ"]),
        entry(EL, "Address 01", at("HK", "Unit 7, 1 Quay"), license_policy="Policy of denial",
              license_requirement="For items on the CCL and EAR99 items listed in supplement no. 7 to part 746"),
        entry(EL, "Ova Plant", at("RU"), license_policy="Policy of denial for all items subject to the EAR apart from "
              "food and medicine designated as EAR99, which will be reviewed on a case-by-case basis.",
              license_requirement="For all items subject to the EAR. (See §§ 734.9(g),3 746.8(a)(3) of the EAR)"),
        entry(DPL, "JOAN ROE", at("US", "3 MAIN ST", "PHOENIX, AZ", "85043"), start_date="2015-02-01",
              end_date="2025-01-31", standard_order="Y", federal_register_notice="80 F.R. 44444 2/1/15"),
        entry(DPL, "JOAN ROE", at("US", "4 MAIN ST", "PHOENIX, AZ", "85043"), start_date="2025-03-01",
              end_date="2035-02-28", standard_order="Y"),
        entry(SDN, "DOE, John", at("IR"), entity_number="77", type="Individual", programs=["SDGT", "CAATSA - RUSSIA"],
              alt_names=["DOE, Jon", "[]"]),
        entry(SDN, "DOE, John", at("IR"), entity_number="78", type="Individual", programs=["SDGT"]),
        entry(SDN, "MERRY SHIP", entity_number="79", type="Vessel", programs=["SOUTH SUDAN"], vessel_flag="PA"),
        entry(UVL, "Norr Trading", at("TURKIYE"), at("REGION: NOWHERE")),
        entry(DTC, "Joan Roe", federal_register_notice="67 FR 55555"),
    ]  # fmt: skip


def as_json(results: Sequence[Mapping[str, Any]]) -> str:
    """The JSON as published."""
    used = [{"source": s, "source_last_updated": "2026-08-14T00:00:00+00:00"} for s in (EL, SDN)]
    return json.dumps({"total": len(results), "sources_used": used, "results": list(results)}, ensure_ascii=False)


def as_csv(results: Sequence[Mapping[str, Any]]) -> str:
    """The CSV as published: lists joined with ``; ``, addresses with ``, `` inside."""
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, dialect="unix")
    writer.writeheader()
    for one in results:
        row = {"_id": one["id"], **{f: one[f] for f in FIELDS if f != "_id"}}
        for field in LISTS:
            row[field] = "; ".join(_flat(v) for v in one[field])
        writer.writerow(row)
    return out.getvalue()


def _flat(value: str | Mapping[str, Any]) -> str:
    return value if isinstance(value, str) else ", ".join(str(v) for v in value.values() if v)


def as_compact(results: Sequence[Mapping[str, Any]], day: str = "2026-08-15") -> str:
    """The compacted JSON: texts in tables, addresses left out but for their countries."""
    tables: dict[str, list[str]] = {"sources": [], "licenceRequirements": [], "licencePolicies": [], "programmes": []}

    def index(table: str, text: str) -> int:
        if text not in tables[table]:
            tables[table].append(text)
        return tables[table].index(text)

    rows = []
    for one in results:
        row = {
            "n": one["name"], "a": one["alt_names"], "s": index("sources", one["source"]), "t": one["type"],
            "c": list(dict.fromkeys(a["country"] for a in one["addresses"])), "e": one["entity_number"],
            "fr": one["federal_register_notice"],
        }  # fmt: skip
        for key, table, text in (
            ("lr", "licenceRequirements", one["license_requirement"]),
            ("lp", "licencePolicies", one["license_policy"]),
            ("pg", "programmes", "; ".join(one["programs"])),
        ):
            if text:
                row[key] = index(table, text)
        rows.append({k: v for k, v in row.items() if v not in (None, [])})
    whole = {"sourceGeneratedAt": f"{day}T05:00:00+00:00", "fieldKey": {"n": "name"}, "tables": tables, "entries": rows}
    return json.dumps(whole, ensure_ascii=False)


def put(folder: Path, name: str, text: str) -> Path:
    """A file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path

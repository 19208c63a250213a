"""The lists of the Consolidated Screening List: their ids, and what being on one of them means where it is not said."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from detente.official.text import slug

ENTITY_LIST = "us-entity-list"


@dataclass(frozen=True, slots=True)
class OfficialList:
    """One list: the abbreviation the source prints in brackets, and what an entry requires where it does not say."""

    id: str
    abbreviation: str
    words: str
    requirement: str


_ALL = (
    OfficialList(
        ENTITY_LIST, "EL", "entity list", "As the entry says (15 CFR 744.11 and Supplement No. 4 to part 744)",
    ),
    OfficialList(
        "us-sdn", "SDN", "specially designated nationals",
        "Property is blocked (31 CFR chapter V); a licence under the EAR where 15 CFR 744.8 names the programme",
    ),
    OfficialList(
        "us-denied-persons", "DPL", "denied persons",
        "No part in a transaction with items subject to the EAR (denial order, 15 CFR 764.3(a)(2) and 736.2(b)(4))",
    ),
    OfficialList(
        "us-unverified-list", "UVL", "unverified list",
        "No licence exceptions, and a statement of the party before a sale without a licence (15 CFR 744.15)",
    ),
    OfficialList(
        "us-meu-list", "MEU", "military end user",
        "A licence for items of Supplement No. 2 to part 744 (15 CFR 744.21)",
    ),
    OfficialList(
        "us-cmic", "CMIC", "chinese military-industrial complex",
        "No dealings in its publicly traded securities (E.O. 13959 as amended)",
    ),
    OfficialList(
        "us-itar-debarred", "DTC", "itar debarred",
        "No part in exports of defence articles and services (22 CFR 127.7)",
    ),
    OfficialList(
        "us-ssi", "SSI", "sectoral sanctions identifications",
        "What the directive that the entry names forbids (31 CFR part 589)",
    ),
    OfficialList(
        "us-isn", "ISN", "nonproliferation sanctions", "The sanctions of the statute that the entry names",
    ),
    OfficialList(
        "us-ns-mbs", "NS-MBS", "menu-based sanctions", "The sanctions of the menu that the entry names",
    ),
    OfficialList(
        "us-plc", "PLC", "palestinian legislative council",
        "US financial institutions reject its transactions (31 CFR parts 594, 595 and 597)",
    ),
    OfficialList(
        "us-capta", "CAP", "capta",
        "Correspondent or payable-through accounts are prohibited or bound to conditions, as the entry says",
    ),
    OfficialList(
        "us-fse", "FSE", "foreign sanctions evaders", "No transactions with US persons or within the US (E.O. 13608)",
    ),
)  # fmt: skip

LISTS = MappingProxyType({one.id: one for one in _ALL})
"""The lists by id."""


def list_of(source: str) -> OfficialList | None:
    """The list that a ``source`` of the screening list names, such as ``Entity List (EL) - Bureau of ...``.

    None where it is a list not known here.
    """
    for one in _ALL:
        if f"({one.abbreviation})" in source or slug(one.words) in slug(source):
            return one
    return None

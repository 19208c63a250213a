"""What authorities publish, as rows of a case: lists of parties, charts, groups and code tables, each of a day."""

from detente.official.changes import changes
from detente.official.chart import read_chart
from detente.official.csl import read_csl
from detente.official.eccn import read_codes
from detente.official.entity_list import read_entity_list
from detente.official.groups import read_groups
from detente.official.listings import Sides
from detente.official.snapshot import Snapshot

__all__ = [
    "Sides",
    "Snapshot",
    "changes",
    "read_chart",
    "read_codes",
    "read_csl",
    "read_entity_list",
    "read_groups",
]

"""What we know, and who says so: a case on disk, read and checked, as it was known on a day."""

from detente.record.case import Case
from detente.record.load import load
from detente.record.problems import DetenteError, NotFound, Problem, RecordError

__all__ = ["Case", "DetenteError", "NotFound", "Problem", "RecordError", "load"]

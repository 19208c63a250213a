"""detente: who may still sell what to whom, what each restriction costs each side, what would be better.

>>> import detente as dt
>>> case = dt.load("huawei")
>>> dt.check(case, as_of="2021-01-20").height > 200
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from detente.version import __version__

if TYPE_CHECKING:
    from detente.decide import Book, Permits, Verdict, check, explain, order_book, permits
    from detente.impact.costs import cost
    from detente.impact.models import Bracket
    from detente.impact.outcome import Outcome
    from detente.record import Case, DetenteError, NotFound, Problem, RecordError, load
    from detente.relief.answer import Relief
    from detente.relief.weigh import relief
    from detente.report.page import report

__all__ = [
    "Book",
    "Bracket",
    "Case",
    "DetenteError",
    "NotFound",
    "Outcome",
    "Permits",
    "Problem",
    "RecordError",
    "Relief",
    "Verdict",
    "__version__",
    "check",
    "cost",
    "explain",
    "load",
    "order_book",
    "permits",
    "relief",
    "report",
]

_HOME = {
    **dict.fromkeys(("Case", "DetenteError", "NotFound", "Problem", "RecordError", "load"), "detente.record"),
    **dict.fromkeys(("Book", "Permits", "Verdict", "check", "explain", "order_book", "permits"), "detente.decide"),
    "Bracket": "detente.impact.models",
    "Outcome": "detente.impact.outcome",
    "cost": "detente.impact.costs",
    "Relief": "detente.relief.answer",
}
_ROOMS = {"relief", "report"}  # rooms that can be called: the room and the function in it have one name


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: `detente --help` needs none of it."""
    if name in _ROOMS:
        return import_module(f"detente.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'detente' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value

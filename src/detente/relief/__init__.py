"""What would be better: proposals, packages of them, and what each package does to each side.

``detente.relief`` is this room and, called, the function that weighs packages: ``dt.relief(case, "2021-01-20")``.
"""

from __future__ import annotations

import datetime as dt
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detente.record import Case
    from detente.relief.answer import Relief


class _Room(ModuleType):
    """A package that can be called, because a user's ``dt.relief`` and the room have one name."""

    def __call__(self, case: Case, as_of: dt.date | str | None = None, **how: Any) -> Relief:
        from detente.relief.weigh import relief  # scipy and the search are not needed before somebody asks

        return relief(case, as_of, **how)


sys.modules[__name__].__class__ = _Room

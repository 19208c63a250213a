"""Show it: one page about a case that needs nothing but a browser.

``detente.report`` is this room and, called, the function that writes the page: ``dt.report(case, "page.html")``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from detente.record import Case


class _Room(ModuleType):
    """A package that can be called, because a user's ``dt.report`` and the room have one name."""

    def __call__(self, case: Case, path: str | Path, **how: Any) -> Path:
        from detente.report.page import report  # plotly is not needed before somebody wants a page

        return report(case, path, **how)


sys.modules[__name__].__class__ = _Room

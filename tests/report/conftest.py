"""What the tests of the report share."""

from __future__ import annotations

from pathlib import Path

import pytest

from detente.record import Case
from report.invented import build


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """The invented case."""
    return build(tmp_path / "vell")

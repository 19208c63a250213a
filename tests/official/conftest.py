"""Where the real files are: facts of the US government, not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[3] / "shared")) / "data"


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of the real files; a test that needs it is skipped where there is none."""
    if not (SHARED / "screening-list.json").is_file():
        pytest.skip(f"no official files at {SHARED}; DETENTE_SHARED can name the folder above data/")
    return SHARED

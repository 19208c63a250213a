"""What all tests share: repeatable draws of hypothesis, and the bundled case read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cases import make_case
from detente.record import Case, load

settings.register_profile(
    "detente",
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("detente")


@pytest.fixture(scope="session")
def huawei() -> Case:
    """The bundled case."""
    return load("huawei")


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Case]:
    """Write a small case, load it and return it."""

    def make(files: Mapping[str, str | bytes | None] | None = None, **how: object) -> Case:
        return load(make_case(tmp_path, files), **how)  # type: ignore[arg-type]

    return make

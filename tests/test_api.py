"""The public surface: pinned, and as the docs show it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import detente
from detente.record import Case


def test_public_names_are_pinned() -> None:
    assert sorted(detente.__all__) == [
        "Book", "Bracket", "Case", "DetenteError", "NotFound", "Outcome", "Permits", "Problem", "RecordError",
        "Relief", "Verdict", "__version__", "check", "cost", "explain", "load", "order_book", "permits", "relief",
        "report",
    ]  # fmt: skip
    for name in detente.__all__:
        assert getattr(detente, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        detente.nothing  # noqa: B018


def test_the_readme_example(huawei: Case) -> None:
    table = detente.check(huawei, as_of="2021-01-20")
    assert table.height == huawei["links"].height
    verdict = detente.explain(huawei, link="qorvo>huawei-p-mate:rf", as_of="2020-09-15")
    assert (verdict.outcome, verdict.limbs) == ("licence_required", ("el-huawei",))
    found = detente.cost(huawei, as_of="2021-01-20")
    assert set(found.by_side()["side"]) == {"us", "china", "third"}


def test_report_can_be_called_whatever_was_imported_before(huawei: Case, tmp_path: Path) -> None:
    """The room ``detente.report`` and the function of that name are one."""
    import detente.report.page

    assert callable(detente.report)
    with pytest.raises(detente.DetenteError, match="no folder"):
        detente.report(huawei, tmp_path / "no" / "page.html")


def test_relief_is_a_room_and_a_function(huawei: Case) -> None:
    import detente.relief.weigh

    assert detente.relief.weigh.relief.__module__ == "detente.relief.weigh"
    with pytest.raises(detente.NotFound, match="no proposal"):
        detente.relief(huawei, "2021-01-20", only=["nothing"])


def test_results_carry_the_record_they_were_made_from(huawei: Case) -> None:
    assert detente.explain(huawei, "tsmc>hisilicon:wafers", "2020-06-01").record == huawei.digest
    assert detente.permits(huawei, "2020-06-01", "2020-06-02").record == huawei.digest
    assert detente.cost(huawei, "2020-06-01").record == huawei.digest


def test_help_does_not_load_what_it_does_not_need() -> None:
    """`detente --help` stays under 0.3 s because it imports none of the heavy libraries."""
    heavy = ("polars", "numpy", "numba", "plotly", "pydantic", "scipy", "jinja2")
    code = f"import sys, detente.cli; sys.exit(' '.join(m for m in {heavy!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""

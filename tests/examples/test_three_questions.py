"""The example notebook runs from top to bottom without a browser, and says what it is about to say."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

FILE = Path(__file__).parents[2] / "examples" / "three_questions.py"


def test_the_notebook_runs() -> None:
    spec = importlib.util.spec_from_file_location("three_questions", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the notebook's own machinery
        spec.loader.exec_module(module)
        _, made = module.app.run()
    assert made["verdicts"].height == 21
    assert set(made["cost"].by_side()["side"]) == {"borea", "merid", "third"}
    assert made["packages"]["p_win_win"].drop_nulls().is_between(0, 1).all()
    assert made["told"].startswith("On 15 July 2031 the Nash package of")
    assert [a.id for a in made["answers"]] == ["truce", "dearest", "both-sides", "gainers"]
    assert all(len(a.sentences) == 2 and a.figure.layout.height for a in made["answers"])

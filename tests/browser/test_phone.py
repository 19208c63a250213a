"""The page in a real browser: no sideways scroll on a phone, charts drawn, no policy broken."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from detente.report.page import report
from report.invented import build_with_proposals

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (apt-get install chromium)")

FRAME = """<!doctype html><meta charset="utf-8"><title>phone</title>
<iframe id="phone" src="page.html" style="width:{width}px;height:844px;border:0"></iframe><pre id="seen"></pre>
<script>
onload = () => setTimeout(() => {{
  const frame = document.getElementById("phone"), page = frame.contentDocument;
  const group = page.querySelector("[data-for]");
  const box = page.getElementById("chart-relief-frontier");
  const before = JSON.stringify(box.data[0].marker.color);
  group.querySelectorAll("button")[1].click();
  document.getElementById("seen").textContent = JSON.stringify({{
    wide: page.documentElement.scrollWidth, window: frame.contentWindow.innerWidth,
    charts: page.querySelectorAll("main section > figure [data-chart]").length,
    drawn: page.querySelectorAll("main section > figure [data-chart][data-drawn]").length,
    pressed: [...group.querySelectorAll("button")].map((b) => b.ariaPressed),
    recoloured: JSON.stringify(box.data[0].marker.color) !== before,
    unreachable: [...page.querySelectorAll(".scroll")]
      .filter((s) => s.scrollWidth > s.clientWidth && s.tabIndex < 0).length,
  }});
}}, 4000);
</script>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("browser")
    report(build_with_proposals(place / "vell"), place / "page.html")
    return place


@pytest.mark.parametrize("width", [390, 1200])
def test_page_in_a_browser(folder: Path, width: int) -> None:
    (folder / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    done = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
            f"--user-data-dir={folder / 'profile'}", "--window-size=1400,1000", "--virtual-time-budget=20000",
            "--enable-logging=stderr", "--dump-dom", (folder / "frame.html").as_uri(),
        ],
        capture_output=True, text=True, timeout=180, check=True,
    )  # fmt: skip
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.S)
    assert found is not None
    seen = json.loads(found.group(1))
    assert seen["wide"] <= seen["window"] == width
    assert seen["drawn"] == seen["charts"] > 8
    assert seen["pressed"] == ["false", "true"]
    assert seen["recoloured"]
    assert seen["unreachable"] == 0
    assert "Content Security Policy" not in done.stderr
    assert "Uncaught" not in done.stderr

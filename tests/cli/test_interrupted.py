"""A command that is stopped half way leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HALF = """
import sys, time
from pathlib import Path
from detente.cli import end_cleanly
from detente.report.whole import whole_file

end_cleanly()
with whole_file(Path(sys.argv[1])) as part:
    part.write_text("half of it")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_file_half_written_is_gone(tmp_path: Path, how: signal.Signals) -> None:
    target = tmp_path / "out.csv"
    target.write_text("before")
    with subprocess.Popen(
        [sys.executable, "-c", HALF, str(target)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(how)
        run.wait(timeout=30)
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]
    assert target.read_text() == "before"


def test_a_killed_command_leaves_no_file_of_that_name(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with subprocess.Popen([sys.executable, "-c", HALF, str(target)], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        run.kill()
        run.wait(timeout=30)
    time.sleep(0.05)
    assert not target.exists()

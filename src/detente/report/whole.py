"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from detente.record import DetenteError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place when the block ends well, and is gone when it does not.

    Raises ``DetenteError`` where the folder does not exist, ``OSError`` where it cannot be written to.
    """
    if not path.parent.is_dir():
        raise DetenteError(f"There is no folder {path.parent} to write {path.name} into.")
    if path.is_dir():
        raise DetenteError(f"{path} is a folder: name the file to write.")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(0o644)  # a temporary file is its owner's alone; a result is for whoever may read the folder
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)

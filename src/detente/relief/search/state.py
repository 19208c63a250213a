"""A search under way, and the file from which it goes on: arrays and JSON, nothing that runs when it is read."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detente.record import DetenteError
from detente.relief.search.archive import Archive
from detente.relief.search.evaluation import Known

Ints = npt.NDArray[np.int64]
FORMAT = 1
MOST_BYTES = 4 * 2**30  # of a state file, unpacked


@dataclass(slots=True)
class State:
    """Where a search stands: every package known, the best, the population, what was looked at, and the dice.

    ``tried`` are the known packages all of whose neighbours were valued; ``step`` counts what was done, ``idle`` the
    last steps that valued nothing new.
    """

    known: Known
    archive: Archive
    draw: np.random.Generator
    population: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    tried: set[int] = field(default_factory=set)
    step: int = 0
    idle: int = 0


def save(state: State, path: Path, told: dict[str, Any]) -> None:
    """Write a state, whole or not at all. ``told`` is what the search was told, to be compared when it goes on."""
    size = len(state.known)
    dice = state.draw.bit_generator.state
    head = json.dumps({"format": FORMAT, "told": told, "step": state.step, "idle": state.idle, "dice": dice})
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez_compressed(
            file, allow_pickle=False, head=np.frombuffer(head.encode(), dtype=np.uint8),
            packages=np.packbits(state.known.packages[:size], axis=1), points=state.known.points[:size],
            violation=state.known.violation[:size], archive=state.archive.rows, population=state.population,
            tried=np.array(sorted(state.tried), dtype=np.int64),
        )  # fmt: skip
    part.replace(path)


def resume(state: State, path: Path, told: dict[str, Any]) -> None:
    """Bring an empty state to where a file left off.

    Raises ``DetenteError`` where the file is no state of a search, or of one that was told something else.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(f.file_size for f in packed.infolist()) > MOST_BYTES:
                raise DetenteError(f"{path}: larger than {MOST_BYTES:,} bytes unpacked; delete it to start anew.")
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
        head = json.loads(arrays["head"].tobytes())
        same = head["format"] == FORMAT and head["told"] == told
        P, n = state.known.evaluator.n_proposals, arrays["violation"].size
        packages = np.unpackbits(arrays["packages"], axis=1, count=P).astype(np.bool_)
        lists = {name: arrays[name].astype(np.int64) for name in ("archive", "population", "tried")}
        fits = packages.shape == (n, P) and arrays["points"].shape == (n, state.known.points.shape[1])
        fits &= all(x.ndim == 1 and (x.size == 0 or 0 <= x.min() <= x.max() < n) for x in lists.values())
        step, idle, dice = int(head["step"]), int(head["idle"]), head["dice"]
        if same and fits:
            state.draw.bit_generator.state = dice
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, json.JSONDecodeError) as error:
        raise DetenteError(f"{path}: not the state of a search ({error}); delete it to start anew.") from error
    if not same:
        raise DetenteError(
            f"{path}: the state of a search for something else (other proposals, aim, seed or settings, or another "
            "version); name another file, or delete it to start anew."
        )
    if not fits:
        raise DetenteError(f"{path}: not the state of a search (its arrays do not fit); delete it to start anew.")
    state.known.add(packages, arrays["points"].astype(np.float64), arrays["violation"].astype(np.float64))
    state.archive.rows, state.population = lists["archive"], lists["population"]
    state.tried, state.step = set(lists["tried"].tolist()), step
    state.idle = idle

"""Packages valued once each, in parts that an executor may run."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from detente.relief.frontier import Axes, take
from detente.relief.values import Bools, Evaluator, Floats, Values

Ints = npt.NDArray[np.int64]
PART = 256  # packages given to an executor at a time


def evaluate(evaluator: Evaluator, packages: Bools, executor: Executor | None = None, part: int = PART) -> Values:
    """Value packages, in parts through an executor where one is given; the answers do not depend on it."""
    if executor is None or packages.shape[0] <= part:
        return evaluator.evaluate(packages)
    parts = [packages[a : a + part] for a in range(0, packages.shape[0], part)]
    return together(list(executor.map(evaluator.evaluate, parts)))


def together(parts: list[Values]) -> Values:
    """Put parts of values under one another."""
    names = ("gain", "gain_low", "gain_high", "capability", "feasible")
    return Values(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


@dataclass(slots=True)
class Known:
    """Every package valued so far, so that none is valued twice; it grows as a search goes on."""

    evaluator: Evaluator
    axes: Axes
    executor: Executor | None = None
    part: int = PART
    place: dict[bytes, int] = field(default_factory=dict)
    packages: Bools = field(init=False)
    points: Floats = field(init=False)
    violation: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.packages = np.zeros((0, self.evaluator.n_proposals), dtype=np.bool_)
        self.points = np.zeros((0, len(self.axes.names)))
        self.violation = np.zeros(0)

    def __len__(self) -> int:
        return len(self.place)

    def rows(self, packages: Bools) -> Ints:
        """The row of each package, after valuing those not yet known."""
        keys = [bytes(k) for k in np.packbits(packages, axis=1)]
        fresh: dict[bytes, int] = {}
        for k, key in enumerate(keys):
            if key not in self.place and key not in fresh:
                fresh[key] = k
        if fresh:
            new = packages[list(fresh.values())]
            values = evaluate(self.evaluator, new, self.executor, self.part)
            self.add(new, self.axes.points(values), self.axes.violation(values), list(fresh))
        return np.array([self.place[key] for key in keys], dtype=np.int64)

    def is_new(self, packages: Bools) -> Bools:
        """Which packages are not known yet."""
        return np.array([bytes(k) not in self.place for k in np.packbits(packages, axis=1)], dtype=np.bool_)

    def add(self, packages: Bools, points: Floats, violation: Floats, keys: list[bytes] | None = None) -> None:
        """Put in packages whose values are known from elsewhere."""
        size, more = len(self.place), packages.shape[0]
        if size + more > self.packages.shape[0]:
            room = max(1024, 2 * (size + more))
            for name in ("packages", "points", "violation"):
                old = getattr(self, name)
                grown = np.zeros((room, *old.shape[1:]), dtype=old.dtype)
                grown[:size] = old[:size]
                setattr(self, name, grown)
        self.packages[size : size + more] = packages
        self.points[size : size + more] = points
        self.violation[size : size + more] = violation
        for k, key in enumerate(keys or [bytes(b) for b in np.packbits(packages, axis=1)]):
            self.place[key] = size + k


__all__ = ["PART", "Known", "evaluate", "take", "together"]

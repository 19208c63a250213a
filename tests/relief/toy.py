"""Evaluators whose answers are known: gains and capability as plain functions of the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from detente.relief.values import Bools, Floats, Requires, Values, feasible


@dataclass(frozen=True)
class Toy:
    gain: Callable[[Bools], Floats]
    capability: Callable[[Bools], Floats]
    n_proposals: int
    exclusive: Sequence[tuple[int, ...]] = ()
    requires: Sequence[Requires] = ()
    sides: Sequence[str] = ("home", "target")
    capabilities: Sequence[str] = ("chips",)

    @property
    def names(self) -> Sequence[str]:
        return [f"p{k}" for k in range(self.n_proposals)]

    def evaluate(self, packages: Bools) -> Values:
        gain = self.gain(packages)
        return Values(
            gain, gain - 1.0, gain + 1.0, self.capability(packages),
            feasible(packages, self.exclusive, self.requires),
        )  # fmt: skip


def linear(home: Sequence[float], target: Sequence[float], chips: Sequence[float], **rules: object) -> Toy:
    """Every proposal adds its own gains and its own capability."""
    table = np.array([home, target], dtype=float).T
    kept = np.array(chips, dtype=float)[:, None]
    return Toy(lambda x: x @ table, lambda x: x @ kept, len(home), **rules)  # type: ignore[arg-type]

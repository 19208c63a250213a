"""The switches of the flow model; a preset is a set of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from detente.impact.calibration import NetworkError
from detente.impact.flow._kernels import (
    CLIENTS_FIRST,
    CLIENTS_FIRST_WATER,
    PROPORTIONAL,
    TO_BASELINE,
    TO_OUTPUT,
    TO_WANTED,
    WATER,
    Rule,
)

Rationing = Literal["proportional", "clients_first", "water", "clients_first_water"]
Target = Literal["output", "baseline", "wanted"]
RATIONING = {
    "proportional": PROPORTIONAL,
    "clients_first": CLIENTS_FIRST,
    "water": WATER,
    "clients_first_water": CLIENTS_FIRST_WATER,
}
TARGETS = {"output": TO_OUTPUT, "baseline": TO_BASELINE, "wanted": TO_WANTED}


@dataclass(frozen=True, slots=True)
class Switches:
    """How a day runs.

    Attributes:
        rationing: who gets what when output is short. "proportional": all alike. "clients_first": final demand loses
            first. "water": everyone up to one level of what they usually get, final demand too. "clients_first_water":
            final demand loses first, clients by level.
        target: what the target stock goes with: yesterday's "output", the "baseline", or the output "wanted" (demand
            or capacity, whichever is less).
        gap_floor: stock above its target does not make orders smaller than what was used.
        follow_capacity: orders for an item go to its makers by their usual shares times their capacity over baseline.
        resource: orders that the law stops go to the item's other makers up to their spare capacity, and after
            ``qualification_days`` (counted from the day the law first stops an order) to newcomers too.
        qualification_days: as said.
        spare_base, spare_limit: capacity over baseline at rest and at most. Hallegatte 2014: 1 and 1.2 to 1.25.
        spare_tau: days in which capacity moves towards its limit while all demand is unmet; 0: it does not move.
        spare_from: first day on which it moves.
        important: weight of the input limit for important inputs: 0.5 halves output when one is gone (Pichler et al.
            2022), 0 ignores them, 1 makes them critical.
        leaky: water-filling as the reference program has it, traps I3 and I4 of docs/flow.md.
        freeze: stocks nearly in balance stay as they are, trap B7.
        exact: differences of a billionth count too. The reference programs have it so; in a network
            with long stocks rounding can then grow from day to day until it shows.

    """

    rationing: Rationing = "proportional"
    target: Target = "wanted"
    gap_floor: bool = False
    follow_capacity: bool = False
    resource: bool = False
    qualification_days: int = 365
    spare_base: float = 1.0
    spare_limit: float = 1.25
    spare_tau: float = 365.0
    spare_from: int = 1
    important: float = 0.5
    leaky: bool = False
    freeze: bool = False
    exact: bool = False

    def rule(self) -> Rule:
        """The same as the loops read it. Raises ``NetworkError`` for a value that makes no sense."""
        for name, ok, expected in (
            ("rationing", self.rationing in RATIONING, f"one of {', '.join(RATIONING)}"),
            ("target", self.target in TARGETS, f"one of {', '.join(TARGETS)}"),
            ("qualification_days", self.qualification_days >= 0, "0 or more"),
            ("spare_base", self.spare_base >= 1.0, "1 or more"),
            ("spare_limit", self.spare_limit >= self.spare_base, "spare_base or more"),
            ("spare_tau", self.spare_tau == 0.0 or self.spare_tau >= 1.0, "0, or a day or more"),
            ("important", 0.0 <= self.important <= 1.0, "a share from 0 to 1"),
        ):
            if not ok:
                raise NetworkError(f"{name}: got {getattr(self, name)!r}; expected {expected}")
        return Rule(
            RATIONING[self.rationing], TARGETS[self.target], self.gap_floor, self.follow_capacity, self.resource,
            self.qualification_days, float(self.spare_base), float(self.spare_limit), float(self.spare_tau),
            self.spare_from, float(self.important), self.leaky, self.freeze, self.exact,
        )  # fmt: skip

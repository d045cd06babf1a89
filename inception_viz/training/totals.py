"""Running sums of losses and accuracies over steps, and the time they took."""

from __future__ import annotations

from typing import Any

from accelerate import Accelerator
from torch import Tensor


class Totals:
    """What was measured since it was made, for pictures of ``size`` pixels."""

    def __init__(self, size: int) -> None:
        """Nothing yet."""
        self.size, self.images, self.steps, self.seconds = size, 0, 0, 0.0
        self.sums: dict[str, Tensor] = {}

    def add(self, measured: dict[str, Tensor], images: int, seconds: float) -> None:
        """Add one step's figures (scalars), without waiting for them to be computed."""
        self.images, self.steps = self.images + images, self.steps + 1
        self.seconds += seconds
        for name, value in measured.items():
            before = self.sums.get(name)
            self.sums[name] = value.clone() if before is None else before.to(value.device) + value

    def means(self, everybody: Accelerator | None = None) -> dict[str, float]:
        """Means over the steps; over all processes' if they all ask at the same time."""
        mean = {name: value / self.steps for name, value in self.sums.items()}
        if everybody is not None:
            mean = everybody.reduce(mean, reduction="mean")
        return {name: float(value) for name, value in mean.items()}

    def state(self) -> dict[str, Any]:
        """As plain values and tensors, for a checkpoint."""
        return vars(self) | {"sums": {name: value.cpu() for name, value in self.sums.items()}}

    @classmethod
    def of(cls, state: dict[str, Any]) -> Totals:
        """Go on from :meth:`state`."""
        totals = cls(state["size"])
        vars(totals).update(state)
        return totals

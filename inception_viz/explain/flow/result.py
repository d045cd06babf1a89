"""What flows: between any two branches of neighbouring modules, with its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inception_viz.errors import ExplainError
from inception_viz.explain.saving import save_table
from inception_viz.explain.target import Target

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Flow:
    """How much of the target passes from each branch to each branch of the next module, in logits.

    ReLUs and max pools work as gates. With the gates as they are for this photo, the network from
    one module to the next is linear, so what a branch of the next module is worth (its gradient ×
    activation) is a sum of what each branch in front brings, and of what biases add. All of it is
    exact; nothing is sampled. From the stem's output on, all bias shares and what the stem brings
    add up to the target's value.

    Attributes:
        target: the output that is explained, and ``label``, the same in words.
        value: the target's value in the trace.
        names: step → what stands for its rows and columns, in the branches' order: "stem" →
            ("stem",), "3a" → ("3a/1x1", "3a/3x3", …), the head → ("main",).
        edges: step → (its branches, the next step's branches): "stem" to the first module, module
            to module, the last module to the head. Read-only, as all arrays here.
        bias: step → (branches,): the share that doesn't come from the step in front, but from
            biases, and for exchanged places from the other picture.
        branches: step → (branches,): gradient × activation, computed on its own; for the head, the
            target's value.
        model, picture: identity of the weights and SHA-256 of the picture's file.
        muted, exchanged: what the trace had changed.
    """

    target: Target
    label: str
    value: float
    names: Mapping[str, tuple[str, ...]]
    edges: Mapping[str, np.ndarray]
    bias: Mapping[str, np.ndarray]
    branches: Mapping[str, np.ndarray]
    model: str
    picture: str
    muted: frozenset[str] = frozenset()
    exchanged: frozenset[str] = frozenset()
    _between: Callable[[str, str, str], np.ndarray] = field(repr=False, kw_only=True)

    unit = "logits"

    @property
    def steps(self) -> tuple[str, ...]:
        """In order: "stem", the modules that the head sees, the head."""
        return tuple(self.names)

    @property
    def pairs(self) -> Iterator[tuple[str, str]]:
        """Each step with the next one."""
        return zip(self.steps[:-1], self.steps[1:], strict=True)

    def edge(self, source: str, sink: str) -> float:
        """What flows from one branch ("3a/1x1", "stem") to one ("3b/5x5", "main").

        Raises:
            ExplainError: if there is no such branch, or the two aren't neighbours.
        """
        step, row, column = self._find(source, sink)
        return float(self.edges[step][row, column])

    def channels(self, source: str, sink: str) -> np.ndarray:
        """What flows between the channels of two branches: (channels, channels), in logits.

        It adds up to :meth:`edge`. Computed when asked for, in parts that fit a stated memory
        (:data:`~inception_viz.explain.MEMORY`); for that, a flow keeps its trace, the gradients at
        all modules (as large as the modules' maps) and the network.

        Args:
            source: a branch, or "stem".
            sink: a branch of the next module; or the head, which counts as one channel.

        Raises:
            ExplainError: if there is no such branch, or the two aren't neighbours.
        """
        step, _, _ = self._find(source, sink)
        return self._between(step, source, sink)

    @property
    def gap_behind(self) -> dict[str, np.ndarray]:
        """Step → (branches,): what flows on from each branch, minus its gradient × activation."""
        return {step: self.edges[step].sum(1) - self.branches[step] for step, _ in self.pairs}

    @property
    def gap_in_front(self) -> dict[str, np.ndarray]:
        """Step → (branches,): what flows into each branch and its bias share, minus the same."""
        return {
            step: self.edges[before].sum(0) + self.bias[step] - self.branches[step]
            for before, step in self.pairs
        }

    @property
    def gap(self) -> float:
        """The largest of both gaps, up or down, in logits: rounding."""
        gaps = [*self.gap_behind.values(), *self.gap_in_front.values()]
        return float(max(np.abs(gap).max() for gap in gaps))

    @property
    def relative_gap(self) -> float:
        """The gap as a part of the largest gradient × activation of any branch, 0 to 1."""
        largest = max(np.abs(self.branches[step]).max() for step in self.steps[1:-1])
        return self.gap / float(largest) if largest else 0.0

    def to_frame(self) -> pd.DataFrame:
        """One row an edge, and one a bias share, whose ``source`` is "bias"."""
        import pandas as pd

        rows = [
            {"source": source, "sink": sink, "flow": float(flow)}
            for step, after in self.pairs
            for sources in [(*self.names[step], "bias")]
            for source, line in zip(sources, [*self.edges[step], self.bias[after]], strict=True)
            for sink, flow in zip(self.names[after], line, strict=True)
        ]
        fixed = {"unit": self.unit, "target": self.label, "value": self.value}
        return pd.DataFrame([row | fixed | {"relative_gap": self.relative_gap} for row in rows])

    def save(self, path: str | Path) -> None:
        """Write ``NAME.csv`` (the frame) or ``NAME.json`` (everything), whole or not at all.

        Raises:
            ExplainError: for another ending.
            FileError: if it can't be written.
        """
        save_table(path, self.to_frame, self._plain)

    def _plain(self) -> dict[str, object]:
        return {
            "target": vars(self.target),
            "label": self.label,
            "unit": self.unit,
            "value": self.value,
            "names": dict(self.names),
            **{
                name: {step: values.tolist() for step, values in found.items()}
                for name, found in (
                    ("edges", self.edges),
                    ("bias", self.bias),
                    ("branches", self.branches),
                )
            },
            "gap": self.gap,
            "relative_gap": self.relative_gap,
            "model": self.model,
            "picture_sha256": self.picture,
            "muted": sorted(self.muted),
            "exchanged": sorted(self.exchanged),
        }

    def _find(self, source: str, sink: str) -> tuple[str, int, int]:
        where = {name: step for step, names in self.names.items() for name in names}
        for name in (source, sink):
            if name not in where:
                raise ExplainError(
                    f'There is no "{name[:60]}" in this flow. Name a branch ("3a/1x1"), "stem", or '
                    f'"{self.steps[-1]}"; the modules are {", ".join(self.steps[1:-1])}.'
                )
        if (where[source], where[sink]) not in self.pairs:
            behind = dict(self.pairs).get(where[source])
            ends = f"It flows on to {behind}" if behind else "It is where the flow ends"
            raise ExplainError(
                f"Nothing flows straight from {source} to {sink}, since they are no neighbours. "
                f"{ends}."
            )
        step = where[source]
        return step, self.names[step].index(source), self.names[where[sink]].index(sink)

"""What flows: between any two branches of neighbouring modules, with its checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from inception_viz.architecture.places import Place, Widths
from inception_viz.errors import ExplainError
from inception_viz.explain.saving import save_table
from inception_viz.explain.target import Target

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Kernels:
    """What flows from one channel to one of the next module, apart by the kernels that pass it on.

    A branch with a reduce layer has one path a reduced map; another has one path.

    Attributes:
        weights: (paths, k, k), the kernel with which the sink reads each path's map.
        into: (paths,), the reduce layer's weights from the source to those maps; None if there is
            no such layer.
        flows: (paths,), in logits; they add up to :meth:`Flow.channels` at the two.
        where: (h, w), where it flows: what adds up to the same, in the places of the sink's input.
        maps: each path's number among the reduced maps, or among the module's inputs.
    """

    weights: np.ndarray
    into: np.ndarray | None
    flows: np.ndarray
    where: np.ndarray
    maps: tuple[int, ...]

    @property
    def order(self) -> list[int]:
        """The paths, those with the largest flow, up or down, first."""
        return [int(i) for i in np.argsort(-np.abs(self.flows), kind="stable")]


class Between(Protocol):
    """Computes what a flow doesn't hold."""

    def __call__(self, step: str, source: str, sink: str) -> np.ndarray:
        """As :meth:`Flow.channels`."""

    def kernels(self, source: str, at: int, sink: Place) -> Kernels:
        """As :meth:`Flow.kernels`; the source is number ``at`` of what its step puts out."""


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
        widths: module → branch → how many channels it has.
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
    widths: Widths
    muted: frozenset[str] = frozenset()
    exchanged: frozenset[str] = frozenset()
    _between: Between = field(repr=False, kw_only=True)

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

    def kernels(self, source: str, sink: str) -> Kernels:
        """What flows between two channels ("4c/5x5:12" or "stem:12", "4d/3x3:7"), by kernels.

        Raises:
            ExplainError: if there is no such channel, the two aren't neighbours, or the second is
                a head.
        """
        into, (branch, _, number) = self._channel(sink), source.partition(":")
        step, _, _ = self._find(branch, str(replace(into, channel=None)))
        if step != self.steps[0]:
            start = self._channel(source).channels(self.widths[step]).start
            return self._between.kernels(source, start, into)
        return self._between.kernels(source, int(number) if number.isdecimal() else -1, into)

    def _channel(self, name: str) -> Place:
        place = Place.parse(name)
        if place is None or place.channel is None or not place.within(self.widths):
            raise ExplainError(
                f'There is no channel "{name[:60]}" of a branch in this flow. Name one as '
                '"4c/5x5:12".'
            )
        return place

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
        fixed |= {"relative_gap": self.relative_gap}
        return pd.DataFrame([row | fixed for row in rows])

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

"""Single channels: how strong they are and where, and what each adds to a branch's score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from torch import Tensor

from inception_viz.architecture.places import Place
from inception_viz.errors import ExplainError
from inception_viz.explain.gradients import Gradients
from inception_viz.explain.target import Target
from inception_viz.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

Order = Literal["strength", "index"]


@dataclass(frozen=True)
class Unit:
    """One unit of a map: its row, its column and its activation."""

    row: int
    column: int
    value: float

    def place(self, map_size: int, input_size: int) -> tuple[float, float]:
        """x, y of its middle in input pixels, the map being laid over the whole input."""
        cell = input_size / map_size
        return (self.column + 0.5) * cell, (self.row + 0.5) * cell


@dataclass(frozen=True, eq=False)
class Layer:
    """The maps of one layer for one picture, as float32 arrays on the CPU.

    Attributes:
        maps: (channels, height, width).
        mean: (channels,), activation averaged over a channel's units: its strength.
        maximum: (channels,), the activation of its strongest unit.
        zero_share: (channels,), part of its units that are exactly 0, 0 to 1.
    """

    maps: np.ndarray
    mean: np.ndarray
    maximum: np.ndarray
    zero_share: np.ndarray

    def order(self, by: Order) -> np.ndarray:
        """Channel indices, strongest mean first or as numbered."""
        if by == "index":
            return np.arange(len(self.mean))
        return np.argsort(-self.mean, kind="stable")

    def rank(self, channel: int) -> int:
        """1 for the channel with the strongest mean."""
        return int((self.mean > self.mean[channel]).sum()) + 1

    def strongest_unit(self, channel: int) -> Unit:
        """The unit of a channel with the highest activation (the first of several)."""
        row, column = np.unravel_index(int(self.maps[channel].argmax()), self.maps.shape[1:])
        return Unit(int(row), int(column), float(self.maps[channel, row, column]))

    @property
    def overall_mean(self) -> float:
        """Activation averaged over all units of all channels."""
        return float(self.mean.mean())

    @property
    def highest(self) -> float:
        """The highest activation of any unit."""
        return float(self.maximum.max())

    @property
    def mean_map(self) -> np.ndarray:
        """(height, width), averaged over the channels."""
        average: np.ndarray = self.maps.mean(axis=0)
        return average


def measure(maps: Tensor) -> Layer:
    """Summarise the maps (channels, height, width) of one layer."""
    values = np.ascontiguousarray(maps.detach().cpu().numpy())
    flat = values.reshape(len(values), -1)
    return Layer(
        maps=values,
        mean=flat.mean(axis=1, dtype=np.float64),
        maximum=flat.max(axis=1),
        zero_share=(flat == 0).mean(axis=1),
    )


def strongest_channels(trace: Trace, k: int) -> dict[Place, tuple[int, ...]]:
    """Branch → its ``k`` channels of the highest mean activation, strongest first."""
    return {
        Place(module, branch): tuple(
            maps.mean((1, 2)).argsort(descending=True, stable=True)[:k].tolist()
        )
        for module, branches in trace.branches.items()
        for branch, maps in branches.items()
    }


@dataclass(frozen=True, eq=False)
class ChannelScores:
    """Gradient × activation of every channel of one module.

    Exact where the network behind the module is a straight line (behind the last module: average
    and linear layer); a first-order estimate elsewhere.

    Attributes:
        module: which one.
        branches: branch → scores (channels,) in the target's unit.
        target: the output in question.
    """

    module: str
    branches: Mapping[str, np.ndarray]
    target: Target

    def total(self, branch: str) -> float:
        """The branch's channels added up."""
        return float(self.branches[branch].sum())

    def order(self, branch: str) -> np.ndarray:
        """Channel indices, strongest first, up or down."""
        return np.argsort(-np.abs(self.branches[branch]), kind="stable")

    def to_frame(self) -> pd.DataFrame:
        """One row a channel."""
        import pandas as pd

        rows = [
            (self.module, branch, channel, score)
            for branch, scores in self.branches.items()
            for channel, score in enumerate(scores.tolist())
        ]
        return pd.DataFrame(rows, columns=["module", "branch", "channel", "score"])


def channel_scores(trace: Trace, slopes: Gradients, module: str) -> ChannelScores:
    """Score the channels of ``module`` from gradients that are known already.

    Raises:
        ExplainError: if the target's head can't see the module.
    """
    if module not in slopes.at:
        raise ExplainError(
            f"The head in question can't see module {module[:20]}; it sees {', '.join(slopes.at)}."
        )
    scores = (trace.modules[module] * slopes.at[module]).double().sum((1, 2))
    branches = {str(b): part.numpy() for b, part in trace.split(module, scores).items()}
    return ChannelScores(module, branches, slopes.target)

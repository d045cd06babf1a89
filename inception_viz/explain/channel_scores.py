"""Open a branch's score into its channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inception_viz.errors import ExplainError
from inception_viz.explain.gradients import Gradients
from inception_viz.explain.target import Target
from inception_viz.trace import Trace

if TYPE_CHECKING:
    import pandas as pd


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

        return pd.concat(
            pd.DataFrame(
                {
                    "module": self.module,
                    "branch": branch,
                    "channel": np.arange(len(scores)),
                    "score": scores,
                }
            )
            for branch, scores in self.branches.items()
        ).reset_index(drop=True)


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

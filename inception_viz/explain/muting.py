"""Mute branches or channels, and see what the network says without them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inception_viz.classifier import Classifier
from inception_viz.explain.edits import masks_of
from inception_viz.explain.rerun import Progress, ask, retrace, silent
from inception_viz.explain.target import Asked, Target
from inception_viz.network.googlenet import probabilities
from inception_viz.trace import Trace

if TYPE_CHECKING:
    import pandas as pd


def mute(classifier: Classifier, trace: Trace, places: Iterable[str]) -> Trace:
    """The trace that the same picture would have if ``places`` put out zeros.

    Only what lies behind the first muted module is run again. Explanations accept the result, but
    for ``faithfulness`` and ``sanity_check``, which are about the whole network.

    Args:
        trace: of the whole network, or one with something muted already, which stays muted.
        places: "4c" (a module), "4c/5x5" (a branch), "4c/5x5:7" (one of its channels).

    Raises:
        ExplainError: for a place that doesn't exist, or a trace of another classifier.
    """
    muted = trace.muted | frozenset(places)
    question = ask(classifier, trace)
    masks = masks_of(question.network, muted)
    if muted == trace.muted:
        return trace
    question = replace(question, edits=replace(question.edits, masks=masks))
    first = next(name for name in trace.modules if name in masks)
    return retrace(question, first, muted=muted)


@dataclass(frozen=True)
class Muted:
    """What muting one branch alone does.

    Attributes:
        module, branch: which one.
        change: the target's value without the branch, minus its value with it.
        value: the target's value without it.
        first_choice: the head's first choice without it, and ``probability`` its probability.
    """

    module: str
    branch: str
    change: float
    value: float
    first_choice: int
    probability: float


@dataclass(frozen=True)
class Sweep:
    """Every branch muted once.

    Attributes:
        rows: one a branch, in the network's order.
        value: the target's value with nothing muted.
        first_choice: the head's first choice with nothing muted.
        target: the output in question.
    """

    rows: tuple[Muted, ...]
    value: float
    first_choice: int
    target: Target

    def to_frame(self) -> pd.DataFrame:
        """One row a branch."""
        import pandas as pd

        return pd.DataFrame([vars(row) for row in self.rows])


def sweep(
    classifier: Classifier, trace: Trace, target: Asked = None, progress: Progress = silent
) -> Sweep:
    """Mute each branch of each module that the target's head sees, one at a time.

    Raises:
        ExplainError: for a target that doesn't exist, or a trace of another classifier.
    """
    question = ask(classifier, trace, target)
    full = question.value
    rows = []
    for module, widths, here in question.each(progress):
        logits = question.all_logits(module, question.without_each(module), here)
        values = question.target.of(logits).double().tolist()
        best, classes = (found.tolist() for found in probabilities(logits).max(dim=1))
        for branch, value, p, index in zip(widths, values, best, classes, strict=True):
            rows.append(Muted(module, branch, value - full, value, index, p))
    progress(1.0)
    first = int(trace.heads[question.target.head].argmax())
    return Sweep(tuple(rows), full, first, question.target)

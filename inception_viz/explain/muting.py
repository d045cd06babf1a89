"""Mute branches or channels, and see what the network says without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import pandas as pd
import torch
from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import (
    Progress,
    explained,
    masks,
    silent,
    within,
)
from inception_viz.explain.target import Asked, Target
from inception_viz.network.googlenet import Record
from inception_viz.trace import Trace, sort_record


def mute(classifier: Classifier, trace: Trace, places: Iterable[str]) -> Trace:
    """The trace that the same picture would have if ``places`` put out zeros.

    Every explanation accepts the result. Only what lies behind the first muted module is run again.

    Args:
        classifier: the one that made ``trace``.
        trace: of the whole network, or one with something muted already, which stays muted.
        places: "4c" (a module), "4c/5x5" (a branch), "4c/5x5:7" (one of its channels).

    Raises:
        ExplainError: for a place that doesn't exist, or a trace of another classifier.
    """
    what = explained(classifier, trace, None)
    network = what.network
    muted = trace.muted | frozenset(places)
    silenced = masks(network, muted)
    if muted == trace.muted:
        return trace
    first = next(name for name in trace.modules if name in silenced)
    steps = list(network.trunk)
    attached = {head.after: name for name, head in classifier.config.heads.items()}
    heads: dict[str, Tensor] = dict(trace.heads)
    record: Record = {}
    with torch.no_grad():
        x = what.output(first)
        for name in steps[steps.index(first) :]:
            x = x if name == first else network.run_step(name, x, record)
            x = record[name] = x * silenced[name] if name in silenced else x
            if attached.get(name) in heads:
                heads[attached[name]] = network.aux[attached[name]](x)[0]
        heads["main"] = network.classify(x)[0]
    changed = sort_record(network, {name: output[0] for name, output in record.items()})
    return replace(
        trace,
        heads=MappingProxyType(heads),
        modules=MappingProxyType({**trace.modules, **changed.modules}),
        branches=MappingProxyType({**trace.branches, **changed.branches}),
        reduces=MappingProxyType(
            {**trace.reduces, **changed.reduces, first: trace.reduces[first]}  # in front of it
        ),
        muted=muted,
    )


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

    def strongest(self) -> Muted:
        """The branch whose loss changes the target most, up or down."""
        return max(self.rows, key=lambda row: abs(row.change))

    def to_frame(self) -> pd.DataFrame:
        """One row a branch."""
        return pd.DataFrame([vars(row) for row in self.rows])


def sweep(
    classifier: Classifier, trace: Trace, target: Asked = None, progress: Progress = silent
) -> Sweep:
    """Mute each branch of each module that the target's head sees, one at a time.

    Raises:
        ExplainError: for a target that doesn't exist, or a trace of another classifier.
    """
    what = explained(classifier, trace, target)
    full = what.value
    rows = []
    for done, module in enumerate(what.modules):
        branches = trace.branches[module]
        ablated = without_each(what.output(module), what.network.modules_by_name[module].widths)
        logits = what.all_logits(module, ablated, within(progress, done, len(what.modules)))
        values = what.target.of(logits).double().tolist()
        best = torch.softmax(logits, dim=1).max(dim=1)
        for branch, value, p, index in zip(
            branches, values, best.values.tolist(), best.indices.tolist(), strict=True
        ):
            rows.append(Muted(module, branch, value - full, value, index, p))
    progress(1.0)
    first = int(trace.heads[what.target.head].argmax())
    return Sweep(tuple(rows), full, first, what.target)


def without_each(
    output: Tensor, widths: Mapping[Branch, int], baseline: Tensor | None = None
) -> Tensor:
    """(1, C, H, W) → (branches, C, H, W), in each another branch replaced by the baseline."""
    variants = output.repeat(len(widths), 1, 1, 1)
    start = 0
    for row, width in enumerate(widths.values()):
        part = slice(start, start + width)
        variants[row, part] = 0 if baseline is None else baseline[0, part]
        start += width
    return variants

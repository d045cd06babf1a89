"""All methods, and one score a branch: how much each contributes to an answer.

A new method is one file here and one name in ``METHODS``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from inception_viz.architecture.config import BRANCHES
from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.contributions import ablation, firing, gradient, integrated, shapley
from inception_viz.explain.contributions.method import Contributions, Cost, Method
from inception_viz.explain.registry import choose, registry
from inception_viz.explain.rerun import Progress, Question, ask, silent
from inception_viz.explain.target import Asked
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.sources.reference import Reference
from inception_viz.trace import Trace

Baseline = Literal["zero", "reference"]

# z(none) depends on the network and the baseline, not on the picture: computed once. Logits by
# module, head and the baseline's bytes; the reference may be replaced while the network stays.
_none: WeakKeyDictionary[GoogLeNet, dict[tuple[str, str, bytes], Tensor]] = WeakKeyDictionary()
METHODS: Mapping[str, Method] = registry(
    *(module.METHOD for module in (shapley, ablation, gradient, integrated, firing))
)


def contributions(
    classifier: Classifier,
    trace: Trace,
    target: Asked = None,
    method: str = "shapley",
    *,
    baseline: Baseline = "zero",
    progress: Progress = silent,
) -> Contributions:
    """Score every branch that the target's head can see.

    Args:
        trace: of the picture; may have branches muted.
        target: a class's index or label, or a :class:`~inception_viz.explain.target.Target` (a
            head's logit, a probability, the margin between two classes); default the first choice.
        method: a key of :data:`METHODS`.
        baseline: what takes the place of a branch that is left out: ``zero``, or ``reference``, the
            mean of each channel over the source's reference photos.

    Raises:
        ExplainError: for an unknown method, target or baseline, or a trace of another classifier.
    """
    chosen = choose(METHODS, method, "method")
    if baseline not in ("zero", "reference"):
        raise ExplainError(f'{chosen.title} has no baseline "{baseline}"; use zero or reference.')
    question = ask(classifier, trace, target)
    outputs = baseline_outputs(question, classifier.weights.reference, baseline)
    question, start = replace(question, baseline=outputs), time.perf_counter()
    scores = chosen.score(question, progress)
    progress(1.0)
    unit = chosen.units.get(baseline)
    nothing = {} if unit else none_values(question)
    modules = tuple(trace.modules)
    values = np.full((len(modules), len(BRANCHES)), np.nan)
    for (module, branch), score in scores.values.items():
        values[modules.index(module), BRANCHES.index(branch)] = score
    none = np.array([nothing.get(name, np.nan) for name in modules])
    for array in (values, none):
        array.setflags(write=False)
    return Contributions(
        method=method,
        target=question.target,
        label=question.target.describe(trace.labels),
        baseline=baseline,
        unit=unit or question.target.unit,
        promise=chosen.promise,
        modules=modules,
        values=values,
        value=question.value,
        none=none,
        cost=Cost(scores.variants, scores.backward_passes, time.perf_counter() - start),
        model=trace.model,
        picture=trace.picture.sha256,
        muted=trace.muted,
    )


def baseline_outputs(
    question: Question, reference: Reference | None, baseline: Baseline
) -> dict[str, Tensor]:
    """Module → (1, channels, 1, 1): zeros, or each channel's mean over the reference photos.

    What the trace has muted stays at zero.

    Raises:
        ExplainError: if the source has no reference photos.
    """
    outputs = {}
    for name, widths, _ in question.each():
        if baseline == "zero":
            outputs[name] = torch.zeros(1, sum(widths.values()), 1, 1)
            continue
        if reference is None or name not in reference.mean:
            raise ExplainError(
                "These weights come without reference photos, so there is no usual level to "
                "compare with. Use the baseline zero."
            )
        means = torch.cat([reference.channel_means(name, b, w) for b, w in widths.items()])
        outputs[name] = means[None, :, None, None] * question.edits.masks.get(name, torch.ones(1))
    return outputs


def none_values(question: Question) -> dict[str, float]:
    """Module → z(none): the target's value with the module's whole output at the baseline."""
    known = _none.setdefault(question.network, {}) if not question.edits else {}
    values = {}
    for name, outputs in question.baseline.items():
        key = (name, question.target.head, outputs.numpy().tobytes())
        if key not in known:
            with torch.no_grad():
                known[key] = question.logits(name, question.nothing(name))
        values[name] = float(question.target.of(known[key]).double())
    return values

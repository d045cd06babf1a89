"""What stands in for a branch that is left out."""

from __future__ import annotations

from typing import Literal
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from inception_viz.errors import ExplainError
from inception_viz.explain.rerun import Question
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.sources.reference import Reference

Baseline = Literal["zero", "reference"]

# z(none) depends on the network and the baseline, not on the picture: computed once. Logits by
# module, head and the baseline's bytes; the reference may be replaced while the network stays.
_none: WeakKeyDictionary[GoogLeNet, dict[tuple[str, str, bytes], Tensor]] = WeakKeyDictionary()


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
        outputs[name] = means[None, :, None, None] * question.masks.get(name, torch.ones(1))
    return outputs


def none_values(question: Question) -> dict[str, float]:
    """Module → z(none): the target's value with the module's whole output at the baseline."""
    known = _none.setdefault(question.network, {}) if not question.masks else {}
    values = {}
    for name, outputs in question.baseline.items():
        key = (name, question.target.head, outputs.numpy().tobytes())
        if key not in known:
            with torch.no_grad():
                known[key] = question.logits(name, spread(outputs, question.output(name)))
        values[name] = float(question.target.of(known[key]).double())
    return values


def spread(baseline: Tensor, output: Tensor) -> Tensor:
    """The baseline (1, channels, 1, 1) over a whole map."""
    return baseline.expand_as(output).contiguous(memory_format=torch.channels_last)

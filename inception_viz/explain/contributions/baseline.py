"""What stands in for a branch that is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from inception_viz.errors import ExplainError
from inception_viz.explain.rerun import Explained
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.sources.reference import Reference

Baseline = Literal["zero", "reference"]

# z(none) depends on the network alone, not on the picture: computed once, logits for each place.
_none: WeakKeyDictionary[GoogLeNet, dict[tuple[str, str, str], Tensor]] = WeakKeyDictionary()


def baseline_outputs(
    what: Explained, reference: Reference | None, baseline: Baseline
) -> dict[str, Tensor]:
    """Module → (1, channels, 1, 1): zeros, or each channel's mean over the reference photos.

    What the trace has muted stays at zero.

    Raises:
        ExplainError: if the source has no reference photos.
    """
    outputs = {}
    for name in what.modules:
        module = what.network.modules_by_name[name]
        if baseline == "zero":
            outputs[name] = torch.zeros(1, sum(module.widths.values()), 1, 1)
            continue
        if reference is None or name not in reference.mean:
            raise ExplainError(
                "These weights come without reference photos, so there is no usual level to "
                "compare with. Use the baseline zero."
            )
        means = torch.cat(
            [reference.channel_means(name, b, width) for b, width in module.widths.items()]
        )
        outputs[name] = means[None, :, None, None] * what.masks.get(name, torch.ones(1))
    return outputs


def none_values(
    what: Explained, outputs: Mapping[str, Tensor], baseline: Baseline
) -> dict[str, float]:
    """Module → z(none): the target's value with the module's whole output at the baseline."""
    known = _none.setdefault(what.network, {}) if not what.masks else {}
    values = {}
    for name in what.modules:
        place = (name, what.target.head, baseline)
        if place not in known:
            with torch.no_grad():
                known[place] = what.logits(name, spread(outputs[name], what.output(name)))
        values[name] = float(what.target.of(known[place]).double())
    return values


def spread(baseline: Tensor, output: Tensor) -> Tensor:
    """The baseline (1, channels, 1, 1) over a whole map."""
    return baseline.expand_as(output).contiguous(memory_format=torch.channels_last)

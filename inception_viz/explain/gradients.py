"""The gradients of one target at all modules, from one backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import Explained, explained, gradients_on
from inception_viz.explain.target import Asked, Target
from inception_viz.trace import Trace


@dataclass(frozen=True, eq=False)
class Gradients:
    """∂target/∂activation of every unit.

    Attributes:
        at: module → (channels, height, width); modules that the head can't see are left out.
        target: the output in question.
        value: its value in the trace.
    """

    at: Mapping[str, Tensor]
    target: Target
    value: float


def gradients(classifier: Classifier, trace: Trace, target: Asked = None) -> Gradients:
    """Differentiate ``target`` with respect to every module's output.

    Nothing in front of the first module is run again, and no parameter gets a gradient.

    Raises:
        ExplainError: for a target that doesn't exist, or a trace of another classifier.
    """
    return differentiate(explained(classifier, trace, target))


def differentiate(what: Explained) -> Gradients:
    """As :func:`gradients`."""
    first, last = what.modules[0], what.modules[-1]
    names = list(what.network.trunk)
    with gradients_on():
        x = what.output(first).clone().requires_grad_()
        outputs = {first: x}
        for name in names[names.index(first) + 1 : names.index(last) + 1]:
            x = what.step(name, x)
            if name in what.trace.modules:
                outputs[name] = x
        value = what.target.of(what.answer(x))
        slopes = torch.autograd.grad(value, list(outputs.values()))
    at = {name: slope[0].detach() for name, slope in zip(outputs, slopes, strict=True)}
    return Gradients(MappingProxyType(at), what.target, float(value.detach()))

"""The gradients of one target at all modules, from one backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import Question, ask, gradients_on
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
    return differentiate(ask(classifier, trace, target))


def differentiate(question: Question) -> Gradients:
    """As :func:`gradients`."""
    first = question.modules[0]
    with gradients_on():
        start = question.output(first).clone().requires_grad_()
        steps = {first: start, **dict(question.walk(start, after=first))}
        outputs = {name: steps[name] for name in question.modules}
        value = question.target.of(
            question.network.answer(question.target.head, outputs[question.modules[-1]])
        )
        slopes = torch.autograd.grad(value, list(outputs.values()))
    at = {name: slope[0].detach() for name, slope in zip(outputs, slopes, strict=True)}
    return Gradients(MappingProxyType(at), question.target, float(value.detach()))

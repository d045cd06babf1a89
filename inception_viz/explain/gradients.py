"""The gradients of one target at all modules, from one backward pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import Question, ask, gradients_on
from inception_viz.explain.target import Asked, Target
from inception_viz.network.googlenet import Edit, GoogLeNet
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


def gradients(
    classifier: Classifier, trace: Trace, target: Asked = None, *, since: str | None = None
) -> Gradients:
    """Differentiate ``target`` with respect to every module's output, or those ``since`` one.

    Nothing in front of the first of them is run again, and no parameter gets a gradient.

    Raises:
        ExplainError: for a target that doesn't exist, or a trace of another classifier.
    """
    return differentiate(ask(classifier, trace, target), since)


def differentiate(question: Question, since: str | None = None) -> Gradients:
    """As :func:`gradients`."""
    target, first = question.target, since or question.modules[0]
    found = backward(
        question.network,
        question.output(first),
        lambda last: target.of(question.network.answer(target.head, last)),
        first=first,
        upto=question.modules[-1],
        edit=question.edits,
    )
    at = {name: slope[0] for name, slope in found.slopes.items()}
    return Gradients(MappingProxyType(at), target, float(found.values))


class Backward(NamedTuple):
    """What :func:`backward` finds.

    Attributes:
        outputs, slopes: module → (N, channels, height, width).
        values: (N,).
    """

    outputs: dict[str, Tensor]
    slopes: dict[str, Tensor]
    values: Tensor


def backward(
    network: GoogLeNet,
    start: Tensor,
    value: Callable[[Tensor], Tensor],
    *,
    first: str | None = None,
    upto: str | None = None,
    edit: Edit | None = None,
) -> Backward:
    """Run the modules behind one, and back: gradients of N pictures in one pass.

    Pictures don't meet anywhere in the network, so the gradients of the sum of their values are
    each one's own.

    Args:
        network: whose parameters get no gradient.
        start: what ``first`` puts out, (N, channels, height, width).
        value: makes one value for each picture, (N,), of what the last module puts out.
        first: the module to begin behind; by default the network's first.
        upto: the last module; by default the network's.
        edit: as in :meth:`GoogLeNet.walk`.
    """
    modules = network.modules_by_name
    first = first or next(iter(modules))
    with gradients_on():
        outputs = {first: start.clone().requires_grad_()}
        for step, output in network.walk(outputs[first], after=first, upto=upto, edit=edit):
            if step in modules:
                outputs[step] = output
        *_, last = outputs.values()
        values = value(last)
        slopes = torch.autograd.grad(values.sum(), list(outputs.values()))
    return Backward(
        {name: output.detach() for name, output in outputs.items()},
        dict(zip(outputs, slopes, strict=True)),
        values.detach(),
    )

"""Compute a flow: from the answer back to the stem, one module at a time.

With the gates of the photo kept, a module's branch j is linear in what the module reads. Let J_j be
its Jacobian, and G_j the target's slope at what it puts out. Then the flow from branch i of the
module in front, which puts out a_i, is Σ a_i · (J_jᵀ G_j)_i. The J_jᵀ G_j of all branches add up to
the slope in front of the module: all edges together are one backward pass, kept apart by branch.

Source: gradient × activation (Shrikumar et al., arXiv 1605.01713) taken apart along the paths of
"Visualizing Weights" (Voss et al., Distill 2021), with the photo's gates in place of none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from inception_viz.architecture.config import Branch
from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.flow.gates import GatedBranch, biases, branches_of, read_by
from inception_viz.explain.flow.result import Flow, Kernels
from inception_viz.explain.rerun import MEMORY, Question, ask, gradients_on
from inception_viz.explain.target import Asked
from inception_viz.network.googlenet import AuxHead, split
from inception_viz.trace import Trace

STEM = "stem"
Sums = dict[str, np.ndarray]


def flow(classifier: Classifier, trace: Trace, target: Asked = None) -> Flow:
    """How much of an answer passes between any two branches of neighbouring modules, in logits.

    Takes about as long as two plain forward passes. Slopes at all modules are kept, which are as
    large as the modules' maps; else there is one module under way at a time.

    Args:
        trace: of the picture; may have places muted or exchanged. Nothing flows into or out of
            what is muted. Nothing flows into an exchanged place: all that it puts out counts as
            bias, since it comes from the other picture.
        target: a class's index or label, or a :class:`~inception_viz.explain.target.Target` (any
            head's logit, the margin between two classes); default the first choice.

    Raises:
        ExplainError: for a probability, a target that doesn't exist, or a trace of another
            classifier.
    """
    question = ask(classifier, trace, target)
    if question.target.kind == "probability":
        raise ExplainError(
            "A probability is no sum of what flows to it. Ask for the logit of the class, or for "
            "its margin over another class."
        )
    with torch.inference_mode(False), torch.no_grad():
        return _flow(question)


def _flow(question: Question) -> Flow:
    trace, target, network = question.trace, question.target, question.network
    head = target.head
    slope, share = _head(question)
    names: dict[str, tuple[str, ...]] = {head: (head,)}
    edges: Sums = {}
    bias: Sums = {head: np.array([share])}
    worth: Sums = {head: np.array([question.value])}
    slopes: dict[str, Tensor] = {}
    for module in reversed(question.modules):
        widths, output = network.modules_by_name[module].widths, question.output(module)
        names[module] = tuple(f"{module}/{branch}" for branch in widths)
        slopes[module] = slope
        worth[module] = _sums(output * slope, widths)
        if module == question.modules[-1]:
            edges[module] = _sums(output * slope, widths)[:, None]
        computed = slope * question.edits.computed(module, output.shape[1])
        # What is muted adds 0 here, what is exchanged adds all that it puts out.
        bias[module] = _sums(output * (slope - computed), widths)
        reading = read_by(network, trace, module)
        before = reading.source if reading.source in trace.modules else STEM
        columns, slope = [], torch.zeros_like(reading.maps)
        parts = split(computed, widths)
        for j, (branch, gated) in enumerate(
            branches_of(network, trace, module, reading.maps).items()
        ):
            found, own = gated.back(parts[branch])
            bias[module][j] += own
            columns.append(_sums(reading.maps * found, _widths(question, before)))
            slope += found
        edges[before] = np.stack(columns, axis=1)
        slope = reading.back(slope)
    stem = read_by(network, trace, question.modules[0])
    names[STEM] = (STEM,)
    worth[STEM] = _sums(stem.maps * slope, None)
    return Flow(
        target=target,
        label=target.describe(trace.labels),
        value=question.value,
        names=MappingProxyType(dict(reversed(names.items()))),
        edges=_frozen(edges),
        bias=_frozen(bias),
        branches=_frozen(worth),
        model=trace.model,
        picture=trace.picture.sha256,
        widths={name: network.modules_by_name[name].widths for name in question.modules},
        muted=trace.muted,
        exchanged=frozenset(trace.exchanged),
        _between=_Between(question, MappingProxyType(slopes)),
    )


def _head(question: Question) -> tuple[Tensor, float]:
    """The target's slope at what the last module puts out, and what the head's biases add."""
    network, target = question.network, question.target
    with gradients_on():
        x = question.output(question.modules[-1]).clone().requires_grad_()
        outputs: list[Tensor] = []
        if target.head == "main":
            logits = network.classify(x)
            layers: tuple[nn.Conv2d | nn.Linear, ...] = (network.classifier,)
        else:
            head = cast(AuxHead, network.aux[target.head])
            *outputs, logits = head.layers(head.pooled(x))
            layers = (head.conv.folded(), head.fc, head.classifier)
        slope, *found = torch.autograd.grad(target.of(logits).sum(), (x, *outputs, logits))
    gated = [s * (out > 0) for s, out in zip(found, outputs, strict=False)] + found[-1:]
    share = 0.0
    for layer, part in zip(layers, gated, strict=True):
        if layer.bias is not None:
            share += biases(layer.bias, part.reshape(*part.shape[:2], -1).sum(2)[0])
    return slope, share


@dataclass(frozen=True, eq=False)
class _Between:
    """What flows between the channels of two branches, computed when it is asked for."""

    question: Question
    slopes: Mapping[str, Tensor]

    def __call__(self, step: str, source: str, sink: str) -> np.ndarray:
        """(source's channels, sink's channels), as :meth:`Flow.channels`."""
        with torch.inference_mode(False), torch.no_grad():
            place = Place.parse(sink)
            if place is None or place.branch is None:  # the head
                maps = self.question.output(step) * self.slopes[step]
                table = maps[:, self._of(step, source)].double().sum((2, 3)).T
            else:
                table = self._into(place.module, place.branch, step, source)
        found = np.asarray(table)
        found.setflags(write=False)
        return found

    def kernels(self, source: str, at: int, sink: Place) -> Kernels:
        """As :meth:`Flow.kernels`; the source is number ``at`` of what its step puts out."""
        assert sink.branch is not None and sink.channel is not None
        with torch.inference_mode(False), torch.no_grad():
            gated, part, count = self._at(sink.module, sink.branch)
            if not 0 <= at < count:
                raise ExplainError(f'There is no channel "{source[:60]}"; there are {count}.')
            return gated.kernels(part, at, sink.channel)

    def _at(self, module: str, branch: Branch) -> tuple[GatedBranch, Tensor, int]:
        """A branch, the slope at what it put out, and how many channels it reads."""
        question, slope = self.question, self.slopes[module]
        network = question.network
        reading = read_by(network, question.trace, module)
        gated = branches_of(network, question.trace, module, reading.maps, [branch])[branch]
        computed = slope * question.edits.computed(module, slope.shape[1])
        part = split(computed, network.modules_by_name[module].widths)[branch]
        return gated, part, reading.maps.shape[1]

    def _into(self, module: str, branch: Branch, step: str, source: str) -> Tensor:
        gated, part, _ = self._at(module, branch)
        own, width = self._of(step, source), part.shape[1]
        at_once = max(MEMORY // (4 * 4 * gated.read.numel()), 1)
        columns = []
        for first in range(0, width, at_once):
            outputs = range(first, min(first + at_once, width))
            columns.append(gated.between(part, own, outputs))
        return torch.cat(columns, dim=1)

    def _of(self, step: str, source: str) -> slice:
        """The channels of ``source`` in what its step puts out."""
        place = Place.parse(source)
        if step == STEM or place is None:
            return slice(None)
        return place.channels(self.question.network.modules_by_name[step].widths)


def _widths(question: Question, step: str) -> Mapping[Branch, int] | None:
    return None if step == STEM else question.network.modules_by_name[step].widths


def _sums(values: Tensor, widths: Mapping[Branch, int] | None) -> np.ndarray:
    """(1, channels, h, w) → (branches,); all in one without ``widths``."""
    channels = values.sum((2, 3))[0].double()  # single precision within a channel only
    parts = [channels] if widths is None else split(channels, widths, dim=0).values()
    return np.array([float(part.sum()) for part in parts])


def _frozen(found: Sums) -> Mapping[str, np.ndarray]:
    """In the network's order, and never changed again."""
    for values in found.values():
        values.setflags(write=False)
    return MappingProxyType(dict(reversed(found.items())))

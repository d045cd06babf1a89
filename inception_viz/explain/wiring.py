"""One channel in the network: what feeds it, what it pushes in the answer, what if it were louder.

Source of the first: gradient × activation is exact where nothing but ReLUs and max pools lies
between, since these are linear as long as their gates stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.flow.gates import gated_branch, read_by
from inception_viz.explain.rerun import ask, gradients_on
from inception_viz.network.googlenet import probabilities
from inception_viz.network.layers import ConvBlock
from inception_viz.trace import Trace


@dataclass(frozen=True, eq=False)
class Inputs:
    """What one channel reads from the module in front of it (or from the stem).

    Attributes:
        place: the channel.
        source: the module, or the last step of the stem.
        added: branch of the source ("" in the stem) → (channels,): what each input adds to the
            channel's mean activation on this photo, with all gates as they are here.
        bias: what biases add; ``added`` and it make up ``total``.
        total: the channel's mean activation.
        weights: the same keys → (channels,): how much a constant input changes the channel if no
            gate closes: weights added up over each kernel, multiplied along the branch.
    """

    place: Place
    source: str
    added: Mapping[str, np.ndarray]
    bias: float
    total: float
    weights: Mapping[str, np.ndarray]

    def strongest(self, k: int = 5, *, by_weight: bool = False) -> list[tuple[str, int, float]]:
        """The ``k`` strongest inputs, up or down: (branch, channel, value)."""
        of = self.weights if by_weight else self.added
        rows = [(b, c, v) for b, values in of.items() for c, v in enumerate(values.tolist())]
        return sorted(rows, key=lambda row: -abs(row[2]))[:k]


def channel_inputs(classifier: Classifier, trace: Trace, place: Place) -> Inputs:
    """What feeds a channel of a branch.

    Raises:
        ExplainError: for a channel that doesn't exist, or a trace of another classifier.
    """
    network = ask(classifier, trace).network
    _channel(trace, place)
    branch = network.modules_by_name[place.module].branches[str(place.branch)]
    with torch.inference_mode(False), torch.no_grad():
        reading = read_by(network, trace, place.module)
        source, gated = reading.source, gated_branch(branch, reading.maps)
        mean = torch.zeros_like(gated.put_out)
        mean[:, place.channel] = 1 / mean[0, 0].numel()
        slope, _ = gated.back(mean)
        added = (reading.maps * slope)[0].double().sum((1, 2))
        total = float((gated.put_out * mean).double().sum())
    weights = _linear_weights(classifier, place)

    def by_branch(values: torch.Tensor) -> dict[str, np.ndarray]:
        parts = trace.split(source, values) if source in trace.modules else {"": values}
        return {str(branch): part.numpy() for branch, part in parts.items()}

    bias = total - float(added.sum())
    return Inputs(place, source, by_branch(added), bias, total, by_branch(weights))


def channel_push(classifier: Classifier, trace: Trace, place: Place) -> np.ndarray:
    """(classes,): what a channel pushes each class's logit by, gradient × activation.

    Exact behind the last module, a first-order estimate elsewhere, as in
    :func:`~inception_viz.channel_scores`; here for all classes at once.

    Raises:
        ExplainError: as :func:`channel_inputs`.
    """
    question = ask(classifier, trace)
    module, channel = _channel(trace, place)
    output = question.output(module)
    alone = torch.zeros_like(output)
    alone[:, channel] = output[:, channel]
    with gradients_on():
        scale = torch.zeros((), requires_grad=True)
        logits = question.logits(module, output + scale * alone)
        # The derivative of all logits by one number: backward twice instead of once a class.
        direction = torch.zeros_like(logits, requires_grad=True)
        (along,) = torch.autograd.grad(logits, scale, direction, create_graph=True)
        (push,) = torch.autograd.grad(along, direction)
    return np.asarray(push[0].double())


def scale_channel(
    classifier: Classifier, trace: Trace, place: Place, factors: Sequence[float]
) -> np.ndarray:
    """(factors, classes): the probabilities if a channel were so many times as strong.

    Everything behind the channel's module is run again.

    Raises:
        ExplainError: as :func:`channel_inputs`.
    """
    question = ask(classifier, trace)
    module, channel = _channel(trace, place)
    outputs = question.output(module).repeat(len(factors), 1, 1, 1)
    outputs[:, channel] *= torch.tensor(factors, dtype=outputs.dtype)[:, None, None]
    return np.asarray(probabilities(question.all_logits(module, outputs).double()))


def _channel(trace: Trace, place: Place) -> tuple[str, int]:
    """The module, and the channel's number within its whole output."""
    widths = {m: {b: len(maps) for b, maps in of.items()} for m, of in trace.branches.items()}
    if place.channel is None or not place.within(widths):
        raise ExplainError(f'There is no channel "{str(place)[:60]}" in this network.')
    return place.module, place.channels(widths[place.module]).start


def _linear_weights(classifier: Classifier, place: Place) -> torch.Tensor:
    branch = classifier.network.modules_by_name[place.module].branches[str(place.branch)]
    convolutions = [block.folded() for block in branch.children() if isinstance(block, ConvBlock)]
    weights = [c.weight.detach().double().sum((2, 3)) for c in convolutions]  # (out, in)
    if not weights:  # a pool without a projection hands its own channel on
        width = classifier.network.modules_by_name[place.module].widths[place.branch]  # type: ignore[index]
        return torch.eye(width, dtype=torch.float64)[place.channel]
    found = weights[-1][place.channel]
    for weight in reversed(weights[:-1]):
        found = found @ weight
    return found

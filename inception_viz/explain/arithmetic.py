"""How single numbers come about: one convolution of a branch, and the last step to a logit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.flow.gates import read_by
from inception_viz.explain.rerun import ask
from inception_viz.explain.target import Asked
from inception_viz.network.layers import ConvBlock
from inception_viz.trace import Trace


@dataclass(frozen=True, eq=False)
class Walk:
    """A k×k kernel walking over what a 1×1 reduction left, to make one map of a branch.

    Maps are float32 (h, w). Batch norms are folded into weights and biases, so every sum is exact.

    Attributes:
        module, branch: which one; ``kernel`` is k.
        channel: the output map, one of ``channels``.
        reduced: the map that the kernel is shown on, one of ``reduces``.
        inputs: how many maps come into the module; ``source`` is the one that is followed, number
            ``source_channel``, and ``source_weight`` its weight in the reduced map.
        reduce_total: the reduced map before ReLU: ``inputs`` products each, plus ``reduce_bias``.
        window_map: the reduced map after ReLU, what the kernel reads.
        weights: (k, k), the kernel's slice for that map.
        part: the sum of its k² products, at every place.
        total: the output before ReLU: the parts of all maps, plus ``bias``.
    """

    module: str
    branch: str
    kernel: int
    channel: int
    channels: int
    reduced: int
    reduces: int
    inputs: int
    source: np.ndarray
    source_channel: int
    source_weight: float
    reduce_total: np.ndarray
    reduce_bias: float
    window_map: np.ndarray
    weights: np.ndarray
    part: np.ndarray
    total: np.ndarray
    bias: float

    @property
    def output(self) -> np.ndarray:
        """(h, w), after ReLU: the map in the trace."""
        positive: np.ndarray = np.maximum(self.total, 0)
        return positive

    def window(self, row: int, column: int) -> np.ndarray:
        """(k, k): what the kernel covers at a place; zeros beyond the border."""
        border = self.kernel // 2
        padded: np.ndarray = np.pad(self.window_map, border)
        covered: np.ndarray = padded[row : row + self.kernel, column : column + self.kernel]
        return covered


def walks(classifier: Classifier) -> list[tuple[str, str]]:
    """(module, branch) of every branch that reduces and then convolves."""
    return [
        (name, branch)
        for name, module in classifier.inference_network.modules_by_name.items()
        for branch in module.reduces
        if len(list(module.branches[branch].children())) == 2
    ]


def walk(
    classifier: Classifier,
    trace: Trace,
    module: str,
    branch: str,
    channel: int | None = None,
    *,
    reduced: int | None = None,
    source: int | None = None,
) -> Walk:
    """Follow one output map of a branch; default its strongest.

    Args:
        reduced: the reduced map to follow; default the one that counts most.
        source: the map that comes into the module to follow; default the one that counts most for
            the reduced map.

    Raises:
        ExplainError: for a branch without reduction (see :func:`walks`), a channel or map that
            doesn't exist, or a trace of another classifier.
    """
    ask(classifier, trace, None)
    if (module, branch) not in walks(classifier):
        raise ExplainError(f"There is no {branch} branch with one reduction in module {module}.")
    maps = trace.layer(f"{module}/{branch}")
    if channel is None:
        channel = int(maps.mean((1, 2)).argmax())
    if not 0 <= channel < len(maps):
        raise ExplainError(f"There is no channel {channel}; there are 0 to {len(maps) - 1}.")
    network = classifier.inference_network
    blocks = network.modules_by_name[module].branches[branch].children()
    reduce, conv = (_conv(block) for block in blocks)
    before = trace.layer(f"{module}/{branch}/reduce")
    with torch.no_grad():
        weight = conv.weight[channel].contiguous()
        parts = F.conv2d(before[None], weight[:, None], padding="same", groups=len(before))[0]
        if reduced is None:
            reduced = int(parts.abs().sum((1, 2)).argmax())
        inputs = read_by(network, trace, module).maps[0]
        for number, maps in ((reduced, before), (source or 0, inputs)):
            if not 0 <= number < len(maps):
                raise ExplainError(f"There is no map {number}; there are 0 to {len(maps) - 1}.")
        mixing = reduce.weight[reduced, :, 0, 0]
        reduce_bias = _bias(reduce, reduced)
        reduce_total = (inputs * mixing[:, None, None]).sum(0) + reduce_bias
        if source is None:
            source = int((inputs.sum((1, 2)) * mixing).abs().argmax())
        bias = _bias(conv, channel)
    return Walk(
        module=module,
        branch=branch,
        kernel=conv.kernel_size[0],
        channel=channel,
        channels=len(maps),
        reduced=reduced,
        reduces=len(before),
        inputs=len(inputs),
        source=inputs[source].numpy(),
        source_channel=source,
        source_weight=float(mixing[source]),
        reduce_total=reduce_total.numpy(),
        reduce_bias=reduce_bias,
        window_map=before[reduced].numpy(),
        weights=weight[reduced].numpy(),
        part=parts[reduced].numpy(),
        total=(parts.sum(0) + bias).numpy(),
        bias=bias,
    )


@dataclass(frozen=True)
class LastStep:
    """How a logit is made of the last module's output: Σ weight × average, plus the bias.

    Attributes:
        channels: how many averages there are; each is over ``units`` units.
        branches: branch → what its channels' weight × average add up to.
        bias: of the class; for a margin, its bias minus the other's.
        value: the logit, or the margin of two, as the network gave it.
    """

    channels: int
    units: int
    branches: dict[str, float]
    bias: float
    value: float


def last_step(classifier: Classifier, trace: Trace, target: Asked = None) -> LastStep:
    """Take a logit of the main head, or the margin of two, apart by the linear layer's weights.

    Raises:
        ExplainError: for a class that doesn't exist, a target that is no such sum (a probability,
            an auxiliary head's logit), or a trace of another classifier.
    """
    question = ask(classifier, trace, target)
    chosen, last = question.target, question.modules[-1]
    if chosen.head != "main" or chosen.kind != "logit":
        raise ExplainError(
            "Only a logit of the main head, or the margin of two, is a sum over the last module's "
            "channels. Choose the main head and the kind logit."
        )
    linear = question.network.classifier
    weight, bias = linear.weight[chosen.index].double(), linear.bias[chosen.index].double()
    if chosen.against is not None:
        weight = weight - linear.weight[chosen.against].double()
        bias = bias - linear.bias[chosen.against].double()
    averages = trace.modules[last].mean((1, 2)).double()
    sums = {str(b): float(part.sum()) for b, part in trace.split(last, weight * averages).items()}
    units = trace.modules[last][0].numel()
    return LastStep(len(averages), units, sums, float(bias), question.value)


def _conv(block: nn.Module) -> nn.Conv2d:
    assert isinstance(block, ConvBlock)
    return block.conv


def _bias(conv: nn.Conv2d, channel: int) -> float:
    return 0.0 if conv.bias is None else float(conv.bias[channel])

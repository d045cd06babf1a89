"""Layers with the gates of one photo kept: linear maps, and what their biases add.

A gate is which unit a ReLU lets through, and which one a max pool takes. While they stay as they
are, a branch is x → A x + c. Then c, summed up with a slope as weights, is the bias share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inception_viz.architecture.config import Branch
from inception_viz.explain.flow.result import Kernels
from inception_viz.explain.rerun import gradients_on
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.network.layers import ConvBlock
from inception_viz.trace import Trace, batch_of_one


class GatedBlock:
    """A convolution block of stride 1 where it put out ``put_out`` (1, out, h, w)."""

    def __init__(self, block: ConvBlock, put_out: Tensor) -> None:
        """Note which gates are open."""
        conv = block.folded()
        self.weight, self.bias = conv.weight.detach(), conv.bias
        self.padding = conv.kernel_size[0] // 2
        self.put_out, self.gates = put_out, put_out > 0

    def back(self, slope: Tensor) -> Tensor:
        """Slopes at the output (N, out, h, w) → at the input (N, in, h, w)."""
        return F.conv_transpose2d(self._inner(slope), self.weight, padding=self.padding)

    def back_apart(self, slope: Tensor, channels: range) -> Tensor:
        """Of a slope at the output (1, out, h, w): each of ``channels`` alone, (N, in, h, w)."""
        part, count = slice(channels.start, channels.stop), len(channels)
        # As many groups as channels: each goes back through its own filter only.
        apart = F.conv_transpose2d(
            self._inner(slope)[:, part], self.weight[part], padding=self.padding, groups=count
        )
        return apart.reshape(count, -1, *slope.shape[-2:])

    def forward(self, maps: Tensor) -> Tensor:
        """A part of what it read (1, in, h, w) → its part of the output, without the biases."""
        return F.conv2d(maps, self.weight, padding=self.padding) * self.gates

    def share(self, slope: Tensor) -> float:
        """What the biases add, weighted by slopes at the output (1, out, h, w)."""
        if self.bias is None:
            return 0.0
        return biases(self.bias, self._inner(slope).sum((2, 3))[0])

    def _inner(self, slope: Tensor) -> Tensor:
        """Slopes behind the ReLU → in front of it."""
        # Laid out as PyTorch's convolutions are fast; a branch is a slice of a module's output.
        return (slope * self.gates).contiguous(memory_format=torch.channels_last)


class GatedPool:
    """A max pool where it read ``read`` (1, channels, h, w)."""

    def __init__(self, pool: nn.Module, read: Tensor) -> None:
        """Pool, and note where the maxima are."""
        with gradients_on():
            self._read = read.clone().requires_grad_()
            self._out = pool(self._read)
        self.put_out: Tensor = self._out.detach()

    def back(self, slope: Tensor) -> Tensor:
        """Slopes at the output (1, channels, h, w) → at the input."""
        return torch.autograd.grad(self._out, self._read, slope, retain_graph=True)[0]

    def share(self, _slope: Tensor) -> float:
        """It has no biases."""
        return 0.0


@dataclass(frozen=True, eq=False)
class GatedBranch:
    """A branch at one photo: what it read (1, in, h, w), and its blocks, behind a pool or not.

    A pool works on each channel alone, and a maximum is a value of what it read. So the product of
    slopes and maps, summed over a channel, is the same behind a pool as in front of it.
    """

    read: Tensor
    pool: GatedPool | None
    blocks: tuple[GatedBlock, ...]

    @property
    def put_out(self) -> Tensor:
        """What it put out (1, out, h, w)."""
        last = self.blocks[-1] if self.blocks else self.pool
        return last.put_out if last else self.read

    def back(self, slope: Tensor) -> tuple[Tensor, float]:
        """Slopes at its output (1, out, h, w) → at its input; and the bias share."""
        share = 0.0
        for block in reversed(self.blocks):
            share += block.share(slope)
            slope = block.back(slope)
        return (self.pool.back(slope) if self.pool else slope), share

    def between(self, slope: Tensor, inputs: slice, outputs: range) -> Tensor:
        """What flows from some input channels to some output channels: (inputs, outputs).

        Args:
            slope: at its output (1, out, h, w).
            inputs: of what it reads.
            outputs: all under way at once.
        """
        maps = self.pool.put_out if self.pool else self.read
        if not self.blocks:  # each channel hands itself on
            own = (maps * slope).sum((2, 3))[0].double()
            return torch.diag(own)[inputs, outputs.start : outputs.stop]
        *earlier, last = self.blocks
        slopes = last.back_apart(slope, outputs)
        for block in reversed(earlier):
            slopes = block.back(slopes)
        return (maps[:, inputs] * slopes[:, inputs]).sum((2, 3)).double().T

    def kernels(self, slope: Tensor, source: int, output: int) -> Kernels:
        """From one input channel to one output channel.

        Args:
            slope: at its output (1, out, h, w).
        """
        maps = self.pool.put_out if self.pool else self.read
        part = torch.zeros_like(maps)
        part[:, source] = maps[:, source]
        if not self.blocks:  # the channel hands itself on, and no other
            where = (part * slope)[0, source].numpy() * (source == output)
            one = np.ones((1, 1, 1))
            return Kernels(one, None, where.sum(dtype=np.float64)[None], where, (source,))
        *earlier, last = self.blocks
        for block in earlier:
            part = block.forward(part)
        each = (part * last.back_apart(slope, range(output, output + 1)))[0]
        # Without a reduce layer, the last block reads the input channel itself.
        read = range(each.shape[0]) if earlier else range(source, source + 1)
        own = slice(read.start, read.stop)
        reduce = earlier[0].weight if len(earlier) == 1 else None
        return Kernels(
            weights=last.weight[output, own].clone().numpy(),
            into=None if reduce is None else reduce[:, source, 0, 0].clone().numpy(),
            flows=each[own].double().sum((1, 2)).numpy(),
            where=each.sum(0).numpy(),
            maps=tuple(read),
        )


def gated_branch(layers: nn.Module, read: Tensor, put_out: Tensor | None = None) -> GatedBranch:
    """A branch's ``layers`` where it read (1, in, h, w) and put out (1, out, h, w), if known."""
    first, *_ = layers.children()
    pool = None if isinstance(first, ConvBlock) else GatedPool(first, read)
    maps, blocks = pool.put_out if pool else read, []
    convolutions = [layer for layer in layers.children() if isinstance(layer, ConvBlock)]
    for block in convolutions:
        known = put_out if block is convolutions[-1] else None
        maps = block(maps) if known is None else known
        blocks.append(GatedBlock(block, maps))
    return GatedBranch(read, pool, tuple(blocks))


@dataclass(frozen=True, eq=False)
class Reading:
    """What a module read.

    Attributes:
        source: the module in front, or the stem's last step.
        maps: what the module read (1, channels, h, w): the source's output, pooled between stages.
        pools: the pools between.
    """

    source: str
    maps: Tensor
    pools: tuple[GatedPool, ...]

    def back(self, slope: Tensor) -> Tensor:
        """Slopes at what the module read (1, channels, h, w) → at what the source put out."""
        for pool in reversed(self.pools):
            slope = pool.back(slope)
        return slope


def read_by(network: GoogLeNet, trace: Trace, module: str) -> Reading:
    """What ``module`` read in a trace of ``network``.

    Products of slopes and ``maps`` are the same in front of the pools: see :class:`GatedBranch`.
    """
    steps = list(network.trunk)
    at = steps.index(module)
    source = next((n for n in reversed(steps[:at]) if n in trace.modules), steps[at - 1])
    maps = batch_of_one((trace.modules if source in trace.modules else trace.stem)[source])
    pools: list[GatedPool] = []
    for step in steps[steps.index(source) + 1 : at]:
        pools.append(GatedPool(network.trunk[step], maps))
        maps = pools[-1].put_out
    return Reading(source, maps, tuple(pools))


def branches_of(
    network: GoogLeNet,
    trace: Trace,
    module: str,
    read: Tensor,
    branches: Iterable[Branch] | None = None,
) -> dict[Branch, GatedBranch]:
    """Some branches of a module that read ``read``, or all, as traced."""
    layers, put_out = network.modules_by_name[module].branches, trace.branches[module]
    return {
        branch: gated_branch(layers[branch], read, batch_of_one(put_out[branch]))
        for branch in branches or put_out
    }


def biases(bias: Tensor, slope: Tensor) -> float:
    """Biases (out,), weighted by slopes in front of the ReLU (out,), summed up."""
    return float((bias.detach().double() * slope.double()).sum())

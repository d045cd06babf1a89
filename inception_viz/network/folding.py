"""The network as it runs fastest: batch norms folded into the convolutions, weights packed once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from inception_viz.network.googlenet import GoogLeNet
from inception_viz.network.layers import ConvBlock
from inception_viz.network.packing import PackedWeights
from inception_viz.network.recording import bare_copy


def fold_batch_norm(
    network: GoogLeNet, alike: Sequence[tuple[GoogLeNet, GoogLeNet]] = ()
) -> GoogLeNet:
    """A frozen copy for inference: batch norms folded into their convolutions, same outputs.

    Within rounding (about 1e-5 of a logit). Weights lie in memory channels-last, which PyTorch's
    CPU kernels prefer.

    Args:
        network: stays as it is.
        alike: networks and their folded copies. Layers that ``network`` shares with one of them
            share memory in the copy, too.
    """
    with torch.inference_mode(False):  # its tensors could never be differentiated through
        folded = bare_copy(network).cpu().float().eval().requires_grad_(False)
        for name, layer in list(folded.named_modules()):
            if isinstance(layer, ConvBlock):
                folded.set_submodule(name, _FrozenBlock(layer))
        folded.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for other, other_folded in alike:
        _share_folded(network, folded, other, other_folded)
    return folded


class _FrozenBlock(ConvBlock):
    """A convolution and its ReLU whose weights don't change; they are packed when first needed.

    Copies and pickles are plain blocks: whoever takes one may change it. Hooks on the layers within
    see only passes with gradients.
    """

    def __init__(self, block: ConvBlock) -> None:
        """Take over the weights of ``block``, its batch norm folded into them."""
        nn.Module.__init__(self)
        conv, norm = block.conv, block.norm
        self.conv = fuse_conv_bn_eval(conv, norm) if isinstance(norm, nn.BatchNorm2d) else conv
        self.norm, self.relu, self.pads = nn.Identity(), nn.ReLU(), block.pads
        self.shared = PackedWeights()
        self.eval().requires_grad_(False)

    def __reduce_ex__(self, _protocol: object) -> tuple[object, ...]:
        """What :mod:`copy` and :mod:`pickle` make anew."""
        return _plain_block, (self.conv, self.pads)

    def forward(self, x: Tensor) -> Tensor:
        """Activations after ReLU; without gradients from packed weights."""
        out = self.shared.convolve(self.conv, self.padded(x))
        return self.relu(out) if out.requires_grad else torch.relu_(out)


def _plain_block(conv: nn.Conv2d, pads: bool) -> ConvBlock:
    block = ConvBlock(1, 1, 1, batch_norm=False)
    block.conv, block.pads = conv, pads
    return block.eval()


def _share_folded(
    network: GoogLeNet, folded: GoogLeNet, other: GoogLeNet, other_folded: GoogLeNet
) -> None:
    theirs = {
        id(layer.weight): name
        for name, layer in other.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    }
    for name, layer in network.named_modules():
        twin = theirs.get(id(layer.weight)) if isinstance(layer, nn.Conv2d | nn.Linear) else None
        if twin is None:
            continue
        ours, source = folded.get_submodule(name), other_folded.get_submodule(twin)
        ours.weight, ours.bias = source.weight, source.bias
        if isinstance(layer, nn.Conv2d):
            block, twin_block = name.removesuffix(".conv"), twin.removesuffix(".conv")
            folded.get_submodule(block).shared = other_folded.get_submodule(twin_block).shared

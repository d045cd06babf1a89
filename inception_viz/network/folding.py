"""The network as it runs fastest: batch norms folded into the convolutions, weights packed once.

oneDNN, which computes PyTorch's convolutions on a processor, wants weights in an order of its own.
PyTorch rearranges them at every call: a fifth of the time that one picture takes.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from inception_viz.network.googlenet import ConvBlock, GoogLeNet
from inception_viz.network.recording import bare_copy

# Elsewhere oneDNN may be missing, or hand over to libraries that this was never measured with.
_CAN_PACK = torch._C._has_mkldnn and platform.machine() in ("x86_64", "AMD64")


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


class _Packed(NamedTuple):
    """Weights in oneDNN's own order, best for maps of one size."""

    size: torch.Size  # height, width
    version: int  # of the weights that it was made of
    weight: Tensor


@dataclass
class _Shelf:
    """Where what is packed lies, for all layers that share the weights."""

    packed: _Packed | None = None


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
        self.norm, self.relu = nn.Identity(), nn.ReLU()
        self.shelf = _Shelf()
        self.eval().requires_grad_(False)

    def __reduce_ex__(self, _protocol: object) -> tuple[object, ...]:
        """What :mod:`copy` and :mod:`pickle` make anew."""
        return _plain_block, (self.conv,)

    def forward(self, x: Tensor) -> Tensor:
        """Activations after ReLU; without gradients from packed weights."""
        weight, size = self.conv.weight, x.shape[2:]
        if not _can_pack(weight, x):
            return super().forward(x)
        packed = self.shelf.packed
        if packed is None or packed.size != size or packed.version != weight._version:
            packed = self.shelf.packed = _Packed(size, weight._version, self._pack(size))
        # What torch.compile makes of a convolution with frozen weights; its own ReLU, "relu" in
        # place of "none", would turn what is no number into 0, and nobody would notice.
        out: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, packed.weight, self.conv.bias, *self._geometry, "none", [], ""
        )
        return torch.relu_(out)

    @property
    def _geometry(self) -> tuple[object, ...]:
        conv = self.conv
        return conv.padding, conv.stride, conv.dilation, conv.groups

    def _pack(self, size: torch.Size) -> Tensor:
        one = [1, self.conv.in_channels, *size]  # so that results don't depend on who came first
        packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
            self.conv.weight, *self._geometry, one
        )
        return packed


def _plain_block(conv: nn.Conv2d) -> ConvBlock:
    block = ConvBlock(1, 1, 1, batch_norm=False)
    block.conv = conv
    return block.eval()


def _can_pack(weight: Tensor, x: Tensor) -> bool:
    plain = x.is_cpu and x.dtype == weight.dtype == torch.float32 and x.dim() == 4
    quiet = not (torch.is_grad_enabled() or torch.compiler.is_compiling() or weight.is_inference())
    return _CAN_PACK and plain and quiet


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
            folded.get_submodule(block).shelf = other_folded.get_submodule(twin_block).shelf

"""The network as it runs fastest: batch norms folded into the convolutions, weights packed once.

oneDNN, which computes PyTorch's convolutions on a processor, wants weights in an order of its own.
PyTorch rearranges them at every call: a fifth of the time that one picture takes.
"""

from __future__ import annotations

import copy
import platform
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from inception_viz.network import ConvBlock, GoogLeNet

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
        folded = copy.deepcopy(network).eval().requires_grad_(False)
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


class _FrozenBlock(ConvBlock):
    """A convolution and its ReLU whose weights don't change; they are packed when first needed.

    What is packed lies beside the weights, so layers that share the ones share the other.
    """

    def __init__(self, block: ConvBlock) -> None:
        """Take over the weights of ``block``, its batch norm folded into them."""
        nn.Module.__init__(self)
        conv, norm = block.conv, block.norm
        self.conv = fuse_conv_bn_eval(conv, norm) if isinstance(norm, nn.BatchNorm2d) else conv
        self.norm, self.relu = nn.Identity(), nn.ReLU()
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Activations after ReLU, also if ``x`` is to be differentiated by."""
        weight, shape = self.conv.weight, x.shape
        if not _can_pack(weight, x):
            return super().forward(x)
        packed: _Packed | None = getattr(weight, "packed", None)
        if packed is None or packed.size != shape[2:] or packed.version != weight._version:
            packed = _Packed(shape[2:], weight._version, self._pack(shape))
            weight.packed = packed  # type: ignore[attr-defined]
        # What torch.compile makes of a convolution with frozen weights.
        out: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, packed.weight, self.conv.bias, *self._geometry, "relu", [], ""
        )
        return out

    @property
    def _geometry(self) -> tuple[object, ...]:
        conv = self.conv
        return conv.padding, conv.stride, conv.dilation, conv.groups

    def _pack(self, shape: torch.Size) -> Tensor:
        packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
            self.conv.weight, *self._geometry, list(shape)
        )
        return packed


def _can_pack(weight: Tensor, x: Tensor) -> bool:
    differentiated = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    plain = x.is_cpu and x.dtype == weight.dtype == torch.float32 and x.dim() == 4
    return _CAN_PACK and plain and not differentiated and not torch.compiler.is_compiling()


def _share_folded(
    network: GoogLeNet, folded: GoogLeNet, other: GoogLeNet, other_folded: GoogLeNet
) -> None:
    theirs = {
        id(layer.weight): other_folded.get_submodule(name)
        for name, layer in other.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    }
    for name, layer in network.named_modules():
        twin = theirs.get(id(layer.weight)) if isinstance(layer, nn.Conv2d | nn.Linear) else None
        if twin is not None:
            ours = folded.get_submodule(name)
            ours.weight, ours.bias = twin.weight, twin.bias

"""The network as it runs fastest: batch norms folded into the convolutions, weights packed once.

oneDNN computes PyTorch's convolutions on an x86 processor and wants weights in an order of its own.
PyTorch rearranges them at every call, a fifth of the time that one picture takes
(``benchmarks/library.py`` measures both). The operations that keep the order are those that
``torch.compile`` uses; they are not public, so every use is guarded: where they are missing, raise,
or give other numbers, the plain convolution takes over.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from inception_viz.network.googlenet import GoogLeNet
from inception_viz.network.layers import ConvBlock
from inception_viz.network.recording import bare_copy

TOLERANCE = 1e-4  # of the largest value: rounding in another order


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
        self.conv, self.norm, self.relu = block.folded(), nn.Identity(), nn.ReLU()
        self.pads = block.pads
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


# Packed weights ----------------------------------------------------------------------------------


class _Packed(NamedTuple):
    """Weights in oneDNN's own order, best for maps of one size."""

    size: torch.Size  # height, width
    version: int  # of the weights that it was made of
    weight: Tensor


@dataclass
class PackedWeights:
    """The packed weights of a convolution, for all layers that share it; never copied with them.

    Attributes:
        packed: what is packed now, if anything.
        usable: whether packing gave the plain convolution's numbers, as far as it was tried.
    """

    packed: _Packed | None = None
    usable: bool = True

    def convolve(self, conv: nn.Conv2d, x: Tensor) -> Tensor:
        """What ``conv`` makes of ``x`` (N, channels, h, w)."""
        if not (self.usable and can_pack(conv.weight, x)):
            out: Tensor = conv(x)
            return out
        weight, size = conv.weight, x.shape[2:]
        packed = self.packed
        if packed is not None and (packed.size, packed.version) == (size, weight._version):
            return _convolve(conv, packed.weight, x)
        expected: Tensor = conv(x)
        try:
            packed = _Packed(size, weight._version, _pack(conv, size))
            found = _convolve(conv, packed.weight, x)
            self.usable = _same(found, expected)
        except (AttributeError, RuntimeError, TypeError):  # another version of PyTorch
            self.usable = False
        self.packed = packed if self.usable else None
        return found if self.usable else expected


def can_pack(weight: Tensor, x: Tensor) -> bool:
    """Whether this machine packs, and this call could use it: float32 on a CPU, no gradients."""
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not available or platform.machine() not in ("x86_64", "AMD64"):
        return (
            False  # elsewhere oneDNN may hand over to libraries that this was never measured with
        )
    plain = x.is_cpu and x.dtype == weight.dtype == torch.float32 and x.dim() == 4
    quiet = not (torch.is_grad_enabled() or torch.compiler.is_compiling() or weight.is_inference())
    return plain and quiet


def _pack(conv: nn.Conv2d, size: torch.Size) -> Tensor:
    one = [1, conv.in_channels, *size]  # so that results don't depend on who came first
    packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
        conv.weight, conv.padding, conv.stride, conv.dilation, conv.groups, one
    )
    return packed


def _convolve(conv: nn.Conv2d, weight: Tensor, x: Tensor) -> Tensor:
    # Its own ReLU, "relu" in place of "none", would turn NaN into 0, and nobody would notice.
    geometry = (conv.padding, conv.stride, conv.dilation, conv.groups)
    out: Tensor = torch.ops.mkldnn._convolution_pointwise(
        x, weight, conv.bias, *geometry, "none", [], ""
    )
    return out


def _same(found: Tensor, expected: Tensor) -> bool:
    """Whether two results agree within rounding, NaN and infinities at the same places."""
    finite = expected.isfinite()
    scale = float(expected[finite].abs().max()) if finite.any() else 0.0
    return torch.allclose(found, expected, rtol=0, atol=TOLERANCE * scale, equal_nan=True)

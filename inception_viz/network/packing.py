"""A convolution whose weights are packed once for oneDNN, where that works.

oneDNN computes PyTorch's convolutions on an x86 processor and wants weights in an order of its own.
PyTorch rearranges them at every call, a fifth of the time that one picture takes
(``benchmarks/library.py`` measures both). The operations that keep the order are those that
``torch.compile`` uses; they are not public, so every use is guarded: where they are missing, raise,
or give other numbers, the plain convolution takes over.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

TOLERANCE = 1e-4  # of the largest value: rounding in another order


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

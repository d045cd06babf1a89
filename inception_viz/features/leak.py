"""A network whose gradient also passes units that are silent.

A picture of noise leaves many a channel at 0, where ReLU has no gradient: without a leak 41 % of
the pictures of BVLC's 4c stay grey. What the network puts out stays the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from inception_viz.network.googlenet import GoogLeNet
from inception_viz.network.recording import bare_copy


class _Leak(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, share: float) -> Tensor:
        out = torch.relu(x)
        ctx.save_for_backward(out)
        ctx.share = share
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (out,) = ctx.saved_tensors
        return torch.where(out > 0, gradients[0], ctx.share * gradients[0]), None


class LeakyBackward(nn.Module):
    """ReLU whose gradient is ``share`` where it puts out 0."""

    def __init__(self) -> None:
        """At first a plain ReLU."""
        super().__init__()
        self.share = 0.0

    def forward(self, x: Tensor) -> Tensor:
        """ReLU."""
        out: Tensor = _Leak.apply(x, self.share) if self.share else torch.relu(x)  # type: ignore[no-untyped-call]
        return out


class Leaking:
    """A private, frozen copy of a network, whose ReLUs leak as much as one says.

    Attributes:
        network: puts out the same as the original, which stays as it is.
    """

    def __init__(self, network: GoogLeNet) -> None:
        """Copy ``network``; at first nothing leaks."""
        self.network = bare_copy(network).eval().requires_grad_(False)
        self._leaks: list[LeakyBackward] = []
        for name, layer in list(self.network.named_modules()):
            if isinstance(layer, nn.ReLU):
                leak = LeakyBackward()
                self.network.set_submodule(name, leak)
                self._leaks.append(leak)

    def leak(self, share: float) -> None:
        """From now on, gradients pass silent units as ``share`` of themselves."""
        for leak in self._leaks:
            leak.share = share

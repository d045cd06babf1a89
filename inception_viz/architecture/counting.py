"""Count the parameters and multiply-accumulates of any PyTorch network, without running it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Count:
    """Parameters, and MACs of convolutions and linear layers for one picture."""

    parameters: int
    macs: int


def count(network: nn.Module, size: int) -> Count:
    """Count for a picture of ``size`` × ``size`` pixels.

    The network must lie on PyTorch's meta device, which knows shapes and computes nothing.
    """
    macs = 0

    def add(layer: nn.Module, _inputs: Any, output: Tensor) -> None:
        nonlocal macs
        if isinstance(layer, nn.Conv2d):
            a_unit = layer.in_channels // layer.groups * layer.weight[0, 0].numel()
            macs += a_unit * output[0].numel()
        elif isinstance(layer, nn.Linear):
            macs += layer.in_features * output[0].numel()

    handles = [layer.register_forward_hook(add) for layer in network.modules()]
    try:
        with torch.no_grad():
            network.eval()(torch.empty(1, 3, size, size, device="meta"))
    finally:
        for handle in handles:
            handle.remove()
    return Count(sum(p.numel() for p in network.parameters()), macs)


@cache
def well_known() -> dict[str, Count]:
    """AlexNet and VGG-16, as torchvision builds them, at 224 pixels."""
    from inception_viz import torchvision_on_cpu  # noqa: F401, I001  (before torchvision)
    from torchvision import models

    builders = {"AlexNet": models.alexnet, "VGG-16": partial(models.vgg16, init_weights=False)}
    found = {}
    for name, build in builders.items():
        with torch.device("meta"):
            network = build(weights=None)
        found[name] = count(network, 224)
    return found

"""The names that torchvision gives to the parts of its GoogLeNet, and ours for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from torch import nn

from inception_viz.architecture.config import Branch

STEM = {"conv1": "conv1", "conv2": "conv2_reduce", "conv3": "conv2"}
POOLS = {"maxpool1": "pool1", "maxpool2": "pool2", "maxpool3": "pool3", "maxpool4": "pool4"}
BRANCHES: dict[str, Branch] = {
    "branch1": "1x1",
    "branch2": "3x3",
    "branch3": "5x5",
    "branch4": "pool",
}
LAYERS = {  # within a branch
    "branch1": "1x1.conv",
    "branch2.0": "3x3.reduce",
    "branch2.1": "3x3.conv",
    "branch3.0": "5x5.reduce",
    "branch3.1": "5x5.conv",
    "branch4.1": "pool.project",
}
HEAD = {"conv": "conv", "fc1": "fc", "fc2": "classifier"}


def is_torchvision(network: nn.Module) -> bool:
    """Whether it is torchvision's GoogLeNet, or made from it."""
    models = sys.modules.get("torchvision.models.googlenet")  # not imported: then it is none
    return models is not None and isinstance(network, models.GoogLeNet)


def parts(network: nn.Module) -> Iterator[tuple[str, nn.Module, Mapping[Branch, int]]]:
    """Our name, the layer and the branches that its output consists of, for each of its parts."""
    for name, layer in network.named_children():
        if name in STEM or name in POOLS:
            yield (STEM | POOLS)[name], layer, {}
        elif name.startswith("inception"):
            module = name.removeprefix("inception")
            yield module, layer, {b: _width(layer.get_submodule(t)) for t, b in BRANCHES.items()}
            yield from ((f"{module}/{b}", layer.get_submodule(t), {}) for t, b in BRANCHES.items())
            for branch in ("branch2", "branch3"):
                yield f"{module}/{BRANCHES[branch]}/reduce", layer.get_submodule(f"{branch}.0"), {}
        elif name in ("aux1", "aux2"):
            yield name, layer, {}
        elif name == "fc":
            yield "main", layer, {}


def _width(branch: nn.Module) -> int:
    convolutions = [layer for layer in branch.modules() if isinstance(layer, nn.Conv2d)]
    return convolutions[-1].out_channels

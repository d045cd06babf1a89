"""The network as it runs fastest: batch norms folded into the convolutions, channels-last."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from inception_viz.network import ConvBlock, GoogLeNet


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
        for layer in folded.modules():
            if isinstance(layer, ConvBlock) and isinstance(layer.norm, nn.BatchNorm2d):
                layer.conv = fuse_conv_bn_eval(layer.conv, layer.norm).requires_grad_(False)
                layer.norm = nn.Identity()
        folded.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for other, other_folded in alike:
        _share_folded(network, folded, other, other_folded)
    return folded


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

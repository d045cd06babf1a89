"""Carry one layer's weights over.

Channels are followed through the network by lists: entry i says which channel of the old network
channel i of the new one continues, or None if it is new. Old filters give new inputs the weight
zero, so that what was added changes nothing until it is trained; new filters start at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import torch
from torch import Tensor, nn

from inception_viz.network.layers import BATCH_NORM_EPS, ConvBlock

Channels = list[int | None]
QUIET = 1e-4  # scale of new filters in front of a local response normalisation


def fill(new: Tensor, old: Tensor, outs: Sequence[int | None], ins: Sequence[int | None]) -> int:
    """Copy old weights (out, in, …) to their places in ``new``; how many were copied."""
    rows = [i for i, channel in enumerate(outs) if channel is not None]
    columns = [i for i, channel in enumerate(ins) if channel is not None]
    if not rows:
        return 0
    new[rows] = 0
    if not columns:
        return 0
    old_rows = [channel for channel in outs if channel is not None]
    old_columns = [channel for channel in ins if channel is not None]
    block = old[old_rows][:, old_columns]
    new[torch.tensor(rows)[:, None], torch.tensor(columns)] = block
    return block.numel()


def fit_kernel(old: Tensor, side: int) -> Tensor:
    """Cut a kernel (…, k, k) to its middle, or surround it with zeros, which changes nothing."""
    gap = (side - old.shape[-1]) // 2
    if gap >= 0:
        return nn.functional.pad(old, (gap,) * 4)
    return old[..., -gap:gap, -gap:gap]


def plain(block: ConvBlock) -> tuple[Tensor, Tensor]:
    """The block's convolution with its norm folded in: weight and bias."""
    conv, norm = block.conv, block.norm
    weight = conv.weight
    bias = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias
    if not isinstance(norm, nn.BatchNorm2d):
        return weight, bias
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return weight * scale[:, None, None, None], (bias - norm.running_mean) * scale + norm.bias


def carry_block(
    new: ConvBlock, old: ConvBlock, outs: Sequence[int | None], ins: Sequence[int | None]
) -> int:
    """Carry a convolution with its norm over; how many weights of the convolution came along."""
    rows = [i for i, channel in enumerate(outs) if channel is not None]
    old_rows = [channel for channel in outs if channel is not None]
    side = new.conv.kernel_size[0]
    if isinstance(new.norm, nn.BatchNorm2d) and isinstance(old.norm, nn.BatchNorm2d):
        weight = old.conv.weight
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(new.norm, name)[rows] = getattr(old.norm, name)[old_rows]
    else:
        weight, bias = plain(old)
        if isinstance(new.norm, nn.BatchNorm2d):  # a norm that does nothing, but for the bias
            new.norm.bias[rows] = bias[old_rows]
            new.norm.weight[rows] = sqrt(1 + BATCH_NORM_EPS)
        else:
            assert new.conv.bias is not None
            new.conv.bias[rows] = bias[old_rows]
    carried = fill(new.conv.weight, fit_kernel(weight, side), outs, ins)
    share_if_same(new, old)
    return carried


def carry_linear(
    new: nn.Linear, old: nn.Linear, outs: Sequence[int | None], ins: Sequence[int | None]
) -> int:
    """Carry a fully connected layer over; how many weights came along."""
    rows = [i for i, channel in enumerate(outs) if channel is not None]
    new.bias[rows] = old.bias[[channel for channel in outs if channel is not None]]
    carried = fill(new.weight, old.weight, outs, ins)
    share_if_same(new, old)
    return carried


def share_if_same(new: nn.Module, old: nn.Module) -> None:
    """Let ``new`` use ``old``'s tensors if every one of them is the same: half the memory."""
    ours, theirs = new.state_dict(), old.state_dict()
    if ours.keys() != theirs.keys() or not all(
        torch.equal(ours[name], theirs[name])  # also False where shapes differ
        for name in ours
        if not name.endswith("num_batches_tracked")
    ):
        return
    for name, part in new.named_modules():
        twin = old.get_submodule(name)
        for key in [k for k, _ in part.named_parameters(recurse=False)]:
            setattr(part, key, getattr(twin, key))
        for key in [k for k, _ in part.named_buffers(recurse=False)]:
            setattr(part, key, getattr(twin, key))


def choose(scores: Tensor, count: int, *, together: bool = False) -> Channels:
    """Which old channels the ``count`` new ones continue: the strongest, in their old order.

    ``together`` keeps neighbours: the run of channels with the greatest sum. A local response
    normalisation ties each channel to its neighbours, and only a run keeps all of them theirs.
    """
    old = len(scores)
    if count >= old:
        return [*range(old), *[None] * (count - old)]
    if together:
        sums = scores.double().unfold(0, count, 1).sum(1)
        start = int(sums.argmax())
        return [*range(start, start + count)]
    strongest = torch.sort(scores, descending=True, stable=True).indices[:count]
    return [*sorted(int(i) for i in strongest)]


def norms(block: ConvBlock) -> Tensor:
    """The length of each filter (out,), with its norm folded in."""
    found: Tensor = torch.linalg.vector_norm(plain(block)[0].flatten(1), dim=1)
    return found

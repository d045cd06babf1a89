"""Carry one layer's weights over, and say what became of it.

Channels are followed through the network by lists: entry i says which channel of the old network
channel i of the new one continues, or None if it is new. Old filters give new inputs the weight
zero, so that what was added changes nothing until it is trained; new filters start at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import torch
from torch import Tensor, nn

from inception_viz.network.layers import BATCH_NORM_EPS, ConvBlock

Channels = list[int | None]
Fate = Literal["kept", "sliced", "grown", "sliced and grown", "new"]
QUIET = 1e-4  # scale of new filters in front of a local response normalisation


@dataclass(frozen=True)
class LayerFate:
    """One layer of the new network.

    Attributes:
        name: as in the cost table: "conv1", "3a/3x3/reduce", "aux1/fc", "classifier".
        fate: ``kept`` whole; ``sliced``: filters or inputs are gone; ``grown``: new ones were
            added; ``new``: nothing could be carried over.
        carried: weights that came from the old network.
        weights: that it has.
        note: what else there is to know.
    """

    name: str
    fate: Fate
    carried: int
    weights: int
    note: str = ""


def _places(channels: Sequence[int | None]) -> tuple[list[int], list[int]]:
    """Which channels continue an old one, and those old ones."""
    kept = [(i, channel) for i, channel in enumerate(channels) if channel is not None]
    return [i for i, _ in kept], [channel for _, channel in kept]


def fill(new: Tensor, old: Tensor, outs: Sequence[int | None], ins: Sequence[int | None]) -> int:
    """Copy old weights (out, in, …) to their places in ``new``; how many were copied."""
    (rows, old_rows), (columns, old_columns) = _places(outs), _places(ins)
    new[rows] = 0
    block = old[old_rows][:, old_columns]
    new[torch.tensor(rows, dtype=torch.long)[:, None], columns] = block
    return block.numel()


def carry_block(
    new: ConvBlock, old: ConvBlock, outs: Sequence[int | None], ins: Sequence[int | None]
) -> int:
    """Carry a convolution with its norm over; how many weights of the convolution came along."""
    rows, old_rows = _places(outs)
    if isinstance(new.norm, nn.BatchNorm2d) and isinstance(old.norm, nn.BatchNorm2d):
        conv = old.conv
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(new.norm, name)[rows] = getattr(old.norm, name)[old_rows]
    else:
        conv = old.folded()
        biases = new.norm if isinstance(new.norm, nn.BatchNorm2d) else new.conv
        assert biases.bias is not None and conv.bias is not None
        biases.bias[rows] = conv.bias[old_rows]
        if isinstance(new.norm, nn.BatchNorm2d):  # a norm that does nothing, but for the bias
            new.norm.weight[rows] = sqrt(1 + BATCH_NORM_EPS)
    # Cut a kernel to its middle, or surround it with zeros, which changes nothing.
    gap = (new.conv.kernel_size[0] - conv.kernel_size[0]) // 2
    carried = fill(new.conv.weight, nn.functional.pad(conv.weight, (gap,) * 4), outs, ins)
    share_if_same(new, old)
    return carried


def carry_linear(
    new: nn.Linear, old: nn.Linear, outs: Sequence[int | None], ins: Sequence[int | None]
) -> int:
    """Carry a fully connected layer over; how many weights came along."""
    rows, old_rows = _places(outs)
    new.bias[rows] = old.bias[old_rows]
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
        for key in (*part._parameters, *part._buffers):
            setattr(part, key, getattr(twin, key))


def fate(
    carried: int, outs: Sequence[int | None], ins: Sequence[int | None], old_shape: tuple[int, int]
) -> Fate:
    """Of a layer whose outputs and inputs come from these of the old one (None: new)."""
    if not carried:
        return "new"
    grown = None in outs or None in ins
    lost = len({o for o in outs if o is not None}) < old_shape[0]
    lost |= len({i for i in ins if i is not None}) < old_shape[1]
    if lost and grown:
        return "sliced and grown"
    return "sliced" if lost else "grown" if grown else "kept"


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
    found: Tensor = torch.linalg.vector_norm(block.folded().weight.flatten(1), dim=1)
    return found

"""What a table says about a picture, measured for many pictures in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.explain.rerun import gradients_on
from inception_viz.network.googlenet import GoogLeNet

NONE = "none"  # the method that scores nothing
QUICK = "gradient_x_activation"  # the method that does a whole batch in one backward pass


@dataclass(frozen=True, eq=False)
class Measured:
    """N pictures, on the CPU in double precision; columns are those of :func:`branches_of`.

    Attributes:
        logits: (N, classes) of the main head.
        firing: (N, branches), each branch's mean activation.
        energy: (N, branches), each branch's part of Σa² over its module's units.
        slopes: (N, branches), gradient × activation for each picture's first choice; None if it
            wasn't asked for.
    """

    logits: Tensor
    firing: Tensor
    energy: Tensor
    slopes: Tensor | None


def branches_of(network: GoogLeNet) -> list[tuple[str, Branch]]:
    """(module, branch) in the network's order."""
    return [(name, b) for name, module in network.modules_by_name.items() for b in module.widths]


def measure(network: GoogLeNet, x: Tensor, *, slopes: bool) -> Measured:
    """Send pictures (N, 3, side, side) through the main head; with ``slopes`` also back.

    Pictures don't meet anywhere in the network, so one backward pass of the sum of their first
    choices' logits gives each picture's own gradients. It ends at the first module.
    """
    names = list(network.trunk)
    start = names.index(next(iter(network.modules_by_name)))
    with gradients_on(), torch.set_grad_enabled(slopes):
        with torch.no_grad():
            for name in names[: start + 1]:
                x = network.trunk[name](x)
        outputs = {names[start]: x.requires_grad_(slopes)}
        for name in names[start + 1 :]:
            x = network.trunk[name](x)
            if name in network.modules_by_name:
                outputs[name] = x
        logits = network.classify(x)
        chosen = logits.max(dim=1).values.sum()
        found = torch.autograd.grad(chosen, list(outputs.values())) if slopes else ()
    outputs = {name: output.detach() for name, output in outputs.items()}
    means = {name: output.mean((2, 3)) for name, output in outputs.items()}
    squares = {name: output.square().sum((2, 3)) for name, output in outputs.items()}
    products = {
        name: (output * slope).sum((2, 3))
        for (name, output), slope in zip(outputs.items(), found, strict=False)
    }
    widths = torch.tensor([w for m in network.modules_by_name.values() for w in m.widths.values()])
    return Measured(
        logits=logits.detach().cpu().double(),
        firing=_by_branch(network, means) / widths,
        energy=_shares(network, _by_branch(network, squares)),
        slopes=_by_branch(network, products) if slopes else None,
    )


def _by_branch(network: GoogLeNet, channels: Mapping[str, Tensor]) -> Tensor:
    """One value a channel (N, channels) of each module → the sum of each branch (N, branches)."""
    # A map's units were added in single precision; the many channels are added in double.
    return torch.stack(
        [
            part.sum(1)
            for name, values in channels.items()
            for part in network.modules_by_name[name].split(values.cpu().double()).values()
        ],
        dim=1,
    )


def _shares(network: GoogLeNet, energies: Tensor) -> Tensor:
    """Each branch's energy (N, branches) as a part of its module's; 0 in a silent module."""
    counts = [len(module.widths) for module in network.modules_by_name.values()]
    parts = torch.split(energies, counts, dim=1)
    return torch.cat([torch.nan_to_num(p / p.sum(1, keepdim=True)) for p in parts], dim=1)

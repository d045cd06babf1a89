"""What a table says about a picture, measured for many pictures in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.explain.contributions.gradient import products
from inception_viz.explain.firing import activity
from inception_viz.explain.gradients import backward
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
    """Send pictures (N, 3, side, side) through the main head; with ``slopes`` also back."""
    modules = network.modules_by_name
    with torch.inference_mode(False), torch.no_grad():
        steps = network.walk(x, upto=next(iter(modules)) if slopes else None)
        outputs = {name: output for name, output in steps if name in modules}
        scores = None
        if slopes:
            (start,) = outputs.values()
            outputs, slope, _ = backward(network, start, lambda x: network.classify(x).max(1)[0])
            scores = _table(products(modules[name], outputs[name], slope[name]) for name in modules)
        logits = network.classify(outputs[next(reversed(modules))])
    active = [activity(output, modules[name].widths) for name, output in outputs.items()]
    return Measured(
        logits=logits.cpu().double(),
        firing=_table({b: mean for b, (mean, _) in module.items()} for module in active),
        energy=_table({b: share for b, (_, share) in module.items()} for module in active),
        slopes=scores,
    )


def _table(modules: Iterable[Mapping[Branch, Tensor]]) -> Tensor:
    """(N, branches) on the CPU, from each branch's (N,)."""
    return torch.stack([values for module in modules for values in module.values()], dim=1).cpu()

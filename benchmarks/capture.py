"""What capturing every branch costs, and how fast the forward is beside torchvision's.

    python benchmarks/capture.py

Claims: full trace ≤ 1.05 × a plain forward of the same network with the same heads;
forward ≤ 0.9 × torchvision's googlenet. Both at batch 1, 224 px, medians of one run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

import inception_viz.torchvision_on_cpu  # noqa: F401  (before torchvision)
from benchmarks.timing import medians
from inception_viz import trace
from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.network.folding import fold_batch_norm
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.sources.state_files import fill_network
from inception_viz.sources.torchvision_layout import read_layout


def torchvision_pair() -> tuple[torch.nn.Module, GoogLeNet]:
    """torchvision's network with random weights, and ours with the same, not folded."""
    from torchvision.models import googlenet

    theirs = googlenet(weights=None, init_weights=False).eval().requires_grad_(False)
    for layer in theirs.modules():  # statistics as after training, so that rounding can show
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.weight.uniform_(0.5, 1.5)
            layer.running_var.data.uniform_(0.05, 0.5)  # type: ignore[union-attr]
            layer.running_mean.data.normal_(std=0.1)  # type: ignore[union-attr]
    layout = read_layout(theirs.state_dict())
    return theirs, fill_network(layout.config, layout.state, layout.names, "torchvision")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=150)
    rounds = parser.parse_args().rounds

    theirs, loaded = torchvision_pair()
    networks = {"batch norm": fold_batch_norm(loaded)}
    networks["LRN"] = fold_batch_norm(GoogLeNet(GoogLeNetConfig.paper()))
    x = torch.randn(1, 3, 224, 224)
    ours = x.contiguous(memory_format=torch.channels_last)

    functions: dict[str, Callable[[], object]] = {
        "torchvision forward": partial(theirs, x),
        "ours, not folded": partial(loaded, x),
    }
    for name, network in networks.items():
        functions[f"forward, {name}"] = partial(network, ours)
        functions[f"forward + heads, {name}"] = partial(network, ours, heads=True)
        functions[f"full trace, {name}"] = partial(trace.run, network, ours)
    with torch.no_grad():
        seconds = medians(functions, rounds)
        expected = theirs(x)
        drift = (networks["batch norm"](ours).main - expected).abs().max()
        spread = expected.max() - expected.min()

    for name, value in seconds.items():
        print(f"{name:28} {1000 * value:7.2f} ms")
    print()
    for name in networks:
        ratio = seconds[f"full trace, {name}"] / seconds[f"forward + heads, {name}"]
        print(f"trace / forward with heads, {name:12} {ratio:6.3f}   (claim: at most 1.05)")
    ratio = seconds["forward, batch norm"] / seconds["torchvision forward"]
    print(f"forward / torchvision's                  {ratio:6.3f}   (claim: at most 0.90)")
    print(
        f"largest difference of a logit         {float(drift):.1e}   (claim: at most 1e-4; "
        f"the logits spread over {float(spread):.1f})"
    )


if __name__ == "__main__":
    main()

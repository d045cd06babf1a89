"""How fast the network answers, beside torchvision's and the machine's floor, and how it grows.

    pip install -r requirements-bench.txt
    OMP_NUM_THREADS=2 python benchmarks/library.py

The machine's floor is what the network's multiply-accumulates would take as matrix products of
1024 × 1024 × 1024, measured between the forwards. Products hardly exchange data between cores, but
a forward does: where two cores share no cache, it takes a quarter longer and the floor doesn't. The
row about the cores says which it was: below 4, or above 5; a virtual machine may be moved at any
time. A trace alternates with the same forward unrecorded. All is at batch 1 and 224 px if a row
doesn't say otherwise.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

import inception_viz as iv
import inception_viz._torchvision  # before torchvision
from benchmarks.harness import (
    SAMPLES,
    Functions,
    Row,
    beside,
    both,
    interleaved,
    measure,
    ratio,
)
from inception_viz.config import STAGES, GoogLeNetConfig, ModuleRow, StemConfig
from inception_viz.cost import at_inference, layers, totals
from inception_viz.folding import fold_batch_norm
from inception_viz.network import GoogLeNet
from inception_viz.sources.state_files import fill_network
from inception_viz.sources.torchvision_layout import read_layout
from inception_viz.trace import run as run_recorded

SIDE = 1024  # of the matrices whose product is the machine's floor
BATCHES = (1, 2, 4, 8, 16, 32, 64)
PIXELS = (224, 320, 448, 640, 1024)
WIDTHS = (0.25, 0.5, 1.0, 2.0)


def forwards(options: argparse.Namespace) -> Iterator[Row]:
    """The network itself, beside the machine's floor and torchvision's, and recorded as a trace."""
    classifier = iv.load("imagenette")
    print(
        f"{classifier.title}, torch {torch.__version__}, {torch.get_num_threads()} threads "
        f"(OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')}) of {os.cpu_count()} "
        f"cores, load {os.getloadavg()[0]:.1f}"
    )
    x = classifier.trace(SAMPLES / "goldfish.jpg").input
    theirs, loaded = torchvision_pair()
    plain, matrix = x.contiguous(), torch.randn(SIDE, SIDE)  # x is in the layout that ours likes
    networks = {
        "imagenette": classifier.inference_network,
        "batch norm": fold_batch_norm(loaded),
        "LRN": fold_batch_norm(GoogLeNet(GoogLeNetConfig.paper())),
    }
    functions: Functions = {"product": lambda: matrix @ matrix, **exchanges()}
    functions |= {"torchvision": partial(theirs, plain), "not folded": partial(loaded, plain)}
    recorded: Functions = {}
    for name, network in networks.items():
        functions[f"forward, {name}"] = partial(network, x)
        recorded[f"forward + heads, {name}"] = partial(network, x, heads=True)
        recorded[f"full trace, {name}"] = partial(run_recorded, network, x)
    with torch.no_grad():
        taken = interleaved(functions, options.rounds) | interleaved(recorded, 3 * options.rounds)
        expected, found = theirs(plain), networks["batch norm"](x).main
    yield beside("cores: each other's data / their own", taken, "other's data", "own data")
    own, macs = taken["forward, imagenette"], _macs(classifier.config)
    floor = [seconds * macs / SIDE**3 for seconds in taken["product"]]
    name = f"forward / the machine's floor ({macs / median(floor) / 1e9:.0f} GMAC/s)"
    yield Row(name, ratio(own, floor), "", "≤ 1.6", both(median(own), median(floor)))
    name = "forward / torchvision's googlenet"
    yield beside(name, taken, "forward, batch norm", "torchvision", "≤ 0.9")
    yield Row(
        "largest difference of a logit from torchvision's",
        float((found - expected).abs().max()),
        claim="≤ 1e-4",
        figures=f"the logits spread over {float(expected.max() - expected.min()):.1f}",
    )
    for name in networks:
        bound = "≤ 1.03" if name == "imagenette" else "≤ 1.05"
        what = f"trace / forward with the same heads, {name}"
        yield beside(what, taken, f"full trace, {name}", f"forward + heads, {name}", bound)
    for name, key in {
        "torchvision's network in ours, not folded": "not folded",
        "torchvision's network in ours": "forward, batch norm",
        "the paper's network, LRN": "forward, LRN",
    }.items():
        yield Row(name, 1000 * median(taken[key]), "ms")


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


def exchanges() -> Functions:
    """Two threads turn 0.8 MB around 40 times: each its own half, or the one the other wrote."""

    def turned(dimension: int) -> object:
        halves = torch.ones(2, 100_000)
        for _ in range(40):
            halves = halves.flip(dimension)
        return halves

    return {"own data": partial(turned, 1), "other's data": partial(turned, 0)}


def growth(options: argparse.Namespace) -> Iterator[Row]:
    """How time grows with pictures, their size, and the network's width; 1 is in proportion."""
    classifier = iv.load("imagenette")
    network, size = classifier.inference_network, classifier.config.input_size
    work: dict[str, tuple[GoogLeNet, torch.Tensor, float]] = {
        f"batch of {count}": (network, _pictures(count, size), count) for count in BATCHES
    }
    for side in PIXELS:  # each with a network of its own, which is packed for that size
        own = fold_batch_norm(classifier.network)
        work[f"{side} px"] = own, _pictures(1, side), (side / size) ** 2
    for factor in WIDTHS:
        one = scaled_network(classifier.config, factor)
        share = _macs(one.config) / _macs(classifier.config)
        work[f"width × {factor:g}"] = one, _pictures(1, size), share
    functions: Functions = {name: partial(one, x) for name, (one, x, _) in work.items()}
    with torch.no_grad():
        taken = interleaved(functions, options.slow_rounds)
    firsts = {"batch of": "batch of 1", "px": f"{size} px", "width": "width × 1"}
    claims = {"batch of 64": "≤ 1.1", "1024 px": "≤ 1.25", "width × 2": "≤ 1.1"}
    for name, (_, _, amount) in work.items():
        first = taken[next(one for kind, one in firsts.items() if kind in name)]
        middle = median(taken[name])
        done = f"{amount / middle:.1f} images/s" if "batch" in name else f"{amount:.2f} × the work"
        yield Row(
            f"{name}: time / in proportion",
            ratio(taken[name], [amount * value for value in first]),
            "",
            claims.get(name, ""),
            f"{1000 * middle:.1f} ms, {done}",
        )


def scaled_network(config: GoogLeNetConfig, factor: float) -> GoogLeNet:
    """A random network whose stem and modules are ``factor`` as wide."""

    def scaled(*counts: int | None) -> Iterator[int]:
        return (max(round((count or 0) * factor), 1) for count in counts)

    def row(r: ModuleRow) -> ModuleRow:
        return ModuleRow(*scaled(r.f_1x1, r.f_3x3_r, r.f_3x3, r.f_5x5_r, r.f_5x5, r.f_pp))

    stem = config.stem
    changes = {f"stage{s}": tuple(map(row, getattr(config, f"stage{s}"))) for s in STAGES}
    wide = StemConfig(*scaled(stem.conv1, stem.conv2_reduce, stem.conv2))
    network = GoogLeNet(replace(config, stem=wide, **changes))  # type: ignore[arg-type]
    network.initialise(0)
    return fold_batch_norm(network)


def _macs(config: GoogLeNetConfig) -> int:
    return totals(at_inference(layers(config))).macs


def _pictures(count: int, side: int) -> torch.Tensor:
    return torch.randn(count, 3, side, side).contiguous(memory_format=torch.channels_last)


if __name__ == "__main__":
    measure(__doc__, {"forwards": forwards, "growth": growth}, rounds=60, slow_rounds=9)

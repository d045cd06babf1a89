"""How fast the network answers, how that grows, and what its config says without it.

    pip install -r requirements-bench.txt
    OMP_NUM_THREADS=2 python benchmarks/library.py
    python benchmarks/library.py counts --write    # keep fvcore's counts for the tests

The machine's floor is what the network's multiply-accumulates would take as matrix products of
1024 × 1024 × 1024, measured between the forwards. Products hardly exchange data between cores, but
a forward does: where two cores share no cache, it takes a quarter longer and the floor doesn't. The
row about the cores says which it was: below 4, or above 5; a virtual machine may be moved at any
time. A trace alternates with the same forward unrecorded. All is at batch 1 and 224 px if a row
doesn't say otherwise. Without fvcore, its rows are left out.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from torch import nn

import inception_viz as iv
import inception_viz.torchvision_on_cpu  # before torchvision
from benchmarks.harness import ROOT, SAMPLES, Functions, Row, beside, interleaved, measure, ratio
from inception_viz.architecture import (
    STAGES,
    GoogLeNetConfig,
    ModuleRow,
    StemConfig,
    at_inference,
    layers,
    receptive_fields,
    totals,
)
from inception_viz.network import GoogLeNet, fold_batch_norm
from inception_viz.sources import fill_network, read_layout
from inception_viz.trace import run as run_recorded

SIDE = 1024  # of the matrices whose product is the machine's floor
BATCHES = (1, 2, 4, 8, 16, 32, 64)
PIXELS = (224, 320, 448, 640, 1024)
GOLDEN = ROOT / "tests" / "data" / "fvcore_counts.json"
FVCORE = find_spec("fvcore") is not None
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
    macs = _macs(classifier.config)
    taken["floor"] = [seconds * macs / SIDE**3 for seconds in taken["product"]]
    name = f"forward / the machine's floor ({macs / median(taken['floor']) / 1e9:.0f} GMAC/s)"
    yield beside(name, taken, "forward, imagenette", "floor", "≤ 1.6")
    name = "forward / torchvision's googlenet"
    yield beside(name, taken, "forward, batch norm", "torchvision", "≤ 0.9")
    apart = float((found - expected).abs().max())
    figures = f"the logits spread over {float(expected.max() - expected.min()):.1f}"
    yield Row("largest difference of a logit from torchvision's", apart, "", "≤ 1e-4", figures)
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


def torchvision_pair() -> tuple[nn.Module, GoogLeNet]:
    """torchvision's network with random weights, and ours with the same, not folded."""
    from torchvision.models import googlenet

    theirs = googlenet(weights=None, init_weights=False).eval().requires_grad_(False)
    for layer in theirs.modules():  # statistics as after training, so that rounding can show
        if isinstance(layer, nn.BatchNorm2d):
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
        grown = ratio(taken[name], [amount * value for value in first])
        figures = f"{1000 * middle:.1f} ms, {done}"
        yield Row(f"{name}: time / in proportion", grown, "", claims.get(name, ""), figures)


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


def counts(options: argparse.Namespace) -> Iterator[Row]:
    """Parameters, and MACs of convolutions and linear layers, heads included."""
    if not FVCORE:
        print("fvcore isn't installed, so nothing is compared with it.")
        return
    golden = {}
    for name, config in architectures().items():
        theirs, ours = fvcore_counts(config), totals(layers(config))
        golden[name] = {"config": json.loads(config.to_json()), **theirs}
        apart = abs(ours.parameters - theirs["parameters"]) + abs(ours.macs - theirs["macs"])
        figures = f"{ours.parameters:,} parameters, {ours.macs:,} MACs"
        figures += f"; fvcore: {theirs}" if apart else ""
        yield Row(f"our counts − fvcore's: {name}", apart, "", "≤ 0", figures)
    if options.write:
        GOLDEN.write_text(json.dumps(golden, indent=1), "utf-8")


def architectures() -> dict[str, GoogLeNetConfig]:
    """Six different ones."""
    paper = GoogLeNetConfig.paper()
    odd = replace(
        paper,
        stage3=(replace(paper.stage3[0], f_5x5_r=0, f_5x5=0),),
        stage4=(*paper.stage4, replace(paper.stage4[0], f_pp=None)),
        aux2=None,
        classes=37,
        input_size=193,
    )
    return {
        "paper": paper,
        "torchvision": GoogLeNetConfig.torchvision(),
        "naive": GoogLeNetConfig.naive(),
        "two 3x3 for 5x5, batch norm": replace(paper, kernel_5x5="3+3", norm="batch", classes=10),
        "no norm, 320 px": replace(paper, norm="none", input_size=320),
        "other modules": odd,
    }


def fvcore_counts(config: GoogLeNetConfig) -> dict[str, int]:
    """The same, counted by fvcore on the built network."""
    from fvcore.nn import FlopCountAnalysis

    class WithHeads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = GoogLeNet(config)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(logits for logits in self.network(x, heads=True) if logits is not None)

    logging.disable(logging.WARNING)
    model = WithHeads().eval()
    counted = FlopCountAnalysis(model, torch.zeros(1, 3, config.input_size, config.input_size))
    counted.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    macs = counted.by_operator()["conv"] + counted.by_operator()["linear"]
    return {"parameters": sum(p.numel() for p in model.parameters()), "macs": int(macs)}


def from_config(options: argparse.Namespace) -> Iterator[Row]:
    """How much sooner the config says what can be measured on the built network."""
    plain = GoogLeNetConfig.paper(norm="none")
    seen, support = seen_widths(plain), gradient_support(plain)
    apart = sum(abs(seen[step] - support[step]) for step in seen)
    yield Row("receptive fields − the gradients' support", apart, "px", "≤ 0", f"{len(seen)} steps")
    functions: Functions = {
        "fields": partial(receptive_fields, plain),
        "support": partial(gradient_support, plain),
        "cost": lambda: totals(layers(plain)),
    }
    if FVCORE:
        functions["fvcore"] = partial(fvcore_counts, plain)
    taken = interleaved(functions, max(options.slow_rounds // 3, 1))
    yield beside("receptive fields: gradient support / ours", taken, "support", "fields", "≥ 100")
    if FVCORE:
        name = "parameters and MACs: fvcore, built / ours"
        yield beside(name, taken, "fvcore", "cost", "≥ 10")


def gradient_support(config: GoogLeNetConfig) -> dict[str, int]:
    """Step → width of what reaches a unit in the middle: by one gradient a step."""
    network = GoogLeNet(config).eval()
    for layer in list(network.modules()):
        for name, child in layer.named_children():
            if isinstance(child, nn.MaxPool2d):  # or only the largest value would count
                size, pad = child.kernel_size, child.padding
                setattr(layer, name, nn.AvgPool2d(size, child.stride, pad, ceil_mode=True))
            if isinstance(child, nn.Conv2d):
                nn.init.constant_(child.weight, 0.01)
    x = torch.ones(1, 3, config.input_size, config.input_size, requires_grad=True)
    out, widths = x, {}
    for name, step in network.trunk.items():
        out = step(out)
        middle = out.shape[-1] // 2
        (gradient,) = torch.autograd.grad(out[0, :, middle, middle].sum(), x, retain_graph=True)
        widths[name] = int(gradient[0].abs().sum((0, 1)).count_nonzero())
    return widths


def seen_widths(config: GoogLeNetConfig) -> dict[str, int]:
    """The same from our receptive fields: each cut off at the picture's edges."""
    fields, widths = receptive_fields(config), {}
    for name in GoogLeNet(config).trunk:
        middle = config.input_size // fields[name].stride // 2
        left, _, right, _ = fields[name].box(middle, middle)
        widths[name] = int(min(right, config.input_size) - max(left, 0))
    return widths


def _macs(config: GoogLeNetConfig) -> int:
    return totals(at_inference(layers(config))).macs


def _pictures(count: int, side: int) -> torch.Tensor:
    return torch.randn(count, 3, side, side).contiguous(memory_format=torch.channels_last)


if __name__ == "__main__":
    subjects = {"forwards": forwards, "growth": growth, "counts": counts, "config": from_config}
    measure(__doc__, subjects, rounds=60, slow_rounds=9, write=False)

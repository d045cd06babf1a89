"""What we know from a config alone, beside measuring it on a network that is built.

    pip install -r requirements-bench.txt
    python benchmarks/architecture.py            # counts of six architectures, and speed
    python benchmarks/architecture.py --write    # and keep fvcore's counts for the tests

Claims: parameters and MACs equal fvcore's, and take a tenth of the time; receptive fields equal the
support of gradients, and take a hundredth. Without fvcore, its rows are left out.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from torch import nn

from benchmarks.harness import ROOT, Functions, Row, beside, interleaved, measure
from inception_viz.config import GoogLeNetConfig
from inception_viz.cost import layers, totals
from inception_viz.network import GoogLeNet
from inception_viz.receptive_field import receptive_fields

GOLDEN = ROOT / "tests" / "data" / "fvcore_counts.json"
FVCORE = find_spec("fvcore") is not None


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
        GOLDEN.parent.mkdir(exist_ok=True)
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
    size = config.input_size
    counted = FlopCountAnalysis(model, torch.zeros(1, 3, size, size))
    counted.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    by_operator = counted.by_operator()
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "macs": int(by_operator["conv"] + by_operator["linear"]),
    }


def speed(options: argparse.Namespace) -> Iterator[Row]:
    """How much sooner the config says it."""
    config = GoogLeNetConfig.paper(norm="none")
    seen, support = seen_widths(config), gradient_support(config)
    apart = sum(abs(seen[step] - support[step]) for step in seen)
    yield Row("receptive fields − the gradients' support", apart, "px", "≤ 0", f"{len(seen)} steps")
    functions: Functions = {
        "fields": partial(receptive_fields, config),
        "support": partial(gradient_support, config),
        "cost": lambda: totals(layers(config)),
    }
    if FVCORE:
        functions["fvcore"] = partial(fvcore_counts, config)
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


if __name__ == "__main__":
    measure(__doc__, {"counts": counts, "speed": speed}, slow_rounds=9, write=False)

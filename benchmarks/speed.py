"""One table: how fast the library is, beside what others would use, all in the same run.

    pip install -r requirements-bench.txt
    OMP_NUM_THREADS=2 python benchmarks/speed.py

Everything is interleaved; a ratio is the median of the rounds' ratios. The machine's floor is what
the network's multiply-accumulates would take as matrix products of 1024 × 1024 × 1024, measured
between the forwards. Products hardly exchange data between cores, but a forward does: where two
cores share no cache, it takes a quarter longer and the floor doesn't. The row about the cores says
which it was: below 4, or above 5; a virtual machine may be moved at any time. A trace alternates
with the same forward unrecorded. Explanations start from a trace; the peers get the same folded
network, with gradients behind the stem alone (benchmarks/explain.py says how, and counts the
trace's forward as ours, too). Peers that aren't installed are left out, and said.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from torch import nn

import inception_viz as iv
import inception_viz.torchvision_on_cpu
from benchmarks.capture import torchvision_pair
from benchmarks.cost import fvcore_counts
from benchmarks.explain import PHOTO, Peers, results_agree
from benchmarks.rows import Row, show
from benchmarks.timing import Times, interleaved, ratio
from inception_viz import trace as tracing
from inception_viz.architecture import cost
from inception_viz.architecture.config import (
    STAGES,
    GoogLeNetConfig,
    ModuleRow,
    StemConfig,
)
from inception_viz.architecture.receptive_field import receptive_fields
from inception_viz.network.folding import fold_batch_norm
from inception_viz.network.googlenet import GoogLeNet

SIDE = 1024  # of the matrices whose product is the machine's floor
BATCHES = (1, 2, 4, 8, 16, 32, 64)
PIXELS = (224, 320, 448, 640, 1024)
WIDTHS = (0.25, 0.5, 1.0, 2.0)
Functions = dict[str, Callable[[], object]]


def measured(rounds: int = 60, slow_rounds: int = 9) -> list[Row]:
    """Every row; ``rounds`` of what takes milliseconds, ``slow_rounds`` of what takes longer."""
    missing = [name for name in ("pytorch_grad_cam", "fvcore") if find_spec(name) is None]
    classifier = iv.load("imagenette")
    trace = classifier.trace(PHOTO)
    peers = Peers(classifier.inference_network, trace.input, trace.top_classes(1)[0][0])
    if "pytorch_grad_cam" not in missing and not results_agree(
        classifier, trace, peers.target, peers
    ):
        sys.exit("Our results and the peers' differ, so their times mean nothing.")
    print(
        f"\n{classifier.title}, {PHOTO.name}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads "
        f"(OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')}) of {os.cpu_count()} "
        f"cores, load {os.getloadavg()[0]:.1f}"
    )
    if missing:
        print(f"Not installed, so not compared with: {', '.join(missing)}.")
    return [
        *forwards(classifier, trace, rounds),
        *explanations(classifier, trace, peers, missing, slow_rounds),
        *from_the_config(missing, slow_rounds),
        *growth(classifier, slow_rounds),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=60, help="of what takes milliseconds")
    parser.add_argument("--slow-rounds", type=int, default=9, help="of what takes longer")
    options = parser.parse_args()
    sys.exit(bool(show(measured(options.rounds, options.slow_rounds))))


def forwards(classifier: iv.Classifier, trace: iv.Trace, rounds: int) -> list[Row]:
    """The network itself, beside the machine's floor and torchvision's."""
    network, x = classifier.inference_network, trace.input
    theirs, loaded = torchvision_pair()
    same, plain = fold_batch_norm(loaded), x.contiguous()  # each in the layout it likes
    matrix = torch.randn(SIDE, SIDE)
    functions: Functions = {
        "product": lambda: matrix @ matrix,
        "forward": lambda: network(x),
        "same in ours": lambda: same(x),
        "torchvision": lambda: theirs(plain),
        **exchanges(),
    }
    recorded: Functions = {
        "with heads": lambda: network(x, heads=True),
        "trace": lambda: tracing.run(network, x),
    }
    with torch.no_grad():
        taken = interleaved(functions, rounds) | interleaved(recorded, 3 * rounds)
    macs = cost.totals(cost.at_inference(cost.layers(classifier.config))).macs
    floor = [seconds * macs / SIDE**3 for seconds in taken["product"]]
    rate = SIDE**3 / median(taken["product"])
    return [
        _row("cores: each other's data / their own", taken, "other's data", "own data", ""),
        Row(
            f"forward / the machine's floor ({rate / 1e9:.0f} GMAC/s)",
            _two(median(taken["forward"]), median(floor)),
            ratio(taken["forward"], floor),
            "≤ 1.6",
        ),
        _row("forward / torchvision's googlenet", taken, "same in ours", "torchvision", "≤ 0.9"),
        _row("trace / forward with the same heads", taken, "trace", "with heads", "≤ 1.03"),
    ]


def exchanges() -> Functions:
    """Two threads turn 0.8 MB around 40 times: each its own half, or the one the other wrote."""

    def turned(dimension: int) -> object:
        halves = torch.ones(2, 100_000)
        for _ in range(40):
            halves = halves.flip(dimension)
        return halves

    return {"own data": partial(turned, 1), "other's data": partial(turned, 0)}


def explanations(
    classifier: iv.Classifier, trace: iv.Trace, peers: Peers, missing: list[str], rounds: int
) -> list[Row]:
    """From a trace, beside the same questions put to others."""
    ours = partial(iv.contributions, classifier, trace, peers.target)
    cams = partial(iv.grad_cam, classifier, trace, peers.target)
    quick: Functions = {
        "cams": cams,
        "captum": peers.captum_grad_cam,
        "large cams": lambda: list(cams().values()),
        "ablation": partial(ours, "ablation"),
        "36 hooked": peers.ablation,
    }
    rows = []
    if "pytorch_grad_cam" not in missing:
        quick["grad-cam"] = partial(peers.pytorch_grad_cam, peers.model)
    taken = interleaved(quick, rounds)
    rows.append(_row("Grad-CAM of 9 modules: captum / ours", taken, "captum", "cams", "≥ 5"))
    if "grad-cam" in taken:
        name = "Grad-CAM of 9 modules: pytorch-grad-cam / ours"
        rows.append(_row(name, taken, "grad-cam", "large cams", "≥ 8"))
    name = "ablation of 36 branches: hooked forwards / ours"
    rows.append(_row(name, taken, "36 hooked", "ablation", "≥ 3.5"))
    slow: Functions = {"ours": partial(ours, "shapley"), "all coalitions": peers.shapley}
    taken = interleaved(slow, max(rounds // 3, 1))
    name = "exact Shapley: 144 hooked forwards / ours"
    return [*rows, _row(name, taken, "all coalitions", "ours", "≥ 3.5")]


def from_the_config(missing: list[str], rounds: int) -> list[Row]:
    """What ours knows without a network, beside measuring it on one."""
    config = GoogLeNetConfig.paper(norm="none")
    if gradient_support(config) != seen_widths(config):
        sys.exit("Our receptive fields and the gradients' support differ.")
    functions: Functions = {
        "fields": partial(receptive_fields, config),
        "support": partial(gradient_support, config),
        "cost": lambda: cost.totals(cost.layers(config)),
    }
    if "fvcore" not in missing:
        functions["fvcore"] = partial(fvcore_counts, config)
    taken = interleaved(functions, max(rounds // 3, 1))
    name = "receptive fields: gradient support / ours"
    rows = [_row(name, taken, "support", "fields", "≥ 100")]
    if "fvcore" in taken:
        name = "parameters and MACs: fvcore, built / ours"
        rows.append(_row(name, taken, "fvcore", "cost", "≥ 10"))
    return rows


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


def growth(classifier: iv.Classifier, rounds: int) -> list[Row]:
    """How time grows with pictures, their size, and the network's width; 1 is in proportion."""
    network, size = classifier.inference_network, classifier.config.input_size
    networks = {f"width × {factor:g}": _network(classifier.config, factor) for factor in WIDTHS}
    work: dict[str, tuple[GoogLeNet, torch.Tensor, float]] = {
        f"batch of {n}": (network, _pictures(n, size), n) for n in BATCHES
    }
    for side in PIXELS:  # each with a network of its own, which is packed for that size
        own = fold_batch_norm(classifier.network)
        work[f"{side} px"] = own, _pictures(1, side), (side / size) ** 2
    macs = {name: _macs(one.config) for name, one in networks.items()}
    work |= {
        name: (one, _pictures(1, size), macs[name] / macs["width × 1"])
        for name, one in networks.items()
    }
    functions: Functions = {name: partial(one, x) for name, (one, x, _) in work.items()}
    with torch.no_grad():
        taken = interleaved(functions, rounds)
    firsts = {"batch of": "batch of 1", "px": f"{size} px", "width": "width × 1"}
    claims = {"batch of 64": "≤ 1.1", "1024 px": "≤ 1.25", "width × 2": "≤ 1.1"}
    rows = []
    for name, (_, _, amount) in work.items():
        first = taken[next(one for kind, one in firsts.items() if kind in name)]
        seconds = median(taken[name])
        figures = f"{1000 * seconds:8.1f} ms"
        figures += (
            f" {amount / seconds:7.1f} images/s"
            if "batch" in name
            else f" {amount:6.2f} × the work"
        )
        share = ratio(taken[name], [amount * value for value in first])
        rows.append(Row(f"{name}: time / in proportion", figures, share, claims.get(name, "")))
    return rows


def _network(config: GoogLeNetConfig, factor: float) -> GoogLeNet:
    """A random network whose stem and modules are ``factor`` as wide."""

    def scaled(count: int) -> int:
        return max(round(count * factor), 1)

    def row(r: ModuleRow) -> ModuleRow:
        counts = (r.f_1x1, r.f_3x3_r, r.f_3x3, r.f_5x5_r, r.f_5x5, r.f_pp or 0)
        return ModuleRow(*map(scaled, counts))

    stem = config.stem
    changes = {f"stage{s}": tuple(map(row, getattr(config, f"stage{s}"))) for s in STAGES}
    wide = StemConfig(*map(scaled, (stem.conv1, stem.conv2_reduce, stem.conv2)))
    network = GoogLeNet(replace(config, stem=wide, **changes))  # type: ignore[arg-type]
    network.initialise(0)
    return fold_batch_norm(network)


def _macs(config: GoogLeNetConfig) -> int:
    return cost.totals(cost.at_inference(cost.layers(config))).macs


def _pictures(count: int, side: int) -> torch.Tensor:
    return torch.randn(count, 3, side, side).contiguous(memory_format=torch.channels_last)


def _row(what: str, taken: Times, over: str, under: str, claim: str) -> Row:
    figures = _two(median(taken[over]), median(taken[under]))
    return Row(what, figures, ratio(taken[over], taken[under]), claim)


def _two(over: float, under: float) -> str:
    digits = 3 if min(over, under) < 1e-3 else 1
    return f"{1000 * over:8.1f} / {1000 * under:.{digits}f} ms"


if __name__ == "__main__":
    main()

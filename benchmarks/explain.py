"""What explanations cost, in plain forwards, beside pytorch-grad-cam, captum and hooked forwards.

    pip install -r requirements-bench.txt
    python benchmarks/explain.py

A plain forward is ``network(x)`` without gradients, batch 1. Everything is timed in turns, on the
same photo and the same network: batch norms folded, parameters frozen, channels last. The peers get
it at its best: gradients start behind the stem, as ours do. Our explanations start from a trace,
which one forward has recorded; theirs from the picture. Ratios with that forward counted as ours
are printed, too. captum's maps are compared at map size, pytorch-grad-cam's at input size; without
pytorch-grad-cam, its rows are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

import inception_viz as iv
import inception_viz.torchvision_on_cpu  # before torchvision
from benchmarks.harness import SAMPLES, Functions, Row, both, interleaved, measure, ratio
from inception_viz import channel_scores, gradients
from inception_viz.network import GoogLeNet
from inception_viz.trace import run as run_recorded

GRAD_CAM = find_spec("pytorch_grad_cam") is not None
FORWARDS = 10  # plain ones timed at once, for a steady unit
COSTS = {  # claims, in plain forwards
    "Shapley values": "≤ 40",
    "gradient × activation": "≤ 2.5",
    "flow": "≤ 3",
}
# What is compared, whose time, by which of ours, the claim.
_AT_SIZE, _AT_MAP = "  pytorch-grad-cam, nine calls", "  captum, nine calls"
_HOOKED = "  36 hooked forwards, one at a time"
RATIOS = (
    ("Grad-CAM: pytorch-grad-cam / ours", _AT_SIZE, ("large Grad-CAM",), "≥ 8"),
    ("Grad-CAM: captum / ours", _AT_MAP, ("Grad-CAM",), "≥ 5"),
    ("ablation: hooked forwards / ours", _HOOKED, ("ablation",), "≥ 3.5"),
    ("sweep: hooked forwards / ours", _HOOKED, ("sweep",), "≥ 3.5"),
    ("Shapley: hooked forwards / ours", "  144 hooked forwards", ("Shapley values",), "≥ 3.5"),
    ("Grad-CAM and trace: pytorch-grad-cam / ours", _AT_SIZE, ("trace, large Grad-CAM",), ""),
    ("Grad-CAM and trace: captum / ours", _AT_MAP, ("trace, Grad-CAM",), ""),
    ("ablation and trace: hooked forwards / ours", _HOOKED, ("ablation", "trace"), ""),
)


class Head(nn.Module):
    """Picture → logits, with gradients behind the stem only, or down to the pixels."""

    def __init__(self, network: GoogLeNet, *, to_pixels: bool) -> None:
        super().__init__()
        self.network, self.to_pixels = network, to_pixels

    def forward(self, x: Tensor) -> Tensor:
        if self.to_pixels:
            return self.network(x).main  # type: ignore[no-any-return]
        with torch.no_grad():
            *_, (_, stem) = self.network.walk(x, upto="pool2")
        stem = stem.detach().requires_grad_(torch.is_grad_enabled())
        *_, (_, output) = self.network.walk(stem, after="pool2")
        return self.network.classify(output)


class Peers:
    """The same questions, put to others."""

    def __init__(self, network: GoogLeNet, x: Tensor, target: int) -> None:
        self.network, self.x, self.target = network, x, target
        self.model = Head(network, to_pixels=False)
        self.modules = network.modules_by_name

    def forwards(self) -> None:
        for _ in range(FORWARDS):
            with torch.no_grad():
                self.network(self.x)

    def pytorch_grad_cam(self, *, to_pixels: bool = False) -> dict[str, np.ndarray]:
        """Module → map at input size, 0 to 1."""
        model = Head(self.network, to_pixels=True) if to_pixels else self.model
        x = self.x.clone().requires_grad_(to_pixels)
        return {name: self._grad_cam(model, x, [layer]) for name, layer in self.modules.items()}

    def pytorch_grad_cam_mean(self) -> np.ndarray:
        """The mean of all modules' maps: what one call with nine modules returns."""
        return self._grad_cam(self.model, self.x.clone(), list(self.modules.values()))

    def _grad_cam(self, model: nn.Module, x: Tensor, layers: list[nn.Module]) -> np.ndarray:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        with GradCAM(model, layers) as cam:
            found: np.ndarray = cam(x, targets=[ClassifierOutputTarget(self.target)])[0]
        return found

    def captum_grad_cam(self) -> dict[str, np.ndarray]:
        """Module → map at map size, after ReLU."""
        from captum.attr import LayerGradCam

        return {
            name: LayerGradCam(self.model, layer)
            .attribute(self.x, self.target, relu_attributions=True)[0, 0]
            .detach()
            .numpy()
            for name, layer in self.modules.items()
        }

    def captum_gradient_x_activation(self, *, at_once: bool = False) -> list[float]:
        """One score a branch, in one call a module or in one for all."""
        from captum.attr import LayerGradientXActivation as Explainer

        layers = list(self.modules.values())
        if at_once:
            found = Explainer(self.model, layers).attribute(self.x, self.target)
        else:
            found = [Explainer(self.model, one).attribute(self.x, self.target) for one in layers]
        return [
            float(part.detach().double().sum())
            for module, whole in zip(layers, found, strict=True)
            for part in module.split(whole).values()
        ]

    def worths(self, module: str, coalitions: list[int], *, at_once: bool = False) -> list[float]:
        """The target when only the branches of the set bits are there, by whole forwards."""
        layer = self.modules[module]
        bits = [[float(k >> i & 1) for i in range(len(layer.widths))] for k in coalitions]
        channels = torch.tensor(bits).repeat_interleave(torch.tensor([*layer.widths.values()]), 1)
        masks = channels[:, :, None, None]
        parts = [masks] if at_once else torch.split(masks, 1)
        return [value for part in parts for value in self._hooked(layer, part)]

    def _hooked(self, layer: nn.Module, masks: Tensor) -> list[float]:
        """The target when a layer's output is multiplied by each mask."""
        hook = layer.register_forward_hook(lambda _m, _i, output: output * masks)
        try:
            with torch.no_grad():
                x = self.x.repeat(len(masks), 1, 1, 1)
                logits = self.network(x.contiguous(memory_format=torch.channels_last)).main
        finally:
            hook.remove()
        return logits[:, self.target].tolist()  # type: ignore[no-any-return]

    def ablation(self, *, at_once: bool = False) -> list[float]:
        """The target without each branch."""
        found: list[float] = []
        for name, module in self.modules.items():
            everything = 2 ** len(module.widths) - 1
            without = [everything & ~(1 << i) for i in range(len(module.widths))]
            found += self.worths(name, without, at_once=at_once)
        return found

    def shapley(self) -> list[float]:
        """The mean of what each branch adds, over all orders in which they can come."""
        values = []
        for name, module in self.modules.items():
            players = len(module.widths)
            worth = self.worths(name, list(range(2**players)))
            orders = list(permutations(range(players)))
            total = np.zeros(players)
            for order in orders:
                present = 0
                for i in order:
                    total[i] += worth[present | 1 << i] - worth[present]
                    present |= 1 << i
            values += (total / len(orders)).tolist()
        return values


def measured(options: argparse.Namespace) -> Iterator[Row]:
    """Whether the peers' results are ours, and what everybody's cost."""
    if not GRAD_CAM:
        print("pytorch-grad-cam isn't installed, so nothing is compared with it.")
    classifier = iv.load(options.weights)
    trace = classifier.trace(SAMPLES / "goldfish.jpg")
    peers = Peers(classifier.inference_network, trace.input, trace.top_classes(1)[0][0])
    yield from agreement(classifier, trace, peers)
    for functions, rounds in (
        (quick(classifier, trace, peers), options.slow_rounds),
        (slow(classifier, trace, peers), max(options.slow_rounds // 3, 1)),
    ):
        taken = interleaved({"plain": peers.forwards} | functions, rounds)
        plain = [value / FORWARDS for value in taken["plain"]]
        yield Row("plain forward", 1000 * median(plain), "ms", "", f"{rounds} rounds")
        for name in functions:
            cost, figures = ratio(taken[name], plain), f"{1000 * median(taken[name]):.1f} ms"
            yield Row(name, cost, "forwards", COSTS.get(name, ""), figures)
        for what, over, under, claim in RATIOS:
            if {over, *under} <= taken.keys():
                ours = [sum(parts) for parts in zip(*(taken[n] for n in under), strict=True)]
                figures = both(median(taken[over]), median(ours))
                yield Row(what, ratio(taken[over], ours), "", claim, figures)


def quick(classifier: iv.Classifier, trace: iv.Trace, peers: Peers) -> Functions:
    """What takes up to a second or two."""
    target = peers.target
    ours = partial(iv.contributions, classifier, trace, target)
    cams = partial(iv.grad_cam, classifier, trace, target)
    record = partial(run_recorded, peers.network, peers.x)

    slopes_of_all = partial(gradients, classifier, trace, target)
    slopes = partial(ours, "gradient_x_activation")
    flowing = iv.flow(classifier, trace, target)
    other = classifier.trace(SAMPLES / "cat.jpg")

    def large_cams() -> object:
        return list(cams().values())

    def recorded(explain: Callable[[], object]) -> Callable[[], object]:
        return lambda: (record(), explain())

    functions: Functions = {
        "trace": record,
        "Grad-CAM": cams,
        "large Grad-CAM": large_cams,
        "trace, Grad-CAM": recorded(cams),
        "trace, large Grad-CAM": recorded(large_cams),
        _AT_MAP: peers.captum_grad_cam,
        _AT_SIZE: peers.pytorch_grad_cam,
        "  pytorch-grad-cam, down to the pixels": partial(peers.pytorch_grad_cam, to_pixels=True),
        "  pytorch-grad-cam, one call: mean map only": peers.pytorch_grad_cam_mean,
        "gradient × activation": slopes,
        "trace, gradient × activation": recorded(slopes),
        "  captum, a call a module": peers.captum_gradient_x_activation,
        "  captum, one call": partial(peers.captum_gradient_x_activation, at_once=True),
        "flow": partial(iv.flow, classifier, trace, target),
        "flow, channels of 4c/5x5 to 4d/3x3": partial(flowing.channels, "4c/5x5", "4d/3x3"),
        "interchange 4c/5x5": partial(iv.interchange, classifier, trace, other, ["4c/5x5"]),
        "channel scores of 4c": lambda: channel_scores(trace, slopes_of_all(), "4c"),
        "mute 3a/1x1": partial(iv.mute, classifier, trace, ["3a/1x1"]),
        "mute 4c/5x5": partial(iv.mute, classifier, trace, ["4c/5x5"]),
        "mute 5b/pool": partial(iv.mute, classifier, trace, ["5b/pool"]),
        "ablation": partial(ours, "ablation"),
        "sweep": partial(iv.sweep, classifier, trace, target),
        _HOOKED: peers.ablation,
        "  36 hooked forwards, four at a time": partial(peers.ablation, at_once=True),
    }
    return {n: f for n, f in functions.items() if GRAD_CAM or "pytorch-grad-cam" not in n}


def slow(classifier: iv.Classifier, trace: iv.Trace, peers: Peers) -> Functions:
    """What takes seconds."""
    ours = partial(iv.contributions, classifier, trace, peers.target)
    return {
        "Shapley values": partial(ours, "shapley"),
        "  144 hooked forwards": peers.shapley,
        "integrated gradients, 48 steps (captum)": partial(ours, "integrated_gradients"),
        "carrying set": partial(
            iv.carrying_set, classifier, trace, classifier.trace(SAMPLES / "cat.jpg")
        ),
    }


def agreement(classifier: iv.Classifier, trace: iv.Trace, peers: Peers) -> Iterator[Row]:
    """How far our results and the peers' are apart, or the times would mean nothing."""
    target = peers.target
    cams = iv.grad_cam(classifier, trace, target)
    without = [float(trace.logits[target]) - value for value in peers.ablation()]
    swept = [-row.change for row in iv.sweep(classifier, trace, target).rows]

    def scores(method: str) -> np.ndarray:
        values = iv.contributions(classifier, trace, target, method).values
        return np.asarray(values[~np.isnan(values)])

    captum = peers.captum_grad_cam()
    pairs: dict[str, list[tuple[ArrayLike, ArrayLike]]] = {
        "Grad-CAM, captum": [(np.clip(cams.raw(n), 0, None), captum[n]) for n in captum],
        "gradient × activation, captum": [
            (scores("gradient_x_activation"), peers.captum_gradient_x_activation())
        ],
        "ablation, 36 hooked forwards": [(scores("ablation"), without)],
        "sweep, 36 hooked forwards": [(swept, without)],
        "Shapley values, 144 hooked forwards": [(scores("shapley"), peers.shapley())],
    }
    if GRAD_CAM:
        theirs = peers.pytorch_grad_cam()
        pairs["Grad-CAM, pytorch-grad-cam"] = [(spread(cams[n]), theirs[n]) for n in theirs]
    for name, compared in pairs.items():
        apart = max(difference(np.asarray(a), np.asarray(b)) for a, b in compared)
        yield Row(f"largest difference: {name}", apart, "", "≤ 1e-4", "of the largest value")
    gap = iv.flow(classifier, trace, target).relative_gap
    yield Row("largest gap of a flow's sums", gap, "", "≤ 1e-3", "of the largest branch")


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest, as a part of the largest value."""
    return float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-12))


def spread(values: np.ndarray) -> np.ndarray:
    """Stretched over 0 to 1, as pytorch-grad-cam hands its maps out."""
    low, high = values.min(), values.max()
    stretched: np.ndarray = (values - low) / max(high - low, 1e-7)
    return stretched


if __name__ == "__main__":
    measure(__doc__, {"explanations": measured}, weights="imagenette", slow_rounds=15)

"""Families: Google's "inception5h", the InceptionV1 of Lucid and of Distill's articles.

One network under three sets of names: its TensorFlow graph, and the PyTorch ports of Lucent and
Captum. Its normalisation has constants of its own (radius 5, bias 2, alpha 1e-4, beta 0.5 in
TensorFlow, which does not divide alpha by the size), its padding is TensorFlow's, and two layers
have other widths than the paper's table: 204 in 4a, 48 in 5a.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources

from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.local_response import LrnConfig
from inception_viz.pictures.preprocessing import Preprocessing
from inception_viz.sources.family import Family, Known
from inception_viz.sources.stored import State

INPUT = Preprocessing(mean=(117.0, 117.0, 117.0), scale=1.0)
CLASSES = 1008
LRN = LrnConfig(size=11, alpha=11e-4, beta=0.5, k=2.0)
_NOTE = (
    "Of its 1,008 classes 1,000 are ImageNet's, in the order of the challenge's development kit; "
    "the first and the last seven were never used."
)

_STEM = {"conv2d0": "conv1", "conv2d1": "conv2_reduce", "conv2d2": "conv2"}
_MODULE = {
    "1x1": "1x1.conv",
    "3x3_bottleneck": "3x3.reduce",
    "3x3": "3x3.conv",
    "5x5_bottleneck": "5x5.reduce",
    "5x5": "5x5.conv",
    "pool_reduce": "pool.project",
}
_LINEAR = {
    "head0_bottleneck": "aux.aux1.conv.conv",
    "nn0": "aux.aux1.fc",
    "softmax0": "aux.aux1.classifier",
    "head1_bottleneck": "aux.aux2.conv.conv",
    "nn1": "aux.aux2.fc",
    "softmax1": "aux.aux2.classifier",
    "softmax2": "classifier",
}


def _layer(name: str) -> str | None:
    if name in _STEM:
        return f"trunk.{_STEM[name]}.conv"
    if match := re.match(r"mixed([345][a-z])_(\w+)$", name):
        ours = _MODULE.get(match[2])
        return ours and f"trunk.{match[1]}.branches.{ours}.conv"
    return _LINEAR.get(name)


def _base(_state: Mapping[str, Tensor]) -> GoogLeNetConfig:
    return GoogLeNetConfig.paper(lrn=LRN, padding="same")


def _known(classes: int) -> Known:
    if classes == CLASSES:
        return Known(INPUT, inception5h_labels(), (_NOTE,), certain=True)
    return Known(INPUT)


@cache
def inception5h_labels() -> tuple[str, ...]:
    """The 1,008 names (the order of imagenet_comp_graph_label_strings.txt, in the same archive)."""
    file = resources.files("inception_viz.sources").joinpath("inception5h_labels.json")
    names = json.loads(file.read_text("utf-8"))
    return (*names, *(f"unused {index}" for index in range(len(names), CLASSES)))


def _from_graph(state: State) -> State:
    """TensorFlow's order of dimensions into PyTorch's: HWIO → OIHW, (in, out) → (out, in).

    A head's hidden layer reads 4 × 4 × 128 values, channels last; in PyTorch they come first.
    """
    found: State = {}
    for name, value in state.items():
        layer, _, kind = name.rpartition("_")
        if _layer(layer) is None or kind not in ("w", "b"):
            found[name] = value
        elif kind == "b":
            found[f"{layer}.bias"] = value
        elif value.dim() == 4:
            found[f"{layer}.weight"] = value.permute(3, 2, 0, 1)
        elif value.dim() == 2:
            channels = _channels(state, layer)
            side = int((len(value) / channels) ** 0.5) if channels else 0
            if side > 1 and side * side * channels == len(value):
                value = value.reshape(side, side, channels, -1).permute(2, 0, 1, 3).flatten(0, 2)
            found[f"{layer}.weight"] = value.t()
        else:
            found[f"{layer}.weight"] = value
    return found


def _channels(state: State, layer: str) -> int:
    """Channels of the maps that a head's hidden layer reads; 0 for other layers."""
    kernel = state.get(f"head{layer[2:]}_bottleneck_w") if layer in ("nn0", "nn1") else None
    return kernel.shape[-1] if kernel is not None and kernel.dim() == 4 else 0


def _from_lucent(state: State) -> State:
    ends = re.compile(r"_pre_(relu_conv|activation_matmul)(?=\.)")
    return {ends.sub("", name): value for name, value in state.items()}


_CAPTUM = {
    "conv1": "conv2d0",
    "conv2": "conv2d1",
    "conv3": "conv2d2",
    "fc": "softmax2",
    "conv_1x1": "1x1",
    "conv_3x3_reduce": "3x3_bottleneck",
    "conv_3x3": "3x3",
    "conv_5x5_reduce": "5x5_bottleneck",
    "conv_5x5": "5x5",
    "pool_proj": "pool_reduce",
    "aux1.conv": "head0_bottleneck",
    "aux1.fc1": "nn0",
    "aux1.fc2": "softmax0",
    "aux2.conv": "head1_bottleneck",
    "aux2.fc1": "nn1",
    "aux2.fc2": "softmax1",
}


def _from_captum(state: State) -> State:
    found = {}
    for name, value in state.items():
        layer, _, kind = name.rpartition(".")
        module, _, part = layer.partition(".")
        if layer in _CAPTUM:
            layer = _CAPTUM[layer]
        elif module.startswith("mixed") and part in _CAPTUM:
            layer = f"{module}_{_CAPTUM[part]}"
        found[f"{layer}.{kind}"] = value
    return found


FAMILY = Family(
    marker="mixed3a_1x1_w",
    layer=_layer,
    belongs=re.compile(r"(conv2d\d|mixed\d|head\d|nn\d|softmax\d)"),
    base=_base,
    known=_known,
    converted=_from_graph,
)
LUCENT = replace(FAMILY, marker="mixed3a_1x1_pre_relu_conv.weight", converted=_from_lucent)
CAPTUM = replace(FAMILY, marker="mixed3a.conv_1x1.weight", converted=_from_captum)

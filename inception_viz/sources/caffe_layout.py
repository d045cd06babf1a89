"""Families: the layer names of BVLC's GoogLeNet, in a ``.caffemodel`` and in the ONNX zoo."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources

from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.pictures.preprocessing import CAFFE, Preprocessing
from inception_viz.sources.family import Family, Known
from inception_viz.sources.labels import imagenet_labels
from inception_viz.sources.stored import State

PLACES_CLASSES = 365
PLACES = Preprocessing(mean=(104.0437, 112.6004, 116.7894), scale=1.0, channels="BGR")
ZOO_MEAN = Preprocessing(mean=(103.939, 116.779, 123.68), scale=1.0, channels="BGR")

BATCH_NORM_EPS = 1e-5  # Caffe's default

_STEM = {
    "conv1/7x7_s2": "conv1.conv",
    "conv2/3x3_reduce": "conv2_reduce.conv",
    "conv2/3x3": "conv2.conv",
}
_MODULE = {
    "1x1": "1x1.conv",
    "3x3_reduce": "3x3.reduce",
    "3x3": "3x3.conv",
    "5x5_reduce": "5x5.reduce",
    "5x5": "5x5.conv",
    "pool_proj": "pool.project",
}
_HEADS = {"loss1": "aux1", "loss2": "aux2"}
_HEAD = {"conv": "conv.conv", "fc": "fc", "classifier": "classifier"}


def _layer(name: str) -> str | None:
    if name in _STEM:
        return f"trunk.{_STEM[name]}"
    if match := re.match(r"inception_([345][a-z])/(\w+)$", name):
        ours = _MODULE.get(match[2])
        return ours and f"trunk.{match[1]}.branches.{ours}.conv"
    if match := re.match(r"(loss[12])/(\w+)$", name):
        return f"aux.{_HEADS[match[1]]}.{_HEAD[match[2]]}" if match[2] in _HEAD else None
    return "classifier" if name == "loss3/classifier" else None


def _base(_state: Mapping[str, Tensor]) -> GoogLeNetConfig:
    return GoogLeNetConfig.paper()


def _known(classes: int) -> Known:
    if classes == PLACES_CLASSES:
        note = (
            f"With {PLACES_CLASSES} classes it was taken for a network of Places365: its class "
            "names and its mean colour are used."
        )
        return Known(PLACES, places_labels(), (note,), certain=True)
    return Known(CAFFE, certain=classes == len(imagenet_labels()))


@cache
def places_labels() -> tuple[str, ...]:
    """The scenes of Places365 (categories_places365.txt, CC BY, Zhou et al. 2017), in order."""
    file = resources.files("inception_viz.sources").joinpath("places365_labels.json")
    return tuple(json.loads(file.read_text("utf-8")))


def _norms_folded(state: State) -> State:
    """Batch norms folded into the convolutions in front of them, which is exact.

    A BatchNorm layer holds sums of means and variances and a factor to divide both by; the Scale
    layer behind it, if there is one, holds what batch norm multiplies with and adds.
    """
    found = dict(state)
    for norm in [name.removesuffix(".2") for name in state if name.endswith(".2")]:
        conv = _owner(norm)
        parts = [state.get(f"{norm}.{kind}") for kind in ("weight", "bias", "2")]
        if conv is None or f"{conv}.weight" not in state or any(part is None for part in parts):
            continue
        kernel, bias = state[f"{conv}.weight"], state.get(f"{conv}.bias")
        mean, variance, factor = (part.flatten() for part in parts if part is not None)
        if not len(mean) == len(variance) == len(kernel) or len(factor) != 1 or not factor:
            continue
        scale = (variance / factor + BATCH_NORM_EPS).rsqrt()
        shift = ((0 if bias is None else bias.flatten()) - mean / factor) * scale
        behind = [
            name for name in state if _owner(name) == conv and "sc" in name.rpartition("/")[2]
        ]
        for name in behind:
            factors = found.pop(name).flatten()
            if name.endswith(".weight"):
                scale, shift = scale * factors, shift * factors
        for name in behind:
            if name.endswith(".bias"):
                shift = shift + state[name].flatten()
        found[f"{conv}.weight"] = kernel * scale.reshape(-1, *[1] * (kernel.dim() - 1))
        found[f"{conv}.bias"] = shift
        for kind in ("weight", "bias", "2"):
            del found[f"{norm}.{kind}"]
    return found


def _owner(name: str) -> str | None:
    """The convolution that a norm or a scale belongs to: "conv2/3x3" for "conv2/3x3/bn"."""
    parts = name.split("/")
    owners = ("/".join(parts[:end]) for end in range(len(parts) - 1, 0, -1))
    return next((owner for owner in owners if _layer(owner)), None)


def _notes(_config: GoogLeNetConfig, names: Collection[str]) -> tuple[str, ...]:
    if not any(name.endswith(".2") for name in names):
        return ()
    return (
        "Its batch norms were folded into the convolutions, which is exact. Whether it has local "
        "response norms besides, the file doesn't say; the paper's were assumed.",
    )


FAMILY = Family(
    marker="conv1/7x7_s2.weight",
    layer=_layer,
    belongs=re.compile(r"(conv\d|inception_\w+|loss[12]/(conv|fc)\b)"),
    base=_base,
    known=_known,
    usual=lambda layer: layer.endswith("classifier") or "loss3" in layer,
    converted=_norms_folded,
    notes=_notes,
)


def _from_zoo(state: State) -> State:
    """ "conv1/7x7_s2_w_0" → "conv1/7x7_s2.weight"."""
    ending = {"w": "weight", "b": "bias"}
    matches = {name: re.match(r"(.+)_([wb])_\d+$", name) for name in state}
    return {f"{m[1]}.{ending[m[2]]}" if m else name: state[name] for name, m in matches.items()}


ZOO = replace(
    FAMILY,
    marker="conv1/7x7_s2_w_0",
    converted=_from_zoo,
    known=lambda _classes: Known(ZOO_MEAN, certain=True),
)

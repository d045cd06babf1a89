"""Family: the names of ``torchvision.models.googlenet``.

That is what people have after fine-tuning torchvision's GoogLeNet: any number of classes, with or
without auxiliary heads. A much-copied network without batch norm has the same names; it has biases,
5×5 kernels and the paper's pools.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.network import torchvision_names
from inception_viz.pictures.preprocessing import TORCHVISION
from inception_viz.sources.family import Family, Known

_MODULE = re.compile(r"inception([345][a-z])\.(branch\d(?:\.\d)?)\.(conv|bn)$")
_STEM = re.compile(r"(conv[123])\.(conv|bn)$")
_HEAD = re.compile(r"(aux[12])\.(?:conv\.(conv|bn)|(fc[12]))$")
_PART = {"conv": "conv", "bn": "norm"}


def _layer(name: str) -> str | None:
    if match := _MODULE.match(name):
        ours = torchvision_names.LAYERS.get(match[2])
        return ours and f"trunk.{match[1]}.branches.{ours}.{_PART[match[3]]}"
    if match := _STEM.match(name):
        return f"trunk.{torchvision_names.STEM[match[1]]}.{_PART[match[2]]}"
    if match := _HEAD.match(name):
        head, part, linear = match.groups()
        return f"aux.{head}.conv.{_PART[part]}" if part else f"aux.{head}.{_LINEAR[linear]}"
    return "classifier" if name == "fc" else None


_LINEAR = {name: ours for name, ours in torchvision_names.HEAD.items() if name != "conv"}


def _base(state: Mapping[str, Tensor]) -> GoogLeNetConfig:
    if "trunk.conv1.norm.weight" in state:
        return GoogLeNetConfig.torchvision()
    return GoogLeNetConfig.paper(norm="none")


def _known(_classes: int) -> Known:
    return Known(TORCHVISION)


def _notes(config: GoogLeNetConfig, _names: Collection[str]) -> tuple[str, ...]:
    notes = ["Pictures are prepared as for torchvision's pretrained GoogLeNet."]
    if config.kernel_5x5 == "3":
        notes.append("Its 5×5 branch convolves with 3×3 kernels, as torchvision's does.")
    if config.norm == "none":
        notes.append("It has no batch norm; whether it normalised otherwise, the file doesn't say.")
    return tuple(notes)


FAMILY = Family(
    marker="inception3a.branch1.conv.weight",
    layer=_layer,
    belongs=re.compile(r"(conv\d|inception\w+|aux\d)\."),
    base=_base,
    known=_known,
    usual=lambda layer: layer.startswith("fc"),
    notes=_notes,
    heads_trained=False,
)

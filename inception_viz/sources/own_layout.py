"""Family: this project's own names, as in ``GoogLeNet(config).state_dict()``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.pictures.preprocessing import IMAGENET
from inception_viz.sources.family import Family, Known

_LAYER = re.compile(r"(trunk\.[\w.]+|aux\.aux[12]\.(conv\.(conv|norm)|fc|classifier)|classifier)$")


def _layer(name: str) -> str | None:
    return name if _LAYER.match(name) else None


def _base(_state: Mapping[str, Tensor]) -> GoogLeNetConfig:
    return GoogLeNetConfig.paper()


def _known(_classes: int) -> Known:
    note = (
        "Local response normalisation, pools, input size and preprocessing were taken from the "
        "paper; the file doesn't say them."
    )
    return Known(IMAGENET, notes=(note,))


FAMILY = Family(
    marker="trunk.conv1.conv.weight",
    layer=_layer,
    belongs=re.compile(r"trunk\.|aux\."),
    base=_base,
    known=_known,
)

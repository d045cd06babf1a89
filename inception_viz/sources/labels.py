"""The 1000 class names of ImageNet (ILSVRC 2012), in the order in which networks number them."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources


@cache
def imagenet_labels() -> tuple[str, ...]:
    """The names as in torchvision's metadata. Two names ("crane", "maillot") occur twice."""
    text = (
        resources.files("inception_viz.sources").joinpath("imagenet_labels.json").read_text("utf-8")
    )
    return tuple(json.loads(text))

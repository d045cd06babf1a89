"""The registry of weight sources. A new source is one file and one entry here."""

from __future__ import annotations

from inception_viz.sources import (
    bvlc,
    imagenette,
    inception5h,
    places365,
    random_weights,
    torchvision_weights,
)
from inception_viz.sources.base import Source

REGISTRY: dict[str, Source] = {
    source.id: source
    for source in (
        bvlc.SOURCE,
        imagenette.SOURCE,
        torchvision_weights.SOURCE,
        inception5h.SOURCE,
        places365.SOURCE,
        random_weights.SOURCE,
    )
}
"""Every source by its id, in the order in which the app looks for one to start on."""


def default_source() -> Source:
    """The first source that can be loaded without network; ``random`` always can."""
    return next(source for source in REGISTRY.values() if source.available())

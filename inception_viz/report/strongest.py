"""The strongest channel of every branch: where it fires, and what it looks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from inception_viz.classifier import Classifier
from inception_viz.explain.channels import strongest_channels
from inception_viz.features.atlas import atlas_of
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES
from inception_viz.figures.photo import jpeg, overlay
from inception_viz.trace import Trace


def strongest(classifier: Classifier, trace: Trace) -> dict[str, list[dict[str, Any]]]:
    """Module → a row a branch; empty where no picture of them was painted."""
    atlas = atlas_of(classifier)
    places = [replace(b, channel=c) for b, (c,) in strongest_channels(trace, 1).items()]
    tiles = {place: atlas.tile(place) for place in places}
    found: dict[str, list[dict[str, Any]]] = {}
    for place, tile in tiles.items() if any(tiles.values()) else ():
        branch, channel = str(place.branch), place.channel
        maps = trace.layer(f"{place.module}/{branch}")[channel]
        where = overlay(trace.picture, trace.fitting, maps.numpy(), side=180)
        found.setdefault(place.module, []).append(
            {
                "name": f"{place.module} {BRANCH_NAMES[branch]}, channel {channel}",
                "colour": BRANCH_COLOURS[branch],
                "mean": float(maps.mean()),
                "jpeg": jpeg(where, 75),
                "webp": tile.webp if tile is not None else None,
            }
        )
    return found

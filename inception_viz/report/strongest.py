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
    found: dict[str, list[dict[str, Any]]] = {}
    for branch, (channel, *_) in strongest_channels(trace, 1).items():
        tile = atlas.tile(replace(branch, channel=channel))
        maps = trace.branches[branch.module][branch.branch][channel]  # type: ignore[index]
        where = overlay(trace.picture, trace.fitting, maps.numpy(), side=180)
        found.setdefault(branch.module, []).append(
            {
                "name": f"{branch.module} {BRANCH_NAMES[str(branch.branch)]}, channel {channel}",
                "colour": BRANCH_COLOURS[str(branch.branch)],
                "mean": float(maps.mean()),
                "jpeg": jpeg(where, 75),
                "webp": tile.webp if tile is not None else None,
            }
        )
    painted = any(row["webp"] for rows in found.values() for row in rows)
    return found if painted else {}

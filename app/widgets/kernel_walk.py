"""A kernel that walks over a reduced map: all numbers of one map of a branch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from app.frontend import component
from app.session.scene import Scene
from app.widgets import figure
from inception_viz.explain import Walk
from inception_viz.figures import (
    BRANCH_COLOURS,
    BRANCH_NAMES,
    DIVERGING,
    SEQUENTIAL,
    Grid,
    grid_csv,
    hex_colour,
)

_STEPS = 64  # colours of a scale, enough for the eye

_walk = component("kernel_walk")


def show(scene: Scene, found: Walk, title: str) -> None:
    """Frame the walk."""
    folded = scene.model.config.norm == "batch"
    how = (
        "White frame: what the kernel covers. All numbers are this photo's"
        + ("; batch norm is folded into weights and bias" * folded)
        + ". Beyond the border there are zeros. Rows and columns count from 0. Space plays, "
        "the arrows step."
    )
    with figure.frame("walk", title, how, csv=grid_csv(_grids(scene, found))):
        _animation(found, scene.trace.widths)


def _grids(scene: Scene, found: Walk) -> list[Grid]:
    """The three maps of the drawing."""
    place = f"{found.module}/{found.branch}"
    return [
        scene.grid(found.source, found.module, "input", channel=found.source_channel),
        scene.grid(found.window_map, place, "reduce", channel=found.reduced),
        scene.grid(found.output, place, "output", channel=found.channel),
    ]


def _animation(found: Walk, widths: Mapping[tuple[str, str], int]) -> None:
    """The walk, number by number; ``widths`` of the branches are for the concatenation."""
    drawn = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(found).items()}
    scales = {
        name: [hex_colour(i / (_STEPS - 1), scale) for i in range(_STEPS)]
        for name, scale in (("sequential", SEQUENTIAL), ("diverging", DIVERGING))
    }
    _walk(
        key="kernel_walk",
        data=drawn
        | {
            "id": f"{found.module} {found.branch} {found.channel} {found.reduced} "
            f"{found.source_channel} {float(found.total.sum())}",
            "widths": {b: n for (m, b), n in widths.items() if m == found.module},
            "colours": BRANCH_COLOURS,
            "names": BRANCH_NAMES,
        }
        | scales,
    )

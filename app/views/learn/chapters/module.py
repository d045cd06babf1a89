"""One module, step by step, on the photo's own numbers: a kernel walks over a reduced map."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from app.frontend import component
from app.session.scene import Scene
from app.widgets import choice, figure, messages
from inception_viz.explain import Walk, walk, walks
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


def show(scene: Scene) -> None:
    """Draw the chapter."""
    st.markdown(
        "A 3×3 or 5×5 branch works in two steps. **Reduce**: a 1×1 convolution mixes all maps that "
        "come in into a few. **Convolve**: a kernel walks over those few maps; at every place it "
        "multiplies what it covers with its weights and adds everything up. Then the four branches "
        "are **concatenated**, stacked into one block. Press *Play*, then click any place of the "
        "output."
    )
    places = walks(scene.model)
    if not places:
        st.info("No branch of this network has a reduction. Choose another model at the side.")
        return
    with st.container(horizontal=True, gap="medium"):
        modules = list(dict.fromkeys(m for m, _ in places))
        module = choice.show("walk_module", "Module", {m: m for m in modules})
        branches = [b for m, b in places if m == module]
        branch = choice.show("walk_branch", "Branch", {b: BRANCH_NAMES[b] for b in branches})
    with messages.errors():
        found = walk(scene.model, scene.trace, module, branch)
        folded = scene.model.config.norm == "batch"
        how = (
            "White frame: what the kernel covers. All numbers are this photo's"
            + ("; batch norm is folded into weights and bias" * folded)
            + ". Beyond the border there are zeros. Rows and columns count from 0. Space plays, "
            "the arrows step."
        )
        title = f"{module}, {BRANCH_NAMES[branch]} branch: how its strongest map is made"
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
            "id": f"{found.module} {found.branch} {found.channel} {float(found.total.sum())}",
            "widths": {b: n for (m, b), n in widths.items() if m == found.module},
            "colours": BRANCH_COLOURS,
            "names": BRANCH_NAMES,
        }
        | scales,
    )

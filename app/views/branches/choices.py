"""What the page shows: a module, a branch or all, an order, a scale."""

from __future__ import annotations

import streamlit as st

from app.session import address, traces
from app.session.scene import Scene
from app.views.branches.layer_panel import Panel
from app.widgets import choice
from inception_viz.architecture import BRANCHES
from inception_viz.explain import Order
from inception_viz.figures import BRANCH_COLOURS, BRANCH_NAMES, STEM_COLOUR

_STEP_NAMES = {
    "conv1": "conv 7×7/2",
    "pool1": "max pool 1",
    "norm1": "normalisation 1",
    "conv2_reduce": "conv 1×1 reduce",
    "conv2": "conv 3×3",
    "norm2": "normalisation 2",
    "pool2": "max pool 2",
}


def module(scene: Scene) -> str:
    """Draw the choice of a module; its name, or the stem's."""
    return (
        st.pills(
            "Module",
            [address.STEM, *scene.model.config.modules],
            default=next(iter(scene.model.config.modules)),
            required=True,
            key=address.MODULE,
            bind="query-params",
            on_change=address.write,
            args=(address.CHANNEL,),
        )
        or address.STEM
    )


def view(scene: Scene, module: str) -> tuple[list[Panel], Order, bool]:
    """Draw the others; which layers, in which order, and whether they share a scale."""
    with st.container(horizontal=True, gap="medium"):
        look, branch = "branches", address.ALL_BRANCHES
        if module != address.STEM:
            present = [b for b in BRANCHES if b in scene.trace.branches[module]]
            names = {address.ALL_BRANCHES: "all"} | {b: BRANCH_NAMES[b] for b in present}
            branch = choice.show(address.BRANCH, "Branch", names)
            look = choice.show(
                "layers",
                "Layers",
                {"branches": "Branches", "reduce": "Reduce layers"},
                help="The reduce layer is the 1×1 convolution in front of a 3×3 or 5×5.",
            )
        order: Order = choice.show("order", "Order", {"strength": "strength", "index": "index"})
        scale = choice.show("scale", "Brightness", {"channel": "per channel", "shared": "shared"})
    return _panels(scene, module, look, branch), order, scale == "shared"


def _panels(scene: Scene, module: str, look: str, branch: str) -> list[Panel]:
    if module == address.STEM:
        return [Panel(n, _STEP_NAMES.get(n, n), STEM_COLOUR) for n in scene.trace.stem]
    layers = scene.trace.branches[module] if look == "branches" else scene.trace.reduces[module]
    fired = traces.firing(scene.trace, scene.model)
    suffix = "" if look == "branches" else "/reduce"
    return [
        Panel(
            f"{module}/{b}{suffix}",
            f"{module} {BRANCH_NAMES[b]}" + (" reduce" if suffix else ""),
            BRANCH_COLOURS[b],
            None if suffix else fired.get(module, b),
        )
        for b in layers
        if branch in (address.ALL_BRANCHES, b)
    ]

"""Branch activations: what each branch of one module does with the photo."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.session import address, traces
from app.session.scene import Scene, current
from app.views.branches import channel_detail, layer_panel
from app.views.branches.layer_panel import Panel, Tiles, Tops
from app.widgets import choice, figure, heading
from inception_viz.architecture import BRANCHES
from inception_viz.explain import Order
from inception_viz.figures import BRANCH_COLOURS, BRANCH_NAMES, STEM_COLOUR, channels_csv


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Branch activations", scene)
    modules, close = list(scene.model.config.modules), partial(address.write, address.CHANNEL)
    module = choice.module(address.MODULE, [address.STEM, *modules], modules[0], on_change=close)
    panels, order, shared, pictures = _view(scene, module)
    layers = {p.layer: traces.layer(scene.trace, p.layer) for p in panels}
    tops = Tops.shared_by(layers.values()) if shared else Tops(None, None)
    if not panels:
        st.info("There is no reduce layer here. Choose another branch, or look at the branches.")
        return
    opened = address.channel({name: len(found.mean) for name, found in layers.items()})
    title = (
        "The stem, layer by layer"
        if module == address.STEM
        else f"What {module} does with the photo"
    )
    csv = channels_csv({p.layer: layers[p.layer] for p in panels})
    how = _HOW_PICTURES if pictures else _how_to_read(order, tops.tile)
    with figure.frame("layers", title, how, csv=csv):
        _panels_in_rows(scene, panels, Tiles(order, tops, pictures), opened)
    if opened is not None and opened.layer in layers:
        panel = next(p for p in panels if p.layer == opened.layer)
        channel_detail.show(scene, panel.layer, panel.title, panel.colour, opened.index, order)


def _panels_in_rows(
    scene: Scene, panels: list[Panel], tiles: Tiles, opened: address.ChannelChoice | None
) -> None:
    for start in range(0, len(panels), 4):
        row = panels[start : start + 4]
        columns = st.columns(1 if len(panels) == 1 else 4, gap="medium")
        for column, panel in zip(columns, row, strict=False):
            with column:
                layer_panel.show(scene, panel, tiles, opened, single=len(panels) == 1)


def _how_to_read(order: Order, top: float | None) -> str:
    sorting = "strongest mean first" if order == "strength" else "as numbered"
    scale = (
        "from 0 (dark) to the channel's own maximum (yellow)"
        if top is None
        else f"from 0 (dark) to {top:.3g} (yellow), the same for all tiles on this page"
    )
    return (
        f"Each tile is one channel's map of activations after ReLU, {scale}; {sorting}. "
        "**Click a tile** to see it large on the photo."
    )


_HOW_PICTURES = (
    "Each tile is the picture that its channel fires on most, painted by gradients; dark where "
    "nobody painted it yet. **Click a tile** to see it large, and photos of the same: people guess "
    "better from those."
)
_STEP_NAMES = {
    "conv1": "conv 7×7/2",
    "pool1": "max pool 1",
    "norm1": "normalisation 1",
    "conv2_reduce": "conv 1×1 reduce",
    "conv2": "conv 3×3",
    "norm2": "normalisation 2",
    "pool2": "max pool 2",
}


def _view(scene: Scene, module: str) -> tuple[list[Panel], Order, bool, bool]:
    """Draw the others; which layers, in which order, on one scale or not, maps or pictures."""
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
        tiles = "maps"
        if module != address.STEM and look == "branches":
            tiles = choice.show(
                "tiles", "Tiles", {"maps": "maps", "pictures": "pictures"}, help=_TILES
            )
    return _panels(scene, module, look, branch), order, scale == "shared", tiles == "pictures"


_TILES = "**Maps**: where each channel fires on this photo. **Pictures**: what it looks for."


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


show()

"""Branch activations: what each branch of one module does with the photo."""

from __future__ import annotations

import streamlit as st

from app.session import address, traces
from app.session.scene import Scene, current
from app.views.branches import channel_detail, choices, layer_panel
from app.views.branches.layer_panel import Panel, Tops
from app.widgets import figure, heading
from inception_viz.explain import Order
from inception_viz.figures import channels_csv


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Branch activations", scene)
    module = choices.module(scene)
    panels, order, shared = choices.view(scene, module)
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
    with figure.frame("layers", title, _how_to_read(order, tops.tile), csv=csv):
        _panels_in_rows(scene, panels, order, tops, opened)
    if opened is not None and opened.layer in layers:
        panel = next(p for p in panels if p.layer == opened.layer)
        channel_detail.show(scene, panel.layer, panel.title, panel.colour, opened.index)


def _panels_in_rows(
    scene: Scene,
    panels: list[Panel],
    order: Order,
    tops: Tops,
    opened: address.ChannelChoice | None,
) -> None:
    for start in range(0, len(panels), 4):
        row = panels[start : start + 4]
        columns = st.columns(1 if len(panels) == 1 else 4, gap="medium")
        for column, panel in zip(columns, row, strict=False):
            with column:
                layer_panel.show(scene, panel, order, tops, opened, single=len(panels) == 1)


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


show()

"""One channel, large: on the photo, as a histogram, with its strongest unit."""

from __future__ import annotations

import streamlit as st

from app import services, state
from app.components.scene import Scene
from inception_viz.explain.channels import Unit
from inception_viz.figures import overlay
from inception_viz.figures.histogram import activation_histogram
from inception_viz.receptive_field import ReceptiveField, receptive_fields


def show(scene: Scene, layer: str, title: str, colour: str, index: int) -> None:
    """Open the detail as a dialog over the page; an index out of range opens nothing."""
    if index >= len(services.layer(scene.trace, layer).mean):
        state.close_channel()
        return
    dialog = st.dialog(f"{title}, channel {index}", width="large", on_dismiss=state.close_channel)
    dialog(_content)(scene, layer, colour, index)


def _content(scene: Scene, name: str, colour: str, index: int) -> None:
    layer = services.layer(scene.trace, name)
    unit = layer.strongest_unit(index)
    field = receptive_fields(scene.model.config)[name]
    left, right = st.columns([1.25, 1], gap="medium")
    with right:
        strength = st.slider("Map over photo", 0, 100, 60, format="%d %%", key="overlay_strength")
        st.markdown(_facts(scene, name, index, unit, field))
        st.plotly_chart(
            activation_histogram(layer.maps[index], colour),
            key="channel_histogram",
            config={"displayModeBar": False},
            alt="Histogram of the channel's activations",
        )
    with left:
        image = overlay.overlay(
            scene.trace.picture,
            scene.trace.fitting,
            layer.maps[index],
            strength=strength / 100,
            side=720,
            box=field.box(unit.row, unit.column),
            point=_centre(field, unit),
        )
        st.image(overlay.encode(image), width="stretch", alt=f"Channel {index} over the photo")
        st.caption(
            "Yellow: strong activation. The dot is the channel's strongest unit, the frame its "
            "receptive field: all that it can see."
        )


def _centre(field: ReceptiveField, unit: Unit) -> tuple[float, float]:
    left, top, right, bottom = field.box(unit.row, unit.column)
    return (left + right) / 2, (top + bottom) / 2


def _facts(scene: Scene, name: str, index: int, unit: Unit, field: ReceptiveField) -> str:
    layer = services.layer(scene.trace, name)
    x, y = scene.trace.fitting.to_original(*_centre(field, unit))
    width, height = scene.trace.fitting.original
    rank = int((layer.mean > layer.mean[index]).sum()) + 1
    return (
        f"- strength (mean): **{layer.mean[index]:.3g}**, rank {rank} of {len(layer.mean)}\n"
        f"- strongest unit: **{unit.value:.3g}** in row {unit.row}, column {unit.column}; on the "
        f"photo at ({x:.0f}, {y:.0f}) of {width}×{height} pixels\n"
        f"- receptive field: **{field.size}×{field.size}** pixels of the network's input\n"
        f"- units that are exactly 0: **{layer.zero_share[index]:.0%}**"
    )

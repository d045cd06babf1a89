"""One channel, large: on the photo, as a histogram, with its strongest unit."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.session import address, traces
from app.session.scene import Scene
from app.widgets import figure, picture
from inception_viz.architecture import receptive_fields
from inception_viz.explain import Layer
from inception_viz.figures import activation_histogram, grid_csv, percent

_HOW = (
    "Yellow: strong activation, dark: none. The dot is the channel's strongest unit. The frame is "
    "its receptive field, all that it can see of the photo; pools without padding shift it a "
    "little to the right and down."
)


def show(scene: Scene, layer: str, title: str, colour: str, index: int) -> None:
    """Open the detail as a dialog over the page."""
    close = partial(address.write, address.CHANNEL)
    dialog = st.dialog(f"{title}, channel {index}", width="large", on_dismiss=close)
    dialog(_content)(scene, layer, colour, index)


def _content(scene: Scene, name: str, colour: str, index: int) -> None:
    layer = traces.layer(scene.trace, name)
    left, right = st.columns([1.25, 1], gap="medium")
    with right:
        strength = st.slider(
            "Map over photo", 0, 100, 60, format="%d %%", key="overlay", bind="query-params"
        )
        st.markdown(_facts(scene, name, index))
        figure.chart(
            "histogram",
            activation_histogram(layer.maps[index], colour),
            "How many units of the channel fire how strongly.",
            alt="Histogram of the channel's activations",
        )
    with left:
        unit = layer.strongest_unit(index)
        csv = grid_csv([scene.grid(layer.maps[index], name, channel=index)])
        with figure.frame("channel", "Where it fires", _HOW, csv=csv):
            jpeg = picture.over_photo(
                scene.trace,
                layer.maps[index],
                strength=strength / 100,
                side=720,
                box=receptive_fields(scene.model.config)[name].box(unit.row, unit.column),
                point=unit.place(layer.maps.shape[1], scene.trace.fitting.size),
            )
            picture.show(jpeg, f"Channel {index} over the photo")
        _neighbours(name, layer, index)


def _neighbours(name: str, layer: Layer, index: int) -> None:
    """Buttons to the next stronger and the next weaker channel."""
    order = layer.order("strength").tolist()
    place = order.index(index)
    for column, label, other in zip(
        st.columns(2),
        ("‹ Stronger channel", "Weaker channel ›"),
        (place - 1, place + 1),
        strict=True,
    ):
        there = 0 <= other < len(order)
        if column.button(label, key=label, disabled=not there, width="stretch"):
            address.open_channel(name, order[other])
            st.rerun()


def _facts(scene: Scene, name: str, index: int) -> str:
    layer = traces.layer(scene.trace, name)
    fitting = scene.trace.fitting
    unit = layer.strongest_unit(index)
    x, y = fitting.to_original(*unit.place(layer.maps.shape[1], fitting.size))
    width, height = fitting.original
    field = receptive_fields(scene.model.config)[name].size
    return (
        f"- strength (mean activation): **{layer.mean[index]:.3g}**, rank {layer.rank(index)} of "
        f"{len(layer.mean)}\n"
        f"- strongest unit: **{unit.value:.3g}** in row {unit.row}, column {unit.column} of the "
        f"map, counted from 0; in the photo file at pixel ({x:.0f}, {y:.0f}) of {width}×{height}\n"
        f"- receptive field: **{field}×{field}** pixels of the network's input\n"
        f"- units that are exactly 0: **{percent(float(layer.zero_share[index]))}**"
    )

"""What flows between two channels: the kernels that pass it on, and each kernel at work."""

from __future__ import annotations

import numpy as np
import streamlit as st

import inception_viz as iv
from app.session import flows
from app.session.flows import Opened
from app.session.scene import Scene
from app.widgets import figure, kernel_walk, picture
from app.widgets.picture import Small
from app.widgets.waiting import result_of
from inception_viz.architecture import Place
from inception_viz.explain import Kernels, walks
from inception_viz.figures import (
    data_url,
    grid_csv,
    kernel_tile,
    named,
    short_number,
    signed,
)

_TILES = 12


def show(scene: Scene, found: iv.Flow, opened: Opened) -> None:
    """Draw where it flows, and through which kernels."""
    assert opened.channels is not None
    kernels = result_of(flows.kernels(found, scene.trace, opened))
    first, second = opened.channels
    total = float(kernels.flows.sum())
    if not kernels.flows.any():
        st.info(
            "Nothing flows between these two channels on this photo: one of them is silent, or all "
            "ReLUs between them are closed."
        )
        return
    st.markdown(
        f"**{signed(total)} logits** flow from channel {first} of {named(opened.source)} to "
        f"channel {second} of {named(opened.sink)}. {_by(kernels, opened)}"
    )
    maps, weights = st.columns([1, 1.4], gap="large")
    with maps:
        _where(scene, kernels, opened)
    with weights:
        _weights(scene, kernels, opened)
    if opened.kernel is not None:
        if opened.kernel in kernels.maps and _walks(scene, opened):
            _pixels(scene, opened)
        else:
            st.info("There is no such kernel here.")


def _by(kernels: Kernels, opened: Opened) -> str:
    size = kernels.weights.shape[-1]
    if kernels.into is None:
        return f"One {size}×{size} kernel reads it: **{_numbers(kernels.weights[0])}**."
    return (
        f"The reduce layer mixes it into {len(kernels.flows)} maps, one weight each; a {size}×"
        f"{size} kernel of channel {opened.channels[1] if opened.channels else ''} reads each map."
    )


def _numbers(kernel: np.ndarray) -> str:
    return short_number(float(kernel[0, 0])) if kernel.size == 1 else "its weights stand below"


def _where(scene: Scene, kernels: Kernels, opened: Opened) -> None:
    """The map that is read, and where of it flows on."""
    assert opened.channels is not None
    layer = list(scene.trace.stem)[-1] if opened.source == "stem" else opened.source
    read = scene.trace.layer(layer)[opened.channels[0]].numpy()
    title = f"What channel {opened.channels[0]} sees, and where it flows on"
    how = "Left: its activations, bright is strong. Right: what flows on; red for, blue against."
    grids = [
        scene.grid(read, layer, channel=opened.channels[0]),
        scene.grid(kernels.where, layer, "flow", channel=opened.channels[0]),
    ]
    with figure.frame("flow_where", title, how, csv=grid_csv(grids)):
        left, right = st.columns(2, gap="small")
        with left:
            picture.show(picture.over_photo(scene.trace, read), "Its activations on the photo")
        with right:
            shown = picture.over_photo(scene.trace, kernels.where, signed=True)
            picture.show(shown, "Where it flows on, on the photo")


def _weights(scene: Scene, kernels: Kernels, opened: Opened) -> None:
    """The kernels through which most flows."""
    order = kernels.order[:_TILES]
    largest = float(np.abs(kernels.weights[order]).max())
    small = [
        Small(
            str(kernels.maps[path]),
            data_url(kernel_tile(kernels.weights[path], largest), "png"),
            f"Kernel of map {kernels.maps[path]}",
            tip=_tip(kernels, path),
            note=signed(float(kernels.flows[path])),
        )
        for path in order
    ]
    rest = float(kernels.flows.sum() - kernels.flows[order].sum())
    others = len(kernels.flows) - len(order)
    how = "Red: a weight above zero, blue: below. The number is what flows through it, in logits"
    how += f"; the other {others} together {signed(rest)}." if others else "."
    can_open = _walks(scene, opened)
    how += " **Click one** to see it at work on the photo's own numbers." * can_open
    with figure.frame("flow_kernels", "The kernels that pass it on", how):
        picture.strip(
            "flow_tiles",
            "Kernels",
            small,
            "" if opened.kernel is None else str(opened.kernel),
            (lambda chosen: _open(opened, chosen)) if can_open else None,
            layout="gallery",
        )


def _tip(kernels: Kernels, path: int) -> str:
    said = f"Map {kernels.maps[path]}: {signed(float(kernels.flows[path]))} logits"
    if kernels.into is not None:
        said += f"; the channel goes into it with the weight {signed(float(kernels.into[path]))}"
    return said


def _open(opened: Opened, chosen: str) -> None:
    flows.open_(Opened(opened.source, opened.sink, opened.channels, int(chosen)))


def _walks(scene: Scene, opened: Opened) -> bool:
    """Whether the sink's branch reduces and then convolves, so that its kernels can be followed."""
    place = Place.parse(opened.sink)
    return place is not None and (place.module, place.branch) in walks(scene.model)


def _pixels(scene: Scene, opened: Opened) -> None:
    assert opened.channels is not None
    found = result_of(flows.kernel_walk(scene.model, scene.trace, opened))
    title = f"Kernel {opened.kernel} of {named(opened.sink)}, channel {opened.channels[1]}, at work"
    kernel_walk.show(scene, found, title)

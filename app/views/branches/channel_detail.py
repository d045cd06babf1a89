"""One channel's dashboard: where it fires, what it looks for, and what it is wired to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from app.frontend import component
from app.session import address
from app.session.scene import Scene
from app.views.branches import channel_photos, channel_picture, channel_tuning, channel_wiring
from app.views.branches.channel import Channel, follow_away
from app.widgets import choice, copy_link, figure, picture
from inception_viz.architecture import receptive_fields
from inception_viz.explain import Order
from inception_viz.figures import activation_histogram, grid_csv, percent

_HOW = (
    "Yellow: strong activation, dark: none. The dot is the channel's strongest unit. The frame is "
    "its receptive field, all that it can see of the photo; pools without padding shift it a "
    "little to the right and down."
)
_keys = component("arrow_keys")


_Part = Callable[[Channel], None]


def show(scene: Scene, layer: str, title: str, colour: str, number: int, order: Order) -> None:
    """Open the dashboard as a dialog over the page; ``order``: of the channels beside it."""
    close = partial(address.write, address.CHANNEL)
    dialog = st.dialog(f"{title}, channel {number}", width="large", on_dismiss=close)
    dialog(_content)(Channel(scene, layer, number, colour), order)


def _content(channel: Channel, order: Order) -> None:
    follow_away()
    _neighbours(channel, order)
    photo, painted, facts = st.columns([1.2, 0.8, 1], gap="medium")
    with facts:
        strength = st.slider(
            "Map over photo", 0, 100, 60, format="%d %%", key="overlay", bind="query-params"
        )
        st.markdown(_facts(channel))
    with photo:
        _map_over_photo(channel, strength / 100)
    with painted:
        channel_picture.show(channel)
    parts = _parts(channel)
    for tab, part in zip(
        choice.tabs("about", {k: t for k, (t, _) in parts.items()}), parts.values(), strict=True
    ):
        if tab.open:
            with tab:
                part[1](channel)


def _parts(channel: Channel) -> dict[str, tuple[str, _Part]]:
    """The tabs: id → title, what draws it."""
    parts: dict[str, tuple[str, _Part]] = {}
    if "/" in channel.layer:
        parts["photos"] = ("Photos that make it fire", channel_photos.show)
    if channel.place is not None:
        parts["wiring"] = ("What feeds it, what it pushes", channel_wiring.show)
        parts["volume"] = ("Louder, quieter", channel_wiring.show_volume)
        parts["tuning"] = ("Patterns", channel_tuning.show)
    parts["units"] = ("Its units", _units)
    return parts


def _map_over_photo(channel: Channel, strength: float) -> None:
    trace, layer, number = channel.scene.trace, channel.measured, channel.number
    unit, maps = layer.strongest_unit(number), layer.maps
    csv = grid_csv([channel.scene.grid(maps[number], channel.layer, channel=number)])
    with figure.frame("channel", "Where it fires", _HOW, csv=csv):
        jpeg = picture.over_photo(
            trace,
            maps[number],
            strength=strength,
            side=720,
            box=receptive_fields(channel.scene.model.config)[channel.layer].box(
                unit.row, unit.column
            ),
            point=unit.place(maps.shape[1], trace.fitting.size),
        )
        picture.show(jpeg, f"Channel {number} over the photo")


def _units(channel: Channel) -> None:
    figure.chart(
        "histogram",
        activation_histogram(channel.measured.maps[channel.number], channel.colour),
        "How many units of the channel fire how strongly.",
        alt="Histogram of the channel's activations",
    )


def _neighbours(channel: Channel, order: Order) -> None:
    """Buttons, and arrow keys, to the channels before and behind in the page's order."""
    channels = channel.measured.order(order).tolist()
    place = channels.index(channel.number)
    names = ("Stronger", "Weaker") if order == "strength" else ("Previous", "Next")
    with st.container(horizontal=True, key="neighbours", vertical_alignment="center"):
        for key, label, other in (
            ("before", f"‹ {names[0]}", place - 1),
            ("behind", f"{names[1]} ›", place + 1),
        ):
            there = 0 <= other < len(channels)
            if st.button(label, key=key, disabled=not there):
                address.open_channel(channel.layer, channels[other])
                st.rerun()
        copy_link.show("copy_channel")
        note = f"{place + 1} of {len(channels)}; the keys ← and → do the same."
        _keys(key="arrow_keys", data={"before": "before", "behind": "behind", "note": note})


def _facts(channel: Channel) -> str:
    layer, number, trace = channel.measured, channel.number, channel.scene.trace
    fitting = trace.fitting
    unit = layer.strongest_unit(number)
    x, y = fitting.to_original(*unit.place(layer.maps.shape[1], fitting.size))
    width, height = fitting.original
    field = receptive_fields(channel.scene.model.config)[channel.layer].size
    return (
        f"- strength (mean activation): **{layer.mean[number]:.3g}**, rank {layer.rank(number)} of "
        f"{len(layer.mean)}\n"
        f"- strongest unit: **{unit.value:.3g}** in row {unit.row}, column {unit.column} of the "
        f"map, counted from 0; in the photo file at pixel ({x:.0f}, {y:.0f}) of {width}×{height}\n"
        f"- receptive field: **{field}×{field}** pixels of the network's input\n"
        f"- units that are exactly 0: **{percent(float(layer.zero_share[number]))}**"
    )

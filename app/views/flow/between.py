"""What flows between two branches, channel by channel."""

from __future__ import annotations

import numpy as np
import streamlit as st

import inception_viz as iv
from app.session import address, flows
from app.session.flows import Opened
from app.session.scene import Scene
from app.widgets import figure, flow_map
from app.widgets.waiting import wait_for
from inception_viz.architecture import Place
from inception_viz.features import atlas_of
from inception_viz.figures import channel_diagram, channel_nodes, data_url, named, signed
from inception_viz.files import csv_text

_PAIRS = 6
_HOW = (
    "The channels through which most passes, up or down; all others are one bar. The small "
    "pictures are painted by the network, no parts of your photo: what the channel fires on most. "
    "**Click a ribbon** between two channels to see its weights."
)
_INVITATION = "Point at a bar or a ribbon to follow it; click a ribbon to open it."


def show(scene: Scene, found: iv.Flow, opened: Opened) -> None:
    """Draw the channels of both branches, and the strongest pairs beside them."""
    source, sink = opened.source, opened.sink
    job = flows.channels(found, scene.trace, source, sink)
    table = wait_for("flow_channels", job, "What flows between the channels …")
    if table is None:
        return
    drawn, words = st.columns([1.5, 1], gap="large")
    with drawn:
        _drawing(scene, table, opened)
    with words:
        rows, columns = table.shape
        st.markdown(
            f"**{signed(found.edge(source, sink))} logits** flow from {named(source)} to "
            f"{named(sink)}: the sum over {rows:,} × {columns:,} pairs of channels."
        )
        _pairs(table, opened)


def _drawing(scene: Scene, table: np.ndarray, opened: Opened) -> None:
    source, sink = opened.source, opened.sink
    atlas, looks = atlas_of(scene.model), {}
    for name in channel_nodes(table, source, sink):
        place = Place.parse(name)
        if place is not None and (tile := atlas.tile(place)) is not None:
            looks[name] = data_url(tile.webp, "webp")
    svg = channel_diagram(table, source, sink, looks, large=address.large())
    title = f"Channels of {named(source)} and {named(sink)}"
    with figure.frame("flow_pair", title, _HOW, csv=_csv(table)):
        clicked = flow_map.show("flow_pair_map", [svg], _INVITATION)
    if ">" in clicked and clicked != st.query_params.get(address.FLOW):
        flows.open_(clicked)
        st.rerun()


def _csv(table: np.ndarray) -> str:
    import pandas as pd

    return csv_text(pd.DataFrame(table).rename_axis("source channel").reset_index())


def _pairs(table: np.ndarray, opened: Opened) -> None:
    """The strongest pairs as a list."""
    order = np.argsort(-np.abs(table), axis=None, kind="stable")[:_PAIRS]
    pairs = [divmod(int(at), table.shape[1]) for at in order]
    if "/" not in opened.sink:
        st.caption("The answer is one number: its weights are those of the last layer.")
    else:
        st.caption("The strongest pairs; click one to see its weights:")
    for i, j in pairs:
        value = float(table[i, j])
        if not value:
            continue
        if "/" not in opened.sink:
            st.markdown(f"channel {i}: **{signed(value)}**")
            continue
        st.button(
            f"channel {i} → channel {j}: {signed(value)}",
            key=f"flow_pair_{i}_{j}",
            icon=":material/grid_3x3:",
            width="stretch",
            on_click=flows.open_,
            args=(Opened(opened.source, opened.sink, (i, j)),),
        )

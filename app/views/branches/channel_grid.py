"""All channels of a layer as tiles, to click."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.frontend import component
from inception_viz.explain import Layer
from inception_viz.figures import Sprite, data_url

_grid = component("channel_grid")


def show(
    key: str,
    name: str,
    layer: Layer,
    sprite: Sprite,
    *,
    selected: int | None,
    tile: int,
    on_choose: Callable[[int], None],
) -> None:
    """Draw the tiles in the sprite's order.

    ``tile`` is the least width of a tile in pixels; ``on_choose`` gets the channel that was
    clicked, before the rerun.
    """
    _grid(
        key=key,
        data={
            "src": data_url(sprite.png, "png"),
            "columns": sprite.columns,
            "rows": sprite.rows,
            "channels": list(sprite.channels),
            "titles": [
                f"{name}, channel {c}: mean {layer.mean[c]:.3g}, maximum {layer.maximum[c]:.3g}"
                for c in sprite.channels
            ],
            "label": f"Channels of {name}",
            "selected": selected,
            "tile": tile,
        },
        on_clicked_change=lambda: on_choose(int(st.session_state[key].clicked)),
    )

"""One layer: its figures, its mean map over the photo, all its channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from app.frontend import component
from app.session import address, traces
from app.session.scene import Scene
from app.widgets import heading, picture
from inception_viz.explain import BranchFiring, Layer, Order
from inception_viz.figures import Sprite, data_url, energy_share, sigma

_grid = component("channel_grid")


@dataclass(frozen=True)
class Panel:
    """One layer on the page: its name in the trace, title, colour; how it fires, of a branch."""

    layer: str
    title: str
    colour: str
    firing: BranchFiring | None = None


@dataclass(frozen=True)
class Tops:
    """Activations at the bright end of the scales; None gives each map its own."""

    tile: float | None
    mean_map: float | None

    @classmethod
    def shared_by(cls, layers: Iterable[Layer]) -> Tops:
        """The highest of all ``layers``, so that they can be compared."""
        layers = list(layers)
        return cls(
            max((layer.highest for layer in layers), default=0.0),
            max((float(layer.mean_map.max()) for layer in layers), default=0.0),
        )


def show(
    scene: Scene,
    panel: Panel,
    order: Order,
    tops: Tops,
    opened: address.ChannelChoice | None,
    *,
    single: bool,
) -> None:
    """Draw the panel; ``single`` says that it has the page's whole width."""
    layer = traces.layer(scene.trace, panel.layer)
    channels, height, width = layer.maps.shape
    note = f"{channels} channels of {height}×{width}<br>{_figures(scene, panel)}"
    heading.coloured(f'<span style="font-size:1.15rem">{panel.title}</span>', panel.colour, note)
    tiles = photo = st.container()
    if single:
        photo, tiles = st.columns([1, 2.2], gap="medium")
    with photo:
        mean = layer.mean_map
        end = float(mean.max()) if tops.mean_map is None else tops.mean_map
        alt = f"Mean map of {panel.title} over the photo"
        caption = f"Mean of the channels, 0 to {end:.3g}"
        picture.show(picture.over_photo(scene.trace, mean, maximum=end), alt, caption)
    with tiles:
        sprite = traces.sprite(scene.trace, panel.layer, order, tops.tile)
        selected = opened.index if opened is not None and opened.layer == panel.layer else None
        _tiles(panel, layer, sprite, selected, 56 if single or height > 30 else 40)


def _figures(scene: Scene, panel: Panel) -> str:
    layer = traces.layer(scene.trace, panel.layer)
    text = f"mean activation {layer.overall_mean:.3g} a unit"
    found = panel.firing
    if found is None:
        return text
    usual = "" if found.deviation is None else f"<br>{sigma(found.deviation)} from its usual level"
    if found.branch == "5x5" and scene.model.config.kernel_5x5 != "5":
        text = f"{scene.model.config.kernel_5x5.replace('3', '3×3')} kernels here<br>{text}"
    return f"{text}, total {found.total:,.0f}<br>{energy_share(found)}{usual}"


def _tiles(panel: Panel, layer: Layer, sprite: Sprite, selected: int | None, width: int) -> None:
    """The channels in the sprite's order, to click; ``width``: a tile's least, in pixels."""
    key = f"grid_{panel.layer}"
    _grid(
        key=key,
        data={
            "src": data_url(sprite.png, "png"),
            "columns": sprite.columns,
            "rows": sprite.rows,
            "channels": list(sprite.channels),
            "titles": [
                f"{panel.title}, channel {c}: mean {layer.mean[c]:.3g}, "
                f"maximum {layer.maximum[c]:.3g}"
                for c in sprite.channels
            ],
            "label": f"Channels of {panel.title}",
            "selected": selected,
            "tile": width,
        },
        on_clicked_change=lambda: address.open_channel(
            panel.layer, int(st.session_state[key].clicked)
        ),
    )

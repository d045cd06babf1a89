"""One layer: its figures, its mean map over the photo, all its channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from app.session import address, traces
from app.session.scene import Scene
from app.views.branches import channel_grid
from app.widgets import heading, picture
from inception_viz.explain import BranchFiring, Layer, Order
from inception_viz.figures import percent, sigma


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
        channel_grid.show(
            f"grid_{panel.layer}",
            panel.title,
            layer,
            sprite,
            selected=selected,
            tile=56 if single or height > 30 else 40,
            on_choose=partial(address.open_channel, panel.layer),
        )


def _figures(scene: Scene, panel: Panel) -> str:
    layer = traces.layer(scene.trace, panel.layer)
    text = f"mean activation {layer.overall_mean:.3g} a unit"
    found = panel.firing
    if found is None:
        return text
    usual = "" if found.deviation is None else f"<br>{sigma(found.deviation)} from its usual level"
    if found.branch == "5x5" and scene.model.config.kernel_5x5 != "5":
        text = f"{scene.model.config.kernel_5x5.replace('3', '3×3')} kernels here<br>{text}"
    share = f"{percent(found.energy_share)} of the module's energy"
    return f"{text}, total {found.total:,.0f}<br>{share}{usual}"

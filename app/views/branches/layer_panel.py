"""One layer: its figures, its mean map over the photo, all its channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from app.frontend import component
from app.session import address, channels, choices, traces
from app.session.scene import Scene
from app.widgets import heading, messages, picture
from app.widgets.waiting import wait_for
from inception_viz.architecture import Place
from inception_viz.explain import BranchFiring, Layer, Order
from inception_viz.features import atlas_of
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


@dataclass(frozen=True)
class Tiles:
    """How channels are drawn: in which order, how bright; or their painted pictures."""

    order: Order
    tops: Tops
    pictures: bool


def show(
    scene: Scene,
    panel: Panel,
    tiles: Tiles,
    opened: address.ChannelChoice | None,
    *,
    single: bool,
) -> None:
    """Draw the panel; ``single`` says that it has the page's whole width."""
    layer = traces.layer(scene.trace, panel.layer)
    channels, height, width = layer.maps.shape
    note = f"{channels} channels of {height}×{width}<br>{_figures(scene, panel)}"
    heading.coloured(f'<span style="font-size:1.15rem">{panel.title}</span>', panel.colour, note)
    grid = photo = st.container()
    if single:
        photo, grid = st.columns([1, 2.2], gap="medium")
    with photo:
        mean = layer.mean_map
        end = float(mean.max()) if tiles.tops.mean_map is None else tiles.tops.mean_map
        alt = f"Mean map of {panel.title} over the photo"
        caption = f"Mean of the channels, 0 to {end:.3g}"
        picture.show(picture.over_photo(scene.trace, mean, maximum=end), alt, caption)
    with grid:
        selected = opened.index if opened is not None and opened.layer == panel.layer else None
        side = 56 if single or height > 30 or tiles.pictures else 40
        _tiles(panel, layer, _sprite(scene, panel, tiles), selected, side)


def _sprite(scene: Scene, panel: Panel, tiles: Tiles) -> Sprite:
    """The tiles as one picture; missing pictures can be asked for."""
    branch = Place.parse(panel.layer)
    if not tiles.pictures or branch is None:
        return traces.sprite(scene.trace, panel.layer, tiles.order, tiles.tops.tile)
    _missing(scene, branch)
    return channels.sprite(scene.trace, scene.model, branch, tiles.order)


@messages.errors()
def _missing(scene: Scene, branch: Place) -> None:
    """Offer to paint what nobody painted yet, and wait for it once that was asked for."""
    missing, asked = len(atlas_of(scene.model).missing(branch)), f"paint_{branch}"
    if not missing:
        return
    if st.session_state.get(asked) == scene.model.key:
        job = channels.rest_of_branch(scene.model, branch)
        wait_for(asked, job, f"Painting {missing} pictures …")
    elif st.button(f"Paint {missing} pictures", key=f"button_{asked}", help=_SLOW):
        choices.choose(asked, scene.model.key)
        st.rerun()


_SLOW = "One to three seconds each, on an idle computer. They are kept."


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
            "src": data_url(sprite.encoded, sprite.kind),
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

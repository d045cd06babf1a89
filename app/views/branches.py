"""Branch activations: what each branch of one module does with the photo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from app import services, state
from app.components import channel_detail, channel_grid
from app.components.scene import Scene, current
from inception_viz.config import BRANCHES
from inception_viz.explain.channels import Layer
from inception_viz.figures import overlay
from inception_viz.figures.answers import percent, sigma
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES, STEM_COLOUR

_STEP_NAMES = {
    "conv1": "conv 7×7/2",
    "pool1": "max pool 1",
    "norm1": "normalisation 1",
    "conv2_reduce": "conv 1×1 reduce",
    "conv2": "conv 3×3",
    "norm2": "normalisation 2",
    "pool2": "max pool 2",
}
_LOOKS = {"branches": "Branches", "reduce": "Reduce layers"}


@dataclass(frozen=True)
class Panel:
    """One layer on the page: its name in the trace, its title, its colour."""

    layer: str
    title: str
    colour: str
    branch: str = ""


@dataclass(frozen=True)
class _Tops:
    """Activations at the bright end of the scales; None gives each map its own."""

    tile: float | None
    mean_map: float | None

    @classmethod
    def shared_by(cls, layers: Iterable[Layer]) -> _Tops:
        layers = list(layers)
        return cls(
            max((float(layer.maximum.max()) for layer in layers), default=0.0),
            max((float(layer.mean_map.max()) for layer in layers), default=0.0),
        )


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("Branch activations")
    module = _choose_module(scene)
    panels, order, shared = _choose_view(scene, module)
    layers = {p.layer: services.layer(scene.trace, p.layer) for p in panels}
    tops = _Tops.shared_by(layers.values()) if shared else _Tops(None, None)
    st.caption(_how_to_read(order, tops.tile))
    opened = state.channel()
    for start in range(0, len(panels), 4):
        row = panels[start : start + 4]
        columns = st.columns(1 if len(panels) == 1 else 4, gap="medium")
        for column, panel in zip(columns, row, strict=False):
            with column:
                _panel(scene, panel, order, tops, opened, single=len(panels) == 1)
    if opened is not None and opened.layer in layers:
        panel = next(p for p in panels if p.layer == opened.layer)
        channel_detail.show(scene, panel.layer, panel.title, panel.colour, opened.index)


def _choose_module(scene: Scene) -> str:
    return (
        st.pills(
            "Module",
            [state.STEM, *scene.model.config.modules],
            default=next(iter(scene.model.config.modules)),
            required=True,
            key=state.MODULE,
            bind="query-params",
            on_change=state.close_channel,
        )
        or state.STEM
    )


def _choose_view(scene: Scene, module: str) -> tuple[list[Panel], str, bool]:
    with st.container(horizontal=True, gap="medium"):
        look, branch = "branches", state.ALL_BRANCHES
        if module != state.STEM:
            present = [b for b in BRANCHES if b in scene.trace.branches[module]]
            branch = st.segmented_control(
                "Branch",
                [state.ALL_BRANCHES, *present],
                default=state.ALL_BRANCHES,
                required=True,
                format_func=lambda b: BRANCH_NAMES.get(b, "all four"),
                key=state.BRANCH,
                bind="query-params",
            )
            look = st.segmented_control(
                "Layers",
                list(_LOOKS),
                default="branches",
                required=True,
                format_func=_LOOKS.__getitem__,
                key="layers",
                bind="query-params",
                help="The reduce layer is the 1×1 convolution in front of a 3×3 or 5×5.",
            )
        order = st.segmented_control(
            "Order",
            ["strength", "index"],
            default="strength",
            required=True,
            key="order",
            bind="query-params",
        )
        scale = st.segmented_control(
            "Brightness",
            ["channel", "shared"],
            default="channel",
            required=True,
            format_func=lambda s: "per channel" if s == "channel" else "shared",
            key="scale",
            bind="query-params",
        )
    return _panels(scene, module, look, branch), order or "strength", scale == "shared"


def _panels(scene: Scene, module: str, look: str, branch: str) -> list[Panel]:
    if module == state.STEM:
        return [Panel(n, _STEP_NAMES.get(n, n), STEM_COLOUR) for n in scene.trace.stem]
    layers = scene.trace.branches[module] if look == "branches" else scene.trace.reduces[module]
    suffix = "" if look == "branches" else "/reduce"
    return [
        Panel(
            f"{module}/{b}{suffix}",
            f"{module} {BRANCH_NAMES[b]}" + (" reduce" if suffix else ""),
            BRANCH_COLOURS[b],
            "" if suffix else b,
        )
        for b in layers
        if branch in (state.ALL_BRANCHES, b)
    ]


def _how_to_read(order: str, top: float | None) -> str:
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


def _panel(
    scene: Scene,
    panel: Panel,
    order: str,
    tops: _Tops,
    opened: state.ChannelChoice | None,
    *,
    single: bool,
) -> None:
    layer = services.layer(scene.trace, panel.layer)
    channels, height, width = layer.maps.shape
    st.html(
        f'<div style="border-top:5px solid {panel.colour};padding-top:.35rem;font-size:1.15rem;'
        f'font-weight:600">{panel.title}</div>'
        f'<p class="iv-note">{channels} channels of {height}×{width}<br>'
        f"{_figures(scene, panel)}</p>"
    )
    grid = picture = st.container()
    if single:
        picture, grid = st.columns([1, 2.2], gap="medium")
    with picture:
        mean = layer.mean_map
        end = float(mean.max()) if tops.mean_map is None else tops.mean_map
        image = overlay.overlay(scene.trace.picture, scene.trace.fitting, mean, maximum=end)
        st.image(
            overlay.encode(image),
            width="stretch",
            alt=f"Mean map of {panel.title} over the photo",
            caption=f"Mean over the channels: dark 0, yellow {end:.3g}",
        )
    with grid:
        sprite = services.sprite(scene.trace, panel.layer, order, tops.tile)
        selected = opened.index if opened is not None and opened.layer == panel.layer else None
        channel_grid.show(
            f"grid_{panel.layer}",
            panel.title,
            layer,
            sprite,
            selected=selected,
            tile=56 if single or height > 30 else 40,
            on_choose=partial(state.open_channel, panel.layer),
        )


def _figures(scene: Scene, panel: Panel) -> str:
    layer = services.layer(scene.trace, panel.layer)
    text = f"mean activation {layer.mean.mean():.3g} a unit"
    found = services.firing(scene.trace, scene.model).get(panel.layer.split("/")[0], panel.branch)
    if found is None:
        return text
    usual = "" if found.deviation is None else f"<br>{sigma(found.deviation)} from its usual level"
    if found.branch == "5x5" and scene.model.config.kernel_5x5 != "5":
        text = f"{scene.model.config.kernel_5x5.replace('3', '3×3')} kernels here<br>{text}"
    share = f"{percent(found.energy_share)} of the module's energy"
    return f"{text}, total {found.total:,.0f}<br>{share}{usual}"


show()

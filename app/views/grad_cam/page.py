"""Grad-CAM: where each module and branch looks."""

from __future__ import annotations

from functools import partial
from typing import Literal

import streamlit as st

from app.session import address, explanations
from app.session.scene import Scene, current
from app.views.grad_cam import class_comparison, map_checks, module_panel, pixel_panel
from app.widgets import (
    choice,
    figure,
    heading,
    messages,
    output_choice,
    picture_strip,
)
from app.widgets.markdown import plain
from app.widgets.picture_strip import Small
from app.widgets.waiting import result_of
from inception_viz.explain import VARIANTS, Cams, Variant
from inception_viz.figures import data_url, short_number
from inception_viz.files import csv_text

Scale = Literal["own", "shared"]
_SCALE_HELP = (
    "**own**: each map from 0 to its own maximum, to see its shape. **shared**: all from 0 to the "
    "largest, in the units of the output, to compare them."
)

_HOW: dict[Scale, str] = {
    "own": "Yellow: strongest evidence, dark: none; each map from 0 to its own maximum, which "
    "stands below it. **Click one** to open it.",
    "shared": "Yellow: strongest evidence, dark: none; all maps on one scale. **Click one** to "
    "open it.",
}


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Grad-CAM", scene)
    with st.container(horizontal=True, gap="medium"):
        variant = choice.show("cam_map", "Map", {v.id: v.title for v in VARIANTS.values()})
        target = output_choice.show(scene)
        scale: Scale = choice.show(
            "cam_scale", "Scale", {"own": "own", "shared": "shared"}, help=_SCALE_HELP
        )
        strength = _strength()
    with messages.errors():
        cams = result_of(explanations.cams(scene.model, scene.trace, target, variant))
        module = address.module_in(cams)
        label = plain(target.describe(scene.trace.labels))
        title = f"What speaks for the {label} in each module"
        with figure.frame("strip", title, _HOW[scale], csv=csv_text(cams.to_frame())):
            _strip(scene, cams, module, scale, strength)
        module_panel.show(scene, cams, module, strength, shared=scale == "shared")
        _how(variant)
        class_comparison.show(scene, target, cams, module, strength)
        pixel_panel.show(scene, target, module, strength)
        map_checks.show(scene, target, cams, module)


def _strength() -> float:
    percentage: int = st.slider(
        "Map over photo",
        0,
        100,
        60,
        5,
        format="%d %%",
        key="strength",
        bind="query-params",
        width=180,
        help="0 % shows the photo alone, 100 % the map alone.",
    )
    return percentage / 100


def _strip(scene: Scene, cams: Cams, module: str, scale: Scale, strength: float) -> None:
    tops = {name: float(cams[name].max()) for name in cams}
    shared = max(tops.values())
    frames = []
    for name in cams:
        top = shared if scale == "shared" else tops[name]
        jpeg = explanations.cam_jpeg(scene.trace, cams, name, "", top, strength, 200)
        note = f"0 to {short_number(top)}" if tops[name] > 0 else "flat"
        frames.append(
            Small(name, data_url(jpeg), f"Where module {name} looks", title=name, note=note)
        )
    choose = partial(address.write, address.CAM_MODULE)
    picture_strip.show("film", "Modules", frames, module, choose, layout="film")


def _how(variant: Variant) -> None:
    chosen = VARIANTS[variant]
    with st.expander(f"How {chosen.title} works", icon=":material/function:"):
        st.markdown(chosen.words)
        st.latex(chosen.formula)
        st.caption(
            "z: the output explained. a: activations of the module, channels c, places i, j. All "
            "modules come from one backward pass. Maps are enlarged bilinearly."
        )


show()

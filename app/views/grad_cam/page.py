"""Grad-CAM: where each module and branch looks."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from app.session import address, explanations
from app.session.scene import Scene, current
from app.views.grad_cam import (
    class_comparison,
    map_checks,
    pixel_panel,
)
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
from inception_viz.explain.cam_variants import VARIANTS, Variant
from inception_viz.explain.grad_cam import Cams
from inception_viz.figures.answers import percent
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES
from inception_viz.figures.numbers import grid_csv
from inception_viz.figures.words import figure as short
from inception_viz.files.spreadsheet import csv_text

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
_HOW_BRANCHES = (
    "The branch maps add up exactly to the module's map, before negative parts are cut off. "
    "Evidence: a map's positive part, added up. Set the scale to **shared** to compare branches by "
    "eye."
)


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
        with figure.frame(
            "cam", f"Module {module}, and its four branches", _HOW_BRANCHES, csv=_csv(cams, module)
        ):
            _module(scene, cams, module, scale, strength)
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
        note = f"0 to {short(top)}" if tops[name] > 0 else "flat"
        frames.append(Small(name, jpeg, f"Where module {name} looks", title=name, note=note))
    picture_strip.show("film", "Modules", frames, module, address.choose_module, layout="film")


def _module(scene: Scene, cams: Cams, module: str, scale: Scale, strength: float) -> None:
    branches = list(cams.branches[module])
    values = {branch: cams.at_input_size(module, branch) for branch in branches}
    tops = {branch: float(v.max()) for branch, v in values.items()}
    whole = float(cams[module].max())
    shared = max(whole, *tops.values())
    columns = st.columns(len(branches) + 1, gap="small")
    with columns[0]:
        _title("whole module", "var(--st-text-color, #888)")
        top = shared if scale == "shared" else whole
        jpeg = explanations.cam_jpeg(scene.trace, cams, module, "", top, strength, 320)
        st.image(jpeg, width="stretch", alt=f"{module}: whole module", caption=f"0 to {short(top)}")
    shares = cams.shares(module)
    for column, branch in zip(columns[1:], branches, strict=True):
        with column:
            _title(BRANCH_NAMES[branch], BRANCH_COLOURS[branch])
            top = shared if scale == "shared" else tops[branch]
            jpeg = explanations.cam_jpeg(scene.trace, cams, module, branch, top, strength, 320)
            share = percent(shares[branch]) if shares else "none"
            st.image(
                jpeg,
                width="stretch",
                alt=f"{module}: {BRANCH_NAMES[branch]} branch",
                caption=f"{share} of the evidence  \n0 to {short(top)}",
            )


def _csv(cams: Cams, module: str) -> str:
    """The module's map before negative parts are cut off, a line a row."""
    return grid_csv(cams.raw(module))


def _title(text: str, colour: str) -> None:
    st.html(
        f'<div style="border-top:5px solid {colour};padding-top:.3rem;font-weight:600">{text}</div>'
    )


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

"""Grad-CAM: where each module and branch looks."""

from __future__ import annotations

from functools import partial
from typing import Literal

import streamlit as st

import inception_viz as iv
from app.session import address, explanations
from app.session.scene import Scene, current
from app.session.traces import KEYS, Keys
from app.views.grad_cam import checks
from app.widgets import choice, figure, heading, messages, picture, target_choice
from app.widgets.messages import plain
from app.widgets.picture import Small
from app.widgets.waiting import result_of
from inception_viz.explain import VARIANTS, Cams, Variant
from inception_viz.figures import (
    BRANCH_COLOURS,
    BRANCH_NAMES,
    data_url,
    evidence,
    grid_csv,
    short_number,
)

Scale = Literal["own", "shared"]
_KEYS: Keys = KEYS | {Cams: lambda maps: f"{maps.target} {maps.variant}"}  # beside their trace
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
_BRANCHES_HOW = (
    "The branch maps add up exactly to the module's map, before negative parts are cut off, as in "
    "the CSV. "
    "Evidence: a map's positive part, added up. Set the scale to **shared** to compare branches by "
    "eye."
)

_CLASSES_HOW = (
    "Both maps are on one scale. In their difference red speaks more for the first class, blue "
    "more for the second."
)


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Grad-CAM", scene)
    with st.container(horizontal=True, gap="medium"):
        variant = choice.show("cam_map", "Map", {v.id: v.title for v in VARIANTS.values()})
        target = target_choice.output(scene)
        scale: Scale = choice.show(
            "cam_scale", "Scale", {"own": "own", "shared": "shared"}, help=_SCALE_HELP
        )
        strength = _strength()
    with messages.errors():
        cams = result_of(explanations.cams(scene.model, scene.trace, target, variant))
        module = address.module_in(cams)
        label = plain(target.describe(scene.trace.labels))
        title = f"What speaks for the {label} in each module"
        csv = grid_csv(scene.cam_grid(cams, name) for name in cams)
        with figure.frame("strip", title, _HOW[scale], csv=csv):
            frames = _frames(scene.trace, cams, scale, strength)
            choose = partial(address.write, address.CAM_MODULE)
            picture.strip("film", "Modules", frames, module, choose, layout="film")
        title = f"Module {module}, and its four branches"
        csv = grid_csv(scene.cam_grid(cams, module, b) for b in ("", *cams.branches[module]))
        with figure.frame("cam", title, _BRANCHES_HOW, csv=csv):
            _branches(scene, cams, module, scale, strength)
        _how(variant)
        _classes(scene, target, cams, module, strength)
        checks.pixels(scene, target, module, strength)
        checks.checks(scene, target, cams, module)


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


@st.cache_data(show_spinner=False, max_entries=32, ttl=7200, hash_funcs=_KEYS)
def _frames(trace: iv.Trace, cams: Cams, scale: Scale, strength: float) -> list[Small]:
    """A small map of each module; to look each of them up would take a tenth of a run."""
    maps = dict(cams)
    tops = {name: float(values.max()) for name, values in maps.items()}
    frames = []
    for name, values in maps.items():
        top = max(tops.values()) if scale == "shared" else tops[name]
        jpeg = picture.over_photo(trace, values, maximum=top, strength=strength, side=200)
        note = f"0 to {short_number(top)}" if tops[name] > 0 else "flat"
        alt = f"Where module {name} looks"
        frames.append(Small(name, data_url(jpeg), alt, title=name, note=note))
    return frames


def _branches(scene: Scene, cams: Cams, module: str, scale: Scale, strength: float) -> None:
    """The module's map, and those of its branches."""
    maps = {None: cams[module]} | {b: cams.at_input_size(module, b) for b in cams.branches[module]}
    tops = {branch: float(values.max()) for branch, values in maps.items()}
    for column, (branch, values) in zip(st.columns(len(maps)), maps.items(), strict=True):
        top = max(tops.values()) if scale == "shared" else tops[branch]
        jpeg = picture.over_photo(scene.trace, values, maximum=top, strength=strength, side=320)
        alt, note = f"{module}: whole module", f"0 to {short_number(top)}"
        with column:
            if branch is None:
                heading.coloured("whole module", "#888")
            else:
                heading.coloured(BRANCH_NAMES[branch], BRANCH_COLOURS[branch])
                alt = f"{module}: {BRANCH_NAMES[branch]} branch"
                note = f"{evidence(cams, module, branch)}  \n{note}"
            picture.show(jpeg, alt, note)


def _how(variant: Variant) -> None:
    chosen = VARIANTS[variant]
    with st.expander(f"How {chosen.title} works", icon=":material/function:"):
        st.markdown(chosen.words)
        st.latex(chosen.formula)
        st.caption(
            "z: the output explained. a: activations of the module, channels c, places i, j. All "
            "modules come from one backward pass. Maps are enlarged bilinearly."
        )


def _classes(scene: Scene, target: iv.Target, cams: Cams, module: str, strength: float) -> None:
    """Draw the choice of a second class, both maps and their difference."""
    if target.against is not None:
        st.caption("The margin compares two classes already: red and yellow speak for the first.")
        return
    if len(scene.model.labels) < 2:
        st.caption("This network knows a single class.")
        return
    label, first = "Compare with the class", "the likeliest other"
    second = target_choice.second_class(scene, target.head, "compare", label, first, 300)
    other = iv.Target(second, None, target.head, target.kind)
    second_cams = result_of(explanations.cams(scene.model, scene.trace, other, cams.variant))
    grids = [scene.cam_grid(each, module) for each in (cams, second_cams)]
    csv = grid_csv([*grids, grids[0].minus(grids[1])])
    with figure.frame("classes", f"Two classes compared at {module}", _CLASSES_HOW, csv=csv):
        _draw_classes(scene, cams, second_cams, module, strength)


def _draw_classes(scene: Scene, cams: Cams, other: Cams, module: str, strength: float) -> None:
    trace, both = scene.trace, (cams, other)
    top = max(float(each[module].max()) for each in both)
    first, second = (plain(scene.model.labels[each.target.index]) for each in both)
    pictures = [  # two classes may have one name
        (
            f"{name}, 0 to {short_number(top)}",
            picture.over_photo(trace, each[module], maximum=top, strength=strength),
        )
        for name, each in ((first, cams), (second, other))
    ]
    difference = picture.over_photo(
        trace, cams.minus(other, module), signed=True, strength=strength
    )
    pictures.append((f"the difference: red for {first}, blue for {second}", difference))
    for column, (caption, jpeg) in zip(st.columns(3), pictures, strict=True):
        with column:
            picture.show(jpeg, caption, caption)


show()

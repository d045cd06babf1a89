"""Grad-CAM: where each module and branch looks."""

from __future__ import annotations

from typing import Literal

import streamlit as st

import inception_viz as iv
from app import explaining, services, state
from app.components import choice, film_strip, map_checks, output_choice, pixel_panel
from app.components.film_strip import Frame
from app.components.scene import Scene, current
from app.components.text import plain
from inception_viz.explain.grad_cam import Cams, Variant
from inception_viz.figures import overlay
from inception_viz.figures.answers import percent
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES
from inception_viz.figures.words import figure

Scale = Literal["own", "shared"]
_VARIANTS: dict[Variant, str] = {
    "grad_cam": "Grad-CAM",
    "hires_cam": "HiResCAM",
    "layer_cam": "LayerCAM",
}
_WORDS: dict[Variant, tuple[str, str]] = {
    "grad_cam": (
        "Each channel's map counts as much as the output would rise, on average over the map, if "
        "that channel fired more. Added up, what speaks for the output is left. "
        "(Selvaraju et al., [arXiv 1610.02391](https://arxiv.org/abs/1610.02391))",
        r"\mathrm{ReLU}\Bigl(\sum_c \Bigl[\tfrac{1}{HW}\sum_{i,j} "
        r"\tfrac{\partial z}{\partial a_{cij}}\Bigr]\, a_{c}\Bigr)",
    ),
    "hires_cam": (
        "As Grad-CAM, but every unit counts by its own gradient instead of the channel's average. "
        "At the last module both are the same. "
        "(Draelos and Carin, [arXiv 2011.08891](https://arxiv.org/abs/2011.08891))",
        r"\mathrm{ReLU}\Bigl(\sum_c \tfrac{\partial z}{\partial a_{cij}}\, a_{cij}\Bigr)",
    ),
    "layer_cam": (
        "As HiResCAM, but units whose gradient is negative don't count. Sharper in early modules; "
        "it can't show what speaks against the output. "
        "(Jiang et al. 2021, [doi 10.1109/TIP.2021.3089943]"
        "(https://doi.org/10.1109/TIP.2021.3089943))",
        r"\mathrm{ReLU}\Bigl(\sum_c \mathrm{ReLU}\Bigl(\tfrac{\partial z}{\partial a_{cij}}"
        r"\Bigr)\, a_{cij}\Bigr)",
    ),
}
_SCALE_HELP = (
    "**own**: each map from 0 to its own maximum, to see its shape. **shared**: all from 0 to the "
    "largest, in the units of the output, to compare them."
)


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("Grad-CAM")
    with st.container(horizontal=True, gap="medium"):
        variant = choice.show("cam_map", "Map", _VARIANTS)
        target = output_choice.show(scene)
        scale: Scale = choice.show(
            "cam_scale", "Scale", {"own": "own", "shared": "shared"}, help=_SCALE_HELP
        )
        strength = _strength()
    with services.messages():
        cams = explaining.cams(scene.model, scene.trace, target, variant)
        module = state.module_in(cams)
        label = plain(target.describe(scene.trace.labels))
        st.markdown(f"What speaks for the **{label}** in each module. **Click one** to open it.")
        _strip(scene, cams, module, scale, strength)
        _module(scene, cams, module, scale, strength)
        _how(variant)
        _compare(scene, target, cams, module, strength)
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
        jpeg = explaining.cam_jpeg(scene.trace, cams, name, "", top, strength, 240)
        note = f"0 to {figure(top)}" if tops[name] > 0 else "flat"
        frames.append(Frame(name, jpeg, name, note, f"Where module {name} looks"))
    film_strip.show("film", frames, module, state.choose_module)


def _module(scene: Scene, cams: Cams, module: str, scale: Scale, strength: float) -> None:
    st.subheader(f"Module {module}, and its four branches", anchor=False)
    branches = list(cams.branches[module])
    values = {branch: cams.at_input_size(module, branch) for branch in branches}
    tops = {branch: float(v.max()) for branch, v in values.items()}
    whole = float(cams[module].max())
    shared = max(whole, *tops.values())
    columns = st.columns(len(branches) + 1, gap="small")
    with columns[0]:
        _title("whole module", "var(--st-text-color, #888)")
        top = shared if scale == "shared" else whole
        jpeg = explaining.cam_jpeg(scene.trace, cams, module, "", top, strength, 420)
        st.image(
            jpeg, width="stretch", alt=f"{module}: whole module", caption=f"0 to {figure(top)}"
        )
    shares = cams.shares(module)
    for column, branch in zip(columns[1:], branches, strict=True):
        with column:
            _title(BRANCH_NAMES[branch], BRANCH_COLOURS[branch])
            top = shared if scale == "shared" else tops[branch]
            jpeg = explaining.cam_jpeg(scene.trace, cams, module, branch, top, strength, 420)
            share = percent(shares[branch]) if shares else "none"
            st.image(
                jpeg,
                width="stretch",
                alt=f"{module}: {BRANCH_NAMES[branch]} branch",
                caption=f"{share} of the evidence  \n0 to {figure(top)}",
            )
    st.caption(
        "The four branch maps add up exactly to the module's map, before negative parts are cut "
        "off. Evidence: a map's positive part, added up. Set the scale to **shared** to compare "
        "branches by eye."
    )


def _title(text: str, colour: str) -> None:
    st.html(
        f'<div style="border-top:5px solid {colour};padding-top:.3rem;font-weight:600">{text}</div>'
    )


def _how(variant: Variant) -> None:
    words, formula = _WORDS[variant]
    with st.expander(f"How {_VARIANTS[variant]} works", icon=":material/function:"):
        st.markdown(words)
        st.latex(formula)
        st.caption(
            "z: the output explained. a: activations of the module, channels c, places i, j. All "
            "modules come from one backward pass. Maps are enlarged bilinearly."
        )


def _compare(scene: Scene, target: iv.Target, cams: Cams, module: str, strength: float) -> None:
    st.subheader("Two classes compared", anchor=False)
    if target.against is not None:
        st.caption("The margin compares two classes already: red and yellow speak for the first.")
        return
    names = services.unique_names(scene.model.labels)
    if len(names) < 2:
        st.caption("This network knows a single class.")
        return
    options = [i for i in sorted(range(len(names)), key=names.__getitem__) if i != target.index]
    likely = [i for i, _ in scene.trace.top_classes(3, target.head) if i != target.index]
    if st.session_state.get("compare") not in (None, *options):
        del st.session_state["compare"]
    second: int | None = st.selectbox(
        "With",
        [None, *options],
        format_func=lambda i: (
            f"the likeliest other ({names[likely[0]]})" if i is None else names[i]
        ),
        key="compare",
        bind="query-params",
        width=300,
    )
    other = iv.Target(likely[0] if second is None else second, None, target.head, target.kind)
    second_cams = explaining.cams(scene.model, scene.trace, other, cams.variant)
    maps = [cams[module], second_cams[module]]
    difference = cams.minus(second_cams, module)
    top = max(float(m.max()) for m in maps)
    columns = st.columns(3, gap="medium")
    trace = scene.trace
    for column, index, values in zip(columns, (target.index, other.index), maps, strict=False):
        with column:
            image = overlay.overlay(
                trace.picture, trace.fitting, values, maximum=top, strength=strength
            )
            name = scene.model.labels[index]
            st.image(
                overlay.encode(image),
                width="stretch",
                alt=f"{module} for {name}",
                caption=f"{plain(name)}, 0 to {figure(top)}",
            )
    with columns[2]:
        image = overlay.overlay(
            trace.picture, trace.fitting, difference, signed=True, strength=strength
        )
        st.image(
            overlay.encode(image),
            width="stretch",
            alt="Difference of the two maps",
            caption=f"the difference: red for {plain(scene.model.labels[target.index])}, blue for "
            f"{plain(scene.model.labels[other.index])}",
        )


show()

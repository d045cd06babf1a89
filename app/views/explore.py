"""Explore: the whole network at a glance."""

from __future__ import annotations

from html import escape

import streamlit as st

from app import services, state
from app.components import answers, branch_map, choice
from app.components.scene import Scene, current
from inception_viz.explain.firing import Firing
from inception_viz.figures import overlay
from inception_viz.figures.answers import percent
from inception_viz.figures.colours import BRANCH_NAMES
from inception_viz.figures.network_map import HeadAnswer
from inception_viz.figures.paintings import Metric, paint_firing
from inception_viz.figures.words import firing_sentence

_METRICS: dict[Metric, tuple[str, str]] = {
    "deviation": (
        "Unusual for this branch",
        "σ: how many standard deviations the branch's mean activation lies above (red) or below "
        "(blue) its usual level over {photos:,} photos of {data}. White is usual.",
    ),
    "energy_share": (
        "Share of the module",
        "Part of the module's energy (the sum of all squared activations) that is in this branch; "
        "the four of a module add up to 100 %. Wide branches have more channels, so more energy.",
    ),
    "mean": (
        "Mean activation",
        "Activation after ReLU, averaged over all units of the branch (no unit; later modules "
        "differ in scale from earlier ones). Brighter is more.",
    ),
}


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("See how GoogLeNet thinks")
    firing = services.firing(scene.trace, scene.model)
    notes = " ".join(map(escape, scene.model.weights.notes))
    st.html(
        f'<p class="iv-lead">{_headline(scene)} {firing_sentence(firing)}</p>'
        f'<p class="iv-note">{notes}</p>'
    )
    clicked = _map(scene, firing)
    if clicked is not None:
        _go(clicked)
    heads = [*scene.model.config.heads, "main"]
    photo, *columns = st.columns([1.2] + [1] * 3, gap="medium")
    with photo:
        picture = overlay.photo_with_frame(scene.trace.picture, scene.trace.fitting)
        st.image(overlay.encode(picture), alt=scene.alt, width="stretch")
        st.caption("The photo. What the network doesn't see of it is darkened.")
    for column, head in zip(columns, heads, strict=False):
        with column:
            _answer(scene, head)
    if len(heads) == 1:
        with columns[1]:
            st.subheader("Auxiliary heads", anchor=False)
            st.caption("These weights come without auxiliary heads.")


def _headline(scene: Scene) -> str:
    label, probability = scene.trace.predictions(1)[0]
    answer = f"<b>{escape(label)}</b> ({percent(probability)})"
    if scene.model.source == "random":
        return f"This network has learned nothing: its answer, {answer}, is noise."
    return f"{escape(scene.model.title)} says {answer}."


def _map(scene: Scene, firing: Firing) -> str | None:
    metrics = [m for m in _METRICS if m != "deviation" or firing.reference is not None]
    metric = choice.show("metric", "Colour by", {m: _METRICS[m][0] for m in metrics})
    reference = firing.reference
    explanation = _METRICS[metric][1].format(
        photos=reference.photos if reference else 0, data=reference.data if reference else ""
    )
    heads = {"main": HeadAnswer(*scene.trace.predictions(1)[0])}
    for name, head in scene.model.config.heads.items():
        heads[f"{name}@{head.after}"] = (
            HeadAnswer(
                *scene.trace.predictions(1, name)[0], name in scene.model.weights.distilled_heads
            )
            if name in scene.trace.heads
            else HeadAnswer("never trained", None)
        )
    clicked = branch_map.show("map", paint_firing(firing, metric), heads)
    st.caption(f"{explanation} **Click a branch** to see its channels.")
    return clicked


def _go(place: str) -> None:
    module, _, branch = place.partition("/")
    # A bound widget reads its option's name on screen from the URL.
    where = {state.MODULE: module} | ({state.BRANCH: BRANCH_NAMES[branch]} if branch else {})
    st.switch_page("views/branches.py", query_params=state.link() | where)


def _answer(scene: Scene, head: str) -> None:
    names = {"main": "Main head", "aux1": "First auxiliary head", "aux2": "Second auxiliary head"}
    st.subheader(names[head], anchor=False)
    answers.show(scene, scene.trace, head)


show()

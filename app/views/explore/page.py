"""Explore: the whole network at a glance."""

from __future__ import annotations

from html import escape

import streamlit as st

from app.session import samples
from app.session.scene import Scene, current
from app.views.explore import insight_links, network
from app.widgets import answers, figure, page_link, picture
from inception_viz.architecture import HEAD_NAMES
from inception_viz.figures import percent


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("See how GoogLeNet thinks")
    photo, words = st.columns([1, 3.6], gap="medium")
    with photo, st.container(key="photo"):
        picture.framed_photo(scene.trace, scene.alt)
    with words, st.container(gap="xsmall"):
        notes = " ".join(map(escape, scene.model.weights.notes))
        st.html(f'<p class="iv-lead">{_headline(scene)}</p><p class="iv-note">{notes}</p>')
        page_link.show(
            "learn",
            "New to this? *Learn* explains modules, branches and the figures, step by step.",
            icon=":material/school:",
        )
        insight_links.show(scene)
    network.show(scene)
    _heads(scene)


def _headline(scene: Scene) -> str:
    label, probability = scene.trace.predictions(1)[0]
    answer = f"<b>{escape(label)}</b> ({percent(probability)})"
    if scene.model.source == "random":
        return f"This network has learned nothing: its answer, {answer}, is noise."
    said = f"{escape(scene.model.title)} says {answer}"
    if samples.shows_a_class_of(scene.trace.picture, scene.model) is False:
        return f"{said}; it has no class for what is on this photo, and must choose one."
    return f"{said}."


def _heads(scene: Scene) -> None:
    heads = [*scene.model.config.heads, "main"]
    how = "The five likeliest classes by softmax probability."
    with figure.frame("answers", "What the heads answer", how, csv=answers.csv(scene, heads)):
        columns = st.columns(max(len(heads), 2), gap="medium")
        for column, head in zip(columns, heads, strict=False):
            with column:
                answers.show(scene, scene.trace, head, title=HEAD_NAMES[head].capitalize())
        if len(heads) == 1:
            with columns[1]:
                st.caption("These weights come without auxiliary heads.")


show()

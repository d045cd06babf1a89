"""What a page, or a part of it, is about: photo and answer; the same photo in another model."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

import inception_viz as iv
from app.session import traces
from app.session.scene import Scene
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.explain import same_class
from inception_viz.figures import data_url, percent


def coloured(title: str, colour: str, note: str = "") -> None:
    """Draw what a column is about, under a bar of its branch's colour, and a note, both HTML."""
    bar = f'<div class="iv-branch" style="border-top-color:{colour}">{title}</div>'
    st.html(f'{bar}<p class="iv-note">{note}</p>')


def show(title: str, scene: Scene) -> None:
    """Draw them in one row; below each other where there is no room."""
    label, probability = scene.trace.predictions(1)[0]
    with st.container(horizontal=True, key="heading_row", vertical_alignment="center"):
        st.html(
            f'<img class="iv-subject" alt="{escape(scene.alt)}" '
            f'src="{data_url(traces.small_photo(scene.trace))}">',
            width="content",
        )
        st.title(title, width="content")
        st.html(
            f'<p class="iv-note">{escape(scene.model.title)} says '
            f"<b>{escape(label)}</b> ({percent(probability)})</p>",
            width="content",
        )


def scene_in(scene: Scene, model: iv.Classifier) -> Scene:
    """``scene`` in ``model``; says so where none of its classes is called so, and takes its answer.

    Raises:
        WeightsError: if the model gives no finite answer.
    """
    trace = result_of(traces.trace(model, scene.trace.picture, scene.trace.fitting.fit))
    target = same_class(scene.model.labels, scene.target, model.labels)
    if target is None:
        target = trace.top_classes(1)[0][0]
        st.caption(
            f"No class of {plain(model.title)} is called "
            f"{plain(scene.model.labels[scene.target])}; its own first choice, "
            f"{plain(model.labels[target])}, is explained instead."
        )
    return replace(scene, model=model, base=model, trace=trace, target=target)

"""A page's title beside the photo and the answer that it is about."""

from __future__ import annotations

from html import escape

import streamlit as st

from app.session import traces
from app.session.scene import Scene
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

"""A figure: its title, the drawing, one line on how to read it, and a way to take it home."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import plotly.graph_objects as go
import streamlit as st

from app.frontend import component
from app.session import address
from app.widgets.messages import plain
from inception_viz.figures import figure_csv
from inception_viz.files import slug

_saving = component("take_home")


@contextmanager
def frame(key: str, title: str, how: str = "", *, csv: str = "") -> Iterator[None]:
    """Frame what is drawn inside: its title, how to read it, both Markdown; its numbers as CSV.

    ``key`` is of letters, digits and underscores.
    """
    words = re.sub(r"[*`\\]", "", title)
    with st.container(key=f"figure_{key}", gap="xsmall"):
        with st.container(
            key=f"heading_{key}", horizontal=True, vertical_alignment="bottom", gap="medium"
        ):
            st.subheader(title, anchor=False, width="stretch")
            _take_home(f"figure_{key}", words, csv)
        with st.container(key=f"drawn_{key}"):
            yield
        if how:
            st.caption(how)


def chart(key: str, fig: go.Figure, how: str = "", *, alt: str = "") -> None:
    """Frame a plotly figure; its own title becomes the frame's."""
    title = re.sub(r"<[^>]*>", " ", fig.layout.title.text or "")
    fig.update_layout(title=None, margin_t=12)
    if address.large():
        fig.update_layout(font_size=17, height=int((fig.layout.height or 450) * 1.25))
    with frame(key, plain(title), how, csv=figure_csv(fig)):
        st.plotly_chart(
            fig,
            width="stretch",
            key=f"chart_{key}",
            config={"displayModeBar": False},
            alt=alt or title,
        )


def _take_home(figure: str, title: str, csv: str) -> None:
    """A way to save the container whose key is ``figure`` as it is: PNG, SVG, its numbers."""
    name = slug(title[:60], "figure")
    data = {"figure": figure, "title": title, "name": name, "csv": csv}
    _saving(key=f"save_{figure}", width=150, data=data)

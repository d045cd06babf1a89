"""Pictures on the page: maps over the photo, drawings of ours, small ones to click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import streamlit as st

import inception_viz as iv
from app.frontend import component
from app.session.traces import KEYS
from inception_viz.figures import jpeg, overlay

_drawing = component("drawing")


@st.cache_data(show_spinner=False, max_entries=512, ttl=7200, hash_funcs=KEYS)
def over_photo(trace: iv.Trace, values: np.ndarray, **how: Any) -> bytes:
    """A map (height, width) over the photo of ``trace`` as a JPEG; ``how`` as overlay takes it."""
    return jpeg(overlay(trace.picture, trace.fitting, values, **how))


def framed_photo(trace: iv.Trace, alt: str) -> None:
    """Draw the photo of ``trace``, what the network doesn't see of it darkened."""
    show(over_photo(trace, np.zeros((1, 1)), strength=0.0), alt)


def show(encoded: bytes, alt: str, caption: str | None = None) -> None:
    """Draw a picture that is encoded already: what it shows in words, Markdown to stand below."""
    st.image(encoded, width="stretch", alt=alt, caption=caption)


def drawing(key: str, svg: str) -> None:
    """Draw ``svg``, whose foreign text is escaped already."""
    _drawing(key=key, data={"svg": svg})


_strip = component("picture_strip")


@dataclass(frozen=True)
class Small:
    """One picture: its id, a data URL, what it shows; what a mouse, or a line below, says."""

    id: str
    src: str
    alt: str
    tip: str = ""
    title: str = ""
    note: str = ""


def strip(
    key: str,
    label: str,
    pictures: Sequence[Small],
    selected: str,
    on_choose: Callable[[str], None] | None,
    *,
    layout: Literal["strip", "gallery", "film"] = "strip",
) -> None:
    """Draw them; ``on_choose`` gets the id of one that was clicked, before the rerun.

    Without it, none can be clicked. ``label`` is for who can't see them. "strip": many small
    squares in rows; "gallery": larger ones, with a note below; "film": one row, with words below.
    """
    _strip(
        key=key,
        data={
            "layout": layout,
            "label": label,
            "pictures": [vars(picture) for picture in pictures],
            "selected": selected,
            "fixed": on_choose is None,
        },
        on_clicked_change=lambda: on_choose and on_choose(str(st.session_state[key].clicked)),
    )

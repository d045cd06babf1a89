"""Pictures on the page: a map over the photo, as wide as its column."""

from __future__ import annotations

import numpy as np
import streamlit as st

import inception_viz as iv
from inception_viz.figures import Box, jpeg, overlay, photo_with_frame


def over_photo(
    trace: iv.Trace,
    values: np.ndarray,
    alt: str,
    caption: str | None = None,
    *,
    side: int = 400,
    maximum: float | None = None,
    strength: float = 0.6,
    signed: bool = False,
    box: Box | None = None,
    point: tuple[float, float] | None = None,
) -> None:
    """Draw a map over the photo of ``trace``.

    Args:
        trace: whose photo it is.
        values: the map, (height, width).
        alt: what the picture shows, in words.
        caption: what stands below it, Markdown.
        side: longer side of the picture in pixels; this and the rest as
            :func:`inception_viz.figures.photo.overlay` has them.
        maximum: value of the scale's end.
        strength: 0 shows the photo alone, 1 the map alone.
        signed: from −maximum (blue) to maximum (red).
        box: a frame, in input pixels.
        point: a dot, in input pixels.
    """
    image = overlay(
        trace.picture,
        trace.fitting,
        values,
        side=side,
        maximum=maximum,
        strength=strength,
        signed=signed,
        box=box,
        point=point,
    )
    show(jpeg(image), alt, caption)


def framed_photo(trace: iv.Trace, alt: str) -> None:
    """Draw the photo of ``trace``, what the network doesn't see of it darkened."""
    show(jpeg(photo_with_frame(trace.picture, trace.fitting)), alt)


def show(encoded: bytes, alt: str, caption: str | None = None) -> None:
    """Draw a picture that is encoded already."""
    st.image(encoded, width="stretch", alt=alt, caption=caption)

"""Live: what the camera sees, and what the branches do with it, as it happens."""

from __future__ import annotations

import streamlit as st

from app.session import live, traces
from app.session.scene import current
from app.views.live import camera
from app.widgets import choice, page_link
from inception_viz.explain import Shade

_COLOURS = {  # how to colour the branches: its name, what a colour means
    "deviation": (
        "Unusual firing",
        "Red: the branch fires more than usual, blue: less, in standard deviations (σ).",
    ),
    "energy_share": (
        "Share of the module",
        "The brighter, the more of its module's energy is the branch's; four add up to 100 %.",
    ),
    "contribution": (
        "Contribution",
        "Red speaks for the likeliest class, blue against it: gradient × activation, in logits.",
    ),
}
_SHADES: dict[Shade, str] = {
    "cam": "Grad-CAM",
    "branch": "branch in question",
    "none": "nothing",
}
_HOW = (
    "Each frame is cut to a square, sent to this server as a JPEG of 224 pixels, answered, and "
    "forgotten. **Click a branch** to ask about it. *Freeze* makes a frame the photo of all pages, "
    "in this session alone."
)


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("Live")
    with st.container(horizontal=True, gap="medium"):
        known = traces.firing(scene.trace, scene.model).reference is not None
        colours = {k: name for k, (name, _) in _COLOURS.items() if k != "deviation" or known}
        colour = choice.show("live_colour", "Branches by", colours)
        shade = choice.show("live_shade", "Over the picture", _SHADES)
    camera.show(scene, colour, shade)
    st.caption(f"{_COLOURS[colour][1]} {_HOW}")
    if live.camera().frozen:
        with st.container(horizontal=True, gap="medium"):
            for page, words in (("explore", "Explore the frozen frame"), ("flow", "Its flow")):
                page_link.show(page, words)


show()

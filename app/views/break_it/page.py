"""Break it: change as few pixels as possible so that the network answers something else."""

from __future__ import annotations

import streamlit as st

from app.session.scene import current
from app.views.break_it import board

_HOW = (
    "What stands here is the square that the network sees, pixel by pixel. **Broken** means that "
    "the first choice of the main head is another one than before any change. The score is the "
    "share of pixels that differ in any channel. Pictures and changes stay in this session."
)


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("Break it")
    board.show(scene)
    st.caption(_HOW)


show()

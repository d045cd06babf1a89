"""Explain the gap: one line of the student's on what was expected and what came."""

from __future__ import annotations

import streamlit as st

from app.session import notes
from app.session.scene import Scene

_ASKED = (
    "**Explain the gap.** What did you expect, what came, and why? One line; it is kept until the "
    "session ends, and stands in this photo's *Report*."
)


def explain(key: str, scene: Scene, about: str) -> None:
    """Ask for the line; ``about`` is what it stands beside in the report."""
    place = f"gap_{key}_{scene.trace.picture.sha256[:12]}_{scene.model.key[:12]}"
    with st.container(border=True):
        st.markdown(_ASKED)
        line = st.text_input(
            "Explain the gap",
            value=notes.of(scene).get(about, ""),
            key=place,
            max_chars=200,
            label_visibility="collapsed",
            placeholder="I expected … because …; it was … since …",
        )
        notes.write(scene, about, line)

"""What every page looks at: one picture through one model, and the class in question."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

import inception_viz as iv


@dataclass(frozen=True)
class Scene:
    """The sidebar's choices and the trace that follows from them.

    Attributes:
        model: the classifier.
        base: the same, or the one that it was rebuilt from.
        trace: the picture's trace through it.
        target: index of the class in question.
        photo: what the picture is called: a sample's title, a file's name.
        alt: what it shows, in words.
    """

    model: iv.Classifier
    trace: iv.Trace
    target: int
    photo: str
    alt: str
    base: iv.Classifier


def current() -> Scene:
    """The scene of this run; the page stops here, quietly, where there is none."""
    scene: Scene | None = st.session_state.get("scene")
    if scene is None:
        st.info("Choose a photo and a model at the side to begin.")
        st.stop()
    return scene

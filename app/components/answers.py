"""What a head answers, with everything that must be said about that head."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.components.scene import Scene
from app.components.text import plain
from inception_viz.figures.answers import answer_bars, percent

DISTILLED = "Distilled: this head learned to repeat the main head, after the trunk was trained."
UNTRAINED = "Never trained in these weights, so its answer would mean nothing."


def show(scene: Scene, trace: iv.Trace, head: str) -> None:
    """The five likeliest classes of ``head``; the class in question below if it isn't there."""
    if head not in trace.heads:
        st.caption(UNTRAINED)
        return
    target = scene.model.labels[scene.target]
    predictions = trace.predictions(5, head)
    st.html(answer_bars(predictions, emphasised=target))
    if head in scene.model.weights.distilled_heads:
        st.caption(DISTILLED)
    belief = float(trace.probabilities(head)[scene.target])
    if target not in dict(predictions):
        st.caption(f"Class in question, {plain(target)}: {percent(belief)}")

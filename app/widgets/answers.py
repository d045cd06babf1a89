"""What a head answers, with everything that must be said about that head."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

import inception_viz as iv
from app.session.scene import Scene
from app.widgets import figure
from app.widgets.messages import plain
from inception_viz.architecture import HEAD_NAMES
from inception_viz.figures import answer_bars, percent
from inception_viz.files import csv_text


def show(scene: Scene, trace: iv.Trace, head: str, *, title: str = "") -> None:
    """The five likeliest classes of ``head``; the class in question below if it isn't there."""
    heading = f'<p class="iv-head">{escape(title)}</p>' * bool(title)
    if head not in trace.heads:
        st.html(heading)
        st.caption("Never trained in these weights, so its answer would mean nothing.")
        return
    target = scene.model.labels[scene.target]
    predictions = trace.predictions(5, head)
    st.html(heading + answer_bars(predictions, emphasised=target))
    if head in scene.model.weights.fits:
        st.caption(str(scene.model.weights.fits[head]))
    belief = float(trace.probabilities(head)[scene.target])
    if target not in dict(predictions):
        st.caption(f"Class in question, {plain(target)}: {percent(belief)}")


def rows(trace: iv.Trace, head: str = "main") -> list[list[Any]]:
    """The three likeliest classes of ``head`` as ``answer_rows.js`` draws them."""
    return [[label, percent(share), share] for label, share in trace.predictions(3, head)]


def of_all_heads(scene: Scene, key: str, title: str) -> None:
    """Frame what the heads answer, side by side."""
    heads = [*scene.model.config.heads, "main"]
    with figure.frame(key, title, _how(len(scene.trace.labels)), csv=csv(scene, heads)):
        columns = st.columns(max(len(heads), 2), gap="medium")
        for column, head in zip(columns, heads, strict=False):
            with column:
                show(scene, scene.trace, head, title=HEAD_NAMES[head].capitalize())
        if len(heads) == 1:
            with columns[1]:
                st.caption("These weights have no auxiliary heads, or none that fit.")


def _how(classes: int) -> str:
    if classes == 1:
        return "Its one output as a sigmoid: how sure the network is of this class."
    which = "The five likeliest" if classes > 5 else f"All {classes}"
    return f"{which} classes by softmax probability."


def csv(scene: Scene, heads: Sequence[str]) -> str:
    """The probability of every class in every trained head, as CSV."""
    import pandas as pd

    trained = [head for head in heads if head in scene.trace.heads]
    columns = {head: scene.trace.probabilities(head).tolist() for head in trained}
    return csv_text(pd.DataFrame({"class": scene.model.labels, **columns}))

"""One head: what it answers, how sure it is, and where it looks."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

import inception_viz as iv
from app.session import explanations
from app.session.scene import Scene
from app.widgets import answers, picture
from app.widgets.markdown import plain
from app.widgets.waiting import result_of
from inception_viz.architecture import HEAD_NAMES
from inception_viz.explain import HeadBelief
from inception_viz.figures import percent, short_number

_PAPER_NAMES = {"aux1": "softmax0", "aux2": "softmax1", "main": "softmax2"}


def show(scene: Scene, head: str, after: str, belief: HeadBelief | None) -> None:
    """Draw ``head``, which reads the module ``after``; no belief if it was never trained."""
    title = HEAD_NAMES[head].capitalize()
    st.html(f'<p class="iv-head">{title}</p>')
    label = f"{_PAPER_NAMES[head]} in the paper, reads {after}"
    if belief is None:
        st.caption(label)
        st.warning(
            "Never trained in these weights. Whatever it said would be noise, so nothing is shown. "
            "`python -m inception_viz fit-heads` can train it on any folder of photos.",
            icon=":material/model_training:",
        )
        return
    st.caption(label + (", **fitted afterwards**" if belief.fit else ""))
    answers.show(scene, scene.trace, head)
    name = escape(scene.model.labels[scene.target])
    agreement = (
        "<br>The answer that counts"
        if head == "main"
        else f"<br>{'Agrees' if belief.agrees else 'Disagrees'} with the main head; "
        f"{percent(belief.overlap)} of its belief is the same"
    )
    st.html(
        f'<p class="iv-note">{name}: {percent(belief.probability)}, place {belief.rank}<br>'
        f"Uncertainty: {belief.entropy:.2f} of at most {belief.highest_entropy:.2f} bits "
        f"(entropy){agreement}</p>"
    )
    target = iv.Target(scene.target, head=head)
    cams = result_of(explanations.cams(scene.model, scene.trace, target))
    values = cams[after]
    fitted = ", fitted afterwards" if belief.fit else ""
    alt = f"Grad-CAM of {title}{fitted} at {after}"
    looks = _where(plain(scene.model.labels[scene.target]), after, values)
    picture.show(picture.over_photo(scene.trace, values), alt, f"{looks}{fitted}")


def _where(label: str, after: str, values: np.ndarray) -> str:
    top = float(values.max())
    if top == 0:
        return f"No place at {after} speaks for {label} on balance: the Grad-CAM map is flat"
    return f"Where it looks for {label}: Grad-CAM at {after}, 0 to {short_number(top)}"

"""Concepts: has the network a direction for something that you show it?"""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import concepts
from app.session.scene import Scene, current
from app.views.concepts import examples, found
from app.widgets import choice, heading, messages, uploader
from app.widgets.waiting import result_of, wait_for
from inception_viz.features import LEAST

_INTRO = (
    "Bring photos **with** something (stripes, snow, a face) and photos **without** it. The "
    "network is asked whether it tells them apart, where, and whether its answer depends on that. "
    "*Found nothing* is an answer, too."
)
_WAYS = {"examples": "from examples", "file": "from a saved file"}


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Concepts", scene)
    st.markdown(_INTRO)
    way = choice.show("concept_from", "Concept", _WAYS)
    with messages.errors():
        concept = _from_file() if way == "file" else _from_examples(scene)
        if concept is not None:
            found.show(scene, concept)


def _from_file() -> iv.Concept | None:
    file = uploader.file("One concept that was saved here (.safetensors)", key="concept_file")
    if file is None:
        st.caption("A saved concept fits the network that it was found in.")
        return None
    return result_of(concepts.open_file(file))


def _from_examples(scene: Scene) -> iv.Concept | None:
    examples.show(scene)
    count = len(concepts.photos("with"))
    if count < LEAST:
        st.info(
            f"Add {LEAST - count} more photo{'s' * (LEAST - count != 1)} with it, or try one that "
            "is made by rule. Ten on each side are good, twenty better."
        )
        return None
    if 0 < len(concepts.photos("without")) < LEAST:
        st.info(f"Add photos without it: {LEAST} at least, or none at all.")
        return None
    name = st.session_state.get("concept_name", "").strip()[:40] or "it"
    job = concepts.finding(scene.model, name)
    return wait_for("concept", job, "Looking for a direction in every module …")


show()

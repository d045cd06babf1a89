"""Which output of the network is explained: a head's logit, probability, or a margin."""

from __future__ import annotations

from typing import Literal

import streamlit as st

import inception_viz as iv
from app.session import models
from app.session.scene import Scene
from app.widgets import choice, class_choice

AGAINST = "against"
Output = Literal["logit", "probability", "margin"]

_HEAD_HELP = (
    "**main** is the classifier at the end. **aux1** and **aux2** are the auxiliary heads after 4a "
    "and 4d; they see only the modules in front of them."
)
_OUTPUT_HELP = (
    "**Logit**: the class's score before softmax. **Probability**: after softmax, so other classes "
    "count, too. **Margin**: the class's logit minus that of a second class: what tells the two "
    "apart."
)


def show(scene: Scene) -> iv.Target:
    """Draw the choices; the class itself is the sidebar's."""
    heads = {name: name for name in ("main", *reversed(scene.model.config.heads))}
    heads = {name: name for name in heads if name in scene.trace.heads}
    head = "main"
    if len(heads) > 1:
        head = choice.show("head", "Head", heads, help=_HEAD_HELP)
    names: dict[Output, str] = {"logit": "logit", "probability": "probability", "margin": "margin"}
    if len(scene.model.labels) < 2:
        del names["margin"]
    output = choice.show("output", "Output", names, help=_OUTPUT_HELP)
    if head in scene.model.weights.fits:
        st.caption(str(scene.model.weights.fits[head]))
    if output == "margin":
        return iv.Target(scene.target, against=_second_class(scene, head), head=head)
    return iv.Target(scene.target, head=head, kind=output)


def _second_class(scene: Scene, head: str) -> int:
    labels = scene.model.labels
    likeliest = next(i for i, _ in scene.trace.top_classes(2, head) if i != scene.target)
    first = f"the next likely ({models.unique_names(labels)[likeliest]})"
    chosen = class_choice.show(AGAINST, "Over", labels, first, without=[scene.target], width=240)
    return likeliest if chosen is None else chosen

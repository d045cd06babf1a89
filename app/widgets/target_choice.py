"""What is explained: one of a network's classes, and which output of the network that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

import inception_viz as iv
from app.session import models
from app.session.scene import Scene
from app.widgets import choice

AGAINST = "against"
Output = Literal["logit", "probability", "margin"]

_FIRST = -1  # not None: Back would leave the box empty
_HEAD_HELP = (
    "**main** is the classifier at the end. **aux1** and **aux2** are the auxiliary heads after 4a "
    "and 4d; they see only the modules in front of them."
)
_LOGIT = "**Logit**: the class's score before softmax. "
_MARGIN = "**Margin**: the class's logit minus that of a second class: what tells the two apart."
_OUTPUT_HELP = f"{_LOGIT}**Probability**: after softmax, so other classes count, too. {_MARGIN}"
_SUMS_HELP = _LOGIT + _MARGIN


def one_class(
    key: str,
    label: str,
    labels: tuple[str, ...],
    first: str,
    *,
    without: Sequence[int] = (),
    help: str | None = None,  # noqa: A002
    width: int | Literal["stretch"] = "stretch",
) -> int | None:
    """Draw a box with all classes but some; the chosen one, None for ``first``, which is none."""
    names = models.unique_names(labels)
    indices = sorted(range(len(names)), key=lambda index: names[index].casefold())
    options = [_FIRST, *(index for index in indices if index not in without)]
    if st.session_state.get(key, _FIRST) not in options:
        del st.session_state[key]  # it can't be chosen any more, or the model before had it
    chosen: int = st.selectbox(
        label,
        options,
        format_func=lambda index: first if index == _FIRST else names[index],
        key=key,
        bind="query-params",
        help=help,
        width=width,
    )
    return None if chosen == _FIRST else chosen


def second_class(scene: Scene, head: str, key: str, label: str, first: str, width: int) -> int:
    """Draw a box with the classes that aren't in question; at first ``head``'s likeliest."""
    labels = scene.model.labels
    likeliest = next(i for i, _ in scene.trace.top_classes(2, head) if i != scene.target)
    first = f"{first} ({models.unique_names(labels)[likeliest]})"
    chosen = one_class(key, label, labels, first, without=[scene.target], width=width)
    return likeliest if chosen is None else chosen


def output(scene: Scene, *, sums: bool = False) -> iv.Target:
    """Draw the choice of a head and of its output; the class itself is the sidebar's.

    ``sums``: only outputs that are sums, so no probability.
    """
    heads = {name: name for name in ("main", *reversed(scene.model.config.heads))}
    heads = {name: name for name in heads if name in scene.trace.heads}
    head = "main"
    if len(heads) > 1:
        head = choice.show("head", "Head", heads, help=_HEAD_HELP)
    names: dict[Output, str] = {"logit": "logit", "probability": "probability", "margin": "margin"}
    if len(scene.model.labels) < 2:
        del names["margin"]
    if sums:
        del names["probability"]
    chosen = choice.show("output", "Output", names, help=_SUMS_HELP if sums else _OUTPUT_HELP)
    if head in scene.model.weights.fits:
        st.caption(str(scene.model.weights.fits[head]))
    if chosen == "margin":
        against = second_class(scene, head, AGAINST, "Over", "the next likely", 240)
        return iv.Target(scene.target, against=against, head=head)
    return iv.Target(scene.target, head=head, kind=chosen)

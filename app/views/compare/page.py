"""Compare: two photos on one network, or one photo on two networks."""

from __future__ import annotations

import streamlit as st

from app.session.scene import Scene, current
from app.views.compare import comparing, counterpart
from app.views.compare.side_by_side import Pair
from app.widgets import choice, messages, picture
from app.widgets.markdown import plain
from inception_viz.figures import percent


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("Compare")
    other = counterpart.show(scene)
    if other is None:
        return
    pair = Pair(scene, other)
    _sides(pair)
    controls = st.container(horizontal=True, gap="medium")
    with controls:
        view = choice.show(
            "view", "By", {key: title for key, (title, _) in comparing.VIEWS.items()}
        )
    with messages.errors():
        comparing.VIEWS[view][1](pair, controls)


def _sides(pair: Pair) -> None:
    columns = st.columns([1, 4, 1, 4], vertical_alignment="center")
    for place, (side, name) in enumerate(zip(pair.sides, pair.names, strict=True)):
        with columns[2 * place], st.container(width=120):
            picture.framed_photo(side.trace, side.alt)
        with columns[2 * place + 1]:
            label, probability = side.trace.predictions(1)[0]
            st.markdown(
                f"**{plain(name)}**  \n{plain(side.model.title)} says **{plain(label)}** "
                f"({percent(probability)}){_belief(side)}"
            )


def _belief(side: Scene) -> str:
    """The class in question, where that isn't the answer itself."""
    if side.trace.top_classes(1)[0][0] == side.target:
        return "."
    probability = percent(float(side.trace.probabilities()[side.target]))
    return f"; {plain(side.model.labels[side.target])}: {probability}."


show()

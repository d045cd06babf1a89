"""Where a module looks for one class, and for another."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import explanations
from app.session.scene import Scene
from app.widgets import figure, picture, target_choice
from app.widgets.markdown import plain
from app.widgets.waiting import result_of
from inception_viz.explain import Cams
from inception_viz.figures import grid_csv, short_number

_HOW = (
    "Both maps are on one scale. In their difference red speaks more for the first class, blue "
    "more for the second."
)


def show(scene: Scene, target: iv.Target, cams: Cams, module: str, strength: float) -> None:
    """Draw the choice of a second class, both maps and their difference."""
    if target.against is not None:
        st.caption("The margin compares two classes already: red and yellow speak for the first.")
        return
    if len(scene.model.labels) < 2:
        st.caption("This network knows a single class.")
        return
    label, first = "Compare with the class", "the likeliest other"
    second = target_choice.second_class(scene, target.head, "compare", label, first, 300)
    other = iv.Target(second, None, target.head, target.kind)
    second_cams = result_of(explanations.cams(scene.model, scene.trace, other, cams.variant))
    csv = grid_csv(cams.raw_minus(second_cams, module))
    with figure.frame("classes", f"Two classes compared at {module}", _HOW, csv=csv):
        _draw(scene, cams, second_cams, module, strength)


def _draw(scene: Scene, cams: Cams, other: Cams, module: str, strength: float) -> None:
    trace, both = scene.trace, (cams, other)
    top = max(float(each[module].max()) for each in both)
    first, second = (plain(scene.model.labels[each.target.index]) for each in both)
    pictures = [  # two classes may have one name
        (
            f"{name}, 0 to {short_number(top)}",
            picture.over_photo(trace, each[module], maximum=top, strength=strength),
        )
        for name, each in ((first, cams), (second, other))
    ]
    difference = picture.over_photo(
        trace, cams.minus(other, module), signed=True, strength=strength
    )
    pictures.append((f"the difference: red for {first}, blue for {second}", difference))
    for column, (caption, jpeg) in zip(st.columns(3), pictures, strict=True):
        with column:
            picture.show(jpeg, caption, caption)

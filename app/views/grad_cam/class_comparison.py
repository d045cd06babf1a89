"""Where a module looks for one class, and for another."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import explanations, models
from app.session.scene import Scene
from app.widgets import class_choice, figure, picture
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
    second = _second(scene, target)
    if second is None:
        st.caption("This network knows a single class.")
        return
    other = iv.Target(second, None, target.head, target.kind)
    second_cams = result_of(explanations.cams(scene.model, scene.trace, other, cams.variant))
    csv = grid_csv(cams.raw_minus(second_cams, module))
    with figure.frame("classes", f"Two classes compared at {module}", _HOW, csv=csv):
        _draw(scene, cams, second_cams, module, strength)


def _second(scene: Scene, target: iv.Target) -> int | None:
    labels = scene.model.labels
    if len(labels) < 2:
        return None
    likeliest = next(i for i, _ in scene.trace.top_classes(2, target.head) if i != target.index)
    first = f"the likeliest other ({models.unique_names(labels)[likeliest]})"
    label, without = "Compare with the class", [target.index]
    chosen = class_choice.show("compare", label, labels, first, without=without, width=300)
    return likeliest if chosen is None else chosen


def _draw(scene: Scene, cams: Cams, other: Cams, module: str, strength: float) -> None:
    trace, labels = scene.trace, scene.model.labels
    top = max(float(each[module].max()) for each in (cams, other))
    first, second = (plain(labels[each.target.index]) for each in (cams, other))
    pictures = [  # two classes may have one name
        (
            f"{name}, 0 to {short_number(top)}",
            explanations.cam_jpeg(trace, each, module, "", top, strength, 400),
        )
        for name, each in ((first, cams), (second, other))
    ]
    difference = explanations.difference_jpeg(trace, cams, other, module, strength)
    pictures.append((f"the difference: red for {first}, blue for {second}", difference))
    for column, (caption, jpeg) in zip(st.columns(3), pictures, strict=True):
        with column:
            picture.show(jpeg, caption, caption)

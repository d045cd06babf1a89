"""Where a module looks for one class, and for another."""

from __future__ import annotations

import numpy as np
import streamlit as st

import inception_viz as iv
from app import explaining, services
from app.components import figure
from app.components.scene import Scene
from app.components.text import plain
from inception_viz.explain.grad_cam import Cams
from inception_viz.figures import overlay
from inception_viz.figures.numbers import grid_csv
from inception_viz.figures.words import figure as short

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
    second_cams = explaining.cams(scene.model, scene.trace, other, cams.variant)
    difference = cams.minus(second_cams, module)
    csv = grid_csv(cams.raw_minus(second_cams, module))
    with figure.frame("classes", f"Two classes compared at {module}", _HOW, csv=csv):
        _draw(scene, (target, other), (cams[module], second_cams[module]), difference, strength)


def _second(scene: Scene, target: iv.Target) -> int | None:
    names = services.unique_names(scene.model.labels)
    if len(names) < 2:
        return None
    options = [i for i in sorted(range(len(names)), key=names.__getitem__) if i != target.index]
    likely = [i for i, _ in scene.trace.top_classes(3, target.head) if i != target.index]
    if st.session_state.get("compare") not in (None, *options):
        del st.session_state["compare"]
    chosen: int | None = st.selectbox(
        "Compare with the class",
        [None, *options],
        format_func=lambda i: (
            f"the likeliest other ({names[likely[0]]})" if i is None else names[i]
        ),
        key="compare",
        bind="query-params",
        width=300,
    )
    return likely[0] if chosen is None else chosen


def _draw(
    scene: Scene,
    targets: tuple[iv.Target, iv.Target],
    maps: tuple[np.ndarray, np.ndarray],
    difference: np.ndarray,
    strength: float,
) -> None:
    trace, labels = scene.trace, scene.model.labels
    top = max(float(values.max()) for values in maps)
    first, second = (plain(labels[target.index]) for target in targets)
    pictures = [
        (maps[0], top, False, f"{first}, 0 to {short(top)}"),
        (maps[1], top, False, f"{second}, 0 to {short(top)}"),
        (difference, None, True, f"the difference: red for {first}, blue for {second}"),
    ]
    for column, (values, end, signed, caption) in zip(st.columns(3), pictures, strict=True):
        image = overlay.overlay(
            trace.picture, trace.fitting, values, maximum=end, signed=signed, strength=strength
        )
        column.image(overlay.encode(image), width="stretch", alt=caption, caption=caption)

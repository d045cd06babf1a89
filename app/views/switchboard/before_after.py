"""What the network says and where it looks, with all branches and without the muted ones."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import explanations
from app.session.scene import Scene
from app.widgets import answers, figure, picture
from app.widgets.waiting import result_of
from inception_viz.figures import short_number

_HOW = "Both maps are on one scale: yellow is the strongest evidence in either of them."


def show(scene: Scene, after: iv.Trace, target: iv.Target) -> None:
    """Draw answers and maps of the scene and of ``after``, where some of it is muted."""
    before = scene.trace
    cams = [result_of(explanations.cams(scene.model, trace, target)) for trace in (before, after)]
    module = list(cams[0])[-1]
    maps = [found[module] for found in cams]
    top = max(float(values.max()) for values in maps)
    with figure.frame("before_after", "Before and after", _HOW):
        columns = st.columns(4, gap="medium")
        named = zip(
            ("all branches", "with the muted ones"), (before, after), cams, maps, strict=True
        )
        for place, (name, trace, found, values) in enumerate(named):
            with columns[2 * place]:
                st.markdown(f"**{name.capitalize()}**")
                answers.show(scene, trace, target.head)
                st.caption(
                    f"{target.describe(trace.labels)}: {short_number(found.value)} {target.unit}"
                )
            with columns[2 * place + 1]:
                caption = f"Grad-CAM at {module}, 0 to {short_number(top)}"
                alt = f"Grad-CAM at {module}, {name}"
                picture.over_photo(trace, values, alt, caption, maximum=top)

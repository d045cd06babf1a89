"""The same photo and the same class in another model."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import inception_viz as iv
from app.session import traces
from app.session.scene import Scene
from app.widgets.markdown import plain
from app.widgets.waiting import result_of
from inception_viz.explain import same_class


def scene_in(scene: Scene, model: iv.Classifier) -> Scene:
    """``scene`` in ``model``; says so where that doesn't know the class, and takes its answer.

    Raises:
        WeightsError: if the model gives no finite answer.
    """
    trace = result_of(traces.trace(model, scene.trace.picture, scene.trace.fitting.fit))
    target = same_class(scene.model.labels, scene.target, model.labels)
    if target is None:
        target = trace.top_classes(1)[0][0]
        st.caption(
            f"{plain(model.title)} doesn't know {plain(scene.model.labels[scene.target])}; its "
            f"own first choice, {plain(model.labels[target])}, is explained instead."
        )
    return replace(scene, model=model, base=model, trace=trace, target=target)

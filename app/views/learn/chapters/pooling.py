"""Pooling on the way, and the global average at the end."""

from __future__ import annotations

import streamlit as st

from app.session import traces
from app.session.scene import Scene
from app.views.learn.chapters.question import ask, highest
from app.widgets import figure, messages, picture
from app.widgets.messages import plain
from inception_viz.explain import LastStep, last_step
from inception_viz.figures import BRANCH_COLOURS, BRANCH_NAMES, short_number, signed
from inception_viz.files import csv_text


def show(scene: Scene) -> None:
    """Draw the chapter."""
    trace = scene.trace
    label = plain(trace.labels[scene.target])
    sizes = list(dict.fromkeys(m.shape[-1] for m in trace.modules.values()))
    last = list(trace.modules)[-1]
    st.markdown(
        "A **max pool** keeps the strongest value of each 3×3 window and moves on by two places: "
        f"maps shrink from {' to '.join(f'{s}×{s}' for s in sizes)} between the modules. What is "
        "left says *what* was found, and only roughly *where*. At the very end a **global "
        "average** makes one number of each map, and the answer is a weighted sum of those numbers."
    )
    with messages.errors():
        step = last_step(scene.model, trace, scene.target)
        parts = ", ".join(f"{BRANCH_NAMES[b]} {signed(v)}" for b, v in step.branches.items())
        reason = f"Weight × average, added up over a branch's channels: {parts}."
        answered = ask(
            "guess_last",
            scene,
            f"Which branch of {last} speaks most for {label}?",
            {branch: BRANCH_NAMES[branch] for branch in step.branches},
            lambda: (highest(step.branches, signed), reason),
            counts_as="last",
            about=[last],
        )
        if answered:
            _sums(step, last, label)
        _averages(scene, last)


def _sums(step: LastStep, last: str, label: str) -> None:
    how = (
        f"Σ weight × average over the {step.channels:,} channels of {last}, branch by branch. "
        "After the last module come only the averages and this sum, so it is exact."
    )
    import pandas as pd

    parts = {**step.branches, "bias": step.bias, "logit": step.value}
    csv = csv_text(pd.DataFrame({"part": parts.keys(), "sum": parts.values()}))
    with figure.frame("last_step", f"From {last} to the logit of {label}", how, csv=csv):
        columns = st.columns(len(step.branches) + 2)
        for column, (branch, value) in zip(columns, step.branches.items(), strict=False):
            _number(column, BRANCH_NAMES[branch], signed(value), BRANCH_COLOURS[branch])
        _number(columns[-2], "bias", signed(step.bias), "#6B7280")
        _number(columns[-1], "= logit", short_number(step.value), "#6B7280")


def _number(column: st.delta_generator.DeltaGenerator, name: str, text: str, colour: str) -> None:
    column.html(
        f'<div style="border-top:5px solid {colour};padding-top:.3rem">{name}<br>'
        f'<b style="font-size:1.3rem;font-variant-numeric:tabular-nums">{text}</b></div>'
    )


def _averages(scene: Scene, module: str) -> None:
    st.markdown("**Do.** Move through the strongest maps of the last module, one number each.")
    layers = {b: traces.layer(scene.trace, f"{module}/{b}") for b in scene.trace.branches[module]}
    ranked = sorted(
        ((float(m), b, i) for b, layer in layers.items() for i, m in enumerate(layer.mean)),
        reverse=True,
    )[:24]
    rank = st.slider(
        "Map, strongest first", 1, len(ranked), 1, key="last_rank", bind="query-params"
    )
    mean, branch, index = ranked[rank - 1]
    maps = layers[branch].maps[index]
    photo, words = st.columns([1, 2], gap="medium")
    with photo:
        alt = f"Map {index} of {module} {BRANCH_NAMES[branch]} over the photo"
        picture.show(picture.over_photo(scene.trace, maps, side=360), alt)
    words.markdown(
        f"Channel {index} of the {BRANCH_NAMES[branch]} branch: {maps.shape[0]}×{maps.shape[1]} "
        f"values up to {short_number(float(maps.max()))}, **average {short_number(mean)}**. "
        "Only the average goes on: where the map was bright no longer matters."
    )

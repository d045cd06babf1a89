"""Follow the answer back: which branch hands it on, and where it comes from."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import address, flows
from app.session.scene import Scene
from app.views.learn.chapters import gap
from app.views.learn.chapters.question import ask, highest
from app.widgets import figure, flow_map, messages, page_link
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.figures import (
    BRANCH_NAMES,
    flow_diagram,
    flow_sentence,
    named,
    signed,
)
from inception_viz.files import csv_text

_HOW = (
    "A ribbon is as wide as what flows from one branch to the next, in logits. Full: for the "
    "answer. Pale and dashed: against it. Grey: biases, numbers that a layer adds by itself."
)


def show(scene: Scene) -> None:
    """Draw the chapter."""
    label = plain(scene.trace.labels[scene.target])
    st.markdown(
        f"The answer {label} is one number, a logit. It is a sum: every branch of the last "
        "module adds a part. Each of those parts is again a sum of what the branches in front hand "
        "on, and so on, back to the photo. With each ReLU and each max pool as this photo sets it, "
        "these sums are exact. So an answer can be followed back, branch by branch."
    )
    with messages.errors():
        found = result_of(flows.flow(scene.model, scene.trace, iv.Target(scene.target)))
        last, head = found.steps[-2:]
        into = {name: found.edge(name, head) for name in found.names[last]}
        if not _asked(scene, "flow_last", f"guess_last_{last}", into, f"the answer {label}"):
            return
        most = max(into, key=into.__getitem__)
        before = found.steps[-3]
        if before != "stem":
            front = {name: found.edge(name, most) for name in found.names[before]}
            sink = named(most).replace(",", "")
            if not _asked(scene, "flow_before", f"guess_before_{before}", front, sink):
                return
        _reveal(scene, found)
        gap.explain("flow", scene, f"The flow of {scene.trace.labels[scene.target]}")
        page_link.show("flow", "Follow it down to channels and weights", {address.FLOW: most})


def _asked(scene: Scene, counts_as: str, key: str, flows_: dict[str, float], sink: str) -> bool:
    """Ask from where most flows to ``sink``; whether there is a choice."""
    module = next(iter(flows_)).partition("/")[0]
    branches = {name: BRANCH_NAMES[name.partition("/")[2]] for name in flows_}
    parts = ", ".join(f"{branches[name]} {signed(value)}" for name, value in flows_.items())
    return ask(
        key,
        scene,
        f"From which branch of {module} does most flow to {sink}?",
        branches,
        lambda: (highest(flows_, signed), f"In logits: {parts}."),
        counts_as=counts_as,
        about=[module],
    )


def _reveal(scene: Scene, found: iv.Flow) -> None:
    label = scene.trace.labels[scene.target]
    ends = flow_map.ends(scene, found.target)
    drawings = [
        flow_diagram(found, ends, layout, large=address.large()) for layout in ("wide", "tall")
    ]
    st.html(f'<p class="iv-lead">{flow_sentence(found)}</p>')
    title = f"All of it: {plain(label)}"
    with figure.frame("lesson_flow", title, _HOW, csv=csv_text(found.to_frame())):
        clicked = flow_map.show("lesson_flow_map", drawings, "Point at a bar to follow it.")
    if clicked:
        page_link.go("flow", {address.FLOW: clicked})
    st.markdown(
        "Biases are part of an answer because a ReLU is open or closed: a layer adds its bias "
        "whatever it sees, but the photo decides which ReLUs let it pass."
    )

"""Flow: from the photo through all branches to the answer, in one drawing."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import address, flows
from app.session.flows import Opened
from app.session.scene import Scene, current
from app.views.flow import between, branch, channels
from app.widgets import choice, figure, flow_map, heading, messages, target_choice
from app.widgets.messages import plain
from app.widgets.waiting import wait_for
from inception_viz.figures import (
    flow_diagram,
    flow_sentence,
    named,
    percent,
)
from inception_viz.files import csv_text

_RIBBONS = {"strongest": "the strongest", "all": "all"}
_RIBBONS_HELP = (
    "**The strongest**: at most eight between two modules; below, what isn't drawn is added up."
)
_HOW = (
    "A column is a module, its bars are its branches: 1×1, 3×3, 5×5 and pool from first to last. A "
    "ribbon is as wide as what flows from one branch to the next, in logits. **Full**: for the "
    "answer; **pale, dashed**: against it; **grey**, joining from below: biases, numbers that a "
    "layer adds by itself. A bar is as tall as all that passes, for and against; the number is the "
    "balance. *Not drawn*: thinner ribbons, added up."
)
_INVITATION = "Point at a bar or a ribbon to follow it; click to open it."


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Flow", scene)
    with st.container(horizontal=True, gap="medium"):
        target = target_choice.output(scene, sums=True)
        ribbons = choice.show("ribbons", "Ribbons", _RIBBONS, help=_RIBBONS_HELP)
    with messages.errors():
        job = flows.flow(scene.model, scene.trace, target)
        found = wait_for("flow", job, "What flows through every branch …")
        if found is None:
            return
        st.html(f'<p class="iv-lead">{flow_sentence(found)}</p>')
        stem = len(scene.trace.stem[list(scene.trace.stem)[-1]])
        opened = flows.opened(found, stem)
        _drawing(scene, found, opened, everything=ribbons == "all")
        if opened is not None:
            with messages.errors():
                _detail(scene, found, opened)
        st.caption(
            "**For experts.** With every ReLU and max pool as this photo sets it, the network is "
            "linear, and all of this is exact: at every branch, what flows in (with biases), what "
            "flows on and gradient × activation agree within "
            f"{percent(found.relative_gap)} of the largest branch. Switching a branch off can "
            "change more than its flow shows, since ReLUs behind it open or close."
        )


def _drawing(scene: Scene, found: iv.Flow, opened: Opened | None, *, everything: bool) -> None:
    ends = flow_map.ends(scene, found.target, heads=True)
    large = address.large()
    drawings = [
        flow_diagram(found, ends, layout, everything=everything, large=large)
        for layout in ("wide", "tall")
    ]
    title = f"From the photo to the answer: {plain(found.label)}"
    with figure.frame("flow", title, _HOW, csv=csv_text(found.to_frame())):
        chosen = "" if opened is None else str(Opened(opened.source, opened.sink))
        clicked = flow_map.show("flow_map", drawings, _INVITATION, chosen)
    if clicked and clicked != st.query_params.get(address.FLOW):
        flows.open_(clicked)
        st.rerun()


def _detail(scene: Scene, found: iv.Flow, opened: Opened) -> None:
    with st.container(border=True, key="flow_detail"):
        _way_back(opened)
        if not opened.sink:
            branch.show(scene, found, opened.source)
        elif opened.channels is None:
            between.show(scene, found, opened)
        else:
            channels.show(scene, found, opened)


def _way_back(opened: Opened) -> None:
    """The steps from the whole to what is open; a click goes back to one."""
    steps: list[tuple[str, Opened | None]] = [("Whole flow", None)]
    if not opened.sink:
        steps.append((named(opened.source), opened))
    else:
        pair = Opened(opened.source, opened.sink)
        steps.append((f"{named(opened.source)} → {named(opened.sink)}", pair))
        if opened.channels is not None:
            both = Opened(opened.source, opened.sink, opened.channels)
            steps.append((f"channels {opened.channels[0]} → {opened.channels[1]}", both))
        if opened.kernel is not None:
            steps.append((f"kernel {opened.kernel}", opened))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for number, (title, what) in enumerate(steps):
            here = number == len(steps) - 1
            st.button(
                title if here else f"{title} ›",
                key=f"flow_step_{number}",
                type="tertiary",
                disabled=here,
                on_click=flows.open_,
                args=(what,),
            )


show()

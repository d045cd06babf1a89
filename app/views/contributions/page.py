"""Contributions: how much each branch matters to an answer."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import inception_viz as iv
from app.session import address, explanations
from app.session.scene import Scene, current
from app.views.contributions import channels, meaning
from app.widgets import branch_map, choice, figure, heading, messages, target_choice
from app.widgets.markdown import plain
from app.widgets.waiting import wait_for
from inception_viz.architecture import Place
from inception_viz.explain import METHODS, Baseline, Contributions
from inception_viz.figures import contribution_sentence, paint_contributions
from inception_viz.files import csv_text

_BASELINES: dict[Baseline, str] = {"zero": "zeros", "reference": "its usual level"}
_HOW = (
    "Red speaks for the output, blue against it, white is neither. The bar's length "
    "shows how many channels the branch has. **Click a branch** to open it into its channels."
)
_BASELINE_HELP = (
    "What stands in for a branch that is left out: **zeros**, or each channel's mean over the "
    "reference photos, **its usual level**."
)


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Contributions", scene)
    with st.container(horizontal=True, gap="medium"):
        names = {key: method.title for key, method in METHODS.items()}
        method = choice.show("method", "Method", names)
        baselines = dict(_BASELINES)
        if scene.model.weights.reference is None:
            del baselines["reference"]
        baseline = choice.show("left_out", "Left out means", baselines, help=_BASELINE_HELP)
        target = target_choice.output(scene)
    with messages.errors():
        job = explanations.job(
            iv.contributions, scene.model, scene.trace, target, method=method, baseline=baseline
        )
        found = wait_for("scores", job, f"{METHODS[method].title} of every branch …")
        if found is None:
            return
        st.html(f'<p class="iv-lead">{contribution_sentence(found)}</p>')
        opened = address.branch_in(scene.trace)
        _matrix(scene, found, opened)
        if opened is not None:  # right below what was clicked
            with messages.errors():
                channels.show(scene, target, found, opened)
        meaning.show(found)
    meaning.table(found)


def _matrix(scene: Scene, found: Contributions, opened: Place | None) -> None:
    method = METHODS[found.method]
    painting = replace(paint_contributions(found), widths=scene.trace.widths)
    title = f"{method.title} of every branch: {plain(found.label)}"
    with figure.frame("matrix", title, _HOW, csv=csv_text(found.to_frame())):
        clicked = branch_map.show("matrix", painting, {})
    if clicked is not None and clicked.branch and clicked != opened:
        address.write(address.OPEN, str(clicked))
        st.rerun()


show()

"""Which branches were fooled: what each says of the answer before and after the changes."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import inception_viz as iv
from app.session import address, explanations, flows
from app.session.breaking import Verdict
from app.session.scene import Scene
from app.widgets import branch_map, choice, figure, flow_map, messages
from app.widgets.messages import plain
from app.widgets.waiting import wait_for
from inception_viz.explain import METHODS, compare_contributions, flow_difference
from inception_viz.figures import (
    Ends,
    contribution_change_sentence,
    data_url,
    flow_change_sentence,
    flow_diagram,
    jpeg,
    paint_difference,
)
from inception_viz.files import csv_text

_WAYS = {
    "gradient_x_activation": METHODS["gradient_x_activation"].title,
    "shapley": METHODS["shapley"].title,
    "flow": "Flow",
}
_MAP_HOW = (
    "After minus before, in logits: red where a branch says more for it than before, blue where it "
    "says less, white where nothing changed."
)
_FLOW_HOW = (
    "After minus before, in logits. **Full**: more flows from branch to branch than before; "
    "**pale, dashed**: less. A bar is as tall as all that changed."
)
_INVITATION = "Point at a bar or a ribbon to follow it."


@st.fragment
def show(scene: Scene, found: Verdict) -> None:
    """Draw it."""
    st.subheader("Which branches were fooled?", anchor=False)
    way = choice.show("fooled_by", "By", _WAYS)
    if not found.changed.any():
        st.caption("Change the picture, and the branches are compared here.")
        return
    with messages.errors():
        (_flow if way == "flow" else _contributions)(scene, found, way)


def _contributions(scene: Scene, found: Verdict, method: str) -> None:
    results: list[iv.Contributions] = []
    for trace in (found.before, found.after):
        job = explanations.job(
            iv.contributions, scene.model, trace, found.target, method=method, baseline="zero"
        )
        scored = wait_for(f"fooled_{len(results)}", job, f"{_WAYS[method]} of every branch …")
        if scored is None:
            return
        results.append(scored)
    before, after = results
    compared = compare_contributions(before, after)
    st.html(f'<p class="iv-lead">{contribution_change_sentence(before, after)}</p>')
    painting = replace(paint_difference(compared), widths=found.before.widths)
    title = f"{_WAYS[method]}, after minus before: {plain(after.label)}"
    with figure.frame("fooled", title, _MAP_HOW, csv=csv_text(compared.to_frame())):
        branch_map.show("fooled_map", painting, {})


def _flow(scene: Scene, found: Verdict, _way: str) -> None:
    results: list[iv.Flow] = []
    for trace in (found.before, found.after):
        job = flows.flow(scene.model, trace, found.target)
        flow = wait_for(f"fooled_{len(results)}", job, "What flows through every branch …")
        if flow is None:
            return
        results.append(flow)
    changed = flow_difference(*results)
    st.html(f'<p class="iv-lead">{flow_change_sentence(changed)}</p>')
    photo = data_url(jpeg(found.after.picture.image, quality=85))
    ends = Ends(photo, scene.alt, changed.target.classes(found.before.labels), {})
    large = address.large()
    drawings = [flow_diagram(changed, ends, layout, large=large) for layout in ("wide", "tall")]
    title = f"Flow, after minus before: {plain(results[1].label)}"
    with figure.frame("fooled_flow", title, _FLOW_HOW, csv=csv_text(changed.to_frame())):
        flow_map.show("fooled_flow_map", drawings, _INVITATION)

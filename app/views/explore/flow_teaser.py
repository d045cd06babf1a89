"""A small flow from the photo to the answer; a click leads to the page that explains it."""

from __future__ import annotations

import inception_viz as iv
from app.session import address, flows
from app.session.scene import Scene
from app.widgets import figure, flow_map, messages, page_link
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.figures import flow_diagram
from inception_viz.files import csv_text

_HOW = (
    "A ribbon is as wide as what flows from one branch to the next: full speaks for the answer, "
    "pale and dashed against it. **Click** a bar or a ribbon to open it."
)
_INVITATION = "Point at a bar or a ribbon to follow it."


@messages.errors()
def show(scene: Scene) -> None:
    """Draw it."""
    found = result_of(flows.flow(scene.model, scene.trace, iv.Target(scene.target)))
    label = scene.trace.labels[scene.target]
    ends = flow_map.ends(scene, found.target)
    svg = flow_diagram(found, ends, "small", large=address.large())
    title = f"How the answer flows through the branches: {plain(label)}"
    with figure.frame("flow_small", title, _HOW, csv=csv_text(found.to_frame())):
        clicked = flow_map.show("flow_small_map", [svg], _INVITATION)
    page_link.show("flow", "Follow the flow through every branch, down to the weights")
    if clicked:
        page_link.go("flow", {address.FLOW: clicked})

"""A drawing of ribbons, to click."""

from __future__ import annotations

from collections.abc import Sequence

import inception_viz as iv
from app.frontend import component
from app.session import traces
from app.session.scene import Scene
from inception_viz.figures import Ends, data_url, head_answers

_map = component("flow_map")


def show(key: str, drawings: Sequence[str], invitation: str, chosen: str = "") -> str:
    """Draw them, of which the screen's width shows one; return what was just clicked, "" for none.

    ``invitation`` stands below until the mouse points at something; ``chosen`` is what stands out
    until then, by what a click on it returns. Foreign text in the drawings is
    escaped already.
    """
    result = _map(
        key=key,
        data={"drawings": list(drawings), "invitation": invitation, "chosen": chosen},
        on_clicked_change=lambda: None,
    )
    return result.clicked or ""


def ends(scene: Scene, target: iv.Target, *, heads: bool = False) -> Ends:
    """What stands at both ends of a flow to ``target``, and what the heads say, if asked for."""
    return Ends(
        data_url(traces.small_photo(scene.trace)),
        scene.alt,
        target.classes(scene.trace.labels),
        head_answers(scene.model, scene.trace) if heads else {},
    )

"""What is special about this photo, in sentences; each leads to the figure it comes from."""

from __future__ import annotations

import inception_viz as iv
from app.session import address, explanations, traces
from app.session.scene import Scene
from app.widgets import messages, page_link
from app.widgets.markdown import plain
from app.widgets.waiting import result_of
from inception_viz.report import Insight, Shown, insights_from, remarkable

_PAGES: dict[Shown, tuple[str, str]] = {
    "muting": ("switchboard", "Mute it and see"),
    "heads": ("heads", "See what the heads believe"),
    "cams": ("grad_cam", "See where it looks"),
}


def show(scene: Scene) -> None:
    """Draw the sentences."""
    with messages.errors():
        for insight in of(scene):
            page, invitation = _PAGES[insight.shown]
            terms = plain(f"{insight.terms} {invitation}.")
            page_link.show(page, plain(insight.text), _place(insight), help=terms)


def of(scene: Scene) -> tuple[Insight, ...]:
    """The sentences, from results that the other pages use, too.

    Raises:
        ExplainError: where something can't be explained.
    """
    model, trace = scene.model, scene.trace
    target = iv.Target(scene.target)
    fired = traces.firing(trace, model)
    branch = remarkable(fired)
    without = result_of(explanations.muted(model, trace, [f"{branch.module}/{branch.branch}"]))
    return insights_from(
        fired,
        trace,
        without,
        target,
        iv.beliefs(model, trace, target),
        result_of(explanations.cams(model, trace, target)),
    )


def _place(insight: Insight) -> dict[str, str]:
    if insight.shown == "muting":
        return {address.MUTED: f"{insight.module}/{insight.branch}"}
    return {address.CAM_MODULE: insight.module} if insight.shown == "cams" else {}

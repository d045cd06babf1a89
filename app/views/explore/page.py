"""Explore: the whole network at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

import inception_viz as iv
from app.session import address, explanations, photos, traces
from app.session.scene import Scene, current
from app.views.explore import all_photos, flow_teaser, network
from app.widgets import answers, messages, page_link, picture
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.explain import readings_if_any
from inception_viz.figures import answer_sentence
from inception_viz.report import Insight, Shown, insights_from, remarkable

_PAGES: dict[Shown, tuple[str, str]] = {
    "muting": ("switchboard", "Mute it and see"),
    "heads": ("heads", "See what the heads believe"),
    "lens": ("heads", "See the belief after every module"),
    "cams": ("grad_cam", "See where it looks"),
}
_FIRST = 2  # sentences above the map, so that it is seen on a small screen


def show() -> None:
    """Draw the page."""
    scene = current()
    st.title("See how GoogLeNet thinks")
    photo, words = st.columns([1, 3.6], gap="medium")
    with photo, st.container(key="photo"):
        picture.framed_photo(scene.trace, scene.alt)
    with words, st.container(gap="xsmall"):
        known = photos.shows_a_class_of(scene.trace.picture, scene.model)
        said = answer_sentence(scene.model, scene.trace, known)
        st.html(f'<p class="iv-lead">{said}</p>')
        page_link.show(
            "learn",
            "New to this? *Learn* explains modules, branches and the figures, step by step.",
            icon=":material/school:",
        )
        special: Sequence[Insight] = ()
        with messages.errors():
            special = _insights(scene)
        first = 0 if address.large() else _FIRST
        _draw(special[:first])
    with all_photos.around(scene):
        network.show(scene)
        with st.container(gap="xsmall"):
            _draw(special[first:])
            notes = " ".join(map(escape, scene.model.weights.notes))
            st.html(f'<p class="iv-note">{notes}</p>')
        flow_teaser.show(scene)
        answers.of_all_heads(scene, "answers", "What the heads answer")


def _insights(scene: Scene) -> tuple[Insight, ...]:
    """What is special about this photo, in sentences."""
    model, trace, target = scene.model, scene.trace, iv.Target(scene.target)
    fired = traces.firing(trace, model)
    branch = remarkable(fired)
    without = result_of(explanations.muted(model, trace, [f"{branch.module}/{branch.branch}"]))
    beliefs = iv.beliefs(model, trace, target)
    cams = result_of(explanations.cams(model, trace, target))
    readings = readings_if_any(model, trace, target)
    return tuple(insights_from(fired, trace, without, target, beliefs, cams, readings))


def _draw(special: Sequence[Insight]) -> None:
    """Each sentence leads to the figure it comes from."""
    for insight in special:
        page, invitation = _PAGES[insight.shown]
        terms = plain(f"{insight.terms} {invitation}.")
        page_link.show(page, plain(insight.text), _place(insight), help=terms)


def _place(insight: Insight) -> dict[str, str]:
    if insight.shown == "muting":
        return {address.MUTED: f"{insight.module}/{insight.branch}"}
    return {address.CAM_MODULE: insight.module} if insight.shown == "cams" else {}


show()

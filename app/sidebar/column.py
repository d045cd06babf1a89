"""What all pages share: photo, model and class at the side, the toolbar at the top."""

from __future__ import annotations

from functools import partial

import streamlit as st

import inception_viz as iv
from app.session import address, explanations, models, traces
from app.session.scene import Scene
from app.sidebar import fit_choice, model_picker, photo_picker
from app.widgets import copy_link, messages, target_choice
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.figures import percent
from inception_viz.report import report_name


def show() -> Scene | None:
    """Draw the sidebar and compute what it asks for; None if that isn't possible."""
    with st.sidebar, st.container(key="choices"):
        above = st.container()
        st.divider()
        model = model_picker.show()
        answer = st.empty()
        with above:  # which samples come first depends on the model
            picture, photo, alt = photo_picker.show(model)
            fit = fit_choice.show(picture, alt)
        if model is None:
            return None
        base = model
        with messages.errors():
            model = model_picker.rebuilt(base)
        with messages.errors():
            trace = result_of(traces.trace(model, picture, fit))
            if "preprocessing" in model.weights.assumed:  # the user may be choosing it
                label, probability = trace.predictions(1)[0]
                answer.caption(f"Prepared so, it says {plain(label)}, {percent(probability)}.")
            st.divider()
            return Scene(model, trace, _target(model, trace), photo, alt, base)
    return None


def _target(model: iv.Classifier, trace: iv.Trace) -> int:
    """The class in question: the network's first choice, or any other."""
    best = trace.top_classes(5)
    names = models.unique_names(model.labels)
    chosen = target_choice.one_class(
        address.TARGET,
        "Class in question",
        model.labels,
        "The network's first choice",
        help="Pages explain this class. Type to search all classes.",
    )
    st.pills(
        "Or one of the likeliest",
        [index for index, _ in best],
        format_func=lambda index: plain(f"{names[index]} {percent(dict(best)[index])}"),
        key="quick_target",
        on_change=_take_quick_target,
        label_visibility="collapsed",
    )
    return best[0][0] if chosen is None else chosen


def _take_quick_target() -> None:
    if st.session_state["quick_target"] is not None:
        st.session_state[address.TARGET] = st.session_state["quick_target"]


_REPORT_HELP = (
    "Everything about this photo in this model as one HTML file that opens without internet: "
    "answers, maps, contributions, Grad-CAM, every channel, versions. Takes a few seconds."
)


def toolbar(scene: Scene | None) -> None:
    """What every page has at its top: a link to this view, a report, large type."""
    with st.container(horizontal=True, key="toolbar", vertical_alignment="center", gap="small"):
        st.toggle(
            "Large type",
            key=address.LARGE,
            bind="query-params",
            help="For projectors: everything larger.",
        )
        if scene is not None:
            st.download_button(
                "Report",
                partial(explanations.report, scene),
                file_name=report_name(scene.photo, scene.model.title),
                mime="text/html",
                on_click="ignore",
                help=_REPORT_HELP,
                key="report",
            )
        copy_link.show("copy_link")

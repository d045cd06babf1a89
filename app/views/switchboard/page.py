"""Switchboard: mute branches or channels, and see what the network says without them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

import inception_viz as iv
from app.session import address, explanations, models
from app.session.scene import Scene, current
from app.views.switchboard import single_channels
from app.widgets import answers, figure, heading, messages, picture, place_choice, target_choice
from app.widgets.messages import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.architecture import BRANCHES, Place
from inception_viz.explain import Sweep
from inception_viz.figures import (
    BRANCH_NAMES,
    Painting,
    grid_csv,
    muting_sentence,
    network_map,
    paint_switches,
    short_number,
)
from inception_viz.files import csv_text

if TYPE_CHECKING:
    import pandas as pd

_HOW = (
    "**Click a branch** to mute it: it puts out zeros, and everything after it runs again. The "
    "figure is what the output changes if that branch alone is muted; red where the answer falls."
)
_MAPS_HOW = "Both maps are on one scale: yellow is the strongest evidence in either of them."


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Switchboard", scene)
    with st.container(horizontal=True, gap="medium"):
        target = target_choice.output(scene)
    before = after = scene.trace
    with messages.errors():
        after = result_of(explanations.muted(scene.model, before, address.muted(before)))
    muted = after.muted
    with messages.errors():
        job = explanations.job(iv.sweep, scene.model, before, target)
        swept = wait_for("sweep", job, "Muting each branch once …")
        if swept is None:
            return
        sentence = muting_sentence(before, after, target)
        st.html(f'<p class="iv-lead iv-changing">{sentence}</p>')
        frame = _frame(scene, swept)
        painting = paint_switches(swept, target.unit, tuple(before.modules), muted)
        painting = replace(painting, widths=before.widths)
        title = f"What muting each branch alone changes: {plain(target.describe(before.labels))}"
        with figure.frame("switches", title, _HOW, csv=csv_text(frame)):
            _switches(painting, muted)
        _buttons(scene, muted)
        _before_and_after(scene, after, target)
        single_channels.show(scene, target, muted)
        _table(scene, swept, frame, target)


def _buttons(scene: Scene, muted: frozenset[str]) -> None:
    with st.container(horizontal=True, gap="small"):
        for branch in BRANCHES:
            modules = [m for m, found in scene.trace.branches.items() if branch in found]
            places = {str(Place(module, branch)) for module in modules}
            if places:
                st.button(
                    f"Mute all {BRANCH_NAMES[branch]}",
                    key=f"mute_{branch}",
                    on_click=address.mute,
                    args=(muted | places,),
                    disabled=places <= muted,
                )
        st.button(
            "Let all speak",
            icon=":material/volume_up:",
            on_click=address.mute,
            args=((),),
            disabled=not muted,
        )


def _frame(scene: Scene, swept: Sweep) -> pd.DataFrame:
    frame = swept.to_frame()
    names = models.unique_names(scene.model.labels)
    frame["first choice"] = [names[i] for i in frame.pop("first_choice")]
    return frame.sort_values("change", key=abs, ascending=False)


def _before_and_after(scene: Scene, after: iv.Trace, target: iv.Target) -> None:
    """Answers and maps of the scene and of ``after``, where some of it is muted."""
    traces = {"all branches": scene.trace, "with the muted ones": after}
    cams = [result_of(explanations.cams(scene.model, t, target)) for t in traces.values()]
    module = list(cams[0])[-1]
    top = max(float(found[module].max()) for found in cams)
    grids = [
        replace(scene.cam_grid(found, module), model=f"{scene.model.title}, {name}")
        for name, found in zip(traces, cams, strict=True)
    ]
    with figure.frame("before_after", "Before and after", _MAPS_HOW, csv=grid_csv(grids)):
        columns = iter(st.columns(4, gap="medium"))
        for (name, trace), found in zip(traces.items(), cams, strict=True):
            with next(columns):
                st.markdown(f"**{name.capitalize()}**")
                answers.show(scene, trace, target.head)
                st.caption(
                    f"{target.describe(trace.labels)}: {short_number(found.value)} {target.unit}"
                )
            with next(columns):
                jpeg = picture.over_photo(trace, found[module], maximum=top)
                caption = f"Grad-CAM at {module}, 0 to {short_number(top)}"
                picture.show(jpeg, f"Grad-CAM at {module}, {name}", caption)


def _table(scene: Scene, swept: Sweep, frame: pd.DataFrame, target: iv.Target) -> None:
    first = models.unique_names(scene.model.labels)[swept.first_choice]
    flips = int((frame["first choice"] != first).sum())
    with st.expander(f"All {len(frame)} branches, each muted once", icon=":material/table:"):
        st.markdown(
            f"Muting any one of {flips} of the {len(frame)} branches changes the first choice."
            if flips
            else "No branch alone changes the first choice."
        )
        st.dataframe(frame, hide_index=True, width="stretch")
        st.caption(f"change, value: {target.unit} of the {target.describe(scene.trace.labels)}.")


def _switches(painting: Painting, muted: Collection[str]) -> None:
    """Draw the switches; flipping one changes what :func:`app.session.address.muted` says."""
    place_choice.show(
        "switches",
        "switch_map",
        muted,
        address.mute,
        wide=network_map(painting, {}, "wide", large=address.large()),
        tall=network_map(painting, {}, "tall", large=address.large()),
    )


show()

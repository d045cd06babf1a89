"""Switchboard: mute branches or channels, and see what the network says without them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

import inception_viz as iv
from app.session import address, explanations, models
from app.session.scene import Scene, current
from app.views.switchboard import switch_map
from app.widgets import (
    answers,
    choice,
    figure,
    heading,
    messages,
    output_choice,
)
from app.widgets.markdown import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.architecture.config import BRANCHES
from inception_viz.explain.muting import Sweep
from inception_viz.figures import overlay
from inception_viz.figures.colours import BRANCH_NAMES
from inception_viz.figures.paintings import paint_switches
from inception_viz.figures.words import figure as short
from inception_viz.figures.words import muting_sentence, signed
from inception_viz.files.spreadsheet import csv_text

if TYPE_CHECKING:
    import pandas as pd

_HOW = (
    "**Click a branch** to mute it: it puts out zeros, and everything after it runs again. The "
    "figure is what the output changes if that branch alone is muted; red where the answer falls."
)
_HOW_TWO = "Both maps are on one scale: yellow is the strongest evidence in either of them."


def show() -> None:
    """Draw the page."""
    scene = current()
    heading.show("Switchboard", scene)
    with st.container(horizontal=True, gap="medium"):
        target = output_choice.show(scene)
    before = after = scene.trace
    with messages.errors():
        after = result_of(explanations.muted(scene.model, before, address.muted(before)))
    muted = after.muted
    with messages.errors():
        job = explanations.sweep(scene.model, before, target)
        swept = wait_for("sweep", job, "Muting each branch once …")
        if swept is None:
            return
        sentence = muting_sentence(before, after, target)
        st.html(f'<p class="iv-lead iv-changing">{sentence}</p>')
        painting = paint_switches(swept, target.unit, tuple(before.modules), muted)
        painting = replace(painting, widths=before.widths)
        title = f"What muting each branch alone changes: {plain(target.describe(before.labels))}"
        with figure.frame("switches", title, _HOW, csv=csv_text(_frame(scene, swept))):
            switch_map.show("switches", painting, muted)
        _buttons(scene, muted)
        _before_and_after(scene, before, after, target)
        _single_channels(scene, target, muted)
        _table(scene, swept, target)


def _buttons(scene: Scene, muted: frozenset[str]) -> None:
    with st.container(horizontal=True, gap="small"):
        for branch in BRANCHES:
            places = [
                f"{m}/{branch}" for m, found in scene.trace.branches.items() if branch in found
            ]
            if places:
                st.button(
                    f"Mute all {BRANCH_NAMES[branch]}",
                    key=f"mute_{branch}",
                    on_click=address.mute,
                    args=(muted | set(places),),
                    disabled=set(places) <= muted,
                )
        st.button(
            "Let all speak",
            icon=":material/volume_up:",
            on_click=address.mute,
            args=((),),
            disabled=not muted,
        )


def _before_and_after(scene: Scene, before: iv.Trace, after: iv.Trace, target: iv.Target) -> None:
    cams = [result_of(explanations.cams(scene.model, trace, target)) for trace in (before, after)]
    module = list(cams[0])[-1]
    maps = [found[module] for found in cams]
    top = max(float(values.max()) for values in maps)
    with figure.frame("before_after", "Before and after", _HOW_TWO):
        columns = st.columns(4, gap="medium")
        named = zip(
            ("all branches", "with the muted ones"), (before, after), cams, maps, strict=True
        )
        for place, (name, trace, found, values) in enumerate(named):
            with columns[2 * place]:
                st.markdown(f"**{name.capitalize()}**")
                answers.show(scene, trace, target.head)
                st.caption(f"{target.describe(trace.labels)}: {short(found.value)} {target.unit}")
            with columns[2 * place + 1]:
                image = overlay.overlay(trace.picture, trace.fitting, values, maximum=top)
                st.image(
                    overlay.encode(image),
                    width="stretch",
                    alt=f"Grad-CAM at {module}, {name}",
                    caption=f"Grad-CAM at {module}, 0 to {short(top)}",
                )


def _single_channels(scene: Scene, target: iv.Target, muted: frozenset[str]) -> None:
    opened = address.branch_in(scene.trace)
    single = sorted(place for place in muted if ":" in place)
    with st.expander(
        "Single channels", icon=":material/tune:", expanded=bool(single) or opened is not None
    ):
        modules = list(scene.trace.branches)
        places = [f"{m}/{b}" for m in modules for b in scene.trace.branches[m]]
        names = {p: f"{p.split('/')[0]} {BRANCH_NAMES[p.split('/')[1]]}" for p in places}
        start = "/".join(opened) if opened else places[0]
        place = choice.select("channels_of", "Branch", names, default=start, width=220)
        module, _, branch = place.partition("/")
        options, scores = _channels(scene, target, module, branch)
        key = f"channels_{place}"
        others = {p for p in muted if not p.startswith(f"{place}:")}
        # The URL holds the truth: it may have changed elsewhere.
        st.session_state[key] = [int(p.partition(":")[2]) for p in single if p not in others]
        st.multiselect(
            "Muted channels, those that matter most first",
            options,
            format_func=lambda c: f"{c} ({signed(scores[c])})" if scores else str(c),
            key=key,
            on_change=lambda: address.mute(
                others | {f"{place}:{channel}" for channel in st.session_state[key]}
            ),
        )
        if scores:
            st.caption(f"In brackets: gradient × activation of the channel, in {target.unit}.")


def _channels(
    scene: Scene, target: iv.Target, module: str, branch: str
) -> tuple[list[int], dict[int, float]]:
    try:
        found = result_of(explanations.channel_scores(scene.model, scene.trace, target, module))
    except iv.ExplainError:  # the head doesn't see this module
        return list(range(len(scene.trace.branches[module][branch]))), {}  # type: ignore[index]
    order = [int(c) for c in found.order(branch)]
    return order, {c: float(found.branches[branch][c]) for c in order}


def _frame(scene: Scene, swept: Sweep) -> pd.DataFrame:
    frame = swept.to_frame()
    names = models.unique_names(scene.model.labels)
    frame["first choice"] = [names[i] for i in frame.pop("first_choice")]
    return frame.sort_values("change", key=abs, ascending=False)


def _table(scene: Scene, swept: Sweep, target: iv.Target) -> None:
    frame = _frame(scene, swept)
    names = models.unique_names(scene.model.labels)
    flips = frame[frame["first choice"] != names[swept.first_choice]]
    with st.expander(f"All {len(frame)} branches, each muted once", icon=":material/table:"):
        st.markdown(
            f"Muting any one of {len(flips)} of the {len(frame)} branches changes the first choice."
            if len(flips)
            else "No branch alone changes the first choice."
        )
        st.dataframe(frame, hide_index=True, width="stretch")
        st.caption(f"change, value: {target.unit} of the {target.describe(scene.trace.labels)}.")


show()

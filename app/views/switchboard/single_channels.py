"""Channels of one branch, to mute one by one."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import inception_viz as iv
from app.session import address, explanations
from app.session.scene import Scene
from app.widgets import choice
from app.widgets.waiting import result_of
from inception_viz.architecture import Place
from inception_viz.figures import BRANCH_NAMES, signed


def show(scene: Scene, target: iv.Target, muted: frozenset[str]) -> None:
    """Draw the choice of a branch and of its muted channels."""
    opened = address.branch_in(scene.trace)
    places = map(Place.parse, sorted(muted))
    single = [place for place in places if place is not None and place.channel is not None]
    folded = not single and opened is None
    with st.expander("Single channels", icon=":material/tune:", expanded=not folded):
        place = _branch(scene, opened)
        options, scores = _channels(scene, target, place)
        key = f"channels_{place}"
        here = [one for one in single if replace(one, channel=None) == place]
        others = muted - set(map(str, here))
        # The URL holds the truth: it may have changed elsewhere.
        st.session_state[key] = sorted(one.channel for one in here if one.channel is not None)

        def mute() -> None:
            chosen = (str(replace(place, channel=channel)) for channel in st.session_state[key])
            address.mute(others.union(chosen))

        st.multiselect(
            "Muted channels, those that matter most first",
            options,
            format_func=lambda c: f"{c} ({signed(scores[c])})" if scores else str(c),
            key=key,
            on_change=mute,
        )
        if scores:
            st.caption(f"In brackets: gradient × activation of the channel, in {target.unit}.")


def _branch(scene: Scene, opened: Place | None) -> Place:
    modules = scene.trace.branches.items()
    names = {Place(m, b): f"{m} {BRANCH_NAMES[b]}" for m, found in modules for b in found}
    return choice.select("channels_of", "Branch", names, default=opened, width=220)


def _channels(scene: Scene, target: iv.Target, place: Place) -> tuple[list[int], dict[int, float]]:
    """The branch's channels, those that matter most first, and how much; as numbered if unknown."""
    module, branch = place.module, place.branch
    assert branch is not None
    try:
        found = result_of(explanations.channel_scores(scene.model, scene.trace, target, module))
    except iv.ExplainError:  # the head doesn't see this module
        return list(range(len(scene.trace.branches[module][branch]))), {}
    order = [int(c) for c in found.order(branch)]
    return order, {c: float(found.branches[branch][c]) for c in order}

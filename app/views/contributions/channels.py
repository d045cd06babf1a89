"""An opened branch, channel by channel."""

from __future__ import annotations

import streamlit as st

from app.session import address, explanations
from app.session.scene import Scene
from app.widgets import figure, page_link
from app.widgets.waiting import result_of
from inception_viz import Target
from inception_viz.architecture import Place
from inception_viz.explain import METHODS, ChannelScores, Contributions
from inception_viz.figures import CHANNELS, channel_bars, signed


def show(scene: Scene, target: Target, found: Contributions, place: Place) -> None:
    """Draw the channels of the branch at ``place``, and where to go from there."""
    module, branch = place.module, str(place.branch)
    scores = result_of(explanations.channel_scores(scene.model, scene.trace, target, module))
    total = scores.total(branch)
    figure.chart(
        "channels",
        channel_bars(scores, branch, target.unit),
        "Gradient × activation of each channel; above zero it speaks for the output.",
    )
    last = module == found.modules[-1] and target.head == "main" and target.kind == "logit"
    st.markdown(
        f"Gradient × activation of each channel. {_shares(scores, branch)} All together: "
        f"**{signed(total)} {target.unit}**"
        + (
            ", which is exact here: after the last module the network is a straight line."
            if last
            else f"; {METHODS[found.method].title} gives the branch "
            f"{signed(found.get(module, branch))} {found.unit}. Channel by channel only this "
            "first-order estimate is quick."
        )
    )
    maps, mute, close, _ = st.columns([1.4, 1.4, 1, 4])
    if maps.button("See its maps", icon=":material/grid_view:", width="stretch"):
        page_link.go("branches", page_link.maps_of(place))
    if mute.button("Mute it", icon=":material/volume_off:", width="stretch"):
        page_link.go("switchboard", {address.MUTED: str(place)})
    close.button("Close", on_click=address.write, args=(address.OPEN,), width="stretch")


def _shares(scores: ChannelScores, branch: str) -> str:
    order, values = scores.order(branch), scores.branches[branch]
    shown, rest = order[:CHANNELS], order[CHANNELS:]
    if not len(rest):
        return ""
    return (
        f"The {len(shown)} shown add up to {signed(float(values[shown].sum()))}, the other "
        f"{len(rest)} to {signed(float(values[rest].sum()))}."
    )

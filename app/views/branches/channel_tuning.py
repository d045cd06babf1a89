"""Which patterns made by rule a channel answers."""

from __future__ import annotations

import streamlit as st

from app.session import channels
from app.views.branches.channel import Channel
from app.widgets import figure, messages
from app.widgets.waiting import wait_for
from inception_viz.figures import tuning_chart

_HOW = (
    "Mean activation on pictures made by rule: gratings of 12 directions and of 8 periods, arcs "
    "from straight to a ring, and gratings in light or in colour alone. Shown are this channel's "
    "answers; whether the branches of a module differ is another page: *Specialisation*."
)


@messages.errors()
def show(channel: Channel) -> None:
    """Draw the channel's mean answers, level by level."""
    job = channels.tuned(channel.scene.model)
    tuned = wait_for("tuning", job, "Showing patterns to the network …")
    place = channel.place
    if tuned is None or place is None:
        return
    number = place.channels(tuned.widths[place.module]).start
    responses = {family: of[place.module][number] for family, of in tuned.responses.items()}
    if not any(values.any() for values in responses.values()):
        st.info("It answers none of these patterns.")
        return
    figure.chart("tuning", tuning_chart(responses, channel.colour), _HOW)

"""The photos that make a channel fire: the strongest, some of every level, and how many of each."""

from __future__ import annotations

import streamlit as st

from app.session import channel_photos
from app.session.channel_photos import Seen
from app.views.branches.channel import Channel, leading_away
from app.widgets import choice, figure, messages, picture
from app.widgets.picture import Small
from app.widgets.waiting import wait_for
from inception_viz.features import PhotoUnit
from inception_viz.figures import data_url, photo_histogram, short_number, signed

_FIRST = "Strongest first; the ring is its strongest unit"
_LOOKS = {"activation": "activation", "relevance": "what the answer uses"}
_HELP = (
    "**Activation**: the photos on which its strongest unit is highest. **What the answer uses**: "
    "those whose first choice the channel supports most (gradient × activation)."
)
_LEVELS = ("Strongest quarter of its range", "Third quarter", "Second quarter", "Weakest quarter")


@messages.errors()
def show(channel: Channel) -> None:
    """Draw the photos of one source."""
    model = channel.scene.model
    with st.container(horizontal=True, gap="medium"):
        source = choice.show("photos_of", "Photos", channel_photos.sources(model))
        by = choice.show("ranked_by", "Ranked by", _LOOKS, help=_HELP)
    seen = wait_for(
        "photos_seen",
        channel_photos.seen(model, source),
        "Looking for photos that make channels fire …",
    )
    if seen is None:
        return
    top = seen.index.top(channel.name, by="relevance" if by == "relevance" else "activation")
    if not any(row.value > 0 for row in top):
        st.info("It fires on none of these photos.")
        return
    _strip(
        channel,
        seen,
        "top",
        "Strongest first; the ring is its strongest unit",
        top,
        signs=by == "relevance",
    )
    levels, histogram = st.columns([1.2, 1], gap="medium")
    with levels:
        for number, column in enumerate([*st.columns(2), *st.columns(2)]):
            rows = seen.index.band(channel.name, len(_LEVELS) - 1 - number)
            with column:
                _strip(channel, seen, f"level_{number}", _LEVELS[number], rows[:3])
    with histogram:
        here = float(channel.measured.maximum[channel.number])
        figure.chart(
            "photos",
            photo_histogram(*seen.index.histogram(channel.name), here, channel.colour),
            "How strongly the channel's strongest unit fires on each photo; the line is this one. "
            + ("" if source != channel_photos.SAMPLES else _MORE),
        )


_MORE = (
    "The samples are few: bring photos of your own, or run `inception-viz index FOLDER` and look "
    "at a whole folder here."
)


def _strip(
    channel: Channel,
    seen: Seen,
    key: str,
    title: str,
    rows: list[PhotoUnit],
    *,
    signs: bool = False,
) -> None:
    """What each unit sees of its photo; a click makes that photo the page's."""
    if not rows:
        st.caption(f"{title}: none of these photos")
        return
    small = [
        Small(
            row.picture,
            data_url(channel_photos.crop_of(seen, channel.name, row)),
            f"Part of {seen.title(row)}",
            tip=f"{seen.title(row)}: open this photo" if seen.open else seen.title(row),
            note=signed(row.value) if signs else short_number(row.value),
        )
        for row in rows
    ]
    st.caption(title)
    choose = leading_away(seen.open) if seen.open else None
    picture.strip(f"strip_{key}", f"{title}: photos", small, "", choose, layout="gallery")

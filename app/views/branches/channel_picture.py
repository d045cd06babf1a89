"""What a channel looks for: its painted picture, and others of the same."""

from __future__ import annotations

import streamlit as st

from app.session import channels
from app.views.branches.channel import Channel
from app.widgets import choice, figure, messages, picture
from app.widgets.waiting import wait_for
from inception_viz.figures import jpeg

_HOW = (
    "Gradients painted it from noise, so that the channel fires as much as possible. People guess "
    "better from photos than from such pictures what a channel fires on: 92 against 82 % right "
    "([Borowski et al., ICLR 2021](https://arxiv.org/abs/2010.12606))."
)
_KINDS = {
    "usual": "usual",
    "other": "another try",
    "opposite": "opposite",
    "photo": "from this photo",
}
_ALT = {
    "usual": "The picture that the channel fires on most",
    "other": "Another picture that the channel fires on",
    "opposite": "The picture that the channel fires on least",
    "photo": "The photo, changed so that the channel fires more",
}


@messages.errors()
def show(channel: Channel) -> None:
    """Draw the picture; one that nobody painted yet is painted now."""
    with figure.frame("painted", "What it looks for", _HOW):
        kind = choice.show("painted_kind", "Picture", _KINDS)
        encoded = _usual(channel) if kind == "usual" else _other(channel, kind)
        if encoded is not None:
            picture.show(encoded, _ALT[kind])


def _usual(channel: Channel) -> bytes | None:
    if channel.place is None or channel.place.branch is None:
        return _other(channel, "usual")
    job = channels.tiles(channel.scene.model, [channel.place])
    tiles = wait_for("painting", job, "Painting what it looks for …")
    if tiles is None:
        return None
    tile = tiles[channel.place]
    if not tile.shows_something:
        st.caption("Painting found nothing that makes this channel fire.")
    return tile.webp


def _other(channel: Channel, kind: str) -> bytes | None:
    job = channels.painting(
        channel.scene.model,
        channel.name,
        opposite=kind == "opposite",
        seed=int(kind == "other"),
        start=channel.scene.trace if kind == "photo" else None,
    )
    painted = wait_for("painting", job, "Painting …")
    return None if painted is None else jpeg(painted.image, quality=90)

"""The network map as a switchboard: a click mutes a branch, another lets it speak again."""

from __future__ import annotations

from collections.abc import Collection
from uuid import uuid4

import streamlit as st

from app.frontend import component
from app.session import address
from app.session.held import Held
from inception_viz.figures import Painting, network_map

_map = component("switch_map")
_number = Held("switch_number", int)
_session = Held("switch_session", lambda: uuid4().hex)  # in another, numbers start anew


def show(key: str, painting: Painting, muted: Collection[str]) -> None:
    """Draw the switches; flipping one changes what :func:`app.session.address.muted` says."""

    def flipped() -> None:
        change = st.session_state[key].flipped
        _number.set(int(change["number"]))
        address.mute([str(place) for place in change["muted"]])

    _map(
        key=key,
        data={
            "wide": network_map(painting, {}, "wide", large=address.large()),
            "tall": network_map(painting, {}, "tall", large=address.large()),
            "muted": sorted(muted),
            "number": _number(),
            "session": _session(),
        },
        on_flipped_change=flipped,
    )

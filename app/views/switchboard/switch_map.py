"""The network map as a switchboard: a click mutes a branch, another lets it speak again."""

from __future__ import annotations

from collections.abc import Collection
from uuid import uuid4

import streamlit as st

from app.frontend import component
from app.session import address
from inception_viz.figures import Painting, network_map

_map = component("switch_map")
_NUMBER = "switch_number"
_SESSION = "switch_session"  # numbers start anew in another session


def show(key: str, painting: Painting, muted: Collection[str]) -> None:
    """Draw the switches; flipping one changes what :func:`app.session.address.muted` says."""

    def flipped() -> None:
        change = st.session_state[key].flipped
        st.session_state[_NUMBER] = int(change["number"])
        address.mute([str(place) for place in change["muted"]])

    _map(
        key=key,
        data={
            "wide": network_map(painting, {}, "wide", large=address.large()),
            "tall": network_map(painting, {}, "tall", large=address.large()),
            "muted": sorted(muted),
            "number": st.session_state.get(_NUMBER, 0),
            "session": st.session_state.setdefault(_SESSION, uuid4().hex),
        },
        on_flipped_change=flipped,
    )

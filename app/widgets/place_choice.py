"""Places of the network chosen one by one on a map, by clicks that don't wait for one another."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal
from uuid import uuid4

import streamlit as st

from app.frontend import component
from app.session.held import Held

_MAPS = {"switch_map": component("switch_map"), "exchange_map": component("exchange_map")}
_session = Held("clicks_session", lambda: uuid4().hex)  # in another, numbers start anew


def show(
    key: str,
    kind: Literal["switch_map", "exchange_map"],
    chosen: Collection[str],
    choose: Callable[[Collection[str]], None],
    **drawn: Any,
) -> None:
    """Draw the map; a click calls ``choose`` with all places that are chosen then.

    ``drawn``: what that map's script asks for.
    """
    number = Held(f"{key}_number", int)

    def flipped() -> None:
        change = st.session_state[key].flipped
        number.set(int(change["number"]))
        choose([str(place) for place in change["chosen"]])

    clicks = {"key": key, "session": _session(), "number": number(), "chosen": sorted(chosen)}
    _MAPS[kind](key=key, data=clicks | drawn, on_flipped_change=flipped)

"""Where the photo comes from, samples or the user, and what to say where the user's is missing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app.session import address, links
from app.session.held import Held

SAMPLES = "Samples"
UPLOAD = "Upload"
WIDGET = "photo_origin"  # the key of the choice
OWN = "own"  # in the address, where a sample's name would stand


@dataclass
class _State:
    origin: str = ""  # chosen last; "" before the session's first run
    begins: bool = True
    lost: bool = False  # the browser remembers a choice that the server has forgotten
    foreign: bool = False  # the link shows the photo of somebody else
    shows_own: bool = False


_state = Held("photo_state", _State)


def prepare(samples: Collection[str]) -> str | None:
    """Set the choice before it is drawn; its default, None where it has a value already."""
    state = _state()
    if state.shows_own and st.query_params.get(address.SAMPLE) in samples:
        st.session_state[WIDGET] = SAMPLES  # a link that was followed shows what it promises
    elif state.origin:
        # A click on a map leads to another page, and Streamlit forgets this choice on the way.
        st.session_state.setdefault(WIDGET, state.origin)
    return None if WIDGET in st.session_state else SAMPLES


def choose(origin: str) -> None:
    """Remember what is chosen."""
    state = _state()
    state.begins = not state.origin
    if state.begins:
        state.lost = origin != SAMPLES
    state.origin = origin


def lost() -> bool:
    """Whether the user's photo went with the server's memory."""
    return _state().lost


def uploads() -> bool:
    """Whether the user's uploads are what to choose from."""
    return _state().origin == UPLOAD


def show_own() -> None:
    """The user's photo is what the pages show."""
    st.query_params[address.SAMPLE] = OWN
    _state().shows_own = True


def show_sample() -> None:
    """A sample is what the pages show."""
    state = _state()
    state.shows_own = False
    if st.query_params.get(address.SAMPLE) == OWN:
        del st.query_params[address.SAMPLE]
        links.answer(address.SAMPLE)
        state.foreign = state.begins and state.origin == SAMPLES


def choose_sample(name: str) -> None:
    """A sample was clicked."""
    _state().foreign = False
    address.choose_sample(name)


def missing() -> Literal["", "lost", "foreign"]:
    """Whether the page shows another photo than it was made with, and why."""
    state = _state()
    if state.shows_own:
        return ""
    if state.origin != SAMPLES:
        return "lost" if state.lost else ""
    return "foreign" if state.foreign else ""

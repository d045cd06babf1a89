"""What the address says, typed.

What is chosen by name is kept by :mod:`app.session.choices`; numbers, switches and classes keep
themselves, by Streamlit's ``bind="query-params"``. What no widget holds (the chosen sample, the
open channel) is kept here: the address wins on arrival, the session across pages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import streamlit as st

from app.session import links
from inception_viz import Trace
from inception_viz.architecture import Place

SAMPLE: Final = "image"
CHANNEL: Final = "channel"
MODULE: Final = "module"
BRANCH: Final = "branch"
MODEL: Final = "model"
TARGET: Final = "target"
FIT: Final = "fit"
OPEN: Final = "open"
CAM_MODULE: Final = "cam"
MUTED: Final = "muted"
ARCHITECTURE: Final = "arch"
ORIGINS: Final = "from"
REBUILT: Final = "network"
LARGE: Final = "large"
FLOW: Final = "flow"
EXCHANGED: Final = "exchanged"
CONCEPT_AT: Final = "concept_at"
CLASS: Final = "class"

ALL_BRANCHES: Final = "all"
STEM: Final = "stem"


@dataclass(frozen=True)
class ChannelChoice:
    """The channel whose detail is open: its layer ("4c/5x5", "conv1") and its index."""

    layer: str
    index: int


def write(key: str, text: str = "") -> None:
    """Make the address say ``text`` under ``key``; nothing takes the key away."""
    if not text:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != text:
        st.query_params[key] = text


def _known(key: str, known: bool) -> bool:
    """Whether the URL's ``key`` means something here; what doesn't is removed from it, and said."""
    if not known and key in st.query_params:
        links.leave_out(key, st.query_params.pop(key))
    return known


def sample(known: Collection[str], default: str) -> str:
    """The chosen sample photo; an unknown one in the URL falls back to ``default``."""
    wanted = st.query_params.get(SAMPLE) or st.session_state.get(SAMPLE) or default
    chosen = wanted if _known(SAMPLE, wanted in known) else default
    choose_sample(chosen)
    return chosen


def choose_sample(name: str) -> None:
    """Make ``name`` the sample photo, in the session and in the URL."""
    st.session_state[SAMPLE] = name
    write(SAMPLE, name)


def link() -> dict[str, str]:
    """Query parameters to take along to another page. What a widget of the sidebar holds stays."""
    kept = (SAMPLE, ARCHITECTURE, ORIGINS, CLASS)
    return {key: st.query_params[key] for key in kept if key in st.query_params}


def channel(channels: Mapping[str, int]) -> ChannelChoice | None:
    """The channel whose detail is open, if any, of layers with so many ``channels``."""
    layer, _, text = st.query_params.get(CHANNEL, "").rpartition(":")
    index = int(text) if text.isdecimal() and len(text) <= 6 else -1
    known = _known(CHANNEL, 0 <= index < channels.get(layer, 0))
    return ChannelChoice(layer, index) if known else None


def open_channel(layer: str, index: int) -> None:
    """Open the detail of a channel at the next run."""
    write(CHANNEL, f"{layer}:{index}")


def branch_in(trace: Trace) -> Place | None:
    """The branch that is open, if any."""
    text = st.query_params.get(OPEN, "")
    place = _places([text], trace)[text]
    known = _known(OPEN, place is not None and place.kind == "branch")
    return place if known else None


def module_in(modules: Collection[str]) -> str:
    """The chosen one of ``modules``; the last unless the URL names another."""
    wanted = st.query_params.get(CAM_MODULE, "")
    return wanted if _known(CAM_MODULE, wanted in modules) else list(modules)[-1]


def muted(trace: Trace) -> frozenset[str]:
    """What is muted ("4c", "4c/5x5", "4c/5x5:7"), less what ``trace`` doesn't have."""
    return _chosen_in(trace, MUTED)


def exchanged(trace: Trace) -> frozenset[str]:
    """What is exchanged with another photo's, in the same way."""
    return _chosen_in(trace, EXCHANGED)


def _chosen_in(trace: Trace, key: str) -> frozenset[str]:
    places = _places(filter(None, st.query_params.get(key, "").split(",")), trace)
    unknown = [text for text, place in places.items() if place is None]
    found = frozenset(str(place) for place in places.values() if place is not None)
    if unknown:
        links.leave_out(key, ",".join(unknown))
        write(key, ",".join(sorted(found)))
    return found


def _places(texts: Iterable[str], trace: Trace) -> dict[str, Place | None]:
    """The place that each text names; None where ``trace`` doesn't have it."""
    widths = {m: {b: len(maps) for b, maps in found.items()} for m, found in trace.branches.items()}
    places = {text: Place.parse(text) for text in texts}
    return {
        text: place if place and place.within(widths) else None for text, place in places.items()
    }


def mute(places: Collection[str]) -> None:
    """Mute exactly ``places`` at the next run."""
    write(MUTED, ",".join(sorted(places)))


def exchange(places: Collection[str]) -> None:
    """Exchange exactly ``places`` at the next run."""
    write(EXCHANGED, ",".join(sorted(places)))


def large() -> bool:
    """Whether everything is to be larger, for a projector."""
    return bool(st.session_state.get(LARGE, st.query_params.get(LARGE) == "true"))


def keep(*keys: str) -> None:
    """Keep the values of widgets that this run doesn't draw; Streamlit would forget them."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]

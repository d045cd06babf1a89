"""What the address says, typed.

What is chosen by name is kept by :mod:`app.session.choices`; numbers, switches and classes keep
themselves, by Streamlit's ``bind="query-params"``. What no widget holds (the chosen sample, the
open channel) is kept here: the address wins on arrival, the session across pages.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import streamlit as st

from app.session import links
from inception_viz import Trace

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

ALL_BRANCHES: Final = "all"
STEM: Final = "stem"


@dataclass(frozen=True)
class ChannelChoice:
    """The channel whose detail is open: its layer ("4c/5x5", "conv1") and its index."""

    layer: str
    index: int


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
    if st.query_params.get(SAMPLE) != name:
        st.query_params[SAMPLE] = name


def choose_model(name: str) -> None:
    """Make a source or a training the model, from a button's callback."""
    st.session_state[MODEL] = name


def names(key: str) -> bool:
    """Whether the address says anything under ``key``."""
    return key in st.query_params


def model() -> str | None:
    """The source or the training that is the model."""
    found: str | None = st.session_state.get(MODEL)
    return found


def link() -> dict[str, str]:
    """Query parameters to take along to another page. What a widget of the sidebar holds stays."""
    kept = (SAMPLE, ARCHITECTURE, ORIGINS)
    return {key: st.query_params[key] for key in kept if key in st.query_params}


def channel(channels: Mapping[str, int]) -> ChannelChoice | None:
    """The channel whose detail is open, if any, of layers with so many ``channels``."""
    layer, _, text = st.query_params.get(CHANNEL, "").rpartition(":")
    index = int(text) if text.isdecimal() and len(text) <= 6 else -1
    if not _known(CHANNEL, 0 <= index < channels.get(layer, 0)):
        return None
    return ChannelChoice(layer, index)


def open_channel(layer: str, index: int) -> None:
    """Open the detail of a channel at the next run."""
    st.query_params[CHANNEL] = f"{layer}:{index}"


def close_channel() -> None:
    """Close the detail."""
    st.query_params.pop(CHANNEL, None)


def branch_in(trace: Trace) -> tuple[str, str] | None:
    """The (module, branch) that is open, if any."""
    module, _, branch = st.query_params.get(OPEN, "").partition("/")
    known = _known(OPEN, branch in trace.branches.get(module, {}))
    return (module, branch) if known else None


def open_branch(place: str) -> None:
    """Open a branch ("4c/5x5") at the next run."""
    st.query_params[OPEN] = place


def close_branch() -> None:
    """Close it."""
    st.query_params.pop(OPEN, None)


def module_in(modules: Collection[str]) -> str:
    """The chosen one of ``modules``; the last unless the URL names another."""
    wanted = st.query_params.get(CAM_MODULE, "")
    return wanted if _known(CAM_MODULE, wanted in modules) else list(modules)[-1]


def choose_module(name: str) -> None:
    """Choose a module at the next run."""
    st.query_params[CAM_MODULE] = name


def muted(trace: Trace) -> frozenset[str]:
    """What is muted ("4c", "4c/5x5", "4c/5x5:7"), less what ``trace`` doesn't have."""
    asked = [place for place in st.query_params.get(MUTED, "").split(",") if place]
    found = [place for place in asked if _exists(place, trace)]
    if len(found) < len(asked):
        links.leave_out(MUTED, ",".join(place for place in asked if place not in found))
        mute(found)
    return frozenset(found)


def _exists(place: str, trace: Trace) -> bool:
    where, colon, channel = place.partition(":")
    module, slash, branch = where.partition("/")
    if not slash:
        return module in trace.branches and not colon
    width = trace.widths.get((module, branch), 0)
    return width > 0 and (
        not colon or (channel.isdecimal() and len(channel) <= 6 and int(channel) < width)
    )


def mute(places: Collection[str]) -> None:
    """Mute exactly ``places`` at the next run."""
    if places:
        st.query_params[MUTED] = ",".join(sorted(places))
    else:
        st.query_params.pop(MUTED, None)


def large() -> bool:
    """Whether everything is to be larger, for a projector."""
    return bool(st.session_state.get(LARGE, st.query_params.get(LARGE) == "true"))


def keep(*keys: str) -> None:
    """Keep the values of widgets that this run doesn't draw; Streamlit would forget them."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]

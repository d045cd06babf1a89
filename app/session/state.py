"""Session and URL state, typed, in one place.

Widgets marked ``bind="query-params"`` keep themselves in the URL. What no widget holds (the chosen
sample, the open channel) is kept here: the URL wins on arrival, the session across pages.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.session import links
from inception_viz import GoogLeNetConfig, Picture, Trace
from inception_viz.surgery import Operation

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
RUN: Final = "run"  # the training that was started in this session
LAB_CONFIG: Final = "lab_config"
ARCHITECTURE: Final = "arch"
ORIGINS: Final = "from"
REBUILT: Final = "network"
LARGE: Final = "large"
_BUILT: Final = "lab_built"
_IN_USE: Final = "rebuilt_in_use"

ALL_BRANCHES: Final = "all"
STEM: Final = "stem"


@dataclass(frozen=True)
class ChannelChoice:
    """The channel whose detail is open: its layer ("4c/5x5", "conv1") and its index."""

    layer: str
    index: int


@dataclass(frozen=True)
class Brought:
    """What came of a file that the user brought: its picture, or a sentence why there is none."""

    file_id: str
    found: Picture | str


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


def architecture() -> str:
    """The network of the lab, as short text; "" for none."""
    text: str = st.query_params.get(ARCHITECTURE) or st.session_state.get(ARCHITECTURE) or ""
    return text


def linked_architecture() -> str:
    """The network of the lab in the address itself; "" for none."""
    text: str = st.query_params.get(ARCHITECTURE, "")
    return text


def went_back() -> bool:
    """Whether this run follows the browser's back or forward button."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def origins(config: GoogLeNetConfig) -> dict[str, str | None] | None:
    """Module of the lab's network → the model's module that it comes from, where the link says."""
    beside = ARCHITECTURE in st.query_params  # then the address says it all
    text = st.query_params.get(ORIGINS) or ("" if beside else st.session_state.get(ORIGINS)) or ""
    names = text.split("-") if text else []
    if len(names) != len(config.modules):
        return None
    return {
        new: old if old != "x" else None for new, old in zip(config.modules, names, strict=True)
    }


def set_architecture(text: str, places: Mapping[str, str | None]) -> None:
    """Keep the lab's network, in the session and in the URL; "" forgets it."""
    moved = any(old != new for new, old in places.items())
    names = "-".join(old or "x" for old in places.values()) if text and moved else ""
    for key, value in ((ARCHITECTURE, text), (ORIGINS, names)):
        st.session_state[key] = value
        if value:
            st.query_params[key] = value
        else:
            st.query_params.pop(key, None)


def built() -> bool:
    """Whether the lab's network was rebuilt in this session, or is in use."""
    return bool(st.session_state.get(_BUILT)) or st.session_state.get(REBUILT) == "rebuilt"


def set_built(value: bool) -> None:
    """Remember that it was rebuilt."""
    st.session_state[_BUILT] = value


def use_rebuilt(done: Operation | None) -> None:
    """Keep the rebuilt network that this session uses on every page from being forgotten."""
    st.session_state[_IN_USE] = done


def keep(*keys: str) -> None:
    """Keep the values of widgets that this run doesn't draw; Streamlit would forget them."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def large() -> bool:
    """Whether everything is to be larger, for a projector."""
    return bool(st.session_state.get(LARGE, st.query_params.get(LARGE) == "true"))


def uploaded() -> Picture | None:
    """The last good picture that the user brought in this session."""
    picture: Picture | None = st.session_state.get("uploaded")
    return picture


def keep_upload(picture: Picture | None) -> None:
    """Remember the user's picture, or forget it."""
    st.session_state["uploaded"] = picture


def brought(place: str) -> Brought | None:
    """What the user brought last to ``place``, an uploader's key."""
    found: Brought | None = st.session_state.get(f"{place}_brought")
    return found


def keep_brought(place: str, value: Brought) -> None:
    """Remember it instead of what was there."""
    st.session_state[f"{place}_brought"] = value

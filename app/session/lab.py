"""The lab's network: what the address says of it, and what this session has done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from app.session import choices
from app.session.address import ARCHITECTURE, ORIGINS, REBUILT
from inception_viz import GoogLeNetConfig
from inception_viz.surgery import Keep, Operation

KEEP: Final = "keep"
FILTERS: Mapping[Keep, str] = {"norm": "longest weights", "activation": "most active"}
_CONFIG: Final = "lab_config"
_BUILT: Final = "lab_built"
_IN_USE: Final = "rebuilt_in_use"


def architecture() -> str:
    """The network of the lab, as short text; "" for none."""
    text: str = st.query_params.get(ARCHITECTURE) or st.session_state.get(ARCHITECTURE) or ""
    return text


def linked_architecture() -> str:
    """The network of the lab in the address itself; "" for none."""
    text: str = st.query_params.get(ARCHITECTURE, "")
    return text


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


def config() -> GoogLeNetConfig | None:
    """The network of the lab's table, if one was made there."""
    found: GoogLeNetConfig | None = st.session_state.get(_CONFIG)
    return found


def set_config(value: GoogLeNetConfig) -> None:
    """Remember what the table says, for the page that trains it."""
    st.session_state[_CONFIG] = value


def built() -> bool:
    """Whether the lab's network was rebuilt in this session, or is in use."""
    return bool(st.session_state.get(_BUILT)) or in_use()


def set_built(value: bool) -> None:
    """Remember that it was rebuilt."""
    st.session_state[_BUILT] = value


def in_use() -> bool:
    """Whether every page shows the rebuilt network."""
    return bool(st.session_state.get(REBUILT) == "rebuilt")


def use_everywhere() -> None:
    """Show the rebuilt network on every page; from a button's callback."""
    st.session_state[REBUILT] = "rebuilt"


def use_rebuilt(done: Operation | None) -> None:
    """Keep the rebuilt network that this session uses on every page from being forgotten."""
    st.session_state[_IN_USE] = done


def kept_filters() -> Keep:
    """Which filters stay where there are fewer than before: chosen in the lab, for every page."""
    default: Keep = "norm"
    kept = choices.take(KEEP, FILTERS, default)
    st.session_state[KEEP] = kept  # or Streamlit would forget what no widget of a page shows
    choices.keep(KEEP, kept, default)
    return kept

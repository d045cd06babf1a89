"""The lab's network: what the address says of it, and what this session has done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

import inception_viz as iv
from app.server.jobs import Job
from app.session import address, choices, models
from app.session.address import ARCHITECTURE, ORIGINS, REBUILT
from app.session.held import Held
from inception_viz import GoogLeNetConfig
from inception_viz.architecture import decode
from inception_viz.surgery import Keep, Operation

KEEP: Final = "keep"
FILTERS: Mapping[Keep, str] = {"norm": "longest weights", "activation": "most active"}
config = Held[GoogLeNetConfig | None]("lab_config", lambda: None)  # of the table, if it was opened
rebuilt = Held("lab_built", bool)  # in this session
rebuilt_network = Held[Operation | None]("rebuilt_in_use", lambda: None)  # on every page; not lost


def architecture() -> str:
    """The network of the lab, as short text; "" for none."""
    text: str = st.query_params.get(ARCHITECTURE) or st.session_state.get(ARCHITECTURE) or ""
    return text


def origins(network: GoogLeNetConfig) -> dict[str, str | None] | None:
    """Module of the lab's network → the model's module that it comes from, where the link says."""
    beside = ARCHITECTURE in st.query_params  # then the address says it all
    text = st.query_params.get(ORIGINS) or ("" if beside else st.session_state.get(ORIGINS)) or ""
    names = text.split("-") if text else []
    if len(names) != len(network.modules):
        return None
    return {
        new: old if old != "x" else None for new, old in zip(network.modules, names, strict=True)
    }


def set_architecture(text: str, places: Mapping[str, str | None]) -> None:
    """Keep the lab's network, in the session and in the URL; "" forgets it."""
    moved = any(old != new for new, old in places.items())
    names = "-".join(old or "x" for old in places.values()) if text and moved else ""
    for key, value in ((ARCHITECTURE, text), (ORIGINS, names)):
        st.session_state[key] = value
        address.write(key, value)


def built() -> bool:
    """Whether the lab's network was rebuilt in this session, or is in use."""
    return rebuilt() or in_use()


def in_use() -> bool:
    """Whether every page shows the rebuilt network."""
    return bool(st.session_state.get(REBUILT) == "rebuilt")


def kept_filters() -> Keep:
    """Which filters stay where there are fewer than before: chosen in the lab, for every page."""
    default: Keep = "norm"
    kept = choices.take(KEEP, FILTERS, default)
    st.session_state[KEEP] = kept  # or Streamlit would forget what no widget of a page shows
    choices.keep(KEEP, kept, default)
    return kept


def rebuilding(base: iv.Classifier) -> Job[Operation]:
    """``base`` rebuilt as the lab's network. Its error, or one raised here, is a ConfigError."""
    text = architecture()
    return models.rebuilt(base, text, origins(decode(text)), kept_filters())

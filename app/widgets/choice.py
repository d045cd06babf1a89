"""One of a few, kept in the address by its id: see :mod:`app.session.choices`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from app.session import choices

T = TypeVar("T")


def show(key: str, label: str, names: Mapping[T, str], *, help: str | None = None) -> T:  # noqa: A002
    """Draw the options side by side, by their names; the first is the default."""
    default = next(iter(names))
    choices.take(key, names, default)
    chosen: T = st.segmented_control(  # type: ignore[assignment]  # required, so never None
        label, list(names), required=True, format_func=names.__getitem__, key=key, help=help
    )
    choices.keep(key, chosen, default)
    return chosen


def select(
    key: str,
    label: str,
    names: Mapping[T, str],
    *,
    default: T | None = None,
    width: int | Literal["stretch"] = "stretch",
) -> T:
    """Draw the options as a list that opens; the first is the default unless another is named."""
    default = next(iter(names)) if default is None else default
    choices.take(key, names, default)
    chosen: T = st.selectbox(
        label, list(names), format_func=names.__getitem__, key=key, width=width
    )
    choices.keep(key, chosen, default)
    return chosen


def guess(key: str, label: str, names: Mapping[T, str]) -> T | None:
    """Draw the options side by side without the label; nothing is chosen at first."""
    choices.take(key, names, None)
    chosen = st.pills(
        label, list(names), format_func=names.__getitem__, key=key, label_visibility="collapsed"
    )
    choices.keep(key, chosen, None)
    return chosen


def tabs(key: str, titles: Mapping[str, str]) -> Sequence[TabContainer]:
    """Draw tabs; the first is the default. Streamlit knows them by ``titles``, we by their ids."""
    default = next(iter(titles))
    opened = choices.take(key, titles, default)
    widget = f"{key}_tabs"
    if st.session_state.get(widget) != titles[opened]:
        st.session_state[widget] = titles[opened]

    def follow() -> None:
        title = st.session_state[widget]
        st.session_state[key] = next(tab for tab in titles if titles[tab] == title)

    drawn = st.tabs(list(titles.values()), key=widget, on_change=follow)
    choices.keep(key, opened, default)
    return drawn

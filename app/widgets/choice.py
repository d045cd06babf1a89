"""One of a few, kept in the address by its id: see :mod:`app.session.choices`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from app.session import choices

T = TypeVar("T")


def _kept(
    draw: Callable[..., Any], key: str, label: str, names: Mapping[T, str], default: Any, **how: Any
) -> Any:
    choices.take(key, names, default)
    chosen = draw(label, list(names), format_func=names.__getitem__, key=key, **how)
    choices.keep(key, chosen, default)
    return chosen


def show(key: str, label: str, names: Mapping[T, str], *, help: str | None = None) -> T:  # noqa: A002
    """Draw the options side by side, by their names; the first is the default."""
    first, draw = next(iter(names)), st.segmented_control
    chosen: T = _kept(draw, key, label, names, first, required=True, help=help)
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
    chosen: T = _kept(st.selectbox, key, label, names, default, width=width)
    return chosen


def guess(key: str, label: str, names: Mapping[T, str], **how: Any) -> T | None:
    """Draw the options side by side without the label; nothing is chosen at first."""
    how = {"label_visibility": "collapsed"} | how
    chosen: T | None = _kept(st.pills, key, label, names, None, **how)
    return chosen


def module(key: str, names: Sequence[str], default: str, **how: Any) -> str:
    """Draw the choice of a module, whose name is what the address holds."""
    return (
        st.pills(
            "Module", names, default=default, required=True, key=key, bind="query-params", **how
        )
        or default
    )


def tabs(key: str, titles: Mapping[str, str], default: str = "") -> Sequence[TabContainer]:
    """Draw tabs; the first is the default unless another is named.

    Streamlit knows them by ``titles``, we by their ids.
    """
    default = default or next(iter(titles))
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

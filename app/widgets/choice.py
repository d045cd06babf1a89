"""One of a few, side by side, kept in the URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

from app.session import links

T = TypeVar("T")


def show(key: str, label: str, names: Mapping[T, str], *, help: str | None = None) -> T:  # noqa: A002
    """Draw the options by their names; the first is the default. The URL holds the name."""
    options = list(names)
    chosen = st.segmented_control(
        label,
        options,
        default=options[0],
        required=True,
        format_func=names.__getitem__,
        key=key,
        bind="query-params",
        help=help,
    )
    chosen = options[0] if chosen is None else chosen
    links.name_choice(key, names[chosen])
    return chosen

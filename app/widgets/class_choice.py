"""One of a network's classes, by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from app.session import models

_FIRST = -1  # not None: Back would leave the box empty


def show(
    key: str,
    label: str,
    labels: tuple[str, ...],
    first: str,
    *,
    without: Sequence[int] = (),
    help: str | None = None,  # noqa: A002
    width: int | Literal["stretch"] = "stretch",
) -> int | None:
    """Draw the box; the index of the chosen class, None for what stands first.

    Args:
        key: of the widget, in the address as well.
        label: of the box.
        labels: the network's.
        first: how the first option reads, which is no class.
        without: classes that can't be chosen.
        help: what a mouse over the label's mark says, Markdown.
        width: of the box, in pixels.
    """
    names = models.unique_names(labels)
    indices = sorted(range(len(names)), key=lambda index: names[index].casefold())
    options = [_FIRST, *(index for index in indices if index not in without)]
    if st.session_state.get(key, _FIRST) not in options:
        del st.session_state[key]  # it can't be chosen any more, or the model before had it
    chosen: int = st.selectbox(
        label,
        options,
        format_func=lambda index: first if index == _FIRST else names[index],
        key=key,
        bind="query-params",
        help=help,
        width=width,
    )
    return None if chosen == _FIRST else chosen

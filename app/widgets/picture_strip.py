"""Small pictures side by side, to click: sample photos, a map of each module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app.frontend import component

_strip = component("picture_strip")


@dataclass(frozen=True)
class Small:
    """One picture: its id, a data URL, what it shows; what a mouse, or a line below, says."""

    id: str
    src: str
    alt: str
    tip: str = ""
    title: str = ""
    note: str = ""


def show(
    key: str,
    label: str,
    pictures: Sequence[Small],
    selected: str,
    on_choose: Callable[[str], None],
    *,
    layout: Literal["strip", "film"] = "strip",
) -> None:
    """Draw them; ``on_choose`` gets the id of one that was clicked, before the rerun.

    ``label`` is for who can't see them. "strip": many small squares in rows; "film": one row, with
    words below.
    """
    _strip(
        key=key,
        data={
            "layout": layout,
            "label": label,
            "pictures": [vars(picture) for picture in pictures],
            "selected": selected,
        },
        on_clicked_change=lambda: on_choose(str(st.session_state[key].clicked)),
    )

"""Small pictures side by side, to click: sample photos, a map of each module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app.frontend import component
from inception_viz.figures import data_url

_strip = component("picture_strip")


@dataclass(frozen=True)
class Small:
    """One picture: its id, a JPEG, what it shows; what a mouse over it, or a line below, says."""

    id: str
    jpeg: bytes
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
    """Draw them.

    Args:
        key: of the widget.
        label: what they are together, for who can't see them.
        pictures: in their order.
        selected: id of the chosen one.
        on_choose: gets the id of one that was clicked, before the rerun.
        layout: "strip": many small squares in rows; "film": one row, with words below.
    """
    drawn = [
        {"id": p.id, "src": data_url(p.jpeg), "alt": p.alt, "tip": p.tip}
        | {"title": p.title, "note": p.note}
        for p in pictures
    ]
    _strip(
        key=key,
        data={"layout": layout, "label": label, "pictures": drawn, "selected": selected},
        on_clicked_change=lambda: on_choose(str(st.session_state[key].clicked)),
    )

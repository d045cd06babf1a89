"""The channel that a dashboard is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app.session import traces
from app.session.scene import Scene
from inception_viz.architecture import Place
from inception_viz.explain import Layer


@dataclass(frozen=True)
class Channel:
    """A channel of a layer ("4c/5x5", "4c/5x5/reduce", "conv1"), as the dashboard's parts see it.

    Attributes:
        scene: the photo and the network.
        layer: the layer's name.
        number: the channel's.
        colour: of its branch.
    """

    scene: Scene
    layer: str
    number: int
    colour: str

    @property
    def name(self) -> str:
        """ "4c/5x5:7", as the library writes it."""
        return f"{self.layer}:{self.number}"

    @property
    def place(self) -> Place | None:
        """The same for a channel of a branch; None elsewhere."""
        return Place.parse(self.name)

    @property
    def measured(self) -> Layer:
        """Its layer on this photo."""
        return traces.layer(self.scene.trace, self.layer)


_LEAVING = "leaving_channel"


def leading_away(act: Callable[[str], None]) -> Callable[[str], None]:
    """``act`` as a click's callback, after which the whole page is drawn anew, not the dialog."""

    def leave(chosen: str) -> None:
        act(chosen)
        st.session_state[_LEAVING] = True

    return leave


def follow_away() -> None:
    """Draw the whole page anew if a click asked for that."""
    if st.session_state.pop(_LEAVING, False):
        st.rerun()

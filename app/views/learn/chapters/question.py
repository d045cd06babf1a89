"""Predict, then reveal: a question whose answer appears only after a choice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import streamlit as st

from app.session.scene import Scene
from app.widgets import choice

T = TypeVar("T")


def ask(
    key: str,
    scene: Scene,
    text: str,
    options: Mapping[T, str],
    answer: Callable[[], tuple[Collection[T], str]],
) -> bool:
    """Ask; once there is a choice, say whether it was right and why. Whether there is one.

    Another question, photo or model under the same key begins without a choice. ``answer``, called
    after a choice alone, gives what is right, as a rule one option, and the reason; Markdown.
    """
    about = (text, scene.trace.picture.sha256, scene.model.key)
    if st.session_state.setdefault(f"{key}_about", about) != about:
        st.session_state[f"{key}_about"] = about
        st.session_state[key] = None
    with st.container(border=True, key=f"question_{key}"):
        st.markdown(f"**Predict.** {text}")
        chosen = choice.guess(key, text, options)
        if chosen is None:
            st.caption("Choose first; the answer appears then.")
            return False
        right, reason = answer()
        if chosen in right:
            st.success(f"Right. {reason}", icon=":material/check_circle:")
        else:
            best = " or ".join(options[option] for option in options if option in right)
            st.warning(f"The answer: **{best}**. {reason}", icon=":material/lightbulb:")
    return True


def highest(values: Mapping[T, float], shown: Callable[[float], str]) -> list[T]:
    """The option with the highest value, with all that look as high in print."""
    top = shown(max(values.values()))
    return [option for option, value in values.items() if shown(value) == top]

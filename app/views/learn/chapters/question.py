"""Predict, then reveal: a question whose answer appears only after a choice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

import streamlit as st

from app.session import classroom, questions
from app.session.scene import Scene
from app.widgets import choice

T = TypeVar("T")


def ask(
    key: str,
    scene: Scene,
    text: str,
    options: Mapping[T, str],
    answer: Callable[[], tuple[Collection[T], str]],
    *,
    counts_as: str,
    about: Sequence[str] = (),
) -> bool:
    """Ask; once there is a choice, say whether it was right and why. Whether there is one.

    Another question, photo or model under the same key begins without a choice. ``answer``, called
    after a choice alone, gives what is right, as a rule one option, and the reason; Markdown.
    ``counts_as``: its id in :data:`app.session.questions.QUESTIONS`, asked ``about`` these places;
    what a pupil clicks is counted in the class, what a link has chosen isn't.
    """
    clicked = f"{key}_clicked"
    asked = (text, scene.trace.picture.sha256, scene.model.key)
    if st.session_state.setdefault(f"{key}_about", asked) != asked:
        st.session_state[f"{key}_about"] = asked
        st.session_state[key] = None
        st.session_state.pop(clicked, None)
    with st.container(border=True, key=f"question_{key}"):
        st.markdown(f"**Predict.** {text}")
        chosen = choice.guess(key, text, options, on_change=_note, args=(clicked,))
        if chosen is None:
            st.caption("Choose first; the answer appears then.")
            return False
        right, reason = answer()
        name = questions.name_of(counts_as, scene, about)
        if st.session_state.pop(clicked, False):
            ids = [questions.option_id(option) for option in options]
            good = [questions.option_id(option) for option in right]
            classroom.answer(name, questions.option_id(chosen), ids, good)
        if chosen in right:
            st.success(f"Right. {reason}", icon=":material/check_circle:")
        else:
            best = " or ".join(options[option] for option in options if option in right)
            st.warning(f"The answer: **{best}**. {reason}", icon=":material/lightbulb:")
        if counted := classroom.counted(name):
            first = next(o for o in options if questions.option_id(o) == counted)
            st.caption(f"In your class your first answer counts: {options[first]}.")
    return True


def _note(clicked: str) -> None:
    st.session_state[clicked] = True


def highest(values: Mapping[T, float], shown: Callable[[float], str]) -> list[T]:
    """The option with the highest value, with all that look as high in print."""
    top = shown(max(values.values()))
    return [option for option, value in values.items() if shown(value) == top]

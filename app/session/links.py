"""Links that were followed: what they ask for, and what of it doesn't exist here."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from inception_viz.files.wording import shown

_ASKED = "asked_by_link"
_NAMES = "names_in_links"
_LEFT_OUT = "left_out_of_link"
_KEPT = ("model", "train_")  # a lesson follows the model, and touches nobody's training
_UNNAMED = ("target", "quick_target", "module", "against")  # choices that links hold by their value
_FRESH = "fresh"  # in the address: nothing of an earlier view stays


def fresh(query: Mapping[str, str]) -> dict[str, str]:
    """Parameters of a link that shows exactly this, whatever was chosen on the pages before."""
    return {_FRESH: "1", **query}


def follow() -> None:
    """Remember what the link asks for; call before anything reads it."""
    if st.query_params.pop(_FRESH, ""):
        for key in {*st.session_state.get(_NAMES, {}), *_UNNAMED}:
            if not key.startswith(_KEPT) and key not in st.query_params:
                st.session_state.pop(key, None)
    if _ASKED not in st.session_state:
        st.session_state[_ASKED] = st.query_params.to_dict()


def name_choice(key: str, name: str) -> None:
    """Tell by which ``name`` a link holds what the widget ``key`` shows."""
    st.session_state.setdefault(_NAMES, {})[key] = name


def answer(key: str) -> None:
    """What the link asks for under ``key`` is answered where it belongs; say no more of it."""
    st.session_state[_ASKED].pop(key, None)


def leave_out(key: str, value: str) -> None:
    """Note that what the address holds under ``key`` means nothing here."""
    st.session_state.setdefault(_LEFT_OUT, {})[key] = value


def unmet() -> list[str]:
    """Which of the link's wishes couldn't be met, in words, once; ask when the page is drawn.

    A widget takes out of the address what it doesn't know, without a word: that is found here.
    """
    asked: dict[str, str] = st.session_state[_ASKED]
    st.session_state[_ASKED] = {}
    missing = {key: value for key, value in asked.items() if not _met(key, value)}
    missing |= st.session_state.pop(_LEFT_OUT, {})
    return [f"{shown(key, 20)} = {shown(value, 40)}" for key, value in missing.items()]


def _met(key: str, value: str) -> bool:
    # Streamlit takes a choice that is its default out of the address: it's met all the same.
    names: dict[str, str] = st.session_state.get(_NAMES, {})
    held = (st.query_params.get(key), names.get(key), st.session_state.get(key))
    return any(_same(one, value) for one in held)


def _same(chosen: object, value: str) -> bool:
    if isinstance(chosen, (int, float)) and not isinstance(chosen, bool):
        try:
            return float(value) == chosen
        except ValueError:
            return False
    return str(chosen).casefold() == value.casefold()

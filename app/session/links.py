"""Links that were followed: what they ask for, and what of it doesn't exist here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.session.held import Held
from inception_viz.files import shown

_ASKED = "asked_by_link"
_LEFT_OUT = "left_out_of_link"
_STAYS = ("model", "train_")  # a lesson follows the model, and touches nobody's training
_BY_VALUE = ("target", "quick_target", "module", "against")  # Streamlit keeps them in the address
_FRESH = "fresh"  # in the address: nothing of an earlier view stays


@dataclass(frozen=True)
class Visit:
    """A stay on a page; it begins with a link, with another page, or with the browser's Back.

    Attributes:
        number: tells it from others.
        page: Streamlit's name of the page.
        back: whether Back or Forward led here: the address says it all.
        fresh: whether the link asks for exactly this, whatever was chosen before.
    """

    number: int
    page: str
    back: bool
    fresh: bool


visit = Held("visit", lambda: Visit(-1, "none", False, False))  # that this run belongs to


def fresh(query: Mapping[str, str]) -> dict[str, str]:
    """Parameters of a link that shows exactly this, whatever was chosen on the pages before."""
    return {_FRESH: "1", **query}


def follow() -> None:
    """Notice that a visit begins, and what its link asks for; call before anything reads it."""
    before = visit()
    page, back = _page(), went_back()
    starts_anew = bool(st.query_params.pop(_FRESH, ""))
    if back or starts_anew or page != before.page:
        visit.set(Visit(before.number + 1, page, back, starts_anew))
    if starts_anew:
        for key in _BY_VALUE:
            if key not in st.query_params:
                st.session_state.pop(key, None)
    if _ASKED not in st.session_state:
        st.session_state[_ASKED] = st.query_params.to_dict()


def arrive() -> None:
    """Note which page the visit is on; call when the navigation knows.

    In a session's first run :func:`follow` doesn't, and would take the second for another visit:
    the address, late as it is, would undo the first click.
    """
    visit.set(replace(visit(), page=_page()))


def goes_with_a_fresh_link(key: str) -> bool:
    """Whether what was chosen under ``key`` is forgotten where a fresh link doesn't name it."""
    return not key.startswith(_STAYS) and key not in st.query_params


def went_back() -> bool:
    """Whether this run follows the browser's back or forward button."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def _page() -> str:
    context = get_script_run_ctx()
    return context.page_script_hash if context is not None else ""


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
    held = (st.query_params.get(key), st.session_state.get(key))
    return any(_same(one, value) for one in held)


def _same(chosen: object, value: str) -> bool:
    if isinstance(chosen, (int, float)) and not isinstance(chosen, bool):
        try:
            return float(value) == chosen
        except ValueError:
            return False
    return str(chosen).casefold() == value.casefold()
